//! `ext.securityhub`: Security Hub collects findings in each region.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::fact::Fact;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct SecurityHub;

static META: Meta = Meta {
    id: "ext.securityhub",
    title: "Security Hub is on in every region",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[Collector::Hub],
    controls: &["CIS-AWS-5.0:4.16"],
    passes: "the region has a hub of Security Hub CSPM",
    not_applicable: "",
    why: "Findings of GuardDuty, Config and others in one place and one form.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: securityhub:EnableSecurityHub",
        undo: Undo::None,
        cloudformation: &["SecurityHub::Hub"],
        terraform: &["securityhub_account"],
        cost: "per check and per finding",
    },
};

impl Check for SecurityHub {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            match &region.hub {
                Fact::Known(arn) => {
                    let reason = format!("Security Hub is on in {name}");
                    findings.add(name, arn.clone(), Verdict::pass(reason));
                }
                Fact::Absent => {
                    let arn = inventory.arn("securityhub", name, "hub/default");
                    let reason = format!("Security Hub is off in {name}");
                    findings.add(name, arn, Verdict::fail("no-hub", reason));
                }
                Fact::Unknown(reason) => findings.unread(name, "securityhub", "hub/*", reason),
            }
        }
    }
}
