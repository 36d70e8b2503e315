//! Every way to tamper with a data folder, and the kind of finding that it must lead to.
//!
//! One file for each class, or for a few that share their means. A case works on a copy of its own.

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

use stele_verify::lake::{Kind, Options, Outcome, Severity};

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

/// One way to tamper.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    class: Class,
    pub(super) name: &'static str,
    /// `None` where nothing can be found.
    pub(super) expected: Option<Kind>,
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
type Unclassed = (&'static str, Option<Kind>, How);

const fn files(name: &'static str, kind: Kind, change: fn(&Maker) -> Done) -> Unclassed {
    (name, Some(kind), How::Files(change))
}

const fn writer(name: &'static str, kind: Kind, change: fn(&mut Maker) -> Done) -> Unclassed {
    (name, Some(kind), How::Writer(change))
}

const fn compactor(name: &'static str, kind: Kind, change: fn(&mut Vec<Row>)) -> Unclassed {
    (name, Some(kind), How::Compactor(change))
}

const fn options(
    name: &'static str,
    kind: Kind,
    change: fn(&mut Maker, &mut Options) -> Done,
) -> Unclassed {
    (name, Some(kind), How::Options(change))
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
    let of = |class: Class, cases: &[Unclassed]| -> Vec<Case> {
        let case = |&(name, expected, how): &Unclassed| Case { class, name, expected, how };
        cases.iter().map(case).collect()
    };
    lists.into_iter().flat_map(|(class, cases)| of(class, cases)).collect()
}

/// Copies a sound folder to `scratch`, which must not be there, does what a case does, and judges
/// what is found. What lies beside `scratch` under its name and another ending is the case's too.
pub fn judge(case: &Case, sound: &Folder, scratch: &Path) -> Judged {
    let Case { class, name, expected, how } = *case;
    let mut judged = Judged {
        class,
        name,
        purpose: if expected.is_some() { Purpose::Tampered } else { Purpose::Limit },
        expected: expected.map(Kind::name).into_iter().collect(),
        found: Vec::new(),
        as_expected: false,
        trouble: None,
    };
    let report = match tamper(how, &sound.0, scratch) {
        Ok(report) => report,
        Err(error) => return Judged { trouble: Some(error.to_string()), ..judged },
    };
    let counts = |kind: &Kind| kind.severity() > Severity::Note || Some(*kind) == expected;
    judged.found = report.counts.keys().copied().filter(counts).map(Kind::name).collect();
    judged.as_expected = match expected {
        None => report.outcome == Outcome::Verified,
        Some(kind) => {
            let mut named = report.findings.iter().filter(|one| one.kind == kind);
            // Where it is must be said too.
            let named = named.any(|one| one.object.is_some());
            named
                && match kind.severity() {
                    Severity::Difference => report.outcome == Outcome::Difference,
                    Severity::Incomplete => report.outcome != Outcome::Verified,
                    Severity::Note => true,
                }
        }
    };
    judged
}

fn tamper(how: How, sound: &Maker, scratch: &Path) -> Result<stele_verify::lake::Report, Error> {
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
