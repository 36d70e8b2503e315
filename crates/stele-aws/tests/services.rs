//! Plans for what services log, applied to a small made-up AWS: nothing is left to plan afterwards,
//! and undoing it restores what was there. What AWS would refuse for its order is refused.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "services/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize as _;
use serde_json::{Value, json};
use stele_aws::apply::{Apply, Ended, Outcome, Patience, Sessions, rollback};
use stele_aws::assess::{self, Assessed, Report, Selection};
use stele_aws::baseline::Baseline;
use stele_aws::call::{Aws, Call, CallError};
use stele_aws::checks;
use stele_aws::collect::Scope;
use stele_aws::drift::{self, Earlier};
use stele_aws::journal::{Entry, JournalError, Record, stages};
use stele_aws::operation;
use stele_aws::plan::{Allowances, Plan, assemble};
use stele_aws::tags::Tags;
use stele_event::runtime::{ManualClock, SeededEntropy};
use world::{ACCOUNT, Fake, REGION, World};

/// 2026-11-24T10:00:00Z.
const NOW_MICROS: i64 = 1_795_514_400_000_000;

/// What is planned, and what the plan may not leave wrong about what it makes.
const CHECKS: &[&str] = &[
    "cfg.recorder.*",
    "cfg.channel.delivery",
    "lb.*.access",
    "lb.destination",
    "db.*.audit-export",
    "db.*.audit",
    "cdn.cloudfront",
    "waf.acl",
    "api.*",
    "eks.control-plane",
    "fn.lambda.group",
    "log.group.retention",
    "log.group.kms",
    "log.group.central",
    "log.group.data-protection",
    "log.group.deletion-protection",
    "lb.alb.connection",
    "fn.lambda.format",
    "cfg.aggregator",
    "ext.*",
    "ct.bucket.tls",
    "ct.bucket.private",
    "ct.bucket.versioning",
    "ct.bucket.access-log",
    "ct.bucket.retention",
];

/// What a plan makes is good for these too, where the policy wants them; only then are they looked
/// at.
const OF_WHAT_IS_MADE: [&str; 3] =
    ["ct.bucket.tls", "log.group.data-protection", "log.group.deletion-protection"];

/// Checks whose subject is broken again by undoing one action, in one account or another.
const NOTICED: &[&str] = &[
    "api.http.access",
    "api.rest.access",
    "cfg.aggregator",
    "cfg.recorder.on",
    "cfg.recorder.scope",
    "ct.bucket.access-log",
    "ct.bucket.tls",
    "ct.bucket.versioning",
    "db.aurora.audit-export",
    "db.docdb.audit",
    "db.neptune.audit",
    "db.rds.audit-export",
    "db.redshift.audit",
    "eks.control-plane",
    "ext.guardduty",
    "fn.lambda.format",
    "fn.lambda.group",
    "lb.alb.access",
    "lb.alb.connection",
    "lb.clb.access",
    "lb.destination",
    "lb.nlb.access",
    "log.group.central",
    "log.group.data-protection",
    "log.group.deletion-protection",
    "log.group.kms",
    "log.group.retention",
    "waf.acl",
];

