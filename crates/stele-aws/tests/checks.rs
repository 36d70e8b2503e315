//! The cases in `checks/*.md`: what AWS answers, and what a check says of it.
//!
//! A page is named after its check. In an `aws` block stands a recording (see
//! `stele_aws::replay`), in a `toml` block before it the policy, if it is not the default. Lines
//! `account N` and `regions A B` may begin the recording. The `findings` block behind it holds what
//! is expected. Where the expectations are to be written anew:
//! `UPDATE=1 cargo test -p stele-aws --test checks`. A `plan` block after that, and a `plan
//! allowing shorten,replace` one, hold what a plan would do about it.
//!
//! What holds for every check is tested with every case: each call is made once; calls are those
//! that the check declares; and whatever one call is denied, nothing passes that did not before.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use stele_aws::assess::{self, Assessed};
use stele_aws::baseline::Baseline;
use stele_aws::check::{Check, Undo};
use stele_aws::checks;
use stele_aws::collect::{Collector, Scope};
use stele_aws::export;
use stele_aws::finding::{Finding, Remedy, Status};
use stele_aws::iam;
use stele_aws::operation;
use stele_aws::plan::{Allowance, Allowances, Plan, assemble};
use stele_aws::replay::Replay;
use stele_aws::schema;
use stele_aws::tags::Tags;

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
#[derive(Clone)]
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
            interfaces: self.baseline.wants_interfaces(),
            tags: Tags::default(),
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

/// The plan for what was assessed, with an account that answers as recorded.
fn planned(case: &Case, assessed: &Assessed, allowances: &Allowances) -> (Plan, Replay) {
    planned_with(Replay::parse(&case.recording).unwrap(), case, assessed, allowances)
}

fn planned_with(
    replay: Replay,
    case: &Case,
    assessed: &Assessed,
    allowances: &Allowances,
) -> (Plan, Replay) {
    let report =
        assess::report(vec![assessed.clone()], Vec::new(), &case.baseline, 0, 0, NOW_MICROS);
    let work = assemble::account(&replay, assessed, &case.baseline, allowances, &|_| true);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let part = runtime.block_on(work);
    (assemble::join(vec![part], &report), replay)
}

fn shown_plan(plan: &Plan) -> String {
    let mut text = String::new();
    let params = |params: &serde_json::Map<String, serde_json::Value>| {
        let lines = params.iter().map(|(name, value)| match value.as_str() {
            Some(value) => format!("    {name} = {value}\n"),
            None => format!("    {name} = {value}\n"),
        });
        lines.collect::<String>()
    };
    for action in &plan.actions {
        let after: Vec<String> = action.after.iter().map(u32::to_string).collect();
        let after =
            if after.is_empty() { String::new() } else { format!(" after {}", after.join(",")) };
        let _ = writeln!(
            text,
            "{}. {} {} {}{after}",
            action.n, action.call, action.region, action.resource
        );
        let _ = writeln!(text, "  {}", action.why);
        text.push_str(&params(&action.params));
        if action.before.is_null() {
            let _ = writeln!(text, "  before: nothing");
        } else {
            let _ = writeln!(text, "  before: {}", action.before);
        }
        for undo in &action.undo {
            let _ = writeln!(text, "  undo: {}", undo.call);
            text.push_str(&params(&undo.params));
        }
        if !action.leaves.is_empty() {
            let _ = writeln!(text, "  undoing leaves {}", action.leaves);
        }
        if !action.monthly_cost_usd.basis.is_empty() {
            let _ = writeln!(text, "  cost: {}", action.monthly_cost_usd.basis);
        }
        for warning in &action.warnings {
            let _ = writeln!(text, "  note: {warning}");
        }
    }
    for blocked in &plan.blocked {
        let _ = writeln!(text, "blocked {} {}", blocked.region, blocked.resource);
        let _ = writeln!(text, "  {}: {}", blocked.reason_code, blocked.reason);
        for choice in &blocked.choices {
            let _ = writeln!(text, "  or: {choice}");
        }
    }
    for warning in &plan.warnings {
        let _ = writeln!(text, "note: {warning}");
    }
    if text.is_empty() { "nothing to do\n".to_owned() } else { text }
}

