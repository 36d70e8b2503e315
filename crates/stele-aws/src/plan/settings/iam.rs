//! Roles by which services write logs.

use serde_json::{Value, json};

use crate::plan::setting::{Setting, exists, named, nothing, only, stays, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "iam:CreateRole",
        read: "iam:GetRole",
        by: &[("RoleName", "RoleName")],
        find: |answer, _| only(&answer["Role"], &["Arn"]),
        start: nothing,
        settled: exists,
        undo: |_, params| undo("iam:DeleteRole", named(params, &["RoleName"], json!({}))),
        leaves: "",
        contents: "",
    },
    Setting {
        call: "iam:PutRolePolicy",
        read: "iam:GetRolePolicy",
        by: &[("RoleName", "RoleName"), ("PolicyName", "PolicyName")],
        // IAM gives the document percent-encoded; that it is there is enough, for its name is ours.
        find: |answer, _| match &answer["PolicyName"] {
            Value::String(name) => json!({"PolicyName": name}),
            _ => Value::Null,
        },
        start: nothing,
        settled: exists,
        undo: |_, params| {
            undo("iam:DeleteRolePolicy", named(params, &["RoleName", "PolicyName"], json!({})))
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "iam:CreateServiceLinkedRole",
        read: "iam:GetRole",
        // The role has a name of AWS's own, which the description carries for the reading call.
        by: &[("RoleName", "Description")],
        find: |answer, _| only(&answer["Role"], &["Arn"]),
        start: nothing,
        settled: exists,
        undo: stays,
        leaves: "the service-linked role, which other uses of the service may need",
        contents: "",
    },
];
