//! A ledger that grows: what to write when entries come, and the root at its size.

use crate::Error;
use crate::entry::{ENTRY_BYTES_MAX, put_entry};
use crate::hash::{HASH_BYTES, Hash, empty_root, leaf_hash, node_hash, root_of};
use crate::tile::{LEVELS_MAX, TILE_WIDTH, Tile, TileKind, Tiles, read_entries, read_hashes};

/// A file to write. Its content replaces whatever is at its path: what is there can only be from
/// a size for which no checkpoint was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWrite {
    /// Which file.
    pub tile: Tile,
    /// Its whole content.
    pub bytes: Vec<u8>,
}

/// A tree, held as its right edge: for each level of tiles, the hashes of the tile that is not
/// full. That is all a longer tree needs, and it is read back from the tiles of any size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    edge: Vec<Vec<Hash>>,
}

impl Tree {
    /// Reads the tree of a size back from its tiles. The caller compares [`Tree::root`] with the
    /// checkpoint.
    pub fn load(size: u64, tiles: &dyn Tiles) -> Result<Self, Error> {
        let mut edge = Vec::new();
        for level in (0..LEVELS_MAX).take_while(|l| TileKind::Hashes { level: *l }.count(size) > 0)
        {
            let kind = TileKind::Hashes { level };
            let partial = Tile::partials(size).find(|tile| tile.kind == kind);
            edge.push(partial.map_or(Ok(Vec::new()), |tile| read_hashes(tiles, &tile))?);
        }
        Ok(Self { size, edge })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends leaf hashes and gives the tiles that change.
    pub fn append(&mut self, leaves: &[Hash]) -> Vec<FileWrite> {
        let mut writes = Vec::new();
        let mut hashes = leaves.to_vec();
        let mut level = 0_u8;
        while !hashes.is_empty() {
            if self.edge.len() == usize::from(level) {
                self.edge.push(Vec::new());
            }
            let count = TileKind::Hashes { level }.count(self.size);
            let mut index = count / u64::from(TILE_WIDTH);
            let row = &mut self.edge[usize::from(level)];
            let mut parents = Vec::new();
            for hash in hashes {
                row.push(hash);
                if row.len() == usize::from(TILE_WIDTH) {
                    writes.push(tile_of(level, index, row));
                    parents.push(root_of(row));
                    row.clear();
                    index += 1;
                }
            }
            if !row.is_empty() {
                writes.push(tile_of(level, index, row));
            }
            hashes = parents;
            level += 1;
        }
        self.size += leaves.len() as u64;
        writes
    }

    /// The root at its size.
    pub fn root(&self) -> Hash {
        let mut right: Option<Hash> = None;
        for row in &self.edge {
            // The bits of the row's length, lowest first, are its perfect subtrees from the right.
            let mut end = row.len();
            while end > 0 {
                let begin = end - (1 << end.trailing_zeros());
                let left = root_of(&row[begin..end]);
                right = Some(right.map_or(left, |right| node_hash(&left, &right)));
                end = begin;
            }
        }
        right.unwrap_or_else(empty_root)
    }
}

fn tile_of(level: u8, index: u64, row: &[Hash]) -> FileWrite {
    let mut bytes = Vec::with_capacity(row.len() * HASH_BYTES);
    for hash in row {
        bytes.extend(hash.0);
    }
    FileWrite { tile: Tile::hashes(level, index, row.len() as u16), bytes }
}

/// A tree with the entries under it: what a writer holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    tree: Tree,
    /// The bundle that is not full, as bytes.
    bundle: Vec<u8>,
}

impl Log {
    /// Reads the log of a size back from its files.
    pub fn load(size: u64, tiles: &dyn Tiles) -> Result<Self, Error> {
        let tree = Tree::load(size, tiles)?;
        let mut bundle = Vec::new();
        if let Some(tile) = Tile::partials(size).find(|tile| tile.kind == TileKind::Entries) {
            let entries = read_entries(tiles, &tile)?;
            let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            if tree.edge.first() != Some(&leaves) {
                return Err(Error::Mismatch { what: "the last bundle with the hashes of it" });
            }
            entries.iter().try_for_each(|entry| put_entry(&mut bundle, entry))?;
        }
        Ok(Self { tree, bundle })
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.tree.size
    }

    /// The root at its size.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Appends entries and gives the files that change. All of them must be durable before a
    /// checkpoint of the new size is signed.
    ///
    /// # Errors
    /// Where an entry is longer than [`ENTRY_BYTES_MAX`]; then nothing is appended.
    pub fn append(&mut self, entries: &[Vec<u8>]) -> Result<Vec<FileWrite>, Error> {
        if let Some(long) = entries.iter().find(|entry| entry.len() > ENTRY_BYTES_MAX) {
            let bytes = long.len();
            return Err(Error::TooLong { what: "an entry", bytes, bytes_max: ENTRY_BYTES_MAX });
        }
        let wide = u64::from(TILE_WIDTH);
        let mut writes = Vec::new();
        for (place, entry) in (self.tree.size..).zip(entries) {
            put_entry(&mut self.bundle, entry)?;
            if (place + 1) % wide == 0 {
                let tile = Tile::entries(place / wide, TILE_WIDTH);
                writes.push(FileWrite { tile, bytes: std::mem::take(&mut self.bundle) });
            }
        }
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let tiles = self.tree.append(&leaves);
        if !entries.is_empty() && !self.bundle.is_empty() {
            let tile = Tile::entries(self.tree.size / wide, (self.tree.size % wide) as u16);
            writes.push(FileWrite { tile, bytes: self.bundle.clone() });
        }
        writes.extend(tiles);
        Ok(writes)
    }
}
