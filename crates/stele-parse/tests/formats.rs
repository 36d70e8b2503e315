//! The cases in `formats/*.md`: a fenced `log` block, and the rows that become of it.
//!
//! A file is named after its format. In a `log` block stand lines as they are in a log, of which
//! `␀`, `␍` and `␛` stand for the bytes that no text file should hold, and `\xHH` for any byte
//! where the block is marked `log bytes`. The `json` block behind it holds what is expected: one
//! object a row with the columns that it has, less those that are the same in every row. Where the
//! expectations are to be written anew: `UPDATE=1 cargo test -p stele-parse --test formats`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use stele_event::{COLUMNS, Column, EventBatch, Kind, RowView};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::Format;
use stele_parse::formats;

/// 2026-11-24T10:00:00Z: when all cases were received.
const RECEIVED_MICROS: i64 = 1_795_514_400_000_000;
/// One hour east, so that a zone which is forgotten shows.
const ZONE_OFFSET_SECONDS: i32 = 3_600;
const RECORD_BYTES_MAX: usize = 2_000;

/// Columns that say the same in every row, or repeat the input.
const LEFT_OUT: &[Column] = &[
    Column::IngestTime,
    Column::SourceType,
    Column::ParserVersion,
    Column::CategoryUid,
    Column::TypeUid,
    Column::Raw,
];

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

/// A file's lines, with the blocks marked off.
enum Part<'a> {
    Prose(&'a str),
    Log { first_line: usize, info: &'a str, content: Vec<&'a str> },
    Rows { first_line: usize, content: Vec<&'a str> },
}

fn parts<'a>(text: &'a str, name: &str) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            parts.push(Part::Prose(line));
            continue;
        };
        let mut content = Vec::new();
        loop {
            let (_, line) = lines.next().unwrap_or_else(|| panic!("{name}: a block is not closed"));
            if line == "```" {
                break;
            }
            content.push(line);
        }
        let first_line = index + 1;
        parts.push(match info {
            "log" | "log bytes" => Part::Log { first_line, info, content },
            "json" => Part::Rows { first_line, content },
            _ => panic!("{name}:{first_line}: a block is `log`, `log bytes` or `json`"),
        });
    }
    parts
}

