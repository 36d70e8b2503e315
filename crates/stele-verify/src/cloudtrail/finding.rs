//! Findings: every kind that there is, how grave it is, and what it means.

use serde::{Serialize, Serializer};

use super::names::Time;
use crate::verdict::{Severity, kinds};

kinds! {
    DigestMissing, "digest-missing", Difference,
        "The digest that the next one names as the one before it is not there.";
    DigestGzip, "digest-gzip", Difference,
        "The digest is not one whole gzip member: it is damaged, cut off, or has bytes behind it.";
    DigestTooLarge, "digest-too-large", Difference,
        "More comes out of the digest than any real one holds.";
    DigestJson, "digest-json", Difference,
        "The digest is not JSON in the form that AWS writes.";
    DigestMoved, "digest-moved", Difference,
        "The digest was made for another bucket or key than where it lies.";
    DigestAlgorithm, "digest-algorithm", Difference,
        "The digest or its metadata names another algorithm than the ones AWS uses, or none.";
    DigestSignature, "digest-signature", Difference,
        "The signature is not AWS's over this digest: it was changed, or somebody else wrote it.";
    DigestAccount, "digest-account", Difference,
        "The digest is of another account than its key says.";
    DigestTime, "digest-time", Difference,
        "The times in the digest contradict each other or its key.";
    DigestUnreferenced, "digest-unreferenced", Difference,
        "The next digest names another one before it: this one is no link of the chain.";
    MetadataStripped, "metadata-stripped", Difference,
        "The object's metadata was saved and has no signature in it.";
    SignatureMissing, "signature-missing", Incomplete,
        "No later digest holds this one's signature and its metadata was not saved.";
    BackfillTime, "backfill-time", Difference,
        "The metadata of a backfill digest does not say when it was generated.";
    KeyUnknown, "key-unknown", Difference,
        "The digest names a public key that is not in the file of keys.";
    KeyUnusable, "key-unusable", Difference,
        "The public key in the file cannot be used: it is damaged, or not the one it is called.";
    KeyWindow, "key-window", Difference,
        "The public key was not in use in the interval.";
    KeyPeriod, "key-period", Note,
        "The public key was in use in the interval, but not when the digest was made.";
    ChainHash, "chain-hash", Difference,
        "The next digest holds another hash of this one: it was replaced.";
    ChainSignature, "chain-signature", Difference,
        "The next digest holds another signature of this one: it was replaced.";
    ChainTime, "chain-time", Difference,
        "The digest does not begin when the one before it ends.";
    ChainForeign, "chain-foreign", Difference,
        "The digest names one of another trail, account or region as the one before it.";
    GapUnexplained, "gap-unexplained", Difference,
        "No valid digest covers this time, and nothing before it says that logging was stopped.";
    GapExplained, "gap-explained", Note,
        "No digest covers this time: the log before it holds the call that stopped the trail.";
    NotCoveredToStart, "not-covered-to-start", Difference,
        "The interval begins before the first valid digest does.";
    NotCoveredToEnd, "not-covered-to-end", Difference,
        "The interval ends after the last valid digest does, and nothing says that logging stopped.";
    NoDigests, "no-digests", Difference,
        "There is no digest at all for what was asked for.";
    LogMissing, "log-missing", Difference,
        "A log that a digest names is not there.";
    LogGzip, "log-gzip", Difference,
        "The log is not one whole gzip member: it is damaged, cut off, or has bytes behind it.";
    LogTooLarge, "log-too-large", Difference,
        "More comes out of the log than the limit allows.";
    LogHash, "log-hash", Difference,
        "The log's content is not what the digest says.";
    LogAlgorithm, "log-algorithm", Difference,
        "The digest names another hash algorithm for the log than SHA-256.";
    LogUnreferenced, "log-unreferenced", Difference,
        "No valid digest names this log: it was added, or the digest that names it is gone.";
    LogUnvouched, "log-unvouched", Incomplete,
        "The log was delivered while no digests were made, so that nothing vouches for it.";
    AnchorDiffers, "anchor-differs", Difference,
        "The object is not the one that was noted when it was first seen.";
    AnchorMissing, "anchor-missing", Difference,
        "An object that was noted when it was first seen is not there.";
    BucketMissing, "bucket-missing", Incomplete,
        "The object is in a bucket that no folder was named for.";
    Unreadable, "unreadable", Incomplete,
        "A file or a folder could not be read.";
    IntervalAssumed, "interval-assumed", Note,
        "No start or no end was given: what is missing before the first or after the last digest \
         cannot be noticed.";
    NameUnknown, "name-unknown", Note,
        "A file among the digests has no name that CloudTrail gives, and was not read.";
}

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Interval {
    /// The beginning, which is part of it.
    #[serde(serialize_with = "rfc3339")]
    pub start: Time,
    /// The end, which is not.
    #[serde(serialize_with = "rfc3339")]
    pub end: Time,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// How grave it is.
    pub severity: Severity,
    /// The chain: account, region and trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The bucket, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The time that is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// What the kind means, in one sentence.
    pub meaning: &'static str,
    /// What is special here.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            severity: kind.severity(),
            chain: None,
            bucket: None,
            key: None,
            interval: None,
            meaning: kind.meaning(),
            detail: String::new(),
        }
    }

    pub(crate) fn chain(mut self, chain: &impl ToString) -> Self {
        self.chain = Some(chain.to_string());
        self
    }

    pub(crate) fn object(mut self, bucket: Option<&str>, key: &str) -> Self {
        self.bucket = bucket.map(str::to_owned);
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn interval(mut self, start: Time, end: Time) -> Self {
        self.interval = Some(Interval { start, end });
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// As AWS writes times.
pub(crate) fn shown(time: Time) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn rfc3339<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(*time))
}
