//! `cfg.aggregator`: what AWS Config knows of all accounts and regions is put together.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::config::{Aggregator, Source};
use crate::fact::Fact;
use crate::finding::{Remedy, Severity, Status, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct ConfigAggregator;

static META: Meta = Meta {
    id: "cfg.aggregator",
    title: "an aggregator takes in all regions of the account or its organisation",
    severity: Severity::Low,
    default: false,
    source: false,
    reads: &[Collector::Aggregators, Collector::Account],
    controls: &[],
    passes: "one aggregator takes in everything from all regions that are assessed, of the \
             organisation where the account manages one, and none of its sources fails",
    not_applicable: "the account is a member of an organisation, and the account that manages it \
                     or was told to decides",
    why: "What was where, in one place, when an account is looked into.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: config:PutConfigurationAggregator",
        undo: Undo::None,
        cloudformation: &["Config::ConfigurationAggregator"],
        terraform: &["config_configuration_aggregator"],
        cost: "",
    },
};

impl Check for ConfigAggregator {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let mut judged: Vec<(&str, &Aggregator, Verdict)> = Vec::new();
        let mut all_read = true;
        for (name, region) in regions(inventory) {
            match region.aggregators.items() {
                Ok(all) => {
                    judged.extend(all.iter().map(|each| (name, each, judge(inventory, each))));
                }
                Err(reason) => {
                    all_read = false;
                    findings.unread(name, "config", "config-aggregator/*", reason);
                }
            }
        }
        // One that is good is enough; where none is known to be, one that was not read may be.
        let rank = |verdict: &Verdict| match verdict.status {
            Status::Pass => 0,
            Status::Unknown => 1,
            Status::Fail | Status::Blocked | Status::NotApplicable => 2,
        };
        let best = judged.into_iter().min_by_key(|(.., verdict)| rank(verdict));
        match best {
            Some((region, aggregator, verdict)) if all_read || rank(&verdict) == 0 => {
                findings.add(region, aggregator.arn.clone(), verdict);
            }
            None if all_read => {
                let region = &inventory.home_region;
                let resource = inventory.arn("config", region, "config-aggregator");
                findings.add(region, resource, without(inventory));
            }
            Some(_) | None => {}
        }
    }
}

/// What is said where there is no aggregator.
fn without(inventory: &Inventory) -> Verdict {
    match &inventory.organization {
        Fact::Known(organization) if organization.master_account_id != inventory.account => {
            let reason = format!("the owners of organisation `{}` decide", organization.id);
            Verdict::not_applicable("owner-decides", reason)
        }
        Fact::Known(_) | Fact::Absent => {
            Verdict::fail("no-aggregator", "no region that was assessed has an aggregator")
        }
        Fact::Unknown(reason) => Verdict::unknown(reason),
    }
}

fn judge(inventory: &Inventory, aggregator: &Aggregator) -> Verdict {
    let name = &aggregator.name;
    if !aggregator.aggregator_filters.is_empty() {
        let reason = format!("aggregator `{name}` keeps some types only");
        return Verdict::fail("filtered", reason);
    }
    let own = |source: &&Source| source.account_ids.contains(&inventory.account);
    let of_account = aggregator.account_aggregation_sources.iter().find(own);
    let source = match (&aggregator.organization_aggregation_source, &inventory.organization) {
        (Some(source), _) => source,
        (None, Fact::Unknown(reason)) => return Verdict::unknown(reason),
        (None, Fact::Known(organization))
            if organization.master_account_id == inventory.account =>
        {
            let reason = format!(
                "aggregator `{name}` takes accounts by their numbers, and misses those that come \
                 to organisation `{}`",
                organization.id
            );
            return Verdict::fail("no-organization", reason);
        }
        (None, Fact::Known(_) | Fact::Absent) => {
            let Some(source) = of_account else {
                let reason = format!("aggregator `{name}` does not take in this account");
                return Verdict::fail("other-accounts", reason);
            };
            source
        }
    };
    let missing: Vec<&str> = inventory
        .regions
        .iter()
        .filter(|region| !source.all_aws_regions && !source.aws_regions.contains(region))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let reason = format!("aggregator `{name}` does not take in {missing}");
        return Verdict::fail("regions-missing", reason).evidence("missing", missing);
    }
    match aggregator.failed.items() {
        Ok([]) => Verdict::pass(format!("aggregator `{name}` takes in all regions")),
        Ok(failed @ [first, ..]) => {
            let (id, region, why) = (&first.source_id, &first.aws_region, &first.last_error_code);
            let count = failed.len();
            let reason = format!(
                "aggregator `{name}` gets nothing from {count} of its sources, as {id} in \
                 {region}: {why}"
            );
            Verdict::fail("source-fails", reason).evidence("LastErrorCode", why.as_str())
        }
        Err(reason) => Verdict::unknown(reason),
    }
}
