use serde_json::json;

use super::*;
use crate::assess::{self, Report};
use crate::finding::Severity;

const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:1:trail/audit";
const VPC: &str = "arn:aws:ec2:eu-west-1:1:vpc/vpc-1";
const SINK: &str = "arn:aws:s3:::logs";

/// Check, region, resource, status, code, cause.
type Line = (&'static str, &'static str, &'static str, Status, &'static str, &'static str);

fn finding((id, region, resource, status, code, cause): Line) -> Finding {
    let mut evidence = serde_json::Map::new();
    if id == "ct.trail.all-regions" && status == Pass {
        evidence.insert("Destinations".to_owned(), json!([SINK]));
    }
    Finding {
        id,
        status,
        severity: Severity::High,
        account: "1".to_owned(),
        region: region.to_owned(),
        resource: resource.to_owned(),
        reason: format!("`{resource}` is {code}"),
        reason_code: code.to_owned(),
        fix: None,
        evidence,
        cause: (!cause.is_empty()).then(|| cause.to_owned()),
        pending: false,
        exception: None,
        controls: Vec::new(),
        stream: None,
        missing: false,
    }
}

fn report(findings: &[Line]) -> Report {
    let mut report = assess::report(Vec::new(), Vec::new(), &Baseline::default(), 0, 0, 0);
    report.scope.accounts = vec!["1".to_owned()];
    report.findings = findings.iter().copied().map(finding).collect();
    report
}

fn earlier(findings: &[Line]) -> Earlier {
    // As it is in the file.
    Earlier::deserialize(serde_json::to_value(report(findings)).unwrap()).unwrap()
}

/// Roots as `change id resource`, each with how many follow.
fn roots(before: &[Line], after: &[Line]) -> Vec<(String, usize)> {
    let drift = compare(&earlier(before), &report(after));
    let roots = drift.drift.iter().map(|entry| {
        let Entry { change, id, region, .. } = entry;
        (format!("{change} {id} {region}"), entry.consequences.len())
    });
    roots.collect()
}

use Status::{Fail, NotApplicable, Pass, Unknown};

fn good() -> Vec<Line> {
    vec![
        ("ct.trail.all-regions", "eu-west-1", TRAIL, Pass, "ok", ""),
        ("ct.trail.all-regions", "us-east-1", TRAIL, Pass, "ok", ""),
        ("ct.trail.validation", "us-east-1", TRAIL, Pass, "ok", ""),
        ("ct.data.s3-read", "us-east-1", "arn:aws:s3:::shop", Pass, "ok", ""),
        ("ct.data.s3-read", "us-east-1", SINK, NotApplicable, "log-sink", ""),
        ("ct.bucket.versioning", "us-east-1", SINK, Pass, "ok", ""),
        ("vpc.flow.coverage", "eu-west-1", VPC, Pass, "ok", ""),
        ("vpc.flow.delivery", "eu-west-1", VPC, Pass, "ok", ""),
    ]
}

/// The good state with some findings replaced (by check and region) and some taken away.
fn but(changed: &[Line], gone: &[&str]) -> Vec<Line> {
    let mut lines = good();
    lines.retain(|line| !gone.contains(&line.0));
    lines.retain(|line| !changed.iter().any(|c| (c.0, c.1, c.2) == (line.0, line.1, line.2)));
    lines.extend_from_slice(changed);
    lines
}

#[test]
fn nothing_changed_is_no_drift() {
    let drift = compare(&earlier(&good()), &report(&good()));
    assert!(drift.drift.is_empty() && drift.improved.is_empty() && drift.unreadable.is_empty());
    assert_eq!(drift.exit_code(), 0);
}

#[test]
fn one_entry_for_each_root_change() {
    let stopped = "ct.trail.all-regions|arn:aws:cloudtrail:us-east-1:1:trail/audit";
    let trail_stopped = [
        ("ct.trail.all-regions", "eu-west-1", TRAIL, Fail, "not-logging", ""),
        ("ct.trail.all-regions", "us-east-1", TRAIL, Fail, "not-logging", ""),
        ("ct.data.s3-read", "us-east-1", "arn:aws:s3:::shop", Fail, "not-logging", stopped),
    ];
    let flow_log_gone = [
        ("vpc.flow.coverage", "eu-west-1", VPC, Fail, "no-flow-log", ""),
        ("vpc.flow.delivery", "eu-west-1", VPC, NotApplicable, "no-flow-log", ""),
    ];
    let unversioned = [("ct.bucket.versioning", "us-east-1", SINK, Fail, "not-versioned", "")];
    let trail = ("regressed ct.trail.all-regions eu-west-1".to_owned(), 2);
    let flow = ("regressed vpc.flow.coverage eu-west-1".to_owned(), 1);
    let versioning = ("regressed ct.bucket.versioning us-east-1".to_owned(), 0);
    assert_eq!(roots(&good(), &but(&trail_stopped, &[])), vec![trail.clone()]);
    assert_eq!(roots(&good(), &but(&flow_log_gone, &[])), vec![flow.clone()]);
    assert_eq!(roots(&good(), &but(&unversioned, &[])), vec![versioning.clone()]);
    // Several at once are several.
    let all: Vec<Line> =
        trail_stopped.into_iter().chain(flow_log_gone).chain(unversioned).collect();
    assert_eq!(roots(&good(), &but(&all, &[])), vec![trail, flow, versioning]);
}

/// The trail is deleted: its findings vanish, its bucket is no sink any more, and all of that is
/// one.
#[test]
fn what_vanished_with_its_subject_follows_from_it() {
    const NAMELESS: &str = "arn:aws:cloudtrail:us-east-1:1:trail";
    let after = vec![
        (
            "ct.trail.all-regions",
            "eu-west-1",
            "arn:aws:cloudtrail:eu-west-1:1:trail",
            Fail,
            "no-trail",
            "",
        ),
        ("ct.trail.all-regions", "us-east-1", NAMELESS, Fail, "no-trail", ""),
        (
            "ct.trail.validation",
            "us-east-1",
            NAMELESS,
            Fail,
            "no-trail",
            "ct.trail.all-regions|arn:aws:cloudtrail:us-east-1:1:trail",
        ),
        (
            "ct.data.s3-read",
            "us-east-1",
            "arn:aws:s3:::shop",
            Fail,
            "not-recorded",
            "ct.trail.all-regions|arn:aws:cloudtrail:us-east-1:1:trail",
        ),
        ("ct.data.s3-read", "us-east-1", SINK, Fail, "not-recorded", ""),
        ("vpc.flow.coverage", "eu-west-1", VPC, Pass, "ok", ""),
        ("vpc.flow.delivery", "eu-west-1", VPC, Pass, "ok", ""),
    ];
    let found = roots(&good(), &after);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "new ct.trail.all-regions eu-west-1");
}

