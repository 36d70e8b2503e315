//! The Delta table: which files there are, and how that changes, once and for all.
//!
//! `deltalake-core` reads and writes the table's log; the files are written and read by us. Each
//! change is one commit that carries an application transaction, so that a crash between the
//! commit and the shortening of the write-ahead log stores nothing twice. Every commit passes
//! through [`Table::commit`]: that is where the ledger will write its record.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, Remove, Transaction};
use deltalake_core::logstore::{LogStore, LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use object_store::ObjectStore;
use object_store::path::Path;
use serde_json::{Value, json};

use crate::chunk::Partition;
use crate::error::StoreError;
use crate::lake::Lake;
use crate::parquet_file::FileSummary;
use crate::schema::{DATASET, DAY, delta_fields};

/// A file of the table, as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeFile {
    /// Path below the table's folder.
    pub path: String,
    /// Where its rows belong.
    pub partition: Partition,
    /// What is in it.
    pub summary: FileSummary,
    /// When it was written, ms since the epoch.
    pub modified_millis: i64,
}

/// One change of the table.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Files that come.
    pub add: Vec<LakeFile>,
    /// Files that go. Their rows must be in `add` again, or be deleted on purpose.
    pub remove: Vec<LakeFile>,
    /// Up to which sequence number of which writer's log the table holds everything from now on.
    pub transaction: Option<(String, i64)>,
    /// Why.
    pub reason: CommitReason,
}

/// Why a commit was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitReason {
    /// New rows.
    Append,
    /// The same rows in fewer files.
    Compact,
}

/// The opened table.
pub struct Table {
    log: LogStoreRef,
    store: Arc<dyn ObjectStore>,
    state: DeltaTableState,
    /// Whether a commit was begun whose outcome is not known.
    unsettled: bool,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("version", &self.state.version()).finish_non_exhaustive()
    }
}

impl Table {
    /// Opens the table in a folder of the lake; makes an empty one where there is none.
    pub async fn open(lake: &Lake, name: &str) -> Result<Self, StoreError> {
        let store = lake.folder(name);
        let url = lake.folder_url(name)?;
        let log =
            default_logstore(store.clone(), lake.root.clone(), &url, &StorageConfig::default());
        let exists = log.is_delta_table_location().await.map_err(StoreError::table("look for"))?;
        if !exists {
            create(&log, name).await?;
        }
        let state = DeltaTableState::try_new(log.as_ref(), None)
            .await
            .map_err(StoreError::table("read"))?;
        Ok(Self { log, store, state, unsettled: false })
    }

    /// The object store, rooted at the table's folder.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The version of the table that this value knows.
    pub fn version(&self) -> u64 {
        self.state.version()
    }

    /// The files of this version.
    pub fn files(&self) -> Vec<LakeFile> {
        self.state.log_data().iter().map(|view| lake_file(&view)).collect()
    }

    /// Up to which sequence number the table holds everything that this writer's log held.
    pub async fn transaction_version(&self, writer: &str) -> Result<Option<i64>, StoreError> {
        self.state
            .transaction_version(self.log.as_ref(), writer.to_owned())
            .await
            .map_err(StoreError::table("read a transaction of"))
    }

    /// Makes one change. When it returns, the change is durable and this value knows it.
    ///
    /// The change must have been thought out on what this value knows, and that must be settled
    /// ([`Table::is_settled`]).
    ///
    /// # Errors
    /// [`StoreError::Table`]; if the table is then not settled, the change may have been made.
    pub async fn commit(&mut self, commit: &Commit, now_millis: i64) -> Result<(), StoreError> {
        let data_change = commit.reason != CommitReason::Compact;
        let mut actions: Vec<Action> = Vec::new();
        for file in &commit.remove {
            actions.push(Action::Remove(remove_action(file, data_change, now_millis)));
        }
        for file in &commit.add {
            actions.push(Action::Add(add_action(file, data_change)));
        }
        let mut properties = CommitProperties::default().with_cleanup_expired_logs(Some(false));
        if let Some((writer, sequence)) = &commit.transaction {
            properties =
                properties.with_application_transaction(Transaction::new(writer, *sequence));
        }
        let operation = match commit.reason {
            CommitReason::Append => DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: Some(vec![DATASET.to_owned(), DAY.to_owned()]),
                predicate: None,
            },
            CommitReason::Compact => DeltaOperation::Optimize { predicate: None, target_size: 0 },
        };
        self.unsettled = true;
        let outcome = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(self.state.snapshot()), self.log.clone(), operation)
            .await
            .map_err(StoreError::table("commit to"));
        match outcome {
            Ok(finalized) => {
                self.state = finalized.snapshot();
                self.unsettled = false;
                Ok(())
            }
            // It may have been made all the same, and only the answer was lost.
            Err(error) => match self.refreshed_has(commit).await {
                Ok(made) => {
                    self.unsettled = false;
                    if made { Ok(()) } else { Err(error) }
                }
                Err(_) => Err(error),
            },
        }
    }

    /// Whether what became of every commit is known. Else nothing may be concluded from this value.
    pub fn is_settled(&self) -> bool {
        !self.unsettled
    }

    /// Reads the table again after a commit whose outcome is not known, and answers up to which
    /// sequence number it holds everything of a writer's log.
    pub async fn settle(&mut self, writer: &str) -> Result<Option<i64>, StoreError> {
        self.refresh().await?;
        let sequence = self.transaction_version(writer).await?;
        self.unsettled = false;
        Ok(sequence)
    }

    async fn refresh(&mut self) -> Result<(), StoreError> {
        self.state.update(self.log.as_ref(), None).await.map_err(StoreError::table("read"))
    }

    async fn refreshed_has(&mut self, commit: &Commit) -> Result<bool, StoreError> {
        self.refresh().await?;
        if let Some((writer, sequence)) = &commit.transaction {
            return Ok(self.transaction_version(writer).await? >= Some(*sequence));
        }
        Ok(self.has_all(&commit.add))
    }

    /// Whether files are in this version.
    pub fn has_all(&self, wanted: &[LakeFile]) -> bool {
        let files = self.files();
        let known: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        wanted.iter().all(|file| known.contains(file.path.as_str()))
    }
}

