//! Services that look at logs themselves: GuardDuty and Security Hub.

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;

/// A detector of GuardDuty.
#[derive(Debug, Clone)]
pub struct Detector {
    /// Its id.
    pub id: String,
    /// Its settings.
    pub row: Fact<DetectorRow>,
}

/// As `GetDetector` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DetectorRow {
    /// `ENABLED`, or `DISABLED` where it is suspended.
    pub status: String,
}

pub(super) async fn detectors(caller: Caller<'_>) -> Fact<Vec<Detector>> {
    let ids: Vec<String> = match caller.list("guardduty:ListDetectors", &[]).await {
        Fact::Known(ids) => ids,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = ids.into_iter().map(|id| async move {
        let row = caller.get("guardduty:GetDetector", &[("DetectorId", id.as_str())]).await;
        Detector { id, row }
    });
    Fact::Known(futures::future::join_all(asked).await)
}

/// The ARN of the hub; absent where Security Hub is off.
pub(super) async fn hub(caller: Caller<'_>) -> Fact<String> {
    caller.member("securityhub:DescribeHub", &[], "HubArn").await
}
