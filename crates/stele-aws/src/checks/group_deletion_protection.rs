//! `log.group.deletion-protection`: log groups cannot be deleted by one call.

use super::group::{each_group, is_managed};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::groups;

/// The check.
pub(super) struct GroupDeletionProtection;

static META: Meta = Meta {
    id: "log.group.deletion-protection",
    title: "log groups are protected from being deleted",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[Collector::Groups],
    controls: &[],
    passes: "deletion protection is on",
    not_applicable: "the group is managed by AWS",
    why: "With a group go all of its events; two calls are two chances to notice.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:PutLogGroupDeletionProtection",
        undo: Undo::Exact,
        cloudformation: &["Logs::LogGroup"],
        terraform: &["cloudwatch_log_group"],
        cost: "",
    },
};

impl Check for GroupDeletionProtection {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_group(inventory, findings, |_, group| {
            let name = &group.log_group_name;
            if is_managed(group) {
                return Verdict::not_applicable("managed", format!("`{name}` is managed by AWS"));
            }
            let on = group.deletion_protection_enabled;
            let verdict = if on {
                Verdict::pass(format!("`{name}` is protected from being deleted"))
            } else {
                Verdict::fail("no-protection", format!("`{name}` can be deleted by one call"))
            };
            verdict.evidence("deletionProtectionEnabled", on)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(name) = crate::arn::log_group(&finding.resource) {
            groups::protected(plan, &finding.region, name, None);
        }
    }
}
