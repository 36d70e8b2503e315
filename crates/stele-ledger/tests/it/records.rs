//! Records: one form only, and nothing overlooked.

use proptest::prelude::*;
use stele_ledger::Error;
use stele_ledger::entry::ENTRY_BYTES_MAX;
use stele_ledger::hash::Hash;
use stele_ledger::record::{
    Act, Audit, Beat, Commit, Deed, Dropped, Extern, File, FileChange, Parts, Reason, Record,
    Request,
};
use stele_ledger::salt::seed_commitment;

use crate::folder::{SEED, batch, request};

const AT: i64 = 1_753_142_400_000_000;

fn act(deed: Deed) -> Record {
    Record::Act(Act { at_micros: AT, by: "stele".to_owned(), deed })
}

fn samples() -> Vec<Record> {
    let hash = Hash::of(b"x");
    let text = |text: &str| text.to_owned();
    let deeds = [
        Deed::Start { run: text("a1"), version: text("0.1.0") },
        Deed::Stop { run: text("a1") },
        Deed::Key { key: text("k+1+b"), replaces: None },
        Deed::Key { key: text("k+1+b"), replaces: Some(text("k+0+a")) },
        Deed::Config { name: text("wal.backlog"), before: None, after: Some(hash) },
        Deed::Erase {
            order: text("2025-7 \"x\" \u{1}"),
            approvers: vec![text("a"), text("b")],
            batch: 9,
            positions: vec![3, 4],
            leaves: vec![hash, hash],
        },
        Deed::Expire { policy: text("p"), batches: vec![(1, 4), (9, 9)] },
        Deed::Hold { hold: text("h"), scope: text("dataset:main") },
        Deed::Release { hold: text("h") },
        Deed::Renumber {},
        Deed::Other { kind: text("export"), detail: text("ünïcode") },
    ];
    let mut records: Vec<_> = deeds.into_iter().map(act).collect();
    let mut batch = batch(5, 12, &[1, 2, 7]).0;
    let entries = batch.entries(hash, &[request("a", 0, 12, 3)]).unwrap();
    records.extend(entries.iter().map(|entry| Record::decode(entry).unwrap()));
    let mut commit = commit();
    let changes = [FileChange::Add(file(1)), FileChange::Remove(text("day=1/b.parquet"))];
    let entries = commit.entries(&changes).unwrap();
    records.extend(entries.iter().map(|entry| Record::decode(entry).unwrap()));
    records.push(Record::Beat(Beat {
        at_micros: AT,
        run: text("a1"),
        beat: 1,
        events: 2,
        sequence: 3,
        backlog_bytes: 4,
        version: 5,
    }));
    records.push(Record::Extern(Extern {
        at_micros: AT,
        prover: text("cloudtrail-digest"),
        name: text("s3://b/k"),
        sha256: hash,
        bytes: 9,
        signature: Some(text("ab")),
    }));
    let (root, seed) = (hash, hash);
    records.push(Record::Audit(Audit { at_micros: AT, batch: 3, first: 7, count: 2, root, seed }));
    records
}

fn commit() -> Commit {
    Commit {
        at_micros: AT,
        table: "events".to_owned(),
        version: 12,
        sha256: Hash::of(b"commit"),
        covers: 99,
        reason: Reason::Compact,
        files: Parts::default(),
    }
}

fn file(number: u64) -> File {
    let path = format!("dataset=main/day=2025-07-22/{number:0>32}.parquet");
    File { path, sha256: Hash::of(&number.to_be_bytes()), bytes: number * 1_000, rows: number }
}

