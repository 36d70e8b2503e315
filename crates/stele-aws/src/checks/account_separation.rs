//! `cen.account-separation`: logs are kept in another account.

use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::s3::Standing;
use crate::collect::trail::Trail;
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use std::collections::BTreeSet;

/// The check.
pub(super) struct AccountSeparation;

static META: Meta = Meta {
    id: "cen.account-separation",
    title: "the bucket of a trail belongs to another account",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Trails, Collector::Account, Collector::Buckets, Collector::Sinks],
    controls: &[],
    passes: "the bucket of the trail belongs to another account",
    not_applicable: "there is neither an organisation nor a trail of one; or this is the account \
                     of the archive",
    why: "Who takes an account over can delete the logs in it.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: let the trail write to a bucket of another account, or copy it there",
        undo: Undo::None,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for AccountSeparation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let archive = baseline.sinks.archive_account.as_deref();
        let mut judged = BTreeSet::new();
        for trail in inventory.trails.values() {
            let bucket = trail.row.bucket.as_str();
            // One bucket may take several trails.
            if judged.insert(bucket) {
                let verdict = judge(inventory, archive, trail);
                let verdict = verdict.evidence("TrailARN", trail.row.arn.as_str());
                findings.add(&trail.row.home_region, inventory.bucket_arn(bucket), verdict);
            }
        }
        for (name, region) in regions(inventory) {
            if let Err(reason) = region.trails.items() {
                findings.unread(name, "cloudtrail", "trail/*", reason);
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        // A bucket that is gone is what `ct.trail.delivery` speaks of.
        if finding.reason_code != "same-account" {
            return;
        }
        let name = arn::bucket(&finding.resource).unwrap_or_default();
        let trails = plan.inventory.trails.values().filter(|trail| trail.row.bucket == name);
        let trails: Vec<String> = trails.map(|trail| format!("`{}`", trail.row.name)).collect();
        let archive = plan.baseline.sinks.archive_account.as_deref();
        let archive = archive.map_or_else(
            || "an account that keeps logs and nothing else".to_owned(),
            |account| format!("account {account}"),
        );
        let moved = format!(
            "make a bucket in {archive}, let CloudTrail write there for this account, and let {} \
             write to it",
            trails.join(", ")
        );
        let copied = format!("copy what is in `{name}` to {archive}, without the right to delete");
        let choices = [moved.as_str(), &copied, "answer for it by an exception"];
        plan.block("same-account", finding.reason.clone(), &choices);
    }
}

fn judge(inventory: &Inventory, archive: Option<&str>, trail: &Trail) -> Verdict {
    let of_organization = trail.row.is_organization_trail;
    let name = trail.row.bucket.as_str();
    if archive == Some(inventory.account.as_str()) {
        return Verdict::not_applicable("archive", "this is the account of the archive");
    }
    match &inventory.organization {
        Fact::Absent if !of_organization => {
            return Verdict::not_applicable("no-organization", "the account is in no organisation");
        }
        Fact::Unknown(reason) if !of_organization => return Verdict::unknown(reason),
        _ => {}
    }
    match inventory.sinks.get(name).map(|sink| &sink.standing) {
        None => Verdict::unknown(&Unread::not_read()),
        Some(Fact::Unknown(_)) if is_foreign_by_effect(inventory, name) => Verdict::pass(format!(
            "bucket `{name}` is not one of the account's, and takes what the trail delivers"
        )),
        Some(Fact::Unknown(reason)) => Verdict::unknown(reason),
        Some(Fact::Known(Standing::Foreign)) => {
            Verdict::pass(format!("bucket `{name}` belongs to another account"))
        }
        Some(Fact::Known(Standing::Own)) => Verdict::fail(
            "same-account",
            format!("bucket `{name}` belongs to the account whose events it holds"),
        ),
        Some(Fact::Absent) => Verdict::fail("no-bucket", format!("there is no bucket `{name}`"))
            .cause("ct.trail.delivery", &trail.row.arn)
            .missing(),
    }
}

/// Whether a bucket that may not be asked about shows by its effect that it is another account's:
/// the list of ours is known and lacks it, and a trail delivers to it.
fn is_foreign_by_effect(inventory: &Inventory, name: &str) -> bool {
    let error = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    inventory.buckets.items().is_ok_and(|all| all.iter().all(|bucket| bucket.name != name))
        && inventory.trails.values().filter(|trail| trail.row.bucket == name).any(|trail| {
            trail.status.known().is_some_and(|status| {
                status.latest_delivery_time.is_some() && !error(&status.latest_delivery_error)
            })
        })
}
