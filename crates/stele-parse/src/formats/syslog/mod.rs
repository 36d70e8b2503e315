//! Syslog: RFC 5424, RFC 3164, what rsyslog and macOS write into files, and what Cisco's equipment
//! sends.
//!
//! RFC 3164 times have neither year nor zone: the year is the last that does not put the event more
//! than a day ahead of its receipt, and `time_quality` says so. `sshd` lines become OCSF
//! Authentication and SSH Activity, `su` and `sudo` sessions Authentication. Whatever comes behind
//! the header may be an attacker's text and is never taken for more than that.

mod equipment;
mod header;
mod pam;
mod sshd;
mod structured_data;

use serde_json::{Map, Value};
use stele_event::{Column, RowWriter};

use super::stamp::Clock;
use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::lines::LineSplitter;
use header::Line;

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
        "syslog lines (RFC 5424, RFC 3164, rsyslog files, Cisco), sshd understood"
    }

    fn detect(&self, _hint: &Hint<'_>, head: &[u8]) -> Confidence {
        const LINES_MAX: usize = 20;
        let head = String::from_utf8_lossy(&head[..head.len().min(8_192)]);
        let lines: Vec<&str> = head
            .split(['\n', '\0'])
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .take(LINES_MAX)
            .collect();
        let like = lines.iter().filter(|line| is_plainly_syslog(line)).count();
        Confidence(if like > 0 && like * 10 >= lines.len() * 8 { 75 } else { 0 })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(LineSplitter::new(record_bytes_max))
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(SyslogMapper { clock: Clock::of(context) })
    }
}

/// Many programs begin their lines with an ISO time too; syslog has a host and a program behind it.
fn is_plainly_syslog(line: &str) -> bool {
    header::parse(line).is_some_and(|line| {
        line.priority.is_some()
            || !line.is_iso
            || line.program.is_some()
                && line.host.is_some_and(|host| super::json_lines::severity_of(host) == 0)
    })
}

struct SyslogMapper {
    clock: Clock,
}

impl Mapper for SyslogMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let text = String::from_utf8_lossy(record);
        let Some(line) = header::parse(&text) else {
            return Mapped::Failed("neither a priority nor a syslog time stands in front".into());
        };
        let level = line.priority.map(|priority| priority % 8).or(line.level);
        if let Some(level) = level {
            row.set_int32(Column::SeverityId, severity(level));
        }
        row.set_text_opt(Column::HostName, line.host);
        row.set_text_opt(Column::ProcessName, line.program);
        row.set_text(Column::Message, line.message);
        if let Some(stamp) = line.stamp {
            self.clock.set(stamp, row);
        }
        let (message, repeated) = repeated(line.message);
        set_unmapped(&line, repeated, row);
        let doubt = match line.program {
            // Since 9.8 and 10.0 parts of sshd are programs of their own.
            Some("sshd" | "sshd-session" | "sshd-auth") => sshd::map(message, row),
            Some(_) => {
                pam::map(message, row);
                None
            }
            None => None,
        };
        match line.problem.or(doubt.map(str::to_owned)) {
            Some(problem) => Mapped::Partial(problem),
            None => Mapped::Ok,
        }
    }
}

/// RFC 5424 severities as OCSF's: emergency is fatal, alert and critical are critical, error is
/// high, warning medium, notice (normal but significant) low; the rest is informational.
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

/// The message that rsyslog or syslogd says came several times, and how often.
fn repeated(message: &str) -> (&str, Option<i64>) {
    let times = |rest: &str| rest.split_once(" time").and_then(|(count, _)| count.parse().ok());
    if let Some(rest) = message.strip_prefix("message repeated ")
        && let Some((_, inner)) = rest.split_once(" times: [ ")
    {
        return (inner.strip_suffix(']').unwrap_or(inner), times(rest));
    }
    let last = message.strip_prefix("--- ").unwrap_or(message);
    (message, last.strip_prefix("last message repeated ").and_then(times))
}

/// What the line says and no column holds.
fn set_unmapped(line: &Line<'_>, repeated: Option<i64>, row: &mut RowWriter<'_>) {
    let mut rest = Map::new();
    let numbers = [("facility", line.priority.map(|p| p / 8)), ("repeated", repeated)];
    for (name, number) in numbers {
        if let Some(number) = number {
            rest.insert(name.into(), number.into());
        }
    }
    let texts =
        [("procid", line.process_id), ("msgid", line.message_id), ("sequence", line.sequence)];
    for (name, text) in texts {
        if let Some(text) = text {
            rest.insert(name.into(), text.into());
        }
    }
    if let Some(data) = &line.structured_data {
        rest.insert("structured_data".into(), Value::Object(data.clone()));
    }
    if !rest.is_empty() {
        row.set_text(Column::Unmapped, &Value::Object(rest).to_string());
    }
}
