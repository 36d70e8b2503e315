#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryViewArray, BooleanArray, Int32Array, Int64Array, ListBuilder,
    RecordBatch, StringBuilder, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};
use datafusion::common::DFSchema;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use proptest::prelude::*;
use stele_event::{COLUMNS, Kind};

use super::*;
use crate::schema::query_schema;
use crate::search::functions::phrase;

/// 2026-11-24T10:30:00Z.
const NOW: i64 = 1_795_516_200_000_000;

const SOURCES: &[SourceField] = &[
    source("cloudtrail", "eventName", Column::Operation, true),
    source("cloudtrail", "eventTime", Column::Time, false),
    source("cloudtrail", "sourceIPAddress", Column::SrcIp, false),
    source("vpcflow", "srcport", Column::SrcPort, true),
    source("vpcflow", "action", Column::Operation, true),
    source("app_flask", "action", Column::SrcPort, true),
];

const fn source(
    format: &'static str,
    name: &'static str,
    column: Column,
    lossless: bool,
) -> SourceField {
    SourceField { format, name, column, lossless }
}

/// Events as `column=value` pairs, and their raw record; a list's items stand between `|`. The id
/// is the event's number.
const EVENTS: &[(&str, &str)] = &[
    (
        "source_type=cloudtrail time=1795514400000000 user_name=alice src_ip=203.0.113.7 \
         operation=ConsoleLogin service=signin.amazonaws.com status_id=2 status_code=AccessDenied \
         severity_id=3 class_uid=3002 is_mfa=false resource_uids=arn:aws:s3:::a|arn:aws:s3:::b",
        "{\"eventName\":\"ConsoleLogin\",\"eventTime\":\"2026-11-24T10:00:00Z\",\
         \"sourceIPAddress\":\"203.0.113.7\",\"user\":\"alice\",\
         \"message\":\"root login\",\"n\":5}",
    ),
    (
        "source_type=cloudtrail time=1795516199000000 user_name=Alice src_ip=203.0.114.7 \
         operation=GetObject service=s3.amazonaws.com status_id=1 severity_id=1 class_uid=6003 \
         is_mfa=true resource_uid=arn:aws:s3:::a",
        "{\"eventName\":\"GetObject\",\"eventTime\":\"2026-11-24T10:29:59Z\",\
         \"sourceIPAddress\":\"config.amazonaws.com\",\"p\":{\"key\":\"a/b\",\
         \"cidr\":\"10.0.0.0/8\"},\"n\":10}",
    ),
    (
        "source_type=vpcflow time=1795430000000000 src_ip=2001:db8::5 src_port=443 \
         bytes=5000000000 operation=REJECT action_id=2 protocol_num=6 status_id=2",
        "2 123 eni-1 2001:db8::5 10.0.0.1 443 5 6 1 40 REJECT OK",
    ),
    (
        "source_type=app_flask time=1795500000000000 user_name=bob http_status=403 status_id=2 \
         src_port=7 service=s3 user_agent=curl/8.1",
        "{\"event\":\"Root-Login\",\"café\":\"\\u0041\",\"n\":\"9\"} \u{e9}",
    ),
    ("source_type=syslog time=1795400000000000 host_name=web-1 status_code=AccessDenied", "rooted"),
    (r#"source_type=syslog severity_id=99 unmapped={"k":"v"} attrs={"a.b":"v"}"#, "\0"),
];

fn array(column: Column) -> ArrayRef {
    let values: Vec<Option<&str>> = EVENTS
        .iter()
        .map(|(pairs, _)| {
            pairs
                .split_whitespace()
                .find_map(|pair| pair.strip_prefix(column.name())?.strip_prefix('='))
        })
        .collect();
    let numbers = || values.iter().map(|value| value.map(|value| value.parse::<i64>().unwrap()));
    match column.spec().kind {
        Kind::Text => Arc::new(StringViewArray::from_iter(values)),
        Kind::Int64 => Arc::new(numbers().collect::<Int64Array>()),
        Kind::Int32 => Arc::new(numbers().map(|n| n.map(|n| n as i32)).collect::<Int32Array>()),
        Kind::Bool => Arc::new(
            values.iter().map(|value| value.map(|value| value == "true")).collect::<BooleanArray>(),
        ),
        Kind::Time => {
            Arc::new(numbers().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Kind::Bytes => Arc::new(BinaryViewArray::from_iter_values(
            // Latin-1 for what lies beyond ASCII: raw records are any bytes.
            EVENTS.iter().map(|(_, raw)| {
                if raw.contains("café") { latin(raw) } else { raw.as_bytes().to_vec() }
            }),
        )),
        Kind::TextList => {
            let item = Field::new("element", DataType::Utf8, true);
            let mut lists = ListBuilder::new(StringBuilder::new()).with_field(item);
            for value in values {
                lists.append_option(value.map(|value| value.split('|').map(Some)));
            }
            Arc::new(lists.finish())
        }
    }
}

/// The text with its last character as one byte that is no UTF-8.
fn latin(text: &str) -> Vec<u8> {
    let mut bytes = text.trim_end_matches('é').as_bytes().to_vec();
    bytes.push(0xe9);
    bytes
}

fn session() -> SessionContext {
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    let mut columns: Vec<ArrayRef> = COLUMNS
        .iter()
        .map(|spec| match spec.column {
            Column::EventUid => Arc::new(StringViewArray::from_iter_values(
                (1..=EVENTS.len()).map(|id| id.to_string()),
            )),
            column => array(column),
        })
        .collect();
    let constant = |text| Arc::new(StringViewArray::from_iter_values(vec![text; EVENTS.len()]));
    columns.extend([constant("main") as ArrayRef, constant("2026-11-24")]);
    let batch = RecordBatch::try_new(query_schema(), columns).unwrap();
    let table = MemTable::try_new(query_schema(), vec![vec![batch]]).unwrap();
    session.register_table("events", Arc::new(table)).unwrap();
    for function in functions::all() {
        session.register_udf(function);
    }
    session
}

fn context() -> SearchContext<'static> {
    SearchContext { now_micros: NOW, zone_offset_seconds: 0, source_fields: SOURCES }
}

async fn ids_of(session: &SessionContext, filter: Option<Expr>) -> Vec<usize> {
    let frame = session.table("events").await.unwrap();
    let frame = filter.into_iter().fold(frame, |frame, filter| frame.filter(filter).unwrap());
    let batches = frame.select(vec![ident("event_uid")]).unwrap().collect().await.unwrap();
    let ids = |batch: &RecordBatch| -> Vec<usize> {
        batch.column(0).as_string_view().iter().map(|id| id.unwrap().parse().unwrap()).collect()
    };
    batches.iter().flat_map(ids).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn check(cases: &[(&str, &[usize])]) {
    let session = session();
    for (query, expected) in cases {
        let compiled = compile(query, &context()).unwrap_or_else(|error| panic!("{error}"));
        let found = runtime().block_on(ids_of(&session, compiled.filter));
        assert_eq!(found, *expected, "{query}");
        let negated = compile(&format!("NOT ({query})"), &context());
        if let Ok(compiled) = negated {
            let rest = runtime().block_on(ids_of(&session, compiled.filter));
            let mut all = [found, rest].concat();
            all.sort_unstable();
            assert_eq!(all, (1..=EVENTS.len()).collect::<Vec<_>>(), "NOT ({query})");
        }
    }
}

#[test]
fn words_ask_the_raw_record() {
    check(&[
        ("", &[1, 2, 3, 4, 5, 6]),
        ("*", &[1, 2, 3, 4, 5, 6]),
        ("root", &[1, 4]),
        ("ROOT", &[1, 4]),
        ("root-login", &[4]),
        ("\"root login\"", &[1]),
        ("root*", &[1, 4, 5]),
        ("r?ot*in", &[1, 4]),
        ("-root", &[2, 3, 5, 6]),
        ("2001:db8::5", &[3]),
        ("10.0.0", &[2, 3]),
        ("0.0.0", &[2]),
        ("raw:root", &[1, 4]),
        ("raw:/root(ed)?$/", &[5]),
        ("raw:*", &[1, 2, 3, 4, 5, 6]),
        ("root alice", &[1]),
        ("root OR rooted", &[1, 4, 5]),
        ("\"\\\"eventName\\\":\"", &[1, 2]),
        ("café", &[4]),
        ("caf", &[]),
    ]);
}

#[test]
fn texts_are_compared_exactly_and_patterns_are_not() {
    check(&[
        ("user_name:alice", &[1]),
        ("user:Alice", &[2]),
        ("user:ALICE", &[]),
        ("user:AL*", &[1, 2]),
        ("user:?ob", &[4]),
        ("user:\"al*\"", &[]),
        ("user:/^[aA]l/", &[1, 2]),
        ("user:*", &[1, 2, 4]),
        ("-user:*", &[3, 5, 6]),
        ("-user:alice", &[2, 3, 4, 5, 6]),
        ("NOT NOT user:alice", &[1]),
        ("user:(alice OR bob)", &[1, 4]),
        ("user:(a* AND NOT alice)", &[2]),
        ("user:>=alice", &[1, 4]),
        ("user:[a TO b]", &[1]),
        ("user:(alice OR Alice) OR user:bob OR root", &[1, 2, 4]),
        ("actor.user.name:bob", &[4]),
        ("service:s3", &[2, 4]),
        ("service:\"s3\"", &[4]),
        ("service:s3.amazonaws.com", &[2]),
        ("service:S*", &[1, 2, 4]),
        ("agent:curl/8.1", &[4]),
        ("dataset:main", &[1, 2, 3, 4, 5, 6]),
        ("day:2026-11-24", &[1, 2, 3, 4, 5, 6]),
        ("day:today day:>=now-2d day:[2026-11-01 TO *] day:2026-*", &[1, 2, 3, 4, 5, 6]),
        ("day:yesterday", &[]),
    ]);
}

#[test]
fn types_have_their_own_comparisons() {
    check(&[
        ("src_port:443", &[3]),
        ("src_port:<=443", &[3, 4]),
        ("src_port:{7 TO 443]", &[3]),
        ("src_port:[* TO 443}", &[4]),
        ("-src_port:>7", &[1, 2, 4, 5, 6]),
        ("bytes:>4999999999", &[3]),
        ("src_port:<5000000000", &[3, 4]),
        ("severity:medium", &[1]),
        ("severity:>=medium", &[1, 6]),
        ("severity_id:1", &[2]),
        ("class:authentication", &[1]),
        ("class:(api-activity OR 3002)", &[1, 2]),
        ("protocol:tcp", &[3]),
        ("status:failure", &[1, 3, 4]),
        ("is_mfa:true", &[2]),
        ("mfa:no", &[1]),
        ("-is_mfa:true", &[1, 3, 4, 5, 6]),
        ("time:2026-11-24", &[1, 2, 4]),
        ("time:\"2026-11-24 10:00\"", &[1]),
        ("time:2026-11-24T10:00:00Z", &[1]),
        ("time:>2026-11-24", &[]),
        ("time:<=2026-11-23", &[3, 5]),
        ("time:>=now-1h", &[1, 2]),
        ("time:>10m", &[2]),
        ("time:[2026-11-23 TO 2026-11-24T10:00:00Z]", &[1, 3, 4, 5]),
        ("time:*", &[1, 2, 3, 4, 5]),
        ("src_ip:203.0.113.7", &[1]),
        ("ip:203.0.112.0/23", &[1]),
        ("ip:203.0.*", &[1, 2]),
        ("src_ip:2001:DB8:0::5", &[3]),
        ("src_ip:2001:db8::/32", &[3]),
        ("src_ip:::ffff:203.0.113.7", &[1]),
        ("-src_ip:0.0.0.0/0", &[3, 4, 5, 6]),
        ("resource_uids:arn:aws:s3:::b", &[1]),
        ("resource_uids:*:b", &[1]),
        ("resource_uids:/a$/", &[1]),
        ("resource:\"arn:aws:s3:::a\"", &[1, 2]),
        ("resource:*", &[1, 2]),
    ]);
}

#[test]
fn outcomes_are_short_for_several_columns() {
    check(&[
        ("outcome:success", &[2]),
        ("outcome:failure", &[1, 3, 4]),
        ("outcome:denied", &[1, 3, 4]),
        ("outcome:(success OR Denied)", &[1, 2, 3, 4]),
        ("-outcome:denied", &[2, 5, 6]),
    ]);
}

#[test]
fn own_names_ask_the_column_only_where_it_is_lossless() {
    check(&[
        ("eventName:ConsoleLogin", &[1]),
        ("sourceIPAddress:203.0.113.7", &[1]),
        ("sourceIPAddress:config.amazonaws.com", &[2]),
        ("sourceIPAddress:203.0.113.0/24", &[1]),
        ("sourceIPAddress:*", &[1, 2]),
        ("-sourceIPAddress:203.0.113.7", &[2, 3, 4, 5, 6]),
        ("eventTime:>2026-11-24T10:00:00Z", &[2]),
        ("eventTime:>=now-1h", &[1, 2]),
        ("eventTime:2026-11-24T10:00:00Z", &[1]),
        ("srcport:>400", &[3]),
        // A field of two formats, with another type in each.
        ("action:REJECT", &[3]),
        ("action:7", &[4]),
        ("action:*", &[3, 4]),
    ]);
}

#[test]
fn paths_ask_the_raw_record() {
    check(&[
        ("raw.message:\"root login\"", &[1]),
        ("p.key:a/b", &[2]),
        ("p.key:*", &[2]),
        ("p.cidr:10.0.0.0/8", &[2]),
        ("raw.sourceIPAddress:203.0.113.0/24", &[1]),
        ("raw.n:>5", &[2]),
        ("raw.n:[5 TO 10]", &[1, 2]),
        ("raw.n:10", &[2]),
        ("raw.eventName:get*", &[2]),
        ("raw.eventName:/^Con/", &[1]),
        ("raw.user:>\"al\"", &[1]),
        ("raw.eventTime:2026-11-24*", &[1, 2]),
        ("unmapped.k:v", &[6]),
        ("attrs.a.b:v", &[6]),
        ("raw.p:*key*", &[2]),
    ]);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (query, expected) in [
        (
            "usr_name:alice",
            "unknown field `usr_name`\n\
             \x20 usr_name:alice\n\
             \x20 ^^^^^^^^\n\
             hint: did you mean `user_name`",
        ),
        (
            "a src_port:high",
            "`high` is no whole number, asked of `src_port`\n  a src_port:high\n             ^^^^",
        ),
        (
            "src_port:4*",
            "`4*` holds a wildcard, which has no place here, asked of `src_port`\n\
             \x20 src_port:4*\n\
             \x20          ^^\n\
             hint: write a range: `src_port:[low TO high]`",
        ),
        ("src_port:/4/", "`4` is a regular expression, which only texts can match"),
        (
            "severity:hgih",
            "`hgih` is no known name and no number, asked of `severity`\n\
             \x20 severity:hgih\n\
             \x20          ^^^^\n\
             hint: the names are unknown, informational",
        ),
        ("class:login", "`login` is no known name and no number"),
        (
            "status:404",
            "`404` is no status of an event, asked of `status`\n\
             \x20 status:404\n\
             \x20        ^^^\n\
             hint: did you mean `http_status:404`?",
        ),
        ("is_mfa:maybe", "`maybe` is neither `true` nor `false`, asked of `is_mfa`"),
        ("time:soon", "`soon` is no time\n  time:soon\n       ^^^^\nhint: write `2h`"),
        ("time:2026-02-30", "`2026-02-30` is no time: there is no such day"),
        ("day:soon", "`soon` is no time"),
        (
            "src_ip:10.0.0.0/99",
            "`10.0.0.0/99` is no network, asked of `src_ip`\n\
             \x20 src_ip:10.0.0.0/99\n\
             \x20        ^^^^^^^^^^^",
        ),
        ("ip:example.com", "`example.com` is no IP address, asked of `ip`"),
        ("ip:>10.0.0.1", "addresses have no order"),
        (
            "outcome:maybe",
            "an outcome is `success`, `failure` or `denied`\n  outcome:maybe\n          ^^^^^",
        ),
        ("outcome:*", "an outcome is `success`, `failure` or `denied`"),
        ("user:/a(/", "this is no regular expression: unclosed group\n  user:/a(/\n       ^^^^"),
        ("raw:>5", "a raw record cannot be compared"),
        ("resource_uids:>5", "`resource_uids` is a list, which cannot be compared"),
        ("action:>x*", "`x*` holds a wildcard"),
        ("a[].b:1", "`[]` (any element) cannot be asked of a raw record"),
    ] {
        let error = compile(query, &context()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(expected), "{query}\n{text}\nexpected:\n{expected}");
        assert_eq!(text, error.explain(query));
    }
    let many = "a ".repeat(QUERY_TERMS_MAX + 1);
    let message = compile(&many, &context()).unwrap_err().message;
    assert_eq!(message, "the query has 201 terms, which is over the limit of 200");
}

#[test]
fn filters_are_such_that_files_can_be_left_out() {
    for (query, expected) in [
        ("user:alice", "user_name = Utf8(\"alice\")"),
        ("user:(alice OR bob)", "user_name IN ([Utf8(\"alice\"), Utf8(\"bob\")])"),
        ("src_port:443", "src_port = Int32(443)"),
        ("src_ip:10.0.0.1", "src_ip = Utf8(\"10.0.0.1\")"),
        // What costs least comes first.
        ("root user:alice", "user_name = Utf8(\"alice\") AND has_token(raw, Utf8(\"root\"))"),
        ("-user:alice", "user_name = Utf8(\"alice\") IS NOT TRUE"),
    ] {
        let filter = compile(query, &context()).unwrap().filter.unwrap();
        assert_eq!(filter.to_string(), expected, "{query}");
    }
}

#[test]
fn words_are_those_that_no_match_lacks() {
    for (query, expected) in [
        ("", vec![]),
        ("Root", vec!["root"]),
        ("\"root login\" 10.0.0.1", vec!["0", "1", "10", "login", "root"]),
        ("a -b c* user:d raw:e", vec!["a", "e"]),
        ("(a b) OR (b c)", vec!["b"]),
        ("a OR user:b", vec![]),
        ("café-É", vec!["café", "É"]),
    ] {
        assert_eq!(compile(query, &context()).unwrap().words, expected, "{query}");
    }
}

#[test]
fn misspelt_paths_are_noted() {
    let notes = compile("src_endpoint.ipp:10.0.0.1", &context()).unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("`src_endpoint.ip`"), "{notes:?}");
    assert!(compile("raw.src_endpoint.ipp:x p.key:x", &context()).unwrap().notes.is_empty());
}

/// What the reference page says is what the code does.
#[test]
fn the_reference_is_true() {
    let page = include_str!("../../../../../docs/search-syntax.md");
    let examples = page.split("## Examples").nth(1).unwrap().lines();
    let queries: Vec<&str> = examples.filter_map(|line| line.split('`').nth(1)).collect();
    assert!(queries.len() > 5);
    for query in queries {
        let compiled = compile(query, &context()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(compiled.notes, Vec::<String>::new(), "{query}");
    }
    let code = |word: &str| format!("`{word}`");
    for (short, columns) in fields::SHORT_NAMES {
        assert!(page.contains(&code(short)), "{short}");
        assert!(columns.iter().all(|column| page.contains(&code(column.name()))), "{short}");
    }
    for denied in crate::search::DENIED_CODES {
        assert!(page.contains(&code(denied)), "{denied}");
    }
    for function in functions::all() {
        assert!(page.contains(&format!("`{}(", function.name())), "{}", function.name());
    }
    let levels = syntax::QUERY_DEPTH_MAX;
    let limits = format!("at most 16,384 bytes, {QUERY_TERMS_MAX} terms, and {levels} levels");
    assert!(page.contains(&limits));
    assert_eq!(syntax::QUERY_BYTES_MAX, 16_384);
}

/// The planner recurses over the terms, on the stack of a worker thread.
#[test]
fn the_biggest_query_fits_on_a_small_stack() {
    let terms = |term: &str, operator: &str| {
        let terms: Vec<String> =
            (0..QUERY_TERMS_MAX).map(|n| term.replace('#', &n.to_string())).collect();
        terms.join(operator)
    };
    let levels = syntax::QUERY_DEPTH_MAX;
    let closed = |open: String, levels: usize| open + "b" + &")".repeat(levels);
    let queries = [
        terms("w#", " "),
        terms("w#", " OR "),
        terms("-src_port:>#", " "),
        terms("user:x#*", " OR "),
        terms("user:x#", " OR "),
        closed("NOT(a OR ".repeat(levels / 2), levels / 2),
        closed("(a OR (src_port:1 ".repeat(levels / 2), levels),
        closed("NOT(a ".repeat(levels / 2) + &terms("w#", " OR ")[..1_000] + " OR ", levels / 2),
    ];
    for query in queries {
        let run = move || {
            let filter = compile(&query, &context()).unwrap().filter.unwrap();
            let rows = runtime().block_on(ids_of(&session(), Some(filter.clone()))).len();
            // A table that takes filters gets the terms one by one and joins them to a chain.
            let chain = conjunction(split_conjunction_owned(filter)).unwrap();
            let schema = DFSchema::try_from(query_schema()).unwrap();
            let predicate = session().state().create_physical_expr(chain, &schema).unwrap();
            PruningPredicateBuilder::new()
                .with_file_schema(query_schema())
                .try_build(predicate)
                .unwrap();
            rows
        };
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap();
        assert!(thread.join().unwrap() <= EVENTS.len());
    }
}

/// Queries that mostly are none of those above and mostly mean something.
fn any_query() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "alice",
        "*",
        "al*",
        "10",
        ">5",
        "<=now-1h",
        "[1 TO 500]",
        "{a TO *]",
        "/a.*/",
        "(a OR 7)",
        "2026-11-24",
        "203.0.113.0/24",
        "\"root login\"",
        "true",
        "high",
        "s3",
        "denied",
        "\\*",
        "?",
        "a/b",
        "2001:db8::5",
        "\"\"",
        "(NOT 443)",
    ]);
    let name = prop::sample::select(vec![
        "user",
        "src_port",
        "time",
        "src_ip",
        "severity",
        "outcome",
        "raw",
        "raw.n",
        "resource",
        "is_mfa",
        "eventName",
        "action",
        "eventTime",
        "p.key",
        "day",
        "service",
        "unmapped.k",
    ]);
    let term = prop_oneof![
        (name, value).prop_map(|(name, value)| format!("{name}:{value}")),
        prop::sample::select(vec![
            "root",
            "root-login",
            "ro*",
            "\"root login\"",
            "10.0.0",
            "*",
            "é"
        ])
        .prop_map(str::to_owned),
    ];
    term.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|terms| format!("({})", terms.join(" OR "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|terms| format!("({})", terms.join(" "))),
            inner.prop_map(|term| format!("NOT {term}")),
        ]
    })
}

