//! What is about to be written, said before it is written.
//!
//! Before files of a commit exist, their paths are recorded in `_intents/`; after the commit the
//! record goes. What a crash leaves in between is told apart by the table: of the files that a
//! record names, those that the table does not name are deleted, and nothing else ever is. Files
//! that a compaction replaced have a time of grace, and its record stays until they are deleted.
//! Where commits are put on a record elsewhere, such as the ledger, the announcement stays until
//! then: between the two, it is what tells a commit of this store from one that somebody else made.

use std::collections::HashSet;

use futures::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::lake::Lake;
use crate::table::{LakeFile, Table};

pub(crate) const FOLDER: &str = "_intents";

#[derive(Debug, Serialize, Deserialize)]
struct Intent {
    announced_millis: i64,
    add: Vec<String>,
    remove: Vec<String>,
}

/// Records durably what a commit is about to add and replace; returns the record's name.
pub(crate) async fn announce(
    lake: &Lake,
    add: &[LakeFile],
    remove: &[LakeFile],
    now_millis: i64,
) -> Result<Path, StoreError> {
    let paths = |files: &[LakeFile]| files.iter().map(|f| f.path.clone()).collect();
    let intent = Intent { announced_millis: now_millis, add: paths(add), remove: paths(remove) };
    let name = Path::from(format!("{}.json", uuid::Uuid::new_v4()));
    let body = serde_json::to_vec(&intent).map_err(StoreError::encode("write an intent"))?;
    lake.folder(FOLDER)
        .put(&name, body.into())
        .await
        .map_err(StoreError::object("write", &name))?;
    Ok(name)
}

/// Takes a record back once its commit is known and it replaced nothing.
pub(crate) async fn done(lake: &Lake, name: &Path) -> Result<(), StoreError> {
    ignore_missing(lake.folder(FOLDER).delete(name).await, name)
}

/// When and how it is tidied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tidying {
    pub(crate) now_millis: i64,
    /// How long replaced files stay.
    pub(crate) grace_ms: u64,
    /// Whether every commit of the table is on record. Before, commits that were made keep their
    /// announcements and what they replaced.
    pub(crate) is_recorded: bool,
}

/// Clears away what interrupted commits left, and what compaction replaced longer than the grace
/// ago. The table must be settled. Returns how many files were deleted.
pub(crate) async fn recover(
    lake: &Lake,
    table: &Table,
    tidying: Tidying,
) -> Result<usize, StoreError> {
    let Tidying { now_millis, grace_ms, is_recorded } = tidying;
    let mut intents = read_all(lake).await?;
    let files = table.files();
    let known: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    if !is_recorded {
        let replaced: HashSet<String> =
            intents.iter().flat_map(|(_, intent)| intent.remove.iter().cloned()).collect();
        let is_made = |path: &String| known.contains(path.as_str()) || replaced.contains(path);
        // One that adds nothing cannot be told from one that is made.
        intents.retain(|(_, intent)| !intent.add.is_empty() && !intent.add.iter().any(is_made));
    }
    // A file that was added by one commit may have been replaced by the next.
    let waits: HashSet<&str> = intents
        .iter()
        .filter(|(_, intent)| now_millis < intent.announced_millis + grace_ms as i64)
        .flat_map(|(_, intent)| intent.remove.iter().map(String::as_str))
        .collect();
    let mut deleted = 0;
    for (name, intent) in &intents {
        let gone = |path: &&String| !known.contains(path.as_str());
        let due = |path: &&String| !waits.contains(path.as_str());
        for path in intent.add.iter().chain(&intent.remove).filter(gone).filter(due) {
            let path = Path::from(path.as_str());
            ignore_missing(table.store().delete(&path).await, &path)?;
            deleted += 1;
        }
        if intent.remove.iter().filter(gone).all(|path| due(&path)) {
            done(lake, name).await?;
        }
    }
    Ok(deleted)
}

async fn read_all(lake: &Lake) -> Result<Vec<(Path, Intent)>, StoreError> {
    let folder = lake.folder(FOLDER);
    let mut intents = Vec::new();
    let mut list = folder.list(None);
    while let Some(entry) = list.next().await {
        let name = entry.map_err(StoreError::object("list", FOLDER))?.location;
        let body = folder.get(&name).await.map_err(StoreError::object("read", &name))?;
        let body = body.bytes().await.map_err(StoreError::object("read", &name))?;
        match serde_json::from_slice(&body) {
            Ok(intent) => intents.push((name, intent)),
            Err(error) => {
                tracing::warn!(%name, %error, "an intent cannot be read; left as it is");
            }
        }
    }
    Ok(intents)
}

fn ignore_missing(result: object_store::Result<()>, path: &Path) -> Result<(), StoreError> {
    match result {
        Err(object_store::Error::NotFound { .. }) => Ok(()),
        other => other.map_err(StoreError::object("delete", path)),
    }
}
