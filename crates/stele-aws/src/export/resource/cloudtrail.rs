//! Trails.

use super::shape::{blocks, renamed};
use super::{Fixed, How, Kind, Part, Prop, Row, Say, how, same};
use crate::export::node::Node;

const MAKES: &[&str] = &["cloudtrail:CreateTrail"];
const BY_NAME: (&str, &str) = ("Name", "Name");
const BY_TRAIL: (&str, &str) = ("TrailName", "Name");

/// What Terraform knows of a trail; the same for one that it takes on.
const TERRAFORM: &[Prop] = &[
    how("Name", "name", How::By(short_name)),
    same("S3BucketName", "s3_bucket_name"),
    same("S3KeyPrefix", "s3_key_prefix"),
    same("SnsTopicName", "sns_topic_name"),
    same("IncludeGlobalServiceEvents", "include_global_service_events"),
    same("IsMultiRegionTrail", "is_multi_region_trail"),
    same("IsOrganizationTrail", "is_organization_trail"),
    same("EnableLogFileValidation", "enable_log_file_validation"),
    same("CloudWatchLogsLogGroupArn", "cloud_watch_logs_group_arn"),
    same("CloudWatchLogsRoleArn", "cloud_watch_logs_role_arn"),
    same("KmsKeyId", "kms_key_id"),
    how("TagsList", "tags", How::TagMap),
];

/// What CloudFormation knows of a trail.
const CLOUDFORMATION: &[Prop] = &[
    same("Name", "TrailName"),
    same("S3BucketName", "S3BucketName"),
    same("S3KeyPrefix", "S3KeyPrefix"),
    same("SnsTopicName", "SnsTopicName"),
    same("IncludeGlobalServiceEvents", "IncludeGlobalServiceEvents"),
    same("IsMultiRegionTrail", "IsMultiRegionTrail"),
    same("IsOrganizationTrail", "IsOrganizationTrail"),
    same("EnableLogFileValidation", "EnableLogFileValidation"),
    same("CloudWatchLogsLogGroupArn", "CloudWatchLogsLogGroupArn"),
    same("CloudWatchLogsRoleArn", "CloudWatchLogsRoleArn"),
    same("KmsKeyId", "KMSKeyId"),
    how("TagsList", "Tags", How::Tags),
];

static TRAIL: Kind = Kind {
    props: TERRAFORM,
    fixed: &[("tags", Fixed::ManagedMap), ("enable_logging", Fixed::Bool(false))],
    name: "Name",
    named_by: "name",
    keep: true,
    ..Kind::new("aws_cloudtrail", "")
};

/// A trail that is there: what the plan does not set stays as it is.
static ADOPTED: Kind = Kind {
    props: TERRAFORM,
    name: "Name",
    named_by: "name",
    keep: true,
    import: "{Name}",
    leave: &[
        "advanced_event_selector",
        "enable_logging",
        "event_selector",
        "insight_selector",
        "sns_topic_name",
        "tags",
        "tags_all",
    ],
    ..Kind::new("aws_cloudtrail", "")
};

/// Why a trail that is there stays out.
const OTHERWISE: &str = "the trail is there already, and is never made twice";

/// Why Terraform cannot take a trail on.
const NO_BUCKET: &str =
    "the trail is there already, and the plan does not say all that Terraform must know of it";

pub(super) const ALL: &[Row] = &[
    Row {
        call: "cloudtrail:CreateTrail",
        cloudformation: Say::Own(&Kind {
            props: CLOUDFORMATION,
            fixed: &[("IsLogging", Fixed::Bool(false)), ("Tags", Fixed::Managed)],
            name: "Name",
            made: &[("Arn", "Arn", "TrailARN"), ("TrailARN", "Arn", "TrailARN")],
            keep: true,
            ..Kind::new("AWS::CloudTrail::Trail", "Trail")
        }),
        terraform: Say::Own(&TRAIL),
    },
    Row {
        call: "cloudtrail:UpdateTrail",
        cloudformation: Say::Part(&Part {
            props: CLOUDFORMATION,
            otherwise: OTHERWISE,
            ..Part::new(MAKES, BY_NAME)
        }),
        terraform: Say::Part(&Part {
            props: TERRAFORM,
            adopt: Some(&ADOPTED),
            otherwise: NO_BUCKET,
            ..Part::new(MAKES, BY_NAME)
        }),
    },
    Row {
        call: "cloudtrail:StartLogging",
        cloudformation: Say::Part(&Part {
            fixed: &[("IsLogging", Fixed::Bool(true))],
            ignored: &["Name"],
            otherwise: OTHERWISE,
            ..Part::new(MAKES, BY_NAME)
        }),
        terraform: Say::Part(&Part {
            fixed: &[("enable_logging", Fixed::Bool(true))],
            ignored: &["Name"],
            otherwise: NO_BUCKET,
            ..Part::new(MAKES, BY_NAME)
        }),
    },
    Row {
        call: "cloudtrail:PutEventSelectors",
        cloudformation: Say::Part(&Part {
            props: &[
                same("EventSelectors", "EventSelectors"),
                same("AdvancedEventSelectors", "AdvancedEventSelectors"),
            ],
            ignored: &["TrailName"],
            otherwise: OTHERWISE,
            ..Part::new(MAKES, BY_TRAIL)
        }),
        terraform: Say::Part(&Part {
            props: &[
                how("EventSelectors", "event_selector", How::As(selectors)),
                how("AdvancedEventSelectors", "advanced_event_selector", How::As(selectors)),
            ],
            ignored: &["TrailName"],
            otherwise: NO_BUCKET,
            ..Part::new(MAKES, BY_TRAIL)
        }),
    },
    Row {
        call: "cloudtrail:PutInsightSelectors",
        cloudformation: Say::Part(&Part {
            props: &[same("InsightSelectors", "InsightSelectors")],
            ignored: &["TrailName"],
            otherwise: OTHERWISE,
            ..Part::new(MAKES, BY_TRAIL)
        }),
        terraform: Say::Part(&Part {
            props: &[how("InsightSelectors", "insight_selector", How::Blocks)],
            ignored: &["TrailName"],
            otherwise: NO_BUCKET,
            ..Part::new(MAKES, BY_TRAIL)
        }),
    },
];

/// The name in an ARN, or the name itself.
fn short_name(value: &Node) -> Option<Node> {
    let name = value.plain()?;
    Some(Node::text(name.rsplit('/').next().unwrap_or(&name)))
}

/// Selectors as blocks; `Equals` has another name there.
fn selectors(value: &Node) -> Node {
    let equal = |name: &str| match name {
        "Equals" => "equal_to".to_owned(),
        other => other.to_owned(),
    };
    blocks(&renamed(value, &equal))
}
