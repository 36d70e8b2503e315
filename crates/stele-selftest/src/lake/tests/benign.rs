//! What must not be called a difference.

use proptest::prelude::*;
use stele_ledger::record::{Deed, Reason};
use stele_verify::lake::{Depth, Kind, Options, Outcome, Report};

use crate::lake::maker::Maker;
use crate::lake::rows::Row;
use crate::lake::standard::{sent, standard};

fn passes(report: &Report) {
    assert_eq!(report.outcome, Outcome::Verified, "{report}");
}

#[test]
fn a_usual_folder_verifies_and_everything_in_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    let report = maker.verify(&maker.options()).unwrap();
    passes(&report);
    let verified = &report.verified;
    assert_eq!((verified.batches, verified.batches_complete), (6, 6), "{report}");
    assert_eq!(verified.events, 32 + 11 + 30 + 43 + 12);
    assert_eq!((verified.rows, verified.rows_in_log), (116, 12), "{report}");
    assert_eq!((verified.rows_derived, verified.rows_not_derived), (116, 0));
    assert_eq!((verified.files, verified.files_read), (2, 2));
    assert_eq!(verified.checkpoints, 2);
    assert_eq!(report.gaps.len(), 1, "the restart");
    assert!(report.has(Kind::Stopped) && report.has(Kind::FileReplaced), "{report}");
    for depth in [Depth::Quick, Depth::Sampled { one_in: 3 }] {
        passes(&maker.verify(&Options { depth, ..maker.options() }).unwrap());
    }
}

#[test]
fn the_numbers_of_sources_begin_anew_where_an_act_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    maker.next_of.clear();
    maker.batch(&sent(5, 5), &[]).unwrap();
    maker.flush().unwrap();
    maker.publish().unwrap();
    assert!(maker.verify(&maker.options()).unwrap().has(Kind::SequenceOverlap));
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    maker.act(Deed::Renumber {}).unwrap();
    maker.next_of.clear();
    maker.batch(&sent(5, 5), &[]).unwrap();
    maker.flush().unwrap();
    maker.publish().unwrap();
    passes(&maker.verify(&maker.options()).unwrap());
}

#[test]
fn the_lake_alone_is_incomplete_where_events_are_only_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    maker.root = maker.path("lake");
    let report = maker.verify(&maker.options()).unwrap();
    assert_eq!(report.outcome, Outcome::Incomplete, "{report}");
    assert_eq!(report.counts[&Kind::RowNotHere], 1);
}

#[test]
fn only_what_is_newer_than_a_checkpoint_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    let since = folder.path().join("since");
    std::fs::copy(maker.ledger("checkpoint"), &since).unwrap();
    maker.batch(&sent(5, 5), &[]).unwrap();
    maker.flush().unwrap();
    maker.publish().unwrap();
    let report = maker.verify(&Options { since: Some(since), ..maker.options() }).unwrap();
    passes(&report);
    assert_eq!(report.verified.files_read, 1, "{report}");
    // The other one is in the write-ahead log.
    assert_eq!(report.verified.batches_complete, 2, "{report}");
}

#[test]
fn many_entries_and_row_groups_and_a_key_that_was_rotated() {
    use stele_ledger::key::Signer;
    let folder = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(folder.path()).unwrap();
    maker.row_group_rows = 50;
    for round in 0..300 {
        maker.batch(&sent(2, 1), &[]).unwrap();
        maker.tick(1);
        if round % 50 == 49 {
            maker.beat().unwrap();
            maker.flush().unwrap();
            maker.publish().unwrap();
            maker.archive().unwrap();
        }
    }
    let new = maker.other_signer().unwrap();
    maker
        .act(Deed::Key {
            key: new.key().to_string(),
            replaces: Some(maker.signer.key().to_string()),
        })
        .unwrap();
    maker.publish().unwrap();
    maker.archive().unwrap();
    maker.batch(&sent(2, 1), &[]).unwrap();
    maker.compact().unwrap();
    maker.memory_to_log().unwrap();
    maker.publish_by(&new).unwrap();
    let report = maker.verify(&maker.options()).unwrap();
    passes(&report);
    assert!(report.verified.entries > 512 && report.verified.batches_complete == 301, "{report}");
}

