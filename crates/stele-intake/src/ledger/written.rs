//! What is written of a ledger, and how it grows: entries, tiles and seeds first, durably, then the
//! checkpoint over them.

use serde_json::json;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::entry::split_bundle;
use stele_ledger::hash::{HASH_BYTES, Hash};
use stele_ledger::note::Note;
use stele_ledger::proof::{TileSubtrees, TreeHead, prove_consistency, prove_inclusion};
use stele_ledger::record::Record;
use stele_ledger::seeds::{SEED_RECORD_BYTES, put_seed, seeds_name};
use stele_ledger::signer::{LogSigner, SignerState};
use stele_ledger::tile::{TILE_WIDTH, Tile, TileKind, read_entries};
use stele_ledger::tlog_proof::TlogProof;
use stele_ledger::tree::Log;

use super::files::Files;
use super::state::WriterState;
use super::waiting::BatchSeed;
use super::{CHECKPOINT, LedgerError, SIGNING, STATE, Sealed, UNSIGNED};

/// The ledger in its folder.
pub(super) struct Written {
    pub(super) files: Files,
    pub(super) log: Log,
    pub(super) signed: Option<Sealed>,
    pub(super) archived_micros: i64,
    /// Whether the mark lies in the folder that says that nobody signs.
    pub(super) unsigned: bool,
    /// The seeds of the entry bundle that is not full.
    seeds: (u64, Vec<u8>),
}

impl Written {
    pub(super) fn new(files: Files) -> Self {
        let (log, seeds) = (Log::default(), (0, Vec::new()));
        let unsigned = matches!(files.read(UNSIGNED), Ok(Some(_)));
        Self { files, log, signed: None, archived_micros: i64::MIN / 2, unsigned, seeds }
    }

    /// Goes on after what lies in the folder under a checkpoint.
    pub(super) fn go_on(&mut self, log: Log, note: Vec<u8>) -> Result<(), LedgerError> {
        let size = log.size();
        let bundle = size / u64::from(TILE_WIDTH);
        self.seeds = (bundle, read_seeds(&self.files, bundle, size)?);
        self.log = log;
        self.signed = Some(Sealed { size, note });
        Ok(())
    }

    /// Writes entries and seeds and signs a checkpoint over them. When it fails, nothing counts.
    pub(super) fn append(
        &mut self,
        signer: &dyn LogSigner,
        state: &SignerState,
        entries: &[Vec<u8>],
        seeds: &[BatchSeed],
    ) -> Result<Sealed, LedgerError> {
        let before = self.log.size();
        let mut log = self.log.clone();
        for write in log.append(entries)? {
            self.files.write(&write.tile.to_string(), &write.bytes)?;
        }
        let mut bundle = self.seeds.clone();
        for seed in seeds {
            let at = seed.entry / u64::from(TILE_WIDTH);
            if at != bundle.0 {
                self.write_seeds(&bundle)?;
                bundle = (at, Vec::new());
            }
            put_seed(&mut bundle.1, seed.batch, &seed.bytes);
        }
        if !seeds.is_empty() {
            self.write_seeds(&bundle)?;
        }
        let size = log.size();
        let head = TreeHead { size, root: log.root() };
        let checkpoint = Checkpoint::new(state.key.name(), head);
        if signer.remembers() {
            // If the answer never arrives, it may have signed all the same: the next start must
            // find out before it writes anything else in the place of these entries.
            self.files.write(SIGNING, checkpoint.to_string().as_bytes())?;
        }
        let note = signer.sign(&checkpoint, state, &TileSubtrees::new(&self.files, size))?;
        let note = note.to_string().into_bytes();
        self.files.write(CHECKPOINT, &note)?;
        if signer.remembers() {
            self.files.remove(SIGNING);
        }
        let kept: Vec<_> = Tile::partials(size).collect();
        for tile in Tile::partials(before).filter(|tile| !kept.contains(tile)) {
            self.files.remove(&tile.to_string());
        }
        (self.log, self.seeds) = (log, bundle);
        let sealed = Sealed { size, note };
        self.signed = Some(sealed.clone());
        Ok(sealed)
    }

    /// Leaves a mark for whoever verifies the folder while nobody signs, and takes it away again.
    pub(super) fn mark_unsigned(&mut self, now_micros: i64, sealed: &Result<Sealed, LedgerError>) {
        match sealed {
            Ok(_) if self.unsigned => {
                self.files.remove(UNSIGNED);
                self.unsigned = false;
            }
            Err(LedgerError::Signer(error)) if !self.unsigned => {
                let mark = json!({"since": now_micros, "reason": error.to_string()});
                // Where it cannot be written, a verifier finds more than there is: no harm.
                let written = self.files.write(UNSIGNED, mark.to_string().as_bytes());
                self.unsigned = written.is_ok();
            }
            _ => {}
        }
    }

