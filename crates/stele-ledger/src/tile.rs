//! The files of a ledger (C2SP tlog-tiles): their paths, and what stands in them.

use std::fmt;
use std::str::FromStr;

use crate::hash::{HASH_BYTES, Hash, parse_decimal};
use crate::{Error, entry};

/// A full tile holds this many hashes, a full bundle this many entries.
pub const TILE_WIDTH: u16 = 256;
/// log2 of [`TILE_WIDTH`]: a tile spans this many levels of the tree.
pub(crate) const TILE_HEIGHT: u32 = 8;
/// Levels of tiles that a tree of less than 2^64 leaves can have.
pub(crate) const LEVELS_MAX: u8 = 8;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// Hashes of subtrees of 256^level leaves.
    Hashes {
        /// The level, 0 for hashes of leaves.
        level: u8,
    },
    /// The entries themselves.
    Entries,
}

/// One file of a ledger; `Display` gives its path, such as `tile/0/x001/234.p/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// What it holds.
    pub kind: TileKind,
    /// Which of its kind it is, from the left.
    pub index: u64,
    /// How many hashes or entries it holds: 1 to 256, 256 for a full one.
    pub width: u16,
}

impl Tile {
    /// A tile of hashes.
    pub fn hashes(level: u8, index: u64, width: u16) -> Self {
        Self { kind: TileKind::Hashes { level }, index, width }
    }

    /// A bundle of entries.
    pub fn entries(index: u64, width: u16) -> Self {
        Self { kind: TileKind::Entries, index, width }
    }

    /// The same tile when it is full.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// All files that a ledger of this size consists of, full and partial.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let kinds = (0..LEVELS_MAX).map(|level| TileKind::Hashes { level });
        kinds.chain([TileKind::Entries]).flat_map(move |kind| {
            let count = kind.count(size);
            let wide = u64::from(TILE_WIDTH);
            (0..count.div_ceil(wide)).map(move |index| {
                let width = (count - index * wide).min(wide) as u16;
                Self { kind, index, width }
            })
        })
    }

    /// The partial files among them: those that a longer ledger replaces.
    pub fn partials(size: u64) -> impl Iterator<Item = Self> {
        let kinds = (0..LEVELS_MAX).map(|level| TileKind::Hashes { level });
        kinds.chain([TileKind::Entries]).filter_map(move |kind| {
            let count = kind.count(size);
            let width = (count % u64::from(TILE_WIDTH)) as u16;
            (width > 0).then_some(Self { kind, index: count / u64::from(TILE_WIDTH), width })
        })
    }
}

impl TileKind {
    /// How many hashes or entries of this kind a ledger of this size has.
    pub(crate) fn count(self, size: u64) -> u64 {
        match self {
            Self::Hashes { level } => size >> (TILE_HEIGHT * u32::from(level)),
            Self::Entries => size,
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}")?,
            TileKind::Entries => write!(f, "tile/entries")?,
        }
        let digits = self.index.to_string();
        let digits = format!("{digits:0>0$}", digits.len().div_ceil(3) * 3);
        for (at, group) in digits.as_bytes().chunks(3).enumerate() {
            let last = (at + 1) * 3 == digits.len();
            let mark = if last { "" } else { "x" };
            write!(f, "/{mark}{}", String::from_utf8_lossy(group))?;
        }
        if self.width < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Tile {
    type Err = Error;

    fn from_str(path: &str) -> Result<Self, Error> {
        let wrong = || Error::malformed("path of a tile", format!("`{path}`"));
        let rest = path.strip_prefix("tile/").ok_or_else(wrong)?;
        let (kind, rest) = rest.split_once('/').ok_or_else(wrong)?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => {
                let level = level.parse().ok().filter(|level| *level < 64);
                TileKind::Hashes { level: level.ok_or_else(wrong)? }
            }
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, parse_decimal(width, "width of a tile")? as u16),
            None => (rest, TILE_WIDTH),
        };
        let digits = index.replace("/x", "/").replace('/', "");
        let digits = digits.strip_prefix('x').unwrap_or(&digits);
        let tile = Self { kind, index: digits.parse().map_err(|_| wrong())?, width };
        if width > 0 && tile.to_string() == path { Ok(tile) } else { Err(wrong()) }
    }
}

/// Reads the files of a ledger, wherever they are.
pub trait Tiles {
    /// The bytes of a file, or `None` where it does not exist.
    fn read(
        &self,
        tile: &Tile,
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>>;
}

/// Reads the hashes of a tile. Where a partial one is gone, the full one serves: it begins with
/// the same hashes.
pub fn read_hashes(tiles: &dyn Tiles, tile: &Tile) -> Result<Vec<Hash>, Error> {
    let (found, bytes) = read_either(tiles, tile)?;
    let path = || format!("`{found}` has {} bytes", bytes.len());
    if bytes.len() != usize::from(found.width) * HASH_BYTES {
        return Err(Error::malformed("tile", path()));
    }
    let hashes = bytes.chunks_exact(HASH_BYTES).filter_map(Hash::from_bytes);
    Ok(hashes.take(tile.width.into()).collect())
}

/// Reads the entries of a bundle, in the same way.
pub fn read_entries(tiles: &dyn Tiles, tile: &Tile) -> Result<Vec<Vec<u8>>, Error> {
    let (found, bytes) = read_either(tiles, tile)?;
    let entries = entry::split_bundle(&bytes)
        .ok()
        .filter(|entries| entries.len() == usize::from(found.width));
    let entries = entries.ok_or_else(|| Error::malformed("bundle", format!("`{found}`")))?;
    Ok(entries.into_iter().take(tile.width.into()).map(<[u8]>::to_vec).collect())
}

fn read_either(tiles: &dyn Tiles, tile: &Tile) -> Result<(Tile, Vec<u8>), Error> {
    let candidates = [*tile, tile.full()];
    let count = if tile.width == TILE_WIDTH { 1 } else { 2 };
    for candidate in candidates.into_iter().take(count) {
        let read = tiles.read(&candidate);
        let read =
            read.map_err(|source| Error::Unreadable { path: candidate.to_string(), source })?;
        if let Some(bytes) = read {
            return Ok((candidate, bytes));
        }
    }
    Err(Error::Missing { path: tile.to_string() })
}
