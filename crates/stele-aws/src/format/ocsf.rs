//! A report as OCSF 1.8.0 Compliance Findings (2003).
//!
//! The numbers are those under which the lake keeps findings (`stele_finding` in `stele-parse`); a
//! test holds both to the same page. [`stele_event::ocsf`] makes the document from a row, as it
//! does for every record, and sees to it that the schema takes it; what the schema has no place
//! for stands in `unmapped`.

use chrono::DateTime;
use serde_json::{Map, Value, json};
use stele_event::{Column, EventBatch, RowWriter, ocsf};

use super::resource;
use crate::assess::Report;
use crate::check;
use crate::checks;
use crate::finding::{Finding, Severity, Status};

/// The format of the lake that says the same.
const SOURCE_TYPE: &str = "stele_finding";
const CLASS: i32 = 2003;
const CREATE: i32 = 1;
/// OCSF's number for an account of AWS.
const AWS_ACCOUNT: i32 = 10;

/// All findings of a report, in its order.
///
/// # Errors
/// The report cannot be written, and so has no name.
pub fn findings(report: &Report) -> Result<Vec<Map<String, Value>>, serde_json::Error> {
    let run = report.run_id()?;
    let mut batch = EventBatch::new();
    for finding in &report.findings {
        let mut row = batch.row();
        fill(&mut row, report, finding, &run);
        row.finish();
    }
    Ok((0..batch.rows()).map(|index| ocsf::document(&batch.get(index))).collect())
}

fn fill(row: &mut RowWriter<'_>, report: &Report, finding: &Finding, run: &str) {
    let Finding { id, account, region, resource, .. } = finding;
    let uid = [run, account, region, id, resource].join("|");
    row.set_text(Column::SourceType, SOURCE_TYPE);
    row.set_int32(Column::ClassUid, CLASS);
    row.set_int32(Column::ActivityId, CREATE);
    row.set_int32(Column::SeverityId, severity(finding));
    row.set_int32(Column::StatusId, status(finding));
    row.set_text(Column::StatusCode, finding.status.word());
    row.set_text(Column::StatusDetail, &finding.reason_code);
    row.set_text(Column::Message, &finding.reason);
    row.set_text(Column::AccountUid, account);
    row.set_text(Column::Region, region);
    row.set_text(Column::ResourceUid, resource);
    row.set_list(Column::ResourceUids, [resource.as_str()]);
    row.set_text(Column::CorrelationUid, run);
    row.set_text(Column::EventUid, &uid);
    if let Ok(time) = DateTime::parse_from_rfc3339(&report.assessed_at) {
        row.set_time(Column::Time, time.timestamp_micros());
    }
    row.set_text(Column::Attrs, &Value::Object(attributes(report, finding, &uid)).to_string());
    let rest = Value::Object(unmapped(finding));
    row.set_text(Column::Unmapped, &rest.to_string());
}

/// What is good is only information, whatever the check weighs.
fn severity(finding: &Finding) -> i32 {
    match (finding.status, finding.severity) {
        (Status::Pass | Status::NotApplicable, _) => 1,
        (_, Severity::Critical) => 5,
        (_, Severity::High) => 4,
        (_, Severity::Medium) => 3,
        (_, Severity::Low) => 2,
    }
}

/// 1 new, 3 suppressed (somebody answers for it), 4 resolved.
fn status(finding: &Finding) -> i32 {
    match finding.status {
        Status::Fail | Status::Blocked if finding.exception.is_some() => 3,
        Status::Fail | Status::Blocked | Status::Unknown => 1,
        Status::Pass | Status::NotApplicable => 4,
    }
}

/// 0 unknown, 1 pass, 3 fail, 99 other.
fn compliance(status: Status) -> i32 {
    match status {
        Status::Pass => 1,
        Status::Fail | Status::Blocked => 3,
        Status::Unknown => 0,
        Status::NotApplicable => 99,
    }
}

/// Paths of the schema for which a row has no column.
fn attributes(report: &Report, finding: &Finding, uid: &str) -> Map<String, Value> {
    let mut all = Map::new();
    let mut put = |path: &str, value: Value| {
        let is_nothing = value.is_null()
            || value.as_str().is_some_and(str::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        if !is_nothing {
            all.insert(path.to_owned(), value);
        }
    };
    let meta = checks::find(finding.id).map(check::Check::meta);
    put("finding_info.uid", json!(uid));
    put("finding_info.title", json!(finding.id));
    put("finding_info.desc", json!(meta.map(|meta| meta.title)));
    put("compliance.control", json!(finding.id));
    put("compliance.status_id", json!(compliance(finding.status)));
    put("compliance.status_code", json!(finding.status.word()));
    put("compliance.status_detail", json!(finding.reason_code));
    put("compliance.desc", json!(meta.map(|meta| meta.passes)));
    put("compliance.standards", json!(finding.controls));
    put("cloud.account.type_id", json!(AWS_ACCOUNT));
    put("cloud.cloud_partition", json!(report.scope.partition));
    put("cloud.org.uid", json!(report.scope.organization));
    let kind = resource::kind(&finding.resource);
    put("resources[0].type", json!(if kind == "Other" { "" } else { kind }));
    put("resources[0].region", json!(finding.region));
    put("resources[0].cloud_partition", json!(report.scope.partition));
    if finding.fix.is_some() {
        put("remediation.desc", json!(meta.map(|meta| meta.fix.how)));
    }
    all
}

fn unmapped(finding: &Finding) -> Map<String, Value> {
    let mut all = Map::new();
    if finding.pending {
        all.insert("pending".to_owned(), json!(true));
    }
    if !finding.evidence.is_empty() {
        all.insert("evidence".to_owned(), Value::Object(finding.evidence.clone()));
    }
    for (name, value) in [
        ("cause", json!(finding.cause)),
        ("fix", json!(finding.fix)),
        ("exception", json!(finding.exception)),
        ("stream", json!(finding.stream)),
    ] {
        if !value.is_null() {
            all.insert(name.to_owned(), value);
        }
    }
    all
}