async fn create(log: &LogStoreRef, name: &str) -> Result<(), StoreError> {
    let settings = [
        // The ledger names the commit files, so only an act may prune them.
        ("delta.enableExpiredLogCleanup", "false"),
        ("delta.checkpointInterval", "50"),
    ];
    CreateBuilder::new()
        .with_log_store(log.clone())
        .with_table_name(name)
        .with_columns(delta_fields())
        .with_partition_columns([DATASET, DAY])
        .with_configuration(settings.map(|(k, v)| (k.to_owned(), Some(v.to_owned()))))
        .with_save_mode(SaveMode::Ignore)
        .await
        .map(drop)
        .map_err(StoreError::table("create"))
}

fn partition_values(file: &LakeFile) -> HashMap<String, Option<String>> {
    HashMap::from([
        (DATASET.to_owned(), Some(file.partition.dataset.to_string())),
        (DAY.to_owned(), Some(file.partition.day.to_string())),
    ])
}

fn add_action(file: &LakeFile, data_change: bool) -> Add {
    Add {
        path: file.path.clone(),
        partition_values: partition_values(file),
        size: file.summary.bytes as i64,
        modification_time: file.modified_millis,
        data_change,
        stats: Some(statistics(&file.summary).to_string()),
        tags: Some(HashMap::from([(SHA256.to_owned(), Some(file.summary.sha256.clone()))])),
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

fn remove_action(file: &LakeFile, data_change: bool, now_millis: i64) -> Remove {
    Remove {
        path: file.path.clone(),
        data_change,
        deletion_timestamp: Some(now_millis),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_values(file)),
        size: Some(file.summary.bytes as i64),
        ..Remove::default()
    }
}

/// The tag under which a file's SHA-256 stands in the log.
const SHA256: &str = "stele.sha256";

/// Delta protocol, "Per-file Statistics". Only what prunes: long values have none.
fn statistics(summary: &FileSummary) -> Value {
    let time = |micros: i64| {
        DateTime::from_timestamp_micros(micros)
            .map(|t| t.to_rfc3339_opts(SecondsFormat::Micros, true))
    };
    let bounds = |pick: fn(&(i64, i64)) -> i64| {
        json!({
            "time": time(pick(&summary.time_range)),
            "ingest_time": time(pick(&summary.ingest_range)),
            "_batch": pick(&summary.batch_range),
        })
    };
    json!({
        "numRecords": summary.rows,
        "minValues": bounds(|r| r.0),
        "maxValues": bounds(|r| r.1),
        "nullCount": {"time": 0, "ingest_time": 0, "_batch": 0},
    })
}

#[expect(deprecated, reason = "the tags of a file cannot be had in another way")]
fn lake_file(view: &deltalake_core::kernel::LogicalFileView) -> LakeFile {
    let values = view.partition_values_map();
    let value =
        |name: &str| -> Arc<str> { values.get(name).cloned().flatten().unwrap_or_default().into() };
    let stats: Value =
        view.stats().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    let time = |side: &str, column: &str, missing: i64| {
        stats[side][column]
            .as_str()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .map_or(missing, |t| t.timestamp_micros())
    };
    let range =
        |column: &str| (time("minValues", column, i64::MIN), time("maxValues", column, i64::MAX));
    let batch = |side: &str, missing: i64| stats[side]["_batch"].as_i64().unwrap_or(missing);
    LakeFile {
        path: Path::from(view.path().as_ref()).to_string(),
        partition: Partition { dataset: value(DATASET), day: value(DAY) },
        summary: FileSummary {
            rows: view.num_records().unwrap_or(0) as u64,
            bytes: view.size() as u64,
            sha256: view
                .add_action()
                .tags
                .and_then(|tags| tags.get(SHA256).cloned().flatten())
                .unwrap_or_default(),
            time_range: range("time"),
            ingest_range: range("ingest_time"),
            batch_range: (batch("minValues", i64::MIN), batch("maxValues", i64::MAX)),
        },
        modified_millis: view.modification_time(),
    }
}
