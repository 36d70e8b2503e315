//! A tar of a data folder, unpacked into a temporary folder of its own.
//!
//! Whoever made the tar is not trusted. Only folders and regular files are unpacked, only those
//! that the verifier reads, each once, none outside of the temporary folder, and none that has no
//! room on the disk; everything is read as a stream. A tar that is damaged or cut short is not
//! judged at all: what it would have held is not known.

use std::cell::Cell;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use stele_intake::decode::{DecodeError, DecodeLimits, DecodedReader, Encoding};
use tar::{Archive, Entry};
use tempfile::TempDir;

use super::locate::{Located, locate};
use super::{OnProgress, Progress};
use crate::room::Room;

const BLOCK_BYTES: usize = 512;
/// What stands before a file: the rest of the file before, a header, a long name, attributes.
const HEADERS_BYTES_MAX: u64 = 1 << 20;
/// Zeros that fill up the last record of a tape.
const PADDING_BYTES_MAX: u64 = 64 << 20;
const BUFFER_BYTES: usize = 256 << 10;
/// The room limits it, not the ratio: a reserved segment of the write-ahead log is all zeros.
const LIMITS: DecodeLimits = DecodeLimits { decoded_bytes_max: u64::MAX, ratio_max: u64::MAX };
/// Folders in which everything may be read.
const FOLDERS_READ: [&str; 5] = ["lake", "wal", "_ledger", "events", "_intents"];

/// What came of it.
#[derive(Debug)]
pub(super) struct Unpacked {
    /// The temporary folder; it goes with the value.
    pub(super) folder: TempDir,
    /// Where the lake is in it.
    pub(super) at: Located,
    /// Why it could not be read to its end; then nothing of it counts.
    pub(super) unread: Option<String>,
}

/// Unpacks a tar, plain or compressed with gzip or Zstandard.
///
/// # Errors
/// Why it is refused.
pub(super) fn unpack(
    path: &Path,
    room: impl FnOnce(&Path) -> Room,
    progress: &OnProgress<'_>,
) -> Result<Unpacked, String> {
    // Nobody else on this machine has any business in it.
    let mut builder = tempfile::Builder::new();
    builder.prefix("stele-verify-").permissions(Permissions::from_mode(0o700));
    let folder = builder.tempdir();
    let folder = folder.map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let room = room(folder.path());
    let mut unpacking =
        Unpacking { root: folder.path(), room: &room, last: None, buffer: vec![0; BUFFER_BYTES] };
    match unpacking.all(path, progress) {
        Ok(()) => {}
        Err(Stop::Unread(reason)) => {
            let unread = Some(reason);
            return Ok(Unpacked { folder, at: Located::default(), unread });
        }
        Err(Stop::Refused(reason)) => return Err(reason),
    }
    let at = locate(folder.path())?;
    Ok(Unpacked { folder, at, unread: None })
}

/// Why unpacking ended early.
#[derive(Debug)]
enum Stop {
    /// It is damaged or cut short.
    Unread(String),
    /// It is none that is read.
    Refused(String),
}

struct Unpacking<'a> {
    root: &'a Path,
    room: &'a Room,
    /// The entry that was begun last.
    last: Option<String>,
    buffer: Vec<u8>,
}

