//! The store: an open columnar lake, the rows on their way into it, and the questions asked of it.
//!
//! This is the only crate that knows Arrow, Parquet, Delta or DataFusion. Rows come in as plain
//! columns ([`store::Rows`]) that are already durable in the write-ahead log; they are searchable
//! at once, move into Parquet files of a Delta table ([`table`]), and are found again by SQL or by
//! the search syntax ([`query`], [`search`]). A row is in memory or in a file, never in both.

pub mod bucket;
pub mod chunk;
pub mod compact;
pub mod error;
mod flush;
mod intent;
pub mod lake;
pub mod memtable;
pub mod parquet_file;
mod provider;
pub mod query;
pub mod render;
pub mod schema;
pub mod search;
pub mod store;
pub mod table;
#[cfg(test)]
mod testing;

pub use compact::Compacted;
pub use error::StoreError;
pub use lake::Lake;
pub use query::{Caller, QueryLimits, SearchRequest};
pub use render::RowBatch;
pub use store::{Rows, Status, Store, StoreConfig};
