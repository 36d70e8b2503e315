//! Any flipped bit is found.

use proptest::prelude::*;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::event_proof::EventProof;
use stele_ledger::hash::{Hash, leaf_hash};
use stele_ledger::proof::{TileSubtrees, TreeHead, prove_consistency, root_at, verify_consistency};
use stele_ledger::record::Record;
use stele_ledger::tile::{Tile, TileKind, read_entries, read_hashes};

use crate::folder::{Files, ORIGIN, Sample, raw, sample, trust};

fn flip(bytes: &mut [u8], bit: usize) {
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
}

/// Whether the files are exactly those of the checkpoint.
fn verifies(files: &Files, checkpoint: &[u8]) -> bool {
    let trust = trust();
    let Ok((checkpoint, _)) = Checkpoint::open(checkpoint, ORIGIN, &trust.keys) else {
        return false;
    };
    let size = checkpoint.head.size;
    let mut leaves = Vec::new();
    for tile in Tile::all(size).filter(|tile| tile.kind == TileKind::Entries) {
        let Ok(entries) = read_entries(files, &tile) else { return false };
        if entries.iter().any(|entry| Record::decode(entry).is_err()) {
            return false;
        }
        leaves.extend(entries.iter().map(|entry| leaf_hash(entry)));
    }
    let mut tree = stele_ledger::tree::Tree::default();
    let mut expected = Files::default();
    expected.write(tree.append(&leaves));
    let same = |tile: &Tile| {
        let wanted = read_hashes(&expected, tile);
        matches!((read_hashes(files, tile), wanted), (Ok(a), Ok(b)) if a == b)
    };
    let subtrees = TileSubtrees::new(files, size);
    tree.root() == checkpoint.head.root
        && root_at(size, &subtrees).is_ok_and(|root| root == checkpoint.head.root)
        && Tile::all(size).filter(|tile| tile.kind != TileKind::Entries).all(|tile| same(&tile))
}

/// Files of the checkpoint only, none of the sizes before it.
fn ledger() -> (Sample, Vec<(String, Vec<u8>)>) {
    let mut sample = sample(300, 20, 3);
    let wanted: Vec<_> = Tile::all(sample.size).map(|tile| tile.to_string()).collect();
    sample.files.0.retain(|path, _| wanted.contains(path));
    let files = sample.files.0.clone().into_iter().collect();
    (sample, files)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn in_a_file_or_the_checkpoint(file in any::<prop::sample::Index>(), bit in any::<usize>()) {
        let (mut sample, files) = ledger();
        let mut checkpoint = sample.checkpoint.to_string().into_bytes();
        prop_assert!(verifies(&sample.files, &checkpoint));
        let at = file.index(files.len() + 1);
        match files.get(at) {
            Some((path, _)) => flip(sample.files.0.get_mut(path).unwrap(), bit),
            None => flip(&mut checkpoint, bit),
        }
        prop_assert!(!verifies(&sample.files, &checkpoint));
    }

    #[test]
    fn in_a_proof_or_its_event(bit in any::<usize>()) {
        let sample = sample(40, 30, 9);
        let mut file = sample.proof.to_string().into_bytes();
        let mut event = raw(sample.position);
        prop_assert!(EventProof::verify(&file, &event, &trust()).is_ok());
        flip(&mut file, bit);
        prop_assert!(EventProof::verify(&file, &event, &trust()).is_err(), "bit {}", bit);
        flip(&mut file, bit);
        flip(&mut event, bit);
        prop_assert!(EventProof::verify(&file, &event, &trust()).is_err());
    }

    #[test]
    fn in_a_consistency_proof(old in 1_u64..200, more in 1_u64..200, bit in any::<usize>()) {
        let (sample, _) = ledger();
        let head = |size| {
            let root = root_at(size, &TileSubtrees::new(&sample.files, sample.size)).unwrap();
            TreeHead { size, root }
        };
        let (old, new) = (head(old.min(99)), head(99 + more));
        let subtrees = TileSubtrees::new(&sample.files, sample.size);
        let path = prove_consistency(old.size, new.size, &subtrees).unwrap();
        prop_assert!(verify_consistency(old, new, &path).is_ok());
        let mut bytes: Vec<u8> = path.iter().flat_map(|hash| hash.0).collect();
        flip(&mut bytes, bit);
        let path: Vec<_> = bytes.chunks(32).filter_map(Hash::from_bytes).collect();
        prop_assert!(verify_consistency(old, new, &path).is_err());
    }

    #[test]
    fn random_bytes_are_no_proof(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        extra in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        prop_assert!(EventProof::verify(&bytes, b"raw", &trust()).is_err());
        let mut proof = sample(3, 6, 0).proof;
        proof.extra = Some(extra);
        prop_assert!(EventProof::verify(proof.to_string().as_bytes(), b"raw", &trust()).is_err());
        let mut damaged = sample(3, 6, 0).proof;
        damaged.extra = damaged.extra.map(|extra| [&extra[..], &bytes].concat());
        let verified = EventProof::verify(damaged.to_string().as_bytes(), &raw(2), &trust());
        prop_assert_eq!(verified.is_ok(), bytes.is_empty());
    }
}
