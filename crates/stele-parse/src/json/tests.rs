#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::walk::{Rules, Scan, Walk, walk};
use super::*;

const MAX: usize = 64;

/// Splits in pieces of these lengths, again and again; spans count from the stream's beginning.
fn split(input: &[u8], key: Option<&'static str>, max: usize, pieces: &[usize]) -> Vec<Span> {
    let mut splitter = JsonSplitter::new(max, key);
    let (mut buffer, mut offset, mut rest) = (Vec::new(), 0, input);
    let mut all = Vec::new();
    let mut lengths = pieces.iter().copied().cycle();
    loop {
        let length = lengths.next().unwrap_or(usize::MAX).min(rest.len());
        buffer.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
        let at_end = rest.is_empty();
        let mut spans = Vec::new();
        let consumed = splitter.split(&buffer, at_end, &mut spans);
        all.extend(spans.iter().map(|s| Span {
            start: s.start + offset,
            end: s.end + offset,
            ..*s
        }));
        buffer.drain(..consumed);
        offset += consumed;
        if at_end {
            assert!(buffer.is_empty(), "everything is consumed at the end");
            return all;
        }
    }
}

fn texts(input: &[u8], key: Option<&'static str>) -> Vec<String> {
    let spans = split(input, key, MAX, &[]);
    let one_by_one = split(input, key, MAX, &[1]);
    let places = |spans: &[Span]| spans.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>();
    assert_eq!(places(&spans), places(&one_by_one), "{}", String::from_utf8_lossy(input));
    spans
        .iter()
        .map(|s| {
            let cut = s.original_bytes.map_or(String::new(), |bytes| format!("…{bytes}"));
            String::from_utf8_lossy(&input[s.start..s.end]).into_owned() + &cut
        })
        .collect()
}

