//! The ledger of a node: opened before anything is taken in, written once a second, and told what
//! became of the table. What the node does beside it is in the parent module.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde_json::{Value, json};
use stele_event::runtime::{Clock, Entropy};
use stele_intake::filesystem::RealFileSystem;
use stele_intake::ledger::{
    BeatFacts, FileSigner, KeyFolder, Ledger, LedgerError, LedgerParts, Sealed, SocketSigner,
    folder_of,
};
use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::VerifierKey;
use stele_ledger::signer::LogSigner;
use stele_store::Store;
use stele_store::store::EVENTS;
use stele_verify::lake::{Options, Proof, ProveError, Wanted, prove};

use super::{Node, NodeConfig, NodeError, WRITER, WitnessConfig};

/// Opens the ledger of a data folder; begins one, and draws its key, where there is none.
pub(super) fn open(
    config: &NodeConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Ledger, LedgerError> {
    let folder = KeyFolder::new(&config.data.join("keys"));
    let signer: Arc<dyn LogSigner> = match &config.signer {
        None => Arc::new(FileSigner::open(folder.clone(), WRITER, entropy)?),
        Some(socket) => {
            let secret = folder.secret();
            if secret.exists() {
                tracing::warn!(
                    path = %secret.display(),
                    "a signing key lies in the data folder although a signer is set: move it to \
                     the signer, and leave none here"
                );
            }
            Arc::new(SocketSigner::open(socket, folder.clone())?)
        }
    };
    Ledger::open(LedgerParts {
        disk: Arc::new(RealFileSystem),
        folder: folder_of(&config.data.join("lake"), WRITER),
        signer,
        keys: folder.public()?,
        anchors: config.anchors.clone(),
        witnesses: WitnessConfig::policy(&config.witnesses, config.witnesses_needed)?,
        clock,
    })
}

/// A signer that is away is no failure of what asked for its signature: acknowledged events are in
/// the write-ahead log, and come on record when it is back.
pub(super) fn or_later(recorded: Result<(), NodeError>) -> Result<(), NodeError> {
    match recorded {
        Err(NodeError::Ledger(error)) if error.is_signer_away() => {
            tracing::warn!(%error, "what came last is not on record yet");
            Ok(())
        }
        other => other,
    }
}

/// Puts every version of the table on record that is not there yet.
pub(super) async fn follow_table(ledger: &Ledger, store: &Store) -> Result<(), NodeError> {
    while ledger.next_version() <= store.view().version {
        let version = ledger.next_version();
        ledger.commit(EVENTS, version, &store.commit_file(version).await?)?;
    }
    Ok(())
}

/// Tells whoever looks into the folder what it is, and by which key its ledger is verified.
pub(super) fn describe(data: &Path, ledger: &Ledger) -> Result<(), LedgerError> {
    let secret = match ledger.signing().place {
        place if place == "file" => "`keys/ledger.key` is the only secret.".to_owned(),
        place => format!("The key that signs the ledger is not here: `{place}` has it."),
    };
    let keys: Vec<String> = ledger.announced_keys().into_iter().rev().collect();
    let keys = keys.join("\n    ");
    let text = format!(
        "# A data folder of Stele\n\n\
         Logs are kept here, and a signed ledger that proves that none of them was changed. \
         Check it with\n\n    stele verify --data {} --key '<verifier key>'\n\n\
         The verifier keys of the ledger, the latest first. Keep them elsewhere too: whoever can \
         change this folder can change this text.\n\n    {keys}\n\n\
         `lake/events` is an ordinary Delta Lake table of Parquet files. {secret} Nothing here may \
         be edited by hand.\n",
        data.display()
    );
    let path = data.join("README.md");
    if std::fs::read_to_string(&path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    std::fs::write(&path, text).map_err(|source| LedgerError::Disk {
        action: "write",
        path,
        source,
    })
}

impl Node {
    /// The ledger.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Writes the ledger once a second, until it is dropped. A failure is told and tried again;
    /// what waits is bounded, and beyond it nothing more is taken in.
    pub(super) async fn run_ledger(&self) {
        const SAID_AGAIN: Duration = Duration::from_mins(1);
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut said: Option<(String, tokio::time::Instant)> = None;
        loop {
            ticks.tick().await;
            let Err(error) = self.record().await else {
                if said.take().is_some() {
                    tracing::info!("the ledger is written and signed again");
                }
                continue;
            };
            let error = error.to_string();
            let is_new = said
                .as_ref()
                .is_none_or(|(before, at)| *before != error || at.elapsed() >= SAID_AGAIN);
            if is_new {
                let waiting = self.ledger.waiting();
                tracing::error!(%error, waiting, "cannot write the ledger; will try again");
                said = Some((error, tokio::time::Instant::now()));
            }
        }
    }

    /// Closes the batches whose time is over, seals what has come since the last time, and then
    /// lets the write-ahead log be shortened: never before the commit that makes it dispensable is
    /// under a checkpoint.
    ///
    /// The intake may wait for room in memory, which the store makes beside this: so nothing here
    /// blocks the task.
    pub(super) async fn record(&self) -> Result<(), NodeError> {
        let _one_at_a_time = self.recording.lock().await;
        let committed = self.store.committed_sequence();
        follow_table(&self.ledger, &self.store).await?;
        let version = self.ledger.next_version().saturating_sub(1);
        let sequence = self.store.view().active.last_sequence;
        let (intake, ledger) = (self.intake.clone(), self.ledger.clone());
        let told = self.told.load(Relaxed);
        let written = tokio::task::spawn_blocking(move || {
            let recorded = intake.close_aged()?;
            ledger.beat(BeatFacts { sequence, backlog_bytes: intake.backlog_bytes()? })?;
            ledger.seal()?;
            intake.recorded(recorded)?;
            if committed > told {
                intake.committed(committed)?;
            }
            Ok::<(), NodeError>(())
        });
        written.await.map_err(|error| NodeError::Task(error.to_string()))??;
        self.told.fetch_max(committed, Relaxed);
        self.store.recorded(version).await;
        Ok(())
    }

    /// The proof of one event, made from the folder as an auditor would make it: the whole ledger
    /// is read and verified first. One is made at a time. It leads to a checkpoint that enough
    /// witnesses have signed, where there is one over the event, else to the newest.
    ///
    /// # Errors
    /// [`ProveError`] where there is no proof, [`NodeError::Task`] where making it broke off.
    pub async fn prove(&self, wanted: Wanted) -> Result<Result<Proof, ProveError>, NodeError> {
        let _one = self.proving.lock().await;
        // The first key's name is the log's origin; all of them carry it.
        let keys = self.ledger.announced_keys().into_iter().rev();
        let keys: Vec<VerifierKey> = keys.filter_map(|key| key.parse().ok()).collect();
        let (data, mut options) = (self.config.data.clone(), Options::new(keys));
        options.witnesses = self.ledger.witness_policy();
        let made = tokio::task::spawn_blocking(move || {
            let made = prove(&data, &wanted, &options);
            let newest_will_do = options.witnesses.needed() > 0;
            if newest_will_do && matches!(made, Err(ProveError::NotProvable { .. })) {
                options.witnesses = WitnessPolicy::default();
                return prove(&data, &wanted, &options);
            }
            made
        });
        made.await.map_err(|error| NodeError::Task(error.to_string()))
    }

    /// Signs with a new key from here on; the old one announces it. Returns the new verifier key.
    ///
    /// # Errors
    /// Then the key in force is the one before, or, where the announcement was written, the new
    /// one from the next start on.
    pub fn rotate_key(&self) -> Result<(String, Sealed), NodeError> {
        let (key, sealed) = self.ledger.change_key()?;
        describe(&self.config.data, &self.ledger)?;
        Ok((key.to_string(), sealed))
    }

    /// How it stands with the ledger.
    pub fn ledger_status(&self) -> Value {
        json!({
            "origin": self.ledger.origin(),
            "size": self.ledger.checkpoint().map_or(0, |sealed| sealed.size),
            "waiting_entries": self.ledger.waiting(),
            "signer": self.ledger.signing(),
            "witnesses": self.witness_status(),
        })
    }

    /// What an operator should look at; empty where all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let signing = self.ledger.signing();
        if let Some(reason) = signing.reason {
            let state = if signing.refuses { "refuses to sign" } else { "does not sign" };
            problems.push(format!("the signer of the ledger {state}: {reason}"));
        }
        problems.extend(self.witness_problems());
        problems
    }
}
