//! From a payload to its acknowledgement.
//!
//! A payload is split, mapped and compressed where the request is handled; one writer thread gives
//! it a place in a ledger batch, writes a group of payloads to the write-ahead log with one sync,
//! looks up duplicates in the order of the log, hands the rows to the [`Sink`], and only then
//! answers. A crash at any point is repaired by [`Intake::start`], which replays the log. Every
//! batch that is closed goes to the ledger ([`crate::batches`]).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use bytes::Bytes;
use stele_event::runtime::{Clock, Entropy};
use stele_event::{Column, EventBatch, RowView};
use stele_parse::driver::map_records;
use stele_parse::format::Format;
use stele_parse::formats;

use crate::batches::{BatchLog, Batches};
use crate::once::{Address, ImportProgress, OnceError, OnceSet, Verdict};
use crate::wal::record::{self, Payload, Placement, Prepared, Receipt, Record};
use crate::wal::{Wal, WalError};

/// Where durable rows go. Called from one thread, in the order of the write-ahead log.
pub trait Sink: Send + Sync {
    /// Takes rows; when it returns, they can be searched.
    ///
    /// # Errors
    /// Text for people. The rows stay in the write-ahead log and come again at the next start.
    fn apply(&self, rows: DurableRows, sequence: u64) -> Result<(), String>;
}

/// Rows that are in the write-ahead log.
#[derive(Debug)]
pub struct DurableRows {
    /// The dataset.
    pub dataset: Arc<str>,
    /// When they were received, µs since the epoch.
    pub received_micros: i64,
    /// The mapped events.
    pub events: EventBatch,
    /// The ledger batch.
    pub batch: i64,
    /// The position of the first of them.
    pub first_pos: i32,
    /// Which of them are stored; all where it is `None`.
    pub keep: Option<Vec<bool>>,
}

/// What became of a payload. `accepted + duplicate + failed` is the number of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// Stored and understood.
    pub accepted: u64,
    /// Stored before, the same id over the same bytes: not stored again.
    pub duplicate: u64,
    /// Stored raw, but not understood.
    pub failed: u64,
    /// Among the accepted: the id was known, over other bytes.
    pub conflict: u64,
    /// Why the first of the failed ones failed.
    pub errors: Vec<RecordError>,
}

/// Why a record was not understood.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RecordError {
    /// Which record of the payload, from 0.
    pub record: u64,
    /// The reason.
    pub reason: String,
}

/// The longest name of a source, in bytes.
const SOURCE_BYTES_MAX: usize = 1_024;
/// The longest path of a file or key of an object, in bytes.
const PATH_BYTES_MAX: usize = 4_096;
/// So many reasons are given in an answer.
pub const ERRORS_MAX: usize = 20;

impl Answer {
    /// Adds the answer for what followed in the same request.
    pub fn add(&mut self, other: Self) {
        let before = self.records();
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.failed += other.failed;
        self.conflict += other.conflict;
        let room = ERRORS_MAX.saturating_sub(self.errors.len());
        self.errors.extend(
            other
                .errors
                .into_iter()
                .take(room)
                .map(|error| RecordError { record: error.record + before, ..error }),
        );
    }

    /// How many records it is about.
    pub fn records(&self) -> u64 {
        self.accepted + self.duplicate + self.failed
    }
}

/// Why nothing of a payload was stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntakeError {
    /// Try again later: the disk is full or slow, or the lake does not keep up.
    #[error("{0}")]
    Busy(String),
    /// The process is about to end.
    #[error("the server is stopping; send it again")]
    Stopping,
    /// The payload can never be taken.
    #[error("{0}")]
    Refused(String),
}

/// The ledger's name among the readers of the write-ahead log.
pub const LEDGER_READER: &str = "ledger";

/// Limits of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchConfig {
    /// A batch holds at most so many events.
    pub events_max: i32,
    /// A batch is open at most so long, in microseconds.
    pub age_max_micros: i64,
    /// A group that is synced together holds about so many bytes at the most.
    pub group_bytes_max: usize,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { events_max: 10_000, age_max_micros: 1_000_000, group_bytes_max: 8 << 20 }
    }
}

/// Everything that the writer works with.
pub struct Parts {
    /// The write-ahead log, opened.
    pub wal: Wal,
    /// The set of known events.
    pub once: OnceSet,
    /// Where rows go.
    pub sink: Arc<dyn Sink>,
    /// Where closed batches are recorded.
    pub ledger: Arc<dyn BatchLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes, for the seeds of salts.
    pub entropy: Arc<dyn Entropy>,
    /// Up to which sequence number the sink holds everything durably.
    pub sink_sequence: u64,
    /// A batch number above all that were ever given out.
    pub next_batch: i64,
    /// Limits of a batch.
    pub batch: BatchConfig,
}

