//! Which files an import reads: files, folders with all that is in them, and patterns.

use std::path::{Path, PathBuf};

/// A file that will be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Its path; `-` is standard input.
    pub path: PathBuf,
    /// The path that was asked for and led to it.
    pub asked: String,
    /// Its size on the disk, in bytes; 0 for standard input.
    pub bytes: u64,
}

/// Lists the files of paths and patterns, folders in the order of names. Files whose names begin
/// with a dot are left out; links are followed where they lead to files, not to folders.
///
/// # Errors
/// A sentence that names the first path that leads nowhere.
pub fn plan(asked: &[String]) -> Result<Vec<PlannedFile>, String> {
    let mut files = Vec::new();
    for path in asked {
        let before = files.len();
        if path == "-" {
            files.push(PlannedFile { path: "-".into(), asked: path.clone(), bytes: 0 });
        } else if Path::new(path).exists() {
            walk(Path::new(path), path, &mut files)?;
        } else if path.contains(['*', '?', '[']) {
            let found =
                glob::glob(path).map_err(|error| format!("`{path}` is no pattern: {error}"))?;
            for entry in found.flatten() {
                walk(&entry, path, &mut files)?;
            }
        } else {
            return Err(format!("there is no file or folder `{path}`"));
        }
        if files.len() == before {
            return Err(format!("`{path}` leads to no file"));
        }
    }
    Ok(files)
}

fn walk(root: &Path, asked: &str, files: &mut Vec<PlannedFile>) -> Result<(), String> {
    let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let entries = walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name()));
    for entry in entries {
        let entry = entry.map_err(|error| format!("cannot list `{}`: {error}", root.display()))?;
        let path: PathBuf = entry.path().to_owned();
        if let Ok(metadata) = std::fs::metadata(&path)
            && metadata.is_file()
        {
            files.push(PlannedFile { path, asked: asked.to_owned(), bytes: metadata.len() });
        }
    }
    Ok(())
}
