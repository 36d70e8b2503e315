//! What stands in the entries of a ledger.
//!
//! A record is JSON in one form only: fields in a fixed order, no spaces, nothing that is not
//! known. What is read is written again and must give the same bytes, so that there are no two
//! entries that mean the same, and no entry of which a part is ignored.
//!
//! Lists without a natural end (the requests of a batch, the files of a commit) stand in entries
//! of their own directly before the record that they belong to, which holds their number and
//! hash. So no record outgrows its entry, and the proof of one event does not show who else sent
//! what in that second.

mod act;
mod batch;
mod commit;
mod signs;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use act::{Act, Deed};
pub use batch::{Batch, Dropped, Receipt, Request};
pub use commit::{Commit, File, FileChange, Files, Reason};
pub use signs::{Audit, Beat, Extern};

use crate::Error;
use crate::entry::ENTRY_BYTES_MAX;
use crate::hash::Hash;

/// The version of records that this crate writes, and the only one that it reads.
pub const RECORD_VERSION: u64 = 1;

/// An entry of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Events that were acknowledged.
    Batch(Batch),
    /// Who sent the events of a batch.
    Receipt(Receipt),
    /// A commit to the table.
    Commit(Commit),
    /// The files of a commit.
    Files(Files),
    /// Something that was done with the server or its data.
    Act(Act),
    /// A sign of life.
    Beat(Beat),
    /// What somebody else has proven, as it was first seen.
    Extern(Extern),
    /// Events about the use of Stele itself.
    Audit(Audit),
}

impl Record {
    /// The word that its entry holds in `t`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Batch(_) => "batch",
            Self::Receipt(_) => "receipt",
            Self::Commit(_) => "commit",
            Self::Files(_) => "files",
            Self::Act(_) => "act",
            Self::Beat(_) => "beat",
            Self::Extern(_) => "extern",
            Self::Audit(_) => "audit",
        }
    }

    /// When it was made, in microseconds since the epoch.
    pub fn at_micros(&self) -> i64 {
        match self {
            Self::Batch(record) => record.at_micros,
            Self::Receipt(record) => record.at_micros,
            Self::Commit(record) => record.at_micros,
            Self::Files(record) => record.at_micros,
            Self::Act(record) => record.at_micros,
            Self::Beat(record) => record.at_micros,
            Self::Extern(record) => record.at_micros,
            Self::Audit(record) => record.at_micros,
        }
    }

    /// Its entry.
    ///
    /// # Errors
    /// Where it contradicts itself, or is longer than an entry may be.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let body = match self {
            Self::Batch(record) => record.check().and_then(|()| json(record)),
            Self::Receipt(record) => json(record),
            Self::Commit(record) => json(record),
            Self::Files(record) => json(record),
            Self::Act(record) => json(record),
            Self::Beat(record) => json(record),
            Self::Extern(record) => json(record),
            Self::Audit(record) => json(record),
        }?;
        let mut entry = format!(r#"{{"v":{RECORD_VERSION},"t":"{}","#, self.kind()).into_bytes();
        entry.extend_from_slice(&body[1..]);
        if entry.len() <= ENTRY_BYTES_MAX {
            return Ok(entry);
        }
        let bytes = entry.len();
        Err(Error::TooLong { what: "a record", bytes, bytes_max: ENTRY_BYTES_MAX })
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where its version or kind is not known, else
    /// [`Error::Malformed`] where it is not exactly what [`Record::encode`] writes.
    pub fn decode(entry: &[u8]) -> Result<Self, Error> {
        let head = || Error::malformed("record", "it does not begin with `v` and `t`");
        let text = std::str::from_utf8(entry).map_err(|_| head())?;
        let rest = text.strip_prefix(r#"{"v":"#).ok_or_else(head)?;
        let (version, rest) = rest.split_once(',').ok_or_else(head)?;
        if version != RECORD_VERSION.to_string() {
            let known = version.parse::<u64>().is_ok();
            let found = version.to_owned();
            let newer = Error::Unsupported { what: "record version", found };
            return Err(if known { newer } else { head() });
        }
        let rest = rest.strip_prefix(r#""t":""#).ok_or_else(head)?;
        let (kind, rest) = rest.split_once(r#"","#).ok_or_else(head)?;
        let body = format!("{{{rest}");
        let record = match kind {
            "batch" => Self::Batch(from_json(&body)?),
            "receipt" => Self::Receipt(from_json(&body)?),
            "commit" => Self::Commit(from_json(&body)?),
            "files" => Self::Files(from_json(&body)?),
            "act" => Self::Act(from_json(&body)?),
            "beat" => Self::Beat(from_json(&body)?),
            "extern" => Self::Extern(from_json(&body)?),
            "audit" => Self::Audit(from_json(&body)?),
            other => {
                let found = other.to_owned();
                return Err(Error::Unsupported { what: "kind of record", found });
            }
        };
        if record.encode()? == entry {
            return Ok(record);
        }
        Err(Error::malformed("record", "it is not written in the one form that there is"))
    }
}

fn json(record: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(record).map_err(|error| Error::malformed("record", error.to_string()))
}

fn from_json<T: DeserializeOwned>(body: &str) -> Result<T, Error> {
    serde_json::from_str(body).map_err(|error| Error::malformed("record", error.to_string()))
}

/// The list entries that stand directly before a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// How many there are.
    #[serde(rename = "n")]
    pub count: u32,
    /// SHA-256 over all of them, one after the other.
    pub sha256: Hash,
}

impl Parts {
    /// Those of some entries.
    pub fn of<E: AsRef<[u8]>>(entries: &[E]) -> Self {
        let parts: Vec<_> = entries.iter().map(AsRef::as_ref).collect();
        Self { count: entries.len() as u32, sha256: Hash::of_parts(&parts) }
    }
}

impl Default for Parts {
    /// No entries.
    fn default() -> Self {
        Self::of::<&[u8]>(&[])
    }
}

/// Spreads a list over as few entries as hold it in order.
fn spread<T: Serialize + Clone>(
    items: &[T],
    make: impl Fn(u32, Vec<T>) -> Record,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut entries = Vec::new();
    let mut rest = items;
    while !rest.is_empty() {
        let part = entries.len() as u32;
        let mut bytes = make(part, Vec::new()).encode()?.len();
        let mut count = 0;
        for item in rest {
            // One more for the comma.
            bytes += json(item)?.len() + 1;
            if bytes > ENTRY_BYTES_MAX && count > 0 {
                break;
            }
            count += 1;
        }
        let (now, later) = rest.split_at(count);
        entries.push(make(part, now.to_vec()).encode()?);
        rest = later;
    }
    Ok(entries)
}
