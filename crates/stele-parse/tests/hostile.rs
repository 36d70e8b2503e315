//! Every format against whatever bytes: nothing panics, nothing is lost, and how the bytes were
//! cut into pieces on their way does not show.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use proptest::prelude::*;
use stele_event::{Column, EventBatch, RowView};
use stele_parse::detect::{detect, looks_like_log};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::{Format, Hint, Span};
use stele_parse::formats;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

struct Split {
    /// Offsets in the whole stream.
    spans: Vec<Span>,
    context: Vec<u8>,
}

/// Splits a stream that comes in pieces of these lengths, over and over.
fn split(format: &dyn Format, stream: &[u8], pieces: &[usize], record_bytes_max: usize) -> Split {
    let mut splitter = format.splitter(record_bytes_max);
    let mut all = Vec::new();
    let (mut begin, mut end) = (0, 0_usize);
    let mut pieces = pieces.iter().copied().cycle();
    loop {
        end = end.saturating_add(pieces.next().unwrap_or(usize::MAX)).min(stream.len());
        let at_end = end == stream.len();
        let mut spans = Vec::new();
        let consumed = splitter.split(&stream[begin..end], at_end, &mut spans);
        assert!(consumed <= end - begin);
        let in_stream =
            |span: Span| Span { start: begin + span.start, end: begin + span.end, ..span };
        all.extend(spans.into_iter().map(in_stream));
        begin += consumed;
        if at_end {
            assert_eq!(begin, stream.len(), "at the end everything is consumed");
            return Split { spans: all, context: splitter.context().to_vec() };
        }
    }
}

fn rows(format: &dyn Format, stream: &[u8], split: &Split) -> EventBatch {
    let delivery = Delivery {
        received_micros: 1_795_514_400_000_000,
        zone_offset_seconds: 3_600,
        source: Some("test"),
        path: None,
        header: &split.context,
    };
    let mut batch = EventBatch::new();
    let failed = map_records(format, stream, &split.spans, &delivery, &mut batch);
    assert_eq!(batch.rows(), split.spans.len(), "a row a span");
    let mut failed_rows = 0;
    for (index, span) in split.spans.iter().enumerate() {
        let row = batch.get(index);
        assert_eq!(row.bytes(Column::Raw), Some(&stream[span.start..span.end]));
        assert!(row.int(Column::Time).is_some() && row.text(Column::TimeQuality).is_some());
        let status = row.text(Column::ParseStatus).unwrap();
        assert_eq!(status == "ok", row.text(Column::ParseError).is_none());
        failed_rows += usize::from(status == "failed");
        for column in [Column::Attrs, Column::Unmapped] {
            let json = row.text(column).map(serde_json::from_str::<serde_json::Value>);
            assert!(json.is_none_or(|value| value.unwrap().is_object()), "{column:?}");
        }
    }
    assert_eq!(failed, failed_rows);
    batch
}

/// Checks that what is outside of the spans are separators, and in the case of flow logs headers.
fn check_outside(format: &dyn Format, stream: &[u8], split: &Split) {
    let is_json =
        matches!(format.id(), "cloudtrail" | "app_flask" | "stele_act" | "stele_finding" | "json");
    let separators: &[u8] = if is_json { b" \t\r\n\x0c,[]" } else { b"\r\n\0" };
    let mut outside = Vec::new();
    let mut at = 0;
    for span in &split.spans {
        assert!(at <= span.start && span.start < span.end, "in order, apart and not empty");
        assert_eq!(span.original_bytes, None, "nothing is over the limit");
        outside.extend_from_slice(&stream[at..span.start]);
        at = span.end;
    }
    outside.extend_from_slice(&stream[at..]);
    if is_json || !split.context.is_empty() {
        outside = outside.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&outside).to_vec();
    }
    for line in outside.split(|byte| separators.contains(byte)).filter(|line| !line.is_empty()) {
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        assert_eq!(line, split.context, "{}: {:?}", format.id(), String::from_utf8_lossy(line));
    }
}

