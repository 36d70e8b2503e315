//! Flow logs that a plan makes, and those that it lets go.

use serde_json::json;

use crate::arn;
use crate::collect::vpc::FlowLog;
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking, Writer as Delivered};
use crate::plan::Allowance;
use crate::plan::change::{Builder, Change, Handle};
use crate::plan::cost::Volume;
use crate::plan::role;
use crate::plan::setting::flow_log_type;
use crate::plan::short_hash;
use crate::plan::sink::{self, Sink, Writer};

/// The service that writes flow logs to groups.
const SERVICE: &str = "vpc-flow-logs.amazonaws.com";
/// The role by which it does.
const ROLE: &str = "stele-flow-logs";
/// What the logs of a thing come to.
const VOLUME: Volume = Volume::range(0.1, 5.0, 500.0, "0.1 to 500 GB of flow logs a month");

/// A flow log that is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// A VPC, a subnet, an interface or a transit gateway.
    pub(super) id: String,
    /// `ALL`, `ACCEPT` or `REJECT`; empty for transit gateways, of which all is logged.
    pub(super) traffic: String,
    /// The fields; AWS's own where it is empty.
    pub(super) fields: Vec<String>,
    /// `s3`, `cloudwatch`, or an ARN.
    pub(super) destination: String,
    /// The role that writes to a group; ours where it is empty.
    pub(super) role: String,
}

/// Where it goes.
struct Place {
    kind: &'static str,
    arn: String,
    role: Option<String>,
    after: Vec<Handle>,
    item: &'static str,
}

/// The one that the policy wants on the VPC of a finding.
pub(super) fn by_policy(finding: &Finding, plan: &Builder<'_>) -> Wanted {
    let wanted = &plan.baseline.vpc_flow;
    Wanted {
        id: finding.resource.rsplit('/').next().unwrap_or_default().to_owned(),
        traffic: wanted.traffic.clone(),
        fields: wanted.fields.clone(),
        destination: wanted.destination.clone(),
        role: String::new(),
    }
}

/// Plans a flow log. `instead` is one that would do, could it be changed.
pub(super) fn make(
    finding: &Finding,
    plan: &mut Builder<'_>,
    wanted: &Wanted,
    instead: Option<&FlowLog>,
) -> Option<Handle> {
    let region = finding.region.as_str();
    let fields: Vec<String> = wanted.fields.iter().map(|field| format!("${{{field}}}")).collect();
    let format = fields.join(" ");
    let place = place(plan, region, wanted, &format)?;
    // AWS takes no other interval for transit gateways.
    let is_gateway = wanted.id.starts_with("tgw-");
    let interval_s = if is_gateway { 60 } else { plan.baseline.vpc_flow.aggregation_s };
    let mut params = json!({
        "ResourceType": flow_log_type(&wanted.id),
        "MaxAggregationInterval": interval_s,
        "LogDestinationType": place.kind,
        "LogDestination": place.arn,
        "TagSpecifications": [{"ResourceType": "vpc-flow-log",
            "Tags": [{"Key": "stele:managed", "Value": "true"}]}],
    });
    if !wanted.traffic.is_empty() {
        params["TrafficType"] = json!(wanted.traffic);
    }
    if !format.is_empty() {
        params["LogFormat"] = json!(format);
    }
    if let Some(role) = place.role {
        params["DeliverLogsPermissionArn"] = json!(role);
    } else if plan.baseline.vpc_flow.file_format == "parquet" {
        params["DestinationOptions"] = json!({"FileFormat": "parquet",
            "HiveCompatiblePartitions": false, "PerHourPartition": false});
    }
    let id = &wanted.id;
    let traffic = if wanted.traffic.is_empty() { "ALL" } else { &wanted.traffic };
    let why = match instead {
        None => format!("{traffic} traffic of `{id}` is logged"),
        Some(old) => format!(
            "{traffic} traffic of `{id}` is logged beside `{}`, which cannot be changed",
            old.flow_log_id
        ),
    };
    let mut change = Change::of("ec2:CreateFlowLogs", region, finding.resource.as_str(), why)
        .by("ResourceIds", json!([id]))
        .by("LogDestination", params["LogDestination"].clone());
    // A thing may get several: they are told apart by what they write, and where.
    if !format.is_empty() {
        change = change.by("LogFormat", format);
    }
    change = change.set(params).after(place.after).cost(place.item, VOLUME);
    if let Some(old) = instead.filter(|_| !plan.allows(Allowance::Replace)) {
        let text = format!("while `{}` runs beside it, both are paid for", old.flow_log_id);
        change = change.warn(text);
    }
    Some(plan.change(change))
}

/// Plans that a flow log goes, after another has taken its place.
pub(super) fn remove(
    finding: &Finding,
    plan: &mut Builder<'_>,
    old: &FlowLog,
    after: impl IntoIterator<Item = Handle>,
) {
    let id = &old.flow_log_id;
    let resource = plan.inventory.arn("ec2", &finding.region, &format!("vpc-flow-log/{id}"));
    let why = format!("flow log `{id}` goes, for another has taken its place");
    let change = Change::of("ec2:DeleteFlowLogs", &finding.region, resource, why);
    plan.change(change.by("FlowLogIds", json!([id])).after(after));
}