/// What a replay did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Payloads that were read.
    pub payloads: u64,
    /// Rows that went to the sink again.
    pub rows: u64,
}

/// The way in; see the module.
#[derive(Debug)]
pub struct Intake {
    jobs: SyncSender<Job>,
    events_max: usize,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

enum Job {
    Append(Box<Append>),
    Committed(u64, SyncSender<Result<(), IntakeError>>),
    Progress(String, SyncSender<Result<ImportProgress, IntakeError>>),
    Backlog(SyncSender<u64>),
    Close(Which, SyncSender<Result<u64, IntakeError>>),
    Recorded(u64),
    Stop,
}

/// Which batches are to be closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Aged,
    All,
}

struct Append {
    receipt: Receipt,
    header: Vec<u8>,
    events: EventBatch,
    prepared: Prepared,
    answer: SyncSender<Result<Answer, IntakeError>>,
}

impl Intake {
    /// Replays the log into the sink and starts the writer thread.
    pub fn start(parts: Parts) -> Result<(Self, Replayed), IntakeError> {
        let batches = Batches::new(parts.ledger.clone());
        let events_max = parts.batch.events_max as usize;
        let mut writer =
            Writer { parts, open: BTreeMap::new(), batches, recorded: 0, failed: None };
        let replayed = writer.replay()?;
        let (jobs, queue) = sync_channel(256);
        let thread = std::thread::Builder::new()
            .name("intake".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|error| IntakeError::Busy(format!("cannot start a thread: {error}")))?;
        Ok((Self { jobs, events_max, thread: std::sync::Mutex::new(Some(thread)) }, replayed))
    }

    /// Stores a payload and waits until it is durable and can be searched. Blocks.
    pub fn submit(&self, payload: &Payload) -> Result<Answer, IntakeError> {
        if payload.spans.is_empty() && payload.receipt.origin.is_none() {
            return Ok(Answer::default());
        }
        if payload.spans.len() > self.events_max {
            let (records, max) = (payload.spans.len(), self.events_max);
            let text = format!("a piece of {records} records is over the limit of {max}");
            return Err(IntakeError::Refused(text));
        }
        check_receipt(&payload.receipt)?;
        let format = format_of(&payload.receipt)?;
        let (events, _) = map(format, payload);
        let prepared =
            Prepared::new(payload).map_err(|error| IntakeError::Refused(error.to_string()))?;
        let (answer, wait) = sync_channel(1);
        let (receipt, header) = (payload.receipt.clone(), payload.header.clone());
        let append = Append { receipt, header, events, prepared, answer };
        self.send(Job::Append(Box::new(append)))?;
        wait.recv().map_err(|_| IntakeError::Stopping)?
    }

    /// Tells that the lake holds everything up to a sequence number: the log may be shortened.
    pub fn committed(&self, sequence: u64) -> Result<(), IntakeError> {
        let (answer, wait) = sync_channel(1);
        self.send(Job::Committed(sequence, answer))?;
        wait.recv().map_err(|_| IntakeError::Stopping)?
    }

    /// Closes the batches whose time is over, and tells up to which sequence number of the
    /// write-ahead log every batch was handed to the ledger.
    pub fn close_aged(&self) -> Result<u64, IntakeError> {
        self.close(Which::Aged)
    }

    /// The same for all batches that are open.
    pub fn close_batches(&self) -> Result<u64, IntakeError> {
        self.close(Which::All)
    }

    fn close(&self, which: Which) -> Result<u64, IntakeError> {
        let (answer, wait) = sync_channel(1);
        self.send(Job::Close(which, answer))?;
        wait.recv().map_err(|_| IntakeError::Stopping)?
    }

    /// Tells that the ledger durably has every batch up to a sequence number.
    pub fn recorded(&self, sequence: u64) -> Result<(), IntakeError> {
        self.send(Job::Recorded(sequence))
    }

    /// How far the import of a content has come, by its SHA-256 in hexadecimal.
    pub fn import_progress(&self, content_sha256: &str) -> Result<ImportProgress, IntakeError> {
        let (answer, wait) = sync_channel(1);
        self.send(Job::Progress(content_sha256.to_owned(), answer))?;
        wait.recv().map_err(|_| IntakeError::Stopping)?
    }

