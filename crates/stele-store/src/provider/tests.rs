//! Random questions over a small random table, answered by the engine and row by row.
//!
//! The same rows lie in memory, in files, and in both; the answers must be the same, whatever the
//! engine leaves out by statistics, bloom filters and its own rules.

#![allow(clippy::unwrap_used)]

use std::cmp::Reverse;

use futures::TryStreamExt;
use proptest::prelude::*;
use stele_event::runtime::SeededEntropy;
use stele_event::{EventBatch, SourceField};

use super::*;
use crate::SearchRequest;
use crate::lake::fault::FaultStore;
use crate::search::SearchContext;
use crate::store::Store;
use crate::testing::{DAY_MICROS, NOW_MILLIS, caller, open, runtime, stored};

const NOW: i64 = NOW_MILLIS * 1_000;

/// A vpcflow record is no JSON: its column answers. A cloudtrail record is asked where the column
/// may say something else.
const SOURCES: &[SourceField] = &[
    SourceField {
        format: "cloudtrail",
        name: "eventName",
        column: Column::Operation,
        lossless: true,
    },
    SourceField {
        format: "cloudtrail",
        name: "sourceAddr",
        column: Column::SrcIp,
        lossless: false,
    },
    SourceField { format: "vpcflow", name: "srcaddr", column: Column::SrcIp, lossless: true },
    SourceField { format: "vpcflow", name: "sourceAddr", column: Column::SrcIp, lossless: true },
];

const FORMATS: [&str; 3] = ["cloudtrail", "vpcflow", "text"];
const USERS: [&str; 4] = ["alice", "Alice", "bob", "root"];
const ADDRESSES: [&str; 4] = ["10.0.0.1", "10.0.1.7", "203.0.113.9", "2001:db8::5"];
const OPERATIONS: [&str; 3] = ["GetObject", "PutObject", "ConsoleLogin"];
const WORDS: [&str; 5] = ["root", "rooted", "login", "s3", "10"];
const DAYS: [&str; 2] = ["2026-11-24", "2026-11-25"];
const DATASETS: [&str; 2] = ["main", "audit"];

#[derive(Debug, Clone)]
struct Row {
    id: usize,
    format: &'static str,
    /// In seconds from now; none for a record without a time.
    time: Option<i64>,
    user: Option<&'static str>,
    address: Option<&'static str>,
    port: Option<i32>,
    bytes: Option<i64>,
    mfa: Option<bool>,
    operation: Option<&'static str>,
    resources: Option<Vec<&'static str>>,
    words: Vec<&'static str>,
    number: i64,
    day: usize,
    dataset: usize,
}

impl Row {
    fn raw(&self) -> String {
        let words = self.words.join(" ");
        if self.format != "cloudtrail" {
            return format!("{words} srcaddr={} n={}", self.address.unwrap_or("-"), self.number);
        }
        let address = self.address.map_or("null".to_owned(), |address| format!("\"{address}\""));
        format!("{{\"m\":\"{words}\",\"sourceAddr\":{address},\"n\":{}}}", self.number)
    }

    /// What the address column holds: cloudtrail's is now and then another than the record's.
    fn column_address(&self) -> Option<&'static str> {
        if self.format == "cloudtrail" && self.id.is_multiple_of(2) { None } else { self.address }
    }
}

fn table(seed: u64, rows: usize) -> Vec<Row> {
    let random = SeededEntropy::new(seed);
    let below = |n: usize| (random.next() % n as u64) as usize;
    fn pick<T: Copy>(from: &[T], at: usize) -> Option<T> {
        from.get(at).copied()
    }
    (0..rows)
        .map(|id| Row {
            id,
            format: FORMATS[below(3)],
            time: (below(12) > 0).then(|| below(2_000) as i64 - 1_000),
            user: pick(&USERS, below(5)),
            address: pick(&ADDRESSES, below(5)),
            port: pick(&[22, 443, 8080], below(4)),
            bytes: pick(&[0, 40, 5_000_000_000], below(4)),
            mfa: pick(&[true, false], below(3)),
            operation: pick(&OPERATIONS, below(4)),
            resources: (below(3) > 0).then(|| (0..below(3)).map(|_| USERS[below(4)]).collect()),
            words: (0..=below(3)).map(|_| WORDS[below(5)]).collect(),
            number: below(20) as i64,
            day: below(2),
            dataset: below(2),
        })
        .collect()
}

