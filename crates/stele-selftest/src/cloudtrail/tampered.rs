//! Every way to change a trail that we know, and the kind of finding that each must give.
//!
//! One file each for what aws-cli accepts, what it refuses, and what only the signer can do.

mod accepted;
mod refused;
mod signer;

pub(super) use accepted::ACCEPTED_BY_AWS_CLI;
pub(super) use refused::REFUSED_BY_AWS_CLI;
use serde_json::{Value, json};
pub(super) use signer::ONLY_BY_THE_SIGNER;

use super::Case;
use super::chains::{Chain, HOME, at, link};
use super::world::{World, aws, packed};
use crate::Purpose;

/// The hole that stays: nothing but an anchor speaks of a backfill digest.
pub(super) const LIMIT: Case = Case {
    name: "backfill digest deleted with its log, not anchored",
    purpose: Purpose::Limit,
    wanted: &[],
    change: |world, _| world.take_with_logs(&[world.backfills(HOME)[1].clone()]),
};

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
pub(crate) fn bomb(bytes: usize) -> Vec<u8> {
    packed(&vec![b' '; bytes])
}

/// The digest for 12:00 to 12:30, beside the real one; validly signed.
fn second_at_noon(world: &mut World, follows: usize) {
    let mut beside = Chain::new(HOME);
    beside.previous = Some(world.digests(HOME)[follows].clone());
    let noon = at("2026-01-01T12:00:00Z");
    beside.deliver(world, noon, at("2026-01-01T12:30:00Z"), &[]);
}
