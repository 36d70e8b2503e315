//! Questions: one plan, whether asked in SQL or in the search syntax.
//!
//! Each query has its own session over one pinned view, so that nothing of one can be seen by
//! another. SQL is read-only: no DDL, no DML, no settings, no files or URLs. Each query has limits
//! ([`limits`]); a stream that is dropped stops its query.

mod explain;
mod limits;

use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use object_store::ObjectStore;
use stele_event::{Column, SourceField};

use crate::error::StoreError;
use crate::lake::Lake;
use crate::provider::EventsTable;
use crate::render::{RowBatch, RowStream};
use crate::schema::query_schema;
use crate::search::fields::{nearest_columns, suggestion};
use crate::search::{self, SearchContext};
use crate::store::{EVENTS, Store, View};
use limits::Limited;
pub use limits::QueryLimits;

/// Who asks, and what each query of theirs may use. Roles come later; every query already says who
/// it is for.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The name under which the question is recorded.
    pub name: String,
    /// What one query may use.
    pub limits: QueryLimits,
}

/// A question in the search syntax.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// The query; empty for everything.
    pub query: String,
    /// Event times from here on, µs since the epoch.
    pub since_micros: Option<i64>,
    /// Event times before this, µs since the epoch.
    pub until_micros: Option<i64>,
    /// At most so many rows.
    pub limit: Option<usize>,
    /// Oldest first instead of newest first.
    pub ascending: bool,
    /// The columns wanted, by name; empty for all.
    pub columns: Vec<String>,
    /// The zone of times in the query that are written without one, in seconds east of UTC.
    pub zone_offset_seconds: i32,
}

/// The engine that all queries share: memory, caches and the way to the files.
pub(crate) struct Engine {
    runtime: Arc<RuntimeEnv>,
    store: Arc<dyn ObjectStore>,
    store_url: ObjectStoreUrl,
    memory_bytes_max: usize,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    pub(crate) fn new(
        _lake: &Lake,
        store: Arc<dyn ObjectStore>,
        memory_bytes_max: usize,
    ) -> Result<Self, StoreError> {
        let consumers = std::num::NonZeroUsize::MIN.saturating_add(4);
        let pool = TrackConsumersPool::new(FairSpillPool::new(memory_bytes_max), consumers);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .with_metadata_cache_limit(32 << 20)
            .build_arc()
            .map_err(StoreError::encode("start the query engine"))?;
        let store_url = ObjectStoreUrl::parse("stele://lake")
            .map_err(StoreError::encode("start the query engine"))?;
        runtime.register_object_store(store_url.as_ref(), store.clone());
        Ok(Self { runtime, store, store_url, memory_bytes_max })
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    pub(crate) fn store_url(&self) -> ObjectStoreUrl {
        self.store_url.clone()
    }

    /// A session that sees one view as the table `events`.
    pub(crate) fn session(&self, view: Arc<View>) -> Result<SessionContext, StoreError> {
        let mut config = SessionConfig::new()
            .with_information_schema(false)
            .with_batch_size(8_192)
            .with_default_catalog_and_schema("stele", "lake");
        let parquet = &mut config.options_mut().execution.parquet;
        parquet.pushdown_filters = true;
        parquet.reorder_filters = true;
        parquet.bloom_filter_on_read = true;
        config.options_mut().execution.time_zone = Some("UTC".to_owned());
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(self.runtime.clone())
            .with_default_features()
            .build();
        let session = SessionContext::new_with_state(state);
        for function in search::functions::all() {
            session.register_udf(function);
        }
        let table =
            EventsTable { view, store_url: self.store_url.clone(), store: self.store.clone() };
        session.register_table(EVENTS, Arc::new(table)).map_err(query_error)?;
        Ok(session)
    }
}

impl Store {
    /// Answers a question in SQL. The names of `fields` are no columns; they only help to say what
    /// an unknown name may have meant.
    pub async fn sql(
        &self,
        sql: &str,
        fields: &[SourceField],
        caller: &Caller,
    ) -> Result<RowStream, StoreError> {
        let limited = self.limited(caller);
        check_size(sql)?;
        let view = self.view();
        let files_total = view.files.len();
        let session = self.engine.session(view)?;
        let options = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = session
            .sql_with_options(sql, options)
            .await
            .map_err(|error| explain::sql_error(sql, fields, error))?;
        limited.over(frame, files_total).await
    }

