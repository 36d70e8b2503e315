//! Plans applied to a small made-up AWS that keeps what is written: what holds for every plan holds
//! wherever the process is cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize as _;
use serde_json::{Map, json};
use stele_event::runtime::{ManualClock, SeededEntropy};

use super::*;
use crate::assess::{self, Assessed, Selection};
use crate::baseline::Baseline;
use crate::collect::Scope;
use crate::drift::{self, Earlier};
use crate::journal::stages;
use crate::plan::{Allowances, assemble};
use crate::tags::Tags;

const ACCOUNT: &str = "111122223333";
/// 2026-11-24T10:00:00Z.
const NOW_MICROS: i64 = 1_795_514_400_000_000;
const REGION: &str = "us-east-1";

/// The account: for each read and subject, what it answers.
#[derive(Debug, Default, Clone, PartialEq)]
struct World {
    buckets: BTreeMap<String, Map<String, Value>>,
    trails: BTreeMap<String, Map<String, Value>>,
    groups: BTreeMap<String, Map<String, Value>>,
    flow_logs: BTreeMap<String, Value>,
    vpcs: Vec<String>,
}

#[derive(Debug, Default)]
struct Fake {
    world: Mutex<World>,
    writes: Mutex<Vec<String>>,
}

#[async_trait]
impl Aws for Fake {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        let id = call.operation.id();
        if !call.operation.reads() {
            self.writes.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        }
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.answer(&id, &call.params).map_err(|code| {
            CallError::new(call, Failure::of(code, 400), code, "the made-up account says so")
        })
    }
}

