//! AWS Config: recorder, channel, aggregator.
//!
//! CloudFormation makes a recorder and a channel side by side and starts the recorder when both are
//! there; one that waited for the other would wait for ever.

use super::shape::renamed;
use super::{FOREIGN, Fixed, How, Kind, Part, Row, Say, how, same};
use crate::export::node::Node;

const CHANNEL: &[&str] = &["config:PutDeliveryChannel"];
const RECORDER: &[&str] = &["config:PutConfigurationRecorder"];

pub(super) const ALL: &[Row] = &[
    Row {
        call: "config:PutConfigurationRecorder",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("ConfigurationRecorder.name", "Name"),
                same("ConfigurationRecorder.roleARN", "RoleARN"),
                how("ConfigurationRecorder.recordingGroup", "RecordingGroup", How::Capital),
                how("ConfigurationRecorder.recordingMode", "RecordingMode", How::Capital),
            ],
            apart: CHANNEL,
            ..Kind::new("AWS::Config::ConfigurationRecorder", "Recorder")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("ConfigurationRecorder.name", "name"),
                same("ConfigurationRecorder.roleARN", "role_arn"),
                how("ConfigurationRecorder.recordingGroup", "recording_group", How::Blocks),
                how("ConfigurationRecorder.recordingMode", "recording_mode", How::Blocks),
            ],
            import: "{ConfigurationRecorder.name}",
            ..Kind::new("aws_config_configuration_recorder", "")
        }),
    },
    Row {
        call: "config:PutDeliveryChannel",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("DeliveryChannel.name", "Name"),
                same("DeliveryChannel.s3BucketName", "S3BucketName"),
                same("DeliveryChannel.s3KeyPrefix", "S3KeyPrefix"),
                same("DeliveryChannel.s3KmsKeyArn", "S3KmsKeyArn"),
                same("DeliveryChannel.snsTopicARN", "SnsTopicARN"),
                how(
                    "DeliveryChannel.configSnapshotDeliveryProperties",
                    "ConfigSnapshotDeliveryProperties",
                    How::Capital,
                ),
            ],
            apart: RECORDER,
            ..Kind::new("AWS::Config::DeliveryChannel", "Channel")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("DeliveryChannel.name", "name"),
                same("DeliveryChannel.s3BucketName", "s3_bucket_name"),
                same("DeliveryChannel.s3KeyPrefix", "s3_key_prefix"),
                same("DeliveryChannel.s3KmsKeyArn", "s3_kms_key_arn"),
                same("DeliveryChannel.snsTopicARN", "sns_topic_arn"),
                how(
                    "DeliveryChannel.configSnapshotDeliveryProperties",
                    "snapshot_delivery_properties",
                    How::Blocks,
                ),
            ],
            import: "{DeliveryChannel.name}",
            ..Kind::new("aws_config_delivery_channel", "")
        }),
    },
    Row {
        call: "config:StartConfigurationRecorder",
        // A recorder that the stack makes is started with its channel.
        cloudformation: Say::Part(&Part {
            ignored: &["ConfigurationRecorderName"],
            otherwise: FOREIGN,
            ..Part::new(RECORDER, ("ConfigurationRecorderName", "ConfigurationRecorder.name"))
        }),
        terraform: Say::Own(&Kind {
            props: &[same("ConfigurationRecorderName", "name")],
            fixed: &[("is_enabled", Fixed::Bool(true))],
            import: "{ConfigurationRecorderName}",
            ..Kind::new("aws_config_configuration_recorder_status", "")
        }),
    },
    Row {
        call: "config:PutConfigurationAggregator",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("ConfigurationAggregatorName", "ConfigurationAggregatorName"),
                same("AccountAggregationSources", "AccountAggregationSources"),
                same("OrganizationAggregationSource", "OrganizationAggregationSource"),
                how("Tags", "Tags", How::Tags),
            ],
            ..Kind::new("AWS::Config::ConfigurationAggregator", "Aggregator")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("ConfigurationAggregatorName", "name"),
                how("AccountAggregationSources", "account_aggregation_source", How::As(source)),
                how(
                    "OrganizationAggregationSource",
                    "organization_aggregation_source",
                    How::As(source),
                ),
                how("Tags", "tags", How::TagMap),
            ],
            import: "{ConfigurationAggregatorName}",
            ..Kind::new("aws_config_configuration_aggregator", "")
        }),
    },
];

/// Sources as Terraform has them.
fn source(value: &Node) -> Node {
    let name = |name: &str| {
        match name {
            "AccountIds" => "account_ids",
            "AllAwsRegions" => "all_regions",
            "AwsRegions" => "regions",
            "RoleArn" => "role_arn",
            other => other,
        }
        .to_owned()
    };
    renamed(value, &name)
}
