//! The ledger: what lets anyone check, offline, that no stored log was changed.
//!
//! Everything that Stele acknowledges, stores, removes or is told to do becomes an entry of an
//! append-only log, kept as the static files of C2SP tlog-tiles beside the data. Whoever has the
//! files and the verifier key needs neither Stele's server nor trust in it.
//!
//! This crate is what both sides share, and nothing else: no I/O, no clock, no randomness, no
//! engine. Bytes, times, seeds and signers are handed in. `README.md` specifies every byte, with
//! vectors that the tests check; from it an independent verifier was written
//! (`tests/external/ledger_check.py`).
//!
//! From the bottom up:
//! - [`hash`] and [`proof`] are RFC 6962: leaves, nodes, roots, inclusion, consistency.
//! - [`tile`], [`entry`] and [`tree`] are tlog-tiles: which files there are, and what to write
//!   when a log grows.
//! - [`key`] and [`note`] are signed notes; [`checkpoint`] is the signed head of a log and the
//!   witnesses it needs; [`witness`] is how they are asked, and [`signer`] who signs for the log.
//! - [`record`] is what entries say; [`salt`] keeps a leaf from telling its event.
//! - [`tlog_proof`] and [`event_proof`] are the proof of an entry and of an event, as files.
//!
//! ```text
//! event ─salt─> leaf ─inner path─> root of its batch ─in─> entry ─path─> root ─in─> checkpoint
//! ```

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
pub mod seeds;
pub mod signer;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod witness;

pub use error::Error;
