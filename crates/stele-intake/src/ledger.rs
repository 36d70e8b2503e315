//! The writer of a ledger: every acknowledged batch, every commit of the table and every act comes
//! on record here, in a signed, append-only log (`stele-ledger` specifies it).
//!
//! Records flow in from the pipeline ([`BatchLog`]), from whoever follows the table
//! ([`Ledger::commit`]) and from acts; they wait in memory until [`Ledger::seal`] writes them,
//! makes them durable and signs a checkpoint over them. What waits when the process ends is had
//! again: batches from the write-ahead log, commits from the table's own log. A checkpoint is never
//! signed over what is not durable, and no entry under a checkpoint is ever written again.

mod commits;
mod cosigned;
mod files;
mod keys;
mod open;
mod pause;
mod remote;
mod state;
#[cfg(test)]
mod tests;
mod waiting;
mod written;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stele_event::runtime::{Clock, Entropy};
use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::VerifierKey;
use stele_ledger::record::{Act, Deed};
use stele_ledger::signer::{LogSigner, SignerState};
use stele_ledger::tile::{TILE_WIDTH, Tile, read_entries};

pub use keys::{FileSigner, KeyFolder};
pub use pause::SignerStatus;
pub use remote::SocketSigner;

use crate::batches::{BatchLog, ClosedBatch};
use crate::filesystem::FileSystem;
use cosigned::Cosigned;
use files::Files;
use pause::Pause;
use waiting::Waiting;
use written::Written;

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
    Record(stele_ledger::Error),
    /// The signer is away, or refuses. What was acknowledged is safe in the write-ahead log.
    #[error("the ledger cannot be signed: {0}")]
    Signer(stele_ledger::Error),
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

impl From<stele_ledger::Error> for LedgerError {
    fn from(error: stele_ledger::Error) -> Self {
        match error {
            stele_ledger::Error::Signer { .. } | stele_ledger::Error::SignerRefused { .. } => {
                Self::Signer(error)
            }
            other => Self::Record(other),
        }
    }
}

impl LedgerError {
    /// Whether it is only that the signer is away, or cannot sign now.
    pub fn is_signer_away(&self) -> bool {
        matches!(self, Self::Signer(stele_ledger::Error::Signer { .. }))
    }
}

