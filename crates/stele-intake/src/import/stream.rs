//! One file: what it is, and its pieces, in bounded memory whatever its size.
//!
//! A file is read twice: once for its hash, by which its content is known, and once for its
//! records, of which no more is read than was hashed. What cannot be read now but perhaps later
//! leaves the file unfinished, so that the next import goes on there; damage inside it finishes
//! it, for the same content is damaged every time.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use stele_event::{Column, EventBatch, RowView};
use stele_parse::detect::{NotALog, detect, looks_like_log};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::{Format, Hint, Span, Splitter};
use stele_parse::formats::text::Text;

use super::{FileOutcome, PlannedFile, Progress, Run};
use crate::decode::{DecodeError, DecodeLimits, DecodedReader, Encoding};
use crate::pipeline::IntakeError;
use crate::wal::record::{Origin, Payload, Receipt};

/// A piece is at most so long, in bytes, unless a single record is longer, and holds at most so
/// many records.
pub(super) const PIECE_BYTES: usize = 4 << 20;
const PIECE_RECORDS_MAX: usize = 10_000;
/// So much is looked at to find out what a file is, in bytes.
const HEAD_BYTES: usize = 1 << 20;
const HASH_BUFFER_BYTES: usize = 256 << 10;
/// What a packed file may become: a whole disk full, but no more than any log packs to.
const DECODE_LIMITS: DecodeLimits = DecodeLimits { decoded_bytes_max: 1 << 40, ratio_max: 1_000 };

/// Reads one file to its end; what is refused by the target comes back beside the outcome.
pub(super) fn import_file(
    file: &PlannedFile,
    run: &Run<'_>,
) -> (FileOutcome, Result<(), IntakeError>) {
    let mut outcome = FileOutcome::default();
    let result = match Source::open(file) {
        Ok(source) => read(file, source, run, &mut outcome),
        Err(error) => {
            outcome.damage = Some(error.to_string());
            Ok(())
        }
    };
    outcome.complete &= result.is_ok();
    (outcome, result)
}

fn read(
    file: &PlannedFile,
    source: Source,
    run: &Run<'_>,
    outcome: &mut FileOutcome,
) -> Result<(), IntakeError> {
    let mut done = 0;
    if let Some(content) = &source.content_sha256 {
        let known = run.target.progress(content)?;
        if known.finished {
            outcome.known = true;
            return Ok(());
        }
        done = known.bytes_done;
    }
    let path = file.path.display().to_string();
    let content_sha256 = source.content_sha256.clone();
    let mut stream = match Stream::open(source) {
        Ok(stream) => stream,
        Err(error) => {
            outcome.damage = Some(error.to_string());
            return Ok(());
        }
    };
    stream.fill(HEAD_BYTES);
    let format = match choose(&stream, &path, run) {
        Ok(format) => format,
        Err(reason) => {
            match stream.problem {
                Some(problem) => outcome.damage = Some(problem),
                None => outcome.not_a_log = Some(reason),
            }
            return Ok(());
        }
    };
    if content_sha256.as_ref().is_some_and(|content| !run.claim(content)) {
        outcome.known = true;
        return Ok(());
    }
    let pieces = Pieces {
        run,
        receipt: Receipt {
            dataset: run.options.dataset.clone(),
            received_micros: 0,
            zone_offset_seconds: run.options.zone_offset_seconds,
            format: format.id().to_owned(),
            format_version: format.version(),
            source: Some(run.options.source.clone().unwrap_or_else(|| file.asked.clone())),
            peer: None,
            path: content_sha256.is_some().then_some(path),
            origin: None,
        },
        content_sha256,
        done,
    };
    let mut splitter = format.splitter(run.options.record_bytes_max);
    let mut spans = Vec::new();
    while !run.is_stopped() {
        spans.clear();
        let consumed = splitter.split(&stream.buffer, stream.at_end, &mut spans);
        let last = stream.at_end && consumed == stream.buffer.len();
        pieces.send(&stream, &*splitter, &spans, consumed, last, outcome)?;
        outcome.bytes += consumed as u64;
        stream.consume(consumed);
        if last || stream.broken {
            outcome.complete = last;
            outcome.damage = stream.problem;
            return Ok(());
        }
        // A record that is longer than the buffer: twice as much, so that it is not looked
        // through too often.
        stream.fill(PIECE_BYTES.max(stream.buffer.len() * 2));
    }
    Ok(())
}

