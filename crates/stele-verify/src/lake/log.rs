//! What is in the write-ahead log and not in the table yet.

use stele_intake::wal::record::{self, Payload, Placement, Record};
use stele_intake::wal::scan;
use stele_ledger::salt::{event_leaf, seed_commitment};

use super::Context;
use super::finding::{Finding, Kind};
use super::gather::Gathering;
use super::history::History;

/// The folder of the write-ahead log.
const FOLDER: &str = "wal";

/// How many events were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Events of recorded batches that were in no file.
    pub(super) events: u64,
    /// Events of batches that are not recorded yet.
    unrecorded: u64,
    pub(super) bytes: u64,
    /// A segment whose end cannot be read.
    pub(super) torn: Option<String>,
}

/// Reads the write-ahead log.
pub(super) fn read(ctx: &Context<'_>, history: &History, gathering: &Gathering) -> Found {
    let mut found = Found::default();
    let result = scan(&ctx.place.path(FOLDER), &mut |path, sequence, body| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{FOLDER}/{name}");
        match record::decode(body) {
            Ok(Record::Append(placement, payload)) => {
                append(ctx, history, gathering, &name, placement, &payload, &mut found);
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
            found.bytes = scan.bytes;
            let torn = scan.torn.first().and_then(|torn| torn.path.file_name());
            found.torn = torn.map(|name| format!("{FOLDER}/{}", name.to_string_lossy()));
            ctx.advance(scan.bytes);
            for damage in scan.recovery.damage {
                let name = damage.path.file_name().unwrap_or_default().to_string_lossy();
                let finding = Finding::new(Kind::WalDamaged).object(format!("{FOLDER}/{name}"));
                let (first, last) = damage.missing;
                let finding = finding.record(format!("sequence {first} to {last}"));
                let detail = format!("{} bytes from {} on", damage.bytes, damage.offset);
                ctx.findings.find(finding.detail(detail));
            }
        }
        Err(error) => {
            let finding = Finding::new(Kind::Unreadable).object(FOLDER);
            ctx.findings.find(finding.detail(error.to_string()));
        }
    }
    if found.unrecorded > 0 {
        let finding = Finding::new(Kind::WalUnrecorded).object(FOLDER);
        ctx.findings.find(finding.detail(format!("{} events", found.unrecorded)));
    }
    found
}

fn append(
    ctx: &Context<'_>,
    history: &History,
    gathering: &Gathering,
    name: &str,
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
    let erased = history.erased.get(&placement.batch);
    let first = i64::from(placement.first_pos);
    let mut events = Vec::new();
    for (span, position) in payload.spans.iter().zip(first..) {
        let Ok(position) = u32::try_from(position) else { continue };
        // Events that were dropped as duplicates are in the log all the same.
        let Some(index) = batch.leaf_index(position) else { continue };
        if gathering.has(at, index) || erased.is_some_and(|one| one.contains_key(&position)) {
            continue;
        }
        let Some(raw) = payload.bytes.get(span.start..span.end) else { continue };
        let salt = batch.salts.as_ref().and_then(|salts| salts.salt(position));
        events.push((position, index, salt.map(|salt| event_leaf(&salt, raw))));
    }
    found.events += events.len() as u64;
    // What comes twice in the log comes from a second reading of it.
    gathering.take(ctx, history, at, name, &events, &mut |_, _| {});
}
