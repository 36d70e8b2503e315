//! The writer of a ledger: every acknowledged batch, every commit of the table and every act comes
//! on record here, in a signed, append-only log (`stele-ledger` specifies it).
//!
//! Records flow in from the pipeline ([`BatchLog`]), from whoever follows the table
//! ([`Ledger::commit`]) and from acts; they wait in memory until [`Ledger::seal`] writes them,
//! makes them durable and signs a checkpoint over them. What waits when the process ends is had
//! again: batches from the write-ahead log, commits from the table's own log. A checkpoint is never
//! signed over what is not durable, and no entry under a checkpoint is ever written again.

mod commits;
mod files;
mod keys;
mod state;
#[cfg(test)]
mod tests;
mod waiting;
mod written;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stele_event::runtime::{Clock, Entropy};
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::key::{Signer, VerifierKey};
use stele_ledger::record::Deed;
use stele_ledger::tile::{TILE_WIDTH, Tile, read_entries};
use stele_ledger::tree::Log;

pub use keys::{KeyFolder, LoadedKey};

use crate::batches::{BatchLog, ClosedBatch};
use crate::filesystem::FileSystem;
use files::Files;
use state::WriterState;
use waiting::Waiting;
use written::{Written, read_state};

/// Why the ledger cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The disk refused; what waits is tried again.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Disk {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// What lies in the folder is not the ledger that was written there. To go on would sign it.
    #[error("the ledger in `{}` is damaged or was replaced: {reason}; `stele verify` tells more", folder.display())]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A record or a signature cannot be made.
    #[error("cannot make a record of the ledger: {0}")]
    Record(#[from] stele_ledger::Error),
    /// A commit of the table cannot be put on record.
    #[error("cannot put version {version} of the table on record: {reason}")]
    Commit {
        /// The version.
        version: u64,
        /// What is wrong.
        reason: String,
    },
    /// A batch could not come on record. It is in the write-ahead log, which is kept.
    #[error("the ledger takes no more until the server is started again: {0}")]
    Broken(String),
    /// The key cannot be used.
    #[error("cannot use the key `{}`: {reason}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// So many entries wait at the most; then nothing more is taken in until they are written.
const WAITING_MAX: usize = 50_000;
/// A checkpoint is archived so often at the most, in µs.
const ARCHIVE_MICROS: i64 = 60_000_000;
const CHECKPOINT: &str = "checkpoint";
const STATE: &str = "writer-state.json";

/// What a beat says beside its number.
#[derive(Debug, Clone, Copy, Default)]
pub struct BeatFacts {
    /// The last sequence number of the write-ahead log.
    pub sequence: u64,
    /// What it holds that is not in the table yet, in bytes.
    pub backlog_bytes: u64,
}

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// How many entries it covers.
    pub size: u64,
    /// Its note, as it was written.
    pub note: Vec<u8>,
}

