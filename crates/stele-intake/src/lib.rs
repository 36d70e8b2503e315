//! From bytes that arrive to events that are durable and understood.
//!
//! [`decode`] undoes compression within limits, [`pipeline`] takes payloads to the write-ahead log
//! ([`wal`]) and answers, [`once`] knows what was delivered before, [`import`] reads files.
//! [`batches`] hashes what was acknowledged, and [`ledger`] puts it on record; [`signer`] is the
//! process that signs it, where that is another one.
//! [`system`] and [`filesystem`] are the only places that touch the machine.

pub mod batches;
pub mod decode;
pub mod filesystem;
pub mod import;
pub mod ledger;
pub mod once;
pub mod pipeline;
pub mod signer;
pub mod system;
pub mod wal;
