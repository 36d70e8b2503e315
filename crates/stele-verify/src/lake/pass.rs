//! One verification, from the checkpoint to the last row.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::files::{self, Listed, Present};
use super::finding::{Finding, Kind};
use super::gather::Gathering;
use super::history::History;
use super::ledger::{self, Proven};
use super::remote::Ahead;
use super::report::{Gap, Report, Verified};
use super::rows::Work;
use super::workers::read_files;
use super::{Context, Depth, Error, Outcome, kept, log, seeds};

/// One verification, up to the checkpoint that it read.
pub(super) struct Pass {
    verified: Verified,
    gaps: Vec<Gap>,
    pub(super) proven: Option<Proven>,
    since: u64,
    /// What may only look wrong because a server writes meanwhile.
    pub(super) doubtful: BTreeSet<String>,
}

impl Pass {
    /// One in which nothing was looked at.
    pub(super) fn nothing() -> Self {
        Self {
            verified: Verified::default(),
            gaps: Vec::new(),
            proven: None,
            since: 0,
            doubtful: BTreeSet::new(),
        }
    }

    pub(super) fn run(ctx: &Context<'_>, since: Option<&(&Path, Vec<u8>)>) -> Result<Self, Error> {
        ctx.place.forget();
        // Kept checkpoints before the newest one, so that none can be newer than it.
        let mut kept = Vec::new();
        if let Some((path, bytes)) = since {
            let one = kept::kept(ctx, &path.display().to_string(), bytes);
            kept.push(one.ok_or(Error::Checkpoint { path: (*path).to_owned() })?);
        }
        if let Some(anchors) = &ctx.options.anchors {
            kept.extend(kept::anchors(ctx, anchors));
        }
        kept.extend(kept::archive(ctx));
        let mut history = History::new(ctx.options.findings_per_kind_max);
        let proven = ledger::verify(ctx, &mut history, &kept);
        let mut pass = Self { proven, ..Self::nothing() };
        let Some(proven) = &pass.proven else { return Ok(pass) };
        history.finish(ctx);
        if let (Some(_), Some(one)) = (since, kept.first())
            && proven.sound.first() == Some(&true)
        {
            pass.since = one.size();
        }
        let root = proven.head.root;
        let choice = root.0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        pass.verified.checkpoints = kept.len() as u64;
        pass.tell(&history);
        seeds::load(ctx, &mut history);
        let rows_too = ctx.options.depth != Depth::Quick;
        let log = (rows_too && ctx.place.has_log()).then(|| log::read(ctx, &history));
        let listed = files::list(ctx, &history.commits);
        pass.verified.files = history.commits.live.len() as u64;
        if rows_too {
            pass.rows(ctx, &history, &listed, &log.unwrap_or_default(), choice);
        }
        pass.doubtful.extend(listed.doubtful);
        if ctx.findings.has(Kind::RowUnrecorded) {
            pass.doubtful.insert(String::new());
        }
        pass.gaps = std::mem::take(&mut history.runs.gaps);
        ctx.findings.absorb(history.findings);
        Ok(pass)
    }

    fn tell(&mut self, history: &History) {
        let verified = &mut self.verified;
        verified.entries = history.entries;
        verified.batches = history.batches.len() as u64;
        verified.events = history.batches.iter().map(|batch| u64::from(batch.record.stored)).sum();
        verified.commits = history.commits.count;
        verified.runs = history.runs.count;
        verified.beats = history.runs.beats;
        verified.from_micros = history.time_range.map(|(from, _)| from);
        verified.to_micros = history.time_range.map(|(_, to)| to);
    }

