//! Keys. A key is never taken back: what it encrypted would be lost with it.

use serde_json::{Value, json};

use crate::plan::setting::{
    Setting, exists, named, nothing, only, pick, policy, policy_start, same, same_policy, stays,
    undo,
};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "kms:CreateKey",
        read: "kms:ListAliases",
        by: &[],
        // A key is known by its alias, which has the description for its name; the answer of the
        // call itself names the new one. A cut between the two leaves a key without a name.
        find: |found, params| match (pick(found, "AliasName", &params["Description"]), found) {
            (Value::Object(alias), _) => json!({"KeyId": alias.get("TargetKeyId")}),
            (_, Value::Object(answer)) => match answer.get("KeyMetadata") {
                Some(Value::Object(key)) => json!({"KeyId": key.get("KeyId")}),
                _ => Value::Null,
            },
            _ => Value::Null,
        },
        start: nothing,
        settled: exists,
        undo: stays,
        leaves: "the key, for what it encrypted could not be read without it",
        contents: "",
    },
    Setting {
        call: "kms:CreateAlias",
        read: "kms:ListAliases",
        by: &[],
        find: |list, params| only(&pick(list, "AliasName", &params["AliasName"]), &["TargetKeyId"]),
        start: nothing,
        settled: exists,
        undo: stays,
        leaves: "the alias, which names the key that stays",
        contents: "",
    },
    Setting {
        call: "kms:PutKeyPolicy",
        read: "kms:GetKeyPolicy",
        by: &[("KeyId", "KeyId"), ("PolicyName", "=default")],
        find: |answer, _| policy(answer, "Policy"),
        start: |state, params| policy_start("Policy", state, params),
        settled: |state, params| same_policy("Policy", state, params),
        undo: |before, params| {
            if before.is_null() {
                return Vec::new();
            }
            undo("kms:PutKeyPolicy", named(params, &["KeyId"], before.clone()))
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "kms:EnableKeyRotation",
        read: "kms:GetKeyRotationStatus",
        by: &[("KeyId", "KeyId")],
        find: |answer, _| {
            let mut state = json!({"KeyRotationEnabled": answer["KeyRotationEnabled"]});
            if same(&answer["KeyRotationEnabled"], &json!(true)) {
                // A year, where nobody has chosen (KMS API reference, GetKeyRotationStatus).
                let days = answer["RotationPeriodInDays"].as_i64().unwrap_or(365);
                state["RotationPeriodInDays"] = json!(days);
            }
            state
        },
        start: nothing,
        settled: |state, params| {
            let days = |value: Option<&Value>| value.and_then(Value::as_i64);
            same(&state["KeyRotationEnabled"], &json!(true))
                && days(state.get("RotationPeriodInDays"))
                    <= days(params.get("RotationPeriodInDays")).or(Some(i64::MAX))
        },
        undo: |before, params| match before.get("RotationPeriodInDays") {
            Some(days) => {
                let back = json!({"RotationPeriodInDays": days});
                undo("kms:EnableKeyRotation", named(params, &["KeyId"], back))
            }
            None => undo("kms:DisableKeyRotation", named(params, &["KeyId"], json!({}))),
        },
        leaves: "",
        contents: "",
    },
];
