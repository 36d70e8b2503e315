//! `vpc.flow.format`: flow logs have the fields that are wanted.

use super::network::each_vpc;
use crate::baseline::Baseline;
use crate::baseline::FLOW_FIELDS_V2;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::vpc::FlowLog;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct FlowFormat;

static META: Meta = Meta {
    id: "vpc.flow.format",
    title: "flow logs have the wanted fields",
    severity: Severity::Low,
    default: true,
    source: false,
    reads: &[Collector::Network],
    controls: &[],
    passes: "an active flow log on the VPC has all fields of the policy (vpc_flow.fields), and \
             only such as AWS has",
    not_applicable: "the VPC has no flow log on the whole of it",
    why: "What is not written cannot be looked for; the default leaves out who is behind a NAT \
          gateway.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "ec2:CreateFlowLogs beside the old one, for flow logs cannot be changed",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "doubles while two run",
    },
};

impl Check for FlowFormat {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let wanted = &baseline.vpc_flow.fields;
        each_vpc(inventory, baseline, findings, |_, region, vpc| {
            let logs = match region.network.flow_logs.items() {
                Ok(logs) => logs,
                Err(reason) => return Verdict::unknown(reason),
            };
            let on_vpc = logs
                .iter()
                .filter(|log| log.resource_id == vpc.vpc_id && log.flow_log_status == "ACTIVE");
            let missing = on_vpc.map(|log| {
                let fields = fields(log);
                let missing: Vec<&str> = wanted
                    .iter()
                    .map(String::as_str)
                    .filter(|field| !fields.contains(field))
                    .collect();
                (missing.join(", "), log)
            });
            match missing.min_by_key(|(missing, _)| missing.len()) {
                None => {
                    Verdict::not_applicable("no-flow-log", "it has no flow log on the whole of it")
                }
                Some((missing, log)) if missing.is_empty() => {
                    let reason = format!("flow log `{}` has all wanted fields", log.flow_log_id);
                    Verdict::pass(reason)
                }
                Some((missing, log)) => {
                    let reason = format!("flow log `{}` lacks {missing}", log.flow_log_id);
                    Verdict::fail("fields-missing", reason)
                        .evidence("LogFormat", log.log_format.as_str())
                        .evidence("missing", missing)
                }
            }
        });
    }
}

/// The fields of a flow log; without a format AWS writes those of version 2.
fn fields(log: &FlowLog) -> Vec<&str> {
    if log.log_format.is_empty() {
        return FLOW_FIELDS_V2.to_vec();
    }
    let words = log.log_format.split_whitespace();
    words.map(|word| word.trim_start_matches("${").trim_end_matches('}')).collect()
}
