//! One byte flipped, over a grid of every kind of file: exit 3 or 4, and the file is named.
//!
//! Not in the grid, because nothing depends on them: what is reserved at the end of a segment of
//! the write-ahead log; `writer-state.json`, `readers.json` and `README.md`; files that a
//! compaction has replaced; and those that Delta derives from its log. The signature lines of keys
//! that the verifier does not know are not in this folder.

use std::path::PathBuf;

use proptest::prelude::*;
use stele_verify::lake::{Depth, Options, Outcome, Report};

use crate::lake::maker::Maker;
use crate::lake::standard::sent;

const STEPS: usize = 64;

/// The smallest folder that has every kind of file.
fn small(root: &std::path::Path) -> Maker {
    let mut maker = Maker::new(root).unwrap();
    maker.batch(&sent(6, 3), &[]).unwrap();
    maker.flush().unwrap();
    maker.publish().unwrap();
    maker.archive().unwrap();
    maker.batch(&sent(5, 2), &[1]).unwrap();
    maker.memory_to_log().unwrap();
    maker.publish().unwrap();
    maker
}

fn options_quickly(maker: &Maker) -> Options {
    let threads = 1.try_into().unwrap();
    Options { depth: Depth::Sampled { one_in: 256 }, threads, ..maker.options() }
}

fn names(report: &Report, file: &str) -> bool {
    report.findings.iter().any(|one| one.object.as_deref().is_some_and(|name| name == file))
}

/// Flips bytes of a file of the small folder, in its first `used` bytes.
fn flips(pick: impl Fn(&Maker) -> String, used: impl Fn(&[u8]) -> usize) {
    let folder = tempfile::tempdir().unwrap();
    let maker = small(folder.path());
    assert_eq!(maker.verify(&options_quickly(&maker)).unwrap().outcome, Outcome::Verified);
    let file = pick(&maker);
    let path: PathBuf = maker.path(&file);
    let sound = std::fs::read(&path).unwrap();
    let used = used(&sound);
    for step in 0..STEPS.min(used) {
        let offset = step * used / STEPS.min(used);
        let mut bytes = sound.clone();
        bytes[offset] ^= 1 << (step % 8);
        std::fs::write(&path, bytes).unwrap();
        let report = maker.verify(&options_quickly(&maker)).unwrap();
        assert_ne!(report.outcome, Outcome::Verified, "byte {offset} of {file}");
        assert!(names(&report, &file), "byte {offset} of {file}: {report}");
    }
}

fn ledger(name: &str) -> impl Fn(&Maker) -> String {
    let name = name.to_owned();
    move |maker| format!("lake/_ledger/1/{}", name.replace("SIZE", &maker.log.size().to_string()))
}

#[test]
fn of_a_parquet_file() {
    let path = |maker: &Maker| format!("lake/events/{}", maker.files.keys().next().unwrap());
    flips(path, <[u8]>::len);
}

#[test]
fn of_a_commit_in_the_delta_log() {
    flips(|_| format!("lake/events/_delta_log/{:020}.json", 1), <[u8]>::len);
}

#[test]
fn of_the_write_ahead_log() {
    let path = |_: &Maker| "wal/0000000001-0.seg".to_owned();
    flips(path, |bytes| bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1);
}

#[test]
fn of_what_is_reserved_in_the_write_ahead_log_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let maker = small(folder.path());
    let path = maker.path("wal/0000000001-0.seg");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() = 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(maker.verify(&options_quickly(&maker)).unwrap().outcome, Outcome::Verified);
}

#[test]
fn of_a_tile() {
    flips(ledger("tile/0/000.p/SIZE"), <[u8]>::len);
}

#[test]
fn of_a_bundle_of_entries() {
    flips(ledger("tile/entries/000.p/SIZE"), <[u8]>::len);
}

#[test]
fn of_the_checkpoint() {
    flips(ledger("checkpoint"), <[u8]>::len);
}

#[test]
fn of_the_seeds() {
    flips(ledger("seeds/000"), <[u8]>::len);
}

/// The older files, that only older checkpoints and proofs need.
#[test]
fn of_kept_checkpoints_and_their_tiles() {
    let kept = |maker: &Maker| {
        let mut files = std::fs::read_dir(maker.ledger("archive")).unwrap();
        files.next().unwrap().unwrap().file_name().into_string().unwrap()
    };
    flips(|maker| format!("lake/_ledger/1/archive/{}", kept(maker)), <[u8]>::len);
    flips(|maker| format!("lake/_ledger/1/tile/0/000.p/{}", kept(maker)), <[u8]>::len);
    flips(|maker| format!("lake/_ledger/1/tile/entries/000.p/{}", kept(maker)), <[u8]>::len);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any file, damaged anyhow, and files that were damaged before they were recorded.
    #[test]
    fn random_damage_never_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(),
            0..4_u8, any::<u8>()), 1..8),
        splice in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = small(folder.path());
        maker.tweak.splice = splice;
        maker.compact().unwrap();
        maker.publish().unwrap();
        let spliced = maker.verify(&maker.options()).unwrap();
        prop_assert!(spliced.size.is_some());
        let files = walkdir::WalkDir::new(folder.path()).sort_by_file_name().into_iter();
        let files: Vec<_> =
            files.filter_map(Result::ok).filter(|one| one.file_type().is_file()).collect();
        for (file, at, how, byte) in damage {
            let path = file.get(&files).path();
            let mut bytes = std::fs::read(path).unwrap_or_default();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = byte,
                    1 => bytes.truncate(at),
                    2 => bytes.insert(at, byte),
                    _ => drop(bytes.drain(at..(at + usize::from(byte)).min(bytes.len()))),
                }
            }
            std::fs::write(path, bytes).unwrap();
        }
        let report = maker.verify(&maker.options()).unwrap();
        let _ = (report.to_string(), serde_json::to_string(&report).unwrap());
    }
}
