//! Limits of queries, and what SQL may not do.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use futures::TryStreamExt;

use super::*;
use crate::lake::fault::{Fault, FaultStore, Plan};
use crate::store::StoreConfig;
use crate::testing::{NOW_MILLIS, WRITER, caller, open, rows, runtime};

/// A store with ten rows in each of some files, and ten in memory.
async fn filled(storage: &FaultStore) -> Store {
    let store = open(storage).await.unwrap();
    for sequence in 1..=3 {
        store.apply(rows(sequence, sequence * 10..sequence * 10 + 10), sequence, 0).unwrap();
        if sequence < 3 {
            store.flush_all(NOW_MILLIS).await.unwrap();
        }
    }
    store
}

fn limited(timeout: Duration, rows_max: usize) -> Caller {
    Caller { limits: QueryLimits { timeout, rows_max }, ..caller() }
}

/// How many rows come, and the error after them.
async fn ask(store: &Store, sql: &str, caller: &Caller) -> (usize, Option<StoreError>) {
    let stream = match store.sql(sql, &[], caller).await {
        Ok(stream) => stream,
        Err(error) => return (0, Some(error)),
    };
    let mut stream = Box::pin(stream.batches());
    let mut rows = 0;
    loop {
        match stream.try_next().await {
            Ok(Some(batch)) => rows += batch.rows(),
            Ok(None) => return (rows, None),
            Err(error) => {
                assert!(stream.try_next().await.unwrap().is_none(), "it goes on after {error}");
                return (rows, Some(error));
            }
        }
    }
}

