//! A small data folder made by hand, and everything that can be done to it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod battery;
mod benign;
mod flips;
mod maker;
mod parquet_file;
mod proofs;
