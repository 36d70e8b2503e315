//! Roles by which services write logs.

use super::{How, Kind, Row, Say, how, same};

pub(super) const ALL: &[Row] = &[
    Row {
        call: "iam:CreateRole",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("RoleName", "RoleName"),
                same("Path", "Path"),
                how("AssumeRolePolicyDocument", "AssumeRolePolicyDocument", How::Document),
                same("Description", "Description"),
                how("MaxSessionDuration", "MaxSessionDuration", How::Number),
                same("PermissionsBoundary", "PermissionsBoundary"),
                how("Tags", "Tags", How::Tags),
            ],
            name: "RoleName",
            made: &[("Arn", "Arn", "Role.Arn")],
            ..Kind::new("AWS::IAM::Role", "Role")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("RoleName", "name"),
                same("Path", "path"),
                how("AssumeRolePolicyDocument", "assume_role_policy", How::Document),
                same("Description", "description"),
                how("MaxSessionDuration", "max_session_duration", How::Number),
                same("PermissionsBoundary", "permissions_boundary"),
                how("Tags", "tags", How::TagMap),
            ],
            name: "RoleName",
            named_by: "name",
            made: &[("Arn", "arn", "Role.Arn")],
            ..Kind::new("aws_iam_role", "")
        }),
    },
    Row {
        call: "iam:PutRolePolicy",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("RoleName", "RoleName"),
                same("PolicyName", "PolicyName"),
                how("PolicyDocument", "PolicyDocument", How::Document),
            ],
            ..Kind::new("AWS::IAM::RolePolicy", "Policy")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("RoleName", "role"),
                same("PolicyName", "name"),
                how("PolicyDocument", "policy", How::Document),
            ],
            import: "{RoleName}:{PolicyName}",
            ..Kind::new("aws_iam_role_policy", "")
        }),
    },
    Row {
        call: "iam:CreateServiceLinkedRole",
        // The description is how the plan finds the role again; AWS writes one of its own.
        cloudformation: Say::Own(&Kind {
            props: &[same("AWSServiceName", "AWSServiceName")],
            ignored: &["Description"],
            keep: true,
            ..Kind::new("AWS::IAM::ServiceLinkedRole", "Role")
        }),
        terraform: Say::Own(&Kind {
            props: &[same("AWSServiceName", "aws_service_name")],
            ignored: &["Description"],
            made: &[("Arn", "arn", "Role.Arn")],
            keep: true,
            ..Kind::new("aws_iam_service_linked_role", "")
        }),
    },
];
