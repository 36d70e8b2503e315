//! The battery, whole chains in files, and bytes that nobody has thought of.

mod benign;
mod corpus;
mod folder;
mod limits;
mod random;
mod tampered;
