//! One node: a data folder with its write-ahead log, its lake, and the way between them.
//!
//! Opening it locks the folder, replays what the lake lacks, and is ready. [`Node::run`] moves
//! rows into the lake in the background; [`Node::close`] ends it in good order. After a crash,
//! opening it again is the repair.

mod ledger;
mod rebuild;
mod witness;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use stele_event::SourceField;
use stele_event::runtime::Clock;
use stele_intake::decode::{DecodeError, DecodeLimits, Encoding, decode_all};
use stele_intake::filesystem::RealFileSystem;
use stele_intake::import::ImportTarget;
use stele_intake::ledger::{Ledger, LedgerError};
use stele_intake::once::{ImportProgress, OnceError, OnceSet};
use stele_intake::pipeline::{
    Answer, BatchConfig, DurableRows, Intake, IntakeError, LEDGER_READER, Parts, Replayed, Sink,
    pieces,
};
use stele_intake::system::{SystemClock, SystemEntropy};
use stele_intake::wal::record::{Payload, Receipt};
use stele_intake::wal::{Wal, WalConfig};
use stele_parse::detect::detect;
use stele_parse::format::{Format, Hint};
use stele_parse::formats;
use stele_store::{
    Caller, Compacted, Lake, QueryLimits, Rows, Status, Store, StoreConfig, StoreError,
};

pub use witness::WitnessConfig;
use witness::Witnesses;

/// Settings of a node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The data folder.
    pub data: PathBuf,
    /// Settings of the store.
    pub store: StoreConfig,
    /// Limits of the write-ahead log.
    pub wal: WalConfig,
    /// Limits of a batch.
    pub batch: BatchConfig,
    /// Limits of decompression.
    pub decode: DecodeLimits,
    /// A longer request is refused, in bytes.
    pub body_bytes_max: usize,
    /// Limits of a query.
    pub query: QueryLimits,
    /// Longer records are cut, in bytes.
    pub record_bytes_max: usize,
    /// How long an event's own id is remembered, in days.
    pub once_window_days: u32,
    /// Folders to which the ledger's checkpoints are copied each minute.
    pub anchors: Vec<PathBuf>,
    /// The socket of the process that signs the ledger; the key lies in the data folder where it is
    /// `None`.
    pub signer: Option<PathBuf>,
    /// Who is asked to witness the ledger.
    pub witnesses: Vec<WitnessConfig>,
    /// How many of them have to sign.
    pub witnesses_needed: usize,
    /// Where fewer have signed for so long, it is said aloud.
    pub witness_alarm: std::time::Duration,
    /// The settings that are in force, by name: a change of them comes on record. Empty where the
    /// folder is only looked into.
    pub settings: Vec<(String, String)>,
}

impl NodeConfig {
    /// The defaults, for a data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            store: StoreConfig { is_recorded: true, ..StoreConfig::default() },
            wal: WalConfig::default(),
            batch: BatchConfig::default(),
            decode: DecodeLimits { decoded_bytes_max: 64 << 20, ratio_max: 200 },
            body_bytes_max: 64 << 20,
            query: QueryLimits::default(),
            record_bytes_max: 1 << 20,
            once_window_days: 30,
            anchors: Vec::new(),
            signer: None,
            witnesses: Vec::new(),
            witnesses_needed: 0,
            witness_alarm: std::time::Duration::from_mins(10),
            settings: Vec::new(),
        }
    }
}

/// Why a node cannot be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Another process has the folder.
    #[error(
        "the data folder `{0}` is in use by another Stele; stop it, or use `--server` to talk to it"
    )]
    InUse(String),
    /// The folder cannot be used.
    #[error("cannot use the data folder `{folder}`: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The intake failed.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The set of known events cannot be opened or made again.
    #[error(transparent)]
    Known(OnceError),
    /// The ledger cannot be opened or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A thread of the node ended unexpectedly.
    #[error("a task of the node ended unexpectedly: {0}")]
    Task(String),
}

/// What to ingest.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// The body as sent.
    pub body: Bytes,
    /// How it is packed.
    pub encoding: Option<Encoding>,
    /// The format; found out where it is `None`.
    pub format: Option<String>,
    /// Who delivers.
    pub source: Option<String>,
    /// The address that it came from.
    pub peer: Option<String>,
    /// The dataset; `main` where it is `None`.
    pub dataset: Option<String>,
    /// The media type that was stated.
    pub content_type: Option<String>,
}

