//! Makes three days of hourly digests and logs.

use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stele_verify::cloudtrail::{Options, Time};

use super::world::{BUCKET, Signer, World, aws, hex, packed, shown, unpacked};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const HOME: &str = "us-east-1";
pub(crate) const OTHER: &str = "eu-west-1";

pub(crate) fn at(text: &str) -> Time {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// A chain that grows.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) root: String,
    pub(crate) bucket: String,
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) trail: &'static str,
    pub(crate) backfill: bool,
    pub(crate) previous: Option<String>,
    pub(crate) signer: &'static Signer,
}

/// A log to be made: the minute of its hour, and its events.
pub(crate) type Log<'a> = (i64, &'a [Value]);

impl Chain {
    pub(crate) fn new(region: &'static str) -> Self {
        Self {
            root: "AWSLogs/".to_owned(),
            bucket: BUCKET.to_owned(),
            account: ACCOUNT,
            region,
            trail: "main",
            backfill: false,
            previous: None,
            signer: aws(),
        }
    }

    pub(crate) fn digest_key(&self, end: Time) -> String {
        let Self { root, account, region, trail, .. } = self;
        let backfill = if self.backfill { "_backfill" } else { "" };
        let (day, name) = (end.format("%Y/%m/%d"), end.format("%Y%m%dT%H%M%SZ"));
        format!(
            "{root}{account}/CloudTrail-Digest/{region}/{day}/\
             {account}_CloudTrail-Digest_{region}_{trail}_{HOME}_{name}{backfill}.json.gz"
        )
    }

    pub(crate) fn log_key(&self, delivered: Time, unique: &str) -> String {
        let Self { root, account, region, .. } = self;
        let (day, name) = (delivered.format("%Y/%m/%d"), delivered.format("%Y%m%dT%H%MZ"));
        format!(
            "{root}{account}/CloudTrail/{region}/{day}/\
             {account}_CloudTrail_{region}_{name}_{unique}.json.gz"
        )
    }

    fn log(&self, world: &mut World, delivered: Time, events: &[Value]) -> Value {
        let log = json!({ "Records": events }).to_string();
        let hash = hex(&Sha256::digest(&log));
        let key = self.log_key(delivered, &format!("{}{}", self.trail, &hash[..8]));
        world.objects.insert((self.bucket.clone(), key.clone()), packed(log.as_bytes()));
        json!({
            "s3Bucket": self.bucket,
            "s3Object": key,
            "hashValue": hash,
            "hashAlgorithm": "SHA-256",
            "newestEventTime": shown(delivered),
            "oldestEventTime": shown(delivered),
        })
    }