/// Hands records on.
struct Pieces<'a> {
    run: &'a Run<'a>,
    receipt: Receipt,
    content_sha256: Option<String>,
    /// Up to here the decoded content was stored by an earlier import.
    done: u64,
}

impl Pieces<'_> {
    fn send(
        &self,
        stream: &Stream,
        splitter: &dyn Splitter,
        spans: &[Span],
        consumed: usize,
        last: bool,
        outcome: &mut FileOutcome,
    ) -> Result<(), IntakeError> {
        // By record, not by piece: it may have been cut elsewhere by another version.
        let stored = spans.partition_point(|span| stream.offset + span.end as u64 <= self.done);
        let mut rest = &spans[stored..];
        // Even a file without records is finished once, so that it is known the next time.
        while !rest.is_empty() || last {
            let (group, later) = rest.split_at(piece_records(rest));
            let is_last_group = later.is_empty();
            let start = group.first().map_or(consumed, |span| span.start);
            let end = match group.last() {
                Some(span) if !is_last_group => span.end,
                _ => consumed,
            };
            let mut receipt = self.receipt.clone();
            receipt.received_micros = self.run.target.now_micros();
            receipt.origin = self.content_sha256.as_ref().map(|content| Origin {
                content_sha256: content.clone(),
                start: stream.offset + start as u64,
                end: stream.offset + end as u64,
                last: last && is_last_group,
            });
            let payload = piece(receipt, splitter.context(), &stream.buffer, group);
            let answer = self.run.target.append(&payload)?;
            (self.run.progress)(Progress::Records(answer.records()));
            outcome.answer.add(answer);
            rest = later;
            if is_last_group {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// How many of the first records make a piece.
fn piece_records(spans: &[Span]) -> usize {
    let Some(first) = spans.first() else { return 0 };
    let fits = |span: &&Span| span.end - first.start <= PIECE_BYTES;
    spans.iter().take(PIECE_RECORDS_MAX).take_while(fits).count().max(1)
}

/// The records of a piece, and only the bytes that they need.
fn piece(receipt: Receipt, header: &[u8], buffer: &[u8], spans: &[Span]) -> Payload {
    let start = spans.first().map_or(0, |span| span.start);
    let end = spans.last().map_or(0, |span| span.end);
    Payload {
        receipt,
        header: header.to_vec(),
        spans: spans
            .iter()
            .map(|s| Span { start: s.start - start, end: s.end - start, ..*s })
            .collect(),
        bytes: Bytes::copy_from_slice(&buffer[start..end]),
    }
}

/// Encoded bytes, and what is known of them.
struct Source {
    input: Box<dyn Read>,
    /// `None` where they can be read only once: standard input, a pipe.
    content_sha256: Option<String>,
    bytes: Option<u64>,
}

impl Source {
    fn open(file: &PlannedFile) -> io::Result<Self> {
        if file.is_standard_input() {
            let input = Box::new(io::stdin());
            return Ok(Self { input, content_sha256: None, bytes: None });
        }
        let mut input = File::open(&file.path)?;
        if !input.metadata()?.is_file() {
            return Ok(Self { input: Box::new(input), content_sha256: None, bytes: None });
        }
        let (content, bytes) = hash(&mut input)?;
        input.seek(SeekFrom::Start(0))?;
        // A file that is being written may have grown since.
        let input = Box::new(input.take(bytes));
        Ok(Self { input, content_sha256: Some(content), bytes: Some(bytes) })
    }
}

/// The SHA-256 of what a file holds now, in hexadecimal, and its length.
fn hash(file: &mut File) -> io::Result<(String, u64)> {
    use std::fmt::Write as _;
    let mut hasher = Context::new(&SHA256);
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&buffer[..length]);
                bytes += length as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let text =
                    format!("cannot be read at byte {bytes}: {error}; nothing of it is stored");
                return Err(io::Error::new(error.kind(), text));
            }
        }
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok((text, bytes))
}

