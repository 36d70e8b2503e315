#![allow(clippy::unwrap_used)]

use std::io::Write;

use super::*;

const LIMITS: DecodeLimits = DecodeLimits { decoded_bytes_max: 8 << 20, ratio_max: 100 };

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn text(length: usize) -> Vec<u8> {
    let random = stele_event::runtime::SeededEntropy::new(3);
    (0..length).map(|_| b'a' + (random.next() % 16) as u8).collect()
}

#[test]
fn several_members_are_one_text() {
    let both = [gzip(b"one\n"), gzip(b"two\n")].concat();
    assert_eq!(decode_all(Encoding::Gzip, &both, LIMITS).bytes, b"one\ntwo\n");
    let frames =
        [zstd::bulk::compress(b"one\n", 1).unwrap(), zstd::bulk::compress(b"two\n", 1).unwrap()]
            .concat();
    let decoded = decode_all(Encoding::Zstd, &frames, LIMITS);
    assert_eq!((&decoded.bytes[..], decoded.damage), (&b"one\ntwo\n"[..], None));
}

#[test]
fn what_stands_before_a_cut_is_delivered_and_the_cut_is_named() {
    let plain = text(100_000);
    let whole = gzip(&plain);
    for cut in [whole.len() / 2, whole.len() - 4] {
        let decoded = decode_all(Encoding::Gzip, &whole[..cut], LIMITS);
        assert!(plain.starts_with(&decoded.bytes) && decoded.bytes.len() > cut / 2);
        assert!(matches!(decoded.damage, Some(DecodeError::Damaged { .. })), "cut {cut}");
    }
}

#[test]
fn bytes_behind_the_end_are_named_and_cost_nothing() {
    let mut whole = gzip(b"text\n");
    whole.extend(b"trailing");
    let decoded = decode_all(Encoding::Gzip, &whole, LIMITS);
    assert_eq!(decoded.bytes, b"text\n");
    assert!(decoded.damage.is_some());
}

#[test]
fn a_bomb_is_stopped_by_its_ratio_and_by_its_size() {
    let bomb = gzip(&vec![0; 64 << 20]);
    let decoded = decode_all(Encoding::Gzip, &bomb, LIMITS);
    assert!(decoded.bytes.len() <= 8 << 20);
    assert!(matches!(decoded.damage, Some(DecodeError::TooLarge { .. })));
    let small = gzip(&vec![0; 2 << 20]);
    let limits = DecodeLimits { ratio_max: 10, ..LIMITS };
    let Some(DecodeError::TooLarge { limit, .. }) =
        decode_all(Encoding::Gzip, &small, limits).damage
    else {
        panic!("not stopped");
    };
    assert_eq!(limit, "intake.ratio_max");
}
