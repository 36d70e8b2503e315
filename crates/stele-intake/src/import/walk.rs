//! Which files an import reads: files, folders with all that is in them, and patterns.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file that will be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Its path; `-` is standard input.
    pub path: PathBuf,
    /// The path that was asked for and led to it.
    pub asked: String,
    /// Its size on the disk, in bytes; 0 for standard input and pipes.
    pub bytes: u64,
}

impl PlannedFile {
    pub(super) fn is_standard_input(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

/// Lists the files of paths and patterns, each once, folders in the order of names. Inside folders,
/// files and folders whose names begin with a dot are left out, and links are followed where they
/// lead to files, not to folders. A pipe is read where it is named itself. Nothing is opened.
///
/// # Errors
/// A sentence that names the first path that leads nowhere or a folder that cannot be listed.
pub fn plan(asked: &[String]) -> Result<Vec<PlannedFile>, String> {
    let mut plan = Plan::default();
    for path in asked {
        let before = plan.found;
        if path == "-" {
            plan.add(Path::new(path), path, 0);
        } else if Path::new(path).exists() {
            plan.walk(Path::new(path), path)?;
        } else if path.contains(['*', '?', '[']) {
            let found =
                glob::glob(path).map_err(|error| format!("`{path}` is no pattern: {error}"))?;
            for entry in found {
                let entry = entry.map_err(|error| {
                    format!("cannot list `{}`: {}", error.path().display(), error.error())
                })?;
                // As a shell has it: `*` does not mean what is hidden, `.*` does.
                let last = Path::new(path).file_name().unwrap_or_default();
                if !is_hidden(entry.file_name().unwrap_or_default()) || is_hidden(last) {
                    plan.walk(&entry, path)?;
                }
            }
        } else {
            return Err(missing(path));
        }
        if plan.found == before {
            return Err(format!("`{path}` leads to no file"));
        }
    }
    Ok(plan.files)
}

#[derive(Default)]
struct Plan {
    files: Vec<PlannedFile>,
    paths: HashSet<PathBuf>,
    /// With those that were found before.
    found: usize,
}

impl Plan {
    fn add(&mut self, path: &Path, asked: &str, bytes: u64) {
        self.found += 1;
        if self.paths.insert(path.to_owned()) {
            self.files.push(PlannedFile { path: path.to_owned(), asked: asked.to_owned(), bytes });
        }
    }

    fn walk(&mut self, root: &Path, asked: &str) -> Result<(), String> {
        let entries = walkdir::WalkDir::new(root)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()));
        for entry in entries {
            let entry =
                entry.map_err(|error| format!("cannot list `{}`: {error}", root.display()))?;
            // A link that leads nowhere is no file.
            let Ok(metadata) = std::fs::metadata(entry.path()) else { continue };
            if metadata.is_file() {
                self.add(entry.path(), asked, metadata.len());
            } else if entry.depth() == 0 && !metadata.is_dir() {
                self.add(entry.path(), asked, 0);
            }
        }
        Ok(())
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// That there is no such path, and the first part of it that there is not, where that is another.
fn missing(path: &str) -> String {
    let text = format!("there is no file or folder `{path}`");
    let part = Path::new(path).ancestors().filter(|part| !part.as_os_str().is_empty());
    match part.take_while(|part| !part.exists()).last() {
        Some(part) if part != Path::new(path) => {
            format!("{text}: `{}` is not there", part.display())
        }
        _ => format!("{text}; a relative path begins at the folder in which the command is run"),
    }
}
