//! What a log format is: the one trait that each file in `formats/` implements.
//!
//! Bytes flow in as they arrive; a [`Splitter`] says where each record begins and ends, and a
//! [`Mapper`] fills one row of columns from one record. Neither does I/O, reads a clock, or fails:
//! bytes that are no record come out as a record whose mapping fails, and a record whose mapping
//! fails is stored raw. So every byte is either inside a record, inside the context (a header
//! line), or a separator that the format defines.

use stele_event::{RowWriter, SourceField};

/// What is known about a payload before looking into it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hint<'a> {
    /// The file path or object key that it came from.
    pub path: Option<&'a str>,
    /// The media type that the sender stated.
    pub content_type: Option<&'a str>,
}

/// How sure a format is that a payload is its own: 0 not at all, 100 certain.
///
/// 90 and above: only this format looks so. 50–89: very likely. 1–49: possible, a fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Confidence(pub u8);

/// Where one record lies in the buffer that was given to [`Splitter::split`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
    /// Where the record was longer than the limit and only its beginning is in the span: the
    /// length of the whole in bytes, as far as it was seen when the span was reported.
    pub original_bytes: Option<u64>,
}

/// Finds the records in a stream of bytes.
pub trait Splitter: Send {
    /// Reports the records in `buffer`, which holds the stream from the first byte not yet
    /// consumed, and returns how many bytes are done with. Unless `at_end`, a record that may go
    /// on beyond the buffer is left for the next call, which gets the same bytes and more. With
    /// `at_end` everything is consumed.
    ///
    /// A record longer than the splitter's limit is reported cut, as soon as the buffer holds
    /// that much of it; its tail is consumed without being kept, whatever its length.
    fn split(&mut self, buffer: &[u8], at_end: bool, spans: &mut Vec<Span>) -> usize;

    /// What later records need to be understood (a header line); kept beside them in the
    /// write-ahead log and given to [`Format::mapper`]. Empty where the format needs nothing.
    fn context(&self) -> &[u8] {
        &[]
    }
}

/// How well a record was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    /// Every field found its place.
    Ok,
    /// The record is understood, but something in it was refused; the text says what.
    Partial(String),
    /// The record is not of this format; the text says why. Columns already set are taken back.
    Failed(String),
}

/// Fills one row from one record.
pub trait Mapper: Send {
    /// Maps `record` into `row`. Sets what the record says (time, class, actor, ...), never what
    /// is known from elsewhere (raw, source type, receive time): the driver does that.
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped;
}

/// What a mapper may know beyond the record itself.
#[derive(Debug, Clone, Copy)]
pub struct MapContext<'a> {
    /// The splitter's context (a header line).
    pub header: &'a [u8],
    /// When the payload was received, µs since the epoch: to guess a missing year.
    pub received_micros: i64,
    /// The zone assumed where a time names none, in seconds east of UTC.
    pub zone_offset_seconds: i32,
    /// The file path or object key, where there is one: account, region and the like stand in it.
    pub path: Option<&'a str>,
}

/// A log format.
pub trait Format: Send + Sync {
    /// The name by which it is asked for and stored (`source_type`): lower case, stable.
    fn id(&self) -> &'static str;

    /// The version of its mapping (`parser_version`): raised whenever a column's value changes.
    fn version(&self) -> i32;

    /// One line for people: what it is and who writes it.
    fn describe(&self) -> &'static str;

    /// How likely a payload that begins with `head` (at most 64 KiB) is of this format.
    fn detect(&self, hint: &Hint<'_>, head: &[u8]) -> Confidence;

    /// A splitter for one stream, that cuts records longer than `record_bytes_max`.
    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter>;

    /// A mapper for the records of one stream.
    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper>;

    /// The source's own field names that queries may use.
    fn fields(&self) -> &'static [SourceField] {
        &[]
    }
}
