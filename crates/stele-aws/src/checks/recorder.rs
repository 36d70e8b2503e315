//! What the checks of AWS Config share: the recorder of a region.

use crate::check::{Findings, regions};
use crate::collect::config::{Config, Recorder};
use crate::finding::Verdict;
use crate::inventory::Inventory;

/// Judges the recorder of each region, or what is said where there is none.
pub(super) fn each_recorder(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&str, &Config, &Recorder) -> Verdict,
    none: impl Fn(&str, &str) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        let recorders = match region.config.recorders.items() {
            Ok(recorders) => recorders,
            Err(reason) => {
                findings.unread(name, "config", "configuration-recorder/*", reason);
                continue;
            }
        };
        // Recorders of AWS's own services see only what those want.
        let own = recorders.iter().find(|recorder| recorder.service_principal.is_none());
        if let Some(recorder) = own {
            let rest = format!("configuration-recorder/{}", recorder.name);
            let made = inventory.arn("config", name, &rest);
            let arn = if recorder.arn.is_empty() { made } else { recorder.arn.clone() };
            findings.add(name, arn, judge(name, &region.config, recorder));
        } else {
            let arn = inventory.arn("config", name, "configuration-recorder");
            let verdict = none(name, &arn);
            findings.add(name, arn, verdict);
        }
    }
}
