//! `cfg.recorder.scope`: AWS Config records all types.

use super::recorder::{self, each_recorder};
use super::recorder_on;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::config::{Config, Recorder};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct RecorderScope;

static META: Meta = Meta {
    id: "cfg.recorder.scope",
    title: "AWS Config records every type of resource",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Config, Collector::Trails],
    controls: &["FSBP:Config.1"],
    passes: "all types are recorded and none is excluded; global types at least in the home region",
    not_applicable: "",
    why: "What is not recorded has no history.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "config:PutConfigurationRecorder; its name, role and frequency stay",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "per item",
    },
};

impl Check for RecorderScope {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let home = inventory.home_region.as_str();
        let judge = |region: &str, _: &Config, recorder: &Recorder| {
            let name = &recorder.name;
            let group = &recorder.recording_group;
            let excluded = &group.exclusion_by_resource_types.resource_types;
            let strategy = group.recording_strategy.use_only.as_str();
            let all_but = strategy == "EXCLUSION_BY_RESOURCE_TYPES";
            if all_but && !excluded.is_empty() {
                let list = excluded.join(", ");
                return Verdict::fail("excluded", format!("recorder `{name}` leaves out {list}"))
                    .evidence("resourceTypes", list);
            }
            if !all_but && !group.all_supported {
                let count = group.resource_types.len();
                return Verdict::fail(
                    "some-types",
                    format!("recorder `{name}` records {count} types only"),
                )
                .evidence("allSupported", false);
            }
            let global = all_but || group.include_global_resource_types;
            if region == home && !global {
                let reason =
                    format!("recorder `{name}` of the home region leaves out global types");
                return Verdict::fail("no-global-types", reason)
                    .evidence("includeGlobalResourceTypes", false);
            }
            let note =
                if global && region != home { "; global types are paid for twice" } else { "" };
            Verdict::pass(format!("recorder `{name}` records all types{note}"))
        };
        each_recorder(inventory, findings, judge, |region, arn| {
            Verdict::fail("no-recorder", format!("{region} has no recorder"))
                .cause(recorder_on::ID, arn)
                .missing()
        });
    }
    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let region = &finding.region;
        match finding.reason_code.as_str() {
            "no-recorder" => recorder::make(plan, region),
            "no-global-types" => {
                recorder::record_all(
                    plan,
                    region,
                    "the recorder of the home region records global types",
                );
            }
            "excluded" => {
                recorder::record_all(plan, region, "what was left out is recorded as well");
                plan.warn(format!(
                    "{region}: {}; somebody chose that, and what these types cost is not known",
                    finding.reason
                ));
            }
            _ => {
                recorder::record_all(plan, region, "all types are recorded");
            }
        }
    }
}
