//! A data folder, offline: whether everything in it is what was acknowledged and signed.
//!
//! [`verify`] needs the folder and the verifier key. It reads the checkpoint first and verifies
//! everything up to it: every entry under the signed root, older checkpoints, the seeds, every
//! commit against the table's own log, every file against its commit, every row against the root
//! of its batch, and columns against what the format derives from the bytes. A server that writes
//! meanwhile does not disturb it: where something looks wrong that may only be newer, the newest
//! state is read once more before it is said.
//!
//! Nothing counts as verified that was not read, and nothing is parsed for its meaning that a
//! signature does not vouch for, except to say what is wrong with it.
//!
//! **Memory** is bounded by what the ledger holds, not by what it is about: some 300 bytes for a
//! batch and 32 for a request; 32 for each event of the batches that are begun and not whole; and
//! for each thread the columns of 8,192 rows and one page of each.
//!
//! **What cannot be noticed.** Whoever has the signing key can sign another past; it is noticed
//! where an older checkpoint was kept elsewhere (`since`, anchors) or witnesses are asked for.
//! Bytes that nothing depends on may change: the end of a segment of the write-ahead log that is
//! reserved and not written yet, or was written and never acknowledged; `writer-state.json`,
//! `readers.json` and `README.md`, which are made again or only for people; and the files that
//! Delta derives from its log.

mod commits;
mod derive;
mod files;
mod finding;
mod gather;
mod history;
mod ledger;
mod log;
mod place;
mod prove;
mod report;
mod rows;
mod runs;
mod seeds;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::VerifierKey;
use stele_ledger::note::NOTE_BYTES_MAX;
use stele_ledger::tile::{TILE_WIDTH, Tile};

use files::{Listed, Present};
use finding::Findings;
pub use finding::{Finding, Kind, Severity};
use gather::Gathering;
use history::History;
use ledger::Proven;
use place::Place;
pub use prove::{Proof, ProveError, Wanted, prove, verify_proof};
pub(crate) use report::shown;
pub use report::{Gap, Outcome, Report, Verified};
use rows::{Opened, Work};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The ledger, the table's log, and which files there are with which length. No row.
    Quick,
    /// Also every row, and the columns of one row in so many.
    Sampled {
        /// In how many.
        one_in: u32,
    },
    /// Also every column of every row.
    Deep,
}

impl Depth {
    fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Sampled { .. } => "sampled",
            Self::Deep => "deep",
        }
    }
}

/// How it is verified.
#[derive(Debug, Clone)]
pub struct Options {
    /// The verifier keys of the log; the first one's name is the log's origin.
    pub keys: Vec<VerifierKey>,
    /// Who must have witnessed the checkpoint.
    pub witnesses: WitnessPolicy,
    /// A file with an older checkpoint: files that were there then are not read again.
    pub since: Option<PathBuf>,
    /// A folder with checkpoints that were kept elsewhere.
    pub anchors: Option<PathBuf>,
    /// How much is read.
    pub depth: Depth,
    /// On so many threads.
    pub threads: NonZeroUsize,
    /// Times of entries may go back by this much.
    pub clock_tolerance_micros: i64,
    /// A run may be without a sign of life for this long.
    pub silence_micros_max: i64,
    /// The ledger must not end long before this time.
    pub until_micros: Option<i64>,
    /// Where something may only be too new, a newer checkpoint is waited for, so long.
    pub wait_ms_max: u64,
    /// Of each kind so many findings are listed; all are counted.
    pub findings_per_kind_max: usize,
}

impl Options {
    /// The usual options for a log with these keys.
    pub fn new(keys: Vec<VerifierKey>) -> Self {
        Self {
            keys,
            witnesses: WitnessPolicy::default(),
            since: None,
            anchors: None,
            depth: Depth::Sampled { one_in: 256 },
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            clock_tolerance_micros: 5_000_000,
            silence_micros_max: 65_000_000,
            until_micros: None,
            wait_ms_max: 3_000,
            findings_per_kind_max: 20,
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were read.
    pub bytes_done: u64,
    /// Bytes to read, as far as it is known.
    pub bytes_total: u64,
}

/// Is told how far it is, from any thread.
pub type OnProgress<'a> = dyn Fn(Progress) + Sync + 'a;

/// Why it could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or a file that was named cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that was named is no checkpoint.
    #[error("`{}` is no checkpoint", path.display())]
    Checkpoint {
        /// Which.
        path: PathBuf,
    },
    /// There is no key to verify with.
    #[error("no verifier key was given")]
    NoKey,
}

/// What every part of the work needs.
struct Context<'a> {
    place: &'a Place,
    options: &'a Options,
    findings: Findings,
    progress: &'a OnProgress<'a>,
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    /// How many entries the checkpoint counts.
    size: AtomicU64,
    /// What already looked wrong when an earlier checkpoint was read; nothing at first.
    doubtful: Option<&'a BTreeSet<String>>,
}

