//! `api.rest.access`: stages of REST APIs log requests and errors.

use super::stage::{self, each_stage};
use super::stage_log::{self, Kind, VOLUME};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use crate::plan::measure::Measure;
use crate::plan::sink;
use serde_json::{Value, json};

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
        how: "logs:CreateLogGroup, apigateway:UpdateStage; iam:CreateRole and \
              apigateway:UpdateAccount only if no role is set",
        undo: Undo::Partly,
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
                let of_all = stage.levels.iter().find(|(path, _)| path == ALL);
                let off = stage.levels.iter().find(|(_, level)| !level.is_empty() && !is_on(level));
                match (of_all, off) {
                    (Some((_, level)), None) if is_on(level) => {
                        Verdict::pass(format!("stage `{}` logs requests and errors", stage.name))
                            .evidence("loggingLevel", level.as_str())
                    }
                    (_, Some((path, _))) if path != ALL => Verdict::fail(
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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let (inventory, region) = (plan.inventory, finding.region.as_str());
        let apis = inventory.region(region).map(|facts| &facts.rest_apis);
        let Some(stage) = apis.and_then(|apis| stage::of(apis, finding)) else { return };
        let Some(mut after) = stage_log::account_role(plan, region) else { return };
        let (api, name) = (stage.api.as_str(), stage.name.as_str());
        let replace =
            |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
        let mut patches: Vec<Value> = Vec::new();
        if stage.access_log.is_empty() {
            let log = stage_log::access_log(plan, region, Kind::Rest, (api, name));
            after.extend(log.after);
            patches.push(replace("/accessLogSettings/destinationArn", &log.group));
            patches.push(replace("/accessLogSettings/format", log.format));
        }
        let has_all = stage.levels.iter().any(|(method, level)| method == ALL && is_on(level));
        let quiet = stage
            .levels
            .iter()
            .filter(|(method, level)| method != ALL && !level.is_empty() && !is_on(level));
        let all = (!has_all).then_some(ALL);
        let methods: Vec<&str> = all.into_iter().chain(quiet.map(|(m, _)| m.as_str())).collect();
        if !methods.is_empty() {
            // API Gateway would make the group itself, and it would keep for ever.
            let group = format!("API-Gateway-Execution-Logs_{api}/{name}");
            after.push(sink::group(plan, region, &group));
        }
        let level = |method: &&str| replace(&format!("/{method}/logging/loglevel"), "ERROR");
        patches.extend(methods.iter().map(level));
        let requests = Measure::rest_stage(region, &stage.api_name, name);
        let why = format!("stage `{name}` of API `{api}` logs requests and errors");
        let change = Change::of("apigateway:UpdateStage", region, finding.resource.as_str(), why)
            .by("restApiId", api)
            .by("stageName", name)
            .set(json!({"patchOperations": patches}))
            .after(after)
            .cost("cloudwatch-ingest-gb", VOLUME.by(requests));
        plan.change(change);
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        stage::stream(finding)
    }
}

/// The key of the settings of all methods.
const ALL: &str = "*/*";

fn is_on(level: &str) -> bool {
    level == "ERROR" || level == "INFO"
}
