//! `vpc.flow.delivery`: flow logs arrive where they are sent.

use super::flow_log;
use super::network::{each_vpc, flow_logs, vpc_of};
use super::repair::{self, Place};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::vpc::FlowLog;
use crate::fact::Unread;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking};
use crate::plan::Allowance;
use crate::plan::change::Builder;
use crate::plan::sink::Writer as SinkWriter;

/// The check.
pub(super) struct FlowDelivery;

static META: Meta = Meta {
    id: "vpc.flow.delivery",
    title: "flow logs are delivered",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Network, Collector::Groups, Collector::Sinks],
    controls: &[],
    passes: "AWS reports no failed delivery, and the destination exists and lets the writer in",
    not_applicable: "the VPC has no flow log",
    why: "A flow log that may not write is as good as none.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketPolicy, s3:CreateBucket or logs:CreateLogGroup, where what it writes to \
              is gone or does not let it in; for other failures ec2:CreateFlowLogs and \
              ec2:DeleteFlowLogs, by consent, for flow logs cannot be changed",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for FlowDelivery {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_vpc(inventory, baseline, findings, |name, region, vpc| {
            let logs = match flow_logs(&region.network, vpc) {
                Ok(logs) => logs,
                Err(reason) => return Verdict::unknown(&reason),
            };
            if logs.is_empty() {
                return Verdict::not_applicable("no-flow-log", "it has no flow log");
            }
            let mut unread = None;
            for log in logs {
                let id = &log.flow_log_id;
                if log.deliver_logs_status == "FAILED" {
                    let reason = format!(
                        "flow log `{id}` is not delivered: {}",
                        log.deliver_logs_error_message
                    );
                    return Verdict::fail("delivery-error", reason).evidence(
                        "DeliverLogsErrorMessage",
                        log.deliver_logs_error_message.as_str(),
                    );
                }
                match taking(inventory, name, log) {
                    Taking::Takes(_) => {}
                    Taking::Refuses(code, reason) => {
                        return Verdict::fail(code, format!("flow log `{id}`: {reason}"));
                    }
                    Taking::Unread(reason) => unread = Some(reason),
                }
            }
            match unread {
                Some(reason) => Verdict::unknown(&reason),
                None => Verdict::pass("its flow logs are delivered"),
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let Some((region, vpc)) = vpc_of(inventory, finding) else { return };
        for log in flow_logs(&region.network, vpc).unwrap_or_default() {
            put_right(finding, plan, log);
        }
    }
}

/// Lets a flow log write where it is sent, or says why it fails where that is not it.
pub(super) fn put_right(finding: &Finding, plan: &mut Builder<'_>, log: &FlowLog) {
    let failed = log.deliver_logs_status == "FAILED";
    match taking(plan.inventory, &finding.region, log) {
        Taking::Refuses(code, reason) => mend(finding, plan, log, code, &reason),
        Taking::Takes(_) if failed => {
            replace(finding, plan, log, "what it writes to lets it in");
        }
        Taking::Unread(_) if failed => {
            replace(finding, plan, log, "what it writes to cannot be looked at");
        }
        Taking::Takes(_) | Taking::Unread(_) => {}
    }
}

/// Lets a flow log write where it is sent.
fn mend(finding: &Finding, plan: &mut Builder<'_>, log: &FlowLog, code: &str, reason: &str) {
    let region = finding.region.as_str();
    if let Some((bucket, prefix)) = log.bucket() {
        let place = Place { bucket, prefix, writer: SinkWriter::Delivery };
        repair::bucket(plan, &place, region, (code, reason));
    } else if let Some(group) = log.group() {
        repair::group(plan, region, group, None);
    }
}

/// What a flow log writes to is there, and it fails all the same: its role, a key, a rule of the
/// organisation. Another may take its place.
fn replace(finding: &Finding, plan: &mut Builder<'_>, log: &FlowLog, there: &str) {
    let id = &log.flow_log_id;
    if !plan.allows(Allowance::Replace) {
        let by = match log.deliver_logs_permission_arn.as_str() {
            "" => "mend what keeps it out: a key, or a policy of the organisation".to_owned(),
            role => format!("let role `{role}` write to what it is sent to"),
        };
        let choices = [
            by.as_str(),
            "plan with `--allow replace`: another flow log is made, and then this one goes",
        ];
        let reason = format!(
            "flow log `{id}` is not delivered ({}), and {there}",
            log.deliver_logs_error_message
        );
        return plan.block("delivery-error", reason, &choices);
    }
    let mut wanted = flow_log::by_policy(finding, plan);
    wanted.id.clone_from(&log.resource_id);
    wanted.traffic.clone_from(&log.traffic_type);
    wanted.fields = log.fields().into_iter().map(str::to_owned).collect();
    if log.log_format.is_empty() && log.resource_id.starts_with("tgw-") {
        // AWS's own fields are others there than those of VPCs.
        wanted.fields.clear();
    }
    if let Some(made) = flow_log::make(finding, plan, &wanted, Some(log)) {
        flow_log::remove(finding, plan, log, [made]);
    }
}

fn taking(inventory: &Inventory, region: &str, log: &FlowLog) -> Taking {
    if let Some((bucket, prefix)) = log.bucket() {
        let writer = flow_log::writer(inventory, region, prefix);
        return destination::bucket(inventory, bucket, &writer);
    }
    match log.group() {
        Some(group) => destination::group(inventory, region, group),
        None => Taking::Unread(Unread::out_of_scope(format!(
            "`{}` is a stream, which is not read",
            log.log_destination
        ))),
    }
}
