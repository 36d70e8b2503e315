//! The write-ahead log: nothing is acknowledged before it is here and synced.
//!
//! Bodies flow in through [`Wal::append`], a group at a time, and are durable when it returns;
//! they flow out again, in order, through [`Wal::replay`] after a crash. A segment whose write or
//! sync failed is never written again and nothing behind its last good sync ever counts. Segments
//! go when every reader has passed them. One thread writes; the folder is locked by the caller.

pub mod record;
mod scan;
mod segment;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::filesystem::{DiskFile, FileSystem};
use record::Record;
pub use scan::{Scan, scan};
use segment::{FRAME_BYTES, HEADER_BYTES, Header};

/// An error of the write-ahead log.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The disk refused; nothing of the group counts, and the caller may try again later.
    #[error("cannot {action} `{}`: {source}; nothing of this request was stored", path.display())]
    Disk {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The log has grown to its limit because the lake does not keep up.
    #[error(
        "the write-ahead log holds {bytes} bytes, its limit is {bytes_max}: the lake does not keep up; try again"
    )]
    Backlog {
        /// What it holds.
        bytes: u64,
        /// The limit, `wal.backlog_bytes_max`.
        bytes_max: u64,
    },
    /// A payload is too long for one record.
    #[error("a payload of {bytes} bytes is longer than {bytes_max}; send it in pieces")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A body passed its checksum but is not one that this version can read.
    #[error("a record of {body_bytes} bytes cannot be read: it was written by a newer version")]
    Malformed {
        /// Its length.
        body_bytes: usize,
    },
}

/// The log's limits.
#[derive(Debug, Clone, Copy)]
pub struct WalConfig {
    /// A segment is about this long, in bytes.
    pub segment_bytes: u64,
    /// Beyond this many bytes in segments, appends are refused.
    pub backlog_bytes_max: u64,
}

impl Default for WalConfig {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, backlog_bytes_max: 4 << 30 }
    }
}

/// What opening the log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Sound records.
    pub records: u64,
    /// Bytes behind the last sound record of a segment that had not been acknowledged.
    pub torn_bytes: u64,
    /// Damage inside what had been acknowledged: each an alarm.
    pub damage: Vec<Damage>,
}

/// A place where acknowledged records cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The segment.
    pub path: PathBuf,
    /// Where the damage begins, in bytes.
    pub offset: u64,
    /// How many bytes are unreadable.
    pub bytes: u64,
    /// The sequence numbers that are missing, first and last.
    pub missing: (u64, u64),
}

#[derive(Debug, Clone)]
struct Segment {
    path: PathBuf,
    number: u64,
    first_sequence: u64,
    last_sequence: u64,
    bytes: u64,
    /// Where what counts ends; known once the next segment exists.
    durable_end: u64,
}

#[derive(Debug)]
struct Current {
    file: Arc<dyn DiskFile>,
    end: u64,
    reserved: u64,
}

/// The log; see the module.
#[derive(Debug)]
pub struct Wal {
    disk: Arc<dyn FileSystem>,
    folder: PathBuf,
    config: WalConfig,
    segments: Vec<Segment>,
    current: Option<Current>,
    next_sequence: u64,
    readers: BTreeMap<String, u64>,
}

const READERS: &str = "readers.json";

impl Wal {
    /// Opens the log in a folder. `readers` are those that must have passed a segment before it
    /// goes; `passed` is a sequence number that is known to have been given out already.
    pub fn open(
        disk: Arc<dyn FileSystem>,
        folder: &Path,
        config: WalConfig,
        readers: &[&str],
        passed: u64,
    ) -> Result<(Self, Recovery), WalError> {
        disk.create_dir_all(folder).map_err(failed("make the folder", folder))?;
        let mut wal = Self {
            disk,
            folder: folder.to_owned(),
            config,
            segments: Vec::new(),
            current: None,
            next_sequence: passed + 1,
            readers: BTreeMap::new(),
        };
        let kept = wal.disk.read(&folder.join(READERS)).unwrap_or_default();
        let kept: BTreeMap<String, u64> = serde_json::from_slice(&kept).unwrap_or_default();
        wal.readers = readers
            .iter()
            .map(|name| ((*name).to_owned(), kept.get(*name).copied().unwrap_or(0)))
            .collect();
        let recovery = wal.recover()?;
        let highest = kept.values().copied().max().unwrap_or(0);
        wal.next_sequence = wal.next_sequence.max(highest + 1);
        Ok((wal, recovery))
    }

