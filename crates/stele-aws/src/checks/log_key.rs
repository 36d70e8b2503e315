//! `kms.log-key.usable`: keys of logs can be used.

use super::key;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct LogKey;

static META: Meta = Meta {
    id: "kms.log-key.usable",
    title: "keys that logs are encrypted with are enabled",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[
        Collector::Trails,
        Collector::Groups,
        Collector::Sinks,
        Collector::Writers,
        Collector::Keys,
    ],
    controls: &[],
    passes: "the key is enabled and not about to be deleted",
    not_applicable: "",
    why: "With the key go the logs that are encrypted with it, and new ones are not written.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: cancel the deletion, enable the key, or give what writes with it another",
        undo: Undo::None,
        cloudformation: &["KMS::Key"],
        terraform: &[],
        cost: "",
    },
};

impl Check for LogKey {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for id in inventory.keys.keys() {
            let region = crate::arn::region(id).to_owned();
            findings.add(&region, id.clone(), key::judge(inventory, id, "a log"));
        }
        unread_lists(inventory, findings);
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        key::by_hand(finding, plan, &finding.resource);
    }
}

/// The id that others name as their cause.
pub(super) const ID: &str = META.id;

/// Lists from which keys are known, where they could not be read.
pub(super) fn unread_lists(inventory: &Inventory, findings: &mut Findings<'_>) {
    for (name, region) in regions(inventory) {
        let unread = region.trails.unread().or_else(|| region.groups.unread());
        if let Some(reason) = unread {
            findings.unread(name, "kms", "key/*", reason);
        }
    }
}