#[test]
fn every_row_passes_a_query_or_its_negation() {
    let session = session();
    let runtime = runtime();
    let answered = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(100), |(query in any_query())| {
        let Ok(compiled) = compile(&query, &context()) else { return Ok(()) };
        answered.set(answered.get() + 1);
        let found = runtime.block_on(ids_of(&session, compiled.filter));
        for id in &found {
            let raw = array(Column::Raw);
            let raw = String::from_utf8_lossy(raw.as_binary_view().value(id - 1)).into_owned();
            let there: Vec<String> = phrase::tokens(&raw).collect();
            prop_assert!(compiled.words.iter().all(|word| there.contains(word)), "{there:?}");
        }
        let negated = compile(&format!("-({query})"), &context()).unwrap();
        let rest = runtime.block_on(ids_of(&session, negated.filter));
        let mut all = [found, rest].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (1..=EVENTS.len()).collect::<Vec<_>>());
    });
    assert!(answered.get() > 30, "{answered:?}");
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_a_mistake(
        query in "[ a-z:()\\[\\]\"*?<>=/.\\\\é0-9-]{0,40}|.{0,60}",
    ) {
        if let Err(error) = compile(&query, &context()) {
            prop_assert!(query.get(error.span.clone()).is_some());
        }
    }
}