/// All that is promised of a format, for this stream.
fn check(format: &dyn Format, stream: &[u8], pieces: &[usize]) {
    let whole = split(format, stream, &[], usize::MAX / 2);
    // The members of a wrapper beside its records are no records.
    let is_wrapped =
        format.id() == "cloudtrail" && stream.windows(9).any(|bytes| bytes == b"\"Records\"");
    if !is_wrapped {
        check_outside(format, stream, &whole);
    }
    rows(format, stream, &whole);
    for record_bytes_max in [usize::MAX / 2, 40, 1] {
        let whole = split(format, stream, &[], record_bytes_max);
        let pieced = split(format, stream, pieces, record_bytes_max);
        let places = |split: &Split| -> Vec<_> {
            let place = |span: &Span| (span.start, span.end, span.original_bytes.is_some());
            split.spans.iter().map(place).collect()
        };
        assert_eq!(places(&whole), places(&pieced), "{}, {record_bytes_max}", format.id());
        assert_eq!(whole.context, pieced.context);
        assert!(whole.spans.iter().all(|span| span.end - span.start <= record_bytes_max));
        rows(format, stream, &whole);
    }
}

/// Parts of which logs consist; their mixtures come further than random bytes do.
const FRAGMENTS: &[&[u8]] = &[
    b"\n",
    b"\n",
    b"\r\n",
    b"\0",
    b"\r",
    b" ",
    b"  ",
    b"\t",
    b"\x0c",
    b"\xff",
    b"\xc3",
    b"\x1b[1m",
    BYTE_ORDER_MARK,
    "ž日😀".as_bytes(),
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\\"",
    b"\\ud800",
    b"\\u00",
    b"1e999",
    b"null",
    b"{}",
    b"[[",
    b"{\"a\":",
    b"{\"Records\":[",
    b"]}",
    br#""event_type":"http_request","#,
    br#""message":"GET /a","#,
    br#""status_code":1e300,"#,
    br#"{"event_type":"authentication_failure","timestamp":"2026-11-23T06:00:00","username":"x"}"#,
    br#"{"eventVersion":"1.11","eventName":"a","eventSource":"b","eventID":"1"}"#,
    br#"{"time":1795414747,"level":50,"msg":"m","status":200,"path":"/"}"#,
    br#""time":"2026-11-23T06:00:00Z""#,
    br#""level":null"#,
    b"<34>",
    b"<191>1 ",
    b"<999>",
    b"120 <1>",
    b"- ",
    b"-",
    b"1",
    b"2026-11-23T06:00:00Z ",
    b"2026-11-23 06:00:00,5 ",
    b"2026-13-99T99:99:99Z",
    b"Nov 23 06:00:00 ",
    b"Feb 29 06:00:00 ",
    b"Nov 23 2026 06:00:00.5: ",
    b"host ",
    b"[a@1 b=\"c\\\"\\]\"]",
    b"[a b=\"",
    b"sshd[1]: ",
    b"sudo: ",
    b"Microsoft Word[1]: ",
    b"a[1] (",
    b"message repeated 5 times: [ ",
    b"last message repeated 99999999999999999999 times",
    b"Failed password for ",
    b"Accepted publickey for invalid user ",
    b"Invalid user ",
    b" from 203.0.113.4 port 9 ssh2",
    b" from ",
    b" port ",
    b" ssh2",
    b" ssh2: ",
    b"203.0.113.4",
    b"Connection closed by ",
    b"Received disconnect from ",
    b"Disconnected from user ",
    b"99999",
    b"refused connect from a (",
    b"User a from b not allowed because ",
    b" [preauth]",
    b")",
    b"pam_unix(sudo:session): ",
    b"pam_unix(",
    b"session opened for user a(uid=0) by ",
    b"authentication failure; logname= ruser=a rhost=b user=c",
    b"; logname=",
    b" user=",
    b"2948: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: ",
    b"%",
    b"%A-9-B:",
    b": ",
    b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes \
      start end action log-status\n",
    b"srcaddr dstaddr windowstart windowend\n",
    b"2 111122223333 eni-1 203.0.113.4 10.0.0.1 1 22 6 10 840 1795413600 1795413660 ACCEPT OK",
    b"9223372036854775807",
    b"-9223372036854775808 ",
    b"18446744073709551616",
];

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        12 => proptest::sample::select(FRAGMENTS).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 1..12),
    ];
    proptest::collection::vec(fragment, 0..24).prop_map(|fragments| fragments.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn mixtures_of_logs(
        stream in stream(),
        pieces in proptest::collection::vec(1usize..40, 1..8),
    ) {
        for format in formats::ALL {
            check(*format, &stream, &pieces);
            let hint = Hint { path: Some("a/vpcflowlogs/b"), ..Hint::default() };
            let _ = format.detect(&hint, &stream);
        }
        let _ = (detect(&Hint::default(), &stream), looks_like_log(&stream));
    }

    #[test]
    fn syslog_lines(
        header in proptest::sample::select(&[
            "<34>", "<34>Nov 23 06:00:00 h ", "Nov 23 06:00:00 h ", "<34>1 - h a - - ",
            "Nov 23 06:00:00 h sshd[1]: ", "Nov 23 06:00:00 h su: ", "<189>1: *Mar  1 18:46:11: ",
        ][..]),
        fragments in proptest::collection::vec(proptest::sample::select(FRAGMENTS), 0..10),
    ) {
        let stream = [header.as_bytes(), &fragments.concat()].concat();
        check(formats::by_id("syslog").unwrap(), &stream, &[7]);
    }
}

