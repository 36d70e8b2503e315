//! A report in the AWS Security Finding Format, as `securityhub:BatchImportFindings` takes it.
//!
//! A finding keeps its `Id` from one report to the next, so that an import updates what an earlier
//! one brought. Security Hub opens a finding again by itself where its compliance was `PASSED`
//! before, or its record archived; that is why what does not apply is archived.

use serde_json::{Map, Value, json};

use super::resource;
use crate::assess::Report;
use crate::check;
use crate::checks;
use crate::finding::{Finding, Severity, Status};
use crate::plan::hex_sha256;

const SCHEMA_VERSION: &str = "2018-10-08";
const TYPE: &str = "Software and Configuration Checks/AWS Security Best Practices";

// Security Hub cuts or refuses what is longer.
const TITLE_CHARS_MAX: usize = 256;
const DESCRIPTION_CHARS_MAX: usize = 1_024;
const RECOMMENDATION_CHARS_MAX: usize = 512;
const FIELD_CHARS_MAX: usize = 1_024;
const REQUIREMENTS_MAX: usize = 32;
/// Characters of the hash that tells resources apart in an `Id`.
const HASH_CHARS: usize = 32;

/// The partitions that the format knows.
const PARTITIONS: &[&str] = &["aws", "aws-cn", "aws-us-gov"];

/// All findings of a report, in its order.
pub fn findings(report: &Report) -> Vec<Value> {
    report.findings.iter().map(|finding| one(report, finding)).collect()
}

fn one(report: &Report, finding: &Finding) -> Value {
    let Finding { id, account, region, reason, .. } = finding;
    let meta = checks::find(id).map(check::Check::meta);
    let title = meta.map_or("", |meta| meta.title);
    let partition = partition(report, finding);
    let severity = severity(finding);
    let mut made = json!({
        "SchemaVersion": SCHEMA_VERSION,
        "Id": identity(finding),
        "ProductArn":
            format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "ProductName": "Stele",
        "CompanyName": "Stele",
        "GeneratorId": format!("stele/{id}"),
        "AwsAccountId": account,
        "Types": [TYPE],
        "CreatedAt": report.assessed_at,
        "UpdatedAt": report.assessed_at,
        "Severity": severity,
        // What a later import may change of it.
        "FindingProviderFields": {"Severity": severity, "Types": [TYPE]},
        "Title": shortened(&format!("{id}: {title}"), TITLE_CHARS_MAX),
        "Description": shortened(or(reason, &finding.reason_code), DESCRIPTION_CHARS_MAX),
        "Resources": [described(finding, partition)],
        "Compliance": compliance(finding),
        "RecordState": if finding.status == Status::NotApplicable { "ARCHIVED" } else { "ACTIVE" },
        "Workflow": {"Status": workflow(finding)},
        "ProductFields": fields(finding),
    });
    if let (Some(meta), Some(_)) = (meta, finding.fix) {
        let text = shortened(meta.fix.how, RECOMMENDATION_CHARS_MAX);
        let url =
            format!("{}/blob/main/docs/aws-checks.md#{}", env!("CARGO_PKG_REPOSITORY"), anchor(id));
        made["Remediation"] = json!({"Recommendation": {"Text": text, "Url": url}});
    }
    made
}

/// A heading's anchor has no dots.
fn anchor(id: &str) -> String {
    id.replace('.', "")
}

/// The same for the same check and thing, whenever it is asked.
fn identity(finding: &Finding) -> String {
    let Finding { id, account, region, resource, .. } = finding;
    let hash = hex_sha256(resource.as_bytes());
    let hash = hash.get(..HASH_CHARS).unwrap_or(&hash);
    format!("stele/{account}/{region}/{id}/{hash}")
}

fn partition<'a>(report: &'a Report, finding: &'a Finding) -> &'a str {
    let own = finding.resource.split(':').nth(1).filter(|own| !own.is_empty());
    match report.scope.partition.as_str() {
        "" => own.unwrap_or("aws"),
        partition => partition,
    }
}

/// What is good is only information, whatever the check weighs.
fn severity(finding: &Finding) -> Value {
    let (label, original) = match finding.severity {
        Severity::Critical => ("CRITICAL", "critical"),
        Severity::High => ("HIGH", "high"),
        Severity::Medium => ("MEDIUM", "medium"),
        Severity::Low => ("LOW", "low"),
    };
    let label = match finding.status {
        Status::Pass | Status::NotApplicable => "INFORMATIONAL",
        Status::Fail | Status::Blocked | Status::Unknown => label,
    };
    json!({"Label": label, "Original": original})
}

fn compliance(finding: &Finding) -> Value {
    let status = match finding.status {
        Status::Pass => "PASSED",
        Status::Fail | Status::Blocked => "FAILED",
        Status::Unknown => "WARNING",
        Status::NotApplicable => "NOT_AVAILABLE",
    };
    let mut made = json!({"Status": status});
    if !finding.controls.is_empty() {
        made["RelatedRequirements"] =
            finding.controls.iter().take(REQUIREMENTS_MAX).map(|one| json!(one)).collect();
    }
    if finding.status != Status::Pass && !finding.reason_code.is_empty() {
        let description = or(&finding.reason, &finding.reason_code);
        made["StatusReasons"] = json!([{
            "ReasonCode": finding.reason_code,
            "Description": shortened(description, DESCRIPTION_CHARS_MAX),
        }]);
    }
    made
}

fn workflow(finding: &Finding) -> &'static str {
    match finding.status {
        _ if finding.exception.is_some() => "SUPPRESSED",
        Status::Pass | Status::NotApplicable => "RESOLVED",
        Status::Fail | Status::Blocked | Status::Unknown => "NEW",
    }
}

fn described(finding: &Finding, partition: &str) -> Value {
    let kind = resource::kind(&finding.resource);
    let mut made = json!({"Type": kind, "Id": finding.resource, "Region": finding.region});
    if PARTITIONS.contains(&partition) {
        made["Partition"] = json!(partition);
    }
    if kind == "Other" {
        made["Details"] = json!({"Other": {"Kind": resource::words(&finding.resource)}});
    }
    made
}

/// What the format has no place for; texts, and none of them empty.
fn fields(finding: &Finding) -> Value {
    let mut made = Map::new();
    let mut put = |name: &str, text: &str| {
        if !text.is_empty() {
            let text = shortened(text, FIELD_CHARS_MAX);
            made.insert(format!("stele/{name}"), Value::String(text));
        }
    };
    put("check", finding.id);
    put("status", finding.status.word());
    put("reason-code", &finding.reason_code);
    put("cause", finding.cause.as_deref().unwrap_or_default());
    put("stream", finding.stream.as_deref().unwrap_or_default());
    put("pending", if finding.pending { "true" } else { "" });
    if let Some(fix) = finding.fix {
        put("fix", fix.word());
    }
    if let Some(exception) = &finding.exception {
        put("exception/reason", &exception.reason);
        put("exception/owner", &exception.owner);
        put("exception/expires", &exception.expires);
    }
    if !finding.evidence.is_empty() {
        put("evidence", &Value::Object(finding.evidence.clone()).to_string());
    }
    Value::Object(made)
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() { otherwise } else { text }
}

/// The text, or its beginning and a mark that there is more.
fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}
