//! Findings of `stele aws assess`, as it stores them: one JSON object a line, `schema` is
//! `stele.aws.finding/1`.
//!
//! They become OCSF 1.8.0 Compliance Finding (2003), so that what was off, and since when, is
//! searched and proven like any other record. The members are those of the report's findings
//! (`docs/schema/stele.aws.assess-1.json`), with `run` and `assessed_at` of the report.

use serde_json::{Map, Value, json};
use stele_event::{Column, RowWriter, SourceField};

use super::json_lines::member;
use super::own::Own;
use super::stamp::Clock;
use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::json::JsonSplitter;

/// The format; see the module.
#[derive(Debug)]
pub struct SteleFinding;

const ID: &str = "stele_finding";
/// What `schema` says in each record.
pub const SCHEMA: &str = "stele.aws.finding/1";

impl Format for SteleFinding {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "findings of `stele aws assess`, one a line"
    }

    fn detect(&self, _hint: &Hint<'_>, head: &[u8]) -> Confidence {
        OWN.detect(head)
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(JsonSplitter::new(record_bytes_max, None))
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(FindingMapper { clock: Clock::of(context) })
    }

    fn fields(&self) -> &'static [SourceField] {
        FIELDS
    }
}

const fn field(name: &'static str, column: Column) -> SourceField {
    SourceField { format: ID, name, column, lossless: true }
}

static FIELDS: &[SourceField] = &[
    field("id", Column::Operation),
    field("status", Column::StatusCode),
    field("reason_code", Column::StatusDetail),
    field("reason", Column::Message),
    field("account", Column::AccountUid),
    field("region", Column::Region),
    field("resource", Column::ResourceUid),
    field("run", Column::CorrelationUid),
];

static OWN: Own = Own { schema: SCHEMA, time: "assessed_at", fields: FIELDS };

struct FindingMapper {
    clock: Clock,
}

impl Mapper for FindingMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let (members, problem) = match OWN.read(record, row) {
            Ok(read) => read,
            Err(failed) => return failed,
        };
        row.set_text(Column::Service, "aws");
        row.set_int32(Column::ClassUid, 2003);
        row.set_int32(Column::ActivityId, 1);
        let status = member(&members, "status").unwrap_or_default();
        row.set_int32(Column::SeverityId, severity(&status, &members));
        // OCSF finding status: 1 new, 3 suppressed (somebody answers for it), 4 resolved.
        let excepted = members.get("exception").is_some_and(Value::is_object);
        row.set_int32(
            Column::StatusId,
            match &*status {
                "FAIL" | "BLOCKED" if excepted => 3,
                "FAIL" | "BLOCKED" | "UNKNOWN" => 1,
                _ => 4,
            },
        );
        row.set_text_opt(Column::EventUid, uid(&members).as_deref());
        row.set_text(Column::Attrs, &attributes(&status, &members).to_string());
        let problem = OWN.date(&members, &mut self.clock, row).or(problem);
        problem.map_or(Mapped::Ok, Mapped::Partial)
    }
}

/// One run says one thing of one resource and region.
fn uid(members: &Map<String, Value>) -> Option<String> {
    let parts: Option<Vec<String>> = ["run", "account", "region", "id", "resource"]
        .iter()
        .map(|name| member(members, name).map(std::borrow::Cow::into_owned))
        .collect();
    Some(parts?.join("|"))
}

/// What is good is only information, whatever the check weighs.
fn severity(status: &str, members: &Map<String, Value>) -> i32 {
    match (status, member(members, "severity").as_deref()) {
        ("PASS" | "NOT_APPLICABLE", _) => 1,
        (_, Some("critical")) => 5,
        (_, Some("high")) => 4,
        (_, Some("medium")) => 3,
        (_, Some("low")) => 2,
        _ => 0,
    }
}

/// OCSF attributes without a column. `compliance.status_id`: 1 pass, 2 warning, 3 fail, 99 other.
fn attributes(status: &str, members: &Map<String, Value>) -> Value {
    let id = member(members, "id").unwrap_or_default();
    let compliance = match status {
        "PASS" => 1,
        "FAIL" | "BLOCKED" => 3,
        "UNKNOWN" => 0,
        _ => 99,
    };
    json!({
        "finding_info.uid": uid(members),
        "finding_info.title": id,
        "compliance.control": id,
        "compliance.status_id": compliance,
        "compliance.standards": members.get("controls").cloned().unwrap_or_default(),
    })
}
