//! A disk in memory that loses what was not synced and fails when it is told to; for tests.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stele_event::runtime::SeededEntropy;

use super::{DiskFile, FileSystem};

/// Disks write whole sectors; a crash may keep any of those that were on their way.
const SECTOR_BYTES: usize = 512;

/// What goes wrong, and when.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// So many bytes can still be written; then the disk is full.
    pub bytes_left: Option<u64>,
    /// After so many more successful syncs, one fails.
    pub sync_fails_after: Option<u32>,
    /// After so many more steps (writes, syncs, names), the machine stops: every step fails.
    pub stops_after: Option<u32>,
}

/// The disk; see the module.
#[derive(Debug, Clone, Default)]
pub struct FaultFileSystem(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    faults: Faults,
    steps: u32,
    /// Names as programs see them.
    names: BTreeMap<PathBuf, usize>,
    /// Names that survive a crash.
    durable_names: BTreeMap<PathBuf, usize>,
    files: Vec<Contents>,
}

#[derive(Debug, Default, Clone)]
struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
}

impl Contents {
    /// Makes what is written now durable.
    fn settle(&mut self) {
        self.durable.clone_from(&self.now);
    }
}

impl FaultFileSystem {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.disk().faults = faults;
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u32 {
        self.disk().steps
    }

    /// Cuts the power: what was not synced is kept or lost sector by sector, as the seed says.
    pub fn crash(&self, seed: u64) {
        let random = SeededEntropy::new(seed);
        let mut disk = self.disk();
        disk.faults = Faults::default();
        let durable_names = disk.durable_names.clone();
        disk.names.clone_from(&durable_names);
        for file in &mut disk.files {
            let mut after = file.durable.clone();
            if random.next().is_multiple_of(2) {
                after.resize(file.now.len().max(after.len()), 0);
            }
            for (index, sector) in file.now.chunks(SECTOR_BYTES).enumerate() {
                let start = index * SECTOR_BYTES;
                let fits = start + sector.len() <= after.len();
                if fits && random.next().is_multiple_of(2) {
                    after[start..start + sector.len()].copy_from_slice(sector);
                }
            }
            *file = Contents { now: after.clone(), durable: after };
        }
    }

    /// Changes one byte of a file, durably.
    pub fn flip(&self, path: &Path, offset: usize, mask: u8) {
        let mut disk = self.disk();
        if let Some(&index) = disk.names.get(path) {
            disk.files[index].now[offset] ^= mask;
            disk.files[index].settle();
        }
    }

    /// Cuts a file short, durably.
    pub fn truncate(&self, path: &Path, bytes: usize) {
        let mut disk = self.disk();
        if let Some(&index) = disk.names.get(path) {
            disk.files[index].now.truncate(bytes);
            disk.files[index].settle();
        }
    }

    /// Puts a file there, durably.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut disk = self.disk();
        let contents = Contents { now: bytes.to_vec(), durable: bytes.to_vec() };
        disk.files.push(contents);
        let index = disk.files.len() - 1;
        disk.names.insert(path.to_owned(), index);
        disk.durable_names.insert(path.to_owned(), index);
    }
}

impl Disk {
    fn step(&mut self) -> io::Result<()> {
        self.steps += 1;
        match &mut self.faults.stops_after {
            Some(0) => Err(io::Error::other("the machine has stopped")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn index(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl FileSystem for FaultFileSystem {
    fn create_dir_all(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let inside = |path: &&PathBuf| path.parent() == Some(folder);
        Ok(self.disk().names.keys().filter(inside).cloned().collect())
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut disk = self.disk();
        disk.step()?;
        if disk.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        disk.files.push(Contents::default());
        let index = disk.files.len() - 1;
        disk.names.insert(path.to_owned(), index);
        Ok(Arc::new(FaultFile { disk: self.clone(), index }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let disk = self.disk();
        Ok(disk.files[disk.index(path)?].now.clone())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step()?;
        let index = disk.index(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_owned(), index);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step()?;
        disk.index(path)?;
        disk.names.remove(path);
        Ok(())
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step()?;
        let inside = |path: &PathBuf| path.parent() == Some(folder);
        let names: Vec<_> =
            disk.names.iter().filter(|(p, _)| inside(p)).map(|(p, i)| (p.clone(), *i)).collect();
        disk.durable_names.retain(|path, _| !inside(path));
        disk.durable_names.extend(names);
        Ok(())
    }
}

#[derive(Debug)]
struct FaultFile {
    disk: FaultFileSystem,
    index: usize,
}

impl DiskFile for FaultFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.step()?;
        let mut written = bytes;
        let mut result = Ok(());
        if let Some(left) = &mut disk.faults.bytes_left {
            if (*left as usize) < bytes.len() {
                written = &bytes[..*left as usize];
                result = Err(io::ErrorKind::StorageFull.into());
            }
            *left -= written.len() as u64;
        }
        let now = &mut disk.files[self.index].now;
        let end = offset as usize + written.len();
        if now.len() < end {
            now.resize(end, 0);
        }
        now[offset as usize..end].copy_from_slice(written);
        result
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.step()?;
        if disk.faults.bytes_left.is_some_and(|left| left < bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        disk.files[self.index].now.resize(bytes as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.step()?;
        match &mut disk.faults.sync_fails_after {
            Some(0) => {
                disk.faults.sync_fails_after = None;
                return Err(io::Error::other("the disk could not sync"));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let file = &mut disk.files[self.index];
        file.durable = file.now.clone();
        Ok(())
    }
}
