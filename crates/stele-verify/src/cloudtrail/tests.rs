//! The readers, each alone. Whole chains, sound and tampered with, are judged in `stele-selftest`.

mod bytes;
mod readers;
