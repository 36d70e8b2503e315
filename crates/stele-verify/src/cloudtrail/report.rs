//! The report: a verdict for each file while the work goes on, and all findings at the end.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::finding::{Finding, Interval, Kind, shown};
use super::names::ChainId;
use crate::verdict::{Outcome, Severity, clean};

/// What kind of file a verdict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum File {
    /// A digest.
    Digest,
    /// A log that a digest names.
    Log,
}

/// What is to be thought of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// It is what AWS signed.
    Verified,
    /// It could not be judged: it was not read, or nothing that is proven speaks of it.
    Unjudged,
    /// It is not what AWS signed, or it is gone.
    Failed,
}

impl Judgement {
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        match kinds.iter().map(|kind| kind.severity()).max() {
            Some(Severity::Difference) => Self::Failed,
            Some(Severity::Incomplete) => Self::Unjudged,
            Some(Severity::Note) | None => Self::Verified,
        }
    }
}

/// The verdict on one file. What is wrong between files stands in the findings alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// A digest or a log.
    pub file: File,
    /// What is to be thought of it.
    pub verdict: Judgement,
    /// The chain: account, region and trail.
    pub chain: String,
    /// The bucket, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The key.
    pub key: String,
    /// Why, where it is not simply verified.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
}

/// How many files were judged how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// What AWS signed.
    pub verified: u64,
    /// Not what AWS signed, or gone.
    pub failed: u64,
    /// Not judged.
    pub unjudged: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, judgement: Judgement) {
        match judgement {
            Judgement::Verified => self.verified += 1,
            Judgement::Failed => self.failed += 1,
            Judgement::Unjudged => self.unjudged += 1,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} verified", self.verified)?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        if self.unjudged > 0 {
            write!(f, ", {} not judged", self.unjudged)?;
        }
        Ok(())
    }
}

/// One chain of digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// The organization, for the trail of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The account that the events are from.
    pub account: String,
    /// The region that the events are from.
    pub region: String,
    /// The trail.
    pub trail: String,
    /// The region that the trail was made in.
    pub home_region: String,
    /// Whether these are digests of logs that came too late for their hour.
    pub backfill: bool,
    /// The interval that had to be covered.
    pub interval: Option<Interval>,
    /// The digests.
    pub digests: Counts,
    /// The logs that they name.
    pub logs: Counts,
}

impl ChainReport {
    pub(crate) fn new(id: &ChainId) -> Self {
        Self {
            organization: id.place.organization.clone(),
            account: id.place.account.clone(),
            region: id.place.region.clone(),
            trail: id.trail.clone(),
            home_region: id.home_region.clone(),
            backfill: id.backfill,
            interval: None,
            digests: Counts::default(),
            logs: Counts::default(),
        }
    }
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Of this form: 1.
    pub version: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The chains.
    pub chains: Vec<ChainReport>,
    /// How often each kind was found.
    pub counts: BTreeMap<&'static str, u64>,
    /// What was found, the gravest first; at most as many as the options allow.
    pub findings: Vec<Finding>,
    /// How many findings there are beyond that.
    pub findings_left_off: u64,
}

impl Report {
    /// Whether something of this kind was found.
    pub fn has(&self, kind: Kind) -> bool {
        self.counts.contains_key(kind.name())
    }
}

/// The report as it grows.
pub(crate) struct Reporter<'a> {
    on_verdict: &'a mut dyn FnMut(&Verdict),
    findings_max: usize,
    report: Report,
    worst: Severity,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(findings_max: usize, on_verdict: &'a mut dyn FnMut(&Verdict)) -> Self {
        let report = Report {
            version: 1,
            outcome: Outcome::Verified,
            chains: Vec::new(),
            counts: BTreeMap::new(),
            findings: Vec::new(),
            findings_left_off: 0,
        };
        Self { on_verdict, findings_max, report, worst: Severity::Note }
    }

    pub(crate) fn find(&mut self, finding: Finding) {
        self.worst = self.worst.max(finding.severity);
        *self.report.counts.entry(finding.kind.name()).or_default() += 1;
        if self.report.findings.len() < self.findings_max {
            self.report.findings.push(finding);
        } else {
            self.report.findings_left_off += 1;
        }
    }

    pub(crate) fn judge(&mut self, verdict: &Verdict) {
        (self.on_verdict)(verdict);
    }

    pub(crate) fn chain(&mut self, chain: ChainReport) {
        self.report.chains.push(chain);
    }

    pub(crate) fn finish(mut self) -> Report {
        self.report.outcome = Outcome::of(Some(self.worst));
        self.report.findings.sort_by(|a, b| {
            let order = |f: &Finding| (f.chain.clone(), f.interval, f.key.clone(), f.kind);
            b.severity.cmp(&a.severity).then_with(|| order(a).cmp(&order(b)))
        });
        self.report
    }
}

/// For people.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chain in &self.chains {
            let backfill = if chain.backfill { " (backfill)" } else { "" };
            write!(f, "{} {} {}{backfill}", chain.account, chain.region, chain.trail)?;
            if let Some(interval) = chain.interval {
                write!(f, ", {} to {}", shown(interval.start), shown(interval.end))?;
            }
            writeln!(f, "\n  digests: {}\n  logs: {}", chain.digests, chain.logs)?;
        }
        for finding in &self.findings {
            show(finding, f)?;
        }
        if self.findings_left_off > 0 {
            writeln!(f, "\n... and {} more findings:", self.findings_left_off)?;
            for (kind, count) in &self.counts {
                writeln!(f, "  {kind}: {count}")?;
            }
        }
        writeln!(f, "\n{}", self.outcome.sentence())
    }
}

fn show(finding: &Finding, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let severity = finding.severity.word();
    writeln!(f, "\n{severity}: {}: {}", finding.kind.name(), finding.meaning)?;
    if let Some(chain) = &finding.chain {
        writeln!(f, "  trail: {}", clean(chain))?;
    }
    match (&finding.bucket, &finding.key) {
        (Some(bucket), Some(key)) => {
            writeln!(f, "  object: s3://{}/{}", clean(bucket), clean(key))?;
        }
        (None, Some(key)) => writeln!(f, "  object: {}", clean(key))?,
        _ => {}
    }
    if let Some(interval) = finding.interval {
        writeln!(f, "  time: {} to {}", shown(interval.start), shown(interval.end))?;
    }
    if !finding.detail.is_empty() {
        writeln!(f, "  {}", clean(&finding.detail))?;
    }
    Ok(())
}
