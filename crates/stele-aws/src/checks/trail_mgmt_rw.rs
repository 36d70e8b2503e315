//! `ct.trail.mgmt-rw`: management events are recorded, reads and writes.

use super::trail::{Active, EXCLUDABLE};
use super::trail_all_regions;
use super::trail_target;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::selectors::{Coverage, Question};
use crate::plan::change::Builder;
use crate::plan::selectors::Wish;

/// The check.
pub(super) struct TrailManagement;

static META: Meta = Meta {
    id: "ct.trail.mgmt-rw",
    title: "reads and writes of the control plane are recorded",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Trails],
    controls: &["FSBP:CloudTrail.1", "CCC.Core:CN04"],
    passes: "the selectors of all active trails together record management events that read and \
             that write; KMS and RDS Data API are the matter of ct.trail.exclusions",
    not_applicable: "",
    why: "Reads show what somebody looked at before they changed it.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:PutEventSelectors",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "the first copy is free",
    },
};

impl Check for TrailManagement {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let stopped = |active: &Active<'_>, reason: String, trail: &str| {
            // Starting it would not be enough where it leaves something out.
            let left_out: Vec<&str> = DIRECTIONS
                .iter()
                .filter(|(_, read_only)| !active.would_cover(&question(read_only)))
                .map(|(what, _)| *what)
                .collect();
            if left_out.is_empty() || active.covers_nothing() {
                return Verdict::fail("not-logging", reason).cause(trail_all_regions::ID, trail);
            }
            let missing = left_out.join(" and ");
            let reason = format!("{reason}, and not all {missing} would be recorded");
            Verdict::fail("not-recorded", reason).evidence("missing", missing)
        };
        Active::each_region(inventory, findings, stopped, |active, name| {
            let missing: Vec<&str> = DIRECTIONS
                .iter()
                .filter(|(_, read_only)| active.coverage(&question(read_only)) != Coverage::All)
                .map(|(what, _)| *what)
                .collect();
            match (missing.as_slice(), &active.unread) {
                ([], _) => Verdict::pass("reads and writes are recorded"),
                (_, Some(reason)) => Verdict::unknown(reason),
                (missing, None) => {
                    let missing = missing.join(" and ");
                    let reason = format!("not all {missing} in {name} are recorded");
                    Verdict::fail("not-recorded", reason).evidence("missing", missing)
                }
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(target) = trail_target::target(plan, &finding.region) {
            let name = target.short_name();
            let why = format!("trail `{name}` records management events, reads and writes");
            plan.change(target.record(Wish::Management, why));
        }
    }
}

/// Both directions, and what `readOnly` is in them.
const DIRECTIONS: [(&str, &str); 2] = [("reads", "true"), ("writes", "false")];

/// Management events of a direction, but for those that may be left out on purpose.
fn question<'a>(read_only: &str) -> Question<'a> {
    const READS: &[(&str, &str)] = &[("eventCategory", "Management"), ("readOnly", "true")];
    const WRITES: &[(&str, &str)] = &[("eventCategory", "Management"), ("readOnly", "false")];
    let fixed = if read_only == "true" { READS } else { WRITES };
    Question { fixed, arn_prefix: None, except: EXCLUDABLE }
}
