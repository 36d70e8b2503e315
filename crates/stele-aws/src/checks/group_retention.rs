//! `log.group.retention`: events stay in their group as long as is wanted.

use super::group::{each_group, is_managed};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct GroupRetention;

static META: Meta = Meta {
    id: "log.group.retention",
    title: "log groups keep events long enough and not for ever",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Groups],
    controls: &["PCI-4.0.1:10.5.1", "CCC.Logging:CN02"],
    passes: "the retention is at least min_days and at most max_days; never expiring fails when \
             there is a maximum",
    not_applicable: "the group is managed by AWS, or of the class DELIVERY",
    why: "What goes too early cannot be looked at; what never goes is paid for and must be \
          answered for.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:PutRetentionPolicy, upwards; shortening only by consent",
        undo: Undo::Exact,
        cloudformation: &["Logs::LogGroup"],
        terraform: &["cloudwatch_log_group"],
        cost: "storage",
    },
};

impl Check for GroupRetention {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_group(inventory, findings, |_, group| {
            let name = &group.log_group_name;
            if is_managed(group) {
                return Verdict::not_applicable("managed", format!("`{name}` is managed by AWS"));
            }
            if group.log_group_class == "DELIVERY" {
                return Verdict::not_applicable(
                    "delivery-class",
                    format!("`{name}` only passes events on"),
                );
            }
            let days = baseline.days_of_group(name);
            let verdict = match (group.retention_in_days, days.max_days) {
                (None, None) => Verdict::pass(format!("events stay in `{name}` for ever")),
                (None, Some(most)) => {
                    let reason =
                        format!("events stay in `{name}` for ever, wanted are {most} days at most");
                    Verdict::fail("never-expires", reason)
                }
                (Some(now), _) if now < days.min_days => {
                    let reason = format!(
                        "events stay in `{name}` for {now} days, wanted are {}",
                        days.min_days
                    );
                    Verdict::fail("too-short", reason)
                }
                (Some(now), Some(most)) if now > most => {
                    let reason = format!(
                        "events stay in `{name}` for {now} days, wanted are {most} at most"
                    );
                    Verdict::fail("too-long", reason).by_hand()
                }
                (Some(now), _) => Verdict::pass(format!("events stay in `{name}` for {now} days")),
            };
            verdict.evidence("retentionInDays", group.retention_in_days)
        });
    }
}
