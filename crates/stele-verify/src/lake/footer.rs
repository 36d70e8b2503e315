//! Looks over a Parquet footer before a reader believes it.
//!
//! The reader takes memory for as many items as a list says it has. A damaged footer may say two
//! thousand millions; then the process would end and not the reading of one file. So the lists are
//! counted first: none may have more items than it has bytes behind it. The footer is Thrift's
//! compact protocol, `thrift/doc/specs/thrift-compact-protocol.md`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// A footer is not longer than this, in bytes.
const FOOTER_BYTES_MAX: u64 = 64 << 20;
/// Structs are not nested deeper than this.
const DEPTH_MAX: u32 = 32;
/// Length of the footer's length and of the magic number behind it.
const TAIL_BYTES: u64 = 8;

/// Whether the footer of a file can be read without taking more memory than it is worth.
pub(super) fn check(file: &mut File) -> Result<(), String> {
    let wrong = |error: io::Error| error.to_string();
    let bytes = file.seek(SeekFrom::End(0)).map_err(wrong)?;
    let tail_at = bytes.checked_sub(TAIL_BYTES).ok_or("it is too short for a footer")?;
    file.seek(SeekFrom::Start(tail_at)).map_err(wrong)?;
    let mut tail = [0; TAIL_BYTES as usize];
    file.read_exact(&mut tail).map_err(wrong)?;
    let [a, b, c, d, magic @ ..] = tail;
    if magic != *b"PAR1" {
        return Err("it does not end as a Parquet file".to_owned());
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let begin = tail_at.checked_sub(length).filter(|_| length <= FOOTER_BYTES_MAX);
    let begin = begin.ok_or("its footer is longer than the file, or than any")?;
    file.seek(SeekFrom::Start(begin)).map_err(wrong)?;
    let mut footer = Vec::new();
    file.take(length).read_to_end(&mut footer).map_err(wrong)?;
    let mut walk = Walk(&footer);
    walk.structure(0).ok_or_else(|| "its footer is damaged".to_owned())
}

/// What is not looked at yet.
struct Walk<'a>(&'a [u8]);

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn structure(&mut self, depth: u32) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            if head >> 4 == 0 {
                // The field's number stands in bytes of its own.
                self.varint()?;
            }
            match head & 0x0f {
                // True and false stand in the head.
                1 | 2 => {}
                kind => self.value(kind, depth)?,
            }
        }
    }

    fn value(&mut self, kind: u8, depth: u32) -> Option<()> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => self.list(depth + 1),
            12 => self.structure(depth + 1),
            // Footers have no maps.
            _ => None,
        }
    }

    fn list(&mut self, depth: u32) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        if count > self.0.len() as u64 {
            return None;
        }
        (0..count).try_for_each(|_| self.value(head & 0x0f, depth))
    }
}
