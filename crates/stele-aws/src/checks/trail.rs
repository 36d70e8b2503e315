//! What the checks of `ct.trail.*` share: which trails are looked at.

use super::trail_all_regions;
use crate::check::{Findings, regions};
use crate::collect::trail::Trail;
use crate::finding::Verdict;
use crate::inventory::Inventory;

/// Judges each trail once, in its home region. Regions without any trail fail, because of that.
pub(super) fn each_trail(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&Trail) -> Verdict,
) {
    for trail in inventory.trails.values() {
        findings.add(&trail.row.home_region, trail.row.arn.clone(), judge(trail));
    }
    without_trails(inventory, findings, |region, resource| {
        Verdict::fail("no-trail", format!("no trail records {region}"))
            .cause(trail_all_regions::ID, resource)
    });
}

/// As [`each_trail`], for what does not apply where there is no trail.
pub(super) fn each_trail_if_any(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&Trail) -> Verdict,
) {
    for trail in inventory.trails.values() {
        findings.add(&trail.row.home_region, trail.row.arn.clone(), judge(trail));
    }
    without_trails(inventory, findings, |region, _| {
        Verdict::not_applicable("no-trail", format!("{region} has no trail"))
    });
}

/// The home region says what is missing, once for the account; others say what was not read.
fn without_trails(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    verdict: impl Fn(&str, &str) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        if let Err(reason) = region.trails.items() {
            findings.unread(name, "cloudtrail", "trail/*", reason);
        }
    }
    let all_read = regions(inventory).all(|(_, region)| region.trails.items().is_ok());
    if inventory.trails.is_empty() && all_read {
        let region = &inventory.home_region;
        let resource = inventory.arn("cloudtrail", region, "trail");
        let verdict = verdict(region, &resource);
        findings.add(region, resource, verdict);
    }
}
