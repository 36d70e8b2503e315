#![allow(clippy::unwrap_used)]

use super::*;
use crate::assess::{self, Assessed, Report, Selection};
use crate::baseline::Baseline;
use crate::collect::Scope;
use crate::iam;
use crate::plan::{Allowances, Plan, assemble};
use crate::replay::Replay;

/// 2026-11-24T10:00:00Z.
const NOW_MICROS: i64 = 1_795_514_400_000_000;
const ACCOUNT: &str = "111122223333";

/// One of each kind that has tags, in two regions, the one tagged and the other not. Nothing of
/// them is logged.
const WORLD: &str = r#"
ec2:DescribeVpcs @us-east-1 => {"VpcSet": [{"VpcId": "vpc-a"}, {"VpcId": "vpc-b"}]}
logs:DescribeLogGroups @us-east-1 => {"logGroups": [
  {"logGroupName": "/a", "arn": "arn:aws:logs:us-east-1:111122223333:log-group:/a:*", "creationTime": 1},
  {"logGroupName": "/b", "arn": "arn:aws:logs:us-east-1:111122223333:log-group:/b:*", "creationTime": 1}]}
apigateway:GetRestApis @us-east-1 => {"item": [{"id": "one"}, {"id": "two"}]}
apigateway:GetStages => {"item": [{"stageName": "prod"}, {"stageName": "test"}]}
s3:ListBuckets => {"Buckets": [
  {"Name": "in-a", "BucketRegion": "us-east-1", "CreationDate": "2026-01-01T00:00:00Z"},
  {"Name": "in-b", "BucketRegion": "eu-west-1", "CreationDate": "2026-01-01T00:00:00Z"}]}
route53:ListHostedZones => {"HostedZones": [
  {"Id": "/hostedzone/ZA", "Name": "a.example.", "Config": {"PrivateZone": false}},
  {"Id": "/hostedzone/ZB", "Name": "b.example.", "Config": {"PrivateZone": true}}]}
"#;

/// What the tags are, as the Tagging API says it: log groups without `:*`, an API for its stages.
const TAGGED: &str = r#"
resourcegroupstaggingapi:GetResources @us-east-1 => {"PaginationToken": "", "ResourceTagMappingList": [
  {"ResourceARN": "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-a", "Tags": [{"Key": "team", "Value": "pay"}]},
  {"ResourceARN": "arn:aws:logs:us-east-1:111122223333:log-group:/a", "Tags": [{"Key": "team", "Value": "pay"}]},
  {"ResourceARN": "arn:aws:apigateway:us-east-1::/restapis/one", "Tags": [{"Key": "team", "Value": "pay"}]},
  {"ResourceARN": "arn:aws:apigateway:us-east-1::/restapis/two/stages/test", "Tags": [{"Key": "team", "Value": "pay"}]},
  {"ResourceARN": "arn:aws:s3:::in-a", "Tags": [{"Key": "team", "Value": "other"}]}]}
resourcegroupstaggingapi:GetResources @eu-west-1 => {"ResourceTagMappingList": [
  {"ResourceARN": "arn:aws:s3:::in-b", "Tags": [{"Key": "stage", "Value": "x"}, {"Key": "team", "Value": "pay"}]}]}
"#;

const CHECKS: &[&str] = &[
    "vpc.flow.coverage",
    "log.group.retention",
    "api.rest.access",
    "s3.access",
    "ct.data.s3-write",
    "dns.zone.public-query-log",
    "ct.trail.all-regions",
    "ct.trail.validation",
    "cfg.recorder.on",
    "cen.loop",
];

fn tags(words: &[&str]) -> Tags {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Tags::parse(&words).unwrap()
}

struct Run {
    assessed: Assessed,
    report: Report,
    plan: Plan,
    asked: Vec<String>,
}