    /// How many bytes wait in the write-ahead log.
    pub fn backlog_bytes(&self) -> Result<u64, IntakeError> {
        let (answer, wait) = sync_channel(1);
        self.send(Job::Backlog(answer))?;
        wait.recv().map_err(|_| IntakeError::Stopping)
    }

    fn send(&self, job: Job) -> Result<(), IntakeError> {
        self.jobs.send(job).map_err(|_| IntakeError::Stopping)
    }

    /// Ends the writer thread; what it has acknowledged is durable.
    pub fn stop(&self) {
        let _ = self.jobs.send(Job::Stop);
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Maps the records of a payload; the same payload gives the same rows, now and at a replay.
fn map(format: &dyn Format, payload: &Payload) -> (EventBatch, usize) {
    let mut events = EventBatch::new();
    let failed =
        map_records(format, &payload.bytes, &payload.spans, &payload.delivery(), &mut events);
    (events, failed)
}

/// Names that come from outside stand in the records of the ledger, which have a limit.
fn check_receipt(receipt: &Receipt) -> Result<(), IntakeError> {
    for (what, text, bytes_max) in [
        ("source", &receipt.source, SOURCE_BYTES_MAX),
        ("peer", &receipt.peer, SOURCE_BYTES_MAX),
        ("path", &receipt.path, PATH_BYTES_MAX),
    ] {
        let bytes = text.as_ref().map_or(0, String::len);
        if bytes > bytes_max {
            let text =
                format!("the {what} has {bytes} bytes, which is over the limit of {bytes_max}");
            return Err(IntakeError::Refused(text));
        }
    }
    Ok(())
}

fn format_of(receipt: &Receipt) -> Result<&'static dyn Format, IntakeError> {
    formats::by_id(&receipt.format)
        .ok_or_else(|| IntakeError::Refused(formats::unknown(&receipt.format)))
}

/// Cuts a payload's spans into pieces that fit a batch. Each piece shares the bytes.
pub fn pieces(payload: &Payload, events_max: usize, bytes_max: usize) -> Vec<Payload> {
    let mut pieces = Vec::new();
    let mut rest = &payload.spans[..];
    while !rest.is_empty() {
        let base = rest[0].start;
        let fits = rest
            .iter()
            .take(events_max)
            .take_while(|span| span.end - base <= bytes_max)
            .count()
            .max(1);
        let (now, later) = rest.split_at(fits);
        let end = now.last().map_or(base, |span| span.end);
        let spans = now
            .iter()
            .map(|s| stele_parse::format::Span { start: s.start - base, end: s.end - base, ..*s })
            .collect();
        pieces.push(Payload {
            receipt: payload.receipt.clone(),
            header: payload.header.clone(),
            spans,
            bytes: payload.bytes.slice(base..end),
        });
        rest = later;
    }
    pieces
}

struct Open {
    batch: i64,
    rows: i32,
    since_micros: i64,
}

struct Writer {
    parts: Parts,
    open: BTreeMap<String, Open>,
    batches: Batches,
    /// Up to which sequence number the ledger durably has every batch.
    recorded: u64,
    /// Why rows could not be handed on: everything is refused until the process starts again, for
    /// else what is acknowledged could not be searched.
    failed: Option<String>,
}

impl Writer {
    fn replay(&mut self) -> Result<Replayed, IntakeError> {
        let sink_sequence = self.parts.sink_sequence;
        let once_position = self.parts.once.position().map_err(busy)?;
        let mut replayed = Replayed::default();
        self.recorded = self.parts.wal.reader(LEDGER_READER);
        let after = sink_sequence.min(once_position).min(self.recorded);
        let Parts { wal, once, sink, next_batch, clock, .. } = &mut self.parts;
        let (batches, clock) = (&mut self.batches, &*clock);
        let mut problem = None;
        wal.replay(after, &mut |sequence, record| {
            let (placement, payload) = match record {
                Record::Append(placement, payload) => (placement, payload),
                Record::Close { batch, .. } => {
                    batches.close(batch, clock.now_micros());
                    return Ok(());
                }
            };
            *next_batch = (*next_batch).max(placement.batch + 1);
            let Ok(format) = format_of(&payload.receipt) else { return Ok(()) };
            replayed.payloads += 1;
            let (events, _) = map(format, &payload);
            let rows = events.rows() as u64;
            let judged = judge(once, &payload.receipt, events, placement);
            let (rows_to_store, _) = match judged {
                Ok(judged) => judged,
                Err(error) => {
                    problem.get_or_insert(error.to_string());
                    return Ok(());
                }
            };
            batches.add(sequence, &payload.receipt, &payload.header, &placement, &rows_to_store);
            if sequence > sink_sequence {
                replayed.rows += rows;
                if let Err(error) = sink.apply(rows_to_store, sequence) {
                    problem.get_or_insert(error);
                }
            }
            Ok(())
        })
        .map_err(busy)?;
        if let Some(problem) = problem {
            return Err(IntakeError::Busy(problem));
        }
        // What was open when the process ended gets no more events: the next are in new batches.
        self.batches.close_all(self.parts.clock.now_micros());
        Ok(replayed)
    }

