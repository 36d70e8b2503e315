#![allow(clippy::unwrap_used)]

use super::*;

/// The tree as text: and(..), or(..), not(..), the words and `field=test`.
fn canonical(node: &syntax::Node) -> String {
    let all = |nodes: &[syntax::Node]| nodes.iter().map(canonical).collect::<Vec<_>>().join(" ");
    match node {
        syntax::Node::And(nodes) => format!("and({})", all(nodes)),
        syntax::Node::Or(nodes) => format!("or({})", all(nodes)),
        syntax::Node::Not(node) => format!("not({})", canonical(node)),
        syntax::Node::Word(text) => format!("{:?}", text.text),
        syntax::Node::Field { name, test, .. } => match test {
            syntax::Test::Exists => format!("{name}=*"),
            syntax::Test::Is(value) => format!("{name}={:?}", value.text),
            syntax::Test::Compare(how, value) => format!("{name} {how:?} {:?}", value.text),
            syntax::Test::Between(low, high) => format!("{name}={:?}..{:?}", low.text, high.text),
        },
    }
}

#[test]
fn queries_mean_what_they_look_like() {
    for (query, expected) in [
        ("root", r#""root""#),
        (
            r#"outcome:failure "root login" -service:s3"#,
            r#"and(outcome="failure" "root login" not(service="s3"))"#,
        ),
        ("a OR b c", r#"or("a" and("b" "c"))"#),
        ("(a OR b) AND NOT c", r#"and(or("a" "b") not("c"))"#),
        ("user:(alice OR bob)", r#"or(user="alice" user="bob")"#),
        (
            "src_port:[1 TO 1024] bytes:>=10",
            r#"and(src_port="1".."1024" bytes GreaterOrEqual "10")"#,
        ),
        ("user:* ORDER", r#"and(user=* "ORDER")"#),
        (r#"path:"C:\\temp \"x\"""#, r#"path="C:\\temp \"x\"""#),
        ("--a", r#"not(not("a"))"#),
        ("10.0.0.1", r#""10.0.0.1""#),
    ] {
        assert_eq!(canonical(&syntax::parse(query).unwrap().unwrap()), expected, "{query}");
    }
    assert_eq!(syntax::parse("   ").unwrap(), None);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (query, expected) in [
        (
            "usr_name:alice",
            "unknown field `usr_name`\n  usr_name:alice\n  ^^^^^^^^\nhint: did you mean `user_name`",
        ),
        ("(a OR b", "this parenthesis is never closed\n  (a OR b\n  ^"),
        ("a)", "this parenthesis closes nothing\n  a)\n   ^"),
        ("\"open", "this quote is never closed\n  \"open\n  ^"),
        ("a OR", "a term is missing here\n  a OR\n      ^"),
        ("src_port:high", "src_port is a number, `high` is none\n  src_port:high\n           ^^^^"),
        (
            "src_ip:10.0.0.0/99",
            "`10.0.0.0/99` is no network\n  src_ip:10.0.0.0/99\n         ^^^^^^^^^^^",
        ),
        ("outcome:maybe", "outcome is `success`, `failure` or `denied`"),
    ] {
        let text = compile(query, &[], 0).unwrap_err().explain(query);
        assert!(text.starts_with(expected), "{query}:\n{text}\nexpected:\n{expected}");
    }
}

#[test]
fn times_are_read_as_people_write_them() {
    let now = 1_790_000_000_000_000;
    for (text, expected) in [
        ("now", now),
        ("2h", now - 7_200_000_000),
        ("now-1d", now - 86_400_000_000),
        ("2026-11-24", 1_795_478_400_000_000),
        ("2026-11-24 10:00", 1_795_514_400_000_000),
        ("2026-11-24T10:00:00+02:00", 1_795_507_200_000_000),
    ] {
        assert_eq!(time::parse(text, now), Ok(expected), "{text}");
    }
    assert!(time::parse("soon", now).unwrap_err().contains("`soon` is no time"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_query_or_a_mistake(query in r#"[ a-z:()\[\]"*?<>=/.\\é-]{0,40}|.{0,60}"#) {
        if let Err(error) = compile(&query, &[], 0) {
            error.explain(&query);
        }
    }
}
