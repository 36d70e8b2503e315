//! Bytes in, events out: every log format that Stele understands, one file each.
//!
//! [`format::Format`] is what a format is; [`formats::ALL`] lists them; [`detect`] chooses one;
//! [`driver::map_records`] runs it. The crate does no I/O, reads no clock and draws no random
//! numbers: the same bytes give the same rows, on the server, in an agent, in a Lambda, and when
//! the write-ahead log is replayed. It never fails a batch and never loses a line.

pub mod detect;
pub mod driver;
pub mod format;
pub mod formats;
pub mod json;
pub mod lines;
pub mod values;
