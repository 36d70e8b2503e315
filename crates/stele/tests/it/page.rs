//! The web page and what it asks for, as a browser meets them.

use crate::server::{Server, rows, run};

/// The value of a header of an answer.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn status(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn the_front_page_has_a_fresh_nonce_and_files_are_kept_as_long_as_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let ask = |path: &str, headers: &str| server.exchange("GET", path, headers, b"");
    let nonces: Vec<String> = ["/", "/explore?q=alice"]
        .map(|path| {
            let (head, body) = ask(path, "");
            assert_eq!(status(&head), "200", "{path}: {head}");
            assert_eq!(header(&head, "cache-control"), Some("no-store"));
            let policy = header(&head, "content-security-policy").unwrap();
            let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
            assert_eq!(nonce.len(), 32);
            let text = String::from_utf8(body).unwrap();
            assert!(!text.contains("__STELE_NONCE__"));
            if text.contains("<script") {
                assert!(text.contains(nonce), "{text}");
            }
            nonce.to_owned()
        })
        .into();
    assert_ne!(nonces[0], nonces[1]);

    let (_, front) = ask("/", "");
    let front = String::from_utf8(front).unwrap();
    let Some(script) = front.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
        eprintln!("skipped: the rest; this binary was built without the page (cargo xtask ui)");
        return;
    };
    let (plain_head, plain) = ask(script, "");
    assert_eq!(header(&plain_head, "content-encoding"), None);
    assert!(header(&plain_head, "cache-control").unwrap().contains("immutable"));
    let (small_head, small) = ask(script, "Accept-Encoding: gzip, br\r\n");
    assert_eq!(header(&small_head, "content-encoding"), Some("br"));
    assert!(small.len() * 2 < plain.len(), "{} of {}", small.len(), plain.len());
    let tag = header(&small_head, "etag").unwrap();
    let (head, body) = ask(script, &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((status(&head), body.len()), ("304", 0));
    let (head, body) = server.exchange("HEAD", script, "", b"");
    assert_eq!((status(&head), body.len()), ("200", 0));
    for missing in ["/assets/none.js", "/assets/../index.html", "/api/v1/none", "/api/"] {
        assert_eq!(status(&ask(missing, "").0), "404", "{missing}");
    }
}

#[test]
fn pages_of_others_are_refused_and_nothing_of_theirs_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let own = server.address();
    for foreign in [
        "Host: rebound.example\r\n".to_owned(),
        format!("Host: {own}\r\nOrigin: https://news.example\r\n"),
        format!("Host: {own}\r\nSec-Fetch-Site: cross-site\r\n"),
    ] {
        let (head, body) = server.exchange("POST", "/api/v1/ingest/text", &foreign, b"planted\n");
        assert_eq!(status(&head), "403", "{foreign}");
        assert!(String::from_utf8_lossy(&body).contains("foreign_page"), "{foreign}");
    }
    assert_eq!(rows(folder.path(), &["search", "planted"]).len(), 0);
}

#[test]
fn an_event_comes_as_its_bytes_and_with_its_proof_and_many_as_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let raw = b"not \xff \x01 text";
    server.ingest("ingest/text?source=a", &[&b"one\n"[..], raw, b"\ntwo\n"].concat());
    let found = &rows(folder.path(), &["search", "not"])[0];
    let address = format!("{}-{}", found["_batch"], found["_pos"]);
    let ask = |path: &str| server.exchange("GET", &format!("/api/v1/{path}"), "", b"");

    let (head, bytes) = ask(&format!("events/{address}/raw"));
    assert_eq!(bytes, raw);
    assert_eq!(header(&head, "content-type"), Some("application/octet-stream"));
    assert!(header(&head, "content-disposition").unwrap().starts_with("attachment"));

    let (head, proof) = ask(&format!("events/{address}/proof"));
    assert_eq!(status(&head), "200", "{}", String::from_utf8_lossy(&proof));
    let file = folder.path().join("event.tlog-proof");
    std::fs::write(&file, &proof).unwrap();
    for (raw, expected) in [(&raw[..], 0), (&b"other"[..], 3)] {
        std::fs::write(file.with_extension("tlog-proof.raw"), raw).unwrap();
        let output = run(folder.path(), &["verify", "--proof", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
    }

    for (path, expected) in [
        ("events/1-1/proof", "404"),
        ("events/nobody/proof", "404"),
        ("events/1-1/raw", "404"),
        ("events/01-1/raw", "400"),
    ] {
        let (head, body) = ask(path);
        assert_eq!(status(&head), expected, "{path}: {}", String::from_utf8_lossy(&body));
    }

    let (head, file) = ask("search?q=&format=parquet");
    assert_eq!(header(&head, "content-type"), Some("application/vnd.apache.parquet"));
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
    let cost = header(&head, "stele-cost").unwrap();
    assert_eq!(cost, r#"{"bytes":0,"files":0,"files_total":0}"#);
    assert_eq!(server.request("POST", "admin/flush", "", b"").0, 200);
    let (head, _) = ask("search?q=");
    let cost: serde_json::Value =
        serde_json::from_str(header(&head, "stele-cost").unwrap()).unwrap();
    assert_eq!((&cost["files"], &cost["files_total"]), (&1.into(), &1.into()));
    assert!(cost["bytes"].as_u64().unwrap() > 0);
    let (head, _) = ask("search?q=&until=2020-01-01T00:00:00Z");
    assert!(header(&head, "stele-cost").unwrap().contains(r#""files":0,"files_total":1"#));
}
