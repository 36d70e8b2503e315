//! Runs a format over a payload: records in, rows out, nothing lost.

use stele_event::{Column, EventBatch};

use crate::format::{Format, MapContext, Mapped, Span};

/// What is true of every record of a payload.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// When it was received, µs since the epoch.
    pub received_micros: i64,
    /// The zone assumed where a time names none, in seconds east of UTC.
    pub zone_offset_seconds: i32,
    /// Who delivered it.
    pub source: Option<&'a str>,
    /// The file path or object key that it came from.
    pub path: Option<&'a str>,
    /// The splitter's context.
    pub header: &'a [u8],
}

/// An event dated further than this ahead of its receipt is flagged `time_quality=future`.
pub const FUTURE_TOLERANCE_MICROS: i64 = 5 * 60 * 1_000_000;

/// Maps the records at `spans` of `payload` into `batch`, one row each, and returns how many
/// failed. Deterministic: the same arguments give the same rows, so that a replay of the
/// write-ahead log stores what the first run would have stored.
pub fn map_records(
    format: &dyn Format,
    payload: &[u8],
    spans: &[Span],
    delivery: &Delivery<'_>,
    batch: &mut EventBatch,
) -> usize {
    let mut mapper = format.mapper(&MapContext {
        header: delivery.header,
        received_micros: delivery.received_micros,
        zone_offset_seconds: delivery.zone_offset_seconds,
        path: delivery.path,
    });
    let mut failed = 0;
    for span in spans {
        let record = &payload[span.start..span.end];
        let mut row = batch.row();
        let mapped = mapper.map(record, &mut row);
        let status = match mapped {
            Mapped::Ok => "ok",
            Mapped::Partial(reason) => {
                row.set_text(Column::ParseError, &reason);
                "partial"
            }
            Mapped::Failed(reason) => {
                failed += 1;
                row.clear();
                row.set_text(Column::ParseError, &reason);
                "failed"
            }
        };
        row.set_text(Column::ParseStatus, status);
        row.set_text(Column::SourceType, format.id());
        row.set_int32(Column::ParserVersion, format.version());
        complete(&mut row, record, span, delivery);
        row.finish();
    }
    failed
}

fn complete(
    row: &mut stele_event::RowWriter<'_>,
    record: &[u8],
    span: &Span,
    delivery: &Delivery<'_>,
) {
    row.set_time(Column::IngestTime, delivery.received_micros);
    row.set_text_opt(Column::Source, delivery.source);
    if !row.is_set(Column::LogStream) {
        row.set_text_opt(Column::LogStream, delivery.path);
    }
    match row.int(Column::Time) {
        None => {
            row.set_time(Column::Time, delivery.received_micros);
            row.set_text(Column::TimeQuality, "ingest");
        }
        Some(time) if time > delivery.received_micros.saturating_add(FUTURE_TOLERANCE_MICROS) => {
            row.set_text(Column::TimeQuality, "future");
        }
        Some(_) if !row.is_set(Column::TimeQuality) => {
            row.set_text(Column::TimeQuality, "exact");
        }
        Some(_) => {}
    }
    let class = row.int(Column::ClassUid).unwrap_or(0);
    let activity = row.int(Column::ActivityId).unwrap_or(0);
    row.set_int32(Column::ClassUid, class as i32);
    row.set_int32(Column::CategoryUid, (class / 1000) as i32);
    row.set_int32(Column::ActivityId, activity as i32);
    row.set_int64(Column::TypeUid, class * 100 + activity);
    if !row.is_set(Column::SeverityId) {
        row.set_int32(Column::SeverityId, i32::from(class != 0));
    }
    if let Some(original_bytes) = span.original_bytes {
        row.set_bool(Column::Truncated, true);
        row.set_int64(Column::OriginalBytes, original_bytes as i64);
    }
    row.set_bytes(Column::Raw, record);
}
