//! A commit of the Delta table, as its file says it (Delta protocol, "Actions"), as a record.

use serde_json::Value;
use stele_ledger::hash::Hash;
use stele_ledger::record::{Commit, File, FileChange, Parts, Reason};

/// The tag of an `add` that holds the SHA-256 of the file.
const SHA256_TAG: &str = "stele.sha256";

/// What a commit's file says, or what is wrong with it.
pub(super) fn read(
    table: &str,
    version: u64,
    content: &[u8],
    at_micros: i64,
) -> Result<(Commit, Vec<FileChange>), String> {
    let text = std::str::from_utf8(content).map_err(|error| error.to_string())?;
    let (mut changes, mut covers, mut is_write) = (Vec::new(), 0, false);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let action: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if let Some(add) = action.get("add") {
            changes.push(FileChange::Add(added(add)?));
        } else if let Some(path) = action["remove"]["path"].as_str() {
            changes.push(FileChange::Remove(path.to_owned()));
        } else if let Some(sequence) = action["txn"]["version"].as_u64() {
            covers = sequence;
        } else if let Some(name) = action["commitInfo"]["operation"].as_str() {
            is_write = name == "WRITE";
        }
    }
    let adds = changes.iter().any(|change| matches!(change, FileChange::Add(_)));
    let removes = changes.iter().any(|change| matches!(change, FileChange::Remove(_)));
    let reason = match (adds, removes) {
        (true, true) => Reason::Compact,
        (false, true) => Reason::Expire,
        _ if is_write => Reason::Flush,
        _ => Reason::Schema,
    };
    let record = Commit {
        at_micros,
        table: table.to_owned(),
        version,
        sha256: Hash::of(content),
        covers,
        reason,
        files: Parts::default(),
    };
    Ok((record, changes))
}

fn added(add: &Value) -> Result<File, String> {
    let missing = |what: &str| format!("an added file has no {what}");
    let path = add["path"].as_str().ok_or_else(|| missing("path"))?.to_owned();
    let sha256 = add["tags"][SHA256_TAG].as_str().and_then(Hash::from_hex);
    let stats = add["stats"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    Ok(File {
        sha256: sha256.ok_or_else(|| missing(SHA256_TAG))?,
        bytes: add["size"].as_u64().ok_or_else(|| missing("size"))?,
        rows: stats
            .and_then(|stats| stats["numRecords"].as_u64())
            .ok_or_else(|| missing("number of rows"))?,
        path,
    })
}
