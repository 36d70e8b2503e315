//! Joins intake and store into a node, and speaks HTTP for it.
//!
//! [`node::Node`] is a data folder at work; [`api`] is what it says over HTTP, the web page
//! included. This crate knows neither Arrow nor the command line.

pub mod api;
pub mod node;

pub use node::{Node, NodeConfig, NodeError, Submission, WitnessConfig};
