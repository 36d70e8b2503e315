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
//! where an older checkpoint was kept elsewhere (`since`, anchors) or witnesses are asked for: then
//! only what is younger than the last checkpoint that they signed could be another.
//! Bytes that nothing depends on may change: the end of a segment of the write-ahead log that is
//! reserved and not written yet, or was written and never acknowledged; `writer-state.json`,
//! `readers.json` and `README.md`, which are made again or only for people; of the files that
//! Delta derives from its log everything but which files a checkpoint lists; and in what is left
//! of a punctured seed the secrets for positions that its batch has not.

mod commits;
mod delta_checkpoint;
mod derive;
mod files;
mod finding;
mod footer;
mod gather;
mod history;
mod kept;
mod ledger;
mod locate;
mod log;
mod pass;
mod place;
mod prove;
mod remote;
mod report;
mod rows;
mod runs;
mod seeds;
mod tiles;
mod unpack;
mod witnessed;
mod workers;

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::VerifierKey;
use stele_ledger::note::NOTE_BYTES_MAX;
use stele_ledger::tile::{TILE_WIDTH, Tile};

use finding::Findings;
pub use finding::{Finding, Kind};
use ledger::Proven;
use pass::Pass;
pub use place::Place;
pub use prove::{Proof, ProveError, Wanted, prove, verify_proof};
pub use remote::{Ahead, Remote};
pub(crate) use report::shown;
pub use report::{Gap, Report, Verified};
pub use witnessed::Witnessed;

pub use crate::verdict::{Outcome, Severity};

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
    /// What was recorded last may be without a witness for this long.
    pub witness_lag_micros_max: i64,
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
            witness_lag_micros_max: 300_000_000,
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
    /// A tar or a bucket is not one that is read.
    #[error("cannot verify `{copy}`: {reason}")]
    Copy {
        /// Which.
        copy: String,
        /// Why not.
        reason: String,
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
        // How much there is to read is known when the ledger was read.
        let bytes_total = self.bytes_total.load(Relaxed);
        if bytes_total > 0 {
            (self.progress)(Progress { bytes_done, bytes_total: bytes_total.max(bytes_done) });
        }
    }
}

/// Verifies a data folder, or a lake folder alone.
pub fn verify(
    folder: &Path,
    options: &Options,
    progress: &OnProgress<'_>,
) -> Result<Report, Error> {
    let read = |source| Error::Read { path: folder.to_owned(), source };
    verify_place(&Place::of(folder).map_err(read)?, options, progress)
}

/// Verifies a data folder, or a lake folder alone, wherever it lies.
pub fn verify_place(
    place: &Place,
    options: &Options,
    progress: &OnProgress<'_>,
) -> Result<Report, Error> {
    if let Some((copy, reason)) = place.unread() {
        let ctx = Context::new(place, options, progress, None);
        ctx.findings.find(Finding::new(Kind::CopyUnread).object(copy).detail(reason));
        return Ok(Pass::nothing().report(ctx));
    }
    if options.keys.is_empty() {
        return Err(Error::NoKey);
    }
    let read = |path: &Path, source| Error::Read { path: path.to_owned(), source };
    if let Some(anchors) = &options.anchors {
        std::fs::read_dir(anchors).map_err(|source| read(anchors, source))?;
    }
    let since = options.since.as_deref().map(|path| {
        let bytes = place::read(path, NOTE_BYTES_MAX as u64);
        let bytes = bytes.and_then(|bytes| bytes.ok_or(io::ErrorKind::NotFound.into()));
        bytes.map(|bytes| (path, bytes)).map_err(|source| read(path, source))
    });
    let since = since.transpose()?;
    let ctx = Context::new(place, options, progress, None);
    let first = Pass::run(&ctx, since.as_ref())?;
    if first.doubtful.is_empty() || !is_newer_soon(&ctx, first.proven.as_ref()) {
        return Ok(first.report(ctx));
    }
    let ctx = Context::new(place, options, progress, Some(&first.doubtful));
    Ok(Pass::run(&ctx, since.as_ref())?.report(ctx))
}

/// Waits a moment for a newer checkpoint.
fn is_newer_soon(ctx: &Context<'_>, proven: Option<&Proven>) -> bool {
    const STEP_MS: u64 = 100;
    let Some(proven) = proven.filter(|_| !ctx.place.is_still()) else { return false };
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
