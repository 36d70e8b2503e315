//! Real logs, where they lie beside the repository: nothing is lost, and the known counts hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use stele_event::{Column, EventBatch, RowView};
use stele_parse::detect::{detect, not_a_log};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::{Format, Hint};
use stele_parse::formats;

const RECORD_BYTES_MAX: usize = 1 << 20;

fn corpus(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("STELE_CORPUS").map_or(beside, PathBuf::from);
    let folder = root.join("open").join(part);
    if !folder.is_dir() {
        eprintln!("skipped: no corpus at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|e| e != "gz") {
        return bytes;
    }
    let mut decoded = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut decoded).unwrap();
    decoded
}

fn parse(format: &dyn Format, payload: &[u8], path: &str) -> EventBatch {
    let mut splitter = format.splitter(RECORD_BYTES_MAX);
    let mut spans = Vec::new();
    assert_eq!(splitter.split(payload, true, &mut spans), payload.len());
    let delivery = Delivery {
        received_micros: 1_790_000_000_000_000,
        zone_offset_seconds: 0,
        source: None,
        path: Some(path),
        header: splitter.context(),
    };
    let mut batch = EventBatch::new();
    map_records(format, payload, &spans, &delivery, &mut batch);
    assert_eq!(batch.rows(), spans.len(), "{path}: every span is a row");
    batch
}

#[test]
fn cloudtrail_counts_are_exact() {
    let Some(folder) = corpus("cloudtrail") else { return };
    let format = formats::by_id("cloudtrail").unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut ids, mut bodies) = (HashSet::new(), HashSet::new());
    let mut not_logs = Vec::new();
    for part in ["sans504", "stratus", "traildiscover", "umccr"] {
        let mut paths = Vec::new();
        files(&folder.join(part), &mut paths);
        for path in paths {
            let name = path.display().to_string();
            let payload = read(&path);
            let detected =
                detect(&Hint { path: Some(&name), ..Hint::default() }, &payload).format.id();
            if not_a_log(&payload).is_some() || detected != "cloudtrail" {
                not_logs.push(path.file_name().unwrap().to_string_lossy().into_owned());
                continue;
            }
            let batch = parse(format, &payload, &name);
            for index in 0..batch.rows() {
                let row = batch.get(index);
                assert_eq!(
                    row.text(Column::ParseStatus),
                    Some("ok"),
                    "{name}: {:?}",
                    row.text(Column::ParseError)
                );
                *counts.entry("records".into()).or_default() += 1;
                for column in [Column::Service, Column::Operation, Column::StatusCode] {
                    if let Some(value) = row.text(column) {
                        *counts.entry(value.to_owned()).or_default() += 1;
                    }
                }
                if row.text(Column::SrcIp).is_none() {
                    *counts.entry("no address".into()).or_default() += 1;
                }
                match row.text(Column::EventUid) {
                    Some(id) => {
                        ids.insert(id.to_owned());
                        bodies.insert((id.to_owned(), row.bytes(Column::Raw).unwrap().to_vec()));
                    }
                    None => *counts.entry("no id".into()).or_default() += 1,
                }
            }
        }
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    assert_eq!(not_logs, ["index.html", "script.js"]);
    assert_eq!(count("records"), 15_614);
    assert_eq!(ids.len(), 12_423);
    assert_eq!(bodies.len(), 12_424);
    assert_eq!(count("no id"), 1);
    assert_eq!(count("no address"), 13_221);
    assert_eq!(count("s3.amazonaws.com"), 10_920);
    assert_eq!(count("kms.amazonaws.com"), 3_377);
    assert_eq!(count("ec2.amazonaws.com"), 548);
    assert_eq!(count("PutObject"), 6_447);
    assert_eq!(count("GetBucketAcl"), 3_092);
    assert_eq!(count("GenerateDataKey"), 2_236);
    assert_eq!(count("AccessDenied"), 4_419);
}

/// Per folder: the format that is expected, and how many records fail by it.
const FOLDERS: &[(&str, &str, usize)] = &[
    ("app_flask", "app_flask", 0),
    ("vpcflow/synthetic", "vpcflow", 0),
    // Excerpts in custom formats without their header: kept raw, as lines that are not understood.
    ("vpcflow/awsdocs", "vpcflow", 14),
    ("cloudtrail_eventbridge", "cloudtrail", 0),
    // One line says of itself that it has no priority.
    ("syslog", "syslog", 1),
];

#[test]
fn each_folder_is_recognised_and_understood() {
    for (part, expected, failures) in FOLDERS {
        let Some(folder) = corpus(part) else { return };
        let mut paths = Vec::new();
        files(&folder, &mut paths);
        let mut failed = 0;
        for path in paths {
            let name = path.display().to_string();
            let payload = read(&path);
            let found = detect(&Hint { path: Some(&name), ..Hint::default() }, &payload);
            if found.format.id() != *expected {
                eprintln!("{name}: {} {:?}", found.format.id(), found.confidence);
            }
            let batch = parse(formats::by_id(expected).unwrap(), &payload, &name);
            for index in 0..batch.rows() {
                let row = batch.get(index);
                if row.text(Column::ParseStatus) == Some("failed") {
                    failed += 1;
                    let raw = String::from_utf8_lossy(row.bytes(Column::Raw).unwrap());
                    eprintln!("{name}: {:?}: {:.100}", row.text(Column::ParseError), raw);
                }
            }
        }
        assert_eq!(failed, *failures, "{part}");
    }
}
