//! Times as people write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Reads a time: RFC 3339, `2026-11-24`, `2026-11-24 10:00[:00]` (UTC), `now`, `today`,
/// `yesterday`, `now-2h`, or a span of time before now (`15m`, `2h`, `7d`).
///
/// # Errors
/// A sentence that says what is understood.
pub fn parse(text: &str, now_micros: i64) -> Result<i64, String> {
    const DAY_MICROS: i64 = 86_400_000_000;
    let text = text.trim();
    let today = now_micros.div_euclid(DAY_MICROS) * DAY_MICROS;
    match text {
        "now" => return Ok(now_micros),
        "today" => return Ok(today),
        "yesterday" => return Ok(today - DAY_MICROS),
        _ => {}
    }
    if let Some(back) = span_micros(text.strip_prefix("now-").unwrap_or(text)) {
        return Ok(now_micros.saturating_sub(back));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_micros());
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(time.and_utc().timestamp_micros());
        }
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        && let Some(midnight) = date.and_hms_opt(0, 0, 0)
    {
        return Ok(midnight.and_utc().timestamp_micros());
    }
    Err(format!(
        "`{text}` is no time; write `2h`, `7d`, `today`, `2026-11-24`, `2026-11-24 10:00` (UTC) or \
         `2026-11-24T10:00:00Z`"
    ))
}

/// A span such as `90s`, `15m`, `2h`, `7d`, `2w`, in microseconds.
pub fn span_micros(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    number.checked_mul(seconds)?.checked_mul(1_000_000)
}
