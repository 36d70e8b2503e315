//! Asks witnesses to sign the ledger's checkpoints (client of C2SP tlog-witness).
//!
//! Each witness is followed by a loop of its own, beside the writer: it takes the newest archived
//! checkpoint, sends it with the proof that it goes on from what the witness has seen, verifies the
//! cosignature, and puts it under the checkpoint. A witness that is slow, gone or wrong is asked
//! again after a growing pause, and holds up nobody: neither the others nor the ledger.

mod ask;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use stele_event::runtime::Entropy;
use stele_intake::ledger::Sealed;
use stele_intake::system::SystemEntropy;
use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::{Algorithm, VerifierKey};
use stele_ledger::note::Note;

use super::{Node, NodeError};
use ask::{Client, Failure};

/// A witness, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessConfig {
    /// The key that its cosignatures are verified with.
    pub key: VerifierKey,
    /// What comes before `/add-checkpoint`: an `http` or `https` URL.
    pub url: String,
}

/// A witness that failed is asked again after this at the most, in milliseconds.
const PAUSE_MS_MAX: u64 = 300_000;
/// The same failure is told again after this.
const SAID_AGAIN: Duration = Duration::from_mins(10);

/// The witnesses of a node.
#[derive(Debug)]
pub(super) struct Witnesses {
    client: Client,
    each: Vec<Witness>,
    needed: usize,
    /// When enough had signed last, or the node began, in µs since the epoch.
    enough_micros: Mutex<i64>,
}

#[derive(Debug)]
struct Witness {
    config: WitnessConfig,
    state: Mutex<State>,
}

/// How it stands with a witness.
#[derive(Debug, Clone, Default, Serialize)]
struct State {
    /// The largest size that it has signed and that is kept here.
    size: Option<u64>,
    /// When it did, by its clock, in seconds since the epoch.
    time_seconds: Option<u64>,
    /// What it has seen, as far as it said; it may be more than what is kept here.
    #[serde(skip)]
    seen: Option<u64>,
    /// Why it did not sign what it was asked last.
    failure: Option<String>,
    /// Whether that failure means that somebody should look: the log it has seen is another one.
    is_grave: bool,
}

impl WitnessConfig {
    /// Reads the verifier key and the URL of a witness.
    ///
    /// # Errors
    /// Text for people.
    pub fn parse(key: &str, url: &str) -> Result<Self, String> {
        let parsed: VerifierKey =
            key.parse().map_err(|error| format!("`{key}` is no verifier key: {error}"))?;
        if parsed.algorithm() != Algorithm::CosignatureV1 {
            return Err(format!(
                "`{key}` is the key of a log; that of a witness signs cosignatures (type 0x04)"
            ));
        }
        let sound = reqwest::Url::parse(url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && (url.username(), url.password()) == ("", None)
                && (url.query(), url.fragment()) == (None, None)
        });
        if sound {
            return Ok(Self { key: parsed, url: url.to_owned() });
        }
        Err(format!(
            "`{url}` is no URL of a witness, such as `https://witness.example/prefix`, to which \
             `/add-checkpoint` is added"
        ))
    }

    /// The policy that so many of these witnesses have to sign.
    ///
    /// # Errors
    /// Where there are not so many, or one is named twice.
    pub fn policy(witnesses: &[Self], needed: usize) -> Result<WitnessPolicy, stele_ledger::Error> {
        WitnessPolicy::new(witnesses.iter().map(|one| one.key.clone()).collect(), needed)
    }
}

impl Witnesses {
    /// The witnesses of a configuration. `witnessed` is what they have signed last, together.
    pub(super) fn new(
        configs: &[WitnessConfig],
        needed: usize,
        witnessed: Option<&Sealed>,
        now_micros: i64,
    ) -> Result<Self, NodeError> {
        let note = witnessed.and_then(|sealed| Note::parse(&sealed.note).ok());
        let each = configs.iter().map(|config| {
            let key = std::slice::from_ref(&config.key);
            let signed = note.as_ref().and_then(|note| note.verify(key).ok());
            let time_seconds = signed.and_then(|signed| signed.first()?.time_seconds);
            let size = witnessed.filter(|_| time_seconds.is_some()).map(|sealed| sealed.size);
            let state = State { size, time_seconds, seen: size, ..State::default() };
            Witness { config: config.clone(), state: Mutex::new(state) }
        });
        let each = each.collect();
        Ok(Self { client: Client::new()?, each, needed, enough_micros: Mutex::new(now_micros) })
    }
}

impl Witness {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// Follows all witnesses until it is dropped.
    pub(super) async fn run_witnesses(&self) {
        if self.witnesses.each.is_empty() {
            return;
        }
        let each = self.witnesses.each.iter().map(|witness| self.follow(witness));
        tokio::join!(join_all(each), self.watch_witnesses());
    }

