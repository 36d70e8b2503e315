//! Runs collectors: all regions at once, each call once.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::{Collector, application, balancer, config, database, dns, logs, s3, trail, vpc};
use super::{audit, guard, systems};
use crate::call::Aws;
use crate::caller::{CallLog, Caller};
use crate::client::Partition;
use crate::fact::{Fact, Unread};
use crate::inventory::{Inventory, Region};
use crate::tags::Tags;

/// What is read of an account.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Its number.
    pub account: String,
    /// As in ARNs.
    pub partition: String,
    /// The regions, which may not be empty.
    pub regions: Vec<String>,
    /// The region of what is global, where the policy or the environment names one.
    pub home_region: Option<String>,
    /// The time, in microseconds since 1970.
    pub now_micros: i64,
    /// What is read.
    pub collectors: BTreeSet<Collector>,
    /// Whether interfaces are read even where none has a flow log of its own.
    pub interfaces: bool,
    /// The tags that a resource must have to be judged.
    pub tags: Tags,
}

/// Reads an account.
pub async fn collect(aws: &dyn Aws, log: &CallLog, scope: &Scope) -> Inventory {
    let mut regions = scope.regions.clone();
    regions.sort();
    let first = regions.first().map_or("us-east-1", String::as_str);
    let global = Partition::of_region(first).global_region;
    let caller = Caller::new(aws, log, global);
    let wants = |collector| scope.collectors.contains(&collector);
    let by_region = async {
        let asked = regions.iter().map(|name| region(caller.at(name), name, scope));
        join_all(asked).await
    };
    let buckets = async {
        if wants(Collector::Buckets) { s3::buckets(caller).await } else { Fact::default() }
    };
    let organization = async {
        if !wants(Collector::Account) {
            return Fact::default();
        }
        caller.member("organizations:DescribeOrganization", &[], "Organization").await
    };
    let zones = async {
        if wants(Collector::Zones) { dns::zones(caller).await } else { dns::Zones::default() }
    };
    let edge = edge(caller, scope);
    let (by_region, buckets, organization, zones, (distributions, global_firewalls)) =
        futures::join!(by_region, buckets, organization, zones, edge);
    let mut inventory = Inventory {
        account: scope.account.clone(),
        partition: scope.partition.clone(),
        regions: regions.clone(),
        now_micros: scope.now_micros,
        tags: scope.tags.clone(),
        organization,
        buckets,
        zones,
        distributions,
        global_firewalls,
        ..Inventory::default()
    };
    let mut rows = BTreeMap::new();
    for (name, (region, seen)) in regions.iter().zip(by_region) {
        rows.extend(seen.into_iter().map(|row| (row.arn.clone(), row)));
        inventory.by_region.insert(name.clone(), region);
    }
    let trails = join_all(rows.into_values().map(|row| trail::details(caller, row))).await;
    inventory.trails = trails.into_iter().map(|trail| (trail.row.arn.clone(), trail)).collect();
    inventory.home_region = scope
        .home_region
        .clone()
        .or_else(|| inventory.trails.values().map(|trail| trail.row.home_region.clone()).next())
        .filter(|region| regions.contains(region))
        .unwrap_or_else(|| first.to_owned());
    followers(caller, scope, &mut inventory).await;
    inventory
}

/// CloudFront and the firewalls before it, which only one region knows.
async fn edge(
    caller: Caller<'_>,
    scope: &Scope,
) -> (Fact<Vec<application::Distribution>>, application::Firewalls) {
    let distributions = async {
        if scope.collectors.contains(&Collector::Distributions) {
            application::distributions(caller).await
        } else {
            Fact::default()
        }
    };
    let firewalls = async {
        // There is no CloudFront in the other partitions but China's, which has no such scope.
        if scope.partition != "aws" {
            application::Firewalls { acls: Fact::Absent, logging: Fact::Absent }
        } else if scope.collectors.contains(&Collector::Firewalls) {
            application::firewalls(caller, "CLOUDFRONT").await
        } else {
            application::Firewalls::default()
        }
    };
    futures::join!(distributions, firewalls)
}

/// What can be asked only when the rest is known: access logs, guards of sinks, keys.
async fn followers(caller: Caller<'_>, scope: &Scope, inventory: &mut Inventory) {
    if scope.collectors.contains(&Collector::BucketLogs)
        && let Fact::Known(buckets) = &mut inventory.buckets
    {
        join_all(buckets.iter_mut().map(|bucket| s3::logging(caller, bucket))).await;
    }
    if scope.collectors.contains(&Collector::Sinks) {
        let names: Vec<String> = inventory.log_places().into_keys().collect();
        let read = join_all(names.iter().map(|name| {
            let own = match &inventory.buckets {
                Fact::Unknown(reason) => Fact::Unknown(reason.clone()),
                _ => match inventory.bucket(name).map(|bucket| bucket.region.clone()) {
                    Some(region) => region.map(Some),
                    None => Fact::Known(None),
                },
            };
            s3::sink(caller, name, own)
        }));
        let sinks: Vec<s3::Sink> = read.await;
        inventory.sinks = names.into_iter().zip(sinks).collect();
        if !inventory.sinks.is_empty() {
            let account = [("AccountId", scope.account.as_str())];
            let path = "PublicAccessBlockConfiguration";
            let asked = caller.member("s3control:GetPublicAccessBlock", &account, path);
            inventory.account_block = asked.await;
        }
    }
    if scope.collectors.contains(&Collector::Keys) {
        let ids = key_ids(inventory);
        let keys = join_all(ids.iter().map(|id| key(caller, scope, id))).await;
        inventory.keys = ids.iter().cloned().zip(keys).collect();
    }
    if scope.collectors.contains(&Collector::KeyRotation) {
        let known = inventory.keys.iter_mut().filter_map(|(arn, key)| match key {
            Fact::Known(key) => Some((arn, key)),
            Fact::Absent | Fact::Unknown(_) => None,
        });
        let asked =
            known.map(|(arn, key)| application::rotation(caller.at(crate::arn::region(arn)), key));
        join_all(asked).await;
    }
}