#[test]
fn records_are_written_in_one_form_and_read_from_no_other() {
    let mut kinds = std::collections::BTreeSet::new();
    for record in samples() {
        let entry = record.encode().unwrap();
        assert_eq!(Record::decode(&entry).unwrap(), record);
        kinds.insert(record.kind());
        assert_eq!(record.at_micros(), AT);
        let text = String::from_utf8(entry).unwrap();
        assert!(text.starts_with(&format!(r#"{{"v":1,"t":"{}","at":{AT},"#, record.kind())));
        let refused = |text: &str| match Record::decode(text.as_bytes()) {
            Err(Error::Malformed { .. }) => {}
            other => panic!("{text}: {other:?}"),
        };
        let last = text.len() - 1;
        refused(&text[..last]);
        refused(&format!("{text} "));
        refused(&format!(" {text}"));
        refused(&format!(r#"{},"more":1}}"#, &text[..last]));
        refused(&format!(r#"{},"at":{AT}}}"#, &text[..last]));
        refused(&format!(r#"{},"v":1}}"#, &text[..last]));
        refused(&text.replacen(r#","at":"#, r#", "at":"#, 1));
        refused(&text.replacen(&AT.to_string(), &format!("{AT}.0"), 1));
        refused(&text.replacen(&AT.to_string(), &format!("\"{AT}\""), 1));
        refused(&text.replacen(r#""v":1"#, r#""v":01"#, 1).replacen("01", "1.0", 1));
        for (from, to) in [(r#""v":1"#, r#""v":2"#), (r#""t":""#, r#""t":"x"#)] {
            let newer = Record::decode(text.replacen(from, to, 1).as_bytes());
            assert!(matches!(newer, Err(Error::Unsupported { .. })), "{newer:?}");
        }
    }
    let known = ["act", "audit", "batch", "beat", "commit", "extern", "files", "receipt"];
    assert!(kinds.into_iter().eq(known));
}

#[test]
fn fields_in_another_order_and_explicit_nulls_are_refused() {
    for (from, to) in [
        (r#""run":"a1","version":"0.1.0""#, r#""version":"0.1.0","run":"a1""#),
        (r#""key":"k+1+b"}"#, r#""key":"k+1+b","replaces":null}"#),
        (r#""by":"stele""#, r#""by":"ste\u006ce""#),
        (r#""hold":"h"}}"#, r#""hold":"h","hold":"h"}}"#),
        (r#""reason":"compact""#, r#""reason":"Compact""#),
        (r#""reason":"compact""#, r#""reason":"tidy""#),
        (r#""act":{"stop""#, r#""act":{"halt""#),
    ] {
        let texts = samples().into_iter().map(|r| String::from_utf8(r.encode().unwrap()).unwrap());
        let text = texts.into_iter().find(|text| text.contains(from)).expect(from);
        let refused = Record::decode(text.replacen(from, to, 1).as_bytes());
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{to}: {refused:?}");
    }
}

#[test]
fn a_batch_that_contradicts_itself_is_neither_written_nor_read() {
    let (sound, _) = batch(5, 12, &[1, 2, 7]);
    let entry = String::from_utf8(Record::Batch(sound.clone()).encode().unwrap()).unwrap();
    assert!(entry.contains(r#""n":12,"stored":9,"dropped":[1,2,4,1],"#), "{entry}");
    for (from, to) in [
        (r#""stored":9"#, r#""stored":8"#),
        (r#""n":12"#, r#""n":13"#),
        ("[1,2,4,1]", "[1,2,4]"),
        ("[1,2,4,1]", "[1,2,0,1]"),
        ("[1,2,4,1]", "[1,3,4,0]"),
        ("[1,2,4,1]", "[1,2,9,1]"),
        ("[1,2,4,1]", "[4294967295,2,4,1]"),
        (r#""batch":5"#, r#""batch":-5"#),
    ] {
        assert!(Record::decode(entry.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
    }
    let mut large = sound.clone();
    (large.positions, large.stored) = (16_385, 16_382);
    assert!(matches!(Record::Batch(large).encode(), Err(Error::OutOfRange { .. })));
    let mut long = sound.clone();
    long.dataset = "d".repeat(256);
    assert!(matches!(Record::Batch(long).encode(), Err(Error::TooLong { .. })));
    let mut batch = sound;
    let seed = seed_commitment(&SEED);
    assert!(batch.entries(seed, &[request("a", 0, 11, 3)]).is_err());
    assert!(batch.entries(seed, &[request("a", 0, 12, 2)]).is_err());
    batch.entries(seed, &[request("a", 0, 5, 1), request("b", 0, 7, 2)]).unwrap();
}

#[test]
fn long_lists_are_spread_over_entries_before_their_record() {
    let (mut batch, _) = batch(5, 10_000, &[]);
    let requests: Vec<_> = (0..10_000).map(|n| request(&format!("host-{n}"), n, 1, 0)).collect();
    let entries = batch.entries(seed_commitment(&SEED), &requests).unwrap();
    let (last, parts) = entries.split_last().unwrap();
    assert!(parts.len() > 20 && entries.iter().all(|entry| entry.len() <= ENTRY_BYTES_MAX));
    let Record::Batch(read) = Record::decode(last).unwrap() else { panic!() };
    assert_eq!(read.receipts, Parts::of(parts));
    let mut found: Vec<Request> = Vec::new();
    for (number, part) in (0..).zip(parts) {
        let Record::Receipt(receipt) = Record::decode(part).unwrap() else { panic!() };
        assert_eq!((receipt.part, receipt.batch), (number, 5));
        found.extend(receipt.requests);
    }
    assert_eq!(found, requests);
    // Every part but the last has no room for one more.
    assert!(parts[..parts.len() - 1].iter().all(|part| part.len() > ENTRY_BYTES_MAX - 400));

    let mut commit = commit();
    let changes: Vec<_> = (0..2_000).map(|n| FileChange::Add(file(n))).collect();
    let entries = commit.entries(&changes).unwrap();
    let (last, parts) = entries.split_last().unwrap();
    let Record::Commit(read) = Record::decode(last).unwrap() else { panic!() };
    assert_eq!(read.files, Parts::of(parts));
    assert!(parts.len() > 3);
    assert_eq!(commit.entries(&[]).unwrap().len(), 1);
    let long = FileChange::Remove("p".repeat(70_000));
    assert!(matches!(commit.entries(&[long]), Err(Error::TooLong { .. })));
}

proptest! {
    #[test]
    fn dropped_positions_read_back(
        dropped in prop::collection::btree_set(0_u32..300, 0..200),
    ) {
        let runs = Dropped::from_positions(dropped.iter().copied());
        prop_assert!(runs.runs().flatten().eq(dropped.iter().copied()));
        prop_assert_eq!(runs.count() as usize, dropped.len());
        let positions: Vec<_> = dropped.iter().copied().collect();
        let (batch, leaves) = batch(1, 300, &positions);
        let record = Record::Batch(batch.clone());
        prop_assert_eq!(&Record::decode(&record.encode().unwrap()).unwrap(), &record);
        let mut next = 0;
        for position in 0..300 {
            let expected = (!dropped.contains(&position)).then_some(next);
            prop_assert_eq!(batch.leaf_index(position), expected);
            next += u32::from(expected.is_some());
        }
        prop_assert_eq!(next as usize, leaves.len());
        prop_assert_eq!(batch.leaf_index(300), None);
    }

    #[test]
    fn a_changed_byte_is_another_record_or_none(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let samples = samples();
        let record = &samples[which.index(samples.len())];
        let mut entry = record.encode().unwrap();
        let at = at.index(entry.len());
        let before = entry[at];
        entry[at] = byte;
        match Record::decode(&entry) {
            Ok(read) => prop_assert_eq!(&read == record, byte == before),
            Err(_) => prop_assert!(byte != before),
        }
    }

    #[test]
    fn random_bytes_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..99),
        text in "\\PC{0,99}",
    ) {
        prop_assert!(Record::decode(&bytes).is_err());
        for kind in ["batch", "receipt", "commit", "files", "act", "beat", "extern", "audit"] {
            let entry = format!(r#"{{"v":1,"t":"{kind}",{text}"#);
            prop_assert!(Record::decode(entry.as_bytes()).is_err());
        }
    }
}
