#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// The tree as text: `(and a b)`, words as `<word>`, patterns as `~pattern~`, `name=test`.
fn canonical(node: &Node) -> String {
    let all = |nodes: &[Node]| nodes.iter().map(canonical).collect::<Vec<_>>().join(" ");
    match node {
        Node::And(nodes) => format!("(and {})", all(nodes)),
        Node::Or(nodes) => format!("(or {})", all(nodes)),
        Node::Not(node) => format!("(not {})", canonical(node)),
        Node::Words(text) => value(text),
        Node::Field(name, test) => {
            let name = &name.text;
            match test {
                Test::Exists => format!("{name}=exists"),
                Test::Is(text) => format!("{name}={}", value(text)),
                Test::Compare(comparison, text) => format!("{name} {comparison:?} {}", value(text)),
                Test::Between(low, high) => {
                    format!("{name}={}..{}", bound(low.as_ref()), bound(high.as_ref()))
                }
                Test::Matches(text) => format!("{name}=regex<{}>", text.text),
            }
        }
    }
}

fn value(text: &Text) -> String {
    match &text.pattern {
        Some(pattern) => format!("~{pattern}~"),
        None => format!("<{}>", text.text),
    }
}

fn bound(bound: Option<&Bound>) -> String {
    match bound {
        None => "open".to_owned(),
        Some(bound) if bound.included => value(&bound.value),
        Some(bound) => format!("!{}", value(&bound.value)),
    }
}

