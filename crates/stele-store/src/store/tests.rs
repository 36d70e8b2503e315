//! Every step of the way into the lake fails once, in every way; then everything must be there.
//!
//! A trial stands for the node: it has a log with all rows, applies them, and repeats what failed
//! or starts anew and replays the log from the sequence number that the lake names.

#![allow(clippy::unwrap_used)]

use std::ops::Range;

use super::*;
use crate::lake::fault::{Fault, FaultStore, Plan};
use crate::testing::{NOW_MILLIS, ids, open, rows, runtime};

/// How a trial goes on after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// The same process tries the same again.
    Retry,
    /// A new process begins.
    Reopen,
}

/// What a node does with its store.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Applies the entry of the log with that sequence number.
    Apply(u64),
    Flush,
    Compact,
    /// Deletes what was replaced, at so many milliseconds after the start.
    Delete(i64),
}

const FLUSHES: &[Act] =
    &[Act::Apply(3), Act::Apply(4), Act::Flush, Act::Apply(5), Act::Flush, Act::Delete(0)];
/// Joined files are joined again before those that they replaced are deleted.
const COMPACTIONS: &[Act] =
    &[Act::Compact, Act::Apply(3), Act::Flush, Act::Compact, Act::Delete(0), Act::Delete(10_000)];

/// The rows of an entry of the log.
fn entry(sequence: u64) -> Range<u64> {
    sequence * 10..sequence * 10 + 3
}

fn ids_up_to(sequence: u64) -> Vec<String> {
    (1..=sequence).flat_map(entry).map(|id| format!("e{id:05}")).collect()
}

struct Trial<'a> {
    storage: &'a FaultStore,
    after: After,
    /// The last entry that was applied.
    applied: u64,
    /// Up to where the log was shortened.
    forgotten: u64,
    /// Whether a fault has shown.
    failed: bool,
}

impl<'a> Trial<'a> {
    fn new(storage: &'a FaultStore, after: After, applied: u64) -> Self {
        Self { storage, after, applied, forgotten: 0, failed: false }
    }

    async fn act(&mut self, store: &Store, act: Act) -> Result<(), StoreError> {
        match act {
            Act::Apply(sequence) => {
                if store.status().applied_sequence < sequence {
                    store.apply(rows(sequence, entry(sequence)), sequence, 0)?;
                }
                self.applied = self.applied.max(sequence);
            }
            Act::Flush => self.forgotten = store.flush_all(NOW_MILLIS).await?,
            Act::Compact => drop(store.compact(true, NOW_MILLIS).await?),
            Act::Delete(later) => drop(store.delete_retired(NOW_MILLIS + later).await?),
        }
        Ok(())
    }

    /// Opens the store and brings back what its log still has.
    async fn open(&self) -> Result<Store, StoreError> {
        let store = open(self.storage).await?;
        let committed = store.committed_sequence();
        assert!(committed >= self.forgotten, "lost what was promised");
        assert_eq!(self.ids(&store).await, ids_up_to(committed), "in the lake alone");
        for sequence in committed + 1..=self.applied {
            store.apply(rows(sequence, entry(sequence)), sequence, 0)?;
        }
        Ok(store)
    }

    /// Does it all; what fails is done again, and must then succeed.
    async fn run(&mut self, acts: &[Act]) {
        let mut store = self.again().await;
        for act in acts {
            let Err(error) = self.act(&store, *act).await else { continue };
            self.fault(&error);
            self.storage.heal();
            if self.after == After::Reopen {
                drop(store);
                store = self.again().await;
            }
            self.act(&store, *act).await.unwrap();
            assert_eq!(self.ids(&store).await, ids_up_to(self.applied), "after a fault");
        }
        self.storage.heal();
        self.check(&store).await;
    }

    /// What a question finds that no fault disturbs.
    async fn ids(&self, store: &Store) -> Vec<String> {
        self.storage.pause(true);
        let ids = ids(store).await;
        self.storage.pause(false);
        ids
    }

    async fn again(&mut self) -> Store {
        match self.open().await {
            Ok(store) => store,
            Err(error) => {
                self.fault(&error);
                self.storage.heal();
                self.open().await.unwrap()
            }
        }
    }

    fn fault(&mut self, error: &StoreError) {
        assert!(!self.failed, "a second fault: {error}");
        self.failed = true;
        let text = error.to_string();
        assert!(text.starts_with("cannot "), "{text}");
    }

    /// Everything is there once, and nothing else is.
    async fn check(&mut self, store: &Store) {
        assert_eq!(ids(store).await, ids_up_to(self.applied), "in the end");
        self.act(store, Act::Flush).await.unwrap();
        self.act(store, Act::Delete(20_000)).await.unwrap();
        assert_eq!(ids(store).await, ids_up_to(self.applied), "in the end, tidied");
        let view = store.view();
        assert_eq!(view.files.iter().map(|f| f.summary.rows).sum::<u64>(), self.applied * 3);
        let mut known: Vec<_> =
            view.files.iter().map(|f| format!("lake/events/{}", f.path)).collect();
        known.sort_unstable();
        let mut there = self.storage.names("lake/events").await;
        there.retain(|name| name.ends_with(".parquet") && !name.contains("_delta_log"));
        assert_eq!(there, known, "files of rows");
        assert_eq!(self.storage.names("lake/_intents").await, [""; 0], "intents");
    }
}

