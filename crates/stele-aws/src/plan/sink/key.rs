//! Keys that logs are encrypted with.

use serde_json::{Value, json};

use super::{Builder, Change, Handle, Volume};
use crate::arn;
use crate::plan::document::{self, KEY_POLICY_BYTES_MAX};
use crate::plan::role::Given;

/// The key that logs of a region are encrypted with: the one that the policy names, or a new one.
pub fn key(plan: &mut Builder<'_>, region: &str) -> Given {
    key_for(plan, region, None)
}

/// The same, wanted only where another change makes what it is for.
pub(in crate::plan) fn key_for(
    plan: &mut Builder<'_>,
    region: &str,
    with: Option<Handle>,
) -> Given {
    let inventory = plan.inventory;
    let named = plan.baseline.sinks.kms_key.clone();
    if named.starts_with("arn:") {
        return allowed(plan, named, with);
    }
    let is_ours = named.is_empty() || named == OURS;
    let alias = if named.is_empty() { OURS.to_owned() } else { named };
    let resource = resource_of(plan, region, &alias);
    let made = plan.change(
        Change::of("kms:CreateKey", region, resource.as_str(), "logs have a key of their own")
            // The description is the alias: by it the key is found again.
            .by("Description", alias.as_str())
            .set(json!({"Policy": policy(plan, region).to_string(),
                "Tags": [{"TagKey": "stele:managed", "TagValue": "true"}]}))
            .with(with)
            .cost_once("kms-key", Volume::exactly(1.0, "one key")),
    );
    let named = plan.change(
        Change::of("kms:CreateAlias", region, resource, "the key has a name")
            .by("AliasName", alias.as_str())
            .set(json!({"TargetKeyId": made.reference("KeyId")}))
            .with(with)
            .after([made]),
    );
    if plan.wants("kms.log-key.rotation") {
        let id = made.reference("KeyId");
        let of_it = resource_of(plan, region, &alias);
        plan.change(yearly(region, &of_it, &id).with(Some(made)).after([named]));
    }
    if !is_ours {
        plan.warn(format!(
            "if key `{alias}` is there already, its policy must let CloudTrail and CloudWatch Logs \
             encrypt; name it by its ARN, and the plan sees to that"
        ));
    }
    let arn = inventory.arn("kms", region, &format!("key/{}", named.reference("TargetKeyId")));
    Given { arn, after: vec![made, named] }
}

/// A leap year.
pub const PERIOD_DAYS_MAX: i64 = 366;

/// A key, by its id, is replaced by a new one every year; also one that the plan makes.
pub fn yearly(region: &str, resource: &str, id: &str) -> Change {
    let why = "the key is replaced by a new one every year";
    Change::of("kms:EnableKeyRotation", region, resource, why)
        .by("KeyId", id)
        .fresh(json!({"KeyRotationEnabled": false}))
        .set(json!({"RotationPeriodInDays": PERIOD_DAYS_MAX}))
}

/// A key by its name: its number is not known before it is made.
fn resource_of(plan: &Builder<'_>, region: &str, alias: &str) -> String {
    plan.inventory.arn("kms", region, alias)
}

/// The name of the key that a plan makes.
const OURS: &str = "alias/stele-logs";

/// A key that somebody names, with CloudTrail and CloudWatch Logs let in by its policy.
fn allowed(plan: &mut Builder<'_>, key: String, with: Option<Handle>) -> Given {
    if arn::account(&key) != plan.inventory.account {
        plan.warn(format!(
            "key `{key}` is another account's: its policy must let CloudTrail and CloudWatch Logs \
             encrypt for account {}",
            plan.inventory.account
        ));
        return Given { arn: key, after: Vec::new() };
    }
    let region = arn::region(&key).to_owned();
    let writers = writers(plan, &region);
    let change = Change::of(
        "kms:PutKeyPolicy",
        &region,
        key.as_str(),
        "CloudTrail and CloudWatch Logs may encrypt with the key",
    )
    .by("KeyId", key.as_str())
    .edit(move |draft| {
        let text = draft.params.get("Policy").and_then(Value::as_str).unwrap_or_default();
        let text = document::with_statements(text, &writers, KEY_POLICY_BYTES_MAX)?;
        draft.params.insert("Policy".to_owned(), json!(text));
        Ok(())
    });
    let written = plan.change(change.with(with));
    Given { arn: key, after: vec![written] }
}

/// Who may use a key of logs: the account by its own policies, and those who write.
fn policy(plan: &Builder<'_>, region: &str) -> Value {
    let (account, partition) = (&plan.inventory.account, &plan.inventory.partition);
    let mut statements = vec![json!({"Sid": "SteleLogAccount", "Effect": "Allow",
        "Principal": {"AWS": format!("arn:{partition}:iam::{account}:root")},
        "Action": "kms:*", "Resource": "*"})];
    statements.extend(writers(plan, region));
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// CloudTrail and CloudWatch Logs encrypt (CloudTrail user guide, "Configure AWS KMS key policies for
/// CloudTrail"; CloudWatch Logs user guide, "Encrypt log data").
fn writers(plan: &Builder<'_>, region: &str) -> Vec<Value> {
    let (account, partition) = (&plan.inventory.account, &plan.inventory.partition);
    let trails = format!("arn:{partition}:cloudtrail:*:{account}:trail/*");
    let groups = format!("arn:{partition}:logs:{region}:{account}:log-group:*");
    vec![
        json!({"Sid": "SteleLogCloudTrail", "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["kms:GenerateDataKey*", "kms:Decrypt", "kms:DescribeKey"], "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account},
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}}}),
        json!({"Sid": "SteleLogGroups", "Effect": "Allow",
            "Principal": {"Service": format!("logs.{region}.amazonaws.com")},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                "kms:Describe*"], "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}}),
    ]
}
