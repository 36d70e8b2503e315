//! Logs: whether each is what its digest says, and what those before a gap say of the trail.

use std::fmt;
use std::io::{self, Read};

use chrono::{DateTime, TimeDelta};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Context;
use super::digest::{LogEntry, Unread, hex};
use super::finding::Kind;
use super::gzip::{Member, sha256_of};
use super::names::{ChainId, Time};

/// What is wrong with a log; empty where nothing is.
pub(crate) fn check(ctx: &Context<'_>, log: &LogEntry) -> Vec<(Kind, String)> {
    let mut wrong = Vec::new();
    match &log.hash_algorithm {
        Some(algorithm) if algorithm == "SHA-256" => {}
        other => {
            let other = other.as_deref().unwrap_or("none");
            wrong.push((Kind::LogAlgorithm, format!("it names `{other}`")));
        }
    }
    let hash = match hash_of(ctx, log) {
        Ok(hash) => hash,
        Err(unread) => {
            wrong.push((unread.kind, unread.reason));
            return wrong;
        }
    };
    if !log.hash_value.eq_ignore_ascii_case(&hash) {
        wrong.push((Kind::LogHash, format!("it is {hash}, the digest says {}", log.hash_value)));
    }
    let anchors = ctx.input.anchors;
    if let Some(difference) = anchors.difference(&log.s3_bucket, &log.s3_object, &hash, None) {
        wrong.push((Kind::AnchorDiffers, difference.to_owned()));
    }
    wrong
}

fn hash_of(ctx: &Context<'_>, log: &LogEntry) -> Result<String, Unread> {
    let unread = |kind: Kind, reason: &str| Unread { kind, reason: reason.to_owned() };
    if !ctx.input.objects.holds_bucket(&log.s3_bucket) {
        return Err(unread(Kind::BucketMissing, "no folder was named for its bucket"));
    }
    let read = open(ctx, log).and_then(sha256_of);
    let hash = read.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => unread(Kind::LogMissing, ""),
        _ => Unread::of(&error, Kind::LogGzip, Kind::LogTooLarge),
    })?;
    Ok(hex(&hash))
}

fn open<'a>(ctx: &Context<'a>, log: &LogEntry) -> io::Result<Member<Box<dyn Read + 'a>>> {
    let file = ctx.input.objects.open(Some(&log.s3_bucket), &log.s3_object)?;
    Ok(Member::new(file, ctx.options.log_bytes_max))
}

/// A call that changed whether a trail logs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrailCall {
    pub(crate) at: Time,
    pub(crate) name: String,
}

impl TrailCall {
    /// Whether there may be no digests after it.
    pub(crate) fn stops(&self) -> bool {
        STOPS.contains(&self.name.as_str())
    }

    /// Whether logs may go on without digests after it.
    pub(crate) fn may_leave_logs(&self) -> bool {
        matches!(self.name.as_str(), "UpdateTrail" | "PutEventSelectors")
    }
}

const STOPS: [&str; 4] = ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"];
const STARTS: [&str; 2] = ["StartLogging", "CreateTrail"];

/// The calls in a log that concern this trail. The log must have been checked before.
pub(crate) fn trail_calls(
    ctx: &Context<'_>,
    log: &LogEntry,
    trail: &ChainId,
) -> io::Result<Vec<TrailCall>> {
    let calls = read_calls(open(ctx, log)?, trail)?;
    Ok(calls)
}

/// Reads `{"Records": [...]}` one record at a time: a log may be large.
pub(crate) fn read_calls(log: impl Read, trail: &ChainId) -> io::Result<Vec<TrailCall>> {
    let mut calls = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_reader(io::BufReader::new(log));
    let visitor = LogVisitor { trail, calls: &mut calls };
    deserializer.deserialize_map(visitor)?;
    Ok(calls)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_time: Option<String>,
    event_source: Option<String>,
    event_name: Option<String>,
    error_code: Option<IgnoredAny>,
    request_parameters: Option<Value>,
}

impl Record {
    fn call(&self, trail: &ChainId) -> Option<TrailCall> {
        let name = self.event_name.as_deref()?;
        let known = STOPS.contains(&name) || STARTS.contains(&name);
        // A call that failed changed nothing.
        if !known
            || self.error_code.is_some()
            || self.event_source.as_deref()? != "cloudtrail.amazonaws.com"
        {
            return None;
        }
        let parameters = self.request_parameters.as_ref()?;
        let named = ["name", "trailName"].iter().find_map(|key| parameters.get(key)?.as_str())?;
        let at = DateTime::parse_from_rfc3339(self.event_time.as_deref()?).ok()?.to_utc();
        is_trail(named, trail).then(|| TrailCall { at, name: name.to_owned() })
    }
}

/// Whether a name, or an ARN (`arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`), is this trail.
fn is_trail(named: &str, trail: &ChainId) -> bool {
    let Some((arn, name)) = named.split_once(":trail/") else {
        return named == trail.trail;
    };
    let mut parts = arn.split(':').skip(3);
    let region = parts.next() == Some(trail.home_region.as_str());
    // The trail of an organization belongs to another account than most of its events.
    let account =
        trail.place.organization.is_some() || parts.next() == Some(trail.place.account.as_str());
    name == trail.trail && region && account
}

struct LogVisitor<'a> {
    trail: &'a ChainId,
    calls: &'a mut Vec<TrailCall>,
}

impl<'de> Visitor<'de> for LogVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudTrail log")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "Records" {
                map.next_value_seed(Records { trail: self.trail, calls: self.calls })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Records<'a> {
    trail: &'a ChainId,
    calls: &'a mut Vec<TrailCall>,
}

impl<'de> serde::de::DeserializeSeed<'de> for Records<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while let Some(record) = records.next_element::<Record>()? {
            self.calls.extend(record.call(self.trail));
        }
        Ok(())
    }
}

/// The call that explains why nothing was signed from `gap_start` on: the last that concerns the
/// trail, if it is one that stops it.
pub(crate) fn deciding(mut calls: Vec<TrailCall>, gap_start: Time) -> Option<TrailCall> {
    // The digest's end is when it was delivered, a little after what is in its logs.
    let latest = gap_start + TimeDelta::minutes(15);
    calls.retain(|call| call.at <= latest);
    calls.sort();
    calls.pop().filter(TrailCall::stops)
}