#[test]
fn the_functions_are_there_in_sql_for_every_kind_of_text() {
    let session = session();
    let ask = |sql: String| runtime().block_on(async { session.sql(&sql).await?.collect().await });
    for kind in [
        "Utf8",
        "Utf8View",
        "LargeUtf8",
        "Binary",
        "BinaryView",
        "LargeBinary",
        "Dictionary(Int32, Utf8)",
    ] {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE has_token(v, 'root')), \
             count(*) FILTER (WHERE has_phrase(v, 'root login')), \
             count(*) FILTER (WHERE has_pattern(v, '*R?OT*')), \
             count(*) FILTER (WHERE has_regex(v, 'log(in|out)')), \
             count(*) FILTER (WHERE ip_in(v, '10.0.0.0/8')), \
             count(raw_get(v, 'a.b')), count(has_token(v, 'x')) \
             FROM (SELECT arrow_cast(column1, '{kind}') AS v FROM (VALUES ('root login'), \
             ('{{\"a\":{{\"b\":1}}}}'), ('10.1.2.3'), (NULL)))"
        );
        let batches = ask(sql).unwrap();
        let row: Vec<i64> = batches[0]
            .columns()
            .iter()
            .map(|column| column.as_primitive::<arrow::datatypes::Int64Type>().value(0))
            .collect();
        assert_eq!(row, [1, 1, 1, 1, 1, 1, 3], "{kind}");
    }
    for (sql, expected) in [
        ("has_token(raw, 'a b')", "has_token: `a b` is not one token, `has_phrase` looks for such"),
        ("has_token(raw, '')", "is not one token"),
        ("has_regex(raw, '(')", "has_regex: this is no regular expression: unclosed group"),
        ("ip_in(src_ip, '10.0.0.0/40')", "ip_in: `10.0.0.0/40` is no network"),
        ("raw_get(raw, '')", "raw_get: the path is empty"),
        ("raw_get(resource_uids, 'a')", "raw_get: it takes text or bytes"),
        ("has_token(src_port, 'a')", "has_token: it takes text or bytes, not Int32"),
        ("has_token(raw, 5)", "has_token: its second argument is a text"),
        ("has_token(raw, user_name)", "has_token: its second argument is a constant"),
        ("has_token(raw)", "has_token"),
    ] {
        let error = ask(format!("SELECT {sql} FROM events")).unwrap_err().to_string();
        assert!(error.contains(expected), "{sql}: {error}");
    }
    let constants = "SELECT has_token('a b', 'b'), has_token(NULL, 'b'), has_token('a', NULL), \
                     raw_get('{\"a\":[1]}', 'a[0]'), has_pattern(make_array('x', 'ab'), 'a*')";
    let answers = arrow::util::pretty::pretty_format_batches(&ask(constants.into()).unwrap());
    let answers = answers.unwrap().to_string();
    let values: Vec<&str> = answers.lines().nth(3).unwrap().split('|').map(str::trim).collect();
    assert_eq!(values[1..6], ["true", "", "", "1", "true"]);
}
