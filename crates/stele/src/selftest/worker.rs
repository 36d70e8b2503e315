//! A node in a process of its own, that is told what to do and may be killed while it does it.
//!
//! It is the server's own node, with its own tasks in the background; only HTTP is left out. Orders
//! come on stdin, one JSON value a line; each is answered with one line on stdout, once it is done.
//! An order that is not answered may have been done, in part or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stele_server::{Node, NodeConfig, Submission};
use tokio::task::JoinHandle;

/// What the node is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Open the folder; the first of all.
    Open(Limits),
    /// Store a body.
    Ingest(Body),
    /// Move everything into the lake.
    Flush,
    /// Join files, wherever there are two.
    Compact,
    /// Change the key of the ledger.
    RotateKey,
    /// Wait until so many events are on record and signed.
    Await {
        /// How many positions the batches on record have together.
        events: u64,
    },
    /// Close the folder, and end.
    Close,
}

/// What is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    /// Who.
    pub(crate) source: String,
    /// The format.
    pub(crate) format: String,
    /// The dataset.
    pub(crate) dataset: String,
    /// The body.
    pub(crate) text: String,
}

/// What was stored.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// As new events, understood or not.
    pub(crate) stored: u64,
    /// Known already.
    pub(crate) duplicates: u64,
}

/// Limits of a node, small enough that a short history meets them all.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Events in a batch.
    pub(crate) batch_events_max: i32,
    /// How long a batch is open, in milliseconds.
    pub(crate) batch_age_max_ms: i64,
    /// Length of a segment of the write-ahead log.
    pub(crate) segment_bytes: u64,
    /// Size of a memtable.
    pub(crate) memtable_bytes_max: usize,
    /// Files that start a compaction.
    pub(crate) compact_files_min: usize,
    /// How long a replaced file stays, in milliseconds.
    pub(crate) retired_grace_ms: u64,
}

impl Limits {
    fn config(self, data: &Path) -> NodeConfig {
        let mut config = NodeConfig::new(data);
        config.batch.events_max = self.batch_events_max;
        config.batch.age_max_micros = self.batch_age_max_ms * 1_000;
        config.wal.segment_bytes = self.segment_bytes;
        config.store.memtable_bytes_max = self.memtable_bytes_max;
        config.store.compact_files_min = self.compact_files_min;
        config.store.retired_grace_ms = self.retired_grace_ms;
        config
    }
}

/// A node with its tasks in the background.
struct Running {
    node: Arc<Node>,
    background: JoinHandle<()>,
}

impl Running {
    async fn open(data: &Path, limits: Limits) -> anyhow::Result<Self> {
        let node = Arc::new(Node::open(limits.config(data)).await?);
        let background = tokio::spawn({
            let node = node.clone();
            async move { node.run().await }
        });
        Ok(Self { node, background })
    }

    async fn close(self) -> anyhow::Result<()> {
        self.background.abort();
        let _ = self.background.await;
        Ok(self.node.close().await?)
    }
}

/// Works until it is told to end, or stdin ends.
pub(crate) async fn work(data: PathBuf) -> anyhow::Result<()> {
    let Some(Order::Open(limits)) = next().await? else { bail!("the first order is to open") };
    let running = Running::open(&data, limits).await?;
    tell(&json!({}))?;
    while let Some(order) = next().await? {
        let answer = match order {
            Order::Open(_) => bail!("it is open already"),
            Order::Ingest(body) => ingest(&running.node, body).await?,
            Order::Flush => json!({"sequence": running.node.flush().await?}),
            Order::Compact => json!(running.node.compact(true).await?),
            Order::RotateKey => {
                let node = running.node.clone();
                let changed = tokio::task::spawn_blocking(move || node.rotate_key()).await?;
                json!({"key": changed?.0})
            }
            Order::Await { events } => {
                on_record(&running.node, events).await?;
                json!({})
            }
            Order::Close => {
                running.close().await?;
                return tell(&json!({}));
            }
        };
        tell(&answer)?;
    }
    running.close().await
}

async fn next() -> anyhow::Result<Option<Order>> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = read.await??;
    if line.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&line).map(Some).context("an order is not understood")
}

fn tell(answer: &Value) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{answer}")?;
    Ok(output.flush()?)
}

async fn ingest(node: &Arc<Node>, body: Body) -> anyhow::Result<Value> {
    let node = node.clone();
    let submission = Submission {
        body: Bytes::from(body.text),
        format: Some(body.format),
        source: Some(body.source),
        dataset: Some(body.dataset),
        ..Submission::default()
    };
    let (answer, _) = tokio::task::spawn_blocking(move || node.ingest(submission)).await??;
    let stored = answer.accepted + answer.failed;
    Ok(json!(Stored { stored, duplicates: answer.duplicate }))
}

/// Waits until so many events are in batches under a checkpoint.
async fn on_record(node: &Arc<Node>, events: u64) -> anyhow::Result<()> {
    loop {
        let mut found = 0;
        for entry in node.ledger().entries(0, u64::MAX)? {
            let record: Value = serde_json::from_slice(&entry)?;
            if record["t"] == "batch" {
                found += record["n"].as_u64().unwrap_or(0);
            }
        }
        if found >= events {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
