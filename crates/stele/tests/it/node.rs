//! What a sender, an analyst and an operator see of one node.

use serde_json::{Value, json};

use crate::server::{Server, count, rows, run};

const TRAIL: &str = r#"{"eventVersion":"1.11","eventTime":"2026-11-24T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-central-1","sourceIPAddress":"203.0.113.7","eventID":"6f1c","userIdentity":{"type":"IAMUser","userName":"alice","arn":"arn:aws:iam::111122223333:user/alice"},"requestParameters":{"bucketName":"ledger","key":"a b"},"errorCode":"AccessDenied"}"#;

fn numbers(answer: &Value) -> Value {
    let pick = |name: &str| answer[name].clone();
    json!([pick("accepted"), pick("duplicate"), pick("failed"), pick("conflict")])
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_the_same_id_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start(data);
    let other_bytes = TRAIL.replace("alice", "mallory");
    assert_eq!(
        numbers(&server.ingest("ingest/cloudtrail?source=t", TRAIL.as_bytes())),
        json!([1, 0, 0, 0])
    );
    assert_eq!(numbers(&server.ingest("ingest/cloudtrail", TRAIL.as_bytes())), json!([0, 1, 0, 0]));
    assert_eq!(numbers(&server.ingest("ingest", other_bytes.as_bytes())), json!([1, 0, 0, 1]));
    // Searchable at once, by the server's side and by the command line beside it.
    assert_eq!(rows(data, &["search", "id_conflict:true"]).len(), 1);
    server.kill();
    for round in 0..3 {
        let server = Server::start(data);
        assert_eq!(count(data, "SELECT count(*) FROM events"), 2, "round {round}");
        assert_eq!(
            numbers(&server.ingest("ingest/cloudtrail", TRAIL.as_bytes())),
            json!([0, 1, 0, 0])
        );
        assert_eq!(
            numbers(&server.ingest("ingest/cloudtrail", other_bytes.as_bytes())),
            json!([0, 1, 0, 0])
        );
        match round {
            0 => assert_eq!(server.request("POST", "admin/flush", "", b"").0, 200),
            1 => assert_eq!(server.request("POST", "admin/compact", "", b"").0, 200),
            _ => {}
        }
        server.kill();
    }
    let found = rows(
        data,
        &["search", "userIdentity.userName:alice requestParameters.key:\"a b\" outcome:denied"],
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["raw"], TRAIL);
    assert_eq!(found[0]["source"], "t");
    let document = &rows(data, &["search", "user:alice", "--ocsf"])[0];
    assert_eq!(document["class_uid"], 6003);
    assert_eq!(document["api"]["operation"], "GetObject");
    assert_eq!(document["metadata"]["uid"], "6f1c");
}

#[test]
fn hostile_bodies_get_a_clear_answer_and_nothing_readable_is_lost() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start(data);
    let nested = "[".repeat(100_000);
    let mut body = b"{\"n\":1}\n\xff\xfe\x00{\n{\"n\":1,\"n\":2}\n3\n{\"torn\":".to_vec();
    body.extend(b"\n");
    body.extend(format!("{{\"deep\":{nested}\n").as_bytes());
    body.extend(b"{\"n\":4}\n");
    let answer = server.ingest("ingest/json", &body);
    let total = ["accepted", "duplicate", "failed"].map(|name| answer[name].as_i64().unwrap());
    assert_eq!(total.iter().sum::<i64>(), count(data, "SELECT count(*) FROM events"));
    assert_eq!(total[0], 3, "{answer}");
    let failed = "SELECT count(*) FROM events WHERE parse_status = 'failed' AND class_uid = 0 AND raw IS NOT NULL";
    assert_eq!(count(data, failed), total[2]);

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"{\"packed\":1}\n{\"packed\":2}\n").unwrap();
    let gzip = gzip.finish().unwrap();
    let (status, _) = server.request("POST", "ingest/json", "Content-Encoding: gzip\r\n", &gzip);
    assert_eq!(status, 200);
    let (status, answer) = server.request(
        "POST",
        "ingest/json",
        "Content-Encoding: gzip\r\n",
        &gzip[..gzip.len() - 6],
    );
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("damage"), "{answer}");
    assert_eq!(rows(data, &["search", "raw.packed:*"]).len(), 4);

    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    bomb.write_all(&vec![b'\n'; 200 << 20]).unwrap();
    let (status, answer) = server.request("POST", "ingest", "", &bomb.finish().unwrap());
    assert_eq!(status, 400, "{answer}");
    assert!(answer.contains("intake."), "{answer}");

    let long_source = &format!("ingest?source={}", "x".repeat(2_000));
    for (method, path, headers, expected, part) in [
        ("POST", "ingest/nonsense", "", 400, "unknown format `nonsense`"),
        ("POST", "ingest?dataset=../x", "", 400, "is no name for a dataset"),
        ("POST", long_source, "", 400, "the source has 2000 bytes"),
        ("POST", "ingest", "Content-Encoding: br\r\n", 400, "content-encoding `br` is not read"),
        ("POST", "ingest", "Content-Encoding: gzip\r\n", 400, "\"code\":\"body_damaged\""),
        ("POST", "nonsense", "", 404, "there is nothing at `POST /api/v1/nonsense`"),
        ("PUT", "ingest", "", 405, "\"code\":\"method_not_allowed\""),
        ("GET", "sql?zqs=1", "", 400, "\"code\":\"request_invalid\""),
    ] {
        let (status, answer) = server.request(method, path, headers, b"{}");
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(answer.contains(part), "{path}: {answer}");
    }
    assert_eq!(server.request("GET", "health", "", b"").0, 200);
}

