//! The journal of an apply: what was meant, what was there, what was done; one line each, on disk
//! before the next step.
//!
//! By it an apply that was cut goes on, and a rollback knows what to restore. A line that was cut
//! in the middle is the last one and counts as not written; damage anywhere else is an error, for
//! what is not known cannot be undone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::Action;
use crate::plan::setting::Params;

/// The name and version of the form.
pub const SCHEMA: &str = "stele.aws.journal/1";

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Entry {
    /// The first line, and one for each time it was gone on with.
    Header {
        /// `stele.aws.journal/1`.
        schema: String,
        /// The hash of the plan.
        plan_sha256: String,
        /// The accounts that it changes.
        accounts: Vec<String>,
        /// The version of Stele.
        version: String,
        /// When, as RFC 3339.
        time: String,
    },
    /// An action is about to be done.
    Intent {
        /// Its number.
        n: u32,
        /// The action, with references replaced.
        action: Box<Action>,
    },
    /// What was there before it.
    Before {
        /// The action.
        n: u32,
        /// Its state; null where there was nothing.
        state: Value,
    },
    /// AWS took the call.
    Done {
        /// The action.
        n: u32,
        /// Whether it was done by this run; what was there already is not undone.
        made: bool,
        /// AWS's answer.
        answer: Value,
    },
    /// The state was read back.
    Verified {
        /// The action.
        n: u32,
        /// The state after.
        state: Value,
        /// Whether it is what was asked for; AWS may still be settling it.
        settled: bool,
    },
    /// AWS refused, or somebody changed the thing since.
    Failed {
        /// The action.
        n: u32,
        /// In a word.
        code: String,
        /// In a sentence.
        message: String,
    },
    /// An action is about to be undone, or was.
    Undo {
        /// The action.
        n: u32,
        /// The call; empty where there is none.
        call: String,
        /// Its parameters.
        params: Params,
        /// `begun`, `restored`, `left`, `changed-since` or `failed`.
        outcome: String,
        /// What there is to say.
        reason: String,
    },
    /// The run came to its end.
    End {
        /// `applied`, `partly`, `rolled-back` or `partly-rolled-back`.
        outcome: String,
        /// When, as RFC 3339.
        time: String,
    },
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file.
    #[error("cannot {what} the journal `{}`: {error}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Another process uses it.
    #[error(
        "`{}` is in use: another apply or rollback runs with it; wait for its end",
        .0.display()
    )]
    InUse(PathBuf),
    /// A line in the middle is damaged.
    #[error(
        "line {line} of the journal `{}` is damaged: {error}; what was done there is not known, so \
         nothing is done by it",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        error: String,
    },
    /// It is of another plan.
    #[error(
        "the journal `{}` is of another plan ({found}); give another file with --journal",
        path.display()
    )]
    OtherPlan {
        /// Which file.
        path: PathBuf,
        /// The plan's hash in it.
        found: String,
    },
}

/// Takes lines; each is kept before the call returns.
pub trait Record: Send + Sync {
    /// Adds a line.
    ///
    /// # Errors
    /// It could not be kept; nothing may be done then.
    fn append(&self, entry: &Entry) -> Result<(), JournalError>;
}

/// A journal in a file, which no other process has at the same time.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    end: Mutex<End>,
}

/// Where lines are added.
#[derive(Debug)]
struct End {
    file: File,
    /// A line may stand there cut; one behind it would make the whole journal unreadable.
    is_broken: bool,
}

impl Journal {
    /// Opens a journal, or makes one, and reads what is in it. A cut last line is taken off.
    ///
    /// # Errors
    /// The file cannot be used, somebody else uses it, or it is damaged.
    pub fn open(path: &Path) -> Result<(Self, Vec<Entry>), JournalError> {
        let failed = |what| {
            let path = path.to_owned();
            move |error| JournalError::File { what, path, error }
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed("read"))?;
        let (entries, whole_bytes) = parse(&text, path)?;
        if whole_bytes < text.len() {
            // The length of a file in memory fits in 64 bits.
            let length = u64::try_from(whole_bytes).unwrap_or(u64::MAX);
            file.set_len(length).map_err(failed("shorten"))?;
            file.seek(SeekFrom::End(0)).map_err(failed("read"))?;
        }
        let end = Mutex::new(End { file, is_broken: false });
        Ok((Self { path: path.to_owned(), end }, entries))
    }
}

impl Record for Journal {
    fn append(&self, entry: &Entry) -> Result<(), JournalError> {
        let failed = |error| JournalError::File { what: "write", path: self.path.clone(), error };
        let mut line = serde_json::to_vec(entry).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.is_broken {
            return Err(failed(io::Error::other("the line before could not be written")));
        }
        let written = end.file.write_all(&line).and_then(|()| end.file.sync_data());
        end.is_broken = written.is_err();
        written.map_err(failed)
    }
}