    fn recover(&mut self) -> Result<Recovery, WalError> {
        let mut recovery = Recovery::default();
        let mut headers = Vec::new();
        let names = self.disk.list(&self.folder).map_err(failed("list", &self.folder))?;
        for path in names.into_iter().filter(|p| p.extension().is_some_and(|e| e == "seg")) {
            let bytes = self.disk.read(&path).map_err(failed("read", &path))?;
            match Header::decode(&bytes) {
                Some(header) => headers.push((path, header, bytes.len() as u64)),
                None if bytes.iter().all(|b| *b == 0) => {}
                // A header is synced before any frame: nothing behind a torn one counts.
                None => recovery.torn_bytes += bytes.len() as u64,
            }
        }
        let mut salvaged = Vec::new();
        headers.sort_by_key(|(_, header, _)| header.segment);
        for (index, (path, header, bytes)) in headers.iter().enumerate() {
            let next = headers.get(index + 1).filter(|(_, n, _)| n.segment == header.segment + 1);
            let durable_end = next.map_or(u64::MAX, |(_, n, _)| n.previous_end);
            let mut segment = Segment {
                path: path.clone(),
                number: header.segment,
                first_sequence: header.first_sequence,
                last_sequence: header.first_sequence - 1,
                bytes: *bytes,
                durable_end,
            };
            let contents = self.disk.read(path).map_err(failed("read", path))?;
            let acknowledged_to = if next.is_some() { durable_end } else { 0 };
            let mut last_sequence = segment.last_sequence;
            let walked =
                walk(&segment, &contents, acknowledged_to, &mut recovery, &mut |sequence, _| {
                    last_sequence = sequence;
                    Ok(())
                })?;
            segment.last_sequence = last_sequence;
            if next.is_none() {
                segment.durable_end = walked.end;
            }
            if let Some(hole) = walked.torn {
                // What stands behind a hole in the last group was never acknowledged, most likely;
                // it is kept all the same, under new numbers in a segment without a hole.
                walk(&segment, &contents, 0, &mut Recovery::default(), &mut |sequence, body| {
                    if sequence > hole.missing.0 {
                        salvaged.push(body.to_vec());
                    }
                    Ok(())
                })?;
                segment.durable_end = hole.offset;
                segment.last_sequence = hole.missing.0 - 1;
            }
            self.next_sequence = self.next_sequence.max(segment.last_sequence + 1);
            self.segments.push(segment);
        }
        if !salvaged.is_empty() {
            self.append(&salvaged)?;
        }
        Ok(recovery)
    }

    /// Calls `each` with every record after a sequence number, in order. Damaged places are
    /// skipped; [`Wal::open`] has reported them.
    pub fn replay(
        &self,
        after: u64,
        each: &mut dyn FnMut(u64, Record) -> Result<(), WalError>,
    ) -> Result<(), WalError> {
        for segment in self.segments.iter().filter(|s| s.last_sequence > after) {
            let bytes = self.disk.read(&segment.path).map_err(failed("read", &segment.path))?;
            walk(segment, &bytes, 0, &mut Recovery::default(), &mut |sequence, body| {
                if sequence > after { each(sequence, record::decode(body)?) } else { Ok(()) }
            })
            .map(drop)?;
        }
        Ok(())
    }

    /// The sequence number that the next record will get.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Writes a group and returns the sequence number of its first record. When it returns, the
    /// group is durable; when it fails, nothing of the group counts.
    pub fn append(&mut self, bodies: &[Vec<u8>]) -> Result<u64, WalError> {
        let bytes = self.backlog_bytes();
        if bytes > self.config.backlog_bytes_max {
            return Err(WalError::Backlog { bytes, bytes_max: self.config.backlog_bytes_max });
        }
        let length: u64 = bodies.iter().map(|b| (b.len() + FRAME_BYTES) as u64).sum();
        let fits = self.current.as_ref().is_some_and(|c| c.end + length <= c.reserved);
        if !fits {
            self.rotate(length)?;
        }
        let first = self.next_sequence;
        let Some(segment) = self.segments.last_mut() else { return Ok(first) };
        let mut frames = Vec::with_capacity(length as usize);
        for (place, body) in (0..).zip(bodies) {
            let sequence = first + u64::from(place);
            segment::put_frame(&mut frames, segment.number, place, sequence, body);
        }
        let Some(current) = self.current.as_mut() else { return Ok(first) };
        let written =
            current.file.write_all_at(&frames, current.end).and_then(|()| current.file.sync_data());
        if let Err(source) = written {
            // The segment is poisoned: it ends where its last good sync ended.
            self.current = None;
            return Err(WalError::Disk { action: "write", path: segment.path.clone(), source });
        }
        current.end += length;
        segment.durable_end = current.end;
        self.next_sequence += bodies.len() as u64;
        segment.last_sequence = self.next_sequence - 1;
        Ok(first)
    }

