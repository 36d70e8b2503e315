//! Which events are already stored: so that what a source delivers twice is kept once.
//!
//! The key of an event is a keyed 128-bit hash of its dataset, its format and the id that the
//! source itself gave it; events without such an id are never dropped. Beside the key stand the
//! hashes of the bytes seen under it and the address of each: the same bytes again are a
//! duplicate, other bytes under the same id are kept and marked, for else a sender could suppress
//! evidence. The hashes are keyed with a secret of the data folder, so that nobody can make two
//! bodies that look the same.
//!
//! Entries are kept in three generations of half the window each, the oldest of which goes as a
//! whole: disk and memory stay bounded. The set is a cache: it is written behind the write-ahead
//! log, whose replay brings back what it lacks. One that cannot be read is put aside, and a new one
//! asks to be rebuilt from the table ([`OnceSet::rebuild_needed`]).

mod bodies;
mod disk;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::{Path, PathBuf};

use siphasher::sip128::{Hasher128, SipHasher13};
use stele_event::runtime::Entropy;

use bodies::{Bodies, Body};
use disk::{Change, Disk};

/// An error of the set.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the set of known events in `{folder}`: {source}{hint}")]
pub struct OnceError {
    action: &'static str,
    folder: String,
    source: Box<dyn std::error::Error + Send + Sync>,
    hint: &'static str,
}

/// Where an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The ledger batch.
    pub batch: i64,
    /// The position in it.
    pub pos: i32,
}

/// What the set says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not seen before, or the entry names the event itself (a replay).
    New,
    /// The same id over other bytes: kept, and marked.
    Conflict,
    /// Stored already, there.
    Duplicate(Address),
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImportProgress {
    /// Bytes of the decoded content that are stored.
    pub bytes_done: u64,
    /// Whether the content was read to its end.
    pub finished: bool,
}

/// Limits of the set.
#[derive(Debug, Clone, Copy)]
pub struct OnceConfig {
    /// An entry is kept so many days at the least, counted from when it was written, and half as
    /// long again at the most where something is written every day.
    pub window_days: u32,
    /// Blocks of the set that are held in memory, in bytes. Beside them are the entries that wait
    /// for [`OnceSet::commit`] (about 110 bytes each) and at most five write buffers
    /// of [`disk::WRITE_BUFFER_BYTES`].
    pub cache_bytes_max: u64,
}

impl Default for OnceConfig {
    fn default() -> Self {
        Self { window_days: 30, cache_bytes_max: 32 << 20 }
    }
}

/// So many entries wait at the most while the set is rebuilt.
const REBUILD_ENTRIES_MAX: usize = 100_000;
/// So many entries are handed to the disk at once.
const WRITE_ENTRIES: usize = 20_000;
const DAY_MICROS: i64 = 86_400_000_000;

type Id = [u8; 16];

/// The set; see the module. One thread uses it.
pub struct OnceSet {
    folder: PathBuf,
    config: OnceConfig,
    /// `None` only after a failed write could not be repaired.
    disk: Option<Disk>,
    /// A write failed, after which the database takes no more until it is opened again.
    write_failed: bool,
    rebuild_needed: bool,
    secret: [u8; 16],
    pending: HashMap<Id, Bodies, BuildHasherDefault<IdHasher>>,
    pending_imports: HashMap<String, ImportProgress>,
}

