//! The store: takes rows that are durable in the write-ahead log, makes them searchable at once,
//! and moves them into the lake.
//!
//! Rows come in through [`Store::apply`] in the order of the write-ahead log. They are searchable
//! when it returns. [`Store::flush`] writes them to Parquet files and commits those; the commit
//! carries the sequence number up to which the lake now holds everything, so that after a crash
//! the log is replayed from exactly there. A query pins one [`View`] and sees one moment: a row is
//! in memory or in a file of that view, never in both and never in neither.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use object_store::ObjectStoreExt;
use object_store::path::Path;
use stele_event::EventBatch;
use tokio::sync::{Mutex, MutexGuard, Notify};

use crate::chunk::{Chunk, Partition};
use crate::error::StoreError;
use crate::lake::Lake;
use crate::memtable::Memtable;
use crate::query::Engine;
use crate::table::{Commit, CommitReason, LakeFile, Table};
use crate::{flush, intent};

/// The table that holds the events.
pub const EVENTS: &str = "events";

/// How much the store may hold and when it moves rows on.
#[derive(Debug, Clone, Copy)]
pub struct StoreConfig {
    /// A memtable this large is sealed, in bytes of Arrow memory.
    pub memtable_bytes_max: usize,
    /// A memtable this old is sealed, in milliseconds.
    pub memtable_age_max_ms: u64,
    /// So many sealed memtables may wait; then the intake is held up.
    pub sealed_memtables_max: usize,
    /// Files below this size are joined, in bytes.
    pub compact_file_bytes_max: u64,
    /// So many small files in a partition start a compaction.
    pub compact_files_min: usize,
    /// Files replaced by compaction are deleted after this time, in milliseconds: running queries
    /// may still read them.
    pub retired_grace_ms: u64,
    /// The memory that all running queries may use together, in bytes.
    pub query_memory_bytes_max: usize,
    /// Whether somebody keeps a record of commits and tells [`Store::recorded`]. Until then the
    /// announcement of a commit stays, and so does what it replaced: whoever compares the table
    /// with that record meets a commit that he can expect.
    pub is_recorded: bool,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            memtable_bytes_max: 96 << 20,
            memtable_age_max_ms: 60_000,
            sealed_memtables_max: 1,
            compact_file_bytes_max: 64 << 20,
            compact_files_min: 8,
            retired_grace_ms: 3_600_000,
            query_memory_bytes_max: 256 << 20,
            is_recorded: false,
        }
    }
}

/// One moment of the store.
#[derive(Debug, Clone)]
pub struct View {
    /// The version of the table.
    pub version: u64,
    /// The files of that version.
    pub files: Arc<Vec<LakeFile>>,
    /// Memtables that wait to be written, oldest first.
    pub sealed: Vec<Arc<Memtable>>,
    /// The memtable that rows are added to.
    pub active: Arc<Memtable>,
}

impl View {
    /// Every chunk that is not in a file, in order of arrival.
    pub fn chunks(&self) -> impl Iterator<Item = &Arc<Chunk>> {
        self.sealed.iter().chain([&self.active]).flat_map(|memtable| memtable.chunks.iter())
    }
}

/// Rows to be stored: some records of one payload.
#[derive(Debug)]
pub struct Rows {
    /// The dataset they belong to.
    pub dataset: Arc<str>,
    /// When they were received, µs since the epoch.
    pub received_micros: i64,
    /// The mapped events.
    pub events: EventBatch,
    /// The ledger batch.
    pub batch: i64,
    /// The position of the first of them in the batch.
    pub first_pos: i32,
    /// Which of them are stored; all where it is `None`.
    pub keep: Option<Vec<bool>>,
}