fn events(rows: &[&Row]) -> EventBatch {
    let mut events = EventBatch::new();
    for row in rows {
        let mut writer = events.row();
        writer.set_text(Column::EventUid, &row.id.to_string());
        if let Some(time) = row.time {
            writer.set_time(Column::Time, NOW + time * 1_000_000);
        }
        writer.set_time(Column::IngestTime, NOW);
        writer.set_text(Column::SourceType, row.format);
        writer.set_text_opt(Column::UserName, row.user);
        writer.set_text_opt(Column::SrcIp, row.column_address());
        writer.set_text_opt(Column::Operation, row.operation);
        if let Some(port) = row.port {
            writer.set_int32(Column::SrcPort, port);
        }
        if let Some(bytes) = row.bytes {
            writer.set_int64(Column::Bytes, bytes);
        }
        if let Some(mfa) = row.mfa {
            writer.set_bool(Column::IsMfa, mfa);
        }
        if let Some(resources) = &row.resources {
            writer.set_list(Column::ResourceUids, resources.iter().copied());
        }
        writer.set_bytes(Column::Raw, row.raw().as_bytes());
        writer.finish();
    }
    events
}

/// A store that holds the rows; those of each so many applied are then moved into files.
fn store_of(rows: &[Row], flushed: impl Fn(usize) -> bool) -> Store {
    runtime().block_on(async {
        let store = open(&FaultStore::default()).await.unwrap();
        let mut sequence = 0;
        for (at, run) in rows.chunks(12).enumerate() {
            for (day, dataset) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let of_partition: Vec<&Row> =
                    run.iter().filter(|row| (row.day, row.dataset) == (day, dataset)).collect();
                sequence += 1;
                let received = NOW + day as i64 * DAY_MICROS;
                let mut rows = stored(events(&of_partition), sequence, received);
                rows.dataset = DATASETS[dataset].into();
                store.apply(rows, sequence, 0).unwrap();
            }
            if flushed(at) {
                store.flush_all(NOW_MILLIS).await.unwrap();
            }
        }
        store
    })
}

