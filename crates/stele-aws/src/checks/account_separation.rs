//! `cen.account-separation`: logs are kept in another account.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::s3::Standing;
use crate::collect::trail::Trail;
use crate::fact::{Fact, Unread};
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;
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
        how: "by hand: choose an archive account",
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
                findings.add(&trail.row.home_region, inventory.bucket_arn(bucket), verdict);
            }
        }
        for (name, region) in regions(inventory) {
            if let Err(reason) = region.trails.items() {
                findings.unread(name, "cloudtrail", "trail/*", reason);
            }
        }
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
            .cause("ct.trail.delivery", &trail.row.arn),
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
