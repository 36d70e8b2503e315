//! Rows that are durable in the write-ahead log but not yet in the lake.
//!
//! Chunks are appended in the order of the write-ahead log; a memtable covers a range of its
//! sequence numbers. It is an immutable value: appending makes a new list that shares the chunks,
//! so a query that holds the old one is not disturbed.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::error::StoreError;

/// A memtable; see the module.
#[derive(Debug, Clone, Default)]
pub struct Memtable {
    /// The chunks, in order of arrival.
    pub chunks: Vec<Arc<Chunk>>,
    /// The last sequence number of the write-ahead log that is in it.
    pub last_sequence: u64,
    /// When the first entry of the log arrived, also if none of its rows was kept; µs since the
    /// epoch.
    pub opened_micros: Option<i64>,
}

/// Chunks below this size are joined with their neighbours, so that many small requests do not
/// become many small arrays.
const JOIN_ROWS_MAX: usize = 8_192;

impl Memtable {
    /// How many rows it holds.
    pub fn rows(&self) -> usize {
        self.chunks.iter().map(|c| c.rows).sum()
    }

    /// The memory it holds, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.chunks.iter().map(|c| c.memory_bytes).sum()
    }

    /// The memtable with one more chunk. Joins the last chunks while the newer is at least half as
    /// long as the older, so that every row is copied a few times at most.
    pub fn with_chunk(
        &self,
        chunk: Option<Chunk>,
        sequence: u64,
        now_micros: i64,
    ) -> Result<Self, StoreError> {
        let mut next = self.clone();
        next.last_sequence = sequence;
        next.opened_micros.get_or_insert(now_micros);
        let Some(chunk) = chunk else { return Ok(next) };
        next.chunks.push(Arc::new(chunk));
        while let [.., older, newer] = &next.chunks[..] {
            let joins = older.partition == newer.partition
                && older.rows + newer.rows <= JOIN_ROWS_MAX
                && newer.rows * 2 >= older.rows;
            if !joins {
                break;
            }
            let joined = Chunk::concat(&[older.clone(), newer.clone()])?;
            next.chunks.truncate(next.chunks.len() - 2);
            next.chunks.push(Arc::new(joined));
        }
        Ok(next)
    }
}
