//! Room on the disk for what is unpacked or fetched to be read.
//!
//! What somebody else sends may be larger than the disk: each file is asked for before it is
//! written, and a part of the disk is left to everybody else on the machine.

use std::io;
use std::path::{Path, PathBuf};

/// So many bytes of the disk stay free.
const SPARE_BYTES: u64 = 64 << 20;
/// So many files could still be made there.
const SPARE_FILES: u64 = 1_000;

/// The disk below a folder.
#[derive(Debug, Clone)]
pub struct Room {
    folder: PathBuf,
    spare_bytes: u64,
}

impl Room {
    /// The disk below a folder that is there.
    pub fn below(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), spare_bytes: SPARE_BYTES }
    }

    /// The same, with another part of the disk that stays free.
    #[must_use]
    pub fn with_spare_bytes(self, spare_bytes: u64) -> Self {
        Self { spare_bytes, ..self }
    }

    /// Whether there is room for one more file of so many bytes.
    ///
    /// # Errors
    /// There is none; the text says how much there is, and what to do.
    pub fn check(&self, bytes: u64) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.folder)?;
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        // Some file systems do not count their files, and say 0.
        let no_file = disk.f_files > 0 && disk.f_favail < SPARE_FILES;
        if !no_file && bytes.saturating_add(self.spare_bytes) <= free_bytes {
            return Ok(());
        }
        let folder = self.folder.parent().unwrap_or(&self.folder).display();
        let free = if no_file { "no more files".to_owned() } else { format!("{free_bytes} bytes") };
        Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!(
                "a file of {bytes} bytes has no room in `{folder}`: {free} can be had there, and \
                 {} stay free; the variable TMPDIR names another folder",
                self.spare_bytes
            ),
        ))
    }
}
