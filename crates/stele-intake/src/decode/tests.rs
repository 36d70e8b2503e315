#![allow(clippy::unwrap_used)]

use std::io::Write;

use proptest::prelude::*;

use super::*;

const LIMITS: DecodeLimits = DecodeLimits { decoded_bytes_max: 8 << 20, ratio_max: 100 };

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new()
        .filename("name.log")
        .write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A frame of several blocks with a checksum, as `zstd` writes it from a pipe.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    for part in bytes.chunks(700) {
        encoder.write_all(part).unwrap();
        encoder.flush().unwrap();
    }
    encoder.finish().unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;

const PACKED: [(Encoding, Pack); 2] = [(Encoding::Gzip, gzip), (Encoding::Zstd, zstd)];

fn text(length: usize) -> Vec<u8> {
    let random = stele_event::runtime::SeededEntropy::new(3);
    (0..length).map(|_| b'a' + (random.next() % 16) as u8).collect()
}

/// Gives its bytes in small portions, as a socket does.
struct Slowly<'a>(&'a [u8], usize);

impl Read for Slowly<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.0.len().min(self.1).min(out.len());
        self.0.read(&mut out[..length])
    }
}

fn in_portions(encoding: Encoding, encoded: &[u8], portion: usize) -> Decoded {
    let source = Slowly(encoded, portion);
    let total = Some(encoded.len() as u64);
    let mut reader = DecodedReader::new(encoding, source, total, LIMITS).unwrap();
    let mut bytes = Vec::new();
    let mut out = vec![0; portion];
    let damage = loop {
        match reader.read(&mut out) {
            Ok(0) => break None,
            Ok(length) => bytes.extend(&out[..length]),
            Err(error) => break Some(DecodeError::within(&error).unwrap().clone()),
        }
    };
    if let Some(damage) = &damage {
        let again = reader.read(&mut out).unwrap_err();
        assert_eq!(DecodeError::within(&again), Some(damage), "it fails the same way again");
    }
    Decoded { bytes, damage }
}

#[test]
fn several_members_are_one_text_in_whatever_portions_they_come() {
    for (encoding, pack) in PACKED {
        let both = [pack(b"one\n"), pack(b""), pack(&text(9_000))].concat();
        let plain = [&b"one\n"[..], &text(9_000)].concat();
        let whole = Decoded { bytes: plain, damage: None };
        assert_eq!(decode_all(encoding, &both, LIMITS), whole);
        for portion in [1, 2, 5, 1000, 100_000] {
            assert_eq!(in_portions(encoding, &both, portion), whole, "{encoding:?} by {portion}");
        }
        assert_eq!(Encoding::by_magic(&both), encoding);
    }
    assert_eq!(decode_all(Encoding::Identity, b"as it is", LIMITS).bytes, b"as it is");
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9][..], &zstd(b"text")].concat();
    assert_eq!(Encoding::by_magic(&skippable), Encoding::Zstd);
    assert_eq!(decode_all(Encoding::Zstd, &skippable, LIMITS).bytes, b"text");
}

#[test]
fn what_stands_before_any_cut_is_delivered_and_the_cut_is_named() {
    for (encoding, pack) in PACKED {
        let (first, second) = (text(5_000), text(3_000));
        let (packed, plain) = (pack(&first), [&first[..], &second].concat());
        let between = packed.len();
        let whole = [packed, pack(&second)].concat();
        let mut before = 0;
        for cut in 0..=whole.len() {
            let decoded = decode_all(encoding, &whole[..cut], LIMITS);
            assert!(plain.starts_with(&decoded.bytes), "{encoding:?} cut at {cut}");
            assert!(decoded.bytes.len() >= before, "{encoding:?} cut at {cut}");
            before = decoded.bytes.len();
            let sound = [0, between, whole.len()].contains(&cut);
            match decoded.damage {
                None => assert!(sound, "{encoding:?} cut at {cut} is not noticed"),
                Some(DecodeError::Damaged { decoded_bytes, encoded_offset, .. }) => {
                    assert!(!sound, "{encoding:?} cut at {cut} is sound");
                    assert_eq!((decoded_bytes, encoded_offset), (before as u64, cut as u64));
                }
                Some(other) => panic!("{other}"),
            }
        }
        assert_eq!(before, plain.len());
    }
}

#[test]
fn what_stands_before_any_flipped_bit_is_delivered() {
    for (encoding, pack) in PACKED {
        let plain = text(4_000);
        let whole = pack(&plain);
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            let decoded = decode_all(encoding, &flipped, LIMITS);
            let readable = decode_all(encoding, &whole[..at], LIMITS).bytes;
            assert!(decoded.bytes.starts_with(&readable), "{encoding:?} flipped at {at}");
            let unharmed = decoded.damage.is_none();
            assert!(!unharmed || decoded.bytes == plain, "{encoding:?} flipped at {at}");
            assert_eq!(in_portions(encoding, &flipped, 97).bytes, decoded.bytes);
        }
    }
}

