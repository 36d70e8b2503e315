//! The cases in `checks/*.md`: what AWS answers, and what a check says of it.
//!
//! A page is named after its check. In an `aws` block stands a recording (see
//! `stele_aws::replay`), in a `toml` block before it the policy, if it is not the default. Lines
//! `account N` and `regions A B` may begin the recording. The `findings` block behind it holds what
//! is expected. Where the expectations are to be written anew:
//! `UPDATE=1 cargo test -p stele-aws --test checks`.
//!
//! What holds for every check is tested with every case: each call is made once; calls are those
//! that the check declares; and whatever one call is denied, nothing passes that did not before.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use stele_aws::assess::{self, Assessed};
use stele_aws::baseline::Baseline;
use stele_aws::check::Check;
use stele_aws::checks;
use stele_aws::collect::{Collector, Scope};
use stele_aws::finding::{Finding, Status};
use stele_aws::replay::Replay;
use stele_aws::schema;

/// 2026-11-24T10:00:00Z: when all cases were read.
const NOW_MICROS: i64 = 1_795_514_400_000_000;

/// A page's lines, with the blocks marked off.
enum Part {
    Prose(String),
    Block { line: usize, kind: String, text: String },
}

fn parts(text: &str, page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            parts.push(Part::Prose(line.to_owned()));
            continue;
        };
        let mut content = String::new();
        loop {
            let (_, line) = lines.next().unwrap_or_else(|| panic!("{page}: a block is not closed"));
            if line == "```" {
                break;
            }
            content.push_str(line);
            content.push('\n');
        }
        parts.push(Part::Block { line: index + 1, kind: kind.to_owned(), text: content });
    }
    parts
}

/// A recording with what stands before it.
struct Case {
    account: String,
    regions: Vec<String>,
    recording: String,
    baseline: Baseline,
}

impl Case {
    fn of(text: &str, policy: &str) -> Self {
        let mut case = Self {
            account: "111122223333".to_owned(),
            regions: vec!["us-east-1".to_owned()],
            recording: String::new(),
            baseline: Baseline::default(),
        };
        if !policy.is_empty() {
            case.baseline = Baseline::parse(&format!("version = 1\n{policy}")).unwrap();
        }
        for line in text.lines() {
            if let Some(regions) = line.strip_prefix("regions ") {
                case.regions = regions.split_whitespace().map(str::to_owned).collect();
            } else if let Some(account) = line.strip_prefix("account ") {
                account.trim().clone_into(&mut case.account);
            } else {
                case.recording.push_str(line);
                case.recording.push('\n');
            }
        }
        case
    }

    fn run(&self, check: &'static dyn Check, denied: Option<&str>) -> (Assessed, Replay) {
        let mut replay = Replay::parse(&self.recording).unwrap();
        if let Some(id) = denied {
            replay = replay.denying(id);
        }
        let checks = [check];
        let scope = Scope {
            account: self.account.clone(),
            partition: "aws".to_owned(),
            regions: self.regions.clone(),
            home_region: self.baseline.scope.home_region.clone(),
            now_micros: NOW_MICROS,
            interfaces: self.baseline.scope.skip_empty_vpcs,
            collectors: assess::collectors(&checks, &self.baseline),
        };
        let work = assess::account(&replay, &scope, &self.baseline, &checks);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let assessed = runtime.block_on(work);
        (assessed, replay)
    }
}

fn shown(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { region, resource, reason_code, reason, .. } = finding;
        let pending = if finding.pending { " (pending)" } else { "" };
        let _ = writeln!(text, "{}{pending} {region} {resource}", finding.status.word());
        let _ = writeln!(text, "  {reason_code}: {reason}");
        if let Some(cause) = &finding.cause {
            let _ = writeln!(text, "  because of {cause}");
        }
        if let Some(stream) = &finding.stream {
            let _ = writeln!(text, "  stream {stream}");
        }
        if let Some(exception) = &finding.exception {
            let _ = writeln!(text, "  excepted by {} until {}", exception.owner, exception.expires);
        }
    }
    text
}

fn passing(findings: &[Finding]) -> BTreeSet<(String, String)> {
    let passes = findings.iter().filter(|finding| finding.status == Status::Pass);
    passes.map(|finding| (finding.region.clone(), finding.resource.clone())).collect()
}

/// Whether a report is what its schema says.
fn validate(report: &assess::Report, at: &str) {
    static SCHEMA: LazyLock<jsonschema::Validator> =
        LazyLock::new(|| jsonschema::validator_for(&schema::assess().unwrap()).unwrap());
    let report = serde_json::to_value(report).unwrap();
    if let Err(error) = SCHEMA.validate(&report) {
        panic!("{at}: {} at {}", error, error.instance_path());
    }
}

