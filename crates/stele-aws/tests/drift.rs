//! What drift says of changes behind its back: the cases in `drift/cases.md`, each alone and many
//! at once, and the same account where something cannot be read.
//!
//! Where the expectations are to be written anew: `UPDATE=1 cargo test -p stele-aws --test drift`.
//! What is not for UPDATE: a case names the check in its heading and no other, and every check of
//! the default baseline has a case.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "drift/recording.rs"]
mod recording;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use recording::{Edit, Recording};
use serde::Deserialize as _;
use stele_aws::assess::{self, Report, Selection};
use stele_aws::baseline::Baseline;
use stele_aws::checks;
use stele_aws::collect::Scope;
use stele_aws::drift::{self, Drift, Earlier, Entry, Reference};
use stele_aws::finding::Status;
use stele_aws::schema;
use stele_aws::tags::Tags;
use stele_event::runtime::SeededEntropy;

/// 2026-11-24T10:00:00Z.
const NOW_MICROS: i64 = 1_795_514_400_000_000;
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// A change and what is expected of it.
struct Case {
    title: String,
    edits: Vec<Edit>,
    expected: String,
}

impl Case {
    /// The check that the change is for.
    fn id(&self) -> &str {
        self.title.split(':').next().unwrap()
    }
}

/// What is written is what the schema says.
fn is_as_described(drift: &Drift) {
    static SCHEMA: LazyLock<jsonschema::Validator> =
        LazyLock::new(|| jsonschema::validator_for(&schema::drift().unwrap()).unwrap());
    if let Err(error) = SCHEMA.validate(&serde_json::to_value(drift).unwrap()) {
        panic!("{error} at {}", error.instance_path());
    }
}

/// The page: an account, its policy, and changes.
struct Page {
    baseline: Baseline,
    good: Recording,
    cases: Vec<Case>,
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drift/cases.md")
}

/// The blocks of a text, by their kind.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = text.split("```").collect::<Vec<&str>>();
    let inside: Vec<(&str, &str)> =
        parts.chunks(2).filter_map(|pair| pair.get(1)?.split_once('\n')).collect();
    inside.into_iter()
}

fn block<'a>(text: &'a str, kind: &str) -> &'a str {
    let found = blocks(text).find(|(of, _)| *of == kind);
    found.unwrap_or_else(|| panic!("no block `{kind}`: {text:.80}")).1
}

impl Page {
    fn read(text: &str) -> Self {
        let mut sections = text.split("\n## ");
        let head = sections.next().unwrap();
        let cases = sections.map(|section| Case {
            title: section.lines().next().unwrap().to_owned(),
            edits: block(section, "change").lines().map(Edit::parse).collect(),
            expected: block(section, "drift").to_owned(),
        });
        Self {
            baseline: Baseline::parse(&format!("version = 1\n{}", block(head, "toml"))).unwrap(),
            good: Recording::parse(block(head, "aws")),
            cases: cases.collect(),
        }
    }

    /// Assesses an account; again as the earlier result says, where there is one.
    fn assess(&self, recording: &Recording, before: Option<&Earlier>) -> Report {
        const ACCOUNT: &str = "111122223333";
        let checks = Selection::default().checks(&self.baseline);
        let scope = Scope {
            account: ACCOUNT.to_owned(),
            partition: "aws".to_owned(),
            regions: REGIONS.map(str::to_owned).to_vec(),
            home_region: before.map(|before| before.scope.home_regions[ACCOUNT].clone()),
            now_micros: NOW_MICROS,
            interfaces: self.baseline.wants_interfaces(),
            tags: Tags::default(),
            collectors: assess::collectors(&checks, &self.baseline),
        };
        let replay = recording.replay();
        let work = assess::account(&replay, &scope, &self.baseline, &checks);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let assessed = runtime.block_on(work);
        assess::report(vec![assessed], Vec::new(), &self.baseline, 0, 0, NOW_MICROS)
    }

    /// The result of the account where all is well, as it is in its file.
    fn before(&self) -> Earlier {
        let report = serde_json::to_value(self.assess(&self.good, None)).unwrap();
        Earlier::deserialize(report).unwrap()
    }

    fn drift_after(&self, before: &Earlier, cases: &[&Case]) -> Drift {
        let edits = cases.iter().flat_map(|case| &case.edits);
        let drift = drift::compare(before, &self.assess(&self.good.after(edits), Some(before)));
        is_as_described(&drift);
        drift
    }
}

fn page() -> Page {
    Page::read(&std::fs::read_to_string(path()).unwrap())
}