/// Every plan can be exported: all its parameters have a word, or belong to a call that has none.
fn export_properties(plan: &Plan, at: &str) {
    let plain = export::Options::default();
    let full = export::Options {
        with_custom_resources: true,
        collect: true,
        ..export::Options::default()
    };
    for options in [plain, full] {
        for made in [export::cloudformation, export::stackset, export::terraform] {
            let files = match made(plan, &options) {
                Err(export::ExportError::Empty) if plan.actions.is_empty() => continue,
                files => files.unwrap_or_else(|error| panic!("{at}: {error}")),
            };
            for file in files {
                for wrong in
                    ["cannot be said as it is", "does not know", "in a circle", "it needs `"]
                {
                    let line = file.text.lines().find(|line| line.contains(wrong));
                    assert!(line.is_none(), "{at}: {}: {line:?}", file.name);
                }
                let left = file.text.lines().find(|line| line.contains("${#"));
                assert!(left.is_none(), "{at}: {}: {left:?}", file.name);
            }
        }
    }
    for policies in [iam::apply_policy(plan), iam::rollback_policy(plan)] {
        for policy in policies.unwrap_or_else(|error| panic!("{at}: {error}")) {
            for statement in policy["Statement"].as_array().unwrap() {
                let actions = statement["Action"].as_array().unwrap();
                let wide = actions.iter().find(|action| action.as_str().unwrap().contains('*'));
                assert!(wide.is_none(), "{at}: {wide:?}");
                let resources = statement["Resource"].as_array().unwrap();
                let open = resources.iter().find(|each| each.as_str().unwrap().contains("${"));
                assert!(open.is_none(), "{at}: {open:?}");
            }
        }
    }
}

/// What holds for every plan.
fn plan_properties(assessed: &Assessed, plan: &Plan, replay: &Replay, allowing: bool, at: &str) {
    for call in replay.made().keys() {
        let id = call.split(' ').next().unwrap();
        assert!(operation::find(id).unwrap().reads(), "{at}: the planner called {id}");
    }
    for action in &plan.actions {
        let id = &action.call;
        let operation = operation::find(id).unwrap();
        let unknown = action.params.keys().find(|name| !operation.takes(name));
        assert!(unknown.is_none(), "{at}: {id} has no {unknown:?}");
        assert!(action.after.iter().all(|n| *n < action.n), "{at}: {id} comes too early");
        let undone = !action.undo.is_empty() || !action.leaves.is_empty();
        assert!(undone, "{at}: {id} is not undone, and nobody says so");
        for undo in &action.undo {
            let operation = operation::find(&undo.call).unwrap_or_else(|| panic!("{}", undo.call));
            let unknown = undo.params.keys().find(|name| !operation.takes(name));
            assert!(unknown.is_none(), "{at}: {} has no {unknown:?}", undo.call);
        }
        let left = serde_json::to_string(&action).unwrap();
        assert!(!left.contains("${#"), "{at}: a reference is left in {left}");
        assert!(!action.why.is_empty() && !action.findings.is_empty(), "{at}: {id}");
    }
    // What is said to be put right by a plan is; what is not is said to be blocked.
    for finding in &assessed.findings {
        let wrong = matches!(finding.status, Status::Fail | Status::Blocked);
        let caused = finding.cause.is_some();
        if !wrong || finding.pending || finding.exception.is_some() || caused {
            continue;
        }
        let key = format!("{}|{}", finding.id, finding.resource);
        let acted = plan.actions.iter().any(|action| action.findings.contains(&key));
        let blocked = plan.blocked.iter().any(|b| b.resource == finding.resource);
        assert!(
            acted || blocked,
            "{at}: {key} ({}) is neither planned nor blocked",
            finding.reason_code
        );
        // Consent can make an action of what is for a person.
        if finding.fix == Some(Remedy::Blocked) && !(allowing && acted) {
            assert!(blocked, "{at}: {key} is for a person, and not blocked");
        }
    }
    assert_eq!(plan.sha256, plan.hash(), "{at}");
    let text = serde_json::to_string(plan).unwrap();
    let again: Plan = serde_json::from_str(&text).unwrap();
    assert!(again == *plan, "{at}: a plan reads as it was written");
    static SCHEMA: LazyLock<jsonschema::Validator> =
        LazyLock::new(|| jsonschema::validator_for(&schema::plan().unwrap()).unwrap());
    let plan = serde_json::to_value(plan).unwrap();
    if let Err(error) = SCHEMA.validate(&plan) {
        panic!("{at}: {} at {}", error, error.instance_path());
    }
}

