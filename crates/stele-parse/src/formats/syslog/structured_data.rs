//! Structured data of RFC 5424, section 6.3: `[id name="value" ...]`, any number of them.

use serde_json::{Map, Value};

/// The elements by their ids, none for `-`, and the offset after them; `None` where the text does
/// not keep to the RFC. Of a name that comes twice in an element, the values make a list.
pub(super) fn parse(text: &str) -> Option<(Option<Map<String, Value>>, usize)> {
    if let Some(rest) = text.strip_prefix('-') {
        return (rest.is_empty() || rest.starts_with(' ')).then_some((None, 1));
    }
    let mut elements = Map::new();
    let mut rest = text;
    while let Some(inside) = rest.strip_prefix('[') {
        let (id, parameters, after) = element(inside)?;
        match elements.get_mut(id) {
            // The RFC forbids it, but nothing shall be lost by it.
            Some(Value::Object(known)) => known.extend(parameters),
            _ => {
                elements.insert(id.to_owned(), Value::Object(parameters));
            }
        }
        rest = after;
    }
    let end = text.len() - rest.len();
    (end > 0).then_some((Some(elements), end))
}

/// One element without its opening bracket: its id, its parameters, and what follows it.
fn element(text: &str) -> Option<(&str, Map<String, Value>, &str)> {
    let (id, mut rest) = text.split_at(text.find([' ', ']'])?);
    if !is_name(id) {
        return None;
    }
    let mut parameters = Map::new();
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix(']') {
            return Some((id, parameters, after));
        }
        let (name, quoted) = rest.split_once("=\"").filter(|(name, _)| is_name(name))?;
        let (value, after) = value(quoted)?;
        match parameters.get_mut(name) {
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
            None => {
                parameters.insert(name.to_owned(), value.into());
            }
        }
        rest = after;
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| !matches!(byte, 0..=32 | b'=' | b'"' | b'[' | b']'))
}

/// A value up to its closing quote, without its escapes, and what follows it. A backslash before
/// another character than `"`, `\` and `]` stands for itself (section 6.3.3).
fn value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        value.push_str(&rest[..at]);
        if let Some(after) = rest[at..].strip_prefix('"') {
            return Some((value, after));
        }
        let after = &rest[at + 1..];
        if let escaped @ ('"' | '\\' | ']') = after.chars().next()? {
            value.push(escaped);
            rest = &after[1..];
        } else {
            value.push('\\');
            rest = after;
        }
    }
}
