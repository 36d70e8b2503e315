//! Names, keys, gzip and the string that is signed, each alone.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::cloudtrail::digest::{from_hex, hex, string_to_sign};
use crate::cloudtrail::gzip::{GzipError, Member, sha256_of};
use crate::cloudtrail::names::{DigestName, LogName};
use crate::cloudtrail::{Time, time_from};

fn at(text: &str) -> Time {
    time_from(text).unwrap()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The one fixed vector there is: that of the tests of aws-cli.
#[test]
fn the_string_to_sign_of_a_first_digest_ends_in_null() {
    let signed = string_to_sign("a", "b/c", &Sha256::digest(b"abc").into(), None);
    let wanted = "a\nb/c\n\
                  ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\nnull";
    assert_eq!(signed, wanted);
}

#[test]
fn names_are_read_from_their_end() {
    let standard = "my/logs/AWSLogs/o-1/123456789012/CloudTrail-Digest/eu-west-1/2026/01/02/\
                    123456789012_CloudTrail-Digest_eu-west-1_my_own-trail.x_us-east-1_\
                    20260102T030405Z.json.gz";
    let name = DigestName::parse(standard).unwrap();
    assert_eq!(name.chain.place.organization.as_deref(), Some("o-1"));
    assert_eq!(name.chain.place.account, "123456789012");
    assert_eq!(name.chain.place.region, "eu-west-1");
    assert_eq!(name.chain.trail, "my_own-trail.x");
    assert_eq!(name.chain.home_region, "us-east-1");
    assert_eq!(name.ended, at("2026-01-02T03:04:05Z"));
    assert!(!name.chain.backfill);
    let late = DigestName::parse(&standard.replace(".json", "_backfill.json")).unwrap();
    assert!(late.chain.backfill);
    assert_eq!(late.ended, name.ended);
    for wrong in [
        standard.replace("CloudTrail-Digest/", "CloudTrail/"),
        standard.replace(".gz", ""),
        standard.replace("T030405Z", "T030465Z"),
        standard.replace("_us-east-1_", "_"),
        standard.replace("AWSLogs/o-1", "Logs/o-1"),
        standard.replace("/2026/01/02", "/2026/01/32"),
    ] {
        assert_eq!(DigestName::parse(&wrong), None, "{wrong}");
    }
    let log = "AWSLogs/123456789012/CloudTrail/eu-west-1/2026/01/02/";
    let named =
        LogName::parse(&format!("{log}123456789012_CloudTrail_eu-west-1_20260102T0305Z_a.gz"));
    assert_eq!(named.unwrap().from, at("2026-01-02T03:05:00Z"));
    let other = LogName::parse(&format!("{log}x.json.gz")).unwrap();
    assert_eq!((other.from, other.to), (at("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z")));
}

#[test]
fn times_are_read_as_people_write_them() {
    for text in ["2026-01-02", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00"] {
        assert_eq!(time_from(text), Ok(at("2026-01-02T00:00:00Z")), "{text}");
    }
    let error = time_from("yesterday").unwrap_err();
    assert_eq!(error, "`yesterday` is no time; times look like 2026-01-31T23:00:00Z");
}

#[test]
fn hexadecimal_digits_go_both_ways() {
    assert_eq!(from_hex(&hex(&[0, 15, 16, 255])), Some(vec![0, 15, 16, 255]));
    for wrong in ["0", "0g", "é0", "+1"] {
        assert_eq!(from_hex(wrong), None, "{wrong}");
    }
}

fn read(bytes: &[u8], bytes_max: u64) -> Result<Vec<u8>, GzipError> {
    let mut out = Vec::new();
    match Member::new(bytes, bytes_max).read_to_end(&mut out) {
        Ok(_) => Ok(out),
        Err(error) => Err(GzipError::within(&error).unwrap().clone()),
    }
}

#[test]
fn gzip_is_one_whole_member_within_the_limit() {
    let whole = packed(b"hello");
    assert_eq!(read(&whole, 5).unwrap(), b"hello");
    assert_eq!(read(&whole, 4), Err(GzipError::TooLarge(4)));
    for length in 0..whole.len() {
        assert!(matches!(read(&whole[..length], 9), Err(GzipError::Damaged(_))), "{length}");
    }
    for place in whole.len() - 8..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        assert!(matches!(read(&damaged, 9), Err(GzipError::Damaged(_))), "{place}");
    }
    let behind = [&whole[..], &[0]].concat();
    assert!(matches!(read(&behind, 9), Err(GzipError::Damaged(_))));
}

/// A reader that hands out one byte at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(1);
        self.0.read(&mut out[..length])
    }
}

#[test]
fn a_reader_that_hands_out_one_byte_at_a_time_is_enough() {
    let one = packed(&vec![b' '; 1 << 20]);
    assert!(sha256_of(Member::new(Slow(&one), 1 << 20)).is_ok());
}
