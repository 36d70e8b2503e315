//! `waf.acl`: web ACLs log what they decide.

use super::repair::{self, Otherwise, Place};
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::client::Partition;
use crate::collect::Collector;
use crate::collect::application::{Acl, Firewalls};
use crate::fact::Unread;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking, Writer};
use crate::plan::change::{Builder, Change, Draft, Handle, Refusal};
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::settings::wafv2::MANAGED;
use crate::plan::sink::{self, Writer as SinkWriter};
use serde_json::{Value, json};

/// The check.
pub(super) struct WafAcl;

static META: Meta = Meta {
    id: "waf.acl",
    title: "web ACLs log what they block and allow",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Firewalls, Collector::Groups, Collector::Sinks],
    controls: &["FSBP:WAF.11"],
    passes: "a logging configuration is there, its filter drops neither what is blocked nor what \
             is allowed, and the destination exists and takes what is written",
    not_applicable: "",
    why: "Attacks on the web show here first, blocked or not.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:CreateLogGroup, logs:PutResourcePolicy, wafv2:PutLoggingConfiguration; \
              s3:PutBucketPolicy where a bucket is not let in",
        undo: Undo::Partly,
        cloudformation: &["WAFv2::LoggingConfiguration"],
        terraform: &["wafv2_web_acl_logging_configuration"],
        cost: "ingest per GB",
    },
};

