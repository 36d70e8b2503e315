//! Everything that was read of one account, as three-valued facts.
//!
//! Checks see this, the baseline, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::arn;
use crate::collect::application::{
    Distribution, Firewalls, Function, Key, KubernetesCluster, Stage,
};
use crate::collect::audit::AuditSettings;
use crate::collect::balancer::Balancer;
use crate::collect::config::{Aggregator, Config};
use crate::collect::database::{Databases, Warehouse};
use crate::collect::dns::{Resolver, Zones};
use crate::collect::guard::Detector;
use crate::collect::logs::{AccountPolicy, Deliveries, Group, ResourcePolicy};
use crate::collect::s3::{Block, Bucket, Sink};
use crate::collect::systems::Systems;
use crate::collect::trail::Trail;
use crate::collect::vpc::{FlowLog, Gateways, Network};
use crate::fact::Fact;
use crate::tags::Tags;

/// Stages of APIs: for each API, its stages.
pub type Stages = Fact<Vec<(String, Fact<Vec<Stage>>)>>;

/// Buckets that logs are written to, each with the beginnings of their keys.
pub type LogPlaces = BTreeMap<String, BTreeSet<String>>;

/// One account.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Its number.
    pub account: String,
    /// As in ARNs.
    pub partition: String,
    /// The regions that are assessed, sorted.
    pub regions: Vec<String>,
    /// Where global Config types belong and new trails would be made.
    pub home_region: String,
    /// When it was read, in microseconds since 1970.
    pub now_micros: i64,
    /// The tags that a resource must have to be judged.
    pub tags: Tags,
    /// The organisation; absent where the account is in none.
    pub organization: Fact<Organization>,
    /// What each region has.
    pub by_region: BTreeMap<String, Region>,
    /// All trails that any region sees, by ARN.
    pub trails: BTreeMap<String, Trail>,
    /// All buckets, by name.
    pub buckets: Fact<Vec<Bucket>>,
    /// Buckets that logs are written to, by name.
    pub sinks: BTreeMap<String, Sink>,
    /// The account's public access block.
    pub account_block: Fact<Block>,
    /// Hosted zones.
    pub zones: Zones,
    /// CloudFront.
    pub distributions: Fact<Vec<Distribution>>,
    /// Web ACLs of CloudFront.
    pub global_firewalls: Firewalls,
    /// Keys that logs are encrypted with, by what names them.
    pub keys: BTreeMap<String, Fact<Key>>,
}

/// An organisation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// Its management account.
    pub master_account_id: String,
}

/// One region.
#[derive(Debug, Clone, Default)]
pub struct Region {
    /// ARNs of the trails that it sees.
    pub trails: Fact<Vec<String>>,
    /// VPCs and flow logs.
    pub network: Network,
    /// Resolver query logs.
    pub resolver: Resolver,
    /// AWS Config.
    pub config: Config,
    /// Load balancers.
    pub balancers: Fact<Vec<Balancer>>,
    /// RDS and relatives.
    pub databases: Databases,
    /// Redshift.
    pub warehouses: Fact<Vec<Warehouse>>,
    /// DynamoDB.
    pub tables: Fact<Vec<String>>,
    /// Log groups.
    pub groups: Fact<Vec<Group>>,
    /// Subscriptions of the whole account.
    pub account_policies: Fact<Vec<AccountPolicy>>,
    /// Policies that let services write to groups.
    pub resource_policies: Fact<Vec<ResourcePolicy>>,
    /// Logs that AWS delivers.
    pub deliveries: Deliveries,
    /// Functions.
    pub functions: Fact<Vec<Function>>,
    /// Kubernetes.
    pub kubernetes: Fact<Vec<KubernetesCluster>>,
    /// Web ACLs.
    pub firewalls: Firewalls,
    /// REST APIs.
    pub rest_apis: Stages,
    /// HTTP and WebSocket APIs.
    pub http_apis: Stages,
    /// The role by which REST and WebSocket APIs write logs; absent where there is no such API.
    pub gateway_role: Fact<String>,
    /// Machines.
    pub systems: Systems,
    /// Transit gateways.
    pub gateways: Gateways,
    /// What engines of databases are told about auditing.
    pub audit: AuditSettings,
    /// Aggregators of AWS Config.
    pub aggregators: Fact<Vec<Aggregator>>,
    /// Detectors of GuardDuty.
    pub detectors: Fact<Vec<Detector>>,
    /// The ARN of the hub of Security Hub.
    pub hub: Fact<String>,
}

