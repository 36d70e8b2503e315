//! The vocabulary that every part of Stele shares: what an event consists of.
//!
//! [`columns`] is the table of columns, from which every schema is generated; [`batch`] holds
//! events in those columns; [`ocsf`] derives the OCSF document of one of them. This crate does no
//! I/O, reads no clock and knows no format and no engine. An edit here rebuilds everything, so it
//! is small and changes rarely.

pub mod batch;
pub mod columns;
pub mod columns_doc;
pub mod ocsf;
pub mod runtime;

pub use batch::{BatchRow, ColumnData, EventBatch, RowView, RowWriter};
pub use columns::{COLUMN_COUNT, COLUMNS, Column, ColumnSpec, Group, Kind, SourceField, Storage};
