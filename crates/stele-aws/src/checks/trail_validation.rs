//! `ct.trail.validation`: trails write digests, by which their files can be proven whole.

use super::trail::each_trail;
use super::trail_target;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use serde_json::json;

/// The check.
pub(super) struct TrailValidation;

static META: Meta = Meta {
    id: "ct.trail.validation",
    title: "trails write digests",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Trails],
    controls: &[
        "CIS-AWS-5.0:3.2",
        "FSBP:CloudTrail.4",
        "PCI-4.0.1:10.3.2",
        "PCI-4.0.1:10.3.4",
        "CCC.AuditLog:CN01",
    ],
    passes: "the trail writes digests",
    not_applicable: "",
    why: "A digest is signed by AWS and names every file with its hash. Without digests a file \
          that was changed or taken away cannot be told from one that never was.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:UpdateTrail",
        undo: Undo::Partly,
        cloudformation: &["CloudTrail::Trail"],
        terraform: &["cloudtrail"],
        cost: "",
    },
};

impl Check for TrailValidation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_trail(inventory, findings, |trail| {
            let on = trail.row.log_file_validation_enabled;
            let name = &trail.row.name;
            let verdict = if on {
                Verdict::pass(format!("trail `{name}` writes digests"))
            } else {
                Verdict::fail("no-validation", format!("trail `{name}` writes no digests"))
            };
            verdict.evidence("LogFileValidationEnabled", on)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(target) = trail_target::by_arn(plan, &finding.resource) {
            let why = format!("trail `{}` writes digests", target.short_name());
            plan.change(target.update(json!({"EnableLogFileValidation": true}), why));
        }
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let trail = inventory.trails.get(&finding.resource)?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:cloudtrail-digest:{account}:{region}:{}", trail.row.name))
    }
}
