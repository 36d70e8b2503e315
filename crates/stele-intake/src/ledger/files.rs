//! The files of a ledger in its folder: read as tiles, written whole and durably.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use stele_ledger::tile::{TILE_WIDTH, Tile, Tiles};

use super::LedgerError;
use crate::filesystem::FileSystem;

/// The folder; see the module.
#[derive(Debug)]
pub(super) struct Files {
    disk: Arc<dyn FileSystem>,
    folder: PathBuf,
    /// Folders that are known to be there, durably.
    folders: HashSet<PathBuf>,
}

impl Files {
    pub(super) fn new(disk: Arc<dyn FileSystem>, folder: &Path) -> Self {
        Self { disk, folder: folder.to_owned(), folders: HashSet::new() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Reads a file; `None` where there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let path = self.path(name);
        match self.disk.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LedgerError::Disk { action: "read", path, source }),
        }
    }

    /// The checkpoints that were archived.
    pub(super) fn list_archive(&self) -> Vec<PathBuf> {
        self.disk.list(&self.path("archive")).unwrap_or_default()
    }

    /// Writes a file as a whole, in place of one with the same name. When it returns, the content
    /// and the name are durable.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        let path = self.path(name);
        let written = self.try_write(&path, bytes);
        written.map_err(|source| LedgerError::Disk { action: "write", path, source })
    }

    fn try_write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().unwrap_or(&self.folder).to_owned();
        self.make_folder(&parent)?;
        let temporary = self.folder.join("write.tmp");
        match self.disk.remove(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.create_new(&temporary)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        self.disk.rename(&temporary, path)?;
        self.disk.sync_dir(&parent)
    }

    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        if self.folders.contains(folder) {
            return Ok(());
        }
        self.disk.create_dir_all(folder)?;
        // The names of all folders down from the ledger's own are made durable, once.
        let mut at = folder;
        while let Some(parent) = at.parent() {
            self.disk.sync_dir(parent)?;
            if at == self.folder {
                break;
            }
            at = parent;
        }
        self.folders.insert(folder.to_owned());
        Ok(())
    }

    /// Removes what lies beyond a size: a process that ended before it signed has left it, and what
    /// comes in its place may differ.
    pub(super) fn clear_beyond(&self, size: u64) {
        let wide = u64::from(TILE_WIDTH);
        let clear = |count: u64, tile: &dyn Fn(u64, u16) -> Tile| {
            for index in count / wide.. {
                let full = self.path(&tile(index, TILE_WIDTH).to_string());
                let partial = self.path(&tile(index, 1).to_string());
                let partials = partial.parent().map(|folder| self.disk.list(folder));
                let mut left = partials.and_then(Result::ok).unwrap_or_default();
                let is_there = self.disk.read(&full).is_ok();
                if left.is_empty() && !is_there && index > count / wide {
                    return;
                }
                let width = (count % wide) as u16;
                if index == count / wide && width > 0 {
                    let signed = self.path(&tile(index, width).to_string());
                    left.retain(|path| *path != signed);
                }
                for path in left.iter().chain(is_there.then_some(&full)) {
                    let _ = self.disk.remove(path);
                }
            }
        };
        for level in 0..8_u8 {
            clear(size >> (8 * level), &|index, width| Tile::hashes(level, index, width));
        }
        clear(size, &Tile::entries);
    }

    /// Removes a file that no checkpoint needs any more. That it cannot be removed is no harm.
    pub(super) fn remove(&self, name: &str) {
        let _ = self.disk.remove(&self.path(name));
    }
}

impl Tiles for Files {
    fn read(
        &self,
        tile: &Tile,
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self::read(self, &tile.to_string())?)
    }
}
