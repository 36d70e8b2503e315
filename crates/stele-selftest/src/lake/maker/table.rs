//! Files of the table, its log, and what a compactor, an erasure and an expiry do.

use chrono::DateTime;
use serde_json::json;
use stele_ledger::hash::Hash;
use stele_ledger::record::{Commit, Deed, File, FileChange, Reason};
use stele_ledger::salt::{SaltKey, event_leaf};

use super::Maker;
use crate::Error;
use crate::lake::rows::{Row, delta_checkpoint, parquet, record_batch};

/// What becomes of the rows of an erasure: they are told apart by a test.
pub(crate) type Rewrite = fn(&mut Vec<Row>, &dyn Fn(&Row) -> bool);

/// A partition has at least so many rows, so that a case may name one by its place.
const ROWS_MIN: usize = 12;

impl Maker {
    /// Writes rows as a file of the table, in the partition of the first.
    pub(crate) fn file(&mut self, mut rows: Vec<Row>) -> Result<FileChange, Error> {
        self.names += 1;
        let first = rows.first();
        let received = first.map_or(self.now, |row| row.received);
        let day = DateTime::from_timestamp_micros(received).unwrap_or_default();
        let day = self.tweak.day.map_or_else(|| day.format("%Y-%m-%d").to_string(), str::to_owned);
        let dataset = first.map_or("main", |row| &row.dataset);
        let dataset = self.tweak.dataset.unwrap_or(dataset);
        let path = format!("dataset={dataset}/day={day}/part-{:04}.parquet", self.names);
        rows.sort_by_key(|row| (row.raw.len() % 3, row.batch, row.pos));
        let mut batch = record_batch(&rows)?;
        if let Some(name) = self.tweak.drop_column {
            batch.remove_column(batch.schema().index_of(name)?);
        }
        let mut bytes = parquet(&batch, self.row_group_rows)?;
        if let Some(change) = self.tweak.parquet {
            bytes = change(bytes);
        }
        for (at, byte) in &self.tweak.splice {
            let at = at % bytes.len();
            bytes[at] = *byte;
        }
        self.write(&format!("lake/events/{path}"), &bytes)?;
        let file = File {
            path: path.clone(),
            sha256: Hash::of(&bytes),
            bytes: bytes.len() as u64,
            rows: self.tweak.rows.unwrap_or(rows.len() as u64),
        };
        self.files.insert(path.clone(), rows);
        self.facts.insert(path, file.clone());
        Ok(FileChange::Add(file))
    }

    fn delta(&self, changes: &[FileChange]) -> String {
        let mut lines = vec![json!({"commitInfo": {"timestamp": self.now / 1_000}}).to_string()];
        for change in changes {
            let line = match change {
                FileChange::Add(file) => {
                    let rows = self.files.get(&file.path);
                    let numbers = rows.into_iter().flatten().map(|row| row.batch);
                    let (low, high) = (numbers.clone().min(), numbers.max());
                    let stats = json!({
                        "numRecords": file.rows,
                        "minValues": {"_batch": low}, "maxValues": {"_batch": high},
                    });
                    let part = |at: usize| {
                        let folder = file.path.split('/').nth(at).unwrap_or_default();
                        folder.split_once('=').map_or("", |(_, value)| value)
                    };
                    json!({"add": {
                        "path": file.path, "size": file.bytes, "modificationTime": 0,
                        "partitionValues": {"dataset": part(0), "day": part(1)},
                        "dataChange": true, "stats": stats.to_string(),
                        "tags": {"stele.sha256": file.sha256},
                    }})
                }
                FileChange::Remove(path) => json!({"remove": {"path": path, "dataChange": true}}),
            };
            lines.push(line.to_string());
        }
        lines.join("\n") + "\n"
    }

    /// Writes the checkpoint that Delta readers begin with, at the newest version.
    pub(crate) fn delta_checkpoint(&self, paths: &[&str]) -> Result<String, Error> {
        let name = format!("lake/events/_delta_log/{:020}.checkpoint.parquet", self.version - 1);
        self.write(&name, &delta_checkpoint(paths)?)?;
        Ok(name)
    }

    /// Makes a commit.
    pub(crate) fn commit(
        &mut self,
        reason: Reason,
        removes: &[String],
        adds: &[FileChange],
    ) -> Result<(), Error> {
        let mut changes: Vec<_> = removes.iter().cloned().map(FileChange::Remove).collect();
        changes.extend_from_slice(adds);
        let tweak = std::mem::take(&mut self.tweak);
        let version = tweak.version.unwrap_or(self.version);
        let mut text = self.delta(&changes);
        if let Some(change) = tweak.delta {
            text = change(text);
        }
        self.write(&format!("lake/events/_delta_log/{version:020}.json"), text.as_bytes())?;
        let mut commit = Commit {
            at_micros: self.now,
            table: "events".to_owned(),
            version,
            sha256: Hash::of(text.as_bytes()),
            covers: self.covers,
            reason: tweak.reason.unwrap_or(reason),
            files: tweak.parts.unwrap_or_default(),
        };
        self.entries.extend(commit.entries(&changes)?);
        self.version = version + 1;
        for path in removes {
            self.files.remove(path);
        }
        Ok(())
    }