    async fn follow(&self, witness: &Witness) {
        let mut archived = self.ledger.archived();
        let (mut failures, mut said) = (0_u32, None::<(String, tokio::time::Instant)>);
        loop {
            let target = archived.borrow_and_update().clone();
            let is_new = |sealed: &Sealed| witness.state().size.is_none_or(|s| s < sealed.size);
            let Some(target) = target.filter(is_new) else {
                if archived.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let Err(failure) = self.ask(witness, &target).await else {
                if said.take().is_some() {
                    tracing::info!(witness = witness.config.key.name(), "it signs again");
                }
                failures = 0;
                continue;
            };
            let text = failure.to_string();
            let is_new = said
                .as_ref()
                .is_none_or(|(before, at)| *before != text || at.elapsed() >= SAID_AGAIN);
            if is_new {
                let (name, url) = (witness.config.key.name(), &witness.config.url);
                if failure.is_grave() {
                    tracing::error!(witness = name, url, error = %text, "a witness objects");
                } else {
                    tracing::warn!(witness = name, url, error = %text, "a witness did not sign");
                }
                said = Some((text, tokio::time::Instant::now()));
            }
            failures += 1;
            tokio::time::sleep(pause(failures, &SystemEntropy)).await;
        }
    }

    /// Asks a witness for a checkpoint, and keeps what it signs.
    async fn ask(&self, witness: &Witness, target: &Sealed) -> Result<(), Failure> {
        let seen = witness.state().seen;
        let asked = self.witnesses.client.ask(&witness.config, &self.ledger, target, seen).await;
        let kept = match asked {
            Ok((signature, time_seconds)) => {
                let (ledger, size) = (self.ledger.clone(), target.size);
                let kept = tokio::task::spawn_blocking(move || ledger.cosign(size, signature));
                let kept = kept.await.map_err(|error| error.to_string());
                kept.and_then(|kept| kept.map_err(|error| error.to_string()))
                    .map(|enough| (enough, time_seconds))
                    .map_err(Failure::Here)
            }
            Err(failure) => Err(failure),
        };
        let mut state = witness.state();
        match kept {
            Ok((enough, time_seconds)) => {
                let size = Some(target.size);
                let time_seconds = Some(time_seconds);
                *state = State { size, time_seconds, seen: size, ..State::default() };
                if enough {
                    let at = &self.witnesses.enough_micros;
                    *at.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.now_micros();
                }
                Ok(())
            }
            Err(failure) => {
                state.failure = Some(failure.to_string());
                state.is_grave = failure.is_grave();
                Err(failure)
            }
        }
    }

    /// Says aloud when there have not been enough signatures for too long.
    async fn watch_witnesses(&self) {
        let alarm = self.config.witness_alarm;
        let mut ticks = tokio::time::interval((alarm / 10).max(Duration::from_secs(1)));
        let mut said = None::<tokio::time::Instant>;
        loop {
            ticks.tick().await;
            match self.witness_problem() {
                None => said = None,
                Some(problem) if said.is_none_or(|at| at.elapsed() >= alarm) => {
                    tracing::warn!(%problem, "the ledger is not witnessed");
                    said = Some(tokio::time::Instant::now());
                }
                Some(_) => {}
            }
        }
    }

    /// Whether there have not been enough signatures for too long.
    fn witness_problem(&self) -> Option<String> {
        let Witnesses { needed, each, enough_micros, .. } = &self.witnesses;
        let since = *enough_micros.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = u64::try_from(self.clock.now_micros() - since).unwrap_or(0) / 1_000_000;
        (*needed > 0 && seconds >= self.config.witness_alarm.as_secs()).then(|| {
            let count = each.len();
            format!("for {seconds} seconds, fewer than {needed} of {count} witnesses have signed")
        })
    }

    /// What an operator should look at among the witnesses.
    pub(super) fn witness_problems(&self) -> Vec<String> {
        let grave = self.witnesses.each.iter().filter_map(|witness| {
            let state = witness.state();
            let failure = state.failure.as_ref().filter(|_| state.is_grave)?;
            Some(format!("the witness `{}` objects: {failure}", witness.config.key.name()))
        });
        grave.chain(self.witness_problem()).collect()
    }

    /// How it stands with the witnesses.
    pub(super) fn witness_status(&self) -> Value {
        let policy = self.ledger.witness_policy();
        let witnessed = self.ledger.witnessed();
        let note = witnessed.as_ref().and_then(|sealed| Note::parse(&sealed.note).ok());
        let time = note.and_then(|note| policy.witnessed_seconds(&note).ok().flatten());
        let each = self.witnesses.each.iter().map(|witness| {
            let mut one = json!(*witness.state());
            one["name"] = json!(witness.config.key.name());
            one["url"] = json!(witness.config.url);
            one
        });
        json!({
            "needed": self.witnesses.needed,
            "witnessed_size": witnessed.map(|sealed| sealed.size),
            "witnessed_time_seconds": time,
            "is_late": self.witness_problem().is_some(),
            "each": each.collect::<Vec<_>>(),
        })
    }

    /// Asks all witnesses once for the last checkpoint of a run, for a short time.
    pub(super) async fn witness_last(&self, limit: Duration) {
        let Some(target) = self.ledger.archived().borrow().clone() else { return };
        let has_not = |witness: &&Witness| witness.state().size.is_none_or(|s| s < target.size);
        let each = self.witnesses.each.iter().filter(has_not);
        let each = each.map(|witness| self.ask(witness, &target));
        let _ = tokio::time::timeout(limit, join_all(each)).await;
    }
}

/// How long a witness that failed is left alone: twice as long each time, and not all that failed
/// together at the same moment.
fn pause(failures: u32, entropy: &dyn Entropy) -> Duration {
    let longest = PAUSE_MS_MAX.min(1_000 << failures.min(10));
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    Duration::from_millis(longest / 2 + u64::from_le_bytes(bytes) % (longest / 2))
}

#[cfg(test)]
mod tests {
    use stele_event::runtime::SeededEntropy;

    use super::*;

    #[test]
    fn pauses_grow_to_five_minutes_and_differ() {
        let entropy = SeededEntropy::new(1);
        let pauses: Vec<u64> =
            (1..40).map(|failures| pause(failures, &entropy).as_millis() as u64).collect();
        for (at, pause) in (1..).zip(&pauses) {
            let longest = PAUSE_MS_MAX.min(1_000 << u32::min(at, 10));
            assert!((longest / 2..=longest).contains(pause), "{at}: {pause}");
        }
        assert_ne!(pauses[20], pauses[21]);
    }
}
