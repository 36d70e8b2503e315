//! Each kind of mistake, as it is shown.

#![allow(clippy::unwrap_used)]

use stele_event::Column;

use super::*;
use crate::lake::fault::FaultStore;
use crate::testing::{caller, open, runtime};

const SOURCES: &[SourceField] = &[SourceField {
    format: "cloudtrail",
    name: "sourceIPAddress",
    column: Column::SrcIp,
    lossless: true,
}];

/// What is shown for a statement: the message, then the part under the mark, then the hint.
fn check(sql: &str, message: &str, marked: &str, hint: &str) {
    let text = runtime().block_on(async {
        let store = open(&FaultStore::default()).await.unwrap();
        match store.sql(sql, SOURCES, &caller()).await {
            Ok(_) => panic!("{sql} is taken"),
            Err(error) => error.to_string(),
        }
    });
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], message, "{text}");
    let (from, width) = (lines[2].find('^').unwrap(), lines[2].matches('^').count());
    let under: String = lines[1].chars().skip(from).take(width).collect();
    assert_eq!(under, marked, "{text}");
    let hint = if hint.is_empty() { String::new() } else { format!("hint: {hint}") };
    assert!(lines.get(3).copied().unwrap_or_default().starts_with(&hint), "{text}");
    assert!(!text.contains("Valid fields") && !text.contains("datafusion"), "{text}");
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    check(
        "SELECT usr_name FROM events",
        "there is no column `usr_name`",
        "usr_name",
        "did you mean `user_name`",
    );
    check(
        "SELECT count(*)\n FROM events e WHERE e.sourceIPAddress = '::1'",
        "there is no column `sourceIPAddress`",
        "sourceIPAddress",
        "did you mean `src_ip`?",
    );
    check(
        "SELECT \"Time\" FROM events",
        "there is no column `\"Time\"`",
        "\"Time\"",
        "did you mean `time`?",
    );
    check(
        "SELECT zzzzzzzzzzzzz FROM events",
        "there is no column `zzzzzzzzzzzzz`",
        "zzzzzzzzzzzzz",
        "`stele fields`",
    );
    check(
        "SELECT 'event' FROM event",
        "there is no table `event`",
        "event",
        "there is one table, `events`",
    );
    check(
        "SELECT date_binn(1) FROM events",
        "there is no function `date_binn`",
        "date_binn",
        "did you mean `date_bin`?",
    );
    check(
        "selct 1",
        "this is not SQL: expected an SQL statement, found selct",
        "selct",
        "the search syntax",
    );
    check(
        "SELECT 1 FROM events\nGROUP BY",
        "this is not SQL: expected an expression, but the query ends",
        "",
        "the search syntax",
    );
    check("SELECT 1; SELECT 2", "one statement at a time", "S", "leave out");
    check(
        "CREATE TABLE x AS SELECT 1",
        "SQL only reads here, and this is `CreateMemoryTable`",
        "CREATE TABLE x AS SELECT 1",
        "begin with SELECT",
    );
}
