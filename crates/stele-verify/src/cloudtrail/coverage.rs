//! Time: whether every moment of the interval is covered by a digest that stands, and whether the
//! logs say why where it is not.
//!
//! AWS signs a digest for every hour, even an empty one, up to the call that stops the trail. So an
//! hour without one is explained only where the last log before it holds that call; else somebody
//! deleted the digests, and most likely the logs with them.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::digest::Digest;
use super::finding::{Finding, Interval, Kind, shown};
use super::logs::{self, TrailCall};
use super::names::{ChainId, Time};
use super::report::Reporter;
use super::walked::{Covered, Walked};
use super::{Context, DIGEST_PERIOD};

/// Time in which logs may lie that no digest names, and why.
pub(crate) struct ExplainedGap {
    pub(crate) interval: Interval,
    pub(crate) call: TrailCall,
}

/// Reports what a chain does not cover of the interval, and gives what is explained of it.
pub(crate) fn check(
    ctx: &Context<'_>,
    reporter: &mut Reporter<'_>,
    chains: &BTreeMap<&ChainId, Walked>,
    id: &ChainId,
    interval: Interval,
) -> Vec<ExplainedGap> {
    let covered = chains.get(id).map_or(&[][..], |walked| &walked.covered);
    let mut explained = Vec::new();
    for gap in gaps(covered, interval) {
        // It may have begun before the interval did.
        let ends = covered.iter().map(|covered| covered.end).filter(|end| *end <= gap.start);
        let since = ends.max().unwrap_or(gap.start);
        if let Some(call) = explain(ctx, chains, id, since) {
            let detail = format!("`{}` at {}", call.name, shown(call.at));
            let finding = Finding::new(Kind::GapExplained);
            reporter.find(finding.chain(id).interval(gap.start, gap.end).detail(detail));
            explained.push(ExplainedGap { interval: gap, call });
            continue;
        }
        let kind = if covered.is_empty() {
            Kind::NoDigests
        } else if gap.end == interval.end {
            Kind::NotCoveredToEnd
        } else if gap.start == interval.start {
            Kind::NotCoveredToStart
        } else {
            Kind::GapUnexplained
        };
        reporter.find(Finding::new(kind).chain(id).interval(gap.start, gap.end));
    }
    explained
}

/// What of the interval is in none of these, which are in order.
fn gaps(covered: &[Covered], interval: Interval) -> Vec<Interval> {
    let mut gaps = Vec::new();
    let mut at = interval.start;
    for digest in covered {
        if digest.start > at && at < interval.end {
            gaps.push(Interval { start: at, end: digest.start.min(interval.end) });
        }
        at = at.max(digest.end);
    }
    if at < interval.end {
        gaps.push(Interval { start: at, end: interval.end });
    }
    gaps
}

/// The call that stopped the trail when the gap begins.
///
/// It stands in the logs of the region that the trail was made in, and for an organization's trail
/// in those of the account that owns it: the chains there are looked at too.
fn explain(
    ctx: &Context<'_>,
    chains: &BTreeMap<&ChainId, Walked>,
    id: &ChainId,
    gap_start: Time,
) -> Option<TrailCall> {
    let near = |covered: &&Covered| {
        covered.end > gap_start - DIGEST_PERIOD && covered.end <= gap_start + DIGEST_PERIOD
    };
    let mut calls = Vec::new();
    for (_, walked) in chains.iter().filter(|(other, _)| other.tells_of(id)) {
        for covered in walked.covered.iter().filter(near) {
            calls.extend(calls_in(ctx, covered, id));
        }
    }
    logs::deciding(calls, gap_start)
}

/// The calls in those logs of a digest that are what it says.
fn calls_in(ctx: &Context<'_>, covered: &Covered, id: &ChainId) -> Vec<TrailCall> {
    let file = ctx.input.objects.open(covered.bucket.as_deref(), &covered.key).ok();
    let digest = file.and_then(|file| Digest::read(file, ctx.options.digest_bytes_max).ok());
    let logs = digest.as_ref().map_or(&[][..], Digest::logs);
    let sound = logs.iter().filter(|log| logs::check(ctx, log).is_empty());
    // A log that is no JSON says nothing.
    sound.filter_map(|log| logs::trail_calls(ctx, log, id).ok()).flatten().collect()
}

/// The interval that a chain has to cover, `None` where there is nothing of it.
///
/// Where no end was given it is the chain's own, unless another chain goes on for longer than the
/// time between two digests.
pub(crate) fn interval_of(
    ctx: &Context<'_>,
    covered: &[Covered],
    newest_of_all: Option<Time>,
) -> Option<Interval> {
    let first = covered.first().map(|covered| covered.start);
    let last = covered.iter().map(|covered| covered.end).max();
    let start = ctx.options.start.or(first)?;
    let end = ctx.options.end.or_else(|| {
        let newest = newest_of_all?;
        match last {
            Some(last) if last > newest - DIGEST_PERIOD - TimeDelta::minutes(5) => Some(last),
            _ => Some(newest),
        }
    })?;
    (start < end).then_some(Interval { start, end })
}
