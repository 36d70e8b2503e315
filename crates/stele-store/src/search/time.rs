//! Times as people write them.
//!
//! A text such as `2026-11-24 10:00` names not a moment but a stretch of time: the minute. Both
//! are offered: [`instant`] is where it begins, [`interval`] all of it, so that `time:2026-11-24`
//! finds the whole day. The current time is an argument; nothing here reads a clock.

use std::ops::Range;

use chrono::NaiveDate;

const SECOND_MICROS: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;
const DAY_MICROS: i64 = DAY_SECONDS * SECOND_MICROS;

/// A text that names no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {hint}")]
pub struct TimeError {
    /// What is wrong.
    pub message: String,
    /// What can be written instead.
    pub hint: &'static str,
}

/// The moment at which the time that `text` names begins, with UTC where no zone is given; the
/// forms are those of [`instant`].
///
/// # Errors
/// A sentence that says what is wrong and what can be written.
pub fn parse(text: &str, now_micros: i64) -> Result<i64, String> {
    instant(text, now_micros, 0).map_err(|error| error.to_string())
}

/// A zone as people write it (`UTC`, `Z`, `+01:00`, `-0530`), in seconds east of UTC.
///
/// # Errors
/// Where it is none. Names of places are none: they would need a table of their rules.
pub fn zone(text: &str) -> Result<i32, TimeError> {
    let text = text.trim();
    let known = match text {
        "UTC" | "utc" | "Z" | "z" => Some(0),
        _ if text.starts_with(['+', '-']) => split_zone(text, 0).ok().map(|(_, seconds)| seconds),
        _ => None,
    };
    known.ok_or_else(|| TimeError {
        message: format!("`{text}` is no zone"),
        hint: "write `UTC` or how far east of it: `+01:00`",
    })
}

const FORMS: &str = "write `2h` (that long ago), `now-7d`, `today`, `yesterday`, `2026-11-24`, \
                     `2026-11-24 10:00`, `2026-11-24T10:00:00Z` or seconds since 1970";

/// The moment at which the time that `text` names begins, in µs since the epoch.
///
/// Understood are `now`, `now-2h`, `now+5m`, `2h` (two hours ago; units `s`, `m`, `h`, `d`, `w`),
/// `today`, `yesterday`, a date, a date and time of day (with `T` or a space; to the minute, the
/// second or a fraction of it; with or without `Z` or `+01:00`), and the time since the epoch in
/// seconds, milliseconds, microseconds or nanoseconds (told apart by the number of digits). Where
/// no zone is given it is `zone_offset_seconds` east of UTC.
///
/// # Errors
/// Where the text is none of these, or a time that does not exist.
pub fn instant(text: &str, now_micros: i64, zone_offset_seconds: i32) -> Result<i64, TimeError> {
    interval(text, now_micros, zone_offset_seconds).map(|interval| interval.start)
}

/// The time that `text` names, from its first microsecond to the one after its last: a date is a
/// whole day, `10:00` a minute, `10:00:00` a second. The forms are those of [`instant`].
///
/// # Errors
/// As for [`instant`].
pub fn interval(
    text: &str,
    now_micros: i64,
    zone_offset_seconds: i32,
) -> Result<Range<i64>, TimeError> {
    let text = text.trim();
    let zone_micros = i64::from(zone_offset_seconds) * SECOND_MICROS;
    let local_now = now_micros.saturating_add(zone_micros);
    let today = local_now.div_euclid(DAY_MICROS) * DAY_MICROS - zone_micros;
    let known = match text {
        "now" => Some(moment(now_micros)),
        "today" => Some(today..today.saturating_add(DAY_MICROS)),
        "yesterday" => Some(today.saturating_sub(DAY_MICROS)..today),
        _ => relative(text, now_micros).or_else(|| since_epoch(text)),
    };
    match known {
        Some(interval) => Ok(interval),
        None if looks_like_a_date(text) => {
            calendar(text, zone_offset_seconds).map_err(|reason| TimeError {
                message: format!("`{text}` is no time: {reason}"),
                hint: "write `2026-11-24`, `2026-11-24 10:00` or `2026-11-24T10:00:00Z`",
            })
        }
        None => Err(TimeError { message: format!("`{text}` is no time"), hint: FORMS }),
    }
}

/// A stretch of time such as `90s`, `15m`, `2h`, `7d` or `2w`, in microseconds.
pub fn span_micros(text: &str) -> Option<i64> {
    let unit_at = text.char_indices().next_back()?.0;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => DAY_SECONDS,
        "w" => 7 * DAY_SECONDS,
        _ => return None,
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(seconds)?.checked_mul(SECOND_MICROS)
}

