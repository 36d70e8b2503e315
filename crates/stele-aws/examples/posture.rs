//! How long an assessment and a plan take: `posture` goes over made-up accounts on a stand-in that
//! answers each call after 20 ms, at most 64 at once. `cargo xtask bench posture` runs it.
//!
//! The stand-in is in the process: signing, HTTP and the reading of XML are not in the figures.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use stele_aws::assess::{self, Selection};
use stele_aws::baseline::Baseline;
use stele_aws::call::{Aws, Call, CallError, Failure};
use stele_aws::collect::Scope;
use stele_aws::plan::{Allowances, assemble};
use stele_aws::tags::Tags;
use tokio::sync::Semaphore;

const CALL_MS: u64 = 20;
const IN_FLIGHT: usize = 64;
/// 2026-11-24T10:00:00Z.
const NOW_MICROS: i64 = 1_795_514_400_000_000;

/// How many of each thing an account has in each region; buckets once.
#[derive(Debug, Clone, Copy)]
struct Size {
    regions: usize,
    vpcs: usize,
    groups: usize,
    functions: usize,
    tables: usize,
    instances: usize,
    balancers: usize,
    buckets: usize,
}

impl Size {
    fn resources(&self) -> usize {
        let Self { vpcs, groups, functions, tables, instances, balancers, .. } = self;
        self.regions * (vpcs + groups + functions + tables + instances + balancers) + self.buckets
    }
}

#[derive(Debug)]
struct Account {
    size: Size,
    calls: AtomicU64,
    in_flight: Semaphore,
}

#[async_trait]
impl Aws for Account {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        let _permit = self.in_flight.acquire().await.unwrap();
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(CALL_MS)).await;
        let missing = || CallError::new(call, Failure::NotFound, "NotFound", "there is none");
        self.size.answer(call).ok_or_else(missing)
    }
}

impl Size {
    fn answer(&self, call: &Call) -> Option<Value> {
        let region = call.region.as_str();
        let arn = |service: &str, rest: &str| format!("arn:aws:{service}:{region}:1:{rest}");
        let many = |count: usize, one: &dyn Fn(usize) -> Value| -> Vec<Value> {
            (0..count).map(one).collect()
        };
        let value = match call.operation.id().as_str() {
            "s3:ListBuckets" => {
                let all = many(
                    self.buckets,
                    &|n| json!({"Name": format!("bucket-{n}"), "BucketRegion": "us-east-1"}),
                );
                json!({"Buckets": all})
            }
            "s3:GetBucketLogging" => json!({}),
            "ec2:DescribeVpcs" => {
                let all =
                    many(self.vpcs, &|n| json!({"VpcId": format!("vpc-{n}"), "OwnerId": "1"}));
                json!({"VpcSet": all})
            }
            "logs:DescribeLogGroups" => {
                let prefix = call.params.get("logGroupNamePrefix").and_then(Value::as_str);
                let names = (0..self.groups).map(|n| format!("/app/{n}"));
                let all: Vec<Value> = names
                    .filter(|name| prefix.is_none_or(|prefix| name.starts_with(prefix)))
                    .map(|name| {
                        json!({"logGroupName": name, "retentionInDays": 30,
                            "arn": arn("logs", &format!("log-group:{name}:*"))})
                    })
                    .collect();
                json!({"logGroups": all})
            }
            "lambda:ListFunctions" => {
                let all = many(self.functions, &|n| {
                    json!({"FunctionName": format!("f{n}"),
                        "FunctionArn": arn("lambda", &format!("function:f{n}"))})
                });
                json!({"Functions": all})
            }
            "dynamodb:ListTables" => {
                json!({"TableNames": many(self.tables, &|n| json!(format!("t{n}")))})
            }
            "rds:DescribeDBInstances" => {
                let all = many(self.instances, &|n| {
                    json!({"DBInstanceIdentifier": format!("db{n}"), "Engine": "mysql",
                        "DBInstanceStatus": "available",
                        "DBInstanceArn": arn("rds", &format!("db:db{n}"))})
                });
                json!({"DBInstances": all})
            }
            "elbv2:DescribeLoadBalancers" => {
                let all = many(self.balancers, &|n| {
                    json!({"LoadBalancerName": format!("lb{n}"), "Type": "application",
                        "State": {"Code": "active"},
                        "LoadBalancerArn": arn("elasticloadbalancing", &format!("loadbalancer/app/lb{n}/1"))})
                });
                json!({"LoadBalancers": all})
            }
            "elbv2:DescribeLoadBalancerAttributes" => json!({"Attributes": [
                {"Key": "access_logs.s3.enabled", "Value": "false"}]}),
            _ if call.operation.name.starts_with("Get") && call.operation.row.items.is_empty() => {
                return None;
            }
            _ => json!({}),
        };
        Some(value)
    }
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    kib / 1_024.0
}

