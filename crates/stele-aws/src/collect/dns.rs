//! DNS: what the resolver logs of VPCs, and query logs of public zones.

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::lenient;

/// The resolver of a region.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    /// Configurations of the account, and those shared with it.
    pub configs: Fact<Vec<QueryLogConfig>>,
    /// Which VPCs they are applied to.
    pub associations: Fact<Vec<Association>>,
}

/// A query log configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct QueryLogConfig {
    /// `rqlc-…`.
    pub id: String,
    /// Whose it is.
    pub owner_id: String,
    /// `CREATED` or `FAILED`.
    pub status: String,
    /// The bucket, group or stream.
    pub destination_arn: String,
    /// Its name.
    pub name: String,
}

/// A configuration on a VPC.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Association {
    /// The configuration.
    pub resolver_query_log_config_id: String,
    /// The VPC.
    pub resource_id: String,
    /// `ACTIVE`, `CREATING`, `ACTION_NEEDED`, `DELETING` or `FAILED`.
    pub status: String,
    /// Why.
    pub error_message: String,
}

/// The zones of the account.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    /// Hosted zones.
    pub zones: Fact<Vec<Zone>>,
    /// Query logs.
    pub logs: Fact<Vec<ZoneLog>>,
}

/// A hosted zone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Zone {
    /// `/hostedzone/Z…`.
    pub id: String,
    /// The domain.
    pub name: String,
    /// Its settings.
    pub config: ZoneConfig,
}

/// The settings of a zone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ZoneConfig {
    /// Whether only VPCs see it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub private_zone: bool,
}

/// A query log of a zone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ZoneLog {
    /// The zone, without `/hostedzone/`.
    pub hosted_zone_id: String,
    /// The group.
    pub cloud_watch_logs_log_group_arn: String,
}

impl Zone {
    /// The id alone.
    pub fn short_id(&self) -> &str {
        self.id.strip_prefix("/hostedzone/").unwrap_or(&self.id)
    }
}

pub(super) async fn resolver(caller: Caller<'_>) -> Resolver {
    let (configs, associations) = futures::join!(
        caller.list("route53resolver:ListResolverQueryLogConfigs", &[]),
        caller.list("route53resolver:ListResolverQueryLogConfigAssociations", &[]),
    );
    Resolver { configs, associations }
}

pub(super) async fn zones(caller: Caller<'_>) -> Zones {
    let (zones, logs) = futures::join!(
        caller.list("route53:ListHostedZones", &[]),
        caller.list("route53:ListQueryLoggingConfigs", &[]),
    );
    Zones { zones, logs }
}
