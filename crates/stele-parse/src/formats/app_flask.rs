//! Structured application events, as the Flask example of AWS's guidance writes them.
//!
//! AWS Well-Architected SEC04-BP01, "Application logging with structured format". One JSON object
//! a line: `timestamp` (ISO 8601 without a zone), `event_type`, `message`, `correlation_id`,
//! `user_id`, `session_id`, `source_ip`, `user_agent`, and fields of the event's own.

use serde_json::{Map, Value};
use stele_event::{Column, RowWriter, SourceField};

use super::json_lines::object;
use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::json::JsonSplitter;
use crate::values;

/// The format; see the module.
#[derive(Debug)]
pub struct AppFlask;

const ID: &str = "app_flask";

impl Format for AppFlask {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "structured application events (event_type, correlation_id, user_id, source_ip, ...)"
    }

    fn detect(&self, _hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        let own = has(b"\"event_type\"") && has(b"\"correlation_id\"") && has(b"\"source_ip\"");
        Confidence(if own && head.trim_ascii_start().starts_with(b"{") { 80 } else { 0 })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(JsonSplitter::new(record_bytes_max, None))
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(FlaskMapper { zone_offset_seconds: context.zone_offset_seconds })
    }

    fn fields(&self) -> &'static [SourceField] {
        FIELDS
    }
}

const fn field(name: &'static str, column: Column, lossless: bool) -> SourceField {
    SourceField { format: ID, name, column, lossless }
}

static FIELDS: &[SourceField] = &[
    field("event_type", Column::Operation, true),
    field("correlation_id", Column::CorrelationUid, true),
    field("session_id", Column::SessionUid, true),
    field("user_id", Column::UserUid, true),
    field("source_ip", Column::SrcIp, false),
    field("username", Column::UserName, false),
    field("status_code", Column::HttpStatus, false),
];

struct FlaskMapper {
    zone_offset_seconds: i32,
}

impl Mapper for FlaskMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let object = match object(record) {
            Ok(object) => object,
            Err(reason) => return Mapped::Failed(reason),
        };
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let Some(event_type) = text("event_type") else {
            return Mapped::Failed("event_type is missing".into());
        };
        row.set_text(Column::Operation, event_type);
        for (column, name) in [
            (Column::Message, "message"),
            (Column::CorrelationUid, "correlation_id"),
            (Column::TraceUid, "correlation_id"),
            (Column::SessionUid, "session_id"),
            (Column::UserUid, "user_id"),
            (Column::UserAgent, "user_agent"),
            (Column::ResourceUid, "endpoint"),
        ] {
            row.set_text_opt(column, text(name));
        }
        row.set_text_opt(Column::UserName, text("username").or(text("user_id")));
        if let Some(ip) = text("source_ip").and_then(values::ip) {
            row.set_text(Column::SrcIp, &ip);
        }
        classify(event_type, &object, row);
        match text("timestamp").map(|stamp| set_time(stamp, self.zone_offset_seconds, row)) {
            Some(true) => Mapped::Ok,
            Some(false) => Mapped::Partial("timestamp is no ISO 8601 time".into()),
            None => Mapped::Partial("timestamp is missing".into()),
        }
    }
}

fn set_time(stamp: &str, zone_offset_seconds: i32, row: &mut RowWriter<'_>) -> bool {
    if let Some(micros) = values::rfc3339_micros(stamp) {
        row.set_time(Column::Time, micros);
    } else if let Some(micros) = values::naive_iso_micros(stamp, zone_offset_seconds) {
        row.set_time(Column::Time, micros);
        row.set_text(Column::TimeQuality, "no-zone");
    } else {
        return false;
    }
    true
}

/// OCSF class, activity, status and severity by the event's type.
fn classify(event_type: &str, object: &Map<String, Value>, row: &mut RowWriter<'_>) {
    let (class, activity, status, severity) = match event_type {
        // An attempt is logged before its outcome is known: `success` is always false in it.
        "authentication_attempt" => (3002, 1, 0, 1),
        "authentication_success" => (3002, 1, 1, 1),
        "authentication_failure" => (3002, 1, 2, 2),
        "logout" => (3002, 2, 1, 1),
        "unauthorized_access_attempt" | "authorization_failure" => (6003, 2, 2, 2),
        "data_access" => (6005, 1, 1, 1),
        "configuration_change" => (3004, 3, 1, 1),
        "http_request" => return classify_http(object, row),
        _ => (0, 0, 0, 1),
    };
    row.set_int32(Column::ClassUid, class);
    row.set_int32(Column::ActivityId, activity);
    row.set_int32(Column::StatusId, status);
    row.set_int32(Column::SeverityId, severity);
    let detail = object.get("failure_reason").and_then(Value::as_str);
    row.set_text_opt(Column::StatusDetail, detail);
    if event_type == "data_access" {
        row.set_bool(Column::DataAccess, true);
    }
}

fn classify_http(object: &Map<String, Value>, row: &mut RowWriter<'_>) {
    row.set_int32(Column::ClassUid, 4002);
    row.set_int32(Column::SeverityId, 1);
    let message = object.get("message").and_then(Value::as_str).unwrap_or_default();
    let mut activity = 99;
    if let Some((method, path)) = message.split_once(' ') {
        // OCSF 1.8.0 HTTP Activity.
        const METHODS: [&str; 9] =
            ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"];
        activity = METHODS.iter().position(|m| *m == method).map_or(99, |at| at as i32 + 1);
        row.set_text(Column::HttpMethod, method);
        row.set_text(Column::UrlPath, path);
    }
    row.set_int32(Column::ActivityId, activity);
    let number = |name: &str| object.get(name).and_then(Value::as_f64);
    if let Some(status) = number("status_code") {
        row.set_int32(Column::HttpStatus, status as i32);
        row.set_int32(Column::StatusId, if status >= 400.0 { 2 } else { 1 });
    }
    if let Some(seconds) = number("duration_seconds") {
        row.set_int64(Column::DurationMs, (seconds * 1_000.0).round() as i64);
    }
    if let Some(bytes) = number("response_size") {
        row.set_int64(Column::Bytes, bytes as i64);
    }
}
