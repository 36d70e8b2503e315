//! Whatever a row holds, its document is valid and says all of it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::validator::Schemas;
use super::{document, set};
use crate::batch::{EventBatch, RowView};
use crate::columns::{COLUMNS, Column, Kind};
use crate::ocsf::classes;

const TEXTS: &[&str] = &[
    "",
    " ",
    "alice",
    "s3.amazonaws.com.",
    "a host with blanks",
    ".",
    "..",
    "192.0.2.1",
    "253.252.051.07",
    "1.2.3.4.5",
    "::ffff:192.0.2.1",
    "fe80::1%eth0",
    "2001:0DB8::0001",
    "GET",
    "BREW",
    "/a?b=c#d",
    "C:\\Windows\\",
    "\u{0}\u{1b}[31m\r\n",
    "\u{202e}\u{feff}ž\u{1F600}",
    "null",
    "cloudtrail",
    "vpcflow",
    "{}",
    "[]",
    "-1",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        1 => any::<std::net::IpAddr>().prop_map(|ip| ip.to_string()),
        1 => "\\PC{0,40}",
        1 => "[a-f0-9:.%/@-]{0,45}",
        1 => "[0-9T:.Z+ -]{19,30}",
    ]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => 0..12_i64,
        1 => Just(99),
        1 => prop::sample::select(&[-1, 255, 65_535, 65_536, i64::MAX, i64::MIN][..]),
        1 => any::<i64>(),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names that the schema has, and some that it has not.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(
        &[
            "user",
            "actor",
            "session",
            "name",
            "uid",
            "type_id",
            "type",
            "account",
            "process",
            "pid",
            "file",
            "parent_process",
            "cloud",
            "provider",
            "metadata",
            "product",
            "profiles",
            "src_endpoint",
            "dst_endpoint",
            "ip",
            "mac",
            "hostname",
            "intermediate_ips",
            "evidences",
            "finding_info",
            "compliance",
            "status_id",
            "email_addr",
            "created_time",
            "created_time_dt",
            "tags",
            "values",
            "resources",
            "data",
            "privileges",
            "group",
            "entity",
            "vulnerabilities",
            "cve",
            "cwe",
            "advisory",
            "answers",
            "rdata",
            "flag_ids",
            "container",
            "load_balancer",
            "malware",
            "classification_ids",
            "databucket",
            "device",
            "app",
            "job",
            "subnet",
            "enrichments",
            "observables",
            "unmapped",
            "raw_data",
            "class_uid",
            "nothing",
            "severity_id",
            "severity",
            "activity_name",
            "trace",
            "span",
            "uuid",
            "xattributes",
            "query",
            "opcode_id",
            "tls",
            "url",
            "category_ids",
            "categories",
            "web_resources",
        ][..],
    )
    .prop_map(str::to_owned)
}

fn attrs() -> impl Strategy<Value = String> {
    let segment = (name(), prop::option::weighted(0.3, 0..3_u32)).prop_map(|(name, index)| {
        index.map_or_else(|| name.clone(), |index| format!("{name}[{index}]"))
    });
    let path = prop::collection::vec(segment, 1..5).prop_map(|segments| segments.join("."));
    prop_oneof![
        9 => prop::collection::vec((path, json_value()), 0..6)
            .prop_map(|members| Value::Object(members.into_iter().collect()).to_string()),
        1 => text(),
    ]
}

fn unmapped() -> impl Strategy<Value = String> {
    let column = prop::sample::select(COLUMNS).prop_map(|spec| spec.name.to_owned());
    let name = prop_oneof![column, name(), text()];
    prop_oneof![
        5 => prop::collection::vec((name, json_value()), 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()).to_string()),
        1 => text(),
    ]
}

fn class_uid() -> impl Strategy<Value = i64> {
    let known = classes().iter().map(|class| i64::from(class.uid)).collect::<Vec<_>>();
    prop_oneof![9 => prop::sample::select(known), 1 => any::<i32>().prop_map(i64::from)]
}

