//! AWS Config: the recorder of a region and where it delivers.

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::lenient;

/// AWS Config in a region.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Recorders; AWS allows one, and those of its own services beside it.
    pub recorders: Fact<Vec<Recorder>>,
    /// What they do.
    pub statuses: Fact<Vec<RecorderStatus>>,
    /// Delivery channels; AWS allows one.
    pub channels: Fact<Vec<Channel>>,
    /// What came of their deliveries.
    pub deliveries: Fact<Vec<ChannelStatus>>,
}

/// A recorder.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Recorder {
    /// Its name.
    pub name: String,
    /// Its ARN, where AWS says it.
    pub arn: String,
    /// The AWS service whose it is, if any.
    pub service_principal: Option<String>,
    /// What it records.
    pub recording_group: RecordingGroup,
}

/// What a recorder records.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordingGroup {
    /// All types.
    pub all_supported: bool,
    /// Global types too.
    pub include_global_resource_types: bool,
    /// Types that are recorded.
    pub resource_types: Vec<String>,
    /// Types that are not.
    pub exclusion_by_resource_types: Exclusion,
    /// Which of the three is in force.
    pub recording_strategy: Strategy,
}

/// Types that are not recorded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exclusion {
    /// The types.
    pub resource_types: Vec<String>,
}

/// How a recorder chooses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Strategy {
    /// `ALL_SUPPORTED_RESOURCE_TYPES`, `INCLUSION_BY_…` or `EXCLUSION_BY_RESOURCE_TYPES`.
    pub use_only: String,
}

/// What a recorder does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecorderStatus {
    /// The recorder.
    pub name: String,
    /// Whether it records.
    pub recording: bool,
    /// `SUCCESS`, `FAILURE`, `PENDING`.
    pub last_status: String,
    /// Why it failed.
    pub last_error_code: String,
    /// Why it failed, in words.
    pub last_error_message: String,
}

/// A delivery channel.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// The bucket.
    #[serde(rename = "s3BucketName")]
    pub bucket: String,
    /// And below what.
    #[serde(rename = "s3KeyPrefix")]
    pub prefix: String,
}

/// What came of deliveries.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChannelStatus {
    /// The channel.
    pub name: String,
    /// Histories.
    pub config_history_delivery_info: Delivery,
    /// The stream of notices.
    pub config_stream_delivery_info: Delivery,
}

/// The last delivery of a kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Delivery {
    /// `SUCCESS`, `FAILURE`, `NOT_APPLICABLE`; empty before the first.
    pub last_status: String,
    /// Why it failed.
    pub last_error_code: String,
    /// Why it failed, in words.
    pub last_error_message: String,
    /// When one last succeeded, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub last_successful_time: Option<i64>,
}

/// Something that puts what Config knows of many accounts and regions together.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Aggregator {
    /// Its name.
    #[serde(rename = "ConfigurationAggregatorName")]
    pub name: String,
    /// Its ARN.
    #[serde(rename = "ConfigurationAggregatorArn")]
    pub arn: String,
    /// The accounts that it asks, each by its number.
    pub account_aggregation_sources: Vec<Source>,
    /// The organisation, where it asks all accounts of it.
    pub organization_aggregation_source: Option<Source>,
    /// What it keeps of it; everything where it is empty.
    pub aggregator_filters: serde_json::Map<String, serde_json::Value>,
    /// The sources that it could not get anything from.
    #[serde(skip)]
    pub failed: Fact<Vec<FailedSource>>,
}

/// What an aggregator asks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Source {
    /// The accounts; of an organisation all.
    pub account_ids: Vec<String>,
    /// All regions, those of the future among them.
    pub all_aws_regions: bool,
    /// Or these.
    pub aws_regions: Vec<String>,
}

/// A source that an aggregator could not get anything from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FailedSource {
    /// An account, or the organisation.
    pub source_id: String,
    /// Where.
    pub aws_region: String,
    /// Why, in a word.
    pub last_error_code: String,
}

/// Reads the aggregators of a region.
pub(super) async fn aggregators(caller: Caller<'_>) -> Fact<Vec<Aggregator>> {
    let listed = caller.list("config:DescribeConfigurationAggregators", &[]).await;
    let Fact::Known(mut all): Fact<Vec<Aggregator>> = listed else { return listed };
    let asked = all.iter_mut().map(|each| async {
        let named = [("ConfigurationAggregatorName", each.name.as_str())];
        let call = "config:DescribeConfigurationAggregatorSourcesStatus";
        each.failed = caller.list(call, &named).await;
    });
    futures::future::join_all(asked).await;
    Fact::Known(all)
}

pub(super) async fn collect(caller: Caller<'_>) -> Config {
    let (recorders, statuses, channels, deliveries) = futures::join!(
        caller.member("config:DescribeConfigurationRecorders", &[], "ConfigurationRecorders"),
        caller.member(
            "config:DescribeConfigurationRecorderStatus",
            &[],
            "ConfigurationRecordersStatus"
        ),
        caller.member("config:DescribeDeliveryChannels", &[], "DeliveryChannels"),
        caller.member("config:DescribeDeliveryChannelStatus", &[], "DeliveryChannelsStatus"),
    );
    Config { recorders, statuses, channels, deliveries }
}
