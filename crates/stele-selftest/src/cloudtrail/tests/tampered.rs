//! Every way to tamper is found and called by its name; what cannot be noticed is said.

use std::collections::BTreeSet;

use stele_verify::cloudtrail::{Kind, Options, Outcome};

use crate::Purpose;
use crate::cloudtrail::chains::{Chain, HOME, Stop, all_days, at, call, three_days, usual};
use crate::cloudtrail::world::World;
use crate::cloudtrail::{battery, judge};

#[test]
fn every_case_comes_out_as_it_must() {
    let judged: Vec<_> = battery().iter().map(judge).collect();
    let missed: Vec<_> = judged.iter().filter(|one| !one.as_expected).collect();
    assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), judged.len());
    let count = |purpose| judged.iter().filter(|one| one.purpose == purpose).count();
    assert!(count(Purpose::Tampered) >= 90 && count(Purpose::Benign) >= 35, "{}", judged.len());
    assert_eq!(count(Purpose::Limit), 1);
    let of = |purpose| judged.iter().filter(move |one| one.purpose == purpose);
    let names: BTreeSet<_> = of(Purpose::Tampered).map(|one| one.name).collect();
    assert!(names.len() + 1 >= count(Purpose::Tampered), "names are given once");
}

#[test]
fn every_call_that_stops_a_trail_explains_a_gap() {
    for name in ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"] {
        for trail in ["main", "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"] {
            let report = three_days(Stop { call: name, trail, error: None }).verify(&all_days());
            assert_eq!(report.outcome, Outcome::Verified, "{name} {trail}: {report}");
            assert!(report.has(Kind::GapExplained), "{name} {trail}");
        }
    }
}

/// The stop is in the log, but the trail was started again in the same minutes.
#[test]
fn a_stop_that_was_taken_back_explains_nothing() {
    let mut world = World { keys: usual().keys, ..World::default() };
    let mut chain = Chain::new(HOME);
    let (start, end) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z"));
    let stop = call(at("2026-01-01T00:40:00Z"), "StopLogging", "main");
    let again = call(at("2026-01-01T00:50:00Z"), "StartLogging", "main");
    chain.deliver(&mut world, start, end, &[(45, &[stop]), (55, &[again])]);
    let options =
        Options { start: Some(start), end: Some(at("2026-01-01T05:00:00Z")), ..all_days() };
    assert!(world.verify(&options).has(Kind::NotCoveredToEnd));
}