#[test]
fn a_read_that_fails_now_is_unreadable_and_never_drift() {
    let unread = [(
        "vpc.flow.coverage",
        "eu-west-1",
        "arn:aws:ec2:eu-west-1:1:vpc/*",
        Unknown,
        "denied",
        "",
    )];
    let mut after = but(&unread, &[]);
    after.retain(|line| line.2 != VPC || line.0 != "vpc.flow.coverage");
    let drift = compare(&earlier(&good()), &report(&after));
    assert!(drift.drift.is_empty(), "{:?}", drift.drift);
    assert_eq!(drift.unreadable.len(), 1);
}

#[test]
fn an_account_that_cannot_be_entered_now_is_unreadable_and_never_drift() {
    let mut after = report(&[]);
    after.scope.accounts.clear();
    let drift = compare(&earlier(&good()), &after);
    assert!(drift.drift.is_empty(), "{:?}", drift.drift);
    assert_eq!(drift.unreadable.len(), good().len());
}

#[test]
fn what_got_better_is_said_and_is_no_drift() {
    let before = but(&[("vpc.flow.coverage", "eu-west-1", VPC, Fail, "no-flow-log", "")], &[]);
    let drift = compare(&earlier(&before), &report(&good()));
    assert!(drift.drift.is_empty());
    assert_eq!(drift.improved.len(), 1);
}

#[test]
fn the_policy_of_a_result_is_read_back_with_its_exceptions() {
    let text = "version = 1\n[[exception]]\ncheck = \"s3.access\"\nresource = \"arn:aws:s3:::x\"\n\
                reason = \"r\"\nowner = \"o\"\nexpires = 2027-03-31\n";
    let baseline = Baseline::parse(text).unwrap();
    let report = assess::report(Vec::new(), Vec::new(), &baseline, 0, 0, 0);
    let earlier = Earlier::deserialize(serde_json::to_value(&report).unwrap()).unwrap();
    assert_eq!(earlier.baseline().unwrap(), baseline);
    assert_eq!(report.scope.baseline["exceptions"][0]["check"], json!("s3.access"));
}

