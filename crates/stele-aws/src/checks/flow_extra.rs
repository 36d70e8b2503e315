//! Flow logs that the policy wants on single things (`vpc_flow.extra`).

use std::collections::BTreeSet;

use super::flow_log::{self, Wanted};
use crate::baseline::{Baseline, FlowExtra};
use crate::check::{Findings, regions};
use crate::collect::vpc::{FlowLog, Network};
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// Judges each subnet and interface that the policy names.
pub(super) fn each(inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
    let named: BTreeSet<&str> =
        baseline.vpc_flow.extra.iter().map(|extra| extra.resource.as_str()).collect();
    for id in named {
        let mut unread = None;
        let place = regions(inventory).find(|(_, region)| match has(&region.network, id) {
            Ok(has) => has,
            Err(reason) => {
                unread = Some(reason);
                false
            }
        });
        let arn = |region: &str| {
            let kind = match id.split('-').next() {
                Some("eni") => "network-interface",
                Some("subnet") => "subnet",
                _ => "vpc",
            };
            inventory.arn("ec2", region, &format!("{kind}/{id}"))
        };
        let home = inventory.home_region.as_str();
        match (place, unread) {
            // What is wanted of a VPC is judged with the VPC.
            (Some(_), _) if id.starts_with("vpc-") => {}
            (Some((name, region)), _) => {
                let verdict = match region.network.flow_logs.items() {
                    Err(reason) => Verdict::unknown(reason),
                    Ok(logs) => missing(baseline, logs, id).unwrap_or_else(|| {
                        Verdict::pass("the flow logs that the policy wants on it are active")
                    }),
                };
                findings.add(name, arn(name), verdict);
            }
            (None, Some(reason)) => findings.add(home, arn(home), Verdict::unknown(&reason)),
            (None, None) => {
                let reason = format!("the policy wants a flow log on `{id}`, which is nowhere");
                findings.add(home, arn(home), Verdict::fail("no-resource", reason).by_hand());
            }
        }
    }
}

/// What is missing on a thing, if anything is.
pub(super) fn missing(baseline: &Baseline, logs: &[FlowLog], id: &str) -> Option<Verdict> {
    let open = wanted(baseline, id).find(|extra| !logs.iter().any(|log| is(log, extra)))?;
    let reason = format!(
        "the policy wants {} traffic of `{id}` at `{}`, with {} fields",
        open.traffic,
        open.destination,
        open.fields.len()
    );
    Some(Verdict::fail("no-extra", reason).evidence("destination", open.destination.as_str()))
}

/// Plans what is missing.
pub(super) fn fix(finding: &Finding, plan: &mut Builder<'_>) {
    let id = finding.resource.rsplit('/').next().unwrap_or_default();
    if finding.reason_code == "no-resource" {
        let choices =
            ["take it out of the policy (vpc_flow.extra)", "assess the region that it is in"];
        return plan.block("no-resource", finding.reason.clone(), &choices);
    }
    let baseline = plan.baseline;
    let region = plan.inventory.region(&finding.region);
    let logs = region.map_or(&[][..], |r| r.network.flow_logs.items().unwrap_or_default());
    for extra in wanted(baseline, id).filter(|extra| !logs.iter().any(|log| is(log, extra))) {
        let FlowExtra { resource, traffic, fields, destination, role } = extra.clone();
        flow_log::make(
            finding,
            plan,
            &Wanted { id: resource, traffic, fields, destination, role },
            None,
        );
    }
}

fn wanted<'a>(baseline: &'a Baseline, id: &'a str) -> impl Iterator<Item = &'a FlowExtra> {
    baseline.vpc_flow.extra.iter().filter(move |extra| extra.resource == id)
}

/// Whether a flow log is one that is wanted, or more than it.
fn is(log: &FlowLog, extra: &FlowExtra) -> bool {
    let there = match extra.destination.as_str() {
        "s3" => log.bucket().is_some(),
        "cloudwatch" => log.group().is_some(),
        arn => match crate::arn::log_group(arn) {
            Some(name) => log.group() == Some(name),
            None => log.log_destination.trim_end_matches('/') == arn.trim_end_matches('/'),
        },
    };
    let fields = log.fields();
    log.resource_id == extra.resource
        && log.flow_log_status == "ACTIVE"
        && (log.traffic_type == "ALL" || log.traffic_type == extra.traffic)
        && there
        && extra.fields.iter().all(|field| fields.contains(&field.as_str()))
}

/// Whether a region has a thing.
fn has(network: &Network, id: &str) -> Result<bool, Unread> {
    let all = match id.split('-').next() {
        Some("subnet") => ids(&network.subnets, |subnet| &subnet.subnet_id)?,
        Some("eni") => ids(&network.interfaces, |interface| &interface.network_interface_id)?,
        _ => ids(&network.vpcs, |vpc| &vpc.vpc_id)?,
    };
    Ok(all.contains(id))
}

fn ids<'a, T>(
    fact: &'a Fact<Vec<T>>,
    id: impl Fn(&'a T) -> &'a String,
) -> Result<BTreeSet<&'a str>, Unread> {
    Ok(fact.items().map_err(Unread::clone)?.iter().map(|each| id(each).as_str()).collect())
}
