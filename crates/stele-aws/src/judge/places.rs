//! Where the log of something goes: the buckets, log groups and keys that are used only because it
//! is written there.
//!
//! A finding that passes says so in its evidence. When it fails later, what was said of those
//! places is known to follow from it.

use crate::finding::Finding;
use crate::inventory::{Inventory, Region, Stages};

/// The name in the evidence.
pub const EVIDENCE: &str = "Destinations";

/// The ARNs of where the subject of a finding writes to; none where the check is about something
/// else.
pub fn of(inventory: &Inventory, finding: &Finding) -> Vec<String> {
    let mut all: Vec<String> = match finding.id.split('.').next() {
        Some("ct") if finding.id.starts_with("ct.trail.") => trail(inventory, finding),
        Some("ct" | "s3") => bucket(inventory, finding),
        Some("log" | "fn") => group(inventory, finding),
        _ => inventory
            .region(&finding.region)
            .map(|region| regional(inventory, region, finding))
            .unwrap_or_default(),
    };
    all.retain(|arn| !arn.is_empty());
    for arn in &mut all {
        if let Some(short) = arn.strip_suffix(":*") {
            *arn = short.to_owned();
        }
    }
    all.sort();
    all.dedup();
    all
}

fn trail(inventory: &Inventory, finding: &Finding) -> Vec<String> {
    let Some(trail) = inventory.trails.get(&finding.resource) else { return Vec::new() };
    let row = &trail.row;
    let bucket = inventory.bucket_arn(&row.bucket);
    let key = row.kms_key_id.clone().unwrap_or_default();
    let group = row.cloud_watch_logs_log_group_arn.clone().unwrap_or_default();
    match finding.id {
        "ct.trail.all-regions" => vec![bucket, key, group],
        "ct.trail.delivery" => vec![bucket],
        "ct.trail.kms" => vec![key],
        "ct.trail.cwl" => vec![group],
        _ => Vec::new(),
    }
}

fn bucket(inventory: &Inventory, finding: &Finding) -> Vec<String> {
    let Some(name) = crate::arn::bucket(&finding.resource) else { return Vec::new() };
    if ["s3.access", "ct.bucket.access-log"].contains(&finding.id) {
        let log = inventory.bucket(name).and_then(|bucket| bucket.logging.known());
        return log.map(|log| inventory.bucket_arn(&log.target_bucket)).into_iter().collect();
    }
    if !finding.id.starts_with("ct.bucket.") {
        return Vec::new();
    }
    // Its key is one of logs only while the bucket is.
    let encryption = inventory.sinks.get(name).and_then(|sink| sink.encryption.known());
    encryption.and_then(|encryption| encryption.key.clone()).into_iter().collect()
}

fn group(inventory: &Inventory, finding: &Finding) -> Vec<String> {
    let Some(region) = inventory.region(&finding.region) else { return Vec::new() };
    let found = match finding.id {
        "log.group.kms" => {
            let mut groups = region.groups.items().unwrap_or_default().iter();
            let group = groups.find(|group| group.resource() == finding.resource);
            group.and_then(|group| group.kms_key_id.clone())
        }
        "fn.lambda.group" => {
            let mut functions = region.functions.items().unwrap_or_default().iter();
            let function = functions.find(|each| each.function_arn == finding.resource);
            function.map(|each| {
                inventory.arn("logs", &finding.region, &format!("log-group:{}", each.group()))
            })
        }
        _ => None,
    };
    found.into_iter().collect()
}

