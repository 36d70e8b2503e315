//! The proof of one event, made from a folder, and checked without it.
//!
//! A proof holds the event's salt and the path to a signed checkpoint, not the event: its bytes
//! lie in a file beside it (`FILE` and `FILE.raw`), or whoever has them elsewhere checks the proof
//! against those. It stays valid when the files of the table and other events are gone.

use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use stele_event::{Column, EventBatch, RowView};
use stele_intake::wal::record::{self, Payload, Placement, Record};
use stele_intake::wal::scan;
use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::event_proof::{EventProof, ProvenEvent};
use stele_ledger::hash::Hash;
use stele_ledger::key::VerifierKey;
use stele_ledger::note::Note;
use stele_ledger::proof::{TileSubtrees, prove_inclusion};
use stele_ledger::salt::event_leaf;
use stele_ledger::tlog_proof::Trust;
use stele_parse::driver::map_records;
use stele_parse::formats;

use super::files::{self, Present};
use super::finding::Finding;
use super::history::{BatchState, History};
use super::kept::Kept;
use super::ledger::{self, Proven};
use super::place::Place;
use super::tiles::FolderTiles;
use super::{Context, Options, kept, rows, seeds};

/// Which event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The one at an address.
    Address {
        /// The batch.
        batch: i64,
        /// The position in it.
        position: u32,
    },
    /// The one with the source's own id.
    EventUid(String),
}

impl Wanted {
    /// Reads an address, `<batch>-<position>`; anything else is an id.
    pub fn parse(text: &str) -> Self {
        let address = text.split_once('-').and_then(|(batch, position)| {
            let (batch, position): (i64, u32) = (batch.parse().ok()?, position.parse().ok()?);
            let same = format!("{batch}-{position}") == text;
            same.then_some(Self::Address { batch, position })
        });
        address.unwrap_or_else(|| Self::EventUid(text.to_owned()))
    }
}

/// A proof that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The event's batch.
    pub batch: i64,
    /// Its position.
    pub position: u32,
    /// The proof, as a file.
    pub text: String,
    /// The bytes of the event, which belong beside it.
    pub raw: Vec<u8>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The folder cannot be read.
    #[error(transparent)]
    Folder(#[from] super::Error),
    /// The ledger does not verify.
    #[error("the ledger does not verify: {}", listed(.0))]
    Ledger(Vec<Finding>),
    /// There is no such event.
    #[error("there is no event `{0}` here")]
    NotFound(String),
    /// Several events have the id.
    #[error("several events have the id `{id}`: {}", addresses.join(", "))]
    Several {
        /// The id.
        id: String,
        /// Their addresses.
        addresses: Vec<String>,
    },
    /// No checkpoint covers its batch, not yet or, where there is none, not at all.
    #[error(
        "no checkpoint covers batch {batch} yet; one is signed each second while a server runs"
    )]
    NotSealed {
        /// The batch.
        batch: i64,
    },
    /// The event is there, and cannot be proven any more.
    #[error("event {batch}-{position} cannot be proven: {reason}")]
    NotProvable {
        /// The batch.
        batch: i64,
        /// The position.
        position: u32,
        /// Why not.
        reason: String,
    },
}

fn listed(findings: &[Finding]) -> String {
    let one = |finding: &Finding| {
        let object = finding.object.as_deref().unwrap_or_default();
        format!("{} ({object})", finding.kind.name())
    };
    findings.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Makes the proof of an event. The whole ledger is verified first.
pub fn prove(folder: &Path, wanted: &Wanted, options: &Options) -> Result<Proof, ProveError> {
    if options.keys.is_empty() {
        return Err(super::Error::NoKey.into());
    }
    let place = Place::of(folder)
        .map_err(|source| super::Error::Read { path: folder.to_owned(), source })?;
    let ctx = Context::new(&place, options, &|_| {}, None);
    let kept = kept::archive(&ctx);
    let mut history = History::new(options.findings_per_kind_max);
    let Some(proven) = ledger::verify(&ctx, &mut history, &kept) else {
        return Err(ProveError::Ledger(ctx.findings.finish().0));
    };
    seeds::load(&ctx, &mut history);
    let search = Search { ctx: &ctx, history: &history };
    let listed = files::list(&ctx, &history.commits);
    let (batch, position) = match wanted {
        Wanted::Address { batch, position } => (*batch, *position),
        Wanted::EventUid(id) => search.address_of(&listed.present, id)?,
    };
    let notes = notes(&ctx, &proven, &kept);
    search.prove(&proven, &notes, &listed.present, batch, position)
}

/// The checkpoints that a proof may lead to, each with its size: the newest, or where witnesses
/// are asked for, those that enough of them have signed.
fn notes<'a>(ctx: &Context<'_>, proven: &'a Proven, kept: &'a [Kept]) -> Vec<(u64, &'a Note)> {
    let newest = (proven.head.size, &proven.note);
    let policy = &ctx.options.witnesses;
    if policy.needed() == 0 {
        return vec![newest];
    }
    let sound = kept.iter().zip(&proven.sound).filter(|(_, sound)| **sound);
    let all = sound.map(|(one, _)| (one.size(), &one.note)).chain([newest]);
    all.filter(|(_, note)| policy.check(note).is_ok()).collect()
}

