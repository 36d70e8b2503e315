//! `dns.zone.public-query-log`: queries of public zones are logged.

use super::repair;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::client::Partition;
use crate::collect::Collector;
use crate::collect::dns::Zone;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking};
use crate::plan::change::{Builder, Change};
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::sink;
use serde_json::json;

/// Who writes query logs of zones.
const SERVICE: &str = "route53.amazonaws.com";

/// The check.
pub(super) struct ZoneQueryLog;

static META: Meta = Meta {
    id: "dns.zone.public-query-log",
    title: "queries of public zones are logged",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Zones, Collector::Groups],
    controls: &["FSBP:Route53.2"],
    passes: "a query log goes to a group in us-east-1 that exists",
    not_applicable: "the zone is private",
    why: "Who looks a domain over before an attack, and which names are taken over.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:CreateLogGroup, logs:PutResourcePolicy, route53:CreateQueryLoggingConfig",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &["route53_query_log"],
        cost: "ingest per GB",
    },
};

impl Check for ZoneQueryLog {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let region = Partition::of_region(&inventory.home_region).global_region;
        let zones = match inventory.zones.zones.items() {
            Ok(zones) => zones,
            Err(reason) => return findings.unread(region, "route53", "", reason),
        };
        for zone in zones {
            let arn =
                format!("arn:{}:route53:::hostedzone/{}", inventory.partition, zone.short_id());
            findings.add(region, arn, judge(inventory, zone));
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let id = finding.resource.rsplit('/').next().unwrap_or_default();
        let zones = inventory.zones.zones.items().unwrap_or_default();
        let Some(zone) = zones.iter().find(|zone| zone.short_id() == id) else { return };
        let logs = inventory.zones.logs.items().unwrap_or_default();
        if let Some(log) = logs.iter().find(|log| log.hosted_zone_id == id) {
            let group = &log.cloud_watch_logs_log_group_arn;
            return repair::group_arn(plan, group, Some(SERVICE));
        }
        let region = finding.region.as_str();
        let name = format!("{GROUPS}{}", plain(&zone.name));
        let group = sink::group(plan, region, &name);
        // One statement for all zones: a region takes ten policies, each of some length.
        let of_all = format!("{GROUPS}*");
        let allowed = sink::allow_groups(plan, region, SERVICE, &of_all, vec![group]);
        let arn = inventory.arn("logs", region, &format!("log-group:{name}"));
        let why = format!("queries of `{}` are logged to `{name}`", zone.name);
        let volume = Volume::range(0.0, 1.0, 100.0, "0 to 100 GB of queries a month");
        plan.change(
            Change::of("route53:CreateQueryLoggingConfig", region, finding.resource.as_str(), why)
                .by("HostedZoneId", id)
                .set(json!({"CloudWatchLogsLogGroupArn": arn}))
                .after([group, allowed])
                .cost("cloudwatch-ingest-gb", volume.by(Measure::zone(region, id))),
        );
    }
}

/// Where the groups of zones are.
const GROUPS: &str = "/aws/route53/";

/// A domain as the name of a log group: what those do not take is written `_`.
fn plain(domain: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    domain.trim_end_matches('.').chars().map(letter).collect()
}

fn judge(inventory: &Inventory, zone: &Zone) -> Verdict {
    if zone.config.private_zone {
        return Verdict::not_applicable("private", "only VPCs ask it, whose resolver logs");
    }
    let logs = match inventory.zones.logs.items() {
        Ok(logs) => logs,
        Err(reason) => return Verdict::unknown(reason),
    };
    let Some(log) = logs.iter().find(|log| log.hosted_zone_id == zone.short_id()) else {
        return Verdict::fail("no-query-log", format!("queries of `{}` are not logged", zone.name));
    };
    let group = &log.cloud_watch_logs_log_group_arn;
    match destination::group_arn(inventory, group) {
        Taking::Takes(_) => Verdict::pass(format!("queries of `{}` are logged", zone.name)),
        Taking::Refuses(code, reason) => Verdict::fail(code, reason),
        Taking::Unread(reason) => Verdict::unknown(&reason),
    }
}
