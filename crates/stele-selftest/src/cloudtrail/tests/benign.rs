//! What is in order raises no alarm.

use serde_json::json;
use stele_verify::cloudtrail::{Kind, Outcome};

use crate::cloudtrail::chains::{OTHER, all_days, usual};
use crate::cloudtrail::world::aws;

#[test]
fn a_key_used_after_its_time_is_noted() {
    let mut world = usual();
    let key = aws().listed("2025-12-01T00:00:00Z", "2026-01-03T00:00:00Z");
    world.keys = json!({ "PublicKeyList": [key] }).to_string();
    let mut options = all_days();
    options.selection.regions = vec![OTHER.to_owned()];
    let report = world.verify(&options);
    assert_eq!(report.outcome, Outcome::Verified, "{report}");
    assert!(report.has(Kind::KeyPeriod));
}
