//! An older state in place of a newer one, and two pasts; the checkpoints that were kept.

use std::fs;

use stele_ledger::note::Note;
use stele_ledger::tree::Log;
use stele_verify::lake::{Kind, Options};

use super::keys::{rewrite_past, rewritten};
use super::{Done, Unclassed, change, files, first_in, options};
use crate::Error;
use crate::lake::maker::Maker;

/// The archive gone, as whoever has the key would do.
pub(super) fn forget(maker: &Maker) -> Done {
    Ok(fs::remove_dir_all(maker.ledger("archive"))?)
}

/// Keeps the newest checkpoint elsewhere.
pub(super) fn anchor(maker: &Maker, options: &mut Options) -> Done {
    let anchors = maker.root.with_extension("anchors");
    fs::create_dir_all(&anchors)?;
    fs::copy(maker.ledger("checkpoint"), anchors.join("a"))?;
    options.anchors = Some(anchors);
    Ok(())
}

/// The checkpoint of this ledger with something more in it, which is not in the folder.
fn longer(maker: &Maker) -> Result<(u64, String), Error> {
    let mut longer = maker.clone();
    longer.beat()?;
    longer.log.append(&longer.entries[maker.entries.len()..])?;
    Ok((longer.log.size(), longer.note(&*maker.signer)?.to_string()))
}

pub(super) const ROLLBACK: &[Unclassed] = &[
    options("an older state put back, with its archive", Kind::Rollback, |maker, options| {
        anchor(maker, options)?;
        let (_, note) = longer(maker)?;
        let anchors = maker.root.with_extension("anchors");
        Ok(fs::write(anchors.join("b"), note)?)
    }),
    options("an older state, and a checkpoint is kept", Kind::Rollback, |maker, options| {
        let kept = maker.root.with_extension("kept");
        fs::write(&kept, longer(maker)?.1)?;
        options.since = Some(kept);
        Ok(())
    }),
    files("a checkpoint older than its own archive", Kind::Rollback, |maker| {
        let (size, note) = longer(maker)?;
        maker.write(&format!("lake/_ledger/1/archive/{size}"), note.as_bytes())
    }),
    options("an older ledger over a newer table", Kind::CommitUnlogged, |maker, _| {
        let before = maker.copy_to(&maker.root.with_extension("before"))?;
        maker.compact()?;
        maker.publish()?;
        fs::remove_dir_all(maker.path("lake/_ledger"))?;
        Ok(fs::rename(before.path("lake/_ledger"), maker.path("lake/_ledger"))?)
    }),
];

pub(super) const FORK: &[Unclassed] = &[
    options("the past rewritten, the archive kept", Kind::Fork, |maker, _| {
        rewrite_past(maker)?;
        // Something before the last kept checkpoint too.
        let entry = maker.entries[1].clone();
        maker.entries[1] = String::from_utf8_lossy(&entry).replace("\"at\":", "\"at\":1").into();
        maker.publish_all()
    }),
    options("two verifiers see two ledgers", Kind::Fork, |maker, options| {
        let mut other = maker.copy_to(&maker.root.with_extension("other"))?;
        rewritten(&mut other)?;
        anchor(&other, options)?;
        maker.log = Log::default();
        maker.publish_all()
    }),
    options("two ledgers of different lengths", Kind::Fork, |maker, options| {
        let mut other = maker.copy_to(&maker.root.with_extension("other"))?;
        rewritten(&mut other)?;
        anchor(&other, options)?;
        maker.beat()?;
        maker.publish()
    }),
    files("a kept checkpoint edited", Kind::ArchiveSignature, |maker| {
        let path = first_in(&maker.ledger("archive"))?;
        let mut note = Note::parse(&fs::read(&path)?)?;
        note.signatures[0].bytes[3] ^= 1;
        Ok(fs::write(path, note.to_string())?)
    }),
    files("a kept checkpoint under another name", Kind::ArchiveForm, |maker| {
        let path = first_in(&maker.ledger("archive"))?;
        Ok(fs::rename(&path, path.with_file_name("1"))?)
    }),
    files("a kept checkpoint cut", Kind::ArchiveForm, |maker| {
        change(&first_in(&maker.ledger("archive"))?, |bytes| bytes.truncate(30))
    }),
    options("anchors that are gone", Kind::AnchorsEmpty, |maker, options| {
        let anchors = maker.root.with_extension("none");
        fs::create_dir_all(&anchors)?;
        options.anchors = Some(anchors);
        Ok(())
    }),
];
