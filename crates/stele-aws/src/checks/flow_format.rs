//! `vpc.flow.format`: flow logs have the fields that are wanted.

use super::flow_log;
use super::network::{each_vpc, vpc_of};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::vpc::{FlowLog, Vpc};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::{Inventory, Region};
use crate::plan::Allowance;
use crate::plan::change::Builder;

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
        how: "ec2:CreateFlowLogs beside the old one, for flow logs cannot be changed; by consent \
              ec2:DeleteFlowLogs of the old one",
        undo: Undo::Partly,
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
            if let Some(reason) = region.network.flow_logs.unread() {
                return Verdict::unknown(reason);
            }
            match nearest(region, vpc, wanted) {
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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let Some((region, vpc)) = vpc_of(plan.inventory, finding) else { return };
        let mut wanted = flow_log::by_policy(finding, plan);
        let Some((_, old)) = nearest(region, vpc, &wanted.fields) else { return };
        // What the old one has is not lost with it.
        let mut fields: Vec<String> = old.fields().into_iter().map(str::to_owned).collect();
        fields.extend(
            wanted
                .fields
                .iter()
                .filter(|field| !fields.contains(field))
                .cloned()
                .collect::<Vec<_>>(),
        );
        wanted.fields = fields;
        let made = flow_log::make(finding, plan, &wanted, Some(old));
        // One that sees more than the new one stays.
        let covers = wanted.traffic == "ALL" || wanted.traffic == old.traffic_type;
        if let (Some(made), true, true) = (made, covers, plan.allows(Allowance::Replace)) {
            flow_log::remove(finding, plan, old, [made]);
        }
    }
}

/// The active flow log on a VPC that lacks the fewest of the wanted fields, and what it lacks.
fn nearest<'a>(region: &'a Region, vpc: &Vpc, wanted: &[String]) -> Option<(String, &'a FlowLog)> {
    let logs = region.network.flow_logs.items().unwrap_or_default();
    let on_vpc =
        logs.iter().filter(|log| log.resource_id == vpc.vpc_id && log.flow_log_status == "ACTIVE");
    let missing = on_vpc.map(|log| {
        let fields = log.fields();
        let missing: Vec<&str> =
            wanted.iter().map(String::as_str).filter(|field| !fields.contains(field)).collect();
        (missing.join(", "), log)
    });
    missing.min_by_key(|(missing, _)| missing.len())
}
