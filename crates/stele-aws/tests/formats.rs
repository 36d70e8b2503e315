//! Reports as others have them: `formats/*` is a report as ASFF and as OCSF.
//!
//! `UPDATE=1 cargo test -p stele-aws --test formats` writes them anew. What the forms allow is
//! tested for every check and status: ASFF by its limits (`tests/moto/models.py` holds the file
//! against botocore's model), OCSF by the schema beside the repository.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

#[path = "../../stele-event/src/ocsf/tests/validator.rs"]
mod validator;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};
use stele_aws::assess::{Report, ReportScope, SCHEMA, Summary};
use stele_aws::baseline::Exception;
use stele_aws::check;
use stele_aws::checks;
use stele_aws::finding::{Finding, Remedy, Severity, Status};
use stele_aws::format::{asff, ocsf};
use validator::Schemas;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ALL: [Status; 5] =
    [Status::Pass, Status::Fail, Status::Blocked, Status::NotApplicable, Status::Unknown];

fn finding(id: &str, status: Status, resource: &str, code: &str, reason: &str) -> Finding {
    let meta = checks::find(id).unwrap().meta();
    Finding {
        id: meta.id,
        status,
        severity: meta.severity,
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        resource: resource.to_owned(),
        reason: reason.to_owned(),
        reason_code: code.to_owned(),
        fix: match status {
            Status::Fail => Some(meta.fix.remedy),
            Status::Blocked => Some(Remedy::Blocked),
            Status::Pass | Status::NotApplicable | Status::Unknown => None,
        },
        evidence: Map::new(),
        cause: None,
        pending: false,
        exception: None,
        controls: check::controls(meta),
        stream: None,
        missing: false,
    }
}

fn report(findings: Vec<Finding>) -> Report {
    Report {
        schema: SCHEMA,
        assessed_at: "2026-11-24T10:00:00Z".to_owned(),
        complete: true,
        took_ms: 0,
        api_calls: 0,
        scope: ReportScope {
            accounts: vec![ACCOUNT.to_owned()],
            regions: vec![REGION.to_owned()],
            partition: "aws".to_owned(),
            organization: Some("o-example".to_owned()),
            ..ReportScope::default()
        },
        summary: Summary::default(),
        findings,
        errors: Vec::new(),
    }
}

/// One of each status, and of what a finding may hold beside it.
fn example() -> Report {
    let trail = format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit");
    let group = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/app");
    let mut delivery = finding(
        "ct.trail.delivery",
        Status::Fail,
        &trail,
        "delivery-error",
        "CloudTrail cannot write to bucket `audit-x`: AccessDenied",
    );
    delivery.evidence.insert("LatestDeliveryError".to_owned(), json!("AccessDenied"));
    delivery.stream = Some(format!("aws:cloudtrail:{ACCOUNT}:{REGION}:audit"));
    let good = finding("ct.trail.validation", Status::Pass, &trail, "ok", "it writes digests");
    let mut caused = finding(
        "ct.data.s3-write",
        Status::Fail,
        "arn:aws:s3:::orders",
        "not-logging",
        "object writes of bucket `orders` are selected by a trail that is stopped",
    );
    caused.cause = Some(format!("ct.trail.all-regions|{trail}"));
    caused.pending = true;
    let full = finding(
        "log.group.central",
        Status::Blocked,
        &group,
        "slots-full",
        "both subscription filters of the group are somebody else's",
    );
    let mut private = finding(
        "dns.zone.public-query-log",
        Status::NotApplicable,
        "arn:aws:route53:::hostedzone/Z1",
        "private-zone",
        "zone `corp.example.` is private",
    );
    "us-east-1".clone_into(&mut private.region);
    let unread = finding(
        "vpc.flow.coverage",
        Status::Unknown,
        &format!("arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/*"),
        "denied",
        "ec2:DescribeFlowLogs: UnauthorizedOperation",
    );
    let mut excepted = finding(
        "db.rds.audit-export",
        Status::Fail,
        &format!("arn:aws:rds:{REGION}:{ACCOUNT}:db:scratch-1"),
        "not-exported",
        "`audit` is not exported",
    );
    excepted.exception = Some(Exception {
        check: "db.rds.audit-export".to_owned(),
        resource: "arn:aws:rds:*:*:db:scratch-*".to_owned(),
        reason: "rebuilt nightly, no personal data".to_owned(),
        owner: "data-platform".to_owned(),
        expires: "2027-03-31".to_owned(),
    });
    report(vec![delivery, good, caused, full, private, unread, excepted])
}

fn golden(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap();
    let values = |text: &str| -> Vec<Value> {
        let all = serde_json::Deserializer::from_str(text).into_iter();
        all.map(Result::unwrap).collect()
    };
    // Compared as values: the order of members depends on how serde_json is built.
    assert!(values(&there) == values(made), "{name}: UPDATE=1 writes what is made");
}