fn regional(inventory: &Inventory, region: &Region, finding: &Finding) -> Vec<String> {
    let resource = finding.resource.as_str();
    let last = crate::arn::last(resource);
    let bucket = |name: &str| inventory.bucket_arn(name);
    match finding.id {
        "vpc.flow.coverage" | "vpc.flow.delivery" | "tgw.flow.coverage" => {
            flow_logs(inventory, region, finding, last)
        }
        "dns.resolver.coverage" | "dns.resolver.destination" => {
            let all = region.resolver.associations.items().unwrap_or_default().iter();
            let here = all.filter(|each| each.resource_id == last);
            let ids: Vec<&String> = here.map(|each| &each.resolver_query_log_config_id).collect();
            let configs = region.resolver.configs.items().unwrap_or_default().iter();
            let used = configs.filter(|config| ids.contains(&&config.id));
            used.map(|config| whole(inventory, &config.destination_arn)).collect()
        }
        "dns.zone.public-query-log" => {
            let logs = inventory.zones.logs.items().unwrap_or_default().iter();
            let here = logs.filter(|log| log.hosted_zone_id == last);
            here.map(|log| log.cloud_watch_logs_log_group_arn.clone()).collect()
        }
        "cfg.recorder.on" | "cfg.channel.delivery" => {
            let channels = region.config.channels.items().unwrap_or_default().iter();
            channels.map(|channel| bucket(&channel.bucket)).collect()
        }
        "lb.alb.access" | "lb.nlb.access" | "lb.clb.access" | "lb.destination" => {
            let mut all = region.balancers.items().unwrap_or_default().iter();
            let place = all.find(|each| each.arn == resource).and_then(|each| each.bucket());
            place.map(|(name, _)| bucket(name)).into_iter().collect()
        }
        "lb.alb.connection" => {
            let mut all = region.balancers.items().unwrap_or_default().iter();
            let found = all.find(|each| each.arn == resource);
            let place = found.and_then(|each| each.connection_bucket());
            place.map(|(name, _)| bucket(name)).into_iter().collect()
        }
        "db.redshift.audit" => {
            let mut all = region.warehouses.items().unwrap_or_default().iter();
            let logging = all.find(|each| each.name == last).and_then(|each| each.logging.known());
            logging.map(|logging| bucket(&logging.bucket_name)).into_iter().collect()
        }
        "cdn.cloudfront" => {
            let mut all = inventory.distributions.items().unwrap_or_default().iter();
            let host = all.find(|each| each.arn == resource).and_then(|each| each.bucket.known());
            let name = host.and_then(|host| host.split(".s3").next()).filter(|n| !n.is_empty());
            name.map(bucket).into_iter().collect()
        }
        "waf.acl" => {
            let both = [&region.firewalls, &inventory.global_firewalls];
            let all = both.into_iter().flat_map(|each| each.logging.items().unwrap_or_default());
            let here = all.filter(|logging| logging.resource_arn == resource);
            let arns = here.flat_map(|logging| &logging.log_destination_configs);
            arns.map(|arn| whole(inventory, arn)).collect()
        }
        "api.rest.access" => stage(&region.rest_apis, resource),
        "api.http.access" => stage(&region.http_apis, resource),
        _ => Vec::new(),
    }
}

/// A destination without what stands behind the bucket's name.
fn whole(inventory: &Inventory, arn: &str) -> String {
    crate::arn::bucket(arn).map_or_else(|| arn.to_owned(), |name| inventory.bucket_arn(name))
}

fn flow_logs(inventory: &Inventory, region: &Region, finding: &Finding, vpc: &str) -> Vec<String> {
    let network = &region.network;
    let subnets = network.subnets.items().unwrap_or_default().iter();
    let subnets = subnets.filter(|subnet| subnet.vpc_id == vpc).map(|s| s.subnet_id.as_str());
    let interfaces = network.interfaces.items().unwrap_or_default().iter();
    let interfaces =
        interfaces.filter(|each| each.vpc_id == vpc).map(|i| i.network_interface_id.as_str());
    let ids: Vec<&str> = subnets.chain(interfaces).chain([vpc]).collect();
    let logs = network.flow_logs.items().unwrap_or_default().iter();
    let here = logs.filter(|log| ids.contains(&log.resource_id.as_str()));
    here.filter_map(|log| {
        if let Some((name, _)) = log.bucket() {
            return Some(inventory.bucket_arn(name));
        }
        let group = format!("log-group:{}", log.group()?);
        Some(inventory.arn("logs", &finding.region, &group))
    })
    .collect()
}

fn stage(apis: &Stages, resource: &str) -> Vec<String> {
    let all = apis.items().unwrap_or_default().iter();
    let all = all.flat_map(|(_, stages)| stages.items().unwrap_or_default());
    let here =
        all.filter(|each| resource.ends_with(&format!("/{}/stages/{}", each.api, each.name)));
    here.map(|each| each.access_log.clone()).collect()
}
