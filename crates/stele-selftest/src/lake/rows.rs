//! Rows, and Parquet files of them as `docs/event-model.md` says, without the store.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Int32Array, Int64Array, ListBuilder,
    StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use stele_event::{COLUMNS, Column, EventBatch, Kind, RowView};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::{Format, Span};

use crate::Error;

/// What the columns of rows are derived from beside their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) format: &'static str,
    pub(crate) source: String,
    pub(crate) path: Option<String>,
    pub(crate) zone_offset_seconds: i32,
    pub(crate) header: String,
}

/// A row, and what its columns are derived from.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) dataset: String,
    pub(crate) batch: i64,
    pub(crate) pos: i32,
    pub(crate) raw: Vec<u8>,
    pub(crate) received: i64,
    pub(crate) delivered: Delivered,
    pub(crate) conflict: bool,
    /// What the columns say, where it is not what the bytes do.
    pub(crate) columns_of: Option<Vec<u8>>,
}

impl Row {
    fn map(&self, events: &mut EventBatch) -> Result<(), Error> {
        let Delivered { source, path, header, .. } = &self.delivered;
        let delivery = Delivery {
            received_micros: self.received,
            zone_offset_seconds: self.delivered.zone_offset_seconds,
            source: Some(source.as_str()).filter(|source| !source.is_empty()),
            path: path.as_deref(),
            header: header.as_bytes(),
        };
        let raw = self.columns_of.as_deref().unwrap_or(&self.raw);
        let spans = [Span { start: 0, end: raw.len(), original_bytes: None }];
        map_records(format(self.delivered.format)?, raw, &spans, &delivery, events);
        Ok(())
    }
}

/// The format of a name.
pub(crate) fn format(id: &str) -> Result<&'static dyn Format, Error> {
    stele_parse::formats::by_id(id).ok_or(Error::Lacks("format that this version knows"))
}

/// The rows as columns; those that are null in every row are left out.
pub(crate) fn record_batch(rows: &[Row]) -> Result<RecordBatch, Error> {
    let mut events = EventBatch::new();
    for row in rows {
        row.map(&mut events)?;
    }
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for spec in COLUMNS {
        let array = column(rows, &events, spec.column, spec.kind);
        if array.null_count() < rows.len() {
            fields.push(Field::new(spec.name, array.data_type().clone(), true));
            arrays.push(array);
        }
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn column(rows: &[Row], events: &EventBatch, column: Column, kind: Kind) -> ArrayRef {
    let each = |index: usize| events.get(index);
    let all = 0..rows.len();
    match (column, kind) {
        (Column::Batch, _) => {
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.batch)))
        }
        (Column::Pos, _) => Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.pos))),
        (Column::IdConflict, _) => {
            let marked = rows.iter().map(|row| row.conflict.then_some(true));
            Arc::new(marked.collect::<BooleanArray>())
        }
        // `raw` is the only column of bytes.
        (Column::Raw, _) | (_, Kind::Bytes) => {
            Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| &row.raw)))
        }
        (_, Kind::Text) => {
            let values = all.map(|i| events.column(column).bytes(i));
            let values = values.map(|value| value.map(String::from_utf8_lossy));
            Arc::new(values.collect::<StringArray>())
        }
        (_, Kind::Int64) => Arc::new(all.map(|i| each(i).int(column)).collect::<Int64Array>()),
        (_, Kind::Time) => {
            let values = all.map(|i| each(i).int(column));
            let array = values.collect::<TimestampMicrosecondArray>();
            Arc::new(array.with_timezone("UTC"))
        }
        (_, Kind::Int32) => {
            let values = all.map(|i| each(i).int(column).map(|value| value as i32));
            Arc::new(values.collect::<Int32Array>())
        }
        (_, Kind::Bool) => Arc::new(all.map(|i| each(i).flag(column)).collect::<BooleanArray>()),
        (_, Kind::TextList) => {
            let item = Field::new("element", DataType::Utf8, true);
            let mut list = ListBuilder::new(StringBuilder::new()).with_field(item);
            for i in all {
                match each(i).list(column) {
                    Some(items) => list.append_value(items.into_iter().map(Some)),
                    None => list.append_null(),
                }
            }
            Arc::new(list.finish())
        }
    }
}

/// The bytes of a Parquet file.
pub(crate) fn parquet(batch: &RecordBatch, row_group_rows: usize) -> Result<Vec<u8>, Error> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_data_page_row_count_limit(2_048)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(batch)?;
    Ok(writer.into_inner()?)
}

/// A Delta checkpoint, as far as it lists files.
pub(crate) fn delta_checkpoint(paths: &[&str]) -> Result<Vec<u8>, Error> {
    let values = std::iter::once(None).chain(paths.iter().copied().map(Some));
    let path: ArrayRef = Arc::new(values.collect::<StringArray>());
    let size: ArrayRef = Arc::new((0..path.len() as i64).map(Some).collect::<Int64Array>());
    let present = (0..path.len()).map(|row| path.is_valid(row)).collect::<Vec<_>>();
    let fields =
        vec![Field::new("path", DataType::Utf8, true), Field::new("size", DataType::Int64, true)];
    let add = StructArray::new(fields.into(), vec![path, size], Some(present.into()));
    let field = Field::new("add", add.data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    parquet(&RecordBatch::try_new(schema, vec![Arc::new(add)])?, 1 << 20)
}

/// A row as it stands in a file: batch, position, bytes, time of receipt, and whether its id was
/// known with other bytes.
pub(crate) type Stored = (i64, i32, Vec<u8>, i64, bool);

/// The rows of a file, in their order.
pub(crate) fn stored(bytes: Vec<u8>) -> Result<Vec<Stored>, Error> {
    const LACKS: Error = Error::Lacks("column that every row needs, in a file of the table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes))?.build()?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch?;
        let named = |name: &str| batch.column_by_name(name).ok_or(LACKS);
        let (batches, positions) = (named("_batch")?, named("_pos")?);
        let (raws, times) = (named("raw")?, named("ingest_time")?);
        let batches = batches.as_primitive_opt::<Int64Type>().ok_or(LACKS)?;
        let positions = positions.as_primitive_opt::<Int32Type>().ok_or(LACKS)?;
        let raws = raws.as_binary_opt::<i32>().ok_or(LACKS)?;
        let times = times.as_primitive_opt::<TimestampMicrosecondType>().ok_or(LACKS)?;
        let conflicts = batch.column_by_name("id_conflict").and_then(AsArray::as_boolean_opt);
        for row in 0..batch.num_rows() {
            let conflict = conflicts.is_some_and(|marks| marks.is_valid(row) && marks.value(row));
            let raw = raws.value(row).to_vec();
            rows.push((batches.value(row), positions.value(row), raw, times.value(row), conflict));
        }
    }
    Ok(rows)
}
