//! Columns are what the format derives from the bytes of the event and its delivery.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use stele_event::{COLUMNS, Column, ColumnSpec, EventBatch, Kind as ColumnKind};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::{Format, Span};
use stele_parse::formats;

use super::finding::{Finding, Kind};
use super::history::Delivered;
use super::rows::Work;

/// A row whose columns are derived again.
pub(super) struct Chosen<'a> {
    /// Its place in the rows that hold its columns.
    pub(super) row: usize,
    /// Its batch, among all.
    pub(super) at: u32,
    pub(super) position: u32,
    pub(super) raw: &'a [u8],
    pub(super) received: i64,
}

/// What stands in no event: where it lies, and what was known of others when it came.
const NOT_DERIVED: [Column; 4] = [Column::Batch, Column::Pos, Column::IdConflict, Column::Raw];

/// Derives the columns of some rows again and compares.
pub(super) fn derive(work: &Work<'_>, name: &str, rows: &RecordBatch, chosen: &[Chosen<'_>]) {
    if chosen.is_empty() {
        return;
    }
    let columns = columns(work, name, rows);
    let mut by_delivery: BTreeMap<(*const Delivered, i64), Vec<&Chosen<'_>>> = BTreeMap::new();
    for one in chosen {
        let batch = &work.history.batches[one.at as usize];
        let Some(request) = work.history.request(batch, one.position) else { continue };
        let delivered = work.history.delivered(request);
        let key = (std::sync::Arc::as_ptr(delivered), one.received);
        by_delivery.entry(key).or_default().push(one);
    }
    for chosen in by_delivery.into_values() {
        let batch = &work.history.batches[chosen[0].at as usize];
        let Some(request) = work.history.request(batch, chosen[0].position) else { continue };
        let delivered = work.history.delivered(request);
        let format = formats::by_id(&delivered.format);
        match format.filter(|format| format.version() == delivered.parser_version) {
            Some(format) => compare(work, name, &columns, format, delivered, &chosen),
            None => {
                work.not_derived.fetch_add(chosen.len() as u64, Relaxed);
            }
        }
    }
}

/// The columns as they are stored, where they are stored.
fn columns(
    work: &Work<'_>,
    name: &str,
    rows: &RecordBatch,
) -> Vec<(&'static ColumnSpec, Option<ArrayRef>)> {
    let derived = COLUMNS.iter().filter(|spec| !NOT_DERIVED.contains(&spec.column));
    let stored = derived.map(|spec| {
        let array = rows.column_by_name(spec.name).cloned();
        let array = array.filter(|array| {
            let fits = fits(spec.kind, array);
            if !fits {
                let finding = Finding::new(Kind::FileSchema).object(name);
                let detail = format!("column `{}` is of type {}", spec.name, array.data_type());
                work.ctx.findings.find(finding.detail(detail));
            }
            fits
        });
        (spec, array)
    });
    stored.collect()
}

fn fits(kind: ColumnKind, array: &ArrayRef) -> bool {
    match kind {
        ColumnKind::Text => array.as_string_opt::<i32>().is_some(),
        ColumnKind::TextList => array
            .as_list_opt::<i32>()
            .is_some_and(|list| *list.values().data_type() == DataType::Utf8),
        ColumnKind::Int64 => array.as_primitive_opt::<Int64Type>().is_some(),
        ColumnKind::Int32 => array.as_primitive_opt::<Int32Type>().is_some(),
        ColumnKind::Bool => array.as_boolean_opt().is_some(),
        ColumnKind::Time => array.as_primitive_opt::<TimestampMicrosecondType>().is_some(),
        ColumnKind::Bytes => array.as_binary_opt::<i32>().is_some(),
    }
}

fn compare(
    work: &Work<'_>,
    name: &str,
    columns: &[(&'static ColumnSpec, Option<ArrayRef>)],
    format: &dyn Format,
    delivered: &Delivered,
    chosen: &[&Chosen<'_>],
) {
    work.derived.fetch_add(chosen.len() as u64, Relaxed);
    let original = columns.iter().find(|(spec, _)| spec.column == Column::OriginalBytes);
    let original = original.and_then(|(_, array)| array.as_ref());
    let original = original.map(AsArray::as_primitive::<Int64Type>);
    let mut payload = Vec::with_capacity(chosen.iter().map(|one| one.raw.len()).sum());
    let spans: Vec<_> = chosen
        .iter()
        .map(|one| {
            let start = payload.len();
            payload.extend_from_slice(one.raw);
            let original = original.filter(|array| array.is_valid(one.row));
            let original_bytes = original.map(|array| array.value(one.row) as u64);
            Span { start, end: payload.len(), original_bytes }
        })
        .collect();
    let delivery = Delivery {
        received_micros: chosen[0].received,
        zone_offset_seconds: delivered.zone_offset_seconds,
        source: Some(delivered.source.as_str()).filter(|source| !source.is_empty()),
        path: delivered.path.as_deref(),
        header: delivered.header.as_bytes(),
    };
    let mut events = EventBatch::new();
    map_records(format, &payload, &spans, &delivery, &mut events);
    for (index, one) in chosen.iter().enumerate() {
        let differing: Vec<&str> = columns
            .iter()
            .filter(|(spec, array)| !same(&events, index, spec, array.as_ref(), one.row))
            .map(|(spec, _)| spec.name)
            .collect();
        if differing.is_empty() {
            continue;
        }
        let batch = work.history.batches[one.at as usize].record.batch;
        let finding = Finding::new(Kind::ColumnDiffers).object(name);
        let finding = finding.record(format!("{batch}-{}", one.position));
        work.ctx.findings.find(finding.detail(differing.join(", ")));
    }
}

/// Whether a stored value is the derived one.
fn same(
    events: &EventBatch,
    index: usize,
    spec: &ColumnSpec,
    array: Option<&ArrayRef>,
    row: usize,
) -> bool {
    let derived = events.column(spec.column);
    let array = array.filter(|array| array.is_valid(row));
    let Some(array) = array.filter(|_| derived.is_valid(index)) else {
        return array.is_none() && !derived.is_valid(index);
    };
    let bit = |bits: &[u8]| bits[index / 8] & (1 << (index % 8)) != 0;
    match spec.kind {
        ColumnKind::Text => {
            let text = array.as_string::<i32>().value(row);
            derived.bytes(index) == Some(text.as_bytes())
        }
        ColumnKind::Bytes => derived.bytes(index) == Some(array.as_binary::<i32>().value(row)),
        ColumnKind::Int64 => array.as_primitive::<Int64Type>().value(row) == derived.int64[index],
        ColumnKind::Time => {
            let stored = array.as_primitive::<TimestampMicrosecondType>().value(row);
            stored == derived.int64[index]
        }
        ColumnKind::Int32 => array.as_primitive::<Int32Type>().value(row) == derived.int32[index],
        ColumnKind::Bool => array.as_boolean().value(row) == bit(&derived.bools),
        ColumnKind::TextList => {
            let items = array.as_list::<i32>().value(row);
            let items = items.as_string::<i32>();
            let range = derived.offsets[index] as usize..derived.offsets[index + 1] as usize;
            let expected = range.map(|item| {
                let ends = derived.item_offsets[item] as usize..;
                &derived.data[ends.start..derived.item_offsets[item + 1] as usize]
            });
            items.iter().map(|item| item.unwrap_or_default().as_bytes()).eq(expected)
        }
    }
}
