//! Times as the log formats write them. Times come in as microseconds since the epoch, UTC.

use chrono::{DateTime, Utc};

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;

fn date(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// `2026-01-05T09:30:00Z`, as CloudTrail writes it.
pub fn rfc3339_seconds(micros: i64) -> String {
    date(micros).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-01-05T09:30:00.123456Z` (RFC 5424, section 6.2.3).
pub fn rfc3339_micros(micros: i64) -> String {
    date(micros).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// `2026-01-05T09:30:00.123456`: Python's `isoformat` of a time without a zone.
pub fn naive_iso(micros: i64) -> String {
    let whole = micros.rem_euclid(SECOND) == 0;
    let pattern = if whole { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
    date(micros).format(pattern).to_string()
}

/// `Jan  5 09:30:00` (RFC 3164, section 4.1.2).
pub fn rfc3164(micros: i64) -> String {
    date(micros).format("%b %e %H:%M:%S").to_string()
}

/// A time by a pattern of `strftime`.
pub fn by_pattern(micros: i64, pattern: &str) -> String {
    date(micros).format(pattern).to_string()
}
