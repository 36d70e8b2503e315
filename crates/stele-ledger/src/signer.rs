//! Who signs the checkpoints of a log, and what a signer in a process of its own is asked.
//!
//! A [`LogSigner`] may hold its key in memory, ask another process, or ask hardware. One that
//! remembers what it signed last is worth more than a key: it signs no shorter tree, no other root
//! of the same size, and no tree that does not begin with the last one ([`judge`]). Whoever takes
//! over the process that asks can then let it sign what is appended, and no other past.
//!
//! The messages are text with a length before them; their limits are below. Nothing here does I/O.

use std::fmt;

use crate::Error;
use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, parse_decimal};
use crate::key::VerifierKey;
use crate::note::{Note, NoteSignature, SignatureLines, parse_signatures};
use crate::proof::{Subtrees, TreeHead, verify_consistency};
use crate::tlog_proof::TlogProof;
use crate::witness::{PROOF_HASHES_MAX, parse_consistency};

/// A request and an answer have at most this many bytes behind their first line.
pub const BODY_BYTES_MAX: usize = 16 << 10;
/// The first line has at most this many bytes.
pub const LINE_BYTES_MAX: usize = 64;
/// The name of the protocol, at the beginning of each request.
const PROTOCOL: &str = "stele-signer/1";

/// Signs the checkpoints of one log: in this process, in another one, or in hardware.
///
/// Errors are [`Error::Signer`] where it is out of reach or cannot sign now, and
/// [`Error::SignerRefused`] where it will not sign this.
pub trait LogSigner: Send + Sync + fmt::Debug {
    /// The name of its keys, which is the origin of the log. It never changes.
    fn origin(&self) -> String;

    /// What it is: `file`, or where it is reached.
    fn place(&self) -> String;

    /// Whether it remembers what it signed last.
    fn remembers(&self) -> bool;

    /// Its key, and what it remembers.
    fn state(&self) -> Result<SignerState, Error>;

    /// Signs a checkpoint of its log. `state` is what it said last; `tree` knows the hashes under
    /// the checkpoint, for the proof that what was signed before is its beginning.
    fn sign(
        &self,
        checkpoint: &Checkpoint,
        state: &SignerState,
        tree: &dyn Subtrees,
    ) -> Result<Note, Error>;

    /// Draws the key that comes next and says what it is. It signs nothing yet.
    fn draw_next(&self) -> Result<VerifierKey, Error>;

    /// Puts the next key into force. The proof shows the entry that announces it, which is its
    /// extra data, under a checkpoint of the key before.
    fn take_next(&self, announcement: &TlogProof) -> Result<(), Error>;
}

/// What a signer says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerState {
    /// The key in force.
    pub key: VerifierKey,
    /// The head that it signed last, if it remembers one.
    pub last: Option<TreeHead>,
    /// The key that was drawn to come next, if one was.
    pub next: Option<VerifierKey>,
}

/// What a signer is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerRequest {
    /// Its state.
    State,
    /// A signature.
    Sign(SignRequest),
    /// To draw the key that comes next; one that was drawn and not taken is told again.
    Next,
    /// To put that key into force.
    Take(TlogProof),
}

/// The request for a signature: as a witness's `add-checkpoint` (C2SP tlog-witness), without a
/// signature under the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// The size that the signer has signed last, as far as the client knows.
    pub old_size: u64,
    /// The proof from there to the checkpoint.
    pub consistency: Vec<Hash>,
    /// What is to be signed.
    pub checkpoint: Checkpoint,
}

/// What a signer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerAnswer {
    /// Its state.
    State(Box<SignerState>),
    /// The signature under the checkpoint.
    Signed(Vec<NoteSignature>),
    /// It has signed another size last; ask again with a proof from there.
    Conflict {
        /// That size.
        size: u64,
    },
    /// It does not sign this, also when it is asked again.
    Refused(String),
    /// It cannot now, such as for want of room on its disk.
    Failed(String),
}

impl SignerRequest {
    /// The whole request: its first line and its body.
    pub fn encode(&self) -> String {
        let (verb, body) = match self {
            Self::State => ("state", String::new()),
            Self::Sign(request) => ("sign", request.to_string()),
            Self::Next => ("next", String::new()),
            Self::Take(proof) => ("take", proof.to_string()),
        };
        format!("{PROTOCOL} {verb} {}\n{body}", body.len())
    }

    /// The verb and the length of the body, from the first line without its newline.
    pub fn parse_line(line: &[u8]) -> Result<(String, usize), Error> {
        let wrong = || Error::malformed("request", format!("it begins with `{PROTOCOL} <verb>`"));
        let line = std::str::from_utf8(line).map_err(|_| wrong())?;
        let rest = line.strip_prefix(PROTOCOL).and_then(|rest| rest.strip_prefix(' '));
        let (verb, length) = rest.and_then(|rest| rest.split_once(' ')).ok_or_else(wrong)?;
        Ok((verb.to_owned(), body_length(length)?))
    }

    /// The request of a verb and a body.
    pub fn parse(verb: &str, body: &[u8]) -> Result<Self, Error> {
        match (verb, body) {
            ("state", []) => Ok(Self::State),
            ("next", []) => Ok(Self::Next),
            ("sign", body) => SignRequest::parse(body).map(Self::Sign),
            ("take", body) => TlogProof::parse(body).map(Self::Take),
            (other, _) => {
                let found = other.escape_debug().to_string();
                Err(Error::Unsupported { what: "request", found })
            }
        }
    }
}