/// An account of a seed: what logs and what does not, buckets and groups that are there.
fn world(seed: u64) -> World {
    let random = SeededEntropy::new(seed);
    let chance = || random.next().is_multiple_of(2);
    let mut world = World::default();
    let arn =
        |rest: &str| format!("arn:aws:{}", rest.replace("R:A", &format!("{REGION}:{ACCOUNT}")));
    world.put("role", "config", json!({"RoleName": "config", "Arn": "x"}));
    if chance() {
        world.put(
            "recorder",
            "",
            json!({"name": "default", "roleARN": "arn:aws:iam::A:role/config",
            "recordingGroup": if chance() {
                json!({"allSupported": false, "resourceTypes": ["AWS::S3::Bucket"],
                    "exclusionByResourceTypes": {"resourceTypes": []},
                    "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}})
            } else {
                json!({"allSupported": false, "resourceTypes": [],
                    "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Instance"]},
                    "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}})
            }}),
        );
    }
    for kind in ["app", "net"] {
        let id = arn(&format!("elasticloadbalancing:R:A:loadbalancer/{kind}/a/1"));
        let word = if kind == "app" { "application" } else { "network" };
        world.put(
            "elbv2",
            &id,
            json!({"LoadBalancerName": "a", "LoadBalancerArn": id, "Type": word}),
        );
        let bucket = if chance() { "old" } else { "" };
        let prefix = if chance() { "web" } else { "" };
        let mut attributes = vec![
            json!({"Key": "access_logs.s3.bucket", "Value": bucket}),
            json!({"Key": "access_logs.s3.enabled", "Value": "false"}),
            json!({"Key": "access_logs.s3.prefix", "Value": prefix}),
        ];
        if kind == "app" {
            attributes.push(json!({"Key": "connection_logs.s3.bucket", "Value": bucket}));
            attributes.push(json!({"Key": "connection_logs.s3.enabled", "Value": "false"}));
            attributes.push(json!({"Key": "connection_logs.s3.prefix", "Value": ""}));
        }
        attributes.push(json!({"Key": "deletion_protection.enabled", "Value": "true"}));
        world.put("elbv2-attributes", &id, json!({"Attributes": attributes}));
    }
    world.put("elb", "c", json!({"LoadBalancerName": "c"}));
    world.put(
        "elb-attributes",
        "c",
        json!({"LoadBalancerAttributes": {
        "AccessLog": {"Enabled": "false"}, "CrossZoneLoadBalancing": {"Enabled": "true"}}}),
    );
    let exports = || if chance() { json!(["error"]) } else { json!([]) };
    for (name, engine) in [("m", "mysql"), ("p", "postgres"), ("o", "oracle-ee")] {
        world.put(
            "db",
            name,
            json!({"DBInstanceIdentifier": name, "Engine": engine,
            "DBInstanceArn": arn(&format!("rds:R:A:db:{name}")), "DBInstanceStatus": "available",
            "EnabledCloudwatchLogsExports": exports()}),
        );
    }
    for (name, engine) in [("a", "aurora-mysql"), ("d", "docdb"), ("n", "neptune")] {
        world.put(
            "cluster",
            name,
            json!({"DBClusterIdentifier": name, "Engine": engine,
            "DBClusterArn": arn(&format!("rds:R:A:cluster:{name}")), "Status": "available",
            "EnabledCloudwatchLogsExports": exports()}),
        );
    }
    world.put("warehouse", "w", json!({"ClusterIdentifier": "w"}));
    for id in ["E1", "E2"] {
        let distribution = format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{id}");
        world.put("distribution", id, json!({"Id": id, "ARN": distribution}));
        if chance() {
            world.put(
                "source",
                id,
                json!({"name": id, "resourceArns": [distribution],
                "logType": "ACCESS_LOGS"}),
            );
        }
    }
    let group = |world: &mut World, name: &str| {
        let days = [None, Some(7), Some(3653)][usize::try_from(random.next() % 3).unwrap()];
        let mut group = json!({"logGroupName": name, "creationTime": NOW_MICROS / 1000,
            "arn": arn(&format!("logs:R:A:log-group:{name}:*"))});
        if let Some(days) = days {
            group["retentionInDays"] = json!(days);
        }
        world.put("group", name, group);
    };
    for name in ["one", "two"] {
        let acl = arn(&format!("wafv2:R:A:regional/webacl/{name}/1"));
        world.put("acl", name, json!({"Name": name, "ARN": acl}));
        if chance() {
            group(&mut world, "aws-waf-logs-theirs");
            world.put(
                "acl-log",
                &acl,
                json!({"ResourceArn": acl, "LogType": "WAF_LOGS",
                "LogDestinationConfigs": [arn("logs:R:A:log-group:aws-waf-logs-theirs")],
                "RedactedFields": [{"Method": {}}], "ManagedByFirewallManager": false,
                "LoggingFilter": {"DefaultBehavior": "DROP", "Filters": [{"Behavior": "KEEP",
                    "Requirement": "MEETS_ALL",
                    "Conditions": [{"ActionCondition": {"Action": "BLOCK"}}]}]}}),
            );
        }
    }
    let methods = if chance() { json!({"*/*": {"loggingLevel": "OFF"}}) } else { json!({}) };
    world.put("apigateway", "live", json!({"stageName": "live", "methodSettings": methods}));
    world.put("apigatewayv2", "$default", json!({"stageName": "$default"}));
    if chance() {
        world.put("role", "theirs", json!({"RoleName": "theirs", "Arn": "x"}));
        world.put("gateway-role", "", json!(format!("arn:aws:iam::{ACCOUNT}:role/theirs")));
    }
    world.put(
        "kubernetes",
        "k",
        json!({"name": "k", "status": "ACTIVE", "logging": {
        "clusterLogging": [{"types": ["api"], "enabled": true},
            {"types": ["audit", "authenticator", "scheduler"], "enabled": false}]}}),
    );
    world.put(
        "function",
        "f",
        json!({"FunctionName": "f", "FunctionArn": arn("lambda:R:A:function:f"),
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}}),
    );
    if seed.is_multiple_of(3) {
        let organization = json!({"Id": "o-abc", "MasterAccountId": ACCOUNT});
        world.put("organization", "", json!({"Organization": organization}));
    }
    if seed % 4 == 1 {
        world.put("detector", "theirs", json!({"status": "DISABLED"}));
    }
    if seed % 5 == 1 {
        let arn = arn("config:R:A:config-aggregator/theirs");
        let source = json!({"AccountIds": [ACCOUNT], "AwsRegions": ["eu-west-1"]});
        let theirs = json!({"ConfigurationAggregatorName": "theirs",
            "ConfigurationAggregatorArn": arn, "AccountAggregationSources": [source]});
        world.put("aggregator", "theirs", theirs);
    }
    for name in ["/aws/lambda/f", "/aws/eks/k/cluster", "/theirs"] {
        if chance() {
            group(&mut world, name);
        }
    }
    let policy = json!({"Version": "2012-10-17", "Statement": {"Sid": "Theirs", "Effect": "Allow",
        "Principal": {"Service": "es.amazonaws.com"}, "Action": "logs:PutLogEvents",
        "Resource": "*"}});
    if chance() {
        world.put(
            "logs-policy",
            "stele-logs",
            json!({"policyName": "stele-logs", "policyDocument": policy.to_string()}),
        );
    }
    world
}

fn baseline(seed: u64) -> Baseline {
    let central = format!("arn:aws:logs:{REGION}:444455556666:destination:central");
    let sinks = if seed.is_multiple_of(2) {
        format!("[sinks]\ncentral = \"{central}\"\n")
    } else {
        String::new()
    };
    let wanted = if seed.is_multiple_of(3) {
        String::new()
    } else {
        OF_WHAT_IS_MADE.map(|id| format!("[checks.\"{id}\"]\nenabled = true\n")).concat()
    };
    Baseline::parse(&format!("version = 1\n{sinks}{wanted}")).unwrap()
}

async fn assessed(aws: &Fake, baseline: &Baseline) -> Assessed {
    let only = CHECKS.iter().map(|id| (*id).to_owned()).collect();
    let wants = |id: &&str| checks::find(id).is_some_and(|check| baseline.wants(check.meta()));
    let skip = OF_WHAT_IS_MADE.into_iter().filter(|id| !wants(id)).map(str::to_owned).collect();
    let checks = Selection { only, skip }.checks(baseline);
    let scope = Scope {
        account: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        regions: vec![REGION.to_owned()],
        home_region: None,
        now_micros: NOW_MICROS,
        collectors: assess::collectors(&checks, baseline),
        interfaces: false,
        tags: Tags::default(),
    };
    assess::account(aws, &scope, baseline, &checks).await
}

fn report(assessed: &Assessed, baseline: &Baseline) -> Report {
    assess::report(vec![assessed.clone()], Vec::new(), baseline, 0, 0, NOW_MICROS)
}

async fn planned(aws: &Fake, baseline: &Baseline) -> Plan {
    let assessed = assessed(aws, baseline).await;
    let part = assemble::account(aws, &assessed, baseline, &Allowances::new(), &|_| true).await;
    assemble::join(vec![part], &report(&assessed, baseline))
}

#[derive(Default)]
struct Lines(Mutex<Vec<Entry>>);

impl Record for Lines {
    fn append(&self, entry: &Entry) -> Result<(), JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry.clone());
        Ok(())
    }
}

