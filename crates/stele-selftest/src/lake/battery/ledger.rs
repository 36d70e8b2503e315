//! Entries, tiles and seeds, in the hands of somebody without the key.

use std::fs;

use stele_ledger::entry::{put_entry, split_bundle};
use stele_verify::lake::Kind;

use super::{Done, Unclassed, change, files, first_in};
use crate::Error;
use crate::lake::maker::Maker;

/// The bundle of the last entries, whole or not.
fn last_bundle(maker: &Maker) -> std::path::PathBuf {
    maker.ledger(&last("tile/entries", maker.log.size()))
}

/// The tile of the last hashes.
fn last_tile(maker: &Maker) -> std::path::PathBuf {
    maker.ledger(&last("tile/0", maker.log.size()))
}

fn last(kind: &str, size: u64) -> String {
    let (index, width) = (size.saturating_sub(1) / 256, size % 256);
    if width == 0 { format!("{kind}/{index:03}") } else { format!("{kind}/{index:03}.p/{width}") }
}

/// Changes the entries of the last bundle; there are at least six.
fn bundle(maker: &Maker, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Done {
    let path = last_bundle(maker);
    let bytes = fs::read(&path)?;
    let mut entries: Vec<_> = split_bundle(&bytes)?.into_iter().map(<[u8]>::to_vec).collect();
    if entries.len() < 6 {
        return Err(Error::Lacks("six entries in its last bundle"));
    }
    edit(&mut entries);
    let mut bytes = Vec::new();
    for entry in entries {
        put_entry(&mut bytes, &entry)?;
    }
    Ok(fs::write(path, bytes)?)
}

pub(super) const CASES: &[Unclassed] = &[
    files("an entry edited", Kind::EntryChanged, |maker| {
        bundle(maker, |entries| entries[3] = b"{\"v\":1}".to_vec())
    }),
    files("a byte of an entry", Kind::EntryChanged, |maker| {
        bundle(maker, |entries| entries[3].iter_mut().nth_back(0).into_iter().for_each(|b| *b = 32))
    }),
    files("an entry removed", Kind::EntriesForm, |maker| {
        bundle(maker, |entries| drop(entries.remove(3)))
    }),
    files("an entry twice", Kind::EntriesForm, |maker| {
        bundle(maker, |entries| entries.push(entries[3].clone()))
    }),
    files("entries in another order", Kind::EntryChanged, |maker| {
        bundle(maker, |entries| entries.swap(3, 4))
    }),
    files("the last entries cut off", Kind::EntriesForm, |maker| {
        bundle(maker, |entries| entries.truncate(5))
    }),
    files("an entry longer than its bundle", Kind::EntriesForm, |maker| {
        change(&last_bundle(maker), |bytes| bytes[0] = 0xff)
    }),
    files("the bundles deleted", Kind::EntriesMissing, |maker| {
        Ok(fs::remove_dir_all(maker.ledger("tile/entries"))?)
    }),
    files("a hash in a tile", Kind::TileDiffers, |maker| {
        change(&last_tile(maker), |bytes| bytes[40] ^= 1)
    }),
    files("a tile cut", Kind::TileDiffers, |maker| {
        change(&last_tile(maker), |bytes| bytes.truncate(64))
    }),
    files("a tile deleted", Kind::TileMissing, |maker| Ok(fs::remove_file(last_tile(maker))?)),
    files("an older tile", Kind::TileDiffers, |maker| {
        change(&first_in(&maker.ledger("tile/0/000.p"))?, |bytes| bytes[0] ^= 1)
    }),
    files("an entry and its hash, not the root", Kind::RootDiffers, |maker| {
        let note = fs::read(maker.ledger("checkpoint"))?;
        let mut forger = maker.clone();
        super::keys::rewrite_past(&mut forger)?;
        forger.publish_all()?;
        Ok(fs::write(maker.ledger("checkpoint"), note)?)
    }),
    files("a foreign file", Kind::LedgerForeign, |maker| maker.write("lake/_ledger/1/tile/x", b"")),
    files("a note that nobody signs", Kind::SignerAway, |maker| {
        maker.write("lake/_ledger/1/unsigned", br#"{"since":1,"reason":"x"}"#)
    }),
    files("seeds deleted", Kind::SeedMissing, |maker| {
        Ok(fs::remove_file(maker.ledger("seeds/000"))?)
    }),
    files("a seed changed", Kind::SeedDiffers, |maker| {
        change(&maker.ledger("seeds/000"), |bytes| bytes[20] ^= 1)
    }),
    files("seeds cut", Kind::SeedMissing, |maker| {
        change(&maker.ledger("seeds/000"), |bytes| bytes.truncate(60))
    }),
    files("seeds in another order", Kind::SeedDiffers, |maker| {
        change(&maker.ledger("seeds/000"), |bytes| bytes.rotate_left(40))
    }),
    files("a seed lost for good", Kind::SeedMissing, |maker| {
        change(&maker.ledger("seeds/000"), |bytes| bytes[8..40].fill(0))
    }),
];
