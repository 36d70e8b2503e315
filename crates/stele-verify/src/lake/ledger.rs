//! The ledger itself: checkpoint, entries, tiles, and older checkpoints.
//!
//! Entries are read one bundle after the other and hashed; the tiles must be what that gives, and
//! the root must be the checkpoint's. What the entries say counts only after that.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use stele_ledger::Error as LedgerError;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::entry::split_bundle;
use stele_ledger::hash::{HASH_BYTES, Hash, leaf_hash};
use stele_ledger::key::VerifierKey;
use stele_ledger::note::{NOTE_BYTES_MAX, Note};
use stele_ledger::proof::TreeHead;
use stele_ledger::tile::{TILE_WIDTH, Tile, TileKind};
use stele_ledger::tree::{FileWrite, Tree};

use super::Context;
use super::finding::{Finding, Kind};
use super::history::History;
use super::kept::{Kept, compare, trusted};
use super::place::TILE_BYTES_MAX;
use super::remote::Ahead;
use super::witnessed::{self, Witnessed};

const WIDE: u64 = TILE_WIDTH as u64;

/// A ledger whose entries are under a signed root.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) head: TreeHead,
    pub(super) note: Note,
    pub(super) keys: Vec<VerifierKey>,
    /// The checkpoint's bytes, to notice that there is a newer one.
    pub(super) bytes: Vec<u8>,
    /// Which of the kept checkpoints are signed and consistent.
    pub(super) sound: Vec<bool>,
    /// The largest checkpoint that enough witnesses have signed, where any has to.
    pub(super) witnessed: Option<Witnessed>,
}

/// Verifies the ledger. Gives nothing where what its entries say must not be believed.
pub(super) fn verify(ctx: &Context<'_>, history: &mut History, kept: &[Kept]) -> Option<Proven> {
    let name = ctx.place.ledger("checkpoint");
    let find = |kind: Kind, detail: String| {
        ctx.findings.find(Finding::new(kind).object(&name).detail(detail));
    };
    let bytes = match ctx.place.read(&name, NOTE_BYTES_MAX as u64) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            find(Kind::CheckpointMissing, String::new());
            return None;
        }
        Err(error) => {
            find(Kind::Unreadable, error.to_string());
            return None;
        }
    };
    let parsed = Note::parse(&bytes).and_then(|note| {
        let checkpoint: Checkpoint = note.text.parse()?;
        Ok((note, checkpoint))
    });
    let (note, checkpoint) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            find(Kind::CheckpointForm, error.to_string());
            return None;
        }
    };
    let origin = ctx.origin();
    if checkpoint.origin != origin {
        find(
            Kind::CheckpointOrigin,
            format!("it is of `{}`, not of `{origin}`", checkpoint.origin),
        );
        return None;
    }
    let head = checkpoint.head;
    ctx.size.store(head.size, std::sync::atomic::Ordering::Relaxed);
    let mut walk = Walk::new(ctx, head.size, kept);
    if !walk.run(history) {
        return None;
    }
    let keys = trusted(ctx, history, &walk.roots, kept);
    if let Err(error) = Checkpoint::of_note(&note, origin, &keys) {
        let kind = match error {
            LedgerError::BadSignature { .. } => Kind::CheckpointSignature,
            _ => Kind::CheckpointUnsigned,
        };
        find(kind, error.to_string());
        return None;
    }
    if !checkpoint.extensions.is_empty() {
        find(Kind::CheckpointExtension, format!("{:?}", checkpoint.extensions));
    }
    if !walk.judge(head.root) {
        return None;
    }
    let compared = kept.iter().map(|one| compare(ctx, one, head, &keys, &walk.roots));
    let sound: Vec<bool> = compared.collect();
    let kept = kept.iter().zip(&sound).filter(|(_, sound)| **sound).map(|(one, _)| one);
    let end_micros = history.time_range.map_or(0, |(_, latest)| latest);
    let witnessed = witnessed::judge(ctx, (&name, head.size, &note), kept, end_micros);
    Some(Proven { head, note, keys, bytes, sound, witnessed })
}

