//! The set on the disk: a fjall database of a few keyspaces.
//!
//! `state` holds the secret and when each generation began; `imports` how far each import has come;
//! `ids-<n>` the entries of the nth generation. Generations are counted, not named by the time, so
//! that a clock that jumps costs one of them and never all.
//!
//! The database moves each keyspace from its journal into tables by itself. So that a lost journal
//! does not leave a position without its entries, the position stands beside what it is about, in
//! `imports` and in the newest generation, and the lower one counts.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use fjall::{Database, Error, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::bodies::Bodies;
use super::{Id, ImportProgress};

/// A keyspace's write buffer, in bytes; at most five are held. Looking into a full buffer costs
/// more than looking into all tables: with 8 MiB, an unknown id takes 2.8 µs instead of 1.0, and
/// opening the set 1.4 s instead of 50 ms.
pub(super) const WRITE_BUFFER_BYTES: u64 = 1 << 20;
/// What the database's own journals may take on the disk; the least that it accepts.
const JOURNAL_BYTES_MAX: u64 = 64 << 20;
/// Above this size, every write buffer is written out. The database itself does so with full ones
/// only, and keeps all journals since the oldest: opening then reads them again, a second or more.
const JOURNAL_BYTES_TIDY: u64 = 16 << 20;
const OPEN_FILES_MAX: usize = 100;
const GENERATIONS_MAX: usize = 3;

/// In the folder: the set could be opened but not read.
const UNREADABLE_MARK: &str = "unreadable";
/// In the folder: how often the set was opened, one byte each time, since that last came to an end.
const OPENING_MARK: &str = "opening";
/// In each keyspace, from its beginning on.
const HERE: &str = "\0here";
/// In `imports` and in each generation: the position up to which it is complete.
const POSITION: &str = "\0position";
/// In `state`, before the number of a generation, after `HERE` is in it.
const BEGAN: &str = "began-";
/// So often an opening may end with the process. A damaged length makes the database ask for more
/// memory than there is, which ends the process; so may whoever kills it, which is no damage.
pub(super) const OPENINGS_MAX: u64 = 3;

/// What a write changes.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    State(&'a str, &'a [u8]),
    Position(u64),
    Import(&'a str, ImportProgress),
    Bodies(&'a Id, &'a Bodies),
}

pub(super) struct Disk {
    database: Database,
    state: Keyspace,
    imports: Keyspace,
    /// Newest first.
    generations: Vec<Generation>,
}

struct Generation {
    number: i64,
    began_micros: Option<i64>,
    entries: Keyspace,
}

/// Opens the set; puts one aside that cannot be read, and makes a new one.
pub(super) fn open(folder: &Path, cache_bytes_max: u64) -> Result<Disk, Error> {
    let marked = folder.join(UNREADABLE_MARK).exists();
    let (imports, problem) = match open_counted(folder, cache_bytes_max) {
        Ok(Some(disk)) if !marked && matches!(disk.is_whole(), Ok(true)) => return Ok(disk),
        Ok(Some(disk)) => (disk.all_imports(), "some of it cannot be read".to_owned()),
        Ok(None) => (Vec::new(), "the process ended each time it was opened".to_owned()),
        Err(error) if is_damage(&error) => (Vec::new(), error.to_string()),
        Err(error) => return Err(error),
    };
    let aside = put_aside(folder)?;
    tracing::warn!(
        folder = %folder.display(), aside = %aside.display(), %problem, imports = imports.len(),
        "the set of known events is damaged: it is put aside and made anew"
    );
    let mut disk = open_again(folder, cache_bytes_max)?;
    let changes: Vec<_> = imports.iter().map(|(c, p)| Change::Import(c, *p)).collect();
    disk.write(&changes, true)?;
    Ok(disk)
}