    /// The bytes of a tile or a bundle, cut out of a longer one where that has taken its place.
    pub(super) fn tile(&self, tile: &Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        let found = self.files.read(&tile.to_string())?;
        if found.is_some() || tile.width == TILE_WIDTH {
            return Ok(found);
        }
        let kind = |longer: &Tile| (longer.kind, longer.index) == (tile.kind, tile.index);
        let current = Tile::partials(self.log.size()).find(kind);
        let longer = current.filter(|longer| longer.width > tile.width);
        for longer in longer.into_iter().chain([tile.full()]) {
            let Some(bytes) = self.files.read(&longer.to_string())? else { continue };
            let width = usize::from(tile.width);
            return Ok(match tile.kind {
                TileKind::Hashes { .. } => bytes.get(..width * HASH_BYTES).map(<[u8]>::to_vec),
                TileKind::Entries => {
                    let entries = split_bundle(&bytes)?;
                    let length: usize = entries.iter().take(width).map(|e| e.len() + 2).sum();
                    bytes.get(..length).map(<[u8]>::to_vec)
                }
            });
        }
        Ok(None)
    }

    /// The proof that the tree of `new_size`, which may be shorter than the log is by now, begins
    /// with that of `old_size`.
    pub(super) fn consistency(
        &self,
        old_size: u64,
        new_size: u64,
    ) -> Result<Vec<Hash>, LedgerError> {
        // All hashes of a shorter tree's proof are also in the longer one.
        let tree = TileSubtrees::new(&self.files, self.log.size());
        Ok(prove_consistency(old_size, new_size, &tree)?)
    }

    /// The proof of an entry under the newest checkpoint, with the entry.
    pub(super) fn proof_of(&self, index: u64) -> Result<TlogProof, LedgerError> {
        let (size, wide) = (self.log.size(), u64::from(TILE_WIDTH));
        let bundle = index / wide;
        let width = (size - bundle * wide).min(wide);
        let entries = read_entries(&self.files, &Tile::entries(bundle, width as u16))?;
        let note = self.signed.as_ref().map(|sealed| &sealed.note[..]).unwrap_or_default();
        let tree = TileSubtrees::new(&self.files, size);
        Ok(TlogProof {
            extra: entries.into_iter().nth((index % wide) as usize),
            index,
            path: prove_inclusion(index, size, &tree)?,
            checkpoint: Note::parse(note)?,
        })
    }

    fn write_seeds(&mut self, bundle: &(u64, Vec<u8>)) -> Result<(), LedgerError> {
        if bundle.1.is_empty() {
            return Ok(());
        }
        self.files.write(&seeds_name(bundle.0), &bundle.1)
    }

    /// Keeps a checkpoint. Where it is kept already, so are the cosignatures under it.
    pub(super) fn archive(&mut self, sealed: &Sealed) -> Result<(), LedgerError> {
        let name = format!("archive/{}", sealed.size);
        let kept = self.files.read(&name)?;
        if kept.is_some_and(|kept| kept.starts_with(&sealed.note)) {
            return Ok(());
        }
        self.files.write(&name, &sealed.note)
    }

    /// Keeps the state, so that the next start reads only what came after it.
    pub(super) fn keep(&mut self, state: &WriterState) -> Result<(), LedgerError> {
        let state = serde_json::to_vec(state).unwrap_or_default();
        self.files.write(STATE, &state)
    }
}

/// The state after `size` entries: the one that was kept last, and the entries since.
pub(super) fn read_state(files: &Files, size: u64) -> Result<WriterState, LedgerError> {
    let kept = files.read(STATE)?.unwrap_or_default();
    let mut state: WriterState = serde_json::from_slice(&kept).unwrap_or_default();
    if state.size > size {
        let before = state.size;
        let reason = format!("it had {before} entries, and now it has {size}: it was put back");
        return Err(LedgerError::Damaged { folder: files.path(""), reason });
    }
    let wide = u64::from(TILE_WIDTH);
    for bundle in state.size / wide..size.div_ceil(wide) {
        let width = (size - bundle * wide).min(wide);
        let entries = read_entries(files, &Tile::entries(bundle, width as u16))?;
        let known = state.size.saturating_sub(bundle * wide) as usize;
        for entry in entries.iter().skip(known) {
            state.follow(&Record::decode(entry)?);
        }
    }
    Ok(state)
}

/// The seeds of a bundle, but for those of entries that no checkpoint covers.
fn read_seeds(files: &Files, bundle: u64, size: u64) -> Result<Vec<u8>, LedgerError> {
    let wide = u64::from(TILE_WIDTH);
    let mut seeds = files.read(&seeds_name(bundle))?.unwrap_or_default();
    let width = (size - bundle * wide).min(wide);
    let entries = match width {
        0 => Vec::new(),
        width => read_entries(files, &Tile::entries(bundle, width as u16))?,
    };
    let is_batch = |entry: &&Vec<u8>| matches!(Record::decode(entry), Ok(Record::Batch(_)));
    seeds.truncate(entries.iter().filter(is_batch).count() * SEED_RECORD_BYTES);
    Ok(seeds)
}
