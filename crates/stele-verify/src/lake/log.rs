//! What is in the write-ahead log and not in the table yet.
//!
//! The log is read before the table: what a server moves from one to the other meanwhile is seen
//! here. Of each event only its leaf is kept, 32 bytes, until the table has been read.

use stele_intake::wal::record::{self, Payload, Placement, Record};
use stele_intake::wal::scan;
use stele_ledger::hash::Hash;
use stele_ledger::salt::{event_leaf, seed_commitment};

use super::Context;
use super::finding::{Finding, Kind};
use super::gather::Gathering;
use super::history::History;

/// Events of one payload.
#[derive(Debug)]
struct Run {
    /// Its number in the log.
    sequence: u64,
    /// Its batch, among all.
    at: u32,
    /// The segment.
    name: String,
    /// Of each event its position, its place among the stored, and its leaf.
    events: Vec<(u32, u32, Option<Hash>)>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    runs: Vec<Run>,
    /// Events of batches that are not recorded yet.
    unrecorded: u64,
    /// A segment whose end cannot be read.
    pub(super) torn: Option<String>,
    /// Whether it could not be read as a whole.
    pub(super) is_unread: bool,
}

impl Found {
    /// Adds what was in no file and need not be; gives the number of these events. What the last
    /// commit says it has moved into the table must be there: the log does not make up for it, for
    /// it is about to be shortened.
    pub(super) fn give(&self, ctx: &Context<'_>, history: &History, gathering: &Gathering) -> u64 {
        let mut count = 0;
        let covers = history.commits.covers;
        for Run { at, name, events, .. } in self.runs.iter().filter(|run| run.sequence > covers) {
            let batch = history.batches[*at as usize].record.batch;
            let erased = history.erased.get(&batch);
            let is_new = |(position, index, _): &&(u32, u32, Option<Hash>)| {
                let erased = erased.is_some_and(|erased| erased.contains_key(position));
                !erased && !gathering.has(*at, *index)
            };
            let new: Vec<_> = events.iter().filter(is_new).copied().collect();
            count += new.len() as u64;
            gathering.take(ctx, history, *at, name, &new, &mut |_, _| {});
        }
        count
    }
}

/// Reads the write-ahead log.
pub(super) fn read(ctx: &Context<'_>, history: &History) -> Found {
    let mut found = Found::default();
    let log = ctx.place.log();
    let unread = |object: &str, reason: String| {
        ctx.findings.find(Finding::new(Kind::Unreadable).object(object).detail(reason));
    };
    let folder = match ctx.place.log_folder() {
        Ok(folder) => folder,
        Err((object, error)) => {
            unread(&object, error.to_string());
            return Found { is_unread: true, ..found };
        }
    };
    let result = scan(folder.path(), &mut |path, sequence, body| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{log}/{name}");
        match record::decode(body) {
            Ok(Record::Append(placement, payload)) => {
                let place = (sequence, &name[..]);
                append(ctx, history, place, placement, &payload, &mut found);
            }
            Ok(Record::Close { .. }) => {}
            Err(error) => {
                let finding = Finding::new(Kind::WalDamaged).object(&name);
                let finding = finding.record(format!("sequence {sequence}"));
                ctx.findings.find(finding.detail(error.to_string()));
            }
        }
    });
    match result {
        Ok(scan) => {
            let torn = scan.torn.first().and_then(|torn| torn.path.file_name());
            found.torn = torn.map(|name| format!("{log}/{}", name.to_string_lossy()));
            ctx.advance(scan.bytes);
            for damage in scan.recovery.damage {
                let name = damage.path.file_name().unwrap_or_default().to_string_lossy();
                let finding = Finding::new(Kind::WalDamaged).object(format!("{log}/{name}"));
                let (first, last) = damage.missing;
                let finding = finding.record(format!("sequence {first} to {last}"));
                let detail = format!("{} bytes from {} on", damage.bytes, damage.offset);
                ctx.findings.find(finding.detail(detail));
            }
        }
        Err(error) => {
            unread(&log, error.to_string());
            found.is_unread = true;
        }
    }
    if found.unrecorded > 0 {
        let finding = Finding::new(Kind::WalUnrecorded).object(log);
        ctx.findings.find(finding.detail(format!("{} events", found.unrecorded)));
    }
    found
}

fn append(
    ctx: &Context<'_>,
    history: &History,
    (sequence, name): (u64, &str),
    placement: Placement,
    payload: &Payload,
    found: &mut Found,
) {
    let Some(&at) = history.by_number.get(&placement.batch) else {
        found.unrecorded += payload.spans.len() as u64;
        return;
    };
    let batch = &history.batches[at as usize];
    let commitment = placement.salt_seed.map(|seed| seed_commitment(&seed));
    if commitment.is_some() && batch.commitment.is_some() && commitment != batch.commitment {
        let finding = Finding::new(Kind::SeedDiffers).object(name);
        ctx.findings.find(finding.record(format!("batch {}", placement.batch)));
    }
    let first = i64::from(placement.first_pos);
    let mut events = Vec::with_capacity(payload.spans.len());
    for (span, position) in payload.spans.iter().zip(first..) {
        let Ok(position) = u32::try_from(position) else { continue };
        // Events that were dropped as duplicates are in the log all the same.
        let Some(index) = batch.leaf_index(position) else { continue };
        let Some(raw) = payload.bytes.get(span.start..span.end) else { continue };
        let salt = batch.salts.as_ref().and_then(|salts| salts.salt(position));
        events.push((position, index, salt.map(|salt| event_leaf(&salt, raw))));
    }
    found.runs.push(Run { sequence, at, name: name.to_owned(), events });
}
