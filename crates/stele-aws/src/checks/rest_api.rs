//! `api.rest.access`: stages of REST APIs log requests and errors.

use super::stage::{self, each_stage};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct RestApi;

static META: Meta = Meta {
    id: "api.rest.access",
    title: "REST API stages have an access log and an execution log",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::RestApis],
    controls: &["FSBP:APIGateway.1"],
    passes: "the access log goes somewhere, and all methods log at level ERROR or INFO",
    not_applicable: "",
    why: "Who called which method, and what failed inside.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "apigateway:UpdateAccount (only if no role is set), apigateway:UpdateStage",
        undo: Undo::Exact,
        cloudformation: &["ApiGateway::Account"],
        terraform: &["api_gateway_account"],
        cost: "ingest per GB",
    },
};

impl Check for RestApi {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let add = |arn: String, verdict| findings.add(name, arn, verdict);
            each_stage(inventory, name, &region.rest_apis, "restapis", add, |stage| {
                if stage.access_log.is_empty() {
                    let reason = format!("stage `{}` has no access log", stage.name);
                    return Verdict::fail("no-access-log", reason);
                }
                let is_on = |level: &String| level == "ERROR" || level == "INFO";
                let of_all = stage.levels.iter().find(|(path, _)| path == "*/*");
                let off = stage.levels.iter().find(|(_, level)| !level.is_empty() && !is_on(level));
                match (of_all, off) {
                    (Some((_, level)), None) if is_on(level) => {
                        Verdict::pass(format!("stage `{}` logs requests and errors", stage.name))
                            .evidence("loggingLevel", level.as_str())
                    }
                    (_, Some((path, _))) if path != "*/*" => Verdict::fail(
                        "no-execution-log",
                        format!("`{path}` of stage `{}` logs no errors", stage.name),
                    ),
                    _ => Verdict::fail(
                        "no-execution-log",
                        format!("stage `{}` logs no errors of its methods", stage.name),
                    ),
                }
            });
        }
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        stage::stream(finding)
    }
}