/// Some entries, each in a file of its own.
async fn files(entries: u64) -> FaultStore {
    let storage = FaultStore::default();
    let store = open(&storage).await.unwrap();
    for sequence in 1..=entries {
        store.apply(rows(sequence, entry(sequence)), sequence, 0).unwrap();
        store.flush_all(NOW_MILLIS).await.unwrap();
    }
    storage
}

/// Says which step it was, where a trial fails.
struct Report<'a>(&'a FaultStore, Plan, After);

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:?}, then {:?}, at {:?}", self.1, self.2, self.0.hit());
        }
    }
}

fn trial(base: &FaultStore, entries: u64, plan: Plan, after: After, acts: &[Act]) -> FaultStore {
    let storage = FaultStore::over(base.fork());
    storage.set(plan);
    let report = Report(&storage, plan, after);
    let (applied, forgotten) = (entries, entries);
    let mut trial = Trial { storage: &storage, after, applied, forgotten, failed: false };
    runtime().block_on(trial.run(acts));
    drop(report);
    storage
}

/// Lets every step fail once in each way. Of reads that follow each other only some do.
fn every_step(entries: u64, acts: &[Act], ways: &[(Fault, After)]) {
    let base = runtime().block_on(files(entries));
    let sound = trial(&base, entries, Plan::Sound, After::Retry, acts);
    let is_read = |name: &String| name.starts_with("get ");
    let steps: Vec<String> = sound.trace();
    let stride = (steps.len() / 12).max(5);
    assert!(steps.len() > 10, "{steps:?}");
    for (fault, after) in ways {
        let mut next = 0;
        for at in 0..steps.len() {
            let alike = at > 0 && is_read(&steps[at]) && is_read(&steps[at - 1]);
            if at < next || alike && !at.is_multiple_of(stride) {
                continue;
            }
            let storage = trial(&base, entries, Plan::At(at as u32, *fault), *after, acts);
            next = storage.hit().map_or(steps.len(), |(hit, _)| hit as usize + 1);
        }
    }
}

const REOPENED: &[(Fault, After)] = &[
    (Fault::StopBefore, After::Reopen),
    (Fault::StopAfter, After::Reopen),
    (Fault::StopTorn, After::Reopen),
];

const RETRIED: &[(Fault, After)] = &[
    (Fault::StopBefore, After::Retry),
    (Fault::Before, After::Retry),
    (Fault::After, After::Retry),
    (Fault::Rival, After::Retry),
];

#[test]
fn the_machine_may_stop_anywhere_in_a_flush() {
    every_step(2, FLUSHES, REOPENED);
}

#[test]
fn anything_may_fail_in_a_flush() {
    every_step(2, FLUSHES, RETRIED);
}

#[test]
fn the_machine_may_stop_anywhere_in_a_compaction() {
    every_step(2, COMPACTIONS, REOPENED);
}

#[test]
fn anything_may_fail_in_a_compaction() {
    every_step(2, COMPACTIONS, RETRIED);
}