    fn rotate(&mut self, length: u64) -> Result<(), WalError> {
        let (number, previous_end) =
            self.segments.last().map_or((1, 0), |s| (s.number + 1, s.durable_end.min(s.bytes)));
        // A new name for every attempt: one that failed may have left anything behind.
        let mut attempt = 0;
        let (path, file) = loop {
            let path = self.folder.join(format!("{number:010}-{attempt}.seg"));
            match self.disk.create_new(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(source) => return Err(WalError::Disk { action: "create", path, source }),
            }
        };
        let header = Header { segment: number, first_sequence: self.next_sequence, previous_end };
        let reserved = self.config.segment_bytes.max(HEADER_BYTES as u64 + length);
        let made = file
            .reserve(reserved)
            .and_then(|()| file.write_all_at(&header.encode(), 0))
            .and_then(|()| file.sync_data())
            .and_then(|()| self.disk.sync_dir(&self.folder));
        if let Err(source) = made {
            let _ = self.disk.remove(&path);
            return Err(WalError::Disk { action: "begin", path, source });
        }
        let end = HEADER_BYTES as u64;
        self.segments.push(Segment {
            path,
            number,
            first_sequence: self.next_sequence,
            last_sequence: self.next_sequence - 1,
            bytes: reserved,
            durable_end: end,
        });
        self.current = Some(Current { file, end, reserved });
        Ok(())
    }

    /// How many bytes wait in segments.
    pub fn backlog_bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.durable_end.min(s.bytes)).sum()
    }

    /// How far a reader has durably come.
    pub fn reader(&self, name: &str) -> u64 {
        self.readers.get(name).copied().unwrap_or(0)
    }

    /// Notes how far a reader has durably come, and removes the segments that all have passed.
    pub fn passed(&mut self, name: &str, sequence: u64) -> Result<(), WalError> {
        self.readers.insert(name.to_owned(), sequence);
        let path = self.folder.join(READERS);
        let temporary = self.folder.join("readers.tmp");
        let _ = self.disk.remove(&temporary);
        let body = serde_json::to_vec(&self.readers).unwrap_or_default();
        let file = self.disk.create_new(&temporary).map_err(failed("create", &temporary))?;
        file.write_all_at(&body, 0)
            .and_then(|()| file.sync_data())
            .and_then(|()| self.disk.rename(&temporary, &path))
            .and_then(|()| self.disk.sync_dir(&self.folder))
            .map_err(failed("write", &path))?;
        let behind = self.readers.values().copied().min().unwrap_or(0);
        while self.segments.len() > 1 && self.segments[0].last_sequence <= behind {
            let segment = self.segments.remove(0);
            self.disk.remove(&segment.path).map_err(failed("remove", &segment.path))?;
        }
        Ok(())
    }
}

/// What a walk over a segment found at its end.
struct Walked {
    /// Where the last sound frame ends.
    end: u64,
    /// A hole in the last group, which is no damage.
    torn: Option<Damage>,
}

/// What is done with a sound frame: its sequence number and its body.
type Visit<'a> = dyn FnMut(u64, &[u8]) -> Result<(), WalError> + 'a;

/// Visits the sound frames of a segment. What is unreadable before `acknowledged_to`, or before a
/// later sound frame, is damage; what is unreadable at the end is a torn tail.
fn walk(
    segment: &Segment,
    bytes: &[u8],
    acknowledged_to: u64,
    recovery: &mut Recovery,
    each: &mut Visit<'_>,
) -> Result<Walked, WalError> {
    let end = segment.durable_end.min(bytes.len() as u64) as usize;
    let bytes = &bytes[..end];
    let mut offset = HEADER_BYTES;
    let mut sound_end = offset as u64;
    let mut expected = segment.first_sequence;
    // A hole that may be the torn tail; a frame of a later group proves that it is damage.
    let mut hole: Option<Damage> = None;
    while offset < end {
        let found = segment::frame_at(bytes, segment.number, offset)
            .filter(|frame| frame.sequence == expected)
            .map(|frame| (offset, frame));
        let rest_is_reserved = || bytes[offset..].iter().all(|b| *b == 0);
        if found.is_none() && acknowledged_to == 0 && rest_is_reserved() {
            break;
        }
        let next =
            found.or_else(|| segment::next_frame(bytes, segment.number, offset + 1, expected));
        let (at, missing_to) = match next {
            Some((at, frame)) => (at, frame.sequence.saturating_sub(1)),
            None => (end, expected),
        };
        if at > offset {
            recovery.damage.extend(hole.take());
            hole = Some(Damage {
                path: segment.path.clone(),
                offset: offset as u64,
                bytes: (at - offset) as u64,
                missing: (expected, missing_to),
            });
        }
        let Some((_, frame)) = next else { break };
        if let Some(damage) = hole.take_if(|hole| frame.group > hole.missing.0) {
            recovery.damage.push(damage);
        }
        recovery.records += 1;
        each(frame.sequence, frame.body)?;
        expected = frame.sequence + 1;
        offset = frame.end;
        sound_end = offset as u64;
    }
    let mut torn = None;
    match hole {
        Some(hole) if hole.offset < acknowledged_to => recovery.damage.push(hole),
        Some(hole) => {
            recovery.torn_bytes += hole.bytes;
            torn = Some(hole);
        }
        None => {}
    }
    Ok(Walked { end: sound_end, torn })
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WalError {
    let path = path.to_owned();
    move |source| WalError::Disk { action, path, source }
}

#[cfg(test)]
mod tests;
