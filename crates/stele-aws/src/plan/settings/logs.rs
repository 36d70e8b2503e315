//! Log groups: that they are there, how long they keep, who may write, and where they go; and logs
//! that AWS delivers for a service.

use serde_json::{Value, json};

use crate::plan::document::{self, LOG_POLICY_BYTES_MAX};
use crate::plan::setting::{
    Params, Setting, covers, exists, holds, named, nothing, only, pick, pick_all, policy_start,
    put_back, same, same_policy, undo,
};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "logs:CreateLogGroup",
        read: "logs:DescribeLogGroups",
        by: &[("logGroupNamePrefix", "logGroupName")],
        find: |list, params| only(&pick(list, "logGroupName", &params["logGroupName"]), &["arn"]),
        start: nothing,
        settled: exists,
        undo: |_, params| undo("logs:DeleteLogGroup", named(params, &["logGroupName"], json!({}))),
        leaves: "the log group, if it holds events by then",
        contents: "logs:DescribeLogStreams",
    },
    Setting {
        call: "logs:PutRetentionPolicy",
        read: "logs:DescribeLogGroups",
        by: &[("logGroupNamePrefix", "logGroupName")],
        // A group that keeps for ever has a state, and one that is not there has none.
        find: |list, params| match pick(list, "logGroupName", &params["logGroupName"]) {
            Value::Object(group) => json!({"retentionInDays": group.get("retentionInDays")}),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| {
            state.is_object() && same(&state["retentionInDays"], &params["retentionInDays"])
        },
        undo: |before, params| {
            if before["retentionInDays"].is_null() {
                undo("logs:DeleteRetentionPolicy", named(params, &["logGroupName"], json!({})))
            } else {
                undo("logs:PutRetentionPolicy", named(params, &["logGroupName"], before.clone()))
            }
        },
        leaves: "",
        contents: "",
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
        leaves: "the events that were encrypted with the key in the meantime",
        contents: "",
    },
    Setting {
        call: "logs:PutLogGroupDeletionProtection",
        read: "logs:DescribeLogGroups",
        by: &[("logGroupNamePrefix", "logGroupIdentifier")],
        // A group without it has no state, and neither has one that is not there yet.
        find: |list, params| {
            let group = pick(list, "logGroupName", &params["logGroupIdentifier"]);
            if same(&group["deletionProtectionEnabled"], &json!(true)) {
                json!({"deletionProtectionEnabled": true})
            } else {
                Value::Null
            }
        },
        start: nothing,
        settled: exists,
        undo: |_, params| {
            let off = json!({"deletionProtectionEnabled": false});
            let by = ["logGroupIdentifier"];
            undo("logs:PutLogGroupDeletionProtection", named(params, &by, off))
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "logs:PutDataProtectionPolicy",
        read: "logs:GetDataProtectionPolicy",
        by: &[("logGroupIdentifier", "logGroupIdentifier")],
        find: |answer, _| match &answer["policyDocument"] {
            Value::String(text) if !text.is_empty() => json!({"policyDocument": text}),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| match (&state["policyDocument"], params.get("policyDocument")) {
            (Value::String(now), Some(Value::String(wanted))) => document::same(now, wanted),
            _ => false,
        },
        undo: |before, params| {
            put_back(
                before,
                params,
                &["logGroupIdentifier"],
                "logs:PutDataProtectionPolicy",
                "logs:DeleteDataProtectionPolicy",
            )
        },
        leaves: "what came in the meantime masked, for those who lack logs:Unmask",
        contents: "",
    },
    Setting {
        call: "logs:PutResourcePolicy",
        read: "logs:DescribeResourcePolicies",
        by: &[],
        find: |list, params| {
            only(&pick(list, "policyName", &params["policyName"]), &["policyDocument"])
        },
        start: |state, params| policy_start("policyDocument", state, params),
        settled: |state, params| same_policy("policyDocument", state, params),
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
        contents: "",
    },
    Setting {
        call: "logs:PutSubscriptionFilter",
        read: "logs:DescribeSubscriptionFilters",
        by: &[("logGroupName", "logGroupName")],
        find: |list, params| only(&pick(list, "filterName", &params["filterName"]), &FILTER),
        // The call replaces the whole filter.
        start: |state, params| {
            if let Value::Object(members) = state {
                params.extend(members.clone());
            }
        },
        settled: |state, params| state.is_object() && covers(state, &only(&json!(params), &FILTER)),
        undo: |before, params| {
            let names = ["logGroupName", "filterName"];
            put_back(
                before,
                params,
                &names,
                "logs:PutSubscriptionFilter",
                "logs:DeleteSubscriptionFilter",
            )
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "logs:PutDeliverySource",
        read: "logs:GetDeliverySource",
        by: &[("name", "name")],
        find: |answer, _| match &answer["deliverySource"] {
            Value::Object(source) => json!({
                "resourceArn": source.get("resourceArns").map(|arns| arns[0].clone()),
                "logType": source.get("logType"),
            }),
            _ => Value::Null,
        },
        start: nothing,
        settled: holds,
        undo: |before, params| {
            put_back(
                before,
                params,
                &["name"],
                "logs:PutDeliverySource",
                "logs:DeleteDeliverySource",
            )
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "logs:PutDeliveryDestination",
        read: "logs:GetDeliveryDestination",
        by: &[("name", "name")],
        find: |answer, _| {
            let members = ["outputFormat", "deliveryDestinationConfiguration"];
            only(&answer["deliveryDestination"], &members)
        },
        start: nothing,
        settled: holds,
        undo: |before, params| {
            put_back(
                before,
                params,
                &["name"],
                "logs:PutDeliveryDestination",
                "logs:DeleteDeliveryDestination",
            )
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "logs:CreateDelivery",
        read: "logs:DescribeDeliveries",
        by: &[],
        find: |list, params| {
            let members = ["deliverySourceName", "deliveryDestinationArn"];
            only(&pick_all(list, &members, params), &["id"])
        },
        start: nothing,
        settled: exists,
        undo: |_, _| undo("logs:DeleteDelivery", json!({"id": "${self.id}"})),
        leaves: "",
        contents: "",
    },
];

/// What makes up a subscription filter beside its name.
const FILTER: [&str; 7] = [
    "filterPattern",
    "destinationArn",
    "roleArn",
    "distribution",
    "applyOnTransformedLogs",
    "fieldSelectionCriteria",
    "emitSystemFields",
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
