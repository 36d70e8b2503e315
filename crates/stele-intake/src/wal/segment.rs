//! One file of the log: a header, then frames, then zeros that were reserved.
//!
//! ```text
//! header: 8 "STELEWAL" | 4 version | 8 segment | 8 first sequence | 8 end of the one before | 4 crc
//! frame:  4 body length | 4 crc of (segment, place, sequence, body)
//!         4 place in its group | 8 sequence | body
//! ```
//!
//! The place in the group tells damage from a torn tail: a group is written and synced as one, so
//! a hole in the last group, and only there, is what a power cut may leave.
//!
//! A header says where the segment before it durably ended: frames behind that point were never
//! acknowledged, because their sync failed or the machine stopped, and are not read.

/// Length of the header, in bytes.
pub(super) const HEADER_BYTES: usize = 40;
/// Length of what stands before a body, in bytes.
pub(super) const FRAME_BYTES: usize = 20;
const MAGIC: &[u8; 8] = b"STELEWAL";
const VERSION: u32 = 1;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) segment: u64,
    pub(super) first_sequence: u64,
    /// Where the segment before durably ended, in bytes; 0 where there was none.
    pub(super) previous_end: u64,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.segment.to_le_bytes());
        bytes.extend(self.first_sequence.to_le_bytes());
        bytes.extend(self.previous_end.to_le_bytes());
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        let number = |at: usize| -> Option<u64> {
            Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
        };
        let crc = u32::from_le_bytes(bytes[36..].try_into().ok()?);
        let sound = &bytes[..8] == MAGIC
            && bytes[8..12] == VERSION.to_le_bytes()
            && crc == crc32c::crc32c(&bytes[..36]);
        sound.then_some(Self {
            segment: number(12)?,
            first_sequence: number(20)?,
            previous_end: number(28)?,
        })
    }
}

/// Appends a frame to a buffer.
pub(super) fn put_frame(out: &mut Vec<u8>, segment: u64, place: u32, sequence: u64, body: &[u8]) {
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(checksum(segment, place, sequence, body).to_le_bytes());
    out.extend(place.to_le_bytes());
    out.extend(sequence.to_le_bytes());
    out.extend_from_slice(body);
}

/// A frame that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    /// The sequence of the first frame of its group.
    pub(super) group: u64,
    pub(super) body: &'a [u8],
    /// Where the next one begins.
    pub(super) end: usize,
}

/// The frame at an offset, if there is a sound one.
pub(super) fn frame_at(bytes: &[u8], segment: u64, offset: usize) -> Option<Frame<'_>> {
    let head = bytes.get(offset..offset + FRAME_BYTES)?;
    let number = |at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?))
    };
    let (length, crc, place) = (number(0)? as usize, number(4)?, number(8)?);
    let sequence = u64::from_le_bytes(head[12..].try_into().ok()?);
    let start = offset + FRAME_BYTES;
    let body = bytes.get(start..start.checked_add(length)?)?;
    let sound = length > 0 && checksum(segment, place, sequence, body) == crc;
    let group = sequence.checked_sub(u64::from(place))?;
    sound.then_some(Frame { sequence, group, body, end: start + length })
}

/// The next sound frame after a damaged place. Only sequences that can follow are looked at, so
/// that hardly any checksum is computed in vain.
pub(super) fn next_frame(
    bytes: &[u8],
    segment: u64,
    offset: usize,
    sequence_min: u64,
) -> Option<(usize, Frame<'_>)> {
    let sequence_max = sequence_min.saturating_add(bytes.len() as u64);
    (offset..bytes.len().saturating_sub(FRAME_BYTES)).find_map(|at| {
        let sequence = u64::from_le_bytes(bytes[at + 12..at + 20].try_into().ok()?);
        (sequence_min..=sequence_max).contains(&sequence).then_some(())?;
        frame_at(bytes, segment, at).map(|frame| (at, frame))
    })
}

fn checksum(segment: u64, place: u32, sequence: u64, body: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&segment.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &place.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &sequence.to_le_bytes());
    crc32c::crc32c_append(crc, body)
}
