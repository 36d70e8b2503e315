//! `vpc.flow.coverage`: all traffic of each VPC is in a flow log.

use super::network::{each_vpc, flow_logs, is_empty};
use super::{flow_extra, flow_log};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::vpc::{FlowLog, Network, Vpc};
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Remedy, Severity, Status, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use std::collections::BTreeSet;

/// The check.
pub(super) struct FlowCoverage;

static META: Meta = Meta {
    id: "vpc.flow.coverage",
    title: "flow logs see all traffic of every VPC",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Network],
    controls: &["CIS-AWS-5.0:3.7", "FSBP:EC2.6", "CCC.VPC:CN04"],
    passes: "the wanted traffic (ALL, or ACCEPT and REJECT together) is logged by active flow \
             logs on the VPC, on every subnet, or on every interface; flow logs that the policy \
             wants on single things (vpc_flow.extra) are active there",
    not_applicable: "tags put it out of scope (scope.exclude_tags), or it is empty and the policy \
                     skips empty ones (scope.skip_empty_vpcs)",
    why: "Who talked to whom; what was let in shows as much as what was refused.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "ec2:CreateFlowLogs, to a bucket (s3:CreateBucket, s3:PutBucketPolicy) or a log \
              group with a role (logs:CreateLogGroup, iam:CreateRole)",
        undo: Undo::Partly,
        cloudformation: &["EC2::FlowLog"],
        terraform: &["flow_log"],
        cost: "vended logs per GB",
    },
};

impl Check for FlowCoverage {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_vpc(inventory, baseline, findings, |_, region, vpc| {
            let network = &region.network;
            if baseline.scope.skip_empty_vpcs && is_empty(network, vpc) == Fact::Known(true) {
                return Verdict::not_applicable(
                    "empty",
                    "nothing is in it, and the policy skips such",
                );
            }
            let verdict = judge(baseline, network, vpc);
            let logs = network.flow_logs.items().unwrap_or_default();
            match flow_extra::missing(baseline, logs, &vpc.vpc_id) {
                Some(missing) if verdict.status == Status::Pass => missing,
                _ => verdict,
            }
        });
        flow_extra::each(inventory, baseline, findings);
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        flow_extra::fix(finding, plan);
        if finding.reason_code != "no-flow-log" && finding.reason_code != "partly" {
            return;
        }
        let wanted = flow_log::by_policy(finding, plan);
        let extra = plan.baseline.vpc_flow.extra.iter();
        let mut of_vpc = extra.filter(|extra| extra.resource == wanted.id);
        // One that the policy wants on the VPC anyway may see all of it.
        if !of_vpc.any(|extra| extra.traffic == "ALL" || extra.traffic == wanted.traffic) {
            flow_log::make(finding, plan, &wanted, None);
        }
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let id = finding.resource.rsplit('/').next()?;
        let region = inventory.region(&finding.region)?;
        let logs = region.network.flow_logs.items().ok()?;
        let log =
            logs.iter().find(|log| log.resource_id == id && log.flow_log_status == "ACTIVE")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:vpcflow:{account}:{region}:{}", log.flow_log_id))
    }
}

fn judge(baseline: &Baseline, network: &Network, vpc: &Vpc) -> Verdict {
    let logs = match flow_logs(network, vpc) {
        Ok(logs) => logs,
        Err(reason) => return Verdict::unknown(&reason),
    };
    let active: Vec<&FlowLog> =
        logs.into_iter().filter(|log| log.flow_log_status == "ACTIVE").collect();
    let wanted = wanted_traffic(&baseline.vpc_flow.traffic);
    let on_vpc = traffic(&active, &[&vpc.vpc_id]);
    let ids = active.iter().map(|log| log.flow_log_id.as_str()).collect::<Vec<_>>().join(", ");
    if on_vpc.is_superset(&wanted) {
        return Verdict::pass("a flow log on the VPC sees all traffic").evidence("FlowLogIds", ids);
    }
    if active.is_empty() {
        return Verdict::fail("no-flow-log", "no flow log is active on it");
    }
    match gap(network, vpc, &active, &wanted) {
        Ok(None) => Verdict::pass("flow logs on all of its parts see all traffic")
            .evidence("FlowLogIds", ids),
        Ok(Some(part)) => Verdict::fail("partly", format!("not all traffic of {part} is logged"))
            .evidence("FlowLogIds", ids),
        Err(reason) => Verdict::unknown(&reason),
    }
}

fn wanted_traffic(word: &str) -> BTreeSet<&str> {
    if word == "ALL" { BTreeSet::from(["ACCEPT", "REJECT"]) } else { BTreeSet::from([word]) }
}

/// What active flow logs see of things, each of which has all of it.
fn traffic<'a>(logs: &[&'a FlowLog], ids: &[&str]) -> BTreeSet<&'a str> {
    let on = logs.iter().filter(|log| ids.contains(&log.resource_id.as_str()));
    on.flat_map(|log| match log.traffic_type.as_str() {
        "ALL" => vec!["ACCEPT", "REJECT"],
        other => vec![other],
    })
    .collect()
}

/// The first part of a VPC whose traffic is not all logged.
fn gap(
    network: &Network,
    vpc: &Vpc,
    logs: &[&FlowLog],
    wanted: &BTreeSet<&str>,
) -> Result<Option<String>, Unread> {
    let subnets = network.subnets.items().map_err(Unread::clone)?;
    let mut inside = subnets.iter().filter(|subnet| subnet.vpc_id == vpc.vpc_id).peekable();
    if inside.peek().is_none() {
        return Ok(Some(format!("`{}`", vpc.vpc_id)));
    }
    for subnet in inside {
        let above = [vpc.vpc_id.as_str(), subnet.subnet_id.as_str()];
        if traffic(logs, &above).is_superset(wanted) {
            continue;
        }
        let interfaces = network.interfaces.items().map_err(Unread::clone)?;
        let mut within = interfaces.iter().filter(|e| e.subnet_id == subnet.subnet_id).peekable();
        if within.peek().is_none() {
            return Ok(Some(format!("subnet `{}`", subnet.subnet_id)));
        }
        let open = within.find(|each| {
            let ids = [above[0], above[1], each.network_interface_id.as_str()];
            !traffic(logs, &ids).is_superset(wanted)
        });
        if let Some(interface) = open {
            return Ok(Some(format!("interface `{}`", interface.network_interface_id)));
        }
    }
    Ok(None)
}
