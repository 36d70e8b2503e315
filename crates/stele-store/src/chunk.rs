//! Events on their way into the lake: a run of rows of one partition, as Arrow arrays.
//!
//! A chunk is made once, from a batch of plain columns and without copying their values, and never
//! changed. Columns that are null in every row are not held at all.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, concat, filter};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::record_batch::RecordBatch;
use stele_event::{COLUMNS, Column, ColumnData, EventBatch, Kind};

use crate::error::StoreError;
use crate::schema::{DATASET, DAY, stored_type};

/// The partition that rows belong to; a file never mixes two.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// One retention, access and key scope.
    pub dataset: Arc<str>,
    /// The day of receipt, `YYYY-MM-DD` in UTC.
    pub day: Arc<str>,
}

/// A run of rows of one partition, in order of arrival.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Where the rows belong.
    pub partition: Partition,
    /// How many rows.
    pub rows: usize,
    /// One array a column of [`COLUMNS`], none where every row is null.
    pub columns: Vec<Option<ArrayRef>>,
    /// The lowest and highest event time, µs since the epoch.
    pub time_range: (i64, i64),
    /// The lowest and highest batch number.
    pub batch_range: (i64, i64),
    /// The memory that the arrays hold, in bytes.
    pub memory_bytes: usize,
}

impl Chunk {
    /// Turns mapped events into a chunk.
    ///
    /// `keep` tells which rows are stored (all where it is `None`); positions count the dropped
    /// ones too, so that an event's address does not depend on what was dropped before it.
    pub fn new(
        partition: Partition,
        events: EventBatch,
        batch: i64,
        first_pos: i32,
        keep: Option<&[bool]>,
    ) -> Result<Option<Self>, StoreError> {
        let rows = events.rows();
        let mask = keep.map(|keep| BooleanArray::from(keep.to_vec()));
        let kept = mask.as_ref().map_or(rows, BooleanArray::true_count);
        if kept == 0 {
            return Ok(None);
        }
        let mut columns = Vec::with_capacity(COLUMNS.len());
        for (spec, data) in COLUMNS.iter().zip(events.into_columns()) {
            let array = match spec.column {
                Column::Batch => Some(Arc::new(Int64Array::from(vec![batch; rows])) as ArrayRef),
                Column::Pos => Some(Arc::new(Int32Array::from_iter_values(
                    (0..rows as i32).map(|index| first_pos + index),
                )) as ArrayRef),
                _ if data.rows == 0 => None,
                _ => Some(
                    array_of(spec.kind, data, rows).map_err(StoreError::encode("build columns"))?,
                ),
            };
            let array = match (array, &mask) {
                (Some(array), Some(mask)) if kept < rows => {
                    Some(filter(&array, mask).map_err(StoreError::encode("filter rows"))?)
                }
                (array, _) => array,
            };
            columns.push(array.filter(|a| a.null_count() < a.len()));
        }
        Ok(Some(Self::from_columns(partition, kept, columns)))
    }

    fn from_columns(partition: Partition, rows: usize, columns: Vec<Option<ArrayRef>>) -> Self {
        let time_range = range_of(columns[Column::Time as usize].as_ref());
        let batch_range = range_of(columns[Column::Batch as usize].as_ref());
        let memory_bytes = columns.iter().flatten().map(Array::get_buffer_memory_size).sum();
        Self { partition, rows, columns, time_range, batch_range, memory_bytes }
    }

    /// Joins chunks of one partition into one, in the order given.
    pub fn concat(chunks: &[Arc<Self>]) -> Result<Self, StoreError> {
        if let [only] = chunks {
            return Ok(only.as_ref().clone());
        }
        let rows = chunks.iter().map(|c| c.rows).sum();
        let mut columns = Vec::with_capacity(COLUMNS.len());
        for (index, spec) in COLUMNS.iter().enumerate() {
            if chunks.iter().all(|c| c.columns[index].is_none()) {
                columns.push(None);
                continue;
            }
            let parts: Vec<ArrayRef> = chunks
                .iter()
                .map(|c| match &c.columns[index] {
                    Some(array) => array.clone(),
                    None => new_null_array(&stored_type(spec.kind), c.rows),
                })
                .collect();
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            columns.push(Some(concat(&parts).map_err(StoreError::encode("join rows"))?));
        }
        Ok(Self::from_columns(chunks[0].partition.clone(), rows, columns))
    }

