//! Log groups that a plan makes, with what the policy wants of groups: how long they keep, a key, a
//! filter to the central target, masks, protection from being deleted. A group that is there
//! already only keeps longer, if it must; what else it lacks is a finding of its own.

use serde_json::{Value, json};

use super::change::{Builder, Change, Handle, Refusal};
use super::cost::Volume;
use super::document;
use super::forward;
use super::measure::Measure;
use super::settings::logs;
use super::sink::{key_for, offered};

/// A group that is made where it is not there.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// What makes it.
    pub made: Handle,
    /// What must have been done before it is changed further.
    pub last: Handle,
}

/// A log group with what the policy wants, made where it is not there; what must have been done
/// before something writes to it.
pub fn group(plan: &mut Builder<'_>, region: &str, name: &str) -> Handle {
    let arn = plan.inventory.arn("logs", region, &format!("log-group:{name}"));
    let made = plan.change(
        Change::of("logs:CreateLogGroup", region, arn, format!("`{name}` takes the log"))
            .by("logGroupName", name),
    );
    let mut last = retained(plan, region, name, made);
    if plan.wants("log.group.kms") && no_key(plan, region).is_none() {
        last = encrypted(plan, region, name, Some(Made { made, last }));
    }
    if plan.wants("log.group.central")
        && let Some(target) = plan.baseline.sinks.central.clone()
        && forward::refusal(plan, region, name, &target).is_none()
    {
        let made = Some(Made { made, last });
        last = forward::group(plan, region, name, (forward::FILTER, &target), made);
    }
    if plan.wants("log.group.data-protection") {
        last = masked(plan, region, name, Some(Made { made, last }));
    }
    if plan.wants("log.group.deletion-protection") {
        last = protected(plan, region, name, Some(Made { made, last }));
    }
    last
}

fn retained(plan: &mut Builder<'_>, region: &str, name: &str, made: Handle) -> Handle {
    let arn = plan.inventory.arn("logs", region, &format!("log-group:{name}"));
    let days = offered(plan.baseline.days_of_group(name).min_days);
    let why = format!("events stay in `{name}` for {days} days");
    plan.change(
        Change::of("logs:PutRetentionPolicy", region, arn, why)
            .by("logGroupName", name)
            .edit(move |draft| {
                // What is kept longer stays so, and so does what is kept for ever.
                let so_far = draft.params.get("retentionInDays").and_then(Value::as_i64);
                let wanted = match (so_far, draft.state.get("retentionInDays")) {
                    (None, Some(Value::Null)) => Value::Null,
                    (None, now) => json!(now.and_then(Value::as_i64).unwrap_or(0).max(days)),
                    (Some(so_far), _) => json!(so_far.max(days)),
                };
                draft.params.insert("retentionInDays".to_owned(), wanted);
                Ok(())
            })
            .fresh(json!({"logGroupName": name}))
            .after([made]),
    )
}

/// Why the key that the policy names cannot be a region's.
pub fn no_key(plan: &Builder<'_>, region: &str) -> Option<String> {
    let named = plan.baseline.sinks.kms_key.as_str();
    let elsewhere = named.starts_with("arn:") && crate::arn::region(named) != region;
    elsewhere.then(|| format!("the key of the policy, `{named}`, is not in {region}"))
}

/// Lets a log group encrypt with the key of the region's logs; one that is made only if it is.
pub fn encrypted(plan: &mut Builder<'_>, region: &str, name: &str, group: Option<Made>) -> Handle {
    let with = group.map(|group| group.made);
    let key = key_for(plan, region, with);
    let arn = plan.inventory.arn("logs", region, &format!("log-group:{name}"));
    let why = format!("`{name}` is encrypted with a key of the account's own");
    let change = Change::of("logs:AssociateKmsKey", region, arn, why)
        .by("logGroupName", name)
        .set(json!({"kmsKeyId": key.arn}))
        .with(with)
        .after(key.after)
        .after(group.map(|group| group.last));
    plan.change(change)
}

