//! The write-ahead log: what is acknowledged and in no file yet.

use std::fs;

use stele_verify::lake::Kind;

use super::{Unclassed, change, files, options, writer};
use crate::Error;
use crate::lake::maker::Maker;
use crate::lake::standard::sent;

/// The first segment that holds events.
fn segment(maker: &Maker) -> Result<std::path::PathBuf, Error> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(maker.path("wal"))? {
        segments.push(entry?.path());
    }
    segments.retain(|path| path.extension().is_some_and(|ending| ending == "seg"));
    segments.into_iter().min().ok_or(Error::Lacks("segment of the write-ahead log"))
}

pub(super) const CASES: &[Unclassed] = &[
    files("deleted", Kind::RowMissing, |maker| Ok(fs::remove_dir_all(maker.path("wal"))?)),
    files("emptied", Kind::RowMissing, |maker| change(&segment(maker)?, |bytes| bytes.fill(0))),
    writer("damaged", Kind::WalDamaged, |maker| {
        maker.batch(&sent(9, 9), &[])?;
        maker.memory_to_log()?;
        change(&segment(maker)?, |bytes| bytes[100] ^= 1)
    }),
    options("an event edited", Kind::BatchRoot, |maker, _| {
        maker.batch(&sent(5, 0), &[])?;
        maker.memory[2].raw = b"{}".to_vec();
        maker.memory_to_log()?;
        maker.publish()
    }),
    options("an event removed", Kind::RowMissing, |maker, _| {
        maker.batch(&sent(5, 0), &[])?;
        maker.memory.pop();
        maker.memory_to_log()?;
        maker.publish()
    }),
    options("another seed", Kind::SeedDiffers, |maker, _| {
        maker.batch(&sent(5, 0), &[])?;
        maker.flip_seed();
        maker.memory_to_log()?;
        maker.flip_seed();
        maker.publish()
    }),
];