fn cell(column: Column) -> BoxedStrategy<(Column, Value)> {
    let value = match (column, column.spec().kind) {
        (Column::ClassUid, _) => class_uid().prop_map(Value::from).boxed(),
        (Column::Attrs, _) => attrs().prop_map(Value::from).boxed(),
        (Column::Unmapped, _) => unmapped().prop_map(Value::from).boxed(),
        (_, Kind::Text | Kind::Bytes) => text().prop_map(Value::from).boxed(),
        (_, Kind::TextList) => prop::collection::vec(text(), 0..4).prop_map(Value::from).boxed(),
        (_, Kind::Int32) => number().prop_map(|number| Value::from(number as i32)).boxed(),
        (_, Kind::Int64 | Kind::Time) => number().prop_map(Value::from).boxed(),
        (_, Kind::Bool) => any::<bool>().prop_map(Value::from).boxed(),
    };
    value.prop_map(move |value| (column, value)).boxed()
}

/// Rows of which each column is set with one probability, so that some are nearly empty and others
/// nearly full.
fn row() -> impl Strategy<Value = Vec<(Column, Value)>> {
    prop::sample::select(&[0.1, 0.4, 0.9][..]).prop_flat_map(|density| {
        let cells: Vec<_> = COLUMNS
            .iter()
            .map(|spec| {
                let density = if spec.column == Column::ClassUid { 0.95 } else { density };
                prop::option::weighted(density, cell(spec.column))
            })
            .collect();
        cells.prop_map(|cells| cells.into_iter().flatten().collect())
    })
}

/// Whether a value stands anywhere in a document, as it is or as its schema has it.
fn says(document: &Value, column: Column, value: &Value) -> bool {
    let same = |found: &Value| match (found, value) {
        (Value::String(found), Value::String(wanted)) => {
            found == wanted
                || Some(found.as_str()) == wanted.strip_suffix('.')
                || wanted.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_string() == *found)
        }
        (Value::String(found), Value::Number(number)) => *found == number.to_string(),
        (Value::Number(found), Value::Number(number)) => {
            found == number
                || column.spec().kind == Kind::Time
                    && found.as_i64() == number.as_i64().map(|micros| micros.div_euclid(1_000))
        }
        _ => found == value,
    };
    same(document)
        || match document {
            Value::Array(items) => items.iter().any(|item| says(item, column, value)),
            Value::Object(members) => members.values().any(|member| says(member, column, value)),
            _ => false,
        }
}

fn check(cells: &[(Column, Value)], schemas: &mut Schemas) -> Result<(), TestCaseError> {
    let mut batch = EventBatch::new();
    let mut row = batch.row();
    for (column, value) in cells {
        set(&mut row, *column, value);
    }
    row.finish();
    let row = batch.get(0);
    let found = document(&row);
    let errors = schemas.errors(&found);
    prop_assert!(errors.is_empty(), "{errors:#?} in {:#}", Value::Object(found));
    let text = Value::Object(found.clone()).to_string();
    let again: Result<Map<String, Value>, _> = serde_json::from_str(&text);
    prop_assert!(again.is_ok(), "cannot be read again: {text}");
    let found = Value::Object(found);
    for (column, value) in cells {
        let is_object = matches!(column, Column::Attrs | Column::Unmapped);
        let is_said = match value {
            _ if is_object => true,
            Value::Array(items) => {
                says(&found, *column, value) || items.iter().all(|item| says(&found, *column, item))
            }
            value => says(&found, *column, value),
        };
        prop_assert!(is_said, "{} = {value} is not in {found:#}", column.name());
    }
    let (class, known) = (row.int(Column::ClassUid), found["class_uid"].as_i64());
    prop_assert!(known == Some(0) || known == class);
    Ok(())
}

#[test]
fn whatever_a_row_holds_its_document_is_valid_and_says_it() {
    let Some(mut schemas) = Schemas::load() else { return };
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let schemas = std::cell::RefCell::new(&mut schemas);
    TestRunner::new(config)
        .run(&row(), |cells| check(&cells, &mut schemas.borrow_mut()))
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn every_address_is_valid_as_it_is_written() {
    let Some(mut schemas) = Schemas::load() else { return };
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let schemas = std::cell::RefCell::new(&mut schemas);
    let cells = |ip: std::net::IpAddr| {
        vec![
            (Column::ClassUid, json!(4001)),
            (Column::SrcIp, json!(ip.to_string())),
            (Column::SourceType, json!("text")),
        ]
    };
    TestRunner::new(config)
        .run(&any::<std::net::IpAddr>(), |ip| check(&cells(ip), &mut schemas.borrow_mut()))
        .unwrap_or_else(|failure| panic!("{failure}"));
}
