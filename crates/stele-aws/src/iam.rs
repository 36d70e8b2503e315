//! IAM policies, made from what is called: exact actions, no wildcard in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::collect::Collector;
use crate::operation;

mod grant;
mod pack;
mod plan;

pub use pack::{POLICIES_MAX, POLICY_CHARS_MAX, PolicyError};
pub use plan::{
    ArrivalScope, apply_policy, arrival_policy, call_statements, plan_permissions, plan_policy,
    rollback_policy,
};

/// The calls that every assessment makes before any check.
pub const ALWAYS: &[&str] = &["ec2:DescribeRegions"];

/// The actions that collectors need.
pub fn actions(collectors: &BTreeSet<Collector>) -> BTreeSet<String> {
    let calls = collectors.iter().flat_map(|collector| collector.operations());
    // `sts:GetCallerIdentity` needs no permission, and cannot be denied.
    let known = calls.chain(ALWAYS).filter_map(|id| operation::find(id));
    known.map(|operation| operation.permission.clone()).collect()
}

/// The policy for an assessment: reads only. Where the API takes a resource, it is named by kind.
pub fn assess_policy(collectors: &BTreeSet<Collector>, partition: &str) -> Value {
    let mut by_resource: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for action in actions(collectors) {
        by_resource.entry(resources(&action, partition)).or_default().push(action);
    }
    let statements: Vec<Value> = by_resource
        .iter()
        .enumerate()
        .map(|(number, (resources, actions))| {
            json!({
                "Sid": format!("SteleAssess{}", number + 1),
                "Effect": "Allow",
                "Action": actions,
                "Resource": resources,
            })
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The resources that an action can be narrowed to (service authorization reference).
fn resources(action: &str, partition: &str) -> Vec<String> {
    let of = |rest: &str| vec![format!("arn:{partition}:{rest}")];
    match action {
        "cloudtrail:GetTrailStatus"
        | "cloudtrail:GetEventSelectors"
        | "cloudtrail:GetInsightSelectors" => of("cloudtrail:*:*:trail/*"),
        "apigateway:GET" => {
            ["/account", "/restapis", "/restapis/*/stages*", "/apis", "/apis/*/stages*"]
                .iter()
                .map(|path| format!("arn:{partition}:apigateway:*::{path}"))
                .collect()
        }
        "iam:GetRole" | "iam:GetRolePolicy" => of("iam::*:role/*"),
        "eks:DescribeCluster" => of("eks:*:*:cluster/*"),
        "kms:DescribeKey" | "kms:GetKeyPolicy" | "kms:GetKeyRotationStatus" => of("kms:*:*:key/*"),
        "rds:DescribeDBParameters" => of("rds:*:*:pg:*"),
        "rds:DescribeDBClusterParameters" => of("rds:*:*:cluster-pg:*"),
        "rds:DescribeOptionGroups" => of("rds:*:*:og:*"),
        "config:DescribeConfigurationAggregatorSourcesStatus" => {
            of("config:*:*:config-aggregator/*")
        }
        "guardduty:GetDetector" => of("guardduty:*:*:detector/*"),
        "logs:DescribeSubscriptionFilters" => of("logs:*:*:log-group:*"),
        "cloudfront:GetDistributionConfig" => of("cloudfront::*:distribution/*"),
        "s3:ListAllMyBuckets" | "s3:GetAccountPublicAccessBlock" => vec!["*".to_owned()],
        action if action.starts_with("s3:") => of("s3:::*"),
        _ => vec!["*".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    #[test]
    fn what_only_other_presets_read_is_not_in_the_policy_of_the_default() {
        let reads = |default: bool| {
            let chosen = checks::ALL.iter().filter(|check| check.meta().default || !default);
            actions(&Collector::closure(chosen.flat_map(|c| c.meta().reads.iter().copied())))
        };
        let (default, all) = (reads(true), reads(false));
        for only in [
            "config:DescribeConfigurationAggregators",
            "ec2:DescribeInstances",
            "ec2:DescribeTransitGateways",
            "guardduty:ListDetectors",
            "kms:GetKeyRotationStatus",
            "rds:DescribeDBParameters",
            "securityhub:DescribeHub",
        ] {
            assert!(all.contains(only) && !default.contains(only), "{only}");
        }
        assert!(default.contains("ssm:DescribeInstanceInformation"));
    }

    #[test]
    fn the_policy_reads_and_nothing_else() {
        let all = checks::ALL.iter().flat_map(|check| check.meta().reads.iter().copied());
        let collectors = Collector::closure(all);
        let policy = assess_policy(&collectors, "aws");
        let actions = actions(&collectors);
        for action in &actions {
            assert!(!action.contains('*'), "{action}");
            let verb = action.split(':').nth(1).unwrap();
            let writes = ["Create", "Put", "Update", "Delete", "Modify", "Start", "Stop"];
            assert!(!writes.iter().any(|write| verb.starts_with(write)), "{action}");
        }
        for collector in &collectors {
            for id in collector.operations() {
                let operation = operation::find(id).unwrap_or_else(|| panic!("{id}"));
                assert!(operation.reads(), "{id}");
                assert!(policy.to_string().contains(&operation.permission), "{id}");
            }
        }
    }
}
