//! Checkpoints that were kept: in the ledger's archive, in a folder of anchors, by the caller.

use std::collections::BTreeMap;
use std::path::Path;

use stele_ledger::Error as LedgerError;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::Hash;
use stele_ledger::key::VerifierKey;
use stele_ledger::note::{NOTE_BYTES_MAX, Note};
use stele_ledger::proof::TreeHead;

use super::Context;
use super::finding::{Finding, Kind};
use super::history::History;
use super::place;
use super::remote::Ahead;

/// A checkpoint that was kept somewhere.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) note: Note,
    checkpoint: Checkpoint,
}

/// Reads a kept checkpoint, without believing it.
pub(super) fn kept(ctx: &Context<'_>, name: &str, bytes: &[u8]) -> Option<Kept> {
    let parsed = Note::parse(bytes).and_then(|note| {
        let checkpoint: Checkpoint = note.text.parse()?;
        Ok(Kept { name: name.to_owned(), note, checkpoint })
    });
    let wrong = |error: LedgerError| {
        let finding = Finding::new(Kind::ArchiveForm).object(name).detail(error.to_string());
        ctx.findings.find(finding);
    };
    parsed.map_err(wrong).ok()
}

impl Kept {
    pub(super) fn size(&self) -> u64 {
        self.checkpoint.head.size
    }
}

/// The checkpoints of the ledger's own archive. To be called before the checkpoint is read, so
/// that none of them can be newer.
pub(super) fn archive(ctx: &Context<'_>) -> Vec<Kept> {
    let folder = ctx.place.ledger("archive/");
    let mut found = Vec::new();
    let names = ctx.place.list(ctx, &folder).files;
    ctx.place.expect(names.keys().map(|name| format!("{folder}{name}")), Ahead::All);
    for name in names.into_keys() {
        let path = format!("{folder}{name}");
        let Some(bytes) = read(ctx, &path, NOTE_BYTES_MAX as u64) else { continue };
        let Some(one) = kept(ctx, &path, &bytes) else { continue };
        if one.size().to_string() == name {
            found.push(one);
        } else {
            let detail = format!("it is of size {}", one.size());
            ctx.findings.find(Finding::new(Kind::ArchiveForm).object(path).detail(detail));
        }
    }
    found
}

/// The checkpoints in a folder of anchors.
pub(super) fn anchors(ctx: &Context<'_>, folder: &Path) -> Vec<Kept> {
    let mut found = Vec::new();
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(_) => {}
            Err(error) => {
                let name = folder.display().to_string();
                let finding = Finding::new(Kind::Unreadable).object(name);
                ctx.findings.find(finding.detail(error.to_string()));
            }
        }
    }
    for path in files {
        let name = path.display().to_string();
        match place::read(&path, NOTE_BYTES_MAX as u64) {
            Ok(bytes) => found.extend(kept(ctx, &name, &bytes.unwrap_or_default())),
            Err(error) => {
                let finding = Finding::new(Kind::Unreadable).object(name);
                ctx.findings.find(finding.detail(error.to_string()));
            }
        }
    }
    if found.is_empty() {
        let name = folder.display().to_string();
        ctx.findings.find(Finding::new(Kind::AnchorsEmpty).object(name));
    }
    found
}

/// The keys that were given, and those that they have announced: in entries under a checkpoint
/// that one of them has signed.
pub(super) fn trusted(
    ctx: &Context<'_>,
    history: &History,
    roots: &BTreeMap<u64, Hash>,
    kept: &[Kept],
) -> Vec<VerifierKey> {
    let mut keys = ctx.options.keys.clone();
    let mut covered = 0;
    loop {
        let signed = kept.iter().filter(|one| {
            one.size() > covered
                && roots.get(&one.size()) == Some(&one.checkpoint.head.root)
                && Checkpoint::of_note(&one.note, ctx.origin(), &keys).is_ok()
        });
        let Some(size) = signed.map(Kept::size).max() else { return keys };
        let announced = history.keys.iter().filter(|(index, _)| *index < size);
        for (_, key) in announced {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        covered = size;
    }
}

/// Compares a kept checkpoint with the ledger.
pub(super) fn compare(
    ctx: &Context<'_>,
    one: &Kept,
    head: TreeHead,
    keys: &[VerifierKey],
    roots: &BTreeMap<u64, Hash>,
) -> bool {
    let finding = |kind: Kind| Finding::new(kind).object(&one.name);
    if let Err(error) = Checkpoint::of_note(&one.note, ctx.origin(), keys) {
        ctx.findings.find(finding(Kind::ArchiveSignature).detail(error.to_string()));
        return false;
    }
    let size = one.size();
    if size > head.size {
        let detail = format!("it counts {size} entries, there are {}", head.size);
        ctx.findings.find(finding(Kind::Rollback).detail(detail));
        return false;
    }
    if size > 0 && roots.get(&size) != Some(&one.checkpoint.head.root) {
        let detail = format!("the first {size} entries are others");
        ctx.findings.find(finding(Kind::Fork).detail(detail));
        return false;
    }
    true
}

fn read(ctx: &Context<'_>, name: &str, bytes_max: u64) -> Option<Vec<u8>> {
    match ctx.place.read(name, bytes_max) {
        Ok(bytes) => bytes,
        Err(error) => {
            let finding = Finding::new(Kind::Unreadable).object(name);
            ctx.findings.find(finding.detail(error.to_string()));
            None
        }
    }
}