fn statuses(format: &str, stream: &[u8]) -> Vec<String> {
    let format = formats::by_id(format).unwrap();
    let split = split(format, stream, &[], 1 << 20);
    let batch = rows(format, stream, &split);
    let status = |index| batch.get(index).text(Column::ParseStatus).unwrap().to_owned();
    (0..batch.rows()).map(status).collect()
}

#[test]
fn hand_picked() {
    let deep = 100_000;
    let line = vec![b'a'; 2 << 20];
    let streams: Vec<Vec<u8>> = vec![
        vec![],
        b"\n\n\r\n\0\0\n".to_vec(),
        BYTE_ORDER_MARK.to_vec(),
        [BYTE_ORDER_MARK, b"{\"a\":1}\r\n{\"a\":2}\r\n"].concat(),
        (0..=255).collect(),
        vec![0xff; 1_000],
        vec![0; 1_000],
        b"[".repeat(deep),
        b"{\"a\":".repeat(deep),
        b"[{\"a\":".repeat(deep),
        [b"{\"a\":".repeat(deep), b"1".to_vec(), b"}".repeat(deep)].concat(),
        [
            b"{\"event_type\":\"x\",\"a\":".to_vec(),
            b"[".repeat(deep),
            b"]".repeat(deep),
            b"}".to_vec(),
        ]
        .concat(),
        [b"<34>1 - h a - - ".to_vec(), b"[a b=\"c\"]".repeat(10_000)].concat(),
        [
            b"Nov 23 06:00:00 h sshd[1]: Failed a for".to_vec(),
            b" from 1.1.1.1 port 1 ssh2".repeat(10_000),
        ]
        .concat(),
        line.clone(),
        [b"{\"a\":\"".to_vec(), line.clone(), b"\"}\n{\"a\":1}\n".to_vec()].concat(),
        [b"<34>Nov 23 06:00:00 h a: ".to_vec(), line, b"\n<34>b: c\n".to_vec()].concat(),
        b"{\"a\":1}\n{\"a\":\"torn\n{\"a\":2}\n".to_vec(),
    ];
    for stream in &streams {
        for format in formats::ALL {
            let whole = split(*format, stream, &[], 1 << 20);
            rows(*format, stream, &whole);
            let pieced = split(*format, stream, &[64 << 10, 1, 100_003], 1 << 20);
            let places = |split: &Split| -> Vec<_> {
                split.spans.iter().map(|span| (span.start, span.end)).collect()
            };
            assert_eq!(places(&whole), places(&pieced), "{}", format.id());
        }
        let _ = (detect(&Hint::default(), stream), looks_like_log(stream));
    }
}

#[test]
fn what_is_broken_is_said_to_be() {
    for (format, stream, expected) in [
        ("json", &b"{\"a\":1}\n{\"a\":\"torn\n{\"a\":2}"[..], &["ok", "failed", "ok"][..]),
        ("json", &b"[".repeat(100_000), &["failed"]),
        ("json", &b"{\"a\":".repeat(100_000), &["failed"]),
        ("app_flask", b"{\"event_type\":\"x\"}\nno JSON\n", &["partial", "failed"]),
        ("syslog", b"<34>a: b\nno header\n", &["ok", "failed"]),
        ("text", b"\xff\xfe\0\xff", &["ok", "ok"]),
        ("cloudtrail", b"{\"Records\":[{},7]}", &["failed", "failed"]),
        ("vpcflow", b"2 - - -\n", &["failed"]),
    ] {
        assert_eq!(statuses(format, stream), expected, "{format}");
    }
}
