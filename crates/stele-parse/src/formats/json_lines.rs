//! JSON objects of any shape: the names that most loggers use find their column, the rest is
//! reached by its path in the raw record.
//!
//! Names are those of ECS, OpenTelemetry, GELF and the common libraries (bunyan, pino, zap, slog,
//! logback, serilog, structlog). The class stays 0: what an event of an unknown program means is
//! for rules to say.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};
use stele_event::{Column, RowWriter};

use super::object::{self, scalar};
use super::stamp::{self, Clock, Stamp};
use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::json::JsonSplitter;
use crate::values;

/// The format; see the module.
#[derive(Debug)]
pub struct JsonLines;

impl Format for JsonLines {
    fn id(&self) -> &'static str {
        "json"
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "JSON objects of any shape, one a line, in an array, or one after another"
    }

    fn detect(&self, _hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        match head {
            [b'{', rest @ ..] if matches!(rest.trim_ascii_start(), [b'"' | b'}', ..]) => {
                Confidence(40)
            }
            [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [b'{', ..]) => Confidence(40),
            _ => Confidence(0),
        }
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(JsonSplitter::new(record_bytes_max, None))
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(JsonMapper { clock: Clock::of(context) })
    }
}

struct JsonMapper {
    clock: Clock,
}

impl Mapper for JsonMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let object = match object::read(record) {
            Ok(object) => object,
            Err(reason) => return Mapped::Failed(reason),
        };
        let members = &object.members;
        for (column, names) in TEXTS {
            row.set_text_opt(*column, find(members, names, scalar).as_deref());
        }
        for (column, names) in ADDRESSES {
            let address = |value| values::ip(&scalar(value)?);
            row.set_text_opt(*column, find(members, names, address).as_deref());
        }
        for (column, names) in INT32S {
            if let Some(number) = find(members, names, |value| i32::try_from(whole(value)?).ok()) {
                row.set_int32(*column, number);
            }
        }
        for (column, names) in INT64S {
            if let Some(number) = find(members, names, whole) {
                row.set_int64(*column, number);
            }
        }
        if let Some(severity) = find(members, LEVELS, severity) {
            row.set_int32(Column::SeverityId, severity);
        }
        // `status` may be anything, but beside a path or a method it is that of HTTP.
        let http = row.is_set(Column::UrlPath) || row.is_set(Column::HttpMethod);
        if http && !row.is_set(Column::HttpStatus) {
            let status = find(members, &["status"], whole).filter(|n| (100..600).contains(n));
            if let Some(status) = status {
                row.set_int32(Column::HttpStatus, status as i32);
            }
        }
        if let Some(stamp) = find(members, TIMES, time) {
            self.clock.set(stamp, row);
        }
        object.problem.map_or(Mapped::Ok, Mapped::Partial)
    }
}

type Names = &'static [&'static str];

static TEXTS: &[(Column, Names)] = &[
    (
        Column::Message,
        &["message", "msg", "log", "event.message", "short_message", "body", "MESSAGE", "@m"],
    ),
    (Column::HostName, &["host", "hostname", "host_name", "host.name", "host.hostname"]),
    (
        Column::UserName,
        &["user", "username", "user_name", "userName", "user.name", "user.username", "login"],
    ),
    (
        Column::ProcessName,
        &["app", "application", "logger", "logger_name", "program", "process.name"],
    ),
    (Column::Operation, &["event", "event_type", "event.action", "action", "operation"]),
    (Column::Service, &["service", "service_name", "service.name"]),
    (Column::RequestUid, &["request_id", "requestId", "req_id", "http.request.id"]),
    (Column::CorrelationUid, &["correlation_id", "correlationId"]),
    (Column::TraceUid, &["trace_id", "traceId", "trace.id", "TraceId"]),
    (Column::SessionUid, &["session_id", "sessionId", "session.id"]),
    (
        Column::HttpMethod,
        &["method", "http_method", "request_method", "http.method", "http.request.method"],
    ),
    (Column::UrlPath, &["path", "url_path", "uri", "request_uri", "url.path"]),
    (Column::UrlHost, &["http_host", "url.domain"]),
    (Column::UserAgent, &["user_agent", "userAgent", "http_user_agent", "user_agent.original"]),
];

