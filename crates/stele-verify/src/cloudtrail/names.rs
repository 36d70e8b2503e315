//! What the keys of digests and logs say.
//!
//! `[prefix/]AWSLogs/[O-ID/]ACCOUNT/CloudTrail-Digest/REGION/yyyy/mm/dd/
//! ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_yyyymmddThhmmssZ[_backfill].json.gz`, and the logs
//! under `CloudTrail/` instead. Keys are read from their end, for the prefix may be anything.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A moment, in UTC.
pub type Time = DateTime<Utc>;

/// Reads a time as people write it: RFC 3339, or a date for its midnight in UTC.
pub fn time_from(text: &str) -> Result<Time, String> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| format!("`{text}` is no time; times look like 2026-01-31T23:00:00Z"))
}

/// Whose logs: all trails that deliver here share this place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The organization, for the trail of one.
    pub organization: Option<String>,
    /// The account that the events are from.
    pub account: String,
    /// The region that the events are from.
    pub region: String,
}

/// One chain of digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChainId {
    /// Where its logs lie.
    pub place: Place,
    /// The trail's name.
    pub trail: String,
    /// The region that the trail was made in.
    pub home_region: String,
    /// Whether these are digests of logs that came too late for their hour.
    pub backfill: bool,
}

impl ChainId {
    /// Whether calls that stop the other chain's trail may stand in this one's logs: in those of
    /// its own region and of the trail's, and of any account where the trail is an organization's.
    pub(crate) fn tells_of(&self, other: &Self) -> bool {
        let (place, theirs) = (&self.place, &other.place);
        self.trail == other.trail
            && self.home_region == other.home_region
            && place.organization == theirs.organization
            && (place.account == theirs.account || theirs.organization.is_some())
            && (place.region == theirs.region || place.region == other.home_region)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.account, self.region)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.trail)?;
        if self.backfill { f.write_str(" (backfill)") } else { Ok(()) }
    }
}

/// What the key of a digest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DigestName {
    pub(crate) chain: ChainId,
    pub(crate) ended: Time,
}

impl DigestName {
    pub(crate) fn parse(key: &str) -> Option<Self> {
        let (place, _, file) = place(key, "CloudTrail-Digest")?;
        let start = format!("{}_CloudTrail-Digest_{}_", place.account, place.region);
        let name = file.strip_prefix(&start)?.strip_suffix(".json.gz")?;
        let standard = name.strip_suffix("_backfill");
        let (rest, ended) = standard.unwrap_or(name).rsplit_once('_')?;
        let (trail, home_region) = rest.rsplit_once('_')?;
        let ended = time_of(ended, "%Y%m%dT%H%M%SZ")?;
        let of_region = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if trail.is_empty() || home_region.is_empty() || !home_region.bytes().all(of_region) {
            return None;
        }
        let chain = ChainId {
            place,
            trail: trail.to_owned(),
            home_region: home_region.to_owned(),
            backfill: standard.is_some(),
        };
        Some(Self { chain, ended })
    }
}

/// What the key of a log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogName {
    pub(crate) place: Place,
    /// It was delivered not before this...
    pub(crate) from: Time,
    /// ...and before this: a minute where the name says it, else a day.
    pub(crate) to: Time,
}

impl LogName {
    pub(crate) fn parse(key: &str) -> Option<Self> {
        let (place, day, file) = place(key, "CloudTrail")?;
        let start = format!("{}_CloudTrail_{}_", place.account, place.region);
        let named = file.strip_prefix(&start).and_then(|rest| rest.split_once('_'));
        let minute = named.and_then(|(minute, _)| time_of(minute, "%Y%m%dT%H%MZ"));
        let (from, to) = match minute {
            Some(minute) => (minute, minute.checked_add_signed(TimeDelta::minutes(1))?),
            None => (day, day.checked_add_signed(TimeDelta::days(1))?),
        };
        Some(Self { place, from, to })
    }
}

/// Whether a key lies where the digests are.
pub(crate) fn is_among_digests(key: &str) -> bool {
    key.contains("/CloudTrail-Digest/")
}

/// The place, the day and the file's name.
fn place<'a>(key: &'a str, kind: &str) -> Option<(Place, Time, &'a str)> {
    let mut parts = key.rsplit('/');
    let file = parts.next()?;
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let region = parts.next()?;
    if parts.next()? != kind {
        return None;
    }
    let account = parts.next()?;
    let organization = match parts.next()? {
        "AWSLogs" => None,
        organization => (parts.next()? == "AWSLogs").then(|| Some(organization.to_owned()))?,
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if region.is_empty() || !digits(account) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc();
    let place = Place { organization, account: account.to_owned(), region: region.to_owned() };
    Some((place, midnight, file))
}

fn time_of(text: &str, form: &str) -> Option<Time> {
    // Where the form has no seconds, chrono wants them all the same.
    let (text, form) = match text.strip_suffix('Z') {
        Some(minutes) if !form.contains("%S") => (format!("{minutes}00Z"), "%Y%m%dT%H%M%SZ"),
        _ => (text.to_owned(), form),
    };
    let plain = text.len() == "20260102T030405Z".len() && text.is_ascii();
    let time = NaiveDateTime::parse_from_str(&text, form).ok()?;
    plain.then(|| time.and_utc())
}