#[test]
fn a_crash_is_a_note_with_its_gap() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    maker.tick(300);
    maker.start("r3").unwrap();
    maker.publish().unwrap();
    let report = maker.verify(&maker.options()).unwrap();
    passes(&report);
    assert!(report.has(Kind::CrashGap), "{report}");
    assert_eq!(report.gaps.last().map(|g| g.to_micros - g.from_micros), Some(300_000_000));
}

#[test]
fn an_announced_commit_that_the_ledger_does_not_know_yet_is_incomplete() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    let published = maker.clone();
    maker.batch(&sent(5, 0), &[]).unwrap();
    maker.flush().unwrap();
    let path = maker.files.keys().last().unwrap();
    let intent = serde_json::json!({"announced_millis": 0, "add": [path], "remove": []});
    maker.write("lake/_intents/x.json", intent.to_string().as_bytes()).unwrap();
    let report = published.verify(&maker.options()).unwrap();
    assert_eq!(report.outcome, Outcome::Incomplete, "{report}");
    assert_eq!(report.counts[&Kind::CommitPending], 1, "{report}");
}

/// Each dataset fills a batch of its own. One that is still open may have a lower number than those
/// of another that are on record: found by a history of `stele selftest tamper`.
#[test]
fn a_batch_of_another_dataset_may_still_be_open() {
    for (dataset, kind) in [("other", Kind::RowUnrecorded), ("main", Kind::RowForeign)] {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = standard(folder.path()).unwrap();
        let open = maker.next_batch;
        maker.next_batch += 1;
        maker.batch(&sent(3, 0), &[]).unwrap();
        let row = maker.memory[0].clone();
        maker.flush().unwrap();
        let row = Row { batch: open, dataset: dataset.to_owned(), ..row };
        let add = maker.file(vec![row]).unwrap();
        maker.commit(Reason::Flush, &[], &[add]).unwrap();
        maker.publish().unwrap();
        let report = maker.verify(&maker.options()).unwrap();
        assert_eq!(report.counts.get(&kind), Some(&1), "{report}");
        assert_eq!(report.outcome == Outcome::Incomplete, dataset == "other", "{report}");
    }
}

/// Where all that came was known already, a commit only says how far the table is: found by a
/// history of `stele selftest tamper`.
#[test]
fn a_commit_that_adds_nothing_may_be_announced_too() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    maker.write("lake/_intents/x.json", br#"{"add":[],"remove":[]}"#).unwrap();
    passes(&maker.verify(&maker.options()).unwrap());
    let name = format!("lake/events/_delta_log/{:020}.json", maker.version);
    maker.write(&name, b"{\"commitInfo\":{}}\n{\"txn\":{\"appId\":\"w\"}}\n").unwrap();
    let report = maker.verify(&maker.options()).unwrap();
    assert_eq!(report.counts.get(&Kind::CommitPending), Some(&1), "{report}");
    assert_eq!(report.outcome, Outcome::Incomplete, "{report}");
    for wrong in [&b""[..], b"{\"metaData\":{}}\n", b"{\"txn\":{}}\n{\"protocol\":{}}"] {
        maker.write(&name, wrong).unwrap();
        assert!(maker.verify(&maker.options()).unwrap().has(Kind::CommitUnlogged));
    }
}

/// What a killed server leaves of a file that it was writing: nothing that a reader would read.
#[test]
fn what_is_half_written_is_excused_where_it_was_announced() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    let intent = serde_json::json!({"announced_millis": 0, "add": ["x.parquet"], "remove": []});
    maker.write("lake/_intents/x.json", intent.to_string().as_bytes()).unwrap();
    maker.write("lake/events/x.parquet#77", b"PAR1").unwrap();
    let next = format!("lake/events/_delta_log/{:020}.json#77", maker.version);
    maker.write(&next, b"{").unwrap();
    passes(&maker.verify(&maker.options()).unwrap());
    for other in ["lake/events/y.parquet#77", "lake/events/x.parquet#7x"] {
        maker.write(other, b"PAR1").unwrap();
        let report = maker.verify(&maker.options()).unwrap();
        assert_eq!(report.counts[&Kind::FileUnlogged], 1, "{report}");
        std::fs::remove_file(maker.path(other)).unwrap();
    }
}

