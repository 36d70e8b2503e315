//! Policies for planning, for applying a plan, for taking it back, and for seeing whether logs arrive.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::grant::{Asked, Grant};
use super::pack::{PolicyError, documents, statements};
use crate::collect::Collector;
use crate::operation;
use crate::plan::setting;
use crate::plan::{Action, Plan};

/// The permissions that a plan's writes need, by name.
pub fn plan_permissions(plan: &Plan) -> Vec<String> {
    let grants = plan.actions.iter().flat_map(|action| asked(action).grants());
    let all: BTreeSet<String> = grants.map(|grant| grant.action).collect();
    all.into_iter().collect()
}

/// Statements that allow the calls of actions, and nothing else.
pub fn call_statements(actions: &[&Action]) -> Vec<Value> {
    let grants: Vec<Grant> = actions.iter().flat_map(|action| asked(action).grants()).collect();
    statements(&grants)
}

/// The policy for planning: what an assessment reads, the state of every setting that a plan may
/// change, and the metrics that say what it will cost.
///
/// # Errors
/// It would be more documents than a role takes.
pub fn plan_policy(
    collectors: &BTreeSet<Collector>,
    partition: &str,
) -> Result<Vec<Value>, PolicyError> {
    let states = setting::all().map(|setting| setting.read).chain([METRICS]);
    let states = states.filter_map(operation::find).map(|operation| operation.permission.clone());
    let mut actions = super::actions(collectors);
    actions.extend(states);
    let grants: Vec<Grant> = actions
        .into_iter()
        .map(|action| {
            let resources = super::resources(&action, partition);
            Grant { action, resources, condition: Value::Null }
        })
        .collect();
    documents("StelePlan", &Value::Null, statements(&grants))
}

/// The call that says what is counted; a plan goes on without it.
const METRICS: &str = "cloudwatch:GetMetricData";

/// The policy for applying a plan: its calls and the reads that check them, on its resources. No
/// log can be deleted with it, and nothing that holds or reads one.
///
/// # Errors
/// It would be more documents than a role takes.
pub fn apply_policy(plan: &Plan) -> Result<Vec<Value>, PolicyError> {
    let mut grants: Vec<Grant> = Vec::new();
    for action in &plan.actions {
        grants.extend(asked(action).grants());
        grants.extend(read(action));
    }
    let deny = deny(
        plan,
        &[
            "cloudtrail:DeleteTrail",
            "cloudtrail:StopLogging",
            "kms:DisableKey",
            "kms:ScheduleKeyDeletion",
            "logs:DeleteLogGroup",
            "logs:DeleteLogStream",
            "s3:DeleteBucket",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
        ],
    );
    documents("SteleApply", &deny, statements(&grants))
}

/// The policy for taking a plan back: the calls that undo it and the reads that check them. What it
/// made for good stays: buckets, keys, and what is in them.
///
/// # Errors
/// It would be more documents than a role takes.
pub fn rollback_policy(plan: &Plan) -> Result<Vec<Value>, PolicyError> {
    let mut grants: Vec<Grant> = Vec::new();
    for action in &plan.actions {
        for undo in &action.undo {
            let asked = Asked { call: &undo.call, params: &undo.params, ..asked(action) };
            grants.extend(asked.grants());
        }
        // Of what stays too: where an apply was cut, it is read whether that was made.
        grants.extend(read(action));
        // Whether what the plan made is empty, and may go.
        let contents = setting::find(&action.call).map_or("", |setting| setting.contents);
        if !contents.is_empty() {
            grants.extend(Asked { call: contents, ..asked(action) }.grants());
        }
    }
    let deny = deny(
        plan,
        &[
            "kms:DisableKey",
            "kms:ScheduleKeyDeletion",
            "s3:DeleteBucket",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
        ],
    );
    documents("SteleRollback", &deny, statements(&grants))
}

fn partition(plan: &Plan) -> &str {
    match plan.scope.partition.as_str() {
        "" => "aws",
        partition => partition,
    }
}

fn deny(plan: &Plan, actions: &[&str]) -> Value {
    let every = |rest: &str| format!("arn:{}:{rest}", partition(plan));
    let mut resources: Vec<String> =
        ["kms:*:*:key/*", "s3:::*"].iter().map(|rest| every(rest)).collect();
    if actions.iter().any(|action| action.starts_with("logs:")) {
        resources.extend(["cloudtrail:*:*:trail/*", "logs:*:*:*"].iter().map(|rest| every(rest)));
    }
    resources.sort();
    json!({"Sid": "SteleNeverDeletes", "Effect": "Deny", "Action": actions, "Resource": resources})
}

fn asked(action: &Action) -> Asked<'_> {
    let partition = action.resource.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
    Asked {
        call: &action.call,
        params: &action.params,
        resource: &action.resource,
        partition: partition.unwrap_or("aws"),
        region: &action.region,
        account: &action.account,
    }
}

/// The read that checks an action.
fn read(action: &Action) -> Vec<Grant> {
    let Some(setting) = setting::find(&action.call) else { return Vec::new() };
    let mut params = setting.asked(&action.params);
    // A prefix is a name here: lists of groups cannot be narrowed by it.
    params.remove("logGroupNamePrefix");
    Asked { call: setting.read, params: &params, ..asked(action) }.grants()
}

/// What is looked at to see whether logs arrive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrivalScope {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// Buckets that logs are written to.
    pub buckets: Vec<String>,
    /// ARNs of queues that tell of new files.
    pub queues: Vec<String>,
}

/// The calls that say what AWS last delivered.
const DELIVERY: &[&str] = &[
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "cloudwatch:GetMetricData",
    "config:DescribeConfigurationRecorderStatus",
    "config:DescribeDeliveryChannelStatus",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeRegions",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:DescribeSubscriptionFilters",
    "route53resolver:ListResolverQueryLogConfigAssociations",
    "route53resolver:ListResolverQueryLogConfigs",
];

/// The policy for seeing whether logs arrive: how deliveries went, who is told of new files, and
/// how long the queues are. It reads no log and takes no message.
///
/// # Errors
/// It would be more documents than a role takes.
pub fn arrival_policy(scope: &ArrivalScope) -> Result<Vec<Value>, PolicyError> {
    let known = DELIVERY.iter().filter_map(|id| operation::find(id));
    let grant = |action: &str, resources: Vec<String>| Grant {
        action: action.to_owned(),
        resources,
        condition: Value::Null,
    };
    let mut grants: Vec<Grant> = known
        .map(|operation| {
            let action = &operation.permission;
            grant(action, super::resources(action, &scope.partition))
        })
        .collect();
    if !scope.buckets.is_empty() {
        let arn = |bucket: &String| format!("arn:{}:s3:::{bucket}", scope.partition);
        let arns: Vec<String> = scope.buckets.iter().map(arn).collect();
        grants.push(grant("s3:GetBucketNotification", arns));
    }
    if !scope.queues.is_empty() {
        grants.push(grant("sqs:GetQueueAttributes", scope.queues.clone()));
        grants.push(grant("sqs:GetQueueUrl", scope.queues.clone()));
    }
    documents("SteleArrival", &Value::Null, statements(&grants))
}

#[cfg(test)]
mod tests;
