//! Syslog: RFC 5424, RFC 3164, and what rsyslog and journald write into files.
//!
//! RFC 3164 times have neither year nor zone: the year is the one that puts the event nearest
//! before its receipt, and `time_quality` says so. `sshd` lines become OCSF Authentication; the
//! user's name in them is the attacker's text, so the line is read from its right end.

mod sshd;

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value};
use stele_event::{Column, RowWriter};

use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::lines::LineSplitter;
use crate::values;

/// The format; see the module.
#[derive(Debug)]
pub struct Syslog;

impl Format for Syslog {
    fn id(&self) -> &'static str {
        "syslog"
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "syslog lines (RFC 5424, RFC 3164, rsyslog files), sshd understood"
    }

    fn detect(&self, _hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let head = String::from_utf8_lossy(&head[..head.len().min(8_192)]);
        let lines: Vec<&str> = head.lines().filter(|l| !l.is_empty()).take(10).collect();
        let like = lines.iter().filter(|line| parse(line).is_some()).count();
        Confidence(if like > 0 && like * 10 >= lines.len() * 8 { 75 } else { 0 })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(LineSplitter::new(record_bytes_max))
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(SyslogMapper {
            received_micros: context.received_micros,
            zone_offset_seconds: context.zone_offset_seconds,
        })
    }
}

struct SyslogMapper {
    received_micros: i64,
    zone_offset_seconds: i32,
}

impl Mapper for SyslogMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let text = String::from_utf8_lossy(record);
        let Some(line) = parse(&text) else {
            return Mapped::Failed("neither a priority nor a syslog time stands in front".into());
        };
        row.set_int32(Column::SeverityId, line.priority.map_or(0, |p| severity(p % 8)));
        row.set_text_opt(Column::HostName, line.host);
        row.set_text_opt(Column::ProcessName, line.program);
        row.set_text(Column::Message, line.message);
        self.set_time(&line, row);
        let mut rest = Map::new();
        if let Some(priority) = line.priority {
            rest.insert("facility".into(), (priority / 8).into());
        }
        for (name, value) in [
            ("procid", line.process_id),
            ("msgid", line.message_id),
            ("structured_data", line.structured_data),
        ] {
            if let Some(value) = value {
                rest.insert(name.into(), Value::from(value));
            }
        }
        if !rest.is_empty() {
            row.set_text(Column::Unmapped, &Value::Object(rest).to_string());
        }
        if line.program.is_some_and(|p| p == "sshd" || p == "sshd-session") {
            sshd::map(line.message, row);
        }
        Mapped::Ok
    }
}

