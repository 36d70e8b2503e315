//! Trees, tiles and proofs: against RFC 6962's vectors, a naive tree and Cloudflare's crate.

use proptest::prelude::*;
use stele_ledger::Error;
use stele_ledger::entry::{put_entry, split_bundle};
use stele_ledger::hash::{Hash, empty_root, leaf_hash, node_hash, root_of};
use stele_ledger::proof::{
    Leaves, Subtrees as _, TileSubtrees, TreeHead, prove_consistency, prove_inclusion, root_at,
    root_from_path, verify_consistency, verify_inclusion,
};
use stele_ledger::tile::{TILE_WIDTH, Tile, TileKind, read_entries, read_hashes};
use stele_ledger::tree::{Log, Tree};

use crate::folder::Files;

/// The leaves that certificate-transparency's own tests use.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hashes(hexes: &[&str]) -> Vec<Hash> {
    hexes.iter().map(|hex| Hash::from_hex(hex).unwrap()).collect()
}

/// A tree of made-up leaves, by RFC 6962's definition.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            node_hash(&naive_root(&leaves[..half]), &naive_root(&leaves[half..]))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn head(leaves: &[Hash], size: u64) -> TreeHead {
    TreeHead { size, root: root_of(&leaves[..size as usize]) }
}

#[test]
fn the_vectors_of_certificate_transparency_hold() {
    let leaves: Vec<_> = LEAVES.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!(
        empty_root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for (size, root) in (1..).zip(ROOTS) {
        assert_eq!(root_of(&leaves[..size]).to_string(), root, "size {size}");
        let mut tree = Tree::default();
        leaves[..size].iter().for_each(|leaf| drop(tree.append(&[*leaf])));
        assert_eq!(tree.root().to_string(), root, "size {size}");
    }
    let inclusion: &[(u64, u64, &[&str])] = &[
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (index, size, path) in inclusion {
        let found = prove_inclusion(*index, *size, &Leaves(&leaves)).unwrap();
        assert_eq!(found, hashes(path), "leaf {index} of {size}");
    }
    let consistency: &[(u64, u64, &[&str])] = &[
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, path) in consistency {
        let found = prove_consistency(*old, *new, &Leaves(&leaves)).unwrap();
        assert_eq!(found, hashes(path), "from {old} to {new}");
    }
}

#[test]
fn all_pairs_of_small_sizes_prove_and_verify_and_nothing_else_does() {
    let leaves = leaves(40);
    for new in 0..=40 {
        assert_eq!(root_of(&leaves[..new as usize]), naive_root(&leaves[..new as usize]));
        assert_eq!(root_at(new, &Leaves(&leaves)).unwrap(), naive_root(&leaves[..new as usize]));
        let root = head(&leaves, new).root;
        for index in 0..new {
            let path = prove_inclusion(index, new, &Leaves(&leaves)).unwrap();
            let leaf = leaves[index as usize];
            verify_inclusion(leaf, index, new, root, &path).unwrap();
            // At any other place the same path fails.
            for wrong in (0..new).filter(|wrong| *wrong != index) {
                assert!(verify_inclusion(leaf, wrong, new, root, &path).is_err());
            }
            let longer = [&path[..], &[root]].concat();
            assert!(verify_inclusion(leaf, index, new, root, &longer).is_err());
            if let Some((_, shorter)) = path.split_last() {
                assert!(verify_inclusion(leaf, index, new, root, shorter).is_err());
            }
        }
        for old in 0..=new {
            let (old, new) = (head(&leaves, old), head(&leaves, new));
            let path = prove_consistency(old.size, new.size, &Leaves(&leaves)).unwrap();
            verify_consistency(old, new, &path).unwrap();
            let fork = TreeHead { root: leaf_hash(b"fork"), ..old };
            assert!(verify_consistency(fork, new, &path).is_err(), "{old:?} {new:?}");
            let fork = TreeHead { root: leaf_hash(b"fork"), ..new };
            // Everything begins with nothing.
            assert_eq!(verify_consistency(old, fork, &path).is_ok(), old.size == 0);
            let longer = [&path[..], &[old.root]].concat();
            assert!(verify_consistency(old, new, &longer).is_err());
        }
    }
}

#[test]
fn paths_are_those_of_the_specification_and_read_back() {
    for (tile, path) in [
        (Tile::hashes(0, 0, 256), "tile/0/000"),
        (Tile::hashes(1, 1_234_067, 17), "tile/1/x001/x234/067.p/17"),
        (Tile::hashes(63, 999, 1), "tile/63/999.p/1"),
        (Tile::entries(1_000, 255), "tile/entries/x001/000.p/255"),
        (Tile::entries(u64::MAX, 256), "tile/entries/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse::<Tile>().unwrap(), tile);
    }
    for wrong in [
        "",
        "tile/",
        "tile/0",
        "tile/64/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/65537",
        "tile/0/000.p/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/entries",
        "tile/data/000",
        "tile/0/x00x1/000",
        "tile/0/+01",
    ] {
        assert!(matches!(wrong.parse::<Tile>(), Err(Error::Malformed { .. })), "{wrong}");
    }
}

#[test]
fn a_tree_of_70000_has_the_tiles_of_the_specification() {
    let tiles: Vec<_> = Tile::all(70_000).collect();
    let count = |level: u8, full: bool| {
        let kind = TileKind::Hashes { level };
        tiles.iter().filter(|t| t.kind == kind && (t.width == TILE_WIDTH) == full).count()
    };
    assert_eq!([count(0, true), count(0, false), count(1, true), count(1, false)], [273, 1, 1, 1]);
    assert_eq!([count(2, true), count(2, false), count(3, false)], [0, 1, 0]);
    let partials: Vec<_> = Tile::partials(70_000).map(|tile| tile.to_string()).collect();
    let wanted =
        ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"];
    assert_eq!(partials, wanted);
}

/// Cloudflare's tree over the same leaves.
struct Oracle(Vec<tlog_tiles::tlog::Hash>);

impl tlog_tiles::tlog::HashReader for Oracle {
    fn read_hashes(
        &self,
        indexes: &[u64],
    ) -> Result<Vec<tlog_tiles::tlog::Hash>, tlog_tiles::tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

impl Oracle {
    fn new(leaves: &[Hash]) -> Self {
        let mut oracle = Self(Vec::new());
        for (index, leaf) in (0..).zip(leaves) {
            let leaf = tlog_tiles::tlog::Hash(leaf.0);
            let more = tlog_tiles::tlog::stored_hashes_for_record_hash(index, leaf, &oracle);
            oracle.0.extend(more.unwrap());
        }
        oracle
    }
}

fn ours(hashes: &[tlog_tiles::tlog::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

#[test]
fn tiles_and_proofs_are_those_of_an_independent_implementation() {
    let size = 66_300;
    let leaves = leaves(size);
    let oracle = Oracle::new(&leaves);
    let mut files = Files::default();
    let mut tree = Tree::default();
    for group in leaves.chunks(4_099) {
        files.write(tree.append(group));
    }
    let root = tlog_tiles::tlog::tree_hash(size, &oracle).unwrap();
    assert_eq!(tree.root().0, root.0);
    let theirs = tlog_tiles::tile::Tile::new_tiles(8, 0, size);
    assert_eq!(theirs.len(), Tile::all(size).filter(|t| t.kind != TileKind::Entries).count());
    for tile in theirs {
        let bytes = tile.read_data(&oracle).unwrap();
        let ours = Tile::hashes(tile.level(), tile.level_index(), tile.width() as u16);
        assert_eq!(files.0[&ours.to_string()], bytes, "{ours}");
        let path = tile.path().replacen("tile/8/", "tile/", 1);
        assert_eq!(ours.to_string(), path);
    }
    let subtrees = TileSubtrees::new(&files, size);
    for index in (0..size).step_by(977).chain([size - 1, 65_535, 65_536]) {
        let path = prove_inclusion(index, size, &subtrees).unwrap();
        assert_eq!(path, ours(&tlog_tiles::tlog::prove_record(size, index, &oracle).unwrap()));
        let leaf = leaves[index as usize];
        assert_eq!(root_from_path(leaf, index, size, &path).unwrap().0, root.0);
    }
    for old in (1..size).step_by(1_013).chain([256, 65_536, 65_537, size - 1]) {
        let path = prove_consistency(old, size, &subtrees).unwrap();
        assert_eq!(path, ours(&tlog_tiles::tlog::prove_tree(size, old, &oracle).unwrap()));
        let old = head(&leaves, old);
        verify_consistency(old, TreeHead { size, root: tree.root() }, &path).unwrap();
    }
}

#[test]
fn what_lies_outside_or_is_missing_is_named() {
    let mut files = Files::default();
    let mut tree = Tree::default();
    files.write(tree.append(&leaves(300)));
    let subtrees = TileSubtrees::new(&files, 300);
    assert!(matches!(prove_inclusion(300, 300, &subtrees), Err(Error::OutOfRange { .. })));
    assert!(matches!(prove_consistency(301, 300, &subtrees), Err(Error::OutOfRange { .. })));
    for (level, index) in [(0, 300), (8, 1), (9, 0), (63, 0), (63, 1), (64, 0), (999, 7)] {
        let outside = subtrees.subtree(level, index);
        assert!(matches!(outside, Err(Error::OutOfRange { .. })), "{level} {index}");
        let outside = Leaves(&leaves(300)).subtree(level, index);
        assert!(matches!(outside, Err(Error::OutOfRange { .. })), "{level} {index}");
        assert!(Leaves(&[]).subtree(level, u64::MAX).is_err());
    }
    for size in [u64::MAX, u64::MAX - 1, 1 << 63] {
        let none = TileSubtrees::new(&files, size);
        assert!(prove_inclusion(size - 1, size, &none).is_err());
        assert!(prove_consistency(size - 1, size, &none).is_err());
        assert!(prove_inclusion(size - 1, size, &Leaves(&leaves(3))).is_err());
        assert!(Tree::load(size, &files).is_err());
        assert!(Tile::all(size).next().is_some());
    }
    // The checkpoint lies about its size: tiles of that size do not exist.
    let missing = prove_inclusion(0, 600, &TileSubtrees::new(&files, 600));
    assert!(matches!(missing, Err(Error::Missing { path }) if path.starts_with("tile/")));
    let missing = Tree::load(301, &files);
    assert!(matches!(missing, Err(Error::Missing { path }) if path == "tile/0/001.p/45"));
    files.0.insert("tile/0/001.p/45".to_owned(), vec![0; 44]);
    assert!(matches!(Tree::load(301, &files), Err(Error::Malformed { .. })));
    // A partial tile that is gone is read from the full one.
    files.write(tree.append(&leaves(212)));
    files.0.remove("tile/0/001.p/44");
    assert_eq!(read_hashes(&files, &Tile::hashes(0, 1, 44)).unwrap(), leaves(300)[256..]);
}

#[test]
fn entries_have_a_limit_and_too_long_ones_change_nothing() {
    let mut log = Log::default();
    log.append(&[b"one".to_vec()]).unwrap();
    let before = log.clone();
    let too_long = log.append(&[b"two".to_vec(), vec![0; 65_536]]);
    assert!(matches!(too_long, Err(Error::TooLong { bytes: 65_536, .. })));
    assert_eq!(log, before);
    log.append(&[vec![0; 65_535]]).unwrap();
    assert!(put_entry(&mut Vec::new(), &vec![0; 65_536]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_log_that_grows_in_any_steps_is_a_naive_tree(
        steps in prop::collection::vec(0_usize..400, 1..8),
        reload in any::<u8>(),
    ) {
        let mut files = Files::default();
        let mut log = Log::default();
        let mut entries: Vec<Vec<u8>> = Vec::new();
        for (at, step) in steps.into_iter().enumerate() {
            let from = entries.len();
            entries.extend((from..from + step).map(|n| n.to_string().into_bytes()));
            if reload >> at & 1 == 1 {
                log = Log::load(from as u64, &files).unwrap();
            }
            files.write(log.append(&entries[from..]).unwrap());
            let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            prop_assert_eq!(log.root(), naive_root(&leaves));
            prop_assert_eq!(log.size(), entries.len() as u64);
            prop_assert_eq!(&Log::load(log.size(), &files).unwrap(), &log);
            // Every file that the size needs is there and says the same.
            for tile in Tile::all(log.size()) {
                let first = tile.index as usize * 256;
                match tile.kind {
                    TileKind::Entries => {
                        let found = read_entries(&files, &tile).unwrap();
                        prop_assert_eq!(&found, &entries[first..first + usize::from(tile.width)]);
                    }
                    TileKind::Hashes { level } => {
                        let span = 1 << (8 * u32::from(level));
                        let hashes = read_hashes(&files, &tile).unwrap();
                        for (index, hash) in hashes.iter().enumerate() {
                            let begin = (first + index) * span;
                            prop_assert_eq!(*hash, naive_root(&leaves[begin..begin + span]));
                        }
                    }
                }
            }
        }
    }

}

proptest! {
    #[test]
    fn bundles_read_back_and_random_bytes_do_not_panic(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        path in "[tile/entris0-9x.p]{0,30}",
    ) {
        let mut bundle = Vec::new();
        for entry in &entries {
            put_entry(&mut bundle, entry).unwrap();
        }
        prop_assert_eq!(split_bundle(&bundle).unwrap(), entries);
        if let Ok(found) = split_bundle(&bytes) {
            let mut again = Vec::new();
            for entry in found {
                put_entry(&mut again, entry).unwrap();
            }
            prop_assert_eq!(again, bytes);
        }
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn proofs_of_any_shape_neither_panic_nor_verify(
        index in any::<u64>(),
        size in any::<u64>(),
        path in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..70),
    ) {
        let root = leaf_hash(b"root");
        prop_assert!(verify_inclusion(leaf_hash(b"leaf"), index, size, root, &path).is_err());
        let (old, new) = (TreeHead { size: index, root }, TreeHead { size, root: root_of(&[]) });
        prop_assert!(verify_consistency(old, new, &path).is_err());
    }
}
