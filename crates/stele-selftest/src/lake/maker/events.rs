//! Events, batches of them, and the write-ahead log.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use stele_intake::filesystem::RealFileSystem;
use stele_intake::pipeline::LEDGER_READER;
use stele_intake::wal::record::{Payload, Placement, Prepared, Receipt};
use stele_intake::wal::{Wal, WalConfig};
use stele_ledger::hash::{Hash, root_of};
use stele_ledger::record::{self, Batch, Dropped, Parts, Record, Request};
use stele_ledger::salt::{SaltKey, event_leaf, seed_commitment};
use stele_parse::format::Span;

use super::Maker;
use crate::Error;
use crate::lake::rows::{Delivered, Row, format};
use crate::lake::{FLOW_HEADER, event};

/// A request of a batch: who, which format, how many events.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) source: &'static str,
    pub(crate) format: &'static str,
    pub(crate) count: u32,
}

impl Maker {
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
    pub(crate) fn batch(&mut self, sent: &[Sent], dropped: &[u32]) -> Result<i64, Error> {
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
            let delivered = Delivered {
                format: one.format,
                source: one.source.to_owned(),
                path: None,
                zone_offset_seconds: 0,
                header: if one.format == "vpcflow" { FLOW_HEADER } else { "" }.to_owned(),
            };
            let mut duplicates = 0;
            for count in 0..one.count {
                let mut raw = event(one.format, one.source, first + u64::from(count));
                self.lengthen(&mut raw);
                if dropped.contains(&position) {
                    duplicates += 1;
                    self.dropped.push((number, position));
                } else {
                    let salt = salts.salt(position).ok_or(Error::Lacks("salt for an event"))?;
                    leaves.push(event_leaf(&salt, &raw));
                    self.memory.push(Row {
                        dataset: "main".to_owned(),
                        batch: number,
                        pos: position as i32,
                        raw,
                        received: self.now,
                        delivered: delivered.clone(),
                        conflict: false,
                        columns_of: None,
                    });
                }
                position += 1;
            }
            requests.push(Request {
                source: one.source.to_owned(),
                peer: None,
                format: one.format.to_owned(),
                parser_version: format(one.format)?.version(),
                path: None,
                zone_offset_seconds: 0,
                header: delivered.header,
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
        let entries = batch.entries(seed_commitment(&seed), &requests).or_else(|_| {
            // A writer that is wrong about its requests is wrong behind its own check.
            let (at_micros, seed) = (self.now, seed_commitment(&seed));
            let receipt = record::Receipt { at_micros, batch: number, part: 0, seed, requests };
            let receipt = Record::Receipt(receipt).encode()?;
            batch.receipts = Parts::of(&[&receipt]);
            Ok::<_, Error>(vec![receipt, Record::Batch(batch.clone()).encode()?])
        })?;
        self.entries.extend(entries);
        if let Some(parts) = tweak.parts {
            batch.receipts = parts;
            self.entries.pop();
            self.record(&Record::Batch(batch))?;
        }
        self.seeds.push((self.entries.len() as u64 - 1, number, seed));
        Ok(number)
    }

    /// What is in memory goes to the write-ahead log instead, as it was received.
    pub(crate) fn memory_to_log(&mut self) -> Result<(), Error> {
        let rows = std::mem::take(&mut self.memory);
        self.in_log.clone_from(&rows);
        self.has_log = true;
        let config = WalConfig { segment_bytes: 1 << 14, ..WalConfig::default() };
        let readers = ["store", LEDGER_READER];
        let disk = Arc::new(RealFileSystem);
        let (mut wal, _) = Wal::open(disk, &self.path("wal"), config, &readers, self.covers)?;
        let follows =
            |a: &Row, b: &Row| (a.batch, &a.delivered, a.pos + 1) == (b.batch, &b.delivered, b.pos);
        for run in rows.chunk_by(follows) {
            let delivered = &run[0].delivered;
            let receipt = Receipt {
                dataset: run[0].dataset.clone(),
                received_micros: run[0].received,
                zone_offset_seconds: delivered.zone_offset_seconds,
                format: delivered.format.to_owned(),
                format_version: format(delivered.format)?.version(),
                source: Some(delivered.source.clone()),
                peer: None,
                path: delivered.path.clone(),
                origin: None,
            };
            let mut bytes = Vec::new();
            let mut spans = Vec::new();
            for row in run {
                let start = bytes.len();
                bytes.extend_from_slice(&row.raw);
                spans.push(Span { start, end: bytes.len(), original_bytes: None });
            }
            let header = delivered.header.clone().into_bytes();
            let payload = Payload { receipt, header, spans, bytes: Bytes::from(bytes) };
            let placement = Placement {
                batch: run[0].batch,
                first_pos: run[0].pos,
                salt_seed: self.seed(run[0].batch),
            };
            let prepared = Prepared::new(&payload).map_err(std::io::Error::other)?;
            wal.append(&[prepared.place(&placement)])?;
        }
        Ok(())
    }

    /// The seed of a batch's salts.
    pub(crate) fn seed(&self, batch: i64) -> Option<[u8; 32]> {
        self.seeds.iter().find(|(_, number, _)| *number == batch).map(|(.., seed)| *seed)
    }

    /// Takes positions out of a batch's seed; `rest` is what is left of it.
    pub(crate) fn puncture(&mut self, batch: i64, rest: &[u8]) -> Result<(), Error> {
        for (_, _, seed) in self.seeds.iter_mut().filter(|(_, number, _)| *number == batch) {
            *seed = [0; 32];
        }
        self.write(&format!("lake/_ledger/1/seeds/punctured/{batch}"), rest)
    }

    /// Changes the newest seed; once more, and it is the same again.
    pub(crate) fn flip_seed(&mut self) {
        if let Some((_, _, seed)) = self.seeds.last_mut() {
            seed[31] ^= 1;
        }
    }
}

/// The bytes of an event: a cloud API call, or a line of a flow log.
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
