//! What aws-cli refuses.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use stele_verify::cloudtrail::{Kind, SIDECAR};

use super::{a_log, bomb, edited, middle, newest};
use crate::cloudtrail::chains::{Chain, HOME, OTHER, at, link};
use crate::cloudtrail::world::{BUCKET, aws, hex, packed, stranger, unpacked};
use crate::cloudtrail::{Case, case};

pub(crate) const REFUSED_BY_AWS_CLI: &[Case] = &[
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
