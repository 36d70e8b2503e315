#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::json_path::JsonPath;
use super::network::Network;
use super::pattern;
use super::phrase::{PhraseFinder, is_token_byte, tokens};

#[test]
fn words_and_phrases_are_found_at_token_boundaries() {
    let raw = "{\"a_b\": \"Root-Login\", \"c\": \"café\", \"ip\": \"10.0.0.12\"}".as_bytes();
    for (text, expected) in [
        ("root", true),
        ("ROOT-login", true),
        ("oot", false),
        ("a_b", true),
        ("a", false),
        ("caf", false),
        ("café", true),
        ("CAFé", true),
        ("cafÉ", false),
        ("b", false),
        ("10.0.0.12", true),
        ("10.0.0.1", false),
        ("0.0.12", true),
        ("12", true),
        ("-", true),
        ("\": \"", true),
        ("-login", true),
        ("t-login", false),
        ("login\"", true),
        ("}", true),
        ("é", false),
    ] {
        assert_eq!(PhraseFinder::new(text).unwrap().is_in(raw), expected, "{text}");
    }
    // Every hit is looked at, also where they overlap.
    assert!(PhraseFinder::new("aa").unwrap().is_in(b"aaa xaa aa"));
    assert!(PhraseFinder::new("1 1").unwrap().is_in(b"11 1 1"));
    assert!(!PhraseFinder::new("a").unwrap().is_in(b""));
    assert!(PhraseFinder::new("").is_err());
    assert!(PhraseFinder::new(&"aB3-".repeat(4 << 10)).is_ok());
}

#[test]
fn patterns_fit_the_whole_value() {
    for (pattern, value, expected) in [
        ("*", "", true),
        ("*", "x", true),
        ("?", "é", true),
        ("??", "é", false),
        ("?", "", false),
        ("alice", "ALICE", true),
        ("alice", "alice2", false),
        ("a*e", "alice", true),
        ("a*x*e", "alice", false),
        ("*ic*", "alice", true),
        ("a?ice", "alice", true),
        ("a**e", "alice", true),
        (r"a\*", "a*", true),
        (r"a\*", "ab", false),
        (r"a\b", r"a\b", true),
        ("a.c", "abc", false),
        ("a*", "a\nb", true),
        ("*?", "", false),
        ("*ab", "aab", true),
        ("*€??", "x€€€", true),
        ("ß*", "ßx", true),
        ("[a]*", "[a]b", true),
        ("(", "(", true),
        ("*.amazonaws.com", "s3.amazonaws.com", true),
        ("k*", "\u{212a}", false),
    ] {
        let fits = pattern::glob(pattern).unwrap().is_match(value.as_bytes());
        assert_eq!(fits, expected, "{pattern} {value}");
    }
    assert!(pattern::glob("*?x").unwrap().is_match(b"\xff\xffx"));
    assert!(pattern::glob(&"a*?".repeat(5 << 10)).unwrap_err() == "the pattern is too long");
}

#[test]
fn faulty_expressions_are_refused_with_the_reason() {
    assert_eq!(pattern::regex("a(").unwrap_err(), "this is no regular expression: unclosed group");
    assert_eq!(pattern::regex(r"\w{900}{900}").unwrap_err(), "the regular expression is too big");
    assert!(pattern::regex(r"fail(ed|ure)\b").unwrap().is_match(b"x failure \xff"));
}