    fn limited(&self, caller: &Caller) -> Limited {
        Limited::begin(caller.limits, self.engine.memory_bytes_max)
    }

    /// Answers a question in the search syntax, sorted by event time.
    pub async fn search(
        &self,
        request: &SearchRequest,
        fields: &[SourceField],
        now_micros: i64,
        caller: &Caller,
    ) -> Result<RowStream, StoreError> {
        let limited = self.limited(caller);
        let view = self.view();
        let files_total = view.files.len();
        let columns = columns_of(request, fields)?;
        let frame = self.matching(view, request, fields, now_micros)?;
        let ascending = request.ascending;
        let order = [Column::Time, Column::Batch, Column::Pos]
            .map(|c| col(format!("\"{}\"", c.name())).sort(ascending, false));
        let frame = frame
            .sort(order.to_vec())
            .and_then(|frame| frame.limit(0, request.limit))
            .map_err(query_error)?;
        let frame =
            if columns.is_empty() { frame } else { frame.select(columns).map_err(query_error)? };
        limited.over(frame, files_total).await
    }

    /// The rows that match a question, in no order: what counts and charts are made of.
    fn matching(
        &self,
        view: Arc<View>,
        request: &SearchRequest,
        fields: &[SourceField],
        now_micros: i64,
    ) -> Result<DataFrame, StoreError> {
        let ctx = SearchContext {
            now_micros,
            zone_offset_seconds: request.zone_offset_seconds,
            source_fields: fields,
        };
        let compiled = search::plan::compile(&request.query, &ctx)
            .map_err(|error| StoreError::Query(error.to_string()))?;
        let mut filters: Vec<Expr> = compiled.filter.into_iter().collect();
        let time = || col(Column::Time.name());
        let at = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
        if let Some(since) = request.since_micros {
            filters.push(time().gt_eq(at(since)));
        }
        if let Some(until) = request.until_micros {
            filters.push(time().lt(at(until)));
        }
        let state = self.engine.session(view.clone())?.state();
        let plan = datafusion::logical_expr::LogicalPlanBuilder::scan(
            EVENTS,
            datafusion::datasource::provider_as_source(Arc::new(EventsTable {
                view,
                store_url: self.engine.store_url.clone(),
                store: self.engine.store.clone(),
            })),
            None,
        )
        .and_then(datafusion::logical_expr::LogicalPlanBuilder::build)
        .map_err(query_error)?;
        let frame = DataFrame::new(state, plan);
        filters.into_iter().try_fold(frame, DataFrame::filter).map_err(query_error)
    }
}

impl Store {
    /// Matching events by time and severity: rows of `time`, `severity_id`, `count`.
    pub async fn histogram(
        &self,
        request: &SearchRequest,
        step_micros: i64,
        fields: &[SourceField],
        now_micros: i64,
        caller: &Caller,
    ) -> Result<Vec<RowBatch>, StoreError> {
        let step = ScalarValue::new_interval_mdn(0, 0, step_micros.saturating_mul(1_000));
        let origin = ScalarValue::TimestampMicrosecond(Some(0), Some("UTC".into()));
        let bar = datafusion::functions::expr_fn::date_bin(
            lit(step),
            col(Column::Time.name()),
            lit(origin),
        );
        let groups = vec![bar.alias("time"), col(Column::SeverityId.name())];
        let limited = self.limited(caller);
        let frame = self
            .matching(self.view(), request, fields, now_micros)?
            .aggregate(groups, vec![count(lit(1)).alias("count")])
            .and_then(|frame| {
                frame.sort(vec![
                    col("time").sort(true, false),
                    col(Column::SeverityId.name()).sort(true, false),
                ])
            })
            .map_err(query_error)?;
        limited.collected(frame).await
    }

