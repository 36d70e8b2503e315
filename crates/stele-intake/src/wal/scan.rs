//! Reads a log that belongs to somebody else: nothing in the folder is changed, and a server may
//! write to it meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::segment::{HEADER_BYTES, Header};
use super::{Damage, Recovery, Segment, WalError, failed, walk};

/// A segment is not longer than this, in bytes; what is longer is not read.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// Segments may go while they are read; then it is begun again, so often.
const ATTEMPTS_MAX: usize = 5;

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Segments that were read.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is unreadable at the end of segments: it was never acknowledged, unless somebody
    /// misses it.
    pub torn: Vec<Damage>,
    /// Sound records, and damage inside of what had been acknowledged.
    pub recovery: Recovery,
}

/// Calls `each` with the segment, the sequence number and the body of every sound record, in
/// order. `each` may hear of a record again where segments went meanwhile.
///
/// # Errors
/// Where the folder or a file in it cannot be read.
pub fn scan(folder: &Path, each: &mut dyn FnMut(&Path, u64, &[u8])) -> Result<Scan, WalError> {
    for _ in 1..ATTEMPTS_MAX {
        if let Some(scan) = once(folder, each)? {
            return Ok(scan);
        }
    }
    let source = io::Error::other("its segments go while they are read");
    Err(WalError::Disk { action: "read", path: folder.to_owned(), source })
}

/// One attempt; nothing where a segment went meanwhile.
fn once(folder: &Path, each: &mut dyn FnMut(&Path, u64, &[u8])) -> Result<Option<Scan>, WalError> {
    let mut scan = Scan::default();
    let mut headers: Vec<(PathBuf, Header)> = Vec::new();
    let names = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(scan)),
        names => names.map_err(failed("list", folder))?,
    };
    for entry in names {
        let path = entry.map_err(failed("list", folder))?.path();
        if path.extension().is_none_or(|extension| extension != "seg") {
            continue;
        }
        // All headers before any contents: what they say was durable is there when it is read.
        let Some(bytes) = read(&path, HEADER_BYTES as u64)? else { return Ok(None) };
        if let Some(header) = Header::decode(&bytes) {
            headers.push((path, header));
            continue;
        }
        let Some(bytes) = read(&path, SEGMENT_BYTES_MAX)? else { return Ok(None) };
        headless(&path, &bytes, &mut scan);
    }
    headers.sort_by_key(|(path, header)| (header.segment, path.clone()));
    let mut last_sequence = None;
    for (index, (path, header)) in headers.iter().enumerate() {
        let Some(contents) = read(path, SEGMENT_BYTES_MAX + 1)? else { return Ok(None) };
        scan.segments += 1;
        scan.bytes += contents.len() as u64;
        let before = index.checked_sub(1).map(|before| headers[before].1.segment);
        let expected = last_sequence.map_or(header.first_sequence, |last| last + 1);
        if before.is_some_and(|before| before + 1 < header.segment)
            && expected < header.first_sequence
        {
            let missing = (expected, header.first_sequence - 1);
            let damage = Damage { path: path.clone(), offset: 0, bytes: 0, missing };
            scan.recovery.damage.push(damage);
        }
        let next = headers.get(index + 1).filter(|(_, next)| next.segment == header.segment + 1);
        let acknowledged_to = next.map_or(0, |(_, next)| next.previous_end);
        let bytes = contents.len() as u64;
        if acknowledged_to > bytes || bytes > SEGMENT_BYTES_MAX {
            let missing = (header.first_sequence, header.first_sequence);
            let damage = Damage { path: path.clone(), offset: bytes, bytes: 0, missing };
            scan.recovery.damage.push(damage);
        }
        let segment = Segment {
            path: path.clone(),
            number: header.segment,
            first_sequence: header.first_sequence,
            last_sequence: header.first_sequence.saturating_sub(1),
            bytes,
            durable_end: next.map_or(u64::MAX, |(_, next)| next.previous_end),
        };
        let mut last = segment.last_sequence;
        let recovery = &mut scan.recovery;
        let walked =
            walk(&segment, &contents, acknowledged_to, recovery, &mut |sequence, body| {
                last = sequence;
                each(path, sequence, body);
                Ok(())
            })?;
        scan.torn.extend(walked.torn);
        last_sequence = Some(last);
    }
    Ok(Some(scan))
}

/// A segment without a sound header. It is synced before any frame is written, so that one with
/// something behind it was sound once.
fn headless(path: &Path, bytes: &[u8], scan: &mut Scan) {
    let behind = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let torn = behind.iter().all(|byte| *byte == 0);
    let bytes = bytes.len() as u64;
    let damage = Damage { path: path.to_owned(), offset: 0, bytes, missing: (0, 0) };
    if torn {
        scan.torn.push(damage);
    } else {
        scan.recovery.damage.push(damage);
    }
}

/// The beginning of a file; nothing where it is gone.
fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, WalError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WalError::Disk { action: "read", path: path.to_owned(), source }),
    }
}
