//! The `events` table as the query engine sees it: files and memory in one scan.
//!
//! A scan pins one [`View`]. Files are dropped by the statistics that the table log holds (time,
//! receive time, batch, partition); inside a file the engine prunes by row group, page, bloom
//! filter and late materialisation. The full-text index will narrow each file to row ranges here.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column as PlanColumn, DFSchema, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::BinaryExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use object_store::ObjectStore;
use stele_event::Column;

use crate::schema::{DATASET, DAY, partition_fields, query_file_schema, query_schema};
use crate::store::View;
use crate::table::LakeFile;

/// The table over one view.
#[derive(Debug)]
pub(crate) struct EventsTable {
    /// The moment that is seen.
    pub(crate) view: Arc<View>,
    /// The address under which the engine knows the table's object store.
    pub(crate) store_url: ObjectStoreUrl,
    /// The table's object store.
    pub(crate) store: Arc<dyn ObjectStore>,
}

#[async_trait]
impl TableProvider for EventsTable {
    fn schema(&self) -> SchemaRef {
        query_schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = DFSchema::try_from(query_schema())?;
        let filters =
            filters.iter().map(|filter| state.create_physical_expr(filter.clone(), &schema));
        let predicate = all_of(filters.collect::<Result<_>>()?);
        let files = self.files_that_may_match(predicate.as_ref());
        let memory = self.scan_memory(projection, predicate.as_ref())?;
        if files.is_empty() {
            return Ok(memory);
        }
        let lake = self.scan_files(state, projection, predicate, files)?;
        if self.view.chunks().next().is_none() {
            return Ok(lake);
        }
        UnionExec::try_new(vec![memory, lake])
    }
}

impl EventsTable {
    fn files_that_may_match(&self, predicate: Option<&Arc<dyn PhysicalExpr>>) -> Vec<&LakeFile> {
        let files: Vec<&LakeFile> = self.view.files.iter().collect();
        let containers = files
            .iter()
            .map(|f| Container {
                dataset: &f.partition.dataset,
                day: &f.partition.day,
                time: f.summary.time_range,
                ingest: Some(f.summary.ingest_range),
                batch: f.summary.batch_range,
                rows: f.summary.rows,
            })
            .collect();
        let keep = prune(predicate, &Containers(containers));
        let mut kept: Vec<_> =
            files.into_iter().zip(keep).filter(|(_, k)| *k).map(|(f, _)| f).collect();
        // Newest first: "latest" queries find their limit in the first file and skip the others.
        kept.sort_by_key(|f| std::cmp::Reverse(f.summary.time_range.1));
        kept
    }

    fn scan_memory(
        &self,
        projection: Option<&Vec<usize>>,
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let chunks: Vec<_> = self.view.chunks().collect();
        let containers = chunks
            .iter()
            .map(|c| Container {
                dataset: &c.partition.dataset,
                day: &c.partition.day,
                time: c.time_range,
                ingest: None,
                batch: c.batch_range,
                rows: c.rows as u64,
            })
            .collect();
        let keep = prune(predicate, &Containers(containers));
        let schema = match projection {
            Some(indices) => Arc::new(query_schema().project(indices)?),
            None => query_schema(),
        };
        let batches = chunks
            .into_iter()
            .zip(keep)
            .filter(|(_, keep)| *keep)
            .map(|(chunk, _)| chunk.project(&schema))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|error| datafusion::error::DataFusionError::External(Box::new(error)))?;
        let exec = MemorySourceConfig::try_new_exec(&[batches], schema, None)?;
        Ok(exec)
    }

    fn scan_files(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        predicate: Option<Arc<dyn PhysicalExpr>>,
        files: Vec<&LakeFile>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let readers = CachedParquetFileReaderFactory::new(self.store.clone(), cache);
        let options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let schema = TableSchema::builder(query_file_schema())
            .with_table_partition_cols(partition_fields())
            .build();
        let mut source = ParquetSource::new(schema)
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(readers));
        if let Some(predicate) = predicate {
            source = source.with_predicate(predicate);
        }
        let partitions = state.config_options().execution.target_partitions.clamp(1, files.len());
        let mut groups = vec![FileGroup::default(); partitions];
        for (index, file) in files.into_iter().enumerate() {
            groups[index % partitions].push(partitioned_file(file));
        }
        let config = FileScanConfigBuilder::new(self.store_url.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

pub(crate) fn partitioned_file(file: &LakeFile) -> PartitionedFile {
    let mut partitioned = PartitionedFile::new(file.path.clone(), file.summary.bytes);
    partitioned.partition_values = vec![
        ScalarValue::Utf8View(Some(file.partition.dataset.to_string())),
        ScalarValue::Utf8View(Some(file.partition.day.to_string())),
    ];
    partitioned
}

/// Joins filters as a tree of little depth: what follows recurses over it.
fn all_of(mut level: Vec<Arc<dyn PhysicalExpr>>) -> Option<Arc<dyn PhysicalExpr>> {
    while level.len() > 1 {
        let mut rest = level.into_iter();
        let mut next: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
        while let Some(left) = rest.next() {
            next.push(match rest.next() {
                Some(right) => Arc::new(BinaryExpr::new(left, Operator::And, right)),
                None => left,
            });
        }
        level = next;
    }
    level.pop()
}

/// What is known of a file or chunk without reading it.
struct Container<'a> {
    dataset: &'a str,
    day: &'a str,
    time: (i64, i64),
    ingest: Option<(i64, i64)>,
    batch: (i64, i64),
    rows: u64,
}

struct Containers<'a>(Vec<Container<'a>>);

impl Containers<'_> {
    fn bound(&self, column: &PlanColumn, pick: fn(&(i64, i64)) -> i64) -> Option<ArrayRef> {
        let times = |range: fn(&Container<'_>) -> Option<(i64, i64)>| -> ArrayRef {
            let values = self.0.iter().map(|c| range(c).map(|r| pick(&r)));
            Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        };
        let name = column.name();
        Some(match name {
            DATASET => Arc::new(self.0.iter().map(|c| Some(c.dataset)).collect::<StringArray>()),
            DAY => Arc::new(self.0.iter().map(|c| Some(c.day)).collect::<StringArray>()),
            _ if name == Column::Time.name() => times(|c| Some(c.time)),
            _ if name == Column::IngestTime.name() => times(|c| c.ingest),
            _ if name == Column::Batch.name() => {
                Arc::new(self.0.iter().map(|c| Some(pick(&c.batch))).collect::<Int64Array>())
            }
            _ => return None,
        })
    }
}

impl PruningStatistics for Containers<'_> {
    fn min_values(&self, column: &PlanColumn) -> Option<ArrayRef> {
        self.bound(column, |r| r.0)
    }

    fn max_values(&self, column: &PlanColumn) -> Option<ArrayRef> {
        self.bound(column, |r| r.1)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _column: &PlanColumn) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.0.iter().map(|c| c.rows))))
    }

    fn contained(
        &self,
        _column: &PlanColumn,
        _values: &HashSet<ScalarValue>,
    ) -> Option<BooleanArray> {
        None
    }
}

/// Which containers may hold a row that matches; all where the predicate says nothing about them.
fn prune(predicate: Option<&Arc<dyn PhysicalExpr>>, containers: &Containers<'_>) -> Vec<bool> {
    let everything = || vec![true; containers.0.len()];
    let Some(predicate) = predicate else { return everything() };
    PruningPredicateBuilder::new()
        .with_file_schema(query_schema())
        .try_build(predicate.clone())
        .and_then(|pruning| pruning.prune(containers))
        .unwrap_or_else(|_| everything())
}

#[cfg(test)]
mod tests;
