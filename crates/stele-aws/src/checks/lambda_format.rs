//! `fn.lambda.format`: functions log in JSON.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use serde_json::json;

/// The check.
pub(super) struct LambdaFormat;

static META: Meta = Meta {
    id: "fn.lambda.format",
    title: "functions log in JSON",
    severity: Severity::Low,
    default: false,
    source: false,
    reads: &[Collector::Functions],
    controls: &[],
    passes: "the log format is JSON: events of the platform are then fields, and what the program \
             logs by the runtime's logger is too",
    not_applicable: "",
    why: "Lines of text must be taken apart again before anything in them can be asked for.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "lambda:UpdateFunctionConfiguration, the format of the log only",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for LambdaFormat {
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
                let (called, format) =
                    (&function.function_name, function.logging_config.log_format.as_str());
                let verdict = if format == "JSON" {
                    Verdict::pass(format!("`{called}` logs in JSON"))
                } else {
                    Verdict::fail("text", format!("`{called}` logs lines of text"))
                };
                // Text is what Lambda does where nothing is said.
                let format = if format.is_empty() { "Text" } else { format };
                let verdict = verdict.evidence("LogFormat", format);
                findings.add(name, function.function_arn.clone(), verdict);
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let resource = finding.resource.as_str();
        let name = resource.rsplit(':').next().unwrap_or_default();
        let why = format!("`{name}` logs in JSON");
        let change =
            Change::of("lambda:UpdateFunctionConfiguration", &finding.region, resource, why)
                .by("FunctionName", name)
                .edit(|draft| {
                    let log = draft.params.entry("LoggingConfig").or_insert_with(|| json!({}));
                    log["LogFormat"] = json!("JSON");
                    Ok(())
                })
                .warn(
                    "what takes its lines apart as text (filters, subscriptions, alarms) gets \
                     JSON from then on; where no level is set, AWS keeps what programs log at \
                     INFO and above",
                );
        plan.change(change);
    }
}