#[test]
fn records_are_found_in_every_shape() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        (" \r\n\t", &[]),
        (r#"{"a":1}"#, &[r#"{"a":1}"#]),
        ("{\"a\":1}\r\n{\"b\":2}\n", &[r#"{"a":1}"#, r#"{"b":2}"#]),
        (r#"{"a":1}{"b":{"c":[{}]}} , {}"#, &[r#"{"a":1}"#, r#"{"b":{"c":[{}]}}"#, "{}"]),
        (
            "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{\n}",
            &["{\n  \"a\": {\n    \"b\": 1\n  }\n}", "{\n}"],
        ),
        (r#"{"a":"}{][,\"\\"}{"b":"\\\\"}"#, &[r#"{"a":"}{][,\"\\"}"#, r#"{"b":"\\\\"}"#]),
        ("[]", &[]),
        (r#"[{"a":1},{"b":2}]"#, &[r#"{"a":1}"#, r#"{"b":2}"#]),
        ("[\n{\"a\":1},\n{\"b\":2}\n]\n[{}]", &[r#"{"a":1}"#, r#"{"b":2}"#, "{}"]),
        (
            r#"[1, "a,]\"b", null,{"c":3}, [{"d":4}], true]"#,
            &["1", r#""a,]\"b""#, "null", r#"{"c":3}"#, r#"[{"d":4}]"#, "true"],
        ),
        ("\u{feff}{\"a\":1}", &[r#"{"a":1}"#]),
        ("{\"a\":[\n{\"b\":1},\n{\"b\":2}\n]}", &["{\"a\":[\n{\"b\":1},\n{\"b\":2}\n]}"]),
        (r#"{"Records":[{"a":1}]}"#, &[r#"{"Records":[{"a":1}]}"#]),
    ];
    for (input, expected) in cases {
        assert_eq!(texts(input.as_bytes(), None), *expected, "{input}");
    }
}

#[test]
fn wrappers_are_taken_off() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"Records":[{"a":1},{"b":2}]}"#, &[r#"{"a":1}"#, r#"{"b":2}"#]),
        (r#"{"Records":[]}"#, &[]),
        (
            r#"{"x":{"Records":[1]},"y":"Records","Records" : [ {} ] , "z":[1],"w":-1.5e3} {"n":1}"#,
            &["{}", r#"{"n":1}"#],
        ),
        ("{\n \"Records\": [\n  {\n\"a\": 1\n}\n ]\n}\n", &["{\n\"a\": 1\n}"]),
        (r#"{"Records":[{"a":1}]}{"Records":[{"b":2}]}"#, &[r#"{"a":1}"#, r#"{"b":2}"#]),
        (r#"{"Records":[{"a":1}],"Records":[{"b":2}]}"#, &[r#"{"a":1}"#, r#"{"b":2}"#]),
        // Not wrappers: another value, another depth, an escaped quote before the name.
        (r#"{"Records":null}"#, &[r#"{"Records":null}"#]),
        (r#"{"x":[{"Records":[1]}]}"#, &[r#"{"x":[{"Records":[1]}]}"#]),
        (r#"{"x\"Records":[1]}"#, &[r#"{"x\"Records":[1]}"#]),
        // Damage: what does not belong into the wrapper is not dropped.
        (r#"{"Records":[{"a":1}]"#, &[r#"{"a":1}"#]),
        (r#"{"Records":[{"a":1},{"b":"#, &[r#"{"a":1}"#, r#"{"b":"#]),
        (
            r#"{"Records":[{"a":1},x{"b":2}]} trailing"#,
            &[r#"{"a":1}"#, "x", r#"{"b":2}"#, "trailing"],
        ),
        (r#"{"Records":[{"a":1}]]}"#, &[r#"{"a":1}"#, "]}"]),
        (r#"{"Records":[{"a":1}],"x":oops}"#, &[r#"{"a":1}"#, r#""x":oops}"#]),
        ("{\"Records\":[{\"a\":1}]\n{\"Records\":[{\"b\":2}]}", &[r#"{"a":1}"#, r#"{"b":2}"#]),
        ("{\"Records\":[{\"a\":\"to\n{\"Records\":[{\"b\":2}]}", &[r#"{"a":"to"#, r#"{"b":2}"#]),
        ("{\"Records\":[{\"a\":\"x\ny\"},{\"b\":2}]}", &["{\"a\":\"x\ny\"}", r#"{"b":2}"#]),
        (r#"{"Records""#, &[r#"{"Records""#]),
        (r#"{"Records":"#, &[r#"{"Records":"#]),
    ];
    for (input, expected) in cases {
        assert_eq!(texts(input.as_bytes(), Some("Records")), *expected, "{input}");
    }
}

#[test]
fn what_is_torn_or_garbage_swallows_nothing_else() {
    let cases: &[(&str, &[&str])] = &[
        ("{\"a\":\"to\n{\"b\":2}\n", &[r#"{"a":"to"#, r#"{"b":2}"#]),
        ("{\"a\":\"to\\\n{\"b\":2}\n", &["{\"a\":\"to\\", r#"{"b":2}"#]),
        ("{\"a\":1\n{\"b\":2}\n{\"c\":3}", &[r#"{"a":1"#, r#"{"b":2}"#, r#"{"c":3}"#]),
        ("{\"a\":\r\n{\"b\":2}\r\n{\"c\":3}\r\n", &[r#"{"a":"#, r#"{"b":2}"#, r#"{"c":3}"#]),
        ("{\"a\":[1,\n{\"b\":2}", &[r#"{"a":[1,"#, r#"{"b":2}"#]),
        (
            "{\n \"a\":\n{\n \"b\": 1\n}\n{\n \"c\": 2\n}",
            &["{\n \"a\":", "{\n \"b\": 1\n}", "{\n \"c\": 2\n}"],
        ),
        ("garbage {\"a\":1}\n{\"b\":2}", &["garbage {\"a\":1}", r#"{"b":2}"#]),
        ("{\"a\":1} rest {\"x\":1}\n{\"b\":2}", &[r#"{"a":1}"#, "rest {\"x\":1}", r#"{"b":2}"#]),
        ("[error] disk [full]\n{\"b\":2}", &["[error] disk [full]", r#"{"b":2}"#]),
        ("[2026-11-24] x\n12\n\"y\"\n", &["[2026-11-24] x", "12", "\"y\""]),
        ("\0\0\n{\"b\":\"\0\"}\0", &["\0\0", "{\"b\":\"\0\"}", "\0"]),
        ("]}\n", &["]}"]),
        ("{\"a\":1", &[r#"{"a":1"#]),
        ("[{\"a\":1},{\"b", &[r#"{"a":1}"#, "{\"b"]),
        ("[{\"a\":1}}}{\"b\":2}]", &[r#"{"a":1}"#, "}", "}", r#"{"b":2}"#]),
    ];
    for (input, expected) in cases {
        assert_eq!(texts(input.as_bytes(), None), *expected, "{input}");
    }
    let not_text = b"\xff\xfe{\n{\"a\":\"\xff\"}\n\xef\xbb";
    assert_eq!(split(not_text, None, MAX, &[]).len(), 3);
}

#[test]
fn long_records_are_cut_and_their_tails_passed_over() {
    let long = format!("{{\"a\":\"{}\"}}", "x{\\\"".repeat(40));
    let cut = format!("{}…{}", &long[..MAX], long.len());
    let text = "y".repeat(100);
    let number = "7".repeat(100);
    let cases = [
        (format!("{long}{{\"b\":2}}"), vec![cut.clone(), r#"{"b":2}"#.into()]),
        (format!("[{long},{{\"b\":2}}]"), vec![cut.clone(), r#"{"b":2}"#.into()]),
        (
            format!("{long}\n{text} {{}}\n{{\"b\":2}}"),
            vec![cut.clone(), format!("{}…103", &text[..MAX]), r#"{"b":2}"#.into()],
        ),
        (
            format!("[{{}},{number},{{\"b\":2}}]"),
            vec!["{}".into(), format!("{}…100", &number[..MAX]), r#"{"b":2}"#.into()],
        ),
        // The tail of a cut record ends where the record was torn.
        (
            format!("{{\"a\":\"{text}\n{{\"b\":2}}"),
            vec![format!("{{\"a\":\"{}…106", &text[..MAX - 6]), r#"{"b":2}"#.into()],
        ),
        (
            format!("{{\"a\":[{number}\n{{\"b\":2}}"),
            vec![format!("{{\"a\":[{}…107", &number[..MAX - 6]), r#"{"b":2}"#.into()],
        ),
        (
            format!("{{\"a\":\"{}\"}}{{}}", "z".repeat(MAX - 8)),
            vec![format!("{{\"a\":\"{}\"}}", "z".repeat(MAX - 8)), "{}".into()],
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(texts(input.as_bytes(), None), expected, "{input}");
    }
}

#[test]
fn neither_depth_nor_damage_costs_more_than_its_length() {
    let many = 100_000;
    for part in
        ["{\"a\":", "[", "{\n", "{\"a\":\n", "{\"a\":[\n", "}", "\"\n", "{\"Records\":[", "\\\n"]
    {
        let input = part.repeat(many).into_bytes();
        for (max, pieces) in [(usize::MAX >> 1, &[][..]), (1 << 16, &[1 << 14][..])] {
            let spans = split(&input, Some("Records"), max, pieces);
            assert!(spans.len() <= many + 1, "{part}");
        }
    }
}

#[test]
fn a_walk_tells_where_it_stands() {
    let rules = Rules { wrapper_key: None, lines: true, more: true };
    let Walk::More(scan) = walk(b"{\"a", Scan::default(), rules) else { panic!("it goes on") };
    assert!(scan.in_string());
    assert_eq!(walk(b"{\"a\":1}", scan, rules), Walk::End(7));
    assert_eq!(walk(b"\":1}", scan.at_start(), rules), Walk::End(4));
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let parts: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b"\n",
        b"\r\n",
        b",",
        b":",
        b" ",
        b"1",
        b"x",
        b"{\"a\":1}",
        b"{\"Records\":[",
        b"\"Records\"",
        b"]}",
        b"\n{",
        b"\"a\":",
        b"null",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\"text\"",
        b"{\"a\":{\"b\":[{}]}}\n",
        b"{\"a\":\"",
        b"a text that is longer than the longest record, all of it on one line",
    ];
    let part = proptest::sample::select(parts);
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn pieces_change_nothing(
        input in soup(),
        pieces in proptest::collection::vec(1usize..9, 1..6),
        max in 1usize..80,
        wrapped in any::<bool>(),
    ) {
        let key = wrapped.then_some("Records");
        let whole = split(&input, key, max, &[]);
        let cut = |spans: &[Span]| -> Vec<_> {
            spans.iter().map(|s| (s.start, s.end, s.original_bytes.is_some())).collect()
        };
        prop_assert_eq!(cut(&whole), cut(&split(&input, key, max, &pieces)));
    }

    #[test]
    fn every_byte_is_in_a_span_or_a_separator(input in soup(), max in 1usize..80) {
        let spans = split(&input, None, max, &[]);
        let mark = if input.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut at = mark;
        for span in &spans {
            prop_assert!(span.start >= at && span.end > span.start && span.end - span.start <= max);
            prop_assert!(between(&input[at..span.start]), "{:?}", &input[at..span.start]);
            let original = span.original_bytes.unwrap_or((span.end - span.start) as u64);
            prop_assert!(original >= (span.end - span.start) as u64);
            at = span.start + original as usize;
        }
        prop_assert!(between(&input[at..]), "{:?}", &input[at..]);
    }

    #[test]
    fn whole_records_come_back(
        records in proptest::collection::vec(r#"\{"[a-z"\\{}\[\] ]{0,9}":(1|\[\{\}\]|\{"x":"[,:]"\})\}"#, 0..9),
        shape in 0usize..4,
        pieces in proptest::collection::vec(1usize..30, 1..4),
    ) {
        let valid = |text: &String| serde_json::from_str::<serde_json::Value>(text).is_ok();
        let records: Vec<String> = records.into_iter().filter(valid).collect();
        let input = match shape {
            0 => records.join("\n"),
            1 => records.concat(),
            2 => format!("[{}]", records.join(" ,\n")),
            _ => format!("{{\"x\":1,\"Records\":[{}],\"y\":[{{}}]}}", records.join(",")),
        };
        let spans = split(input.as_bytes(), Some("Records"), 1 << 10, &pieces);
        let found: Vec<&str> = spans.iter().map(|s| &input[s.start..s.end]).collect();
        prop_assert_eq!(found, records);
    }
}

fn between(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']'))
}