    /// The columns that a query asked for, in the types of the query schema.
    ///
    /// # Errors
    /// Where an array cannot be cast: a fault of Stele.
    pub fn project(&self, schema: &SchemaRef) -> Result<RecordBatch, StoreError> {
        let columns = schema
            .fields()
            .iter()
            .map(|field| self.query_column(field))
            .collect::<Result<Vec<_>, _>>()?;
        let options =
            arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(schema.clone(), columns, &options)
            .map_err(StoreError::encode("read rows from memory"))
    }

    fn query_column(&self, field: &Field) -> Result<ArrayRef, StoreError> {
        let constant = |value: &str| -> ArrayRef {
            Arc::new(arrow::array::StringViewArray::from_iter_values(std::iter::repeat_n(
                value, self.rows,
            )))
        };
        if field.name() == DATASET {
            return Ok(constant(&self.partition.dataset));
        }
        if field.name() == DAY {
            return Ok(constant(&self.partition.day));
        }
        let array = Column::by_name(field.name()).and_then(|c| self.columns[c as usize].as_ref());
        match array {
            None => Ok(new_null_array(field.data_type(), self.rows)),
            Some(array) if array.data_type() == field.data_type() => Ok(array.clone()),
            Some(array) => {
                cast(array, field.data_type()).map_err(StoreError::encode("read rows from memory"))
            }
        }
    }

    /// The time, batch and position of a row, for sorting; rows without a time come last.
    pub(crate) fn sort_key(&self, row: usize) -> (bool, i64, i64, i64) {
        let value = |column: Column| {
            let array =
                self.columns[column as usize].as_ref().filter(|array| array.is_valid(row))?;
            let any = array.as_any();
            any.downcast_ref::<Int64Array>()
                .map(|a| a.value(row))
                .or_else(|| any.downcast_ref::<Int32Array>().map(|a| a.value(row).into()))
                .or_else(|| any.downcast_ref::<TimestampMicrosecondArray>().map(|a| a.value(row)))
        };
        let time = value(Column::Time);
        let of_row = |column| value(column).unwrap_or(0);
        (time.is_none(), time.unwrap_or(0), of_row(Column::Batch), of_row(Column::Pos))
    }
}

fn range_of(array: Option<&ArrayRef>) -> (i64, i64) {
    let values: Option<&[i64]> = array.and_then(|a| {
        let any = a.as_any();
        any.downcast_ref::<Int64Array>()
            .map(|a| &a.values()[..])
            .or_else(|| any.downcast_ref::<TimestampMicrosecondArray>().map(|a| &a.values()[..]))
    });
    let values = values.unwrap_or(&[]);
    let low = values.iter().copied().min().unwrap_or(i64::MIN);
    let high = values.iter().copied().max().unwrap_or(i64::MAX);
    (low, high)
}

/// Hands the buffers of a plain column to Arrow; values are not copied.
fn array_of(
    kind: Kind,
    mut data: ColumnData,
    rows: usize,
) -> Result<ArrayRef, arrow::error::ArrowError> {
    data.fill(kind, rows);
    let nulls = NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(data.validity), 0, rows));
    let nulls = (nulls.null_count() > 0).then_some(nulls);
    Ok(match kind {
        Kind::Int64 => Arc::new(Int64Array::try_new(ScalarBuffer::from(data.int64), nulls)?),
        Kind::Time => Arc::new(
            TimestampMicrosecondArray::try_new(ScalarBuffer::from(data.int64), nulls)?
                .with_timezone("UTC"),
        ),
        Kind::Int32 => Arc::new(Int32Array::try_new(ScalarBuffer::from(data.int32), nulls)?),
        Kind::Bool => Arc::new(BooleanArray::new(
            BooleanBuffer::new(Buffer::from_vec(data.bools), 0, rows),
            nulls,
        )),
        Kind::Text => Arc::new(StringArray::try_new(
            OffsetBuffer::new(ScalarBuffer::from(data.offsets)),
            Buffer::from_vec(data.data),
            nulls,
        )?),
        Kind::Bytes => Arc::new(BinaryArray::try_new(
            OffsetBuffer::new(ScalarBuffer::from(data.offsets)),
            Buffer::from_vec(data.data),
            nulls,
        )?),
        Kind::TextList => {
            let items = StringArray::try_new(
                OffsetBuffer::new(ScalarBuffer::from(data.item_offsets)),
                Buffer::from_vec(data.data),
                None,
            )?;
            Arc::new(ListArray::try_new(
                Arc::new(Field::new("element", DataType::Utf8, true)),
                OffsetBuffer::new(ScalarBuffer::from(data.offsets)),
                Arc::new(items),
                nulls,
            )?)
        }
    })
}
