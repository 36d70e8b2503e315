//! The battery over the folder that is made here, and what must not be called a difference.

mod benign;
mod cases;
mod elsewhere;
mod flips;
mod proofs;
