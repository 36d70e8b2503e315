//! `log.group.data-protection`: what is secret is masked in log groups.

use super::group::{each_group, is_managed};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

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
        remedy: Remedy::Blocked,
        how: "by hand: logs:PutDataProtectionPolicy",
        undo: Undo::None,
        cloudformation: &["Logs::LogGroup"],
        terraform: &["cloudwatch_log_data_protection_policy"],
        cost: "per GB scanned",
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
                    Verdict::fail("policy-off", reason)
                }
            };
            verdict.evidence("dataProtectionStatus", status)
        });
    }
}
