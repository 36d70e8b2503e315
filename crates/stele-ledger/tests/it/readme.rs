//! The vectors in the README are those that the code gives.

use std::fmt::Write as _;

use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::event_proof::EventProof;
use stele_ledger::hash::{empty_root, leaf_hash, node_hash};
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer as _};
use stele_ledger::note::Note;
use stele_ledger::proof::{Leaves, TreeHead, prove_inclusion};
use stele_ledger::salt::{SaltKey, event_leaf, seed_commitment};
use stele_ledger::tree::Log;

use crate::folder::{ORIGIN, batch, raw, request, signer, trust};

const README: &str = include_str!("../../README.md");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A batch of eight events of which two were dropped, in a log of its own.
fn vectors() -> String {
    let mut out = String::new();
    let mut put = |name: &str, value: &str| {
        let _ = writeln!(out, "{name}: {value}");
    };
    put("root of nothing", &empty_root().to_string());
    put("leaf of `a`", &leaf_hash(b"a").to_string());
    put("node of that leaf and itself", &node_hash(&leaf_hash(b"a"), &leaf_hash(b"a")).to_string());

    let seed = [7; 32];
    let mut salts = SaltKey::from_seed(seed);
    put("seed", &hex(&seed));
    put("its commitment", &seed_commitment(&seed).to_string());
    for position in [0, 1, 9_999] {
        put(&format!("salt of {position}"), &hex(&salts.salt(position).unwrap()));
    }
    let salt = salts.salt(2).unwrap();
    put("event 2", &format!("`{}`", String::from_utf8(raw(2)).unwrap()));
    put("leaf of event 2", &event_leaf(&salt, &raw(2)).to_string());
    salts.puncture(2);
    let punctured = salts.to_bytes();
    put("punctured at 2, its first node", &hex(&punctured[..35]));
    put("punctured at 2, SHA-256 of its 14 nodes", &hex_of(&punctured));

    let (mut batch, leaves) = batch((1 << 40) + 5, 8, &[0, 3]);
    let request = request("web-1", 100, 8, 2);
    let entries = batch.entries(seed_commitment(&seed), &[request]).unwrap();
    for (name, entry) in ["receipt", "batch"].iter().zip(&entries) {
        put(name, &format!("`{}`", String::from_utf8_lossy(entry)));
    }
    let mut log = Log::default();
    let writes = log.append(&entries).unwrap();
    for write in writes {
        put(&write.tile.to_string(), &format!("SHA-256 {}", hex_of(&write.bytes)));
    }
    let secret = Ed25519Signer::secret_text(ORIGIN, Algorithm::Ed25519, &[1; 32]).unwrap();
    put("signer key", &secret);
    put("verifier key", &signer().key().to_string());
    let (size, root) = (log.size(), log.root());
    let mut checkpoint = Checkpoint::new(ORIGIN, TreeHead { size, root }).sign(&signer()).unwrap();
    let witness = Ed25519Signer::from_seed("w.example", Algorithm::CosignatureV1, &[2; 32]);
    let witness = witness.unwrap();
    put("verifier key of a witness", &witness.key().to_string());
    checkpoint.sign(&witness, 1_753_142_401).unwrap();
    put("checkpoint", &escaped(&checkpoint));
    let hashes: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let path = prove_inclusion(1, 2, &Leaves(&hashes)).unwrap();
    let proof = EventProof::new(salt, 2, batch, &leaves).unwrap().into_file(1, path, checkpoint);
    put("extra data of the proof of event 2", &hex(proof.extra.as_deref().unwrap()));
    EventProof::verify(proof.to_string().as_bytes(), &raw(2), &trust()).unwrap();
    out
}

fn hex_of(bytes: &[u8]) -> String {
    stele_ledger::hash::Hash::of(bytes).to_string()
}

fn escaped(note: &Note) -> String {
    format!("`{}`", note.to_string().replace('\n', "\\n"))
}

/// `UPDATE=1` rewrites them; a difference that nobody meant breaks every ledger there is.
#[test]
fn the_vectors_of_the_readme_hold() {
    let begin = README.find("```text\n").expect("a block of vectors") + "```text\n".len();
    let end = begin + README[begin..].find("```").expect("its end");
    let vectors = vectors();
    if std::env::var_os("UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let text = format!("{}{vectors}{}", &README[..begin], &README[end..]);
        std::fs::write(path, text).unwrap();
    } else {
        assert_eq!(&README[begin..end], vectors);
    }
}
