//! `ct.trail.kms`: trails encrypt their files with a key of the customer.

use super::key;
use super::trail::each_trail;
use super::trail_target;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::sink;
use serde_json::json;

/// The check.
pub(super) struct TrailKms;

static META: Meta = Meta {
    id: "ct.trail.kms",
    title: "trails are encrypted with a usable key",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Trails, Collector::Keys, Collector::Buckets],
    controls: &["CIS-AWS-5.0:3.5", "FSBP:CloudTrail.2", "CCC.Core:CN02"],
    passes: "a key is set, it is enabled and not about to be deleted",
    not_applicable: "",
    why: "Who reads the logs then needs the key as well, and each reading is on record.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "kms:CreateKey and kms:CreateAlias, or kms:PutKeyPolicy on the key that the policy \
              names (sinks.kms_key); cloudtrail:UpdateTrail",
        undo: Undo::Partly,
        cloudformation: &["KMS::Key"],
        terraform: &["kms_key"],
        cost: "a key a month, and requests; the key stays",
    },
};

impl Check for TrailKms {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_trail(inventory, findings, |trail| {
            let name = &trail.row.name;
            let Some(id) = trail.row.kms_key_id.as_deref().filter(|id| !id.is_empty()) else {
                return Verdict::fail("no-key", format!("trail `{name}` has no key of its own"));
            };
            key::judge_user(inventory, id, &format!("trail `{name}`")).evidence("KmsKeyId", id)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let trail = inventory.trails.get(&finding.resource);
        if finding.reason_code != "no-key" && finding.reason_code != "no-trail" {
            let id = trail.and_then(|trail| trail.row.kms_key_id.as_deref()).unwrap_or_default();
            return key::by_hand(finding, plan, id);
        }
        let Some(target) = trail_target::by_arn(plan, &finding.resource) else { return };
        // The key lives where the bucket is, which may be elsewhere than the trail.
        let at = trail.map(|trail| inventory.bucket(&trail.row.bucket));
        let region = match at {
            Some(Some(bucket)) => bucket.region.known().cloned(),
            Some(None) => None,
            None if trail_target::is_in_archive(plan) => None,
            None => Some(target.region.clone()),
        };
        let named = plan.baseline.sinks.kms_key.starts_with("arn:");
        let Some(region) = region.or_else(|| named.then(|| target.region.clone())) else {
            let reason = format!(
                "{}, and where its bucket is cannot be seen: a key must be there",
                finding.reason
            );
            let choices = ["name a key in the region of the bucket (sinks.kms_key)"];
            return plan.block("foreign-bucket", reason, &choices);
        };
        let key = sink::key(plan, &region);
        let why = format!("trail `{}` encrypts with a key of its own", target.short_name());
        let change = target.update(json!({"KmsKeyId": key.arn}), why);
        plan.change(change.after(key.after));
    }
}