/// Verifies a proof against the bytes of the event.
pub fn verify_proof(
    text: &[u8],
    raw: &[u8],
    keys: &[VerifierKey],
    witnesses: &WitnessPolicy,
) -> Result<ProvenEvent, stele_ledger::Error> {
    let origin = keys.first().map_or(String::new(), |key| key.name().to_owned());
    let trust = Trust { origin, keys: keys.to_vec(), witnesses: witnesses.clone() };
    EventProof::verify(text, raw, &trust)
}

struct Search<'a> {
    ctx: &'a Context<'a>,
    history: &'a History,
}

impl Search<'_> {
    /// Reads columns of all sound files for which the filter holds.
    fn scan(
        &self,
        files: &[Present],
        holds: impl Fn((i64, i64)) -> bool,
        columns: &[&str],
        each: &mut dyn FnMut(&RecordBatch),
    ) {
        let wanted = files.iter().filter(|file| {
            let batches = file.live.stated.as_ref().and_then(|stated| stated.batches);
            batches.is_none_or(&holds)
        });
        for file in wanted {
            let Some(opened) =
                files::hash(self.ctx, file).and_then(|held| rows::open(self.ctx, file, held))
            else {
                continue;
            };
            for group in 0..opened.groups() {
                let columns = |name: &str| columns.contains(&name);
                // What cannot be read holds nothing that could be proven.
                let _ = opened.scan(group, columns, None, each);
            }
        }
    }

    fn scan_log(&self, each: &mut dyn FnMut(Placement, &Payload)) {
        let has_log = self.ctx.place.has_log();
        if let Some(folder) = has_log.then(|| self.ctx.place.log_folder().ok()).flatten() {
            let _ = scan(folder.path(), &mut |_, _, body| {
                if let Ok(Record::Append(placement, payload)) = record::decode(body) {
                    each(placement, &payload);
                }
            });
        }
    }

    fn address_of(&self, files: &[Present], id: &str) -> Result<(i64, u32), ProveError> {
        let mut found: Vec<(i64, i64)> = Vec::new();
        let columns = ["event_uid", "_batch", "_pos"];
        self.scan(files, |_| true, &columns, &mut |rows| {
            let text = rows.column_by_name("event_uid").and_then(|c| c.as_string_opt::<i32>());
            let batch = rows.column_by_name("_batch").and_then(|c| c.as_primitive_opt());
            let position = rows.column_by_name("_pos").and_then(|c| c.as_primitive_opt());
            let (Some(text), Some(batch), Some(position)) = (text, batch, position) else {
                return;
            };
            let batch: &arrow::array::Int64Array = batch;
            let position: &arrow::array::Int32Array = position;
            for row in 0..text.len() {
                if text.is_valid(row) && text.value(row) == id {
                    found.push((batch.value(row), i64::from(position.value(row))));
                }
            }
        });
        self.scan_log(&mut |placement, payload| {
            let Some(format) = formats::by_id(&payload.receipt.format) else { return };
            let mut events = EventBatch::new();
            let delivery = payload.delivery();
            map_records(format, &payload.bytes, &payload.spans, &delivery, &mut events);
            for index in 0..events.rows() {
                let position = i64::from(placement.first_pos) + index as i64;
                if events.get(index).text(Column::EventUid) == Some(id)
                    && self.is_stored(placement.batch, position)
                {
                    found.push((placement.batch, position));
                }
            }
        });
        found.sort_unstable();
        found.dedup();
        match found[..] {
            [] => Err(ProveError::NotFound(id.to_owned())),
            [(batch, position)] => Ok((batch, u32::try_from(position).unwrap_or(u32::MAX))),
            _ => {
                let shown = found.iter().map(|(batch, position)| format!("{batch}-{position}"));
                Err(ProveError::Several { id: id.to_owned(), addresses: shown.collect() })
            }
        }
    }

    /// Whether an event in the write-ahead log is stored and was not dropped.
    fn is_stored(&self, batch: i64, position: i64) -> bool {
        let known = self.history.by_number.get(&batch);
        let Some(batch) = known.map(|at| &self.history.batches[*at as usize]) else { return true };
        u32::try_from(position).is_ok_and(|position| batch.leaf_index(position).is_some())
    }

    fn prove(
        &self,
        proven: &Proven,
        notes: &[(u64, &Note)],
        files: &[Present],
        number: i64,
        position: u32,
    ) -> Result<Proof, ProveError> {
        let not = |reason: String| ProveError::NotProvable { batch: number, position, reason };
        let known = self.history.by_number.get(&number);
        let batch = known.map(|at| &self.history.batches[*at as usize]);
        let batch = batch.ok_or(ProveError::NotSealed { batch: number })?;
        if batch.leaf_index(position).is_none() {
            return Err(not("the batch stores no event at this position".to_owned()));
        }
        let salts = batch.salts.as_ref();
        let salts = salts.ok_or_else(|| not("the seed of its batch is not here".to_owned()))?;
        let salt = salts.salt(position).ok_or_else(|| not("it was erased".to_owned()))?;
        let (leaves, raw) = self.leaves(files, batch, position);
        let missing = leaves.iter().filter(|leaf| leaf.is_none()).count();
        let raw = raw.ok_or_else(|| not("it is in no file that is sound".to_owned()))?;
        let leaves: Option<Vec<Hash>> = leaves.into_iter().collect();
        let leaves = leaves.ok_or_else(|| {
            not(format!("{missing} other events of its batch are in no file that is sound"))
        })?;
        let event = EventProof::new(salt, position, batch.record.clone(), &leaves);
        let event = event.map_err(|error| not(error.to_string()))?;
        let over_it = notes.iter().filter(|(size, _)| *size > batch.index).max_by_key(|(s, _)| *s);
        let (size, note) = over_it.ok_or_else(|| {
            not("no checkpoint over it has been signed by enough witnesses yet".to_owned())
        })?;
        let tiles = FolderTiles(self.ctx.place);
        // All hashes of a shorter tree's proof are also in the longer one.
        let tree = TileSubtrees::new(&tiles, proven.head.size);
        let path = prove_inclusion(batch.index, *size, &tree);
        let path = path.map_err(|error| not(error.to_string()))?;
        let text = event.into_file(batch.index, path, (*note).clone()).to_string();
        // What was made is checked as its reader will check it.
        verify_proof(text.as_bytes(), &raw, &proven.keys, &self.ctx.options.witnesses)
            .map_err(|error| not(error.to_string()))?;
        Ok(Proof { batch: number, position, text, raw })
    }

    /// The leaves of a batch as far as they are here, and the bytes of one event.
    fn leaves(
        &self,
        files: &[Present],
        batch: &BatchState,
        position: u32,
    ) -> (Vec<Option<Hash>>, Option<Vec<u8>>) {
        let number = batch.record.batch;
        let mut leaves = vec![None; batch.record.stored as usize];
        let mut found = None;
        for (position, leaf) in self.history.erased.get(&number).into_iter().flatten() {
            if let Some(index) = batch.leaf_index(*position) {
                leaves[index as usize] = Some(*leaf);
            }
        }
        let mut put = |at: u32, raw: &[u8]| {
            let Some(index) = batch.leaf_index(at) else { return };
            let salt = batch.salts.as_ref().and_then(|salts| salts.salt(at));
            let Some(salt) = salt else { return };
            if leaves[index as usize].is_some() {
                return;
            }
            leaves[index as usize] = Some(event_leaf(&salt, raw));
            if at == position {
                found = Some(raw.to_vec());
            }
        };
        let holds = |(low, high): (i64, i64)| (low..=high).contains(&number);
        self.scan(files, holds, &rows::Needed::NAMES, &mut |rows| {
            let Ok(needed) = rows::Needed::of(rows) else { return };
            for row in (0..rows.num_rows()).filter(|row| needed.batch.value(*row) == number) {
                if let Ok(at) = u32::try_from(needed.position.value(row)) {
                    put(at, needed.raw.value(row));
                }
            }
        });
        self.scan_log(&mut |placement, payload| {
            if placement.batch != number {
                return;
            }
            for (at, span) in (i64::from(placement.first_pos)..).zip(&payload.spans) {
                let raw = payload.bytes.get(span.start..span.end);
                if let (Ok(at), Some(raw)) = (u32::try_from(at), raw) {
                    put(at, raw);
                }
            }
        });
        (leaves, found)
    }
}
