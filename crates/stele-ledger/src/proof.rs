//! Inclusion and consistency proofs (RFC 6962 section 2.1, RFC 9162 section 2.1).

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::Error;
use crate::hash::{Hash, node_hash, root_of};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileKind, Tiles, read_hashes};

/// Knows the hashes of perfect subtrees.
pub trait Subtrees {
    /// The hash over the leaves `index * 2^level .. (index + 1) * 2^level`.
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Error>;
}

/// Leaf hashes that are all at hand, such as those of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Leaves<'a>(pub &'a [Hash]);

impl Subtrees for Leaves<'_> {
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Error> {
        let limit = self.0.len() as u64;
        let outside = Error::OutOfRange { what: "subtree", value: index, limit };
        let Some((begin, end)) = span(level, index).filter(|(_, end)| *end <= limit) else {
            return Err(outside);
        };
        let leaves = &self.0[begin as usize..end as usize];
        Ok(root_of(leaves))
    }
}

/// The tiles of a ledger at a size. It remembers what it has read: make one for each proof.
pub struct TileSubtrees<'a> {
    tiles: &'a dyn Tiles,
    size: u64,
    read: RefCell<BTreeMap<Tile, Vec<Hash>>>,
}

impl std::fmt::Debug for TileSubtrees<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TileSubtrees").field("size", &self.size).finish_non_exhaustive()
    }
}

impl<'a> TileSubtrees<'a> {
    /// The tiles of a ledger of this size.
    pub fn new(tiles: &'a dyn Tiles, size: u64) -> Self {
        Self { tiles, size, read: RefCell::default() }
    }
}

impl Subtrees for TileSubtrees<'_> {
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Error> {
        let outside = Error::OutOfRange { what: "subtree", value: index, limit: self.size };
        if span(level, index).is_none_or(|(_, end)| end > self.size) {
            return Err(outside);
        }
        let kind = TileKind::Hashes { level: (level / TILE_HEIGHT) as u8 };
        let count = kind.count(self.size);
        let wide = u64::from(TILE_WIDTH);
        let first = index << (level % TILE_HEIGHT);
        let last = first + (1 << (level % TILE_HEIGHT)) - 1;
        let tile_index = first / wide;
        let width = (count - tile_index * wide).min(wide) as u16;
        let tile = Tile { kind, index: tile_index, width };
        let mut read = self.read.borrow_mut();
        let hashes = match read.entry(tile) {
            std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(read_hashes(self.tiles, &tile)?)
            }
        };
        Ok(root_of(&hashes[(first % wide) as usize..=(last % wide) as usize]))
    }
}

/// The root of a tree of this size.
pub fn root_at(size: u64, subtrees: &dyn Subtrees) -> Result<Hash, Error> {
    if size == 0 { Ok(crate::hash::empty_root()) } else { range_hash(subtrees, 0, size) }
}

/// The path from a leaf to the root of a tree of this size, the leaf's sibling first.
pub fn prove_inclusion(index: u64, size: u64, subtrees: &dyn Subtrees) -> Result<Vec<Hash>, Error> {
    if index >= size {
        return Err(Error::OutOfRange { what: "leaf", value: index, limit: size });
    }
    let (mut begin, mut end) = (0, size);
    let mut path = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        let (other_begin, other_end);
        if index < middle {
            (other_begin, other_end, end) = (middle, end, middle);
        } else {
            (other_begin, other_end, begin) = (begin, middle, middle);
        }
        path.push(range_hash(subtrees, other_begin, other_end)?);
    }
    path.reverse();
    Ok(path)
}

