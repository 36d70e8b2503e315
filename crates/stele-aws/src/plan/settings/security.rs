//! Services that look at logs themselves, in a region: GuardDuty and Security Hub.

use serde_json::{Value, json};

use crate::plan::setting::{Setting, exists, named, nothing, same, stays, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "guardduty:CreateDetector",
        read: "guardduty:ListDetectors",
        by: &[],
        // AWS allows one. The answer of the call has its id by itself.
        find: |answer, _| {
            let id = answer.get(0).unwrap_or(&answer["detectorId"]);
            if id.is_string() { json!({"DetectorId": id}) } else { Value::Null }
        },
        start: nothing,
        settled: exists,
        // With the detector would go what it found.
        undo: |_, _| {
            let off = json!({"DetectorId": "${self.DetectorId}", "Enable": false});
            undo("guardduty:UpdateDetector", off)
        },
        leaves: "the detector, suspended, with what it found; and the roles that AWS makes for it",
        contents: "",
    },
    Setting {
        call: "guardduty:UpdateDetector",
        read: "guardduty:GetDetector",
        by: &[("DetectorId", "DetectorId")],
        find: |answer, _| match &answer["status"] {
            Value::String(status) => json!({"Enable": status == "ENABLED"}),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| same(&state["Enable"], &params["Enable"]),
        undo: |before, params| {
            let back = json!({"Enable": same(&before["Enable"], &json!(true))});
            undo("guardduty:UpdateDetector", named(params, &["DetectorId"], back))
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "securityhub:EnableSecurityHub",
        read: "securityhub:DescribeHub",
        by: &[],
        find: |answer, _| match &answer["HubArn"] {
            Value::String(arn) => json!({"HubArn": arn}),
            _ => Value::Null,
        },
        start: nothing,
        settled: exists,
        // To disable it would take with it what others have switched on since.
        undo: stays,
        leaves: "the hub, with what it collects and what others switched on in it since, and the \
                 role that AWS makes for it",
        contents: "",
    },
];
