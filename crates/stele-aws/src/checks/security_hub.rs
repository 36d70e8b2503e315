//! `ext.securityhub`: Security Hub collects findings in each region.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use serde_json::json;

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
        remedy: Remedy::Plan,
        how: "securityhub:EnableSecurityHub, without standards: it collects what others find, and \
              which standards are worth their price is for a person",
        undo: Undo::Never,
        cloudformation: &["SecurityHub::Hub"],
        terraform: &["securityhub_account"],
        cost: "per finding beyond the first 10,000 a month; standards per check",
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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let (region, resource) = (finding.region.as_str(), finding.resource.as_str());
        let why = format!("Security Hub collects what is found in {region}");
        plan.change(Change::of("securityhub:EnableSecurityHub", region, resource, why).set(
            json!({
                "EnableDefaultStandards": false,
                "ControlFindingGenerator": "SECURITY_CONTROL",
                "Tags": {"stele:managed": "true"},
            }),
        ));
    }
}
