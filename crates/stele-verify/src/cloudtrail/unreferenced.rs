//! Logs that no digest names: added by somebody, or left over where digests were deleted.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::TimeDelta;

use super::coverage::ExplainedGap;
use super::finding::{Finding, Interval, Kind};
use super::metadata::SIDECAR;
use super::names::{ChainId, LogName, Place};
use super::report::Reporter;
use super::walked::{Walked, reference};
use super::{Context, DIGEST_PERIOD};
use crate::objects::Object;

/// What is known of the logs of one account and region.
#[derive(Default)]
pub(crate) struct PlaceTimes {
    /// What the chains there had to cover.
    pub(crate) intervals: Vec<Interval>,
    /// When no digests were made, and why.
    pub(crate) explained: Vec<ExplainedGap>,
}

/// Reports the logs of these places that no digest names.
pub(crate) fn check(
    ctx: &Context<'_>,
    reporter: &mut Reporter<'_>,
    listing: &[Object],
    chains: &BTreeMap<&ChainId, Walked>,
    places: &BTreeMap<&Place, PlaceTimes>,
) {
    let mut without_digests = BTreeSet::new();
    for object in listing {
        let Some(name) = LogName::parse(&object.key).filter(|_| !object.key.ends_with(SIDECAR))
        else {
            continue;
        };
        if !ctx.options.selection.place(&name.place) {
            continue;
        }
        let Some(times) = places.get(&name.place) else {
            // A trail that was asked for by its name need not log everywhere.
            if ctx.options.selection.trails.is_empty() && within_options(ctx, &name) {
                without_digests.insert(name.place);
            }
            continue;
        };
        let of_place = chains.iter().filter(|(id, _)| id.place == name.place);
        let mut named = of_place.map(|(_, walked)| &walked.references);
        let bucket = object.bucket.as_deref().filter(|_| ctx.named_buckets);
        let wanted = reference(bucket, &object.key);
        if named.any(|references: &HashSet<_>| references.contains(&wanted)) {
            continue;
        }
        if let Some(kind) = judge(ctx, &name, times, chains) {
            let finding = Finding::new(kind)
                .chain(&name.place)
                .object(object.bucket.as_deref(), &object.key)
                .interval(name.from, name.to);
            reporter.find(finding);
        }
    }
    for place in without_digests {
        let finding = Finding::new(Kind::NoDigests).chain(&place);
        reporter.find(finding.detail("there are logs, and none of them is in a digest"));
    }
}

fn within_options(ctx: &Context<'_>, name: &LogName) -> bool {
    ctx.options.start.is_none_or(|start| name.to > start)
        && ctx.options.end.is_none_or(|end| name.from < end)
}

/// What a log that no digest names is, by its time.
fn judge(
    ctx: &Context<'_>,
    name: &LogName,
    times: &PlaceTimes,
    chains: &BTreeMap<&ChainId, Walked>,
) -> Option<Kind> {
    let of_place = || chains.iter().filter(|(id, _)| id.place == name.place && !id.backfill);
    let covered = || of_place().flat_map(|(_, walked)| &walked.covered);
    let first = times.intervals.iter().map(|interval| interval.start).min()?;
    let last = times.intervals.iter().map(|interval| interval.end).max()?;
    let newest = covered().map(|covered| covered.end).max()?;
    // It may be named by a digest that is not made yet, or that lies behind what was collected.
    let pending = name.from >= newest && name.from <= newest + DIGEST_PERIOD;
    let behind = ctx.options.end.is_some() && name.from >= last;
    // Names are rounded to five minutes: the first logs may belong to the digest before.
    let at_start = covered().all(|covered| covered.start >= first) && ctx.options.start.is_none();
    let grace = if at_start { TimeDelta::minutes(5) } else { TimeDelta::zero() };
    if pending || behind || name.to <= first + grace {
        return None;
    }
    let vouched_by_nobody = times.explained.iter().any(|gap| {
        let Interval { start, end } = gap.interval;
        let until = if gap.call.may_leave_logs() { end } else { end.min(start + DIGEST_PERIOD) };
        name.from >= start && name.from < until
    });
    Some(if vouched_by_nobody { Kind::LogUnvouched } else { Kind::LogUnreferenced })
}