/// The node; see the module.
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    store: Arc<Store>,
    intake: Arc<Intake>,
    ledger: Arc<Ledger>,
    witnesses: Witnesses,
    /// Whether it runs, or has; a folder that was only looked into asks no witness.
    runs: AtomicBool,
    /// Up to which sequence number of the write-ahead log the intake was told that the lake holds
    /// everything.
    told: AtomicU64,
    /// One at a time puts versions of the table on record.
    recording: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
    fields: Vec<SourceField>,
    replayed: Replayed,
    /// Held while a proof is made.
    proving: tokio::sync::Mutex<()>,
    _lock: File,
}

/// Writers are numbered; a node of its own is the first.
const WRITER: i64 = 1;
const WRITER_NAME: &str = "writer-1";
/// Witnesses are asked for the last checkpoint of a run for so long.
const WITNESS_LAST: std::time::Duration = std::time::Duration::from_secs(3);

impl Node {
    /// Opens a data folder; makes one where there is none.
    pub async fn open(config: NodeConfig) -> Result<Self, NodeError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let lock = lock(&config.data)?;
        let lake = Lake::open(&config.data.join("lake").display().to_string())?;
        let store = Store::open(lake, WRITER_NAME, config.store, clock.now_millis()).await?;
        let store = Arc::new(store);
        let window_days = config.once_window_days;
        let mut once = OnceSet::open(&config.data.join("once"), window_days, &SystemEntropy)
            .map_err(NodeError::Known)?;
        if once.rebuild_needed() {
            let events = rebuild::rebuild(&store, &mut once, clock.now_micros()).await?;
            if events > 0 {
                tracing::warn!(events, "the set of known events was made again from the table");
            }
        }
        let ledger = Arc::new(ledger::open(&config, clock.clone(), Arc::new(SystemEntropy))?);
        ledger.start(&SystemEntropy, env!("CARGO_PKG_VERSION"))?;
        let opened = {
            let (config, store, clock) = (config.clone(), store.clone(), clock.clone());
            let ledger = ledger.clone();
            // A replay may fill memtables faster than they are written: they are written beside it.
            let flusher = store.clone();
            let start = tokio::task::spawn_blocking(move || {
                start_intake(&config, once, &store, ledger, clock)
            });
            tokio::pin!(start);
            loop {
                tokio::select! {
                    opened = &mut start => break opened,
                    () = flusher.sealed() => {
                        flusher.flush_sealed(SystemClock.now_millis()).await?;
                    }
                }
            }
        };
        let (intake, replayed) = opened.map_err(|error| NodeError::Task(error.to_string()))??;
        let fields = formats::fields();
        if !config.settings.is_empty() {
            ledger.settings(&config.settings)?;
        }
        ledger::follow_table(&ledger, &store).await?;
        let sealed = ledger.seal().map(|_| ()).map_err(NodeError::from);
        if sealed.is_ok() {
            store.recorded(ledger.next_version().saturating_sub(1)).await;
        }
        ledger::or_later(sealed)?;
        ledger::describe(&config.data, &ledger)?;
        let (witnessed, now) = (ledger.witnessed(), clock.now_micros());
        let needed = config.witnesses_needed;
        let witnesses = Witnesses::new(&config.witnesses, needed, witnessed.as_ref(), now)?;
        Ok(Self {
            witnesses,
            runs: AtomicBool::new(false),
            config,
            store,
            intake: Arc::new(intake),
            ledger,
            told: AtomicU64::new(0),
            recording: tokio::sync::Mutex::new(()),
            clock,
            fields,
            replayed,
            proving: tokio::sync::Mutex::new(()),
            _lock: lock,
        })
    }

    /// The store, for questions.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The sources' own field names.
    pub fn fields(&self) -> &[SourceField] {
        &self.fields
    }

    /// The time.
    pub fn now_micros(&self) -> i64 {
        self.clock.now_micros()
    }

    /// What opening brought back from the write-ahead log.
    pub fn replayed(&self) -> Replayed {
        self.replayed
    }

    /// The settings in force.
    pub fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// Stores a body and waits until it is durable and can be searched. Blocks.
    ///
    /// # Errors
    /// [`IntakeError::Refused`] where it can never be taken, [`IntakeError::Busy`] where it can
    /// later. Damage inside a packed body is told in the answer, beside what was stored.
    pub fn ingest(
        &self,
        submission: Submission,
    ) -> Result<(Answer, Option<DecodeError>), IntakeError> {
        let encoding = submission.encoding.unwrap_or_else(|| Encoding::by_magic(&submission.body));
        let (bytes, damage) = if encoding == Encoding::Identity
            && submission.body.len() as u64 <= self.config.decode.decoded_bytes_max
        {
            (submission.body.clone(), None)
        } else {
            let decoded = decode_all(encoding, &submission.body, self.config.decode);
            (Bytes::from(decoded.bytes), decoded.damage)
        };
        if let Some(error @ DecodeError::TooLarge { .. }) = &damage {
            return Err(IntakeError::Refused(format!("{error}; nothing was stored")));
        }
        let dataset = submission.dataset.clone().unwrap_or_else(|| "main".to_owned());
        check_dataset(&dataset)?;
        let format = format_for(&submission, &bytes)?;
        let mut splitter = format.splitter(self.config.record_bytes_max);
        let mut spans = Vec::new();
        splitter.split(&bytes, true, &mut spans);
        let receipt = Receipt {
            dataset,
            received_micros: self.now_micros(),
            zone_offset_seconds: 0,
            format: format.id().to_owned(),
            format_version: format.version(),
            source: submission.source,
            peer: submission.peer,
            path: None,
            origin: None,
        };
        let payload = Payload { receipt, header: splitter.context().to_vec(), spans, bytes };
        let mut answer = Answer::default();
        let events_max = self.config.batch.events_max as usize;
        for piece in pieces(&payload, events_max, 8 << 20) {
            answer.add(self.intake.submit(&piece)?);
        }
        Ok((answer, damage))
    }

    /// Moves everything into the lake, puts it on record and shortens the write-ahead log.
    pub async fn flush(&self) -> Result<u64, NodeError> {
        let sequence = self.store.flush_all(self.clock.now_millis()).await?;
        ledger::or_later(self.record().await)?;
        Ok(sequence)
    }

    /// Joins small files; with `all`, wherever there are two.
    pub async fn compact(&self, all: bool) -> Result<Compacted, NodeError> {
        Ok(self.store.compact(all, self.clock.now_millis()).await?)
    }

    /// Figures about the node.
    pub fn status(&self) -> Result<(Status, u64), NodeError> {
        let backlog_bytes = tokio::task::block_in_place(|| self.intake.backlog_bytes())?;
        Ok((self.store.status(), backlog_bytes))
    }

    /// Moves rows into the lake, joins files, deletes what was replaced and writes the ledger,
    /// until it is dropped. A failure is told and tried again: rows are safe in the write-ahead log
    /// meanwhile.
    pub async fn run(&self) {
        self.runs.store(true, Relaxed);
        tokio::join!(self.run_store(), self.run_ledger(), self.run_witnesses());
    }

    async fn run_store(&self) {
        let second = std::time::Duration::from_secs(1);
        let mut ticks: u64 = 0;
        // What came back from the log goes into the lake at once, so that the next start is quick.
        if self.replayed.rows > 0
            && let Err(error) = self.flush().await
        {
            tracing::error!(%error, "cannot move rows into the lake; will try again");
        }
        loop {
            let _ = tokio::time::timeout(second, self.store.sealed()).await;
            ticks += 1;
            if let Err(error) = self.tend(ticks).await {
                tracing::error!(%error, "cannot move rows into the lake; will try again");
                tokio::time::sleep(second).await;
            }
        }
    }

    async fn tend(&self, ticks: u64) -> Result<(), NodeError> {
        if self.store.seal_aged(self.clock.now_micros())? {
            self.store.flush_sealed(self.clock.now_millis()).await?;
        }
        if ticks.is_multiple_of(30) {
            self.compact(false).await?;
            self.store.delete_retired(self.clock.now_millis()).await?;
        }
        Ok(())
    }

    /// Ends the node in good order: everything in the lake and on record, the log short.
    pub async fn close(&self) -> Result<(), NodeError> {
        let closed = self.try_close().await;
        self.store.stop();
        tokio::task::block_in_place(|| self.intake.stop());
        ledger::or_later(closed)?;
        self.ledger.stop()?;
        ledger::or_later(self.ledger.seal().map(|_| ()).map_err(NodeError::from))?;
        if self.runs.load(Relaxed) {
            self.witness_last(WITNESS_LAST).await;
        }
        Ok(())
    }

    async fn try_close(&self) -> Result<(), NodeError> {
        self.store.flush_all(self.clock.now_millis()).await?;
        tokio::task::block_in_place(|| self.intake.close_batches())?;
        self.record().await
    }

    /// Who asks, as long as there are no users.
    pub fn anonymous(&self) -> Caller {
        Caller { name: "local".to_owned(), limits: self.config.query }
    }
}

