//! The proof of one event, offline: from its bytes to a signed checkpoint.
//!
//! The file is a tlog-proof of the batch's entry. Its `extra` data says how to come from the
//! event's bytes to that entry: the salt gives the leaf, the inner path gives the root of the
//! batch, and the other fields of the record complete the entry. Neither the root nor the path's
//! length stand in it, for they follow from the rest.

use crate::Error;
use crate::checkpoint::Checkpoint;
use crate::hash::{HASH_BYTES, Hash, leaf_hash};
use crate::note::Note;
use crate::proof::{Leaves, prove_inclusion, root_from_path};
use crate::record::{Batch, Dropped, Parts, Record};
use crate::salt::{POSITIONS_MAX, Salt, event_leaf};
use crate::tlog_proof::{TlogProof, Trust};

/// The first byte of the extra data.
const VERSION: u8 = 1;

/// What leads from the bytes of an event to the entry of its batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventProof {
    /// The salt of the event.
    pub salt: Salt,
    /// Its position in the batch.
    pub position: u32,
    /// The record of the batch.
    pub batch: Batch,
    /// The path from the event's leaf to the root of the batch.
    pub path: Vec<Hash>,
}

/// What a proof has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenEvent {
    /// The event's position.
    pub position: u32,
    /// The record of the batch that it is in.
    pub batch: Batch,
    /// The index of that record in the ledger.
    pub index: u64,
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
}

impl EventProof {
    /// Makes the proof of an event out of the leaves of all stored events of its batch.
    pub fn new(salt: Salt, position: u32, batch: Batch, leaves: &[Hash]) -> Result<Self, Error> {
        if leaves.len() != batch.stored as usize {
            return Err(Error::Mismatch { what: "the number of leaves with the batch" });
        }
        let index = leaf_index(&batch, position)?;
        let path = prove_inclusion(index, leaves.len() as u64, &Leaves(leaves))?;
        let leaf = leaves[index as usize];
        if root_from_path(leaf, index, leaves.len() as u64, &path)? != batch.root {
            return Err(Error::Mismatch { what: "the root of the leaves with the batch" });
        }
        Ok(Self { salt, position, batch, path })
    }

    /// Completes it with the place of the batch's entry in the ledger.
    pub fn into_file(&self, index: u64, path: Vec<Hash>, checkpoint: Note) -> TlogProof {
        TlogProof { extra: Some(self.to_extra()), index, path, checkpoint }
    }

    /// Verifies a file: that an event with these bytes stands in the ledger.
    pub fn verify(file: &[u8], raw: &[u8], trust: &Trust) -> Result<ProvenEvent, Error> {
        let file = TlogProof::parse(file)?;
        let extra = file.extra.as_deref();
        let extra = extra.ok_or_else(|| Error::malformed("event proof", "no extra data"))?;
        let proof = Self::from_extra(extra, raw)?;
        let entry = Record::Batch(proof.batch.clone()).encode()?;
        let checkpoint = file.verify(leaf_hash(&entry), trust)?;
        let (position, batch) = (proof.position, proof.batch);
        Ok(ProvenEvent { position, batch, index: file.index, checkpoint })
    }

    fn to_extra(&self) -> Vec<u8> {
        let batch = &self.batch;
        let mut extra = vec![VERSION];
        extra.extend(self.salt);
        put_varint(&mut extra, self.position.into());
        put_varint(&mut extra, batch.at_micros as u64);
        put_varint(&mut extra, batch.batch as u64);
        put_varint(&mut extra, batch.dataset.len() as u64);
        extra.extend_from_slice(batch.dataset.as_bytes());
        put_varint(&mut extra, batch.positions.into());
        put_varint(&mut extra, batch.dropped.0.len() as u64);
        batch.dropped.0.iter().for_each(|number| put_varint(&mut extra, (*number).into()));
        put_varint(&mut extra, batch.receipts.count.into());
        extra.extend(batch.receipts.sha256.0);
        self.path.iter().for_each(|hash| extra.extend(hash.0));
        extra
    }

    /// Reads extra data. The batch's root is the one that the event's bytes lead to.
    fn from_extra(extra: &[u8], raw: &[u8]) -> Result<Self, Error> {
        let wrong = || Error::malformed("event proof", "its extra data is cut short or damaged");
        let mut rest = Reader(extra);
        if rest.take(1).ok_or_else(wrong)? != [VERSION] {
            let found = extra.first().copied().unwrap_or_default().to_string();
            return Err(Error::Unsupported { what: "version of an event proof", found });
        }
        let mut read = || {
            let salt = rest.take(size_of::<Salt>())?.try_into().ok()?;
            let position = rest.number()?;
            let at_micros = i64::try_from(rest.varint()?).ok()?;
            let batch = i64::try_from(rest.varint()?).ok()?;
            let dataset_bytes = rest.number()?;
            let dataset = String::from_utf8(rest.take(dataset_bytes as usize)?.to_vec()).ok()?;
            let positions = rest.number()?;
            let count = Some(rest.number()?).filter(|count| *count <= POSITIONS_MAX)?;
            let dropped = (0..count).map(|_| rest.number()).collect::<Option<_>>()?;
            let receipts = Parts { count: rest.number()?, sha256: rest.hash()? };
            let root = Hash([0; HASH_BYTES]);
            let dropped = Dropped(dropped);
            let stored = positions.checked_sub(dropped.count())?;
            let batch =
                Batch { at_micros, batch, dataset, positions, stored, dropped, root, receipts };
            Some(Self { salt, position, batch, path: Vec::new() })
        };
        let mut proof = read().ok_or_else(wrong)?;
        while !rest.0.is_empty() {
            proof.path.push(rest.hash().ok_or_else(wrong)?);
        }
        let index = leaf_index(&proof.batch, proof.position)?;
        let leaf = event_leaf(&proof.salt, raw);
        proof.batch.root = root_from_path(leaf, index, proof.batch.stored.into(), &proof.path)?;
        Ok(proof)
    }
}

fn leaf_index(batch: &Batch, position: u32) -> Result<u64, Error> {
    let (value, limit) = (position.into(), batch.positions.into());
    let outside = Error::OutOfRange { what: "position of a stored event", value, limit };
    batch.leaf_index(position).map(u64::from).ok_or(outside)
}

/// Appends a number, seven bits a byte, the lowest first.
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn hash(&mut self) -> Option<Hash> {
        self.take(HASH_BYTES).and_then(Hash::from_bytes)
    }

    /// A number in its shortest form only.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits || (byte == 0 && shift > 0) {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn number(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }
}
