//! Every way to tamper, and the kind of finding that it must lead to.

mod ledger;
mod table;

use std::path::Path;

use stele_ledger::record::{Deed, Reason};
use stele_ledger::salt::{SaltKey, event_leaf};
use stele_verify::lake::{Kind, Options, Outcome, Severity};

use crate::maker::{Maker, options, standard};
use crate::parquet_file::Row;

/// How it is tampered with.
enum How {
    /// Files are changed by somebody without the key.
    Files(fn(&Maker)),
    /// The writer, or whoever has its key, writes something wrong and signs it.
    Writer(fn(&mut Maker)),
    /// The verifier knows more than the folder.
    Options(fn(&mut Maker, &mut Options)),
}

/// One way.
struct Case(&'static str, Kind, How);

#[test]
fn every_way_to_tamper_is_found_and_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let sound = standard(&folder.path().join("sound"));
    let cases: Vec<Case> = table::cases().into_iter().chain(ledger::cases()).collect();
    let mut missed = Vec::new();
    for (index, Case(name, expected, how)) in cases.iter().enumerate() {
        let mut maker = sound.copy_to(&folder.path().join(index.to_string()));
        let mut options = options();
        match how {
            How::Files(change) => change(&maker),
            How::Writer(change) => {
                change(&mut maker);
                maker.publish();
            }
            How::Options(change) => change(&mut maker, &mut options),
        }
        let report = maker.verify(&options);
        let named = report.findings.iter().filter(|one| one.kind == *expected);
        let named = named.filter(|one| one.object.is_some()).count();
        let verdict = match expected.severity() {
            Severity::Difference => report.outcome == Outcome::Difference,
            Severity::Incomplete => report.outcome != Outcome::Verified,
            Severity::Note => true,
        };
        if named == 0 || !verdict {
            missed.push(format!("{name}: {} was to be found\n{report}", expected.name()));
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), cases.len(), missed.join("\n"));
    let kinds: std::collections::BTreeSet<_> = cases.iter().map(|case| case.1).collect();
    assert!(cases.len() >= 90 && kinds.len() >= 55, "{} {}", cases.len(), kinds.len());
}

/// The path of the largest file of the table.
fn largest(maker: &Maker) -> String {
    let (path, _) = maker.files.iter().max_by_key(|(_, rows)| rows.len()).unwrap();
    format!("lake/events/{path}")
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

fn first_batch(maker: &Maker) -> i64 {
    maker.files.values().flatten().map(|row| row.batch).min().unwrap()
}

/// What becomes of the rows of an erasure: they are told apart by a test.
type Rewrite = fn(&mut Vec<Row>, &dyn Fn(&Row) -> bool);

/// Erases two events of the first batch, by the rules but for what is done with the rows.
pub(crate) fn erase(maker: &mut Maker, rewrite: Rewrite) {
    let batch = first_batch(maker);
    let gone = |row: &Row| row.batch == batch && (3..5).contains(&row.pos);
    let mut rows: Vec<Row> = maker.files.values().flatten().cloned().collect();
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&batch.to_le_bytes());
    let mut salts = SaltKey::from_seed(seed);
    let mut erased: Vec<&Row> = rows.iter().filter(|row| gone(row)).collect();
    erased.sort_by_key(|row| row.pos);
    let leaf = |row: &&Row| event_leaf(&salts.salt(row.pos as u32).unwrap(), &row.raw);
    let deed = Deed::Erase {
        order: "o1".to_owned(),
        approvers: vec!["a".to_owned(), "b".to_owned()],
        batch,
        positions: erased.iter().map(|row| row.pos as u32).collect(),
        leaves: erased.iter().map(leaf).collect(),
    };
    maker.act(deed);
    (3..5).for_each(|position| assert!(salts.puncture(position)));
    maker.puncture(batch, &salts.to_bytes());
    rewrite(&mut rows, &gone);
    let removes: Vec<String> = maker.files.keys().cloned().collect();
    let add = maker.file(rows);
    maker.commit(Reason::Erase, &removes, &[add]);
}

/// Lets the second batch expire.
pub(crate) fn expire(maker: &mut Maker, rewrite: Rewrite) {
    let batch = first_batch(maker) + 1;
    let policy = "p".to_owned();
    maker.act(Deed::Expire { policy, batches: vec![(batch, batch)] });
    let mut rows: Vec<Row> = maker.files.values().flatten().cloned().collect();
    rewrite(&mut rows, &|row| row.batch == batch);
    let removes: Vec<String> = maker.files.keys().cloned().collect();
    let add = maker.file(rows);
    maker.commit(Reason::Erase, &removes, &[add]);
}
