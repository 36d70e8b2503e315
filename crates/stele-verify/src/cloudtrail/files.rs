//! The whole command over files: what the command line names is read, and verified.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Anchors, Error, Input, MetadataMap, Options, PublicKeys, Report, Verdict, verify};
use crate::objects::{BucketFolder, Folder};

/// A file of keys, metadata or anchors is not larger than this.
const SIDE_FILE_BYTES_MAX: u64 = 1 << 30;

/// Files to verify, as the command line names them.
#[derive(Debug, Clone, Default)]
pub struct FolderOptions {
    /// The folder, laid out as the bucket is.
    pub folder: PathBuf,
    /// Where there are several buckets: which folder below it is which.
    pub buckets: Vec<BucketFolder>,
    /// The public keys.
    pub keys: PathBuf,
    /// Metadata of all objects in one file, instead of one beside each.
    pub metadata: Option<PathBuf>,
    /// Anchors.
    pub anchors: Option<PathBuf>,
    /// How to verify.
    pub options: Options,
}

/// Verifies the files in a folder; `on_verdict` hears of each digest and log as it is judged.
pub fn verify_folder(
    files: &FolderOptions,
    on_verdict: &mut dyn FnMut(&Verdict),
) -> Result<Report, Error> {
    let keys = side_file(&files.keys, "public keys", PublicKeys::parse)?;
    let metadata = files.metadata.as_deref().map_or(Ok(MetadataMap::default()), |path| {
        side_file(path, "object metadata", MetadataMap::parse)
    })?;
    let anchors = files
        .anchors
        .as_deref()
        .map_or(Ok(Anchors::default()), |path| side_file(path, "anchors", Anchors::parse))?;
    std::fs::read_dir(&files.folder).map_err(|source| unread(&files.folder, source))?;
    let objects = if files.buckets.is_empty() {
        Folder::of_any_bucket(&files.folder)
    } else {
        Folder::of_buckets(&files.folder, &files.buckets)
    };
    let input = Input { objects: &objects, keys: &keys, metadata: &metadata, anchors: &anchors };
    verify(input, &files.options, on_verdict)
}

fn unread(path: &Path, source: io::Error) -> Error {
    Error::Read { path: path.display().to_string(), source }
}

fn side_file<T>(
    path: &Path,
    what: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Error> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(SIDE_FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| unread(path, source))?;
    let form = |reason| Error::Form { path: path.display().to_string(), what, reason };
    parse(&text).map_err(form)
}
