//! The rows of an answer as one Parquet file, written as they come.
//!
//! Memory holds one row group. The file has its end, without which no reader opens it, only when
//! the answer is whole.

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::error::StoreError;
use crate::query::query_error;

/// Few enough to hold in memory with their raw records.
const ROW_GROUP_ROWS: usize = 32_768;

/// Where the writer is between two pieces of the file.
enum State {
    Rows(Box<ArrowWriter<Vec<u8>>>, SendableRecordBatchStream),
    Ended,
}

/// The bytes of the file, in pieces.
pub(super) fn stream(
    rows: SendableRecordBatchStream,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
    let writer = writer(&rows).map(|writer| State::Rows(Box::new(writer), rows));
    futures::stream::once(async { writer.map_err(failed) }).flat_map(|begun| {
        let (state, error) = match begun {
            Ok(state) => (state, None),
            Err(error) => (State::Ended, Some(Err(error))),
        };
        futures::stream::iter(error).chain(futures::stream::try_unfold(state, step))
    })
}

fn writer(rows: &SendableRecordBatchStream) -> Result<ArrowWriter<Vec<u8>>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("stele ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties))
}

/// Goes on until there is something to send.
async fn step(state: State) -> Result<Option<(Bytes, State)>, StoreError> {
    let State::Rows(mut writer, mut rows) = state else { return Ok(None) };
    while let Some(batch) = rows.next().await {
        let batch: RecordBatch = batch.map_err(query_error)?;
        writer.write(&batch).map_err(failed)?;
        let piece = std::mem::take(writer.inner_mut());
        if !piece.is_empty() {
            return Ok(Some((piece.into(), State::Rows(writer, rows))));
        }
    }
    let rest = writer.into_inner().map_err(failed)?;
    Ok(Some((rest.into(), State::Ended)))
}

fn failed(error: ParquetError) -> StoreError {
    StoreError::encode("write the answer as Parquet")(error)
}
