//! Objects by bucket and key, wherever they lie: [`Objects`], and [`Folder`] for files.
//!
//! A key that a document names is only ever looked up in the list that was made before, so that no
//! key leads out of the folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where an object lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// The bucket; `None` where nobody said which one it was copied from.
    pub bucket: Option<String>,
    /// The key in the bucket.
    pub key: String,
}

/// What could not be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place.
    pub path: String,
    /// Why not.
    pub reason: String,
}

/// Objects that can be listed and read.
pub trait Objects {
    /// All of them, sorted by bucket and key.
    fn list(&self) -> Vec<Object>;

    /// What could not be listed, and so may be missing from [`Objects::list`].
    fn problems(&self) -> &[Problem];

    /// Opens an object; [`io::ErrorKind::NotFound`] where there is none of this name.
    fn open(&self, bucket: Option<&str>, key: &str) -> io::Result<Box<dyn Read + '_>>;

    /// Whether objects of this bucket could be here at all.
    fn holds_bucket(&self, bucket: &str) -> bool;
}

/// Which folder holds which bucket, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFolder {
    /// The bucket's name.
    pub bucket: String,
    /// What every key in the folder begins with; empty, or it ends in `/`.
    pub prefix: String,
    /// The folder, relative to the main one.
    pub folder: PathBuf,
}

impl BucketFolder {
    /// Reads `BUCKET[/PREFIX]=FOLDER`; a leading `s3://` is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not `BUCKET[/PREFIX]=FOLDER`");
        let (name, folder) = text.split_once('=').ok_or_else(wrong)?;
        let name = name.strip_prefix("s3://").unwrap_or(name);
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        if bucket.is_empty() || folder.is_empty() {
            return Err(wrong());
        }
        let mut prefix = prefix.trim_matches('/').to_owned();
        if !prefix.is_empty() {
            prefix.push('/');
        }
        Ok(Self { bucket: bucket.to_owned(), prefix, folder: PathBuf::from(folder) })
    }
}

/// Files in folders, each folder a bucket or a part of one.
#[derive(Debug)]
pub struct Folder {
    parts: Vec<Part>,
    problems: Vec<Problem>,
}

#[derive(Debug)]
struct Part {
    bucket: Option<String>,
    files: BTreeMap<String, PathBuf>,
}

impl Folder {
    /// One folder that stands for whatever bucket its files say they are from.
    pub fn of_any_bucket(root: &Path) -> Self {
        let mut folder = Self { parts: Vec::new(), problems: Vec::new() };
        folder.add(None, "", root);
        folder
    }

    /// Folders below `root` for buckets with names.
    pub fn of_buckets(root: &Path, buckets: &[BucketFolder]) -> Self {
        let mut folder = Self { parts: Vec::new(), problems: Vec::new() };
        for bucket in buckets {
            folder.add(Some(bucket.bucket.clone()), &bucket.prefix, &root.join(&bucket.folder));
        }
        folder
    }

    fn add(&mut self, bucket: Option<String>, prefix: &str, root: &Path) {
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(root).follow_links(true) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(root).display().to_string();
                    self.problems.push(Problem { path, reason: error.to_string() });
                    continue;
                }
            };
            if !entry.file_type().is_file() {
                continue;
            }
            match key_of(root, entry.path()) {
                Some(key) => {
                    files.insert(format!("{prefix}{key}"), entry.into_path());
                }
                None => self.problems.push(Problem {
                    path: entry.path().display().to_string(),
                    reason: "its name is not UTF-8".to_owned(),
                }),
            }
        }
        self.parts.push(Part { bucket, files });
    }
}

fn key_of(root: &Path, path: &Path) -> Option<String> {
    let names: Option<Vec<&str>> =
        path.strip_prefix(root).ok()?.iter().map(|name| name.to_str()).collect();
    Some(names?.join("/"))
}

impl Objects for Folder {
    fn list(&self) -> Vec<Object> {
        let of_part = |part: &Part| {
            let bucket = part.bucket.clone();
            let keys: Vec<String> = part.files.keys().cloned().collect();
            keys.into_iter().map(move |key| Object { bucket: bucket.clone(), key })
        };
        let mut objects: Vec<Object> = self.parts.iter().flat_map(of_part).collect();
        objects.sort();
        objects
    }

    fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn open(&self, bucket: Option<&str>, key: &str) -> io::Result<Box<dyn Read + '_>> {
        let fits = |part: &&Part| match (&part.bucket, bucket) {
            (Some(has), Some(wanted)) => has == wanted,
            _ => true,
        };
        let path = self.parts.iter().filter(fits).find_map(|part| part.files.get(key));
        let path = path.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(File::open(path)?))
    }

    fn holds_bucket(&self, bucket: &str) -> bool {
        self.parts.iter().any(|part| part.bucket.as_deref().is_none_or(|name| name == bucket))
    }
}
