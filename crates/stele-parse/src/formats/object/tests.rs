#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[track_caller]
fn check(record: &[u8], members: &str, is_whole: bool) {
    let object = read(record).unwrap();
    assert_eq!(Value::Object(object.members).to_string(), members);
    assert_eq!(object.problem.is_none(), is_whole, "{:?}", object.problem);
}

#[test]
fn no_member_hides_the_others() {
    check(br#"{"a":1,"a":2}"#, r#"{"a":2}"#, true);
    check(br#"{"a":"\ud83d\ude00","b":1}"#, r#"{"a":"😀","b":1}"#, true);
    check(br#"{"a":"x\ud83d","b":1}"#, r#"{"a":"x�","b":1}"#, false);
    check(br#"{"a":"\\ud83d\ude00","b":1}"#, r#"{"a":"\\ud83d�","b":1}"#, false);
    check(br#"{"a\udc00":1,"b":"\ud800\u0041"}"#, r#"{"a�":1,"b":"�A"}"#, false);
    check(b"{\"a\":\"x\xff\",\"b\":1}", r#"{"a":"x�","b":1}"#, false);
    check(br#"{"a":1e999,"b":"\udc00"}"#, r#"{"b":"�"}"#, false);
    // The last of a name counts, even where it cannot be read.
    check(br#"{"a":1,"a":1e999}"#, "{}", false);
    let deep = format!(r#"{{"a":{}{},"b":1}}"#, "[".repeat(100_000), "]".repeat(100_000));
    check(deep.as_bytes(), r#"{"b":1}"#, false);
}

#[test]
fn what_is_no_object_says_so() {
    for (record, reason) in [
        ("[1]", "a JSON object is wanted, this is an array"),
        ("null", "a JSON object is wanted, this is null"),
        ("7", "a JSON object is wanted, this is a number"),
        (r#"{"a":1"#, "not JSON: EOF while parsing an object at line 1 column 6"),
        (r#"{"a":1}}"#, "not JSON: trailing characters at line 1 column 8"),
        (r#"{"a":"\u12"}"#, "not JSON: invalid escape at line 1 column 12"),
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        ("GET / 200", "not JSON: expected value at line 1 column 1"),
    ] {
        assert_eq!(read(record.as_bytes()).unwrap_err(), reason, "{record}");
    }
    assert!(read("[".repeat(100_000).as_bytes()).unwrap_err().contains("recursion limit"));
}