impl Check for WafAcl {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let edge = Partition::of_region(&inventory.home_region).global_region;
        let regional =
            regions(inventory).map(|(name, region)| (name, &region.firewalls, "regional"));
        let global = [(edge, &inventory.global_firewalls, "global")];
        for (name, firewalls, scope) in regional.chain(global) {
            let acls = match firewalls.acls.items() {
                Ok(acls) => acls,
                Err(reason) => {
                    findings.unread(name, "wafv2", &format!("{scope}/webacl/*"), reason);
                    continue;
                }
            };
            for acl in acls {
                findings.add(name, acl.arn.clone(), judge(inventory, name, firewalls, acl));
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let (name, region) = (name_of(&finding.resource), finding.region.as_str());
        let in_region = inventory.region(region).map(|facts| &facts.firewalls);
        let known = in_region.into_iter().chain([&inventory.global_firewalls]);
        let mut all = known.flat_map(|each| each.logging.items().unwrap_or_default());
        let Some(logging) = all.find(|each| each.resource_arn == finding.resource) else {
            let group = format!("{PREFIX}{name}");
            let after = take(plan, region, &group);
            return send(finding, plan, &group, "", after);
        };
        if finding.reason_code == "filtered" {
            keep(finding, plan);
        }
        for to in &logging.log_destination_configs {
            match (taking(inventory, region, to), arn::log_group(to), arn::place(to)) {
                (Taking::Refuses("no-group", _), Some(group), _) => {
                    take(plan, region, group);
                }
                (Taking::Refuses("no-bucket", _), _, Some((gone, _))) => {
                    let group = format!("{PREFIX}{name}");
                    let after = take(plan, region, &group);
                    send(finding, plan, &group, to, after);
                    plan.warn(format!(
                        "{region}: undoing cannot let `{name}` log to `{gone}` again, for AWS takes \
                         no bucket that is gone"
                    ));
                }
                (judged @ Taking::Refuses(..), _, Some((bucket, prefix))) => {
                    let place = Place { bucket, prefix, writer: SinkWriter::Delivery };
                    let (code, reason) = (&finding.reason_code, &finding.reason);
                    repair::let_in(plan, &place, judged, &Otherwise { code, reason, choices: &[] });
                }
                // What cannot be read is no reason of the finding.
                (Taking::Takes(_) | Taking::Refuses(..) | Taking::Unread(_), ..) => {}
            }
        }
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        let name = name_of(&finding.resource);
        let Finding { account, region, .. } = finding;
        (!name.is_empty() && name != "*").then(|| format!("aws:waf:{account}:{region}:{name}"))
    }
}

/// How the names of groups begin that WAF may write to.
const PREFIX: &str = "aws-waf-logs-";

/// The name of a web ACL in its ARN.
fn name_of(arn: &str) -> &str {
    let rest = arn.split_once("/webacl/").map_or("", |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Plans a group that takes what WAF writes.
fn take(plan: &mut Builder<'_>, region: &str, group: &str) -> Vec<Handle> {
    let made = sink::group(plan, region, group);
    let service = "delivery.logs.amazonaws.com";
    vec![sink::allow_groups(plan, region, service, &format!("{PREFIX}*"), vec![made])]
}

/// Plans that a web ACL logs to a group, where it logs to nothing or to what is gone.
fn send(finding: &Finding, plan: &mut Builder<'_>, group: &str, gone: &str, after: Vec<Handle>) {
    let (region, gone) = (finding.region.as_str(), gone.to_owned());
    let to = plan.inventory.arn("logs", region, &format!("log-group:{group}"));
    let why = format!("`{}` logs what it decides to `{group}`", name_of(&finding.resource));
    let volume = Volume::range(0.01, 5.0, 1000.0, "0.01 to 1,000 GB of requests a month");
    let change = configuration(finding, why).edit(move |draft| {
        let logging = owned(draft)?;
        let all = logging["LogDestinationConfigs"].as_array();
        if all.is_none_or(|all| all.iter().all(|each| *each == gone)) {
            logging["LogDestinationConfigs"] = json!([to]);
        }
        Ok(())
    });
    let requests = Measure::web_acl(&finding.resource);
    plan.change(change.after(after).cost("vended-cloudwatch-gb", volume.by(requests)));
}

/// Plans that the filter of a web ACL keeps what is blocked and what is allowed; what else it says
/// stays.
fn keep(finding: &Finding, plan: &mut Builder<'_>) {
    let why = format!(
        "the log of `{}` keeps what is blocked and what is allowed",
        name_of(&finding.resource)
    );
    let volume = Volume::range(0.0, 5.0, 1000.0, "0 to 1,000 GB of further requests a month");
    let change = configuration(finding, why)
        .edit(|draft| {
            let filter = &mut owned(draft)?["LoggingFilter"];
            let lost = ["BLOCK", "ALLOW"].into_iter().filter(|action| drops(filter, action));
            let lost: Vec<Value> =
                lost.map(|action| json!({"ActionCondition": {"Action": action}})).collect();
            if let (false, Some(all)) = (lost.is_empty(), filter["Filters"].as_array_mut()) {
                // The first that matches decides.
                all.insert(
                    0,
                    json!({"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": lost}),
                );
            }
            Ok(())
        })
        .cost("vended-cloudwatch-gb", volume)
        .warn("somebody chose the filter; what it left out is logged from then on");
    plan.change(change);
}

fn configuration(finding: &Finding, why: String) -> Change {
    let resource = finding.resource.as_str();
    Change::of("wafv2:PutLoggingConfiguration", &finding.region, resource, why)
        .by("LoggingConfiguration", json!({"ResourceArn": resource}))
}

/// The configuration in a draft, if it is the account's own to change.
fn owned(draft: &mut Draft) -> Result<&mut Value, Refusal> {
    if draft.state[MANAGED] == true {
        return Err(Refusal {
            code: "firewall-manager",
            reason: "Firewall Manager keeps this logging configuration".to_owned(),
            choices: vec!["change the policy of Firewall Manager".to_owned()],
        });
    }
    Ok(draft.params.entry("LoggingConfiguration").or_insert_with(|| json!({})))
}

fn judge(inventory: &Inventory, region: &str, firewalls: &Firewalls, acl: &Acl) -> Verdict {
    let all = match firewalls.logging.items() {
        Ok(all) => all,
        Err(reason) => return Verdict::unknown(reason),
    };
    let name = &acl.name;
    let Some(logging) = all.iter().find(|logging| logging.resource_arn == acl.arn) else {
        return Verdict::fail("not-logging", format!("`{name}` logs nothing"));
    };
    let dropped: Vec<&str> = ["BLOCK", "ALLOW"]
        .into_iter()
        .filter(|action| drops(&logging.logging_filter, action))
        .collect();
    if !dropped.is_empty() {
        let dropped = dropped.join(" and ");
        let reason = format!("the filter of `{name}` leaves out requests that end with {dropped}");
        return Verdict::fail("filtered", reason).evidence("dropped", dropped);
    }
    let mut unread = None;
    for to in &logging.log_destination_configs {
        match taking(inventory, region, to) {
            Taking::Takes(_) => {}
            Taking::Refuses(code, reason) => return Verdict::fail(code, reason),
            Taking::Unread(reason) => unread = Some(reason),
        }
    }
    match unread {
        Some(reason) => Verdict::unknown(&reason),
        None => Verdict::pass(format!("`{name}` logs what it decides")),
    }
}

/// Whether a filter leaves out some of the requests that end with an action.
fn drops(filter: &Value, action: &str) -> bool {
    if filter.is_null() {
        return false;
    }
    let keeps = |each: &Value| each["Behavior"].as_str() == Some("KEEP");
    let filters = filter["Filters"].as_array().map_or(&[][..], Vec::as_slice);
    // A filter decides about all requests of an action only if it asks for nothing else.
    let decides = |each: &&Value| {
        let conditions = each["Conditions"].as_array().map_or(&[][..], Vec::as_slice);
        let hit =
            |condition: &Value| condition["ActionCondition"]["Action"].as_str() == Some(action);
        match each["Requirement"].as_str() {
            Some("MEETS_ANY") => conditions.iter().any(hit),
            _ => !conditions.is_empty() && conditions.iter().all(hit),
        }
    };
    let concerns = |each: &Value| {
        let conditions = each["Conditions"].as_array().map_or(&[][..], Vec::as_slice);
        let other = |condition: &Value| {
            condition["ActionCondition"]["Action"].as_str().is_some_and(|other| other != action)
        };
        match each["Requirement"].as_str() {
            Some("MEETS_ANY") => conditions.iter().any(|condition| !other(condition)),
            _ => !conditions.iter().any(other),
        }
    };
    for each in filters {
        if !keeps(each) && concerns(each) {
            return true;
        }
        if keeps(each) && decides(&each) {
            return false;
        }
    }
    filter["DefaultBehavior"].as_str() == Some("DROP")
}

fn taking(inventory: &Inventory, region: &str, to: &str) -> Taking {
    if let Some((bucket, prefix)) = arn::place(to) {
        let writer = Writer {
            principals: &["Service:delivery.logs.amazonaws.com"],
            key: format!("{}AWSLogs/{}/WAFLogs/{region}/x", arn::folder(prefix), inventory.account),
            source_arn: None,
        };
        return destination::bucket(inventory, bucket, &writer);
    }
    if arn::log_group(to).is_some() {
        return destination::group_arn(inventory, to);
    }
    Taking::Unread(Unread::out_of_scope(format!("`{to}` is a stream, which is not read")))
}
