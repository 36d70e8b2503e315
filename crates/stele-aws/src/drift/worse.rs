//! A finding that got worse, before it is known what it follows from, and how it stands to others.

use serde_json::Value;

use super::compare::is_wrong;
use super::{Change, Entry, Past, Reference};
use crate::arn;
use crate::checks;
use crate::finding::{Finding, Status};
use crate::judge::places;

/// A finding as it was and as it is.
#[derive(Clone, Copy)]
pub(super) struct Worse<'a> {
    pub(super) past: Option<&'a Past>,
    pub(super) now: Option<&'a Finding>,
}

/// How a finding can follow from another, the surest first.
#[derive(Clone, Copy)]
pub(super) enum Tie {
    /// It names it as its cause.
    Cause,
    /// It is about the same thing, and of the same family of checks.
    Subject,
    /// It is about where that one wrote to, or about what that one misses.
    Place,
}

impl Tie {
    pub(super) const ALL: [Self; 3] = [Self::Cause, Self::Subject, Self::Place];
}

/// Codes of what a destination that is lost means for its writers.
const LOST: &[&str] = &["no-bucket", "not-allowed", "denied", "no-group"];

impl<'a> Worse<'a> {
    pub(super) fn id(&self) -> &'a str {
        self.now.map(|now| now.id).or(self.past.map(|past| past.id.as_str())).unwrap_or_default()
    }

    pub(super) fn region(&self) -> &'a str {
        let now = self.now.map(|now| now.region.as_str());
        now.or(self.past.map(|past| past.region.as_str())).unwrap_or_default()
    }

    pub(super) fn account(&self) -> &'a str {
        let now = self.now.map(|now| now.account.as_str());
        now.or(self.past.map(|past| past.account.as_str())).unwrap_or_default()
    }

    pub(super) fn resource(&self) -> &'a str {
        let now = self.now.map(|now| now.resource.as_str());
        now.or(self.past.map(|past| past.resource.as_str())).unwrap_or_default()
    }

    fn code(&self) -> &'a str {
        self.now.map_or("", |now| now.reason_code.as_str())
    }

    /// Whether it fails now by itself; what vanished, or does not apply any more, follows from
    /// something else.
    pub(super) fn stands_alone(&self) -> bool {
        self.now.is_some_and(|now| is_wrong(now.status) && now.cause.is_none())
            && !self.was_kept_aside()
    }

    /// Whether it did not apply only because logs were written there, which are not any more.
    fn was_kept_aside(&self) -> bool {
        self.past.is_some_and(Past::is_kept_aside)
    }

    /// Its place in the catalogue: sources come before what is said of them.
    pub(super) fn rank(&self) -> usize {
        let place = checks::ALL.iter().position(|check| check.meta().id == self.id());
        place.unwrap_or(usize::MAX)
    }

    /// Whether it judges a place that logs are written to.
    pub(super) fn is_of_place(&self) -> bool {
        ["ct.bucket.", "kms.log-key."].iter().any(|start| self.id().starts_with(start))
    }

    /// What belongs together: a source, and what is said of it.
    fn family(&self) -> &'a str {
        let id = self.id();
        let joined = ["cfg.", "lb."].iter().any(|start| id.starts_with(start));
        let end = if joined { id.find('.') } else { id.rfind('.') };
        end.map_or(id, |end| &id[..end])
    }

    /// Where it wrote to.
    fn places(&self) -> impl Iterator<Item = &'a str> {
        let past = self.past.and_then(|past| past.evidence.get(places::EVIDENCE));
        past.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// What it says by a name, now or then.
    fn evidence(&self, name: &str) -> Option<&'a Value> {
        let now = self.now.and_then(|now| now.evidence.get(name));
        now.or_else(|| self.past.and_then(|past| past.evidence.get(name)))
    }

    /// Whether it misses a bucket or a group: its reason names it.
    fn misses(&self, resource: &str) -> bool {
        let Some(now) = self.now else { return false };
        let Some((kind, name)) = destination_of(&now.reason) else { return false };
        let bucket = kind == Kind::Bucket && arn::bucket(resource) == Some(name);
        bucket || (kind == Kind::Group && arn::log_group(resource) == Some(name))
    }

    /// Whether both are about one change: a trail that all regions are recorded by, a bucket that
    /// several writers lose at once.
    pub(super) fn is_same_change(&self, other: &Self, is_gone: impl Fn(&str) -> bool) -> bool {
        let (Some(a), Some(b)) = (self.now, other.now) else { return false };
        if self.account() != other.account() {
            return false;
        }
        let same_code = a.reason_code == b.reason_code;
        let same_id = a.id == b.id;
        let regions = same_id
            && same_code
            && a.id.starts_with("ct.trail.")
            && a.region != b.region
            && arn::last(&a.resource) == arn::last(&b.resource);
        let lost = same_code && LOST.contains(&a.reason_code.as_str()) && self.misses_as(other);
        // AWS tells the one of it, and the other finds the bucket gone.
        let undelivered = |worse: &Self| ["delivery-error", "no-bucket"].contains(&worse.code());
        let gone = undelivered(self)
            && undelivered(other)
            && self.places().any(|place| is_gone(place) && other.places().any(|p| p == place));
        let data = a.id.starts_with("ct.data.") && b.id.starts_with("ct.data.") && same_code;
        let told = |name: &str| {
            a.evidence.get(name).is_some_and(|said| b.evidence.get(name) == Some(said))
        };
        // One set of selectors says what data events a trail records.
        let selectors = data && told("TrailARN") && (same_id || told("DataEvents"));
        let access = ["ct.bucket.access-log", "s3.access"];
        let access = access.contains(&a.id) && access.contains(&b.id) && a.resource == b.resource;
        let ring = same_id && told("members");
        regions || lost || gone || selectors || (access && same_code) || ring
    }

    /// Whether both miss the same bucket or group.
    fn misses_as(&self, other: &Self) -> bool {
        let named = |worse: &Self| worse.now.and_then(|now| destination_of(&now.reason));
        named(self).is_some_and(|(kind, name)| {
            let here = kind == Kind::Bucket || self.region() == other.region();
            here && named(other) == Some((kind, name))
        })
    }

    /// Whether it follows from another.
    pub(super) fn follows(&self, root: &Self, by: Tie) -> bool {
        if self.account() != root.account() {
            return false;
        }
        match by {
            Tie::Cause => self.names_as_cause(root),
            Tie::Subject => self.is_about_the_same(root),
            Tie::Place => self.is_where_it_wrote(root),
        }
    }

    fn names_as_cause(&self, root: &Self) -> bool {
        let Some(cause) = self.now.and_then(|now| now.cause.as_deref()) else { return false };
        let (id, resource) = cause.split_once('|').unwrap_or((cause, ""));
        let is = |name: &str| {
            resource == name
                // A trail serves all regions; where there is none, each names its own.
                || (id.starts_with("ct.trail.") && arn::last(resource) == arn::last(name))
        };
        id == root.id() && is(root.resource())
    }

    fn is_about_the_same(&self, root: &Self) -> bool {
        let here = self.region() == root.region();
        let gone = self.now.is_none();
        // Both vanished with it, or do not apply to it any more for one reason.
        let aside = |one: &Self| one.now.is_none_or(|now| now.status == Status::NotApplicable);
        let alike = aside(self) && aside(root) && self.code() == root.code();
        if self.resource() == root.resource() && here && alike {
            return true;
        }
        // Of a trail that is gone.
        if gone && self.evidence("TrailARN").is_some_and(|trail| *trail == *root.resource()) {
            return true;
        }
        if !here || self.family() != root.family() {
            return false;
        }
        let trail =
            || self.evidence("TrailARN").is_some_and(|t| root.evidence("TrailARN") == Some(t));
        is_one_thing(self.resource(), root.resource())
            // It has moved elsewhere.
            || (gone && self.id() == root.id() && trail())
            // That an account has no loop is said of the account.
            || (gone && self.id() == "cen.loop" && root.id() == "cen.loop")
    }

    fn is_where_it_wrote(&self, root: &Self) -> bool {
        let resource = self.resource();
        let left = (self.now.is_none() && self.is_of_place()) || self.was_kept_aside();
        let missed = self.now.is_none() && root.misses(resource);
        missed || (left && root.gives_up() && root.places().any(|place| place == resource))
    }

    /// Whether it may write no more where it wrote: a bucket keeps its key, whatever else is wrong
    /// with it.
    fn gives_up(&self) -> bool {
        let log = self.id() == "ct.bucket.access-log";
        self.now.is_none() || log || !self.id().starts_with("ct.bucket.")
    }

    pub(super) fn entry(&self) -> Entry {
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

    pub(super) fn reference(&self) -> Reference {
        Reference::new(self.account(), self.id(), self.region(), self.resource())
    }
}

/// Whether two ARNs are of one thing; where there is none, its ARN ends without a name, and says
/// the region in which it is missed.
fn is_one_thing(one: &str, two: &str) -> bool {
    let parts = |arn: &str| {
        let (head, name) = arn.split_once('/').map_or((arn, None), |(h, name)| (h, Some(name)));
        let mut head: Vec<&str> = head.split(':').collect();
        if let Some(region) = head.get_mut(3) {
            *region = "";
        }
        (head.join(":"), name.map(str::to_owned))
    };
    if one == two {
        return true;
    }
    let (one, two) = (parts(one), parts(two));
    one.0 == two.0 && one.1.is_none() != two.1.is_none()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bucket,
    Group,
}

/// The bucket or the log group that a reason names.
fn destination_of(reason: &str) -> Option<(Kind, &str)> {
    let named =
        |(kind, word): &(Kind, &str)| Some((*kind, reason.split_once(*word)?.1.split('`').next()?));
    [(Kind::Bucket, "bucket `"), (Kind::Group, "group `")].iter().find_map(named)
}