/// A session that is looked at from outside.
#[derive(Debug)]
struct Shared(Arc<Fake>);

#[async_trait]
impl Aws for Shared {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        self.0.call(call).await
    }
}

const IMPATIENT: Patience = Patience { refusal_ms: 0, settle_ms: 0, pause_ms: 0 };

/// Each thing that a plan has put right is broken again behind Stele's back, by the call that
/// undoes it alone. Drift names what the action was for, and nothing that it was not.
async fn each_is_noticed(
    fake: &Arc<Fake>,
    baseline: &Baseline,
    entries: &[Entry],
    seed: u64,
) -> BTreeSet<String> {
    let good = report(&assessed(fake, baseline).await, baseline);
    let before = Earlier::deserialize(serde_json::to_value(&good).unwrap()).unwrap();
    let whole = fake.world.lock().unwrap().clone();
    let mut noticed = BTreeSet::new();
    for (n, stage) in stages(entries) {
        let (Some(action), Some(true)) = (stage.action, stage.done) else { continue };
        // What has an id of its own is undone by that; those are what others were made of.
        if action.undo.is_empty() || serde_json::to_string(&action.undo).unwrap().contains("${") {
            continue;
        }
        for undo in &action.undo {
            let operation = operation::find(&undo.call).unwrap();
            let region = action.region.clone();
            let _ = fake.call(&Call { operation, region, params: undo.params.clone() }).await;
        }
        let now = report(&assessed(fake, baseline).await, baseline);
        let drift = drift::compare(&before, &now);
        for entry in &drift.drift {
            let key = format!("{}|{}", entry.id, entry.resource);
            let name = action.resource.rsplit([':', '/']).next().unwrap();
            let names_it = entry.resource == action.resource || entry.reason.contains(name);
            let of_it = action.findings.contains(&key) || names_it;
            assert!(of_it, "seed {seed}: {n} {} undone, and {key}: {}", action.call, entry.reason);
            noticed.insert(entry.id.clone());
        }
        *fake.world.lock().unwrap() = whole.clone();
    }
    noticed
}