    /// Writes what is in memory. What is in the write-ahead log stays there, and is not covered.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let rows = std::mem::take(&mut self.memory);
        self.covers += u64::from(!self.has_log);
        let add = self.file(rows)?;
        self.commit(Reason::Flush, &[], &[add])
    }

    /// The path in the table of the file with the most rows.
    pub(crate) fn largest(&self) -> Result<String, Error> {
        let largest = self.files.iter().max_by_key(|(_, rows)| rows.len());
        largest.map(|(path, _)| path.clone()).ok_or(Error::Lacks("file of the table"))
    }

    /// The files of the partition that the largest file is in, and their rows by address.
    fn partition(&self) -> Result<(Vec<String>, Vec<Row>), Error> {
        let largest = self.largest()?;
        let folder = largest.rsplit_once('/').map_or("", |(folder, _)| folder);
        let inside = self.files.iter().filter(|(path, _)| path.starts_with(folder));
        let (paths, rows): (Vec<_>, Vec<_>) = inside.unzip();
        let mut rows: Vec<Row> = rows.into_iter().flatten().cloned().collect();
        rows.sort_by_key(|row| (row.batch, row.pos));
        Ok((paths.into_iter().cloned().collect(), rows))
    }

    /// Joins the files of a partition.
    pub(crate) fn compact(&mut self) -> Result<(), Error> {
        self.compact_with_inputs(|_| {})
    }

    /// The same, by a faulty compactor: `change` is what it does to the rows. There are at least
    /// twelve.
    pub(crate) fn compact_wrongly(
        &mut self,
        change: impl FnOnce(&mut Vec<Row>),
    ) -> Result<(), Error> {
        let (removes, mut rows) = self.partition()?;
        if rows.len() < ROWS_MIN {
            return Err(Error::Lacks("partition with enough rows"));
        }
        change(&mut rows);
        let add = self.file(rows)?;
        self.commit(Reason::Compact, &removes, &[add])
    }

    /// Joins the files of a partition and puts other inputs on record than it had.
    pub(crate) fn compact_with_inputs(
        &mut self,
        change: impl FnOnce(&mut Vec<String>),
    ) -> Result<(), Error> {
        let (mut removes, rows) = self.partition()?;
        change(&mut removes);
        let add = self.file(rows)?;
        self.commit(Reason::Compact, &removes, &[add])
    }

    /// Erases the events at positions 3 and 4 of a batch, by the rules but for what is done with
    /// the rows.
    pub(crate) fn erase(&mut self, rewrite: Rewrite) -> Result<(), Error> {
        let (removes, mut rows) = self.partition()?;
        let batch = rows.first().ok_or(Error::Lacks("row in its table"))?.batch;
        let gone = |row: &Row| row.batch == batch && (3..5).contains(&row.pos);
        let seed = self.seed(batch).ok_or(Error::Lacks("seed of a batch"))?;
        let mut salts = SaltKey::from_seed(seed);
        let (mut positions, mut leaves) = (Vec::new(), Vec::new());
        for row in rows.iter().filter(|row| gone(row)) {
            let salt = salts.salt(row.pos as u32).ok_or(Error::Lacks("salt for an event"))?;
            positions.push(row.pos as u32);
            leaves.push(event_leaf(&salt, &row.raw));
        }
        if positions != [3, 4] {
            return Err(Error::Lacks("events to erase"));
        }
        let approvers = vec!["a".to_owned(), "b".to_owned()];
        let order = "o1".to_owned();
        self.act(Deed::Erase { order, approvers, batch, positions, leaves })?;
        if !(3..5).all(|position| salts.puncture(position)) {
            return Err(Error::Lacks("salts to erase"));
        }
        self.puncture(batch, &salts.to_bytes())?;
        rewrite(&mut rows, &gone);
        let add = self.file(rows)?;
        self.commit(Reason::Erase, &removes, &[add])
    }

    /// Lets the second batch of a partition expire.
    pub(crate) fn expire(&mut self, rewrite: Rewrite) -> Result<(), Error> {
        let (removes, mut rows) = self.partition()?;
        let mut batches = rows.iter().map(|row| row.batch);
        let first = batches.next();
        let batch = batches.find(|batch| Some(*batch) != first);
        let batch = batch.ok_or(Error::Lacks("second batch in a partition"))?;
        let policy = "p".to_owned();
        self.act(Deed::Expire { policy, batches: vec![(batch, batch)] })?;
        rewrite(&mut rows, &|row| row.batch == batch);
        let add = self.file(rows)?;
        self.commit(Reason::Erase, &removes, &[add])
    }
}
