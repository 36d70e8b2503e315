//! Leaves of events, gathered until their batch is whole.
//!
//! A batch may be spread over files and the write-ahead log. While it is not whole, it takes 32
//! bytes for each of its events and a bit for each that was seen; then its root is computed and
//! only a mark stays. Files are read in the order of their lowest batch, so that as few batches
//! as can be are begun at a time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use stele_ledger::hash::{HASH_BYTES, Hash, root_of};

use super::Context;
use super::finding::{Finding, Kind};
use super::history::{BatchState, History};

#[derive(Debug)]
enum Slot {
    Untouched,
    Begun(Box<Begun>),
    Whole,
}

#[derive(Debug)]
struct Begun {
    leaves: Vec<Hash>,
    seen: Vec<u64>,
    missing: u32,
    /// Whether a position could not be compared, because its salt is not there.
    unsalted: bool,
    /// Where its rows were, as far as there is room to say.
    names: Vec<String>,
}

/// So many places of a batch are named.
const NAMES_MAX: usize = 4;

/// What becomes of every batch.
#[derive(Debug)]
pub(super) struct Gathering {
    slots: Vec<Mutex<Slot>>,
    pub(super) complete: AtomicU64,
}

/// What came of handing in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    New,
    Twice,
    Erased,
}

impl Gathering {
    pub(super) fn new(history: &History) -> Self {
        let slots = history.batches.iter().map(|_| Mutex::new(Slot::Untouched)).collect();
        Self { slots, complete: AtomicU64::new(0) }
    }

    fn with<T>(&self, at: u32, act: impl FnOnce(&mut Slot) -> T) -> T {
        let mut slot = self.slots[at as usize].lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut slot)
    }

    /// Whether the event at a place of the batch has been seen.
    pub(super) fn has(&self, at: u32, index: u32) -> bool {
        self.with(at, |slot| match slot {
            Slot::Untouched => false,
            Slot::Begun(begun) => bit(&begun.seen, index),
            Slot::Whole => true,
        })
    }

    /// Takes the leaves of some events of a batch, each with its position, its place among the
    /// stored, and its leaf where it has a salt. Says for each what it was.
    pub(super) fn take(
        &self,
        ctx: &Context<'_>,
        history: &History,
        at: u32,
        name: &str,
        events: &[(u32, u32, Option<Hash>)],
        each: &mut dyn FnMut(u32, Taken),
    ) {
        let batch = &history.batches[at as usize];
        let erased = history.erased.get(&batch.record.batch);
        let whole = self.with(at, |slot| {
            if matches!(slot, Slot::Untouched) {
                *slot = begin(history, batch);
            }
            let Slot::Begun(begun) = slot else {
                for (position, ..) in events {
                    let erased = erased.is_some_and(|erased| erased.contains_key(position));
                    each(*position, if erased { Taken::Erased } else { Taken::Twice });
                }
                return None;
            };
            let room = begun.names.len() < NAMES_MAX && !name.is_empty();
            if room && begun.names.iter().all(|known| known != name) {
                begun.names.push(name.to_owned());
            }
            for (position, index, leaf) in events {
                if erased.is_some_and(|erased| erased.contains_key(position)) {
                    each(*position, Taken::Erased);
                } else if bit(&begun.seen, *index) {
                    each(*position, Taken::Twice);
                } else {
                    begun.put(*index, *leaf);
                    each(*position, Taken::New);
                }
            }
            (begun.missing == 0).then(|| std::mem::replace(slot, Slot::Whole))
        });
        if let Some(Slot::Begun(begun)) = whole {
            self.judge(ctx, batch, &begun);
        }
    }

    /// Compares the root of a batch that is whole.
    fn judge(&self, ctx: &Context<'_>, batch: &BatchState, begun: &Begun) {
        if begun.unsalted {
            return;
        }
        self.complete.fetch_add(1, Relaxed);
        if root_of(&begun.leaves) != batch.record.root {
            let finding = Finding::new(Kind::BatchRoot);
            let name = begun.names.first().cloned();
            let name = name.unwrap_or_else(|| ctx.entry_file(batch.index));
            let finding = finding.object(name).record(format!("batch {}", batch.record.batch));
            let more = begun.names.get(1..).unwrap_or_default();
            let detail = if more.is_empty() {
                String::new()
            } else {
                format!("its events are also in {}", more.join(", "))
            };
            ctx.findings.find(finding.detail(detail));
        }
    }

    /// Ends it: the positions of a batch that were not seen. Batches of which everything was
    /// erased are judged here.
    pub(super) fn missing(&self, ctx: &Context<'_>, history: &History, at: u32) -> Vec<u32> {
        let batch = &history.batches[at as usize];
        self.take(ctx, history, at, "", &[], &mut |_, _| {});
        self.with(at, |slot| {
            let Slot::Begun(begun) = slot else { return Vec::new() };
            let stored = |position: &u32| {
                batch.leaf_index(*position).is_some_and(|index| !bit(&begun.seen, index))
            };
            (0..batch.record.positions).filter(stored).collect()
        })
    }
}

impl Begun {
    fn put(&mut self, index: u32, leaf: Option<Hash>) {
        self.seen[index as usize / 64] |= 1 << (index % 64);
        self.missing -= 1;
        match leaf {
            Some(leaf) => self.leaves[index as usize] = leaf,
            None => self.unsalted = true,
        }
    }
}

fn begin(history: &History, batch: &BatchState) -> Slot {
    let stored = batch.record.stored as usize;
    let mut begun = Begun {
        leaves: vec![Hash([0; HASH_BYTES]); stored],
        seen: vec![0; stored.div_ceil(64)],
        missing: batch.record.stored,
        unsalted: false,
        names: Vec::new(),
    };
    for (position, leaf) in history.erased.get(&batch.record.batch).into_iter().flatten() {
        if let Some(index) = batch.leaf_index(*position) {
            begun.put(index, Some(*leaf));
        }
    }
    Slot::Begun(Box::new(begun))
}

fn bit(bits: &[u64], index: u32) -> bool {
    bits[index as usize / 64] & (1 << (index % 64)) != 0
}