/// What undoing says that it leaves, taken out of a world: buckets, keys, Config's role, and the
/// name of a bucket in attributes that named none.
fn without_leftovers(world: &World, before: &World) -> World {
    let mut world = world.clone();
    let left = [
        "bucket/stele-",
        "BucketVersioning/stele-",
        "BucketLogging/stele-",
        "key/",
        "alias/",
        "detector/made",
        "role/AWSServiceRoleForConfig",
    ];
    world.0.retain(|key, _| !left.iter().any(|left| key.starts_with(left)));
    // A hub that was made stays; one that was there does anyway.
    world.0.retain(|key, _| !key.starts_with("hub/") || before.0.contains_key(key));
    for (key, value) in world.0.iter_mut().filter(|(key, _)| key.starts_with("elbv2-attributes/")) {
        let before = before.0[key]["Attributes"].as_array().unwrap();
        for (now, before) in value["Attributes"].as_array_mut().unwrap().iter_mut().zip(before) {
            let is_bucket = now["Key"].as_str().unwrap().ends_with(".s3.bucket");
            if is_bucket && before["Value"] == "" {
                now["Value"] = json!("");
            }
        }
    }
    world
}

#[tokio::test]
async fn what_services_log_is_planned_once_and_undone_whole() {
    let (mut calls, mut noticed) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..40 {
        let fake = Arc::new(Fake { world: Mutex::new(world(seed)), ..Fake::default() });
        let now = || fake.world.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let before = now();
        let baseline = baseline(seed);
        let plan = planned(&fake, &baseline).await;
        assert!(plan.errors.is_empty(), "seed {seed}: {:?}", plan.errors);
        assert!(fake.writes.lock().unwrap().is_empty(), "seed {seed}: planning writes nothing");
        calls.extend(plan.actions.iter().map(|action| action.call.clone()));
        let session: Box<dyn Aws> = Box::new(Shared(fake.clone()));
        let sessions = Sessions::from([(ACCOUNT.to_owned(), session)]);
        let (journal, clock) = (Lines::default(), ManualClock::at(NOW_MICROS));
        let work = Apply {
            plan: &plan,
            sessions: &sessions,
            journal: &journal,
            stages: stages(&[]),
            wanted: &|_| true,
            clock: &clock,
            patience: IMPATIENT,
            progress: &|_| {},
        };
        let ended = work.run().await.unwrap();
        let bad = |each: &&Ended| !matches!(each.outcome, Outcome::Done | Outcome::Already);
        let bad: Vec<_> = ended.iter().filter(bad).collect();
        assert!(bad.is_empty(), "seed {seed}: {bad:#?}\n{:#?}", plan.actions);
        let again = planned(&fake, &baseline).await;
        assert!(again.actions.is_empty(), "seed {seed}: {:#?}", again.actions);
        let new: Vec<_> = again.blocked.iter().filter(|b| !plan.blocked.contains(b)).collect();
        assert!(new.is_empty(), "seed {seed}: {new:#?}");
        let entries = journal.0.lock().unwrap().clone();
        noticed.extend(each_is_noticed(&fake, &baseline, &entries, seed).await);
        let undone =
            rollback(&stages(&entries), &sessions, &journal, &clock, &[], IMPATIENT, &|_| {}).await;
        for each in undone.unwrap() {
            assert!(["restored", "left"].contains(&each.outcome), "seed {seed}: {each:?}");
        }
        let after = without_leftovers(&now(), &before);
        for key in after.0.keys().chain(before.0.keys()) {
            assert_eq!(after.0.get(key), before.0.get(key), "seed {seed}: {key}");
        }
    }
    let noticed: Vec<&str> = noticed.iter().map(String::as_str).collect();
    assert_eq!(noticed, NOTICED);
    // All that these checks can ask for was asked for in one account or another.
    let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    assert_eq!(
        calls,
        [
            "apigateway:UpdateAccount",
            "apigateway:UpdateStage",
            "apigatewayv2:UpdateStage",
            "config:PutConfigurationAggregator",
            "config:PutConfigurationRecorder",
            "config:PutDeliveryChannel",
            "config:StartConfigurationRecorder",
            "eks:UpdateClusterConfig",
            "elb:ModifyLoadBalancerAttributes",
            "elbv2:ModifyLoadBalancerAttributes",
            "guardduty:CreateDetector",
            "guardduty:UpdateDetector",
            "iam:CreateRole",
            "iam:CreateServiceLinkedRole",
            "iam:PutRolePolicy",
            "kms:CreateAlias",
            "kms:CreateKey",
            "lambda:UpdateFunctionConfiguration",
            "logs:AssociateKmsKey",
            "logs:CreateDelivery",
            "logs:CreateLogGroup",
            "logs:PutDataProtectionPolicy",
            "logs:PutDeliveryDestination",
            "logs:PutDeliverySource",
            "logs:PutLogGroupDeletionProtection",
            "logs:PutResourcePolicy",
            "logs:PutRetentionPolicy",
            "logs:PutSubscriptionFilter",
            "rds:ModifyDBCluster",
            "rds:ModifyDBInstance",
            "redshift:EnableLogging",
            "s3:CreateBucket",
            "s3:PutBucketLogging",
            "s3:PutBucketPolicy",
            "s3:PutBucketVersioning",
            "securityhub:EnableSecurityHub",
            "wafv2:PutLoggingConfiguration",
        ]
    );
}