/// The walk over all entries.
struct Walk<'a> {
    ctx: &'a Context<'a>,
    size: u64,
    tree: Tree,
    /// The roots at the sizes of kept checkpoints.
    roots: BTreeMap<u64, Hash>,
    /// Which widths of each tile there are.
    listed: BTreeMap<(TileKind, u64), Vec<u16>>,
    /// Entries whose hashes are not those in the tile of level 0.
    suspects: Vec<u64>,
    /// Tiles that are not what the entries give.
    differing: Vec<Finding>,
    /// Whether a file was there and could not be read.
    unreadable: Cell<bool>,
}

impl<'a> Walk<'a> {
    fn new(ctx: &'a Context<'a>, size: u64, kept: &[Kept]) -> Self {
        let roots = kept.iter().map(Kept::size).filter(|s| (1..=size).contains(s));
        let roots = roots.map(|size| (size, Hash([0; HASH_BYTES]))).collect();
        let mut listed: BTreeMap<_, Vec<u16>> = BTreeMap::new();
        let folder = ctx.place.ledger("tile/");
        let names = ctx.place.list(ctx, &folder).files;
        ctx.place.expect(names.keys().map(|name| format!("{folder}{name}")), Ahead::All);
        ctx.place.expect_below(ctx, &ctx.place.table("_delta_log/"));
        for name in names.into_keys() {
            let path = format!("tile/{name}");
            if let Ok(tile) = path.parse::<Tile>() {
                listed.entry((tile.kind, tile.index)).or_default().push(tile.width);
            } else {
                let name = ctx.place.ledger(&path);
                ctx.findings.find(Finding::new(Kind::LedgerForeign).object(name));
            }
        }
        Self {
            ctx,
            size,
            tree: Tree::default(),
            roots,
            listed,
            suspects: Vec::new(),
            differing: Vec::new(),
            unreadable: Cell::new(false),
        }
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = self.ctx.place.read(name, TILE_BYTES_MAX);
        bytes.unwrap_or_else(|error| {
            self.unreadable.set(true);
            let finding = Finding::new(Kind::Unreadable).object(name);
            self.ctx.findings.find(finding.detail(error.to_string()));
            None
        })
    }

    /// Reads everything; whether all entries were there.
    fn run(&mut self, history: &mut History) -> bool {
        let mut edge: BTreeMap<TileKind, FileWrite> = BTreeMap::new();
        for bundle in 0..self.size.div_ceil(WIDE) {
            let first = bundle * WIDE;
            let width = (self.size - first).min(WIDE) as u16;
            let Some(entries) = self.entries(bundle, width) else { return false };
            let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            let wanted: Vec<_> = self.roots.range(first + 1..=first + u64::from(width)).collect();
            let wanted: Vec<u64> = wanted.into_iter().map(|(size, _)| *size).collect();
            for size in wanted {
                let mut part = self.tree.clone();
                part.append(&leaves[..(size - first) as usize]);
                self.roots.insert(size, part.root());
            }
            for write in self.tree.append(&leaves) {
                if write.tile.width == TILE_WIDTH {
                    edge.remove(&write.tile.kind);
                    self.compare_tile(&write);
                } else {
                    edge.insert(write.tile.kind, write);
                }
            }
            for (index, entry) in (first..).zip(&entries) {
                history.push(self.ctx, index, entry);
            }
        }
        for write in edge.values() {
            self.compare_tile(write);
        }
        true
    }

    /// The entries of a bundle; all files that there are of it must agree.
    fn entries(&self, bundle: u64, width: u16) -> Option<Vec<Vec<u8>>> {
        let wanted = Tile::entries(bundle, width);
        let find = |kind: Kind, tile: Tile, detail: String| {
            let name = self.ctx.place.ledger(&tile.to_string());
            self.ctx.findings.find(Finding::new(kind).object(name).detail(detail));
        };
        let mut found: Vec<(Tile, Vec<Vec<u8>>)> = Vec::new();
        self.each_file(wanted, |tile, bytes| match split_bundle(bytes) {
            Ok(entries) if entries.len() == usize::from(tile.width) => {
                found.push((tile, entries.into_iter().map(<[u8]>::to_vec).collect()));
            }
            Ok(entries) => find(Kind::EntriesForm, tile, format!("{} entries", entries.len())),
            Err(error) => find(Kind::EntriesForm, tile, error.to_string()),
        });
        let at = found.iter().position(|(tile, _)| tile.width >= width);
        let Some(at) = at else {
            // What is there and cannot be read is not gone; that it cannot has been said.
            if !self.unreadable.get() {
                find(Kind::EntriesMissing, wanted, String::new());
            }
            return None;
        };
        let (_, mut entries) = found.swap_remove(at);
        for (tile, others) in &found {
            let differs = others.iter().zip(&entries).position(|(other, entry)| other != entry);
            if let Some(place) = differs {
                let index = bundle * WIDE + place as u64;
                let finding = Finding::new(Kind::EntryChanged).record(format!("entry {index}"));
                let finding = finding.object(self.ctx.place.ledger(&tile.to_string()));
                self.ctx.findings.find(finding.detail("files of this bundle disagree"));
            }
        }
        entries.truncate(width.into());
        Some(entries)
    }