impl std::fmt::Debug for OnceSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnceSet").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl OnceSet {
    /// Opens the set in a folder with default limits, but for the window; see
    /// [`OnceSet::open_with`].
    pub fn open(folder: &Path, window_days: u32, entropy: &dyn Entropy) -> Result<Self, OnceError> {
        let config = OnceConfig { window_days, ..OnceConfig::default() };
        Self::open_with(folder, config, entropy)
    }

    /// Opens the set in a folder; makes an empty one where there is none. One that cannot be read
    /// is moved to `<folder>.unreadable`, in place of an earlier one there, and what can still be
    /// read of its imports is taken over.
    ///
    /// # Errors
    /// Where another process has the set, or the folder cannot be written.
    pub fn open_with(
        folder: &Path,
        config: OnceConfig,
        entropy: &dyn Entropy,
    ) -> Result<Self, OnceError> {
        let failed = |source| OnceError::new("open", folder, source);
        let mut disk = disk::open(folder, config.cache_bytes_max).map_err(failed)?;
        let stored = disk.state("secret").map_err(failed)?;
        let secret = if let Some(secret) = stored.and_then(|secret| secret.try_into().ok()) {
            secret
        } else {
            let mut secret = [0; 16];
            entropy.fill(&mut secret);
            // Not synced: the first commit, without which it is of no use, syncs it too.
            disk.write(&[Change::State("secret", &secret)], false).map_err(failed)?;
            secret
        };
        let rebuild_needed = disk.state("complete").map_err(failed)?.is_none();
        Ok(Self {
            folder: folder.to_owned(),
            config,
            disk: Some(disk),
            write_failed: false,
            rebuild_needed,
            secret,
            pending: HashMap::default(),
            pending_imports: HashMap::new(),
        })
    }

    /// The sequence number of the write-ahead log up to which the set is durable. Where the log no
    /// longer begins right behind it, files of the set were lost: it needs to be rebuilt.
    pub fn position(&self) -> Result<u64, OnceError> {
        self.read(Disk::position)
    }

    /// Looks an event up and remembers it. `raw` are its bytes as received.
    pub fn check_and_add(
        &mut self,
        dataset: &str,
        format: &str,
        event_uid: &str,
        raw: &[u8],
        address: Address,
    ) -> Result<Verdict, OnceError> {
        let id = self.id(dataset, format, event_uid);
        let body = Body { hash: self.hash(&[raw]), address };
        if let Some(bodies) = self.pending.get_mut(&id) {
            return Ok(bodies.judge(body).0);
        }
        let (mut bodies, known) = match self.read(|disk| disk.bodies(&id))? {
            Some(bodies) => (bodies, true),
            None => (Bodies::of(body), false),
        };
        if !known {
            self.pending.insert(id, bodies);
            return Ok(Verdict::New);
        }
        let (verdict, changed) = bodies.judge(body);
        if changed {
            self.pending.insert(id, bodies);
        }
        Ok(verdict)
    }

    /// Makes everything that was added durable, together with the position in the write-ahead log,
    /// in one step, and drops the generation that the window has left behind.
    ///
    /// # Errors
    /// Nothing is forgotten then: the next call tries again.
    pub fn commit(&mut self, position: u64, now_micros: i64) -> Result<(), OnceError> {
        self.write(&[Change::Position(position)], now_micros)
    }

    /// How many entries wait for [`OnceSet::commit`].
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// How far the import of a content has come, by its SHA-256 in hexadecimal.
    pub fn import_progress(&self, content_sha256: &str) -> Result<ImportProgress, OnceError> {
        if let Some(progress) = self.pending_imports.get(content_sha256) {
            return Ok(*progress);
        }
        Ok(self.read(|disk| disk.import(content_sha256))?.unwrap_or_default())
    }

    /// Notes that an import has come so far. Kept without end.
    pub fn note_import(
        &mut self,
        content_sha256: &str,
        end: u64,
        last: bool,
    ) -> Result<(), OnceError> {
        let before = self.import_progress(content_sha256)?;
        let progress = ImportProgress {
            bytes_done: before.bytes_done.max(end),
            finished: before.finished || last,
        };
        self.pending_imports.insert(content_sha256.to_owned(), progress);
        Ok(())
    }

    /// Whether the set was made anew and has not been told of what the table holds: until
    /// [`OnceSet::rebuild_finish`], what was stored before the beginning of the write-ahead log
    /// counts as new. True of a new data folder too.
    pub fn rebuild_needed(&self) -> bool {
        self.rebuild_needed
    }

    /// How far back the table is to be read for a rebuild, in microseconds.
    pub fn window_micros(&self) -> i64 {
        self.half_window_micros() * 2
    }

    /// Enters an event of the table that was received within the window, in whatever order: the
    /// one with the lowest address counts as the first of its id.
    pub fn rebuild_insert(
        &mut self,
        dataset: &str,
        format: &str,
        event_uid: &str,
        raw: &[u8],
        address: Address,
        now_micros: i64,
    ) -> Result<(), OnceError> {
        let id = self.id(dataset, format, event_uid);
        let body = Body { hash: self.hash(&[raw]), address };
        let mut known = self.pending.remove(&id);
        if known.is_none() {
            known = self.read(|disk| disk.bodies(&id))?;
        }
        let bodies = match known {
            Some(mut bodies) => {
                bodies.insert_in_order(body);
                bodies
            }
            None => Bodies::of(body),
        };
        self.pending.insert(id, bodies);
        if self.pending.len() >= REBUILD_ENTRIES_MAX {
            self.write(&[], now_micros)?;
        }
        Ok(())
    }

    /// Says that the table was read to its end.
    pub fn rebuild_finish(&mut self, now_micros: i64) -> Result<(), OnceError> {
        self.write(&[Change::State("complete", &[1])], now_micros)?;
        self.rebuild_needed = false;
        Ok(())
    }

    fn half_window_micros(&self) -> i64 {
        i64::from(self.config.window_days.max(2)) * DAY_MICROS / 2
    }

    fn read<T>(&self, look: impl FnOnce(&Disk) -> Result<T, fjall::Error>) -> Result<T, OnceError> {
        let Some(disk) = &self.disk else {
            return Err(OnceError::new("read", &self.folder, fjall::Error::Poisoned));
        };
        look(disk).map_err(|source| {
            // What cannot be read now cannot be read later either: the next start makes a new set.
            disk::mark_unreadable(&self.folder);
            let hint = "; it will be made again when the server is restarted";
            OnceError { hint, ..OnceError::new("read", &self.folder, source) }
        })
    }

    fn write(&mut self, last: &[Change<'_>], now_micros: i64) -> Result<(), OnceError> {
        if self.write_failed {
            // The database must be closed before it can be opened.
            self.disk = None;
            let disk = disk::open_again(&self.folder, self.config.cache_bytes_max);
            self.disk = Some(disk.map_err(|source| OnceError::new("open", &self.folder, source))?);
            self.write_failed = false;
        }
        let half_window_micros = self.half_window_micros();
        let Some(disk) = &mut self.disk else {
            return Err(OnceError::new("write", &self.folder, fjall::Error::Poisoned));
        };
        let written = (|| {
            disk.begin_generation(half_window_micros, now_micros)?;
            let mut entries: Vec<_> = self.pending.iter().collect();
            entries.sort_unstable_by_key(|(id, _)| **id);
            // Entries that are on the disk before their position are no harm: at the replay they
            // name the event itself. So the memory for a write is bounded.
            for part in entries.chunks(WRITE_ENTRIES) {
                let changes: Vec<_> =
                    part.iter().map(|(id, bodies)| Change::Bodies(id, bodies)).collect();
                disk.write(&changes, false)?;
            }
            let imports =
                self.pending_imports.iter().map(|(c, progress)| Change::Import(c, *progress));
            let changes: Vec<_> = imports.chain(last.iter().copied()).collect();
            disk.write(&changes, true)?;
            disk.end_generation()
        })();
        if let Err(source) = written {
            self.write_failed = true;
            return Err(OnceError::new("write", &self.folder, source));
        }
        self.pending = HashMap::default();
        self.pending_imports = HashMap::new();
        Ok(())
    }

    fn id(&self, dataset: &str, format: &str, event_uid: &str) -> Id {
        self.hash(&[dataset.as_bytes(), format.as_bytes(), event_uid.as_bytes()])
    }

    fn hash(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        for part in parts {
            hasher.write_u64(part.len() as u64);
            hasher.write(part);
        }
        hasher.finish128().as_u128().to_le_bytes()
    }
}

impl OnceError {
    fn new(action: &'static str, folder: &Path, source: fjall::Error) -> Self {
        Self { action, folder: folder.display().to_string(), source: Box::new(source), hint: "" }
    }
}

/// Ids are keyed hashes already: eight bytes of one are as good as any hash of it.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(Ok(first)) = bytes.get(..8).map(<[u8; 8]>::try_from) {
            self.0 = u64::from_le_bytes(first);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