#[test]
fn the_report_is_text_and_json_and_does_not_depend_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    let report =
        maker.verify(&Options { threads: 3.try_into().unwrap(), ..maker.options() }).unwrap();
    passes(&report);
    assert_eq!(
        report,
        maker.verify(&Options { threads: 1.try_into().unwrap(), ..maker.options() }).unwrap()
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["outcome"], "verified");
    assert!(report.to_string().ends_with("\nverified\n"), "{report}");
}

#[test]
fn events_that_were_erased_and_batches_that_expired_are_not_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    maker.erase(|rows, gone| rows.retain(|row| !gone(row))).unwrap();
    maker.expire(|rows, gone| rows.retain(|row| !gone(row))).unwrap();
    maker.publish().unwrap();
    passes(&maker.verify(&maker.options()).unwrap());
}

#[test]
fn a_checkpoint_for_readers_of_the_table_that_lists_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    let paths: Vec<&str> = maker.files.keys().map(String::as_str).collect();
    maker.delta_checkpoint(&paths).unwrap();
    maker.write("lake/events/_delta_log/_last_checkpoint", b"{}").unwrap();
    let report = maker.verify(&maker.options()).unwrap();
    passes(&report);
    assert!(report.has(Kind::DeltaDerived), "{report}");
}

/// A server that compacts, signs and deletes while the folder is read: files vanish and others
/// come. What it was when it is read once more counts.
#[test]
fn a_server_that_writes_meanwhile_does_not_disturb() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    maker.memory = maker.in_log.clone();
    let old: Vec<_> = maker.files.keys().map(|path| maker.path("lake/events").join(path)).collect();
    let server = std::sync::Mutex::new(Some(maker.clone()));
    let meanwhile = |_| {
        let Some(mut maker) = server.lock().unwrap().take() else { return };
        maker.batch(&sent(3, 3), &[]).unwrap();
        maker.flush().unwrap();
        maker.compact().unwrap();
        maker.publish().unwrap();
        // What was only in the write-ahead log is in the table now.
        std::fs::remove_dir_all(maker.path("wal")).unwrap();
        for path in &old {
            std::fs::remove_file(path).unwrap();
        }
    };
    let report = stele_verify::lake::verify(&maker.root, &maker.options(), &meanwhile).unwrap();
    passes(&report);
    assert!(report.size > Some(maker.log.size()), "{report}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever a sound server does in whatever order, nothing is called a difference.
    #[test]
    fn random_histories_verify(
        steps in prop::collection::vec((0..10_u8, 0..12_u32, 0..6_u32, 0..20_i64), 1..40),
        to_log: bool,
        row_group_rows in 1..40_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = Maker::new(folder.path()).unwrap();
        maker.row_group_rows = row_group_rows;
        let mut last_sign = maker.now;
        for (number, (step, trail, flows, seconds)) in steps.into_iter().enumerate() {
            maker.tick(seconds);
            if maker.now - last_sign > 40_000_000 {
                maker.beat().unwrap();
                last_sign = maker.now;
            }
            let run = format!("r{}", number + 2);
            match step {
                0..=3 => drop(maker.batch(&sent(trail, flows), &[]).unwrap()),
                4 if trail > 3 => drop(maker.batch(&sent(trail, flows), &[0, 2]).unwrap()),
                4 | 5 if !maker.memory.is_empty() => maker.flush().unwrap(),
                6 if !maker.files.is_empty() => maker.compact().unwrap(),
                7 => {
                    maker.publish().unwrap();
                    maker.archive().unwrap();
                }
                8 => {
                    maker.stop().unwrap();
                    maker.tick(i64::from(flows) * 1_000);
                    maker.start(&run).unwrap();
                    last_sign = maker.now;
                }
                9 => {
                    maker.tick(i64::from(flows) * 1_000);
                    maker.start(&run).unwrap();
                    last_sign = maker.now;
                }
                _ => {}
            }
        }
        if to_log {
            maker.memory_to_log().unwrap();
        } else if !maker.memory.is_empty() {
            maker.flush().unwrap();
        }
        maker.publish().unwrap();
        let report = maker.verify(&maker.options()).unwrap();
        prop_assert_eq!(report.outcome, Outcome::Verified, "{}", report);
        prop_assert_eq!(report.verified.batches, report.verified.batches_complete);
    }
}
