//! `log.group.data-protection`: what is secret is masked in log groups.

use super::group::{each_group, is_managed};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::groups;

/// The check.
pub(super) struct GroupDataProtection;

static META: Meta = Meta {
    id: "log.group.data-protection",
    title: "log groups mask sensitive data",
    severity: Severity::Low,
    default: false,
    source: false,
    reads: &[Collector::Groups],
    controls: &["CCC.AuditLog:CN09", "CCC.Logging:CN04"],
    passes: "a data protection policy of the group or of the account is in force for it; what the \
             policy looks for is its owner's matter",
    not_applicable: "the group is managed by AWS, or AWS masks nothing in its class",
    why: "Passwords and card numbers get into logs; there many can read them who should not.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:PutDataProtectionPolicy, with a policy that finds and masks secret keys (of \
              AWS, OpenSSH, PGP, PKCS and PuTTY) and numbers and security codes of cards; a \
              policy that is there is never replaced",
        undo: Undo::Partly,
        cloudformation: &["Logs::LogGroup"],
        terraform: &["cloudwatch_log_data_protection_policy"],
        cost: "per GB scanned; what was masked on its way in stays so",
    },
};

/// The classes in which AWS masks (CloudWatch Logs user guide, "Help protect sensitive log data with
/// masking"); the first is meant where none is said.
const CLASSES: &[&str] = &["", "STANDARD", "INFREQUENT_ACCESS"];

impl Check for GroupDataProtection {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_group(inventory, findings, |_, group| {
            let name = &group.log_group_name;
            if is_managed(group) {
                return Verdict::not_applicable("managed", format!("`{name}` is managed by AWS"));
            }
            let class = group.log_group_class.as_str();
            if !CLASSES.contains(&class) {
                let reason = format!("AWS masks nothing in groups of the class {class}");
                return Verdict::not_applicable("class", reason);
            }
            let status = group.data_protection_status.as_str();
            let inherited =
                group.inherited_properties.iter().any(|each| each == "ACCOUNT_DATA_PROTECTION");
            let verdict = match (status, inherited) {
                ("ACTIVATED", _) => Verdict::pass(format!("a policy of `{name}` masks its events")),
                (_, true) => {
                    Verdict::pass(format!("a policy of the account masks events of `{name}`"))
                }
                ("", false) => {
                    Verdict::fail("no-policy", format!("nothing masks events of `{name}`"))
                }
                (status, false) => {
                    let reason = format!("the policy that masked events of `{name}` is {status}");
                    let verdict = Verdict::fail("policy-off", reason);
                    // One that is gone leaves room for another; whose is off, its owner says why.
                    if status == "DELETED" { verdict } else { verdict.by_hand() }
                }
            };
            verdict.evidence("dataProtectionStatus", status)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let Some(name) = crate::arn::log_group(&finding.resource) else { return };
        if finding.fix == Some(Remedy::Blocked) {
            let choices = ["put that policy in force again", "delete it, and plan again"];
            return plan.block("policy-off", finding.reason.clone(), &choices);
        }
        groups::masked(plan, &finding.region, name, None);
    }
}
