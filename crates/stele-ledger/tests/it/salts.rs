//! Salts, and forgetting them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use stele_ledger::Error;
use stele_ledger::salt::{POSITIONS_MAX, Salt, SaltKey};

const SEED: [u8; 32] = [42; 32];

/// The salt by its definition: down the tree, a bit of the position at a time.
fn naive(position: u32) -> Salt {
    let mut node = SEED.to_vec();
    for bit in (0..14).rev() {
        let side = format!("stele/salt/v1/{}", position >> bit & 1);
        node = Sha256::digest([side.as_bytes(), &node].concat()).to_vec();
    }
    node[..16].try_into().unwrap()
}

#[test]
fn salts_are_those_of_the_definition_one_by_one_and_in_a_row() {
    let key = SaltKey::from_seed(SEED);
    assert_eq!(key.seed(), Some(&SEED));
    let row: Vec<_> = key.salts(0..POSITIONS_MAX).collect();
    for position in [0, 1, 2, 3, 4_095, 8_191, 8_192, 10_000, POSITIONS_MAX - 1] {
        assert_eq!(key.salt(position), Some(naive(position)));
        assert_eq!(row[position as usize], Some(naive(position)));
    }
    let distinct: BTreeSet<_> = row.iter().collect();
    assert_eq!(distinct.len(), POSITIONS_MAX as usize);
    assert_eq!(key.salt(POSITIONS_MAX), None);
    assert_eq!(key.salt(u32::MAX), None);
    assert!(!format!("{key:?}").contains("42"), "a key must not be printed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn every_salt_but_the_punctured_ones_stays(
        erased in prop::collection::btree_set(prop_oneof![0..POSITIONS_MAX, 0_u32..40], 0..40),
    ) {
        let whole: Vec<_> = SaltKey::from_seed(SEED).salts(0..POSITIONS_MAX).collect();
        let mut key = SaltKey::from_seed(SEED);
        for position in &erased {
            prop_assert!(key.puncture(*position));
            prop_assert!(!key.puncture(*position));
            prop_assert_eq!(key.seed(), None);
        }
        let key = SaltKey::from_bytes(&key.to_bytes()).unwrap();
        prop_assert!(key.to_bytes().len() <= 35 * (1 + 14 * erased.len()));
        for (position, salt) in (0..).zip(key.salts(0..POSITIONS_MAX)) {
            let wanted = whole[position as usize].filter(|_| !erased.contains(&position));
            prop_assert_eq!(salt, wanted);
            if position % 509 == 0 || erased.contains(&position) {
                prop_assert_eq!(key.salt(position), wanted);
            }
        }
        // Nothing that is left leads to an erased salt.
        for position in &erased {
            let gone = whole[*position as usize].unwrap();
            prop_assert!(!key.to_bytes().windows(16).any(|window| window == gone));
        }
    }

}

proptest! {
    #[test]
    fn keys_read_back_and_random_bytes_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        if let Ok(key) = SaltKey::from_bytes(&bytes) {
            prop_assert_eq!(key.to_bytes(), bytes);
            key.salts(0..20).for_each(drop);
        }
    }
}

#[test]
fn overlapping_and_foreign_nodes_are_refused() {
    let node = |depth: u8, index: u16| [&[depth][..], &index.to_be_bytes(), &[9; 32]].concat();
    SaltKey::from_bytes(&[node(1, 0), node(2, 3)].concat()).unwrap();
    for wrong in [
        node(15, 0),
        node(0, 1),
        node(3, 8),
        [node(1, 0), node(2, 1)].concat(),
        [node(1, 1), node(1, 0)].concat(),
        node(14, 3)[..34].to_vec(),
    ] {
        assert!(matches!(SaltKey::from_bytes(&wrong), Err(Error::Malformed { .. })));
    }
}
