//! Joins the small files of a partition: the same rows, sorted as before, in fewer files.
//!
//! One compaction merges the files of one partition by time, and replaces them in one commit. Row
//! counts in and out are compared before it. The replaced files are deleted after a time of grace
//! ([`crate::intent`]), for queries that still read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::Schema;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, UnboundedMemoryPool};
use datafusion::logical_expr::{LogicalPlanBuilder, col};
use datafusion::physical_expr::expressions::col as column_expression;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use futures::StreamExt;
use stele_event::Column;

use crate::chunk::Partition;
use crate::error::StoreError;
use crate::flush;
use crate::memtable::Memtable;
use crate::parquet_file::FileWriter;
use crate::provider::EventsTable;
use crate::query::query_error;
use crate::schema::file_schema;
use crate::store::{Store, View};
use crate::table::{Commit, CommitReason, LakeFile};

/// What compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Compacted {
    /// Files that went.
    pub files_before: usize,
    /// Files that came.
    pub files_after: usize,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the files that went.
    pub bytes_before: u64,
    /// Bytes of the files that came.
    pub bytes_after: u64,
}

/// Files that one compaction merges at the most: each is open while it runs.
const MERGE_FILES_MAX: usize = 64;
/// Rows that are merged at a time.
const MERGE_BATCH_ROWS: usize = 1_024;
/// Files of the full size that one compaction makes at the most.
const MERGE_OUTPUTS_MAX: u64 = 2;

impl Store {
    /// Joins small files where a partition has enough of them; with `all`, wherever there are two.
    pub async fn compact(&self, all: bool, now_millis: i64) -> Result<Compacted, StoreError> {
        let mut total = Compacted::default();
        loop {
            let mut table = self.settled_table().await?;
            let files_min = if all { 2 } else { self.config.compact_files_min };
            let Some(inputs) = self.candidates(&table.files(), files_min) else { break };
            let outputs = self.merge(&inputs, now_millis).await?;
            let add: Vec<LakeFile> = outputs.iter().map(|(file, _)| file.clone()).collect();
            if add.len() >= inputs.len() {
                break;
            }
            let (rows_in, rows_out) = (rows(&inputs), rows(&add));
            if rows_in != rows_out {
                return Err(StoreError::Encode {
                    action: "compact",
                    message: format!(
                        "{rows_in} rows went in and {rows_out} came out; nothing was changed"
                    ),
                });
            }
            let commit =
                Commit { add, remove: inputs, transaction: None, reason: CommitReason::Compact };
            self.put_and_commit(&mut table, outputs, &commit, now_millis).await?;
            self.refresh_files(&table)?;
            let Commit { add, remove, .. } = commit;
            total.files_before += remove.len();
            total.files_after += add.len();
            total.rows += rows_out;
            total.bytes_before += bytes(&remove);
            total.bytes_after += bytes(&add);
        }
        Ok(total)
    }

    /// Deletes what compaction replaced longer than the grace ago.
    pub async fn delete_retired(&self, now_millis: i64) -> Result<usize, StoreError> {
        let table = self.settled_table().await?;
        self.tidy(&table, now_millis).await
    }

    /// Small files of the partition where joining saves the most of them, oldest events first.
    fn candidates(&self, files: &[LakeFile], files_min: usize) -> Option<Vec<LakeFile>> {
        let file_bytes_max = self.config.compact_file_bytes_max.max(1);
        let mut partitions: BTreeMap<&Partition, Vec<&LakeFile>> = BTreeMap::new();
        for file in files.iter().filter(|f| f.summary.bytes < file_bytes_max) {
            partitions.entry(&file.partition).or_default().push(file);
        }
        let choose = |mut small: Vec<&LakeFile>| {
            if small.len() < files_min.max(2) {
                return None;
            }
            small.sort_by_key(|file| (file.summary.time_range, file.path.clone()));
            small.truncate(MERGE_FILES_MAX);
            // What comes out is held in memory until it is written.
            let mut total = 0;
            small.retain(|file| {
                total += file.summary.bytes;
                total <= file_bytes_max.saturating_mul(MERGE_OUTPUTS_MAX)
            });
            // Two files that would only fill two again are left alone: else a merge never ends.
            let inputs: Vec<LakeFile> = small.into_iter().cloned().collect();
            let saved = inputs.len().checked_sub(bytes(&inputs).div_ceil(file_bytes_max) as usize);
            saved.filter(|saved| *saved > 0).map(|saved| (saved, inputs))
        };
        let choices = partitions.into_values().filter_map(choose);
        choices.max_by_key(|(saved, _)| *saved).map(|(_, inputs)| inputs)
    }

    async fn merge(
        &self,
        inputs: &[LakeFile],
        now_millis: i64,
    ) -> Result<Vec<(LakeFile, Vec<u8>)>, StoreError> {
        let partition = inputs[0].partition.clone();
        let expected_rows = rows(inputs) as usize;
        let schema = self.present_columns(inputs).await?;
        let mut stream = self.merged(inputs, &schema).await?;
        let mut outputs = Vec::new();
        let mut writer: Option<FileWriter> = None;
        while let Some(batch) = stream.next().await {
            let batch = stored_columns(&batch.map_err(query_error)?, &schema)?;
            let current = match writer.take() {
                Some(current) => current,
                None => FileWriter::new(schema.clone(), expected_rows)?,
            };
            let current = write_blocking(current, batch).await?;
            if current.bytes_so_far() as u64 >= self.config.compact_file_bytes_max {
                outputs.push(finish(current, &partition, now_millis)?);
            } else {
                writer = Some(current);
            }
        }
        if let Some(current) = writer {
            outputs.push(finish(current, &partition, now_millis)?);
        }
        Ok(outputs)
    }