impl<'a> Context<'a> {
    fn new(
        place: &'a Place,
        options: &'a Options,
        progress: &'a OnProgress<'a>,
        doubtful: Option<&'a BTreeSet<String>>,
    ) -> Self {
        Self {
            place,
            options,
            findings: Findings::new(options.findings_per_kind_max),
            progress,
            bytes_done: AtomicU64::new(0),
            bytes_total: AtomicU64::new(0),
            size: AtomicU64::new(u64::MAX),
            doubtful,
        }
    }

    /// The log's origin. There is a key: [`verify`] has looked.
    fn origin(&self) -> &str {
        self.options.keys.first().map_or("", VerifierKey::name)
    }

    /// The file in which an entry stands.
    fn entry_file(&self, index: u64) -> String {
        let wide = u64::from(TILE_WIDTH);
        let bundle = index / wide;
        let width = self.size.load(Relaxed).saturating_sub(bundle * wide).clamp(1, wide) as u16;
        self.place.ledger(&Tile::entries(bundle, width).to_string())
    }

    fn advance(&self, bytes: u64) {
        let bytes_done = self.bytes_done.fetch_add(bytes, Relaxed) + bytes;
        let bytes_total = self.bytes_total.load(Relaxed).max(bytes_done);
        (self.progress)(Progress { bytes_done, bytes_total });
    }
}

/// Verifies a data folder, or a lake folder alone.
pub fn verify(
    folder: &Path,
    options: &Options,
    progress: &OnProgress<'_>,
) -> Result<Report, Error> {
    if options.keys.is_empty() {
        return Err(Error::NoKey);
    }
    let read = |path: &Path, source| Error::Read { path: path.to_owned(), source };
    let place = Place::of(folder).map_err(|source| read(folder, source))?;
    if let Some(anchors) = &options.anchors {
        std::fs::read_dir(anchors).map_err(|source| read(anchors, source))?;
    }
    let since = options.since.as_deref().map(|path| {
        let bytes = place::read(path, NOTE_BYTES_MAX as u64);
        let bytes = bytes.and_then(|bytes| bytes.ok_or(io::ErrorKind::NotFound.into()));
        bytes.map(|bytes| (path, bytes)).map_err(|source| read(path, source))
    });
    let since = since.transpose()?;
    let ctx = Context::new(&place, options, progress, None);
    let first = Pass::run(&ctx, since.as_ref())?;
    if first.doubtful.is_empty() || !is_newer_soon(&ctx, first.proven.as_ref()) {
        return Ok(first.report(ctx));
    }
    let ctx = Context::new(&place, options, progress, Some(&first.doubtful));
    Ok(Pass::run(&ctx, since.as_ref())?.report(ctx))
}

/// Waits a moment for a newer checkpoint.
fn is_newer_soon(ctx: &Context<'_>, proven: Option<&Proven>) -> bool {
    const STEP_MS: u64 = 100;
    let Some(proven) = proven else { return false };
    let name = ctx.place.ledger("checkpoint");
    for waited in 0..=ctx.options.wait_ms_max / STEP_MS {
        if waited > 0 {
            std::thread::sleep(Duration::from_millis(STEP_MS));
        }
        let now = ctx.place.read(&name, NOTE_BYTES_MAX as u64);
        if matches!(now, Ok(Some(bytes)) if bytes != proven.bytes) {
            return true;
        }
    }
    false
}

/// One verification, up to the checkpoint that it read.
struct Pass {
    verified: Verified,
    gaps: Vec<Gap>,
    proven: Option<Proven>,
    since: u64,
    /// What may only look wrong because a server writes meanwhile.
    doubtful: BTreeSet<String>,
}

