//! Forwarding log groups to the central target: a filter on each, and never one that closes a loop.

use serde_json::json;

use super::change::{Builder, Change, Handle, Refusal};
use super::cost::Volume;
use super::groups::Made;
use super::measure::Measure;
use super::role::{self, Given, Role};
use crate::arn;
use crate::collect::application::Function;
use crate::collect::logs::Group;
use crate::inventory::Inventory;

/// The name of the filters that a plan makes.
pub const FILTER: &str = "stele-central";

/// Why a group of a region cannot pass events on to a target.
pub fn refusal(plan: &Builder<'_>, region: &str, group: &str, target: &str) -> Option<Refusal> {
    let inventory = plan.inventory;
    let refused = |code, reason: String, choices: &[&str]| {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        Some(Refusal { code, reason, choices })
    };
    if arn::region(target) != region {
        let there = arn::region(target);
        let reason = format!("the central target is in {there}, `{group}` in {region}");
        let choices = [
            "forward it by hand to a destination in its own region, and answer for it by an exception",
            "leave the region out (scope.regions)",
        ];
        return refused("other-region", reason, &choices);
    }
    if arn::service(target) != "logs" && arn::account(target) != inventory.account {
        let reason = format!(
            "`{target}` is another account's, where groups reach destinations of CloudWatch Logs only"
        );
        let choices = ["name a destination of CloudWatch Logs (sinks.central) that leads to it"];
        return refused("foreign-target", reason, &choices);
    }
    let known = inventory.region(region).and_then(|facts| facts.groups.known());
    let is_this = |each: &&Group| each.log_group_name == group;
    let class = known.and_then(|all| all.iter().find(is_this)).map(|each| &each.log_group_class);
    if class.is_some_and(|class| class == "INFREQUENT_ACCESS") {
        let reason = format!("`{group}` is of the class INFREQUENT_ACCESS, which takes no filter");
        let choices = [
            "let what writes to it write to a group of the class STANDARD",
            "answer for it by an exception",
        ];
        return refused("class", reason, &choices);
    }
    if own_group(inventory, region, target).is_some_and(|own| own == group) {
        let reason =
            format!("`{group}` takes what `{target}` itself logs, and would pass it on to it");
        let choices = ["let the target log elsewhere", "answer for it by an exception"];
        return refused("would-loop", reason, &choices);
    }
    None
}

/// Plans that a group of a region passes all events on to a target, by a filter with a name; what
/// else the filter says stays. One that is made only if it is.
pub fn group(
    plan: &mut Builder<'_>,
    region: &str,
    group: &str,
    (filter, target): (&str, &str),
    made: Option<Made>,
) -> Handle {
    let with = made.map(|made| made.made);
    let role = stream_role(plan, target, with);
    let mut after: Vec<Handle> = made.iter().map(|made| made.last).collect();
    after.extend(role.iter().flat_map(|role| role.after.clone()));
    let (role, to) = (role.map(|role| role.arn), target.to_owned());
    let resource = plan.inventory.arn("logs", region, &format!("log-group:{group}"));
    let why = format!("`{group}` passes all events on to `{target}`");
    let volume = Volume::range(0.0, 1.0, 100.0, "0 to 100 GB of the group that the target takes");
    // What is made now has counted nothing.
    let counted = made.is_none().then(|| Measure::group_passed_on(region, group));
    let usage = volume.by(counted);
    let mut change = Change::of("logs:PutSubscriptionFilter", region, resource, why)
        .by("logGroupName", group)
        .by("filterName", filter)
        .edit(move |draft| {
            let params = &mut draft.params;
            params.insert("filterPattern".to_owned(), json!(""));
            params.insert("destinationArn".to_owned(), json!(to));
            if let (Some(role), false) = (&role, params.contains_key("roleArn")) {
                params.insert("roleArn".to_owned(), json!(role));
            }
            Ok(())
        })
        .with(with)
        .after(after);
    match arn::service(target) {
        "firehose" => change = change.cost("firehose-gb", usage),
        "kinesis" => change = change.cost("kinesis-gb", usage),
        "lambda" => {
            change = change.warn(format!(
                "the policy of the function must let logs.{region}.amazonaws.com wake it"
            ));
        }
        _ => change = change.warn("the policy of the destination must let this account send to it"),
    }
    plan.change(change)
}

/// The role by which CloudWatch Logs writes to a stream; none for other targets.
fn stream_role(plan: &mut Builder<'_>, target: &str, with: Option<Handle>) -> Option<Given> {
    let actions: &[&str] = match arn::service(target) {
        "kinesis" => &["kinesis:PutRecord", "kinesis:PutRecords"],
        "firehose" => &["firehose:PutRecord", "firehose:PutRecordBatch"],
        _ => return None,
    };
    let (partition, account) = (&plan.inventory.partition, &plan.inventory.account);
    let from = format!("arn:{partition}:logs:*:{account}:*");
    let wanted = Role {
        name: "stele-central",
        service: "logs.amazonaws.com",
        condition: json!({"StringLike": {"aws:SourceArn": from}}),
        actions,
        resource: target,
        with,
    };
    Some(role::make(plan, &wanted))
}

/// The group that takes what a target writes about its own work, where it has one.
fn own_group(inventory: &Inventory, region: &str, target: &str) -> Option<String> {
    match arn::service(target) {
        "lambda" => {
            let functions = inventory.region(region).and_then(|facts| facts.functions.known());
            let mut functions = functions.into_iter().flatten();
            // With a version or an alias behind it, it is the same function.
            let is_target = |arn: &str| target == arn || target.starts_with(&format!("{arn}:"));
            let function = functions.find(|each| is_target(&each.function_arn));
            let name = target.split(':').nth(6).unwrap_or_default();
            Some(function.map_or_else(|| format!("/aws/lambda/{name}"), Function::group))
        }
        "firehose" => {
            let name = target.rsplit('/').next().unwrap_or_default();
            Some(format!("/aws/kinesisfirehose/{name}"))
        }
        _ => None,
    }
}
