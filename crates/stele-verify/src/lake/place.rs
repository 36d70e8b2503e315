//! Where things lie, and how they are read within limits: in a folder, in a tar that was unpacked,
//! or somewhere else ([`Remote`]).
//!
//! Names in reports are paths from the folder that was given; in a tar or a bucket they are those
//! that its files have there. A name that a record holds is only ever looked up in a listing, so
//! that none leads out of the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use stele_ledger::key::VerifierKey;
use stele_ledger::tile::{TILE_WIDTH, Tile};
use tempfile::{TempDir, TempPath};

use super::finding::{Finding, Kind};
use super::locate::Located;
use super::remote::{Ahead, Remote};
use super::{Context, Error, OnProgress, unpack};
use crate::room::Room;

/// A bundle of entries has at most this many bytes: 256 entries, each with its length.
pub(super) const TILE_BYTES_MAX: u64 = 256 * (65_535 + 2);
/// What a server replaces again and again is looked for so often.
pub(super) const TRIES_MAX: u32 = 10;
/// The file of the ledger's keys is not longer than this.
const KEYS_BYTES_MAX: u64 = 1 << 20;
/// The folder of the write-ahead log.
const LOG: &str = "wal";

/// A data folder, or the lake folder out of one, wherever it lies.
#[derive(Debug)]
pub struct Place {
    files: Files,
    /// What the names in the data folder begin with.
    data: String,
    /// What the names in the lake folder begin with.
    lake: String,
    has_log: bool,
    /// The tar that could not be read to its end, and why.
    unread: Option<(String, String)>,
    /// The lengths of the files that were listed, where it takes a request to ask for one.
    lengths: Mutex<BTreeMap<String, u64>>,
}

#[derive(Debug)]
enum Files {
    Folder(PathBuf),
    Unpacked(TempDir),
    Remote(Arc<dyn Remote>),
}

/// What lies below a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// By their names from there, with their lengths.
    pub(super) files: BTreeMap<String, u64>,
    /// Whether it could be listed at all.
    pub(super) is_whole: bool,
}

/// A file that can be opened; it was fetched for that, or lies in the folder.
#[derive(Debug)]
pub(super) struct Held {
    path: PathBuf,
    _fetched: Option<TempPath>,
}

impl Held {
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

/// The folder of the write-ahead log, on this machine.
#[derive(Debug)]
pub(super) enum LogFolder {
    Here(PathBuf),
    Fetched(TempDir),
}

impl LogFolder {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Here(path) => path,
            Self::Fetched(folder) => folder.path(),
        }
    }
}

impl Place {
    /// A folder, or a tar, plain or compressed with gzip or Zstandard. A tar is unpacked into a
    /// temporary folder, which goes with the value; `progress` is told how much of it was read.
    ///
    /// # Errors
    /// It cannot be read, is no tar, holds no data folder or what no tar of one would hold, or
    /// there is no room for it. Of a tar that cannot be read to its end [`super::verify_place`]
    /// tells.
    pub fn open(path: &Path, progress: &OnProgress<'_>) -> Result<Self, Error> {
        let read = |source| Error::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(read)?.is_dir() {
            return Self::of(path).map_err(read);
        }
        let copy = path.display().to_string();
        match unpack::unpack(path, Room::below, progress) {
            Ok(unpacked) => {
                let place = Self::at(Files::Unpacked(unpacked.folder), unpacked.at);
                Ok(Self { unread: unpacked.unread.map(|reason| (copy, reason)), ..place })
            }
            Err(reason) => Err(Error::Copy { copy, reason }),
        }
    }

    /// Files that lie elsewhere, those whose names begin with `folder`: empty, or it ends in a
    /// slash. `copy` is what people call it.
    ///
    /// # Errors
    /// There is no data folder, or it cannot be listed.
    pub fn remote(remote: Arc<dyn Remote>, folder: &str, copy: &str) -> Result<Self, Error> {
        let refused = |reason: String| Error::Copy { copy: copy.to_owned(), reason };
        let folders = remote.folders(folder).map_err(|error| refused(error.to_string()))?;
        let at = Located::by_folders(folder, |name| folders.contains(name)).ok_or_else(|| {
            refused("there is no data folder: neither `lake` nor `_ledger` lies there".to_owned())
        })?;
        Ok(Self::at(Files::Remote(remote), at))
    }

