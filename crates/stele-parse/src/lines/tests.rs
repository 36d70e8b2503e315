#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

/// The records of a stream that comes in pieces of these lengths, each with whether it was cut.
fn records(stream: &[u8], pieces: &[usize], record_bytes_max: usize) -> Vec<(Vec<u8>, bool)> {
    let mut splitter = LineSplitter::new(record_bytes_max);
    let mut found = Vec::new();
    let (mut begin, mut end) = (0, 0_usize);
    let mut pieces = pieces.iter().copied();
    loop {
        let piece = pieces.next().unwrap_or(usize::MAX);
        end = end.saturating_add(piece).min(stream.len());
        let at_end = end == stream.len();
        let buffer = &stream[begin..end];
        let mut spans = Vec::new();
        let consumed = splitter.split(buffer, at_end, &mut spans);
        for span in spans {
            found.push((buffer[span.start..span.end].to_vec(), span.original_bytes.is_some()));
        }
        begin += consumed;
        if at_end {
            assert_eq!(begin, stream.len());
            return found;
        }
    }
}

#[track_caller]
fn check(stream: &str, record_bytes_max: usize, expected: &[&str]) {
    let found: Vec<String> = records(stream.as_bytes(), &[], record_bytes_max)
        .into_iter()
        .map(|(record, cut)| String::from_utf8(record).unwrap() + if cut { "…" } else { "" })
        .collect();
    assert_eq!(found, expected, "{stream:?}");
}

#[test]
fn terminators_separate_and_nothing_else_does() {
    check("", 9, &[]);
    check("a", 9, &["a"]);
    check("a\nb\r\nc\0d", 9, &["a", "b", "c", "d"]);
    check("a\r\0b\r", 9, &["a", "b"]);
    check("\n\r\n\0\na\n\n", 9, &["a"]);
    check(" \n\t\r\n", 9, &[" ", "\t"]);
    check("a\rb\r\r\n", 9, &["a\rb\r"]);
    check("\u{feff}a\u{2028}b\n", 99, &["\u{feff}a\u{2028}b"]);
}

#[test]
fn long_lines_are_cut_and_their_tails_passed_over() {
    check("12345\n12345\r\n12345\r", 5, &["12345", "12345", "12345"]);
    check("123456789\nab\n", 5, &["12345…", "ab"]);
    check("123456789", 5, &["12345…"]);
    check("ab", 0, &["a…"]);
}

#[test]
fn a_cut_line_says_how_long_it_was() {
    let mut spans = Vec::new();
    LineSplitter::new(4).split(b"1234567890\r\nab\n", true, &mut spans);
    assert_eq!(spans[0], Span { start: 0, end: 4, original_bytes: Some(10) });
    assert_eq!(spans[1], Span { start: 12, end: 14, original_bytes: None });
}

#[test]
fn a_line_without_end_is_not_held() {
    let mut splitter = LineSplitter::new(10);
    let mut spans = Vec::new();
    for _ in 0..1_000 {
        assert_eq!(splitter.split(&[b'a'; 100], false, &mut spans), 100);
    }
    assert_eq!(spans.len(), 1);
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        stream in proptest::collection::vec(
            prop_oneof![3 => any::<u8>(), 2 => Just(b'\n'), 2 => Just(b'\r'), 1 => Just(0)], 0..80),
        pieces in proptest::collection::vec(0usize..7, 0..80),
        record_bytes_max in 1usize..12,
    ) {
        let whole = records(&stream, &[], record_bytes_max);
        prop_assert_eq!(&whole, &records(&stream, &pieces, record_bytes_max));
        // Without a limit, the records and the terminators are all there is.
        let kept: usize = records(&stream, &pieces, 100).iter().map(|(r, _)| r.len()).sum();
        let terminators = stream.iter().filter(|b| matches!(b, b'\n' | b'\r' | 0)).count();
        prop_assert!(kept <= stream.len() && kept + terminators >= stream.len());
    }
}