/// Protects a log group from being deleted by one call; one that is made only if it is.
pub fn protected(plan: &mut Builder<'_>, region: &str, name: &str, group: Option<Made>) -> Handle {
    let arn = plan.inventory.arn("logs", region, &format!("log-group:{name}"));
    let why = format!("`{name}` cannot be deleted by one call");
    let change = Change::of("logs:PutLogGroupDeletionProtection", region, arn, why)
        .by("logGroupIdentifier", name)
        .set(json!({"deletionProtectionEnabled": true}));
    plan.change(of_made(change, group))
}

/// A change of a group; of one that is made only if it is.
fn of_made(change: Change, group: Option<Made>) -> Change {
    change.with(group.map(|group| group.made)).after(group.map(|group| group.last))
}

/// What a log group masks by our policy: keys and the numbers of cards, which nobody needs in a
/// log. Addresses, names and the like are not among them: who looks into a log later needs them to
/// see who it was (CloudWatch Logs user guide, "Types of data that you can protect").
pub const MASKED: &[&str] = &[
    "AwsSecretKey",
    "OpenSshPrivateKey",
    "PgpPrivateKey",
    "PkcsPrivateKey",
    "PuttyPrivateKey",
    "CreditCardNumber",
    "CreditCardSecurityCode",
];

/// Lets a log group mask what is secret; one that is made only if it is. A policy that is there is
/// never replaced.
pub fn masked(plan: &mut Builder<'_>, region: &str, name: &str, group: Option<Made>) -> Handle {
    let inventory = plan.inventory;
    let arn = inventory.arn("logs", region, &format!("log-group:{name}"));
    let identifier = |kind: &&str| {
        format!("arn:{}:dataprotection::aws:data-identifier/{kind}", inventory.partition)
    };
    // AWS wants the same list in both statements.
    let kinds: Vec<String> = MASKED.iter().map(identifier).collect();
    let text = json!({"Name": "stele-data-protection", "Version": "2021-06-01", "Statement": [
        {"Sid": "SteleLogAudit", "DataIdentifier": kinds,
            "Operation": {"Audit": {"FindingsDestination": {}}}},
        {"Sid": "SteleLogMask", "DataIdentifier": kinds,
            "Operation": {"Deidentify": {"MaskConfig": {}}}}]})
    .to_string();
    let why = format!("keys and numbers of cards are masked in `{name}`");
    let volume = Volume::range(0.0, 1.0, 100.0, "0 to 100 GB that the group takes in");
    // What is made now has counted nothing.
    let counted = group.is_none().then(|| Measure::group_scanned(region, name));
    let change = Change::of("logs:PutDataProtectionPolicy", region, arn, why)
        .by("logGroupIdentifier", name)
        .edit(move |draft| {
            let there = draft.state["policyDocument"].as_str().unwrap_or_default();
            if !there.is_empty() && !document::same(there, &text) {
                return Err(Refusal {
                    code: "policy-there",
                    reason: "the group has a policy of its own, which is not replaced".to_owned(),
                    choices: vec!["see why that policy is not in force".to_owned()],
                });
            }
            draft.params.insert("policyDocument".to_owned(), json!(text));
            Ok(())
        })
        .cost("cloudwatch-masking-gb", volume.by(counted))
        .warn(
            "what is masked is so wherever it goes from the group, filters to other accounts \
             included; only who has logs:Unmask sees it",
        );
    plan.change(of_made(change, group))
}

/// Lets a service write to log groups of a region whose names begin so.
pub fn allow_groups(
    plan: &mut Builder<'_>,
    region: &str,
    service: &str,
    name: &str,
    after: Vec<Handle>,
) -> Handle {
    let account = &plan.inventory.account;
    let arn = plan.inventory.arn("logs", region, &format!("log-group:{name}:*"));
    let word = document::sid_part(service.split('.').next().unwrap_or_default());
    let place = document::sid_part(name);
    let statement = json!({"Sid": format!("SteleLog{word}{place}"), "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}}});
    let resource = plan.inventory.arn("logs", region, "resource-policy:stele-logs");
    let why = format!("{service} may write to `{name}`");
    let change = Change::of("logs:PutResourcePolicy", region, resource, why)
        .by("policyName", "stele-logs")
        .edit(move |draft| logs::allow(&mut draft.params, std::slice::from_ref(&statement)));
    plan.change(change.after(after))
}
