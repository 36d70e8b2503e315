//! Chains made here with keys made for this, changed in every way that is known, and judged.

mod benign;
mod bytes;
mod chains;
mod corpus;
mod folder;
mod random;
mod tampered;
mod world;