/// The ledger; see the module.
pub struct Ledger {
    origin: String,
    clock: Arc<dyn Clock>,
    anchors: Vec<PathBuf>,
    disk: Arc<dyn FileSystem>,
    waiting: Mutex<Waiting>,
    written: Mutex<Written>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Where a ledger lies, and who signs it.
pub struct LedgerParts {
    /// The disk.
    pub disk: Arc<dyn FileSystem>,
    /// Its folder.
    pub folder: PathBuf,
    /// Its key.
    pub signer: Box<dyn Signer>,
    /// All keys that it was ever signed with.
    pub keys: Vec<VerifierKey>,
    /// Folders to which each archived checkpoint is copied.
    pub anchors: Vec<PathBuf>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Ledger {
    /// Opens the ledger in a folder; begins one where there is none.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] where what is there does not agree with the checkpoint, or the
    /// checkpoint is gone: an unsafe start is refused.
    pub fn open(parts: LedgerParts) -> Result<Self, LedgerError> {
        let LedgerParts { disk, folder, signer, keys, anchors, clock } = parts;
        let files = Files::new(disk.clone(), &folder);
        let origin = signer.key().name().to_owned();
        let damaged = |reason: String| LedgerError::Damaged { folder: folder.clone(), reason };
        let Some(note) = files.read(CHECKPOINT)? else {
            // A process that ended before its first checkpoint leaves tiles, and no state.
            if files.read(STATE)?.is_some() || !files.list_archive().is_empty() {
                return Err(damaged("its checkpoint is missing".to_owned()));
            }
            files.clear_beyond(0);
            let state = WriterState::default();
            return Ok(Self::new(origin, clock, anchors, disk, Written::new(files, signer), state));
        };
        let (checkpoint, _) = Checkpoint::open(&note, &origin, &keys)
            .map_err(|error| damaged(format!("its checkpoint cannot be read: {error}")))?;
        let size = checkpoint.head.size;
        let log = Log::load(size, &files).map_err(|error| damaged(error.to_string()))?;
        if log.root() != checkpoint.head.root {
            return Err(damaged("its tiles do not lead to the root that was signed".to_owned()));
        }
        files.clear_beyond(size);
        let state = read_state(&files, size).map_err(|error| match error {
            LedgerError::Record(error) => damaged(error.to_string()),
            other => other,
        })?;
        let mut written = Written::new(files, signer);
        written.go_on(log, note)?;
        Ok(Self::new(origin, clock, anchors, disk, written, state))
    }

    fn new(
        origin: String,
        clock: Arc<dyn Clock>,
        anchors: Vec<PathBuf>,
        disk: Arc<dyn FileSystem>,
        written: Written,
        state: WriterState,
    ) -> Self {
        let waiting = Waiting::new(state, clock.now_micros());
        let (waiting, written) = (Mutex::new(waiting), Mutex::new(written));
        Self { origin, clock, anchors, disk, waiting, written }
    }

    /// The first line of its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The newest checkpoint that was signed.
    pub fn checkpoint(&self) -> Option<Sealed> {
        lock(&self.written).signed.clone()
    }

    /// The bytes of a tile or a bundle, if there is one.
    pub fn tile(&self, tile: &Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        lock(&self.written).files.read(&tile.to_string())
    }

    /// Entries that the newest checkpoint covers.
    pub fn entries(&self, first: u64, count: u64) -> Result<Vec<Vec<u8>>, LedgerError> {
        let written = lock(&self.written);
        let (size, wide) = (written.log.size(), u64::from(TILE_WIDTH));
        let end = first.saturating_add(count).min(size);
        let mut found = Vec::new();
        for bundle in first / wide..end.div_ceil(wide) {
            let begin = bundle * wide;
            let width = (size - begin).min(wide);
            let entries = read_entries(&written.files, &Tile::entries(bundle, width as u16))?;
            let wanted = |index: u64| index >= first && index < end;
            found.extend((begin..).zip(entries).filter(|(i, _)| wanted(*i)).map(|(_, e)| e));
        }
        Ok(found)
    }

    /// A number above those of all batches on record.
    pub fn next_batch(&self) -> i64 {
        lock(&self.waiting).state.next_batch()
    }

    /// The version of the table that is to come on record next.
    pub fn next_version(&self) -> u64 {
        lock(&self.waiting).state.next_version
    }

    /// The verifier keys that were announced, the latest last.
    pub fn announced_keys(&self) -> Vec<String> {
        lock(&self.waiting).state.keys.clone()
    }

    /// Puts the start of a run on record, and before the first of all the key.
    pub fn start(&self, entropy: &dyn Entropy, version: &str) -> Result<(), LedgerError> {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        let run = format!("{:016x}", u64::from_le_bytes(bytes));
        let key = lock(&self.written).signer.key().to_string();
        lock(&self.waiting).start(self.clock.now_micros(), key, run, version)
    }

    /// Puts the end of the run on record.
    pub fn stop(&self) -> Result<(), LedgerError> {
        let mut waiting = lock(&self.waiting);
        match waiting.state.run.clone() {
            Some(run) => waiting.act(self.clock.now_micros(), Deed::Stop { run }),
            None => Ok(()),
        }
    }

    /// Puts an act on record.
    pub fn act(&self, deed: Deed) -> Result<(), LedgerError> {
        lock(&self.waiting).act(self.clock.now_micros(), deed)
    }

    /// Puts on record which settings changed since they were last told. Their values are secret or
    /// long: only hashes are told.
    pub fn settings(&self, settings: &[(String, String)]) -> Result<(), LedgerError> {
        lock(&self.waiting).settings(self.clock.now_micros(), settings)
    }

    /// Puts a version of the table on record; `content` is the commit's own file.
    pub fn commit(&self, table: &str, version: u64, content: &[u8]) -> Result<(), LedgerError> {
        let now = self.clock.now_micros();
        lock(&self.waiting).commit(now, table, version, content)
    }

    /// Puts a sign of life on record when it is time for one.
    pub fn beat(&self, facts: BeatFacts) -> Result<(), LedgerError> {
        lock(&self.waiting).beat(self.clock.now_micros(), facts)
    }

    /// Writes what waits, makes it durable, and signs a checkpoint over it. `None` where nothing
    /// waits. When it fails, nothing is lost and the next call tries again.
    pub fn seal(&self) -> Result<Option<Sealed>, LedgerError> {
        let mut written = lock(&self.written);
        let now = self.clock.now_micros();
        let (entries, seeds, state) = {
            let waiting = lock(&self.waiting);
            if let Some(reason) = &waiting.broken {
                return Err(LedgerError::Broken(reason.clone()));
            }
            let age_micros = (now - written.archived_micros).abs();
            let is_due = age_micros >= ARCHIVE_MICROS || waiting.state.run.is_none();
            let state = is_due.then(|| waiting.state.clone());
            (waiting.entries.clone(), waiting.seeds.clone(), state)
        };
        if entries.is_empty() {
            return Ok(None);
        }
        let sealed = written.append(&self.origin, &entries, &seeds)?;
        {
            let mut waiting = lock(&self.waiting);
            waiting.entries.drain(..entries.len());
            waiting.seeds.drain(..seeds.len());
        }
        if let Some(state) = state {
            written.archived_micros = now;
            written.archive(&sealed)?;
            written.keep(&state)?;
            for anchor in &self.anchors {
                let mut files = Files::new(self.disk.clone(), anchor);
                files.write(&sealed.size.to_string(), &sealed.note)?;
            }
        }
        Ok(Some(sealed))
    }

    /// Signs with a key that the log has announced already: a change of keys was interrupted.
    pub fn use_announced(&self, signer: Box<dyn Signer>) {
        lock(&self.written).signer = signer;
    }

    /// Signs with another key from here on: the change is announced in the log, and the checkpoint
    /// over the announcement is signed by the key before.
    pub fn change_key(&self, signer: Box<dyn Signer>) -> Result<Sealed, LedgerError> {
        self.seal()?;
        let replaces = Some(lock(&self.written).signer.key().to_string());
        self.act(Deed::Key { key: signer.key().to_string(), replaces })?;
        // The clock's hand may have sealed it meanwhile.
        self.seal()?;
        let mut written = lock(&self.written);
        written.signer = signer;
        let sealed = written.signed.clone().ok_or_else(|| LedgerError::Damaged {
            folder: written.files.path(""),
            reason: "nothing was signed".to_owned(),
        })?;
        // The only bridge from the old key to the new one.
        written.archive(&sealed)?;
        Ok(sealed)
    }
}

impl BatchLog for Ledger {
    fn has(&self, batch: i64) -> bool {
        lock(&self.waiting).state.has_batch(batch)
    }

    fn record(&self, closed: ClosedBatch) {
        let mut waiting = lock(&self.waiting);
        let batch = closed.batch.batch;
        if let Err(error) = waiting.batch(self.clock.now_micros(), closed) {
            tracing::error!(batch, %error, "a batch cannot come on record");
            waiting.broken = Some(format!("batch {batch}: {error}"));
        }
    }

    fn problem(&self) -> Option<String> {
        let waiting = lock(&self.waiting);
        if let Some(reason) = &waiting.broken {
            return Some(LedgerError::Broken(reason.clone()).to_string());
        }
        let count = waiting.entries.len();
        (count > WAITING_MAX).then(|| {
            format!("the ledger cannot be written and {count} entries wait for it; try again")
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of a writer's ledger below a lake.
pub fn folder_of(lake: &Path, writer: i64) -> PathBuf {
    lake.join("_ledger").join(writer.to_string())
}
