//! Structured application events, as the Flask example of AWS's guidance writes them.
//!
//! AWS Well-Architected SEC04-BP01, "Application logging with structured format". One JSON object
//! a line: `timestamp` (ISO 8601 without a zone), `event_type`, `message`, `correlation_id`,
//! `user_id`, `session_id`, `source_ip`, `user_agent`, and fields of the event's own. Names and
//! paths in them are what clients sent, whatever that is.

use serde_json::{Map, Value};
use stele_event::{Column, RowWriter, SourceField};

use super::json_lines::{member, whole_stamp};
use super::object::{self, kind};
use super::stamp::Clock;
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
        let own = |text: &[u8]| {
            let has = |name: &str| memchr::memmem::find(text, name.as_bytes()).is_some();
            has("\"event_type\"") && has("\"correlation_id\"") && has("\"source_ip\"")
        };
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        Confidence(if matches!(head.first(), Some(b'{' | b'[')) {
            if own(head) { 80 } else { 0 }
        } else if head.split(|byte| *byte == b'\n').any(|l| l.starts_with(b"{") && own(l)) {
            // The server's own lines of text stand between them where both go to one stream.
            60
        } else {
            0
        })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(JsonSplitter::new(record_bytes_max, None))
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(FlaskMapper { clock: Clock::of(context) })
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
    // Only what is an address.
    field("source_ip", Column::SrcIp, false),
    // `user_id` stands in where it is missing.
    field("username", Column::UserName, false),
    field("status_code", Column::HttpStatus, false),
];

struct FlaskMapper {
    clock: Clock,
}

impl Mapper for FlaskMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let object = match object::read(record) {
            Ok(object) => object,
            Err(reason) => return Mapped::Failed(reason),
        };
        let (members, mut problem) = (object.members, object.problem);
        let Some(event_type) = member(&members, "event_type") else {
            return Mapped::Failed("event_type is missing".into());
        };
        row.set_text(Column::Operation, &event_type);
        for (column, name) in [
            (Column::Message, "message"),
            (Column::CorrelationUid, "correlation_id"),
            (Column::TraceUid, "correlation_id"),
            (Column::SessionUid, "session_id"),
            (Column::UserUid, "user_id"),
            (Column::UserAgent, "user_agent"),
            (Column::ResourceUid, "endpoint"),
            (Column::StatusDetail, "failure_reason"),
        ] {
            match members.get(name) {
                Some(value @ (Value::Array(_) | Value::Object(_))) => {
                    problem = Some(format!("{name} is {}", kind(value)));
                }
                _ => row.set_text_opt(column, member(&members, name).as_deref()),
            }
        }
        let user = member(&members, "username").or_else(|| member(&members, "user_id"));
        row.set_text_opt(Column::UserName, user.as_deref());
        let resource = row.text(Column::ResourceUid).map(str::to_owned);
        if let Some(resource) = resource {
            row.set_list(Column::ResourceUids, [resource.as_str()]);
        }
        let source = member(&members, "source_ip");
        match source.as_deref().map(|source| (source, values::ip(source))) {
            Some((_, Some(ip))) => row.set_text(Column::SrcIp, &ip),
            Some((name, None)) => row.set_text(Column::SrcName, name),
            None => {}
        }
        classify(&event_type, &members, row);
        match member(&members, "timestamp").map(|text| (whole_stamp(&text), text)) {
            Some((Some(stamp), _)) => self.clock.set(stamp, row),
            Some((None, text)) => problem = Some(not_a_time(&text)),
            None => problem = Some("timestamp is missing".into()),
        }
        problem.map_or(Mapped::Ok, Mapped::Partial)
    }
}

/// The reason, with so much of the text as a person looks at.
fn not_a_time(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 40;
    let shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    format!("timestamp `{shown}` is no ISO 8601 time")
}

/// OCSF class, activity, status and severity by the event's type.
fn classify(event_type: &str, members: &Map<String, Value>, row: &mut RowWriter<'_>) {
    let (class, activity, status, severity) = match event_type {
        // An attempt is logged before its outcome is known: `success` is always false in it.
        "authentication_attempt" => (3002, 1, 0, 1),
        "authentication_success" => (3002, 1, 1, 1),
        "authentication_failure" => (3002, 1, 2, 2),
        "logout" => (3002, 2, 1, 1),
        "unauthorized_access_attempt" | "authorization_failure" => (6003, 2, 2, 2),
        "data_access" => (6005, 1, 1, 1),
        "configuration_change" => (3004, 3, 1, 1),
        "http_request" => return classify_http(members, row),
        _ => {
            row.set_int32(Column::SeverityId, 1);
            return;
        }
    };
    row.set_int32(Column::ClassUid, class);
    row.set_int32(Column::ActivityId, activity);
    row.set_int32(Column::StatusId, status);
    row.set_int32(Column::SeverityId, severity);
    if event_type == "data_access" {
        row.set_bool(Column::DataAccess, true);
    }
}

/// `message` is the method and the path, which Flask has decoded: it may hold blanks.
fn classify_http(members: &Map<String, Value>, row: &mut RowWriter<'_>) {
    row.set_int32(Column::ClassUid, 4002);
    row.set_int32(Column::SeverityId, 1);
    let mut activity = 0;
    if let Some((method, path)) =
        member(members, "message").as_deref().and_then(|m| m.split_once(' '))
    {
        // OCSF 1.8.0 HTTP Activity.
        const METHODS: [&str; 9] =
            ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"];
        activity = METHODS.iter().position(|m| *m == method).map_or(99, |at| at as i32 + 1);
        row.set_text(Column::HttpMethod, method);
        row.set_text(Column::UrlPath, path);
    }
    row.set_int32(Column::ActivityId, activity);
    let number = |name: &str| members.get(name).and_then(Value::as_f64);
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