impl ImportTarget for Node {
    fn progress(&self, content_sha256: &str) -> Result<ImportProgress, IntakeError> {
        self.intake.import_progress(content_sha256)
    }

    fn append(&self, piece: &Payload) -> Result<Answer, IntakeError> {
        check_dataset(&piece.receipt.dataset)?;
        self.intake.submit(piece)
    }

    fn now_micros(&self) -> i64 {
        self.clock.now_micros()
    }
}

fn start_intake(
    config: &NodeConfig,
    once: OnceSet,
    store: &Arc<Store>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
) -> Result<(Intake, Replayed), IntakeError> {
    let committed = store.committed_sequence();
    let folder = config.data.join("wal");
    let disk = Arc::new(RealFileSystem);
    let (wal, recovery) =
        Wal::open(disk, &folder, config.wal, &["store", LEDGER_READER], committed)?;
    for damage in &recovery.damage {
        tracing::error!(
            path = %damage.path.display(), offset = damage.offset, bytes = damage.bytes,
            missing_first = damage.missing.0, missing_last = damage.missing.1,
            "the write-ahead log is damaged: acknowledged records cannot be read"
        );
    }
    let in_lake = store.view().files.iter().map(|f| f.summary.batch_range.1).max();
    let after_lake = in_lake.map_or(WRITER << 40, |batch| batch + 1);
    let next_batch = after_lake.max(ledger.next_batch());
    Intake::start(Parts {
        wal,
        once,
        sink: Arc::new(StoreSink { store: store.clone(), clock: clock.clone() }),
        ledger,
        clock,
        entropy: Arc::new(SystemEntropy),
        sink_sequence: committed,
        next_batch,
        batch: config.batch,
    })
}

