//! Every way to tamper with a data folder, and the kind of finding that it must lead to.
//!
//! One file for each class, or for a few that share their means. A case works on a copy of its own.

mod benign;
mod checkpoint;
mod compactor;
mod file;
mod keys;
mod ledger;
mod log;
mod past;
mod policy;
mod records;
mod row;
mod table;

use std::fs;
use std::path::Path;

use stele_verify::lake::{Finding, Kind, Options, Outcome, Report, Severity};

use super::Folder;
use super::maker::Maker;
use super::rows::Row;
use crate::{Class, Error, Judged, Purpose};

type Done = Result<(), Error>;

/// How it is tampered with.
#[derive(Debug, Clone, Copy)]
enum How {
    /// Files are changed by somebody without the key.
    Files(fn(&Maker) -> Done),
    /// The writer, or whoever has its key, writes something wrong and signs it.
    Writer(fn(&mut Maker) -> Done),
    /// A compactor does this to the rows of a partition, and logs its file honestly.
    Compactor(fn(&mut Vec<Row>)),
    /// The verifier knows more than the folder.
    Options(fn(&mut Maker, &mut Options) -> Done),
}

/// What must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// This kind, whatever else.
    Kind(Kind),
    /// Nothing, though it is tampered with: nothing in the folder can tell.
    Limit,
    /// Nothing, for all is in order.
    Nothing,
}

/// One way to tamper, or something that is in order.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    class: Class,
    pub(super) name: &'static str,
    pub(super) expected: Expected,
    how: How,
}

impl Case {
    /// The class that it is of.
    pub fn class(&self) -> Class {
        self.class
    }

    /// What is done.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// A case whose class its list tells.
type Unclassed = (&'static str, Expected, How);

const fn files(name: &'static str, kind: Kind, change: fn(&Maker) -> Done) -> Unclassed {
    (name, Expected::Kind(kind), How::Files(change))
}

const fn writer(name: &'static str, kind: Kind, change: fn(&mut Maker) -> Done) -> Unclassed {
    (name, Expected::Kind(kind), How::Writer(change))
}

const fn compactor(name: &'static str, kind: Kind, change: fn(&mut Vec<Row>)) -> Unclassed {
    (name, Expected::Kind(kind), How::Compactor(change))
}

const fn options(
    name: &'static str,
    kind: Kind,
    change: fn(&mut Maker, &mut Options) -> Done,
) -> Unclassed {
    (name, Expected::Kind(kind), How::Options(change))
}

/// Every case.
pub fn battery() -> Vec<Case> {
    let lists: [(Class, &[Unclassed]); 14] = [
        (Class::Row, row::BY_SOMEBODY),
        (Class::Row, row::BY_THE_WRITER),
        (Class::File, file::CASES),
        (Class::Table, table::BY_SOMEBODY),
        (Class::Table, table::BY_THE_WRITER),
        (Class::Log, log::CASES),
        (Class::Ledger, ledger::CASES),
        (Class::Ledger, records::CASES),
        (Class::Checkpoint, checkpoint::CASES),
        (Class::Keys, keys::CASES),
        (Class::Rollback, past::ROLLBACK),
        (Class::Fork, past::FORK),
        (Class::Policy, policy::CASES),
        (Class::Compactor, compactor::CASES),
    ];
    let tampered = lists.iter().flat_map(|(class, cases)| cases.iter().map(|case| (*class, *case)));
    let all = tampered.chain(benign::CASES.iter().copied());
    all.map(|(class, (name, expected, how))| Case { class, name, expected, how }).collect()
}

/// Copies a sound folder to `scratch`, which must not be there, does what a case does, and judges
/// what is found. What lies beside `scratch` under its name and another ending is the case's too.
pub fn judge(case: &Case, sound: &Folder, scratch: &Path) -> Judged {
    let Case { class, name, expected, how } = *case;
    let (purpose, wanted) = match expected {
        Expected::Kind(kind) => (Purpose::Tampered, Some(kind)),
        Expected::Limit => (Purpose::Limit, None),
        Expected::Nothing => (Purpose::Benign, None),
    };
    let mut judged = Judged {
        class,
        name,
        purpose,
        expected: wanted.map(Kind::name).into_iter().collect(),
        found: Vec::new(),
        as_expected: false,
        trouble: None,
    };
    let report = match tamper(how, &sound.0, scratch) {
        Ok(report) => report,
        Err(error) => return Judged { trouble: Some(error.to_string()), ..judged },
    };
    let counts = |kind: &Kind| kind.severity() > Severity::Note || Some(*kind) == wanted;
    judged.found = report.counts.keys().copied().filter(counts).map(Kind::name).collect();
    judged.as_expected = match wanted {
        None => report.outcome == Outcome::Verified,
        Some(kind) => {
            // Where it is must be said too.
            let is_named = |one: &&Finding| one.kind == kind && one.object.is_some();
            let outcome = match kind.severity() {
                Severity::Difference => report.outcome == Outcome::Difference,
                Severity::Incomplete => report.outcome != Outcome::Verified,
                Severity::Note => true,
            };
            outcome && report.findings.iter().any(|one| is_named(&one))
        }
    };
    judged
}

fn tamper(how: How, sound: &Maker, scratch: &Path) -> Result<Report, Error> {
    let mut maker = sound.copy_to(scratch)?;
    let mut options = maker.options();
    match how {
        How::Files(change) => change(&maker)?,
        How::Options(change) => change(&mut maker, &mut options)?,
        How::Writer(change) => {
            change(&mut maker)?;
            maker.publish()?;
        }
        How::Compactor(change) => {
            maker.compact_wrongly(change)?;
            maker.publish()?;
        }
    }
    maker.verify(&options)
}

/// The path of the largest file of the table.
fn largest(maker: &Maker) -> Result<String, Error> {
    Ok(format!("lake/events/{}", maker.largest()?))
}

/// Changes the bytes of a file.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Done {
    let mut bytes = fs::read(path)?;
    change(&mut bytes);
    Ok(fs::write(path, bytes)?)
}

/// The first file in a folder, by name.
fn first_in(folder: &Path) -> Result<std::path::PathBuf, Error> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.into_iter().min().ok_or(Error::Lacks("file in a folder of the ledger"))
}
