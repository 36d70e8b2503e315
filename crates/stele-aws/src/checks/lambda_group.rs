//! `fn.lambda.group`: the log group of each function exists.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking};
use crate::plan::change::Builder;
use crate::plan::sink;

/// The check.
pub(super) struct LambdaGroup;

static META: Meta = Meta {
    id: "fn.lambda.group",
    title: "the log group of every function exists",
    severity: Severity::Low,
    default: true,
    source: false,
    reads: &[Collector::Functions, Collector::Groups],
    controls: &[],
    passes: "the group exists",
    not_applicable: "",
    why: "Lambda makes a missing group by itself, and then its events never go.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:CreateLogGroup, logs:PutRetentionPolicy",
        undo: Undo::Partly,
        cloudformation: &["Logs::LogGroup"],
        terraform: &["cloudwatch_log_group"],
        cost: "",
    },
};

impl Check for LambdaGroup {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let functions = match region.functions.items() {
                Ok(functions) => functions,
                Err(reason) => {
                    findings.unread(name, "lambda", "function:*", reason);
                    continue;
                }
            };
            for function in functions {
                let group = function.group();
                let verdict = match destination::group(inventory, name, &group) {
                    Taking::Takes(_) => Verdict::pass(format!("log group `{group}` exists")),
                    Taking::Refuses(code, reason) => Verdict::fail(code, reason),
                    Taking::Unread(reason) => Verdict::unknown(&reason),
                };
                findings.add(name, function.function_arn.clone(), verdict);
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let (inventory, region) = (plan.inventory, finding.region.as_str());
        let functions = inventory.region(region).and_then(|facts| facts.functions.known());
        let mut all = functions.into_iter().flatten();
        if let Some(function) = all.find(|each| each.function_arn == finding.resource) {
            sink::group(plan, region, &function.group());
        }
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        let name = finding.resource.split(":function:").nth(1).filter(|name| *name != "*")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:lambda:{account}:{region}:{name}"))
    }
}
