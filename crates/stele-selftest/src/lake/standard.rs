//! The folders that are made here.

use std::path::Path;

use super::maker::{Maker, Sent};
use crate::Error;

/// Requests of the two usual sources.
pub(crate) fn sent(trail: u32, flows: u32) -> Vec<Sent> {
    vec![
        Sent { source: "trail", format: "cloudtrail", count: trail },
        Sent { source: "flows", format: "vpcflow", count: flows },
    ]
}

/// A folder with a bit of everything: flushes, a compaction, an empty batch, dropped duplicates,
/// a restart, and events that are only in the write-ahead log.
pub(crate) fn standard(root: &Path) -> Result<Maker, Error> {
    let mut maker = Maker::new(root)?;
    maker.batch(&sent(20, 12), &[])?;
    maker.tick(1);
    maker.batch(&sent(9, 5), &[2, 3, 9])?;
    maker.tick(29);
    maker.beat()?;
    maker.flush()?;
    maker.publish()?;
    maker.archive()?;
    maker.batch(&[], &[])?;
    maker.batch(&sent(30, 0), &[])?;
    maker.flush()?;
    maker.tick(50);
    maker.beat()?;
    maker.compact()?;
    maker.stop()?;
    maker.publish()?;
    maker.archive()?;
    maker.tick(600);
    maker.start("r2")?;
    maker.batch(&sent(4, 40), &[7])?;
    maker.flush()?;
    maker.tick(45);
    maker.beat()?;
    maker.batch(&sent(6, 6), &[])?;
    maker.memory_to_log()?;
    maker.publish()?;
    Ok(maker)
}

const BATCH_EVENTS: u32 = 10_000;
const FILE_EVENTS: u64 = 250_000;

/// A large folder; see [`super::Folder::make_large`].
pub(super) fn large(root: &Path, events: u64) -> Result<Maker, Error> {
    let mut maker = Maker::new(root)?;
    maker.row_group_rows = 131_072;
    maker.raw_bytes_min = 1_400;
    for made in (0..events).step_by(BATCH_EVENTS as usize) {
        maker.batch(&sent(BATCH_EVENTS, 0)[..1], &[])?;
        maker.tick(1);
        if (made + u64::from(BATCH_EVENTS)).is_multiple_of(FILE_EVENTS) {
            maker.beat()?;
            maker.flush()?;
            // Nothing is compacted here, so that the rows need not be kept.
            maker.files.values_mut().for_each(Vec::clear);
        }
    }
    if !maker.memory.is_empty() {
        maker.flush()?;
    }
    maker.publish()?;
    Ok(maker)
}
