//! Readers for the values that many formats share. None of them fails loudly: what is not such a
//! value is `None`.

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// The value, unless it is the dash that stands for "none".
pub fn not_dash(value: &str) -> Option<&str> {
    (!value.is_empty() && value != "-").then_some(value)
}

/// An IP address in canonical form. Strict: leading zeros and zones are refused.
pub fn ip(value: &str) -> Option<String> {
    value.parse::<IpAddr>().ok().map(|ip| ip.to_canonical().to_string())
}

/// RFC 3339 to µs since the epoch; the common `YYYY-MM-DDTHH:MM:SS[.f]Z` without detours.
pub fn rfc3339_micros(value: &str) -> Option<i64> {
    let bytes = value.as_bytes();
    let plain = bytes.len() >= 20 && bytes[10] == b'T' && bytes.ends_with(b"Z");
    if !plain {
        return DateTime::parse_from_rfc3339(value).ok().map(|t| t.timestamp_micros());
    }
    let seconds = plain_seconds(bytes)?;
    let fraction = &value[19..value.len() - 1];
    let micros = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        None => return None,
        Some(digits) => fraction_micros(digits)?,
    };
    Some(seconds * 1_000_000 + micros)
}

/// ISO 8601 without a zone (`2026-11-24T10:00:00.123`), taken as being so many seconds east of
/// UTC.
pub fn naive_iso_micros(value: &str, zone_offset_seconds: i32) -> Option<i64> {
    let time = NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M:%S%.f"))
        .ok()?;
    Some(time.and_utc().timestamp_micros() - i64::from(zone_offset_seconds) * 1_000_000)
}

/// A number since the epoch, in the unit that its size tells: seconds, ms, µs or ns.
pub fn epoch_micros(value: f64) -> Option<i64> {
    let micros = match value.abs() {
        v if v < 1e8 => return None,
        v if v < 1e11 => value * 1e6,
        v if v < 1e14 => value * 1e3,
        v if v < 1e17 => value,
        v if v < 1e20 => value / 1e3,
        _ => return None,
    };
    Some(micros as i64)
}

fn fraction_micros(digits: &str) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut micros = 0;
    for index in 0..6 {
        micros = micros * 10 + digits.as_bytes().get(index).map_or(0, |b| i64::from(b - b'0'));
    }
    Some(micros)
}

fn plain_seconds(bytes: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<u32> {
        bytes[from..to].iter().try_fold(0u32, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
        })
    };
    let dashes = bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':' && bytes[16] == b':';
    if !dashes {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(0, 4)? as i32, number(5, 7)?, number(8, 10)?)?;
    let time = date.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?.min(59))?;
    Some(time.and_utc().timestamp())
}

/// A JSON document's text at a dotted path of object keys, as text.
pub fn json_text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