    /// Reads every row.
    fn rows(
        &mut self,
        ctx: &Context<'_>,
        history: &History,
        listed: &Listed,
        log: &log::Found,
        choice: u64,
    ) {
        let gathering = Gathering::new(history);
        let work = Work {
            ctx,
            history,
            gathering: &gathering,
            choice,
            rows: AtomicU64::new(0),
            derived: AtomicU64::new(0),
            not_derived: AtomicU64::new(0),
        };
        let new = history.batches.iter().filter(|batch| batch.index >= self.since);
        let lowest_new = new.map(|batch| batch.record.batch).min();
        let to_read: Vec<&Present> = listed
            .present
            .iter()
            .filter(|file| {
                let batches = file.live.stated.as_ref().and_then(|stated| stated.batches);
                let holds_new = batches.is_none_or(|(_, highest)| Some(highest) >= lowest_new);
                file.live.index >= self.since || (holds_new && lowest_new.is_some())
            })
            .collect();
        let bytes: u64 = to_read.iter().map(|file| file.live.file.bytes).sum();
        ctx.bytes_total.store(ctx.bytes_done.load(Relaxed) + bytes, Relaxed);
        ctx.place.expect(to_read.iter().map(|file| file.name.clone()), Ahead::Few);
        let unread = read_files(&work, &to_read);
        self.verified.files_read = (to_read.len() - unread.len()) as u64;
        self.verified.rows_in_log = log.give(ctx, history, &gathering);
        let absent = listed.absent.iter().copied().chain(unread);
        self.missing(ctx, history, &gathering, &absent.collect::<Vec<_>>(), log);
        self.verified.rows = work.rows.load(Relaxed);
        self.verified.bytes_read = ctx.bytes_done.load(Relaxed);
        self.verified.rows_derived = work.derived.load(Relaxed);
        self.verified.rows_not_derived = work.not_derived.load(Relaxed);
        self.verified.batches_complete = gathering.complete.load(Relaxed);
        if self.verified.rows_not_derived > 0 {
            let detail = format!("{} rows", self.verified.rows_not_derived);
            ctx.findings.find(Finding::new(Kind::NotRederived).detail(detail));
        }
    }

    /// Says what was acknowledged and is nowhere.
    fn missing(
        &mut self,
        ctx: &Context<'_>,
        history: &History,
        gathering: &Gathering,
        absent: &[Option<(i64, i64)>],
        log: &log::Found,
    ) {
        let covered = covered(history);
        for (at, batch) in (0..).zip(&history.batches) {
            let number = batch.record.batch;
            if history.is_expired(number) || batch.index < self.since {
                continue;
            }
            let missing = gathering.missing(ctx, history, at);
            if missing.is_empty() {
                continue;
            }
            let unread = absent
                .iter()
                .any(|range| range.is_none_or(|(low, high)| (low..=high).contains(&number)));
            // A server may have moved them from the log to the table between the two readings.
            let doubt = format!("batch {number}");
            let known = ctx.doubtful.is_none_or(|doubtful| doubtful.contains(&doubt));
            let kind = if unread {
                Kind::RowUnread
            } else if batch.index >= covered && !known {
                Kind::FileChanging
            } else if (ctx.place.has_log() && !log.is_unread) || batch.index < covered {
                Kind::RowMissing
            } else {
                Kind::RowNotHere
            };
            // What is missing and was not in the table yet stood at the end of the log.
            let torn = log.torn.clone().filter(|_| batch.index >= covered);
            let file = torn.unwrap_or_else(|| ctx.entry_file(batch.index));
            let finding = Finding::new(kind).object(file);
            let finding = finding.record(doubt.clone());
            self.doubtful.insert(doubt);
            let count = missing.len();
            let detail = format!("{count} events, at positions {}", ranges(&missing));
            ctx.findings.find(finding.detail(detail));
        }
    }

    pub(super) fn report(self, ctx: Context<'_>) -> Report {
        let origin = ctx.origin().to_owned();
        let depth = ctx.options.depth.name();
        let (findings, counts) = ctx.findings.finish();
        Report {
            outcome: Outcome::of(counts.keys().map(|kind| kind.severity()).max()),
            origin,
            size: self.proven.as_ref().map(|proven| proven.head.size),
            root: self.proven.as_ref().map(|proven| proven.head.root.to_base64()),
            witnessed: self.proven.as_ref().and_then(|proven| proven.witnessed.clone()),
            depth,
            since: self.since,
            verified: self.verified,
            gaps: self.gaps,
            findings,
            counts,
        }
    }
}

/// Batches whose entry stands before this one are in the table as a whole: a sign of life after
/// them names a sequence of the write-ahead log that the last commit covers.
fn covered(history: &History) -> u64 {
    const SURE_MICROS: i64 = 1_000_000;
    let covers = history.commits.covers;
    let sign = history.runs.signs.iter().rev().find(|sign| sign.sequence <= covers);
    let Some(sign) = sign else { return 0 };
    let surely = |at: i64| at.saturating_add(SURE_MICROS) <= sign.at_micros;
    let before = history.batches.iter().filter(|batch| batch.index < sign.index);
    let last = before.filter(|batch| surely(batch.record.at_micros)).map(|batch| batch.index);
    last.max().map_or(0, |last| last + 1)
}

/// Positions, written short.
fn ranges(positions: &[u32]) -> String {
    const RANGES_MAX: usize = 10;
    let runs: Vec<&[u32]> = positions.chunk_by(|a, b| a + 1 == *b).collect();
    let shown = runs.iter().take(RANGES_MAX).map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if runs.len() > RANGES_MAX {
        text.push_str(", ...");
    }
    text
}
