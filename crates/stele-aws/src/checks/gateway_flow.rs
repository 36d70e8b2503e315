//! `tgw.flow.coverage`: traffic through each transit gateway is in a flow log.

use super::flow_delivery;
use super::flow_log::{self, Wanted};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::vpc::{Attachment, FlowLog, Gateway};
use crate::fact::Unread;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::{Inventory, Region};
use crate::plan::change::Builder;

/// The check.
pub(super) struct GatewayFlow;

static META: Meta = Meta {
    id: "tgw.flow.coverage",
    title: "flow logs see the traffic of every transit gateway",
    severity: Severity::Low,
    default: false,
    source: true,
    reads: &[Collector::Network, Collector::Gateways, Collector::Groups, Collector::Sinks],
    controls: &[],
    passes: "an active flow log whose delivery does not fail is on the gateway, or on each of its \
             attachments",
    not_applicable: "tags put it out of scope (scope.exclude_tags)",
    why: "Traffic between networks that no VPC's flow log sees whole.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "ec2:CreateFlowLogs, with all fields that AWS has for gateways, where the policy \
              sends those of VPCs (vpc_flow.destination): to a bucket (s3:CreateBucket, \
              s3:PutBucketPolicy) or a log group with a role (logs:CreateLogGroup, \
              iam:CreateRole); where one fails, what it writes to lets it in",
        undo: Undo::Partly,
        cloudformation: &["EC2::FlowLog"],
        terraform: &["flow_log"],
        cost: "vended logs per GB",
    },
};

impl Check for GatewayFlow {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let gateways = match region.gateways.gateways.items() {
                Ok(gateways) => gateways,
                Err(reason) => {
                    findings.unread(name, "ec2", "transit-gateway/*", reason);
                    continue;
                }
            };
            for gateway in gateways.iter().filter(|each| !is_going(&each.state)) {
                let id = &gateway.transit_gateway_id;
                let tags = gateway.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
                let foreign = !gateway.owner_id.is_empty() && gateway.owner_id != inventory.account;
                let verdict = if baseline.excludes(tags) {
                    Verdict::not_applicable("excluded", "its tags put it out of scope")
                } else if foreign {
                    let text = format!("transit gateway `{id}` is shared by {}", gateway.owner_id);
                    Verdict::unknown(&Unread::out_of_scope(text))
                } else {
                    judge(region, gateway)
                };
                let arn = inventory.arn("ec2", name, &format!("transit-gateway/{id}"));
                findings.add(name, arn, verdict);
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let id = finding.resource.rsplit('/').next().unwrap_or_default();
        let Some(region) = inventory.region(&finding.region) else { return };
        if finding.reason_code == "delivery-error" {
            let logs = region.network.flow_logs.items().unwrap_or_default();
            let failed = |log: &&FlowLog| is_active(log) && log.deliver_logs_status == "FAILED";
            for log in logs.iter().filter(failed).filter(|log| is_about(region, log, id)) {
                flow_delivery::put_right(finding, plan, log);
            }
            return;
        }
        if finding.reason_code == "partly" {
            plan.warn(format!(
                "a flow log on transit gateway `{id}` sees attachments that have one of their own \
                 again; AWS charges for both while they run"
            ));
        }
        let wanted = Wanted {
            id: id.to_owned(),
            traffic: String::new(),
            fields: Vec::new(),
            destination: plan.baseline.vpc_flow.destination.clone(),
            role: String::new(),
        };
        flow_log::make(finding, plan, &wanted, None);
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let id = finding.resource.rsplit('/').next()?;
        let logs = inventory.region(&finding.region)?.network.flow_logs.items().ok()?;
        let log = logs.iter().find(|log| log.resource_id == id && is_active(log))?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:vpcflow:{account}:{region}:{}", log.flow_log_id))
    }
}

fn is_going(state: &str) -> bool {
    ["deleting", "deleted", "failed", "failing", "rejected", "rejecting"].contains(&state)
}

fn is_active(log: &FlowLog) -> bool {
    log.flow_log_status == "ACTIVE"
}

/// Whether a flow log is on a gateway, or on something attached to it.
fn is_about(region: &Region, log: &FlowLog, gateway: &str) -> bool {
    let attachments = region.gateways.attachments.items().unwrap_or_default();
    let mut of_it = attachments.iter().filter(|each| each.transit_gateway_id == gateway);
    log.resource_id == gateway
        || of_it.any(|each| each.transit_gateway_attachment_id == log.resource_id)
}

/// What the flow logs on something come to.
enum Seen<'a> {
    Well(&'a FlowLog),
    Failing(&'a FlowLog),
    Not,
}

fn seen<'a>(logs: &'a [FlowLog], id: &str) -> Seen<'a> {
    let on: Vec<&FlowLog> =
        logs.iter().filter(|log| log.resource_id == id && is_active(log)).collect();
    match (on.iter().find(|log| log.deliver_logs_status != "FAILED"), on.first()) {
        (Some(log), _) => Seen::Well(log),
        (None, Some(log)) => Seen::Failing(log),
        (None, None) => Seen::Not,
    }
}

fn failing(log: &FlowLog) -> Verdict {
    let (id, why) = (&log.flow_log_id, &log.deliver_logs_error_message);
    Verdict::fail("delivery-error", format!("flow log `{id}` is not delivered: {why}"))
        .evidence("DeliverLogsErrorMessage", why.as_str())
}

fn judge(region: &Region, gateway: &Gateway) -> Verdict {
    let logs = match region.network.flow_logs.items() {
        Ok(logs) => logs,
        Err(reason) => return Verdict::unknown(reason),
    };
    let of_gateway = match seen(logs, &gateway.transit_gateway_id) {
        Seen::Well(log) => {
            return Verdict::pass("a flow log on it sees its traffic")
                .evidence("FlowLogId", log.flow_log_id.as_str());
        }
        Seen::Failing(log) => Some(failing(log)),
        Seen::Not => None,
    };
    let attachments = match region.gateways.attachments.items() {
        Ok(attachments) => attachments,
        Err(reason) => return Verdict::unknown(reason),
    };
    let of_it = |each: &&Attachment| {
        each.transit_gateway_id == gateway.transit_gateway_id && !is_going(&each.state)
    };
    let (mut logged, mut open) = (false, None);
    for attachment in attachments.iter().filter(of_it) {
        let id = &attachment.transit_gateway_attachment_id;
        match seen(logs, id) {
            Seen::Well(_) => logged = true,
            Seen::Failing(log) => {
                logged = true;
                open = Some(failing(log));
            }
            Seen::Not if open.is_none() => {
                let reason = format!("the traffic of attachment `{id}` is not logged");
                open = Some(Verdict::fail("partly", reason));
            }
            Seen::Not => {}
        }
    }
    match (logged, open, of_gateway) {
        (true, None, _) => Verdict::pass("flow logs on all of its attachments see its traffic"),
        (_, _, Some(failing)) => failing,
        (true, Some(open), None) => open,
        (false, _, None) => Verdict::fail("no-flow-log", "no flow log is active on it"),
    }
}
