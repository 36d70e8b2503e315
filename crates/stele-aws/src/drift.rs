//! Drift: what got worse since an earlier result, one entry for each root change.
//!
//! What follows from a change is folded into it: findings that name it as their cause, findings
//! that vanished with their subject, the same change seen from other regions. A read that fails now
//! is unreadable and never drift.
//!
//! An earlier result goes in and a new one; the differences come out. Nothing is called, and
//! nothing is taken for gone that could not be looked for.

mod compare;
mod fold;
mod worse;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use compare::compare;

use crate::baseline::Baseline;
use crate::finding::{Finding, Status};
use crate::tags::Tags;

/// The name and version of the form.
pub const SCHEMA: &str = "stele.aws.drift/1";

/// An earlier result, as far as it is compared.
#[derive(Debug, Clone, Deserialize)]
pub struct Earlier {
    /// When it was read, as RFC 3339.
    pub assessed_at: String,
    /// What was looked at.
    pub scope: EarlierScope,
    /// What the checks said.
    pub findings: Vec<Past>,
}

/// What an earlier result looked at.
#[derive(Debug, Clone, Deserialize)]
pub struct EarlierScope {
    /// Accounts.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// The tags that a resource had to have.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where what was global belonged, by account: a trail that is gone does not move it.
    #[serde(default)]
    pub home_regions: BTreeMap<String, String>,
    /// The checks that were run; earlier versions did not say.
    #[serde(default)]
    pub checks: Vec<String>,
    /// The policy that was in force.
    pub baseline: Value,
}

/// A finding of an earlier result.
#[derive(Debug, Clone, Deserialize)]
pub struct Past {
    /// The check.
    pub id: String,
    /// How it ended.
    pub status: Status,
    /// Whose.
    pub account: String,
    /// Where.
    pub region: String,
    /// What.
    pub resource: String,
    /// Why, in a word.
    pub reason_code: String,
    /// What it was decided from.
    #[serde(default)]
    pub evidence: serde_json::Map<String, Value>,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Drift {
    /// `stele.aws.drift/1`.
    pub schema: &'static str,
    /// Whether everything that was needed could be read.
    pub complete: bool,
    /// What got worse: one entry for each root change.
    pub drift: Vec<Entry>,
    /// What got better.
    pub improved: Vec<Reference>,
    /// What cannot be said now.
    pub unreadable: Vec<Reference>,
}

/// A root change.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Entry {
    /// The check.
    pub id: String,
    /// What.
    pub resource: String,
    /// Whose.
    pub account: String,
    /// Where.
    pub region: String,
    /// How it differs.
    pub change: Change,
    /// How it ended then; empty where there was none.
    pub was: String,
    /// How it ends now.
    pub now: String,
    /// Why, in a sentence.
    pub reason: String,
    /// Who did it, where the store holds the events.
    pub who: Vec<Who>,
    /// What follows from it.
    pub consequences: Vec<Reference>,
}

/// How an entry differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was there and good.
    Regressed,
    /// It was not there.
    New,
    /// It was good and is not there any more.
    Gone,
}

impl std::fmt::Display for Change {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Regressed => "regressed",
            Self::New => "new",
            Self::Gone => "gone",
        })
    }
}

/// Who made a change, by CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Who {
    /// The event.
    pub event_id: String,
    /// When, as RFC 3339.
    pub time: String,
    /// Who.
    pub actor: String,
    /// What was called.
    pub operation: String,
}

/// A finding, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Reference {
    /// Whose.
    pub account: String,
    /// The check.
    pub id: String,
    /// Where.
    pub region: String,
    /// What.
    pub resource: String,
}

/// Tags of a result that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the tags of the earlier result: {0}")]
pub struct TagsError(String);

impl Earlier {
    /// The policy that was in force.
    ///
    /// # Errors
    /// It is not of this version.
    pub fn baseline(&self) -> Result<Baseline, serde_json::Error> {
        Baseline::deserialize(&self.scope.baseline)
    }

    /// The tags that a resource had to have.
    ///
    /// # Errors
    /// They are not of this version.
    pub fn tags(&self) -> Result<Tags, TagsError> {
        Tags::parse(&self.scope.tags).map_err(TagsError)
    }

    /// The checks that were run, also those that had nothing to look at then; as far as they said
    /// anything where the result does not tell.
    pub fn checks(&self) -> Vec<String> {
        if !self.scope.checks.is_empty() {
            return self.scope.checks.clone();
        }
        let mut ids: Vec<String> = self.findings.iter().map(|past| past.id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

impl Past {
    /// Whether it did not apply only because logs are written there.
    fn is_kept_aside(&self) -> bool {
        self.status == Status::NotApplicable
            && ["log-sink", "terminal"].contains(&self.reason_code.as_str())
    }
}

impl Reference {
    /// The name of a finding.
    pub fn to(finding: &Finding) -> Self {
        Self::new(&finding.account, finding.id, &finding.region, &finding.resource)
    }

    /// The name of an earlier one.
    pub fn of(past: &Past) -> Self {
        Self::new(&past.account, &past.id, &past.region, &past.resource)
    }

    fn new(account: &str, id: &str, region: &str, resource: &str) -> Self {
        Self {
            account: account.to_owned(),
            id: id.to_owned(),
            region: region.to_owned(),
            resource: resource.to_owned(),
        }
    }
}

impl Drift {
    /// 0, or 3 when something got worse, or 4 when not everything could be read.
    pub fn exit_code(&self) -> u8 {
        match (self.complete, self.drift.is_empty()) {
            (false, _) => 4,
            (true, false) => 3,
            (true, true) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
