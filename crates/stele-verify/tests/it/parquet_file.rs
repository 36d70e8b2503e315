//! Parquet files of the table, as `docs/event-model.md` says, without the store.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, ListBuilder, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use stele_event::{COLUMNS, Column, EventBatch, Kind, RowView};
use stele_parse::driver::{Delivery, map_records};
use stele_parse::format::Span;
use stele_parse::formats;

/// A row, and what its columns are derived from.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) batch: i64,
    pub(crate) pos: i32,
    pub(crate) raw: Vec<u8>,
    pub(crate) received: i64,
    pub(crate) format: &'static str,
    pub(crate) source: String,
    pub(crate) header: Vec<u8>,
    /// What the columns say, where it is not what the bytes do.
    pub(crate) columns_of: Option<Vec<u8>>,
}

impl Row {
    fn map(&self, events: &mut EventBatch) {
        let delivery = Delivery {
            received_micros: self.received,
            zone_offset_seconds: 0,
            source: Some(&self.source),
            path: None,
            header: &self.header,
        };
        let raw = self.columns_of.as_deref().unwrap_or(&self.raw);
        let spans = [Span { start: 0, end: raw.len(), original_bytes: None }];
        map_records(formats::by_id(self.format).unwrap(), raw, &spans, &delivery, events);
    }
}

/// The rows as columns; those that are null in every row are left out.
pub(crate) fn record_batch(rows: &[Row]) -> RecordBatch {
    let mut events = EventBatch::new();
    for row in rows {
        row.map(&mut events);
    }
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for spec in COLUMNS {
        let column = spec.column;
        let each = |index: usize| events.get(index);
        let all = 0..rows.len();
        let array: ArrayRef = match (column, spec.kind) {
            (Column::Batch, _) => {
                Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.batch)))
            }
            (Column::Pos, _) => {
                Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.pos)))
            }
            (Column::Raw, _) => {
                Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| &row.raw)))
            }
            (_, Kind::Text) => {
                let values = all.map(|i| events.column(column).bytes(i));
                let values = values.map(|v| v.map(|v| std::str::from_utf8(v).unwrap()));
                Arc::new(values.collect::<StringArray>())
            }
            (_, Kind::Bytes) => unreachable!("raw is the only one"),
            (_, Kind::Int64) => Arc::new(all.map(|i| each(i).int(column)).collect::<Int64Array>()),
            (_, Kind::Time) => {
                let values = all.map(|i| each(i).int(column));
                let array = values.collect::<TimestampMicrosecondArray>();
                Arc::new(array.with_timezone("UTC"))
            }
            (_, Kind::Int32) => {
                let values = all.map(|i| each(i).int(column).map(|v| v as i32));
                Arc::new(values.collect::<Int32Array>())
            }
            (_, Kind::Bool) => {
                Arc::new(all.map(|i| each(i).flag(column)).collect::<BooleanArray>())
            }
            (_, Kind::TextList) => {
                let item = Field::new("element", DataType::Utf8, true);
                let mut list = ListBuilder::new(StringBuilder::new()).with_field(item);
                for i in all {
                    let row = each(i);
                    match row.list(column) {
                        Some(items) => list.append_value(items.into_iter().map(Some)),
                        None => list.append_null(),
                    }
                }
                Arc::new(list.finish())
            }
        };
        if array.null_count() < rows.len() {
            fields.push(Field::new(spec.name, array.data_type().clone(), true));
            arrays.push(array);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// The bytes of a Parquet file.
pub(crate) fn parquet(batch: &RecordBatch, row_group_rows: usize) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_data_page_row_count_limit(2_048)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// A Delta checkpoint, as far as it lists files.
pub(crate) fn delta_checkpoint(paths: &[&str]) -> Vec<u8> {
    let values = std::iter::once(None).chain(paths.iter().copied().map(Some));
    let path: ArrayRef = Arc::new(values.collect::<StringArray>());
    let size: ArrayRef = Arc::new((0..path.len() as i64).map(Some).collect::<Int64Array>());
    let present = (0..path.len()).map(|row| path.is_valid(row)).collect::<Vec<_>>();
    let fields =
        vec![Field::new("path", DataType::Utf8, true), Field::new("size", DataType::Int64, true)];
    let add = StructArray::new(fields.into(), vec![path, size], Some(present.into()));
    let field = Field::new("add", add.data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    parquet(&RecordBatch::try_new(schema, vec![Arc::new(add)]).unwrap(), 1 << 20)
}
