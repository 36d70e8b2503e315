//! Buckets that logs are written to.

use serde_json::{Value, json};

use crate::plan::change::{Draft, Refusal};
use crate::plan::document;
use crate::plan::setting::{
    Params, Setting, exists, named, nothing, only, policy, policy_start, put_back, same,
    same_policy, same_set, stays, undo,
};

/// The header that says from which size on files are moved to other storage classes.
const SMALL_FILES: &str = "TransitionDefaultMinimumObjectSize";

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "s3:CreateBucket",
        read: "s3:GetBucketLocation",
        by: &[("Bucket", "Bucket")],
        find: |answer, _| json!({"LocationConstraint": answer["LocationConstraint"]}),
        start: nothing,
        settled: exists,
        undo: stays,
        leaves: "the bucket, for it may hold logs",
        contents: "",
    },
    Setting {
        call: "s3:PutBucketPolicy",
        read: "s3:GetBucketPolicy",
        by: &[("Bucket", "Bucket")],
        find: |answer, _| policy(answer, "Policy"),
        start: |state, params| policy_start("Policy", state, params),
        settled: |state, params| same_policy("Policy", state, params),
        undo: |before, params| {
            put_back(before, params, &["Bucket"], "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "s3:PutPublicAccessBlock",
        read: "s3:GetPublicAccessBlock",
        by: &[("Bucket", "Bucket")],
        find: |answer, _| match &answer["PublicAccessBlockConfiguration"] {
            Value::Object(block) => json!({"PublicAccessBlockConfiguration": block}),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| {
            same(
                &state["PublicAccessBlockConfiguration"],
                &params["PublicAccessBlockConfiguration"],
            )
        },
        undo: |before, params| {
            put_back(
                before,
                params,
                &["Bucket"],
                "s3:PutPublicAccessBlock",
                "s3:DeletePublicAccessBlock",
            )
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "s3:PutBucketVersioning",
        read: "s3:GetBucketVersioning",
        by: &[("Bucket", "Bucket")],
        find: |answer, _| match &answer["Status"] {
            Value::String(status) if !status.is_empty() => only(answer, &["Status", "MfaDelete"]),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| {
            same(&state["Status"], &params["VersioningConfiguration"]["Status"])
        },
        undo: |_, params| {
            let off = json!({"VersioningConfiguration": {"Status": "Suspended"}});
            undo("s3:PutBucketVersioning", named(params, &["Bucket"], off))
        },
        leaves: "versioning Suspended, and the versions that were made",
        contents: "",
    },
    Setting {
        call: "s3:PutBucketLogging",
        read: "s3:GetBucketLogging",
        by: &[("Bucket", "Bucket")],
        find: |answer, _| match &answer["LoggingEnabled"] {
            Value::Object(log) => json!({"LoggingEnabled": log}),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| {
            let wanted = &params["BucketLoggingStatus"]["LoggingEnabled"];
            ["TargetBucket", "TargetPrefix"]
                .iter()
                .all(|name| same(&state["LoggingEnabled"][name], &wanted[name]))
        },
        undo: |before, params| {
            let back = if before.is_null() { json!({}) } else { before.clone() };
            let back = json!({"BucketLoggingStatus": back});
            undo("s3:PutBucketLogging", named(params, &["Bucket"], back))
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "s3:PutBucketLifecycleConfiguration",
        read: "s3:GetBucketLifecycleConfiguration",
        by: &[("Bucket", "Bucket")],
        // Rules go back as they came, and with them how small files are moved, which would fall
        // back to the default otherwise.
        find: |answer, _| match &answer["Rule"] {
            Value::Array(rules) if !rules.is_empty() => only(answer, &["Rule", SMALL_FILES]),
            _ => Value::Null,
        },
        start: |state, params| params.extend(lifecycle(state)),
        settled: |state, params| {
            same_set(&state["Rule"], &params["LifecycleConfiguration"]["Rule"])
        },
        undo: |before, params| {
            let back =
                if before.is_null() { Value::Null } else { Value::Object(lifecycle(before)) };
            let (put, delete) = ("s3:PutBucketLifecycleConfiguration", "s3:DeleteBucketLifecycle");
            put_back(&back, params, &["Bucket"], put, delete)
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "s3:PutObjectLockConfiguration",
        read: "s3:GetObjectLockConfiguration",
        by: &[("Bucket", "Bucket")],
        find: |answer, _| only(&answer["ObjectLockConfiguration"], &["ObjectLockEnabled", "Rule"]),
        start: nothing,
        settled: |state, params| same(state, &params["ObjectLockConfiguration"]),
        undo: stays,
        leaves: "Object Lock, which nobody can take away",
        contents: "",
    },
];

/// The parameters of a lifecycle as it is.
fn lifecycle(state: &Value) -> Params {
    let rules = state["Rule"].as_array().cloned().unwrap_or_default();
    let mut params = Params::new();
    params.insert("LifecycleConfiguration".to_owned(), json!({"Rule": rules}));
    if let Some(size) = state.get(SMALL_FILES) {
        params.insert(SMALL_FILES.to_owned(), size.clone());
    }
    params
}

/// Adds a rule to the lifecycle in a draft, or puts it in the place of the one with its name.
pub(crate) fn with_rule(params: &mut Params, rule: &Value) {
    let lifecycle = params.entry("LifecycleConfiguration").or_insert_with(|| json!({"Rule": []}));
    let Value::Array(rules) = &mut lifecycle["Rule"] else { return };
    match rules.iter_mut().find(|other| other["ID"] == rule["ID"]) {
        Some(own) => *own = rule.clone(),
        None => rules.push(rule.clone()),
    }
}

/// Turns versions on in a draft.
///
/// # Errors
/// Somebody's second factor is needed for it.
pub(crate) fn keep_versions(draft: &mut Draft) -> Result<(), Refusal> {
    let guarded = draft.state["MfaDelete"] == "Enabled";
    let is_on = draft.state["Status"] == "Enabled";
    if guarded && !is_on {
        return Err(Refusal {
            code: "mfa-delete",
            reason: "versions can only be turned on with the second factor of the root user: \
                     MFA Delete is on"
                .to_owned(),
            choices: vec!["turn versions on as the root user, with the second factor".to_owned()],
        });
    }
    let on = json!({"Status": "Enabled"});
    draft.params.insert("VersioningConfiguration".to_owned(), on);
    Ok(())
}

/// Adds statements to the policy of a bucket in a draft.
///
/// # Errors
/// It would be too long.
pub(crate) fn allow(params: &mut Params, statements: &[Value]) -> Result<(), Refusal> {
    let text = params.get("Policy").and_then(Value::as_str).unwrap_or_default();
    let text = document::with_statements(text, statements, document::BUCKET_POLICY_BYTES_MAX)?;
    params.insert("Policy".to_owned(), json!(text));
    Ok(())
}
