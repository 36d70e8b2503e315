//! How a ledger is opened: what lies in the folder must lead to what was signed, or it is left
//! alone. To write on would be to sign it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use stele_event::runtime::Clock;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::empty_root;
use stele_ledger::proof::{TileSubtrees, TreeHead, root_at};
use stele_ledger::signer::LogSigner;
use stele_ledger::tree::Log;

use super::cosigned::Cosigned;
use super::files::Files;
use super::pause::Pause;
use super::state::WriterState;
use super::waiting::Waiting;
use super::written::{Written, read_state};
use super::{CHECKPOINT, Ledger, LedgerError, LedgerParts, SIGNING, STATE};

impl Ledger {
    /// Opens the ledger in a folder; begins one where there is none.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] where what is there does not agree with the checkpoint or with what
    /// the signer remembers, or the checkpoint is gone: an unsafe start is refused.
    /// [`LedgerError::Signer`] where a signer that remembers has to be asked and is away.
    pub fn open(parts: LedgerParts) -> Result<Self, LedgerError> {
        let folder = parts.folder.clone();
        let damaged = |reason: String| LedgerError::Damaged { folder: folder.clone(), reason };
        let mut files = Files::new(parts.disk.clone(), &folder);
        let origin = parts.signer.origin();
        let mut note = files.read(CHECKPOINT)?;
        // A process that ended before its first checkpoint leaves tiles, and no state.
        if note.is_none() && (files.read(STATE)?.is_some() || !files.list_archive().is_empty()) {
            return Err(damaged("its checkpoint is missing".to_owned()));
        }
        let mut head = TreeHead { size: 0, root: empty_root() };
        if let Some(note) = &note {
            let opened = Checkpoint::open(note, &origin, &parts.keys);
            let (checkpoint, _) = opened
                .map_err(|error| damaged(format!("its checkpoint cannot be read: {error}")))?;
            head = checkpoint.head;
        }
        if parts.signer.remembers()
            && let Some(signed) = catch_up(&mut files, &*parts.signer, head, &folder)?
        {
            (note, head) = (Some(signed.1), signed.0);
        }
        let Some(note) = note else {
            files.clear_beyond(0);
            let (written, state) = (Written::new(files), WriterState::default());
            return parts.ledger(origin, written, state);
        };
        let size = head.size;
        let log = Log::load(size, &files).map_err(|error| damaged(error.to_string()))?;
        if log.root() != head.root {
            return Err(damaged("its tiles do not lead to the root that was signed".to_owned()));
        }
        files.clear_beyond(size);
        let state = read_state(&files, size).map_err(|error| match error {
            LedgerError::Record(error) => damaged(error.to_string()),
            other => other,
        })?;
        let mut written = Written::new(files);
        written.go_on(log, note)?;
        parts.ledger(origin, written, state)
    }
}

impl LedgerParts {
    fn ledger(
        self,
        origin: String,
        written: Written,
        state: WriterState,
    ) -> Result<Ledger, LedgerError> {
        let clock: Arc<dyn Clock> = self.clock;
        Ok(Ledger {
            origin,
            waiting: Mutex::new(Waiting::new(state, clock.now_micros())),
            cosigned: Mutex::new(Cosigned::open(self.witnesses, &written.files)?),
            newest: Mutex::new(written.signed.clone()),
            written: Mutex::new(written),
            pause: Mutex::new(Pause::default()),
            clock,
            anchors: self.anchors,
            disk: self.disk,
            signer: self.signer,
        })
    }
}

/// Asks a signer that remembers whether it has signed more than the checkpoint says: then the
/// answer was lost, and the entries are here, for they are durable before it is asked. Gives the
/// head and the checkpoint over it.
fn catch_up(
    files: &mut Files,
    signer: &dyn LogSigner,
    head: TreeHead,
    folder: &Path,
) -> Result<Option<(TreeHead, Vec<u8>)>, LedgerError> {
    let damaged = |reason: String| LedgerError::Damaged { folder: folder.to_owned(), reason };
    let asked = files.read(SIGNING)?.map(|text| {
        let text = String::from_utf8_lossy(&text).into_owned();
        text.parse::<Checkpoint>().map_or(u64::MAX, |checkpoint| checkpoint.head.size)
    });
    let state = match signer.state() {
        Ok(state) => state,
        // It may have signed what was asked last: it has to say so before anything is written.
        Err(error) if asked.is_some_and(|size| size > head.size) => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    let Some(last) = state.last else { return Ok(None) };
    if last.size < head.size || last == head {
        return Ok(None);
    }
    let put_back = || {
        damaged(format!(
            "its signer has signed {} entries with the root {}, and what lies here does not lead \
             to them: it was put back, or another ledger is signed with the same key",
            last.size,
            last.root.to_base64()
        ))
    };
    let log = Log::load(last.size, &*files).map_err(|_| put_back())?;
    let tree = TileSubtrees::new(&*files, last.size);
    if last.size == head.size || log.root() != last.root || root_at(head.size, &tree)? != head.root
    {
        return Err(put_back());
    }
    let note = signer.sign(&Checkpoint::new(&signer.origin(), last), &state, &tree)?;
    let note = note.to_string().into_bytes();
    files.write(CHECKPOINT, &note)?;
    Ok(Some((last, note)))
}
