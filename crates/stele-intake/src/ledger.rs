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

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stele_event::runtime::{Clock, Entropy};
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::Hash;
use stele_ledger::key::{Signer, VerifierKey};
use stele_ledger::proof::TreeHead;
use stele_ledger::record::{Act, Beat, Deed, Record};
use stele_ledger::salt::seed_commitment;
use stele_ledger::tile::{TILE_WIDTH, Tile, read_entries};
use stele_ledger::tree::Log;

pub use keys::{KeyFolder, LoadedKey};

use crate::batches::{BatchLog, ClosedBatch};
use crate::filesystem::FileSystem;
use files::Files;
use state::{SOURCES_MAX, SOURCES_RESTART, WriterState};

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
/// A sign of life comes so often at the least, in µs. The promise is 60 seconds.
const BEAT_MICROS: i64 = 50_000_000;
/// A checkpoint is archived so often at the most, in µs.
const ARCHIVE_MICROS: i64 = 60_000_000;
const CHECKPOINT: &str = "checkpoint";
const STATE: &str = "writer-state.json";
const SEED_BYTES: usize = 40;

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

/// Entries that are not written yet, and the state after them.
struct Waiting {
    entries: Vec<Vec<u8>>,
    seeds: Vec<BatchSeed>,
    state: WriterState,
    events: u64,
    last_beat_micros: i64,
}

/// The seed of a batch whose record is this entry.
#[derive(Debug, Clone, Copy)]
struct BatchSeed {
    entry: u64,
    batch: i64,
    bytes: [u8; 32],
}

