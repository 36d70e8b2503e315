//! `dns.resolver.destination`: query logs of VPCs arrive where they are sent.

use super::network::{each_vpc, vpc_of};
use super::repair::{self, Place};
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::fact::Unread;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::inventory::Region;
use crate::judge::destination::{self, Taking, Writer};
use crate::plan::change::Builder;
use crate::plan::sink::Writer as SinkWriter;

/// The check.
pub(super) struct ResolverDestination;

static META: Meta = Meta {
    id: "dns.resolver.destination",
    title: "query logs of VPCs are delivered",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Network, Collector::Resolver, Collector::Groups, Collector::Sinks],
    controls: &[],
    passes: "the destination of each configuration on the VPC exists and takes what is written",
    not_applicable: "no configuration is on the VPC",
    why: "A configuration is active even where nothing may be written.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketPolicy; s3:CreateBucket or logs:CreateLogGroup with \
              logs:PutResourcePolicy, where what it writes to is gone",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for ResolverDestination {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_vpc(inventory, baseline, findings, |name, region, vpc| {
            let all = match region.resolver.associations.items() {
                Ok(all) => all,
                Err(reason) => return Verdict::unknown(reason),
            };
            let ids: Vec<&str> = all
                .iter()
                .filter(|each| each.resource_id == vpc.vpc_id)
                .map(|each| each.resolver_query_log_config_id.as_str())
                .collect();
            if ids.is_empty() {
                return Verdict::not_applicable("no-query-log", "no query log is on it");
            }
            let mut unread = None;
            for id in ids {
                match taking(inventory, name, region, id, &vpc.vpc_id) {
                    Taking::Takes(_) => {}
                    Taking::Refuses(code, reason) => return Verdict::fail(code, reason),
                    Taking::Unread(reason) => unread = Some(reason),
                }
            }
            match unread {
                Some(reason) => Verdict::unknown(&reason),
                None => Verdict::pass("its query log is taken"),
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let Some((region, vpc)) = vpc_of(inventory, finding) else { return };
        let associations = region.resolver.associations.items().unwrap_or_default();
        for config in region.resolver.configs.items().unwrap_or_default() {
            let is_on = associations.iter().any(|each| {
                each.resource_id == vpc.vpc_id && each.resolver_query_log_config_id == config.id
            });
            let taking = taking(inventory, &finding.region, region, &config.id, &vpc.vpc_id);
            let (true, Taking::Refuses(code, reason)) = (is_on, taking) else { continue };
            let to = config.destination_arn.as_str();
            if config.owner_id != inventory.account {
                let (name, owner) = (&config.name, &config.owner_id);
                let reason = format!("configuration `{name}` belongs to account {owner}: {reason}");
                plan.block("owner-decides", reason, &["ask its owner to mend where it goes"]);
            } else if let Some((bucket, prefix)) = arn::place(to) {
                let place = Place { bucket, prefix, writer: SinkWriter::Delivery };
                repair::bucket(plan, &place, &finding.region, (code, reason.as_str()));
            } else {
                repair::group_arn(plan, to, Some("delivery.logs.amazonaws.com"));
            }
        }
    }
}

/// Whether the destination of a configuration takes what is written for a VPC.
pub(super) fn taking(
    inventory: &Inventory,
    name: &str,
    region: &Region,
    id: &str,
    vpc: &str,
) -> Taking {
    let configs = match region.resolver.configs.items() {
        Ok(configs) => configs,
        Err(reason) => return Taking::Unread(reason.clone()),
    };
    let Some(config) = configs.iter().find(|config| config.id == id) else {
        let text = format!("query log configuration `{id}` is not visible here");
        return Taking::Unread(Unread::out_of_scope(text));
    };
    let to = config.destination_arn.as_str();
    if let Some((bucket, prefix)) = arn::place(to) {
        let prefix = arn::folder(prefix);
        let writer = Writer {
            principals: &["Service:delivery.logs.amazonaws.com"],
            key: format!("{prefix}AWSLogs/{}/vpcdnsquerylogs/{vpc}/x", inventory.account),
            source_arn: None,
        };
        return destination::bucket(inventory, bucket, &writer);
    }
    if arn::log_group(to).is_some() {
        return destination::group_arn(inventory, to);
    }
    Taking::Unread(Unread::out_of_scope(format!("`{to}` in {name} is a stream, which is not read")))
}
