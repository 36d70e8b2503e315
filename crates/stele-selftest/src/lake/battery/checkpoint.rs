//! The newest checkpoint, and the witnesses under it.

use std::fs;

use stele_ledger::checkpoint::{Checkpoint, WitnessPolicy};
use stele_ledger::hash::Hash;
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer};
use stele_ledger::note::Note;
use stele_verify::lake::{Kind, Options};

use super::{Done, Unclassed, files, options};
use crate::Error;
use crate::lake::maker::Maker;

fn checkpoint(maker: &Maker, edit: impl FnOnce(&str) -> Result<String, Error>) -> Done {
    let path = maker.ledger("checkpoint");
    let text = edit(&fs::read_to_string(&path)?)?;
    Ok(fs::write(path, text)?)
}

fn witness() -> Result<Ed25519Signer, Error> {
    Ok(Ed25519Signer::from_seed("w.example", Algorithm::CosignatureV1, &[9; 32])?)
}

/// Asks for the witness.
pub(super) fn ask(options: &mut Options) -> Done {
    options.witnesses = WitnessPolicy::new(vec![witness()?.key().clone()], 1)?;
    Ok(())
}

/// The time, by the clock of a witness.
fn seconds(maker: &Maker) -> u64 {
    (maker.now / 1_000_000) as u64
}

/// Lets the witness sign the checkpoint that is there.
pub(super) fn sign(maker: &Maker) -> Done {
    checkpoint(maker, |text| {
        let mut note = Note::parse(text.as_bytes())?;
        note.sign(&witness()?, seconds(maker))?;
        Ok(note.to_string())
    })
}

/// Puts the witness's signature of another text under the checkpoint.
fn signature_of(maker: &Maker, text: impl FnOnce(&str) -> String) -> Done {
    let mut note = maker.note(&*maker.signer)?;
    let mut other = note.clone();
    other.text = text(&other.text);
    other.sign(&witness()?, seconds(maker))?;
    note.signatures.extend(other.signatures.pop());
    checkpoint(maker, |_| Ok(note.to_string()))
}

pub(super) const CASES: &[Unclassed] = &[
    files("deleted", Kind::CheckpointMissing, |maker| {
        Ok(fs::remove_file(maker.ledger("checkpoint"))?)
    }),
    files("deleted with the whole ledger", Kind::CheckpointMissing, |maker| {
        Ok(fs::remove_dir_all(maker.path("lake/_ledger"))?)
    }),
    files("no checkpoint at all", Kind::CheckpointForm, |maker| {
        checkpoint(maker, |_| Ok("nothing".to_owned()))
    }),
    files("without its signature", Kind::CheckpointForm, |maker| {
        checkpoint(maker, |text| {
            let text = text.split_once("\n\n").map_or(text, |(text, _)| text);
            Ok(format!("{text}\n"))
        })
    }),
    files("a bit of the signature", Kind::CheckpointSignature, |maker| {
        checkpoint(maker, |text| {
            let mut note = Note::parse(text.as_bytes())?;
            note.signatures[0].bytes[9] ^= 1;
            Ok(note.to_string())
        })
    }),
    files("another key of the same name", Kind::CheckpointUnsigned, |maker| {
        checkpoint(maker, |_| Ok(maker.note(&maker.other_signer()?)?.to_string()))
    }),
    files("another key under the same number", Kind::CheckpointSignature, |maker| {
        checkpoint(maker, |text| {
            let own = Note::parse(text.as_bytes())?.signatures[0].id;
            let mut note = maker.note(&maker.other_signer()?)?;
            note.signatures[0].id = own;
            Ok(note.to_string())
        })
    }),
    files("another root", Kind::CheckpointSignature, |maker| {
        let root = maker.head().root.to_base64();
        checkpoint(maker, |text| Ok(text.replace(&root, &Hash::of(b"x").to_base64())))
    }),
    files("a size that is too small", Kind::CheckpointSignature, |maker| {
        let size = maker.log.size();
        let (size, less) = (format!("\n{size}\n"), format!("\n{}\n", size - 1));
        checkpoint(maker, |text| Ok(text.replace(&size, &less)))
    }),
    files("a size that is too large", Kind::EntriesMissing, |maker| {
        let size = format!("\n{}\n", maker.log.size());
        checkpoint(maker, |text| Ok(text.replace(&size, "\n18446744073709551615\n")))
    }),
    files("another log", Kind::CheckpointOrigin, |maker| {
        checkpoint(maker, |text| Ok(text.replacen(maker.origin(), "stele-ffffffff/1", 1)))
    }),
    files("of another log, with its own key", Kind::CheckpointOrigin, |maker| {
        let other = Ed25519Signer::from_seed("stele-ffffffff/1", Algorithm::Ed25519, &[3; 32])?;
        let note = Checkpoint::new("stele-ffffffff/1", maker.head()).sign(&other)?;
        checkpoint(maker, |_| Ok(note.to_string()))
    }),
    files("lines that nobody knows", Kind::CheckpointExtension, |maker| {
        let mut one = Checkpoint::new(maker.origin(), maker.head());
        one.extensions.push("x".to_owned());
        checkpoint(maker, |_| Ok(one.sign(&*maker.signer)?.to_string()))
    }),
    options("no witness has signed", Kind::WitnessMissing, |_, options| ask(options)),
    options("a witness has signed another one", Kind::WitnessSignature, |maker, options| {
        ask(options)?;
        signature_of(maker, |text| format!("{text}x\n"))
    }),
    options("a witness has signed one of another log", Kind::WitnessSignature, |maker, options| {
        ask(options)?;
        signature_of(maker, |text| text.replacen(maker.origin(), "stele-ffffffff/1", 1))
    }),
    options("a witness has signed, and long ago", Kind::WitnessBehind, |maker, options| {
        ask(options)?;
        sign(maker)?;
        maker.archive()?;
        // A sign of life now and then, and none of the witness.
        for _ in 0..9 {
            maker.tick(50);
            maker.beat()?;
        }
        maker.publish()
    }),
    options("a witness that was not asked", Kind::WitnessMissing, |maker, options| {
        let asked = Ed25519Signer::from_seed("v", Algorithm::CosignatureV1, &[8; 32])?;
        options.witnesses = WitnessPolicy::new(vec![asked.key().clone()], 1)?;
        sign(maker)
    }),
    options(
        "a witness has signed twice, two were asked",
        Kind::WitnessMissing,
        |maker, options| {
            let second = Ed25519Signer::from_seed("v", Algorithm::CosignatureV1, &[8; 32])?;
            let keys = vec![witness()?.key().clone(), second.key().clone()];
            options.witnesses = WitnessPolicy::new(keys, 2)?;
            let mut note = maker.note(&*maker.signer)?;
            note.sign(&witness()?, 7)?;
            note.sign(&witness()?, 8)?;
            checkpoint(maker, |_| Ok(note.to_string()))
        },
    ),
];