/// Reads a journal without using it.
///
/// # Errors
/// As [`Journal::open`], but for the lock.
pub fn read(path: &Path) -> Result<Vec<Entry>, JournalError> {
    let text = std::fs::read_to_string(path).map_err(|error| JournalError::File {
        what: "read",
        path: path.to_owned(),
        error,
    })?;
    parse(&text, path).map(|(entries, _)| entries)
}

/// The lines, and how many bytes of them are whole.
fn parse(text: &str, path: &Path) -> Result<(Vec<Entry>, usize), JournalError> {
    let (mut entries, mut whole_bytes) = (Vec::new(), 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_last = whole_bytes + line.len() == text.len();
        match serde_json::from_str(line) {
            Ok(entry) if line.ends_with('\n') => entries.push(entry),
            // Without its end it was not kept, whatever it says.
            Ok(_) => break,
            Err(_) if is_last && !line.ends_with('\n') => break,
            Err(error) => {
                let (path, line) = (path.to_owned(), index + 1);
                return Err(JournalError::Damaged { path, line, error: error.to_string() });
            }
        }
        whole_bytes += line.len();
    }
    Ok((entries, whole_bytes))
}

/// How far an action has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stage {
    /// The action with references replaced, once it was meant to be done.
    pub action: Option<Action>,
    /// What was there before.
    pub before: Option<Value>,
    /// Whether AWS took the call, and whether this run made it.
    pub done: Option<bool>,
    /// AWS's answer.
    pub answer: Value,
    /// The state after.
    pub verified: Option<Value>,
    /// How undoing it ended.
    pub undone: Option<String>,
}

/// How far each action has come.
pub fn stages(entries: &[Entry]) -> std::collections::BTreeMap<u32, Stage> {
    let mut stages: std::collections::BTreeMap<u32, Stage> = std::collections::BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Header { .. } | Entry::End { .. } | Entry::Failed { .. } => {}
            Entry::Intent { n, action } => {
                // A later try begins anew.
                *stages.entry(*n).or_default() =
                    Stage { action: Some((**action).clone()), ..Stage::default() };
            }
            Entry::Before { n, state } => {
                stages.entry(*n).or_default().before = Some(state.clone());
            }
            Entry::Done { n, made, answer } => {
                let stage = stages.entry(*n).or_default();
                stage.done = Some(*made);
                stage.answer = answer.clone();
            }
            Entry::Verified { n, state, .. } => {
                stages.entry(*n).or_default().verified = Some(state.clone());
            }
            Entry::Undo { n, outcome, .. } => {
                stages.entry(*n).or_default().undone = Some(outcome.clone());
            }
        }
    }
    stages
}

/// Whether a journal is of a plan.
///
/// # Errors
/// It is of another.
pub fn of_plan(entries: &[Entry], sha256: &str, path: &Path) -> Result<(), JournalError> {
    let other = entries.iter().find_map(|entry| match entry {
        Entry::Header { plan_sha256, .. } if plan_sha256 != sha256 => Some(plan_sha256.clone()),
        _ => None,
    });
    match other {
        Some(found) => Err(JournalError::OtherPlan { path: path.to_owned(), found }),
        None => Ok(()),
    }
}

/// The hash of the plan that a journal is of.
pub fn plan_of(entries: &[Entry]) -> Option<&str> {
    entries.iter().find_map(|entry| match entry {
        Entry::Header { plan_sha256, .. } => Some(plan_sha256.as_str()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(time: &str) -> Entry {
        Entry::End { outcome: "applied".to_owned(), time: time.to_owned() }
    }

    #[test]
    fn nothing_is_written_behind_a_line_that_could_not_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (journal, _) = Journal::open(&path).unwrap();
        let whole = std::mem::replace(
            &mut journal.end.lock().unwrap().file,
            File::open(folder.path().join("journal")).unwrap(),
        );
        journal.append(&end("1")).unwrap_err();
        journal.end.lock().unwrap().file = whole;
        journal.append(&end("2")).unwrap_err();
        drop(journal);
        assert_eq!(read(&path).unwrap(), Vec::new());
    }

    #[test]
    fn a_cut_last_line_is_as_if_it_were_not_there_at_any_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (journal, _) = Journal::open(&path).unwrap();
        journal.append(&end("1")).unwrap();
        let first = std::fs::metadata(&path).unwrap().len();
        journal.append(&end("2")).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (journal, entries) = Journal::open(&path).unwrap();
            let expected = usize::from(length >= usize::try_from(first).unwrap());
            assert_eq!(entries.len(), expected, "{length} bytes");
            journal.append(&end("3")).unwrap();
            drop(journal);
            assert_eq!(read(&path).unwrap().last(), Some(&end("3")), "{length} bytes");
        }
    }

    #[test]
    fn damage_in_the_middle_and_a_second_user_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (journal, _) = Journal::open(&path).unwrap();
        journal.append(&end("1")).unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::InUse(_))));
        drop(journal);
        std::fs::write(&path, "{\"kind\":\"end\n{}\n").unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::Damaged { line: 1, .. })));
    }
}
