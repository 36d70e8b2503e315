//! What comes from outside and is out of all proportion, and files that are none.

use std::io::{self, Read};

use stele_verify::cloudtrail::{Kind, MetadataMap, Options, Outcome, PublicKeys, Time};

use crate::cloudtrail::chains::{HOME, all_days, usual};

#[test]
fn times_at_the_end_of_the_calendar_do_no_harm() {
    let far = (Some(Time::MIN_UTC), Some(Time::MAX_UTC));
    let (start, end) = far;
    let report = usual().verify(&Options { start, end, ..Options::default() });
    assert!(report.has(Kind::NotCoveredToStart) && report.has(Kind::NotCoveredToEnd));
}

#[test]
fn files_of_keys_that_are_none_are_refused() {
    for wrong in ["", "{}", "[]", "[1]", "{\"PublicKeyList\": 1}", "hello", "-----BEGIN X-----"] {
        assert!(PublicKeys::parse(wrong).is_err(), "{wrong}");
    }
    let private = include_str!("../test-key-signer.pem");
    assert!(PublicKeys::parse(private).is_err());
}

#[test]
fn metadata_of_all_objects_may_stand_in_one_file() {
    let mut world = usual();
    let mut all = serde_json::Map::new();
    for ((bucket, key), bytes) in &world.objects {
        if let Some(key) = key.strip_suffix(".metadata.json") {
            let head = serde_json::from_slice(bytes).unwrap();
            all.insert(format!("s3://{bucket}/{key}"), head);
        }
    }
    world.objects.retain(|(_, key), _| !key.ends_with(".metadata.json"));
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(world.verify(&all_days()).outcome, Outcome::Incomplete);
    world.metadata = MetadataMap::parse(&text).unwrap();
    assert_eq!(world.verify(&all_days()).outcome, Outcome::Verified);
    world.metadata = MetadataMap::parse(&text.replace("s3://example-trail/", "")).unwrap();
    assert_eq!(world.verify(&all_days()).outcome, Outcome::Verified);
    assert!(MetadataMap::parse("[]").is_err());
    assert!(MetadataMap::parse("{\"a\": 1}").is_err());
}

#[test]
fn a_bomb_of_200_megabytes_is_read_in_little_memory() {
    const BYTES: usize = 200 << 20;
    let packed = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::copy(&mut io::repeat(b' ').take(BYTES as u64), &mut encoder).unwrap();
        encoder.finish().unwrap()
    };
    let before = peak_kilobytes();
    let mut world = usual();
    world.set(&world.logs(HOME)[0].clone(), packed.clone());
    world.set(&world.digests(HOME)[20].clone(), packed);
    let report = world.verify(&all_days());
    assert!(report.has(Kind::LogHash) && report.has(Kind::DigestTooLarge), "{report}");
    match (before, peak_kilobytes()) {
        (Some(before), Some(after)) => {
            // The limit for a digest is 32 MiB; the other tests run meanwhile.
            assert!(after - before < 150 << 10, "{} kB more", after - before);
        }
        _ => println!("skipped: memory: there is no /proc/self/status"),
    }
}

/// The most memory that this process has had.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
