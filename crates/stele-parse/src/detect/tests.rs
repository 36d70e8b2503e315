#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn files_that_are_no_logs_are_named() {
    let nuls = |count: usize, rest: &str| [vec![0; count], rest.as_bytes().to_vec()].concat();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let script = "// viewer\nvar a = 1;\nfunction show() {\n  return document.body;\n}\n";
    for (expected, head) in [
        (Err(NotALog::Empty), b"".to_vec()),
        (Err(NotALog::Empty), b"\xef\xbb\xbf \r\n\t".to_vec()),
        (Err(NotALog::WebPage), b"\n<!DOCTYPE html><p>1".to_vec()),
        (Err(NotALog::WebPage), b"<HTML lang=en>".to_vec()),
        (Err(NotALog::Script), script.as_bytes().to_vec()),
        (Err(NotALog::Utf16), b"\xff\xfeN\0o\0v\0".to_vec()),
        (Err(NotALog::Utf16), utf16("Nov 24 10:00:00 host prog: text")),
        (Err(NotALog::Binary), b"\x7fELF\x02\x01\x01".to_vec()),
        (Err(NotALog::Binary), b"PAR1\x15\x04".to_vec()),
        (Err(NotALog::Binary), (0..=255).cycle().take(9_000).collect()),
        (Err(NotALog::Binary), nuls(100, "")),
        // Cut off while being written: the text comes later.
        (Ok(()), nuls(LOOK_BYTES, "")),
        (Ok(()), nuls(100, "Nov 24 10:00:00 host prog: text\n")),
        (Ok(()), b"<34>Nov 24 10:00:00 host prog: text\0".repeat(3)),
        (Ok(()), b"\x1b[32minfo\x1b[0m started\n".to_vec()),
        (Ok(()), b"caf\xe9 \xff\xff latin-1\n".to_vec()),
        (Ok(()), b"{\"html\": \"<!doctype html>\"}".to_vec()),
        (Ok(()), b"<htmx-log> 1".to_vec()),
        (Ok(()), b"// started, see function x\nimport of 7 rows\n".to_vec()),
        (Ok(()), b"var a is 7\nvar b is 8\n".to_vec()),
    ] {
        let shown = String::from_utf8_lossy(&head[..head.len().min(60)]).into_owned();
        assert_eq!(looks_like_log(&head), expected, "{shown:?}");
        assert_eq!(not_a_log(&head).is_some(), expected.is_err());
    }
}

#[test]
fn the_surest_is_chosen_and_text_is_the_last_resort() {
    let flask = r#"{"event_type": "logout", "correlation_id": "c", "source_ip": "192.0.2.7"}"#;
    for (expected, head) in [
        ("text", ""),
        ("text", "hello\n"),
        ("text", "2026-11-24T10:00:00Z INFO started\n2026-11-24T10:00:01Z WARN slow: 2 s\n"),
        ("text", "2026-11-24 10:00:00 host sshd[1]: not syslog, for the time has a blank\n"),
        ("text", "[error] {\"a\":1}\n"),
        ("json", "{\"a\":1}\n{\"a\":2}\n"),
        ("json", "\u{feff} [\n {\"a\":1}]"),
        ("app_flask", flask),
        ("app_flask", &format!(" * Serving Flask app 'shop'\n{flask}\n")),
        ("syslog", "<34>1 2026-11-24T10:00:00Z h a - - - m"),
        ("syslog", "Nov 24 10:00:00 h a: m\n"),
        ("syslog", "2026-11-24T10:00:00.123456+01:00 h systemd[1]: m\n"),
        ("syslog", "<189>2948: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: m\n"),
        ("vpcflow", "version account-id interface-id srcaddr dstaddr\n"),
        (
            "cloudtrail",
            r#"{"Records":[{"eventVersion":"1.08","eventName":"a","eventSource":"b"}]}"#,
        ),
    ] {
        assert_eq!(detect(&Hint::default(), head.as_bytes()).format.id(), expected, "{head}");
    }
}
