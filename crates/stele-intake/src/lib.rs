//! From bytes that arrive to events that are durable and understood.
pub mod filesystem;
pub mod system;
pub mod wal;
