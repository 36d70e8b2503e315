//! Reads files into a lake, here or behind a server.
//!
//! [`plan`] lists the files; [`run`] tells logs from what are none, and hands pieces to an
//! [`ImportTarget`], each with its place in its file: several files at the same time, so that a
//! thousand small ones share the target's syncs, but each file's pieces in order. What was stored
//! before is known by the file's content hash and not stored again; a file that was interrupted
//! goes on behind the last record that was stored.

mod stream;
mod walk;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use stele_parse::format::Format;

use crate::once::ImportProgress;
use crate::pipeline::{Answer, IntakeError};
use crate::wal::record::Payload;

pub use walk::{PlannedFile, plan};

/// Where pieces go.
pub trait ImportTarget: Sync {
    /// How far the content of that SHA-256 (in hexadecimal) has come.
    fn progress(&self, content_sha256: &str) -> Result<ImportProgress, IntakeError>;
    /// Stores a piece; it is durable when this returns.
    fn append(&self, piece: &Payload) -> Result<Answer, IntakeError>;
    /// The time, µs since the epoch.
    fn now_micros(&self) -> i64;
}

/// How to import.
#[derive(Clone)]
pub struct ImportOptions {
    /// The format; found out for each file where it is `None`.
    pub format: Option<&'static dyn Format>,
    /// The dataset.
    pub dataset: String,
    /// Who delivered it; the path that was given where it is `None`.
    pub source: Option<String>,
    /// Longer records are cut, in bytes.
    pub record_bytes_max: usize,
    /// Seconds east of UTC, for times without a zone.
    pub zone_offset_seconds: i32,
    /// Files that are read at the same time: 1 to [`WORKERS_MAX`].
    pub workers: usize,
}

/// So many files are read at the same time at the most. Each holds about 20 MiB, and up to 80 where
/// records are of one byte.
pub const WORKERS_MAX: usize = 16;

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            format: None,
            dataset: "main".to_owned(),
            source: None,
            record_bytes_max: 1 << 20,
            zone_offset_seconds: 0,
            workers: 4,
        }
    }
}

/// What an import did. `accepted + duplicate + failed` is `records`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportSummary {
    /// Files that were read to their end.
    pub files: u64,
    /// Files whose content was stored before, or stands in another file of the same import.
    pub files_known: u64,
    /// Files that are no logs, and why.
    pub not_logs: Vec<FileNote>,
    /// Files that could not be read to their end, and why; what could be read before is stored,
    /// unless the reason says that nothing is.
    pub damaged: Vec<FileNote>,
    /// Bytes read, decoded.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// Stored and understood.
    pub accepted: u64,
    /// Stored before under the same id.
    pub duplicate: u64,
    /// Stored raw, not understood.
    pub failed: u64,
    /// Among the accepted: a known id over other bytes.
    pub conflict: u64,
}

/// A file and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FileNote {
    /// Its path.
    pub path: String,
    /// What is to be said.
    pub reason: String,
}

/// How an import goes on.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// A file is done: so many bytes of it on the disk.
    File(u64),
    /// A piece is stored: so many records.
    Records(u64),
}

/// Imports files. Stops at the first piece that the target refuses; all else is noted in the
/// summary, and the next file goes on.
pub fn run(
    files: &[PlannedFile],
    target: &dyn ImportTarget,
    options: &ImportOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> (ImportSummary, Option<IntakeError>) {
    let run = Run {
        target,
        options,
        progress,
        claimed: Mutex::default(),
        refused: Mutex::default(),
        stopped: AtomicBool::new(false),
    };
    let summary = Mutex::new(ImportSummary::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..options.workers.clamp(1, WORKERS_MAX).min(files.len()) {
            scope.spawn(|| {
                while !run.is_stopped()
                    && let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let (outcome, result) = stream::import_file(file, &run);
                    progress(Progress::File(file.bytes));
                    lock(&summary).add(&file.path, outcome);
                    if let Err(error) = result {
                        run.stop(error);
                    }
                }
            });
        }
    });
    let mut summary = lock(&summary).clone();
    summary.not_logs.sort_by(|a, b| a.path.cmp(&b.path));
    summary.damaged.sort_by(|a, b| a.path.cmp(&b.path));
    (summary, lock(&run.refused).clone())
}

/// What the threads of an import share.
struct Run<'a> {
    target: &'a dyn ImportTarget,
    options: &'a ImportOptions,
    progress: &'a (dyn Fn(Progress) + Sync),
    /// The contents that a thread has begun with: of two files that are the same, one is stored.
    claimed: Mutex<HashSet<String>>,
    refused: Mutex<Option<IntakeError>>,
    stopped: AtomicBool,
}

impl Run<'_> {
    /// Whether nobody had that content before.
    fn claim(&self, content_sha256: &str) -> bool {
        lock(&self.claimed).insert(content_sha256.to_owned())
    }

    fn stop(&self, error: IntakeError) {
        lock(&self.refused).get_or_insert(error);
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What became of one file.
#[derive(Debug, Default)]
struct FileOutcome {
    known: bool,
    not_a_log: Option<String>,
    damage: Option<String>,
    /// It was read to its end, or to the damage in it.
    complete: bool,
    bytes: u64,
    answer: Answer,
}

impl ImportSummary {
    fn add(&mut self, path: &Path, outcome: FileOutcome) {
        let note = |reason| FileNote { path: path.display().to_string(), reason };
        self.bytes += outcome.bytes;
        self.records += outcome.answer.records();
        self.accepted += outcome.answer.accepted;
        self.duplicate += outcome.answer.duplicate;
        self.failed += outcome.answer.failed;
        self.conflict += outcome.answer.conflict;
        self.files_known += u64::from(outcome.known);
        match (outcome.not_a_log, outcome.damage) {
            (Some(reason), _) => self.not_logs.push(note(reason)),
            (_, Some(reason)) => self.damaged.push(note(reason)),
            // One that a refusal of the target has interrupted counts as nothing.
            _ => self.files += u64::from(outcome.complete),
        }
    }
}

#[cfg(test)]
mod tests;
