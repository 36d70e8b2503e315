//! What is about to be written, said before it is written.
//!
//! Before files of a commit exist, their paths are recorded in `_intents/`; after the commit the
//! record goes. What a crash leaves in between is told apart by the table: files that it does not
//! name are deleted, and nothing else ever is. The record of a compaction stays until the files
//! that it replaced are deleted, after a time of grace.

use futures::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::lake::Lake;
use crate::table::{LakeFile, Table};

const FOLDER: &str = "_intents";

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

/// Clears away what interrupted commits left, and what compaction replaced longer than the grace
/// ago. Returns how many files were deleted.
pub(crate) async fn recover(
    lake: &Lake,
    table: &Table,
    files: &[LakeFile],
    now_millis: i64,
    grace_ms: u64,
) -> Result<usize, StoreError> {
    let folder = lake.folder(FOLDER);
    let known: std::collections::HashSet<&str> = files.iter().map(|f| f.path.as_str()).collect();
    let mut deleted = 0;
    let mut list = folder.list(None);
    while let Some(entry) = list.next().await {
        let entry = entry.map_err(StoreError::object("list", FOLDER))?;
        let name = entry.location;
        let body = folder.get(&name).await.map_err(StoreError::object("read", &name))?;
        let body = body.bytes().await.map_err(StoreError::object("read", &name))?;
        let Ok(intent) = serde_json::from_slice::<Intent>(&body) else {
            tracing::warn!(name = %name, "an intent cannot be read; left as it is");
            continue;
        };
        let committed = intent.add.iter().all(|path| known.contains(path.as_str()));
        let waits = committed
            && !intent.remove.is_empty()
            && now_millis < intent.announced_millis + grace_ms as i64;
        if waits {
            continue;
        }
        let leftovers = if committed { &intent.remove } else { &intent.add };
        for path in leftovers.iter().filter(|path| !known.contains(path.as_str())) {
            let path = Path::from(path.as_str());
            ignore_missing(table.store().delete(&path).await, &path)?;
            deleted += 1;
        }
        ignore_missing(folder.delete(&name).await, &name)?;
    }
    Ok(deleted)
}

fn ignore_missing(result: object_store::Result<()>, path: &Path) -> Result<(), StoreError> {
    match result {
        Err(object_store::Error::NotFound { .. }) => Ok(()),
        other => other.map_err(StoreError::object("delete", path)),
    }
}
