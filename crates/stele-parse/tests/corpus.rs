//! Real logs, where they lie beside the repository: nothing is lost, and the known counts hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use stele_event::{Column, EventBatch, RowView};
use stele_parse::detect::{detect, looks_like_log};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::{Format, Hint};
use stele_parse::formats;

#[path = "../../stele-event/src/ocsf/tests/validator.rs"]
mod validator;

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

#[expect(clippy::disallowed_methods, reason = "a file of the corpus, not of a stranger")]
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
        // 2027-01-15: after all of them.
        received_micros: 1_800_000_000_000_000,
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
            if looks_like_log(&payload).is_err() || detected != "cloudtrail" {
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

/// Per folder: the format that is expected, how many records there are, how many of them fail by
/// it, and the files that are taken for another format, each with that one.
struct Folder {
    part: &'static str,
    format: &'static str,
    records: usize,
    failed: usize,
    other: &'static [(&'static str, &'static str)],
}

const FOLDERS: &[Folder] = &[
    Folder { part: "app_flask", format: "app_flask", records: 140, failed: 0, other: &[] },
    Folder { part: "vpcflow/synthetic", format: "vpcflow", records: 4_600, failed: 0, other: &[] },
    // Excerpts in custom formats without their header: kept raw, as lines that are not understood.
    Folder {
        part: "vpcflow/awsdocs",
        format: "vpcflow",
        records: 21,
        failed: 14,
        other: &[
            ("flow-logs-records-examples_08.log", "text"),
            ("flow-logs-records-examples_09.log", "text"),
            ("flow-logs-records-examples_12.log", "text"),
            ("flow-logs-records-examples_14.log", "text"),
            ("flow-logs-records-examples_15.log", "text"),
            ("flow-logs-records-examples_16.log", "text"),
        ],
    },
    Folder {
        part: "cloudtrail_eventbridge",
        format: "cloudtrail",
        records: 13,
        failed: 0,
        other: &[],
    },
    // One line says of itself that it has no priority.
    Folder { part: "syslog", format: "syslog", records: 2_029, failed: 1, other: &[] },
    Folder { part: "sshd", format: "syslog", records: 5_642, failed: 0, other: &[] },
];

#[test]
fn each_folder_is_recognised_and_understood() {
    for folder in FOLDERS {
        let Some(path) = corpus(folder.part) else { return };
        let mut paths = Vec::new();
        files(&path, &mut paths);
        let (mut records, mut failed, mut other) = (0, 0, Vec::new());
        for path in paths {
            let name = path.display().to_string();
            let payload = read(&path);
            assert_eq!(looks_like_log(&payload), Ok(()), "{name}");
            // The path is withheld: the content alone must do.
            let found = detect(&Hint::default(), &payload).format.id();
            if found != folder.format {
                other.push((path.file_name().unwrap().to_string_lossy().into_owned(), found));
            }
            let batch = parse(formats::by_id(folder.format).unwrap(), &payload, &name);
            for index in 0..batch.rows() {
                let row = batch.get(index);
                records += 1;
                if row.text(Column::ParseStatus) == Some("failed") {
                    failed += 1;
                    let raw = String::from_utf8_lossy(row.bytes(Column::Raw).unwrap());
                    eprintln!("{name}: {:?}: {:.100}", row.text(Column::ParseError), raw);
                }
            }
        }
        let other: Vec<_> = other.iter().map(|(file, found)| (file.as_str(), *found)).collect();
        assert_eq!((records, failed), (folder.records, folder.failed), "{}", folder.part);
        assert_eq!(other, folder.other, "{}", folder.part);
    }
}

/// How many rows of a file have this class, activity and status.
fn count(batch: &EventBatch, class: i64, activity: i64, status: Option<i64>) -> usize {
    let wanted = (Some(class), Some(activity), status);
    (0..batch.rows())
        .map(|index| batch.get(index))
        .filter(|row| {
            let [class, activity, status] =
                [Column::ClassUid, Column::ActivityId, Column::StatusId].map(|c| row.int(c));
            (class, activity, status) == wanted
        })
        .count()
}

/// The counts are those of `grep` over the files.
#[test]
fn sshd_logins_are_counted_as_grep_counts_them() {
    let Some(folder) = corpus("sshd") else { return };
    let format = formats::by_id("syslog").unwrap();
    let batch = |file: &str| parse(format, &read(&folder.join(file)), file);

    let attacked = batch("loghub/OpenSSH_2k.log");
    // `Failed` 522 times, twice as a repeated message, and `Invalid user` 113 times.
    assert_eq!(count(&attacked, 3002, 1, Some(2)), 522 + 2 + 113);
    assert_eq!(count(&attacked, 3002, 1, Some(1)), 1);

    let visited = batch("elastic_examples/auth_a.log.gz");
    // `Failed`, `Invalid user`, `maximum authentication attempts exceeded`.
    assert_eq!(count(&visited, 3002, 1, Some(2)), 200 + 90 + 65);
    assert_eq!(count(&visited, 3002, 1, Some(1)), 166);
    // Sessions of `sudo` and `su`.
    assert_eq!(count(&visited, 3002, 7, Some(1)), 109 + 7);

    for batch in [attacked, visited] {
        for row in (0..batch.rows()).map(|index| batch.get(index)) {
            let is_login = row.text(Column::Operation) == Some("login");
            let origin = row.text(Column::SrcIp).is_some() || row.text(Column::SrcName).is_some();
            assert!(!is_login || origin, "{:?}", row.text(Column::Message));
            assert!(
                row.text(Column::ProcessName).is_some() && row.text(Column::HostName).is_some()
            );
        }
    }
}

#[test]
fn the_flask_example_is_classified_throughout() {
    let Some(folder) = corpus("app_flask") else { return };
    let format = formats::by_id("app_flask").unwrap();
    let batch = parse(format, &read(&folder.join("seed_flask_a.ndjson")), "seed");
    assert_eq!(count(&batch, 3002, 1, Some(0)), 30);
    assert_eq!(count(&batch, 3002, 1, Some(1)), 13);
    assert_eq!(count(&batch, 3002, 1, Some(2)), 17);
    assert_eq!(count(&batch, 6003, 2, Some(2)), 20);
    let requests = count(&batch, 4002, 3, Some(2)) + count(&batch, 4002, 6, Some(1));
    assert_eq!(requests + count(&batch, 4002, 6, Some(2)), 60);
    for row in (0..batch.rows()).map(|index| batch.get(index)) {
        assert_eq!(row.text(Column::TimeQuality), Some("no-zone"));
        assert!(row.text(Column::SrcIp).is_some() && row.text(Column::CorrelationUid).is_some());
    }
}

#[test]
fn every_row_derives_a_document_that_is_valid() {
    let Some(mut schemas) = validator::Schemas::load() else { return };
    let folders = [
        "app_flask",
        "cloudtrail",
        "cloudtrail_eventbridge",
        "cloudtrail_insight",
        "sshd",
        "syslog",
        "vpcflow",
    ];
    let mut classes: BTreeMap<i64, usize> = BTreeMap::new();
    let mut fallen: BTreeMap<String, usize> = BTreeMap::new();
    for part in folders {
        let Some(folder) = corpus(part) else { return };
        let mut paths = Vec::new();
        files(&folder, &mut paths);
        for path in paths {
            let name = path.display().to_string();
            let payload = read(&path);
            let hint = Hint { path: Some(&name), ..Hint::default() };
            let batch = parse(detect(&hint, &payload).format, &payload, &name);
            for index in 0..batch.rows() {
                let row = batch.get(index);
                let document = stele_event::ocsf::document(&row);
                let errors = schemas.errors(&document);
                assert!(errors.is_empty(), "{name}: {errors:#?}\n{document:#?}");
                let class = document["class_uid"].as_i64().unwrap();
                *classes.entry(class).or_default() += 1;
                let meant = row.int(Column::ClassUid).unwrap_or(0);
                if class != meant {
                    let operation = row.text(Column::Operation).unwrap_or_default();
                    *fallen.entry(format!("{meant} {operation}")).or_default() += 1;
                }
            }
        }
    }
    eprintln!("documents by class: {classes:?}; base events instead: {fallen:?}");
    assert!(classes[&6003] > 15_000 && classes[&4001] > 4_000 && classes[&3002] > 1_000);
    let all: usize = classes.values().sum();
    let fallen: usize = fallen.values().sum();
    assert!(fallen * 100 < all, "more than one in a hundred lacks what its class requires");
}
