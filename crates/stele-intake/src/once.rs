//! Which events are already stored: so that what a source delivers twice is kept once.
//!
//! The key of an event is a keyed 128-bit hash of its dataset, its format and the id that the
//! source itself gave it; events without such an id are never dropped. Beside the key stand the
//! hashes of the bytes seen under it and the address of each: the same bytes again are a
//! duplicate, other bytes under the same id are kept and marked, for else a sender could suppress
//! evidence. Entries live in two generations of half the window each, so that disk and memory stay
//! bounded. The set is a cache: it is written behind the write-ahead log, whose replay brings back
//! what it lacks, and can be rebuilt from the table.

use std::collections::HashMap;
use std::hash::Hasher;
use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use siphasher::sip128::{Hasher128, SipHasher13};
use stele_event::runtime::Entropy;

/// An error of the set.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the set of known events in `{folder}`: {source}")]
pub struct OnceError {
    action: &'static str,
    folder: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Where an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// So many bodies are remembered under one id; later ones are stored as conflicts each time.
const BODIES_MAX: usize = 4;
const ENTRY_BYTES: usize = 28;
const DAY_MICROS: i64 = 86_400_000_000;

type Id = [u8; 16];
type Entries = Vec<(u128, Address)>;

/// The set; see the module. One thread uses it.
pub struct OnceSet {
    folder: String,
    database: Database,
    state: Keyspace,
    imports: Keyspace,
    /// Newest first.
    generations: Vec<(i64, Keyspace)>,
    secret: [u8; 16],
    generation_micros: i64,
    pending: HashMap<Id, Entries>,
    pending_imports: HashMap<String, ImportProgress>,
}

impl std::fmt::Debug for OnceSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnceSet").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl OnceSet {
    /// Opens the set in a folder; makes an empty one where there is none. Entries are kept for
    /// `window_days` at the least and half as long again at the most.
    pub fn open(folder: &Path, window_days: u32, entropy: &dyn Entropy) -> Result<Self, OnceError> {
        let name = folder.display().to_string();
        let failed = |source: fjall::Error| OnceError {
            action: "open",
            folder: name.clone(),
            source: Box::new(source),
        };
        let database = Database::builder(folder)
            .cache_size(16 << 20)
            .max_journaling_size(64 << 20)
            .worker_threads(1)
            .open()
            .map_err(failed)?;
        let state = database.keyspace("state", options).map_err(failed)?;
        let imports = database.keyspace("imports", options).map_err(failed)?;
        let secret = match state.get("secret").map_err(failed)? {
            Some(secret) if secret.len() == 16 => {
                <[u8; 16]>::try_from(&secret[..]).unwrap_or_default()
            }
            _ => {
                let mut secret = [0; 16];
                entropy.fill(&mut secret);
                state.insert("secret", secret).map_err(failed)?;
                secret
            }
        };
        let mut numbers: Vec<i64> = database
            .list_keyspace_names()
            .iter()
            .filter_map(|name| name.strip_prefix("ids-")?.parse().ok())
            .collect();
        numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        let generations = numbers
            .into_iter()
            .map(|number| Ok((number, database.keyspace(&format!("ids-{number}"), options)?)))
            .collect::<Result<_, fjall::Error>>()
            .map_err(failed)?;
        Ok(Self {
            folder: name.clone(),
            database,
            state,
            imports,
            generations,
            secret,
            generation_micros: i64::from(window_days.max(2)) * DAY_MICROS / 2,
            pending: HashMap::new(),
            pending_imports: HashMap::new(),
        })
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(fjall::Error) -> OnceError {
        let folder = self.folder.clone();
        move |source| OnceError { action, folder, source: Box::new(source) }
    }

    /// The sequence number of the write-ahead log up to which the set is durable.
    pub fn position(&self) -> Result<u64, OnceError> {
        let value = self.state.get("position").map_err(self.failed("read"))?;
        Ok(value.and_then(|v| Some(u64::from_le_bytes(v[..].try_into().ok()?))).unwrap_or(0))
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
        let body = self.hash(&[raw]);
        let mut entries = match self.pending.get(&id) {
            Some(entries) => entries.clone(),
            None => self.durable(&id)?,
        };
        if let Some(index) = entries.iter().position(|(seen, _)| *seen == body) {
            let at = entries[index].1;
            return Ok(match (at == address, index) {
                (true, 0) => Verdict::New,
                (true, _) => Verdict::Conflict,
                (false, _) => Verdict::Duplicate(at),
            });
        }
        let verdict = if entries.is_empty() { Verdict::New } else { Verdict::Conflict };
        if entries.len() < BODIES_MAX {
            entries.push((body, address));
            self.pending.insert(id, entries);
        }
        Ok(verdict)
    }

    fn durable(&self, id: &Id) -> Result<Entries, OnceError> {
        for (_, generation) in &self.generations {
            if let Some(value) = generation.get(id).map_err(self.failed("read"))? {
                return Ok(decode(&value));
            }
        }
        Ok(Vec::new())
    }

    /// Makes everything that was added durable, together with the position in the write-ahead log,
    /// in one step, and drops the generations that the window has left behind.
    pub fn commit(&mut self, position: u64, now_micros: i64) -> Result<(), OnceError> {
        let number = now_micros.div_euclid(self.generation_micros);
        if self.generations.first().is_none_or(|(newest, _)| *newest < number) {
            let name = format!("ids-{number}");
            let keyspace = self.database.keyspace(&name, options).map_err(self.failed("extend"))?;
            self.generations.insert(0, (number, keyspace));
        }
        let newest = &self.generations[0].1;
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (id, entries) in &self.pending {
            batch.insert(newest, *id, encode(entries));
        }
        for (content, progress) in &self.pending_imports {
            let mut value = progress.bytes_done.to_le_bytes().to_vec();
            value.push(u8::from(progress.finished));
            batch.insert(&self.imports, content.as_bytes(), value);
        }
        batch.insert(&self.state, "position", position.to_le_bytes());
        batch.commit().map_err(self.failed("write"))?;
        self.pending = HashMap::new();
        self.pending_imports.clear();
        while self.generations.len() > 1
            && self.generations.last().is_some_and(|(oldest, _)| *oldest < number - 2)
        {
            if let Some((_, keyspace)) = self.generations.pop() {
                self.database.delete_keyspace(keyspace).map_err(self.failed("shorten"))?;
            }
        }
        Ok(())
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
        let value = self.imports.get(content_sha256.as_bytes()).map_err(self.failed("read"))?;
        Ok(value.map_or_else(ImportProgress::default, |value| ImportProgress {
            bytes_done: value
                .get(..8)
                .and_then(|v| v.try_into().ok())
                .map_or(0, u64::from_le_bytes),
            finished: value.get(8) == Some(&1),
        }))
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

    fn id(&self, dataset: &str, format: &str, event_uid: &str) -> Id {
        self.hash(&[dataset.as_bytes(), format.as_bytes(), event_uid.as_bytes()]).to_le_bytes()
    }

    fn hash(&self, parts: &[&[u8]]) -> u128 {
        let mut hasher = SipHasher13::new_with_key(&self.secret);
        for part in parts {
            hasher.write_u64(part.len() as u64);
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(16 << 20)
}

fn encode(entries: &Entries) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES);
    for (body, address) in entries {
        bytes.extend(body.to_le_bytes());
        bytes.extend(address.batch.to_le_bytes());
        bytes.extend(address.pos.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Entries {
    bytes
        .chunks_exact(ENTRY_BYTES)
        .filter_map(|entry| {
            let body = u128::from_le_bytes(entry[..16].try_into().ok()?);
            let batch = i64::from_le_bytes(entry[16..24].try_into().ok()?);
            let pos = i32::from_le_bytes(entry[24..].try_into().ok()?);
            Some((body, Address { batch, pos }))
        })
        .collect()
}

#[cfg(test)]
mod tests;
