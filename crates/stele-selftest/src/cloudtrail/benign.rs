//! What is in order must be called so: no alarm, or at most `incomplete`.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use serde_json::json;
use stele_verify::cloudtrail::{Kind, Options, SIDECAR};

use super::chains::{Chain, HOME, OTHER, STOP, Stop, at, event, three_days, usual};
use super::world::{World, aws, stranger, unpacked};
use super::{Case, Change};
use crate::Purpose;

/// Packs all that fits again, in another way.
fn repack(world: &mut World, part: &str) {
    for ((_, key), bytes) in &mut world.objects {
        if key.contains(part) && !key.ends_with(SIDECAR) {
            let plain = unpacked(bytes);
            let builder = GzBuilder::new().filename("log.json").comment("again").mtime(1);
            let mut encoder = builder.write(Vec::new(), Compression::best());
            encoder.write_all(&plain).unwrap();
            *bytes = encoder.finish().unwrap();
        }
    }
}

fn keys_of(world: &mut World, keys: &[serde_json::Value]) {
    world.keys = json!({ "PublicKeyList": keys }).to_string();
}

fn one_day(change: fn(&mut Chain)) -> World {
    let mut world = World { keys: usual().keys, ..World::default() };
    let mut chain = Chain::new(HOME);
    change(&mut chain);
    chain.hours(&mut world, at("2026-01-01T00:00:00Z"), at("2026-01-04T00:00:00Z"));
    world
}