/// Opens the set as it is; `None` where the process has ended too often while it was opened.
fn open_counted(folder: &Path, cache_bytes_max: u64) -> Result<Option<Disk>, Error> {
    let mark = folder.join(OPENING_MARK);
    let openings = std::fs::metadata(&mark).map_or(0, |metadata| metadata.len());
    if openings >= OPENINGS_MAX {
        return Ok(None);
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(&mark, vec![b'.'; openings as usize + 1])?;
    let opened = open_again(folder, cache_bytes_max);
    std::fs::remove_file(&mark)?;
    opened.map(Some)
}

/// Opens the set as it is. A panic of the database over damaged files is an error like any other.
pub(super) fn open_again(folder: &Path, cache_bytes_max: u64) -> Result<Disk, Error> {
    std::panic::catch_unwind(|| Disk::open(folder, cache_bytes_max))
        .unwrap_or(Err(Error::Unrecoverable))
}

/// Has the next [`open`] put the set aside. Where even that cannot be written, it is tried again.
pub(super) fn mark_unreadable(folder: &Path) {
    let _ = std::fs::write(folder.join(UNREADABLE_MARK), b"");
}

/// Whether it is the content of the files that is wrong: not that another process has them, nor
/// that the disk is full or may not be written.
fn is_damage(error: &Error) -> bool {
    if matches!(error, Error::Locked | Error::Poisoned) {
        return false;
    }
    let mut cause = Some(error as &(dyn std::error::Error + 'static));
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(
                error.kind(),
                ErrorKind::UnexpectedEof
                    | ErrorKind::InvalidData
                    | ErrorKind::InvalidInput
                    | ErrorKind::NotFound
                    | ErrorKind::AlreadyExists
            );
        }
        cause = error.source();
    }
    true
}

fn put_aside(folder: &Path) -> Result<PathBuf, Error> {
    let mut name = folder.as_os_str().to_owned();
    name.push(".unreadable");
    let aside = PathBuf::from(name);
    match std::fs::remove_dir_all(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    std::fs::rename(folder, &aside)?;
    Ok(aside)
}

impl Disk {
    fn open(folder: &Path, cache_bytes_max: u64) -> Result<Self, Error> {
        let database = Database::builder(folder)
            .cache_size(cache_bytes_max)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .max_cached_files(Some(OPEN_FILES_MAX))
            .worker_threads(1)
            .open()?;
        let state = database.keyspace("state", options)?;
        let imports = database.keyspace("imports", options)?;
        if database.list_keyspace_names().len() == 2 && state.get(HERE)?.is_none() {
            imports.insert(HERE, b"")?;
            state.insert(HERE, b"")?;
        }
        let mut numbers: Vec<i64> = database
            .list_keyspace_names()
            .iter()
            .filter_map(|name| name.strip_prefix("ids-")?.parse().ok())
            .collect();
        numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        let generations = numbers
            .into_iter()
            .map(|number| {
                let began = state.get(began(number))?.and_then(|value| value[..].try_into().ok());
                let began_micros = began.map(i64::from_le_bytes);
                let entries = database.keyspace(&ids(number), options)?;
                Ok(Generation { number, began_micros, entries })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self { database, state, imports, generations })
    }

    /// Whether nothing is missing that was there: the database passes over a keyspace whose files
    /// are lost, or makes an empty one in its place.
    fn is_whole(&self) -> Result<bool, Error> {
        for entry in self.state.prefix(BEGAN) {
            let name = entry.key()?;
            let here = self.generations.iter().find(|g| *began(g.number).as_bytes() == *name);
            match here {
                Some(generation) if generation.entries.get(HERE)?.is_some() => {}
                _ => return Ok(false),
            }
        }
        // What is asked for later can be read now.
        for name in ["secret", "complete"] {
            self.state.get(name)?;
        }
        self.position()?;
        Ok(self.state.get(HERE)?.is_some() && self.imports.get(HERE)?.is_some())
    }

    pub(super) fn state(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.state.get(name)?.map(|value| value.to_vec()))
    }

    /// Up to where everything is there.
    pub(super) fn position(&self) -> Result<u64, Error> {
        let of = |keyspace: &Keyspace| -> Result<u64, Error> {
            let value = keyspace.get(POSITION)?;
            Ok(value.and_then(|v| v[..].try_into().ok()).map_or(0, u64::from_le_bytes))
        };
        // One that has not begun has no entries yet.
        match self.generations.iter().find(|generation| generation.began_micros.is_some()) {
            Some(newest) => Ok(of(&self.imports)?.min(of(&newest.entries)?)),
            None => Ok(0),
        }
    }

    pub(super) fn bodies(&self, id: &Id) -> Result<Option<Bodies>, Error> {
        for generation in &self.generations {
            if let Some(value) = generation.entries.get(id)? {
                return Ok(Bodies::from_bytes(&value));
            }
        }
        Ok(None)
    }

    pub(super) fn import(&self, content_sha256: &str) -> Result<Option<ImportProgress>, Error> {
        Ok(self.imports.get(content_sha256)?.map(|value| progress(&value)))
    }

    /// All imports that can be read.
    fn all_imports(&self) -> Vec<(String, ImportProgress)> {
        self.imports
            .iter()
            .filter_map(|entry| {
                let (content, value) = entry.into_inner().ok()?;
                if content.first() == Some(&0) {
                    return None;
                }
                Some((String::from_utf8(content.to_vec()).ok()?, progress(&value)))
            })
            .collect()
    }

    /// Moves everything into tables where the journals have grown long.
    fn tidy(&self) -> Result<(), Error> {
        if self.database.journal_disk_space()? <= JOURNAL_BYTES_TIDY {
            return Ok(());
        }
        for keyspace in self.keyspaces() {
            keyspace.rotate_memtable()?;
        }
        Ok(())
    }

    fn keyspaces(&self) -> impl Iterator<Item = &Keyspace> {
        let generations = self.generations.iter().map(|generation| &generation.entries);
        [&self.state, &self.imports].into_iter().chain(generations)
    }

    /// Moves everything into tables.
    #[cfg(test)]
    pub(super) fn flush(&self) -> Result<(), Error> {
        self.keyspaces().try_for_each(Keyspace::rotate_memtable_and_wait)
    }

    /// Makes changes in one step; with `sync`, they and all before them are on the disk when it
    /// returns.
    pub(super) fn write(&mut self, changes: &[Change<'_>], sync: bool) -> Result<(), Error> {
        let mode = if sync { PersistMode::SyncAll } else { PersistMode::Buffer };
        let mut batch = self.database.batch().durability(Some(mode));
        for change in changes {
            match change {
                Change::State(name, value) => batch.insert(&self.state, *name, *value),
                Change::Position(position) => {
                    batch.insert(&self.imports, POSITION, position.to_le_bytes());
                    if let Some(newest) = self.generations.first() {
                        batch.insert(&newest.entries, POSITION, position.to_le_bytes());
                    }
                }
                Change::Import(content, progress) => {
                    let mut value = progress.bytes_done.to_le_bytes().to_vec();
                    value.push(u8::from(progress.finished));
                    batch.insert(&self.imports, *content, value);
                }
                Change::Bodies(id, bodies) => {
                    if let Some(newest) = self.generations.first() {
                        batch.insert(&newest.entries, **id, bodies.to_bytes());
                    }
                }
            }
        }
        if batch.is_empty() && sync {
            return self.database.persist(mode);
        }
        batch.commit()
    }

    /// Sees to it that there is a generation to write to that is younger than half the window. A
    /// clock that was set back by as much begins one too.
    pub(super) fn begin_generation(
        &mut self,
        half_window_micros: i64,
        now_micros: i64,
    ) -> Result<(), Error> {
        let number = match self.generations.first_mut() {
            None => 0,
            Some(newest) => match newest.began_micros {
                Some(began) => {
                    if now_micros.abs_diff(began) < half_window_micros.unsigned_abs() {
                        return Ok(());
                    }
                    newest.number + 1
                }
                // The process ended between making it and saying so.
                None => newest.number,
            },
        };
        let position = self.position()?;
        if self.generations.first().is_none_or(|newest| newest.number != number) {
            if let Some(newest) = self.generations.first() {
                newest.entries.rotate_memtable_and_wait()?;
            }
            let entries = self.database.keyspace(&ids(number), options)?;
            self.generations.insert(0, Generation { number, began_micros: None, entries });
        }
        let entries = &self.generations[0].entries;
        entries.insert(POSITION, position.to_le_bytes())?;
        entries.insert(HERE, b"")?;
        self.state.insert(began(number), now_micros.to_le_bytes())?;
        self.generations[0].began_micros = Some(now_micros);
        Ok(())
    }

    /// Tidies up, and drops what the window has left behind: when the fourth generation begins,
    /// the youngest entry of the first is as old as the window.
    pub(super) fn end_generation(&mut self) -> Result<(), Error> {
        self.tidy()?;
        while self.generations.len() > GENERATIONS_MAX
            && let Some(oldest) = self.generations.pop()
        {
            self.state.remove(began(oldest.number))?;
            self.database.delete_keyspace(oldest.entries)?;
        }
        Ok(())
    }
}

fn ids(number: i64) -> String {
    format!("ids-{number}")
}

fn began(number: i64) -> String {
    format!("{BEGAN}{number}")
}

fn progress(value: &[u8]) -> ImportProgress {
    let bytes_done = value.get(..8).and_then(|bytes| bytes.try_into().ok());
    ImportProgress {
        bytes_done: bytes_done.map_or(0, u64::from_le_bytes),
        finished: value.get(8) == Some(&1),
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(WRITE_BUFFER_BYTES)
}
