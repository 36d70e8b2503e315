//! The rows of files: each is an event of a batch, at a position that was stored.
//!
//! Only files whose every byte is the recorded one are parsed: what is in another one proves
//! nothing, and a damaged Parquet footer may ask for any amount of memory.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow::array::{
    Array, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use stele_event::Column;
use stele_ledger::hash::Hash;
use stele_ledger::salt::event_leaf;

use super::derive::{Chosen, derive};
use super::files::Present;
use super::finding::{Finding, Kind};
use super::gather::{Gathering, Taken};
use super::history::{BatchState, History};
use super::place::Held;
use super::report::shown;
use super::{Context, Depth, footer};

/// Rows that are decoded at a time.
const BATCH_ROWS: usize = 8_192;
const DAY_MICROS: i64 = 86_400_000_000;
/// A batch is recorded within this time: one that is still not there then never was.
const RECORDED_WITHIN_MICROS: i64 = 120_000_000;

/// What all threads work on.
pub(super) struct Work<'a> {
    pub(super) ctx: &'a Context<'a>,
    pub(super) history: &'a History,
    pub(super) gathering: &'a Gathering,
    /// What the choice of rows for derivation depends on: the root, so that nobody can know it
    /// before the ledger is signed.
    pub(super) choice: u64,
    pub(super) rows: AtomicU64,
    pub(super) derived: AtomicU64,
    pub(super) not_derived: AtomicU64,
}

/// A file that was opened.
pub(super) struct Opened<'a> {
    file: &'a Present,
    held: Held,
    metadata: ArrowReaderMetadata,
    received: Option<Range<i64>>,
}

/// Opens a file of which every byte is the recorded one.
pub(super) fn open<'a>(ctx: &Context<'_>, file: &'a Present, held: Held) -> Option<Opened<'a>> {
    let find = |kind: Kind, detail: String| {
        ctx.findings.find(Finding::new(kind).object(&file.name).detail(detail));
    };
    let load = || {
        let mut reader = held.open()?;
        footer::check(&mut reader).map_err(ParquetError::General)?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        ArrowReaderMetadata::load(&reader, options)
    };
    let metadata = match catch_unwind(AssertUnwindSafe(load)) {
        Ok(Ok(metadata)) => metadata,
        Ok(Err(error)) => {
            find(Kind::FileForm, error.to_string());
            return None;
        }
        Err(_) => {
            find(Kind::FileForm, "its footer cannot be read".to_owned());
            return None;
        }
    };
    let rows: u64 =
        metadata.metadata().row_groups().iter().map(|group| group.num_rows() as u64).sum();
    if rows != file.live.file.rows {
        find(Kind::FileRows, format!("{rows} rows, {} were recorded", file.live.file.rows));
    }
    for field in metadata.schema().fields() {
        if Column::by_name(field.name()).is_none() {
            find(Kind::ColumnUnknown, format!("`{}`", field.name()));
        }
    }
    let day = file.live.stated.as_ref().map(|stated| stated.day.parse::<NaiveDate>());
    let begin = day.and_then(Result::ok).and_then(|day| day.and_hms_opt(0, 0, 0));
    let begin = begin.map(|begin| begin.and_utc().timestamp_micros());
    let received = begin.map(|begin| begin..begin.saturating_add(DAY_MICROS));
    Some(Opened { file, held, metadata, received })
}

impl Opened<'_> {
    pub(super) fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Reads some columns of a row group; all where none are named.
    pub(super) fn scan(
        &self,
        group: usize,
        columns: impl Fn(&str) -> bool,
        selection: Option<RowSelection>,
        each: &mut dyn FnMut(&RecordBatch),
    ) -> Result<(), String> {
        let reader = self.held.open().map_err(|error| error.to_string())?;
        let fields = self.metadata.schema().fields().iter().enumerate();
        let wanted = fields.filter(|(_, field)| columns(field.name())).map(|(index, _)| index);
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), wanted);
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(reader, self.metadata.clone())
                .with_row_groups(vec![group])
                .with_projection(mask)
                .with_batch_size(BATCH_ROWS);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        for batch in builder.build().map_err(|error| error.to_string())? {
            each(&batch.map_err(|error| error.to_string())?);
        }
        Ok(())
    }
}

/// The columns that every row needs.
pub(super) struct Needed<'a> {
    pub(super) batch: &'a Int64Array,
    pub(super) position: &'a Int32Array,
    pub(super) raw: &'a BinaryArray,
    received: &'a TimestampMicrosecondArray,
}

