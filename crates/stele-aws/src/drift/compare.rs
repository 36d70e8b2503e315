//! Two results side by side: what got worse, what got better, what cannot be said.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::fold;
use super::worse::Worse;
use super::{Drift, Earlier, Past, Reference, SCHEMA};
use crate::arn;
use crate::assess::Report;
use crate::checks;
use crate::collect::Collector;
use crate::finding::{Finding, Status};

/// Account, region, check, resource.
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
    let blind = Blind::of(after);
    let (mut worse, mut improved, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for (key, finding) in &now {
        let was = past.get(key).copied();
        match finding.status {
            // It was good, and nothing failed to be read: it goes to a place of others now.
            Status::Unknown
                if finding.reason_code == "out-of-scope"
                    && was.is_some_and(|was| was.status == Status::Pass) =>
            {
                worse.push(Worse { past: was, now: Some(finding) });
            }
            Status::Unknown => {
                if was.is_none_or(|was| was.status != Status::Unknown) {
                    unreadable.push(Reference::to(finding));
                }
            }
            // That nothing is written there any more is not known where not all writers are.
            Status::Fail if was.is_some_and(|was| was.is_kept_aside() && blind.misses(was)) => {
                unreadable.push(Reference::to(finding));
            }
            Status::Fail | Status::Blocked if finding.exception.is_none() => {
                if was.is_none_or(|was| !is_wrong(was.status)) {
                    worse.push(Worse { past: was, now: Some(finding) });
                }
            }
            Status::NotApplicable => {
                if was.is_some_and(|was| was.status == Status::Pass) {
                    worse.push(Worse { past: was, now: Some(finding) });
                }
            }
            Status::Pass | Status::Fail | Status::Blocked => {
                if was.is_some_and(|was| is_wrong(was.status)) {
                    improved.push(Reference::to(finding));
                }
            }
        }
    }
    for was in past.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, was)| *was) {
        match (blind.sees(was), was.status) {
            (Sight::Shut, _) => unreadable.push(Reference::of(was)),
            (_, Status::NotApplicable | Status::Unknown) | (Sight::Said, _) => {}
            (Sight::Unread, _) => unreadable.push(Reference::of(was)),
            (Sight::Clear, Status::Pass) => worse.push(Worse { past: Some(was), now: None }),
            (Sight::Clear, Status::Fail | Status::Blocked) => improved.push(Reference::of(was)),
        }
    }
    improved.sort();
    unreadable.sort();
    let drift = fold(worse);
    Drift { schema: SCHEMA, complete: after.complete, drift, improved, unreadable }
}

pub(super) fn is_wrong(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Blocked)
}

/// What a new result could not look at.
struct Blind<'a> {
    after: &'a Report,
    /// Findings that stand for a list that was not read.
    lists: Vec<&'a Finding>,
}

/// Whether it is known that something is not there any more.
enum Sight {
    /// It is.
    Clear,
    /// It is not, and a finding says so already.
    Said,
    /// It is not.
    Unread,
    /// Nothing is known of the account.
    Shut,
}

impl<'a> Blind<'a> {
    fn of(after: &'a Report) -> Self {
        let lists = after.findings.iter();
        let lists = lists.filter(|f| f.status == Status::Unknown && f.resource.ends_with('*'));
        Self { after, lists: lists.collect() }
    }

    fn sees(&self, was: &Past) -> Sight {
        if !self.after.scope.accounts.contains(&was.account) {
            return Sight::Shut;
        }
        if self.lists.iter().any(|list| stands_for(list, was)) {
            return Sight::Said;
        }
        if self.misses(was) { Sight::Unread } else { Sight::Clear }
    }

    /// Whether a list failed from which a check knows what to look at.
    fn misses(&self, was: &Past) -> bool {
        // What a check looks at may come from lists that it does not speak of: a bucket of logs is
        // known by what writes to it.
        let Some(check) = checks::find(&was.id) else { return false };
        let reads = Collector::closure(check.meta().reads.iter().copied());
        let calls: BTreeSet<&str> =
            reads.iter().flat_map(|each| each.operations()).copied().collect();
        let everywhere = reads.iter().any(|each| JOINED.contains(each));
        self.after.errors.iter().any(|error| {
            error.account == was.account
                && calls.contains(error.call.as_str())
                && !ABOUT_ONE.contains(&error.call.as_str())
                && (everywhere || error.region == was.region)
        })
    }
}

/// Parts of an account to which the lists of all regions add.
const JOINED: &[Collector] = &[
    Collector::Buckets,
    Collector::BucketLogs,
    Collector::Sinks,
    Collector::Keys,
    Collector::Zones,
    Collector::Distributions,
];

/// Calls about one thing that is known already: where they fail, that thing has a finding which
/// says so, and no other is lost.
const ABOUT_ONE: &[&str] = &[
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetInsightSelectors",
    "cloudtrail:GetTrailStatus",
    "kms:DescribeKey",
    "kms:GetKeyRotationStatus",
    "s3:GetBucketAcl",
    "s3:GetBucketLifecycleConfiguration",
    "s3:GetBucketPolicy",
    "s3:GetBucketVersioning",
    "s3:GetObjectLockConfiguration",
    "s3:GetPublicAccessBlock",
    "s3control:GetPublicAccessBlock",
];

/// Whether a finding about an unread list is about something that was in it.
fn stands_for(list: &Finding, was: &Past) -> bool {
    let place = arn::region(&list.resource);
    let here = list.region == was.region || place.is_empty();
    let same = list.account == was.account && list.id == was.id && here;
    // Of another service, it stands for all that the check looks at there.
    if arn::service(&list.resource) != arn::service(&was.resource) {
        return same;
    }
    let pattern = list.resource.replacen(&format!(":{place}:"), ":*:", 1);
    same && arn::matches(&pattern, &was.resource)
}