#[test]
fn sql_only_reads_and_a_deep_question_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start(data);
    server.ingest("ingest/text", b"one\ntwo\n");
    for sql in [
        "DROP TABLE events",
        "INSERT INTO events (message) VALUES ('x')",
        "CREATE TABLE x AS SELECT 1",
        "COPY events TO '/tmp/x.csv'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_parquet('x')",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
    ] {
        let output = run(data, &["sql", sql]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
    }
    let deep = |terms| {
        let deep = vec!["message <> 'x'"; terms].join(" AND ");
        format!("SELECT count(*) FROM events WHERE {deep}")
    };
    assert_eq!(count(data, &deep(320)), 2);
    let output = run(data, &["sql", &deep(2_000)]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("over the limit of 1000"), "{error}");
    assert_eq!(server.request("GET", "health", "", b"").0, 200);
}

#[test]
fn known_events_are_known_again_after_the_set_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let event = |id: u32, name: &str| {
        format!(
            r#"{{"eventID":"{id}","eventVersion":"1.11","eventTime":"2026-11-24T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1"}}"#
        )
    };
    let body = format!("{}\n{}\n", event(1, "ListBuckets"), event(2, "GetObject"));
    let server = Server::start(data);
    let first = server.ingest("ingest/cloudtrail", body.as_bytes());
    assert_eq!(numbers(&first), json!([2, 0, 0, 0]));
    assert_eq!(server.request("POST", "admin/flush", "", b"").0, 200);
    server.kill();
    std::fs::remove_dir_all(data.join("once")).unwrap();
    let server = Server::start(data);
    let again = server.ingest("ingest/cloudtrail", body.as_bytes());
    assert_eq!(numbers(&again), json!([0, 2, 0, 0]));
    let other = server.ingest("ingest/cloudtrail", event(1, "DeleteBucket").as_bytes());
    assert_eq!(numbers(&other), json!([1, 0, 0, 1]), "other bytes are kept and marked");
}

#[test]
fn settings_come_from_a_file_and_a_limit_ends_an_answer_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let config = data.join("limits.toml");
    std::fs::write(&config, "[query]\nrows_max = 2\n").unwrap();
    let config = config.to_str().unwrap();
    let shown = rows(data, &["--config", config, "config", "show"]);
    let row = shown.iter().find(|row| row["name"] == "query.rows_max").unwrap();
    assert_eq!((row["value"].as_u64(), &row["from"]), (Some(2), &format!("{config}:2").into()));
    run(data, &["import", "--format", "text", "--source", "s", config]);
    let whole = rows(data, &["sql", "SELECT raw FROM events"]);
    assert_eq!(whole.len(), 2);
    let limited = run(data, &["--config", config, "sql", "SELECT * FROM events, events AS again"]);
    let answer = String::from_utf8_lossy(&limited.stdout).into_owned();
    assert_eq!((limited.status.code(), answer.lines().count()), (Some(1), 2));
    let error = String::from_utf8_lossy(&limited.stderr).into_owned();
    assert!(error.contains("limit of 2 rows") && error.contains("`query.rows_max`"), "{error}");
    std::fs::write(config, "[query]\nrows = 2\n").unwrap();
    let wrong = run(data, &["config", "check", config]);
    assert_eq!(wrong.status.code(), Some(1));
    let error = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(error.contains("limits.toml:2: unknown setting `query.rows`"), "{error}");
}

#[test]
fn a_second_server_and_a_public_address_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let nowhere = data.join("nowhere");
    let search = run(&nowhere, &["search", ""]);
    assert!(String::from_utf8_lossy(&search.stderr).contains("there is no data folder"));
    assert!(!nowhere.exists());
    let server = Server::start(data);
    let second = run(data, &["up", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use by another Stele"));
    drop(server);
    let public = run(data, &["up", "--listen", "0.0.0.0:0"]);
    assert!(String::from_utf8_lossy(&public.stderr).contains("loopback"));
}

#[test]
fn an_answer_of_a_server_that_breaks_off_is_an_error_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let config = data.join("limits.toml");
    std::fs::write(&config, "[query]\nrows_max = 2\n").unwrap();
    let server = Server::start_with(data, &["--config", config.to_str().unwrap()]);
    server.ingest("ingest/text", b"one\ntwo\nthree\n");
    let ordered = run(data, &["sql", "SELECT raw AS z, source_type AS a FROM events LIMIT 1"]);
    let ordered = String::from_utf8(ordered.stdout).unwrap();
    assert_eq!(ordered, "{\"z\":\"one\",\"a\":\"text\"}\n");
    let limited = run(data, &["sql", "SELECT raw FROM events"]);
    let rows = String::from_utf8(limited.stdout).unwrap();
    let error = String::from_utf8(limited.stderr).unwrap();
    assert_eq!((limited.status.code(), rows.lines().count()), (Some(1), 2), "{rows}{error}");
    assert!(error.contains("limit of 2 rows"), "{error}");
    let (status, body) = server.request("GET", "sql?sql=SELECT%20raw%20FROM%20events", "", b"");
    assert_eq!((status, body.lines().count()), (200, 3));
    assert!(body.lines().last().unwrap().starts_with("{\"error\":"), "{body}");
}
