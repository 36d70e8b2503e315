//! Times as they stand at the beginning of lines: ISO 8601 as loggers vary it, and that of RFC
//! 3164, with what equipment adds to it.
//!
//! Text flows in; out flows a [`Stamp`] and how many bytes it took. Only what can be read in one
//! way is read: the order of day and month is never guessed.

use chrono::{DateTime, Datelike, NaiveDate};
use stele_event::{Column, RowWriter};

use crate::format::MapContext;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A year without a leap day may be followed by seven more (1897 to 1903).
const YEARS_BACK_MAX: i32 = 8;

/// What a text says about a time; µs since the epoch where it says enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// The zone is known.
    Exact(i64),
    /// Taken as UTC, for the text names no zone.
    NoZone(i64),
    /// RFC 3164: no year, and a zone only with equipment that adds it.
    NoYear { month: u32, day: u32, micros_of_day: i64, is_utc: bool },
}

impl Stamp {
    /// The same time, where it turns out to be UTC.
    pub(super) fn in_utc(self) -> Self {
        match self {
            Self::NoZone(micros) => Self::Exact(micros),
            Self::NoYear { month, day, micros_of_day, .. } => {
                Self::NoYear { month, day, micros_of_day, is_utc: true }
            }
            Self::Exact(_) => self,
        }
    }
}

/// What is known where a stamp says too little.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    received_micros: i64,
    zone_offset_seconds: i32,
}

impl Clock {
    pub(super) fn of(context: &MapContext<'_>) -> Self {
        Self {
            received_micros: context.received_micros,
            zone_offset_seconds: context.zone_offset_seconds,
        }
    }

    /// Sets the time and how far it can be trusted.
    pub(super) fn set(self, stamp: Stamp, row: &mut RowWriter<'_>) {
        let zone_micros = i64::from(self.zone_offset_seconds) * SECOND;
        let (time, quality) = match stamp {
            Stamp::Exact(micros) => (Some(micros), None),
            Stamp::NoZone(micros) => (Some(micros - zone_micros), Some("no-zone")),
            Stamp::NoYear { month, day, micros_of_day, is_utc } => {
                let zone_micros = if is_utc { 0 } else { zone_micros };
                let at = |year: i32| {
                    let date = NaiveDate::from_ymd_opt(year, month, day)?;
                    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros();
                    Some(midnight + micros_of_day - zone_micros)
                };
                let received = DateTime::from_timestamp_micros(self.received_micros);
                let year = received.map_or(1970, |time| time.year());
                // A day ahead is a clock that is off; more than that is last year's line.
                let latest = self.received_micros.saturating_add(DAY);
                let years = (year - YEARS_BACK_MAX..=year + 1).rev();
                (years.filter_map(at).find(|time| *time <= latest), Some("year-guessed"))
            }
        };
        if let Some(time) = time {
            row.set_time(Column::Time, time);
            if let Some(quality) = quality {
                row.set_text(Column::TimeQuality, quality);
            }
        }
    }
}

/// `2026-11-24T10:00:00.123+01:00`, with a blank for the `T`, a comma for the point, slashes for
/// the dashes, and ` UTC`, ` +0100`, `+01` or nothing for the zone.
pub(super) fn iso(text: &str) -> Option<(Stamp, usize)> {
    let bytes = text.as_bytes();
    let [y1, y2, y3, y4, dash, m1, m2, second_dash, d1, d2, between, ..] = *bytes else {
        return None;
    };
    let shape = dash == second_dash && matches!(dash, b'-' | b'/');
    if !shape || !matches!(between, b'T' | b't' | b' ') {
        return None;
    }
    let year = number(&[y1, y2, y3, y4])?;
    let (month, day) = (number(&[m1, m2])?, number(&[d1, d2])?);
    let (micros_of_day, length) = clock(&bytes[11..])?;
    let date = NaiveDate::from_ymd_opt(year as i32, month, day)?;
    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros();
    let end = 11 + length;
    let (offset_seconds, zone_length) = zone(&bytes[end..]);
    let end = end + zone_length;
    if bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80) {
        return None;
    }
    let local = midnight + micros_of_day;
    let stamp = match offset_seconds {
        Some(offset) => Stamp::Exact(local - i64::from(offset) * SECOND),
        None => Stamp::NoZone(local),
    };
    Some((stamp, end))
}

