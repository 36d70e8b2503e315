//! CloudTrail's digests: whether the logs in a folder are what AWS delivered, and all of it.
//!
//! AWS delivers a signed digest for every hour, trail and region. It holds the SHA-256 of each log
//! of that hour, and the hash and the signature of the digest before. [`verify`] walks each chain
//! from the newest digest to the oldest and checks every signature, hash, time and name; then that
//! the interval is covered without a gap that nothing explains; then that no log lies there which
//! no digest names; then what was noted elsewhere when a file was first seen ([`Anchors`]).
//!
//! Every rule of `aws cloudtrail validate-logs` is here. What that command does not see, and what
//! is said of it here, stands in `docs/cloudtrail-digests.md`.
//!
//! [`verify_folder`] is the whole command: it reads the files it is told of, calls back with the
//! verdict on each digest and log, and returns a [`Report`], which is JSON by serde and text by
//! `Display`. Memory grows with the number of files, not with what is in them.

mod anchors;
mod chain;
mod coverage;
mod digest;
mod files;
mod finding;
mod gzip;
mod keys;
mod logs;
mod metadata;
mod names;
mod report;
mod signature;
#[cfg(test)]
mod tests;
mod unreferenced;
mod walked;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use chrono::TimeDelta;

pub use anchors::{Anchor, Anchors};
pub use files::{FolderOptions, verify_folder};
pub use finding::{Finding, Interval, Kind};
pub use keys::PublicKeys;
pub use metadata::{MetadataMap, SIDECAR};
pub use names::{ChainId, Place, Time, time_from};
use names::{DigestName, LogName, is_among_digests};
use report::Reporter;
pub use report::{ChainReport, Counts, File, Judgement, Report, Verdict};

pub use crate::verdict::{Outcome, Severity};
use unreferenced::PlaceTimes;
use walked::{Entry, Walked, Wanted};

use crate::objects::{Object, Objects};

/// How often AWS delivers a digest.
const DIGEST_PERIOD: TimeDelta = TimeDelta::hours(1);
/// How long after its end a digest may be signed.
const KEY_SLACK: TimeDelta = TimeDelta::hours(2);

/// What is verified. Empty lists are everything that there is.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these accounts; each must have digests.
    pub accounts: Vec<String>,
    /// Only these regions, by where the events are from; each must have digests.
    pub regions: Vec<String>,
    /// Only these trails, by name; each must have digests.
    pub trails: Vec<String>,
}

impl Selection {
    fn place(&self, place: &Place) -> bool {
        let within = |list: &[String], name: &String| list.is_empty() || list.contains(name);
        within(&self.accounts, &place.account) && within(&self.regions, &place.region)
    }

    fn chain(&self, id: &ChainId) -> bool {
        self.place(&id.place) && (self.trails.is_empty() || self.trails.contains(&id.trail))
    }
}

/// How it is verified.
#[derive(Debug, Clone)]
pub struct Options {
    /// The interval's start: everything from here on must be covered. Without one, the first
    /// digest of each chain is the start, and what was deleted before it cannot be noticed.
    pub start: Option<Time>,
    /// The interval's end; without one, the newest digest of all chains.
    pub end: Option<Time>,
    /// What is verified.
    pub selection: Selection,
    /// An unpacked digest is not larger than this.
    pub digest_bytes_max: u64,
    /// An unpacked log is not larger than this. It is never in memory as a whole.
    pub log_bytes_max: u64,
    /// So many findings are listed; the rest is counted.
    pub findings_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            start: None,
            end: None,
            selection: Selection::default(),
            digest_bytes_max: 32 << 20,
            log_bytes_max: 4 << 30,
            findings_max: 10_000,
        }
    }
}

impl Options {
    /// The same, with times from which an hour can be added and taken away.
    fn within_years(&self) -> Self {
        let first = Time::UNIX_EPOCH;
        let last = first + TimeDelta::days(365 * 8000);
        let clamp = |time: Option<Time>| time.map(|time| time.clamp(first, last));
        Self { start: clamp(self.start), end: clamp(self.end), ..self.clone() }
    }
}

/// What is read.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The digests, the logs, and the metadata saved beside them.
    pub objects: &'a dyn Objects,
    /// AWS's public keys.
    pub keys: &'a PublicKeys,
    /// Metadata saved in one file.
    pub metadata: &'a MetadataMap,
    /// What was noted when files were first seen.
    pub anchors: &'a Anchors,
}

