//! What only AWS's own key could do, or a bug of AWS.

use serde_json::json;
use stele_verify::cloudtrail::Kind;

use super::{middle, newest, rewrite, second_at_noon};
use crate::cloudtrail::chains::{OTHER, link};
use crate::cloudtrail::{Case, case};

pub(crate) const ONLY_BY_THE_SIGNER: &[Case] = &[
    case("digest beside the chain", &[Kind::DigestUnreferenced], |world, _| {
        second_at_noon(world, 5);
    }),
    case("two digests after one", &[Kind::DigestUnreferenced], |world, _| {
        second_at_noon(world, 11);
    }),
    case("another account in the digest", &[Kind::DigestAccount], |world, _| {
        rewrite(world, &newest(world), |json| json["awsAccountId"] = json!("999900001111"));
    }),
    case("end that is not the name's", &[Kind::DigestTime], |world, _| {
        rewrite(world, &newest(world), |json| {
            json["digestEndTime"] = json!("2026-01-03T23:30:00Z");
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