    fn at(files: Files, at: Located) -> Self {
        let Located { data, lake, has_log } = at;
        Self { files, data, lake, has_log, unread: None, lengths: Mutex::default() }
    }

    /// Looks what kind of folder it is. Where neither has a ledger it counts as a data folder.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        std::fs::read_dir(root)?;
        let is_lake = !root.join("lake").is_dir()
            && (root.join("_ledger").is_dir() || root.join("events").is_dir());
        let lake = if is_lake { String::new() } else { "lake/".to_owned() };
        let at = Located { data: String::new(), lake, has_log: !is_lake };
        Ok(Self::at(Files::Folder(root.to_owned()), at))
    }

    /// The verifier keys that lie in the data folder itself. Whoever could change the folder could
    /// change them.
    ///
    /// # Errors
    /// They cannot be read, or are none.
    pub fn keys(&self) -> Result<Option<Vec<VerifierKey>>, Error> {
        let name = format!("{}keys/ledger.keys", self.data);
        let wrong = |source| Error::Read { path: PathBuf::from(&name), source };
        let Some(bytes) = self.read(&name, KEYS_BYTES_MAX).map_err(wrong)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(|line| line.parse().map_err(|error| wrong(io::Error::other(error))));
        keys.collect::<Result<_, _>>().map(Some)
    }

    /// Whether it is a tar that could not be read to its end, so that nothing of it counts.
    pub fn is_unread(&self) -> bool {
        self.unread.is_some()
    }

    /// The tar that could not be read to its end, and why.
    pub(super) fn unread(&self) -> Option<(&str, &str)> {
        self.unread.as_ref().map(|(copy, reason)| (&copy[..], &reason[..]))
    }

    /// Whether nobody can write there meanwhile.
    pub(super) fn is_still(&self) -> bool {
        matches!(self.files, Files::Unpacked(_))
    }

    /// Whether the write-ahead log would be here.
    pub(super) fn has_log(&self) -> bool {
        self.has_log
    }

    /// The name of the folder of the write-ahead log.
    pub(super) fn log(&self) -> String {
        format!("{}{LOG}", self.data)
    }

    /// The name of a file of the ledger.
    pub(super) fn ledger(&self, name: &str) -> String {
        format!("{}_ledger/1/{name}", self.lake)
    }

    /// The name of a file of the table.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}events/{name}", self.lake)
    }

    /// The name of the folder of announced commits.
    pub(super) fn intents(&self) -> String {
        format!("{}_intents/", self.lake)
    }

    /// The folder on this machine that names are paths from, or where else they are.
    fn here(&self) -> Result<&Path, &dyn Remote> {
        match &self.files {
            Files::Folder(root) => Ok(root),
            Files::Unpacked(folder) => Ok(folder.path()),
            Files::Remote(remote) => Err(remote.as_ref()),
        }
    }

    /// The widths of the partial files of a tile or a bundle that are there now.
    pub(super) fn widths(&self, tile: Tile) -> BTreeSet<u16> {
        let name = self.ledger(&Tile { width: 1, ..tile }.to_string());
        let folder = name.strip_suffix('1').unwrap_or(&name);
        let names: Vec<String> = match self.here() {
            Ok(root) => {
                let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
                entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
            }
            Err(remote) => remote.list(folder).unwrap_or_default().into_keys().collect(),
        };
        let widths = names.iter().filter_map(|name| name.parse::<u16>().ok());
        widths.filter(|width| (1..TILE_WIDTH).contains(width)).collect()
    }

    /// A file to open. Where there is none, that is said now or when it is opened.
    pub(super) fn hold(&self, name: &str) -> io::Result<Held> {
        match self.here() {
            Ok(root) => Ok(Held { path: root.join(name), _fetched: None }),
            Err(remote) => {
                let fetched = remote.fetch(name)?;
                Ok(Held { path: fetched.to_path_buf(), _fetched: Some(fetched) })
            }
        }
    }

    /// Reads a file of limited length; `None` where there is none.
    pub(super) fn read(&self, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        match self.hold(name) {
            Ok(held) => read(&held.path, bytes_max),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The length of a file of the table's log that no verdict depends on; `None` where there is
    /// none.
    pub(super) fn length(&self, name: &str) -> io::Result<Option<u64>> {
        let Ok(root) = self.here() else {
            let lengths = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(lengths.get(name).copied());
        };
        match std::fs::metadata(root.join(name)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says that files will be read next, in about this order.
    pub(super) fn expect(&self, names: impl Iterator<Item = String>, ahead: Ahead) {
        if let Err(remote) = self.here() {
            remote.expect(names.collect(), ahead);
        }
    }

    /// Says that most of what lies below a folder will be read next.
    pub(super) fn expect_below(&self, ctx: &Context<'_>, folder: &str) {
        if self.here().is_err() {
            let names = self.list(ctx, folder).files.into_keys();
            self.expect(names.map(|name| format!("{folder}{name}")), Ahead::All);
        }
    }

    /// Begins anew: what was expected before may be out of date.
    pub(super) fn forget(&self) {
        if let Err(remote) = self.here() {
            remote.forget();
        }
    }

    /// The write-ahead log, on this machine.
    ///
    /// # Errors
    /// The name of what cannot be read, and why.
    pub(super) fn log_folder(&self) -> Result<LogFolder, (String, io::Error)> {
        let log = self.log();
        let remote = match self.here() {
            Ok(root) => return Ok(LogFolder::Here(root.join(log))),
            Err(remote) => remote,
        };
        let whole = |error| (log.clone(), error);
        'again: for _ in 0..TRIES_MAX {
            let folder = tempfile::tempdir().map_err(whole)?;
            let names = remote.list(&format!("{log}/")).map_err(whole)?;
            let names: Vec<String> = names.into_keys().filter(|name| !name.contains('/')).collect();
            self.expect(names.iter().map(|name| format!("{log}/{name}")), Ahead::Few);
            for name in names {
                let object = format!("{log}/{name}");
                let fetched = match remote.fetch(&object) {
                    Ok(fetched) => fetched,
                    // Segments go while a server works, and others come.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue 'again,
                    Err(error) => return Err((object, error)),
                };
                let here = folder.path().join(&name);
                std::fs::copy(&fetched, here).map_err(|error| (object, error))?;
            }
            return Ok(LogFolder::Fetched(folder));
        }
        Err(whole(io::Error::other("its segments go while they are read")))
    }

    /// The files below a folder.
    pub(super) fn list(&self, ctx: &Context<'_>, folder: &str) -> Listing {
        match self.here() {
            Ok(root) => walk(ctx, root, folder),
            Err(remote) => match remote.list(folder) {
                Ok(files) => {
                    let known =
                        files.iter().map(|(name, bytes)| (format!("{folder}{name}"), *bytes));
                    let mut lengths = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
                    lengths.retain(|name, _| !name.starts_with(folder));
                    lengths.extend(known);
                    Listing { files, is_whole: true }
                }
                Err(error) => {
                    let finding = Finding::new(Kind::Unreadable).object(folder);
                    ctx.findings.find(finding.detail(error.to_string()));
                    Listing::default()
                }
            },
        }
    }
}

fn walk(ctx: &Context<'_>, from: &Path, folder: &str) -> Listing {
    let root = from.join(folder);
    // What is missing here is gone, also where something else could not be listed: else a folder
    // that nobody may read would excuse it.
    let mut listing = Listing { files: BTreeMap::new(), is_whole: true };
    if !root.exists() {
        return listing;
    }
    let unreadable = |path: &Path, reason: String| {
        let name = path.strip_prefix(from).unwrap_or(path).display().to_string();
        ctx.findings.find(Finding::new(Kind::Unreadable).object(name).detail(reason));
    };
    for entry in walkdir::WalkDir::new(&root).follow_links(true) {
        let entry = match entry {
            Ok(entry) => entry,
            // It went while the folder was listed.
            Err(error) if is_gone(error.io_error()) => continue,
            Err(error) => {
                unreadable(error.path().unwrap_or(&root), error.to_string());
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let names: Option<Vec<&str>> = entry
            .path()
            .strip_prefix(&root)
            .ok()
            .and_then(|path| path.iter().map(|name| name.to_str()).collect());
        match (names, entry.metadata()) {
            (None, _) => unreadable(entry.path(), "its name is not UTF-8".to_owned()),
            (Some(names), Ok(data)) => {
                listing.files.insert(names.join("/"), data.len());
            }
            (Some(_), Err(error)) if is_gone(error.io_error()) => {}
            (Some(_), Err(error)) => unreadable(entry.path(), error.to_string()),
        }
    }
    listing
}

fn is_gone(error: Option<&io::Error>) -> bool {
    error.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Reads a file of limited length; `None` where there is none.
pub(super) fn read(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let reason = format!("it is longer than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(Some(bytes))
}
