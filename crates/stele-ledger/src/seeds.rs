//! Where the seeds of salts lie beside the tiles, and how: one file for each bundle of entries,
//! with a record for each `batch` entry in it, in their order: the batch's number, 8 bytes, little
//! endian, and its seed.

use crate::hash::HASH_BYTES;
use crate::tile::{TILE_WIDTH, Tile};

/// Length of a record, in bytes.
pub const SEED_RECORD_BYTES: usize = 8 + HASH_BYTES;

/// The name of the file of a bundle: written as the bundle's own path.
pub fn seeds_name(bundle: u64) -> String {
    Tile::entries(bundle, TILE_WIDTH).to_string().replacen("tile/entries/", "seeds/", 1)
}

/// Appends the record of a batch.
pub fn put_seed(out: &mut Vec<u8>, batch: i64, seed: &[u8; HASH_BYTES]) {
    out.extend(batch.to_le_bytes());
    out.extend(seed);
}
