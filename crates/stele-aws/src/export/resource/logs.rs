//! Log groups, who may write to them, where they go, and logs that AWS delivers for a service.

use super::{Fixed, How, Kind, PROPERTY, Part, Prop, Row, Say, how, same};

const MAKES: &[&str] = &["logs:CreateLogGroup"];
const BY_NAME: (&str, &str) = ("logGroupName", "logGroupName");
const BY_IDENTIFIER: (&str, &str) = ("logGroupIdentifier", "logGroupName");

const DAYS: (&str, &str) = ("RetentionDays", "How many days events stay in log groups");

const GROUP: &[Prop] = &[
    same("logGroupName", "name"),
    same("kmsKeyId", "kms_key_id"),
    same("logGroupClass", "log_group_class"),
    same("deletionProtectionEnabled", "deletion_protection_enabled"),
    how("retentionInDays", "retention_in_days", How::Set(DAYS.0, DAYS.1)),
    how("tags", "tags", How::TagMap),
];

/// A group that is there: what the plan does not set stays as it is.
static ADOPTED: Kind = Kind {
    props: GROUP,
    name: "logGroupName",
    named_by: "name",
    keep: true,
    import: "{logGroupName}",
    leave: &[
        "deletion_protection_enabled",
        "kms_key_id",
        "log_group_class",
        "retention_in_days",
        "tags",
        "tags_all",
    ],
    ..Kind::new("aws_cloudwatch_log_group", "")
};

