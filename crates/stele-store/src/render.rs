//! Rows on their way out: as JSON lines, as CSV, as Parquet, or one by one for OCSF.
//!
//! Times are RFC 3339 in UTC with microseconds, bytes are text with what is not UTF-8 replaced,
//! and columns without a value are left out of JSON.

mod parquet;

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt};
use serde_json::{Map, Number, Value};
use stele_event::{Column, RowView};

use crate::error::StoreError;
use crate::query::query_error;

/// What a query reads at the most: files that its conditions on time, receipt and batch leave. It
/// may stop before, and skips what a file's own indexes rule out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The files that may hold a row that matches.
    pub files: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// The files of the table.
    pub files_total: u64,
}

/// The rows of an answer as the engine streams them. Dropping it stops the query.
pub struct RowStream {
    pub(crate) rows: SendableRecordBatchStream,
    pub(crate) cost: Cost,
}

impl RowStream {
    /// The names of the columns, in their order.
    pub fn names(&self) -> Vec<String> {
        self.rows.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// What the answer costs.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// The rows, batch by batch.
    pub fn batches(self) -> impl Stream<Item = Result<RowBatch, StoreError>> + Send {
        self.rows.map(|batch| batch.map(RowBatch).map_err(query_error))
    }

    /// The rows as the bytes of one Parquet file, which is whole only when the stream ends well.
    pub fn parquet(self) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        parquet::stream(self.rows)
    }
}

/// Some rows of an answer.
#[derive(Debug, Clone)]
pub struct RowBatch(RecordBatch);

impl RowBatch {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.0.num_rows()
    }

    /// The first rows, at most so many.
    #[must_use]
    pub fn first(&self, rows: usize) -> Self {
        Self(self.0.slice(0, rows.min(self.rows())))
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// One value as JSON; null where there is none.
    pub fn value(&self, row: usize, column: usize) -> Value {
        value(self.0.column(column), row)
    }

    /// One row as a JSON object, without what has no value.
    pub fn object(&self, row: usize) -> Map<String, Value> {
        self.0
            .schema()
            .fields()
            .iter()
            .zip(self.0.columns())
            .filter_map(|(field, array)| match value(array, row) {
                Value::Null => None,
                value => Some((field.name().clone(), value)),
            })
            .collect()
    }

    /// Every row as a line of JSON, its members in the order of the columns.
    pub fn ndjson(&self) -> String {
        let names: Vec<Value> = self.names().into_iter().map(Value::String).collect();
        let mut text = String::new();
        for row in 0..self.rows() {
            let mut next = '{';
            for (name, array) in names.iter().zip(self.0.columns()) {
                if array.is_valid(row) {
                    let _ = write!(text, "{next}{name}:{}", value(array, row));
                    next = ',';
                }
            }
            text.push_str(if next == '{' { "{}\n" } else { "}\n" });
        }
        text
    }

    /// Every row as the line of JSON that is made of it.
    pub fn lines(&self, make: impl Fn(&dyn RowView) -> Map<String, Value>) -> String {
        let mut text = String::new();
        for row in 0..self.rows() {
            let _ = writeln!(text, "{}", Value::Object(make(&self.row(row))));
        }
        text
    }

    /// Every row as a line of CSV (RFC 4180). A value that a spreadsheet would take for a formula
    /// gets a leading apostrophe.
    pub fn csv(&self, with_header: bool) -> String {
        let mut text = String::new();
        if with_header {
            let _ = writeln!(text, "{}", self.names().join(","));
        }
        for row in 0..self.rows() {
            let cells: Vec<String> =
                self.0.columns().iter().map(|array| csv_cell(&value(array, row))).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }

    /// One row by its columns, for the OCSF document.
    pub fn row(&self, index: usize) -> ArrowRow<'_> {
        ArrowRow { batch: &self.0, index }
    }
}

fn csv_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => csv_text(text),
        other => quoted(other.to_string()),
    }
}

/// A text as a cell of CSV (RFC 4180). One that a spreadsheet would take for a formula is kept from
/// it.
pub fn csv_text(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    quoted(if is_formula { format!("'{text}") } else { text.to_owned() })
}

fn quoted(text: String) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::BinaryView => String::from_utf8_lossy(array.as_binary_view().value(row)).into(),
        DataType::Binary => String::from_utf8_lossy(array.as_binary::<i32>().value(row)).into(),
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            DateTime::from_timestamp_micros(micros)
                .map(|t| t.to_rfc3339_opts(SecondsFormat::Micros, true))
                .map_or(Value::Null, Value::String)
        }
        DataType::Float64 => {
            Number::from_f64(array.as_primitive::<arrow::datatypes::Float64Type>().value(row))
                .map_or(Value::Null, Value::Number)
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|index| value(&items, index)).collect()
        }
        DataType::UInt64 => array.as_primitive::<arrow::datatypes::UInt64Type>().value(row).into(),
        _ => arrow::util::display::array_value_to_string(array, row)
            .map_or(Value::Null, Value::String),
    }
}

/// One row of an answer that has the columns of the table.
#[derive(Debug, Clone, Copy)]
pub struct ArrowRow<'a> {
    batch: &'a RecordBatch,
    index: usize,
}

impl ArrowRow<'_> {
    fn array(&self, column: Column) -> Option<&ArrayRef> {
        self.batch.column_by_name(column.name()).filter(|array| array.is_valid(self.index))
    }
}

impl RowView for ArrowRow<'_> {
    fn text(&self, column: Column) -> Option<&str> {
        self.array(column)?.as_string_view_opt().map(|a| a.value(self.index))
    }

    fn int(&self, column: Column) -> Option<i64> {
        let array = self.array(column)?;
        array
            .as_primitive_opt::<Int64Type>()
            .map(|a| a.value(self.index))
            .or_else(|| array.as_primitive_opt::<Int32Type>().map(|a| a.value(self.index).into()))
            .or_else(|| {
                array.as_primitive_opt::<TimestampMicrosecondType>().map(|a| a.value(self.index))
            })
    }

    fn flag(&self, column: Column) -> Option<bool> {
        self.array(column)?.as_boolean_opt().map(|a| a.value(self.index))
    }

    fn list(&self, column: Column) -> Option<Vec<&str>> {
        let list = self.array(column)?.as_list_opt::<i32>()?;
        let (start, end) = (list.value_offsets()[self.index], list.value_offsets()[self.index + 1]);
        let items = list.values().as_string_opt::<i32>()?;
        Some((start..end).map(|item| items.value(item as usize)).collect())
    }

    fn bytes(&self, column: Column) -> Option<&[u8]> {
        self.array(column)?.as_binary_view_opt().map(|a| a.value(self.index))
    }
}
