//! Databases: RDS and its relatives, Redshift, and DynamoDB's tables.

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::lenient;

/// Databases of a region.
#[derive(Debug, Clone, Default)]
pub struct Databases {
    /// Instances, those of clusters among them.
    pub instances: Fact<Vec<Instance>>,
    /// Clusters: Aurora, Multi-AZ, DocumentDB, Neptune.
    pub clusters: Fact<Vec<Cluster>>,
}

/// An instance.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Instance {
    /// Its name.
    #[serde(rename = "DBInstanceIdentifier")]
    pub name: String,
    /// Its ARN.
    #[serde(rename = "DBInstanceArn")]
    pub arn: String,
    /// `mysql`, `postgres`, …
    pub engine: String,
    /// `available`, `modifying`, …
    #[serde(rename = "DBInstanceStatus")]
    pub status: String,
    /// The cluster that it belongs to, if any.
    #[serde(rename = "DBClusterIdentifier")]
    pub cluster: String,
    /// The logs that go to CloudWatch.
    #[serde(rename = "EnabledCloudwatchLogsExports", deserialize_with = "lenient::list")]
    pub exports: Vec<String>,
    /// What is being changed.
    pub pending_modified_values: Pending,
    /// Its parameter groups.
    #[serde(rename = "DBParameterGroups", deserialize_with = "lenient::list")]
    pub parameter_groups: Vec<GroupMembership>,
    /// Its option groups.
    #[serde(rename = "OptionGroupMemberships", deserialize_with = "lenient::list")]
    pub option_groups: Vec<GroupMembership>,
    /// Its tags.
    #[serde(rename = "TagList", deserialize_with = "lenient::list")]
    pub tags: Vec<super::vpc::Tag>,
}

/// A parameter group or an option group that an instance uses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GroupMembership {
    /// The group.
    #[serde(alias = "DBParameterGroupName", alias = "OptionGroupName")]
    pub name: String,
    /// Whether what stands in it is in force: `in-sync`, `pending-reboot`, `applying`, …
    #[serde(alias = "ParameterApplyStatus", alias = "Status")]
    pub status: String,
}

/// A member of a cluster.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Member {
    /// Whether what stands in the cluster's parameter group is in force for it.
    #[serde(rename = "DBClusterParameterGroupStatus")]
    pub status: String,
}

/// What is being changed about a database.
#[derive(Debug, Clone, Default)]
pub struct Pending {
    /// Logs that will go to CloudWatch.
    pub exports: Vec<String>,
}

impl<'de> Deserialize<'de> for Pending {
    /// An element without children reads as text.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let types = &value["PendingCloudwatchLogsExports"]["LogTypesToEnable"];
        let types = types.as_array().cloned().unwrap_or_default();
        let exports = types.iter().filter_map(|each| each.as_str().map(str::to_owned)).collect();
        Ok(Self { exports })
    }
}

/// A cluster.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Cluster {
    /// Its name.
    #[serde(rename = "DBClusterIdentifier")]
    pub name: String,
    /// Its ARN.
    #[serde(rename = "DBClusterArn")]
    pub arn: String,
    /// `aurora-mysql`, `docdb`, `neptune`, …
    pub engine: String,
    /// `available`, `modifying`, …
    pub status: String,
    /// The logs that go to CloudWatch.
    #[serde(rename = "EnabledCloudwatchLogsExports", deserialize_with = "lenient::list")]
    pub exports: Vec<String>,
    /// What is being changed.
    pub pending_modified_values: Pending,
    /// Its parameter group.
    #[serde(rename = "DBClusterParameterGroup")]
    pub parameter_group: String,
    /// Its members.
    #[serde(rename = "DBClusterMembers", deserialize_with = "lenient::list")]
    pub members: Vec<Member>,
    /// Its tags.
    #[serde(rename = "TagList", deserialize_with = "lenient::list")]
    pub tags: Vec<super::vpc::Tag>,
}

/// A warehouse of Redshift.
#[derive(Debug, Clone, Default)]
pub struct Warehouse {
    /// Its name.
    pub name: String,
    /// What it logs.
    pub logging: Fact<WarehouseLogging>,
}

/// As `DescribeLoggingStatus` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WarehouseLogging {
    /// Whether it logs.
    #[serde(deserialize_with = "lenient::boolean")]
    pub logging_enabled: bool,
    /// The bucket, where it logs to S3.
    pub bucket_name: String,
    /// And below what.
    pub s3_key_prefix: String,
    /// When it last succeeded, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub last_successful_delivery_time: Option<i64>,
    /// When it last failed, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub last_failure_time: Option<i64>,
    /// Why.
    pub last_failure_message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WarehouseRow {
    cluster_identifier: String,
}

pub(super) async fn databases(caller: Caller<'_>) -> Databases {
    let (instances, clusters) = futures::join!(
        caller.list("rds:DescribeDBInstances", &[]),
        caller.list("rds:DescribeDBClusters", &[]),
    );
    Databases { instances, clusters }
}

pub(super) async fn warehouses(caller: Caller<'_>) -> Fact<Vec<Warehouse>> {
    let rows: Fact<Vec<WarehouseRow>> = caller.list("redshift:DescribeClusters", &[]).await;
    let rows = match rows {
        Fact::Known(rows) => rows,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = rows.into_iter().map(|row| async move {
        let name = row.cluster_identifier;
        let named = [("ClusterIdentifier", name.as_str())];
        let logging = caller.get("redshift:DescribeLoggingStatus", &named).await;
        Warehouse { name, logging }
    });
    Fact::Known(futures::future::join_all(asked).await)
}

pub(super) async fn tables(caller: Caller<'_>) -> Fact<Vec<String>> {
    caller.list("dynamodb:ListTables", &[]).await
}