impl Unpacking<'_> {
    fn all(&mut self, path: &Path, progress: &OnProgress<'_>) -> Result<(), Stop> {
        let refused = |error: io::Error| Stop::Refused(format!("cannot read it: {error}"));
        let mut file = File::open(path).map_err(refused)?;
        let bytes_total = file.metadata().map_err(refused)?.len();
        let mut head = [0; 4];
        let count = fill(&mut file, &mut head).map_err(refused)?;
        let encoding = Encoding::by_magic(&head[..count]);
        let begin = Cursor::new(head[..count].to_vec());
        let counted = Counted { inner: begin.chain(file), progress, bytes_done: 0, bytes_total };
        let decoded = DecodedReader::new(encoding, counted, Some(bytes_total), LIMITS);
        let mut decoded = decoded.map_err(refused)?;
        let mut first = [0; BLOCK_BYTES];
        let count = fill(&mut decoded, &mut first).map_err(|error| self.unread(&error, true))?;
        if !is_tar(&first[..count]) {
            let what =
                "it is neither a folder nor a tar, plain or compressed with gzip or Zstandard";
            return Err(Stop::Refused(what.to_owned()));
        }
        let gauge = Gauge::default();
        let inner = Cursor::new(first[..count].to_vec()).chain(decoded);
        let mut archive = Archive::new(Gauged { inner, gauge: &gauge });
        self.entries(&mut archive, &gauge)?;
        self.behind(archive.into_inner())
    }

    fn entries<R: Read>(&mut self, archive: &mut Archive<R>, gauge: &Gauge) -> Result<(), Stop> {
        let mut entries = archive.entries().map_err(|error| self.unread(&error, false))?;
        loop {
            // A header may say that the name of its file has so many gigabytes.
            gauge.room.set(Some(HEADERS_BYTES_MAX));
            let next = entries.next();
            gauge.room.set(None);
            match next {
                Some(Ok(entry)) => self.entry(entry, gauge)?,
                Some(Err(error)) => return Err(self.unread(&error, gauge.is_at_end.get())),
                None if gauge.is_at_end.get() => {
                    return Err(self.unread(&io::Error::other("it has no end mark"), true));
                }
                None => return Ok(()),
            }
        }
    }

    fn entry<R: Read>(&mut self, mut entry: Entry<'_, R>, gauge: &Gauge) -> Result<(), Stop> {
        let raw = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&raw).into_owned();
        let refused = |reason: &str| Stop::Refused(format!("`{shown}` in it {reason}"));
        let parts = parts(&raw).map_err(refused)?;
        let extensions = entry.pax_extensions().ok().flatten().into_iter().flatten().flatten();
        if extensions.into_iter().any(|one| one.key_bytes().starts_with(b"GNU.sparse.")) {
            let reason = "is stored as a sparse file in a form that is not read; pack it without \
                          such";
            return Err(refused(reason));
        }
        let kind = entry.header().entry_type();
        let is_file = kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse();
        // The oldest tars have no other mark for a folder.
        let is_folder = kind.is_dir() || (is_file && raw.ends_with(b"/"));
        if !is_file && !is_folder && !kind.is_pax_global_extensions() {
            let what = if kind.is_symlink() || kind.is_hard_link() { "a link" } else { "no file" };
            return Err(refused(&format!("is {what}: only folders and files are read")));
        }
        let bytes = entry.size();
        self.last = Some(shown.clone());
        let wanted = if kind.is_pax_global_extensions() { None } else { wanted(&parts, is_folder) };
        let mut sink = match wanted {
            Some(name) if is_folder => {
                let made = std::fs::create_dir_all(self.root.join(name));
                made.map_err(|error| refused(&cannot_make(&error)))?;
                None
            }
            Some(name) => {
                self.room.check(bytes).map_err(|error| Stop::Refused(error.to_string()))?;
                Some(self.make(&name).map_err(|error| refused(&cannot_make(&error)))?)
            }
            None => None,
        };
        let mut left = bytes;
        while left > 0 {
            let count = match entry.read(&mut self.buffer) {
                Ok(0) => return Err(self.unread(&io::Error::other("it ends there"), true)),
                Ok(count) => count,
                Err(error) => return Err(self.unread(&error, gauge.is_at_end.get())),
            };
            if let Some(file) = &mut sink {
                let written = file.write_all(&self.buffer[..count]);
                written.map_err(|error| refused(&format!("cannot be written: {error}")))?;
            }
            left = left.saturating_sub(count as u64);
        }
        Ok(())
    }

    fn make(&self, name: &str) -> io::Result<File> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    /// Behind the mark of the end only zeros may follow; the checksum of what compressed it all
    /// stands behind them.
    fn behind(&mut self, mut rest: impl Read) -> Result<(), Stop> {
        let mut bytes = 0;
        loop {
            let count = match rest.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) => return Err(self.unread(&error, false)),
            };
            bytes += count as u64;
            let is_padding = self.buffer[..count].iter().all(|byte| *byte == 0);
            if !is_padding || bytes > PADDING_BYTES_MAX {
                let what =
                    "something follows behind its end, so that readers differ in what it holds";
                return Err(Stop::Refused(what.to_owned()));
            }
        }
    }

    fn unread(&self, error: &io::Error, is_at_end: bool) -> Stop {
        let place = match &self.last {
            Some(name) => format!("in or behind `{name}`"),
            None => "at its beginning".to_owned(),
        };
        let reason = match DecodeError::within(error) {
            Some(DecodeError::Damaged { reason, encoded_offset, .. }) => {
                format!("{reason}, at byte {encoded_offset}")
            }
            Some(error @ DecodeError::TooLarge { .. }) => error.to_string(),
            None if is_at_end => "it is cut short".to_owned(),
            None => error.to_string(),
        };
        Stop::Unread(format!("{reason}, {place}"))
    }
}

