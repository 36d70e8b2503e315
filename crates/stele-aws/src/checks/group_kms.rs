//! `log.group.kms`: groups are encrypted with a key of the customer.

use super::group::{each_group, is_managed};
use super::key;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::groups;

/// The check.
pub(super) struct GroupKms;

static META: Meta = Meta {
    id: "log.group.kms",
    title: "log groups are encrypted with a usable key",
    severity: Severity::Low,
    default: true,
    source: false,
    reads: &[Collector::Groups, Collector::Keys],
    controls: &["CCC.Core:CN02", "PCI-4.0.1:10.3.2"],
    passes: "a key is set and usable",
    not_applicable: "the group is managed by AWS",
    why: "Who reads the logs then needs the key as well, and each reading is on record.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "kms:CreateKey, kms:CreateAlias, logs:AssociateKmsKey",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "a key a month, and requests; the key stays, and so do events that were encrypted",
    },
};

impl Check for GroupKms {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_group(inventory, findings, |_, group| {
            let name = &group.log_group_name;
            if is_managed(group) {
                return Verdict::not_applicable("managed", format!("`{name}` is managed by AWS"));
            }
            match group.kms_key_id.as_deref() {
                None => Verdict::fail("no-key", format!("`{name}` has no key of its own")),
                Some(id) => key::judge_user(inventory, id, &format!("log group `{name}`")),
            }
        });
    }
    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let Some(name) = crate::arn::log_group(&finding.resource) else { return };
        if finding.reason_code != "no-key" {
            let choices = [
                "let the key be usable again, if it is still there",
                "take the key away from the group, and plan again: it then gets another",
            ];
            return plan.block(&finding.reason_code, finding.reason.clone(), &choices);
        }
        if let Some(reason) = groups::no_key(plan, &finding.region) {
            let choices =
                ["name an alias in the policy (sinks.kms_key), which each region can have"];
            return plan.block("key-elsewhere", reason, &choices);
        }
        groups::encrypted(plan, &finding.region, name, None);
    }
}
