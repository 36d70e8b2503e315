//! Chains of CloudTrail digests, signed with keys made for this, changed in every way that is
//! known, and judged.
//!
//! Nothing here is read or written: three days of a trail are made in memory from constants, the
//! same in every run. Because nothing comes from outside, what is indexed and unwrapped here is
//! there, in every case or in none; the tests run them all.
#![expect(clippy::unwrap_used, reason = "see above: the same constants in every run")]

mod benign;
mod chains;
mod tampered;
#[cfg(test)]
mod tests;
mod world;

use chains::{all_days, usual};
use stele_verify::cloudtrail::{Kind, Options, Outcome};
use world::{World, grave};

use crate::{Class, Judged, Purpose};

/// Changes the trail, and how it is looked at.
type Change = fn(&mut World, &mut Options);

/// A trail that is changed in one way.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    name: &'static str,
    purpose: Purpose,
    /// All these kinds must be found; where it is benign, only these.
    wanted: &'static [Kind],
    change: Change,
}

impl Case {
    /// What is done.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is to show.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}

const fn case(name: &'static str, wanted: &'static [Kind], change: Change) -> Case {
    Case { name, purpose: Purpose::Tampered, wanted, change }
}

/// Every case: those that are tampered with, the limit, and those that are in order.
pub fn battery() -> Vec<Case> {
    [
        tampered::ACCEPTED_BY_AWS_CLI,
        tampered::REFUSED_BY_AWS_CLI,
        tampered::ONLY_BY_THE_SIGNER,
        &[tampered::LIMIT],
        benign::VERIFIED,
        benign::INCOMPLETE,
    ]
    .concat()
}

/// Changes the trail as a case does, and judges what is found.
pub fn judge(case: &Case) -> Judged {
    let (mut world, mut options) = (usual(), all_days());
    (case.change)(&mut world, &mut options);
    let report = world.verify(&options);
    let found = grave(&report);
    let has_wanted = case.wanted.iter().all(|kind| report.has(*kind));
    let as_expected = match case.purpose {
        Purpose::Tampered => has_wanted && report.outcome == Outcome::Difference,
        Purpose::Limit => report.outcome == Outcome::Verified,
        Purpose::Benign => {
            let right =
                if case.wanted.is_empty() { Outcome::Verified } else { Outcome::Incomplete };
            report.outcome == right && has_wanted && found.len() == case.wanted.len()
        }
    };
    Judged {
        class: Class::CloudTrail,
        name: case.name,
        purpose: case.purpose,
        expected: case.wanted.iter().map(|kind| kind.name()).collect(),
        found,
        as_expected,
        trouble: None,
    }
}
