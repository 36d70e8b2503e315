//! Where things lie in the folder, and how they are read within limits.
//!
//! Names in reports are paths from the folder that was given. A name that a record holds is only
//! ever looked up in a listing, so that none leads out of the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use stele_ledger::hash::HASH_BYTES;
use stele_ledger::tile::{TILE_WIDTH, Tile, TileKind, Tiles};

use super::Context;
use super::finding::{Finding, Kind};

/// A bundle of entries has at most this many bytes: 256 entries, each with its length.
pub(super) const TILE_BYTES_MAX: u64 = 256 * (65_535 + 2);
/// A tile that a server replaces again and again is looked for so often.
const TRIES_MAX: u32 = 10;

/// A data folder, or the lake folder out of one.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    /// `lake/` where it is a data folder, else empty.
    lake: &'static str,
}

impl Place {
    /// Looks what kind of folder it is. Where neither has a ledger it counts as a data folder.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        std::fs::read_dir(root)?;
        let is_lake = !root.join("lake").is_dir()
            && (root.join("_ledger").is_dir() || root.join("events").is_dir());
        Ok(Self { root: root.to_owned(), lake: if is_lake { "" } else { "lake/" } })
    }

    /// Whether the write-ahead log would be here.
    pub(super) fn has_log(&self) -> bool {
        !self.lake.is_empty()
    }

    /// The name of a file of the ledger.
    pub(super) fn ledger(&self, name: &str) -> String {
        format!("{}_ledger/1/{name}", self.lake)
    }

    /// The name of a file of the table.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}events/{name}", self.lake)
    }

    /// The name of the folder of announced commits.
    pub(super) fn intents(&self) -> String {
        format!("{}_intents/", self.lake)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The widths of the partial files of a tile or a bundle that are there now.
    pub(super) fn widths(&self, tile: Tile) -> BTreeSet<u16> {
        let one = Tile { width: 1, ..tile };
        let path = self.path(&self.ledger(&one.to_string()));
        let names = path.parent().and_then(|folder| std::fs::read_dir(folder).ok());
        let names = names.into_iter().flatten().flatten();
        let widths = names.filter_map(|entry| entry.file_name().to_str()?.parse::<u16>().ok());
        widths.filter(|width| (1..TILE_WIDTH).contains(width)).collect()
    }

    /// Reads a file of limited length; `None` where there is none.
    pub(super) fn read(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        read(&self.path(name), bytes_max)
    }

    /// The files below a folder, by their names from there, with their lengths.
    pub(super) fn list(&self, ctx: &Context<'_>, folder: &str) -> BTreeMap<String, u64> {
        let root = self.path(folder);
        let mut files = BTreeMap::new();
        if !root.exists() {
            return files;
        }
        let unreadable = |path: &Path, reason: String| {
            let name = path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
            ctx.findings.find(Finding::new(Kind::Unreadable).object(name).detail(reason));
        };
        for entry in walkdir::WalkDir::new(&root).follow_links(true) {
            let entry = match entry {
                Ok(entry) => entry,
                // It went while the folder was listed.
                Err(error) if is_gone(error.io_error()) => continue,
                Err(error) => {
                    unreadable(error.path().unwrap_or(&root), error.to_string());
                    continue;
                }
            };
            if !entry.file_type().is_file() {
                continue;
            }
            let names: Option<Vec<&str>> = entry
                .path()
                .strip_prefix(&root)
                .ok()
                .and_then(|path| path.iter().map(|name| name.to_str()).collect());
            match (names, entry.metadata()) {
                (None, _) => unreadable(entry.path(), "its name is not UTF-8".to_owned()),
                (Some(names), Ok(data)) => {
                    files.insert(names.join("/"), data.len());
                }
                (Some(_), Err(error)) if is_gone(error.io_error()) => {}
                (Some(_), Err(error)) => unreadable(entry.path(), error.to_string()),
            }
        }
        files
    }
}

fn is_gone(error: Option<&io::Error>) -> bool {
    error.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Reads a file of limited length; `None` where there is none.
pub(super) fn read(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it is longer than {bytes_max} bytes")));
    }
    Ok(Some(bytes))
}

/// The ledger's tiles, as the crate for proofs reads them.
pub(super) struct FolderTiles<'a>(pub(super) &'a Place);

impl Tiles for FolderTiles<'_> {
    fn read(
        &self,
        tile: &Tile,
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        // A server at work may replace a narrow tile by a wider one between the look and the
        // reading.
        for _ in 0..TRIES_MAX {
            let found = self.0.read(&self.0.ledger(&tile.to_string()), TILE_BYTES_MAX)?;
            if found.is_some() {
                return Ok(found);
            }
            let widths = self.0.widths(*tile);
            let wider = widths.range(tile.width..).next_back().copied();
            let Some(width) = wider.filter(|_| tile.kind != TileKind::Entries) else { break };
            let wider = Tile { width, ..*tile };
            let found = self.0.read(&self.0.ledger(&wider.to_string()), TILE_BYTES_MAX)?;
            if let Some(mut bytes) = found {
                bytes.truncate(usize::from(tile.width) * HASH_BYTES);
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_that_was_replaced_is_the_beginning_of_the_wider_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(folder.path()).unwrap();
        let put = |tile: Tile, bytes: &[u8]| {
            let path = place.path(&place.ledger(&tile.to_string()));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        let hashes: Vec<u8> = (0..5 * HASH_BYTES).map(|byte| byte as u8).collect();
        put(Tile::hashes(0, 2, 5), &hashes);
        put(Tile::entries(2, 5), b"entries are never cut");
        let read = |tile| FolderTiles(&place).read(&tile).unwrap();
        assert_eq!(read(Tile::hashes(0, 2, 3)).unwrap(), hashes[..3 * HASH_BYTES]);
        assert_eq!(read(Tile::hashes(0, 2, 5)).unwrap(), hashes);
        assert_eq!(read(Tile::hashes(0, 2, 6)), None);
        assert_eq!(read(Tile::hashes(0, 2, TILE_WIDTH)), None);
        assert_eq!(read(Tile::hashes(0, 1, 3)), None);
        assert_eq!(read(Tile::entries(2, 3)), None);
    }
}