#[test]
fn the_examples_are_what_is_made() {
    let report = example();
    golden("asff.json", &(serde_json::to_string_pretty(&asff::findings(&report)).unwrap() + "\n"));
    let lines = ocsf::findings(&report).unwrap();
    let lines = lines.into_iter().map(|line| Value::Object(line).to_string() + "\n");
    golden("ocsf.ndjson", &lines.collect::<String>());
}

/// Every check with every status, with texts as long as they come and as short.
fn extremes() -> Report {
    let mut findings = Vec::new();
    for check in checks::ALL {
        for status in ALL {
            let id = check.meta().id;
            let long = "ä".repeat(3_000);
            let word = status.word();
            let bucket = format!("arn:aws:s3:::{id}-{word}");
            let mut one = finding(id, status, &bucket, "a-code", &long);
            one.evidence.insert("Much".to_owned(), json!({"of": ["it", null, long]}));
            one.controls = (0..40).map(|n| format!("CIS-AWS-5.0:{n}")).collect();
            findings.push(one);
            let resource = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/{id}/{word}");
            findings.push(finding(id, status, &resource, "a-code", ""));
        }
    }
    report(findings)
}

/// Where texts stand in ASFF, and how many characters AWS takes there.
const LIMITS: &[(&str, usize)] = &[
    ("/Id", 512),
    ("/GeneratorId", 512),
    ("/ProductArn", 512),
    ("/Title", 256),
    ("/Description", 1_024),
    ("/Types/0", 256),
    ("/Severity/Original", 64),
    ("/Remediation/Recommendation/Text", 512),
    ("/Remediation/Recommendation/Url", 1_024),
    ("/Resources/0/Id", 512),
    ("/Resources/0/Type", 256),
    ("/Compliance/StatusReasons/0/Description", 1_024),
];

#[test]
fn asff_is_within_its_limits() {
    let report = extremes();
    let mut ids = BTreeSet::new();
    let made = asff::findings(&report);
    assert_eq!(made.len(), report.findings.len());
    for (one, finding) in made.iter().zip(&report.findings) {
        let at = format!("{} {}", finding.id, finding.status.word());
        for required in [
            "/SchemaVersion",
            "/Id",
            "/ProductArn",
            "/GeneratorId",
            "/AwsAccountId",
            "/Types/0",
            "/CreatedAt",
            "/UpdatedAt",
            "/Severity/Label",
            "/Title",
            "/Description",
            "/Resources/0/Type",
            "/Resources/0/Id",
        ] {
            let found = one.pointer(required).and_then(Value::as_str).unwrap_or_default();
            assert!(!found.trim().is_empty(), "{at}: no {required}");
        }
        for (place, chars_max) in LIMITS {
            let text = one.pointer(place).and_then(Value::as_str).unwrap_or_default();
            assert!(text.chars().count() <= *chars_max, "{at}: {place} is too long");
        }
        let requirements = one.pointer("/Compliance/RelatedRequirements");
        let requirements = requirements.and_then(Value::as_array).map_or(0, Vec::len);
        assert!(requirements <= 32, "{at}: {requirements} requirements");
        let fields = one["ProductFields"].as_object().unwrap();
        assert!(fields.len() <= 50, "{at}: {} fields", fields.len());
        for (name, value) in fields {
            let value = value.as_str().unwrap();
            assert!(name.len() <= 128 && !name.starts_with("aws/"), "{at}: {name}");
            assert!(!value.is_empty() && value.chars().count() <= 2_048, "{at}: {name}");
        }
        let bytes = one.to_string().len();
        assert!(bytes <= 240_000, "{at}: {bytes} bytes");
        assert!(ids.insert(one["Id"].to_string()), "{at}: twice");
        assert_eq!(
            one["ProductArn"],
            format!("arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default")
        );
        let wrong = matches!(finding.status, Status::Fail | Status::Blocked);
        assert_eq!(one.get("Remediation").is_some(), wrong, "{at}");
    }
    let again: Vec<Value> = asff::findings(&report);
    assert!(again == made, "an import finds again what it brought");
}