#[test]
fn what_several_writers_lose_is_one_change_whatever_each_would_write() {
    let not_allowed = |id, reason: &str| Finding {
        reason: reason.to_owned(),
        ..finding((id, "us-east-1", VPC, Fail, "not-allowed", ""))
    };
    let flow = not_allowed(
        "vpc.flow.delivery",
        "flow log `fl-1`: the policy of bucket `logs` does not let delivery.logs write `AWSLogs/x`",
    );
    let balancer =
        not_allowed("lb.destination", "the policy of bucket `logs` does not let elb write `lb/x`");
    let elsewhere = not_allowed(
        "vpc.flow.delivery",
        "flow log `fl-2`: the policy of bucket `old` does not let delivery.logs write `AWSLogs/x`",
    );
    let after = |findings: &[&Finding]| {
        let mut report = report(&[]);
        report.findings = findings.iter().map(|finding| (*finding).clone()).collect();
        compare(&earlier(&[]), &report).drift.len()
    };
    assert_eq!(after(&[&flow, &balancer]), 1);
    assert_eq!(after(&[&balancer, &elsewhere]), 2);
}

/// Two accounts with a resource of the same name: what is said of the one is not taken for the
/// other.
#[test]
fn what_accounts_have_by_the_same_name_is_kept_apart() {
    let of = |account: &str, line: Line| Finding { account: account.to_owned(), ..finding(line) };
    let bucket = "arn:aws:s3:::x";
    let states = |one: Line, two: Line| {
        let mut report = report(&[]);
        report.scope.accounts = vec!["1".to_owned(), "2".to_owned()];
        report.findings = vec![of("1", one), of("2", two)];
        report
    };
    let access = |status, code| ("s3.access", "us-east-1", bucket, status, code, "");
    let before = states(access(Fail, "no-access-log"), access(Pass, "ok"));
    let before = Earlier::deserialize(serde_json::to_value(before).unwrap()).unwrap();
    let turned = states(access(Pass, "ok"), access(Fail, "no-access-log"));
    let drift = compare(&before, &turned);
    let accounts = |all: &[Reference]| all.iter().map(|r| r.account.clone()).collect::<Vec<_>>();
    assert_eq!(accounts(&drift.improved), ["1"]);
    let roots: Vec<_> = drift.drift.iter().map(|entry| entry.account.as_str()).collect();
    assert_eq!(roots, ["2"]);
    let unread = states(access(Unknown, "denied"), access(Unknown, "denied"));
    assert_eq!(accounts(&compare(&before, &unread).unreadable), ["1", "2"]);
    // What fails in both is two changes, and what follows stays in its account.
    let trail = ("ct.trail.all-regions", "us-east-1", TRAIL, Fail, "not-logging", "");
    let mut both = states(trail, trail);
    let cause = "ct.trail.all-regions|arn:aws:cloudtrail:us-east-1:1:trail/audit";
    let delivery = ("ct.trail.delivery", "us-east-1", TRAIL, Fail, "not-logging", cause);
    both.findings.push(of("2", delivery));
    let drift = compare(&before, &both);
    let named: Vec<_> = drift
        .drift
        .iter()
        .filter(|entry| entry.id == "ct.trail.all-regions")
        .map(|entry| (entry.account.as_str(), accounts(&entry.consequences)))
        .collect();
    assert_eq!(named, [("1", vec![]), ("2", vec!["2".to_owned()])]);
}

/// Where the buckets cannot be listed, the home region says so for all regions.
#[test]
fn buckets_of_other_regions_are_unreadable_where_the_list_of_buckets_is() {
    let before = [
        ("s3.access", "eu-west-1", "arn:aws:s3:::a", Pass, "ok", ""),
        ("ct.bucket.private", "eu-west-1", "arn:aws:s3:::a", Pass, "ok", ""),
        ("ct.bucket.private", "eu-west-1", "arn:aws:s3:::b", Fail, "public", ""),
    ];
    let list = |id| (id, "us-east-1", "arn:aws:s3:::*", Unknown, "denied", "");
    let after = [list("s3.access"), list("ct.bucket.private")];
    let drift = compare(&earlier(&before), &report(&after));
    assert!(drift.drift.is_empty() && drift.improved.is_empty(), "{drift:?}");
    assert_eq!(drift.unreadable.len(), 2);
}

/// One thing that cannot be read does not hide that another is gone.
#[test]
fn what_is_gone_beside_something_unknown_is_said() {
    let before = [
        ("ct.bucket.private", "us-east-1", SINK, Pass, "ok", ""),
        ("ct.bucket.private", "us-east-1", "arn:aws:s3:::theirs", Unknown, "out-of-scope", ""),
    ];
    let drift = compare(&earlier(&before), &report(&before[1..]));
    assert_eq!(drift.drift.len(), 1);
    assert_eq!(drift.drift[0].change, Change::Gone);
}
