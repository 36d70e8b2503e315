//! AWS logging posture.

pub mod call;
pub mod client;
pub mod operation;
pub mod variables;