/// Decoded bytes, of which no more is held than a piece and a record.
struct Stream {
    input: DecodedReader<Box<dyn Read>>,
    buffer: Vec<u8>,
    /// Where the buffer begins in the decoded content.
    offset: u64,
    at_end: bool,
    /// It stopped, but what follows may be read another time.
    broken: bool,
    problem: Option<String>,
}

impl Stream {
    fn open(source: Source) -> io::Result<Self> {
        let Source { mut input, bytes, .. } = source;
        let mut magic = Vec::new();
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let encoding = Encoding::by_magic(&magic);
        let input: Box<dyn Read> = Box::new(Cursor::new(magic).chain(input));
        Ok(Self {
            input: DecodedReader::new(encoding, input, bytes, DECODE_LIMITS)?,
            buffer: Vec::new(),
            offset: 0,
            at_end: false,
            broken: false,
            problem: None,
        })
    }

    /// Reads until the buffer holds so many bytes, or there are no more.
    fn fill(&mut self, bytes: usize) {
        let missing = bytes.saturating_sub(self.buffer.len()) as u64;
        let before = self.buffer.len() as u64;
        let read = self.input.by_ref().take(missing).read_to_end(&mut self.buffer);
        let at = self.offset + self.buffer.len() as u64;
        match read {
            Ok(_) => self.at_end = (self.buffer.len() as u64) < before + missing,
            Err(error) => {
                let damage = DecodeError::within(&error);
                self.at_end = matches!(damage, Some(DecodeError::Damaged { .. }));
                self.broken = !self.at_end;
                self.problem = Some(match damage {
                    Some(damage) => damage.to_string(),
                    None => format!("cannot be read after {at} bytes of content: {error}"),
                });
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.buffer.drain(..bytes);
        self.offset += bytes as u64;
    }
}

/// The format of a file, or why it is no log.
fn choose(stream: &Stream, path: &str, run: &Run<'_>) -> Result<&'static dyn Format, String> {
    let head = &stream.buffer[..];
    match (looks_like_log(head), run.options.format) {
        (Ok(()), _) => {}
        // Whoever asks for plain text wants it as it is.
        (Err(reason), Some(format)) if reason != NotALog::Empty && format.id() == Text.id() => {}
        (Err(NotALog::Empty), _) => return Err(NotALog::Empty.to_string()),
        (Err(reason), _) => {
            return Err(format!("{reason}; `--format text` stores it all the same"));
        }
    }
    match run.options.format {
        None => Ok(detect(&Hint { path: Some(path), ..Hint::default() }, head).format),
        Some(format) => check(format, stream, path, run).map(|()| format),
    }
}

/// Asked for by name: of what the head holds, one record that is of the format is enough.
fn check(
    format: &'static dyn Format,
    stream: &Stream,
    path: &str,
    run: &Run<'_>,
) -> Result<(), String> {
    let mut splitter = format.splitter(run.options.record_bytes_max);
    let mut spans = Vec::new();
    splitter.split(&stream.buffer, stream.at_end, &mut spans);
    spans.truncate(PIECE_RECORDS_MAX);
    let delivery = Delivery {
        received_micros: run.target.now_micros(),
        zone_offset_seconds: run.options.zone_offset_seconds,
        source: None,
        path: Some(path),
        header: splitter.context(),
    };
    let mut events = EventBatch::new();
    let failed = map_records(format, &stream.buffer, &spans, &delivery, &mut events);
    if spans.is_empty() || failed < spans.len() {
        return Ok(());
    }
    let row = events.get(0);
    let first = row.text(Column::ParseError).unwrap_or_default();
    Err(format!("no record of it is of the format `{}`; of the first: {first}", format.id()))
}
