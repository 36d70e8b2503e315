//! Every way to change a trail that we know, and the kind of finding that each must give.
//!
//! The first block is the table of `docs/cloudtrail-digests.md`: what aws-cli accepts. The second
//! is what it refuses. The third only AWS's own key could do, or a bug of AWS.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::chains::{
    Chain, HOME, Log, OTHER, STOP, Stop, all_days, at, call, event, link, three_days, usual,
};
use super::world::{BUCKET, World, aws, grave, packed, stranger, unpacked};
use crate::cloudtrail::digest::hex;
use crate::cloudtrail::metadata::SIDECAR;
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

const ACCEPTED_BY_AWS_CLI: &[Case] = &[
    case("newest digest deleted", &[Kind::NotCoveredToEnd], |world, _| {
        world.take(&newest(world));
    }),
    case("newest digest deleted with its logs", &[Kind::NotCoveredToEnd], |world, _| {
        world.take_with_logs(&[newest(world)]);
    }),
    case(
        "newest 4 digests deleted",
        &[Kind::NotCoveredToEnd, Kind::LogUnreferenced],
        |world, _| {
            let all = world.digests(HOME);
            all[all.len() - 4..].iter().for_each(|key| drop(world.take(key)));
        },
    ),
    case("newest 4 digests deleted, no end given", &[Kind::NotCoveredToEnd], |world, options| {
        options.end = None;
        let all = world.digests(HOME);
        world.take_with_logs(&all[all.len() - 4..]);
    }),
    case("all digests of a region deleted", &[Kind::NoDigests], |world, _| {
        world.digests(OTHER).iter().for_each(|key| drop(world.take(key)));
    }),
    case("a region that was asked for deleted", &[Kind::NoDigests], |world, options| {
        options.selection.regions = vec![HOME.to_owned(), OTHER.to_owned()];
        world.take_with_logs(&world.digests(OTHER));
    }),
    case("everything deleted", &[Kind::NoDigests], |world, _| world.objects.clear()),
    case("restart gap widened by 2 hours before it", &[Kind::GapUnexplained], |world, _| {
        world.take_with_logs(&of_day_two(world, 4..6));
    }),
    case("everything before the restart deleted", &[Kind::NotCoveredToStart], |world, _| {
        let all = world.digests(HOME);
        world.take_with_logs(&all[..30]);
    }),
    case("forged extra log", &[Kind::LogUnreferenced], |world, _| {
        forge_log(world, "2026-01-01T12:10:00Z");
    }),
    case("forged log in the time without logging", &[Kind::LogUnreferenced], |world, _| {
        forge_log(world, "2026-01-02T08:10:00Z");
    }),
    case("log copied under a second key", &[Kind::LogUnreferenced], |world, _| {
        let log = a_log(world);
        world.set(&log.replace("main", "copy"), world.get(&log).clone());
    }),
    case("log whose gzip checksum is cut off", &[Kind::LogGzip], |world, _| {
        let (log, mut bytes) = (a_log(world), world.get(&a_log(world)).clone());
        bytes.truncate(bytes.len() - 8);
        world.set(&log, bytes);
    }),
    case("digest with a second gzip member", &[Kind::DigestGzip], |world, _| {
        let (key, mut bytes) = (middle(world), world.get(&middle(world)).clone());
        bytes.extend(packed(b"more"));
        world.set(&key, bytes);
    }),
    case("signature algorithm `none`", &[Kind::DigestAlgorithm], |world, _| {
        let key = newest(world);
        world.edit_metadata(&key, |metadata| metadata["signature-algorithm"] = json!("none"));
    }),
    case(
        "second valid digest for a key in the middle",
        &[Kind::ChainHash, Kind::ChainSignature],
        |world, _| {
            let key = middle(world);
            world.edit(&key, |digest| digest["logFiles"] = json!([]));
            world.sign(&key, aws());
        },
    ),
    case("second valid digest for the newest key", &[Kind::AnchorDiffers], |world, _| {
        let key = newest(world);
        world.anchor(&key);
        world.edit(&key, |digest| digest["oldestEventTime"] = json!(null));
        world.sign(&key, aws());
    }),
    case("backfill digest deleted", &[Kind::LogUnreferenced], |world, _| {
        world.take(&world.backfills(HOME)[1]);
    }),
    case("backfill digest deleted with its log, anchored", &[Kind::AnchorMissing], |world, _| {
        let key = world.backfills(HOME)[1].clone();
        world.anchor(&key);
        world.take_with_logs(&[key]);
    }),
    case("digest under a name that is not read", &[Kind::NameUnknown], |world, _| {
        let key = newest(world);
        world.rename(&key, &key.replace("_CloudTrail-Digest_", "_Digest_"));
    }),
    case("forged logs named by a forged trail's digest", &[Kind::LogUnreferenced], |world, o| {
        o.selection.trails = vec!["main".to_owned()];
        let noon = at("2026-01-01T12:00:00Z");
        let mut forged = Chain { trail: "other", signer: stranger(), ..Chain::new(HOME) };
        let logs: [Log<'_>; 1] = [(10, &[event(noon, 1)])];
        forged.deliver(world, noon, at("2026-01-01T13:00:00Z"), &logs);
    }),
    case("stop that was refused", &[Kind::GapUnexplained], |world, _| {
        *world = three_days(Stop { error: Some("AccessDenied"), ..STOP });
    }),
    case("stop of another trail", &[Kind::GapUnexplained], |world, _| {
        *world = three_days(Stop { trail: "other", ..STOP });
    }),
    case("stop of a trail of that name elsewhere", &[Kind::GapUnexplained], |world, _| {
        let trail = "arn:aws:cloudtrail:us-west-2:111122223333:trail/main";
        *world = three_days(Stop { trail, ..STOP });
    }),
    case("no stop, but a start", &[Kind::GapUnexplained], |world, _| {
        *world = three_days(Stop { call: "StartLogging", ..STOP });
    }),
    case("log changed that holds the stop", &[Kind::GapUnexplained, Kind::LogHash], |world, _| {
        let digest = of_day_two(world, 5..6).remove(0);
        let log = world.logs_of(&digest)[1].clone();
        world.set(&log, edited(world, &log));
    }),
    case("log rewritten with all digests after it", &[Kind::AnchorDiffers], |world, _| {
        let (digest, log) = (middle(world), a_log(world));
        world.anchor(&log);
        let bytes = edited(world, &log);
        let hash = hex(&Sha256::digest(unpacked(&bytes)));
        world.set(&log, bytes);
        rewrite(world, &digest, |json| json["logFiles"][1]["hashValue"] = json!(hash));
    }),
];

const REFUSED_BY_AWS_CLI: &[Case] = &[
    case("digest deleted", &[Kind::DigestMissing, Kind::GapUnexplained], |world, _| {
        world.take(&middle(world));
    }),
    case("two digests deleted with their logs", &[Kind::DigestMissing], |world, _| {
        world.take_with_logs(&world.digests(HOME)[12..14]);
    }),
    case("all digests between the restart and the newest", &[Kind::DigestMissing], |world, _| {
        let all = world.digests(HOME);
        world.take_with_logs(&all[30..all.len() - 1]);
    }),
    case("log deleted", &[Kind::LogMissing], |world, _| drop(world.take(&a_log(world)))),
    case("log edited", &[Kind::LogHash], |world, _| {
        world.set(&a_log(world), edited(world, &a_log(world)));
    }),
    case("event taken out of a log", &[Kind::LogHash], |world, _| {
        world.set(&a_log(world), packed(br#"{"Records":[]}"#));
    }),
    case("event added to a log", &[Kind::LogHash], |world, _| {
        let mut json = world.json(&a_log(world));
        let more = json["Records"][0].clone();
        json["Records"].as_array_mut().unwrap().push(more);
        world.set(&a_log(world), packed(json.to_string().as_bytes()));
    }),
    case("white space added to a log", &[Kind::LogHash], |world, _| {
        let mut bytes = unpacked(world.get(&a_log(world)));
        bytes.push(b'\n');
        world.set(&a_log(world), packed(&bytes));
    }),
    case("two logs exchanged", &[Kind::LogHash], |world, _| {
        let logs = world.logs_of(&middle(world));
        let (one, two) = (world.get(&logs[0]).clone(), world.get(&logs[1]).clone());
        world.set(&logs[0], two);
        world.set(&logs[1], one);
    }),
    case("log cut in the middle", &[Kind::LogGzip], |world, _| {
        let mut bytes = world.get(&a_log(world)).clone();
        bytes.truncate(bytes.len() / 2);
        world.set(&a_log(world), bytes);
    }),
    case("log with a second gzip member", &[Kind::LogGzip], |world, _| {
        let mut bytes = world.get(&a_log(world)).clone();
        bytes.extend(packed(b"{}"));
        world.set(&a_log(world), bytes);
    }),
    case("log with an empty second gzip member", &[Kind::LogGzip], |world, _| {
        let mut bytes = world.get(&a_log(world)).clone();
        bytes.extend(packed(b""));
        world.set(&a_log(world), bytes);
    }),
    case("log with a byte behind its end", &[Kind::LogGzip], |world, _| {
        let mut bytes = world.get(&a_log(world)).clone();
        bytes.push(0);
        world.set(&a_log(world), bytes);
    }),
    case("log that is not gzip", &[Kind::LogGzip], |world, _| {
        let bytes = unpacked(world.get(&a_log(world)));
        world.set(&a_log(world), bytes);
    }),
    case("log emptied", &[Kind::LogGzip], |world, _| world.set(&a_log(world), Vec::new())),
    case("log that is a bomb", &[Kind::LogTooLarge], |world, options| {
        options.log_bytes_max = 1 << 20;
        world.set(&a_log(world), bomb(2 << 20));
    }),
    case("digest that is a bomb", &[Kind::DigestTooLarge], |world, options| {
        options.digest_bytes_max = 1 << 20;
        world.set(&middle(world), bomb(2 << 20));
    }),
    case("log deleted, and its line in the digest", &[Kind::DigestSignature], |world, _| {
        world.take(&a_log(world));
        world.edit(&middle(world), |digest| {
            digest["logFiles"].as_array_mut().unwrap().pop();
        });
    }),
    case("log edited, and its hash in the digest", &[Kind::DigestSignature], |world, _| {
        let bytes = edited(world, &a_log(world));
        let hash = hex(&Sha256::digest(unpacked(&bytes)));
        world.set(&a_log(world), bytes);
        let digest = middle(world);
        world.edit(&digest, |digest| digest["logFiles"][1]["hashValue"] = json!(hash));
    }),
    case("line added to a digest", &[Kind::DigestSignature], |world, _| {
        world.edit(&middle(world), |digest| {
            let mut line = digest["logFiles"][0].clone();
            line["s3Object"] = json!("AWSLogs/x");
            digest["logFiles"].as_array_mut().unwrap().push(line);
        });
    }),
    case("times of a digest changed", &[Kind::DigestSignature], |world, _| {
        let digest = newest(world);
        world.edit(&digest, |json| json["digestStartTime"] = json!("2026-01-03T22:00:00Z"));
    }),
    case("newest digest made to name an older one", &[Kind::DigestSignature], |world, _| {
        let (newest, older) = (newest(world), middle(world));
        let mut json = world.json(&newest);
        link(world, &mut json, &older);
        world.set(&newest, packed(json.to_string().as_bytes()));
    }),
    case("newest digest made a starting one", &[Kind::DigestSignature], |world, _| {
        let newest = newest(world);
        world.edit(&newest, |json| {
            for name in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
                json[format!("previousDigest{name}")] = json!(null);
            }
        });
    }),
    case("digest written anew with white space", &[Kind::DigestSignature], |world, _| {
        let digest = middle(world);
        let json = serde_json::to_vec_pretty(&world.json(&digest)).unwrap();
        world.set(&digest, packed(&json));
    }),
    case("digest that is not JSON", &[Kind::DigestJson], |world, _| {
        world.set(&middle(world), packed(b"{"));
    }),
    case("digest without a field", &[Kind::DigestJson], |world, _| {
        world.edit(&middle(world), |digest| {
            digest.as_object_mut().unwrap().remove("previousDigestSignature");
        });
    }),
    case("digest with half a predecessor", &[Kind::DigestJson], |world, _| {
        world.edit(&middle(world), |digest| digest["previousDigestHashValue"] = json!(null));
    }),
    case("digest with a field twice", &[Kind::DigestJson], |world, _| {
        let text = String::from_utf8(unpacked(world.get(&middle(world)))).unwrap();
        let twice = text.replacen('{', r#"{"logFiles":[],"#, 1);
        world.set(&middle(world), packed(twice.as_bytes()));
    }),
    case("digest cut in the middle", &[Kind::DigestGzip], |world, _| {
        let mut bytes = world.get(&middle(world)).clone();
        bytes.truncate(bytes.len() / 2);
        world.set(&middle(world), bytes);
    }),
    case("digest emptied", &[Kind::DigestGzip], |world, _| world.set(&middle(world), Vec::new())),
    case("digest renamed", &[Kind::DigestMoved, Kind::DigestMissing], |world, _| {
        let key = middle(world);
        world.rename(&key, &key.replace("T130000Z", "T130001Z"));
    }),
    case("two digests exchanged", &[Kind::DigestMoved], |world, _| {
        let all = world.digests(HOME);
        let (one, two) = (world.get(&all[12]).clone(), world.get(&all[20]).clone());
        world.set(&all[12], two);
        world.set(&all[20], one);
    }),
    case("old digest as the newest", &[Kind::DigestMoved], |world, _| {
        world.set(&newest(world), world.get(&middle(world)).clone());
    }),
    case("digest of another region in its place", &[Kind::DigestMoved], |world, _| {
        let other = world.digests(OTHER)[12].clone();
        world.set(&middle(world), world.get(&other).clone());
    }),
    case("digest in another bucket", &[Kind::DigestMoved], |world, _| {
        world.named = true;
        let key = newest(world);
        for name in [key.clone(), format!("{key}{SIDECAR}")] {
            let bytes = world.objects.remove(&(BUCKET.to_owned(), name.clone())).unwrap();
            world.objects.insert(("elsewhere".to_owned(), name), bytes);
        }
    }),
    case("signature taken out of the metadata", &[Kind::MetadataStripped], |world, _| {
        let key = newest(world);
        world.edit_metadata(&key, |metadata| {
            metadata.as_object_mut().unwrap().remove("signature");
        });
    }),
    case("signature algorithm taken out of the metadata", &[Kind::DigestAlgorithm], |world, _| {
        let key = newest(world);
        world.edit_metadata(&key, |metadata| {
            metadata.as_object_mut().unwrap().remove("signature-algorithm");
        });
    }),
    case("one bit of the signature", &[Kind::DigestSignature], |world, _| {
        let key = newest(world);
        world.edit_metadata(&key, |metadata| {
            let signature = metadata["signature"].as_str().unwrap();
            let last = if signature.ends_with('0') { "1" } else { "0" };
            metadata["signature"] = json!(format!("{}{last}", &signature[..signature.len() - 1]));
        });
    }),
    case("signature of another digest", &[Kind::DigestSignature], |world, _| {
        let (key, other) = (newest(world), format!("{}{SIDECAR}", middle(world)));
        world.set(&format!("{key}{SIDECAR}"), world.get(&other).clone());
    }),
    case("signature that is no hexadecimal number", &[Kind::DigestSignature], |world, _| {
        let key = newest(world);
        world.edit_metadata(&key, |metadata| metadata["signature"] = json!("xyz"));
    }),
    case("signature exchanged in the middle", &[Kind::ChainSignature], |world, _| {
        let all = world.digests(HOME);
        let other = world.get(&format!("{}{SIDECAR}", all[14])).clone();
        world.set(&format!("{}{SIDECAR}", all[12]), other);
    }),
    case("signed by a stranger's key", &[Kind::KeyUnknown], |world, _| {
        let key = newest(world);
        let fingerprint = stranger().fingerprint();
        world.edit(&key, |digest| digest["digestPublicKeyFingerprint"] = json!(fingerprint));
        world.sign(&key, stranger());
    }),
    case("signed by a stranger in AWS's name", &[Kind::DigestSignature], |world, _| {
        world.sign(&newest(world), stranger());
    }),
    case("whole chain made anew by a stranger", &[Kind::KeyUnknown], |world, _| {
        let mut chain = Chain { signer: stranger(), ..Chain::new(OTHER) };
        let all = world.digests(OTHER);
        world.take_with_logs(&all);
        chain.hours(world, at("2026-01-01T00:00:00Z"), at("2026-01-04T00:00:00Z"));
    }),
    case("key that is not in the file", &[Kind::KeyUnknown], |world, _| {
        let other = stranger().listed("2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z");
        world.keys = json!({ "PublicKeyList": [other] }).to_string();
    }),
    case("key that is damaged", &[Kind::KeyUnusable], |world, _| {
        let mut key = aws().listed("2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z");
        key["Value"] = json!("AAAA");
        world.keys = json!([key]).to_string();
    }),
    case("stranger's key under AWS's fingerprint", &[Kind::KeyUnusable], |world, _| {
        let mut key = stranger().listed("2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z");
        key["Fingerprint"] = json!(aws().fingerprint());
        world.keys = json!([key]).to_string();
    }),
    case("key that was not in use then", &[Kind::KeyWindow], |world, _| {
        let key = aws().listed("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
        world.keys = json!([key]).to_string();
    }),
    case("backfill digest without its time", &[Kind::BackfillTime], |world, _| {
        let key = world.backfills(HOME)[1].clone();
        world.edit_metadata(&key, |metadata| {
            metadata.as_object_mut().unwrap().remove("backfill-generation-timestamp");
        });
    }),
    case("backfill digest edited", &[Kind::DigestSignature], |world, _| {
        world.edit(&world.backfills(HOME)[1].clone(), |digest| digest["logFiles"] = json!([]));
    }),
    case("log of a backfill digest edited", &[Kind::LogHash], |world, _| {
        let log = world.logs_of(&world.backfills(HOME)[0])[0].clone();
        world.set(&log, edited(world, &log));
    }),
    case("first backfill digest deleted", &[Kind::DigestMissing], |world, _| {
        world.take(&world.backfills(HOME)[0]);
    }),
];

const ONLY_BY_THE_SIGNER: &[Case] = &[
    case("digest beside the chain", &[Kind::DigestUnreferenced], |world, _| {
        second_at_noon(world, 5);
    }),
    case("two digests after one", &[Kind::DigestUnreferenced], |world, _| {
        second_at_noon(world, 11)
    }),
    case("another account in the digest", &[Kind::DigestAccount], |world, _| {
        rewrite(world, &newest(world), |json| json["awsAccountId"] = json!("999900001111"));
    }),
    case("end that is not the name's", &[Kind::DigestTime], |world, _| {
        rewrite(world, &newest(world), |json| {
            json["digestEndTime"] = json!("2026-01-03T23:30:00Z")
        });
    }),
    case("start after the end", &[Kind::DigestTime], |world, _| {
        let start = json!("2026-01-04T02:00:00Z");
        rewrite(world, &newest(world), |json| json["digestStartTime"] = start);
    }),
    case("start before the end of the one before", &[Kind::ChainTime], |world, _| {
        let start = json!("2026-01-03T22:30:00Z");
        rewrite(world, &newest(world), |json| json["digestStartTime"] = start);
    }),
    case("start after the end of the one before", &[Kind::ChainTime], |world, _| {
        let start = json!("2026-01-03T23:30:00Z");
        rewrite(world, &newest(world), |json| json["digestStartTime"] = start);
    }),
    case("digest that follows another region's", &[Kind::ChainForeign], |world, _| {
        let other = world.digests(OTHER).pop().unwrap();
        let mut json = world.json(&newest(world));
        link(world, &mut json, &other);
        rewrite(world, &newest(world), |digest| *digest = json);
    }),
    case("digest that follows itself", &[Kind::ChainTime], |world, _| {
        let key = newest(world);
        rewrite(world, &key.clone(), |json| json["previousDigestS3Object"] = json!(key));
    }),
    case("another hash algorithm for a log", &[Kind::LogAlgorithm], |world, _| {
        let digest = middle(world);
        rewrite(world, &digest, |json| json["logFiles"][0]["hashAlgorithm"] = json!("MD5"));
    }),
    case("another hash algorithm for the one before", &[Kind::DigestAlgorithm], |world, _| {
        let digest = middle(world);
        rewrite(world, &digest, |json| json["previousDigestHashAlgorithm"] = json!("SHA-1"));
    }),
    case("another hash of the one before", &[Kind::ChainHash], |world, _| {
        let digest = middle(world);
        rewrite(world, &digest, |json| json["previousDigestHashValue"] = json!("00"));
    }),
];

fn all() -> impl Iterator<Item = &'static Case> {
    [ACCEPTED_BY_AWS_CLI, REFUSED_BY_AWS_CLI, ONLY_BY_THE_SIGNER].into_iter().flatten()
}

#[test]
fn every_kind_of_change_is_found_and_called_by_its_name() {
    let mut missed = Vec::new();
    let mut by_kind: BTreeMap<&str, u32> = BTreeMap::new();
    for case in all() {
        let (mut world, mut options) = (usual(), all_days());
        (case.change)(&mut world, &mut options);
        let report = world.verify(&options);
        let found = case.wanted.iter().all(|kind| report.has(*kind));
        if !found || report.outcome != Outcome::Difference {
            missed.push(format!("{}: {:?} {:?}", case.name, report.outcome, grave(&report)));
        }
        for kind in case.wanted {
            *by_kind.entry(kind.name()).or_default() += 1;
        }
    }
    assert!(missed.is_empty(), "{} of {} missed: {missed:#?}", missed.len(), all().count());
    println!("{} changes, all found: {by_kind:?}", all().count());
}

#[test]
fn enough_kinds_of_change_are_tried() {
    let names: std::collections::BTreeSet<&str> = all().map(|case| case.name).collect();
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
