//! Writes one Parquet file of the lake, in one pass, and says what is in it.
//!
//! Rows come sorted by `time, _batch, _pos`; columns that are null in every row are left out. The
//! full-text index will be built in this same pass ([`FileWriter::write`] sees every row once).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use ring::digest::{SHA256, digest};
use stele_event::{COLUMNS, Column, Kind, Storage};

use crate::error::StoreError;

/// Rows in a row group.
pub const ROW_GROUP_ROWS_MAX: usize = 131_072;
/// Rows in a page: what a selective query reads at the least.
pub const PAGE_ROWS_MAX: usize = 2_048;
const WRITE_BATCH_ROWS: usize = 1_024;
const BLOOM_FALSE_POSITIVE: f64 = 0.01;

/// What a written file holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileSummary {
    /// Rows.
    pub rows: u64,
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Lowest and highest event time, µs since the epoch.
    pub time_range: (i64, i64),
    /// Lowest and highest receive time, µs since the epoch.
    pub ingest_range: (i64, i64),
    /// Lowest and highest batch number.
    pub batch_range: (i64, i64),
}

/// Writes one file into memory.
pub struct FileWriter {
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
    summary: FileSummary,
}

impl FileWriter {
    /// A writer for files with these columns (a subset of the table's, in its order); `rows` is
    /// how many are expected, for the size of bloom filters.
    pub fn new(schema: SchemaRef, rows: usize) -> Result<Self, StoreError> {
        let properties = properties(&schema, rows);
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))
            .map_err(StoreError::encode("begin a Parquet file"))?;
        let empty = (i64::MAX, i64::MIN);
        let summary = FileSummary {
            rows: 0,
            bytes: 0,
            sha256: String::new(),
            time_range: empty,
            ingest_range: empty,
            batch_range: empty,
        };
        Ok(Self { schema, writer, summary })
    }

    /// Appends rows, which must continue the sort order.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), StoreError> {
        self.summary.rows += rows.num_rows() as u64;
        widen(&mut self.summary.time_range, rows, Column::Time);
        widen(&mut self.summary.ingest_range, rows, Column::IngestTime);
        widen(&mut self.summary.batch_range, rows, Column::Batch);
        self.writer.write(rows).map_err(StoreError::encode("write a Parquet file"))
    }

    /// The columns that the file has.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Bytes written so far, the rows still being encoded included (an estimate).
    pub fn bytes_so_far(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    /// Ends the file and gives its bytes away.
    pub fn finish(mut self) -> Result<(Vec<u8>, FileSummary), StoreError> {
        let bytes = self.writer.into_inner().map_err(StoreError::encode("end a Parquet file"))?;
        self.summary.bytes = bytes.len() as u64;
        self.summary.sha256 = hex(digest(&SHA256, &bytes).as_ref());
        Ok((bytes, self.summary))
    }
}

/// The schema of a file that has only the columns that are set.
pub fn schema_of(columns: &[Option<ArrayRef>]) -> SchemaRef {
    let full = crate::schema::file_schema();
    let fields: Vec<_> = full
        .fields()
        .iter()
        .zip(columns)
        .filter(|(_, array)| array.is_some())
        .map(|(field, _)| field.clone())
        .collect();
    Arc::new(Schema::new(fields))
}

fn widen(range: &mut (i64, i64), rows: &RecordBatch, column: Column) {
    let Some(array) = rows.column_by_name(column.name()) else { return };
    let any = array.as_any();
    let values: &[i64] = if let Some(a) = any.downcast_ref::<TimestampMicrosecondArray>() {
        a.values()
    } else if let Some(a) = any.downcast_ref::<Int64Array>() {
        a.values()
    } else {
        return;
    };
    for &value in values {
        range.0 = range.0.min(value);
        range.1 = range.1.max(value);
    }
}

fn properties(schema: &Schema, rows: usize) -> WriterProperties {
    let sorting = [Column::Time, Column::Batch, Column::Pos]
        .iter()
        .filter_map(|c| schema.index_of(c.name()).ok())
        .map(|index| SortingColumn {
            column_idx: index as i32,
            descending: false,
            nulls_first: false,
        })
        .collect();
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("stele ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(zstd_level()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
        .set_data_page_row_count_limit(PAGE_ROWS_MAX)
        .set_data_page_size_limit(64 << 20)
        .set_write_batch_size(WRITE_BATCH_ROWS)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting));
    for spec in COLUMNS {
        let path = match spec.kind {
            Kind::TextList => ColumnPath::from(vec![
                spec.name.to_owned(),
                "list".to_owned(),
                "element".to_owned(),
            ]),
            _ => ColumnPath::from(spec.name),
        };
        if matches!(spec.storage, Storage::Identifier | Storage::Needle) {
            builder = builder
                .set_column_bloom_filter_enabled(path.clone(), true)
                .set_column_bloom_filter_fpp(path.clone(), BLOOM_FALSE_POSITIVE)
                .set_column_bloom_filter_max_ndv(path.clone(), rows.min(ROW_GROUP_ROWS_MAX) as u64);
        }
        builder = match spec.storage {
            Storage::Repeating | Storage::Needle => builder,
            Storage::Identifier => builder.set_column_dictionary_enabled(path, false),
            Storage::Sequence => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
            Storage::Blob => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_statistics_enabled(path, EnabledStatistics::None),
        };
    }
    builder.build()
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Level 3: measured as the best trade of size for time on CloudTrail (level 9 saves 5 % here).
fn zstd_level() -> ZstdLevel {
    ZstdLevel::try_new(3).unwrap_or_default()
}