impl<'a> Needed<'a> {
    pub(super) const NAMES: [&'static str; 4] = ["_batch", "_pos", "raw", "ingest_time"];

    pub(super) fn of(rows: &'a RecordBatch) -> Result<Self, &'static str> {
        let column = |name: &'static str| rows.column_by_name(name).ok_or(name);
        Ok(Self {
            batch: column("_batch")?.as_primitive_opt::<Int64Type>().ok_or("_batch")?,
            position: column("_pos")?.as_primitive_opt::<Int32Type>().ok_or("_pos")?,
            raw: column("raw")?.as_binary_opt::<i32>().ok_or("raw")?,
            received: column("ingest_time")?
                .as_primitive_opt::<TimestampMicrosecondType>()
                .ok_or("ingest_time")?,
        })
    }

    fn row(&self, row: usize) -> Option<(i64, u32, &'a [u8], i64)> {
        let null = self.batch.is_null(row)
            || self.position.is_null(row)
            || self.raw.is_null(row)
            || self.received.is_null(row);
        let position = u32::try_from(self.position.value(row)).ok();
        let (batch, received) = (self.batch.value(row), self.received.value(row));
        position.filter(|_| !null).map(|p| (batch, p, self.raw.value(row), received))
    }
}

/// A row with its address.
struct Row<'a> {
    place: usize,
    batch: i64,
    position: u32,
    raw: &'a [u8],
    received: i64,
}

/// A row that is read again with all of its columns.
struct Later {
    row: usize,
    at: u32,
    position: u32,
    raw: Vec<u8>,
    received: i64,
}

impl Work<'_> {
    /// Verifies the rows of a row group.
    pub(super) fn group(&self, opened: &Opened<'_>, group: usize) {
        let find = |kind: Kind, detail: String| {
            let finding = Finding::new(kind).object(&opened.file.name);
            self.ctx.findings.find(finding.detail(detail));
        };
        match catch_unwind(AssertUnwindSafe(|| self.read_group(opened, group))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => find(Kind::FileForm, error),
            Err(_) => find(Kind::FileForm, format!("row group {group} cannot be read")),
        }
    }

    fn read_group(&self, opened: &Opened<'_>, group: usize) -> Result<(), String> {
        let deep = self.ctx.options.depth == Depth::Deep;
        let mut first = 0;
        let mut later = Vec::new();
        let mut wrong = None;
        let columns = |name: &str| deep || Needed::NAMES.contains(&name);
        opened.scan(group, columns, None, &mut |rows| {
            match Needed::of(rows) {
                Ok(needed) => self.rows(opened, &needed, rows, first, &mut later),
                Err(name) => wrong = Some(name),
            }
            first += rows.num_rows();
        })?;
        if let Some(name) = wrong {
            let finding = Finding::new(Kind::FileSchema).object(&opened.file.name);
            self.ctx.findings.find(finding.detail(format!("column `{name}`")));
        }
        let stated = opened.metadata.metadata().row_group(group).num_rows();
        if first as i64 != stated {
            let finding = Finding::new(Kind::FileRows).object(&opened.file.name);
            let detail = format!("row group {group} holds {first} rows, its footer says {stated}");
            self.ctx.findings.find(finding.detail(detail));
        }
        if later.is_empty() {
            return Ok(());
        }
        later.sort_unstable_by_key(|one: &Later| one.row);
        let ranges = later.iter().map(|one| one.row..one.row + 1);
        let selection = RowSelection::from_consecutive_ranges(ranges, first);
        let columns = |name: &str| name != "raw";
        let mut done = 0;
        opened.scan(group, columns, Some(selection), &mut |rows| {
            let chosen = later[done..].iter().take(rows.num_rows()).enumerate();
            let chosen: Vec<_> = chosen
                .map(|(row, one)| Chosen {
                    row,
                    at: one.at,
                    position: one.position,
                    raw: &one.raw,
                    received: one.received,
                })
                .collect();
            done += rows.num_rows();
            derive(self, &opened.file.name, rows, &chosen);
        })
    }

    fn rows(
        &self,
        opened: &Opened<'_>,
        needed: &Needed<'_>,
        batch: &RecordBatch,
        first: usize,
        later: &mut Vec<Later>,
    ) {
        let count = batch.num_rows();
        self.rows.fetch_add(count as u64, Relaxed);
        let mut rows = Vec::with_capacity(count);
        for row in 0..count {
            if let Some((batch, position, raw, received)) = needed.row(row) {
                rows.push(Row { place: row, batch, position, raw, received });
            } else {
                let finding = Finding::new(Kind::RowAddress).object(&opened.file.name);
                let finding = finding.record(format!("row {}", first + row));
                self.ctx.findings.find(finding.detail("no sound _batch, _pos, raw or ingest_time"));
            }
        }
        rows.sort_unstable_by_key(|row| (row.batch, row.position));
        let mut chosen = Vec::new();
        for run in rows.chunk_by(|a, b| a.batch == b.batch) {
            let Some(&at) = self.history.by_number.get(&run[0].batch) else {
                self.unknown(opened, run);
                continue;
            };
            self.run(opened, at, run);
            let picked = run.iter().filter(|row| self.is_chosen(row));
            chosen.extend(picked.map(|row| Chosen {
                row: row.place,
                at,
                position: row.position,
                raw: row.raw,
                received: row.received,
            }));
        }
        if self.ctx.options.depth == Depth::Deep {
            derive(self, &opened.file.name, batch, &chosen);
            return;
        }
        later.extend(chosen.into_iter().map(|one| Later {
            row: first + one.row,
            at: one.at,
            position: one.position,
            raw: one.raw.to_vec(),
            received: one.received,
        }));
    }