#[derive(Debug, Clone)]
enum Term {
    Word(&'static str),
    /// Anywhere in the record, also inside of a word.
    Part(&'static str),
    User(&'static str),
    UserLike(char),
    HasUser,
    Address(&'static str),
    Network,
    /// The source's own name, of two formats.
    Source(&'static str),
    FlowOnly(&'static str),
    Operation(&'static str),
    Port(&'static str, i32),
    Bytes(i64, i64),
    Mfa(bool),
    Resource(&'static str),
    Number(&'static str, i64),
    Time(&'static str, i64),
    Day(usize),
    Dataset(usize),
    Not(Box<Term>),
    All(Vec<Term>),
    Any(Vec<Term>),
}

fn compares<T: Ord>(operator: &str, value: &T, with: &T) -> bool {
    match operator {
        ":" => value == with,
        ":<" => value < with,
        ":<=" => value <= with,
        ":>" => value > with,
        _ => value >= with,
    }
}

impl Term {
    fn query(&self) -> String {
        let joined = |terms: &[Self], joint: &str| {
            let terms: Vec<String> = terms.iter().map(Self::query).collect();
            format!("({})", terms.join(joint))
        };
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Part(part) => format!("*{part}*"),
            Self::User(user) => format!("user:{user}"),
            Self::UserLike(first) => format!("user:{first}*"),
            Self::HasUser => "user:*".to_owned(),
            Self::Address(address) => format!("src_ip:{address}"),
            Self::Network => "src_ip:10.0.0.0/16".to_owned(),
            Self::Source(address) => format!("sourceAddr:{address}"),
            Self::FlowOnly(address) => format!("srcaddr:{address}"),
            Self::Operation(name) => format!("eventName:{name}"),
            Self::Port(operator, port) => format!("src_port{operator}{port}"),
            Self::Bytes(low, high) => format!("bytes:[{low} TO {high}}}"),
            Self::Mfa(mfa) => format!("mfa:{mfa}"),
            Self::Resource(user) => format!("resource_uids:{user}"),
            Self::Number(operator, number) => format!("raw.n{operator}{number}"),
            Self::Time(operator, time) => format!("time{operator}{}", NOW + time * 1_000_000),
            Self::Day(day) => format!("day:{}", DAYS[*day]),
            Self::Dataset(dataset) => format!("dataset:{}", DATASETS[*dataset]),
            Self::Not(term) => format!("NOT {}", term.query()),
            Self::All(terms) => joined(terms, " "),
            Self::Any(terms) => joined(terms, " OR "),
        }
    }

    fn holds(&self, row: &Row) -> bool {
        let is = |value: Option<&str>, wanted: &str| value == Some(wanted);
        match self {
            Self::Word(word) => {
                let raw = row.raw();
                raw.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|w| w == *word)
            }
            Self::Part(part) => row.raw().contains(part),
            Self::User(user) => is(row.user, user),
            Self::UserLike(first) => {
                row.user.is_some_and(|user| user.to_lowercase().starts_with(*first))
            }
            Self::HasUser => row.user.is_some(),
            Self::Address(address) => is(row.column_address(), address),
            Self::Network => row.column_address().is_some_and(|a| a.starts_with("10.0.")),
            Self::Source(address) => row.format != "text" && is(row.address, address),
            Self::FlowOnly(address) => row.format == "vpcflow" && is(row.address, address),
            Self::Operation(name) => row.format == "cloudtrail" && is(row.operation, name),
            Self::Port(operator, with) => {
                row.port.is_some_and(|port| compares(operator, &port, with))
            }
            Self::Bytes(low, high) => row.bytes.is_some_and(|bytes| (*low..*high).contains(&bytes)),
            Self::Mfa(mfa) => row.mfa == Some(*mfa),
            Self::Resource(user) => row.resources.iter().flatten().any(|item| item == user),
            Self::Number(operator, with) => {
                row.format == "cloudtrail" && compares(operator, &row.number, with)
            }
            Self::Time(operator, with) => {
                row.time.is_some_and(|time| compares(operator, &time, with))
            }
            Self::Day(day) => row.day == *day,
            Self::Dataset(dataset) => row.dataset == *dataset,
            Self::Not(term) => !term.holds(row),
            Self::All(terms) => terms.iter().all(|term| term.holds(row)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(row)),
        }
    }
}

fn any_term() -> impl Strategy<Value = Term> {
    let operator = || prop::sample::select(vec![":", ":<", ":<=", ":>", ":>="]);
    let one_of = |from: &[&'static str]| prop::sample::select(from.to_vec());
    let term = prop_oneof![
        one_of(&WORDS).prop_map(Term::Word),
        one_of(&["oot", "ogi", "zz"]).prop_map(Term::Part),
        one_of(&USERS).prop_map(Term::User),
        prop::sample::select(vec!['a', 'b', 'x']).prop_map(Term::UserLike),
        Just(Term::HasUser),
        one_of(&ADDRESSES).prop_map(Term::Address),
        Just(Term::Network),
        one_of(&ADDRESSES).prop_map(Term::Source),
        one_of(&ADDRESSES).prop_map(Term::FlowOnly),
        one_of(&OPERATIONS).prop_map(Term::Operation),
        (operator(), prop::sample::select(vec![22, 443, 9_000]))
            .prop_map(|(o, n)| Term::Port(o, n)),
        (0..50_i64, 40..6_000_000_000_i64).prop_map(|(low, high)| Term::Bytes(low, high)),
        any::<bool>().prop_map(Term::Mfa),
        one_of(&USERS).prop_map(Term::Resource),
        (operator(), 0..20_i64).prop_map(|(o, n)| Term::Number(o, n)),
        (operator(), -1_000..1_000_i64).prop_map(|(o, t)| Term::Time(o, t)),
        (0..2_usize).prop_map(Term::Day),
        (0..2_usize).prop_map(Term::Dataset),
    ];
    term.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|term| Term::Not(Box::new(term))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Term::All),
            prop::collection::vec(inner, 2..4).prop_map(Term::Any),
        ]
    })
}

async fn found(store: &Store, request: &SearchRequest) -> Vec<usize> {
    let stream = store.search(request, SOURCES, NOW, &caller()).await.unwrap();
    let batches: Vec<_> = stream.batches().try_collect().await.unwrap();
    batches
        .iter()
        .flat_map(|batch| (0..batch.rows()).map(|row| batch.value(row, 0)))
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn answers_are_those_of_a_walk_over_the_rows() {
    let rows = table(7, 120);
    let memory = store_of(&rows, |_| false);
    let files = store_of(&rows, |_| true);
    let both = store_of(&rows, |at| at % 3 != 0);
    let joined = store_of(&rows, |_| true);
    let runtime = runtime();
    runtime.block_on(joined.compact(true, NOW_MILLIS)).unwrap();
    assert!(memory.view().files.is_empty() && files.view().chunks().next().is_none());
    assert!(both.view().files.len() > 4 && both.view().chunks().next().is_some());
    assert_eq!(joined.view().files.len(), 4);
    // The place of each row as the stores know it.
    let mut place = vec![(0, 0); rows.len()];
    let mut sequence = 0;
    for run in rows.chunks(12) {
        for partition in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            sequence += 1;
            let of_partition = run.iter().filter(|row| (row.day, row.dataset) == partition);
            for (pos, row) in of_partition.enumerate() {
                place[row.id] = (sequence, pos);
            }
        }
    }
    let answers = std::cell::Cell::new(0);
    let any = (
        prop::option::weighted(0.95, any_term()),
        prop::option::of(-900..900_i64),
        prop::option::of(-900..900_i64),
        prop::option::of(0..40_usize),
        any::<bool>(),
    );
    proptest!(ProptestConfig::with_cases(60), |((term, since, until, limit, ascending) in any)| {
        let mut expected: Vec<&Row> = rows
            .iter()
            .filter(|row| term.as_ref().is_none_or(|term| term.holds(row)))
            .filter(|row| since.is_none_or(|since| row.time.is_some_and(|time| time >= since)))
            .filter(|row| until.is_none_or(|until| row.time.is_some_and(|time| time < until)))
            .collect();
        // What has no time comes last, in either order.
        if ascending {
            expected.sort_by_key(|row| (row.time.is_none(), row.time, place[row.id]));
        } else {
            expected.sort_by_key(|row| (row.time.is_none(), Reverse((row.time, place[row.id]))));
        }
        expected.truncate(limit.unwrap_or(usize::MAX));
        let expected: Vec<usize> = expected.into_iter().map(|row| row.id).collect();
        answers.set(answers.get() + expected.len());
        let micros = |seconds: Option<i64>| seconds.map(|seconds| NOW + seconds * 1_000_000);
        let request = SearchRequest {
            query: term.as_ref().map(Term::query).unwrap_or_default(),
            since_micros: micros(since),
            until_micros: micros(until),
            limit,
            ascending,
            columns: vec!["event_uid".to_owned()],
            zone_offset_seconds: 0,
        };
        for (name, store) in
            [("memory", &memory), ("files", &files), ("both", &both), ("joined", &joined)]
        {
            let found = runtime.block_on(found(store, &request));
            prop_assert_eq!(&found, &expected, "{}: {}", name, request.query);
        }
    });
    assert!(answers.get() > 200, "{answers:?}");
}

#[test]
fn facets_count_what_a_walk_counts() {
    let rows = table(8, 60);
    let store = store_of(&rows, |at| at % 2 == 0);
    let request = SearchRequest { query: "root OR user:*".to_owned(), ..SearchRequest::default() };
    let caller = caller();
    let facets = store.facets(&request, "user_name", SOURCES, NOW, &caller);
    let batches = runtime().block_on(facets).unwrap();
    let mut counted = std::collections::BTreeMap::new();
    let term = Term::Any(vec![Term::Word("root"), Term::HasUser]);
    for row in rows.iter().filter(|row| term.holds(row)) {
        *counted.entry(row.user).or_insert(0) += 1;
    }
    let found: Vec<(serde_json::Value, i64)> = batches
        .iter()
        .flat_map(|batch| (0..batch.rows()).map(|row| (batch.value(row, 0), batch.value(row, 1))))
        .map(|(user, count)| (user, count.as_i64().unwrap()))
        .collect();
    let mut expected: Vec<(serde_json::Value, i64)> =
        counted.into_iter().map(|(user, count)| (user.into(), count)).collect();
    expected.sort_by_key(|(user, count)| (Reverse(*count), user.is_null(), user.to_string()));
    assert_eq!(found, expected);
}

/// Files of one hour each, in two datasets: what the table's own statistics leave of them.
#[test]
fn files_are_left_out_by_their_statistics() {
    let runtime = runtime();
    let store = runtime.block_on(async {
        let store = open(&FaultStore::default()).await.unwrap();
        for sequence in 1..=6 {
            let mut events = EventBatch::new();
            for minute in [0, 59] {
                let mut row = events.row();
                let micros = NOW + (sequence as i64 * 60 + minute) * 60_000_000;
                row.set_text(Column::EventUid, "x");
                row.set_time(Column::Time, micros);
                row.set_time(Column::IngestTime, micros);
                row.finish();
            }
            let mut rows = stored(events, sequence, NOW + i64::from(sequence > 4) * DAY_MICROS);
            rows.dataset = DATASETS[usize::from(sequence % 2 == 0)].into();
            store.apply(rows, sequence, 0).unwrap();
            store.flush_all(NOW_MILLIS).await.unwrap();
        }
        store
    });
    let table = EventsTable {
        view: store.view(),
        store_url: store.engine.store_url(),
        store: store.engine.store(),
    };
    let state = store.engine.session(store.view()).unwrap().state();
    let kept = |query: &str| -> Vec<i64> {
        let ctx = SearchContext { now_micros: NOW, zone_offset_seconds: 0, source_fields: SOURCES };
        let filter = crate::search::plan::compile(query, &ctx).unwrap().filter.unwrap();
        let schema = DFSchema::try_from(query_schema()).unwrap();
        let predicate = state.create_physical_expr(filter, &schema).unwrap();
        let files = table.files_that_may_match(Some(&predicate));
        files.iter().map(|file| file.summary.batch_range.0 - (1 << 40)).collect()
    };
    for (query, expected) in [
        ("time:>=now+5h", &[6, 5][..]),
        ("time:<now+2h", &[1]),
        ("time:[now+3h TO now+3h]", &[3]),
        ("time:>now+9h", &[]),
        ("ingest_time:<now+121m", &[2, 1]),
        ("dataset:audit", &[6, 4, 2]),
        ("day:2026-11-25", &[6, 5]),
        ("day:<2026-11-25 dataset:main", &[3, 1]),
        ("dataset:audit OR time:<now+2h", &[6, 4, 2, 1]),
        ("_batch:1099511627779", &[3]),
        ("user:x", &[6, 5, 4, 3, 2, 1]),
        // A negation says nothing about those that have no value.
        ("-time:>now+2h", &[6, 5, 4, 3, 2, 1]),
    ] {
        assert_eq!(kept(query), expected, "{query}");
    }
}
