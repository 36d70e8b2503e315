//! Proofs as files (C2SP tlog-proof): that an entry stands in a log, checkable offline.

use std::fmt;

use crate::Error;
use crate::checkpoint::{Checkpoint, WitnessPolicy};
use crate::hash::{Hash, decode_base64, encode_base64, parse_decimal};
use crate::key::VerifierKey;
use crate::note::Note;
use crate::proof::verify_inclusion;
use crate::witness::PROOF_HASHES_MAX;

const HEADER: &str = "c2sp.org/tlog-proof@v1\n";

/// What a verifier believes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The log, by its origin.
    pub origin: String,
    /// The keys of the log.
    pub keys: Vec<VerifierKey>,
    /// Who must have witnessed a checkpoint.
    pub witnesses: WitnessPolicy,
}

/// A proof that an entry stands in a log. `Display` gives the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Bytes that belong to the proof's user, and that nobody has signed.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// The path from the entry to the root.
    pub path: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl TlogProof {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("tlog-proof", reason);
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
        let text = text.strip_prefix(HEADER).ok_or_else(|| wrong("its first line is another"))?;
        let (head, note) = text.split_once("\n\n").ok_or_else(|| wrong("no empty line"))?;
        let mut lines = head.split('\n').peekable();
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| {
            let bytes = decode_base64(&line["extra ".len()..]);
            bytes.ok_or_else(|| wrong("its extra data is not base64"))
        });
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = parse_decimal(index.ok_or_else(|| wrong("no index"))?, "index of a proof")?;
        let path = lines.map(Hash::from_base64).collect::<Option<Vec<_>>>();
        let path = path.ok_or_else(|| wrong("a line of the path is no hash"))?;
        if path.len() > PROOF_HASHES_MAX {
            return Err(wrong("too many hashes"));
        }
        let checkpoint = Note::parse(note.as_bytes())?;
        Ok(Self { extra: extra.transpose()?, index, path, checkpoint })
    }

    /// Verifies that an entry with this leaf hash stands in the log, and gives the checkpoint
    /// that says so.
    pub fn verify(&self, leaf: Hash, trust: &Trust) -> Result<Checkpoint, Error> {
        let checkpoint = Checkpoint::of_note(&self.checkpoint, &trust.origin, &trust.keys)?;
        trust.witnesses.check(&self.checkpoint)?;
        let head = checkpoint.head;
        verify_inclusion(leaf, self.index, head.size, head.root, &self.path)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", encode_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
