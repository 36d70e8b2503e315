//! The ledger, its checkpoints, and who has the key.

use std::fs;

use stele_ledger::checkpoint::{Checkpoint, WitnessPolicy};
use stele_ledger::entry::{put_entry, split_bundle};
use stele_ledger::hash::Hash;
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer};
use stele_ledger::note::Note;
use stele_ledger::record::{Act, Beat, Deed, Parts, Reason, Record};
use stele_ledger::tree::Log;
use stele_verify::lake::{Kind, Outcome};

use super::How::{Files, Options, Writer};
use super::{Case, change};
use crate::maker::{Maker, ORIGIN, options, other_signer, sent, signer, standard};

fn bundle(maker: &Maker, edit: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let path = maker.ledger(&format!("tile/entries/000.p/{}", maker.log.size()));
    change(&path, |bytes| {
        let mut entries: Vec<_> =
            split_bundle(bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect();
        edit(&mut entries);
        bytes.clear();
        for entry in entries {
            put_entry(bytes, &entry).unwrap();
        }
    });
}

fn tile(maker: &Maker) -> std::path::PathBuf {
    maker.ledger(&format!("tile/0/000.p/{}", maker.log.size()))
}

fn checkpoint(maker: &Maker, edit: impl FnOnce(&str) -> String) {
    change(&maker.ledger("checkpoint"), |bytes| {
        *bytes = edit(std::str::from_utf8(bytes).unwrap()).into_bytes();
    });
}

/// The archive gone, as whoever has the key would do.
fn forget(maker: &Maker) {
    fs::remove_dir_all(maker.ledger("archive")).unwrap();
}

/// Anchors with the newest checkpoint.
fn anchored(maker: &Maker, options: &mut stele_verify::lake::Options) {
    let anchors = maker.root.with_extension("anchors");
    fs::create_dir_all(&anchors).unwrap();
    fs::copy(maker.ledger("checkpoint"), anchors.join("a")).unwrap();
    options.anchors = Some(anchors);
}

/// The same ledger with one entry changed, signed anew.
fn rewritten(maker: &mut Maker) {
    let index =
        maker.entries.iter().rposition(|entry| entry.starts_with(b"{\"v\":1,\"t\":\"beat\""));
    let index = index.unwrap();
    let entry = String::from_utf8(maker.entries[index].clone()).unwrap();
    maker.entries[index] = entry.replace("\"backlog\":0", "\"backlog\":9").into_bytes();
    maker.log = Log::default();
    maker.publish_all();
}

fn witness() -> Ed25519Signer {
    Ed25519Signer::from_seed("w.example", Algorithm::CosignatureV1, &[9; 32]).unwrap()
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = entries();
    cases.extend(records());
    cases.extend(seeds());
    cases.extend(checkpoints());
    cases.extend(kept());
    cases
}

fn entries() -> Vec<Case> {
    vec![
        Case(
            "an entry edited",
            Kind::EntryChanged,
            Files(|maker| {
                bundle(maker, |entries| *entries[3].last_mut().unwrap() = b' ');
            }),
        ),
        Case(
            "an entry removed",
            Kind::EntriesForm,
            Files(|maker| {
                bundle(maker, |entries| drop(entries.remove(3)));
            }),
        ),
        Case(
            "an entry twice",
            Kind::EntriesForm,
            Files(|maker| {
                bundle(maker, |entries| entries.push(entries[3].clone()));
            }),
        ),
        Case(
            "entries in another order",
            Kind::EntryChanged,
            Files(|maker| {
                bundle(maker, |entries| entries.swap(3, 4));
            }),
        ),
        Case(
            "the last entries cut off",
            Kind::EntriesForm,
            Files(|maker| {
                bundle(maker, |entries| entries.truncate(9));
            }),
        ),
        Case(
            "an entry longer than its bundle",
            Kind::EntriesForm,
            Files(|maker| {
                let path = maker.ledger(&format!("tile/entries/000.p/{}", maker.log.size()));
                change(&path, |bytes| bytes[0] = 0xff);
            }),
        ),
        Case(
            "the bundle deleted",
            Kind::EntriesMissing,
            Files(|maker| {
                fs::remove_dir_all(maker.ledger("tile/entries")).unwrap();
            }),
        ),
        Case(
            "a hash in a tile",
            Kind::TileDiffers,
            Files(|maker| {
                change(&tile(maker), |bytes| bytes[40] ^= 1);
            }),
        ),
        Case(
            "a tile cut",
            Kind::TileDiffers,
            Files(|maker| {
                change(&tile(maker), |bytes| bytes.truncate(64));
            }),
        ),
        Case(
            "a tile deleted",
            Kind::TileMissing,
            Files(|maker| {
                fs::remove_file(tile(maker)).unwrap();
            }),
        ),
        Case(
            "an older tile",
            Kind::TileDiffers,
            Files(|maker| {
                let first = fs::read_dir(maker.ledger("tile/0/000.p")).unwrap();
                let mut widths: Vec<_> = first.map(|entry| entry.unwrap().path()).collect();
                widths.sort();
                change(&widths[0], |bytes| bytes[0] ^= 1);
            }),
        ),
        Case(
            "entries and tiles, not the checkpoint",
            Kind::RootDiffers,
            Files(|maker| {
                let note = fs::read(maker.ledger("checkpoint")).unwrap();
                let mut maker = maker.clone();
                rewritten(&mut maker);
                fs::write(maker.ledger("checkpoint"), note).unwrap();
            }),
        ),
        Case(
            "a foreign file",
            Kind::LedgerForeign,
            Files(|maker| {
                maker.write("lake/_ledger/1/tile/x", b"");
            }),
        ),
    ]
}

fn records() -> Vec<Case> {
    vec![
        Case(
            "a time before the last",
            Kind::TimeBackwards,
            Writer(|maker| {
                maker.now -= 60_000_000;
                maker.batch(&[], &[]);
            }),
        ),
        Case(
            "events of a source left out",
            Kind::SequenceGap,
            Writer(|maker| {
                maker.tweak.first = Some(maker.next_of["trail"] + 1);
                maker.batch(&sent(4, 0)[..1], &[]);
                maker.flush();
            }),
        ),
        Case(
            "events of a source counted twice",
            Kind::SequenceOverlap,
            Writer(|maker| {
                maker.tweak.first = Some(maker.next_of["trail"] - 1);
                maker.batch(&sent(4, 0)[..1], &[]);
                maker.flush();
            }),
        ),
        Case(
            "a batch twice",
            Kind::BatchTwice,
            Writer(|maker| {
                maker.next_batch -= 1;
                maker.batch(&[], &[]);
            }),
        ),
        Case(
            "a dropped event that was none",
            Kind::BatchSums,
            Writer(|maker| {
                maker.tweak.duplicates = Some(1);
                maker.batch(&sent(4, 0)[..1], &[]);
                maker.flush();
            }),
        ),
        Case(
            "a receipt left out",
            Kind::PartsDiffer,
            Writer(|maker| {
                maker.batch(&sent(4, 0)[..1], &[]);
                let batch = maker.entries.pop().unwrap();
                maker.entries.pop();
                maker.entries.push(batch);
                maker.flush();
            }),
        ),
        Case(
            "other receipts",
            Kind::PartsDiffer,
            Writer(|maker| {
                maker.tweak.parts = Some(Parts::default());
                maker.batch(&sent(4, 0)[..1], &[]);
                maker.flush();
            }),
        ),
        Case(
            "receipts without their batch",
            Kind::PartsDiffer,
            Writer(|maker| {
                maker.batch(&sent(4, 0)[..1], &[]);
                maker.entries.pop();
                maker.memory.clear();
            }),
        ),
        Case(
            "a root that is none of its events",
            Kind::BatchRoot,
            Writer(|maker| {
                maker.tweak.root = Some(Hash::of(b"x"));
                maker.batch(&sent(4, 0)[..1], &[]);
                maker.flush();
            }),
        ),
        Case(
            "a record in another form",
            Kind::RecordForm,
            Writer(|maker| {
                maker.entries.push(b"{\"v\":1,\"t\":\"beat\", \"at\":1}".to_vec());
            }),
        ),
        Case(
            "a record of a newer version",
            Kind::RecordNewer,
            Writer(|maker| {
                maker.entries.push(b"{\"v\":2,\"t\":\"beat\"}".to_vec());
            }),
        ),
        Case(
            "a sign of life left out",
            Kind::BeatGap,
            Writer(|maker| {
                maker.beats += 1;
                maker.beat();
            }),
        ),
        Case(
            "silence in a run",
            Kind::Silence,
            Writer(|maker| {
                maker.tick(90);
                maker.beat();
            }),
        ),
        Case(
            "a sign of life after the stop",
            Kind::RunOrder,
            Writer(|maker| {
                maker.stop();
                maker.beat();
            }),
        ),
        Case("a run that starts twice", Kind::RunOrder, Writer(|maker| maker.start("r2"))),
        Case(
            "a sign of another run",
            Kind::RunOrder,
            Writer(|maker| {
                let beat = Beat {
                    at_micros: maker.now,
                    run: "rx".to_owned(),
                    beat: 2,
                    events: 0,
                    sequence: 0,
                    backlog_bytes: 0,
                    version: 0,
                };
                maker.record(&Record::Beat(beat));
            }),
        ),
        Case(
            "an end before its time",
            Kind::SilentAtEnd,
            Options(|maker, options| {
                options.until_micros = Some(maker.now + 600_000_000);
            }),
        ),
        Case(
            "a crash",
            Kind::CrashGap,
            Writer(|maker| {
                maker.tick(5);
                maker.start("r3");
            }),
        ),
        Case(
            "a table that is not known",
            Kind::RecordNewer,
            Writer(|maker| {
                maker.commit(Reason::Schema, &[], &[]);
                let entry = String::from_utf8(maker.entries.pop().unwrap()).unwrap();
                maker.entries.push(entry.replace("\"events\"", "\"others\"").into_bytes());
            }),
        ),
        Case(
            "a key that is none",
            Kind::RecordForm,
            Writer(|maker| {
                let deed = Deed::Key { key: "x".to_owned(), replaces: None };
                maker.record(&Record::Act(Act { at_micros: maker.now, by: "x".to_owned(), deed }));
            }),
        ),
    ]
}

fn seeds() -> Vec<Case> {
    vec![
        Case(
            "seeds deleted",
            Kind::SeedMissing,
            Files(|maker| {
                fs::remove_file(maker.ledger("seeds/000")).unwrap();
            }),
        ),
        Case(
            "a seed changed",
            Kind::SeedDiffers,
            Files(|maker| {
                change(&maker.ledger("seeds/000"), |bytes| bytes[20] ^= 1);
            }),
        ),
        Case(
            "seeds cut",
            Kind::SeedMissing,
            Files(|maker| {
                change(&maker.ledger("seeds/000"), |bytes| bytes.truncate(60));
            }),
        ),
        Case(
            "seeds in another order",
            Kind::SeedDiffers,
            Files(|maker| {
                change(&maker.ledger("seeds/000"), |bytes| bytes.rotate_left(40));
            }),
        ),
        Case(
            "a seed lost for good",
            Kind::SeedMissing,
            Files(|maker| {
                change(&maker.ledger("seeds/000"), |bytes| bytes[8..40].fill(0));
            }),
        ),
    ]
}

fn checkpoints() -> Vec<Case> {
    vec![
        Case(
            "deleted",
            Kind::CheckpointMissing,
            Files(|maker| {
                fs::remove_file(maker.ledger("checkpoint")).unwrap();
            }),
        ),
        Case(
            "the ledger deleted",
            Kind::CheckpointMissing,
            Files(|maker| {
                fs::remove_dir_all(maker.path("lake/_ledger")).unwrap();
            }),
        ),
        Case(
            "no checkpoint at all",
            Kind::CheckpointForm,
            Files(|maker| {
                checkpoint(maker, |_| "nothing".to_owned());
            }),
        ),
        Case(
            "without its signature",
            Kind::CheckpointForm,
            Files(|maker| {
                checkpoint(maker, |text| text.split_once("\n\n").unwrap().0.to_owned() + "\n");
            }),
        ),
        Case(
            "a bit of the signature",
            Kind::CheckpointSignature,
            Files(|maker| {
                checkpoint(maker, |text| {
                    let mut note = Note::parse(text.as_bytes()).unwrap();
                    note.signatures[0].bytes[9] ^= 1;
                    note.to_string()
                });
            }),
        ),
        Case(
            "another key of the same name",
            Kind::CheckpointUnsigned,
            Files(|maker| {
                checkpoint(maker, |_| maker.note(&other_signer()).to_string());
            }),
        ),
        Case(
            "another key under the same number",
            Kind::CheckpointSignature,
            Files(|maker| {
                checkpoint(maker, |text| {
                    let own = Note::parse(text.as_bytes()).unwrap().signatures[0].id;
                    let mut note = maker.note(&other_signer());
                    note.signatures[0].id = own;
                    note.to_string()
                });
            }),
        ),
        Case(
            "another root",
            Kind::CheckpointSignature,
            Files(|maker| {
                let root = maker.head().root.to_base64();
                checkpoint(maker, |text| text.replace(&root, &Hash::of(b"x").to_base64()));
            }),
        ),
        Case(
            "a size that is too large",
            Kind::EntriesMissing,
            Files(|maker| {
                let size = format!("\n{}\n", maker.log.size());
                checkpoint(maker, |text| text.replace(&size, "\n18446744073709551615\n"));
            }),
        ),
        Case(
            "another log",
            Kind::CheckpointOrigin,
            Files(|maker| {
                checkpoint(maker, |text| text.replacen(ORIGIN, "stele-ffffffff/1", 1));
            }),
        ),
        Case(
            "lines that nobody knows",
            Kind::CheckpointExtension,
            Files(|maker| {
                let mut one = Checkpoint::new(ORIGIN, maker.head());
                one.extensions.push("x".to_owned());
                checkpoint(maker, |_| one.sign(&signer()).unwrap().to_string());
            }),
        ),
        Case(
            "no witness has signed",
            Kind::WitnessMissing,
            Options(|_, options| {
                let keys = vec![witness().key().clone()];
                options.witnesses = WitnessPolicy::new(keys, 1).unwrap();
            }),
        ),
        Case(
            "a witness has signed another one",
            Kind::WitnessSignature,
            Options(|maker, options| {
                let keys = vec![witness().key().clone()];
                options.witnesses = WitnessPolicy::new(keys, 1).unwrap();
                let mut other = maker.note(&signer());
                other.text.push_str("x\n");
                other.sign(&witness(), 7).unwrap();
                let mut note = maker.note(&signer());
                note.signatures.push(other.signatures.pop().unwrap());
                checkpoint(maker, |_| note.to_string());
            }),
        ),
        Case(
            "a witness has signed twice, two were asked",
            Kind::WitnessMissing,
            Options(|maker, options| {
                let second = Ed25519Signer::from_seed("v", Algorithm::CosignatureV1, &[8; 32]);
                let keys = vec![witness().key().clone(), second.unwrap().key().clone()];
                options.witnesses = WitnessPolicy::new(keys, 2).unwrap();
                let mut note = maker.note(&signer());
                note.sign(&witness(), 7).unwrap();
                note.sign(&witness(), 8).unwrap();
                checkpoint(maker, |_| note.to_string());
            }),
        ),
    ]
}

fn kept() -> Vec<Case> {
    vec![
        Case(
            "an older state put back, with its archive",
            Kind::Rollback,
            Options(|maker, options| {
                anchored(maker, options);
                let older = standard(&maker.root.with_extension("older"));
                maker.root = older.root;
                options.anchors = options.anchors.take();
                let mut longer = maker.clone();
                longer.batch(&[], &[]);
                longer.log.append(&longer.entries[maker.entries.len()..]).unwrap();
                let note = longer.note(&signer()).to_string();
                fs::write(options.anchors.as_ref().unwrap().join("b"), note).unwrap();
            }),
        ),
        Case(
            "a checkpoint older than its own archive",
            Kind::Rollback,
            Files(|maker| {
                let mut longer = maker.clone();
                longer.batch(&[], &[]);
                longer.log.append(&longer.entries[maker.entries.len()..]).unwrap();
                let name = format!("lake/_ledger/1/archive/{}", longer.log.size());
                maker.write(&name, longer.note(&signer()).to_string().as_bytes());
            }),
        ),
        Case(
            "the past rewritten by whoever has the key",
            Kind::Fork,
            Options(|maker, options| {
                anchored(maker, options);
                forget(maker);
                rewritten(maker);
            }),
        ),
        Case(
            "the same, since a checkpoint",
            Kind::Fork,
            Options(|maker, options| {
                anchored(maker, options);
                options.since = options.anchors.take().map(|folder| folder.join("a"));
                forget(maker);
                rewritten(maker);
            }),
        ),
        Case(
            "two verifiers see two ledgers",
            Kind::Fork,
            Options(|maker, options| {
                let mut other = maker.clone();
                rewritten(&mut other);
                anchored(&other, options);
                maker.log = Log::default();
                maker.publish_all();
            }),
        ),
        Case(
            "a kept checkpoint edited",
            Kind::ArchiveSignature,
            Files(|maker| {
                let folder = fs::read_dir(maker.ledger("archive")).unwrap();
                let path = folder.map(|entry| entry.unwrap().path()).next().unwrap();
                change(&path, |bytes| {
                    let mut note = Note::parse(bytes).unwrap();
                    note.signatures[0].bytes[3] ^= 1;
                    *bytes = note.to_string().into_bytes();
                });
            }),
        ),
        Case(
            "a kept checkpoint under another name",
            Kind::ArchiveForm,
            Files(|maker| {
                let folder = fs::read_dir(maker.ledger("archive")).unwrap();
                let path = folder.map(|entry| entry.unwrap().path()).next().unwrap();
                fs::rename(&path, path.with_file_name("1")).unwrap();
            }),
        ),
        Case(
            "a kept checkpoint cut",
            Kind::ArchiveForm,
            Files(|maker| {
                let folder = fs::read_dir(maker.ledger("archive")).unwrap();
                let path = folder.map(|entry| entry.unwrap().path()).next().unwrap();
                change(&path, |bytes| bytes.truncate(30));
            }),
        ),
        Case(
            "anchors that are gone",
            Kind::AnchorsEmpty,
            Options(|maker, options| {
                let anchors = maker.root.with_extension("none");
                fs::create_dir_all(&anchors).unwrap();
                options.anchors = Some(anchors);
            }),
        ),
    ]
}

/// The limit, as the documents say it: whoever has the key and every copy of the checkpoint can
/// write another past. Witnesses and anchors are against that.
#[test]
fn who_has_the_key_and_all_checkpoints_is_not_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(&folder.path().join("x"));
    forget(&maker);
    rewritten(&mut maker);
    assert_eq!(maker.verify(&options()).outcome, Outcome::Verified);
}
