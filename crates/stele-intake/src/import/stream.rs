//! One file: what it is, and its pieces, in bounded memory whatever its size.

use std::fs::File;
use std::io::{self, BufReader, Read};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use stele_event::{Column, EventBatch, RowView};
use stele_parse::detect::{detect, not_a_log};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::{Format, Hint, Span};

use super::{FileOutcome, ImportOptions, ImportTarget, PlannedFile, Progress};
use crate::decode::{self, Encoding};
use crate::pipeline::IntakeError;
use crate::wal::record::{Origin, Payload, Receipt};

/// A piece is about this long, in bytes, and holds at most so many records. Changing either
/// changes where interrupted imports go on: they would store the records between twice.
const PIECE_BYTES: usize = 4 << 20;
const PIECE_RECORDS_MAX: usize = 10_000;
const READ_BYTES: usize = 1 << 20;

/// Reads one file to its end; what is refused by the target comes back beside the outcome.
pub(super) fn import_file(
    file: &PlannedFile,
    target: &dyn ImportTarget,
    options: &ImportOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> (FileOutcome, Option<IntakeError>) {
    let mut outcome = FileOutcome::default();
    let result = read(file, target, options, progress, &mut outcome);
    let refused = match result {
        Ok(()) => None,
        Err(Stop::Disk(error)) => {
            outcome.damage.get_or_insert(error.to_string());
            None
        }
        Err(Stop::Refused(error)) => Some(error),
    };
    (outcome, refused)
}

enum Stop {
    Disk(io::Error),
    Refused(IntakeError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<IntakeError> for Stop {
    fn from(error: IntakeError) -> Self {
        Self::Refused(error)
    }
}

fn read(
    file: &PlannedFile,
    target: &dyn ImportTarget,
    options: &ImportOptions,
    progress: &(dyn Fn(Progress) + Sync),
    outcome: &mut FileOutcome,
) -> Result<(), Stop> {
    let standard_input = file.path.as_os_str() == "-";
    let (content, done) = if standard_input {
        (None, 0)
    } else {
        let content = content_sha256(&file.path)?;
        let known = target.progress(&content)?;
        if known.finished {
            outcome.known = true;
            return Ok(());
        }
        (Some(content), known.bytes_done)
    };
    let mut input: Box<dyn Read> =
        if standard_input { Box::new(io::stdin()) } else { Box::new(File::open(&file.path)?) };
    let mut magic = Vec::new();
    input.by_ref().take(4).read_to_end(&mut magic)?;
    let encoding = Encoding::by_magic(&magic);
    let input = BufReader::with_capacity(READ_BYTES, io::Cursor::new(magic).chain(input));
    let mut stream = Stream {
        input: decode::reader(encoding, input)?,
        buffer: Vec::new(),
        offset: 0,
        at_end: false,
        damage: None,
    };
    stream.fill(READ_BYTES);
    let path = file.path.display().to_string();
    let format = match choose(&stream.buffer, &path, options) {
        Ok(format) => format,
        Err(reason) => {
            outcome.not_a_log = Some(stream.damage.unwrap_or(reason));
            return Ok(());
        }
    };
    let receipt = Receipt {
        dataset: options.dataset.clone(),
        received_micros: 0,
        zone_offset_seconds: options.zone_offset_seconds,
        format: format.id().to_owned(),
        format_version: format.version(),
        source: Some(options.source.clone().unwrap_or_else(|| file.asked.clone())),
        peer: None,
        path: (!standard_input).then_some(path),
        origin: None,
    };
    let mut splitter = format.splitter(options.record_bytes_max);
    let mut spans = Vec::new();
    loop {
        spans.clear();
        let consumed = splitter.split(&stream.buffer, stream.at_end, &mut spans);
        let ended = stream.at_end && consumed == stream.buffer.len();
        let groups: Vec<&[Span]> = spans.chunks(PIECE_RECORDS_MAX).collect();
        // Even a file without records is finished once, so that it is known the next time.
        let groups = if groups.is_empty() && ended { vec![&[][..]] } else { groups };
        for (index, group) in groups.iter().enumerate() {
            let last_group = index + 1 == groups.len();
            let group_end = group.last().map_or(0, |span| span.end);
            let end = stream.offset + if last_group { consumed } else { group_end } as u64;
            if end <= done && !(last_group && ended) {
                continue;
            }
            let mut receipt = receipt.clone();
            receipt.received_micros = target.now_micros();
            receipt.origin = content.as_ref().map(|content| Origin {
                content_sha256: content.clone(),
                start: stream.offset,
                end,
                last: last_group && ended,
            });
            let group = if end <= done { &[][..] } else { group };
            let payload = piece(receipt, splitter.context(), &stream.buffer, group);
            let answer = target.append(&payload)?;
            progress(Progress::Records(answer.records()));
            outcome.answer.add(answer);
        }
        outcome.bytes += consumed as u64;
        stream.consume(consumed);
        if ended {
            outcome.damage = stream.damage.take();
            return Ok(());
        }
        stream.fill(PIECE_BYTES.max(stream.buffer.len() + READ_BYTES));
    }
}

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

/// Decoded bytes, of which no more is held than a piece and a record.
struct Stream<'a> {
    input: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    offset: u64,
    at_end: bool,
    damage: Option<String>,
}

impl Stream<'_> {
    fn fill(&mut self, bytes: usize) {
        let missing = bytes.saturating_sub(self.buffer.len()) as u64;
        let before = self.buffer.len() as u64;
        let read = self.input.by_ref().take(missing).read_to_end(&mut self.buffer);
        let at = self.offset + self.buffer.len() as u64;
        match read {
            Ok(_) => self.at_end = (self.buffer.len() as u64) < before + missing,
            Err(error) => {
                self.damage = Some(format!("damaged after {at} decoded bytes: {error}"));
                self.at_end = true;
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.buffer.drain(..bytes);
        self.offset += bytes as u64;
    }
}

/// The format of a file, or why it is no log.
fn choose(head: &[u8], path: &str, options: &ImportOptions) -> Result<&'static dyn Format, String> {
    if let Some(reason) = not_a_log(head) {
        return Err(reason.to_owned());
    }
    let hint = Hint { path: Some(path), ..Hint::default() };
    let Some(format) = options.format else {
        return Ok(detect(&hint, head).format);
    };
    // Asked for by name: one record that is of the format is enough.
    let mut splitter = format.splitter(options.record_bytes_max);
    let mut spans = Vec::new();
    splitter.split(head, true, &mut spans);
    let delivery = Delivery {
        received_micros: 0,
        zone_offset_seconds: options.zone_offset_seconds,
        source: None,
        path: Some(path),
        header: splitter.context(),
    };
    let mut events = EventBatch::new();
    map_records(format, head, &spans, &delivery, &mut events);
    let failed = (0..events.rows())
        .map(|index| events.get(index))
        .filter(|row| row.text(Column::ParseStatus) == Some("failed"))
        .count();
    if failed == events.rows() && failed > 0 {
        let reason = events.get(0).text(Column::ParseError).unwrap_or_default().to_owned();
        return Err(format!("no record in it is of the format `{}`: {reason}", format.id()));
    }
    Ok(format)
}

fn content_sha256(path: &std::path::Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}