#[test]
fn networks_hold_their_addresses() {
    for (network, address, expected) in [
        ("203.0.113.0/24", "203.0.113.255", true),
        ("203.0.113.0/24", "203.0.114.0", false),
        ("203.0.113.77/24", "203.0.113.1", true),
        ("0.0.0.0/0", "255.1.2.3", true),
        ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1/32", "10.0.0.2", false),
        ("10.0.0.0/31", "10.0.0.1", true),
        ("2001:db8::/32", "2001:db8:1::5", true),
        ("2001:db8::/32", "2001:db9::", false),
        ("::/0", "::1", true),
        ("::/0", "1.2.3.4", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("10.0.0.0/8", "name", false),
        ("10.0.0.0/8", "", false),
        ("::1/128", "::1", true),
    ] {
        let holds = Network::parse(network).unwrap().contains_text(address.as_bytes());
        assert_eq!(holds, expected, "{network} {address}");
    }
    for text in ["", "/", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "x/8"] {
        assert_eq!(Network::parse(text), None, "{text}");
    }
}

#[test]
fn json_is_walked_by_path() {
    let record = br#"{"a":{"b":[1.50,{"c":"x\"\u00e9"},null,true]},"a.b":"dot","0":"zero",
        "dup":1,"dup":{"x":"last"},"s":"plain","big":123456789012345678901234567890,
        "e\u0073c":"escaped","lone":"\ud800","o":{"k": [ 1 ,2]}}"#;
    for (path, expected) in [
        ("a.b.0", Some("1.50")),
        ("a.b.1.c", Some("x\"é")),
        ("a.b[1].c", Some("x\"é")),
        ("a.b.2", None),
        ("a.b.3", Some("true")),
        ("a.b.4", None),
        ("a\\.b", Some("dot")),
        ("0", Some("zero")),
        ("dup", Some("{\"x\":\"last\"}")),
        ("dup.x", Some("last")),
        ("s", Some("plain")),
        ("s.x", None),
        ("s.0", None),
        ("missing", None),
        ("a.c", None),
        ("big", Some("123456789012345678901234567890")),
        ("esc", Some("escaped")),
        ("lone", Some("\\ud800")),
        ("o", Some("{\"k\": [ 1 ,2]}")),
        ("o.k", Some("[ 1 ,2]")),
        ("a.b.x", None),
        ("a..b", None),
    ] {
        let found = JsonPath::parse(path).unwrap();
        assert_eq!(found.value(record).as_deref(), expected, "{path}");
    }
    let a = JsonPath::parse("a").unwrap();
    // A later value takes the place of an earlier one, whatever it is.
    assert_eq!(JsonPath::parse("a.b").unwrap().value(br#"{"a":{"b":1},"a":2}"#), None);
    assert_eq!(JsonPath::parse("1").unwrap().value(br#"["x","y"]"#).as_deref(), Some("y"));
    for broken in ["", "text \"a\"", "{\"a\":1", "{\"a\":1} x", "{\"a\":1}{\"a\":2}", "\"a\"", "5"]
    {
        assert_eq!(a.value(broken.as_bytes()), None, "{broken}");
    }
    // Bytes that are no UTF-8 do not hide the other fields.
    assert_eq!(a.value(b"{\"x\":\"\xff\",\"a\":1}").as_deref(), Some("1"));
    let deep = [&b"{\"a\":1,\"d\":"[..], &b"[".repeat(100_000)].concat();
    assert_eq!(a.value(&deep), None);
    for wrong in ["", "a[]", "a[x]", "a[1"] {
        assert_eq!(JsonPath::parse(wrong).is_ok(), wrong == "a[1", "{wrong}");
    }
}

/// The definition, without any shortcut.
fn stands_in(text: &str, record: &[u8]) -> bool {
    let text = text.as_bytes();
    (0..=record.len().saturating_sub(text.len())).any(|start| {
        let end = start + text.len();
        let Some(there) = record.get(start..end) else { return false };
        let cut = |a: Option<&u8>, b: Option<&u8>| {
            a.is_some_and(|b| is_token_byte(*b)) && b.is_some_and(|b| is_token_byte(*b))
        };
        there.eq_ignore_ascii_case(text)
            && !cut(start.checked_sub(1).and_then(|at| record.get(at)), there.first())
            && !cut(there.last(), record.get(end))
    })
}

/// The definition of a pattern, for text.
fn fits(pattern: &[char], value: &[char]) -> bool {
    match pattern {
        [] => value.is_empty(),
        ['*', rest @ ..] => (0..=value.len()).any(|at| fits(rest, &value[at..])),
        ['?', rest @ ..] => !value.is_empty() && fits(rest, &value[1..]),
        [c, rest @ ..] => {
            value.first().is_some_and(|v| v.eq_ignore_ascii_case(c)) && fits(rest, &value[1..])
        }
    }
}

proptest! {
    #[test]
    fn phrases_are_found_as_defined(text in "[aAbé1 ._-]{1,4}", record in "[aAbBé1 ._-]{0,30}") {
        let found = PhraseFinder::new(&text).unwrap().is_in(record.as_bytes());
        prop_assert_eq!(found, stands_in(&text, record.as_bytes()));
        // What an index will be asked for: each token of a text that is found is a token there.
        if found {
            let there: Vec<String> = tokens(&record).collect();
            prop_assert!(tokens(&text).all(|token| there.contains(&token)));
        }
    }

    #[test]
    fn phrases_are_found_in_any_bytes(
        text in "\\PC{1,5}",
        record in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let found = PhraseFinder::new(&text).unwrap().is_in(&record);
        prop_assert_eq!(found, stands_in(&text, &record));
    }

    #[test]
    fn patterns_fit_as_defined(pattern in "[aé*?x]{0,8}", value in "[aAéx]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let found = pattern::glob(&pattern).unwrap().is_match(value.as_bytes());
        prop_assert_eq!(found, fits(&chars(&pattern), &chars(&value)));
    }

    #[test]
    fn a_json_value_is_found_whatever_stands_beside_it(
        names in prop::collection::vec("[a-c]{1,2}|[0-2]", 1..4),
        value in "\\PC{0,8}",
        other in "\\PC{0,8}",
    ) {
        let mut document = serde_json::Value::String(value.clone());
        for name in names.iter().rev() {
            document = serde_json::json!({ &other: other, name: document });
        }
        let record = document.to_string();
        prop_assume!(!names.contains(&other));
        let path = JsonPath::parse(&names.join(".")).unwrap();
        let found = path.value(record.as_bytes());
        prop_assert_eq!(found.as_deref(), Some(value.as_str()));
    }

    #[test]
    fn any_bytes_and_any_path_are_no_panic(
        path in "[a.\\[\\]0\\\\é]{0,8}",
        record in prop::collection::vec(any::<u8>(), 0..40),
        json in "[{}\\[\\]\":,a0\\\\é ]{0,30}",
    ) {
        if let Ok(path) = JsonPath::parse(&path) {
            path.value(&record);
            path.value(json.as_bytes());
        }
    }
}
