//! Tests of the ledger through its public interface.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod damage;
mod event;
mod folder;
mod notes;
mod readme;
mod records;
mod salts;
mod signer;
mod tree;
mod vectors;
mod witness;
