//! Erasure and expiry: what was to go stays, what was to stay goes, what was gone comes back.

use stele_verify::lake::Kind;

use super::{Done, Unclassed, writer};
use crate::lake::maker::Maker;
use crate::lake::rows::Row;

fn properly(rows: &mut Vec<Row>, gone: &dyn Fn(&Row) -> bool) {
    rows.retain(|row| !gone(row));
}

/// A compaction that writes again what was there before.
fn come_back(maker: &mut Maker, before: &[Row]) -> Done {
    maker.compact_wrongly(|rows| {
        let here = |row: &&Row| rows.iter().any(|r| (r.batch, r.pos) == (row.batch, row.pos));
        let dataset = rows[0].dataset.clone();
        let back = before.iter().filter(|row| row.dataset == dataset && !here(row)).cloned();
        let back: Vec<Row> = back.collect();
        rows.extend(back);
    })
}

pub(super) const CASES: &[Unclassed] = &[
    writer("an erased event that stays", Kind::RowErased, |maker| maker.erase(|_, _| {})),
    writer("another event erased with it", Kind::RowMissing, |maker| {
        maker.erase(|rows, gone| {
            properly(rows, gone);
            rows.remove(0);
        })
    }),
    writer("an erased event that comes back", Kind::RowErased, |maker| {
        let before: Vec<Row> = maker.files.values().flatten().cloned().collect();
        maker.erase(properly)?;
        come_back(maker, &before)
    }),
    writer("the seed of an erased event kept", Kind::SeedDiffers, |maker| {
        let first = maker.files.values().flatten().map(|row| row.batch).min();
        let seed = first.and_then(|batch| maker.seed(batch)).unwrap_or_default();
        maker.erase(properly)?;
        maker.puncture(first.unwrap_or_default(), &seed)
    }),
    writer("what is left of a punctured seed lost", Kind::SeedMissing, |maker| {
        maker.erase(properly)?;
        Ok(std::fs::remove_dir_all(maker.ledger("seeds/punctured"))?)
    }),
    writer("what is left of a punctured seed changed", Kind::BatchRoot, |maker| {
        maker.erase(properly)?;
        let path = super::first_in(&maker.ledger("seeds/punctured"))?;
        // The first byte of the first secret, which the batch's first salts come from.
        super::change(&path, |bytes| bytes[3] ^= 1)
    }),
    writer("an expired batch that stays", Kind::RowExpired, |maker| maker.expire(|_, _| {})),
    writer("another event gone with an expired batch", Kind::RowMissing, |maker| {
        maker.expire(|rows, gone| {
            properly(rows, gone);
            rows.remove(0);
        })
    }),
    writer("an expired batch that comes back", Kind::RowExpired, |maker| {
        let before: Vec<Row> = maker.files.values().flatten().cloned().collect();
        maker.expire(properly)?;
        come_back(maker, &before)
    }),
];