fn root(entry: &Entry) -> Reference {
    let Entry { account, id, region, resource, .. } = entry;
    Reference {
        account: account.clone(),
        id: id.clone(),
        region: region.clone(),
        resource: resource.clone(),
    }
}

fn shown(drift: &Drift) -> String {
    let mut text = String::new();
    for entry in &drift.drift {
        let Entry { change, id, region, resource, reason, .. } = entry;
        let _ = writeln!(text, "{change} {id} {region} {resource}");
        let _ = writeln!(text, "  {} -> {}: {reason}", entry.was, entry.now);
        for Reference { id, region, resource, .. } in &entry.consequences {
            let _ = writeln!(text, "  so {id} {region} {resource}");
        }
    }
    for (word, list) in [("better", &drift.improved), ("unreadable", &drift.unreadable)] {
        for Reference { id, region, resource, .. } in list {
            let _ = writeln!(text, "{word} {id} {region} {resource}");
        }
    }
    text
}

/// The account has a good subject for every check of the default baseline, which can be broken.
#[test]
fn all_is_well_before() {
    let page = page();
    let report = page.assess(&page.good, None);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    let wrong = |status| matches!(status, Status::Fail | Status::Blocked);
    let bad: Vec<_> = report.findings.iter().filter(|finding| wrong(finding.status)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let passes = |id: &str| report.findings.iter().any(|f| f.id == id && f.status == Status::Pass);
    let mut defaults = checks::ALL.iter().map(|check| check.meta()).filter(|meta| meta.default);
    let without = defaults.find(|meta| !passes(meta.id)).map(|meta| meta.id);
    assert_eq!(without, None, "nothing passes that could be broken");
    let drift = drift::compare(&page.before(), &report);
    assert_eq!(shown(&drift), "");
}

#[test]
fn every_check_of_the_default_baseline_has_a_case() {
    let page = page();
    let tried: BTreeSet<&str> = page.cases.iter().map(Case::id).collect();
    let defaults = checks::ALL.iter().map(|check| check.meta()).filter(|meta| meta.default);
    let without: Vec<&str> =
        defaults.map(|meta| meta.id).filter(|id| !tried.contains(id)).collect();
    assert!(without.is_empty(), "no change behind its back is tried for {without:?}");
    let unknown = tried.iter().find(|id| checks::find(id).is_none());
    assert_eq!(unknown, None);
}

#[test]
fn each_change_alone_is_named_with_what_follows() {
    let text = std::fs::read_to_string(path()).unwrap();
    let (page, mut written, mut wrong) = (Page::read(&text), text.clone(), Vec::new());
    let before = page.before();
    for case in &page.cases {
        let drift = page.drift_after(&before, &[case]);
        let found = shown(&drift);
        let roots: Vec<&str> = drift.drift.iter().map(|entry| entry.id.as_str()).collect();
        if roots != [case.id()] || !drift.unreadable.is_empty() {
            wrong.push(format!("{}\n{found}", case.title));
        }
        let section = |expected: &str| format!("```drift\n{expected}```\n");
        let start = written.find(&format!("\n## {}\n", case.title)).unwrap();
        let place = start + written[start..].find("```drift").unwrap();
        let tail = written[place..].replacen(&section(&case.expected), &section(&found), 1);
        written.replace_range(place.., &tail);
        if found != case.expected && std::env::var_os("UPDATE").is_none() {
            wrong.push(format!("{}: UPDATE=1 writes what is found:\n{found}", case.title));
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path(), written).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All that is said of a change: its root and what follows.
fn whole(drift: &Drift) -> BTreeSet<Reference> {
    drift
        .drift
        .iter()
        .flat_map(|entry| [root(entry)].into_iter().chain(entry.consequences.clone()))
        .collect()
}

/// What a case comes to alone.
struct Alone<'a> {
    case: &'a Case,
    root: Reference,
    whole: BTreeSet<Reference>,
}

impl Alone<'_> {
    /// Whether both can be made, and neither is about what the other does.
    fn is_apart_from(&self, other: &Self) -> bool {
        let mut edits = self.case.edits.iter();
        let clash = edits.any(|edit| other.case.edits.iter().any(|theirs| edit.clashes(theirs)));
        // A loop is made of settings that others are about.
        let ring = |one: &Self, two: &Self| {
            let about = |a: &Reference| two.whole.iter().any(|b| a.resource == b.resource);
            one.root.id == "cen.loop" && one.whole.iter().any(about)
        };
        let tied = self.whole.contains(&other.root) || other.whole.contains(&self.root);
        !clash && !tied && !ring(self, other) && !ring(other, self)
    }
}

fn alone<'a>(page: &'a Page, before: &Earlier) -> Vec<Alone<'a>> {
    let all = page.cases.iter().map(|case| {
        let drift = page.drift_after(before, &[case]);
        Alone { case, root: root(&drift.drift[0]), whole: whole(&drift) }
    });
    all.collect()
}

