//! One exchange with a witness: at most a few requests, within limits of time and length.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use stele_intake::ledger::{Ledger, Sealed};
use stele_ledger::note::{Note, NoteSignature};
use stele_ledger::witness::{AddCheckpoint, WitnessAnswer, cosignature};

use super::WitnessConfig;
use crate::node::NodeError;

/// A whole request and its answer may take so long.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An answer is a few signature lines; a longer one is not read.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// A first request to learn what the witness has seen, one with the proof from there, and one more
/// where somebody else was faster.
const REQUESTS_MAX: usize = 3;
/// The media type of the size in a conflict (C2SP tlog-witness).
const SIZE_TYPE: &str = "text/x.tlog.size";

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It cannot be reached, or not in time.
    #[error("no answer: {0}")]
    Away(String),
    /// It answered something that is not to be used.
    #[error("{0}")]
    Answer(String),
    /// It has seen more entries than there are here.
    #[error(
        "it has seen {seen} entries of this log and there are {here}: the ledger was put back, or \
         somebody else signs with its key"
    )]
    Longer {
        /// What it has seen.
        seen: u64,
        /// What is here.
        here: u64,
    },
    /// It has seen another log of this size.
    #[error(
        "what it has seen up to entry {0} is not how this log begins (422): the ledger was changed, \
         or somebody else signs with its key"
    )]
    Fork(u64),
    /// The ledger cannot be read or written.
    #[error("here: {0}")]
    Here(String),
}

impl Failure {
    /// Whether it says that there are two logs of this name.
    pub(super) fn is_grave(&self) -> bool {
        matches!(self, Self::Longer { .. } | Self::Fork(_))
    }
}

/// Sends requests to witnesses.
#[derive(Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    pub(super) fn new() -> Result<Self, NodeError> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("stele/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(|error| NodeError::Task(told(&error)))
    }

    /// Asks for a cosignature over a checkpoint; `seen` is the size that the witness has seen last,
    /// as far as it is known. Gives the verified signature and its time in seconds.
    pub(super) async fn ask(
        &self,
        witness: &WitnessConfig,
        ledger: &Arc<Ledger>,
        target: &Sealed,
        seen: Option<u64>,
    ) -> Result<(NoteSignature, u64), Failure> {
        let here = |error: &dyn std::fmt::Display| Failure::Here(error.to_string());
        let mut checkpoint = Note::parse(&target.note).map_err(|error| here(&error))?;
        checkpoint.signatures.retain(|one| one.name == ledger.origin());
        let mut old_size = seen.unwrap_or(0);
        for _ in 0..REQUESTS_MAX {
            let there = ledger.checkpoint().map_or(0, |sealed| sealed.size);
            if old_size > there {
                return Err(Failure::Longer { seen: old_size, here: there });
            }
            if old_size > target.size {
                let text = format!("it has seen {old_size} entries already");
                return Err(Failure::Answer(text));
            }
            let (from, to) = (ledger.clone(), target.size);
            let proof = tokio::task::spawn_blocking(move || from.consistency(old_size, to));
            let proof = proof.await.map_err(|error| here(&error))?;
            let consistency = proof.map_err(|error| here(&error))?;
            let request = AddCheckpoint { old_size, consistency, checkpoint: checkpoint.clone() };
            match self.post(witness, &request).await? {
                WitnessAnswer::Cosigned(lines) => {
                    let signature = cosignature(&checkpoint, &lines, &witness.key);
                    return signature.map_err(|error| {
                        Failure::Answer(format!("what it signed is not to be used: {error}"))
                    });
                }
                WitnessAnswer::Conflict { size } if size != old_size => old_size = size,
                WitnessAnswer::Conflict { size } => {
                    let text = format!("it says that it has not seen {size}, but {size} entries");
                    return Err(Failure::Answer(text));
                }
                WitnessAnswer::Inconsistent => return Err(Failure::Fork(old_size)),
                WitnessAnswer::Forbidden => {
                    let text = "it does not know the key that signs this log (403): tell its \
                                operator the verifier key";
                    return Err(Failure::Answer(text.to_owned()));
                }
                WitnessAnswer::UnknownLog => {
                    let origin = ledger.origin();
                    let text = format!(
                        "it does not know the log `{origin}` (404): tell its operator, or see \
                         whether the URL is right"
                    );
                    return Err(Failure::Answer(text));
                }
                WitnessAnswer::BadRequest => {
                    return Err(Failure::Answer("it did not understand (400)".to_owned()));
                }
                WitnessAnswer::Other { status } => {
                    return Err(Failure::Answer(format!("it answered with status {status}")));
                }
            }
        }
        Err(Failure::Answer("it names another size each time".to_owned()))
    }

    async fn post(
        &self,
        witness: &WitnessConfig,
        request: &AddCheckpoint,
    ) -> Result<WitnessAnswer, Failure> {
        let url = format!("{}/add-checkpoint", witness.url.trim_end_matches('/'));
        let away = |error: reqwest::Error| Failure::Away(told(&error));
        let sent = self.0.post(url).body(request.to_string()).send().await;
        let mut response = sent.map_err(away)?;
        let status = response.status().as_u16();
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if status == 409 && kind != SIZE_TYPE {
            // Such as from something between here and the witness.
            return Ok(WitnessAnswer::Other { status });
        }
        let mut body = Vec::new();
        // What others say is not read: it may be long, and means nothing here.
        if matches!(status, 200 | 409) {
            while let Some(chunk) = response.chunk().await.map_err(away)? {
                if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                    let text = format!("its answer is longer than {ANSWER_BYTES_MAX} bytes");
                    return Err(Failure::Answer(text));
                }
                body.extend_from_slice(&chunk);
            }
        }
        WitnessAnswer::parse(status, &body).map_err(|error| Failure::Answer(error.to_string()))
    }
}

/// An error with its causes: what `reqwest` says first is only the URL.
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}
