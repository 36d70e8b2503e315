//! `cfg.recorder.on`: AWS Config records in each region.

use super::recorder::{self, each_recorder};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::config::{Config, Recorder};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct RecorderOn;

static META: Meta = Meta {
    id: "cfg.recorder.on",
    title: "AWS Config is recording in every region",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Config],
    controls: &["CIS-AWS-5.0:3.3", "FSBP:Config.1", "CCC.Core:CN04"],
    passes: "a recorder is recording, and its last status is no failure",
    not_applicable: "",
    why: "What a resource looked like before it was changed.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "iam:CreateServiceLinkedRole, config:PutConfigurationRecorder, \
              config:PutDeliveryChannel, config:StartConfigurationRecorder; what is there stays",
        undo: Undo::Partly,
        cloudformation: &["Config::ConfigurationRecorder", "Config::DeliveryChannel"],
        terraform: &[
            "config_configuration_recorder",
            "config_configuration_recorder_status",
            "config_delivery_channel",
        ],
        cost: "per item; the service-linked role stays",
    },
};

impl Check for RecorderOn {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_recorder(inventory, findings, judge, |region, _| {
            Verdict::fail("no-recorder", format!("{region} has no recorder"))
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        match finding.reason_code.as_str() {
            "no-recorder" => recorder::make(plan, &finding.region),
            "not-recording" => {
                let delivers = recorder::deliver(plan, &finding.region, Vec::new());
                recorder::start(plan, &finding.region, delivers);
            }
            _ => {
                let choices = [
                    "give the recorder's role what the error names",
                    "let the recorder use the service-linked role of AWS Config",
                    "put its bucket right, which cfg.channel.delivery looks at",
                ];
                plan.block(&finding.reason_code, finding.reason.clone(), &choices);
            }
        }
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let Finding { account, region, .. } = finding;
        let channels = inventory.region(region)?.config.channels.items().ok()?;
        Some(format!("aws:config:{account}:{region}:{}", channels.first()?.name))
    }
}

/// The id that others name as their cause.
pub(super) const ID: &str = META.id;

fn judge(region: &str, config: &Config, recorder: &Recorder) -> Verdict {
    let statuses = match config.statuses.items() {
        Ok(statuses) => statuses,
        Err(reason) => return Verdict::unknown(reason),
    };
    let name = &recorder.name;
    let Some(status) = statuses.iter().find(|status| status.name == *name) else {
        return Verdict::fail("not-recording", format!("recorder `{name}` was never started"));
    };
    if !status.recording {
        return Verdict::fail("not-recording", format!("recorder `{name}` is stopped"))
            .evidence("recording", false);
    }
    if status.last_status.eq_ignore_ascii_case("FAILURE") {
        let (code, message) = (&status.last_error_code, &status.last_error_message);
        let reason = format!("recorder `{name}` fails: {code} {message}");
        let verdict = Verdict::fail("failing", reason).by_hand();
        return verdict.evidence("lastErrorCode", code.as_str());
    }
    Verdict::pass(format!("recorder `{name}` records {region}")).evidence("recording", true)
}
