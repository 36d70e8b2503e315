//! Log groups: that they are there, how long they keep, who may write, and where they go.

use serde_json::{Value, json};

use crate::plan::document::{self, LOG_POLICY_BYTES_MAX};
use crate::plan::setting::{
    Params, Setting, exists, named, nothing, only, pick, put_back, same, undo,
};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "logs:CreateLogGroup",
        read: "logs:DescribeLogGroups",
        by: &[("logGroupNamePrefix", "logGroupName")],
        find: |list, params| match pick(list, "logGroupName", &params["logGroupName"]) {
            Value::Object(group) => json!({"arn": group.get("arn")}),
            _ => Value::Null,
        },
        start: nothing,
        settled: exists,
        undo: |_, params| undo("logs:DeleteLogGroup", named(params, &["logGroupName"], json!({}))),
        leaves: "the log group, if it holds events by then",
    },
    Setting {
        call: "logs:PutRetentionPolicy",
        read: "logs:DescribeLogGroups",
        by: &[("logGroupNamePrefix", "logGroupName")],
        // A group without the member keeps for ever, which is something else than no group.
        find: |list, params| {
            only(
                &pick(list, "logGroupName", &params["logGroupName"]),
                &["logGroupName", "retentionInDays"],
            )
        },
        start: nothing,
        settled: |state, params| {
            let wanted = params.get("retentionInDays").unwrap_or(&Value::Null);
            !state.is_null() && same(&state["retentionInDays"], wanted)
        },
        undo: |before, params| match &before["retentionInDays"] {
            Value::Null => {
                undo("logs:DeleteRetentionPolicy", named(params, &["logGroupName"], json!({})))
            }
            days => {
                let back = json!({"retentionInDays": days});
                undo("logs:PutRetentionPolicy", named(params, &["logGroupName"], back))
            }
        },
        leaves: "",
    },
    Setting {
        call: "logs:AssociateKmsKey",
        read: "logs:DescribeLogGroups",
        by: &[("logGroupNamePrefix", "logGroupName")],
        find: |list, params| {
            let group = pick(list, "logGroupName", &params["logGroupName"]);
            match &group["kmsKeyId"] {
                Value::String(key) if !key.is_empty() => json!({"kmsKeyId": key}),
                _ => Value::Null,
            }
        },
        start: nothing,
        settled: |state, params| same(&state["kmsKeyId"], &params["kmsKeyId"]),
        undo: |before, params| {
            put_back(
                before,
                params,
                &["logGroupName"],
                "logs:AssociateKmsKey",
                "logs:DisassociateKmsKey",
            )
        },
        leaves: "events that were encrypted with the key in the meantime stay so",
    },
    Setting {
        call: "logs:PutResourcePolicy",
        read: "logs:DescribeResourcePolicies",
        by: &[],
        find: |list, params| match pick(list, "policyName", &params["policyName"]) {
            Value::Object(policy) => json!({"policyDocument": policy.get("policyDocument")}),
            _ => Value::Null,
        },
        start: |state, params| {
            let text = state["policyDocument"].as_str().unwrap_or_default();
            params.insert("policyDocument".to_owned(), json!(text));
        },
        settled: |state, params| {
            let text = |value: Option<&Value>| {
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            document::same(&text(state.get("policyDocument")), &text(params.get("policyDocument")))
        },
        undo: |before, params| {
            put_back(
                before,
                params,
                &["policyName"],
                "logs:PutResourcePolicy",
                "logs:DeleteResourcePolicy",
            )
        },
        leaves: "",
    },
    Setting {
        call: "logs:PutSubscriptionFilter",
        read: "logs:DescribeSubscriptionFilters",
        by: &[("logGroupName", "logGroupName")],
        find: |list, params| match pick(list, "filterName", &params["filterName"]) {
            Value::Object(filter) => json!({"destinationArn": filter.get("destinationArn")}),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| same(&state["destinationArn"], &params["destinationArn"]),
        undo: |_, params| {
            let named = named(params, &["logGroupName", "filterName"], json!({}));
            undo("logs:DeleteSubscriptionFilter", named)
        },
        leaves: "",
    },
];

/// Adds statements to the policy of log groups in a draft.
///
/// # Errors
/// It would be too long.
pub(crate) fn allow(
    params: &mut Params,
    statements: &[Value],
) -> Result<(), crate::plan::change::Refusal> {
    let text = params.get("policyDocument").and_then(Value::as_str).unwrap_or_default();
    let text = document::with_statements(text, statements, LOG_POLICY_BYTES_MAX)?;
    params.insert("policyDocument".to_owned(), json!(text));
    Ok(())
}