/// Several changes at once are named as each alone.
fn named_together(page: &Page, before: &Earlier, chosen: &[&Alone<'_>]) -> Option<String> {
    let cases: Vec<&Case> = chosen.iter().map(|alone| alone.case).collect();
    let drift = page.drift_after(before, &cases);
    let found: BTreeSet<Reference> = drift.drift.iter().map(root).collect();
    let expected: BTreeSet<Reference> = chosen.iter().map(|alone| alone.root.clone()).collect();
    let said = whole(&drift);
    let lost = chosen.iter().flat_map(|alone| &alone.whole).find(|each| !said.contains(each));
    if found == expected && found.len() == drift.drift.len() && lost.is_none() {
        return None;
    }
    let titles: Vec<&str> = cases.iter().map(|case| case.title.as_str()).collect();
    let missed: Vec<&Reference> = expected.difference(&found).collect();
    let more: Vec<&Reference> = found.difference(&expected).collect();
    let text = format!("not named: {missed:#?}\nnamed as well: {more:#?}\nnot said: {lost:#?}");
    Some(format!("{}\n{text}\n{}", titles.join("\n"), shown(&drift)))
}

/// All pairs take half a minute; one in so many is tried.
const SHARE: u64 = 6;

#[test]
fn any_two_changes_at_once_are_two() {
    let page = page();
    let before = page.before();
    let all = alone(&page, &before);
    let (mut pairs, mut tried, mut wrong) = (0, 0, Vec::new());
    let random = SeededEntropy::new(1);
    for (index, one) in all.iter().enumerate() {
        for other in all[index + 1..].iter().filter(|other| one.is_apart_from(other)) {
            pairs += 1;
            if !random.next().is_multiple_of(SHARE) {
                continue;
            }
            tried += 1;
            wrong.extend(named_together(&page, &before, &[one, other]));
        }
    }
    assert!(pairs > 1900 && tried > 300, "{tried} of {pairs} pairs were tried");
    assert!(wrong.is_empty(), "{} of {tried}\n{}", wrong.len(), wrong.join("\n"));
}

/// As many as do not touch each other, in the order of a seed.
#[test]
fn many_changes_at_once_are_as_many() {
    let page = page();
    let before = page.before();
    let all = alone(&page, &before);
    let mut wrong = Vec::new();
    for seed in 0..40 {
        let random = SeededEntropy::new(seed);
        let mut order: Vec<(u64, &Alone<'_>)> =
            all.iter().map(|alone| (random.next(), alone)).collect();
        order.sort_by_key(|(place, _)| *place);
        let mut chosen: Vec<&Alone<'_>> = Vec::new();
        for (_, alone) in order {
            if chosen.iter().all(|other| other.is_apart_from(alone)) {
                chosen.push(alone);
            }
        }
        assert!(chosen.len() > 20, "seed {seed}: {} at once", chosen.len());
        let found = named_together(&page, &before, &chosen);
        wrong.extend(found.map(|text| format!("seed {seed}: {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever is refused, nothing is taken for changed: what was said of it before is unreadable.
#[test]
fn what_cannot_be_read_is_unreadable_and_never_drift() {
    let page = page();
    let before = page.before();
    let checks = Selection::default().checks(&page.baseline);
    let operations: BTreeSet<&str> = assess::collectors(&checks, &page.baseline)
        .iter()
        .flat_map(|collector| collector.operations())
        .copied()
        .collect();
    let by_region =
        operations.iter().flat_map(|id| REGIONS.map(|region| format!("{id} @{region}")));
    let refused: BTreeSet<String> = by_region.chain(page.good.calls().map(str::to_owned)).collect();
    let mut wrong = Vec::new();
    for call in refused {
        let now = page.assess(&page.good.refusing(&call), Some(&before));
        let drift = drift::compare(&before, &now);
        let said = |past: &&drift::Past| {
            let here = now.findings.iter().any(|f| {
                (f.id, &f.region, &f.resource) == (past.id.as_str(), &past.region, &past.resource)
            });
            here || past.status != Status::Pass
                || drift.unreadable.iter().any(|each| each.id == past.id)
        };
        let silent = before.findings.iter().find(|past| !said(past));
        if !drift.drift.is_empty() || !drift.improved.is_empty() || silent.is_some() {
            wrong.push(format!("{call} refused; silent: {silent:?}\n{}", shown(&drift)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
