//! What the write-ahead log holds, as bytes.
//!
//! An append holds some records of one payload: the bytes as received (decoded), where each record
//! lies in them, and the receipt. The expensive part (compression) is done where the request is
//! handled ([`Prepared`]); what only the writer knows (batch, position, salt seed) is put before
//! it. Layout of a body, little endian:
//!
//! ```text
//! 1  kind: 1 append, 2 close
//! append: 8 batch | 4 first_pos | 1 has_seed | 32 seed (if so)
//!         4 receipt length | receipt (JSON, versioned by its field names)
//!         4 span count | spans as varints: gap, length, original length or 0
//!         4 header length | header
//!         1 zstd? | 4 payload length | payload
//! close:  8 batch | 4 rows
//! ```

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stele_parse::driver::Delivery;
use stele_parse::format::Span;

use super::WalError;

/// A payload is at most this long, in bytes; longer ones come in pieces.
pub const PAYLOAD_BYTES_MAX: usize = 256 << 20;
/// Payloads below this size are not compressed.
const COMPRESS_BYTES_MIN: usize = 512;

const APPEND: u8 = 1;
const CLOSE: u8 = 2;

/// What is known of a payload: who sent what, when, and how it was split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The dataset that it goes to.
    pub dataset: String,
    /// When it was received, µs since the epoch.
    pub received_micros: i64,
    /// The zone assumed where a time names none, in seconds east of UTC.
    #[serde(default)]
    pub zone_offset_seconds: i32,
    /// The format by which it was split.
    pub format: String,
    /// The version of that format then.
    pub format_version: i32,
    /// Who delivered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The file path or object key that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Which piece of which content it is, for imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// The identity of an imported piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the whole content, in hexadecimal.
    pub content_sha256: String,
    /// Where the piece begins in the decoded content, in bytes.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// Whether the content ends with it.
    pub last: bool,
}

/// Some records of one payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What is known of it.
    pub receipt: Receipt,
    /// The splitter's context.
    pub header: Vec<u8>,
    /// Where the records lie in `bytes`.
    pub spans: Vec<Span>,
    /// The bytes.
    pub bytes: Bytes,
}

impl Payload {
    /// What its records are mapped with beside their bytes.
    pub fn delivery(&self) -> Delivery<'_> {
        Delivery {
            received_micros: self.receipt.received_micros,
            zone_offset_seconds: self.receipt.zone_offset_seconds,
            source: self.receipt.source.as_deref(),
            path: self.receipt.path.as_deref(),
            header: &self.header,
        }
    }
}

/// Where the writer puts a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The ledger batch.
    pub batch: i64,
    /// The position of the payload's first record in the batch.
    pub first_pos: i32,
    /// The seed of the batch's salts, with the first payload of a batch.
    pub salt_seed: Option<[u8; 32]>,
}

/// One record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Some records of one payload.
    Append(Placement, Box<Payload>),
    /// The end of a batch.
    Close {
        /// The batch.
        batch: i64,
        /// How many events it holds, dropped duplicates included.
        rows: i32,
    },
}

/// A payload that is encoded and lacks only its placement.
#[derive(Debug, Clone)]
pub struct Prepared(Vec<u8>);