fn check_limit(error: Option<StoreError>, limit: &str, setting: &str) {
    let error = error.unwrap();
    assert!(matches!(error, StoreError::Limit { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("the query went over its limit of {limit};")), "{text}");
    assert!(text.ends_with(&format!("or raise `{setting}`")), "{text}");
}

#[test]
fn the_row_after_the_last_ends_a_query() {
    runtime().block_on(async {
        let store = filled(&FaultStore::default()).await;
        let minute = Duration::from_mins(1);
        for (rows_max, rows) in [(0, 0), (1, 1), (7, 7), (29, 29)] {
            let (found, error) =
                ask(&store, "SELECT * FROM events", &limited(minute, rows_max)).await;
            assert_eq!(found, rows);
            check_limit(error, &format!("{rows_max} rows"), "query.rows_max");
        }
        for rows_max in [30, 31] {
            let (found, error) =
                ask(&store, "SELECT * FROM events", &limited(minute, rows_max)).await;
            assert!(found == 30 && error.is_none(), "{error:?}");
        }
    });
}

#[test]
fn a_query_that_takes_too_long_ends() {
    runtime().block_on(async {
        let storage = FaultStore::default();
        let store = filled(&storage).await;
        let (_, error) = ask(&store, "SELECT 1", &limited(Duration::ZERO, 10)).await;
        check_limit(error, "0 s", "query.timeout_s");
        storage.set(Plan::At(0, Fault::Slow(Duration::from_hours(1))));
        let sql = "SELECT * FROM events ORDER BY time";
        let (_, error) = ask(&store, sql, &limited(Duration::from_millis(250), 100)).await;
        check_limit(error, "0.25 s", "query.timeout_s");
        // What a query of another kind gives is held to the same.
        storage.set(Plan::At(0, Fault::Slow(Duration::from_hours(1))));
        let request = SearchRequest { query: "n".to_owned(), ..SearchRequest::default() };
        let caller = limited(Duration::from_millis(250), 100);
        let error = store.facets(&request, "event_uid", &[], 0, &caller).await.unwrap_err();
        check_limit(Some(error), "0.25 s", "query.timeout_s");
    });
}

#[test]
fn a_dropped_query_stops_its_work() {
    runtime().block_on(async {
        for sql in [
            "SELECT * FROM events",
            "SELECT * FROM events ORDER BY time DESC LIMIT 3",
            "SELECT user_name, count(*) FROM events GROUP BY user_name",
        ] {
            let storage = FaultStore::default();
            let store = filled(&storage).await;
            storage.set(Plan::At(1, Fault::Slow(Duration::from_hours(1))));
            let stream = store.sql(sql, &[], &caller()).await.unwrap();
            let mut stream = Box::pin(stream.batches());
            let waits = async { while stream.try_next().await.unwrap().is_some() {} };
            let began = async {
                while storage.running() == 0 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                () = waits => panic!("nothing was slow: {sql}"),
                () = began => {}
            }
            drop(stream);
            let ended = async {
                while storage.running() > 0 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
        }
    });
}

#[test]
fn a_query_gets_no_more_memory_than_there_is() {
    runtime().block_on(async {
        let config = StoreConfig { query_memory_bytes_max: 1 << 20, ..StoreConfig::default() };
        let lake = FaultStore::default().lake();
        let store = Store::open(lake, WRITER, config, NOW_MILLIS).await.unwrap();
        store.apply(rows(1, 0..5_000), 1, 0).unwrap();
        let sql = "SELECT raw, count(*) FROM (SELECT a.raw || b.event_uid AS raw FROM events a, \
                   (SELECT event_uid FROM events LIMIT 20) b) GROUP BY raw ORDER BY raw";
        let (_, error) = ask(&store, sql, &caller()).await;
        check_limit(error, "1 MiB of memory", "query.memory_bytes_max");
        assert_eq!(ask(&store, "SELECT 1", &caller()).await.0, 1, "it is given back");
    });
}

#[test]
fn storage_that_cannot_be_read_is_no_wrong_query() {
    runtime().block_on(async {
        let storage = FaultStore::default();
        let store = filled(&storage).await;
        storage.set(Plan::At(0, Fault::Before));
        let (_, error) = ask(&store, "SELECT count(raw) FROM events", &caller()).await;
        let error = error.unwrap();
        assert!(matches!(error, StoreError::Read { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("cannot read rows from the lake: "), "{text}");
        assert!(text.contains(".parquet") && text.contains("it was told to fail"), "{text}");
        let (rows, error) = ask(&store, "SELECT * FROM events", &caller()).await;
        assert!(rows == 30 && error.is_none(), "{error:?}");
    });
}

#[test]
fn sql_only_reads_and_only_the_table() {
    runtime().block_on(async {
        let store = filled(&FaultStore::default()).await;
        for sql in [
            "CREATE TABLE x AS SELECT 1",
            "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/etc/'",
            "INSERT INTO events SELECT * FROM events",
            "DELETE FROM events",
            "DROP TABLE events",
            "COPY events TO '/tmp/x.parquet'",
            "SET datafusion.execution.batch_size = 1",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM read_parquet('/etc/passwd')",
            "SELECT 1; DROP TABLE events",
            "SELECT nothing FROM events",
            "SELEC 1",
            "",
        ] {
            let (_, error) = ask(&store, sql, &caller()).await;
            assert!(matches!(error, Some(StoreError::Query(_))), "{sql}: {error:?}");
        }
    });
}

/// The planner recurses over a statement: what is let through must fit on the stacks of the server.
#[test]
fn the_biggest_statement_fits_on_a_quarter_of_the_stack() {
    let chain = |term: &str, joint: &str, count: usize| vec![term; count].join(joint);
    let where_ = |terms: String| format!("SELECT count(*) FROM events WHERE {terms}");
    let biggest = [
        where_(chain("src_port <> 1", " AND ", 330)),
        where_(chain("src_port = 1", " OR ", 330)),
        format!("SELECT {} FROM events", chain("src_port", " + ", 490)),
        format!("SELECT {}", chain("1", "+", 999)),
        chain("SELECT 1", " UNION ALL ", 250),
        where_(format!("src_port IN ({})", chain("1", ",", 10_000))),
    ];
    let run = move || {
        runtime().block_on(async {
            let store = filled(&FaultStore::default()).await;
            for sql in &biggest {
                let (_, error) = ask(&store, sql, &caller()).await;
                assert!(error.is_none(), "{error:?}");
                let bigger = sql.replacen("SELECT", &format!("SELECT {}", chain("1", "+", 999)), 1);
                let (_, error) = ask(&store, &bigger, &caller()).await;
                let text = error.unwrap().to_string();
                assert!(
                    text.contains("words and signs, which is over the limit of 1000"),
                    "{text}"
                );
            }
        });
    };
    // What the binary gives its threads is four times that.
    std::thread::Builder::new().stack_size(16 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_long_statement_is_refused_before_it_is_read() {
    runtime().block_on(async {
        let store = filled(&FaultStore::default()).await;
        let sql = format!("SELECT '{}'", "x".repeat(1 << 20));
        let (_, error) = ask(&store, &sql, &caller()).await;
        let text = error.unwrap().to_string();
        assert_eq!(text, "the query has 1048585 bytes, which is over the limit of 262144");
    });
}
