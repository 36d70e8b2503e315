//! A signer in a process of its own, reached over a Unix socket (`stele signer`).
//!
//! Each question is a connection of its own with a short limit of time, so that a signer that
//! hangs or is gone costs a moment, and one that comes back is found again. What it answers is
//! checked before it is believed: a signature by the key that it has named, and that key against
//! the name that the log has.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stele_ledger::Error;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::key::VerifierKey;
use stele_ledger::note::Note;
use stele_ledger::proof::{Subtrees, prove_consistency};
use stele_ledger::signer::{
    LINE_BYTES_MAX, LogSigner, SignRequest, SignerAnswer, SignerRequest, SignerState,
};
use stele_ledger::tlog_proof::TlogProof;

use super::{KeyFolder, LedgerError};

/// Each step of an exchange may take so long.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The signer; see the module.
#[derive(Debug)]
pub struct SocketSigner {
    socket: PathBuf,
    folder: KeyFolder,
    origin: String,
}

impl SocketSigner {
    /// The signer behind a socket. `folder` keeps the list of the verifier keys; where it has one
    /// already, the signer may be away now.
    ///
    /// # Errors
    /// Where it is away and the log is new, and where it signs another log.
    pub fn open(socket: &Path, folder: KeyFolder) -> Result<Self, LedgerError> {
        let known = folder.public()?;
        let origin = known.last().map(|key| key.name().to_owned()).unwrap_or_default();
        let mut signer = Self { socket: socket.to_owned(), folder, origin };
        match signer.ask(&SignerRequest::State) {
            Ok(SignerAnswer::State(state)) => {
                if known.is_empty() {
                    state.key.name().clone_into(&mut signer.origin);
                }
                signer.check(&state)?;
                signer.folder.add_public(&state.key)?;
            }
            Ok(answer) => return Err(signer.unexpected(answer).into()),
            Err(error) if known.is_empty() => return Err(error.into()),
            Err(error) => tracing::warn!(%error, "the signer is away; will try again"),
        }
        Ok(signer)
    }

    fn check(&self, state: &SignerState) -> Result<(), Error> {
        if state.key.name() == self.origin {
            return Ok(());
        }
        let reason = format!(
            "it signs the log `{}`; a ledger takes its key along (docs/ledger.md, \"The signer\")",
            state.key.name()
        );
        Err(Error::SignerRefused { name: self.origin.clone(), reason })
    }

    fn failed(&self, reason: String) -> Error {
        Error::Signer { name: self.origin.clone(), reason }
    }

    fn unexpected(&self, answer: SignerAnswer) -> Error {
        match answer {
            SignerAnswer::Refused(reason) => {
                Error::SignerRefused { name: self.origin.clone(), reason }
            }
            SignerAnswer::Failed(reason) => self.failed(reason),
            SignerAnswer::Conflict { size } => {
                self.failed(format!("it has signed {size} entries meanwhile"))
            }
            SignerAnswer::State(_) | SignerAnswer::Signed(_) => {
                self.failed("it answered something else than it was asked".to_owned())
            }
        }
    }

    /// Asks; `Err` where it does not answer or says what is not understood.
    fn ask(&self, request: &SignerRequest) -> Result<SignerAnswer, Error> {
        let place = self.socket.display();
        let answer = exchange(&self.socket, request.encode().as_bytes());
        let (line, body) = answer.map_err(|error| {
            self.failed(format!("no answer from the signer at `{place}`: {error}"))
        })?;
        let parsed = SignerAnswer::parse(&line, &body);
        parsed.map_err(|error| self.failed(format!("the signer at `{place}`: {error}")))
    }

    fn ask_state(&self, request: &SignerRequest) -> Result<SignerState, Error> {
        match self.ask(request)? {
            SignerAnswer::State(state) => self.check(&state).map(|()| *state),
            other => Err(self.unexpected(other)),
        }
    }
}

/// Sends a request and reads the answer: its word and its body.
fn exchange(socket: &Path, request: &[u8]) -> io::Result<(String, Vec<u8>)> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // One that refuses early says why, and reads no further.
    let written = stream.write_all(request);
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        stream
            .read_exact(&mut byte)
            .map_err(|error| written.as_ref().err().map_or(error.kind(), io::Error::kind))?;
        if byte == *b"\n" {
            break;
        }
        line.extend(byte);
        if line.len() > LINE_BYTES_MAX {
            return Err(io::Error::other("its first line does not end"));
        }
    }
    let (word, length) = SignerAnswer::parse_line(&line).map_err(io::Error::other)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((word, body))
}

impl LogSigner for SocketSigner {
    fn origin(&self) -> String {
        self.origin.clone()
    }

    fn place(&self) -> String {
        format!("unix:{}", self.socket.display())
    }

    fn remembers(&self) -> bool {
        true
    }

    fn state(&self) -> Result<SignerState, Error> {
        self.ask_state(&SignerRequest::State)
    }

    fn sign(
        &self,
        checkpoint: &Checkpoint,
        state: &SignerState,
        tree: &dyn Subtrees,
    ) -> Result<Note, Error> {
        let old_size = state.last.map_or(0, |head| head.size);
        let new_size = checkpoint.head.size;
        if old_size > new_size {
            let reason = format!("it has signed {old_size} entries, there are {new_size}");
            return Err(Error::SignerRefused { name: self.origin.clone(), reason });
        }
        let consistency = prove_consistency(old_size, new_size, tree)?;
        let request = SignRequest { old_size, consistency, checkpoint: checkpoint.clone() };
        let signatures = match self.ask(&SignerRequest::Sign(request))? {
            SignerAnswer::Signed(signatures) => signatures,
            other => return Err(self.unexpected(other)),
        };
        let note = Note { text: checkpoint.to_string(), signatures };
        match Checkpoint::of_note(&note, &self.origin, std::slice::from_ref(&state.key)) {
            Ok(_) => Ok(note),
            Err(error) => Err(self.failed(format!("its signature is no good: {error}"))),
        }
    }

    fn draw_next(&self) -> Result<VerifierKey, Error> {
        let state = self.ask_state(&SignerRequest::Next)?;
        let next = state.next.ok_or_else(|| self.failed("it drew no key".to_owned()))?;
        let added = self.folder.add_public(&next);
        added.map_err(|error| self.failed(error.to_string()))?;
        Ok(next)
    }

    fn take_next(&self, announcement: &TlogProof) -> Result<(), Error> {
        self.ask_state(&SignerRequest::Take(announcement.clone())).map(|_| ())
    }
}