fn text(params: &Params, name: &str) -> String {
    params.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl World {
    fn answer(&mut self, id: &str, params: &Params) -> Result<Value, &'static str> {
        let (service, name) = id.split_once(':').unwrap();
        match service {
            "s3" => self.s3(name, params),
            "cloudtrail" => self.cloudtrail(name, params),
            "logs" => self.logs(name, params),
            "ec2" => self.ec2(name, params),
            _ if name.starts_with("Get") => Err("NotFound"),
            _ => Ok(json!({})),
        }
    }

    fn s3(&mut self, name: &str, params: &Params) -> Result<Value, &'static str> {
        let bucket = text(params, "Bucket");
        if name == "ListBuckets" {
            let all: Vec<Value> = self
                .buckets
                .keys()
                .map(|name| json!({"Name": name, "BucketRegion": REGION}))
                .collect();
            return Ok(json!({"Buckets": all}));
        }
        if name == "CreateBucket" {
            return match self.buckets.insert(bucket, Map::new()) {
                None => Ok(json!({})),
                Some(_) => Err("BucketAlreadyOwnedByYou"),
            };
        }
        let settings = self.buckets.get_mut(&bucket).ok_or("NoSuchBucket")?;
        let kept = |key: &str| settings.get(key).cloned();
        Ok(match name {
            "GetBucketPolicy" => json!({"Policy": kept("Policy").ok_or("NoSuchBucketPolicy")?}),
            "GetBucketLocation" => json!({}),
            "GetBucketVersioning" => kept("Versioning").unwrap_or_else(|| json!({})),
            "GetBucketLogging" => kept("Logging").unwrap_or_else(|| json!({})),
            "GetPublicAccessBlock" => {
                kept("Block").ok_or("NoSuchPublicAccessBlockConfiguration")?
            }
            "PutBucketPolicy" => {
                settings.insert("Policy".to_owned(), params["Policy"].clone());
                json!({})
            }
            "DeleteBucketPolicy" => {
                settings.remove("Policy");
                json!({})
            }
            "PutBucketVersioning" => {
                settings.insert("Versioning".to_owned(), params["VersioningConfiguration"].clone());
                json!({})
            }
            "PutBucketLogging" => {
                let status = params["BucketLoggingStatus"].clone();
                if status == json!({}) {
                    settings.remove("Logging");
                } else {
                    settings.insert("Logging".to_owned(), status);
                }
                json!({})
            }
            _ if name.starts_with("Get") => return Err("NoSuchConfiguration"),
            _ => json!({}),
        })
    }

    fn cloudtrail(&mut self, name: &str, params: &Params) -> Result<Value, &'static str> {
        let arn = |name: &str| format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}");
        if name == "DescribeTrails" {
            let all: Vec<Value> = self.trails.values().map(|trail| trail["row"].clone()).collect();
            return Ok(json!({"trailList": all}));
        }
        let named = match (text(params, "Name"), text(params, "TrailName")) {
            (name, trail) if name.is_empty() => trail,
            (name, _) => name,
        };
        let short = named.rsplit('/').next().unwrap_or_default().to_owned();
        if name == "CreateTrail" {
            let mut row = params.clone();
            row.insert("TrailARN".to_owned(), json!(arn(&short)));
            row.insert("HomeRegion".to_owned(), json!(REGION));
            let validates = row.remove("EnableLogFileValidation").unwrap_or_default();
            row.insert("LogFileValidationEnabled".to_owned(), validates);
            let trail = json!({"row": row, "logging": false});
            let Value::Object(trail) = trail else { return Err("Internal") };
            self.trails.insert(short, trail);
            return Ok(json!({}));
        }
        if name == "DeleteTrail" {
            return self.trails.remove(&short).map(|_| json!({})).ok_or("TrailNotFoundException");
        }
        let trail = self.trails.get_mut(&short).ok_or("TrailNotFoundException")?;
        Ok(match name {
            "GetTrail" => json!({"Trail": trail["row"]}),
            "GetTrailStatus" => json!({"IsLogging": trail["logging"]}),
            "GetEventSelectors" => trail.get("selectors").cloned().unwrap_or_else(|| {
                json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
                    "DataResources": [], "ExcludeManagementEventSources": []}]})
            }),
            "GetInsightSelectors" => {
                let insights =
                    trail.get("insights").cloned().ok_or("InsightNotEnabledException")?;
                json!({"InsightSelectors": insights})
            }
            "StartLogging" | "StopLogging" => {
                trail.insert("logging".to_owned(), json!(name == "StartLogging"));
                json!({})
            }
            "PutEventSelectors" => {
                let mut selectors = params.clone();
                selectors.remove("TrailName");
                trail.insert("selectors".to_owned(), Value::Object(selectors));
                json!({})
            }
            "PutInsightSelectors" => {
                if params["InsightSelectors"] == json!([]) {
                    trail.remove("insights");
                } else {
                    trail.insert("insights".to_owned(), params["InsightSelectors"].clone());
                }
                json!({})
            }
            "UpdateTrail" => {
                let row = trail["row"].as_object_mut().ok_or("Internal")?;
                for (name, value) in params.iter().filter(|(name, _)| *name != "Name") {
                    let name = match name.as_str() {
                        "EnableLogFileValidation" => "LogFileValidationEnabled",
                        name => name,
                    };
                    row.insert(name.to_owned(), value.clone());
                }
                json!({})
            }
            _ => return Err("UnknownOperationException"),
        })
    }

    fn logs(&mut self, name: &str, params: &Params) -> Result<Value, &'static str> {
        let group = text(params, "logGroupName");
        Ok(match name {
            "DescribeLogGroups" => {
                let prefix = text(params, "logGroupNamePrefix");
                let all: Vec<&Map<String, Value>> = self
                    .groups
                    .iter()
                    .filter(|(name, _)| name.starts_with(&prefix))
                    .map(|(_, group)| group)
                    .collect();
                json!({"logGroups": all})
            }
            "CreateLogGroup" => {
                let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*");
                let new = json!({"logGroupName": group, "arn": arn, "creationTime": 0});
                let Value::Object(new) = new else { return Err("Internal") };
                match self.groups.insert(group, new) {
                    None => json!({}),
                    Some(_) => return Err("ResourceAlreadyExistsException"),
                }
            }
            "DeleteLogGroup" => {
                self.groups.remove(&group).ok_or("ResourceNotFoundException")?;
                json!({})
            }
            "PutRetentionPolicy" | "DeleteRetentionPolicy" => {
                let group = self.groups.get_mut(&group).ok_or("ResourceNotFoundException")?;
                match params.get("retentionInDays") {
                    Some(days) => group.insert("retentionInDays".to_owned(), days.clone()),
                    None => group.remove("retentionInDays"),
                };
                json!({})
            }
            _ => json!({}),
        })
    }

    fn ec2(&mut self, name: &str, params: &Params) -> Result<Value, &'static str> {
        Ok(match name {
            "DescribeVpcs" => {
                let all: Vec<Value> =
                    self.vpcs.iter().map(|id| json!({"VpcId": id, "OwnerId": ACCOUNT})).collect();
                json!({"VpcSet": all})
            }
            "DescribeFlowLogs" => {
                json!({"FlowLogSet": self.flow_logs.values().collect::<Vec<&Value>>()})
            }
            "CreateFlowLogs" => {
                let on = params["ResourceIds"][0].as_str().unwrap_or_default();
                let id = format!("fl-{on}-{}", self.flow_logs.len());
                let mut log = params.clone();
                log.insert("FlowLogId".to_owned(), json!(id));
                log.insert("ResourceId".to_owned(), json!(on));
                log.insert("FlowLogStatus".to_owned(), json!("ACTIVE"));
                self.flow_logs.insert(id.clone(), Value::Object(log));
                json!({"FlowLogIds": [id]})
            }
            "DeleteFlowLogs" => {
                let id = params["FlowLogIds"][0].as_str().unwrap_or_default();
                self.flow_logs.remove(id).ok_or("InvalidFlowLogId.NotFound")?;
                json!({})
            }
            _ => json!({}),
        })
    }
}