pub(super) const ALL: &[Row] = &[
    Row {
        call: "logs:CreateLogGroup",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("logGroupName", "LogGroupName"),
                same("kmsKeyId", "KmsKeyId"),
                same("logGroupClass", "LogGroupClass"),
                same("deletionProtectionEnabled", "DeletionProtectionEnabled"),
                how("tags", "Tags", How::Tags),
            ],
            fixed: &[("Tags", Fixed::Managed)],
            name: "logGroupName",
            keep: true,
            ..Kind::new("AWS::Logs::LogGroup", "Group")
        }),
        terraform: Say::Own(&Kind {
            props: GROUP,
            fixed: &[("tags", Fixed::ManagedMap)],
            name: "logGroupName",
            named_by: "name",
            keep: true,
            ..Kind::new("aws_cloudwatch_log_group", "")
        }),
    },
    Row {
        call: "logs:PutRetentionPolicy",
        cloudformation: Say::Part(&Part {
            props: &[how("retentionInDays", "RetentionInDays", How::Set(DAYS.0, DAYS.1))],
            ignored: &["logGroupName"],
            ..Part::new(MAKES, BY_NAME)
        }),
        terraform: Say::Part(&Part {
            props: &[how("retentionInDays", "retention_in_days", How::Set(DAYS.0, DAYS.1))],
            ignored: &["logGroupName"],
            adopt: Some(&ADOPTED),
            otherwise: PROPERTY,
            ..Part::new(MAKES, BY_NAME)
        }),
    },
    Row {
        call: "logs:AssociateKmsKey",
        cloudformation: Say::Part(&Part {
            props: &[same("kmsKeyId", "KmsKeyId")],
            ignored: &["logGroupName"],
            ..Part::new(MAKES, BY_NAME)
        }),
        terraform: Say::Part(&Part {
            props: &[same("kmsKeyId", "kms_key_id")],
            ignored: &["logGroupName"],
            adopt: Some(&ADOPTED),
            otherwise: PROPERTY,
            ..Part::new(MAKES, BY_NAME)
        }),
    },
    Row {
        call: "logs:PutLogGroupDeletionProtection",
        cloudformation: Say::Part(&Part {
            props: &[same("deletionProtectionEnabled", "DeletionProtectionEnabled")],
            ignored: &["logGroupIdentifier"],
            ..Part::new(MAKES, BY_IDENTIFIER)
        }),
        terraform: Say::Part(&Part {
            props: &[same("deletionProtectionEnabled", "deletion_protection_enabled")],
            ignored: &["logGroupIdentifier"],
            otherwise: PROPERTY,
            ..Part::new(MAKES, BY_IDENTIFIER)
        }),
    },
    Row {
        call: "logs:PutDataProtectionPolicy",
        cloudformation: Say::Part(&Part {
            props: &[how("policyDocument", "DataProtectionPolicy", How::Document)],
            ignored: &["logGroupIdentifier"],
            ..Part::new(MAKES, BY_IDENTIFIER)
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("logGroupIdentifier", "log_group_name"),
                how("policyDocument", "policy_document", How::Document),
            ],
            import: "{logGroupIdentifier}",
            ..Kind::new("aws_cloudwatch_log_data_protection_policy", "")
        }),
    },
    Row {
        call: "logs:PutResourcePolicy",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("policyName", "PolicyName"),
                how("policyDocument", "PolicyDocument", How::TextDocument),
            ],
            ..Kind::new("AWS::Logs::ResourcePolicy", "GroupPolicy")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("policyName", "policy_name"),
                how("policyDocument", "policy_document", How::Document),
            ],
            import: "{policyName}",
            ..Kind::new("aws_cloudwatch_log_resource_policy", "")
        }),
    },
    Row {
        call: "logs:PutSubscriptionFilter",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("logGroupName", "LogGroupName"),
                same("filterName", "FilterName"),
                how("filterPattern", "FilterPattern", How::Set("FilterPattern", PATTERN)),
                same("destinationArn", "DestinationArn"),
                same("roleArn", "RoleArn"),
                same("distribution", "Distribution"),
                same("applyOnTransformedLogs", "ApplyOnTransformedLogs"),
                same("fieldSelectionCriteria", "FieldSelectionCriteria"),
                same("emitSystemFields", "EmitSystemFields"),
            ],
            ..Kind::new("AWS::Logs::SubscriptionFilter", "Filter")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("logGroupName", "log_group_name"),
                same("filterName", "name"),
                how("filterPattern", "filter_pattern", How::Set("FilterPattern", PATTERN)),
                same("destinationArn", "destination_arn"),
                same("roleArn", "role_arn"),
                same("distribution", "distribution"),
                same("applyOnTransformedLogs", "apply_on_transformed_logs"),
                same("emitSystemFields", "emit_system_fields"),
            ],
            import: "{logGroupName}|{filterName}",
            ..Kind::new("aws_cloudwatch_log_subscription_filter", "")
        }),
    },
    Row {
        call: "logs:PutAccountPolicy",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("policyName", "PolicyName"),
                same("policyType", "PolicyType"),
                how("policyDocument", "PolicyDocument", How::TextDocument),
                same("scope", "Scope"),
                same("selectionCriteria", "SelectionCriteria"),
            ],
            ..Kind::new("AWS::Logs::AccountPolicy", "AccountPolicy")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("policyName", "policy_name"),
                same("policyType", "policy_type"),
                how("policyDocument", "policy_document", How::Document),
                same("scope", "scope"),
                same("selectionCriteria", "selection_criteria"),
            ],
            import: "{policyName}:{policyType}",
            ..Kind::new("aws_cloudwatch_log_account_policy", "")
        }),
    },
    Row {
        call: "logs:PutDeliverySource",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("name", "Name"),
                how("resourceArn", "ResourceArn", How::Set("DeliveryOf", SOURCE)),
                same("logType", "LogType"),
                how("tags", "Tags", How::Tags),
            ],
            name: "name",
            made: &[("arn", "Arn", "deliverySource.arn")],
            ..Kind::new("AWS::Logs::DeliverySource", "Source")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("name", "name"),
                how("resourceArn", "resource_arn", How::Set("DeliveryOf", SOURCE)),
                same("logType", "log_type"),
                how("tags", "tags", How::TagMap),
            ],
            name: "name",
            named_by: "name",
            made: &[("arn", "arn", "deliverySource.arn")],
            import: "{name}",
            ..Kind::new("aws_cloudwatch_log_delivery_source", "")
        }),
    },
    Row {
        call: "logs:PutDeliveryDestination",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("name", "Name"),
                same("outputFormat", "OutputFormat"),
                same(
                    "deliveryDestinationConfiguration.destinationResourceArn",
                    "DestinationResourceArn",
                ),
                same("deliveryDestinationType", "DeliveryDestinationType"),
                how("tags", "Tags", How::Tags),
            ],
            name: "name",
            made: &[("arn", "Arn", "deliveryDestination.arn")],
            ..Kind::new("AWS::Logs::DeliveryDestination", "Destination")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("name", "name"),
                same("outputFormat", "output_format"),
                same(
                    "deliveryDestinationConfiguration.destinationResourceArn",
                    "delivery_destination_configuration.destination_resource_arn",
                ),
                same("deliveryDestinationType", "delivery_destination_type"),
                how("tags", "tags", How::TagMap),
            ],
            name: "name",
            named_by: "name",
            made: &[("arn", "arn", "deliveryDestination.arn")],
            import: "{name}",
            ..Kind::new("aws_cloudwatch_log_delivery_destination", "")
        }),
    },
    Row {
        call: "logs:CreateDelivery",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("deliverySourceName", "DeliverySourceName"),
                same("deliveryDestinationArn", "DeliveryDestinationArn"),
                same("recordFields", "RecordFields"),
                same("fieldDelimiter", "FieldDelimiter"),
                same("s3DeliveryConfiguration.suffixPath", "S3SuffixPath"),
                same(
                    "s3DeliveryConfiguration.enableHiveCompatiblePath",
                    "S3EnableHiveCompatiblePath",
                ),
                how("tags", "Tags", How::Tags),
            ],
            made: &[("id", "", "delivery.id")],
            ..Kind::new("AWS::Logs::Delivery", "Delivery")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("deliverySourceName", "delivery_source_name"),
                same("deliveryDestinationArn", "delivery_destination_arn"),
                same("recordFields", "record_fields"),
                same("fieldDelimiter", "field_delimiter"),
                how("s3DeliveryConfiguration", "s3_delivery_configuration", How::Blocks),
                how("tags", "tags", How::TagMap),
            ],
            made: &[("id", "id", "delivery.id")],
            ..Kind::new("aws_cloudwatch_log_delivery", "")
        }),
    },
];

const PATTERN: &str = "Which events are passed on";
const SOURCE: &str = "The ARN of what writes the log";
