//! The examples of the README are true.
