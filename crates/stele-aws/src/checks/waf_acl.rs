//! `waf.acl`: web ACLs log what they decide.

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
use serde_json::Value;

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
        how: "logs:CreateLogGroup, wafv2:PutLoggingConfiguration",
        undo: Undo::Exact,
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

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        let name = finding.resource.split_once("/webacl/")?.1.split('/').next()?;
        let Finding { account, region, .. } = finding;
        (name != "*").then(|| format!("aws:waf:{account}:{region}:{name}"))
    }
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
    if let Some(bucket) = arn::bucket(to) {
        let writer = Writer {
            principals: &["Service:delivery.logs.amazonaws.com"],
            key: format!("AWSLogs/{}/WAFLogs/{region}/x", inventory.account),
            source_arn: None,
        };
        return destination::bucket(inventory, bucket, &writer);
    }
    if arn::log_group(to).is_some() {
        return destination::group_arn(inventory, to);
    }
    Taking::Unread(Unread::out_of_scope(format!("`{to}` is a stream, which is not read")))
}
