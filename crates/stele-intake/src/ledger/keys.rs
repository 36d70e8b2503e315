//! Keys of a ledger as files.
//!
//! `ledger.key` is the secret, readable by its owner only; `ledger.keys` lists every verifier key
//! that was ever in use, the latest last. A change writes `ledger.key.next` before the ledger
//! announces it, so that a crash in between leaves one of the two in force, and never none.
//!
//! [`FileSigner`] signs with the key in this process. Where another process has it, only
//! `ledger.keys` is here.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use stele_event::runtime::Entropy;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer, VerifierKey};
use stele_ledger::note::Note;
use stele_ledger::proof::Subtrees;
use stele_ledger::signer::{LogSigner, SignerState};
use stele_ledger::tlog_proof::TlogProof;

use super::LedgerError;

/// The secret's name where none is given.
const KEY: &str = "ledger.key";

/// Where the files of one log's keys are; see the module.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    folder: PathBuf,
    key: String,
}

impl KeyFolder {
    /// The keys in a folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), key: KEY.to_owned() }
    }

    /// The keys of which the secret is this file; the others lie beside it.
    pub fn of_file(file: &Path) -> Self {
        let key = file.file_name().map(|name| name.to_string_lossy().into_owned());
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self {
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            key: key.unwrap_or_else(|| KEY.to_owned()),
        }
    }

    /// A file beside the secret, named after it.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}{ending}", self.key))
    }

    /// The file of the secret.
    pub fn secret(&self) -> PathBuf {
        self.beside("")
    }

    fn next_file(&self) -> PathBuf {
        self.beside(".next")
    }

    fn public_file(&self) -> PathBuf {
        self.beside("s")
    }

    /// Makes the folder where it is not there, for its owner only.
    pub(crate) fn make(&self) -> Result<(), LedgerError> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let path = self.folder.clone();
        std::fs::create_dir_all(&path)
            .and_then(|()| std::fs::set_permissions(&path, Permissions::from_mode(0o700)))
            .map_err(|source| LedgerError::Disk { action: "make", path, source })
    }

    /// Reads the key; draws one where there is none. `writer` is the number of the writer, which
    /// is the last part of the key's name.
    ///
    /// # Errors
    /// Also where others than the owner may read the secret, and where it is gone.
    pub fn load_or_create(
        &self,
        writer: i64,
        entropy: &dyn Entropy,
    ) -> Result<Ed25519Signer, LedgerError> {
        let path = self.secret();
        if !path.exists() {
            if !self.public()?.is_empty() {
                let reason = "it is gone, and the ledger was signed with it: put it back, or set \
                              `ledger.signer` where another process has it"
                    .to_owned();
                return Err(LedgerError::Key { path, reason });
            }
            let mut id = [0; 4];
            entropy.fill(&mut id);
            let name = format!("stele-{:08x}/{writer}", u32::from_be_bytes(id));
            self.draw(&path, &name, entropy)?;
        }
        let signer = read(&path)?;
        self.add_public(signer.key())?;
        Ok(signer)
    }

    /// Draws the key that comes next, with the name of the one in force.
    pub(crate) fn draw_next(&self, entropy: &dyn Entropy) -> Result<Ed25519Signer, LedgerError> {
        let name = read(&self.secret())?.key().name().to_owned();
        let path = self.next_file();
        let _ = std::fs::remove_file(&path);
        self.draw(&path, &name, entropy)?;
        let signer = read(&path)?;
        self.add_public(signer.key())?;
        Ok(signer)
    }

    /// The key that was drawn to come next and is not in force yet.
    pub(crate) fn next(&self) -> Result<Option<Ed25519Signer>, LedgerError> {
        let path = self.next_file();
        if path.exists() { read(&path).map(Some) } else { Ok(None) }
    }

    /// Puts the next key into force, after the ledger has announced it.
    pub(crate) fn take_next(&self) -> Result<(), LedgerError> {
        let path = self.next_file();
        std::fs::rename(&path, self.secret())
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(|source| LedgerError::Disk { action: "rename", path, source })
    }

    fn draw(&self, path: &Path, name: &str, entropy: &dyn Entropy) -> Result<(), LedgerError> {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        let text = Ed25519Signer::secret_text(name, Algorithm::Ed25519, &seed)?;
        self.make()?;
        self.write(path, format!("{text}\n").as_bytes())
    }

    /// Writes a file beside the secret as a whole, durably, readable by its owner only.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        // First under another name: half a key must never be taken for one.
        let temporary = self.beside(".tmp");
        let written = (|| {
            match std::fs::remove_file(&temporary) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&temporary, path)?;
            File::open(&self.folder)?.sync_all()
        })();
        let path = path.to_owned();
        written.map_err(|source| LedgerError::Disk { action: "write", path, source })
    }

    /// Every verifier key that was ever in use here, the latest last.
    pub fn public(&self) -> Result<Vec<VerifierKey>, LedgerError> {
        let path = self.public_file();
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|source| LedgerError::Disk {
                action: "read",
                path: path.clone(),
                source,
            })?,
        };
        let wrong = |error: stele_ledger::Error| LedgerError::Key {
            path: path.clone(),
            reason: error.to_string(),
        };
        text.lines().map(|line| line.parse().map_err(wrong)).collect()
    }

    /// Adds a key to the list, where it is not there.
    pub(crate) fn add_public(&self, key: &VerifierKey) -> Result<(), LedgerError> {
        if self.public()?.contains(key) {
            return Ok(());
        }
        self.make()?;
        let path = self.public_file();
        let mut options = OpenOptions::new();
        let added = options.append(true).create(true).open(&path).and_then(|mut file| {
            writeln!(file, "{key}")?;
            file.sync_all()
        });
        added.map_err(|source| LedgerError::Disk { action: "write", path, source })
    }
}

