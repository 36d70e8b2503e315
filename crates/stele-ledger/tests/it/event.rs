//! The proof of one event.

use stele_ledger::Error;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::event_proof::EventProof;
use stele_ledger::hash::Hash;
use stele_ledger::proof::TreeHead;
use stele_ledger::salt::{SaltKey, seed_commitment};
use stele_ledger::tlog_proof::{TlogProof, Trust};

use crate::folder::{ORIGIN, SEED, batch, raw, request, sample, signer, trust};

#[test]
fn an_event_is_proven_from_its_bytes_to_the_checkpoint() {
    let sample = sample(3, 40, 5);
    let file = sample.proof.to_string();
    let proven = EventProof::verify(file.as_bytes(), &raw(sample.position), &trust()).unwrap();
    assert_eq!((proven.position, proven.index, proven.checkpoint.head.size), (2, 4, 10));
    assert_eq!(proven.batch.dataset, "main");
    let (expected, _) = batch(1 << 40 | 5, 40, &[0, 3, 4]);
    assert_eq!(proven.batch.root, expected.root);
    let verify = |raw: &[u8], trust: Trust| EventProof::verify(file.as_bytes(), raw, &trust);
    assert!(matches!(verify(&raw(3), trust()), Err(Error::Mismatch { .. })));
    let other = Trust { origin: "stele.example/other".to_owned(), ..trust() };
    assert!(matches!(verify(&raw(2), other), Err(Error::WrongOrigin { .. })));
    let other = Trust { keys: Vec::new(), ..trust() };
    assert!(matches!(verify(&raw(2), other), Err(Error::Unsigned { .. })));
    let plain = TlogProof { extra: None, ..sample.proof };
    let plain = EventProof::verify(plain.to_string().as_bytes(), &raw(2), &trust());
    assert!(matches!(plain, Err(Error::Malformed { .. })));
}

#[test]
fn every_stored_event_has_a_proof_and_a_dropped_one_has_none() {
    let (mut batch, leaves) = batch(7, 30, &[0, 1, 9, 29]);
    batch.entries(seed_commitment(&SEED), &[request("a", 0, 30, 4)]).unwrap();
    for position in 0..31 {
        let salt = SaltKey::from_seed(SEED).salt(position).unwrap();
        let proof = EventProof::new(salt, position, batch.clone(), &leaves);
        let stored = position < 30 && ![0, 1, 9, 29].contains(&position);
        assert_eq!(proof.is_ok(), stored, "position {position}: {proof:?}");
    }
    let salt = SaltKey::from_seed(SEED).salt(2).unwrap();
    assert!(EventProof::new(salt, 2, batch.clone(), &leaves[1..]).is_err());
    let mut foreign = leaves.clone();
    foreign[0] = Hash::of(b"");
    assert!(EventProof::new(salt, 2, batch, &foreign).is_err());
}

/// 10,000 events in a batch, in a ledger of 10 M entries: two kilobytes, 2,048 bytes.
#[test]
fn a_proof_is_small() {
    let (mut batch, leaves) = batch((1 << 40) + 123_456, 10_000, &[]);
    let requests = [request("web-1", 0, 10_000, 0)];
    batch.entries(seed_commitment(&SEED), &requests).unwrap();
    let salt = SaltKey::from_seed(SEED).salt(4_321).unwrap();
    let proof = EventProof::new(salt, 4_321, batch, &leaves).unwrap();
    assert_eq!(proof.path.len(), 14);
    let head = TreeHead { size: 10_000_000, root: Hash::of(b"root") };
    let checkpoint = Checkpoint::new(ORIGIN, head).sign(&signer()).unwrap();
    let file = proof.into_file(5_000_000, vec![Hash::of(b"path"); 24], checkpoint).to_string();
    assert!(file.len() <= 2_048, "{} bytes", file.len());
}
