//! The seeds of salts, against what the receipts commit to.

use std::io;

use stele_ledger::hash::{HASH_BYTES, Hash};
use stele_ledger::salt::{SaltKey, seed_commitment};
use stele_ledger::seeds::{SEED_RECORD_BYTES, seeds_name};
use stele_ledger::tile::TILE_WIDTH;

use super::Context;
use super::finding::{Finding, Kind};
use super::history::{BatchState, History};

/// The rest of a punctured seed is not longer than a node for every position.
const PUNCTURED_BYTES_MAX: u64 = 16_384 * 35;

/// Reads the seeds of all batches.
pub(super) fn load(ctx: &Context<'_>, history: &mut History) {
    let wide = u64::from(TILE_WIDTH);
    ctx.place.expect_below(ctx, &ctx.place.ledger("seeds/"));
    let mut rest = &mut history.batches[..];
    while let Some(first) = rest.first() {
        let bundle = first.index / wide;
        let count = rest.iter().take_while(|batch| batch.index / wide == bundle).count();
        let (now, later) = rest.split_at_mut(count);
        rest = later;
        let name = ctx.place.ledger(&seeds_name(bundle));
        let bytes = match ctx.place.read(&name, wide * SEED_RECORD_BYTES as u64) {
            Ok(bytes) => bytes,
            Err(error) => {
                let is_longer = error.kind() == io::ErrorKind::FileTooLarge;
                let kind = if is_longer { Kind::SeedDiffers } else { Kind::Unreadable };
                let finding = Finding::new(kind).object(&name);
                ctx.findings.find(finding.detail(error.to_string()));
                continue;
            }
        };
        let Some(bytes) = bytes else {
            ctx.findings.find(Finding::new(Kind::SeedMissing).object(&name));
            continue;
        };
        if bytes.len() % SEED_RECORD_BYTES != 0 {
            let detail =
                format!("it has {} bytes, no multiple of {SEED_RECORD_BYTES}", bytes.len());
            ctx.findings.find(Finding::new(Kind::SeedDiffers).object(&name).detail(detail));
        }
        let mut seeds = bytes.chunks_exact(SEED_RECORD_BYTES);
        for batch in now {
            batch.salts = one(ctx, &name, batch, seeds.next());
        }
    }
}

fn one(ctx: &Context<'_>, name: &str, batch: &BatchState, bytes: Option<&[u8]>) -> Option<SaltKey> {
    let number = batch.record.batch;
    let find = |name: &str, kind: Kind, detail: &str| {
        let finding = Finding::new(kind).object(name).record(format!("batch {number}"));
        ctx.findings.find(finding.detail(detail));
        None
    };
    let Some((found, seed)) = bytes.and_then(<[u8]>::split_first_chunk::<8>) else {
        return find(name, Kind::SeedMissing, "the file ends before it");
    };
    if i64::from_le_bytes(*found) != number {
        return find(name, Kind::SeedDiffers, "another batch stands in its place");
    }
    let Some(Hash(seed)) = Hash::from_bytes(seed) else {
        return find(name, Kind::SeedMissing, "the file ends in it");
    };
    if seed != [0; HASH_BYTES] {
        let fits = batch.commitment.is_none_or(|commitment| seed_commitment(&seed) == commitment);
        if !fits {
            return find(name, Kind::SeedDiffers, "");
        }
        return Some(SaltKey::from_seed(seed));
    }
    let name = ctx.place.ledger(&format!("seeds/punctured/{number}"));
    match ctx.place.read(&name, PUNCTURED_BYTES_MAX) {
        Ok(Some(bytes)) => match SaltKey::from_bytes(&bytes) {
            Ok(key) => Some(key),
            Err(error) => find(&name, Kind::SeedDiffers, &error.to_string()),
        },
        Ok(None) => find(&name, Kind::SeedMissing, "the rest of a punctured seed"),
        Err(error) => find(&name, Kind::Unreadable, &error.to_string()),
    }
}
