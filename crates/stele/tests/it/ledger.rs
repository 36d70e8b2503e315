//! The ledger as an auditor meets it: everything verifies, whatever happened; nothing that was
//! changed does.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::server::{Server, rows, run};

pub(crate) fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The exit code of `stele verify`, and its report.
pub(crate) fn verify(folder: &Path, key: &str, flags: &[&str]) -> (i32, Value) {
    let words = [&["verify", folder.to_str().unwrap(), "--key", key], flags].concat();
    let output = run(folder, &words);
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), report)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Ingests duplicates, conflicts, failures and a header, with kills, flushes and a compaction
/// between; leaves the server running.
fn eventful(data: &Path) -> Server {
    let trail = |id: u32, user: &str| {
        format!(
            r#"{{"eventVersion":"1.11","eventTime":"2026-11-24T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-central-1","sourceIPAddress":"203.0.113.7","eventID":"{id}","userIdentity":{{"type":"IAMUser","userName":"{user}"}}}}"#
        )
    };
    let flows = "srcaddr dstaddr srcport dstport protocol packets bytes start end action\n\
                 203.0.113.4 10.0.1.5 49152 443 6 10 840 1795413600 1795413660 ACCEPT\n";
    let mut server = Server::start(data);
    for round in 0..3 {
        let body = [trail(round, "alice"), trail(0, "alice"), trail(1, "mallory"), "{".into()];
        server.ingest("ingest/cloudtrail?source=a", body.join("\n").as_bytes());
        server.ingest("ingest/vpcflow?source=b", flows.as_bytes());
        server.ingest("ingest/text?source=a&dataset=other", b"one\ntwo \xff\n");
        match round {
            0 => assert_eq!(server.request("POST", "admin/flush", "", b"").0, 200),
            1 => assert_eq!(server.request("POST", "admin/compact", "", b"").0, 200),
            _ => {}
        }
        server.kill();
        server = Server::start(data);
    }
    server.ingest("ingest/json?source=c", b"{\"last\":1}\n");
    server
}

#[test]
fn whatever_happened_verifies_and_whatever_is_changed_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let server = eventful(data);
    // Beside the server that writes, and after it.
    let key = text(data.join("keys/ledger.keys")).trim().to_owned();
    let mut seen = verify(data, &key, &["--deep"]);
    for _ in 0..10 {
        // On a busy machine a commit may wait longer for its record than the verifier does.
        if seen.0 != 4 {
            break;
        }
        seen = verify(data, &key, &["--deep"]);
    }
    assert_eq!(seen.0, 0, "{:#}", seen.1);
    server.kill();
    rows(data, &["store", "compact"]);
    let replaced: std::collections::HashSet<String> =
        rows(data, &["ledger", "log", "--first", "0", "--limit", "1000"])
            .iter()
            .flat_map(|entry| entry["record"]["changes"].as_array().cloned().unwrap_or_default())
            .filter_map(|change| Some(change["remove"].as_str()?.rsplit('/').next()?.to_owned()))
            .collect();
    let (code, report) = verify(data, &key, &["--deep"]);
    assert_eq!(code, 0, "{report:#}");
    // One bit in each file that is evidence, and then the file as a whole.
    for file in files(&data.join("lake")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        // Caches of the writer and of Delta follow from the rest, what a compaction replaced is
        // about to go, and an intent is a note to the next start.
        let is_cache = ["writer-state.json", "_last_checkpoint"].contains(&name);
        if is_cache || replaced.contains(name) || file.parent().unwrap().ends_with("_intents") {
            continue;
        }
        let kept = std::fs::read(&file).unwrap();
        let mut bytes = kept.clone();
        bytes[kept.len() / 2] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let (code, report) = verify(data, &key, &[]);
        assert!(code == 3 || code == 4, "{}: {code} {report:#}", file.display());
        assert!(report.to_string().contains(name), "{}: {report:#}", file.display());
        std::fs::remove_file(&file).unwrap();
        let (code, report) = verify(data, &key, &[]);
        // A checkpoint that was not archived is no difference.
        let is_archive = file.parent().unwrap().ends_with("archive");
        assert!(code == 3 || code == 4 || is_archive, "without {}: {report:#}", file.display());
        std::fs::write(&file, kept).unwrap();
    }
    assert_eq!(verify(data, &key, &[]).0, 0);
}

