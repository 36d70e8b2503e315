//! Reading AWS's answers into types: XML holds only text, and times come in several forms.

use serde::de::{Deserialize, Deserializer};
use serde_json::Value;

/// `true`, or `"true"` as XML has it.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(value) => value,
        Value::String(text) => text == "true",
        _ => false,
    })
}

/// A whole number, or its text.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

/// A list; empty XML elements read as empty text.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::String(text) if text.trim().is_empty() => Ok(Vec::new()),
        value => serde_json::from_value(value).map_err(serde::de::Error::custom),
    }
}

/// Seconds since 1970 as a number, or RFC 3339; in microseconds.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    const MICROS: f64 = 1_000_000.0;
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_f64().map(|seconds| (seconds * MICROS) as i64),
        Value::String(text) => {
            chrono::DateTime::parse_from_rfc3339(&text).ok().map(|time| time.timestamp_micros())
        }
        _ => None,
    })
}

/// Milliseconds since 1970, as CloudWatch Logs has them; in microseconds.
pub(crate) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_i64().map(|millis| millis.saturating_mul(1_000)))
}
