//! The key and the memory of a signer.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use stele_event::runtime::Entropy;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::leaf_hash;
use stele_ledger::key::{Ed25519Signer, Signer, VerifierKey};
use stele_ledger::proof::TreeHead;
use stele_ledger::record::{Deed, Record};
use stele_ledger::signer::{SignRequest, SignerAnswer, SignerRequest, SignerState, judge};
use stele_ledger::tlog_proof::{TlogProof, Trust};

use crate::ledger::{KeyFolder, LedgerError};

/// What a signer has; see the module. Beside the key file `FILE` lie `FILEs`, the verifier keys;
/// `FILE.last`, the last checkpoint that was signed; `FILE.next`, while the key is being changed;
/// and `FILE.lock`.
#[derive(Debug)]
pub struct Keeper {
    folder: KeyFolder,
    entropy: Arc<dyn Entropy>,
    key: Ed25519Signer,
    next: Option<Ed25519Signer>,
    last: Option<TreeHead>,
    _lock: File,
}

impl Keeper {
    /// Takes the key in a file; draws one where there is none.
    ///
    /// # Errors
    /// Where another signer has the file, others may read it, or the memory is damaged.
    pub fn open(file: &Path, writer: i64, entropy: Arc<dyn Entropy>) -> Result<Self, LedgerError> {
        let folder = KeyFolder::of_file(file);
        folder.make()?;
        let lock = lock(&folder)?;
        let is_new = !folder.secret().exists();
        let key = folder.load_or_create(writer, &*entropy)?;
        let next = folder.next()?;
        let last = remembered(&folder, key.key())?;
        if last.is_none() && !is_new {
            tracing::warn!(
                key = %key.key(),
                "nothing is remembered of what this key has signed: the first tree that comes is \
                 signed, and from then on only what continues it"
            );
        }
        Ok(Self { folder, entropy, key, next, last, _lock: lock })
    }

    /// Its verifier key.
    pub fn key(&self) -> &VerifierKey {
        self.key.key()
    }

    /// What it has signed last.
    pub fn last(&self) -> Option<TreeHead> {
        self.last
    }

    /// Answers a request.
    pub fn answer(&mut self, verb: &str, body: &[u8]) -> SignerAnswer {
        let answer = match SignerRequest::parse(verb, body) {
            Ok(SignerRequest::State) => Ok(self.state()),
            Ok(SignerRequest::Sign(request)) => self.sign(&request),
            Ok(SignerRequest::Next) => self.draw_next(),
            Ok(SignerRequest::Take(proof)) => self.take_next(&proof),
            Err(error) => Err(SignerAnswer::Refused(error.to_string())),
        };
        answer.unwrap_or_else(|answer| answer)
    }

    fn state(&self) -> SignerAnswer {
        let next = self.next.as_ref().map(|next| next.key().clone());
        let (key, last) = (self.key().clone(), self.last);
        SignerAnswer::State(Box::new(SignerState { key, last, next }))
    }

    fn sign(&mut self, request: &SignRequest) -> Result<SignerAnswer, SignerAnswer> {
        judge(self.key().name(), self.last, request)?;
        let failed = |error: String| SignerAnswer::Failed(error);
        let note = request.checkpoint.sign(&self.key).map_err(|error| failed(error.to_string()))?;
        let head = request.checkpoint.head;
        if self.last != Some(head) {
            // Nobody gets to see a signature that could be forgotten.
            let (path, text) = (self.folder.beside(".last"), note.to_string());
            let kept = self.folder.write(&path, text.as_bytes());
            kept.map_err(|error| failed(error.to_string()))?;
            self.last = Some(head);
        }
        Ok(SignerAnswer::Signed(note.signatures))
    }

    fn draw_next(&mut self) -> Result<SignerAnswer, SignerAnswer> {
        if self.next.is_none() {
            let drawn = self.folder.draw_next(&*self.entropy);
            self.next = Some(drawn.map_err(|error| SignerAnswer::Failed(error.to_string()))?);
        }
        Ok(self.state())
    }

    /// Changes the key, once the log announces the new one under a signature of the old one.
    fn take_next(&mut self, proof: &TlogProof) -> Result<SignerAnswer, SignerAnswer> {
        let refused = |reason: String| SignerAnswer::Refused(reason);
        let key = self.key().clone();
        let Some(next) = &self.next else {
            return Err(refused("no key was drawn to come next".to_owned()));
        };
        let entry = proof.extra.as_deref().unwrap_or_default();
        let trust = Trust {
            origin: key.name().to_owned(),
            keys: vec![key.clone()],
            witnesses: stele_ledger::checkpoint::WitnessPolicy::default(),
        };
        proof
            .verify(leaf_hash(entry), &trust)
            .map_err(|error| refused(format!("the announcement is not proven: {error}")))?;
        let announced = match Record::decode(entry) {
            Ok(Record::Act(act)) => match act.deed {
                Deed::Key { key: announced, replaces } => Some((announced, replaces)),
                _ => None,
            },
            _ => None,
        };
        if announced != Some((next.key().to_string(), Some(key.to_string()))) {
            return Err(refused("the entry announces another key".to_owned()));
        }
        self.folder.take_next().map_err(|error| SignerAnswer::Failed(error.to_string()))?;
        if let Some(next) = self.next.take() {
            tracing::info!(before = %key, now = %next.key(), "the key was changed");
            self.key = next;
        }
        Ok(self.state())
    }
}

/// Only one signer has a key: two would forget what the other signed.
fn lock(folder: &KeyFolder) -> Result<File, LedgerError> {
    let path = folder.beside(".lock");
    let failed = |source| LedgerError::Disk { action: "lock", path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let reason = "another `stele signer` has it".to_owned();
            Err(LedgerError::Key { path: folder.secret(), reason })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn remembered(folder: &KeyFolder, key: &VerifierKey) -> Result<Option<TreeHead>, LedgerError> {
    let path = folder.beside(".last");
    let note = match std::fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| LedgerError::Disk {
            action: "read",
            path: path.clone(),
            source,
        })?,
    };
    // Right after a change of keys it is signed by the key before.
    let keys = folder.public()?;
    let opened = Checkpoint::open(&note, key.name(), &keys);
    let (checkpoint, _) = opened.map_err(|error| {
        let reason = format!(
            "it should hold the last checkpoint that was signed: {error}; without it the signer \
             would sign any tree"
        );
        LedgerError::Key { path, reason }
    })?;
    Ok(Some(checkpoint.head))
}