fn run(recording: &str, wanted: &[&str], denied: Option<&str>) -> Run {
    let baseline = Baseline::default();
    let only = CHECKS.iter().map(|id| (*id).to_owned()).collect();
    let checks = Selection { only, skip: Vec::new() }.checks(&baseline);
    let scope = Scope {
        account: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
        home_region: None,
        now_micros: NOW_MICROS,
        collectors: assess::collectors(&checks, &baseline),
        interfaces: false,
        tags: tags(wanted),
    };
    let mut replay = Replay::parse(recording).unwrap();
    if let Some(id) = denied {
        replay = replay.denying(id);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let assessed = assess::account(&replay, &scope, &baseline, &checks).await;
        let asked = replay.made().into_keys().filter(|call| call.contains("tagging")).collect();
        let allowances = Allowances::new();
        let part = assemble::account(&replay, &assessed, &baseline, &allowances, &|_| true).await;
        let report =
            assess::report(vec![assessed.clone()], Vec::new(), &baseline, 0, 0, NOW_MICROS);
        let plan = assemble::join(vec![part], &report);
        Run { assessed, report, plan, asked }
    })
}

impl Run {
    /// The status and the reason's word of a check for the resource with this ending.
    fn of(&self, check: &str, ending: &str) -> (Status, &str) {
        let mut all = self
            .assessed
            .findings
            .iter()
            .filter(|finding| finding.id == check && finding.resource.ends_with(ending));
        let found = all.next().unwrap_or_else(|| panic!("no {check} of {ending}"));
        (found.status, found.reason_code.as_str())
    }
}

const OUT: (Status, &str) = (Status::NotApplicable, "out-of-tag-scope");

#[test]
fn only_what_has_the_tags_is_judged() {
    let recording = format!("{WORLD}{TAGGED}");
    let all = run(&recording, &[], None);
    assert!(all.asked.is_empty(), "asked though no tag was wanted: {:?}", all.asked);
    let some = run(&recording, &["team=pay"], None);
    let same = [
        ("vpc.flow.coverage", "vpc/vpc-a"),
        ("log.group.retention", "log-group:/a"),
        // The tags of an API are those of its stages; a stage has some of its own.
        ("api.rest.access", "/restapis/one/stages/prod"),
        ("api.rest.access", "/restapis/one/stages/test"),
        ("api.rest.access", "/restapis/two/stages/test"),
        ("s3.access", ":::in-b"),
        ("ct.data.s3-write", ":::in-b"),
        // An account or a region has no tags.
        ("ct.trail.all-regions", ":trail"),
        ("ct.trail.validation", ":trail"),
        ("cfg.recorder.on", "us-east-1:111122223333:configuration-recorder"),
        ("cfg.recorder.on", "eu-west-1:111122223333:configuration-recorder"),
        ("cen.loop", ":root"),
    ];
    for (check, ending) in same {
        assert_ne!(some.of(check, ending), OUT, "{check} {ending}");
        assert_eq!(some.of(check, ending), all.of(check, ending), "{check} {ending}");
    }
    let out = [
        ("vpc.flow.coverage", "vpc/vpc-b"),
        ("log.group.retention", "log-group:/b"),
        ("api.rest.access", "/restapis/two/stages/prod"),
        ("s3.access", ":::in-a"),
        ("ct.data.s3-write", ":::in-a"),
        ("dns.zone.public-query-log", "hostedzone/ZA"),
        ("dns.zone.public-query-log", "hostedzone/ZB"),
    ];
    for (check, ending) in out {
        assert_eq!(some.of(check, ending), OUT, "{check} {ending}");
    }
    assert_eq!(some.assessed.findings.len(), all.assessed.findings.len());
    for finding in some.assessed.findings.iter().filter(|f| f.reason_code == OUT.1) {
        assert!(finding.fix.is_none() && finding.stream.is_none(), "{finding:?}");
        assert!(finding.cause.is_none() && finding.evidence.is_empty(), "{finding:?}");
    }
    assert_eq!(some.report.scope.tags, ["team=pay"]);
    assert!(some.report.complete);
}