/// The call that counts what costs are computed from.
const METRICS: &str = "cloudwatch:GetMetricData";

/// Who may not read metrics gets the same plan, as complete, with costs that are assumed.
fn plans_without_metrics(case: &Case, assessed: &Assessed, (plan, replay): (&Plan, &Replay)) {
    if !replay.made().keys().any(|call| call.starts_with(METRICS)) {
        return;
    }
    let denied = Replay::parse(&case.recording).unwrap().denying(METRICS);
    let (mut without, _) = planned_with(denied, case, assessed, &Allowances::new());
    assert_eq!(without.exit_code(), plan.exit_code());
    assert_eq!(without.errors, plan.errors);
    let told = without.warnings.iter().any(|text| text.ends_with("allow cloudwatch:GetMetricData"));
    assert!(told, "{:?}", without.warnings);
    for (action, other) in without.actions.iter_mut().zip(&plan.actions) {
        action.monthly_cost_usd.clone_from(&other.monthly_cost_usd);
    }
    assert_eq!(without.actions, plan.actions);
}

/// What a plan was for is good when it was applied, and a second plan does not repeat it.
fn settles(
    check: &'static dyn Check,
    (case, before): (&Case, &Assessed),
    plan: &Plan,
    allowances: &Allowances,
    at: &str,
) {
    let Some(recording) = world::after(&case.recording, plan) else { return };
    let after = Case { recording, ..case.clone() };
    let (assessed, _) = after.run(check, None);
    let (second, _) = planned(&after, &assessed, allowances);
    for finding in before.findings.iter().filter(|finding| finding.status == Status::Fail) {
        let key = format!("{}|{}", finding.id, finding.resource);
        let acted = plan.actions.iter().any(|action| action.findings.contains(&key));
        let blocked = plan.blocked.iter().any(|b| b.resource == finding.resource);
        if !acted || blocked {
            continue;
        }
        // What is made has a name, and what was not there had none.
        let nameless = ["no-trail", "no-detector", "no-organization"];
        let is_made = nameless.iter().any(|code| finding.reason_code.starts_with(code))
            || finding.id == "cfg.aggregator";
        let same = |now: &&Finding| {
            now.region == finding.region && (now.resource == finding.resource || is_made)
        };
        let now: Vec<&Finding> = assessed.findings.iter().filter(same).collect();
        // What fails only because of another finding is that one's matter.
        let good = now.iter().all(|now| now.status != Status::Fail || now.cause.is_some());
        // A loop that is no more is not spoken of.
        let there = !now.is_empty() || finding.id == "cen.loop";
        assert!(good && there, "{at}: {key} after its plan: {}", shown(&assessed.findings));
        let again = second.actions.iter().find(|action| action.findings.contains(&key));
        assert!(again.is_none(), "{at}: {key} is planned for again: {}", shown_plan(&second));
    }
}

/// A check that says that its fix is undone exactly plans nothing that stays.
fn undone_as_said(check: &dyn Check, plan: &Plan, at: &str) {
    let stays = plan.actions.iter().find(|action| !action.leaves.is_empty());
    if let (Some(action), Undo::Exact) = (stays, check.meta().fix.undo) {
        panic!("{at}: said to be undone exactly, and {} leaves {}", action.call, action.leaves);
    }
}

