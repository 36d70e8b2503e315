//! Stele from outside: the real binary, a real folder, real HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod corpus;
mod ledger;
mod node;
mod page;
mod selftest;
mod server;
mod signer;
mod test_witness;
mod tutorial;
mod witness;
