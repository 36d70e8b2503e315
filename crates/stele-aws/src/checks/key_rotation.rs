//! `kms.log-key.rotation`: keys of logs rotate every year.

use super::log_key::{self, unread_lists};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::application::Key;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::sink::key;

/// The check.
pub(super) struct KeyRotation;

static META: Meta = Meta {
    id: "kms.log-key.rotation",
    title: "keys that logs are encrypted with rotate every year",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[
        Collector::Trails,
        Collector::Groups,
        Collector::Sinks,
        Collector::Writers,
        Collector::Keys,
        Collector::KeyRotation,
    ],
    controls: &["CIS-AWS-5.0:3.6"],
    passes: "the key is enabled and rotates by itself at least once a year; keys that AWS manages \
             always do",
    not_applicable: "",
    why: "What was encrypted with a key that leaked can be read; the next key ends that.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "kms:EnableKeyRotation; keys whose material comes from elsewhere are rotated by hand",
        undo: Undo::Exact,
        cloudformation: &["KMS::Key"],
        terraform: &["kms_key"],
        cost: "the first two rotations raise the price of the key",
    },
};

impl Check for KeyRotation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (id, key) in &inventory.keys {
            let verdict = match key {
                Fact::Known(key) => judge(id, key),
                Fact::Absent => Verdict::fail("key-gone", format!("key `{id}` does not exist"))
                    .cause(log_key::ID, id)
                    .by_hand(),
                Fact::Unknown(reason) => Verdict::unknown(reason),
            };
            findings.add(crate::arn::region(id), id.clone(), verdict);
        }
        unread_lists(inventory, findings);
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if !["no-rotation", "too-seldom"].contains(&finding.reason_code.as_str()) {
            return plan.by_hand(&META);
        }
        let key = finding.resource.as_str();
        plan.change(key::yearly(&finding.region, key, key));
    }
}

fn judge(id: &str, key: &Key) -> Verdict {
    if key.key_manager == "AWS" {
        return Verdict::pass("AWS manages the key, and rotates it every year");
    }
    if key.key_state != "Enabled" {
        // Whatever its setting says, nothing rotates meanwhile.
        let reason = format!("the key is {}, and does not rotate meanwhile", key.key_state);
        return Verdict::fail("key-unusable", reason).cause(log_key::ID, id).by_hand();
    }
    if !key.can_rotate() {
        let reason = format!("AWS rotates no key of origin {}", key.origin);
        return Verdict::fail("not-rotatable", reason)
            .evidence("Origin", key.origin.as_str())
            .by_hand();
    }
    let rotation = match &key.rotation {
        Fact::Known(rotation) if rotation.key_rotation_enabled => rotation,
        Fact::Known(_) | Fact::Absent => {
            return Verdict::fail("no-rotation", "the key does not rotate")
                .evidence("KeyRotationEnabled", false);
        }
        Fact::Unknown(reason) => return Verdict::unknown(reason),
    };
    let days = rotation.rotation_period_in_days.unwrap_or(365);
    let verdict = if days > key::PERIOD_DAYS_MAX {
        let reason = format!("the key rotates every {days} days, wanted is every year");
        Verdict::fail("too-seldom", reason)
    } else {
        Verdict::pass(format!("the key rotates every {days} days"))
    };
    verdict.evidence("RotationPeriodInDays", days)
}
