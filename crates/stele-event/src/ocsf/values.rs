//! Whether a value is what a type of the OCSF schema holds, and how it is written there.
//!
//! The conditions are those of the data types in OCSF 1.8.0's dictionary (its regular expressions,
//! written out), in part stricter: a hostname has no blanks, an address is one that can be parsed.
//! Texts are never empty, and no value holds null.

use std::net::IpAddr;

use serde_json::Value;

use super::schema::Kind;

/// JSON nested deeper than this is kept as text: readers have limits, and a document nests further.
pub(super) const DEPTH_MAX: usize = 64;

/// The value as the type has it, or none if it is not of the type.
pub(super) fn fit(kind: Kind, value: &Value) -> Option<Value> {
    match (kind, value) {
        (Kind::Boolean, Value::Bool(_)) | (Kind::Float, Value::Number(_)) => Some(value.clone()),
        (Kind::Integer | Kind::Timestamp, Value::Number(number)) => {
            number.as_i64().map(Value::from)
        }
        (Kind::Port, Value::Number(number)) => {
            number.as_i64().filter(|port| (0..=0xFFFF).contains(port)).map(Value::from)
        }
        (Kind::Json, Value::Null) => None,
        (Kind::Json, _) | (Kind::Free, Value::Object(_)) => {
            let value = without_nulls(value.clone())?;
            (depth(&value) <= DEPTH_MAX).then_some(value)
        }
        (_, Value::String(text)) => fit_text(kind, text).map(Value::from),
        _ => None,
    }
}

fn fit_text(kind: Kind, text: &str) -> Option<String> {
    let fits = match kind {
        Kind::Ip => return text.parse::<IpAddr>().ok().map(|ip| ip.to_string()),
        Kind::Hostname => return hostname(text).map(str::to_owned),
        Kind::Text => !text.is_empty(),
        Kind::Base64 => is_base64(text),
        Kind::Datetime => is_datetime(text),
        Kind::Email => is_email(text),
        Kind::Mac => is_mac(text),
        Kind::Subnet => is_subnet(text),
        Kind::Uuid => is_uuid(text),
        _ => false,
    };
    fits.then(|| text.to_owned())
}

/// A name of a host without the dot at its end.
fn hostname(text: &str) -> Option<&str> {
    const BYTES_MAX: usize = 253;
    let name = text.strip_suffix('.').unwrap_or(text);
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = !name.starts_with('.') && !name.ends_with('.');
    (!name.is_empty() && name.len() <= BYTES_MAX && ends && name.chars().all(fits)).then_some(name)
}

/// RFC 4648, with padding, in either alphabet.
fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let all = |others: [u8; 2]| {
        data.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
    };
    let padding = text.len() - data.len();
    text.len().is_multiple_of(4) && padding <= 2 && (all(*b"+/") || all(*b"-_"))
}

/// RFC 3339, whose offset OCSF lets be absent.
fn is_datetime(text: &str) -> bool {
    const TEMPLATE: &[u8] = b"0000-00-00T00:00:00";
    let bytes = text.as_bytes();
    let Some((stamp, mut rest)) = bytes.split_at_checked(TEMPLATE.len()) else { return false };
    let plain = stamp.iter().zip(TEMPLATE).all(|(byte, wanted)| match wanted {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't'),
        other => byte == other,
    });
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    }
    let digits = |all: [&u8; 4]| all.iter().all(|byte| byte.is_ascii_digit());
    plain
        && match rest {
            [] | [b'Z' | b'z'] => true,
            [b'+' | b'-', a, b, b':', c, d] => digits([a, b, c, d]),
            _ => false,
        }
}

fn is_email(text: &str) -> bool {
    let local_part =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-./=?^_`{|}~".contains(&byte);
    let label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let Some((local, domain)) = text.split_once('@') else { return false };
    let Some((host, rest)) = domain.split_once('.') else { return false };
    !local.is_empty()
        && local.bytes().all(local_part)
        && !host.is_empty()
        && host.bytes().all(label)
        && !rest.is_empty()
        && rest.bytes().all(|byte| label(byte) || byte == b'.')
}

fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.bytes().enumerate().all(|(at, byte)| match at % 3 {
            2 => matches!(byte, b':' | b'-'),
            _ => byte.is_ascii_hexdigit(),
        })
}

/// ADDRESS/LENGTH.
fn is_subnet(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let bits = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    text.len() <= 42 && length.len() <= 3 && length.parse::<u8>().is_ok_and(|length| length <= bits)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The value without the nulls in it; none if it is null itself.
pub(super) fn without_nulls(value: Value) -> Option<Value> {
    Some(match value {
        Value::Null => return None,
        Value::Array(items) => items.into_iter().filter_map(without_nulls).collect(),
        Value::Object(members) => members
            .into_iter()
            .filter_map(|(name, value)| Some((name, without_nulls(value)?)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    })
}

/// How deeply arrays and objects are nested.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A time as OCSF's `*_dt` attributes have it, to the microsecond; none outside of the years 0 to
/// 9999, which RFC 3339 cannot write.
pub(super) fn datetime(micros: i64) -> Option<String> {
    const DAY_SECONDS: i64 = 86_400;
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (days, of_day) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    let (year, month, day) = civil(days);
    (0..=9_999).contains(&year).then(|| {
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    })
}

/// Year, month and day of a day since the epoch in the Gregorian calendar (H. Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