    fn run(mut self, queue: &Receiver<Job>) {
        let mut next = queue.recv().ok();
        while let Some(job) = next.take() {
            let mut group = Vec::new();
            let mut bytes = 0;
            let mut then = Some(job);
            // A group is what has come in while the last one was written.
            while let Some(Job::Append(append)) = then {
                bytes += append.prepared.len();
                group.push(*append);
                then = if bytes < self.parts.batch.group_bytes_max {
                    queue.try_recv().ok()
                } else {
                    None
                };
            }
            if !group.is_empty() {
                self.append(group);
            }
            match then {
                Some(Job::Stop) => {
                    let _ = self.close(Which::All);
                    return;
                }
                Some(Job::Close(which, answer)) => {
                    let _ = answer.send(self.close(which));
                }
                Some(Job::Recorded(sequence)) => self.recorded = sequence,
                Some(Job::Committed(sequence, answer)) => {
                    let _ = answer.send(self.committed(sequence));
                }
                Some(Job::Progress(content, answer)) => {
                    let _ = answer.send(self.parts.once.import_progress(&content).map_err(busy));
                }
                Some(Job::Backlog(answer)) => {
                    let _ = answer.send(self.parts.wal.backlog_bytes());
                }
                Some(Job::Append(_)) | None => {}
            }
            next = queue.recv().ok();
        }
    }

    fn append(&mut self, group: Vec<Append>) {
        if let Some(problem) = self.failed.clone().or_else(|| self.batches.problem()) {
            for append in group {
                let _ = append.answer.send(Err(IntakeError::Busy(problem.clone())));
            }
            return;
        }
        let now = self.parts.clock.now_micros();
        let before = (self.parts.next_batch, std::mem::take(&mut self.open));
        self.open = before.1.iter().map(|(k, o)| (k.clone(), Open { ..*o })).collect();
        let mut bodies = Vec::new();
        let mut closed = Vec::new();
        let placed: Vec<_> = group
            .into_iter()
            .map(|append| {
                let placement = self.place(&append, now, &mut bodies, &mut closed);
                let index = bodies.len();
                bodies.push(append.prepared.place(&placement));
                (append, placement, index)
            })
            .collect();
        match self.parts.wal.append(&bodies) {
            Ok(first) => {
                for (append, placement, index) in placed {
                    self.hand_on(append, placement, first + index as u64);
                }
                for batch in closed {
                    self.batches.close(batch, now);
                }
            }
            Err(error) => {
                // Nothing of the group counts: the places that it was given are free again.
                (self.parts.next_batch, self.open) = before;
                for (append, ..) in placed {
                    let _ = append.answer.send(Err(IntakeError::Busy(error.to_string())));
                }
            }
        }
    }

    /// Gives a payload its place. Closes the batch that is full or old, and begins the next.
    fn place(
        &mut self,
        append: &Append,
        now_micros: i64,
        bodies: &mut Vec<Vec<u8>>,
        closed: &mut Vec<i64>,
    ) -> Placement {
        let rows = append.events.rows() as i32;
        let config = self.parts.batch;
        let dataset = &append.receipt.dataset;
        if let Some(open) = self.open.get(dataset) {
            let full = open.rows + rows > config.events_max;
            if full || now_micros - open.since_micros >= config.age_max_micros {
                bodies.push(record::close(open.batch, open.rows));
                closed.push(open.batch);
                self.open.remove(dataset);
            }
        }
        let mut salt_seed = None;
        let open = self.open.entry(dataset.clone()).or_insert_with(|| {
            let mut seed = [0; 32];
            self.parts.entropy.fill(&mut seed);
            salt_seed = Some(seed);
            let batch = self.parts.next_batch;
            self.parts.next_batch += 1;
            Open { batch, rows: 0, since_micros: now_micros }
        });
        let placement = Placement { batch: open.batch, first_pos: open.rows, salt_seed };
        open.rows += rows;
        placement
    }

