//! What is written is read by PyYAML as well: `tests/moto/test_export.py` compares the two files
//! below `tests/export/yaml` that the last test here writes.

use serde_json::json;

use super::*;

fn of(value: &Value) -> Doc {
    match value {
        Value::Null => Doc::text(""),
        Value::Bool(value) => Doc::Bool(*value),
        Value::Number(number) => Doc::Number(number.clone()),
        Value::String(text) if text.contains('\n') => Doc::Lines(text.clone()),
        Value::String(text) => Doc::text(text.as_str()),
        Value::Array(items) => Doc::List(items.iter().map(of).collect()),
        Value::Object(members) => Doc::map(members.iter().map(|(k, v)| (k.clone(), of(v)))),
    }
}

#[test]
fn what_could_be_something_else_is_quoted() {
    for text in [
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "true",
        "null",
        "~",
        "",
        " ",
        "1",
        "012",
        "0x1f",
        "1_0",
        "1e3",
        "-1",
        ".5",
        ".inf",
        "12:30:45",
        "2012-10-17",
        "- a",
        "-",
        "a: b",
        "a:",
        "# a",
        "a #b",
        "!Ref a",
        "&a",
        "*",
        "*a",
        "[a]",
        "{a}",
        "a\nb",
        "'a'",
        "\"a\"",
        "%a",
        "@a",
        "`a",
        "? a",
        "=",
        "<<",
        "a ",
        " a",
        "a\tb",
        "\u{e9}",
        "\u{2028}",
        "\u{1f600}",
        "${A}",
    ] {
        assert_ne!(quoted(text), text);
    }
    for text in
        ["AWS::S3::Bucket", "s3:PutObject", "arn:${AWS::Partition}:s3:::a/*", "/aws/x", "it's"]
    {
        assert_eq!(quoted(text), text);
    }
    assert_eq!(quoted("'a'"), "'''a'''");
    assert_eq!(double("a\u{2028}\u{1f600}"), "\"a\\u2028\\U0001f600\"");
}

#[test]
fn a_document_reads_well() {
    let mut doc = of(&json!({"A": {"b": [1, {"c": "d", "e": []}, ["f", ["g"]]], "h": {}}}));
    if let Doc::Map(members) = &mut doc {
        members[0].comment = "why\nnot".to_owned();
        members.push(Entry {
            name: "Code".to_owned(),
            value: Doc::Lines("if x:\n\n    y()\n".to_owned()),
            comment: "how".to_owned(),
        });
    }
    let expected = "\
# head
# why
# not
A:
  b:
    - 1
    - c: d
      e: []
    -
      - f
      -
        - g
  h: {}
# how
Code: |
  if x:

      y()
";
    assert_eq!(doc.write(&["head".to_owned()]), expected);
}

/// Texts that are hard, in all places where texts stand.
#[test]
fn hard_texts_are_written_for_others_to_read() {
    let texts = [
        "",
        " ",
        "a",
        "yes",
        "No",
        "NULL",
        "~",
        "1",
        "1_000",
        "0o7",
        "017",
        "0x1F",
        "1e3",
        "-0",
        ".5",
        ".inf",
        "12:30:45",
        "2012-10-17",
        "2012-10-17T00:00:00Z",
        "- a",
        "-",
        "a: b",
        "a:",
        "a :b",
        "# a",
        "a # b",
        "a#b",
        "!Ref a",
        "&a",
        "*",
        "[a]",
        "{a: b}",
        "a\nb",
        "a\nb\n",
        "a\n\nb\n\n",
        "\na\n",
        "  a\n b\n",
        "a \nb\n",
        "a\r\nb",
        "'a'",
        "\"a\"",
        "a\\b",
        "%a",
        "@a",
        "`a",
        "? a",
        "=",
        "<<",
        ">",
        "|",
        "a ",
        " a",
        "a\tb",
        "\tb",
        "\u{e9}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{feff}",
        "\u{1f600}",
        "\u{0}",
        "\u{7f}",
        "${A}",
        "a${A}: b",
        "---",
        "...",
        "key",
        "null",
        "it's",
        "a, b",
        "Sub 'x': y",
    ];
    let members: serde_json::Map<String, Value> =
        texts.iter().map(|text| ((*text).to_owned(), json!({"v": text, "l": [text]}))).collect();
    let all = texts.to_vec();
    let value = json!({"list": all, "nested": [[all], []], "map": members, "empty": {}});
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/yaml");
    let written = of(&value).write(&["written by the test of `export/yaml.rs`".to_owned()]);
    let pretty = serde_json::to_string_pretty(&value).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("hard.yaml"), &written).unwrap();
        std::fs::write(folder.join("hard.json"), &pretty).unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let there: Value = serde_json::from_str(&read("hard.json")).unwrap();
    assert!(there == value, "UPDATE=1 writes tests/export/yaml");
    // The order of members depends on how `serde_json` is built.
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&written), lines(&read("hard.yaml")), "UPDATE=1 writes tests/export/yaml");
}
