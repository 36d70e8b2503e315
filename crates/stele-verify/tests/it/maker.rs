//! Makes a data folder as `docs/ledger.md` says, with whatever is wrong in it that a test wants.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use stele_intake::filesystem::RealFileSystem;
use stele_intake::wal::record::{Payload, Placement, Prepared, Receipt};
use stele_intake::wal::{Wal, WalConfig};
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::{Hash, root_of};
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer, VerifierKey};
use stele_ledger::note::Note;
use stele_ledger::proof::TreeHead;
use stele_ledger::record::{
    Act, Batch, Beat, Commit, Deed, Dropped, File, FileChange, Parts, Reason, Record, Request,
};
use stele_ledger::salt::{SaltKey, event_leaf, seed_commitment};
use stele_ledger::tile::Tile;
use stele_ledger::tree::Log;
use stele_parse::format::Span;
use stele_verify::lake::{Options, Report, verify};

use crate::parquet_file::{Row, parquet, record_batch};

pub(crate) const ORIGIN: &str = "stele-01020304/1";
pub(crate) const DAY: &str = "2026-07-22";
pub(crate) const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
                                 protocol packets bytes start end action log-status";

/// The key of the log.
pub(crate) fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, Algorithm::Ed25519, &[1; 32]).unwrap()
}

/// A key that the log has announced, or somebody else's.
pub(crate) fn other_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, Algorithm::Ed25519, &[2; 32]).unwrap()
}

/// Options for the key, that wait for nothing and derive every row.
pub(crate) fn options() -> Options {
    let keys: Vec<VerifierKey> = vec![signer().key().clone()];
    Options { wait_ms_max: 0, depth: stele_verify::lake::Depth::Deep, ..Options::new(keys) }
}

/// Requests of a batch: who, which format, how many events.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) source: &'static str,
    pub(crate) format: &'static str,
    pub(crate) count: u32,
}

/// The maker; everything that it writes next can be changed before.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    pub(crate) root: PathBuf,
    pub(crate) now: i64,
    pub(crate) log: Log,
    /// Every entry so far.
    pub(crate) entries: Vec<Vec<u8>>,
    published: usize,
    pub(crate) next_batch: i64,
    pub(crate) next_of: BTreeMap<String, u64>,
    seeds: Vec<(u64, i64, [u8; 32])>,
    /// What is in no file yet.
    pub(crate) memory: Vec<Row>,
    /// What went to the write-ahead log last.
    pub(crate) in_log: Vec<Row>,
    /// The rows of each file of the table.
    pub(crate) files: BTreeMap<String, Vec<Row>>,
    pub(crate) facts: BTreeMap<String, File>,
    pub(crate) version: u64,
    pub(crate) covers: u64,
    pub(crate) run: String,
    pub(crate) beats: u64,
    names: u64,
    pub(crate) row_group_rows: usize,
    /// Events are at least this long.
    pub(crate) raw_bytes_min: usize,
    /// Changes the next thing that is written; see where they are used.
    pub(crate) tweak: Tweak,
}

/// What a faulty writer does wrong, once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tweak {
    pub(crate) first: Option<u64>,
    pub(crate) duplicates: Option<u32>,
    pub(crate) parts: Option<Parts>,
    pub(crate) root: Option<Hash>,
    pub(crate) version: Option<u64>,
    pub(crate) reason: Option<Reason>,
    pub(crate) rows: Option<u64>,
    pub(crate) delta: Option<fn(String) -> String>,
    pub(crate) dataset: Option<&'static str>,
    pub(crate) day: Option<&'static str>,
    pub(crate) parquet: Option<fn(Vec<u8>) -> Vec<u8>>,
    /// Bytes of the next Parquet file that are replaced before it is recorded.
    pub(crate) splice: Vec<(usize, u8)>,
    pub(crate) drop_column: Option<&'static str>,
}

