//! `ext.guardduty`: GuardDuty looks at each region.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use crate::plan::cost::Volume;
use serde_json::json;

/// The check.
pub(super) struct GuardDuty;

static META: Meta = Meta {
    id: "ext.guardduty",
    title: "GuardDuty is on in every region",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[Collector::Detectors],
    controls: &["FSBP:GuardDuty.1"],
    passes: "the region has a detector, and it is not suspended",
    not_applicable: "",
    why: "It sees flows, DNS and API calls of the whole region, also where nothing else is logged.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "guardduty:CreateDetector, with the protections that AWS switches on by itself, or \
              guardduty:UpdateDetector where it is suspended; undoing suspends it",
        undo: Undo::Partly,
        cloudformation: &["GuardDuty::Detector"],
        terraform: &["guardduty_detector"],
        cost: "per event and per GB analysed",
    },
};

/// What it looks at.
const VOLUME: Volume = Volume::range(0.0, 5.0, 500.0, "0 to 500 GB of flow and DNS logs a month");

impl Check for GuardDuty {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let detectors = match region.detectors.items() {
                Ok(detectors) => detectors,
                Err(reason) => {
                    findings.unread(name, "guardduty", "detector/*", reason);
                    continue;
                }
            };
            // AWS allows one.
            let Some(detector) = detectors.first() else {
                let arn = inventory.arn("guardduty", name, "detector");
                let reason = format!("GuardDuty is off in {name}");
                findings.add(name, arn, Verdict::fail("no-detector", reason));
                continue;
            };
            let verdict = match &detector.row {
                Fact::Known(row) if row.status == "ENABLED" => {
                    Verdict::pass(format!("GuardDuty is on in {name}"))
                }
                Fact::Known(row) => {
                    let reason = format!("the detector of {name} is suspended");
                    Verdict::fail("suspended", reason).evidence("status", row.status.as_str())
                }
                Fact::Absent => Verdict::fail("no-detector", format!("GuardDuty is off in {name}")),
                Fact::Unknown(reason) => Verdict::unknown(reason),
            };
            let arn = inventory.arn("guardduty", name, &format!("detector/{}", detector.id));
            findings.add(name, arn, verdict);
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let (region, resource) = (finding.region.as_str(), finding.resource.as_str());
        let change = match resource.split_once(":detector/") {
            Some((_, id)) if finding.reason_code == "suspended" => {
                let why = format!("the detector of {region} looks again");
                Change::of("guardduty:UpdateDetector", region, resource, why)
                    .by("DetectorId", id)
                    .set(json!({"Enable": true}))
            }
            _ => {
                let why = format!("GuardDuty looks at {region}");
                Change::of("guardduty:CreateDetector", region, resource, why)
                    .set(json!({"Enable": true, "Tags": {"stele:managed": "true"}}))
                    .warn(
                        "AWS switches its protections of S3, EKS, RDS, Lambda and malware on with \
                         it, each with a price of its own; the first 30 days are free",
                    )
            }
        };
        plan.change(change.cost("guardduty-gb", VOLUME));
    }
}