fn key_ids(inventory: &Inventory) -> BTreeSet<String> {
    let of_trails = inventory.trails.values().filter_map(|trail| trail.row.kms_key_id.clone());
    let of_groups = inventory.by_region.values().flat_map(|region| {
        region.groups.items().unwrap_or_default().iter().filter_map(|g| g.kms_key_id.clone())
    });
    let of_sinks = inventory
        .sinks
        .values()
        .filter_map(|sink| sink.encryption.known().and_then(|encryption| encryption.key.clone()));
    let all = of_trails.chain(of_groups).chain(of_sinks);
    all.filter(|id| id.starts_with("arn:")).collect()
}

async fn key(caller: Caller<'_>, scope: &Scope, arn: &str) -> Fact<application::Key> {
    if crate::arn::account(arn) != scope.account {
        let text = format!("key `{arn}` belongs to an account that is not assessed");
        return Fact::Unknown(Unread::out_of_scope(text));
    }
    application::key(caller.at(crate::arn::region(arn)), arn).await
}

async fn region(caller: Caller<'_>, name: &str, scope: &Scope) -> (Region, Vec<trail::TrailRow>) {
    let wants = |collector| scope.collectors.contains(&collector);
    /// Runs what is wanted; the rest stays unread.
    macro_rules! wanted {
        ($collector:ident, $work:expr) => {
            async { if wants(Collector::$collector) { $work.await } else { Default::default() } }
        };
    }
    let groups = async {
        if !wants(Collector::Groups) {
            return Fact::default();
        }
        let mut groups = logs::groups(caller).await;
        if wants(Collector::Filters) {
            logs::filters(caller, &mut groups).await;
        }
        groups
    };
    let seen = wanted!(Trails, trail::seen(caller));
    let first = async {
        futures::join!(
            seen,
            wanted!(Network, vpc::collect(caller, scope.interfaces)),
            wanted!(Resolver, dns::resolver(caller)),
            wanted!(Config, config::collect(caller)),
            wanted!(Balancers, balancer::collect(caller, &scope.partition, &scope.account, name)),
            wanted!(Databases, database::databases(caller)),
            wanted!(Warehouses, database::warehouses(caller)),
            wanted!(Tables, database::tables(caller)),
        )
    };
    let second = async {
        futures::join!(
            groups,
            wanted!(AccountPolicies, logs::account_policies(caller)),
            wanted!(ResourcePolicies, logs::resource_policies(caller)),
            wanted!(Deliveries, logs::deliveries(caller)),
            wanted!(Functions, application::functions(caller)),
            wanted!(Kubernetes, application::clusters(caller)),
            wanted!(Firewalls, application::firewalls(caller, "REGIONAL")),
            wanted!(RestApis, application::rest_stages(caller)),
            wanted!(HttpApis, application::http_stages(caller)),
        )
    };
    let systems = async {
        let (nodes, instances) = futures::join!(
            wanted!(Nodes, systems::nodes(caller)),
            wanted!(Instances, systems::instances(caller)),
        );
        let associations = wanted!(Associations, systems::associations(caller, &nodes)).await;
        systems::Systems { nodes, associations, instances }
    };
    let third = async {
        futures::join!(
            systems,
            wanted!(Aggregators, config::aggregators(caller)),
            wanted!(Detectors, guard::detectors(caller)),
            wanted!(Hub, guard::hub(caller)),
        )
    };
    let (first, second, third) = futures::join!(first, second, third);
    let gateway_role = application::gateway_role(caller, &second.7, &second.8).await;
    let (seen, network, resolver, config, balancers, databases, warehouses, tables) = first;
    let (gateways, audit) = futures::join!(
        wanted!(Gateways, vpc::gateways(caller, &network.flow_logs)),
        wanted!(DatabaseAudit, audit::settings(caller, &databases)),
    );
    let (groups, account_policies, resource_policies, deliveries, functions, kubernetes, ..) =
        &second;
    let region = Region {
        trails: seen
            .clone()
            .map(|rows: Vec<trail::TrailRow>| rows.into_iter().map(|row| row.arn).collect()),
        network,
        resolver,
        config,
        balancers,
        databases,
        warehouses,
        tables,
        groups: groups.clone(),
        account_policies: account_policies.clone(),
        resource_policies: resource_policies.clone(),
        deliveries: deliveries.clone(),
        functions: functions.clone(),
        kubernetes: kubernetes.clone(),
        firewalls: second.6,
        rest_apis: second.7,
        http_apis: second.8,
        gateway_role,
        systems: third.0,
        gateways,
        audit,
        aggregators: third.1,
        detectors: third.2,
        hub: third.3,
    };
    (region, seen.known().cloned().unwrap_or_default())
}
