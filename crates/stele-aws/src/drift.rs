//! Drift: what got worse since an earlier result, one entry for each root change.
//!
//! What follows from a change is folded into it: findings that name it as their cause, findings
//! that vanished with their subject, the same change seen from other regions. A read that fails now
//! is unreadable and never drift.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::assess::Report;
use crate::baseline::Baseline;
use crate::checks;
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
    /// How it ended then; null where there was none.
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

    /// The checks that were run, as far as they said anything.
    pub fn checks(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.findings.iter().map(|past| past.id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

impl Past {
    /// Check, region, resource.
    pub fn key(&self) -> (String, String, String) {
        (self.id.clone(), self.region.clone(), self.resource.clone())
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

/// A finding that got worse, before it is known what it follows from.
struct Worse<'a> {
    past: Option<&'a Past>,
    now: Option<&'a Finding>,
}

type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Compares.
pub fn compare(before: &Earlier, after: &Report) -> Drift {
    let past: BTreeMap<Key<'_>, &Past> = before
        .findings
        .iter()
        .map(|f| ((f.account.as_str(), f.region.as_str(), f.id.as_str(), f.resource.as_str()), f))
        .collect();
    let now: BTreeMap<Key<'_>, &Finding> = after
        .findings
        .iter()
        .map(|f| ((f.account.as_str(), f.region.as_str(), f.id, f.resource.as_str()), f))
        .collect();
    let (mut worse, mut improved, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for (key, finding) in &now {
        let was = past.get(key);
        match finding.status {
            Status::Unknown => {
                if was.is_none_or(|was| was.status != Status::Unknown) {
                    unreadable.push(reference(finding.id, &finding.region, &finding.resource));
                }
            }
            Status::Fail | Status::Blocked if finding.exception.is_none() => {
                if was.is_none_or(|was| !is_wrong(was.status)) {
                    worse.push(Worse { past: was.copied(), now: Some(finding) });
                }
            }
            Status::NotApplicable => {
                if was.is_some_and(|was| was.status == Status::Pass) {
                    worse.push(Worse { past: was.copied(), now: Some(finding) });
                }
            }
            Status::Pass | Status::Fail | Status::Blocked => {
                if was.is_some_and(|was| is_wrong(was.status)) {
                    improved.push(reference(finding.id, &finding.region, &finding.resource));
                }
            }
        }
    }
    // Where a list cannot be read now, or an account not be entered, nothing is known to be gone.
    let unknown = after.findings.iter().filter(|finding| finding.status == Status::Unknown);
    let unread: BTreeSet<(&str, &str, &str)> =
        unknown.map(|f| (f.account.as_str(), f.region.as_str(), f.id)).collect();
    for (key, was) in past.iter().filter(|(key, _)| !now.contains_key(*key)) {
        match was.status {
            _ if unread.contains(&(key.0, key.1, key.2)) => {}
            _ if !after.scope.accounts.iter().any(|account| account == key.0) => {
                unreadable.push(reference(&was.id, &was.region, &was.resource));
            }
            Status::Pass => worse.push(Worse { past: Some(was), now: None }),
            Status::Fail | Status::Blocked => {
                improved.push(reference(&was.id, &was.region, &was.resource));
            }
            Status::NotApplicable | Status::Unknown => {}
        }
    }
    improved.sort();
    unreadable.sort();
    let drift = fold(worse);
    Drift { schema: SCHEMA, complete: after.complete, drift, improved, unreadable }
}

fn is_wrong(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Blocked)
}

fn reference(id: &str, region: &str, resource: &str) -> Reference {
    Reference { id: id.to_owned(), region: region.to_owned(), resource: resource.to_owned() }
}

impl Worse<'_> {
    fn id(&self) -> &str {
        self.now.map(|now| now.id).or(self.past.map(|past| past.id.as_str())).unwrap_or_default()
    }

    fn region(&self) -> &str {
        let now = self.now.map(|now| now.region.as_str());
        now.or(self.past.map(|past| past.region.as_str())).unwrap_or_default()
    }

    fn account(&self) -> &str {
        let now = self.now.map(|now| now.account.as_str());
        now.or(self.past.map(|past| past.account.as_str())).unwrap_or_default()
    }

    fn resource(&self) -> &str {
        let now = self.now.map(|now| now.resource.as_str());
        now.or(self.past.map(|past| past.resource.as_str())).unwrap_or_default()
    }

    /// Whether it fails now by itself; what vanished, or does not apply any more, follows from
    /// something else.
    fn stands_alone(&self) -> bool {
        let Some(now) = self.now else { return false };
        is_wrong(now.status) && now.cause.is_none()
            // What became loggable only because logs are written there no more.
            && self.past.is_none_or(|past| past.status != Status::NotApplicable)
    }

    /// Its place in the catalogue: sources come before what is said of them.
    fn rank(&self) -> usize {
        let place = checks::ALL.iter().position(|check| check.meta().id == self.id());
        place.unwrap_or(usize::MAX)
    }

    fn entry(&self) -> Entry {
        let change = match (self.past, self.now) {
            (None, _) => Change::New,
            (Some(_), None) => Change::Gone,
            (Some(_), Some(_)) => Change::Regressed,
        };
        let was = self.past.map_or("", |past| past.status.word());
        let (now, reason) = match self.now {
            Some(now) => (now.status.word(), now.reason.clone()),
            None => ("", "it is not there any more".to_owned()),
        };
        Entry {
            id: self.id().to_owned(),
            resource: self.resource().to_owned(),
            account: self.account().to_owned(),
            region: self.region().to_owned(),
            change,
            was: was.to_owned(),
            now: now.to_owned(),
            reason,
            who: Vec::new(),
            consequences: Vec::new(),
        }
    }

    fn reference(&self) -> Reference {
        reference(self.id(), self.region(), self.resource())
    }
}

/// One entry for each root change.
fn fold(mut worse: Vec<Worse<'_>>) -> Vec<Entry> {
    worse.sort_by(|a, b| {
        (a.account(), a.rank(), a.region(), a.resource()).cmp(&(
            b.account(),
            b.rank(),
            b.region(),
            b.resource(),
        ))
    });
    let (alone, following): (Vec<Worse<'_>>, Vec<Worse<'_>>) =
        worse.into_iter().partition(Worse::stands_alone);
    let mut roots: Vec<(Worse<'_>, Entry)> = Vec::new();
    for one in alone {
        // The same change, seen from another region or another check of the same resource that says
        // the same word of it.
        let same = roots.iter_mut().find(|(root, _)| {
            let (Some(a), Some(b)) = (root.now, one.now) else { return false };
            a.account == b.account && is_same_change(a, b)
        });
        if let Some((_, entry)) = same {
            entry.consequences.push(one.reference());
        } else {
            let entry = one.entry();
            roots.push((one, entry));
        }
    }
    for one in following {
        let place = roots.iter().position(|(root, _)| follows(&one, root)).or_else(|| {
            // It was judged only because something wrote there, and nothing does any more.
            let of_destination = one.now.is_none() && is_of_destination(one.id());
            let near = |(root, _): &(Worse<'_>, Entry)| root.account() == one.account();
            of_destination.then(|| roots.iter().position(near)).flatten()
        });
        if let Some(place) = place {
            roots[place].1.consequences.push(one.reference());
        } else {
            let entry = one.entry();
            roots.push((one, entry));
        }
    }
    let mut entries: Vec<Entry> = roots.into_iter().map(|(_, entry)| entry).collect();
    for entry in &mut entries {
        entry.consequences.sort();
        entry.consequences.dedup();
    }
    entries.sort_by(|a, b| {
        (&a.account, &a.region, &a.id, &a.resource).cmp(&(
            &b.account,
            &b.region,
            &b.id,
            &b.resource,
        ))
    });
    entries
}

/// Whether two findings are of one change: a trail that all regions are recorded by, or a bucket
/// that several writers lose at once.
fn is_same_change(root: &Finding, other: &Finding) -> bool {
    let regions = root.id == other.id
        && root.region != other.region
        && root.reason_code == other.reason_code
        && name(&root.resource) == name(&other.resource);
    let lost = ["no-bucket", "not-allowed", "denied", "no-group"];
    let destination = root.reason_code == other.reason_code
        && lost.contains(&root.reason_code.as_str())
        && destination_of(&root.reason).is_some()
        && destination_of(&root.reason) == destination_of(&other.reason);
    // One set of selectors says what data events are recorded.
    let data = |finding: &Finding| finding.id.starts_with("ct.data.");
    let selectors = data(root) && data(other) && root.reason_code == other.reason_code;
    regions || destination || selectors
}

/// The last part of an ARN.
fn name(resource: &str) -> &str {
    resource.rsplit([':', '/']).next().unwrap_or(resource)
}

/// The bucket or the log group that a reason names.
fn destination_of(reason: &str) -> Option<&str> {
    let named = |word: &&str| reason.split_once(*word)?.1.split('`').next();
    ["bucket `", "group `"].iter().find_map(named)
}

/// Whether something follows from a root change.
fn follows(one: &Worse<'_>, root: &Worse<'_>) -> bool {
    let Some(of_root) = root.now else { return false };
    if one.account() != root.account() {
        return false;
    }
    if let Some(cause) = one.now.and_then(|now| now.cause.as_deref()) {
        let (id, resource) = cause.split_once('|').unwrap_or((cause, ""));
        if id == of_root.id
            && (resource == of_root.resource || name(resource) == name(&of_root.resource))
        {
            return true;
        }
    }
    if one.resource() == root.resource() {
        return true;
    }
    // A source that is off takes with it what was said of its trail, its bucket, its group.
    let off =
        ["no-", "not-logging", "gone"].iter().any(|code| of_root.reason_code.starts_with(code));
    let service = |id: &str| id.split('.').next().unwrap_or_default().to_owned();
    let related = service(one.id()) == service(of_root.id)
        || ["ct.bucket", "ct.data", "s3.access", "cen.", "kms."]
            .iter()
            .any(|start| one.id().starts_with(start));
    off && related && is_source(of_root.id)
}

/// Whether a check judges places that logs are written to.
fn is_of_destination(id: &str) -> bool {
    id.starts_with("ct.bucket.") || id.starts_with("kms.log-key.")
}

fn is_source(id: &str) -> bool {
    checks::find(id).is_some_and(|check| check.meta().source)
}

#[cfg(test)]
mod tests;