    /// Gives every file that there is of a tile or a bundle, and says whether one of them is wide
    /// enough. A server at work replaces narrow files by wider ones: where none is found that is
    /// wide enough, those are read that have come since.
    fn each_file(&self, wanted: Tile, mut take: impl FnMut(Tile, &[u8])) -> bool {
        let listed = self.listed.get(&(wanted.kind, wanted.index));
        let mut widths: BTreeSet<u16> = listed.into_iter().flatten().copied().collect();
        widths.extend([wanted.width, TILE_WIDTH]);
        let mut tried = BTreeSet::new();
        let mut is_served = false;
        while !widths.is_empty() {
            for width in &widths {
                let tile = Tile { width: *width, ..wanted };
                if let Some(bytes) = self.read(&self.ctx.place.ledger(&tile.to_string())) {
                    is_served |= *width >= wanted.width;
                    take(tile, &bytes);
                }
            }
            tried.append(&mut widths);
            if !is_served {
                widths = self.ctx.place.widths(wanted).difference(&tried).copied().collect();
            }
        }
        is_served
    }

    /// Compares a tile of hashes with what the entries give; all files that there are of it.
    fn compare_tile(&mut self, write: &FileWrite) {
        let tile = write.tile;
        let mut differing = Vec::new();
        let mut suspects = Vec::new();
        let is_served = self.each_file(tile, |one, bytes| {
            let name = self.ctx.place.ledger(&one.to_string());
            let finding = Finding::new(Kind::TileDiffers).object(&name);
            if bytes.len() != usize::from(one.width) * HASH_BYTES {
                let detail = format!("it has {} bytes", bytes.len());
                differing.push(finding.detail(detail));
                return;
            }
            let pairs = bytes.chunks(HASH_BYTES).zip(write.bytes.chunks(HASH_BYTES));
            let differs: Vec<_> =
                pairs.enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at as u64).collect();
            if let Some(first) = differs.first() {
                let count = differs.len();
                let detail = format!("{count} hashes differ, the first at {first}");
                differing.push(finding.detail(detail));
            }
            if tile.kind == (TileKind::Hashes { level: 0 }) {
                suspects.extend(differs.iter().map(|at| tile.index * WIDE + at));
            }
        });
        self.differing.append(&mut differing);
        self.suspects.append(&mut suspects);
        if !is_served && !self.unreadable.get() {
            let name = self.ctx.place.ledger(&tile.to_string());
            self.ctx.findings.find(Finding::new(Kind::TileMissing).object(name));
        }
    }

    /// Compares the root. Where it is another, says which entries are not those that were signed.
    fn judge(&mut self, root: Hash) -> bool {
        if self.tree.root() == root {
            self.differing.drain(..).for_each(|finding| self.ctx.findings.find(finding));
            return true;
        }
        if self.suspects.is_empty() {
            let name = self.ctx.place.ledger("checkpoint");
            self.ctx.findings.find(Finding::new(Kind::RootDiffers).object(name));
            self.differing.drain(..).for_each(|finding| self.ctx.findings.find(finding));
        }
        self.suspects.sort_unstable();
        self.suspects.dedup();
        for index in &self.suspects {
            let name = self.ctx.entry_file(*index);
            let finding = Finding::new(Kind::EntryChanged).object(name);
            self.ctx.findings.find(finding.record(format!("entry {index}")));
        }
        false
    }
}
