//! `ct.trail.cwl`: trails write to a log group as well.

use super::trail::{DAY_MICROS, each_trail};
use super::trail_all_regions;
use super::trail_target;
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking};
use crate::plan::change::Builder;
use crate::plan::cost::Volume;
use crate::plan::role;
use crate::plan::sink;
use serde_json::json;

/// The check.
pub(super) struct TrailCloudWatch;

static META: Meta = Meta {
    id: "ct.trail.cwl",
    title: "trails are forwarded to CloudWatch Logs",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Trails, Collector::Groups],
    controls: &["FSBP:CloudTrail.5"],
    passes: "group and role are set, the group exists, CloudWatch reports no error, and where it \
             reports a delivery it is not older than 24 hours",
    not_applicable: "the policy does not want it (cloudtrail.cloudwatch)",
    why: "Alarms on events need them in minutes; files come later.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:CreateLogGroup, logs:PutRetentionPolicy, iam:CreateRole, iam:PutRolePolicy, \
              cloudtrail:UpdateTrail",
        undo: Undo::Partly,
        cloudformation: &["Logs::LogGroup", "IAM::Role"],
        terraform: &["cloudwatch_log_group", "iam_role"],
        cost: "ingest per GB",
    },
};

impl Check for TrailCloudWatch {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let wanted = baseline.cloudtrail.cloudwatch;
        each_trail(inventory, findings, |trail| {
            if wanted {
                judge(inventory, trail)
            } else {
                Verdict::not_applicable("policy", "the policy does not want it")
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let code = finding.reason_code.as_str();
        if code == "stale" || code == "gone" {
            let choices = [
                "look at the role of the trail and at the log group: AWS reports no error",
                "give the trail another log group",
            ];
            return plan.block(code, finding.reason.clone(), &choices);
        }
        let Some(target) = trail_target::by_arn(plan, &finding.resource) else { return };
        let row = inventory.trails.get(&target.arn).map(|trail| &trail.row);
        let set = row.and_then(|row| row.cloud_watch_logs_log_group_arn.as_deref());
        let set = set.filter(|_| code != "not-set" && code != "no-trail");
        if let Some(arn) = set.filter(|arn| arn::account(arn) != inventory.account) {
            let reason = format!("{}; `{arn}` is another account's", finding.reason);
            return plan.block("owner-decides", reason, &["ask its owner to let the trail write"]);
        }
        let wanted = &plan.baseline.cloudtrail;
        let default = format!("/aws/cloudtrail/{}", target.short_name());
        let named = Some(wanted.log_group.as_str()).filter(|name| !name.is_empty());
        let name = set.and_then(arn::log_group).or(named).unwrap_or(&default).to_owned();
        let group = sink::group(plan, &target.region, &name);
        // Where only the group is gone, the role that the trail has wrote to it before.
        if code == "no-group" {
            return;
        }
        let role = match wanted.log_role.as_str() {
            "" => ROLE,
            role => role,
        };
        let arn = inventory.arn("logs", &target.region, &format!("log-group:{name}:*"));
        let role = role::of_group(plan, role, "cloudtrail.amazonaws.com", &arn);
        let why = format!("trail `{}` writes to `{name}` as well", target.short_name());
        let values = json!({"CloudWatchLogsLogGroupArn": arn, "CloudWatchLogsRoleArn": role.arn});
        let volume = Volume::range(0.1, 2.0, 50.0, "0.1 to 50 GB of events a month, 2 expected");
        let change = target.update(values, why).after(role.after).after([group]);
        plan.change(change.cost("cloudwatch-ingest-gb", volume));
    }
}

/// The role by which CloudTrail writes to log groups.
const ROLE: &str = "stele-cloudtrail";

fn judge(inventory: &Inventory, trail: &Trail) -> Verdict {
    let row = &trail.row;
    let name = &row.name;
    let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (Some(group), Some(_)) =
        (set(&row.cloud_watch_logs_log_group_arn), set(&row.cloud_watch_logs_role_arn))
    else {
        return Verdict::fail("not-set", format!("trail `{name}` writes to no log group"));
    };
    let status = match &trail.status {
        Fact::Known(status) => status,
        Fact::Unknown(reason) => return Verdict::unknown(reason),
        Fact::Absent => return Verdict::fail("gone", format!("trail `{name}` does not exist")),
    };
    let error = set(&status.latest_cloud_watch_logs_delivery_error);
    if let Some(error) = error {
        let reason = format!("CloudTrail cannot write to `{group}`: {error}");
        return Verdict::fail("delivery-error", reason)
            .evidence("LatestCloudWatchLogsDeliveryError", error);
    }
    if !status.is_logging {
        return Verdict::fail("not-logging", format!("trail `{name}` is not logging"))
            .cause(trail_all_regions::ID, &row.arn);
    }
    let last = status.latest_cloud_watch_logs_delivery_time;
    if last.is_some_and(|time| inventory.now_micros - time > DAY_MICROS) {
        let reason = format!("trail `{name}` wrote nothing to its log group for a day");
        return Verdict::fail("stale", reason);
    }
    match destination::group_arn(inventory, &group) {
        Taking::Takes(_) => Verdict::pass(format!("trail `{name}` writes to its log group")),
        Taking::Refuses(code, reason) => Verdict::fail(code, reason),
        Taking::Unread(reason) => Verdict::unknown(&reason),
    }
}
