//! No bytes make it panic, and none that were changed are verified.

use proptest::prelude::*;

use super::chains::{Chain, HOME, all_days, at, usual};
use super::world::{World, packed};
use crate::cloudtrail::digest::Digest;
use crate::cloudtrail::logs::read_calls;
use crate::cloudtrail::metadata::SIDECAR;
use crate::cloudtrail::names::{DigestName, LogName};
use crate::cloudtrail::{Anchors, MetadataMap, Options, Outcome, PublicKeys};
use crate::objects::BucketFolder;

fn one_morning() -> World {
    let mut world = World { keys: usual().keys, ..World::default() };
    let (start, end) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T05:00:00Z"));
    Chain::new(HOME).hours(&mut world, start, end);
    world
}

fn morning() -> Options {
    Options { end: Some(at("2026-01-01T05:00:00Z")), ..all_days() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC*", json in json_like()) {
        for text in [&text, &json] {
            let _ = PublicKeys::parse(text);
            let _ = PublicKeys::parse(&format!("-----BEGIN PUBLIC KEY-----{text}-----END X"));
            let _ = Anchors::parse(text);
            let _ = MetadataMap::parse(text);
            let _ = BucketFolder::parse(text);
            let _ = DigestName::parse(text);
            let _ = LogName::parse(text);
            let _ = Digest::parse(text.as_bytes());
            let digest = &usual().digests(HOME)[0];
            let name = DigestName::parse(digest).unwrap();
            let _ = read_calls(text.as_bytes(), &name.chain);
            let _ = DigestName::parse(&digest.replace("20260101T010000Z", text));
        }
    }

    #[test]
    fn no_der_makes_the_keys_panic(der in proptest::collection::vec(any::<u8>(), 0..400)) {
        use base64::Engine as _;
        let value = base64::engine::general_purpose::STANDARD.encode(der);
        let _ = PublicKeys::parse(&format!("[{{\"Value\": \"{value}\"}}]"));
    }

    #[test]
    fn no_content_of_a_file_makes_it_panic_or_is_verified(
        which in any::<proptest::sample::Index>(),
        content in proptest::collection::vec(any::<u8>(), 0..200),
        unpacked in any::<bool>(),
    ) {
        let mut world = one_morning();
        let keys: Vec<String> = world.objects.keys().map(|(_, key)| key.clone()).collect();
        let key = which.get(&keys);
        world.set(key, if unpacked { packed(&content) } else { content });
        let report = world.verify(&morning());
        prop_assert_ne!(report.outcome, Outcome::Verified);
    }

    /// One bit anywhere: the same bytes may come out of another gzip, nothing else is verified.
    #[test]
    fn one_flipped_bit_is_found(
        which in any::<proptest::sample::Index>(),
        place in any::<proptest::sample::Index>(),
        bit in 0u32..8,
    ) {
        let mut world = one_morning();
        world.objects.retain(|(_, key), _| !key.ends_with(SIDECAR) || key.contains("T050000Z"));
        let keys: Vec<String> = world.objects.keys().map(|(_, key)| key.clone()).collect();
        let key = which.get(&keys);
        let before = world.get(key).clone();
        let mut bytes = before.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= 1u8 << bit;
        let after = inflated(&bytes);
        let same = !key.ends_with(SIDECAR) && after.is_some() && after == inflated(&before);
        let sidecar = key.ends_with(SIDECAR);
        world.set(key, bytes);
        let report = world.verify(&morning());
        prop_assert!(report.outcome != Outcome::Verified || same || sidecar, "{} {}", key, place);
    }
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut out = Vec::new();
    crate::cloudtrail::gzip::Member::new(bytes, 1 << 20).read_to_end(&mut out).ok()?;
    Some(out)
}

/// JSON of the right names and wrong values.
fn json_like() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("1e400".to_owned()),
        Just("[]".to_owned()),
        Just("\"9999-12-31T23:59:59Z\"".to_owned()),
        "[0-9]{1,20}",
        "\"[a-zA-Z0-9/:.-]{0,30}\"",
    ];
    let names = [
        "digestStartTime",
        "digestEndTime",
        "digestS3Bucket",
        "digestS3Object",
        "digestPublicKeyFingerprint",
        "previousDigestSignature",
        "logFiles",
        "Value",
        "ValidityStartTime",
        "Records",
        "eventTime",
        "key",
        "sha256",
    ];
    proptest::collection::vec((proptest::sample::select(names.to_vec()), value), 0..14).prop_map(
        |fields| {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        },
    )
}