    /// The rows of files that are each sorted, in order. Holds a few rows of each file, and of the
    /// row groups that they are in, what the file holds: no more than the bytes of all inputs.
    async fn merged(
        &self,
        inputs: &[LakeFile],
        schema: &Arc<Schema>,
    ) -> Result<SendableRecordBatchStream, StoreError> {
        let mut streams = Vec::with_capacity(inputs.len());
        for file in inputs {
            streams.push(self.rows_of(file, schema).await?);
        }
        let merged_schema = streams[0].schema();
        let options = SortOptions { descending: false, nulls_first: false };
        let order = [Column::Time, Column::Batch, Column::Pos].iter().map(|column| {
            Ok(PhysicalSortExpr {
                expr: column_expression(column.name(), &merged_schema)?,
                options,
            })
        });
        let order = order.collect::<Result<Vec<_>, _>>().map_err(query_error)?;
        let order = LexOrdering::new(order).ok_or_else(|| StoreError::Encode {
            action: "compact",
            message: "there is nothing to sort by".to_owned(),
        })?;
        // Bounded by what the inputs hold, and never a reason to give up.
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        StreamingMergeBuilder::new()
            .with_streams(streams)
            .with_schema(merged_schema)
            .with_expressions(&order)
            .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
            .with_batch_size(MERGE_BATCH_ROWS)
            .with_reservation(MemoryConsumer::new("compaction").register(&pool))
            .build()
            .map_err(query_error)
    }

    /// The rows of one file, in its order.
    async fn rows_of(
        &self,
        file: &LakeFile,
        schema: &Arc<Schema>,
    ) -> Result<SendableRecordBatchStream, StoreError> {
        let view = Arc::new(View {
            version: 0,
            files: Arc::new(vec![file.clone()]),
            sealed: Vec::new(),
            active: Arc::new(Memtable::default()),
        });
        let mut state = self.engine.session(view.clone())?.state();
        // One reader from front to back keeps the order of the file.
        let config = state.config().clone();
        *state.config_mut() = config.with_target_partitions(1).with_batch_size(MERGE_BATCH_ROWS);
        let source = provider_as_source(Arc::new(EventsTable {
            view,
            store_url: self.engine.store_url(),
            store: self.engine.store(),
        }));
        let plan = LogicalPlanBuilder::scan("events", source, None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(query_error)?;
        let named = |name: &str| col(format!("\"{name}\""));
        DataFrame::new(state, plan)
            .select(schema.fields().iter().map(|f| named(f.name())).collect::<Vec<_>>())
            .map_err(query_error)?
            .execute_stream()
            .await
            .map_err(query_error)
    }

    /// The columns that at least one of the files has.
    #[expect(deprecated, reason = "the other way is to write this reader ourselves")]
    async fn present_columns(&self, files: &[LakeFile]) -> Result<Arc<Schema>, StoreError> {
        let store = self.engine.store();
        let mut present = std::collections::HashSet::new();
        for file in files {
            let path = object_store::path::Path::from(file.path.as_str());
            let reader =
                parquet::arrow::async_reader::ParquetObjectReader::new(store.clone(), path)
                    .with_file_size(file.summary.bytes);
            let builder = parquet::arrow::ParquetRecordBatchStreamBuilder::new(reader)
                .await
                .map_err(StoreError::encode("read a Parquet file"))?;
            present.extend(builder.schema().fields().iter().map(|f| f.name().clone()));
        }
        let fields: Vec<_> = file_schema()
            .fields()
            .iter()
            .filter(|field| present.contains(field.name()))
            .cloned()
            .collect();
        Ok(Arc::new(Schema::new(fields)))
    }
}

fn bytes(files: &[LakeFile]) -> u64 {
    files.iter().map(|f| f.summary.bytes).sum()
}

fn rows(files: &[LakeFile]) -> u64 {
    files.iter().map(|f| f.summary.rows).sum()
}

/// From the types of queries back to those of files.
fn stored_columns(batch: &RecordBatch, schema: &Arc<Schema>) -> Result<RecordBatch, StoreError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(array, field)| arrow::compute::cast(array, field.data_type()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(StoreError::encode("compact"))?;
    RecordBatch::try_new(schema.clone(), columns).map_err(StoreError::encode("compact"))
}

async fn write_blocking(
    mut writer: FileWriter,
    batch: RecordBatch,
) -> Result<FileWriter, StoreError> {
    tokio::task::spawn_blocking(move || writer.write(&batch).map(|()| writer))
        .await
        .map_err(StoreError::encode("compact"))?
}

fn finish(
    writer: FileWriter,
    partition: &Partition,
    now_millis: i64,
) -> Result<(LakeFile, Vec<u8>), StoreError> {
    let (bytes, summary) = writer.finish()?;
    let partition = partition.clone();
    let path = flush::new_path(&partition);
    Ok((LakeFile { path, partition, summary, modified_millis: now_millis }, bytes))
}
