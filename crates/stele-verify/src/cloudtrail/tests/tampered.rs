//! Every way to change a trail that we know, and the kind of finding that each must give.
//!
//! One file each for what aws-cli accepts, what it refuses, and what only the signer can do.

mod accepted;
mod refused;
mod signer;

use std::collections::BTreeSet;

use accepted::ACCEPTED_BY_AWS_CLI;
use refused::REFUSED_BY_AWS_CLI;
use serde_json::{Value, json};
use signer::ONLY_BY_THE_SIGNER;

use super::chains::{Chain, HOME, Stop, all_days, at, call, link, three_days, usual};
use super::world::{World, aws, grave, packed};
use crate::cloudtrail::{Kind, Options, Outcome};

type Change = fn(&mut World, &mut Options);

struct Case {
    name: &'static str,
    change: Change,
    wanted: &'static [Kind],
}

const fn case(name: &'static str, wanted: &'static [Kind], change: Change) -> Case {
    Case { name, change, wanted }
}

fn newest(world: &World) -> String {
    world.digests(HOME).pop().unwrap()
}

/// A digest in the middle: 12:00 to 13:00 of the first day.
fn middle(world: &World) -> String {
    world.digests(HOME)[12].clone()
}

fn a_log(world: &World) -> String {
    let digest = middle(world);
    world.logs_of(&digest)[1].clone()
}

fn of_day_two(world: &World, hours: std::ops::Range<usize>) -> Vec<String> {
    world.digests(HOME)[24..][hours].to_vec()
}

/// A log's first event, changed.
fn edited(world: &World, log: &str) -> Vec<u8> {
    let mut json: Value = world.json(log);
    json["Records"][0]["eventName"] = json!("ListBuckets");
    packed(json.to_string().as_bytes())
}

fn forge_log(world: &mut World, time: &str) {
    let key = Chain::new(HOME).log_key(at(time), "forged");
    world.set(&key, packed(json!({ "Records": [] }).to_string().as_bytes()));
}

/// Signs a changed digest and all after it again, as only the signer can.
fn rewrite(world: &mut World, digest: &str, change: impl FnOnce(&mut Value)) {
    let all = world.digests(HOME);
    let place = all.iter().position(|key| key == digest).unwrap();
    world.edit(digest, change);
    world.sign(digest, aws());
    let next = all[place + 1..].iter().take_while(|key| **key != *of_restart(&all));
    let mut before = digest.to_owned();
    for key in next {
        let mut json = world.json(key);
        link(world, &mut json, &before);
        world.set(key, packed(json.to_string().as_bytes()));
        world.sign(key, aws());
        before.clone_from(key);
    }
}

/// The starting digest behind the stop.
fn of_restart(all: &[String]) -> &String {
    all.iter().find(|key| key.contains("20260102T100000Z")).unwrap()
}

/// Makes a bomb of this many bytes.
pub(super) fn bomb(bytes: usize) -> Vec<u8> {
    packed(&vec![b' '; bytes])
}

/// The digest for 12:00 to 12:30, beside the real one; validly signed.
fn second_at_noon(world: &mut World, follows: usize) {
    let mut beside = Chain::new(HOME);
    beside.previous = Some(world.digests(HOME)[follows].clone());
    let noon = at("2026-01-01T12:00:00Z");
    beside.deliver(world, noon, at("2026-01-01T12:30:00Z"), &[]);
}

fn all() -> impl Iterator<Item = &'static Case> {
    [ACCEPTED_BY_AWS_CLI, REFUSED_BY_AWS_CLI, ONLY_BY_THE_SIGNER].into_iter().flatten()
}

#[test]
fn every_kind_of_change_is_found_and_called_by_its_name() {
    let mut missed = Vec::new();
    for case in all() {
        let (mut world, mut options) = (usual(), all_days());
        (case.change)(&mut world, &mut options);
        let report = world.verify(&options);
        let found = case.wanted.iter().all(|kind| report.has(*kind));
        if !found || report.outcome != Outcome::Difference {
            missed.push(format!("{}: {:?} {:?}", case.name, report.outcome, grave(&report)));
        }
    }
    assert!(missed.is_empty(), "{} of {} missed: {missed:#?}", missed.len(), all().count());
}

#[test]
fn enough_kinds_of_change_are_tried() {
    let names: BTreeSet<&str> = all().map(|case| case.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(names.len() >= 39, "{}", names.len());
}

/// The hole that stays: nothing but an anchor speaks of a backfill digest.
#[test]
fn a_backfill_digest_that_is_gone_with_its_log_is_not_missed_without_an_anchor() {
    let mut world = usual();
    world.take_with_logs(&[world.backfills(HOME)[1].clone()]);
    assert_eq!(world.verify(&all_days()).outcome, Outcome::Verified);
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
