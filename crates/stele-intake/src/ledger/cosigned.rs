//! Checkpoints and the witnesses who have signed them.
//!
//! Witnesses are asked by somebody else, beside the writer. What comes from here is a checkpoint of
//! each minute to ask them for, the proof that it goes on from what they have seen, and a place to
//! put what they answer: under the archived checkpoint, and in `witnessed`, the newest that enough
//! of them have signed.

use stele_ledger::checkpoint::{Checkpoint, WitnessPolicy};
use stele_ledger::hash::Hash;
use stele_ledger::note::{Note, NoteSignature};
use tokio::sync::watch;

use super::files::Files;
use super::{Ledger, LedgerError, Sealed, lock};

/// The newest checkpoint that enough witnesses have signed.
const WITNESSED: &str = "witnessed";

/// Who has to sign, and what they have.
#[derive(Debug)]
pub(super) struct Cosigned {
    policy: WitnessPolicy,
    witnessed: Option<Sealed>,
    /// The first that they are asked for in this run.
    first: Option<Sealed>,
    archived: watch::Sender<Option<Sealed>>,
}

impl Cosigned {
    /// Reads back what was witnessed before, as far as it counts by this policy.
    pub(super) fn open(policy: WitnessPolicy, files: &Files) -> Result<Self, LedgerError> {
        let (archived, _) = watch::channel(None);
        let mut found = Self { policy, witnessed: None, first: None, archived };
        if found.policy.needed() > 0
            && let Some(bytes) = files.read(WITNESSED)?
            && let Ok(note) = Note::parse(&bytes)
            && let Ok(checkpoint) = note.text.parse::<Checkpoint>()
            && found.policy.check(&note).is_ok()
        {
            found.witnessed = Some(Sealed { size: checkpoint.head.size, note: bytes });
        }
        Ok(found)
    }

    /// Tells whoever asks the witnesses that there is one more.
    pub(super) fn archived(&mut self, sealed: &Sealed) {
        self.first.get_or_insert_with(|| sealed.clone());
        self.archived.send_replace(Some(sealed.clone()));
    }
}

impl Ledger {
    /// The checkpoints that are archived from here on, the newest of them at any time.
    pub fn archived(&self) -> watch::Receiver<Option<Sealed>> {
        lock(&self.cosigned).archived.subscribe()
    }

    /// Who has to sign.
    pub fn witness_policy(&self) -> WitnessPolicy {
        lock(&self.cosigned).policy.clone()
    }

    /// The newest checkpoint that enough witnesses have signed, with their signatures.
    pub fn witnessed(&self) -> Option<Sealed> {
        lock(&self.cosigned).witnessed.clone()
    }

    /// What is shown to the world: the newest checkpoint that enough witnesses have signed, or the
    /// first that they were asked for where none was signed by them yet; the newest of all where
    /// none has to. What is shown never gets shorter, for that would look like a rollback.
    pub fn published(&self) -> Option<Sealed> {
        {
            let cosigned = lock(&self.cosigned);
            if cosigned.policy.needed() > 0 {
                let shown = cosigned.witnessed.as_ref().or(cosigned.first.as_ref());
                if let Some(shown) = shown {
                    return Some(shown.clone());
                }
            }
        }
        self.checkpoint()
    }

    /// The proof that the log of `new_size` entries begins with that of `old_size`. Both are at
    /// most what the newest checkpoint covers.
    pub fn consistency(&self, old_size: u64, new_size: u64) -> Result<Vec<Hash>, LedgerError> {
        lock(&self.written).consistency(old_size, new_size)
    }

    /// Puts a verified cosignature under the archived checkpoint of this size, in the place of an
    /// earlier one of the same key. Whether enough have signed it now.
    pub fn cosign(&self, size: u64, signature: NoteSignature) -> Result<bool, LedgerError> {
        let mut written = lock(&self.written);
        let name = format!("archive/{size}");
        let damaged = |reason: String| LedgerError::Damaged {
            folder: written.files.path(""),
            reason: format!("`{name}`: {reason}"),
        };
        let bytes = written.files.read(&name)?.ok_or_else(|| damaged("it is gone".to_owned()))?;
        let mut note = Note::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
        let is_same = |one: &NoteSignature| one.name == signature.name && one.id == signature.id;
        note.signatures.retain(|one| !is_same(one));
        note.signatures.push(signature);
        let bytes = note.to_string().into_bytes();
        written.files.write(&name, &bytes)?;
        let mut cosigned = lock(&self.cosigned);
        if cosigned.policy.needed() == 0 || cosigned.policy.check(&note).is_err() {
            return Ok(false);
        }
        if cosigned.witnessed.as_ref().is_none_or(|before| before.size <= size) {
            written.files.write(WITNESSED, &bytes)?;
            cosigned.witnessed = Some(Sealed { size, note: bytes });
        }
        Ok(true)
    }
}
