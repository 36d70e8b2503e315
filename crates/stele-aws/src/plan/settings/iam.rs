//! Roles by which services write logs.

use serde_json::json;

use crate::plan::setting::{
    Setting, exists, named, nothing, only, policy, put_back, same_policy, stays, undo,
};

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
        find: |answer, _| policy(answer, "PolicyDocument"),
        start: nothing,
        settled: |state, params| same_policy("PolicyDocument", state, params),
        undo: |before, params| {
            let names = ["RoleName", "PolicyName"];
            put_back(before, params, &names, "iam:PutRolePolicy", "iam:DeleteRolePolicy")
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