impl SignRequest {
    fn parse(body: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("request for a signature", reason);
        let body = std::str::from_utf8(body).map_err(|_| wrong("it is not UTF-8"))?;
        let (head, text) = body.split_once("\n\n").ok_or_else(|| wrong("no empty line"))?;
        let (old_size, consistency) = parse_consistency(head)?;
        let checkpoint: Checkpoint = text.parse()?;
        if checkpoint.to_string() != text {
            return Err(wrong("a checkpoint that is not in the one form"));
        }
        Ok(Self { old_size, consistency, checkpoint })
    }
}

impl fmt::Display for SignRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.consistency.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Whether a signer that has signed `last` may sign this.
///
/// # Errors
/// The answer that says why not.
pub fn judge(
    origin: &str,
    last: Option<TreeHead>,
    request: &SignRequest,
) -> Result<(), SignerAnswer> {
    let refused = |reason: String| Err(SignerAnswer::Refused(reason));
    let checkpoint = &request.checkpoint;
    if checkpoint.origin != origin {
        return refused(format!("a checkpoint of `{}`, not of `{origin}`", checkpoint.origin));
    }
    if !checkpoint.extensions.is_empty() {
        return refused("a checkpoint with lines that Stele does not write".to_owned());
    }
    let head = checkpoint.head;
    let Some(last) = last else {
        // The first tree that it sees is the one that it goes on from.
        return match (request.old_size, request.consistency.is_empty()) {
            (0, true) => Ok(()),
            (0, false) => refused("a proof from nothing".to_owned()),
            _ => Err(SignerAnswer::Conflict { size: 0 }),
        };
    };
    if head.size < last.size {
        let (now, before) = (head.size, last.size);
        return refused(format!("a tree of {now} entries, after one of {before} was signed"));
    }
    if head.size == last.size && head.root != last.root {
        let size = head.size;
        return refused(format!("another tree of {size} entries than the one that was signed"));
    }
    if request.old_size != last.size {
        return Err(SignerAnswer::Conflict { size: last.size });
    }
    verify_consistency(last, head, &request.consistency).or_else(|error| {
        let size = last.size;
        refused(format!("not a continuation of the {size} entries that were signed: {error}"))
    })
}

impl SignerAnswer {
    /// The whole answer: its first line and its body.
    pub fn encode(&self) -> String {
        let (word, body) = match self {
            Self::State(state) => ("state", state.to_string()),
            Self::Signed(lines) => ("signed", SignatureLines(lines).to_string()),
            Self::Conflict { size } => ("conflict", format!("{size}\n")),
            Self::Refused(reason) => ("refused", reason.clone()),
            Self::Failed(reason) => ("failed", reason.clone()),
        };
        format!("{word} {}\n{body}", body.len())
    }

    /// The word and the length of the body, from the first line without its newline.
    pub fn parse_line(line: &[u8]) -> Result<(String, usize), Error> {
        let wrong = || Error::malformed("answer of a signer", "its first line is another");
        let line = std::str::from_utf8(line).map_err(|_| wrong())?;
        let (word, length) = line.split_once(' ').ok_or_else(wrong)?;
        Ok((word.to_owned(), body_length(length)?))
    }

    /// The answer of a word and a body.
    pub fn parse(word: &str, body: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("answer of a signer", reason);
        let text = std::str::from_utf8(body).map_err(|_| wrong("it is not UTF-8"))?;
        Ok(match word {
            "state" => Self::State(Box::new(SignerState::parse(text)?)),
            "signed" => Self::Signed(parse_signatures(text)?),
            "conflict" => {
                let size = text.strip_suffix('\n').unwrap_or_default();
                Self::Conflict { size: parse_decimal(size, "size of a conflict")? }
            }
            "refused" => Self::Refused(text.to_owned()),
            "failed" => Self::Failed(text.to_owned()),
            _ => return Err(wrong("an unknown word")),
        })
    }
}

impl SignerState {
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("state of a signer", reason);
        let mut lines = text.strip_suffix('\n').ok_or_else(|| wrong("no newline"))?.split('\n');
        let key = lines.next().and_then(|line| line.strip_prefix("key "));
        let key = key.ok_or_else(|| wrong("no key"))?.parse()?;
        let mut state = Self { key, last: None, next: None };
        for line in lines {
            match line.split_once(' ') {
                Some(("last", head)) if state.last.is_none() => {
                    let (size, root) = head.split_once(' ').ok_or_else(|| wrong("no root"))?;
                    let size = parse_decimal(size, "size that was signed")?;
                    let root = Hash::from_base64(root).ok_or_else(|| wrong("no root"))?;
                    state.last = Some(TreeHead { size, root });
                }
                Some(("next", key)) if state.next.is_none() => state.next = Some(key.parse()?),
                _ => return Err(wrong("an unknown line")),
            }
        }
        Ok(state)
    }
}

impl fmt::Display for SignerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "key {}", self.key)?;
        if let Some(last) = self.last {
            writeln!(f, "last {} {}", last.size, last.root.to_base64())?;
        }
        self.next.as_ref().map_or(Ok(()), |key| writeln!(f, "next {key}"))
    }
}

fn body_length(text: &str) -> Result<usize, Error> {
    let bytes = parse_decimal(text, "length of a message")?;
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes <= BODY_BYTES_MAX {
        return Ok(bytes);
    }
    Err(Error::TooLong { what: "a message", bytes, bytes_max: BODY_BYTES_MAX })
}

// A request for a signature with the longest proof there is fits.
const _: () = assert!(PROOF_HASHES_MAX * 45 + 4_096 < BODY_BYTES_MAX);