/// Figures about the store.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Status {
    /// The version of the table.
    pub table_version: u64,
    /// Files in the lake.
    pub files: usize,
    /// Rows in files.
    pub file_rows: u64,
    /// Bytes of the files.
    pub file_bytes: u64,
    /// Rows that are searchable but not yet in a file.
    pub memory_rows: usize,
    /// Memory that these rows take, in bytes.
    pub memory_bytes: usize,
    /// Memtables that wait to be written.
    pub sealed_memtables: usize,
    /// The sequence number of the write-ahead log up to which the lake holds everything.
    pub committed_sequence: u64,
    /// The sequence number of the write-ahead log up to which everything is searchable.
    pub applied_sequence: u64,
}

/// The store; see the module.
#[derive(Debug)]
pub struct Store {
    pub(crate) config: StoreConfig,
    pub(crate) lake: Lake,
    writer: String,
    view: RwLock<Arc<View>>,
    pub(crate) table: Mutex<Table>,
    committed: RwLock<u64>,
    pub(crate) engine: Engine,
    sealed_wakes: Notify,
    room_wakes: (std::sync::Mutex<()>, std::sync::Condvar),
    stopping: AtomicBool,
    /// Up to which version the table is on record.
    recorded: AtomicU64,
    /// Announcements of commits that are made and not on record yet, with the version.
    made: std::sync::Mutex<Vec<(u64, Path)>>,
}

impl Store {
    /// Opens the store in a lake, for the writer of that name, and clears away what an interrupted
    /// flush or compaction left behind. Nobody else may have it open.
    pub async fn open(
        lake: Lake,
        writer: &str,
        config: StoreConfig,
        now_millis: i64,
    ) -> Result<Self, StoreError> {
        lake.clear_unfinished(&[EVENTS, intent::FOLDER]).await?;
        let table = Table::open(&lake, EVENTS).await?;
        let committed = table.transaction_version(writer).await?.unwrap_or(0) as u64;
        let recorded = if config.is_recorded { 0 } else { u64::MAX };
        let tidying = intent::Tidying {
            now_millis,
            grace_ms: config.retired_grace_ms,
            is_recorded: recorded >= table.version(),
        };
        intent::recover(&lake, &table, tidying).await?;
        let engine = Engine::new(&lake, table.store().clone(), config.query_memory_bytes_max)?;
        let active = Memtable { last_sequence: committed, ..Memtable::default() };
        let view = View {
            version: table.version(),
            files: Arc::new(table.files()),
            sealed: Vec::new(),
            active: Arc::new(active),
        };
        Ok(Self {
            config,
            lake,
            writer: writer.to_owned(),
            view: RwLock::new(Arc::new(view)),
            table: Mutex::new(table),
            committed: RwLock::new(committed),
            engine,
            sealed_wakes: Notify::new(),
            room_wakes: (std::sync::Mutex::new(()), std::sync::Condvar::new()),
            stopping: AtomicBool::new(false),
            recorded: AtomicU64::new(recorded),
            made: std::sync::Mutex::default(),
        })
    }