/// What holds for every check.
fn properties(case: &Case, check: &'static dyn Check, whole: &Assessed, replay: &Replay, at: &str) {
    let collectors: BTreeSet<Collector> = assess::collectors(&[check], &case.baseline);
    let declared: BTreeSet<&str> =
        collectors.iter().flat_map(|collector| collector.operations()).copied().collect();
    for (call, times) in replay.made() {
        assert_eq!(times, 1, "{at}: made more than once: {call}");
        let id = call.split(' ').next().unwrap();
        assert!(declared.contains(id), "{at}: {id} is not among the declared calls");
    }
    let mut subjects = BTreeSet::new();
    for finding in &whole.findings {
        let subject = (&finding.region, &finding.resource);
        assert!(subjects.insert(subject), "{at}: two findings for {subject:?}");
        assert!(!finding.reason.is_empty() && !finding.reason_code.is_empty(), "{at}");
    }
    validate(&assess::report(vec![whole.clone()], Vec::new(), &case.baseline, 0, 0), at);
    let before = passing(&whole.findings);
    for id in declared {
        let (partial, replay) = case.run(check, Some(id));
        let after = passing(&partial.findings);
        let new: Vec<_> = after.difference(&before).collect();
        assert!(new.is_empty(), "{at}: without {id} these pass: {new:?}");
        // Questions about others' buckets may be refused without anything being left open.
        let asked = replay.made().keys().any(|call| call.split(' ').next() == Some(id));
        if asked && id != "s3:GetBucketLocation" {
            let report = assess::report(vec![partial], Vec::new(), &case.baseline, 0, 0);
            assert_eq!(report.exit_code(), 4, "{at}: complete without {id}");
        }
    }
}

fn page_of(check: &dyn Check) -> PathBuf {
    let name = format!("{}.md", check.meta().id);
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks").join(name)
}

/// Runs a page, and returns it with what was found in the place of what was expected.
fn run_page(check: &'static dyn Check, text: &str, page: &str) -> String {
    let (mut written, mut policy, mut found) = (String::new(), String::new(), None);
    let mut statuses = BTreeSet::new();
    for part in parts(text, page) {
        match part {
            Part::Prose(line) => {
                if line.starts_with('#') {
                    policy.clear();
                }
                written.push_str(&line);
                written.push('\n');
            }
            Part::Block { line, kind, text } => {
                let at = format!("{page}:{line}");
                let mut content = text.clone();
                match kind.as_str() {
                    "toml" => policy = text,
                    "aws" => {
                        let case = Case::of(&text, &policy);
                        let (assessed, replay) = case.run(check, None);
                        properties(&case, check, &assessed, &replay, &at);
                        statuses.extend(assessed.findings.iter().map(|finding| finding.status));
                        found = Some(shown(&assessed.findings));
                    }
                    "findings" => content = found.take().unwrap_or_else(|| panic!("{at}: no case")),
                    _ => panic!("{at}: a block is `toml`, `aws` or `findings`"),
                }
                let _ = write!(written, "```{kind}\n{content}```\n");
            }
        }
    }
    let mut needed = vec![Status::Pass, Status::Fail, Status::Unknown];
    if !check.meta().not_applicable.is_empty() {
        needed.push(Status::NotApplicable);
    }
    for status in needed {
        assert!(statuses.contains(&status), "{page}: no case for {}", status.word());
    }
    written
}

#[test]
fn checks_say_what_their_pages_say() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for check in checks::ALL {
        let path = page_of(*check);
        let page = check.meta().id;
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: every check has a page", path.display()));
        let written = run_page(*check, &text, page);
        if written == text {
            continue;
        }
        if update {
            std::fs::write(&path, &written).unwrap();
        } else {
            let differs = text.lines().zip(written.lines()).find(|(a, b)| a != b);
            wrong.push(format!("{page}: {differs:?}"));
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 writes what is found:\n{}", wrong.join("\n"));
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    let path = path.join("stele.aws.assess-1.json");
    let made = schema::assess().unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    // Compared as values: the order of members depends on how serde_json is built.
    let there = std::fs::read_to_string(&path).unwrap();
    let there: serde_json::Value = serde_json::from_str(&there).unwrap();
    assert!(there == made, "UPDATE=1 writes docs/schema: the types have changed");
}

#[test]
fn every_page_has_its_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id = name.strip_suffix(".md").unwrap();
        assert!(checks::find(id).is_some(), "{name} belongs to no check");
    }
}

/// What an account without anything takes: the budget is 30 calls for each empty region.
#[test]
fn an_empty_region_takes_few_calls() {
    const CALLS_MAX: u64 = 30;
    let strict = Baseline::parse("version = 1\npresets = [\"strict\"]").unwrap();
    let calls = |baseline: &Baseline, regions: &[&str]| {
        let checks = assess::Selection::default().checks(baseline);
        let scope = Scope {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            regions: regions.iter().map(|region| (*region).to_owned()).collect(),
            home_region: None,
            now_micros: NOW_MICROS,
            collectors: assess::collectors(&checks, baseline),
            interfaces: false,
        };
        let replay = Replay::default();
        let work = assess::account(&replay, &scope, baseline, &checks);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(work).calls
    };
    let default = Baseline::default();
    for (name, baseline) in [("default", &default), ("strict", &strict)] {
        let one = calls(baseline, &["us-east-1"]);
        let region = calls(baseline, &["us-east-1", "eu-west-1"]) - one;
        println!("{name}: {region} calls for an empty region, {} for an account", one - region);
        assert!(region <= CALLS_MAX, "{name}: {region} calls for an empty region");
        assert!(one - region <= 10, "{name}: {} calls for an account", one - region);
    }
}

#[test]
fn checks_describe_themselves() {
    let mut ids = BTreeSet::new();
    for check in checks::ALL {
        let meta = check.meta();
        assert!(ids.insert(meta.id), "{} twice", meta.id);
        let texts = [meta.title, meta.passes, meta.why, meta.fix.how];
        assert!(texts.iter().all(|text| !text.is_empty()), "{}", meta.id);
        assert!(!meta.reads.is_empty(), "{}", meta.id);
    }
}
