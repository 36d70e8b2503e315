//! The ledger.

pub mod checkpoint;
pub mod entry;
mod error;
pub mod event_proof;
pub mod hash;
pub mod key;
pub mod note;
pub mod proof;
pub mod record;
pub mod salt;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod witness;

pub use error::Error;