impl SyslogMapper {
    fn set_time(&self, line: &Line<'_>, row: &mut RowWriter<'_>) {
        match line.stamp {
            Stamp::Full(micros) => row.set_time(Column::Time, micros),
            Stamp::Yearless { month, day, second_of_day } => {
                let zone_micros = i64::from(self.zone_offset_seconds) * 1_000_000;
                let received = chrono::DateTime::from_timestamp_micros(self.received_micros);
                let year = received.map_or(1970, |t| t.year());
                // A day ahead is a clock that is off; more than that is last year's line.
                let latest = self.received_micros + 86_400_000_000;
                let at = |year: i32| {
                    let date = NaiveDate::from_ymd_opt(year, month, day)?;
                    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros();
                    Some(midnight + second_of_day * 1_000_000 - zone_micros)
                };
                let time = (year - 4..=year + 1).rev().filter_map(at).find(|t| *t <= latest);
                if let Some(time) = time {
                    row.set_time(Column::Time, time);
                    row.set_text(Column::TimeQuality, "year-guessed");
                }
            }
            Stamp::None => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stamp {
    Full(i64),
    Yearless { month: u32, day: u32, second_of_day: i64 },
    None,
}

/// The parts of a line.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    priority: Option<i64>,
    stamp: Stamp,
    host: Option<&'a str>,
    program: Option<&'a str>,
    process_id: Option<&'a str>,
    message_id: Option<&'a str>,
    structured_data: Option<&'a str>,
    message: &'a str,
}

fn parse(text: &str) -> Option<Line<'_>> {
    let (priority, rest) = match priority(text) {
        Some((priority, rest)) => (Some(priority), rest),
        None => (None, text),
    };
    if let Some(rest) = rest.strip_prefix("1 ").filter(|_| priority.is_some())
        && let Some(line) = rfc5424(priority, rest)
    {
        return Some(line);
    }
    let (stamp, rest) = match rfc3164_stamp(rest).or_else(|| iso_stamp(rest)) {
        Some((stamp, rest)) => (stamp, rest),
        None if priority.is_some() => (Stamp::None, rest),
        None => return None,
    };
    let (host, rest) = match rest.split_once(' ') {
        // The host may be missing: then the first word is the program's tag.
        Some((word, after))
            if stamp != Stamp::None && !word.ends_with(':') && !word.contains('[') =>
        {
            (Some(word), after)
        }
        _ => (None, rest),
    };
    let (program, process_id, message) = tag(rest);
    Some(Line {
        priority,
        stamp,
        host,
        program,
        process_id,
        message_id: None,
        structured_data: None,
        message,
    })
}

fn priority(text: &str) -> Option<(i64, &str)> {
    let (digits, rest) = text.strip_prefix('<')?.split_once('>')?;
    let value: i64 = digits.parse().ok()?;
    (digits.len() <= 3 && value <= 191).then_some((value, rest))
}

/// RFC 5424, section 6, after the version.
fn rfc5424(priority: Option<i64>, rest: &str) -> Option<Line<'_>> {
    let mut words = rest.splitn(6, ' ');
    let stamp = words.next()?;
    let (host, program) = (words.next()?, words.next()?);
    let (process_id, message_id, rest) = (words.next()?, words.next()?, words.next()?);
    let stamp = match stamp {
        "-" => Stamp::None,
        stamp => Stamp::Full(values::rfc3339_micros(stamp)?),
    };
    let end = structured_data_end(rest)?;
    let structured_data = values::not_dash(&rest[..end]);
    let message = rest[end..].strip_prefix(' ').unwrap_or(&rest[end..]);
    Some(Line {
        priority,
        stamp,
        host: values::not_dash(host),
        program: values::not_dash(program),
        process_id: values::not_dash(process_id),
        message_id: values::not_dash(message_id),
        structured_data,
        message: message.strip_prefix('\u{feff}').unwrap_or(message),
    })
}

/// Where the structured data ends (RFC 5424, section 6.3): `\]` and `\"` inside values are text.
fn structured_data_end(text: &str) -> Option<usize> {
    if text.starts_with('-') {
        return Some(1);
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while bytes.get(at) == Some(&b'[') {
        let mut quoted = false;
        loop {
            at += 1;
            match bytes.get(at)? {
                b'\\' if quoted => at += 1,
                b'"' => quoted = !quoted,
                b']' if !quoted => break,
                _ => {}
            }
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// `Mmm dd hh:mm:ss ` (RFC 3164, section 4.1.2).
fn rfc3164_stamp(text: &str) -> Option<(Stamp, &str)> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (name, rest) = text.split_once(' ')?;
    let month = MONTHS.iter().position(|m| *m == name)? as u32 + 1;
    let (day, rest) = rest.trim_start().split_once(' ')?;
    let day: u32 = day.parse().ok().filter(|d| (1..=31).contains(d))?;
    let (clock, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut parts = clock.trim_end_matches(':').splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let sound = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..61).contains(&second);
    let second_of_day = hour * 3_600 + minute * 60 + second;
    sound.then_some((Stamp::Yearless { month, day, second_of_day }, rest))
}

fn iso_stamp(text: &str) -> Option<(Stamp, &str)> {
    let (word, rest) = text.split_once(' ')?;
    Some((Stamp::Full(values::rfc3339_micros(word)?), rest))
}

/// `program[123]: message`.
fn tag(text: &str) -> (Option<&str>, Option<&str>, &str) {
    let Some((tag, message)) = text.split_once(": ").or(text.strip_suffix(':').map(|t| (t, "")))
    else {
        return (None, None, text);
    };
    if tag.is_empty() || tag.len() > 128 || tag.contains(' ') {
        return (None, None, text);
    }
    match tag.strip_suffix(']').and_then(|t| t.split_once('[')) {
        Some((program, id)) => (Some(program), Some(id), message),
        None => (Some(tag), None, message),
    }
}

/// RFC 5424 severities as OCSF's: emergency is fatal, alert and critical are critical.
fn severity(level: i64) -> i32 {
    match level {
        0 => 6,
        1 | 2 => 5,
        3 => 4,
        4 => 3,
        5 => 2,
        _ => 1,
    }
}