/// What is written, under one hand: only [`Ledger::seal`] and a change of keys hold it.
struct Written {
    files: Files,
    log: Log,
    signer: Box<dyn Signer>,
    /// The seeds of the entry bundle that is not full.
    seeds: (u64, Vec<u8>),
    archived_micros: i64,
    signed: Option<Sealed>,
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
        let mut files = Files::new(disk.clone(), &folder);
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
        let state = read_state(&mut files, size).map_err(|error| match error {
            LedgerError::Record(error) => damaged(error.to_string()),
            other => other,
        })?;
        let bundle = size / u64::from(TILE_WIDTH);
        let seeds = (bundle, read_seeds(&files, bundle, size)?);
        let mut written = Written::new(files, signer);
        written.log = log;
        written.seeds = seeds;
        written.signed = Some(Sealed { size, note });
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
        let waiting = Waiting {
            entries: Vec::new(),
            seeds: Vec::new(),
            state,
            events: 0,
            last_beat_micros: clock.now_micros(),
        };
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
        let mut waiting = lock(&self.waiting);
        let now = self.clock.now_micros();
        if waiting.state.keys.last() != Some(&key) {
            let replaces = waiting.state.keys.last().cloned();
            waiting.act(now, Deed::Key { key, replaces })?;
        }
        waiting.last_beat_micros = now;
        waiting.act(now, Deed::Start { run, version: version.to_owned() })
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
        let mut waiting = lock(&self.waiting);
        let now = self.clock.now_micros();
        let before = waiting.state.settings.clone();
        for (name, value) in settings {
            let (old, new) = (before.get(name).copied(), Hash::of(value.as_bytes()));
            if old != Some(new) {
                let deed = Deed::Config { name: name.clone(), before: old, after: Some(new) };
                waiting.act(now, deed)?;
            }
        }
        let is_gone = |name: &&String| settings.iter().all(|(known, _)| known != *name);
        for name in before.keys().filter(is_gone) {
            let old = before.get(name).copied();
            waiting.act(now, Deed::Config { name: name.clone(), before: old, after: None })?;
        }
        Ok(())
    }

    /// Puts a version of the table on record; `content` is the commit's own file.
    pub fn commit(&self, table: &str, version: u64, content: &[u8]) -> Result<(), LedgerError> {
        let wrong = |reason| LedgerError::Commit { version, reason };
        let mut waiting = lock(&self.waiting);
        let next = waiting.state.next_version;
        if version != next {
            return Err(wrong(format!("version {next} comes first")));
        }
        let now = self.clock.now_micros();
        let (mut commit, changes) = commits::read(table, version, content, now).map_err(wrong)?;
        // A commit that moves no rows out of the log says nothing about it.
        commit.covers = commit.covers.max(waiting.state.covers);
        let entries = commit.entries(&changes)?;
        waiting.push(entries)
    }

    /// Puts a sign of life on record when it is time for one.
    pub fn beat(&self, facts: BeatFacts) -> Result<(), LedgerError> {
        let mut waiting = lock(&self.waiting);
        let now = self.clock.now_micros();
        let Some(run) = waiting.state.run.clone() else { return Ok(()) };
        if (now - waiting.last_beat_micros).abs() < BEAT_MICROS {
            return Ok(());
        }
        let beat = Beat {
            at_micros: now,
            run,
            beat: waiting.state.beat + 1,
            events: waiting.events,
            sequence: facts.sequence,
            backlog_bytes: facts.backlog_bytes,
            version: waiting.state.next_version.saturating_sub(1),
        };
        waiting.last_beat_micros = now;
        waiting.push(vec![Record::Beat(beat).encode()?])
    }

    /// Writes what waits, makes it durable, and signs a checkpoint over it. `None` where nothing
    /// waits. When it fails, nothing is lost and the next call tries again.
    pub fn seal(&self) -> Result<Option<Sealed>, LedgerError> {
        let mut written = lock(&self.written);
        let (entries, seeds, state) = {
            let waiting = lock(&self.waiting);
            (waiting.entries.clone(), waiting.seeds.clone(), waiting.state.clone())
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
        let now = self.clock.now_micros();
        let is_due = (now - written.archived_micros).abs() >= ARCHIVE_MICROS;
        if is_due || state.run.is_none() {
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
        if let Err(error) = waiting.batch(closed, self.clock.now_micros()) {
            // It stays in the write-ahead log, whose segments wait for it.
            tracing::error!(batch, %error, "a batch cannot come on record");
        }
    }

    fn problem(&self) -> Option<String> {
        let waiting = lock(&self.waiting).entries.len();
        (waiting > WAITING_MAX).then(|| {
            format!("the ledger cannot be written and {waiting} entries wait for it; try again")
        })
    }
}

impl Waiting {
    fn push(&mut self, entries: Vec<Vec<u8>>) -> Result<(), LedgerError> {
        for entry in &entries {
            self.state.follow(&Record::decode(entry)?);
        }
        self.entries.extend(entries);
        Ok(())
    }

    fn act(&mut self, at_micros: i64, deed: Deed) -> Result<(), LedgerError> {
        let act = Act { at_micros, by: "stele".to_owned(), deed };
        self.push(vec![Record::Act(act).encode()?])
    }

    fn batch(&mut self, mut closed: ClosedBatch, now_micros: i64) -> Result<(), LedgerError> {
        if self.state.has_batch(closed.batch.batch) {
            return Ok(());
        }
        if self.state.source_count() >= SOURCES_MAX {
            let detail = format!("after {SOURCES_MAX} sources");
            self.act(now_micros, Deed::Other { kind: SOURCES_RESTART.to_owned(), detail })?;
        }
        for request in &mut closed.requests {
            let dataset = &closed.batch.dataset;
            request.first = self.state.advance(dataset, &request.source, request.count);
        }
        let commitment = seed_commitment(&closed.seed);
        let entries = closed.batch.entries(commitment, &closed.requests)?;
        self.push(entries)?;
        self.events += u64::from(closed.batch.positions);
        let (entry, batch) = (self.state.size - 1, closed.batch.batch);
        self.seeds.push(BatchSeed { entry, batch, bytes: closed.seed });
        Ok(())
    }
}

impl Written {
    fn new(files: Files, signer: Box<dyn Signer>) -> Self {
        let (log, seeds) = (Log::default(), (0, Vec::new()));
        Self { files, log, signer, seeds, archived_micros: i64::MIN / 2, signed: None }
    }

    fn append(
        &mut self,
        origin: &str,
        entries: &[Vec<u8>],
        seeds: &[BatchSeed],
    ) -> Result<Sealed, LedgerError> {
        let before = self.log.size();
        let mut log = self.log.clone();
        for write in log.append(entries)? {
            self.files.write(&write.tile.to_string(), &write.bytes)?;
        }
        let mut bundle = self.seeds.clone();
        for seed in seeds {
            let at = seed.entry / u64::from(TILE_WIDTH);
            if at != bundle.0 {
                self.write_seeds(&bundle)?;
                bundle = (at, Vec::new());
            }
            bundle.1.extend(seed.batch.to_le_bytes());
            bundle.1.extend(seed.bytes);
        }
        if !seeds.is_empty() {
            self.write_seeds(&bundle)?;
        }
        let size = log.size();
        let head = TreeHead { size, root: log.root() };
        let note = Checkpoint::new(origin, head).sign(&*self.signer)?.to_string().into_bytes();
        self.files.write(CHECKPOINT, &note)?;
        let kept: Vec<_> = Tile::partials(size).collect();
        for tile in Tile::partials(before).filter(|tile| !kept.contains(tile)) {
            self.files.remove(&tile.to_string());
        }
        (self.log, self.seeds) = (log, bundle);
        let sealed = Sealed { size, note };
        self.signed = Some(sealed.clone());
        Ok(sealed)
    }

    fn write_seeds(&mut self, bundle: &(u64, Vec<u8>)) -> Result<(), LedgerError> {
        if bundle.1.is_empty() {
            return Ok(());
        }
        self.files.write(&seeds_name(bundle.0), &bundle.1)
    }

    fn archive(&mut self, sealed: &Sealed) -> Result<(), LedgerError> {
        self.files.write(&format!("archive/{}", sealed.size), &sealed.note)
    }

    fn keep(&mut self, state: &WriterState) -> Result<(), LedgerError> {
        let state = serde_json::to_vec(state).unwrap_or_default();
        self.files.write(STATE, &state)
    }
}

/// The state after `size` entries: the one that was written last, and the entries since.
fn read_state(files: &mut Files, size: u64) -> Result<WriterState, LedgerError> {
    let kept = files.read(STATE)?.unwrap_or_default();
    let mut state: WriterState = serde_json::from_slice(&kept).unwrap_or_default();
    if state.size > size {
        return Err(LedgerError::Damaged {
            folder: files.path(""),
            reason: format!(
                "it had {} entries, and now it has {size}: it was put back",
                state.size
            ),
        });
    }
    let wide = u64::from(TILE_WIDTH);
    for bundle in state.size / wide..size.div_ceil(wide) {
        let width = (size - bundle * wide).min(wide);
        let entries = read_entries(files, &Tile::entries(bundle, width as u16))?;
        let known = state.size.saturating_sub(bundle * wide) as usize;
        for entry in entries.iter().skip(known) {
            state.follow(&Record::decode(entry)?);
        }
    }
    Ok(state)
}

/// The seeds of a bundle, but for those of entries that no checkpoint covers.
fn read_seeds(files: &Files, bundle: u64, size: u64) -> Result<Vec<u8>, LedgerError> {
    let wide = u64::from(TILE_WIDTH);
    let mut seeds = files.read(&seeds_name(bundle))?.unwrap_or_default();
    let width = (size - bundle * wide).min(wide);
    let entries = match width {
        0 => Vec::new(),
        width => read_entries(files, &Tile::entries(bundle, width as u16))?,
    };
    let is_batch = |entry: &&Vec<u8>| matches!(Record::decode(entry), Ok(Record::Batch(_)));
    seeds.truncate(entries.iter().filter(is_batch).count() * SEED_BYTES);
    Ok(seeds)
}

/// The name of the seeds of a bundle: written as in a tile's path.
pub fn seeds_name(bundle: u64) -> String {
    let path = Tile::entries(bundle, TILE_WIDTH).to_string();
    path.replacen("tile/entries/", "seeds/", 1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of a writer's ledger below a lake.
pub fn folder_of(lake: &Path, writer: i64) -> PathBuf {
    lake.join("_ledger").join(writer.to_string())
}