#[test]
fn asff_says_what_came_of_a_check() {
    for (status, compliance, label, record, workflow) in [
        (Status::Pass, "PASSED", "INFORMATIONAL", "ACTIVE", "RESOLVED"),
        (Status::Fail, "FAILED", "CRITICAL", "ACTIVE", "NEW"),
        (Status::Blocked, "FAILED", "CRITICAL", "ACTIVE", "NEW"),
        (Status::Unknown, "WARNING", "CRITICAL", "ACTIVE", "NEW"),
        (Status::NotApplicable, "NOT_AVAILABLE", "INFORMATIONAL", "ARCHIVED", "RESOLVED"),
    ] {
        let one = finding("ct.trail.delivery", status, "arn:aws:s3:::b", "code", "text");
        let made = &asff::findings(&report(vec![one]))[0];
        assert_eq!(made["Compliance"]["Status"], compliance);
        assert_eq!(made["Severity"], json!({"Label": label, "Original": "critical"}));
        assert_eq!(made["FindingProviderFields"]["Severity"], made["Severity"]);
        assert_eq!(made["RecordState"], record);
        assert_eq!(made["Workflow"]["Status"], workflow);
        let reasons = &made["Compliance"]["StatusReasons"];
        assert_eq!(reasons.is_null(), status == Status::Pass);
    }
    let china = Finding {
        resource: "arn:aws-cn:s3:::b".to_owned(),
        ..finding("s3.access", Status::Fail, "", "code", "text")
    };
    let mut of_china = report(vec![china]);
    "aws-cn".clone_into(&mut of_china.scope.partition);
    let made = &asff::findings(&of_china)[0];
    assert!(made["ProductArn"].as_str().unwrap().starts_with("arn:aws-cn:securityhub:"));
    assert_eq!(made["Resources"][0]["Partition"], "aws-cn");
}

#[test]
fn ocsf_is_valid() {
    let Some(mut schemas) = Schemas::load() else { return };
    for report in [example(), extremes()] {
        let made = ocsf::findings(&report).unwrap();
        assert_eq!(made.len(), report.findings.len());
        // A validator is slow: each check once, with statuses in turn.
        let step = if made.len() > 100 { 3 } else { 1 };
        for document in made.iter().step_by(step) {
            let errors = schemas.errors(document);
            assert!(errors.is_empty(), "{errors:#?} in {}", Value::Object(document.clone()));
        }
    }
}

#[test]
fn ocsf_keeps_its_class() {
    for document in ocsf::findings(&extremes()).unwrap() {
        assert_eq!(document["class_uid"], 2003);
        assert_eq!(document["metadata"]["version"], "1.8.0");
    }
}

/// The blocks of one language in a page.
fn blocks(page: &str, language: &str) -> Vec<Value> {
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let lines = blocks.flat_map(str::lines);
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn from_line(line: &Value) -> Finding {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let status = ALL.into_iter().find(|status| status.word() == text("status")).unwrap();
    let severity = match text("severity").as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        _ => Severity::Low,
    };
    let controls = line["controls"].as_array().unwrap().iter();
    Finding {
        severity,
        controls: controls.map(|one| one.as_str().unwrap().to_owned()).collect(),
        exception: line["exception"].as_object().map(|_| Exception {
            check: String::new(),
            resource: String::new(),
            reason: String::new(),
            owner: String::new(),
            expires: String::new(),
        }),
        region: text("region"),
        account: text("account"),
        fix: Some(Remedy::Plan),
        ..finding(&text("id"), status, &text("resource"), &text("reason_code"), &text("reason"))
    }
}

/// What the lake makes of a finding stands on the page of its format; here the same comes of it.
#[test]
fn ocsf_says_what_the_lake_says() {
    let page =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../stele-parse/tests/formats/stele_finding.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (lines, rows) = (blocks(&page, "log"), blocks(&page, "json"));
    let mut compared = 0;
    for (line, row) in lines.iter().zip(&rows).filter(|(_, row)| row["parse_status"] == "ok") {
        let made = ocsf::findings(&report(vec![from_line(line)])).unwrap().remove(0);
        for name in ["class_uid", "activity_id", "severity_id", "status_id", "status_code"] {
            assert_eq!(made[name], row[name], "{name} of {line}");
        }
        assert_eq!(made["status_detail"], row["status_detail"]);
        assert_eq!(made["message"], row["message"]);
        assert_eq!(made["cloud"]["account"]["uid"], row["account_uid"]);
        assert_eq!(made["cloud"]["region"], row["region"]);
        assert_eq!(made["resources"][0]["uid"], row["resource_uids"][0]);
        let attrs = &row["attrs"];
        for name in ["control", "status_id"] {
            assert_eq!(made["compliance"][name], attrs[format!("compliance.{name}")], "{line}");
        }
        let standards = made["compliance"].get("standards").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(standards, attrs["compliance.standards"]);
        assert_eq!(made["finding_info"]["title"], attrs["finding_info.title"]);
        // The name of the run is another.
        let rest = |uid: &Value| uid.as_str().unwrap().split_once('|').unwrap().1.to_owned();
        assert_eq!(rest(&made["finding_info"]["uid"]), rest(&attrs["finding_info.uid"]));
        assert_eq!(made["metadata"]["uid"], made["finding_info"]["uid"]);
        compared += 1;
    }
    assert!(compared >= 4, "{compared} were compared");
}
