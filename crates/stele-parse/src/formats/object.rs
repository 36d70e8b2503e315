//! One JSON object, read so that no single member can hide the others.
//!
//! Whoever can put half a surrogate pair, a number beyond all range or very deep nesting into one
//! field must not thereby make the event unreadable. So a record that serde_json refuses is read
//! again with such text replaced, and then member by member, leaving out those that cannot be read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What could be read of an object.
#[derive(Debug)]
pub(super) struct Object {
    /// Its members; of those with the same name the last.
    pub(super) members: Map<String, Value>,
    /// Why that is not all of it, or not exactly.
    pub(super) problem: Option<String>,
}

/// Reads the object that a record is, or says why it is none.
pub(super) fn read(record: &[u8]) -> Result<Object, String> {
    let error = match serde_json::from_slice(record) {
        Ok(Value::Object(members)) => return Ok(Object { members, problem: None }),
        Ok(other) => return Err(format!("a JSON object is wanted, this is {}", kind(&other))),
        Err(error) => error,
    };
    let problem = format!("not JSON as it should be: {error}");
    let json = without_half_pairs(&String::from_utf8_lossy(record));
    if let Ok(Value::Object(members)) = serde_json::from_str(&json) {
        return Ok(Object { members, problem: Some(problem) });
    }
    let Some(raw_members) = raw_members(&json) else { return Err(format!("not JSON: {error}")) };
    let mut members = Map::new();
    for (name, value) in raw_members {
        match serde_json::from_str(value.get()) {
            Ok(value) => members.insert(name, value),
            Err(_) => members.remove(&name),
        };
    }
    Ok(Object { members, problem: Some(problem) })
}

/// A text, or a number or flag as text.
pub(super) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The members of an object, their values not yet read. serde_json goes through them without
/// recursion.
fn raw_members(json: &str) -> Option<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let members = deserializer.deserialize_map(Members).ok()?;
    deserializer.end().ok()?;
    Some(members)
}

/// Puts U+FFFD where an escape is half of a surrogate pair, which no text can hold.
fn without_half_pairs(json: &str) -> String {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let low = |text: &str| unit(text).is_some_and(|unit| (0xDC00..0xE000).contains(&unit));
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let (keep, length) = match unit(rest) {
            Some(0xD800..0xDC00) if rest.get(6..).is_some_and(low) => (true, 12),
            Some(0xD800..0xE000) => (false, 6),
            Some(_) => (true, 6),
            None => (true, 1 + rest[1..].chars().next().map_or(0, char::len_utf8)),
        };
        mended.push_str(if keep { &rest[..length] } else { "\\ufffd" });
        rest = &rest[length..];
    }
    mended + rest
}

#[cfg(test)]
mod tests;
