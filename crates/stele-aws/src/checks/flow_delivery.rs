//! `vpc.flow.delivery`: flow logs arrive where they are sent.

use super::network::{each_vpc, flow_logs};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::vpc::FlowLog;
use crate::fact::Unread;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking, Writer};

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
        how: "s3:PutBucketPolicy or logs:CreateLogGroup; flow logs cannot be changed, so a new \
              one beside the old",
        undo: Undo::Exact,
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
}

fn taking(inventory: &Inventory, region: &str, log: &FlowLog) -> Taking {
    if let Some((bucket, prefix)) = log.bucket() {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let account = &inventory.account;
        let writer = Writer {
            principals: &["Service:delivery.logs.amazonaws.com"],
            key: format!("{prefix}AWSLogs/{account}/vpcflowlogs/{region}/x"),
            source_arn: None,
        };
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
