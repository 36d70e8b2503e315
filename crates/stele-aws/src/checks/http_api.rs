//! `api.http.access`: stages of HTTP and WebSocket APIs log requests.

use super::stage::{self, each_stage};
use super::stage_log::{self, Kind, VOLUME};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use crate::plan::measure::Measure;
use serde_json::json;

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
        how: "logs:CreateLogGroup, logs:PutResourcePolicy, apigatewayv2:UpdateStage; for \
              WebSocket APIs iam:CreateRole and apigateway:UpdateAccount if no role is set",
        undo: Undo::Partly,
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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let (inventory, region) = (plan.inventory, finding.region.as_str());
        let apis = inventory.region(region).map(|facts| &facts.http_apis);
        let Some(stage) = apis.and_then(|apis| stage::of(apis, finding)) else { return };
        let kind = if stage.protocol == "WEBSOCKET" { Kind::WebSocket } else { Kind::Http };
        let mut after = Vec::new();
        if kind == Kind::WebSocket {
            let Some(role) = stage_log::account_role(plan, region) else { return };
            after = role;
        }
        let (api, name) = (stage.api.as_str(), stage.name.as_str());
        let log = stage_log::access_log(plan, region, kind, (api, name));
        after.extend(log.after);
        let requests = if kind == Kind::WebSocket {
            Measure::websocket_stage(region, api, name)
        } else {
            Measure::http_stage(region, api, name)
        };
        let why = format!("stage `{name}` of API `{api}` logs requests");
        let settings = json!({"DestinationArn": log.group, "Format": log.format});
        let change = Change::of("apigatewayv2:UpdateStage", region, finding.resource.as_str(), why)
            .by("ApiId", api)
            .by("StageName", name)
            .set(json!({"AccessLogSettings": settings}))
            .after(after)
            .cost("cloudwatch-ingest-gb", VOLUME.by(requests));
        plan.change(change);
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        stage::stream(finding)
    }
}
