//! The table's own log, which its readers go by.

use std::fs;

use stele_ledger::record::{FileChange, Files, Parts, Reason, Record};
use stele_verify::lake::Kind;

use super::{Unclassed, change, files, writer};
use crate::Error;
use crate::lake::maker::Maker;

fn newest_commit(maker: &Maker) -> String {
    format!("lake/events/_delta_log/{:020}.json", maker.version - 1)
}

pub(super) const BY_SOMEBODY: &[Unclassed] = &[
    files("a commit's file deleted", Kind::CommitFileMissing, |maker| {
        Ok(fs::remove_file(maker.path(&newest_commit(maker)))?)
    }),
    files("a commit's file edited", Kind::CommitFileDiffers, |maker| {
        change(&maker.path(&newest_commit(maker)), |bytes| bytes.push(b'\n'))
    }),
    files("a commit's file emptied", Kind::CommitFileDiffers, |maker| {
        maker.write(&newest_commit(maker), b"")
    }),
    files("an older commit's file in its place", Kind::CommitFileDiffers, |maker| {
        let older = format!("lake/events/_delta_log/{:020}.json", maker.version - 2);
        maker.write(&newest_commit(maker), &fs::read(maker.path(&older))?)
    }),
    files("one more commit by somebody", Kind::CommitUnlogged, |maker| {
        let name = format!("lake/events/_delta_log/{:020}.json", maker.version);
        let text = serde_json::json!({"remove": {"path": maker.largest()?}}).to_string();
        maker.write(&name, text.as_bytes())
    }),
    files("one more that says how far the table is", Kind::CommitUnlogged, |maker| {
        let name = format!("lake/events/_delta_log/{:020}.json", maker.version);
        maker.write(&name, br#"{"txn":{"appId":"writer-1","version":999999}}"#)
    }),
    files("one more that changes the columns, announced", Kind::CommitUnlogged, |maker| {
        maker.write("lake/_intents/x.json", br#"{"add":["x.parquet"],"remove":[]}"#)?;
        let name = format!("lake/events/_delta_log/{:020}.json", maker.version);
        let text = "{\"add\":{\"path\":\"x.parquet\"}}\n{\"metaData\":{}}\n";
        maker.write(&name, text.as_bytes())
    }),
    files("one more that undoes what was announced", Kind::CommitUnlogged, |maker| {
        let name = format!("lake/events/_delta_log/{:020}.json", maker.version);
        let path = maker.largest()?;
        // The note to the next start, which stays as long as the files that were replaced.
        let note = serde_json::json!({"announced_millis": 0, "add": [&path], "remove": []});
        maker.write("lake/_intents/x.json", note.to_string().as_bytes())?;
        let text = serde_json::json!({"remove": {"path": path}}).to_string();
        maker.write(&name, text.as_bytes())
    }),
    files("a checkpoint for readers that hides a file", Kind::DeltaCheckpoint, |maker| {
        maker.delta_checkpoint(&[])?;
        Ok(())
    }),
    files("a checkpoint for readers that shows a file", Kind::DeltaCheckpoint, |maker| {
        let mut paths: Vec<&str> = maker.files.keys().map(String::as_str).collect();
        paths.push("x.parquet");
        maker.delta_checkpoint(&paths)?;
        Ok(())
    }),
    files("a checkpoint for readers that is damaged", Kind::DeltaCheckpoint, |maker| {
        let path = maker.delta_checkpoint(&[])?;
        change(&maker.path(&path), |bytes| bytes.truncate(99))
    }),
];

pub(super) const BY_THE_WRITER: &[Unclassed] = &[
    writer("it hides a file from readers", Kind::CommitContent, |maker| {
        maker.tweak.delta = Some(|text| {
            let lines = text.lines().filter(|line| !line.starts_with("{\"add\""));
            lines.collect::<Vec<_>>().join("\n")
        });
        maker.compact()
    }),
    writer("it shows a file to readers only", Kind::CommitContent, |maker| {
        maker.tweak.delta = Some(|text| text + "{\"add\":{\"path\":\"x.parquet\",\"size\":1}}\n");
        maker.compact()
    }),
    writer("it removes a file for readers only", Kind::CommitContent, |maker| {
        maker.tweak.delta = Some(|text| text + "{\"remove\":{\"path\":\"x.parquet\"}}\n");
        maker.compact()
    }),
    writer("it tells readers another size", Kind::CommitContent, |maker| {
        maker.tweak.delta = Some(|text| text.replace("\"size\":", "\"size\":1"));
        maker.compact()
    }),
    writer("a version left out", Kind::VersionGap, |maker| {
        maker.tweak.version = Some(maker.version + 1);
        maker.commit(Reason::Schema, &[], &[])
    }),
    writer("a version again", Kind::VersionGap, |maker| {
        maker.version -= 1;
        maker.compact()
    }),
    writer("it covers less of the write-ahead log", Kind::CoversBackwards, |maker| {
        maker.covers -= 1;
        maker.compact()
    }),
    writer("it removes what is not there", Kind::CommitReplay, |maker| {
        maker.commit(Reason::Compact, &["x.parquet".to_owned()], &[])
    }),
    writer("it adds what is there", Kind::CommitReplay, |maker| {
        let file = maker.facts.get(&maker.largest()?).cloned();
        let file = file.ok_or(Error::Lacks("file of the table"))?;
        maker.commit(Reason::Flush, &[], &[FileChange::Add(file)])
    }),
    writer("a flush that removes", Kind::CommitReason, |maker| {
        maker.tweak.reason = Some(Reason::Flush);
        maker.compact()
    }),
    writer("an expiry that adds", Kind::CommitReason, |maker| {
        maker.tweak.reason = Some(Reason::Expire);
        maker.compact()
    }),
    writer("a change of columns that removes", Kind::CommitReason, |maker| {
        let path = maker.largest()?;
        maker.commit(Reason::Schema, &[path], &[])
    }),
    writer("files left out of its list", Kind::PartsDiffer, |maker| {
        maker.tweak.parts = Some(Parts::default());
        maker.commit(Reason::Schema, &[], &[])?;
        let last = maker.entries.pop();
        let files = Files {
            at_micros: maker.now,
            table: "events".to_owned(),
            version: maker.version,
            part: 0,
            changes: Vec::new(),
        };
        maker.record(&Record::Files(files))?;
        maker.entries.extend(last);
        Ok(())
    }),
    writer("a table that is not known", Kind::RecordNewer, |maker| {
        maker.commit(Reason::Schema, &[], &[])?;
        let entry = maker.entries.pop().unwrap_or_default();
        let entry = String::from_utf8_lossy(&entry).replace("\"events\"", "\"others\"");
        maker.entries.push(entry.into_bytes());
        Ok(())
    }),
];
