//! The report for people: what is wrong first, why in a sentence, and what to do next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use stele_aws::assess::Report;
use stele_aws::finding::{Finding, Severity, Status};

/// Resources shown of one check; the rest are counted.
const SHOWN_MAX: usize = 5;

/// The word for a severity.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

/// The whole table.
pub(super) fn table(report: &Report) -> String {
    let mut text = String::new();
    section(&mut text, report, |f| {
        matches!(f.status, Status::Fail | Status::Blocked) && f.exception.is_none()
    });
    section(&mut text, report, |f| f.status == Status::Unknown);
    let summary = &report.summary;
    let scope = &report.scope;
    let _ = writeln!(
        text,
        "{} failing, {} blocked, {} unknown, {} excepted, {} good, {} not applicable; \
         {} {} in {} {}{}, {} calls, {:.1} s",
        summary.fail,
        summary.blocked,
        summary.unknown,
        summary.excepted,
        summary.pass,
        summary.not_applicable,
        scope.accounts.len(),
        if scope.accounts.len() == 1 { "account" } else { "accounts" },
        scope.regions.len(),
        if scope.regions.len() == 1 { "region" } else { "regions" },
        if scope.tags.is_empty() {
            String::new()
        } else {
            format!(", with the tags {}", scope.tags.join(", "))
        },
        report.api_calls,
        report.took_ms as f64 / 1_000.0,
    );
    text
}

/// Findings of a kind, by check, the worst first.
fn section(text: &mut String, report: &Report, wanted: impl Fn(&Finding) -> bool) {
    let mut by_check: BTreeMap<(Severity, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| wanted(finding)) {
        by_check.entry((finding.severity, finding.id)).or_default().push(finding);
    }
    let several = report.scope.accounts.len() > 1;
    for ((how_bad, id), findings) in by_check {
        let status = findings[0].status.word();
        let title = stele_aws::checks::find(id).map_or("", |check| check.meta().title);
        let _ = writeln!(text, "{status} {:<8} {id}: wanted: {title}", severity(how_bad));
        for finding in findings.iter().take(SHOWN_MAX) {
            let account = if several { format!("{} ", finding.account) } else { String::new() };
            let pending = if finding.pending { " (AWS is still settling it)" } else { "" };
            let _ = writeln!(text, "    {account}{} {}{pending}", finding.region, short(finding));
            let _ = writeln!(text, "        {}", finding.reason);
            if let Some(cause) = &finding.cause {
                let check = cause.split('|').next().unwrap_or(cause);
                let _ = writeln!(text, "        because of {check}");
            }
        }
        if findings.len() > SHOWN_MAX {
            let more = findings.len() - SHOWN_MAX;
            let _ = writeln!(text, "    and {more} more (--format json shows all)");
        }
    }
    if !text.is_empty() && !text.ends_with("\n\n") {
        text.push('\n');
    }
}

/// The resource without what every ARN begins with.
fn short(finding: &Finding) -> &str {
    let parts: Vec<&str> = finding.resource.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, _, rest] if !rest.is_empty() => rest,
        _ => &finding.resource,
    }
}

/// What could not be read and why, for stderr.
pub(super) fn unread(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let mut by_error: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for error in &report.errors {
        *by_error.entry((&error.call, &error.code, &error.hint)).or_default() += 1;
    }
    for ((call, code, hint), count) in by_error {
        let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
        lines.push(format!("warning: cannot read {call}: {code}{times}"));
        if !hint.is_empty() {
            lines.push(format!("hint: {hint}"));
        }
    }
    if !report.complete {
        lines.push(
            "hint: `stele aws policy --for assess` prints the permissions that it takes".to_owned(),
        );
    }
    lines
}

/// What to do next, for stderr.
pub(super) fn hints(report: &Report) -> Vec<String> {
    let mut lines = unread(report);
    let failing =
        report.findings.iter().find(|f| f.status == Status::Fail && f.exception.is_none());
    if let Some(finding) = failing {
        lines.push(format!(
            "hint: `stele aws checks show {}` says why it matters and how to put it right",
            finding.id
        ));
    }
    lines
}
