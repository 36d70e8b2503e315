//! Every case comes out as it must, and a case that does not is told.

use std::collections::BTreeSet;

use stele_verify::lake::Kind;

use crate::lake::battery::Expected;
use crate::lake::{Folder, battery, judge};
use crate::{Class, Judged, Purpose};

fn all(expectation: impl Fn(crate::lake::Case) -> crate::lake::Case) -> Vec<Judged> {
    let folder = tempfile::tempdir().unwrap();
    let sound = Folder::make(&folder.path().join("sound")).unwrap();
    let cases = battery().into_iter().map(expectation).enumerate();
    cases
        .map(|(index, case)| judge(&case, &sound, &folder.path().join(index.to_string())))
        .collect()
}

#[test]
fn every_way_to_tamper_is_found_and_called_by_its_name() {
    let judged = all(|case| case);
    let missed: Vec<_> = judged.iter().filter(|one| !one.as_expected).collect();
    assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), judged.len());
    let names: BTreeSet<_> = judged.iter().map(|one| (one.class, one.name)).collect();
    assert_eq!(names.len(), judged.len(), "names are given once");
    let classes: BTreeSet<_> = judged.iter().map(|one| one.class).collect();
    assert_eq!(classes.len() + 1, Class::ALL.len(), "all but CloudTrail");
    let kinds: BTreeSet<_> = judged.iter().flat_map(|one| &one.expected).collect();
    assert!(judged.len() >= 150 && kinds.len() >= 55, "{} {}", judged.len(), kinds.len());
    let count = |purpose| judged.iter().filter(|one| one.purpose == purpose).count();
    assert_eq!((count(Purpose::Limit), count(Purpose::Benign) >= 14), (1, true));
}

/// The test of the test: an expectation that is wrong is not met, whatever else is found.
#[test]
fn another_kind_of_finding_than_the_expected_one_is_not_enough() {
    let judged = all(|mut case| {
        // Nothing of the kind is ever done here.
        case.expected = Expected::Kind(Kind::AuditUnjudged);
        case
    });
    assert!(judged.iter().all(|one| !one.as_expected), "{judged:#?}");
    let tampered: BTreeSet<_> = battery()
        .into_iter()
        .filter(|case| matches!(case.expected, Expected::Kind(_)))
        .map(|case| (case.class(), case.name))
        .collect();
    let nothing = all(|mut case| {
        case.expected = Expected::Limit;
        case
    });
    let silent = nothing.iter().filter(|one| one.as_expected);
    let silent = silent.filter(|one| tampered.contains(&(one.class, one.name)));
    // These are notes.
    assert_eq!(silent.map(|one| one.name).collect::<Vec<_>>(), ["a foreign file", "a crash"]);
}

/// What cannot be done is not taken for what was found.
#[test]
fn a_case_that_cannot_be_done_is_a_miss_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let sound = Folder::make(&folder.path().join("sound")).unwrap();
    std::fs::remove_dir_all(folder.path().join("sound/lake/_ledger/1/archive")).unwrap();
    let case = battery().into_iter().find(|case| case.name == "a kept checkpoint cut").unwrap();
    let judged = judge(&case, &sound, &folder.path().join("copy"));
    assert!(!judged.as_expected);
    assert!(judged.trouble.unwrap().contains("cannot read or write"));
}
