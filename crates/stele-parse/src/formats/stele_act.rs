//! What `stele aws apply` and `stele aws rollback` did to an account, as they store it: one JSON
//! object for each action, `schema` is `stele.aws.act/1`.
//!
//! They become OCSF 1.8.0 API Activity (6003), beside CloudTrail's own events of the same calls:
//! those say that a call was made, these by which plan and for which check.

use serde_json::json;
use stele_event::{Column, RowWriter, SourceField};

use super::json_lines::member;
use super::own::Own;
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
        OWN.detect(head)
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

static OWN: Own = Own { schema: SCHEMA, time: "time", fields: FIELDS };

struct ActMapper {
    clock: Clock,
}

impl Mapper for ActMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let (members, problem) = match OWN.read(record, row) {
            Ok(read) => read,
            Err(failed) => return failed,
        };
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
        let number = member(&members, "n");
        if let (Some(run), Some(number)) = (member(&members, "run"), number) {
            row.set_text(Column::EventUid, &format!("{run}|{number}"));
        }
        let attributes = json!({
            "policy.name": member(&members, "check"),
            "cloud.provider": "AWS",
        });
        row.set_text(Column::Attrs, &attributes.to_string());
        let problem = OWN.date(&members, &mut self.clock, row).or(problem);
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