static ADDRESSES: &[(Column, Names)] = &[
    (
        Column::SrcIp,
        &[
            "src_ip",
            "source_ip",
            "sourceIp",
            "client_ip",
            "clientIp",
            "remote_addr",
            "remote_ip",
            "ip",
            "source.ip",
            "client.ip",
        ],
    ),
    (Column::DstIp, &["dst_ip", "dest_ip", "destination_ip", "destination.ip", "server.ip"]),
];

static INT32S: &[(Column, Names)] = &[
    (
        Column::HttpStatus,
        &[
            "status_code",
            "statusCode",
            "http_status",
            "http.status_code",
            "http.response.status_code",
        ],
    ),
    (Column::SrcPort, &["src_port", "source_port", "source.port", "client.port"]),
    (Column::DstPort, &["dst_port", "dest_port", "destination_port", "destination.port"]),
];

static INT64S: &[(Column, Names)] = &[
    (Column::DurationMs, &["duration_ms", "durationMs", "elapsed_ms", "latency_ms"]),
    (Column::Bytes, &["bytes_sent", "body_bytes_sent", "response_size"]),
];

static LEVELS: Names =
    &["level", "severity", "log.level", "levelname", "severity_text", "loglevel", "lvl", "@l"];

static TIMES: Names =
    &["time", "timestamp", "@timestamp", "ts", "eventTime", "event_time", "datetime", "date", "@t"];

/// The first of these names that has a value to somebody's liking; a name with dots also by its
/// path.
fn find<'a, T>(
    members: &'a Map<String, Value>,
    names: &[&str],
    read: impl Fn(&'a Value) -> Option<T>,
) -> Option<T> {
    names.iter().find_map(|name| members.get(*name).or_else(|| at(members, name)).and_then(&read))
}

fn at<'a>(members: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let (outer, inner) = path.split_once('.')?;
    let mut value = members.get(outer)?;
    for name in inner.split('.') {
        value = value.get(name)?;
    }
    Some(value)
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// OCSF severity for a level in words, or in the numbers of bunyan and pino.
fn severity(value: &Value) -> Option<i32> {
    if let Value::Number(number) = value {
        return Some(match number.as_i64()? {
            10 | 20 | 30 => 1,
            40 => 3,
            50 => 4,
            60 => 6,
            _ => 0,
        });
    }
    Some(severity_of(&scalar(value)?))
}

/// OCSF severity for the usual words for a level, those of syslog as `syslog` has them.
pub(super) fn severity_of(word: &str) -> i32 {
    match word.to_ascii_lowercase().as_str() {
        "trace" | "verbose" | "debug" | "info" | "information" | "informational" => 1,
        "low" | "notice" => 2,
        "warn" | "warning" | "medium" => 3,
        "error" | "err" | "high" => 4,
        "critical" | "crit" | "alert" => 5,
        "fatal" | "panic" | "emergency" | "emerg" => 6,
        _ => 0,
    }
}

fn time(value: &Value) -> Option<Stamp> {
    match value {
        Value::Number(number) => epoch_micros(number).map(Stamp::Exact),
        Value::String(text) => match text.parse::<Number>() {
            Ok(number) => epoch_micros(&number).map(Stamp::Exact),
            Err(_) => whole_stamp(text),
        },
        _ => None,
    }
}

/// A text that is a time and nothing else.
pub(super) fn whole_stamp(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let (stamp, length) = stamp::iso(text)?;
    (length == text.len()).then_some(stamp)
}

/// A number since the epoch, in the unit that its size tells: seconds, ms, µs or ns. As
/// [`values::epoch_micros`], but exact for whole numbers and rounded for others.
fn epoch_micros(number: &Number) -> Option<i64> {
    let Some(whole) = number.as_i64() else {
        let value = number.as_f64()?;
        let unit = match value.abs() {
            v if v < 1e11 => 1e6,
            v if v < 1e14 => 1e3,
            _ => return values::epoch_micros(value),
        };
        return values::epoch_micros(value).map(|_| (value * unit).round() as i64);
    };
    match whole.unsigned_abs() {
        0..100_000_000 => None,
        100_000_000..100_000_000_000 => Some(whole * 1_000_000),
        100_000_000_000..100_000_000_000_000 => Some(whole * 1_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(whole),
        _ => Some(whole / 1_000),
    }
}

/// Text of a member, borrowed where it can be.
pub(super) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<Cow<'a, str>> {
    members.get(name).and_then(scalar)
}
