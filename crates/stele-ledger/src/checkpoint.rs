//! Checkpoints (C2SP tlog-checkpoint): the signed head of a log, and who must have witnessed it.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::hash::{Hash, empty_root, parse_decimal};
use crate::key::{Algorithm, Signer, VerifierKey};
use crate::note::{Note, Verified};
use crate::proof::TreeHead;

/// The head of a log. `Display` and `FromStr` are the text of its note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is.
    pub origin: String,
    /// Its size and root.
    pub head: TreeHead,
    /// Lines that this version does not know, without their newlines.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extensions.
    pub fn new(origin: &str, head: TreeHead) -> Self {
        Self { origin: origin.to_owned(), head, extensions: Vec::new() }
    }

    /// Signs it with the key of the log.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Note, Error> {
        if signer.key().algorithm() != Algorithm::Ed25519 {
            let found = signer.key().to_string();
            return Err(Error::Unsupported { what: "key for signing checkpoints", found });
        }
        let text = self.to_string();
        // What could not be read back must not be signed.
        let _: Self = text.parse()?;
        let mut note = Note { text, signatures: Vec::new() };
        note.sign(signer, 0)?;
        Ok(note)
    }

    /// Reads a note, verifies that one of the log's keys has signed it, and reads its text.
    pub fn open(note: &[u8], origin: &str, keys: &[VerifierKey]) -> Result<(Self, Note), Error> {
        let note = Note::parse(note)?;
        Ok((Self::of_note(&note, origin, keys)?, note))
    }

    /// The same for a note that was read already.
    pub fn of_note(note: &Note, origin: &str, keys: &[VerifierKey]) -> Result<Self, Error> {
        let verified = note.verify(keys)?;
        // A witness says when it saw a head, not that the log made it.
        if verified.iter().all(|one| one.key.algorithm() != Algorithm::Ed25519) {
            return Err(Error::Unsigned { keys: keys.len() });
        }
        let checkpoint: Self = note.text.parse()?;
        if checkpoint.origin == origin {
            return Ok(checkpoint);
        }
        Err(Error::WrongOrigin { expected: origin.to_owned(), found: checkpoint.origin })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.head.root.to_base64();
        write!(f, "{}\n{}\n{root}\n", self.origin, self.head.size)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("checkpoint", reason);
        let lines = text.strip_suffix('\n').ok_or_else(|| wrong("no newline at the end"))?;
        let mut lines = lines.split('\n');
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let origin = next().ok_or_else(|| wrong("no origin"))?.to_owned();
        let size = next().ok_or_else(|| wrong("no size"))?;
        let size = parse_decimal(size, "size of a checkpoint")?;
        let root = next().and_then(Hash::from_base64).ok_or_else(|| wrong("no root"))?;
        if size == 0 && root != empty_root() {
            return Err(wrong("an empty tree with another root"));
        }
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(wrong("an empty extension line"));
        }
        Ok(Self { origin, head: TreeHead { size, root }, extensions })
    }
}

/// Whose cosignatures a checkpoint needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitnessPolicy {
    witnesses: Vec<VerifierKey>,
    needed: usize,
}

impl WitnessPolicy {
    /// So many of these witnesses. Each has a public key of its own, for a cosignature does not
    /// name the witness.
    pub fn new(witnesses: Vec<VerifierKey>, needed: usize) -> Result<Self, Error> {
        let what = "witness policy";
        if needed > witnesses.len() {
            let reason = format!("{needed} of {} witnesses", witnesses.len());
            return Err(Error::malformed(what, reason));
        }
        for (at, key) in witnesses.iter().enumerate() {
            let twice = witnesses[..at].iter().any(|before| before.public() == key.public());
            if twice || key.algorithm() != Algorithm::CosignatureV1 {
                let reason = format!("`{key}` is named twice, or is no key for cosignatures");
                return Err(Error::malformed(what, reason));
            }
        }
        Ok(Self { witnesses, needed })
    }

    /// Who may sign.
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }

    /// How many of them must.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// Since when enough have signed, in seconds since the epoch: when the last of those that were
    /// needed did. `None` where none is needed.
    ///
    /// # Errors
    /// Where they are not enough, or a signature is wrong.
    pub fn witnessed_seconds(&self, note: &Note) -> Result<Option<u64>, Error> {
        let found = self.check(note)?;
        let mut times: Vec<u64> = found.iter().filter_map(|one| one.time_seconds).collect();
        times.sort_unstable();
        Ok(self.needed.checked_sub(1).and_then(|last| times.get(last).copied()))
    }

    /// The witnesses who have signed, if they are enough.
    pub fn check(&self, note: &Note) -> Result<Vec<Verified<'_>>, Error> {
        let found = match note.verify(&self.witnesses) {
            Err(Error::Unsigned { .. }) => Vec::new(),
            other => other?,
        };
        if found.len() >= self.needed {
            return Ok(found);
        }
        Err(Error::TooFewWitnesses { found: found.len(), needed: self.needed })
    }
}
