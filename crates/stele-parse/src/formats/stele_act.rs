//! What `stele aws apply` and `stele aws rollback` did to an account, as they store it: one JSON
//! object for each action, `schema` is `stele.aws.act/1`.
//!
//! They become OCSF 1.8.0 API Activity (6003), beside CloudTrail's own events of the same calls:
//! those say that a call was made, these by which plan and for which check.

use serde_json::{Value, json};
use stele_event::{Column, RowWriter, SourceField};

use super::json_lines::{member, whole_stamp};
use super::object;
use super::stamp::Clock;
use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::json::JsonSplitter;

/// The format; see the module.
#[derive(Debug)]
pub struct SteleAct;

const ID: &str = "stele_act";
/// What `schema` says in each record.
pub const SCHEMA: &str = "stele.aws.act/1";

impl Format for SteleAct {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "what `stele aws apply` and `rollback` did, one action a line"
    }

    fn detect(&self, _hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let head = head.trim_ascii_start();
        let own = memchr::memmem::find(head, b"\"schema\":\"stele.aws.act/1\"").is_some();
        Confidence(if own && head.starts_with(b"{") { 95 } else { 0 })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(JsonSplitter::new(record_bytes_max, None))
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(ActMapper { clock: Clock::of(context) })
    }

    fn fields(&self) -> &'static [SourceField] {
        FIELDS
    }
}

const fn field(name: &'static str, column: Column) -> SourceField {
    SourceField { format: ID, name, column, lossless: true }
}

static FIELDS: &[SourceField] = &[
    field("by", Column::UserUid),
    field("outcome", Column::StatusCode),
    field("reason", Column::StatusDetail),
    field("why", Column::Message),
    field("account", Column::AccountUid),
    field("region", Column::Region),
    field("resource", Column::ResourceUid),
    field("run", Column::CorrelationUid),
];

struct ActMapper {
    clock: Clock,
}

impl Mapper for ActMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let object = match object::read(record) {
            Ok(object) => object,
            Err(reason) => return Mapped::Failed(reason),
        };
        let (members, mut problem) = (object.members, object.problem);
        if members.get("schema").and_then(Value::as_str) != Some(SCHEMA) {
            return Mapped::Failed(format!("`schema` is not {SCHEMA}"));
        }
        for field in FIELDS {
            row.set_text_opt(field.column, member(&members, field.name).as_deref());
        }
        let call = member(&members, "call").unwrap_or_default();
        let (service, operation) = call.split_once(':').unwrap_or(("", &*call));
        row.set_text(Column::Service, service);
        row.set_text(Column::Operation, operation);
        row.set_int32(Column::ClassUid, 6003);
        row.set_int32(Column::ActivityId, activity(operation));
        row.set_bool(Column::IsReadOnly, false);
        let outcome = member(&members, "outcome").unwrap_or_default();
        let (status, severity) = status(&outcome);
        row.set_int32(Column::StatusId, status);
        row.set_int32(Column::SeverityId, severity);
        if let Some(resource) = member(&members, "resource") {
            row.set_list(Column::ResourceUids, [&*resource]);
        }
        let number = member(&members, "n");
        if let (Some(run), Some(number)) = (member(&members, "run"), number) {
            row.set_text(Column::EventUid, &format!("{run}|{number}"));
        }
        let attributes = json!({
            "policy.name": member(&members, "check"),
            "cloud.provider": "AWS",
        });
        row.set_text(Column::Attrs, &attributes.to_string());
        match member(&members, "time").map(|text| (whole_stamp(&text), text)) {
            Some((Some(stamp), _)) => self.clock.set(stamp, row),
            Some((None, text)) => problem = Some(format!("time `{text:.40}` is no time")),
            None => problem = Some("time is missing".into()),
        }
        problem.map_or(Mapped::Ok, Mapped::Partial)
    }
}

/// OCSF activities of an API call: 1 create, 3 update, 4 delete.
fn activity(operation: &str) -> i32 {
    let begins = |words: &[&str]| words.iter().any(|word| operation.starts_with(word));
    if begins(&["Create"]) {
        1
    } else if begins(&["Delete", "Disassociate"]) {
        4
    } else {
        3
    }
}

/// OCSF status and severity: a refused change wants somebody to look.
fn status(outcome: &str) -> (i32, i32) {
    match outcome {
        "failed" | "changed-since" => (2, 3),
        "skipped" | "left" => (99, 2),
        _ => (1, 1),
    }
}