    /// Whether the columns of a row are derived again.
    fn is_chosen(&self, row: &Row<'_>) -> bool {
        match self.ctx.options.depth {
            Depth::Quick => false,
            Depth::Deep => true,
            Depth::Sampled { one_in } => {
                // SplitMix64 over the address.
                let mut x = self.choice ^ (row.batch as u64).rotate_left(14);
                x = x.wrapping_add(u64::from(row.position)).wrapping_add(0x9e37_79b9_7f4a_7c15);
                x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                (x ^ (x >> 31)).is_multiple_of(u64::from(one_in.max(1)))
            }
        }
    }

    /// Rows of a batch that is not in the ledger.
    fn unknown(&self, opened: &Opened<'_>, run: &[Row<'_>]) {
        let batch = run[0].batch;
        let newest = self.history.time_range.map_or(i64::MIN, |(_, last)| last);
        let received = run.iter().map(|row| row.received).min().unwrap_or(i64::MIN);
        // Each dataset fills a batch of its own: another's may have been recorded before it.
        let dataset = opened.file.live.stated.as_ref().map(|stated| &stated.dataset);
        let same = |one: &&BatchState| dataset.is_none_or(|dataset| one.record.dataset == *dataset);
        let highest = self.history.batches.iter().filter(same).map(|one| one.record.batch).max();
        let late = newest > received.saturating_add(RECORDED_WITHIN_MICROS);
        let may_come = !late && highest.is_none_or(|highest| batch > highest);
        let kind = if may_come { Kind::RowUnrecorded } else { Kind::RowForeign };
        let finding = Finding::new(kind).object(&opened.file.name);
        let finding = finding.record(format!("batch {batch}"));
        self.ctx.findings.find(finding.detail(format!("{} rows", run.len())));
    }

    /// Rows of one batch, in the order of their positions.
    fn run(&self, opened: &Opened<'_>, at: u32, run: &[Row<'_>]) {
        let batch = &self.history.batches[at as usize];
        let name = &opened.file.name;
        let find = |kind: Kind, position: u32, detail: String| {
            let address = format!("{}-{position}", batch.record.batch);
            let finding = Finding::new(kind).object(name).record(address);
            self.ctx.findings.find(finding.detail(detail));
        };
        let dataset = opened.file.live.stated.as_ref().map(|stated| &stated.dataset);
        if let Some(dataset) = dataset.filter(|dataset| **dataset != batch.record.dataset) {
            let detail = format!("dataset `{dataset}`, not `{}`", batch.record.dataset);
            find(Kind::RowPartition, run[0].position, detail);
        }
        if self.history.is_expired(batch.record.batch) {
            find(Kind::RowExpired, run[0].position, format!("{} rows", run.len()));
        }
        let salts = batch.salts.as_ref();
        let mut salts = salts.map(|key| key.salts(run.iter().map(|row| row.position)));
        let mut events = Vec::with_capacity(run.len());
        for row in run {
            let salt = salts.as_mut().and_then(Iterator::next).flatten();
            self.times(opened, batch, row);
            match batch.leaf_index(row.position) {
                Some(index) => {
                    let leaf: Option<Hash> = salt.map(|salt| event_leaf(&salt, row.raw));
                    events.push((row.position, index, leaf));
                }
                None => find(Kind::RowPosition, row.position, String::new()),
            }
        }
        self.gathering.take(self.ctx, self.history, at, name, &events, &mut |position, taken| {
            match taken {
                Taken::New => {}
                Taken::Twice => find(Kind::RowTwice, position, String::new()),
                Taken::Erased => find(Kind::RowErased, position, String::new()),
            }
        });
    }

    /// Compares the time of receipt with the file's day and the receipt.
    fn times(&self, opened: &Opened<'_>, batch: &BatchState, row: &Row<'_>) {
        let outside = opened.received.as_ref().is_some_and(|day| !day.contains(&row.received));
        let request = self.history.request(batch, row.position);
        let stated = request.map(|request| request.received);
        let wrong = stated.filter(|(from, to)| !(*from..=*to).contains(&row.received));
        if !outside && wrong.is_none() {
            return;
        }
        let address = format!("{}-{}", batch.record.batch, row.position);
        let finding =
            |kind: Kind| Finding::new(kind).object(&opened.file.name).record(address.clone());
        if outside {
            let detail = format!("received {}", shown(row.received));
            self.ctx.findings.find(finding(Kind::RowPartition).detail(detail));
        }
        if let Some((from, to)) = wrong {
            let (received, from, to) = (shown(row.received), shown(from), shown(to));
            let detail = format!("received {received}, not within {from} to {to}");
            self.ctx.findings.find(finding(Kind::RowTime).detail(detail));
        }
    }
}