/// What every part of the work needs to know.
struct Context<'a> {
    input: Input<'a>,
    options: &'a Options,
    /// Whether it is known of the objects which bucket they are from.
    named_buckets: bool,
}

/// Why it could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file or folder.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("`{path}` is no file of {what}: {reason}")]
    Form {
        /// The file.
        path: String,
        /// What should be in it.
        what: &'static str,
        /// Why it is not.
        reason: String,
    },
    /// The interval ends before it begins.
    #[error("the start, {start}, is not before the end, {end}")]
    Interval {
        /// The start.
        start: Time,
        /// The end.
        end: Time,
    },
}

/// Verifies objects; `on_verdict` hears of each digest and log as it is judged.
pub fn verify(
    input: Input<'_>,
    options: &Options,
    on_verdict: &mut dyn FnMut(&Verdict),
) -> Result<Report, Error> {
    if let (Some(start), Some(end)) = (options.start, options.end)
        && start >= end
    {
        return Err(Error::Interval { start, end });
    }
    let options = &options.within_years();
    let listing = input.objects.list();
    let named_buckets = listing.iter().all(|object| object.bucket.is_some());
    let ctx = Context { input, options, named_buckets };
    let mut reporter = Reporter::new(options.findings_max, on_verdict);
    for problem in input.objects.problems() {
        let finding = Finding::new(Kind::Unreadable).object(None, &problem.path);
        reporter.find(finding.detail(&problem.reason));
    }
    if options.start.is_none() || options.end.is_none() {
        reporter.find(Finding::new(Kind::IntervalAssumed));
    }
    let by_chain = sort(&ctx, &mut reporter, &listing);
    let chains = walk_all(&ctx, &mut reporter, &by_chain);
    let mut intervals = BTreeMap::new();
    let places = cover(&ctx, &mut reporter, &chains, &mut intervals);
    unreferenced::check(&ctx, &mut reporter, &listing, &chains, &places);
    what_is_not_there(&ctx, &mut reporter, &chains);
    for (id, walked) in chains {
        if options.selection.chain(id) {
            let interval = intervals.get(id).copied();
            reporter.chain(ChainReport { interval, ..walked.report });
        }
    }
    Ok(reporter.finish())
}

/// The digests by chain and time: those in the interval, of those behind it the first, and where
/// nothing begins when the interval does, the last before it: its logs may say why.
fn sort(
    ctx: &Context<'_>,
    reporter: &mut Reporter<'_>,
    listing: &[Object],
) -> BTreeMap<ChainId, Vec<Entry>> {
    let Options { start, end, .. } = *ctx.options;
    let mut by_chain: BTreeMap<ChainId, Vec<Entry>> = BTreeMap::new();
    for object in listing {
        let Object { bucket, key } = object;
        if let Some(name) = DigestName::parse(key) {
            // What spilled over is in the digest after the end.
            let behind = end.is_some_and(|end| name.ended > end + DIGEST_PERIOD);
            let (bucket, key) = (bucket.clone(), key.clone());
            let entry = Entry { ended: name.ended, key, bucket, behind };
            by_chain.entry(name.chain).or_default().push(entry);
        } else if is_among_digests(key) && !key.ends_with(SIDECAR) {
            let finding = Finding::new(Kind::NameUnknown);
            reporter.find(finding.object(bucket.as_deref(), key));
        }
    }
    for (id, entries) in &mut by_chain {
        entries.sort();
        let wanted = entries.iter().filter(|entry| !entry.behind).count();
        entries.truncate(wanted + 1);
        let Some(start) = start else {
            continue;
        };
        let before = entries.partition_point(|entry| entry.ended < start);
        let begins = entries
            .get(before)
            .is_some_and(|first| first.ended <= start + DIGEST_PERIOD && !first.behind);
        let kept = if begins || id.backfill { before } else { before.saturating_sub(1) };
        entries.drain(..kept);
    }
    by_chain.retain(|_, entries| entries.iter().any(|entry| !entry.behind));
    by_chain
}