#[test]
fn queries_mean_what_they_look_like() {
    for (query, expected) in [
        // Words and phrases.
        ("root", "<root>"),
        ("root-login", "<root-login>"),
        ("10.0.0.1", "<10.0.0.1>"),
        ("\"root login\"", "<root login>"),
        (r#""say \"hi\" \\ C:\temp""#, r#"<say "hi" \ C:\temp>"#),
        ("fail*", "~fail*~"),
        ("te?t", "~te?t~"),
        (r"a\*b", "<a*b>"),
        (r"a\*b*", r"~a\*b*~"),
        ("\"a*b\"", "<a*b>"),
        (r"C\:\temp", r"<C:\temp>"),
        ("sshd[123]", "<sshd[123]>"),
        ("größe", "<größe>"),
        ("AND1 ORDER NOTE", "(and <AND1> <ORDER> <NOTE>)"),
        ("and or not", "(and <and> <or> <not>)"),
        // Texts with a colon that are no fields.
        ("https://example.com/a?b=1", "~https://example.com/a?b=1~"),
        ("arn:aws:iam::123:user/x", "<arn:aws:iam::123:user/x>"),
        ("arn:aws-cn:s3:::b", "<arn:aws-cn:s3:::b>"),
        ("2001:db8::1", "<2001:db8::1>"),
        ("fe80:1::2", "<fe80:1::2>"),
        ("std::io", "<std::io>"),
        ("12:30:45", "<12:30:45>"),
        // Fields.
        ("user:alice", "user=<alice>"),
        ("user:\"Alice B\"", "user=<Alice B>"),
        ("user:al*ce?", "user=~al*ce?~"),
        ("user:*", "user=exists"),
        ("user:\"*\"", "user=<*>"),
        ("arn:\"arn:aws:iam::1:root\"", "arn=<arn:aws:iam::1:root>"),
        ("user_uid:arn:aws:iam::1:root", "user_uid=<arn:aws:iam::1:root>"),
        ("src_ip:2001:db8::1", "src_ip=<2001:db8::1>"),
        ("src_ip:::1 src_ip:::/0", "(and src_ip=<::1> src_ip=<::/0>)"),
        ("src_ip:203.0.113.0/24", "src_ip=<203.0.113.0/24>"),
        ("a.b[0].c-d$:x", "a.b[0].c-d$=<x>"),
        (r"raw.k8s\.io\/x:1", r"raw.k8s\.io\/x=<1>"),
        ("user:\"\"", "user=<>"),
        ("user:-x", "user=<-x>"),
        // Comparisons and ranges.
        ("bytes:>10", "bytes Greater <10>"),
        ("bytes:>= 10", "bytes GreaterOrEqual <10>"),
        ("bytes:<10 bytes:<=9", "(and bytes Less <10> bytes LessOrEqual <9>)"),
        ("port:[1 TO 1024]", "port=<1>..<1024>"),
        ("port:{1 TO 1024]", "port=!<1>..<1024>"),
        ("port:[1 TO *}", "port=<1>..open"),
        ("time:[ 2026-11-24 TO \"2026-11-25 10:00\" ]", "time=<2026-11-24>..<2026-11-25 10:00>"),
        // Regular expressions, and paths that begin like one.
        ("message:/failed password for .*/", "message=regex<failed password for .*>"),
        (r"url_path:/a\/b\d+/ x", r"(and url_path=regex<a/b\d+> <x>)"),
        ("file_path:/etc/passwd", "file_path=</etc/passwd>"),
        ("url_path:/ file_path:/etc", "(and url_path=</> file_path=</etc>)"),
        ("(user:/a/)", "user=regex<a>"),
        ("/var/log/", "</var/log/>"),
        // Joining.
        ("a b AND c", "(and <a> <b> <c>)"),
        ("a OR b c", "(or <a> (and <b> <c>))"),
        ("(a OR b) AND NOT c", "(and (or <a> <b>) (not <c>))"),
        ("-a -user:x -(b OR c)", "(and (not <a>) (not user=<x>) (not (or <b> <c>)))"),
        ("NOT NOT a", "(not (not <a>))"),
        ("--a", "(not (not <a>))"),
        ("a(b)", "(and <a> <b>)"),
        ("a\"b\"", "(and <a> <b>)"),
        ("  a\t\nb ", "(and <a> <b>)"),
        ("NOT(a)", "(not <a>)"),
        // Values of one field.
        ("user:(alice OR bob)", "(or user=<alice> user=<bob>)"),
        ("user:(a* AND NOT (b OR \"c d\"))", "(and user=~a*~ (not (or user=<b> user=<c d>)))"),
        ("-user:(a OR -b)", "(not (or user=<a> (not user=<b>)))"),
        ("id:(a:b OR >5 OR [1 TO 2])", "(or id=<a:b> id Greater <5> id=<1>..<2>)"),
        (
            r#"outcome:denied src_ip:203.0.113.0/24 "root login" -service:s3"#,
            "(and outcome=<denied> src_ip=<203.0.113.0/24> <root login> (not service=<s3>))",
        ),
    ] {
        assert_eq!(canonical(&parse(query).unwrap().unwrap()), expected, "{query}");
    }
    assert_eq!(parse("").unwrap(), None);
    assert_eq!(parse(" \u{a0}\n").unwrap(), None);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (query, expected) in [
        ("(a OR b", "this parenthesis is never closed\n  (a OR b\n  ^"),
        ("a OR (b c", "this parenthesis is never closed\n  a OR (b c\n       ^"),
        ("a)", "this parenthesis closes nothing\n  a)\n   ^"),
        ("a ( )", "there is nothing in these parentheses\n  a ( )\n    ^^^"),
        ("é \"open", "this quote is never closed\n  é \"open\n    ^"),
        ("a OR", "a term is missing here\n  a OR\n      ^"),
        ("a AND\n", "a term is missing here\n  a AND \n        ^"),
        ("OR a", "a term is missing before `OR`\n  OR a\n  ^^"),
        ("a AND AND b", "a term is missing before `AND`\n  a AND AND b\n        ^^^"),
        ("NOT", "a term is missing here\n  NOT\n     ^"),
        ("a - b", "this `-` stands alone\n  a - b\n    ^"),
        ("\"\"", "there is nothing in these quotes\n  \"\"\n  ^^"),
        ("user: alice", "a value for `user` is missing here\n  user: alice\n       ^"),
        ("error:", "a value for `error` is missing here\n  error:\n        ^"),
        ("bytes:>", "a value for `bytes` is missing here\n  bytes:>\n         ^"),
        ("port:[1 2]", "`TO` is missing in this range\n  port:[1 2]\n          ^"),
        ("port:[1 TO 2", "this range is never closed\n  port:[1 TO 2\n       ^"),
        (
            "user:(a b)",
            "`OR` or `AND` is missing between these values\n  user:(a b)\n          ^\n\
             hint: write `user:(a OR b)`",
        ),
        ("user:()", "there is nothing in these parentheses\n  user:()\n       ^^"),
    ] {
        let error = parse(query).unwrap_err().within(query);
        let text = error.to_string();
        assert!(text.starts_with(expected), "{query}\n{text}\nexpected:\n{expected}");
        assert_eq!(text, error.explain(query));
    }
}

#[test]
fn a_long_query_is_shown_around_the_mistake() {
    let query = format!("{} (x {}", "a".repeat(500), "b".repeat(500));
    let text = parse(&query).unwrap_err().explain(&query);
    let lines: Vec<&str> = text.lines().collect();
    let mark = lines[2].find('^').unwrap();
    assert_eq!(lines[1].chars().nth(mark), Some('('), "{text}");
    assert!(lines[1].chars().count() < 200, "{text}");
}

#[test]
fn limits_are_errors() {
    let deep = |levels: usize| "(".repeat(levels) + "a" + &")".repeat(levels);
    assert!(parse(&deep(QUERY_DEPTH_MAX)).is_ok());
    assert!(parse(&deep(QUERY_DEPTH_MAX + 1)).unwrap_err().message.contains("32 levels"));
    assert!(parse(&"-".repeat(QUERY_BYTES_MAX)).unwrap_err().message.contains("32 levels"));
    assert!(parse(&"(".repeat(QUERY_BYTES_MAX)).unwrap_err().message.contains("32 levels"));
    assert!(parse(&"a ".repeat(QUERY_BYTES_MAX / 2)).is_ok());
    let long = "a".repeat(QUERY_BYTES_MAX + 1);
    assert!(parse(&long).unwrap_err().explain(&long).contains("over the limit of 16384"));
}

/// Pieces that mean something, in any order.
fn any_query() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "user:",
        "raw.x:",
        "\"",
        "\\",
        "*",
        "?",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        " TO ",
        " OR ",
        " AND ",
        "NOT ",
        "-",
        ">",
        "<=",
        "/",
        ":",
        " ",
        "é",
        "\u{1F511}",
        "10.0.0.0/8",
        "arn:aws:",
        "\0",
        "now-1d",
        ".",
        "_",
        "AND",
        "http://",
        "[]",
        "[3]",
        "\n",
    ]);
    prop_oneof![prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat()), ".{0,60}",]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_a_tree_or_a_mistake_with_a_place(query in any_query()) {
        match parse(&query) {
            Ok(_) => {}
            Err(error) => {
                prop_assert!(query.get(error.span.clone()).is_some(), "{:?}", error);
                error.explain(&query);
                error.explain("é");
            }
        }
    }

    #[test]
    fn a_text_in_quotes_is_found_as_it_is(text in "\\PC{1,30}") {
        prop_assume!(!text.trim().is_empty());
        let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let Some(Node::Words(words)) = parse(&quoted).unwrap() else { panic!("{quoted}") };
        prop_assert_eq!(words.text, text);
        prop_assert_eq!(words.pattern, None);
    }
}