/// An RSA public key as SPKI.
fn spki(pkcs1: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| [0x82, (bytes >> 8) as u8, bytes as u8];
    let algorithm: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let mut bits = vec![0x03];
    bits.extend(length(pkcs1.len() + 1));
    bits.push(0);
    bits.extend(pkcs1);
    let mut der = vec![0x30];
    der.extend(length(algorithm.len() + bits.len()));
    der.extend(algorithm);
    der.extend(bits);
    der
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

const fn verified(name: &'static str, change: Change) -> Case {
    Case { name, purpose: Purpose::Benign, wanted: &[], change }
}

const fn incomplete(name: &'static str, wanted: &'static [Kind], change: Change) -> Case {
    Case { name, purpose: Purpose::Benign, wanted, change }
}

/// What verifies.
pub(super) const VERIFIED: &[Case] = &[
    verified("as it is", |_, _| {}),
    verified("logs packed again", |world, _| repack(world, "/CloudTrail/")),
    verified("digests packed again", |world, _| repack(world, "/CloudTrail-Digest/")),
    verified("no interval given", |_, options| *options = Options::default()),
    verified("only a part of the time", |_, options| {
        options.start = Some(at("2026-01-01T03:00:00Z"));
        options.end = Some(at("2026-01-03T03:00:00Z"));
    }),
    verified("start and end in the time without logging", |_, options| {
        options.start = Some(at("2026-01-02T06:00:00Z"));
        options.end = Some(at("2026-01-02T08:30:00Z"));
    }),
    verified("start in the time without logging", |_, options| {
        options.start = Some(at("2026-01-02T08:00:00Z"));
    }),
    verified("end in the time without logging", |_, options| {
        options.end = Some(at("2026-01-02T08:00:00Z"));
    }),
    verified("times between the hours", |_, options| {
        options.start = Some(at("2026-01-01T03:17:09Z"));
        options.end = Some(at("2026-01-03T03:17:09Z"));
    }),
    verified("one region", |_, options| options.selection.regions = vec![HOME.to_owned()]),
    verified("one region that is not the trail's own", |_, options| {
        options.selection.regions = vec![OTHER.to_owned()];
    }),
    verified("older files deleted, the start is after them", |world, options| {
        options.start = Some(at("2026-01-03T00:00:00Z"));
        for region in [HOME, OTHER] {
            let all = world.digests(region);
            world.take_with_logs(&all[..40]);
        }
    }),
    verified("older files deleted, no start given", |world, options| {
        options.start = None;
        for region in [HOME, OTHER] {
            let all = world.digests(region);
            world.take_with_logs(&all[..40]);
        }
        world.take_with_logs(&[world.backfills(HOME)[0].clone()]);
    }),
    verified("metadata saved only of what no later digest names", |world, _| {
        let last = ["20260102T054000Z.json.gz", "20260104T000000Z.json.gz", "_backfill.json.gz"];
        world.objects.retain(|(_, key), _| {
            let of = key.strip_suffix(SIDECAR);
            of.is_none_or(|of| last.iter().any(|last| of.ends_with(last)))
        });
    }),
    verified(
        "metadata missing of the last in the interval, a later one is there",
        |world, options| {
            options.end = Some(at("2026-01-03T01:00:00Z"));
            world
                .objects
                .retain(|(_, key), _| !(key.contains("20260103T") && key.ends_with(SIDECAR)));
        },
    ),
    verified("keys change", |world, _| {
        keys_of(
            world,
            &[
                aws().listed("2025-12-01T00:00:00Z", "2026-01-02T08:00:00Z"),
                stranger().listed("2026-01-03T00:00:00Z", "2026-03-01T00:00:00Z"),
            ],
        );
        for region in [HOME, OTHER] {
            let all = world.digests(region);
            let new: Vec<String> = all[30..].to_vec();
            world.take_with_logs(&new);
            let mut chain = Chain { signer: stranger(), ..Chain::new(region) };
            chain.hours(world, at("2026-01-02T09:40:00Z"), at("2026-01-04T00:00:00Z"));
        }
        let keys = [
            aws().listed("2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            stranger().listed("2026-01-02T00:00:00Z", "2026-03-01T00:00:00Z"),
        ];
        keys_of(world, &keys);
    }),
    verified("key as SPKI in the list", |world, _| {
        let value = STANDARD.encode(spki(aws().pkcs1()));
        keys_of(world, &[json!({ "Value": value })]);
    }),
    verified("key as PEM", |world, _| world.keys = pem("RSA PUBLIC KEY", aws().pkcs1())),
    verified("keys as PEM of SPKI", |world, _| {
        world.keys = pem("PUBLIC KEY", &spki(stranger().pkcs1()));
        world.keys.push_str(&pem("PUBLIC KEY", &spki(aws().pkcs1())));
    }),
    verified("keys of two regions, one answer after the other, in seconds", |world, _| {
        let mut key = aws().listed("", "");
        key["ValidityStartTime"] = json!(1_764_547_200.0);
        key["ValidityEndTime"] = json!(1_772_323_200);
        world.keys = format!(
            "{}\n{}",
            json!({ "PublicKeyList": [] }),
            json!({
                "PublicKeyList": [key],
            })
        );
    }),
    verified("names in capital hexadecimal digits", |world, _| {
        let key = world.digests(HOME).pop().unwrap();
        world.edit_metadata(&key, |metadata| {
            let signature = metadata["signature"].as_str().unwrap().to_uppercase();
            metadata["signature"] = json!(signature);
        });
    }),
    verified("under a prefix", |world, _| {
        *world = one_day(|chain| "a/b/AWSLogs/".clone_into(&mut chain.root));
    }),
    verified("of an organization", |world, _| {
        *world = one_day(|chain| "AWSLogs/o-abcdef1234/".clone_into(&mut chain.root));
    }),
    verified("another bucket from the third day on", |world, _| {
        *world = World { keys: usual().keys, named: true, ..World::default() };
        let mut chain = Chain::new(HOME);
        chain.hours(world, at("2026-01-01T00:00:00Z"), at("2026-01-03T00:00:00Z"));
        "second-trail".clone_into(&mut chain.bucket);
        chain.hours(world, at("2026-01-03T00:00:00Z"), at("2026-01-04T00:00:00Z"));
    }),
    verified("second trail in the same place, not asked for", |world, options| {
        let mut chain = Chain { trail: "second_trail", ..Chain::new(HOME) };
        chain.hours(world, at("2026-01-01T00:00:00Z"), at("2026-01-04T00:00:00Z"));
        options.selection.trails = vec!["main".to_owned()];
    }),
    verified("second trail in the same place", |world, _| {
        let mut chain = Chain { trail: "second_trail", ..Chain::new(HOME) };
        chain.hours(world, at("2026-01-01T00:00:00Z"), at("2026-01-04T00:00:00Z"));
    }),
    verified("metadata of the logs saved too", |world, _| {
        for log in world.logs(HOME) {
            world.set_metadata(&log, b"{\"Metadata\": {}}".to_vec());
        }
    }),
    verified("files of other kinds", |world, _| {
        world.set("README.md", b"hello".to_vec());
        world.set("AWSLogs/111122223333/Config/us-east-1/2026/1/1/a.json.gz", vec![1]);
        world.set("AWSLogs/111122223333/CloudTrail-Digest/", Vec::new());
    }),
    verified("logs that are not in a digest yet", |world, options| {
        options.end = None;
        let key = Chain::new(HOME).log_key(at("2026-01-04T00:10:00Z"), "new");
        world.set(&key, Vec::new());
    }),
    verified("what is there was noted", |world, _| {
        for key in world.digests(HOME).into_iter().chain(world.logs(HOME)) {
            world.anchor(&key);
        }
    }),
    verified("trail deleted in the second day, until then", |world, options| {
        *world = three_days(Stop { call: "DeleteTrail", ..STOP });
        for region in [HOME, OTHER] {
            let all = world.digests(region);
            world.take_with_logs(&all[30..]);
        }
        options.end = Some(at("2026-01-03T00:00:00Z"));
        world.take_with_logs(&[world.backfills(HOME)[1].clone()]);
    }),
];

/// What cannot be judged, and is not called a difference.
pub(super) const INCOMPLETE: &[Case] = &[
    incomplete("metadata of the newest not saved", &[Kind::SignatureMissing], |world, _| {
        let key = world.digests(HOME).pop().unwrap();
        let bytes = world.take(&key);
        world.set(&key, bytes);
    }),
    incomplete("metadata beside it that is no JSON", &[Kind::Unreadable], |world, _| {
        let key = world.digests(HOME).pop().unwrap();
        world.set(&format!("{key}{SIDECAR}"), b"{".to_vec());
    }),
    incomplete("bucket of which nothing was collected", &[Kind::BucketMissing], |world, _| {
        *world = World { keys: usual().keys, named: true, ..World::default() };
        let mut chain = Chain::new(HOME);
        chain.hours(world, at("2025-12-31T22:00:00Z"), at("2026-01-03T00:00:00Z"));
        "second-trail".clone_into(&mut chain.bucket);
        chain.hours(world, at("2026-01-03T00:00:00Z"), at("2026-01-04T00:00:00Z"));
        let log = world.logs(HOME).pop().unwrap();
        let digest = world.digests(HOME).pop().unwrap();
        world.take(&log);
        world.edit(&digest, |json| json["logFiles"][1]["s3Bucket"] = json!("third"));
        world.sign(&digest, aws());
    }),
    incomplete("logs without digests after an update", &[Kind::LogUnvouched], |world, _| {
        *world = three_days(Stop { call: "UpdateTrail", ..STOP });
        let hour = at("2026-01-02T08:00:00Z");
        let key = Chain::new(HOME).log_key(hour, "unvouched");
        let log = json!({ "Records": [event(hour, 1)] }).to_string();
        world.set(&key, super::world::packed(log.as_bytes()));
    }),
];
