//! No bytes make it panic, and none that were changed are verified.

use proptest::prelude::*;
use stele_intake::decode::{DecodeLimits, Encoding, decode_all};
use stele_verify::cloudtrail::{Options, Outcome, SIDECAR};

use crate::cloudtrail::chains::{Chain, HOME, all_days, at, usual};
use crate::cloudtrail::world::{World, packed};

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

/// What comes out of one whole gzip member.
fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let limits = DecodeLimits { decoded_bytes_max: 1 << 20, ratio_max: 10_000 };
    let decoded = decode_all(Encoding::Gzip, bytes, limits);
    decoded.damage.is_none().then_some(decoded.bytes)
}
