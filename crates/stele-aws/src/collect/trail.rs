//! CloudTrail: the trails that a region sees, and what each of them does.

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::judge::selectors::Selector;
use crate::lenient;

/// A trail, with what was read about it in its home region.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// Its settings.
    pub row: TrailRow,
    /// What it does.
    pub status: Fact<TrailStatus>,
    /// What it records.
    pub selectors: Fact<Vec<Selector>>,
    /// The kinds of Insights that are on.
    pub insights: Fact<Vec<String>>,
}

/// As `DescribeTrails` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TrailRow {
    /// Its name.
    pub name: String,
    /// Its ARN.
    #[serde(rename = "TrailARN")]
    pub arn: String,
    /// Where its files go.
    #[serde(rename = "S3BucketName")]
    pub bucket: String,
    /// And below what.
    #[serde(rename = "S3KeyPrefix")]
    pub prefix: String,
    /// Where it can be changed.
    pub home_region: String,
    /// Whether it records all regions.
    pub is_multi_region_trail: bool,
    /// Whether it records global services.
    pub include_global_service_events: bool,
    /// Whether it writes digests.
    pub log_file_validation_enabled: bool,
    /// The key that its files are encrypted with.
    pub kms_key_id: Option<String>,
    /// The log group that it writes to as well.
    pub cloud_watch_logs_log_group_arn: Option<String>,
    /// The role by which it does.
    pub cloud_watch_logs_role_arn: Option<String>,
    /// Whether it records the whole organisation.
    pub is_organization_trail: bool,
}

/// As `GetTrailStatus` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TrailStatus {
    /// Whether it records.
    pub is_logging: bool,
    /// Why the last delivery failed.
    pub latest_delivery_error: Option<String>,
    /// When files were last delivered, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub latest_delivery_time: Option<i64>,
    /// Why the last digest failed.
    pub latest_digest_delivery_error: Option<String>,
    /// Why CloudWatch Logs took nothing.
    pub latest_cloud_watch_logs_delivery_error: Option<String>,
    /// When CloudWatch Logs last took something, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub latest_cloud_watch_logs_delivery_time: Option<i64>,
    /// When it was last started, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub start_logging_time: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Insight {
    #[serde(rename = "InsightType")]
    kind: String,
}

impl Trail {
    /// Whether the trail records what happens in a region, if it records.
    pub fn covers(&self, region: &str) -> bool {
        let everywhere = self.row.is_multi_region_trail && self.row.include_global_service_events;
        everywhere || self.row.home_region == region
    }

    /// Whether it records; unknown where the status is.
    pub fn is_logging(&self) -> Fact<bool> {
        self.status.clone().map(|status| status.is_logging)
    }

    /// The account that owns it, as its ARN says.
    pub fn owner(&self) -> &str {
        self.row.arn.split(':').nth(4).unwrap_or_default()
    }
}

/// The trails that a region sees.
pub(super) async fn seen(caller: Caller<'_>) -> Fact<Vec<TrailRow>> {
    let shadows = [("includeShadowTrails", "true")];
    caller.member("cloudtrail:DescribeTrails", &shadows, "trailList").await
}

/// What a trail does, asked in its home region.
pub(super) async fn details(caller: Caller<'_>, row: TrailRow) -> Trail {
    let caller = caller.at(&row.home_region);
    let named = [("Name", row.arn.as_str())];
    let trail_named = [("TrailName", row.arn.as_str())];
    let (status, selectors, insights) = futures::join!(
        caller.get("cloudtrail:GetTrailStatus", &named),
        caller.get::<serde_json::Value>("cloudtrail:GetEventSelectors", &trail_named),
        caller.member::<Vec<Insight>>(
            "cloudtrail:GetInsightSelectors",
            &trail_named,
            "InsightSelectors",
        ),
    );
    let insights = insights.map(|all| all.into_iter().map(|insight| insight.kind).collect());
    let selectors = match selectors {
        Fact::Known(value) => Selector::read(&value),
        Fact::Absent => Fact::Absent,
        Fact::Unknown(reason) => Fact::Unknown(reason),
    };
    Trail { row, status, selectors, insights }
}
