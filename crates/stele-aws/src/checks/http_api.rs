//! `api.http.access`: stages of HTTP and WebSocket APIs log requests.

use super::stage::{self, each_stage};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct HttpApi;

static META: Meta = Meta {
    id: "api.http.access",
    title: "HTTP and WebSocket API stages have an access log",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::HttpApis],
    controls: &["FSBP:APIGateway.9"],
    passes: "the access log goes somewhere",
    not_applicable: "",
    why: "Who called which route.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "apigatewayv2:UpdateStage",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "ingest per GB",
    },
};

impl Check for HttpApi {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let add = |arn: String, verdict| findings.add(name, arn, verdict);
            each_stage(inventory, name, &region.http_apis, "apis", add, |stage| {
                if stage.access_log.is_empty() {
                    let reason = format!("stage `{}` has no access log", stage.name);
                    Verdict::fail("no-access-log", reason)
                } else {
                    Verdict::pass(format!("stage `{}` logs requests", stage.name))
                        .evidence("destinationArn", stage.access_log.as_str())
                }
            });
        }
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        stage::stream(finding)
    }
}