#[derive(Debug)]
struct StoreSink {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
}

impl Sink for StoreSink {
    fn apply(&self, rows: DurableRows, sequence: u64) -> Result<(), String> {
        let rows = Rows {
            dataset: rows.dataset,
            received_micros: rows.received_micros,
            events: rows.events,
            batch: rows.batch,
            first_pos: rows.first_pos,
            keep: rows.keep,
        };
        self.store.apply(rows, sequence, self.clock.now_micros()).map_err(|error| error.to_string())
    }
}

fn format_for(submission: &Submission, bytes: &[u8]) -> Result<&'static dyn Format, IntakeError> {
    if let Some(id) = &submission.format {
        return formats::by_id(id).ok_or_else(|| IntakeError::Refused(formats::unknown(id)));
    }
    let content_type = submission.content_type.as_deref();
    Ok(detect(&Hint { content_type, ..Hint::default() }, bytes).format)
}

fn check_dataset(name: &str) -> Result<(), IntakeError> {
    let sound = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if sound {
        return Ok(());
    }
    Err(IntakeError::Refused(format!(
        "`{name}` is no name for a dataset: up to 64 of a-z, 0-9, `-` and `_`"
    )))
}

fn lock(data: &Path) -> Result<File, NodeError> {
    let folder = data.display().to_string();
    let failed = |source| NodeError::Folder { folder: folder.clone(), source };
    std::fs::create_dir_all(data).map_err(failed)?;
    let file = File::create(data.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NodeError::InUse(folder)),
        Err(TryLockError::Error(source)) => Err(NodeError::Folder { folder, source }),
    }
}
