//! The bodies of a witness's `add-checkpoint` call (C2SP tlog-witness). Who sends them is not
//! this crate's business.

use std::fmt;

use crate::Error;
use crate::hash::{Hash, parse_decimal};
use crate::key::VerifierKey;
use crate::note::{Note, NoteSignature, SignatureLines, parse_signatures};

/// A consistency proof has at most this many hashes.
pub const PROOF_HASHES_MAX: usize = 63;

/// What a log sends to a witness. `Display` gives the body of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness has seen last, as far as the log knows.
    pub old_size: u64,
    /// The proof from there to the checkpoint.
    pub consistency: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads the body of a request.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("add-checkpoint request", reason);
        let body = std::str::from_utf8(body).map_err(|_| wrong("it is not UTF-8"))?;
        let (head, note) = body.split_once("\n\n").ok_or_else(|| wrong("no empty line"))?;
        let (old_size, consistency) = parse_consistency(head)?;
        Ok(Self { old_size, consistency, checkpoint: Note::parse(note.as_bytes())? })
    }
}

/// Reads the lines before the checkpoint: the old size, and the proof from there.
pub(crate) fn parse_consistency(head: &str) -> Result<(u64, Vec<Hash>), Error> {
    let wrong = |reason: &str| Error::malformed("add-checkpoint request", reason);
    let mut lines = head.split('\n');
    let old_size = lines.next().and_then(|line| line.strip_prefix("old "));
    let old_size = old_size.ok_or_else(|| wrong("no old size"))?;
    let hashes = lines.map(Hash::from_base64).collect::<Option<Vec<_>>>();
    let consistency = hashes.ok_or_else(|| wrong("a line of the proof is no hash"))?;
    if consistency.len() > PROOF_HASHES_MAX {
        return Err(wrong("too many hashes"));
    }
    Ok((parse_decimal(old_size, "old size")?, consistency))
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.consistency.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The cosignature of one witness among the lines of its answer, and its time in seconds since the
/// epoch. Lines of other keys are ignored.
///
/// # Errors
/// Where there is none, or a line in its name is wrong, or has no time.
pub fn cosignature(
    checkpoint: &Note,
    lines: &[NoteSignature],
    witness: &VerifierKey,
) -> Result<(NoteSignature, u64), Error> {
    let is_its = |line: &&NoteSignature| line.name == witness.name() && line.id == witness.id();
    let signatures: Vec<_> = lines.iter().filter(is_its).cloned().collect();
    let note = Note { text: checkpoint.text.clone(), signatures };
    let verified = note.verify(std::slice::from_ref(witness))?;
    let time = verified.first().and_then(|one| one.time_seconds).filter(|time| *time > 0);
    let wrong = || Error::malformed("cosignature", "it has no time");
    let signature = note.signatures.into_iter().next().ok_or_else(wrong)?;
    Ok((signature, time.ok_or_else(wrong)?))
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// 200: it has seen the checkpoint; these lines are to be verified and added to it.
    Cosigned(Vec<NoteSignature>),
    /// 409: it has seen another size last; ask again with a proof from there.
    Conflict {
        /// That size.
        size: u64,
    },
    /// 400: the old size is larger than the new one, or the body is malformed.
    BadRequest,
    /// 403: no key that it knows for this log has signed.
    Forbidden,
    /// 404: it does not know the log.
    UnknownLog,
    /// 422: the proof does not hold. Either the log has forked, or the request was wrong.
    Inconsistent,
    /// Something else, such as 500: try again later.
    Other {
        /// The status code.
        status: u16,
    },
}

impl WitnessAnswer {
    /// Reads an answer.
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, Error> {
        let text = || {
            let text = std::str::from_utf8(body);
            text.map_err(|_| Error::malformed("answer of a witness", "it is not UTF-8"))
        };
        Ok(match status {
            200 => Self::Cosigned(parse_signatures(text()?)?),
            400 => Self::BadRequest,
            403 => Self::Forbidden,
            404 => Self::UnknownLog,
            409 => {
                let size = text()?.strip_suffix('\n').unwrap_or_default();
                Self::Conflict { size: parse_decimal(size, "size of a conflict")? }
            }
            422 => Self::Inconsistent,
            status => Self::Other { status },
        })
    }

    /// The status code and the body of the answer.
    pub fn encode(&self) -> (u16, String) {
        match self {
            Self::Cosigned(signatures) => (200, SignatureLines(signatures).to_string()),
            Self::Conflict { size } => (409, format!("{size}\n")),
            Self::BadRequest => (400, String::new()),
            Self::Forbidden => (403, String::new()),
            Self::UnknownLog => (404, String::new()),
            Self::Inconsistent => (422, String::new()),
            Self::Other { status } => (*status, String::new()),
        }
    }
}