fn cannot_make(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "is there twice, or is both a folder and a file".to_owned()
        }
        _ => format!("cannot be written: {error}"),
    }
}

/// The names on the way to an entry.
fn parts(path: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    if path.starts_with(b"/") {
        return Err("has an absolute path");
    }
    let parts = path.split(|byte| *byte == b'/');
    let parts: Vec<&[u8]> = parts.filter(|part| !part.is_empty() && *part != b".").collect();
    if parts.contains(&&b".."[..]) {
        return Err("leads out of its folder");
    }
    Ok(parts)
}

/// The path of an entry, where it is one that the verifier may read. The rest stays where it is: a
/// data folder also holds an index that may be large, and often the key that signs.
fn wanted(parts: &[&[u8]], is_folder: bool) -> Option<String> {
    let name: Option<Vec<&str>> = parts.iter().map(|part| std::str::from_utf8(part).ok()).collect();
    let name = name?;
    let folders = if is_folder { &name[..] } else { name.split_last()?.1 };
    let is_read = folders.iter().any(|one| FOLDERS_READ.contains(one));
    let is_key = !is_folder && name.ends_with(&["keys", "ledger.keys"]);
    (is_read || is_key).then(|| name.join("/"))
}

/// Whether these are the first bytes of a tar: it has a mark, or the checksum of the oldest form.
fn is_tar(block: &[u8]) -> bool {
    let mark = block.get(257..262);
    if mark == Some(b"ustar") || block.iter().all(|byte| *byte == 0) && !block.is_empty() {
        return true;
    }
    let Some(sum) = block.get(148..156).filter(|_| block.len() == BLOCK_BYTES) else {
        return false;
    };
    let digits: String =
        sum.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_digit).collect();
    let around = block[..148].iter().chain(&block[156..]);
    let found = around.fold(8 * 32, |sum, byte| sum + u32::from(*byte));
    u32::from_str_radix(&digits, 8) == Ok(found)
}

/// Reads until the buffer is full or nothing comes any more.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match from.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// Tells how much of the file was read.
struct Counted<'a, R> {
    inner: R,
    progress: &'a OnProgress<'a>,
    bytes_done: u64,
    bytes_total: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes_done += count as u64;
        let (bytes_done, bytes_total) = (self.bytes_done, self.bytes_total.max(self.bytes_done));
        (self.progress)(Progress { bytes_done, bytes_total });
        Ok(count)
    }
}

/// What is known of the stream that the tar is read from.
#[derive(Debug, Default)]
struct Gauge {
    /// So many bytes may be read; any number where it is not said.
    room: Cell<Option<u64>>,
    /// Whether there was no more where more was asked for.
    is_at_end: Cell<bool>,
}

struct Gauged<'a, R> {
    inner: R,
    gauge: &'a Gauge,
}

impl<R: Read> Read for Gauged<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            self.gauge.is_at_end.set(true);
        }
        if let Some(room) = self.gauge.room.get() {
            let left = room.checked_sub(count as u64).ok_or_else(|| {
                io::Error::other(format!("a header is longer than {HEADERS_BYTES_MAX} bytes"))
            })?;
            self.gauge.room.set(Some(left));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