#[test]
fn bytes_behind_the_end_are_named_and_cost_nothing() {
    for (encoding, pack) in PACKED {
        let packed = pack(b"text\n");
        let decoded = decode_all(encoding, &[&packed[..], b"trailing"].concat(), LIMITS);
        assert_eq!(decoded.bytes, b"text\n");
        let said = decoded.damage.unwrap().to_string();
        assert!(said.contains("follow its end"), "{said}");
        assert!(said.contains(&format!("byte {}", packed.len())), "{said}");
    }
    let padded = [gzip(b"text\n"), vec![0; 512]].concat();
    let whole = Decoded { bytes: b"text\n".to_vec(), damage: None };
    assert_eq!(decode_all(Encoding::Gzip, &padded, LIMITS), whole);
}

#[test]
fn a_bomb_is_stopped_by_its_ratio_and_by_its_size() {
    for (encoding, pack) in PACKED {
        let pack = |bytes: usize| match encoding {
            Encoding::Gzip => pack(&vec![0; bytes]),
            _ => ::zstd::bulk::compress(&vec![0; bytes], 1).unwrap(),
        };
        let check = |encoded: &[u8], limits, bytes: u64, name: &str| {
            let decoded = decode_all(encoding, encoded, limits);
            assert_eq!(decoded.bytes.len() as u64, bytes);
            let Some(DecodeError::TooLarge { limit, bytes_max, .. }) = decoded.damage else {
                panic!("{encoding:?} not stopped by {name}");
            };
            assert_eq!((limit, bytes_max), (name, bytes));
        };
        let loose = DecodeLimits { ratio_max: 1_000_000, ..LIMITS };
        check(&pack(64 << 20), loose, 8 << 20, "intake.decoded_bytes_max");
        check(
            &pack(2 << 20),
            DecodeLimits { ratio_max: 10, ..LIMITS },
            1 << 20,
            "intake.ratio_max",
        );
        // Exactly as much as is allowed is no bomb.
        let exact = decode_all(encoding, &pack(8 << 20), loose);
        assert_eq!((exact.bytes.len(), exact.damage), (8 << 20, None));
    }
    let long = decode_all(Encoding::Identity, &vec![0; 9 << 20], LIMITS);
    assert!(matches!(long.damage, Some(DecodeError::TooLarge { .. })));
}

/// Member after member without end.
struct Endless {
    member: Vec<u8>,
    at: usize,
    given: u64,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = &self.member[self.at..];
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        self.at = (self.at + length) % self.member.len();
        self.given += length as u64;
        Ok(length)
    }
}

#[test]
fn an_endless_stream_is_stopped_where_its_length_is_not_known() {
    for (encoding, pack) in PACKED {
        let mut endless = Endless { member: pack(&vec![0; 1 << 20]), at: 0, given: 0 };
        let limits = DecodeLimits { decoded_bytes_max: 1 << 40, ratio_max: 50 };
        let mut reader = DecodedReader::new(encoding, &mut endless, None, limits).unwrap();
        let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        let Some(DecodeError::TooLarge { limit, bytes_max, .. }) = DecodeError::within(&error)
        else {
            panic!("{error}");
        };
        assert_eq!(*limit, "intake.ratio_max");
        assert!(*bytes_max < 8 << 20 && endless.given < 1 << 20);
    }
}

#[test]
fn a_source_that_cannot_be_read_is_no_damage() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable is out"))
        }
    }
    let source = io::Cursor::new(gzip(b"text")).chain(Broken);
    let mut reader = DecodedReader::new(Encoding::Gzip, source, None, LIMITS).unwrap();
    let mut bytes = Vec::new();
    let error = reader.read_to_end(&mut bytes).unwrap_err();
    assert_eq!((&bytes[..], DecodeError::within(&error)), (&b"text"[..], None));
}

proptest! {
    #[test]
    fn no_bytes_whatever_make_it_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
        gzip in any::<bool>(),
    ) {
        let encoding = if gzip { Encoding::Gzip } else { Encoding::Zstd };
        let magic: &[u8] = if gzip { &[0x1f, 0x8b, 8, 0] } else { &[0x28, 0xb5, 0x2f, 0xfd] };
        for head in [&b""[..], magic] {
            bytes.splice(..0, head.iter().copied());
            let decoded = decode_all(encoding, &bytes, LIMITS);
            let slowly = in_portions(encoding, &bytes, 3);
            prop_assert_eq!(slowly.bytes, decoded.bytes);
            prop_assert_eq!(slowly.damage.is_some(), decoded.damage.is_some());
        }
    }
}