/// An account of a seed: with or without a trail, stopped or not, groups of any retention, buckets
/// with somebody's policies.
fn world(seed: u64) -> World {
    let random = SeededEntropy::new(seed);
    let one_of = |n: u64| random.next() % n;
    let mut world = World::default();
    for number in 0..one_of(4) {
        let mut bucket = Map::new();
        if one_of(2) == 0 {
            let policy = json!({"Version": "2012-10-17", "Statement": {"Sid": "Theirs",
                "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}});
            bucket.insert("Policy".to_owned(), json!(policy.to_string()));
        }
        world.buckets.insert(format!("theirs-{number}"), bucket);
    }
    if one_of(3) > 0 && !world.buckets.is_empty() {
        let everywhere = one_of(2) == 0;
        let trail = json!({"logging": one_of(2) == 0, "row": {
            "Name": "theirs", "TrailARN": format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/theirs"),
            "HomeRegion": REGION, "S3BucketName": "theirs-0", "IsMultiRegionTrail": everywhere,
            "IncludeGlobalServiceEvents": everywhere, "LogFileValidationEnabled": one_of(2) == 0}});
        let Value::Object(mut trail) = trail else { unreachable!() };
        if one_of(2) == 0 {
            let selectors = json!({"EventSelectors": [{"ReadWriteType": "WriteOnly",
                "IncludeManagementEvents": true, "DataResources": [
                    {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::theirs-1/"]}]}]});
            trail.insert("selectors".to_owned(), selectors);
        }
        world.trails.insert("theirs".to_owned(), trail);
    }
    for number in 0..one_of(4) {
        let name = format!("/theirs/{number}");
        let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*");
        let group = json!({"logGroupName": name, "arn": arn, "creationTime": NOW_MICROS / 1_000});
        let Value::Object(mut group) = group else { unreachable!() };
        if let Some(days) =
            [None, Some(7), Some(365), Some(3653)][usize::try_from(one_of(4)).unwrap()]
        {
            group.insert("retentionInDays".to_owned(), json!(days));
        }
        world.groups.insert(name, group);
    }
    world.vpcs = (0..one_of(3)).map(|number| format!("vpc-{number}")).collect();
    world
}

/// The checks whose fixes the made-up account understands.
fn selection() -> Selection {
    let only = [
        "ct.trail.all-regions",
        "ct.trail.validation",
        "ct.trail.mgmt-rw",
        "ct.trail.delivery",
        "ct.trail.insights",
        "ct.data.s3-*",
        "ct.bucket.private",
        "ct.bucket.versioning",
        "ct.bucket.access-log",
        "s3.access",
        "cen.loop",
        "vpc.flow.format",
        "vpc.flow.delivery",
        "vpc.flow.coverage",
        "log.group.retention",
    ];
    Selection { only: only.iter().map(|id| (*id).to_owned()).collect(), skip: Vec::new() }
}

async fn assessed(aws: &Fake) -> Assessed {
    let baseline = Baseline::default();
    let checks = selection().checks(&baseline);
    let scope = Scope {
        account: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        regions: vec![REGION.to_owned()],
        home_region: None,
        now_micros: NOW_MICROS,
        collectors: assess::collectors(&checks, &baseline),
        interfaces: false,
        tags: Tags::default(),
    };
    assess::account(aws, &scope, &baseline, &checks).await
}

async fn planned(aws: &Fake) -> Plan {
    let assessed = assessed(aws).await;
    let baseline = Baseline::default();
    let allowances = Allowances::new();
    let part = assemble::account(aws, &assessed, &baseline, &allowances, &|_| true).await;
    let report = assess::report(vec![assessed], Vec::new(), &baseline, 0, 0, NOW_MICROS);
    assemble::join(vec![part], &report)
}

/// A journal in memory that takes so many lines.
struct Lines {
    entries: Mutex<Vec<Entry>>,
    most: usize,
}

impl Lines {
    fn new(entries: Vec<Entry>, most: usize) -> Self {
        Self { entries: Mutex::new(entries), most }
    }

    fn all(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Record for Lines {
    fn append(&self, entry: &Entry) -> Result<(), JournalError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            return Err(JournalError::InUse("cut".into()));
        }
        entries.push(entry.clone());
        Ok(())
    }
}

const IMPATIENT: Patience = Patience { refusal_ms: 0, settle_ms: 0, pause_ms: 0 };

async fn applied(
    plan: &Plan,
    sessions: &Sessions,
    journal: &Lines,
) -> Result<Vec<Ended>, ApplyError> {
    let clock = ManualClock::at(NOW_MICROS);
    let work = Apply {
        plan,
        sessions,
        journal,
        stages: stages(&journal.all()),
        wanted: &|_| true,
        clock: &clock,
        patience: IMPATIENT,
        progress: &|_| {},
    };
    work.run().await
}

/// A session that is looked at from outside.
#[derive(Debug)]
struct Shared(std::sync::Arc<Fake>);

#[async_trait]
impl Aws for Shared {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        self.0.call(call).await
    }
}

struct Bench {
    fake: std::sync::Arc<Fake>,
    sessions: Sessions,
}

impl Bench {
    fn of(world: World) -> Self {
        let fake = std::sync::Arc::new(Fake { world: Mutex::new(world), ..Fake::default() });
        let session: Box<dyn Aws> = Box::new(Shared(fake.clone()));
        Self { fake, sessions: Sessions::from([(ACCOUNT.to_owned(), session)]) }
    }

    fn world(&self) -> World {
        self.fake.world.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn writes(&self) -> usize {
        self.fake.writes.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// What rollback says that it leaves, taken out of the world.
fn without_leftovers(mut world: World) -> World {
    world.buckets.retain(|name, _| !name.starts_with("stele-"));
    for settings in world.buckets.values_mut() {
        if settings.get("Versioning") == Some(&json!({"Status": "Suspended"})) {
            settings.remove("Versioning");
        }
    }
    world
}

/// As in `tests/services.rs`: each action undone alone, behind Stele's back, is named by drift, as
/// one change where it is one.
async fn each_is_noticed(
    bench: &Bench,
    stages: &BTreeMap<u32, Stage>,
    seed: u64,
) -> BTreeSet<String> {
    let report = |assessed: Assessed| {
        assess::report(vec![assessed], Vec::new(), &Baseline::default(), 0, 0, NOW_MICROS)
    };
    let good = serde_json::to_value(report(assessed(&bench.fake).await)).unwrap();
    let before = Earlier::deserialize(good).unwrap();
    let whole = bench.world();
    let mut noticed = BTreeSet::new();
    for stage in stages.values().filter(|stage| stage.done == Some(true)) {
        let action = stage.action.as_ref().unwrap();
        for undo in &action.undo {
            let params = match &stage.verified {
                Some(state) => rollback::restored(&undo.params, state, stages),
                None => undo.params.clone(),
            };
            let operation = operation::find(&undo.call).unwrap();
            let call = Call { operation, region: action.region.clone(), params };
            let _ = bench.fake.call(&call).await;
        }
        let drift = drift::compare(&before, &report(assessed(&bench.fake).await));
        let shown: Vec<_> =
            drift.drift.iter().map(|e| (&e.id, &e.resource, &e.now, &e.reason)).collect();
        let at = format!("seed {seed}: {} {} undone", action.call, action.resource);
        // What a trail records, of whatever many buckets: management events, reads, writes.
        if action.call == "cloudtrail:PutEventSelectors" {
            let checks: BTreeSet<&str> = drift.drift.iter().map(|e| e.id.as_str()).collect();
            assert!(checks.len() <= 3 && checks.len() == drift.drift.len(), "{at}: {shown:#?}");
        }
        for entry in &drift.drift {
            let key = format!("{}|{}", entry.id, entry.resource);
            let name = action.resource.rsplit([':', '/']).next().unwrap();
            let names_it = entry.resource == action.resource || entry.reason.contains(name);
            assert!(action.findings.contains(&key) || names_it, "{at}: {key}: {shown:#?}");
            noticed.insert(entry.id.clone());
        }
        *bench.fake.world.lock().unwrap() = whole.clone();
    }
    noticed
}

fn all_done(ended: &[Ended]) -> bool {
    ended.iter().all(|each| matches!(each.outcome, Outcome::Done | Outcome::Already))
}

#[tokio::test]
async fn a_plan_that_is_applied_leaves_nothing_to_plan_and_is_undone_whole() {
    let mut noticed = BTreeSet::new();
    for seed in 0..60 {
        let bench = Bench::of(world(seed));
        let before = bench.world();
        let plan = planned(&bench.fake).await;
        assert_eq!(bench.writes(), 0, "seed {seed}: planning writes nothing");
        let journal = Lines::new(Vec::new(), usize::MAX);
        let ended = applied(&plan, &bench.sessions, &journal).await.unwrap();
        assert!(all_done(&ended), "seed {seed}: {ended:?}");
        let again = planned(&bench.fake).await;
        assert!(again.actions.is_empty(), "seed {seed}: {:#?}", again.actions);
        // Somebody's statement is still there.
        for (name, bucket) in &before.buckets {
            if bucket.contains_key("Policy") {
                let now = bench.world().buckets[name]["Policy"].to_string();
                assert!(now.contains("Theirs"), "seed {seed}: {name} {now}");
            }
        }
        let clock = ManualClock::at(NOW_MICROS);
        let stages = stages(&journal.all());
        noticed.extend(each_is_noticed(&bench, &stages, seed).await);
        let undone =
            rollback(&stages, &bench.sessions, &journal, &clock, &[], IMPATIENT, &|_| {}).await;
        for each in undone.unwrap() {
            assert!(["restored", "left"].contains(&each.outcome), "seed {seed}: {each:?}");
        }
        let after = without_leftovers(bench.world());
        // AWS shows its default selectors and ours alike.
        assert_eq!(plain(after), plain(before), "seed {seed}");
    }
    let noticed: Vec<&str> = noticed.iter().map(String::as_str).collect();
    assert_eq!(
        noticed,
        [
            "ct.bucket.access-log",
            "ct.bucket.versioning",
            "ct.data.s3-read",
            "ct.data.s3-write",
            "ct.trail.all-regions",
            "ct.trail.delivery",
            "ct.trail.insights",
            "ct.trail.mgmt-rw",
            "ct.trail.validation",
            "log.group.retention",
            "s3.access",
            "vpc.flow.coverage",
            "vpc.flow.delivery",
        ]
    );
}

/// The world as its reads show it.
fn plain(mut world: World) -> World {
    for trail in world.trails.values_mut() {
        let default = json!([{"ReadWriteType": "All", "IncludeManagementEvents": true,
            "DataResources": [], "ExcludeManagementEventSources": []}]);
        if trail.get("selectors").is_some_and(|s| s["EventSelectors"] == default) {
            trail.remove("selectors");
        }
    }
    world
}

#[tokio::test]
async fn an_apply_that_is_cut_at_any_line_comes_to_the_same_end() {
    let mut lines_cut = 0;
    for seed in [1, 2, 5, 8, 13] {
        let whole = Bench::of(world(seed));
        let plan = planned(&whole.fake).await;
        let journal = Lines::new(Vec::new(), usize::MAX);
        applied(&plan, &whole.sessions, &journal).await.unwrap();
        let lines = journal.all().len();
        for cut in 0..lines {
            let bench = Bench::of(world(seed));
            let journal = Lines::new(Vec::new(), cut);
            assert!(applied(&plan, &bench.sessions, &journal).await.is_err(), "cut at {cut}");
            let resumed = Lines::new(journal.all(), usize::MAX);
            let ended = applied(&plan, &bench.sessions, &resumed).await.unwrap();
            assert!(all_done(&ended), "seed {seed}, cut at {cut}: {ended:?}");
            assert_eq!(bench.world(), whole.world(), "seed {seed}, cut at {cut}");
            // What was done before and after the cut is undone together.
            let clock = ManualClock::at(NOW_MICROS);
            let stages = stages(&resumed.all());
            let undone =
                rollback(&stages, &bench.sessions, &resumed, &clock, &[], IMPATIENT, &|_| {});
            undone.await.unwrap();
            let after = without_leftovers(bench.world());
            assert_eq!(plain(after), plain(world(seed)), "seed {seed}, cut at {cut}");
            lines_cut += 1;
        }
    }
    assert!(lines_cut > 100, "only {lines_cut} cuts");
}

#[tokio::test]
async fn what_somebody_changed_since_is_neither_overwritten_by_apply_nor_by_rollback() {
    let group = |days: i64| {
        let mut world = World::default();
        let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/a:*");
        let group = json!({"logGroupName": "/a", "arn": arn, "retentionInDays": days});
        world.groups.insert("/a".to_owned(), group.as_object().unwrap().clone());
        world
    };
    let set = |bench: &Bench, days: i64| {
        let mut world = bench.fake.world.lock().unwrap();
        world.groups.get_mut("/a").unwrap().insert("retentionInDays".to_owned(), json!(days));
    };
    let days = |bench: &Bench| bench.world().groups["/a"]["retentionInDays"].clone();

    let bench = Bench::of(group(7));
    let plan = planned(&bench.fake).await;
    let n = plan.actions.iter().find(|a| a.call == "logs:PutRetentionPolicy").unwrap().n;
    set(&bench, 30);
    let journal = Lines::new(Vec::new(), usize::MAX);
    let ended = applied(&plan, &bench.sessions, &journal).await.unwrap();
    let outcome = &ended.iter().find(|each| each.n == n).unwrap().outcome;
    assert!(matches!(outcome, Outcome::Failed(code, _) if code == "changed-since"), "{outcome:?}");
    assert_eq!(days(&bench), json!(30));

    let bench = Bench::of(group(7));
    let plan = planned(&bench.fake).await;
    let journal = Lines::new(Vec::new(), usize::MAX);
    applied(&plan, &bench.sessions, &journal).await.unwrap();
    assert_eq!(days(&bench), json!(365));
    set(&bench, 545);
    let clock = ManualClock::at(NOW_MICROS);
    let undo = |force: Vec<u32>| {
        let (stages, journal, sessions, clock) =
            (stages(&journal.all()), &journal, &bench.sessions, &clock);
        async move {
            rollback(&stages, sessions, journal, clock, &force, IMPATIENT, &|_| {}).await.unwrap()
        }
    };
    let undone = undo(Vec::new()).await;
    let kept = undone.iter().find(|each| each.n == n).unwrap();
    assert_eq!((kept.outcome, days(&bench)), ("changed-since", json!(545)));
    undo(vec![n]).await;
    assert_eq!(days(&bench), json!(7));
}

#[tokio::test]
async fn plans_that_may_not_be_used_are_refused() {
    let bench = Bench::of(world(1));
    let plan = planned(&bench.fake).await;
    assert!(accept(&plan, &[ACCOUNT], NOW_MICROS).is_ok());
    let said = |result: Result<(), ApplyError>| result.unwrap_err().to_string();
    let hour = 3_600_000_000;
    assert!(said(accept(&plan, &[ACCOUNT], NOW_MICROS + 25 * hour)).contains("24 hours"));
    assert!(said(accept(&plan, &["999999999999"], NOW_MICROS)).contains("999999999999"));
    let mut edited = plan.clone();
    edited.actions[0].region = "eu-west-1".to_owned();
    assert!(said(accept(&edited, &[ACCOUNT], NOW_MICROS)).contains("hash"));
    let calls: BTreeSet<&str> = plan.actions.iter().map(|a| a.call.as_str()).collect();
    assert!(!calls.is_empty());
}