    /// The sequence number up to which the lake holds everything: replay begins after it.
    pub fn committed_sequence(&self) -> u64 {
        *self.committed.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The present moment.
    pub fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn change_view<R>(
        &self,
        change: impl FnOnce(&mut View) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut guard = self.view.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut next = guard.as_ref().clone();
        let result = change(&mut next)?;
        *guard = Arc::new(next);
        Ok(result)
    }

    /// Makes rows searchable. Must be called in the order of the write-ahead log, from one thread.
    /// Waits while too many memtables are being written.
    pub fn apply(&self, rows: Rows, sequence: u64, now_micros: i64) -> Result<(), StoreError> {
        let partition = Partition { dataset: rows.dataset, day: day_of(rows.received_micros) };
        let keep = rows.keep.as_deref();
        let chunk = Chunk::new(partition, rows.events, rows.batch, rows.first_pos, keep)?;
        self.wait_for_room();
        let sealed = self.change_view(|view| {
            view.active = Arc::new(view.active.with_chunk(chunk, sequence, now_micros)?);
            let full = view.active.memory_bytes() >= self.config.memtable_bytes_max;
            if full {
                seal(view);
            }
            Ok(full)
        })?;
        if sealed {
            self.sealed_wakes.notify_one();
        }
        Ok(())
    }

    fn wait_for_room(&self) {
        let (lock, wakes) = &self.room_wakes;
        let mut guard = lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while self.view().sealed.len() > self.config.sealed_memtables_max
            && !self.stopping.load(Ordering::Acquire)
        {
            // Woken by the end of a flush; looks again after a while in any case.
            let pause = std::time::Duration::from_millis(200);
            guard = wakes
                .wait_timeout(guard, pause)
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
    }

    /// Lets go of a caller that waits in [`Store::apply`], for the end of the process.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.room_wakes.1.notify_all();
    }

    /// Waits until a memtable is sealed.
    pub async fn sealed(&self) {
        self.sealed_wakes.notified().await;
    }

    /// Seals the active memtable if it is older than its limit.
    pub fn seal_aged(&self, now_micros: i64) -> Result<bool, StoreError> {
        let age_max_micros = self.config.memtable_age_max_ms as i64 * 1_000;
        self.change_view(|view| {
            let opened = view.active.opened_micros;
            let old = opened.is_some_and(|opened| now_micros - opened >= age_max_micros);
            if old {
                seal(view);
            }
            Ok(old || !view.sealed.is_empty())
        })
    }

    /// Moves everything that is in memory into the lake and returns the sequence number up to
    /// which the lake now holds everything.
    pub async fn flush_all(&self, now_millis: i64) -> Result<u64, StoreError> {
        self.change_view(|view| {
            if view.active.opened_micros.is_some() {
                seal(view);
            }
            Ok(())
        })?;
        self.flush_sealed(now_millis).await
    }

    /// Writes and commits the sealed memtables, oldest first, and returns the sequence number up
    /// to which the lake now holds everything.
    pub async fn flush_sealed(&self, now_millis: i64) -> Result<u64, StoreError> {
        let mut table = self.settled_table().await?;
        while let Some(memtable) = self.view().sealed.first().cloned() {
            if memtable.last_sequence > self.committed_sequence() {
                self.flush_one(&mut table, &memtable, now_millis).await?;
            } else {
                self.installed(&table, memtable.last_sequence)?;
            }
        }
        Ok(self.committed_sequence())
    }

    /// The table, for a change. If the last one ended in doubt, the view follows what became of it.
    pub(crate) async fn settled_table(&self) -> Result<MutexGuard<'_, Table>, StoreError> {
        let mut table = self.table.lock().await;
        if !table.is_settled() {
            let known = table.settle(&self.writer).await?.unwrap_or(0);
            self.installed(&table, known as u64)?;
        }
        Ok(table)
    }

    async fn flush_one(
        &self,
        table: &mut Table,
        memtable: &Arc<Memtable>,
        now_millis: i64,
    ) -> Result<(), StoreError> {
        let files = flush::encode(memtable.clone(), now_millis).await?;
        let commit = Commit {
            add: files.iter().map(|(file, _)| file.clone()).collect(),
            remove: Vec::new(),
            transaction: Some((self.writer.clone(), memtable.last_sequence as i64)),
            reason: CommitReason::Append,
        };
        let intent = self.put_and_commit(table, files, &commit, now_millis).await?;
        self.installed(table, memtable.last_sequence)?;
        if table.has_all(&commit.add) {
            self.made().push((table.version(), intent));
            self.forget_made().await;
        } else {
            // An earlier attempt that was given up has come through after all, with files of its
            // own: these here are nobody's, and their announcement is what they are found by.
            self.tidy(table, now_millis).await?;
        }
        Ok(())
    }

    /// The table is on record up to this version.
    pub async fn recorded(&self, version: u64) {
        self.recorded.fetch_max(version, Ordering::AcqRel);
        self.forget_made().await;
    }