#[test]
fn an_event_is_proven_on_another_machine_also_after_the_key_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let server = eventful(data);
    let old_key = text(data.join("keys/ledger.keys")).trim().to_owned();
    let answer = &rows(data, &["ledger", "rotate-key"])[0];
    let new_key = answer["key"].as_str().unwrap().to_owned();
    assert_ne!(old_key, new_key);
    server.ingest("ingest/json?source=c", b"{\"after\":1}\n");
    server.kill();
    // The next start puts on record what the killed one had committed.
    rows(data, &["store", "status"]);
    let keys = folder.path().join("keys");
    std::fs::write(&keys, format!("{old_key}\n{new_key}\n")).unwrap();
    let keys = keys.to_str().unwrap();
    let (code, report) = verify(data, keys, &[]);
    assert_eq!(code, 0, "{report:#}");
    let file = folder.path().join("event.proof");
    let file = file.to_str().unwrap();
    let event = &rows(data, &["search", "raw.after:1"])[0];
    let address = format!("{}-{}", event["_batch"], event["_pos"]);
    let output = run(data, &["prove", "--event", &address, "-o", file, "--key", keys]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text(file).len() <= 2_048);
    let elsewhere = folder.path().join("elsewhere");
    let check = |words: &[&str]| {
        let all = [&["verify", "--proof", file, "--key", &new_key], words].concat();
        run(&elsewhere, &all).status.code()
    };
    assert_eq!(check(&[]), Some(0));
    std::fs::write(format!("{file}.raw"), b"{\"after\":2}").unwrap();
    assert_eq!(check(&[]), Some(3), "other bytes");
}

#[test]
fn the_log_is_served_as_tiles_and_listed_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = eventful(data);
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let (status, note) = loop {
        let found = server.request("GET", "ledger/checkpoint", "", b"");
        let size: u64 = found.1.lines().nth(1).and_then(|l| l.parse().ok()).unwrap_or(0);
        let last = rows(data, &["ledger", "log", "--limit", "1"]);
        if last.first().is_some_and(|entry| entry["index"] == size - 1) {
            break found;
        }
        assert!(std::time::Instant::now() < deadline, "{found:?}");
    };
    assert_eq!(status, 200);
    let size: u64 = note.lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(server.request("GET", &format!("ledger/tile/0/000.p/{size}"), "", b"").0, 200);
    for wrong in ["0/001", "../checkpoint", "entries/..%2f..", "9/000"] {
        assert_eq!(server.request("GET", &format!("ledger/tile/{wrong}"), "", b"").0, 404);
    }
    let entries = rows(data, &["ledger", "log", "--first", "0", "--limit", "1000"]);
    let kinds = |kind: &str| entries.iter().filter(|entry| entry["record"]["t"] == kind).count();
    assert!(kinds("batch") >= 4 && kinds("commit") >= 3 && kinds("act") >= 4, "{entries:#?}");
}

#[test]
fn what_somebody_did_elsewhere_comes_on_record_in_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let server = Server::start(data);
    let post = |act: Value| {
        let json = "Content-Type: application/json\r\n";
        server.request("POST", "acts", json, act.to_string().as_bytes())
    };
    let act =
        |by: &str, kind: &str, detail: &str| json!({"by": by, "kind": kind, "detail": detail});
    for (wrong, said) in [
        (act("", "aws-apply", "x"), "`by`"),
        (act("a\nb", "aws-apply", "x"), "`by`"),
        (act(" Stele", "aws-apply", "x"), "that is the server itself"),
        (act("alice", "AWS apply", "x"), "`kind` is `AWS apply`"),
        (act("alice", "aws-apply", &"x".repeat(20_000)), "20000 bytes"),
    ] {
        let (code, answer) = post(wrong);
        assert!(code == 400 && answer.contains(said), "{code} {answer}");
    }
    assert_eq!(post(json!({"by": "alice", "kind": "x"})).0, 422);
    // Quotes, and all that JSON has to escape, come back as they were.
    let detail = "{\"plan\":\"\u{7f}\u{1F600}\\\n\"}";
    let (code, answer) = post(act("arn:aws:iam::1:user/alice", "aws-apply", detail));
    assert_eq!(code, 202, "{answer}");
    let entry = serde_json::from_str::<Value>(&answer).unwrap()["entry"].as_u64().unwrap();
    let key = text(data.join("keys/ledger.keys")).trim().to_owned();
    server.stop();
    let first = entry.to_string();
    let record = &rows(data, &["ledger", "log", "--first", &first, "--limit", "1"])[0]["record"];
    assert_eq!(record["by"], "arn:aws:iam::1:user/alice");
    assert_eq!(record["act"]["other"], json!({"kind": "aws-apply", "detail": detail}));
    assert_eq!(verify(data, &key, &[]).0, 0);
}

#[test]
fn an_import_goes_on_while_memory_is_full_and_the_ledger_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(400));
    let logs = folder.path().join("logs.json");
    std::fs::write(&logs, line.repeat(60_000)).unwrap();
    // Many times what memory may hold: the intake waits for the store, and both for no third one.
    let output = crate::server::stele(data)
        .args(["import", logs.to_str().unwrap()])
        .env("STELE_STORE_MEMTABLE_BYTES_MAX", "1048576")
        .env("STELE_STORE_SEALED_MEMTABLES_MAX", "1")
        .env("STELE_LEDGER_ANCHORS", folder.path().join("anchors"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let key = text(data.join("keys/ledger.keys")).trim().to_owned();
    let anchors = folder.path().join("anchors");
    assert_ne!(files(&anchors), Vec::<PathBuf>::new());
    let (code, report) = verify(data, &key, &["--anchors", anchors.to_str().unwrap()]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(crate::server::count(data, "SELECT count(*) FROM events"), 60_000);
}
