//! `ct.trail.mgmt-rw`: management events are recorded, reads and writes.

use super::trail::{Active, EXCLUDABLE};
use super::trail_all_regions;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::selectors::{Coverage, Question};

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
        for (name, region) in regions(inventory) {
            let active = match Active::of(inventory, region, name) {
                Ok(active) => active,
                Err(reason) => {
                    findings.unread(name, "cloudtrail", "trail/*", &reason);
                    continue;
                }
            };
            let (resource, _) = trail_all_regions::judge(inventory, name, &active.seen);
            if active.is_stopped() {
                let verdict =
                    Verdict::fail("not-logging", format!("no trail that covers {name} is logging"))
                        .cause(trail_all_regions::ID, &resource);
                findings.add(name, resource, verdict);
                continue;
            }
            let missing: Vec<&str> = [("reads", "true"), ("writes", "false")]
                .iter()
                .filter(|(_, read_only)| active.coverage(&question(read_only)) != Coverage::All)
                .map(|(what, _)| *what)
                .collect();
            let verdict = match (missing.as_slice(), &active.unread) {
                ([], _) => Verdict::pass("reads and writes are recorded"),
                (_, Some(reason)) => Verdict::unknown(reason),
                (missing, None) => {
                    let missing = missing.join(" and ");
                    Verdict::fail(
                        "not-recorded",
                        format!("not all {missing} in {name} are recorded"),
                    )
                    .evidence("missing", missing)
                }
            };
            findings.add(name, resource, verdict);
        }
    }
}

/// Management events of a direction, but for those that may be left out on purpose.
fn question<'a>(read_only: &str) -> Question<'a> {
    const READS: &[(&str, &str)] = &[("eventCategory", "Management"), ("readOnly", "true")];
    const WRITES: &[(&str, &str)] = &[("eventCategory", "Management"), ("readOnly", "false")];
    let fixed = if read_only == "true" { READS } else { WRITES };
    Question { fixed, arn_prefix: None, except: EXCLUDABLE }
}
