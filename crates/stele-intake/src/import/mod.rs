//! Reads files into a lake, here or behind a server.
//!
//! [`run`] walks the files, tells logs from what are none, and hands pieces to an
//! [`ImportTarget`], each with its place in its file. What was stored before is known by the
//! file's content hash and not read again; a file that was interrupted goes on where it stopped,
//! for the pieces of a file are always cut at the same places.

mod stream;
mod walk;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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
#[derive(Clone, Default)]
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
    /// Files that are read at the same time.
    pub workers: usize,
}

/// What an import did. `accepted + duplicate + failed` is `records`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportSummary {
    /// Files that were read to their end.
    pub files: u64,
    /// Files whose content was stored before.
    pub files_known: u64,
    /// Files that are no logs, and why.
    pub not_logs: Vec<FileNote>,
    /// Files that could not be read to their end, and why; what could be read is stored.
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
    let summary = Mutex::new(ImportSummary::default());
    let refused: Mutex<Option<IntakeError>> = Mutex::new(None);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..options.workers.clamp(1, 16) {
            scope.spawn(|| {
                while lock(&refused).is_none()
                    && let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let outcome = stream::import_file(file, target, options, progress);
                    progress(Progress::File(file.bytes));
                    let mut summary = lock(&summary);
                    summary.add(&file.path, outcome.0);
                    if let Some(error) = outcome.1 {
                        lock(&refused).get_or_insert(error);
                    }
                }
            });
        }
    });
    let mut summary = lock(&summary).clone();
    summary.not_logs.sort_by(|a, b| a.path.cmp(&b.path));
    summary.damaged.sort_by(|a, b| a.path.cmp(&b.path));
    (summary, lock(&refused).clone())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What became of one file.
#[derive(Debug, Default)]
pub(crate) struct FileOutcome {
    known: bool,
    not_a_log: Option<String>,
    damage: Option<String>,
    bytes: u64,
    answer: Answer,
}

impl ImportSummary {
    fn add(&mut self, path: &PathBuf, outcome: FileOutcome) {
        let note = |reason| FileNote { path: path.display().to_string(), reason };
        self.bytes += outcome.bytes;
        self.records += outcome.answer.records();
        self.accepted += outcome.answer.accepted;
        self.duplicate += outcome.answer.duplicate;
        self.failed += outcome.answer.failed;
        self.conflict += outcome.answer.conflict;
        match (outcome.known, outcome.not_a_log, outcome.damage) {
            (true, ..) => self.files_known += 1,
            (_, Some(reason), _) => self.not_logs.push(note(reason)),
            (_, _, Some(reason)) => self.damaged.push(note(reason)),
            _ => self.files += 1,
        }
    }
}

#[cfg(test)]
mod tests;