impl Pass {
    fn run(ctx: &Context<'_>, since: Option<&(&Path, Vec<u8>)>) -> Result<Self, Error> {
        // Kept checkpoints before the newest one, so that none can be newer than it.
        let mut kept = Vec::new();
        if let Some((path, bytes)) = since {
            let one = ledger::kept(ctx, &path.display().to_string(), bytes);
            kept.push(one.ok_or(Error::Checkpoint { path: (*path).to_owned() })?);
        }
        if let Some(anchors) = &ctx.options.anchors {
            kept.extend(ledger::anchors(ctx, anchors));
        }
        kept.extend(ledger::archive(ctx));
        let mut history = History::new(ctx.options.findings_per_kind_max);
        let proven = ledger::verify(ctx, &mut history, &kept);
        let mut pass = Self {
            verified: Verified { entries: history.entries, ..Verified::default() },
            gaps: Vec::new(),
            proven,
            since: 0,
            doubtful: BTreeSet::new(),
        };
        let Some(proven) = &pass.proven else { return Ok(pass) };
        history.finish(ctx);
        if let (Some(_), Some(one)) = (since, kept.first())
            && proven.sound.first() == Some(&true)
        {
            pass.since = one.size();
        }
        let root = proven.head.root;
        let [a, b, c, d, e, f, g, h, ..] = root.0;
        let choice = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        pass.verified.checkpoints = kept.len() as u64;
        pass.tell(&history);
        seeds::load(ctx, &mut history);
        let listed = files::list(ctx, &history.commits);
        pass.verified.files = history.commits.live.len() as u64;
        if ctx.options.depth != Depth::Quick {
            pass.rows(ctx, &history, &listed, choice);
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
        verified.batches = history.batches.len() as u64;
        verified.events = history.batches.iter().map(|batch| u64::from(batch.record.stored)).sum();
        verified.commits = history.commits.count;
        verified.runs = history.runs.count;
        verified.beats = history.runs.beats;
        verified.from_micros = history.time_range.map(|(from, _)| from);
        verified.to_micros = history.time_range.map(|(_, to)| to);
    }

    /// Reads every row.
    fn rows(&mut self, ctx: &Context<'_>, history: &History, listed: &Listed, choice: u64) {
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
        let unread = read_files(&work, &to_read);
        self.verified.files_read = (to_read.len() - unread.len()) as u64;
        let found = if ctx.place.has_log() {
            log::read(ctx, history, &gathering)
        } else {
            log::Found::default()
        };
        let absent = listed.absent.iter().copied().chain(unread);
        self.missing(ctx, history, &gathering, &absent.collect::<Vec<_>>(), &found);
        self.verified.rows = work.rows.load(Relaxed);
        self.verified.rows_in_log = found.events;
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
        &self,
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
            let kind = if unread {
                Kind::RowUnread
            } else if ctx.place.has_log() || batch.index < covered {
                Kind::RowMissing
            } else {
                Kind::RowNotHere
            };
            // What is missing and was not in the table yet stood at the end of the log.
            let torn = log.torn.clone().filter(|_| batch.index >= covered);
            let file = torn.unwrap_or_else(|| ctx.entry_file(batch.index));
            let finding = Finding::new(kind).object(file);
            let finding = finding.record(format!("batch {number}"));
            let count = missing.len();
            let detail = format!("{count} events, at positions {}", ranges(&missing));
            ctx.findings.find(finding.detail(detail));
        }
    }

    fn report(self, ctx: Context<'_>) -> Report {
        let origin = ctx.origin().to_owned();
        let depth = ctx.options.depth.name();
        let (findings, counts) = ctx.findings.finish();
        Report {
            outcome: Report::outcome_of(&counts),
            origin,
            size: self.proven.as_ref().map(|proven| proven.head.size),
            root: self.proven.as_ref().map(|proven| proven.head.root.to_base64()),
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

/// What is to be done: files to hash, and row groups of those that were sound.
struct Queue<'q> {
    files: std::slice::Iter<'q, &'q Present>,
    groups: VecDeque<(std::sync::Arc<Opened<'q>>, usize)>,
    hashing: usize,
    unread: Vec<Option<(i64, i64)>>,
}

/// Hashes files and reads their rows on several threads. Gives the batches of unsound files.
fn read_files(work: &Work<'_>, files: &[&Present]) -> Vec<Option<(i64, i64)>> {
    let queue = Queue { files: files.iter(), groups: VecDeque::new(), hashing: 0, unread: vec![] };
    let (queue, more) = (Mutex::new(queue), Condvar::new());
    std::thread::scope(|scope| {
        for _ in 0..work.ctx.options.threads.get() {
            scope.spawn(|| work_on(work, &queue, &more));
        }
    });
    queue.into_inner().unwrap_or_else(PoisonError::into_inner).unread
}

fn work_on<'q>(work: &Work<'_>, queue: &Mutex<Queue<'q>>, more: &Condvar) {
    let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let mut held = lock();
    loop {
        if let Some((opened, group)) = held.groups.pop_front() {
            drop(held);
            work.group(&opened, group);
            held = lock();
        } else if let Some(file) = held.files.next() {
            held.hashing += 1;
            drop(held);
            let opened = files::hash(work.ctx, file).then(|| rows::open(work.ctx, file)).flatten();
            held = lock();
            held.hashing -= 1;
            match opened.map(std::sync::Arc::new) {
                Some(opened) => {
                    let groups = 0..opened.groups();
                    held.groups.extend(groups.map(|group| (opened.clone(), group)));
                }
                None => {
                    let stated = file.live.stated.as_ref();
                    held.unread.push(stated.and_then(|stated| stated.batches));
                }
            }
            more.notify_all();
        } else if held.hashing > 0 {
            held = more.wait(held).unwrap_or_else(PoisonError::into_inner);
        } else {
            return;
        }
    }
}
