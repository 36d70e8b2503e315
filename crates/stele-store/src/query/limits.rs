//! What one query may use, and the stream that holds it to that.
//!
//! A query that goes over a limit ends with [`StoreError::Limit`], after the rows that it has
//! already given: never a short answer that looks whole. Time counts from the question on.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::path::Path;
use tokio::time::{Instant, Sleep};

use super::query_error;
use crate::error::StoreError;
use crate::render::{Cost, RowBatch, RowStream};

/// The setting that gives queries more memory.
pub(super) const MEMORY_SETTING: &str = "query.memory_bytes_max";
const TIMEOUT_SETTING: &str = "query.timeout_s";
const ROWS_SETTING: &str = "query.rows_max";

/// What one query may use.
#[derive(Debug, Clone, Copy)]
pub struct QueryLimits {
    /// How long it may run.
    pub timeout: Duration,
    /// How many rows it may return; one more ends it with an error.
    pub rows_max: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_mins(1), rows_max: 1_000_000 }
    }
}

/// The limits of a query that has begun.
pub(super) struct Limited {
    limits: QueryLimits,
    deadline: Instant,
    memory_bytes_max: usize,
}

impl Limited {
    pub(super) fn begin(limits: QueryLimits, memory_bytes_max: usize) -> Self {
        Self { limits, deadline: Instant::now() + limits.timeout, memory_bytes_max }
    }

    /// The rows of a plan, as far as the limits let it. The table has so many files in all.
    pub(super) async fn over(
        self,
        frame: DataFrame,
        files_total: usize,
    ) -> Result<RowStream, StoreError> {
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await.map_err(query_error)?;
        let mut files = BTreeMap::new();
        add_files(plan.as_ref(), &mut files);
        let cost = Cost {
            files: files.len() as u64,
            bytes: files.values().sum(),
            files_total: files_total as u64,
        };
        let rows = execute_stream(plan, task).map_err(query_error)?;
        let rows = Box::pin(LimitedStream {
            schema: rows.schema(),
            rows: Some(rows),
            late: Box::pin(tokio::time::sleep_until(self.deadline)),
            last_word: None,
            rows_left: self.limits.rows_max,
            limits: self,
        });
        Ok(RowStream { rows, cost })
    }

    /// All rows of a plan.
    pub(super) async fn collected(self, frame: DataFrame) -> Result<Vec<RowBatch>, StoreError> {
        self.over(frame, 0).await?.batches().try_collect().await
    }

    fn too_late(&self) -> DataFusionError {
        let seconds = self.limits.timeout.as_secs_f64();
        over(format!("{seconds} s"), TIMEOUT_SETTING)
    }

    fn too_many(&self) -> DataFusionError {
        over(format!("{} rows", self.limits.rows_max), ROWS_SETTING)
    }

    fn too_big(&self) -> DataFusionError {
        over(format!("{} MiB of memory", self.memory_bytes_max >> 20), MEMORY_SETTING)
    }
}

/// Adds the files that a plan may read, with their sizes. A file may be read in parts.
fn add_files(plan: &dyn ExecutionPlan, found: &mut BTreeMap<Path, u64>) {
    let scan = plan.downcast_ref::<DataSourceExec>();
    let files = scan.and_then(|scan| scan.data_source().downcast_ref::<FileScanConfig>());
    for file in files.iter().flat_map(|files| &files.file_groups).flat_map(FileGroup::iter) {
        found.insert(file.object_meta.location.clone(), file.object_meta.size);
    }
    for child in plan.children() {
        add_files(child.as_ref(), found);
    }
}

fn over(limit: String, setting: &'static str) -> DataFusionError {
    DataFusionError::External(Box::new(StoreError::Limit { limit, setting }))
}

/// The rows of a query that is held to its limits.
struct LimitedStream {
    schema: SchemaRef,
    /// None once it has ended; then the query is no more.
    rows: Option<SendableRecordBatchStream>,
    /// What is still to be said after that.
    last_word: Option<DataFusionError>,
    late: Pin<Box<Sleep>>,
    rows_left: usize,
    limits: Limited,
}

impl LimitedStream {
    fn end(&mut self, error: DataFusionError) {
        self.rows = None;
        self.last_word = Some(error);
    }
}

impl Stream for LimitedStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A timer only wakes at the next tick; a query that never waits would not see it.
        let late =
            self.late.as_mut().poll(ctx).is_ready() || self.late.deadline() <= Instant::now();
        if self.rows.is_some() && late {
            let error = self.limits.too_late();
            self.end(error);
        }
        let Some(rows) = &mut self.rows else {
            return Poll::Ready(self.last_word.take().map(Err));
        };
        match ready!(rows.poll_next_unpin(ctx)) {
            Some(Ok(batch)) if batch.num_rows() <= self.rows_left => {
                self.rows_left -= batch.num_rows();
                Poll::Ready(Some(Ok(batch)))
            }
            Some(Ok(batch)) => {
                let batch = batch.slice(0, self.rows_left);
                let error = self.limits.too_many();
                self.end(error);
                Poll::Ready(Some(Ok(batch)))
            }
            Some(Err(error)) => {
                let exhausted = matches!(error.find_root(), DataFusionError::ResourcesExhausted(_));
                let error = if exhausted { self.limits.too_big() } else { error };
                self.end(error);
                Poll::Ready(self.last_word.take().map(Err))
            }
            None => {
                self.rows = None;
                Poll::Ready(None)
            }
        }
    }
}

impl RecordBatchStream for LimitedStream {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