impl Prepared {
    /// Encodes a payload; this is where compression happens.
    ///
    /// # Errors
    /// Where the payload is longer than [`PAYLOAD_BYTES_MAX`].
    pub fn new(payload: &Payload) -> Result<Self, WalError> {
        if payload.bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(WalError::TooLong {
                bytes: payload.bytes.len(),
                bytes_max: PAYLOAD_BYTES_MAX,
            });
        }
        let receipt = serde_json::to_vec(&payload.receipt).unwrap_or_default();
        let mut out = Vec::with_capacity(payload.bytes.len() / 4 + receipt.len() + 64);
        put_block(&mut out, &receipt);
        out.extend((payload.spans.len() as u32).to_le_bytes());
        let mut end = 0;
        for span in &payload.spans {
            put_varint(&mut out, (span.start - end) as u64);
            put_varint(&mut out, (span.end - span.start) as u64);
            put_varint(&mut out, span.original_bytes.unwrap_or(0));
            end = span.end;
        }
        put_block(&mut out, &payload.header);
        let compressed = (payload.bytes.len() >= COMPRESS_BYTES_MIN)
            .then(|| zstd::bulk::compress(&payload.bytes, 1).ok())
            .flatten();
        out.push(u8::from(compressed.is_some()));
        out.extend((payload.bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(compressed.as_deref().unwrap_or(&payload.bytes));
        Ok(Self(out))
    }

    /// Its length, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: there is at least the receipt.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body of the log record, placed.
    pub fn place(&self, placement: &Placement) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.0.len() + 46);
        body.push(APPEND);
        body.extend(placement.batch.to_le_bytes());
        body.extend(placement.first_pos.to_le_bytes());
        body.push(u8::from(placement.salt_seed.is_some()));
        body.extend(placement.salt_seed.iter().flatten());
        body.extend_from_slice(&self.0);
        body
    }
}

/// The body of the record that ends a batch.
pub fn close(batch: i64, rows: i32) -> Vec<u8> {
    let mut body = vec![CLOSE];
    body.extend(batch.to_le_bytes());
    body.extend(rows.to_le_bytes());
    body
}

/// Reads a body back. Whatever the bytes are, it neither panics nor takes more memory than the
/// stated and limited length of the payload.
pub fn decode(body: &[u8]) -> Result<Record, WalError> {
    let mut reader = Reader(body);
    read(&mut reader).ok_or(WalError::Malformed { body_bytes: body.len() })
}

fn read(reader: &mut Reader<'_>) -> Option<Record> {
    match reader.array::<1>()?[0] {
        CLOSE => {
            let batch = i64::from_le_bytes(reader.array()?);
            let rows = i32::from_le_bytes(reader.array()?);
            reader.0.is_empty().then_some(Record::Close { batch, rows })
        }
        APPEND => {
            let batch = i64::from_le_bytes(reader.array()?);
            let first_pos = i32::from_le_bytes(reader.array()?);
            let salt_seed = match reader.array::<1>()?[0] {
                0 => None,
                _ => Some(reader.array()?),
            };
            let receipt = serde_json::from_slice(reader.block()?).ok()?;
            let spans = read_spans(reader)?;
            let header = reader.block()?.to_vec();
            let bytes = read_payload(reader)?;
            spans.last().is_none_or(|span| span.end <= bytes.len()).then_some(())?;
            let payload = Payload { receipt, header, spans, bytes };
            Some(Record::Append(Placement { batch, first_pos, salt_seed }, Box::new(payload)))
        }
        _ => None,
    }
}

fn read_spans(reader: &mut Reader<'_>) -> Option<Vec<Span>> {
    let count = u32::from_le_bytes(reader.array()?) as usize;
    // A span takes at least three bytes, so the input bounds the allocation.
    let mut spans = Vec::with_capacity(count.min(reader.0.len() / 3));
    let mut end = 0usize;
    for _ in 0..count {
        let start = end.checked_add(usize::try_from(reader.varint()?).ok()?)?;
        end = start.checked_add(usize::try_from(reader.varint()?).ok()?)?;
        let original = reader.varint()?;
        spans.push(Span { start, end, original_bytes: (original > 0).then_some(original) });
    }
    Some(spans)
}

fn read_payload(reader: &mut Reader<'_>) -> Option<Bytes> {
    let compressed = reader.array::<1>()?[0] != 0;
    let length = u32::from_le_bytes(reader.array()?) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return None;
    }
    let rest = std::mem::take(&mut reader.0);
    let bytes = if compressed { zstd::bulk::decompress(rest, length).ok()? } else { rest.to_vec() };
    (bytes.len() == length).then(|| Bytes::from(bytes))
}

fn put_block(out: &mut Vec<u8>, block: &[u8]) {
    out.extend((block.len() as u32).to_le_bytes());
    out.extend_from_slice(block);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        self.take(length)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.array::<1>()?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}