#[tokio::main]
async fn main() {
    let spread = Size {
        regions: 17,
        vpcs: 10,
        groups: 50,
        functions: 10,
        tables: 5,
        instances: 3,
        balancers: 4,
        buckets: 600,
    };
    let crowded = Size {
        regions: 1,
        vpcs: 200,
        groups: 2_000,
        functions: 0,
        tables: 0,
        instances: 0,
        balancers: 0,
        buckets: 600,
    };
    let empty = Size {
        vpcs: 0,
        groups: 0,
        functions: 0,
        tables: 0,
        instances: 0,
        balancers: 0,
        buckets: 0,
        ..spread
    };
    let mut output = std::io::stdout();
    writeln!(output, "| account | resources | calls | calls a resource | assess s | plan s | actions | peak MiB |").unwrap();
    writeln!(output, "|---|---:|---:|---:|---:|---:|---:|---:|").unwrap();
    for (name, size, accounts) in [
        ("17 empty regions", empty, 1),
        ("17 regions", spread, 1),
        ("one crowded region", crowded, 1),
        ("20 accounts of 17 regions", spread, 20),
    ] {
        let (mut calls, mut actions) = (0, 0);
        let (mut assessing, mut planning) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..accounts {
            let account =
                Account { size, calls: AtomicU64::new(0), in_flight: Semaphore::new(IN_FLIGHT) };
            let baseline = Baseline::default();
            let checks = Selection::default().checks(&baseline);
            let scope = Scope {
                account: "1".to_owned(),
                partition: "aws".to_owned(),
                regions: (0..size.regions)
                    .map(|n| if n == 0 { "us-east-1".to_owned() } else { format!("xx-test-{n}") })
                    .collect(),
                home_region: None,
                now_micros: NOW_MICROS,
                collectors: assess::collectors(&checks, &baseline),
                interfaces: false,
                tags: Tags::default(),
            };
            let began = Instant::now();
            let assessed = assess::account(&account, &scope, &baseline, &checks).await;
            assessing += began.elapsed();
            calls += account.calls.load(Ordering::Relaxed);
            // Twenty accounts are assessed; one is planned for.
            if accounts == 1 {
                let began = Instant::now();
                let allowances = Allowances::new();
                let part =
                    assemble::account(&account, &assessed, &baseline, &allowances, &|_| true).await;
                let report =
                    assess::report(vec![assessed], Vec::new(), &baseline, calls, 0, NOW_MICROS);
                actions = assemble::join(vec![part], &report).actions.len();
                planning = began.elapsed();
            }
        }
        let resources = size.resources() * accounts;
        let each = calls as f64 / resources.max(1) as f64;
        writeln!(
            output,
            "| {name} | {resources} | {calls} | {each:.2} | {:.2} | {:.2} | {actions} | {:.0} |",
            assessing.as_secs_f64(),
            planning.as_secs_f64(),
            peak_mib(),
        )
        .unwrap();
    }
}