    /// Delivers one digest with its logs, signed.
    pub(crate) fn deliver(&mut self, world: &mut World, start: Time, end: Time, logs: &[Log<'_>]) {
        let log_files: Vec<Value> = logs
            .iter()
            .map(|(minute, events)| self.log(world, start + TimeDelta::minutes(*minute), events))
            .collect();
        let key = self.digest_key(end);
        let mut digest = json!({
            "awsAccountId": self.account,
            "digestStartTime": shown(start),
            "digestEndTime": shown(end),
            "digestS3Bucket": self.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": self.signer.fingerprint(),
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": log_files.last().map(|log| log["newestEventTime"].clone()),
            "oldestEventTime": log_files.first().map(|log| log["oldestEventTime"].clone()),
            "previousDigestS3Bucket": null,
            "previousDigestS3Object": null,
            "previousDigestHashValue": null,
            "previousDigestHashAlgorithm": null,
            "previousDigestSignature": null,
            "logFiles": log_files,
        });
        if let Some(previous) = &self.previous {
            link(world, &mut digest, previous);
        }
        let name = (self.bucket.clone(), key.clone());
        world.objects.insert(name, packed(digest.to_string().as_bytes()));
        world.sign(&key, self.signer);
        self.previous = Some(key);
    }

    /// Delivers one digest an hour, with two logs each, and none at midnight.
    pub(crate) fn hours(&mut self, world: &mut World, start: Time, end: Time) {
        let mut hour = start;
        while hour < end {
            let next = (hour + TimeDelta::hours(1)).min(end);
            let quiet = hour.format("%H").to_string() == "00";
            let (first, second) = ([event(hour, 3)], [event(hour, 31)]);
            let logs: [Log<'_>; 2] = [(5, &first), (35, &second)];
            self.deliver(world, hour, next, if quiet { &[] } else { &logs });
            hour = next;
        }
    }
}

/// Makes a digest name the one before it.
pub(crate) fn link(world: &World, digest: &mut Value, previous: &str) {
    let sidecar = world.get(&format!("{previous}.metadata.json"));
    let head: Value = serde_json::from_slice(sidecar).unwrap();
    digest["previousDigestS3Bucket"] = json!(world.bucket_of(previous));
    digest["previousDigestS3Object"] = json!(previous);
    let hash = hex(&Sha256::digest(unpacked(world.get(previous))));
    digest["previousDigestHashValue"] = json!(hash);
    digest["previousDigestHashAlgorithm"] = json!("SHA-256");
    digest["previousDigestSignature"] = head["Metadata"]["signature"].clone();
}

pub(crate) fn event(hour: Time, minute: i64) -> Value {
    json!({
        "eventTime": shown(hour + TimeDelta::minutes(minute)),
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "requestParameters": { "bucketName": "example", "key": "a" },
    })
}

/// A call to CloudTrail about a trail.
pub(crate) fn call(time: Time, name: &str, trail: &str) -> Value {
    let parameter = if name == "PutEventSelectors" { "trailName" } else { "name" };
    json!({
        "eventTime": shown(time),
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": name,
        "requestParameters": { parameter: trail },
    })
}

/// How the trail stops in the middle of the second day.
#[derive(Clone, Copy)]
pub(crate) struct Stop {
    pub(crate) call: &'static str,
    pub(crate) trail: &'static str,
    pub(crate) error: Option<&'static str>,
}

pub(crate) const STOP: Stop = Stop { call: "StopLogging", trail: "main", error: None };

/// Three days in two regions, with a stop of four hours, and two digests that came later.
pub(crate) fn three_days(stop: Stop) -> World {
    let mut world = World::default();
    let keys = [aws().listed("2025-12-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00")];
    world.keys = json!({ "PublicKeyList": keys }).to_string();
    for region in [HOME, OTHER] {
        let mut chain = Chain::new(region);
        chain.hours(&mut world, at("2026-01-01T00:00:00Z"), at("2026-01-02T05:00:00Z"));
        let (start, end) = (at("2026-01-02T05:00:00Z"), at("2026-01-02T05:40:00Z"));
        let mut stopped = call(end - TimeDelta::minutes(2), stop.call, stop.trail);
        if let Some(error) = stop.error {
            stopped["errorCode"] = json!(error);
        }
        let last = [event(start, 30), stopped];
        let in_home: [Log<'_>; 2] = [(5, &[event(start, 3)]), (38, &last)];
        let logs = if region == HOME { &in_home[..] } else { &in_home[..1] };
        chain.deliver(&mut world, start, end, logs);
        chain.previous = None;
        let again = at("2026-01-02T09:40:00Z");
        let started = [call(again, "StartLogging", "main")];
        chain.deliver(&mut world, again, at("2026-01-02T10:00:00Z"), &[(5, &started)]);
        chain.hours(&mut world, at("2026-01-02T10:00:00Z"), at("2026-01-04T00:00:00Z"));
    }
    let mut late = Chain { backfill: true, ..Chain::new(HOME) };
    for hour in [at("2026-01-01T07:00:00Z"), at("2026-01-03T11:00:00Z")] {
        let logs: [Log<'_>; 1] = [(55, &[event(hour, 7)])];
        late.deliver(&mut world, hour, hour + TimeDelta::hours(1), &logs);
    }
    world
}

/// [`three_days`], made once.
pub(crate) fn usual() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| three_days(STOP)).clone()
}

/// The three days.
pub(crate) fn all_days() -> Options {
    Options {
        start: Some(at("2026-01-01T00:00:00Z")),
        end: Some(at("2026-01-04T00:00:00Z")),
        ..Options::default()
    }
}