fn walk_all<'a>(
    ctx: &Context<'_>,
    reporter: &mut Reporter<'_>,
    by_chain: &'a BTreeMap<ChainId, Vec<Entry>>,
) -> BTreeMap<&'a ChainId, Walked> {
    let selection = &ctx.options.selection;
    let mut chains = BTreeMap::new();
    for (id, entries) in by_chain {
        let walked = if selection.chain(id) {
            chain::walk(ctx, reporter, id, entries, Wanted::Yes)
        } else if selection.place(&id.place) || may_explain(selection, by_chain, id) {
            let mut unheard = |_: &Verdict| {};
            let mut silent = Reporter::new(0, &mut unheard);
            chain::walk(ctx, &mut silent, id, entries, Wanted::ForReferences)
        } else {
            continue;
        };
        chains.insert(id, walked);
    }
    chains
}

/// Whether a chain that was not asked for is where the calls stand that stop one that was.
fn may_explain(
    selection: &Selection,
    by_chain: &BTreeMap<ChainId, Vec<Entry>>,
    id: &ChainId,
) -> bool {
    id.place.region == id.home_region
        && by_chain.keys().any(|wanted| selection.chain(wanted) && id.tells_of(wanted))
}

/// Checks that time is covered, and gives for each place what was to be covered there.
fn cover<'a>(
    ctx: &Context<'_>,
    reporter: &mut Reporter<'_>,
    chains: &BTreeMap<&'a ChainId, Walked>,
    intervals: &mut BTreeMap<&'a ChainId, Interval>,
) -> BTreeMap<&'a Place, PlaceTimes> {
    let selected = || chains.iter().filter(|(id, _)| ctx.options.selection.chain(id));
    let standard = || selected().filter(|(id, _)| !id.backfill);
    let newest =
        standard().flat_map(|(_, walked)| walked.covered.iter().map(|covered| covered.end)).max();
    let mut places: BTreeMap<&Place, PlaceTimes> = BTreeMap::new();
    for (id, walked) in standard() {
        let times = places.entry(&id.place).or_default();
        if let Some(interval) = coverage::interval_of(ctx, &walked.covered, newest) {
            times.intervals.push(interval);
            intervals.insert(id, interval);
            times.explained.extend(coverage::check(ctx, reporter, chains, id, interval));
        }
    }
    places
}

/// Reports what was asked for by name and has no digest, and anchors without an object.
fn what_is_not_there(
    ctx: &Context<'_>,
    reporter: &mut Reporter<'_>,
    chains: &BTreeMap<&ChainId, Walked>,
) {
    let Selection { accounts, regions, trails } = &ctx.options.selection;
    let selected: Vec<&ChainId> =
        chains.keys().copied().filter(|id| ctx.options.selection.chain(id)).collect();
    let mut missing = BTreeSet::new();
    let has = |name_of: fn(&ChainId) -> &String, name: &String| {
        selected.iter().any(|id| name_of(id) == name)
    };
    let no_account = accounts.iter().filter(|name| !has(|id| &id.place.account, name));
    let no_region = regions.iter().filter(|name| !has(|id| &id.place.region, name));
    let no_trail = trails.iter().filter(|name| !has(|id| &id.trail, name));
    missing.extend(no_account.map(|name| ("account", name)));
    missing.extend(no_region.map(|name| ("region", name)));
    missing.extend(no_trail.map(|name| ("trail", name)));
    for (what, name) in &missing {
        let detail = format!("there is no digest of {what} `{name}`");
        reporter.find(Finding::new(Kind::NoDigests).detail(detail));
    }
    if selected.is_empty() && missing.is_empty() {
        reporter.find(Finding::new(Kind::NoDigests));
    }
    for anchor in ctx.input.anchors.all() {
        let wanted = match (DigestName::parse(&anchor.key), LogName::parse(&anchor.key)) {
            (Some(name), _) => {
                ctx.options.selection.chain(&name.chain) && in_interval(ctx, name.ended)
            }
            (_, Some(name)) => {
                ctx.options.selection.place(&name.place) && in_interval(ctx, name.from)
            }
            _ => true,
        };
        let open = || ctx.input.objects.open(anchor.bucket.as_deref(), &anchor.key);
        if wanted && open().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let finding = Finding::new(Kind::AnchorMissing);
            reporter.find(finding.object(anchor.bucket.as_deref(), &anchor.key));
        }
    }
}

fn in_interval(ctx: &Context<'_>, time: Time) -> bool {
    ctx.options.start.is_none_or(|start| time >= start)
        && ctx.options.end.is_none_or(|end| time <= end + DIGEST_PERIOD)
}