    /// Takes back the announcements of commits that added only and are on record.
    async fn forget_made(&self) {
        let recorded = self.recorded.load(Ordering::Acquire);
        let done = {
            let mut made = self.made();
            let (done, waiting) = std::mem::take(&mut *made)
                .into_iter()
                .partition(|(version, _)| *version <= recorded);
            *made = waiting;
            done
        };
        let done: Vec<(u64, Path)> = done;
        for (_, intent) in done {
            if let Err(error) = intent::done(&self.lake, &intent).await {
                tracing::warn!(%error, "a record of a finished commit stays until the next tidying");
            }
        }
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Path)>> {
        self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Announces a commit, writes its files and makes it; returns the name of the announcement.
    pub(crate) async fn put_and_commit(
        &self,
        table: &mut Table,
        files: Vec<(LakeFile, Vec<u8>)>,
        commit: &Commit,
        now_millis: i64,
    ) -> Result<Path, StoreError> {
        let steps = async {
            let intent =
                intent::announce(&self.lake, &commit.add, &commit.remove, now_millis).await?;
            flush::put(table.store(), files).await?;
            table.commit(commit, now_millis).await?;
            Ok(intent)
        };
        let result = steps.await;
        // What is left must not add up while this is tried again and again, on a full disk say. It
        // is found later too, so a failure here says nothing new.
        if result.is_err() && table.is_settled() {
            let _ = self.tidy(table, now_millis).await;
        }
        result
    }

    /// Deletes what compaction replaced longer than the grace ago, and what failed commits left.
    pub(crate) async fn tidy(&self, table: &Table, now_millis: i64) -> Result<usize, StoreError> {
        let tidying = intent::Tidying {
            now_millis,
            grace_ms: self.config.retired_grace_ms,
            is_recorded: self.recorded.load(Ordering::Acquire) >= table.version(),
        };
        intent::recover(&self.lake, table, tidying).await
    }

    /// Swaps files in and the memtable that they came from out, in one step.
    fn installed(&self, table: &Table, sequence: u64) -> Result<(), StoreError> {
        self.change_view(|view| {
            view.version = table.version();
            view.files = Arc::new(table.files());
            view.sealed.retain(|memtable| memtable.last_sequence > sequence);
            Ok(())
        })?;
        let mut committed =
            self.committed.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *committed = (*committed).max(sequence);
        drop(committed);
        self.room_wakes.1.notify_all();
        Ok(())
    }

    /// Swaps the table's present files into the view; for changes that move no rows.
    pub(crate) fn refresh_files(&self, table: &Table) -> Result<(), StoreError> {
        self.installed(table, self.committed_sequence())
    }

    /// The content of the file of a commit in the table's own log.
    pub async fn commit_file(&self, version: u64) -> Result<Vec<u8>, StoreError> {
        let path = Path::from(format!("_delta_log/{version:020}.json"));
        let folder = self.lake.folder(EVENTS);
        let found = folder.get(&path).await.map_err(StoreError::object("read", &path))?;
        let content = found.bytes().await.map_err(StoreError::object("read", &path))?;
        Ok(content.to_vec())
    }

    /// Figures about the present moment.
    pub fn status(&self) -> Status {
        let view = self.view();
        Status {
            table_version: view.version,
            files: view.files.len(),
            file_rows: view.files.iter().map(|f| f.summary.rows).sum(),
            file_bytes: view.files.iter().map(|f| f.summary.bytes).sum(),
            memory_rows: view.chunks().map(|c| c.rows).sum(),
            memory_bytes: view.chunks().map(|c| c.memory_bytes).sum(),
            sealed_memtables: view.sealed.len(),
            committed_sequence: self.committed_sequence(),
            applied_sequence: view.active.last_sequence,
        }
    }
}

fn seal(view: &mut View) {
    let last_sequence = view.active.last_sequence;
    let active = Memtable { last_sequence, ..Memtable::default() };
    view.sealed.push(std::mem::replace(&mut view.active, Arc::new(active)));
}

/// The day of a time, in UTC.
fn day_of(micros: i64) -> Arc<str> {
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default();
    time.format("%Y-%m-%d").to_string().into()
}

#[cfg(test)]
mod tests;
