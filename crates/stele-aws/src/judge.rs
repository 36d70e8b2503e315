//! Judgement by effect, shared by checks: what selectors record, whom policies let in, whether a
//! destination takes what is written to it.

pub mod destination;
pub mod places;
pub mod policy;
pub mod public;
pub mod selectors;
