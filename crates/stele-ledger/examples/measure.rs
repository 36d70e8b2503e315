//! What the ledger costs for each event: `cargo run --release -p stele-ledger --example measure`.
//!
//! 10,000 events of 1.4 kB a batch: their leaves, their salts, the tree over them, then the
//! batch's entries, the tiles and a signed checkpoint.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;

use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::event_proof::EventProof;
use stele_ledger::hash::{Hash, root_of};
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer as _};
use stele_ledger::proof::{TreeHead, verify_inclusion};
use stele_ledger::record::{Batch, Dropped, Parts, Request};
use stele_ledger::salt::{SaltKey, event_leaf, seed_commitment};
use stele_ledger::tree::Log;

const EVENTS: u32 = 10_000;
const EVENT_BYTES: usize = 1_400;
const ROUNDS: u32 = 15;

/// How long this thread has had a processor: others may use the machine too.
fn processor_nanos() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap()
}

/// The fastest of some rounds, for each of so many parts.
fn measure<T>(what: &str, parts: u32, mut work: impl FnMut() -> T) {
    let mut best = u64::MAX;
    for _ in 0..ROUNDS {
        // What is over too soon for the clock is done many times.
        let (start, mut times) = (processor_nanos(), 0);
        while processor_nanos() < start + 5_000_000 {
            black_box(work());
            times += 1;
        }
        best = best.min((processor_nanos() - start) / times);
    }
    println!("{what:<44} {:>9.1} ns", best as f64 / f64::from(parts));
}

fn main() {
    let seed = [7; 32];
    let raw: Vec<Vec<u8>> = (0..EVENTS).map(|n| vec![n as u8; EVENT_BYTES]).collect();
    let salts: Vec<_> = SaltKey::from_seed(seed).salts(0..EVENTS).flatten().collect();
    let leaf = || -> Vec<Hash> { salts.iter().zip(&raw).map(|(s, r)| event_leaf(s, r)).collect() };
    let leaves = leaf();
    let derive = || SaltKey::from_seed(seed).salts(0..EVENTS).flatten().count();
    measure("leaf, per event", EVENTS, leaf);
    measure("salt, per event", EVENTS, derive);
    measure("tree of the batch, per event", EVENTS, || root_of(&leaves));
    let together = || {
        let salts = SaltKey::from_seed(seed);
        let salted = salts.salts(0..EVENTS).flatten().zip(&raw);
        root_of(&salted.map(|(salt, raw)| event_leaf(&salt, raw)).collect::<Vec<_>>())
    };
    measure("all of it, per event", EVENTS, together);

    let signer = Ed25519Signer::from_seed("log.example", Algorithm::Ed25519, &seed).unwrap();
    let request = |number: u64| Request {
        source: "web-1".to_owned(),
        peer: Some("192.0.2.7".to_owned()),
        format: "cloudtrail".to_owned(),
        parser_version: 3,
        path: None,
        zone_offset_seconds: 0,
        header: String::new(),
        first: number,
        count: EVENTS / 10,
        duplicates: 0,
        received_first_micros: 1_753_142_399_000_000,
        received_last_micros: 1_753_142_399_000_900,
        sha256: Some(leaves[0]),
    };
    let requests: Vec<_> = (0..10).map(request).collect();
    let mut batch = Batch {
        at_micros: 1_753_142_400_000_000,
        batch: 1 << 40,
        dataset: "main".to_owned(),
        positions: EVENTS,
        stored: EVENTS,
        dropped: Dropped::default(),
        root: root_of(&leaves),
        receipts: Parts::default(),
    };
    let entries = batch.entries(seed_commitment(&seed), &requests).unwrap();
    let bytes: usize = entries.iter().map(|entry| entry.len() + 2 + 32).sum();
    println!("{:<44} {:>9.4} B", "ledger, per event", bytes as f64 / f64::from(EVENTS));
    measure("entries of a batch of 10 requests", 1, || {
        batch.entries(seed_commitment(&seed), &requests).unwrap().len()
    });
    let mut log = Log::default();
    log.append(&vec![entries[0].clone(); 128]).unwrap();
    log.append(&entries).unwrap();
    measure("append a batch's entries (tiles, bundle)", 1, || {
        let mut log = log.clone();
        log.append(&entries).unwrap()
    });
    let head = TreeHead { size: log.size(), root: log.root() };
    measure("root of the ledger", 1, || log.root());
    let checkpoint = Checkpoint::new("log.example", head);
    measure("sign a checkpoint (and verify it)", 1, || checkpoint.sign(&signer).unwrap());
    let note = checkpoint.sign(&signer).unwrap();
    let keys = [signer.key().clone()];
    measure("verify a checkpoint", 1, || note.verify(&keys).unwrap().len());
    measure("prove an event in its batch", 1, || {
        EventProof::new(salts[4_321], 4_321, batch.clone(), &leaves).unwrap()
    });
    let proof = EventProof::new(salts[4_321], 4_321, batch.clone(), &leaves).unwrap();
    measure("verify a path of 14 hashes", 1, || {
        verify_inclusion(leaves[4_321], 4_321, EVENTS.into(), batch.root, &proof.path).is_ok()
    });
}