/// What the words of a `plan` block allow.
fn allowances(kind: &str) -> Allowances {
    let words = kind.strip_prefix("plan allowing ").unwrap_or_default();
    words.split(',').filter(|word| !word.is_empty()).map(|w| Allowance::parse(w).unwrap()).collect()
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
    validate(
        &assess::report(vec![whole.clone()], Vec::new(), &case.baseline, 0, 0, NOW_MICROS),
        at,
    );
    let before = passing(&whole.findings);
    for id in declared {
        let (partial, replay) = case.run(check, Some(id));
        let after = passing(&partial.findings);
        let new: Vec<_> = after.difference(&before).collect();
        assert!(new.is_empty(), "{at}: without {id} these pass: {new:?}");
        // Questions about others' buckets may be refused without anything being left open.
        let asked = replay.made().keys().any(|call| call.split(' ').next() == Some(id));
        if asked && id != "s3:GetBucketLocation" {
            let report =
                assess::report(vec![partial], Vec::new(), &case.baseline, 0, 0, NOW_MICROS);
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
    let mut last = None;
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
                        let unsaid = found.replace(shown(&assessed.findings));
                        assert!(unsaid.is_none(), "{at}: the case before has no findings");
                        let (plan, replay) = planned(&case, &assessed, &Allowances::new());
                        plan_properties(&assessed, &plan, &replay, false, &at);
                        undone_as_said(check, &plan, &at);
                        plans_without_metrics(&case, &assessed, (&plan, &replay));
                        settles(check, (&case, &assessed), &plan, &Allowances::new(), &at);
                        last = Some((case, assessed));
                    }
                    "findings" => content = found.take().unwrap_or_else(|| panic!("{at}: no case")),
                    kind if kind.starts_with("plan") => {
                        let (case, assessed) =
                            last.as_ref().unwrap_or_else(|| panic!("{at}: no case"));
                        let (plan, replay) = planned(case, assessed, &allowances(kind));
                        plan_properties(assessed, &plan, &replay, kind != "plan", &at);
                        settles(check, (case, assessed), &plan, &allowances(kind), &at);
                        content = shown_plan(&plan);
                    }
                    _ => panic!("{at}: a block is `toml`, `aws`, `findings` or `plan`"),
                }
                let _ = write!(written, "```{kind}\n{content}```\n");
            }
        }
    }
    assert!(found.is_none(), "{page}: the last case has no findings");
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
fn plans_can_be_exported_and_allowed() {
    let words = ["shorten", "irreversible", "replace", "remove-exclusion"];
    let all: Allowances = words.iter().map(|word| Allowance::parse(word).unwrap()).collect();
    let mut actions = 0;
    for check in checks::ALL {
        let page = check.meta().id;
        let text = std::fs::read_to_string(page_of(*check)).unwrap();
        let mut policy = String::new();
        for part in parts(&text, page) {
            match part {
                Part::Prose(line) if line.starts_with('#') => policy.clear(),
                Part::Block { kind, text, .. } if kind == "toml" => policy = text,
                Part::Block { kind, text, line } if kind == "aws" => {
                    let case = Case::of(&text, &policy);
                    let (assessed, _) = case.run(*check, None);
                    for allowances in [Allowances::new(), all.clone()] {
                        let (plan, _) = planned(&case, &assessed, &allowances);
                        actions += plan.actions.len();
                        export_properties(&plan, &format!("{page}:{line}"));
                    }
                }
                Part::Prose(_) | Part::Block { .. } => {}
            }
        }
    }
    assert!(actions > 300, "{actions} actions were looked at");
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    committed("stele.aws.assess-1.json", &schema::assess().unwrap());
    committed("stele.aws.plan-1.json", &schema::plan().unwrap());
    committed("stele.aws.drift-1.json", &schema::drift().unwrap());
}

fn committed(name: &str, made: &serde_json::Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(made).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    // Compared as values: the order of members depends on how serde_json is built.
    let there = std::fs::read_to_string(&path).unwrap();
    let there: serde_json::Value = serde_json::from_str(&there).unwrap();
    assert!(there == *made, "UPDATE=1 writes docs/schema: the types have changed");
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
            tags: Tags::default(),
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
