//! Everything that was read of one account, as three-valued facts.
//!
//! Checks see this, the baseline, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

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
use crate::collect::vpc::{Gateways, Network};
use crate::fact::Fact;
use crate::tags::Tags;

/// Stages of APIs: for each API, its stages.
pub type Stages = Fact<Vec<(String, Fact<Vec<Stage>>)>>;

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
    /// All buckets.
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
        self.buckets.known()?.iter().find(|bucket| bucket.name == name)
    }

    /// The beginnings of keys that logs are written under in a bucket; one without text where they
    /// may be anywhere.
    pub fn log_prefixes(&self, bucket: &str) -> Vec<String> {
        let joined = |prefix: &str| match prefix.trim_end_matches('/') {
            "" => "AWSLogs/".to_owned(),
            prefix => format!("{prefix}/AWSLogs/"),
        };
        let mut all = Vec::new();
        let of_trails = self.trails.values().filter(|trail| trail.row.bucket == bucket);
        all.extend(of_trails.map(|trail| joined(&trail.row.prefix)));
        for other in self.buckets.items().unwrap_or_default() {
            let logging = other.logging.known().filter(|log| log.target_bucket == bucket);
            all.extend(logging.map(|log| log.target_prefix.clone()));
        }
        for region in self.by_region.values() {
            let flows = region.network.flow_logs.items().unwrap_or_default().iter();
            let places = flows.filter_map(crate::collect::vpc::FlowLog::bucket);
            all.extend(places.filter(|place| place.0 == bucket).map(|place| joined(place.1)));
            let balancers = region.balancers.items().unwrap_or_default().iter();
            let places =
                balancers.flat_map(|b| b.bucket().into_iter().chain(b.connection_bucket()));
            all.extend(places.filter(|place| place.0 == bucket).map(|place| joined(place.1)));
            let channels = region.config.channels.items().unwrap_or_default().iter();
            let channels = channels.filter(|channel| channel.bucket == bucket);
            all.extend(channels.map(|channel| joined(&channel.prefix)));
            let configs = region.resolver.configs.items().unwrap_or_default().iter();
            let places = configs.map(|config| config.destination_arn.as_str());
            let here = places.filter(|arn| crate::arn::bucket(arn) == Some(bucket));
            all.extend(here.map(|arn| joined(arn.split_once('/').map_or("", |parts| parts.1))));
            let warehouses = region.warehouses.items().unwrap_or_default().iter();
            let logs = warehouses.filter_map(|warehouse| warehouse.logging.known());
            let here = logs.filter(|log| log.logging_enabled && log.bucket_name == bucket);
            all.extend(here.map(|log| log.s3_key_prefix.clone()));
        }
        let hosts = self.distributions.items().unwrap_or_default().iter();
        let mut hosts = hosts.filter_map(|distribution| distribution.bucket.known());
        if hosts.any(|host| host.split(".s3").next() == Some(bucket)) {
            all.push(String::new());
        }
        let firewalls = self.by_region.values().map(|region| &region.firewalls);
        for firewall in firewalls.chain([&self.global_firewalls]) {
            let logs = firewall.logging.items().unwrap_or_default().iter();
            let arns = logs.flat_map(|log| &log.log_destination_configs);
            let here = arns.filter(|arn| crate::arn::bucket(arn) == Some(bucket));
            all.extend(here.map(|arn| joined(arn.split_once('/').map_or("", |parts| parts.1))));
        }
        all.sort();
        all.dedup();
        all
    }

    /// Whether a bucket only takes access logs of others: the end of the chain.
    pub fn is_terminal(&self, name: &str, pattern: &str) -> bool {
        let pattern = pattern.replace("{account}", &self.account).replace("{region}", "*");
        let takes = self.buckets.items().unwrap_or_default().iter().any(|other| {
            other.name != name && other.logging.known().is_some_and(|log| log.target_bucket == name)
        });
        takes || crate::arn::matches(&pattern, name)
    }

    /// The buckets that any log is written to, as far as was read: "sinks".
    pub fn sink_names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> =
            self.trails.values().map(|trail| trail.row.bucket.clone()).collect();
        for bucket in self.buckets.items().unwrap_or_default() {
            names.extend(bucket.logging.known().map(|log| log.target_bucket.clone()));
        }
        for distribution in self.distributions.items().unwrap_or_default() {
            let host = distribution.bucket.known().map_or("", String::as_str);
            names.insert(host.split(".s3").next().unwrap_or_default().to_owned());
        }
        let firewalls = self.by_region.values().map(|region| &region.firewalls);
        for firewall in firewalls.chain([&self.global_firewalls]) {
            for logging in firewall.logging.items().unwrap_or_default() {
                let arns = logging.log_destination_configs.iter();
                names.extend(arns.filter_map(|arn| crate::arn::bucket(arn)).map(str::to_owned));
            }
        }
        for region in self.by_region.values() {
            names.extend(region.sink_names());
        }
        names.remove("");
        names
    }
}

impl Region {
    fn sink_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for log in self.network.flow_logs.items().unwrap_or_default() {
            names.extend(log.bucket().map(|(name, _)| name.to_owned()));
        }
        for config in self.resolver.configs.items().unwrap_or_default() {
            names.extend(crate::arn::bucket(&config.destination_arn).map(str::to_owned));
        }
        for channel in self.config.channels.items().unwrap_or_default() {
            names.insert(channel.bucket.clone());
        }
        for balancer in self.balancers.items().unwrap_or_default() {
            let places = balancer.bucket().into_iter().chain(balancer.connection_bucket());
            names.extend(places.map(|(name, _)| name.to_owned()));
        }
        for warehouse in self.warehouses.items().unwrap_or_default() {
            let logging = warehouse.logging.known().filter(|logging| logging.logging_enabled);
            names.extend(logging.map(|logging| logging.bucket_name.clone()));
        }
        names
    }
}