fn payload(info: &str, lines: &[&str]) -> Vec<u8> {
    let text = lines.join("\n").replace('␀', "\0").replace('␍', "\r").replace('␛', "\u{1b}");
    if info == "log" {
        return text.into_bytes();
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
        rest = &rest[at + 4..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The rows as they stand in the `json` block.
fn rows(format: &dyn Format, payload: &[u8]) -> Vec<String> {
    let mut splitter = format.splitter(RECORD_BYTES_MAX);
    let mut spans = Vec::new();
    assert_eq!(splitter.split(payload, true, &mut spans), payload.len());
    let delivery = Delivery {
        received_micros: RECEIVED_MICROS,
        zone_offset_seconds: ZONE_OFFSET_SECONDS,
        source: None,
        path: None,
        header: splitter.context(),
    };
    let mut batch = EventBatch::new();
    map_records(format, payload, &spans, &delivery, &mut batch);
    assert_eq!(batch.rows(), spans.len());
    (0..batch.rows()).map(|index| row(&batch, index)).collect()
}

fn row(batch: &EventBatch, index: usize) -> String {
    let row = batch.get(index);
    let mut object = String::from("{");
    for spec in COLUMNS.iter().filter(|spec| !LEFT_OUT.contains(&spec.column)) {
        let (column, kind) = (spec.column, spec.kind);
        let value = match kind {
            Kind::Text if matches!(column, Column::Attrs | Column::Unmapped) => {
                row.text(column).map(|text| serde_json::from_str(text).unwrap())
            }
            Kind::Text => row.text(column).map(Value::from),
            Kind::TextList => row.list(column).map(Value::from),
            Kind::Int64 | Kind::Int32 => row.int(column).map(Value::from),
            Kind::Bool => row.flag(column).map(Value::from),
            Kind::Time => row.int(column).map(|micros| json!(time(micros))),
            Kind::Bytes => None,
        };
        if let Some(value) = value {
            let comma = if object.len() > 1 { ", " } else { "" };
            write!(object, "{comma}\"{}\": {value}", spec.name).unwrap();
        }
    }
    object + "}"
}

fn time(micros: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// Compares the cases of one file, or writes them anew.
fn check_file(path: &Path, update: bool) -> Vec<String> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let format = formats::by_id(path.file_stem().unwrap().to_str().unwrap())
        .unwrap_or_else(|| panic!("{name} is not named after a format"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut written = String::new();
    let mut problems = Vec::new();
    let mut cases = 0;
    let mut actual: Option<(usize, Vec<String>)> = None;
    for part in parts(&text, &name) {
        match part {
            Part::Prose(line) => writeln!(written, "{line}").unwrap(),
            Part::Log { first_line, info, content } => {
                assert!(actual.is_none(), "{name}:{first_line}: the log before has no rows");
                actual = Some((first_line, rows(format, &payload(info, &content))));
                writeln!(written, "```{info}\n{}\n```", content.join("\n")).unwrap();
            }
            Part::Rows { first_line, content } => {
                let found = actual.take();
                let (_, found) = found.unwrap_or_else(|| panic!("{name}:{first_line}: no log"));
                let expected: Vec<&str> =
                    content.into_iter().filter(|line| !line.trim().is_empty()).collect();
                problems.extend(differences(&name, first_line, &expected, &found));
                writeln!(written, "```json\n{}\n```", found.join("\n")).unwrap();
                cases += 1;
            }
        }
    }
    assert!(actual.is_none(), "{name}: the last log has no rows");
    assert!(cases > 0, "{name} holds no case");
    if update {
        std::fs::write(path, written).unwrap();
        return Vec::new();
    }
    problems
}

fn differences(name: &str, line: usize, expected: &[&str], found: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    if expected.len() != found.len() {
        problems.push(format!(
            "{name}:{line}: {} rows are expected, there are {}",
            expected.len(),
            found.len()
        ));
    }
    for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
        let object = |text: &str| -> Map<String, Value> {
            serde_json::from_str(text)
                .unwrap_or_else(|error| panic!("{name}:{line}, row {index}: {error}"))
        };
        let (expected, found) = (object(expected), object(found));
        for column in COLUMNS.iter().map(|spec| spec.name) {
            let (wanted, got) = (expected.get(column), found.get(column));
            if wanted != got {
                let show = |value: Option<&Value>| value.map_or("none".into(), Value::to_string);
                problems.push(format!(
                    "{name}:{line}, row {index}: {column} should be {}, is {}",
                    show(wanted),
                    show(got)
                ));
            }
        }
        for column in expected.keys().filter(|name| Column::by_name(name).is_none()) {
            problems.push(format!("{name}:{line}, row {index}: there is no column {column}"));
        }
    }
    problems
}

#[test]
fn every_case_gives_the_rows_that_are_expected() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut problems = Vec::new();
    for format in formats::ALL {
        let path = cases_folder().join(format!("{}.md", format.id()));
        assert!(path.is_file(), "format `{}` has no cases in {}", format.id(), path.display());
        problems.extend(check_file(&path, update));
    }
    let files = std::fs::read_dir(cases_folder()).unwrap().count();
    assert_eq!(files, formats::ALL.len(), "one file a format");
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn a_wrong_expectation_is_found() {
    let found = [r#"{"time": "2026-11-24T10:00:00Z", "class_uid": 0}"#.to_owned()];
    let same = [r#"{"class_uid":0, "time":"2026-11-24T10:00:00Z"}"#];
    assert!(differences("x", 1, &same, &found).is_empty());
    for wrong in [
        &[][..],
        &[same[0], same[0]],
        &[r#"{"class_uid": 0}"#],
        &[r#"{"class_uid": 0, "time": "2026-11-24T10:00:00Z", "message": ""}"#],
        &[r#"{"class_uid": 1, "time": "2026-11-24T10:00:00Z"}"#],
        &[r#"{"class_uid": 0, "time": "2026-11-24T10:00:00Z", "klass": 1}"#],
    ] {
        assert!(!differences("x", 1, wrong, &found).is_empty(), "{wrong:?}");
    }
}