fn read(path: &Path) -> Result<Ed25519Signer, LedgerError> {
    let failed = |source| LedgerError::Disk { action: "read", path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        let reason = format!(
            "others may read it (mode {:04o}); see who did, then `chmod 600` it",
            mode & 0o7777
        );
        return Err(LedgerError::Key { path: path.to_owned(), reason });
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    Ed25519Signer::from_secret_text(text.trim_end())
        .map_err(|error| LedgerError::Key { path: path.to_owned(), reason: error.to_string() })
}

/// Signs in this process, with the key in a file. It does not remember what it signed.
#[derive(Debug)]
pub struct FileSigner {
    folder: KeyFolder,
    entropy: Arc<dyn Entropy>,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    in_force: Ed25519Signer,
    next: Option<Ed25519Signer>,
}

impl FileSigner {
    /// Reads the key; draws one where there is none, see [`KeyFolder::load_or_create`].
    pub fn open(
        folder: KeyFolder,
        writer: i64,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, LedgerError> {
        let in_force = folder.load_or_create(writer, &*entropy)?;
        let keys = Mutex::new(Keys { in_force, next: folder.next()? });
        Ok(Self { folder, entropy, keys })
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &LedgerError) -> stele_ledger::Error {
        stele_ledger::Error::Signer { name: self.origin(), reason: error.to_string() }
    }
}

impl LogSigner for FileSigner {
    fn origin(&self) -> String {
        self.keys().in_force.key().name().to_owned()
    }

    fn place(&self) -> String {
        "file".to_owned()
    }

    fn remembers(&self) -> bool {
        false
    }

    fn state(&self) -> Result<SignerState, stele_ledger::Error> {
        let keys = self.keys();
        let next = keys.next.as_ref().map(|next| next.key().clone());
        Ok(SignerState { key: keys.in_force.key().clone(), last: None, next })
    }

    fn sign(
        &self,
        checkpoint: &Checkpoint,
        _state: &SignerState,
        _tree: &dyn Subtrees,
    ) -> Result<Note, stele_ledger::Error> {
        checkpoint.sign(&self.keys().in_force)
    }

    fn draw_next(&self) -> Result<VerifierKey, stele_ledger::Error> {
        let next = self.folder.draw_next(&*self.entropy).map_err(|error| self.failed(&error))?;
        let key = next.key().clone();
        self.keys().next = Some(next);
        Ok(key)
    }

    fn take_next(&self, _announcement: &TlogProof) -> Result<(), stele_ledger::Error> {
        let taken = self.folder.take_next();
        taken.map_err(|error| self.failed(&error))?;
        let mut keys = self.keys();
        if let Some(next) = keys.next.take() {
            keys.in_force = next;
        }
        Ok(())
    }
}