impl Maker {
    pub(crate) fn new(root: &Path) -> Self {
        let mut maker = Self {
            root: root.to_owned(),
            // 2026-07-22T08:00:00Z
            now: 1_784_707_200_000_000,
            log: Log::default(),
            entries: Vec::new(),
            published: 0,
            next_batch: (1 << 40) + 1,
            next_of: BTreeMap::new(),
            seeds: Vec::new(),
            memory: Vec::new(),
            in_log: Vec::new(),
            files: BTreeMap::new(),
            facts: BTreeMap::new(),
            version: 0,
            covers: 0,
            run: String::new(),
            beats: 0,
            names: 0,
            row_group_rows: 1 << 20,
            raw_bytes_min: 0,
            tweak: Tweak::default(),
        };
        maker.write("README.md", signer().key().to_string().as_bytes());
        maker.start("r1");
        maker.commit(Reason::Schema, &[], &[]);
        maker
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn ledger(&self, name: &str) -> PathBuf {
        self.root.join("lake/_ledger/1").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn record(&mut self, record: &Record) {
        self.entries.push(record.encode().unwrap());
    }

    pub(crate) fn tick(&mut self, seconds: i64) {
        self.now += seconds * 1_000_000;
    }

    pub(crate) fn act(&mut self, deed: Deed) {
        let act = Act { at_micros: self.now, by: "stele".to_owned(), deed };
        self.record(&Record::Act(act));
    }

    pub(crate) fn start(&mut self, run: &str) {
        (self.run, self.beats) = (run.to_owned(), 0);
        self.act(Deed::Start { run: run.to_owned(), version: "0.1.0".to_owned() });
    }

    pub(crate) fn stop(&mut self) {
        self.act(Deed::Stop { run: self.run.clone() });
    }

    pub(crate) fn beat(&mut self) {
        self.beats += 1;
        let beat = Beat {
            at_micros: self.now,
            run: self.run.clone(),
            beat: self.beats,
            events: 0,
            sequence: self.covers,
            backlog_bytes: 0,
            version: self.version,
        };
        self.record(&Record::Beat(beat));
    }

    /// The bytes of an event.
    pub(crate) fn raw(format: &str, number: u64) -> Vec<u8> {
        if format == "vpcflow" {
            let (port, start) = (1_024 + number % 60_000, 1_784_700_000 + number);
            let text = format!(
                "2 123456789012 eni-0a1b2c3d 192.0.2.7 198.51.100.9 {port} 443 6 3 {number} \
                 {start} {} ACCEPT OK",
                start + 60
            );
            return text.into_bytes();
        }
        let second = number % 60;
        let event = json!({
            "eventVersion": "1.08",
            "userIdentity": {"type": "IAMUser", "userName": format!("user{}", number % 7)},
            "eventTime": format!("2026-07-22T07:00:{second:02}Z"),
            "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.9",
            "requestParameters": {"bucketName": "b", "key": format!("k{number}")},
            "eventID": format!("00000000-0000-4000-8000-{number:012}"),
            "eventType": "AwsApiCall", "recipientAccountId": "123456789012",
        });
        event.to_string().into_bytes()
    }

    /// Makes a cloud API call as long as is asked for, with more of what such calls have.
    fn lengthen(&self, raw: &mut Vec<u8>) {
        let mut count = 0_u64;
        while raw.len() < self.raw_bytes_min {
            raw.pop();
            let hash = Hash::of(raw).to_string();
            raw.extend(format!(",\"more{count}\":\"{}\"}}", &hash[..40]).into_bytes());
            count += 1;
        }
    }

    /// Acknowledges a batch; its rows go to memory. Gives its number.
    pub(crate) fn batch(&mut self, sent: &[Sent], dropped: &[u32]) -> i64 {
        let tweak = std::mem::take(&mut self.tweak);
        let number = self.next_batch;
        self.next_batch += 1;
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let salts = SaltKey::from_seed(seed);
        let (mut requests, mut leaves, mut position) = (Vec::new(), Vec::new(), 0);
        for one in sent {
            let next = self.next_of.entry(one.source.to_owned()).or_default();
            let first = tweak.first.unwrap_or(*next);
            *next += u64::from(one.count);
            let header = if one.format == "vpcflow" { HEADER } else { "" };
            let mut duplicates = 0;
            for count in 0..one.count {
                let event = first + u64::from(count) + 1_000 * u64::from(one.source.len() as u32);
                let mut raw = Self::raw(one.format, event);
                self.lengthen(&mut raw);
                if dropped.contains(&position) {
                    duplicates += 1;
                } else {
                    leaves.push(event_leaf(&salts.salt(position).unwrap(), &raw));
                    self.memory.push(Row {
                        batch: number,
                        pos: position as i32,
                        raw,
                        received: self.now,
                        format: one.format,
                        source: one.source.to_owned(),
                        header: header.as_bytes().to_vec(),
                        columns_of: None,
                    });
                }
                position += 1;
            }
            requests.push(Request {
                source: one.source.to_owned(),
                peer: None,
                format: one.format.to_owned(),
                parser_version: stele_parse::formats::by_id(one.format).unwrap().version(),
                path: None,
                zone_offset_seconds: 0,
                header: header.to_owned(),
                first,
                count: one.count,
                duplicates: tweak.duplicates.unwrap_or(duplicates),
                received_first_micros: self.now,
                received_last_micros: self.now,
                sha256: None,
            });
        }
        let mut batch = Batch {
            at_micros: self.now,
            batch: number,
            dataset: "main".to_owned(),
            positions: position,
            stored: leaves.len() as u32,
            dropped: Dropped::from_positions(dropped.iter().copied()),
            root: tweak.root.unwrap_or_else(|| root_of(&leaves)),
            receipts: Parts::default(),
        };
        // A writer that is wrong about its requests is wrong behind its own check.
        let entries = batch.entries(seed_commitment(&seed), &requests);
        let mut entries = entries.unwrap_or_else(|_| {
            let receipt = stele_ledger::record::Receipt {
                at_micros: self.now,
                batch: number,
                part: 0,
                seed: seed_commitment(&seed),
                requests,
            };
            let receipt = Record::Receipt(receipt).encode().unwrap();
            batch.receipts = Parts::of(&[&receipt]);
            vec![receipt, Record::Batch(batch.clone()).encode().unwrap()]
        });
        if let Some(parts) = tweak.parts {
            batch.receipts = parts;
            *entries.last_mut().unwrap() = Record::Batch(batch).encode().unwrap();
        }
        self.entries.extend(entries);
        self.seeds.push((self.entries.len() as u64 - 1, number, seed));
        number
    }

    /// Writes rows as a file of the table.
    pub(crate) fn file(&mut self, mut rows: Vec<Row>) -> FileChange {
        self.names += 1;
        let day = self.tweak.day.unwrap_or(DAY);
        let dataset = self.tweak.dataset.unwrap_or("main");
        let path = format!("dataset={dataset}/day={day}/part-{:04}.parquet", self.names);
        rows.sort_by_key(|row| (row.raw.len() % 3, row.batch, row.pos));
        let mut batch = record_batch(&rows);
        if let Some(name) = self.tweak.drop_column {
            batch.remove_column(batch.schema().index_of(name).unwrap());
        }
        let mut bytes = parquet(&batch, self.row_group_rows);
        if let Some(change) = self.tweak.parquet {
            bytes = change(bytes);
        }
        for (at, byte) in &self.tweak.splice {
            let at = at % bytes.len();
            bytes[at] = *byte;
        }
        self.write(&format!("lake/events/{path}"), &bytes);
        let file = File {
            path: path.clone(),
            sha256: Hash::of(&bytes),
            bytes: bytes.len() as u64,
            rows: self.tweak.rows.unwrap_or(rows.len() as u64),
        };
        self.files.insert(path.clone(), rows);
        self.facts.insert(path, file.clone());
        FileChange::Add(file)
    }

    fn delta(&self, changes: &[FileChange]) -> String {
        let mut lines = vec![json!({"commitInfo": {"timestamp": self.now / 1_000}}).to_string()];
        for change in changes {
            let line = match change {
                FileChange::Add(file) => {
                    let numbers = self.files[&file.path].iter().map(|row| row.batch);
                    let (low, high) = (numbers.clone().min(), numbers.max());
                    let stats = json!({
                        "numRecords": file.rows,
                        "minValues": {"_batch": low}, "maxValues": {"_batch": high},
                    });
                    let part = |at: usize| {
                        let folder = file.path.split('/').nth(at).unwrap();
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
    pub(crate) fn delta_checkpoint(&self, paths: &[&str]) -> String {
        let name = format!("lake/events/_delta_log/{:020}.checkpoint.parquet", self.version - 1);
        self.write(&name, &crate::parquet_file::delta_checkpoint(paths));
        name
    }

    /// Makes a commit.
    pub(crate) fn commit(&mut self, reason: Reason, removes: &[String], adds: &[FileChange]) {
        let mut changes: Vec<_> = removes.iter().cloned().map(FileChange::Remove).collect();
        changes.extend_from_slice(adds);
        let tweak = std::mem::take(&mut self.tweak);
        let version = tweak.version.unwrap_or(self.version);
        let mut text = self.delta(&changes);
        if let Some(change) = tweak.delta {
            text = change(text);
        }
        self.write(&format!("lake/events/_delta_log/{version:020}.json"), text.as_bytes());
        let mut commit = Commit {
            at_micros: self.now,
            table: "events".to_owned(),
            version,
            sha256: Hash::of(text.as_bytes()),
            covers: self.covers,
            reason: tweak.reason.unwrap_or(reason),
            files: tweak.parts.unwrap_or_default(),
        };
        self.entries.extend(commit.entries(&changes).unwrap());
        self.version = version + 1;
        for path in removes {
            self.files.remove(path);
        }
    }

    /// Writes what is in memory.
    pub(crate) fn flush(&mut self) {
        let rows = std::mem::take(&mut self.memory);
        self.covers += 1;
        let add = self.file(rows);
        self.commit(Reason::Flush, &[], &[add]);
    }

    /// Joins all files; `change` is what a faulty compactor does to the rows.
    pub(crate) fn compact(&mut self, change: impl FnOnce(&mut Vec<Row>)) {
        let removes: Vec<String> = self.files.keys().cloned().collect();
        let mut rows: Vec<Row> = self.files.values().flatten().cloned().collect();
        rows.sort_by_key(|row| (row.batch, row.pos));
        change(&mut rows);
        let add = self.file(rows);
        self.commit(Reason::Compact, &removes, &[add]);
    }

    /// What is in memory goes to the write-ahead log instead, as it was received.
    pub(crate) fn memory_to_log(&mut self) {
        let rows = std::mem::take(&mut self.memory);
        self.in_log.clone_from(&rows);
        let config = WalConfig { segment_bytes: 1 << 14, ..WalConfig::default() };
        let disk = Arc::new(RealFileSystem);
        let (mut wal, _) = Wal::open(disk, &self.path("wal"), config, &["store"], 0).unwrap();
        let follows =
            |a: &Row, b: &Row| (a.batch, &a.source, a.pos + 1) == (b.batch, &b.source, b.pos);
        for run in rows.chunk_by(follows) {
            let receipt = Receipt {
                dataset: "main".to_owned(),
                received_micros: run[0].received,
                zone_offset_seconds: 0,
                format: run[0].format.to_owned(),
                format_version: 1,
                source: Some(run[0].source.clone()),
                peer: None,
                path: None,
                origin: None,
            };
            let mut bytes = Vec::new();
            let mut spans = Vec::new();
            for row in run {
                let start = bytes.len();
                bytes.extend_from_slice(&row.raw);
                spans.push(Span { start, end: bytes.len(), original_bytes: None });
            }
            let header = run[0].header.clone();
            let payload = Payload { receipt, header, spans, bytes: Bytes::from(bytes) };
            let seed = self.seeds.iter().find(|(_, batch, _)| *batch == run[0].batch);
            let placement = Placement {
                batch: run[0].batch,
                first_pos: run[0].pos,
                salt_seed: seed.map(|(.., seed)| *seed),
            };
            wal.append(&[Prepared::new(&payload).unwrap().place(&placement)]).unwrap();
        }
    }

    /// The head over everything that was recorded.
    pub(crate) fn head(&self) -> TreeHead {
        TreeHead { size: self.log.size(), root: self.log.root() }
    }

    pub(crate) fn note(&self, signer: &dyn Signer) -> Note {
        Checkpoint::new(ORIGIN, self.head()).sign(signer).unwrap()
    }

    /// Takes positions out of a batch's seed; `rest` is what is left of it.
    pub(crate) fn puncture(&mut self, batch: i64, rest: &[u8]) {
        let seed = self.seeds.iter_mut().find(|(_, number, _)| *number == batch);
        seed.unwrap().2 = [0; 32];
        self.write(&format!("lake/_ledger/1/seeds/punctured/{batch}"), rest);
    }

    /// Changes the newest seed, and back.
    pub(crate) fn other_seed(&mut self) {
        self.seeds.last_mut().unwrap().2[31] ^= 1;
    }

    pub(crate) fn same_seed(&mut self) {
        self.other_seed();
    }

    /// Writes the whole ledger anew.
    pub(crate) fn publish_all(&mut self) {
        let _ = fs::remove_dir_all(self.ledger("tile"));
        self.published = 0;
        self.publish();
    }

    /// Writes entries, tiles and seeds, and signs a checkpoint.
    pub(crate) fn publish(&mut self) {
        self.publish_by(&signer());
    }

    pub(crate) fn publish_by(&mut self, signer: &dyn Signer) {
        let new = self.entries[self.published..].to_vec();
        self.published = self.entries.len();
        for write in self.log.append(&new).unwrap() {
            self.write(&format!("lake/_ledger/1/{}", write.tile), &write.bytes);
        }
        let mut files: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (index, batch, seed) in &self.seeds {
            let bytes = files.entry(index / 256).or_default();
            bytes.extend(batch.to_le_bytes());
            bytes.extend(seed);
        }
        for (bundle, bytes) in files {
            let name = Tile::entries(bundle, 256).to_string();
            let name = name.trim_start_matches("tile/entries/");
            self.write(&format!("lake/_ledger/1/seeds/{name}"), &bytes);
        }
        self.write("lake/_ledger/1/writer-state.json", b"{}");
        self.write("lake/_ledger/1/checkpoint", self.note(signer).to_string().as_bytes());
    }

    /// Keeps the checkpoint.
    pub(crate) fn archive(&self) {
        let note = fs::read(self.ledger("checkpoint")).unwrap();
        self.write(&format!("lake/_ledger/1/archive/{}", self.log.size()), &note);
    }

    /// The same, in another folder.
    pub(crate) fn copy_to(&self, root: &Path) -> Self {
        for entry in walkdir::WalkDir::new(&self.root) {
            let entry = entry.unwrap();
            let to = root.join(entry.path().strip_prefix(&self.root).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
        Self { root: root.to_owned(), ..self.clone() }
    }

    pub(crate) fn verify(&self, options: &Options) -> Report {
        verify(&self.root, options, &|_| {}).unwrap()
    }
}

/// Requests of the two usual sources.
pub(crate) fn sent(trail: u32, flows: u32) -> Vec<Sent> {
    vec![
        Sent { source: "trail", format: "cloudtrail", count: trail },
        Sent { source: "flows", format: "vpcflow", count: flows },
    ]
}

/// A folder with a bit of everything: flushes, a compaction, an empty batch, dropped duplicates,
/// a restart, and events that are only in the write-ahead log.
pub(crate) fn standard(root: &Path) -> Maker {
    let mut maker = Maker::new(root);
    maker.batch(&sent(20, 12), &[]);
    maker.tick(1);
    maker.batch(&sent(9, 5), &[2, 3, 9]);
    maker.tick(29);
    maker.beat();
    maker.flush();
    maker.publish();
    maker.archive();
    maker.batch(&[], &[]);
    maker.batch(&sent(30, 0), &[]);
    maker.flush();
    maker.tick(50);
    maker.beat();
    maker.compact(|_| {});
    maker.stop();
    maker.publish();
    maker.archive();
    maker.tick(600);
    maker.start("r2");
    maker.batch(&sent(4, 40), &[7]);
    maker.flush();
    maker.tick(45);
    maker.beat();
    maker.batch(&sent(6, 6), &[]);
    maker.memory_to_log();
    maker.publish();
    maker
}
