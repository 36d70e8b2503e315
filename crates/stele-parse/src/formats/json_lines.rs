//! JSON objects of any shape: the names that most loggers use find their column, the rest is
//! reached by its path in the raw record.

use serde_json::{Map, Value};
use stele_event::{Column, RowWriter};

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
        Box::new(JsonMapper { zone_offset_seconds: context.zone_offset_seconds })
    }
}

struct JsonMapper {
    zone_offset_seconds: i32,
}

impl Mapper for JsonMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let object = match object(record) {
            Ok(object) => object,
            Err(reason) => return Mapped::Failed(reason),
        };
        for (column, names) in TEXTS {
            row.set_text_opt(*column, text(&object, names).as_deref());
        }
        for (column, names) in ADDRESSES {
            let value = text(&object, names);
            if let Some(ip) = value.as_deref().and_then(values::ip) {
                row.set_text(*column, &ip);
            }
        }
        for (column, names) in NUMBERS {
            if let Some(number) = find(&object, names).and_then(whole) {
                row.set_int32(*column, number);
            }
        }
        if let Some(severity) = text(&object, &["level", "severity", "log.level", "levelname"]) {
            row.set_int32(Column::SeverityId, severity_of(&severity));
        }
        set_time(&object, self.zone_offset_seconds, row);
        Mapped::Ok
    }
}

static TEXTS: &[(Column, &[&str])] = &[
    (Column::Message, &["message", "msg", "log", "event.message", "body"]),
    (Column::HostName, &["host", "hostname", "host_name", "host.name"]),
    (Column::UserName, &["user", "username", "user_name", "user.name", "login"]),
    (Column::ProcessName, &["app", "application", "logger", "program", "process.name"]),
    (Column::Operation, &["event", "event_type", "action", "operation"]),
    (Column::Service, &["service", "service_name", "service.name"]),
    (Column::RequestUid, &["request_id", "requestId", "req_id"]),
    (Column::CorrelationUid, &["correlation_id", "correlationId"]),
    (Column::TraceUid, &["trace_id", "traceId", "trace.id"]),
    (Column::SessionUid, &["session_id", "sessionId"]),
    (Column::HttpMethod, &["method", "http_method", "http.method"]),
    (Column::UrlPath, &["path", "url_path", "uri", "url.path"]),
    (Column::UserAgent, &["user_agent", "userAgent", "user_agent.original"]),
];

static ADDRESSES: &[(Column, &[&str])] = &[
    (Column::SrcIp, &["src_ip", "source_ip", "client_ip", "remote_addr", "ip", "source.ip"]),
    (Column::DstIp, &["dst_ip", "dest_ip", "destination_ip", "destination.ip"]),
];

static NUMBERS: &[(Column, &[&str])] = &[
    (Column::HttpStatus, &["status_code", "http_status", "http.response.status_code"]),
    (Column::SrcPort, &["src_port", "source_port", "source.port"]),
    (Column::DstPort, &["dst_port", "dest_port", "destination.port"]),
];

static TIMES: &[&str] =
    &["time", "timestamp", "@timestamp", "ts", "eventTime", "event_time", "datetime", "date"];

/// The object that a record is, or why it is none.
pub(super) fn object(record: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(record) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(format!("a JSON object is wanted, this is {}", kind(&other))),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The first of these names that has a value; a name with dots also by its path.
fn find<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let direct = object.get(*name);
        let nested = || {
            let (outer, inner) = name.split_once('.')?;
            object.get(outer)?.get(inner)
        };
        direct.or_else(nested).filter(|value| !value.is_null())
    })
}

fn text(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    match find(object, names)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i32> {
    let number = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    i32::try_from(number).ok()
}

/// OCSF severity for the usual words for a level.
pub(super) fn severity_of(word: &str) -> i32 {
    match word.to_ascii_lowercase().as_str() {
        "trace" | "debug" | "info" | "information" | "informational" | "notice" => 1,
        "low" => 2,
        "warn" | "warning" | "medium" => 3,
        "error" | "err" | "high" => 4,
        "critical" | "crit" | "alert" => 5,
        "fatal" | "panic" | "emergency" | "emerg" => 6,
        _ => 0,
    }
}

fn set_time(object: &Map<String, Value>, zone_offset_seconds: i32, row: &mut RowWriter<'_>) {
    for value in TIMES.iter().filter_map(|name| object.get(*name)) {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let text = value.as_str().unwrap_or_default();
        if let Some(micros) = number.and_then(values::epoch_micros).or(values::rfc3339_micros(text))
        {
            row.set_time(Column::Time, micros);
            return;
        }
        if let Some(micros) = values::naive_iso_micros(text, zone_offset_seconds) {
            row.set_time(Column::Time, micros);
            row.set_text(Column::TimeQuality, "no-zone");
            return;
        }
    }
}
