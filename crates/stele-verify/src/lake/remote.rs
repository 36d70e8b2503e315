//! Files of a data folder that lie somewhere else than on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io;

use tempfile::TempPath;

/// Where files can be listed and fetched; this crate knows no network, so it is handed in.
///
/// Names are whole: those of a bucket are its keys. Every call asks for the state of now, but for
/// what [`Remote::expect`] was told of: somebody may write there meanwhile, and the order in which
/// the verifier asks is what makes up for it.
pub trait Remote: Debug + Send + Sync {
    /// The names of the folders directly in a folder. A folder is named with its slash, or empty.
    fn folders(&self, folder: &str) -> io::Result<BTreeSet<String>>;

    /// All files below a folder, by their names from there, with their lengths.
    fn list(&self, folder: &str) -> io::Result<BTreeMap<String, u64>>;

    /// Fetches a file to this machine; it goes with what is returned.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where there is none of this name; any other where it may be
    /// there and cannot be had.
    fn fetch(&self, name: &str) -> io::Result<TempPath>;

    /// Says that these will be fetched next, in about this order, so that several can be on their
    /// way at once.
    fn expect(&self, names: Vec<String>, ahead: Ahead);

    /// Nothing of what was expected counts any more: it may be out of date.
    fn forget(&self);
}

/// How much may be fetched before it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// All of it: many small files.
    All,
    /// A few at a time: files that may be large.
    Few,
}
