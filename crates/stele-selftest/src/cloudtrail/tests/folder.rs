//! The whole command, over files.

use std::path::Path;

use serde_json::Value;

use crate::cloudtrail::chains::{Chain, HOME, all_days, at, usual};
use crate::cloudtrail::world::World;
use stele_verify::cloudtrail::{Error, FolderOptions, Kind, Options, Outcome, verify_folder};
use stele_verify::objects::BucketFolder;

fn write(world: &World, root: &Path, with_bucket: bool) {
    for ((bucket, key), bytes) in &world.objects {
        let path = if with_bucket { root.join(bucket).join(key) } else { root.join(key) };
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn options(root: &Path, world: &World) -> FolderOptions {
    let keys = root.join("keys.json");
    std::fs::write(&keys, &world.keys).unwrap();
    let folder = root.join("trail");
    std::fs::create_dir_all(&folder).unwrap();
    FolderOptions { folder, keys, options: all_days(), ..FolderOptions::default() }
}

#[test]
fn a_folder_is_verified_and_each_file_gets_its_verdict() {
    let root = tempfile::tempdir().unwrap();
    let world = usual();
    let options = options(root.path(), &world);
    write(&world, &options.folder, false);
    let mut lines = Vec::new();
    let report = verify_folder(&options, &mut |verdict| {
        lines.push(serde_json::to_value(verdict).unwrap());
    })
    .unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report}");
    assert_eq!(report.outcome.exit_code(), 0);
    assert!(lines.iter().all(|line| line["verdict"] == "verified"));
    let digests = lines.iter().filter(|line| line["file"] == "digest").count() as u64;
    let counted: u64 = report.chains.iter().map(|chain| chain.digests.verified).sum();
    assert_eq!((digests, report.chains.len()), (counted, 3));
    let text = report.to_string();
    let chain = "111122223333 eu-west-1 main, 2026-01-01T00:00:00Z to 2026-01-04T00:00:00Z\n";
    assert!(text.starts_with(chain), "{text}");
    assert!(text.contains("gap-explained") && text.ends_with("\nverified\n"), "{text}");
}

#[test]
fn a_finding_says_what_where_and_when() {
    let root = tempfile::tempdir().unwrap();
    let mut world = usual();
    let key = world.digests(HOME)[12].clone();
    world.take(&key);
    let options = options(root.path(), &world);
    write(&world, &options.folder, false);
    let report = verify_folder(&options, &mut |_| {}).unwrap();
    assert_eq!(report.outcome.exit_code(), 3);
    let json: Value = serde_json::to_value(&report).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let missing = findings.iter().find(|finding| finding["kind"] == "digest-missing").unwrap();
    assert_eq!(missing["severity"], "difference");
    assert_eq!(missing["key"], key);
    assert_eq!(missing["chain"], "111122223333 us-east-1 main");
    assert_eq!(missing["interval"]["start"], "2026-01-01T12:00:00Z");
    assert_eq!(missing["interval"]["end"], "2026-01-01T13:00:00Z");
    assert!(missing["meaning"].as_str().unwrap().ends_with("is not there."));
    assert!(report.to_string().contains(&key));
}

#[test]
fn buckets_lie_where_the_map_says() {
    let root = tempfile::tempdir().unwrap();
    let mut world = World { keys: usual().keys, ..World::default() };
    let mut chain = Chain { root: "x/y/AWSLogs/".to_owned(), ..Chain::new(HOME) };
    chain.hours(&mut world, at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
    chain.bucket = "second".to_owned();
    chain.hours(&mut world, at("2026-01-02T00:00:00Z"), at("2026-01-04T00:00:00Z"));
    let mut options = options(root.path(), &world);
    write(&world, &options.folder, true);
    let map = ["s3://example-trail/x=example-trail/x", "second=second"];
    options.buckets = map.iter().map(|text| BucketFolder::parse(text).unwrap()).collect();
    let report = verify_folder(&options, &mut |_| {}).unwrap();
    assert_eq!(report.outcome, Outcome::Verified, "{report}");
    options.buckets.pop();
    let report = verify_folder(&options, &mut |_| {}).unwrap();
    assert!(report.has(Kind::NotCoveredToEnd), "{report}");
    options.buckets = vec![BucketFolder::parse("second=second").unwrap()];
    options.options = Options { end: all_days().end, ..Options::default() };
    options.options.start = Some(at("2026-01-01T23:00:00Z"));
    let report = verify_folder(&options, &mut |_| {}).unwrap();
    assert!(report.has(Kind::BucketMissing), "{report}");
}

/// A name in a digest is looked up in the list of the folder's files and nowhere else.
#[test]
fn no_key_leads_out_of_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let mut world = usual();
    std::fs::write(root.path().join("outside"), "x").unwrap();
    let digest = world.digests(HOME).pop().unwrap();
    world.edit(&digest, |json| json["logFiles"][0]["s3Object"] = Value::from("../outside"));
    world.sign(&digest, crate::cloudtrail::world::aws());
    let options = options(root.path(), &world);
    write(&world, &options.folder, false);
    assert!(verify_folder(&options, &mut |_| {}).unwrap().has(Kind::LogMissing));
}

#[test]
fn what_is_not_there_or_not_right_is_named() {
    let root = tempfile::tempdir().unwrap();
    let mut options = options(root.path(), &usual());
    let run = |options: &FolderOptions| verify_folder(options, &mut |_| {});
    options.options.end = options.options.start;
    assert!(matches!(run(&options), Err(Error::Interval { .. })));
    options.anchors = Some(root.path().join("none"));
    let error = run(&options).unwrap_err().to_string();
    assert!(error.starts_with("cannot read `") && error.contains("none"), "{error}");
    std::fs::write(&options.keys, "nothing").unwrap();
    let error = run(&options).unwrap_err().to_string();
    assert!(error.contains("keys.json` is no file of public keys"), "{error}");
    for wrong in ["", "bucket", "=folder", "bucket=", "/x=folder"] {
        assert!(BucketFolder::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_page_names_every_kind() {
    let page = include_str!("../../../../../docs/cloudtrail-digests.md");
    for kind in Kind::ALL {
        assert!(page.contains(&format!("`{}`", kind.name())), "{}", kind.name());
        assert!(page.contains(kind.meaning()), "{}: {}", kind.name(), kind.meaning());
    }
}
