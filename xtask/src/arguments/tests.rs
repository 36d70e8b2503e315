#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::Arguments;

fn arguments(line: &str) -> Arguments {
    Arguments { words: line.split_whitespace().map(str::to_owned).collect() }
}

#[test]
fn values_are_taken_in_both_spellings() {
    for line in ["bench ingest --events 1_000", "bench --events=1000 ingest"] {
        let mut given = arguments(line);
        assert_eq!(given.word().as_deref(), Some("bench"), "{line}");
        assert_eq!(given.number("--events", 5_u64).unwrap(), 1_000, "{line}");
        assert_eq!(given.word().as_deref(), Some("ingest"), "{line}");
        given.finish().unwrap();
    }
}

#[test]
fn a_default_stands_in_and_flags_are_taken_once() {
    let mut given = arguments("--check");
    assert_eq!(given.number("--events", 5_u64).unwrap(), 5);
    assert!(given.flag("--check"));
    assert!(!given.flag("--check"));
}

#[test]
fn what_is_wrong_is_named() {
    let missing = arguments("--data").value("--data").unwrap_err();
    assert_eq!(missing.to_string(), "`--data` needs a value");
    let swallowed = arguments("--data --demo").value("--data").unwrap_err();
    assert_eq!(swallowed.to_string(), "`--data` needs a value");
    let number = arguments("--events many").number("--events", 1_u32).unwrap_err();
    assert_eq!(number.to_string(), "`--events many`: not a number");
    let left = arguments("--colour").finish().unwrap_err();
    assert_eq!(left.to_string(), "`--colour` is not understood here");
}