    fn hand_on(&mut self, append: Append, placement: Placement, sequence: u64) {
        let judged = judge(&mut self.parts.once, &append.receipt, append.events, placement)
            .map_err(|error| error.to_string());
        let result = judged.and_then(|(rows, answer)| {
            self.batches.add(sequence, &append.receipt, &append.header, &placement, &rows);
            self.parts.sink.apply(rows, sequence)?;
            Ok(answer)
        });
        let result = result.map_err(|problem| {
            let problem = format!("{problem}; it is in the write-ahead log, restart the server");
            self.failed = Some(problem.clone());
            IntakeError::Busy(problem)
        });
        let _ = append.answer.send(result);
    }

    /// Closes batches, and tells up to which sequence number every batch is closed.
    fn close(&mut self, which: Which) -> Result<u64, IntakeError> {
        let now = self.parts.clock.now_micros();
        let age_max_micros = self.parts.batch.age_max_micros;
        let is_due = |open: &Open| which == Which::All || now - open.since_micros >= age_max_micros;
        let due: Vec<_> =
            self.open.iter().filter(|(_, o)| is_due(o)).map(|(name, _)| name.clone()).collect();
        if !due.is_empty() && self.failed.is_none() {
            let bodies: Vec<_> = due
                .iter()
                .map(|name| &self.open[name])
                .map(|open| record::close(open.batch, open.rows))
                .collect();
            self.parts.wal.append(&bodies)?;
            for open in due.iter().filter_map(|name| self.open.remove(name)) {
                self.batches.close(open.batch, now);
            }
        }
        Ok(self.batches.recorded_to(self.parts.wal.next_sequence() - 1))
    }

    fn committed(&mut self, sequence: u64) -> Result<(), IntakeError> {
        let now = self.parts.clock.now_micros();
        self.parts.once.commit(sequence, now).map_err(busy)?;
        self.parts.wal.passed(LEDGER_READER, self.recorded).map_err(busy)?;
        self.parts.wal.passed("store", sequence).map_err(busy)
    }
}

fn busy(error: impl std::fmt::Display) -> IntakeError {
    IntakeError::Busy(error.to_string())
}

/// Looks every event of a payload up and says what is to be stored.
fn judge(
    once: &mut OnceSet,
    receipt: &Receipt,
    mut events: EventBatch,
    placement: Placement,
) -> Result<(DurableRows, Answer), OnceError> {
    let mut answer = Answer::default();
    let mut keep: Option<Vec<bool>> = None;
    let mut conflicts = Vec::new();
    let rows = events.rows();
    for index in 0..rows {
        let row = events.get(index);
        if row.text(Column::ParseStatus) == Some("failed") {
            answer.failed += 1;
            if answer.errors.len() < ERRORS_MAX {
                let reason = row.text(Column::ParseError).unwrap_or_default().to_owned();
                answer.errors.push(RecordError { record: index as u64, reason });
            }
            continue;
        }
        let verdict = match row.text(Column::EventUid) {
            None => Verdict::New,
            Some(uid) => {
                let raw = row.bytes(Column::Raw).unwrap_or_default();
                let address =
                    Address { batch: placement.batch, pos: placement.first_pos + index as i32 };
                once.check_and_add(&receipt.dataset, &receipt.format, uid, raw, address)?
            }
        };
        match verdict {
            Verdict::New => answer.accepted += 1,
            Verdict::Conflict => {
                answer.accepted += 1;
                answer.conflict += 1;
                conflicts.push(index);
            }
            Verdict::Duplicate(_) => {
                answer.duplicate += 1;
                keep.get_or_insert_with(|| vec![true; rows])[index] = false;
            }
        }
    }
    for index in conflicts {
        events.set_bool_at(Column::IdConflict, index, true);
    }
    if let Some(origin) = &receipt.origin {
        once.note_import(&origin.content_sha256, origin.end, origin.last)?;
    }
    let rows = DurableRows {
        dataset: receipt.dataset.as_str().into(),
        received_micros: receipt.received_micros,
        events,
        batch: placement.batch,
        first_pos: placement.first_pos,
        keep,
    };
    Ok((rows, answer))
}

/// An empty payload that only tells how far an import has come.
pub fn marker(receipt: Receipt) -> Payload {
    Payload { receipt, header: Vec::new(), spans: Vec::new(), bytes: Bytes::new() }
}

impl From<WalError> for IntakeError {
    fn from(error: WalError) -> Self {
        Self::Busy(error.to_string())
    }
}
