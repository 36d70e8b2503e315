//! `ct.data.lambda`: invocations of functions are recorded.

use super::data_events;
use super::data_events::{Wanted, judge};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct DataLambda;

static META: Meta = Meta {
    id: "ct.data.lambda",
    title: "invocations are recorded for every function",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Trails, Collector::Functions],
    controls: &["CCC.Core:CN04"],
    passes: "the selectors of all active trails together record invocations of the function",
    not_applicable: "the policy leaves it out (cloudtrail.data_events)",
    why: "Who started which function, and by whom it was let in.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:PutEventSelectors",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "per data event",
    },
};

impl Check for DataLambda {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let functions = match region.functions.items() {
                Ok(functions) => functions,
                Err(reason) => {
                    findings.unread(name, "lambda", "function:*", reason);
                    continue;
                }
            };
            for function in functions {
                let arn = &function.function_arn;
                let verdict = if baseline.wants_data("lambda", arn) {
                    // Invocations are writes to CloudTrail.
                    let what = format!("invocations of `{}`", function.function_name);
                    let kind = "AWS::Lambda::Function";
                    judge(inventory, name, &Wanted { what, kind, arn, directions: &["false"] })
                } else {
                    Verdict::not_applicable("policy", "the policy does not want its data events")
                };
                findings.add(name, arn.clone(), verdict);
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        data_events::record(finding, plan, "lambda", "AWS::Lambda::Function");
    }
}