/// `Nov  2 10:00:00` (RFC 3164, section 4.1.2), also with a fraction of the second, and with the
/// year before it or between the day and the time.
pub(super) fn bsd(text: &str) -> Option<(Stamp, usize)> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut year = None;
    let mut rest = text;
    if let Some((number, after)) = year_word(rest) {
        (year, rest) = (Some(number), after);
    }
    let month = MONTHS.iter().position(|name| rest.starts_with(name))? as u32 + 1;
    rest = rest[3..].strip_prefix(' ')?.trim_start_matches(' ');
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let day = number(rest.as_bytes().get(..digits).filter(|d| d.len() <= 2)?)?;
    rest = rest[digits..].strip_prefix(' ')?;
    if let Some((number, after)) = year_word(rest).filter(|_| year.is_none()) {
        (year, rest) = (Some(number), after);
    }
    let (micros_of_day, length) = clock(rest.as_bytes())?;
    let end = text.len() - rest.len() + length;
    if text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    // The last leap day of all is good enough to tell a day that there is from one that is not.
    let date = NaiveDate::from_ymd_opt(year.unwrap_or(2_000), month, day)?;
    let stamp = match year {
        Some(_) => {
            let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros();
            Stamp::NoZone(midnight + micros_of_day)
        }
        None => Stamp::NoYear { month, day, micros_of_day, is_utc: false },
    };
    Some((stamp, end))
}

/// Four digits and a blank.
fn year_word(text: &str) -> Option<(i32, &str)> {
    let year = number(text.as_bytes().get(..4)?)?;
    let rest = text.get(4..)?.strip_prefix(' ')?;
    Some((year as i32, rest.trim_start_matches(' ')))
}

/// `hh:mm:ss[.f]` to µs of the day, and its length. What is finer than a µs is dropped; a leap
/// second is the second before it.
fn clock(bytes: &[u8]) -> Option<(i64, usize)> {
    let [h1, h2, b':', m1, m2, b':', s1, s2, ref rest @ ..] = *bytes else { return None };
    let (hour, minute) = (number(&[h1, h2])?, number(&[m1, m2])?);
    let second = match number(&[s1, s2])? {
        60 => 59,
        second => second,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let whole = i64::from(hour * 3_600 + minute * 60 + second) * SECOND;
    let [b'.' | b',', ref fraction @ ..] = *rest else { return Some((whole, 8)) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 12 {
        return Some((whole, 8));
    }
    let digit = |index: usize| if index < digits { i64::from(fraction[index] - b'0') } else { 0 };
    let micros = (0..6).fold(0, |micros, index| micros * 10 + digit(index));
    Some((whole + micros, 9 + digits))
}

/// A zone in seconds east of UTC, and its length; none and 0 where there is none.
fn zone(bytes: &[u8]) -> (Option<i32>, usize) {
    let word = |word: &[u8]| {
        bytes.starts_with(word) && !bytes.get(word.len()).is_some_and(u8::is_ascii_alphanumeric)
    };
    for utc in [&b"Z"[..], b"z", b" Z", b" UTC", b" GMT", b"UTC", b"GMT"] {
        if word(utc) {
            return (Some(0), utc.len());
        }
    }
    let blank = usize::from(bytes.first() == Some(&b' '));
    let sign = match bytes.get(blank) {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return (None, 0),
    };
    let offset = |hours: &[u8], minutes: &[u8]| {
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (hours <= 18 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60) as i32)
    };
    let (found, length) = match bytes[blank + 1..] {
        [h1, h2, b':', m1, m2, ..] => (offset(&[h1, h2], &[m1, m2]), 6),
        [h1, h2, m1, m2, ..] if m1.is_ascii_digit() => (offset(&[h1, h2], &[m1, m2]), 5),
        // Behind a blank, two digits are as likely something else.
        [h1, h2, ..] if blank == 0 => (offset(&[h1, h2], b"0"), 3),
        _ => (None, 0),
    };
    let ends = !bytes.get(blank + length).is_some_and(u8::is_ascii_alphanumeric);
    match found.filter(|_| ends) {
        Some(offset) => (Some(offset), blank + length),
        None => (None, 0),
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests;
