//! Hashes as RFC 6962 (section 2.1) makes them, and how they are written.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// Length of a hash, in bytes.
pub const HASH_BYTES: usize = 32;

/// A SHA-256 hash. Written in lower-case hexadecimal, also by serde.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_BYTES]);

impl Hash {
    /// The SHA-256 of some bytes, without any prefix.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The SHA-256 of some parts, one after the other.
    pub(crate) fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut hash = [0; HASH_BYTES];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }

    /// The hash that these bytes are, if they are as long as one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads lower-case hexadecimal.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; HASH_BYTES];
        let text = text.as_bytes();
        if text.len() != 2 * HASH_BYTES {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// Writes it in base64, as checkpoints and proofs do.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        decode_base64(text).and_then(|bytes| Self::from_bytes(&bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text)
            .ok_or_else(|| serde::de::Error::custom("a hash is 64 lower-case hexadecimal digits"))
    }
}

/// The hash of a leaf: SHA-256(0x00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], data])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[1], &left.0, &right.0])
}

/// The hash of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// The root over leaf hashes that are all at hand: MTH of RFC 6962.
pub fn root_of(leaves: &[Hash]) -> Hash {
    // One hash for each perfect subtree so far, the largest first: the bits of the count.
    let mut subtrees: Vec<Hash> = Vec::with_capacity(64);
    for (index, leaf) in leaves.iter().enumerate() {
        let mut hash = *leaf;
        for _ in 0..index.trailing_ones() {
            if let Some(left) = subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        subtrees.push(hash);
    }
    let joined = subtrees.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
    joined.unwrap_or_else(empty_root)
}

/// Decodes standard base64 with padding, and nothing else.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Encodes standard base64 with padding.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads a decimal number as it is written, without sign or leading zeros.
pub(crate) fn parse_decimal(text: &str, what: &'static str) -> Result<u64, Error> {
    let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    number.ok_or_else(|| Error::malformed(what, format!("`{text}` is not a decimal number")))
}
