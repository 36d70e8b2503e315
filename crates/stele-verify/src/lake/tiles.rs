//! The ledger's tiles as the crate for proofs reads them, also while a server replaces them.

use stele_ledger::hash::HASH_BYTES;
use stele_ledger::tile::{Tile, TileKind, Tiles};

use super::place::{Place, TILE_BYTES_MAX, TRIES_MAX};

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
    use stele_ledger::tile::TILE_WIDTH;

    use super::*;

    #[test]
    fn a_tile_that_was_replaced_is_the_beginning_of_the_wider_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(folder.path()).unwrap();
        let put = |tile: Tile, bytes: &[u8]| {
            let path = folder.path().join(place.ledger(&tile.to_string()));
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
