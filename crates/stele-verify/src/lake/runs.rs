//! Runs of the server: starts, stops, and the signs of life between them.

use stele_ledger::record::Beat;

use super::Context;
use super::finding::{Finding, Findings, Kind};
use super::report::{Gap, shown};

#[derive(Debug)]
struct Run {
    name: String,
    /// The last sign of life, in microseconds since the epoch.
    last_micros: i64,
    beats: u64,
}

/// A sign of life that says how far the write-ahead log was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sign {
    pub(super) index: u64,
    pub(super) at_micros: i64,
    pub(super) sequence: u64,
}

/// What was seen of runs.
#[derive(Debug, Default)]
pub(super) struct Runs {
    open: Option<Run>,
    last_micros: Option<i64>,
    pub(super) count: u64,
    pub(super) beats: u64,
    /// Times without a sign of life, the first of them.
    pub(super) gaps: Vec<Gap>,
    /// Every beat's place: what was recorded before it was in the log up to its sequence.
    pub(super) signs: Vec<Sign>,
}

/// So many gaps are listed.
const GAPS_MAX: usize = 1_000;

impl Runs {
    pub(super) fn start(
        &mut self,
        ctx: &Context<'_>,
        findings: &Findings,
        index: u64,
        name: String,
        at_micros: i64,
    ) {
        let crashed = self.open.take();
        if let Some(last) = self.last_micros {
            let kind = if crashed.is_some() { Kind::CrashGap } else { Kind::Stopped };
            self.gap(ctx, findings, kind, index, (last, at_micros));
        }
        if crashed.is_some_and(|run| run.name == name) {
            find(ctx, findings, Kind::RunOrder, index, format!("run {name} starts twice"));
        }
        self.count += 1;
        self.last_micros = Some(at_micros);
        self.open = Some(Run { name, last_micros: at_micros, beats: 0 });
    }

    pub(super) fn stop(
        &mut self,
        ctx: &Context<'_>,
        findings: &Findings,
        index: u64,
        name: &str,
        at_micros: i64,
    ) {
        self.sign(ctx, findings, index, name, at_micros);
        self.open = None;
    }

    pub(super) fn beat(&mut self, ctx: &Context<'_>, findings: &Findings, index: u64, beat: &Beat) {
        self.beats += 1;
        self.signs.push(Sign { index, at_micros: beat.at_micros, sequence: beat.sequence });
        self.sign(ctx, findings, index, &beat.run, beat.at_micros);
        let Some(run) = &mut self.open else { return };
        if beat.beat != run.beats + 1 {
            let detail = format!("{} follows {}", beat.beat, run.beats);
            find(ctx, findings, Kind::BeatGap, index, detail);
        }
        run.beats = beat.beat;
    }

    fn sign(
        &mut self,
        ctx: &Context<'_>,
        findings: &Findings,
        index: u64,
        name: &str,
        at_micros: i64,
    ) {
        let Some(run) = self.open.as_mut().filter(|run| run.name == name) else {
            find(ctx, findings, Kind::RunOrder, index, format!("run {name} is not open"));
            return;
        };
        let last = run.last_micros;
        run.last_micros = at_micros;
        self.last_micros = Some(at_micros);
        if at_micros.saturating_sub(last) > ctx.options.silence_micros_max {
            self.gap(ctx, findings, Kind::Silence, index, (last, at_micros));
        }
    }

    fn gap(
        &mut self,
        ctx: &Context<'_>,
        findings: &Findings,
        kind: Kind,
        index: u64,
        (from, to): (i64, i64),
    ) {
        find(ctx, findings, kind, index, format!("{} to {}", shown(from), shown(to)));
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push(Gap { kind, from_micros: from, to_micros: to });
        }
    }
}

/// Whether the ledger goes on to the time up to which it is verified.
pub(super) fn judge_end(ctx: &Context<'_>, findings: &Findings, time_range: Option<(i64, i64)>) {
    let Some(until) = ctx.options.until_micros else { return };
    let last = time_range.map_or(i64::MIN, |(_, last)| last);
    if until.saturating_sub(last) > ctx.options.silence_micros_max {
        let finding = Finding::new(Kind::SilentAtEnd).object(ctx.place.ledger("checkpoint"));
        findings.find(finding.detail(format!("the last entry is of {}", shown(last))));
    }
}

fn find(ctx: &Context<'_>, findings: &Findings, kind: Kind, index: u64, detail: String) {
    let finding = Finding::new(kind).object(ctx.entry_file(index));
    findings.find(finding.record(format!("entry {index}")).detail(detail));
}
