//! Readers for the values that many formats share. None of them fails loudly: what is not such a
//! value is `None`.

use std::borrow::Cow;
use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// The value, unless it is the dash that stands for "none".
pub fn not_dash(value: &str) -> Option<&str> {
    (!value.is_empty() && value != "-").then_some(value)
}

/// An IP address in canonical form (RFC 5952; IPv4 where it is mapped into IPv6). Strict: leading
/// zeros and zones are refused.
pub fn ip(value: &str) -> Option<String> {
    ip_text(value).map(Cow::into_owned)
}

/// As [`ip`], without a copy where the value is canonical already.
pub fn ip_text(value: &str) -> Option<Cow<'_, str>> {
    // No address begins otherwise; names are many, and so told quickly.
    let first = value.as_bytes().first()?;
    if !(first.is_ascii_hexdigit() || *first == b':') {
        return None;
    }
    match value.parse::<IpAddr>().ok()? {
        // The only text that is accepted for it is its canonical one.
        IpAddr::V4(_) => Some(Cow::Borrowed(value)),
        IpAddr::V6(ip) => Some(Cow::Owned(ip.to_canonical().to_string())),
    }
}

/// RFC 3339 to µs since the epoch; the common `YYYY-MM-DDTHH:MM:SS[.f]Z` without detours. What is
/// finer than a µs is dropped; a leap second is the second before it.
pub fn rfc3339_micros(value: &str) -> Option<i64> {
    let bytes = value.as_bytes();
    let plain = bytes.len() >= 20 && bytes[10] == b'T' && bytes.ends_with(b"Z");
    if !plain {
        return DateTime::parse_from_rfc3339(value).ok().map(|t| t.timestamp_micros());
    }
    let seconds = plain_seconds(bytes)?;
    let micros = match &bytes[19..bytes.len() - 1] {
        [] => 0,
        [b'.', digits @ ..] => fraction_micros(digits)?,
        _ => return None,
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

/// Whole seconds since the epoch, as text, to µs.
pub fn epoch_seconds_micros(value: &str) -> Option<i64> {
    value.parse::<i64>().ok()?.checked_mul(1_000_000)
}

fn fraction_micros(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |index: usize| digits.get(index).map_or(0, |byte| i64::from(byte - b'0'));
    Some((0..6).fold(0, |micros, index| micros * 10 + digit(index)))
}

fn plain_seconds(bytes: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<u32> {
        bytes[from..to]
            .iter()
            .try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    };
    let dashes = bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':' && bytes[16] == b':';
    if !dashes {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(0, 4)? as i32, number(5, 7)?, number(8, 10)?)?;
    let second = match number(17, 19)? {
        60 => 59,
        second => second,
    };
    let time = date.and_hms_opt(number(11, 13)?, number(14, 16)?, second)?;
    Some(time.and_utc().timestamp())
}

#[cfg(test)]
mod tests;