#[test]
fn each_region_is_asked_once_for_all_tags_together() {
    let recording = format!("{WORLD}{TAGGED}");
    let run = run(&recording, &["team", "stage=x", "team=pay"], None);
    let expected = [
        "resourcegroupstaggingapi:GetResources @eu-west-1 TagFilters=\
         [{\"Key\":\"stage\",\"Values\":[\"x\"]},{\"Key\":\"team\",\"Values\":[\"pay\"]}]",
        "resourcegroupstaggingapi:GetResources @us-east-1 TagFilters=\
         [{\"Key\":\"stage\",\"Values\":[\"x\"]},{\"Key\":\"team\",\"Values\":[\"pay\"]}]",
    ];
    assert_eq!(run.asked, expected);
    // The recording answers whatever is asked: what lacks a tag is left out here as well.
    assert_eq!(run.of("vpc.flow.coverage", "vpc/vpc-a"), OUT);
    assert_ne!(run.of("s3.access", ":::in-b"), OUT);
}

#[test]
fn a_plan_is_for_what_has_the_tags() {
    let recording = format!("{WORLD}{TAGGED}");
    let all = run(&recording, &[], None).plan;
    let some = run(&recording, &["team=pay"], None).plan;
    let text = |plan: &Plan| serde_json::to_string(&(&plan.actions, &plan.blocked)).unwrap();
    let (all, text_of_some) = (text(&all), text(&some));
    for other in ["vpc-b", "log-group:/b", "hostedzone/ZA", "two/stages/prod"] {
        assert!(all.contains(other), "{other}");
        assert!(!text_of_some.contains(other), "{other}: {text_of_some}");
    }
    for wanted in ["vpc-a", "log-group:/a", "two/stages/test"] {
        assert!(text_of_some.contains(wanted), "{wanted}");
    }
    // Data events of the one bucket, not of all of them.
    assert!(all.contains(r#""NotStartsWith""#));
    assert!(text_of_some.contains("arn:aws:s3:::in-b/"));
    assert!(!text_of_some.contains(r#""NotStartsWith""#), "{text_of_some}");
    assert_eq!(some.scope.tags, ["team=pay"]);
    assert_eq!(some.sha256, some.hash());
}

#[test]
fn tags_that_cannot_be_read_leave_everything_unknown() {
    let recording = format!("{WORLD}{TAGGED}");
    let all = run(&recording, &[], None);
    let denied = run(&recording, &["team=pay"], Some("resourcegroupstaggingapi:GetResources"));
    for (check, ending) in [
        ("vpc.flow.coverage", "vpc/vpc-a"),
        ("log.group.retention", "log-group:/b"),
        ("api.rest.access", "/restapis/one/stages/prod"),
        ("s3.access", ":::in-b"),
        ("dns.zone.public-query-log", "hostedzone/ZA"),
    ] {
        assert_eq!(denied.of(check, ending), (Status::Unknown, "denied"), "{check} {ending}");
    }
    // It does not apply whatever its tags are.
    let private = denied.of("dns.zone.public-query-log", "hostedzone/ZB");
    assert_eq!(private, all.of("dns.zone.public-query-log", "hostedzone/ZB"));
    assert_eq!(private.0, Status::NotApplicable);
    assert_eq!(denied.of("cen.loop", ":root"), all.of("cen.loop", ":root"));
    assert!(denied.assessed.findings.iter().all(|finding| finding.reason_code != OUT.1));
    assert_eq!(denied.report.exit_code(), 4);
    assert!(denied.report.errors.iter().any(|error| error.hint == "allow tag:GetResources"));
    // One region that answers does not wait for the other.
    let one = format!(
        "resourcegroupstaggingapi:GetResources @eu-west-1 => !ThrottlingException\n{recording}"
    );
    let half = run(&one, &["team=pay"], None);
    assert_eq!(half.of("s3.access", ":::in-b"), (Status::Unknown, "throttled"));
    assert_eq!(half.of("s3.access", ":::in-a"), OUT);
    assert_eq!(half.report.exit_code(), 4);
}

#[test]
fn what_is_others_or_has_no_name_stays_as_it_is() {
    let mut inventory = run(WORLD, &["team"], None).assessed.inventory;
    inventory.partition = "aws".to_owned();
    let finding = |id: &'static str, resource: &str| {
        let mut finding = run(WORLD, &[], None).assessed.findings[0].clone();
        finding.id = id;
        finding.resource = resource.to_owned();
        finding
    };
    for (id, resource, expected) in [
        ("ct.trail.kms", "arn:aws:cloudtrail:eu-north-1:111122223333:trail/t", Some("eu-north-1")),
        ("ct.trail.kms", "arn:aws:cloudtrail:us-east-1:444455556666:trail/org", None),
        ("ct.trail.kms", "arn:aws:cloudtrail:us-east-1:111122223333:trail", None),
        ("ct.trail.mgmt-rw", "arn:aws:cloudtrail:us-east-1:111122223333:trail/t", None),
        ("ct.bucket.private", "arn:aws:s3:::in-b", Some("eu-west-1")),
        ("ct.bucket.private", "arn:aws:s3:::somebody-elses", None),
        ("cen.account-separation", "arn:aws:s3:::in-b", None),
        ("s3.access", "arn:aws:s3:::*", None),
        ("vpc.flow.coverage", "arn:aws:ec2:us-east-1:111122223333:vpc/*", None),
        ("vpc.flow.coverage", "arn:aws:ec2:us-east-1:111122223333:subnet/s-1", Some("us-east-1")),
        ("api.http.access", "arn:aws:apigateway:us-east-1::/apis/a/stages/*", None),
        (
            "api.http.access",
            "arn:aws:apigateway:eu-west-1::/apis/a/stages/$default",
            Some("eu-west-1"),
        ),
        ("cdn.cloudfront", "arn:aws:cloudfront::111122223333:distribution/E1", Some("us-east-1")),
        ("waf.acl", "arn:aws:wafv2:us-east-1:111122223333:global/webacl/n/i", Some("us-east-1")),
        ("kms.log-key.usable", "arn:aws:kms:us-east-1:111122223333:alias/logs", None),
        ("ssm.hybrid", "arn:aws:ssm:us-east-1:111122223333:managed-instance", None),
        (
            "ssm.hybrid",
            "arn:aws:ssm:us-east-1:111122223333:managed-instance/mi-1",
            Some("us-east-1"),
        ),
        ("ext.guardduty", "arn:aws:guardduty:us-east-1:111122223333:detector/d", None),
    ] {
        let found = home(&inventory, &finding(id, resource), "us-east-1");
        assert_eq!(found.as_deref(), expected, "{id} {resource}");
    }
    for pattern in OF_REGIONS {
        let known = crate::checks::ALL.iter().any(|check| arn::matches(pattern, check.meta().id));
        assert!(known, "{pattern} is no check");
    }
}

#[test]
fn tags_are_read_as_they_are_written() {
    let words = tags(&["b=2", "a", "c=", "b", "d=x=y"]).words();
    assert_eq!(words, ["a", "b=2", "c=", "d=x=y"]);
    assert_eq!(Tags::parse(&words).unwrap().words(), words);
    for (words, expected) in [
        (vec!["=x".to_owned()], "a tag is written as"),
        (vec![String::new()], "a tag is written as"),
        (vec!["a=1".to_owned(), "a=2".to_owned()], "no resource has both the tags `a=1` and `a=2`"),
        (vec![format!("{}=1", "k".repeat(129))], "a key has at most 128 characters"),
        ((0..51).map(|n| format!("k{n}")).collect(), "AWS takes 50 tags at once, these are 51"),
    ] {
        let error = Tags::parse(&words).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_policy_allows_the_question_only_where_it_is_asked() {
    let checks = Selection::default().checks(&Baseline::default());
    let mut collectors = assess::collectors(&checks, &Baseline::default());
    let action = "tag:GetResources";
    assert!(!iam::assess_policy(&collectors, "aws").to_string().contains(action));
    assert_eq!(Tags::default().collector(), None);
    collectors.extend(tags(&["team"]).collector());
    assert!(iam::assess_policy(&collectors, "aws").to_string().contains(action));
}
