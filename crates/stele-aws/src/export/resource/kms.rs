//! Keys. They stay when the stack goes: what they encrypted could not be read without them.

use super::{Fixed, How, Kind, PROPERTY, Part, Row, Say, how, same};

const MAKES: &[&str] = &["kms:CreateKey"];
const BY_ID: (&str, &str) = ("KeyId", "KeyId");

pub(super) const ALL: &[Row] = &[
    Row {
        call: "kms:CreateKey",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("Description", "Description"),
                how("Policy", "KeyPolicy", How::Document),
                same("KeyUsage", "KeyUsage"),
                same("KeySpec", "KeySpec"),
                same("MultiRegion", "MultiRegion"),
                how("Tags", "Tags", How::Tags),
            ],
            made: &[("KeyId", "", "KeyMetadata.KeyId"), ("Arn", "Arn", "KeyMetadata.Arn")],
            keep: true,
            ..Kind::new("AWS::KMS::Key", "Key")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Description", "description"),
                how("Policy", "policy", How::Document),
                same("KeyUsage", "key_usage"),
                same("KeySpec", "customer_master_key_spec"),
                same("MultiRegion", "multi_region"),
                how("Tags", "tags", How::TagMap),
            ],
            made: &[("KeyId", "key_id", "KeyMetadata.KeyId"), ("Arn", "arn", "KeyMetadata.Arn")],
            keep: true,
            ..Kind::new("aws_kms_key", "")
        }),
    },
    Row {
        call: "kms:CreateAlias",
        cloudformation: Say::Own(&Kind {
            props: &[same("AliasName", "AliasName"), same("TargetKeyId", "TargetKeyId")],
            name: "AliasName",
            keep: true,
            ..Kind::new("AWS::KMS::Alias", "Alias")
        }),
        terraform: Say::Own(&Kind {
            props: &[same("AliasName", "name"), same("TargetKeyId", "target_key_id")],
            name: "AliasName",
            named_by: "name",
            ..Kind::new("aws_kms_alias", "")
        }),
    },
    Row {
        call: "kms:EnableKeyRotation",
        cloudformation: Say::Part(&Part {
            fixed: &[("EnableKeyRotation", Fixed::Bool(true))],
            props: &[how("RotationPeriodInDays", "RotationPeriodInDays", How::Number)],
            ignored: &["KeyId"],
            ..Part::new(MAKES, BY_ID)
        }),
        terraform: Say::Part(&Part {
            fixed: &[("enable_key_rotation", Fixed::Bool(true))],
            props: &[how("RotationPeriodInDays", "rotation_period_in_days", How::Number)],
            ignored: &["KeyId"],
            otherwise: PROPERTY,
            ..Part::new(MAKES, BY_ID)
        }),
    },
    Row {
        call: "kms:PutKeyPolicy",
        cloudformation: Say::Part(&Part {
            props: &[how("Policy", "KeyPolicy", How::Document)],
            ignored: &["KeyId", "PolicyName"],
            ..Part::new(MAKES, BY_ID)
        }),
        terraform: Say::Own(&Kind {
            props: &[same("KeyId", "key_id"), how("Policy", "policy", How::Document)],
            ignored: &["PolicyName"],
            import: "{KeyId}",
            ..Kind::new("aws_kms_key_policy", "")
        }),
    },
];
