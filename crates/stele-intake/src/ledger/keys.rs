//! The key that signs the ledger, in a folder of its own.
//!
//! `ledger.key` is the secret, readable by its owner only; `ledger.keys` lists every verifier key
//! that was ever in use, the latest last. A change writes `ledger.key.next` before the ledger
//! announces it, so that a crash in between leaves one of the two in force, and never none.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use stele_event::runtime::Entropy;
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer, VerifierKey};

use super::LedgerError;

const KEY: &str = "ledger.key";
const NEXT: &str = "ledger.key.next";
const PUBLIC: &str = "ledger.keys";

/// The folder; see the module.
#[derive(Debug, Clone)]
pub struct KeyFolder(PathBuf);

/// A key that is ready to sign.
#[derive(Debug)]
pub struct LoadedKey {
    /// The signer.
    pub signer: Ed25519Signer,
    /// Every verifier key that was ever in use here, the latest last.
    pub keys: Vec<VerifierKey>,
}

impl KeyFolder {
    /// The keys in a folder.
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Reads the key; draws one where there is none. `writer` is the number of the writer, which
    /// is the last part of the key's name.
    ///
    /// # Errors
    /// Also where others than the owner may read the secret.
    pub fn load_or_create(
        &self,
        writer: i64,
        entropy: &dyn Entropy,
    ) -> Result<LoadedKey, LedgerError> {
        let path = self.0.join(KEY);
        if !path.exists() {
            let mut id = [0; 4];
            entropy.fill(&mut id);
            let name = format!("stele-{:08x}/{writer}", u32::from_be_bytes(id));
            self.draw(KEY, &name, entropy)?;
        }
        let signer = self.read(KEY)?;
        let mut keys = self.public()?;
        if !keys.contains(signer.key()) {
            self.add_public(signer.key())?;
            keys.push(signer.key().clone());
        }
        Ok(LoadedKey { signer, keys })
    }

    /// Draws the key that comes next, with the name of the one in force.
    pub fn draw_next(&self, entropy: &dyn Entropy) -> Result<Ed25519Signer, LedgerError> {
        let name = self.read(KEY)?.key().name().to_owned();
        let _ = std::fs::remove_file(self.0.join(NEXT));
        self.draw(NEXT, &name, entropy)?;
        let signer = self.read(NEXT)?;
        self.add_public(signer.key())?;
        Ok(signer)
    }

    /// The key that was drawn to come next and is not in force yet.
    pub fn next(&self) -> Result<Option<Ed25519Signer>, LedgerError> {
        if self.0.join(NEXT).exists() { self.read(NEXT).map(Some) } else { Ok(None) }
    }

    /// Puts the next key into force, after the ledger has announced it.
    pub fn take_next(&self) -> Result<(), LedgerError> {
        let path = self.0.join(NEXT);
        std::fs::rename(&path, self.0.join(KEY))
            .and_then(|()| File::open(&self.0)?.sync_all())
            .map_err(|source| LedgerError::Disk { action: "rename", path, source })
    }

    fn draw(&self, file: &str, name: &str, entropy: &dyn Entropy) -> Result<(), LedgerError> {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        let text = Ed25519Signer::secret_text(name, Algorithm::Ed25519, &seed)?;
        let path = self.0.join(file);
        // First under another name: half a key must never be taken for one.
        let temporary = self.0.join("key.tmp");
        let written = (|| {
            std::fs::create_dir_all(&self.0)?;
            std::fs::set_permissions(&self.0, Permissions::from_mode(0o700))?;
            match std::fs::remove_file(&temporary) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&temporary)?;
            writeln!(file, "{text}")?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            File::open(&self.0)?.sync_all()
        })();
        written.map_err(|source| LedgerError::Disk { action: "write", path, source })
    }

    fn read(&self, file: &str) -> Result<Ed25519Signer, LedgerError> {
        let path = self.0.join(file);
        let failed = |source| LedgerError::Disk { action: "read", path: path.clone(), source };
        let mode = std::fs::metadata(&path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            let reason = format!(
                "others may read it (mode {:04o}); see who did, then `chmod 600` it",
                mode & 0o7777
            );
            return Err(LedgerError::Key { path, reason });
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        Ed25519Signer::from_secret_text(text.trim_end())
            .map_err(|error| LedgerError::Key { path, reason: error.to_string() })
    }

    fn public(&self) -> Result<Vec<VerifierKey>, LedgerError> {
        let path = self.0.join(PUBLIC);
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

    fn add_public(&self, key: &VerifierKey) -> Result<(), LedgerError> {
        let path = self.0.join(PUBLIC);
        let mut options = OpenOptions::new();
        let added = options.append(true).create(true).open(&path).and_then(|mut file| {
            writeln!(file, "{key}")?;
            file.sync_all()
        });
        added.map_err(|source| LedgerError::Disk { action: "write", path, source })
    }
}
