//! Salts of events, and how one is forgotten for good.
//!
//! The salts of a batch come from one seed: a binary tree of depth 14 (Goldreich, Goldwasser and
//! Micali 1986), whose children are hashes of their parent. To puncture the seed at a position is
//! to keep, instead of it, the siblings along the way down: they give every salt but that one.
//! Without its salt nobody can guess an erased event's content from its leaf hash.

use std::fmt;
use std::ops::Range;

use crate::Error;
use crate::hash::{HASH_BYTES, Hash};

/// Length of a salt, in bytes.
pub const SALT_BYTES: usize = 16;
/// A batch has at most this many positions: 2^14.
pub const POSITIONS_MAX: u32 = 1 << DEPTH;
const DEPTH: u8 = 14;
const LEFT: &[u8] = b"stele/salt/v1/0";
const RIGHT: &[u8] = b"stele/salt/v1/1";
const COMMITMENT: &[u8] = b"stele/seed/v1";

/// The salt of one event.
pub type Salt = [u8; SALT_BYTES];

/// The hash of an event: SHA-256(0x00 ‖ salt ‖ bytes as received).
pub fn event_leaf(salt: &Salt, raw: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], salt, raw])
}

/// What the ledger says of a seed without saying the seed.
pub fn seed_commitment(seed: &[u8; HASH_BYTES]) -> Hash {
    Hash::of_parts(&[COMMITMENT, seed])
}

/// A node of the tree: it stands for the positions below it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Node {
    depth: u8,
    /// From the left, among those of its depth.
    index: u32,
    secret: [u8; HASH_BYTES],
}

impl Node {
    fn positions(&self) -> Range<u32> {
        let height = DEPTH - self.depth;
        self.index << height..(self.index + 1) << height
    }

    fn child(&self, right: bool) -> Self {
        let side = if right { RIGHT } else { LEFT };
        let Hash(secret) = Hash::of_parts(&[side, &self.secret]);
        Self { depth: self.depth + 1, index: self.index * 2 + u32::from(right), secret }
    }

    /// Whether the way to a position below it goes to the right.
    fn goes_right(&self, position: u32) -> bool {
        position >> (DEPTH - self.depth - 1) & 1 == 1
    }
}

/// What the salts of a batch are derived from: its seed, or what is left of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SaltKey {
    /// From left to right; they do not overlap.
    nodes: Vec<Node>,
}

impl fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaltKey({} nodes)", self.nodes.len())
    }
}

impl SaltKey {
    /// The key that nothing was taken from yet.
    pub fn from_seed(seed: [u8; HASH_BYTES]) -> Self {
        Self { nodes: vec![Node { depth: 0, index: 0, secret: seed }] }
    }

    /// The seed, as long as nothing was taken from it.
    pub fn seed(&self) -> Option<&[u8; HASH_BYTES]> {
        self.nodes.first().filter(|node| node.depth == 0).map(|node| &node.secret)
    }

    /// The salt of a position, unless it was erased.
    pub fn salt(&self, position: u32) -> Option<Salt> {
        self.salts(position..position.checked_add(1)?).next().flatten()
    }

    /// The salts of some positions; erased ones are `None`. Costs two hashes a position where they
    /// are consecutive.
    pub fn salts(
        &self,
        positions: impl IntoIterator<Item = u32>,
    ) -> impl Iterator<Item = Option<Salt>> {
        let mut way: Vec<Node> = Vec::with_capacity(usize::from(DEPTH) + 1);
        positions.into_iter().map(move |position| {
            while way.last().is_some_and(|node| !node.positions().contains(&position)) {
                way.pop();
            }
            if way.is_empty() {
                way.push(self.nodes[self.find(position)?]);
            }
            let mut node = *way.last()?;
            while node.depth < DEPTH {
                node = node.child(node.goes_right(position));
                way.push(node);
            }
            node.secret.first_chunk().copied()
        })
    }

    /// Forgets the salt of a position. Whether it was there to be forgotten is returned.
    pub fn puncture(&mut self, position: u32) -> bool {
        let Some(at) = self.find(position) else { return false };
        let mut node = self.nodes[at];
        let (mut left, mut right) = (Vec::new(), Vec::new());
        while node.depth < DEPTH {
            let goes_right = node.goes_right(position);
            let side = if goes_right { &mut left } else { &mut right };
            side.push(node.child(!goes_right));
            node = node.child(goes_right);
        }
        right.reverse();
        self.nodes.splice(at..=at, left.into_iter().chain(right));
        true
    }

    fn find(&self, position: u32) -> Option<usize> {
        let at = self.nodes.partition_point(|node| node.positions().end <= position);
        self.nodes.get(at).filter(|node| node.positions().contains(&position)).map(|_| at)
    }

    /// Its bytes: for each node its depth (1), its index (2, big endian) and its secret (32).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.nodes.len() * NODE_BYTES);
        for node in &self.nodes {
            bytes.push(node.depth);
            bytes.extend((node.index as u16).to_be_bytes());
            bytes.extend(node.secret);
        }
        bytes
    }

    /// Reads the bytes back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("salt key", reason);
        let mut nodes: Vec<Node> = Vec::new();
        for part in bytes.chunks(NODE_BYTES) {
            let part: &[u8; NODE_BYTES] = part.try_into().map_err(|_| wrong("it is cut short"))?;
            let (head, secret) = part.split_at(NODE_BYTES - HASH_BYTES);
            let index = u32::from(u16::from_be_bytes([head[1], head[2]]));
            let secret = secret.try_into().map_err(|_| wrong("it is cut short"))?;
            let node = Node { depth: head[0], index, secret };
            if node.depth > DEPTH || index >> node.depth != 0 {
                return Err(wrong("a node lies outside of the tree"));
            }
            let before = nodes.last().map_or(0, |before| before.positions().end);
            if node.positions().start < before {
                return Err(wrong("its nodes are not in order"));
            }
            nodes.push(node);
        }
        Ok(Self { nodes })
    }
}

const NODE_BYTES: usize = 3 + HASH_BYTES;