/// So many entries wait at the most; then nothing more is taken in until they are written.
const WAITING_MAX: usize = 50_000;
/// A checkpoint is archived so often at the most, in µs.
const ARCHIVE_MICROS: i64 = 60_000_000;
const CHECKPOINT: &str = "checkpoint";
const STATE: &str = "writer-state.json";
/// The checkpoint that a signer elsewhere was asked to sign, while it has not answered.
const SIGNING: &str = "signing";
/// Says since when nobody signs, while that is so.
const UNSIGNED: &str = "unsigned";

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
    signer: Arc<dyn LogSigner>,
    pause: Mutex<Pause>,
    waiting: Mutex<Waiting>,
    written: Mutex<Written>,
    /// The newest checkpoint, for whoever must not wait while one is being signed.
    newest: Mutex<Option<Sealed>>,
    cosigned: Mutex<Cosigned>,
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
    /// Who signs it.
    pub signer: Arc<dyn LogSigner>,
    /// All keys that it was ever signed with.
    pub keys: Vec<VerifierKey>,
    /// Folders to which each archived checkpoint is copied.
    pub anchors: Vec<PathBuf>,
    /// Which witnesses have to sign it, and how many of them.
    pub witnesses: WitnessPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Ledger {
    /// The first line of its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The newest checkpoint that was signed.
    pub fn checkpoint(&self) -> Option<Sealed> {
        lock(&self.newest).clone()
    }

    /// The bytes of a tile or a bundle of any size that the log has had, if there is one. A partial
    /// file goes when a longer one is there, which begins with the same hashes or entries.
    pub fn tile(&self, tile: &Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        lock(&self.written).tile(tile)
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
        let is_first = lock(&self.waiting).state.keys.is_empty();
        let key = is_first.then(|| self.signer.state()).transpose()?;
        let key = key.map(|state| state.key.to_string());
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

    /// Puts on record what somebody did, in their own words; gives the number of the entry that it
    /// becomes with the next checkpoint.
    ///
    /// # Errors
    /// Where it is longer than an entry may be.
    pub fn act_of(&self, by: &str, kind: &str, detail: &str) -> Result<u64, LedgerError> {
        let deed = Deed::Other { kind: kind.to_owned(), detail: detail.to_owned() };
        let act = Act { at_micros: self.clock.now_micros(), by: by.to_owned(), deed };
        lock(&self.waiting).act_of(act)
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
        lock(&self.pause).check(now, &self.origin)?;
        let sealed = (|| {
            let signer = self.settle_key(&mut written, self.signer.state()?)?;
            written.append(&*self.signer, &signer, &entries, &seeds)
        })();
        let sealed = lock(&self.pause).note(now, sealed);
        written.mark_unsigned(now, &sealed);
        let sealed = sealed?;
        *lock(&self.newest) = Some(sealed.clone());
        let announced = {
            let mut waiting = lock(&self.waiting);
            waiting.entries.drain(..entries.len());
            waiting.seeds.drain(..seeds.len());
            let first = sealed.size - entries.len() as u64;
            waiting.state.key_entry.is_some_and(|entry| (first..sealed.size).contains(&entry))
        };
        if let Some(state) = state {
            written.archived_micros = now;
            written.archive(&sealed)?;
            lock(&self.cosigned).archived(&sealed);
            written.keep(&state)?;
            for anchor in &self.anchors {
                let mut files = Files::new(self.disk.clone(), anchor);
                files.write(&sealed.size.to_string(), &sealed.note)?;
            }
        }
        if announced {
            self.settle_key(&mut written, self.signer.state()?)?;
        }
        Ok(Some(sealed))
    }

    /// Puts the announced key into force where the checkpoint over its announcement is signed, and
    /// the signer still has it before itself.
    fn settle_key(
        &self,
        written: &mut Written,
        signer: SignerState,
    ) -> Result<SignerState, LedgerError> {
        let (announced, entry) = {
            let waiting = lock(&self.waiting);
            (waiting.state.keys.last().cloned(), waiting.state.key_entry)
        };
        let Some(announced) = announced.filter(|_| entry.is_none_or(|e| e < written.log.size()))
        else {
            return Ok(signer);
        };
        if signer.key.to_string() == announced {
            return Ok(signer);
        }
        let (Some(next), Some(entry)) = (&signer.next, entry) else {
            return Err(self.other_key(&signer, &announced));
        };
        if next.to_string() != announced {
            return Err(self.other_key(&signer, &announced));
        }
        if let Some(sealed) = written.signed.clone() {
            // The only bridge from the old key to the new one.
            written.archive(&sealed)?;
            lock(&self.cosigned).archived(&sealed);
        }
        self.signer.take_next(&written.proof_of(entry)?)?;
        Ok(self.signer.state()?)
    }

    fn other_key(&self, signer: &SignerState, announced: &str) -> LedgerError {
        let reason = format!("it holds `{}`, and the log announces `{announced}`", signer.key);
        stele_ledger::Error::SignerRefused { name: self.origin.clone(), reason }.into()
    }

    /// Signs with another key from here on: the change is announced in the log, and the checkpoint
    /// over the announcement is signed by the key before. Gives the new key.
    ///
    /// # Errors
    /// Where the announcement waits by then, the change is completed with it, without being asked
    /// again.
    pub fn change_key(&self) -> Result<(VerifierKey, Sealed), LedgerError> {
        self.seal()?;
        let replaces = Some(self.signer.state()?.key.to_string());
        let next = self.signer.draw_next()?;
        self.act(Deed::Key { key: next.to_string(), replaces })?;
        // The clock's hand may have sealed it meanwhile.
        self.seal()?;
        let signer = self.signer.state()?;
        if signer.key != next {
            return Err(self.other_key(&signer, &next.to_string()));
        }
        let sealed = self.checkpoint().ok_or_else(|| LedgerError::Damaged {
            folder: lock(&self.written).files.path(""),
            reason: "nothing was signed".to_owned(),
        })?;
        Ok((next, sealed))
    }

    /// How it stands with the signature.
    pub fn signing(&self) -> SignerStatus {
        lock(&self.pause).status(self.signer.place())
    }

    /// How many entries wait to be written and signed.
    pub fn waiting(&self) -> usize {
        lock(&self.waiting).entries.len()
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
            let reason = lock(&self.pause).reason().map(|reason| format!(" ({reason})"));
            let reason = reason.unwrap_or_default();
            format!("the ledger cannot be written{reason} and {count} entries wait; try again")
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
