//! A local object store that keeps its word after a power cut.
//!
//! `object_store` 0.13's `LocalFileSystem` never syncs, and links an object to its name before the
//! bytes are on the disk. This wrapper writes to a temporary name, syncs the file, links it, and
//! syncs the folder; everything else it leaves to `LocalFileSystem`.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result,
};

/// The store; see the module. Paths are absolute paths of the file system.
#[derive(Debug, Default)]
pub struct DurableLocal {
    inner: Arc<LocalFileSystem>,
}

impl DurableLocal {
    /// A store over the whole local file system.
    pub fn new() -> Self {
        Self { inner: Arc::new(LocalFileSystem::new()) }
    }
}

impl fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableLocal")
    }
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let target = self.inner.path_to_filesystem(location)?;
        let create = match opts.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            PutMode::Update(_) => {
                return Err(Error::NotImplemented {
                    operation: "conditional update".to_owned(),
                    implementer: "DurableLocal".to_owned(),
                });
            }
        };
        let name = location.to_string();
        let written = tokio::task::spawn_blocking(move || write_durably(&target, &payload, create))
            .await
            .map_err(|source| Error::JoinError { source })?;
        written.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => {
                Error::AlreadyExists { path: name, source: source.into() }
            }
            _ => Error::Generic { store: "local disk", source: source.into() },
        })?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let target = self.inner.path_to_filesystem(location)?;
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        Ok(Box::new(DurableUpload { inner, target }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        sync_named(self.inner.path_to_filesystem(to)?).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        sync_named(self.inner.path_to_filesystem(to)?).await
    }
}

/// An upload in parts whose end is durable. The object has its name before it is synced, which is
/// harmless: nothing refers to it before the upload has ended.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    target: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> object_store::UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await?;
        sync_named(self.target.clone()).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

fn write_durably(target: &FilePath, payload: &PutPayload, create: bool) -> io::Result<()> {
    let folder = target.parent().unwrap_or_else(|| FilePath::new("/"));
    create_folders(folder)?;
    let (temporary, mut file) = temporary_beside(target)?;
    let finished = (|| {
        for part in payload {
            file.write_all(part)?;
        }
        file.sync_all()?;
        if create {
            // Linking fails where the name exists: that is the mutual exclusion of table commits.
            std::fs::hard_link(&temporary, target)?;
            std::fs::remove_file(&temporary)
        } else {
            std::fs::rename(&temporary, target)
        }
    })();
    if finished.is_err() {
        let _ = std::fs::remove_file(&temporary);
        return finished;
    }
    sync_folder(folder)
}

/// Removes what a process left behind that ended while it wrote: names that end in `#` and digits,
/// in a folder and below. Nothing may be written there meanwhile.
pub(super) fn clear_unfinished(folder: &FilePath) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            clear_unfinished(&entry.path())?;
            continue;
        }
        let name = entry.file_name();
        let ending = name.to_str().and_then(|name| name.rsplit_once('#'));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if ending.is_some_and(|(_, digits)| is_number(digits)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A new file beside the target. `LocalFileSystem` does not list names that end in `#` and digits.
fn temporary_beside(target: &FilePath) -> io::Result<(PathBuf, File)> {
    let mut attempt = std::process::id();
    loop {
        let mut name = target.as_os_str().to_owned();
        name.push(format!("#{attempt}"));
        let path = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                attempt = attempt.wrapping_add(1);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes the folders that are missing, each durable in the one above it.
fn create_folders(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folders(above)?;
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => folder.parent().map_or(Ok(()), sync_folder),
    }
}

fn sync_folder(folder: &FilePath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

async fn sync_named(target: PathBuf) -> Result<()> {
    tokio::task::spawn_blocking(move || {
        File::open(&target)?.sync_all()?;
        target.parent().map_or(Ok(()), sync_folder)
    })
    .await
    .map_err(|source| Error::JoinError { source })?
    .map_err(|source| Error::Generic { store: "local disk", source: source.into() })
}
