//! Values as XML bodies, the other way round than answers are read.
//!
//! A value that was read comes back as the elements that it was, whatever their order, which no
//! service of AWS minds. A list is its repeated elements, unless the table of operations says what
//! its elements are called. `xsi:type` is an attribute, as in S3's grants.

use std::collections::BTreeMap;

use serde_json::Value;

const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Writes a body.
///
/// # Errors
/// A name or a text that XML cannot hold.
pub(crate) fn write(
    root: &str,
    namespace: &str,
    value: &Value,
    elements: &BTreeMap<String, String>,
) -> Result<Vec<u8>, String> {
    if value.is_array() {
        return Err(format!("`{root}` is a list, and XML has one root"));
    }
    let mut text = String::new();
    element(root, Some(namespace), value, elements, &mut text)?;
    Ok(text.into_bytes())
}

fn element(
    name: &str,
    namespace: Option<&str>,
    value: &Value,
    elements: &BTreeMap<String, String>,
    text: &mut String,
) -> Result<(), String> {
    match value {
        Value::Null => return Ok(()),
        Value::Array(items) if !elements.contains_key(name) => {
            for item in items {
                if item.is_array() {
                    return Err(format!("`{name}` is a list of lists"));
                }
                element(name, None, item, elements, text)?;
            }
            return Ok(());
        }
        Value::Array(_)
        | Value::Object(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => {}
    }
    open(name, namespace, value, text)?;
    match (value, elements.get(name)) {
        (Value::Object(members), _) => {
            for (member, value) in members.iter().filter(|(member, _)| *member != super::TYPE) {
                element(member, None, value, elements, text)?;
            }
        }
        (Value::Array(items), Some(inner)) => {
            for item in items {
                element(inner, None, item, elements, text)?;
            }
        }
        (Value::String(leaf), _) => escape(leaf, text)?,
        (leaf, _) => text.push_str(&leaf.to_string()),
    }
    text.extend(["</", name, ">"]);
    Ok(())
}

fn open(
    name: &str,
    namespace: Option<&str>,
    value: &Value,
    text: &mut String,
) -> Result<(), String> {
    let first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let rest = |letter: char| first(letter) || letter.is_ascii_digit() || "-.".contains(letter);
    if !name.starts_with(first) || !name.chars().all(rest) {
        return Err(format!("`{name}` is no name of an element"));
    }
    text.push('<');
    text.push_str(name);
    if let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) {
        attribute("xmlns", namespace, text)?;
    }
    if let Some(kind) = value.get(super::TYPE).and_then(Value::as_str) {
        attribute("xmlns:xsi", SCHEMA_INSTANCE, text)?;
        attribute(super::TYPE, kind, text)?;
    }
    text.push('>');
    Ok(())
}

fn attribute(name: &str, value: &str, text: &mut String) -> Result<(), String> {
    text.extend([" ", name, "=\""]);
    escape(value, text)?;
    text.push('"');
    Ok(())
}

/// Escapes what XML takes for its own, and the ends of lines that a reader would change.
fn escape(plain: &str, text: &mut String) -> Result<(), String> {
    for letter in plain.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#xD;"),
            '\n' => text.push_str("&#xA;"),
            '\t' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                text.push(letter);
            }
            _ => return Err(format!("XML has no character U+{:04X}", u32::from(letter))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> Result<String, String> {
        let elements = [("Tags".to_owned(), "Tag".to_owned())].into_iter().collect();
        write("R", "http://n/", value, &elements).map(|body| String::from_utf8(body).unwrap())
    }

    #[test]
    fn values_become_elements() {
        for (value, expected) in [
            (json!({}), ""),
            (json!(""), ""),
            (json!({"A": null, "B": true, "C": 3, "D": ""}), "<B>true</B><C>3</C><D></D>"),
            (
                json!({"Rule": [{"ID": "1"}, {"ID": "2"}], "None": []}),
                "<Rule><ID>1</ID></Rule><Rule><ID>2</ID></Rule>",
            ),
            (json!({"Tags": [{"Key": "k"}]}), "<Tags><Tag><Key>k</Key></Tag></Tags>"),
            (json!({"Tags": []}), "<Tags></Tags>"),
            (json!({"Tags": {"Tag": [{"Key": "k"}]}}), "<Tags><Tag><Key>k</Key></Tag></Tags>"),
            (json!({"A": "<&>\"'\r\n é"}), "<A>&lt;&amp;&gt;&quot;'&#xD;&#xA; é</A>"),
            (
                json!({"Grantee": {"ID": "i", "xsi:type": "Canonical\"User"}}),
                "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xsi:type=\"Canonical&quot;User\"><ID>i</ID></Grantee>",
            ),
        ] {
            let expected = format!("<R xmlns=\"http://n/\">{expected}</R>");
            assert_eq!(written(&value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_an_error() {
        for value in [
            json!([]),
            json!({"A": "\u{1}"}),
            json!({"A": "\u{ffff}"}),
            json!({"A b": "1"}),
            json!({"": "1"}),
            json!({"A><B": "1"}),
            json!({"A": [["1"]]}),
        ] {
            assert!(written(&value).is_err(), "{value}");
        }
    }
}