/// Where a flow log goes, with all that must be there for it.
fn place(plan: &mut Builder<'_>, region: &str, wanted: &Wanted, format: &str) -> Option<Place> {
    let id = &wanted.id;
    let inventory = plan.inventory;
    let facts = inventory.region(region);
    let logs = facts.map_or(&[][..], |r| r.network.flow_logs.items().unwrap_or_default());
    let there = || logs.iter().filter(|log| log.resource_id == *id);
    if let Some(name) = arn::log_group(&wanted.destination) {
        let (there, account) =
            (arn::region(&wanted.destination), arn::account(&wanted.destination));
        if there != region || account != plan.inventory.account {
            let reason = format!(
                "`{id}` is in {region} of account {}, log group `{name}` in {there} of {account}: \
                 flow logs go to groups of their own region and account",
                plan.inventory.account
            );
            let choices = ["name a log group of the region", "name a bucket"];
            plan.block("other-region", reason, &choices);
            return None;
        }
        return Some(in_group(plan, region, name, &wanted.role));
    }
    // AWS takes no second flow log to the same place on a thing: each format has its own folder.
    let folder = format!("fields-{}", short_hash(format));
    let taken = |arn: &str| there().any(|log| log.log_destination.trim_end_matches('/') == arn);
    if wanted.destination == "cloudwatch" {
        let mut name = format!("/aws/vpc-flow-logs/{id}");
        if there().any(|log| log.group() == Some(name.as_str())) {
            name = format!("{name}/{folder}");
        }
        return Some(in_group(plan, region, &name, &wanted.role));
    }
    let (name, mut prefix) = match arn::place(&wanted.destination) {
        Some((name, prefix)) => (Some(name.to_owned()), prefix.trim_end_matches('/').to_owned()),
        None => match in_use(plan, region) {
            Some((name, prefix)) => (Some(name), prefix),
            None => (None, String::new()),
        },
    };
    let there_is = name.as_deref().is_some_and(|name| inventory.bucket(name).is_some());
    let bucket = match name {
        // What a bucket that is there lacks is told of it by itself.
        Some(name) if there_is => Sink { name, after: Vec::new() },
        Some(name) => sink::named(plan, &name, region),
        None => sink::bucket(plan, region),
    };
    let arn = |prefix: &str| match prefix {
        "" => inventory.bucket_arn(&bucket.name),
        prefix => format!("{}/{prefix}", inventory.bucket_arn(&bucket.name)),
    };
    if taken(&arn(&prefix)) {
        prefix = if prefix.is_empty() { folder } else { format!("{prefix}/{folder}") };
    }
    let mut after = bucket.after.clone();
    let takes = destination::bucket(inventory, &bucket.name, &writer(inventory, region, &prefix));
    if !matches!(takes, Taking::Takes(_)) {
        after = vec![sink::allow(plan, &bucket, region, Writer::Delivery, &prefix)];
    }
    let slash = if prefix.is_empty() { "" } else { "/" };
    let arn = format!("{}{slash}", arn(&prefix));
    Some(Place { kind: "s3", arn, role: None, after, item: "vended-s3-gb" })
}

/// Who writes flow logs below a prefix.
pub(super) fn writer(inventory: &Inventory, region: &str, prefix: &str) -> Delivered<'static> {
    let prefix = arn::folder(prefix);
    let account = &inventory.account;
    Delivered {
        principals: &["Service:delivery.logs.amazonaws.com"],
        key: format!("{prefix}AWSLogs/{account}/vpcflowlogs/{region}/x"),
        source_arn: None,
    }
}

/// The bucket of the account, and the prefix in it, that flow logs of a region go to already, where
/// the policy names no other.
fn in_use(plan: &Builder<'_>, region: &str) -> Option<(String, String)> {
    if !sink::is_free(plan, region) {
        return None;
    }
    let inventory = plan.inventory;
    let logs = inventory.region(region)?.network.flow_logs.items().ok()?;
    let mut places = logs.iter().filter(|log| log.deliver_logs_status != "FAILED");
    let (name, prefix) = places.find_map(|log| {
        let (name, prefix) = log.bucket()?;
        let takes = destination::bucket(inventory, name, &writer(inventory, region, prefix));
        matches!(takes, Taking::Takes(_)).then_some((name, prefix))
    })?;
    Some((name.to_owned(), prefix.to_owned()))
}

fn in_group(plan: &mut Builder<'_>, region: &str, name: &str, role: &str) -> Place {
    let group = sink::group(plan, region, name);
    let arn = plan.inventory.arn("logs", region, &format!("log-group:{name}"));
    let role = if role.is_empty() { ROLE } else { role };
    let role = role::of_group(plan, role, SERVICE, &format!("{arn}:*"));
    let mut after = role.after;
    after.push(group);
    Place {
        kind: "cloud-watch-logs",
        arn,
        role: Some(role.arn),
        after,
        item: "vended-cloudwatch-gb",
    }
}