/// Each fiftieth commit writes down the whole table.
#[test]
fn anything_may_fail_in_a_checkpoint() {
    let acts = &[Act::Apply(50), Act::Flush, Act::Apply(51), Act::Flush];
    every_step(49, acts, &[(Fault::StopAfter, After::Reopen), (Fault::After, After::Retry)]);
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing_behind() {
    runtime().block_on(async {
        let storage = files(2).await;
        let store = open(&storage).await.unwrap();
        store.apply(rows(3, entry(3)), 3, 0).unwrap();
        let before = storage.names("lake").await;
        for step in 0..3 {
            storage.set(Plan::At(step, Fault::Full));
            let error = store.flush_all(NOW_MILLIS).await.unwrap_err().to_string();
            assert!(error.starts_with("cannot ") && error.contains("no storage space"), "{error}");
            assert_eq!(storage.names("lake").await, before, "{error}");
        }
        storage.heal();
        assert_eq!(store.flush_all(NOW_MILLIS).await.unwrap(), 3);
        assert_eq!(ids(&store).await, ids_up_to(3));
    });
}

/// The task that flushes is given up while its commit is on the way; the flush that follows meets
/// it.
#[test]
fn a_flush_that_was_given_up_and_comes_through_leaves_no_file_of_the_one_after_it() {
    runtime().block_on(async {
        let storage = files(2).await;
        let (given_up, after) = (open(&storage).await.unwrap(), open(&storage).await.unwrap());
        for store in [&given_up, &after] {
            store.apply(rows(3, entry(3)), 3, 0).unwrap();
        }
        given_up.flush_all(NOW_MILLIS).await.unwrap();
        assert_eq!(after.flush_all(NOW_MILLIS).await.unwrap(), 3);
        let mut trial = Trial::new(&storage, After::Retry, 3);
        trial.check(&after).await;
    });
}

/// Somebody compares the table with a record of its commits. Until a commit is on it, what
/// announced the commit and what it replaced are there.
#[test]
fn what_is_not_on_record_stays_announced_and_keeps_what_it_replaced() {
    runtime().block_on(async {
        let storage = files(2).await;
        let config =
            StoreConfig { retired_grace_ms: 0, is_recorded: true, ..StoreConfig::default() };
        let open = || Store::open(storage.lake(), crate::testing::WRITER, config, NOW_MILLIS);
        let store = open().await.unwrap();
        store.recorded(store.view().version).await;
        store.apply(rows(3, entry(3)), 3, 0).unwrap();
        store.flush_all(NOW_MILLIS).await.unwrap();
        store.compact(true, NOW_MILLIS).await.unwrap();
        // All of it was known already: a commit without a file.
        let known = Rows { keep: Some(vec![false; 3]), ..rows(4, entry(3)) };
        store.apply(known, 4, 0).unwrap();
        store.flush_all(NOW_MILLIS).await.unwrap();
        let there = storage.names("lake").await;
        let intents = async || storage.names("lake/_intents").await.len();
        assert_eq!(intents().await, 3, "{there:?}");
        store.delete_retired(NOW_MILLIS + 10_000).await.unwrap();
        assert_eq!(storage.names("lake").await, there, "nothing is on record");
        drop(store);
        let store = open().await.unwrap();
        assert_eq!(storage.names("lake").await, there, "also after a start");
        store.recorded(store.view().version).await;
        store.delete_retired(NOW_MILLIS + 10_000).await.unwrap();
        assert_eq!(intents().await, 0);
        Trial::new(&storage, After::Retry, 3).check(&store).await;
    });
}

/// A process that is killed leaves half of a file under a name of its own beside the whole one.
#[test]
fn what_was_half_written_goes_at_the_next_start_and_nothing_else() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let lake = crate::lake::Lake::open(folder.path().to_str().unwrap()).unwrap();
        let open = || {
            Store::open(lake.clone(), crate::testing::WRITER, StoreConfig::default(), NOW_MILLIS)
        };
        drop(open().await.unwrap());
        let (half, kept) = (
            ["events/dataset=a/day=2026-01-01/x.parquet#17", "_intents/y.json#1"],
            ["events/dataset=a/day=2026-01-01/x.parquet", "events/a#b", "events/a#", "z#1"],
        );
        for name in half.iter().chain(&kept) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "half").unwrap();
        }
        drop(open().await.unwrap());
        assert!(half.iter().all(|name| !folder.path().join(name).exists()));
        assert!(kept.iter().all(|name| folder.path().join(name).exists()));
    });
}

/// A disk that lies about syncing can lose what was acknowledged. Then it is said, or rows are
/// missing; none is there twice and nothing panics.
#[test]
fn a_disk_that_does_not_sync_gives_an_error_or_fewer_rows() {
    runtime().block_on(async {
        for seed in 0..24 {
            let storage = FaultStore::unsynced();
            let store = open(&storage).await.unwrap();
            for sequence in 1..=4 {
                store.apply(rows(sequence, entry(sequence)), sequence, 0).unwrap();
                store.flush_all(NOW_MILLIS).await.unwrap();
                if sequence == 2 {
                    storage.sync();
                }
            }
            drop(store);
            storage.power_cut(seed).await;
            match open(&storage).await {
                Ok(store) => {
                    let known: Vec<String> =
                        store.view().files.iter().map(|file| file.path.clone()).collect();
                    assert!(known.len() >= 2 && known.len() <= 4, "{known:?}");
                }
                Err(error) => assert!(error.to_string().starts_with("cannot read"), "{error}"),
            }
        }
    });
}

/// Many faults, one after another, in both ways to go on.
#[test]
fn a_storm_of_faults_loses_nothing() {
    let base = runtime().block_on(files(2));
    for seed in 0..6 {
        let storage = FaultStore::over(base.fork());
        let report = Report(&storage, Plan::Often(seed, 12), After::Retry);
        runtime().block_on(async {
            let random = stele_event::runtime::SeededEntropy::new(seed);
            let (applied, forgotten, after) = (2, 2, After::Retry);
            let mut trial = Trial { storage: &storage, after, applied, forgotten, failed: false };
            let mut store = trial.open().await.unwrap();
            storage.set(Plan::Often(seed, 12));
            for sequence in 3..=8 {
                let acts =
                    [Act::Apply(sequence), Act::Flush, Act::Compact, Act::Delete(sequence as i64)];
                for act in acts
                    .iter()
                    .filter(|act| matches!(act, Act::Apply(_)) || !random.next().is_multiple_of(3))
                {
                    while trial.act(&store, *act).await.is_err() {
                        if random.next().is_multiple_of(3) {
                            drop(store);
                            store = loop {
                                if let Ok(store) = trial.open().await {
                                    break store;
                                }
                            };
                        }
                        assert_eq!(trial.ids(&store).await, ids_up_to(trial.applied));
                    }
                }
            }
            storage.heal();
            trial.check(&store).await;
        });
        drop(report);
    }
}