fn moment(micros: i64) -> Range<i64> {
    micros..micros.saturating_add(1)
}

fn relative(text: &str, now_micros: i64) -> Option<Range<i64>> {
    let offset = match text.strip_prefix("now") {
        Some(offset) => offset.trim_start(),
        None => return Some(moment(now_micros.checked_sub(span_micros(text)?)?)),
    };
    if let Some(back) = offset.strip_prefix('-') {
        return Some(moment(now_micros.checked_sub(span_micros(back.trim_start())?)?));
    }
    let ahead = span_micros(offset.strip_prefix('+')?.trim_start())?;
    Some(moment(now_micros.checked_add(ahead)?))
}

/// Nine to eleven digits are seconds (1973 to 5138), three more are milliseconds, and so on.
fn since_epoch(text: &str) -> Option<Range<i64>> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    match text.len() {
        9..=11 => {
            let start = number.checked_mul(SECOND_MICROS)?;
            Some(start..start + SECOND_MICROS)
        }
        12..=14 => {
            let start = number.checked_mul(1_000)?;
            Some(start..start + 1_000)
        }
        15..=17 => Some(moment(number)),
        18..=19 => Some(moment(number / 1_000)),
        _ => None,
    }
}

fn looks_like_a_date(text: &str) -> bool {
    text.len() >= 8 && text.is_ascii() && text.as_bytes()[4] == b'-'
}

fn calendar(text: &str, zone_offset_seconds: i32) -> Result<Range<i64>, &'static str> {
    let day = text.get(..10).ok_or("the date is not written as year-month-day")?;
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").map_err(|_| "there is no such day")?;
    let midnight = day.signed_duration_since(NaiveDate::default()).num_days() * DAY_SECONDS;
    let rest = &text[10..];
    let (clock, offset_seconds) = split_zone(rest, zone_offset_seconds)?;
    let midnight = (midnight - i64::from(offset_seconds)) * SECOND_MICROS;
    if clock.is_empty() {
        return match rest {
            "" => Ok(midnight..midnight + DAY_MICROS),
            _ => Err("the time of day is missing"),
        };
    }
    let clock = clock.strip_prefix(['T', 't', ' ', '_']).ok_or("`T` or a space follows the day")?;
    let (of_day, width) = time_of_day(clock)?;
    Ok(midnight + of_day..midnight + of_day + width)
}

/// Splits `Z`, `+01:00` or `+0100` off; the offset is in seconds east of UTC.
fn split_zone(text: &str, default_seconds: i32) -> Result<(&str, i32), &'static str> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Ok((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Ok((text, default_seconds)) };
    let (clock, zone) = text.split_at(at);
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    let number = |text: &str| text.parse::<i32>().ok();
    let wrong = "the zone is written `Z` or `+01:00`";
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong);
    }
    let (hours, minutes) = number(&digits[..2])
        .zip(number(&digits[2..]))
        .filter(|(h, m)| *h < 24 && *m < 60)
        .ok_or(wrong)?;
    let seconds = hours * 3_600 + minutes * 60;
    Ok((clock.trim_end(), if zone.starts_with('-') { -seconds } else { seconds }))
}

/// The microseconds since midnight, and how many the text stands for.
fn time_of_day(clock: &str) -> Result<(i64, i64), &'static str> {
    let wrong = "the time of day is written `10:00`, `10:00:00` or `10:00:00.000`";
    let (whole, fraction) = clock.split_once('.').map_or((clock, None), |(w, f)| (w, Some(f)));
    let parts: Vec<&str> = whole.split(':').collect();
    let two_digits = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(two_digits) {
        return Err(wrong);
    }
    let numbers: Vec<i64> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let (hour, minute, second) = (numbers[0], numbers[1], numbers.get(2).copied());
    // RFC 3339, section 5.6: a leap second is written `60`.
    if hour > 23 || minute > 59 || second.is_some_and(|second| second > 60) {
        return Err("there is no such time of day");
    }
    let seconds = hour * 3_600 + minute * 60 + second.unwrap_or(0);
    let Some(fraction) = fraction else {
        let width = if second.is_some() { SECOND_MICROS } else { 60 * SECOND_MICROS };
        return Ok((seconds * SECOND_MICROS, width));
    };
    let digits = fraction.len();
    if second.is_none()
        || !(1..=9).contains(&digits)
        || !fraction.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(wrong);
    }
    let micros = format!("{fraction:0<6}")[..6].parse::<i64>().map_err(|_| wrong)?;
    let width = 10_i64.pow(6_u32.saturating_sub(digits as u32));
    Ok((seconds * SECOND_MICROS + micros, width))
}

#[cfg(test)]
mod tests;