impl Inventory {
    /// A region that is assessed.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.by_region.get(name)
    }

    /// The trails that a region sees, with what was read of them.
    pub fn trails_in(&self, region: &Region) -> Fact<Vec<&Trail>> {
        region
            .trails
            .clone()
            .map(|arns| arns.iter().filter_map(|arn| self.trails.get(arn)).collect::<Vec<&Trail>>())
    }

    /// An ARN of this account.
    pub fn arn(&self, service: &str, region: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{region}:{}:{rest}", self.partition, self.account)
    }

    /// The ARN of a bucket.
    pub fn bucket_arn(&self, name: &str) -> String {
        format!("arn:{}:s3:::{name}", self.partition)
    }

    /// A bucket of the account by its name.
    pub fn bucket(&self, name: &str) -> Option<&Bucket> {
        let buckets = self.buckets.known()?;
        let place = buckets.binary_search_by(|bucket| bucket.name.as_str().cmp(name));
        buckets.get(place.ok()?)
    }

    /// The buckets that any log is written to, as far as was read ("sinks"), each with the
    /// beginnings of keys that logs are written under; one without text where they may be anywhere.
    pub fn log_places(&self) -> LogPlaces {
        let mut all = LogPlaces::new();
        let mut add = |bucket: &str, prefix: String| {
            if !bucket.is_empty() {
                all.entry(bucket.to_owned()).or_default().insert(prefix);
            }
        };
        let vended = |prefix: &str| format!("{}AWSLogs/", arn::folder(prefix));
        for Trail { row, .. } in self.trails.values() {
            add(&row.bucket, vended(&row.prefix));
        }
        for bucket in self.buckets.items().unwrap_or_default() {
            if let Some(log) = bucket.logging.known() {
                add(&log.target_bucket, log.target_prefix.clone());
            }
        }
        for region in self.by_region.values() {
            for (bucket, prefix) in region.vended_places() {
                add(bucket, vended(prefix));
            }
            for warehouse in region.warehouses.items().unwrap_or_default() {
                if let Some(log) = warehouse.logging.known().filter(|log| log.logging_enabled) {
                    add(&log.bucket_name, log.s3_key_prefix.clone());
                }
            }
        }
        for distribution in self.distributions.items().unwrap_or_default() {
            let host = distribution.bucket.known().map_or("", String::as_str);
            add(host.split(".s3").next().unwrap_or_default(), String::new());
        }
        let firewalls = self.by_region.values().map(|region| &region.firewalls);
        for firewall in firewalls.chain([&self.global_firewalls]) {
            let logs = firewall.logging.items().unwrap_or_default();
            let arns = logs.iter().flat_map(|log| &log.log_destination_configs);
            for (bucket, prefix) in arns.filter_map(|to| arn::place(to)) {
                add(bucket, vended(prefix));
            }
        }
        all
    }

    /// Whether a bucket only takes access logs of others: the end of the chain.
    pub fn is_terminal(&self, name: &str, pattern: &str) -> bool {
        let pattern = pattern.replace("{account}", &self.account).replace("{region}", "*");
        let takes = self.buckets.items().unwrap_or_default().iter().any(|other| {
            other.name != name && other.logging.known().is_some_and(|log| log.target_bucket == name)
        });
        takes || arn::matches(&pattern, name)
    }
}

impl Region {
    /// Buckets and prefixes that are told to services which write below `AWSLogs/` there.
    fn vended_places(&self) -> impl Iterator<Item = (&str, &str)> {
        let flows = self.network.flow_logs.items().unwrap_or_default().iter();
        let flows = flows.filter_map(FlowLog::bucket);
        let configs = self.resolver.configs.items().unwrap_or_default().iter();
        let queries = configs.filter_map(|config| arn::place(&config.destination_arn));
        let channels = self.config.channels.items().unwrap_or_default().iter();
        let channels = channels.map(|channel| (channel.bucket.as_str(), channel.prefix.as_str()));
        let balancers = self.balancers.items().unwrap_or_default().iter();
        let balancers = balancers.flat_map(|b| b.bucket().into_iter().chain(b.connection_bucket()));
        flows.chain(queries).chain(channels).chain(balancers)
    }
}