    /// The values of a column among matching events: rows of `value`, `count`, most frequent first.
    pub async fn facets(
        &self,
        request: &SearchRequest,
        column: &str,
        fields: &[SourceField],
        now_micros: i64,
        caller: &Caller,
    ) -> Result<Vec<RowBatch>, StoreError> {
        let value = column_named(column, fields)?.alias("value");
        let limited = self.limited(caller);
        let frame = self
            .matching(self.view(), request, fields, now_micros)?
            .aggregate(vec![value], vec![count(lit(1)).alias("count")])
            .and_then(|frame| {
                frame.sort(vec![col("count").sort(false, false), col("value").sort(true, false)])
            })
            .and_then(|frame| frame.limit(0, request.limit))
            .map_err(query_error)?;
        limited.collected(frame).await
    }
}

/// The columns that a search is to give.
fn columns_of(request: &SearchRequest, fields: &[SourceField]) -> Result<Vec<Expr>, StoreError> {
    request.columns.iter().map(|name| column_named(name, fields)).collect()
}

/// A column by its name; an unknown one is told with those that may have been meant.
fn column_named(name: &str, fields: &[SourceField]) -> Result<Expr, StoreError> {
    let schema = query_schema();
    let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    if known.contains(&name) {
        return Ok(col(format!("\"{name}\"")));
    }
    let suggestion = suggestion(&nearest_columns(name, fields, &known));
    Err(StoreError::Query(format!(
        "there is no column `{name}`\nhint: {suggestion}`stele fields` lists the columns"
    )))
}

/// The longest statement in SQL, in bytes.
const SQL_BYTES_MAX: usize = 256 << 10;
/// How many words and signs a statement may have, values, commas and parentheses aside. The planner
/// recurses over them and takes time that grows with their square.
const SQL_WORDS_MAX: usize = 1_000;

/// Refuses a statement that would overflow the planner's stack, which ends the process.
fn check_size(sql: &str) -> Result<(), StoreError> {
    if sql.len() > SQL_BYTES_MAX {
        return Err(StoreError::Query(format!(
            "the query has {} bytes, which is over the limit of {SQL_BYTES_MAX}",
            sql.len()
        )));
    }
    // What is no SQL at all, the parser says better.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else { return Ok(()) };
    let is_flat = |token: &&Token| {
        matches!(
            token,
            Token::Whitespace(_)
                | Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::Comma
                | Token::LParen
                | Token::RParen
                | Token::SemiColon
        )
    };
    let words = tokens.iter().filter(|token| !is_flat(token)).count();
    if words > SQL_WORDS_MAX {
        return Err(StoreError::Query(format!(
            "the query has {words} words and signs, which is over the limit of {SQL_WORDS_MAX}\n\
             hint: give many values as a list: `user_name IN ('alice', 'bob')`"
        )));
    }
    Ok(())
}

/// Tells what an error of the engine means to the caller, in its words without its prefixes.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(crate) fn query_error(error: DataFusionError) -> StoreError {
    let root = error.find_root();
    let message = root.strip_backtrace();
    match root {
        DataFusionError::ResourcesExhausted(_) => {
            StoreError::Limit { limit: "memory".to_owned(), setting: limits::MEMORY_SETTING }
        }
        DataFusionError::External(source) => match source.downcast_ref::<StoreError>() {
            Some(StoreError::Limit { limit, setting }) => {
                StoreError::Limit { limit: limit.clone(), setting }
            }
            _ => StoreError::Read { message },
        },
        DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_)
        | DataFusionError::ParquetError(_) => {
            // The engine puts its prefix before each error that it passes on.
            let message = message.trim_start_matches("Parquet error: ");
            StoreError::Read { message: message.to_owned() }
        }
        _ => StoreError::Query(error.strip_backtrace()),
    }
}

#[cfg(test)]
mod tests;
