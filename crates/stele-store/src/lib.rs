//! The store: an open columnar lake, the rows on their way into it, and the questions asked of it.
pub mod chunk;
pub mod error;
pub mod lake;
pub mod memtable;
pub mod parquet_file;
pub mod schema;
pub mod table;