/// The proof that a tree of the new size begins with the tree of the old size. Empty where the
/// old one is empty or as long as the new one.
pub fn prove_consistency(
    old_size: u64,
    new_size: u64,
    subtrees: &dyn Subtrees,
) -> Result<Vec<Hash>, Error> {
    if old_size > new_size {
        let limit = new_size.saturating_add(1);
        return Err(Error::OutOfRange { what: "old size", value: old_size, limit });
    }
    if old_size == 0 || old_size == new_size {
        return Ok(Vec::new());
    }
    let (mut begin, mut end) = (0, new_size);
    let mut path = Vec::new();
    // RFC 6962's SUBPROOF: walk down to where the old tree ends.
    while end != old_size {
        let middle = begin + split(end - begin);
        let (other_begin, other_end);
        if old_size <= middle {
            (other_begin, other_end, end) = (middle, end, middle);
        } else {
            (other_begin, other_end, begin) = (begin, middle, middle);
        }
        path.push(range_hash(subtrees, other_begin, other_end)?);
    }
    if begin != 0 {
        path.push(range_hash(subtrees, begin, end)?);
    }
    path.reverse();
    Ok(path)
}

/// The root that a leaf and its path lead to (RFC 9162 section 2.1.3.2).
pub fn root_from_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Result<Hash, Error> {
    if index >= size {
        return Err(Error::OutOfRange { what: "leaf", value: index, limit: size });
    }
    let wrong = || Error::malformed("inclusion proof", format!("{} hashes", path.len()));
    let (mut place, mut last) = (index, size - 1);
    let mut root = leaf;
    for hash in path {
        if last == 0 {
            return Err(wrong());
        }
        if place & 1 == 1 || place == last {
            root = node_hash(hash, &root);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(root) } else { Err(wrong()) }
}

/// Checks that a leaf stands at an index of a tree.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    path: &[Hash],
) -> Result<(), Error> {
    let found = root_from_path(leaf, index, size, path)?;
    if found == root { Ok(()) } else { Err(Error::Mismatch { what: "the root of the tree" }) }
}

/// A tree, as a checkpoint names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Checks that the new tree begins with the old one (RFC 9162 section 2.1.4.2).
pub fn verify_consistency(old: TreeHead, new: TreeHead, path: &[Hash]) -> Result<(), Error> {
    if old.size > new.size {
        let limit = new.size.saturating_add(1);
        return Err(Error::OutOfRange { what: "old size", value: old.size, limit });
    }
    let wrong = || Error::malformed("consistency proof", format!("{} hashes", path.len()));
    let mismatch = Err(Error::Mismatch { what: "the old tree with the beginning of the new one" });
    if old.size == 0 || old.size == new.size {
        let roots_fit = old.root == if old.size == 0 { root_of(&[]) } else { new.root };
        return match (path.is_empty(), roots_fit) {
            (false, _) => Err(wrong()),
            (true, true) => Ok(()),
            (true, false) => mismatch,
        };
    }
    let (mut place, mut last) = (old.size - 1, new.size - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    // Where the old tree is one perfect subtree, its root is where both walks begin.
    let mut path = path.iter();
    let first = if place == 0 { old.root } else { *path.next().ok_or_else(wrong)? };
    let (mut old_root, mut new_root) = (first, first);
    for hash in path {
        if last == 0 {
            return Err(wrong());
        }
        if place & 1 == 1 || place == last {
            old_root = node_hash(hash, &old_root);
            new_root = node_hash(hash, &new_root);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            new_root = node_hash(&new_root, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong());
    }
    if old_root == old.root && new_root == new.root { Ok(()) } else { mismatch }
}

/// The leaves under a subtree, if there can be so many.
fn span(level: u32, index: u64) -> Option<(u64, u64)> {
    let width = 1_u64.checked_shl(level)?;
    let begin = index.checked_mul(width)?;
    Some((begin, begin.checked_add(width)?))
}

/// The largest power of two below a number that is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The hash over a range of leaves that the recursion of RFC 6962 arrives at.
fn range_hash(subtrees: &dyn Subtrees, begin: u64, end: u64) -> Result<Hash, Error> {
    let count = end - begin;
    if count.is_power_of_two() {
        return subtrees.subtree(count.ilog2(), begin >> count.ilog2());
    }
    let middle = begin + split(count);
    let left = range_hash(subtrees, begin, middle)?;
    Ok(node_hash(&left, &range_hash(subtrees, middle, end)?))
}
