//! `cfg.aggregator`: what AWS Config knows of all accounts and regions is put together.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::config::{Aggregator, Source};
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Status, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use crate::plan::role::{self, Role};
use serde_json::{Value, json};

/// The check.
pub(super) struct ConfigAggregator;

static META: Meta = Meta {
    id: "cfg.aggregator",
    title: "an aggregator takes in all regions of the account or its organisation",
    severity: Severity::Low,
    default: false,
    source: false,
    reads: &[Collector::Aggregators, Collector::Account],
    controls: &[],
    passes: "one aggregator takes in everything from all regions that are assessed, of the \
             organisation where the account manages one, and none of its sources fails",
    not_applicable: "the account is a member of an organisation, and the account that manages it \
                     or was told to decides",
    why: "What was where, in one place, when an account is looked into.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "config:PutConfigurationAggregator: one of the account's own takes in all regions; \
              otherwise another is made beside those that are there, of the organisation with a \
              role (iam:CreateRole, iam:PutRolePolicy) where the account manages one; sources \
              that fail are put right by hand",
        undo: Undo::Partly,
        cloudformation: &["Config::ConfigurationAggregator"],
        terraform: &["config_configuration_aggregator"],
        cost: "",
    },
};

impl Check for ConfigAggregator {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let mut judged: Vec<(&str, &Aggregator, Verdict)> = Vec::new();
        let mut all_read = true;
        for (name, region) in regions(inventory) {
            match region.aggregators.items() {
                Ok(all) => {
                    judged.extend(all.iter().map(|each| (name, each, judge(inventory, each))));
                }
                Err(reason) => {
                    all_read = false;
                    findings.unread(name, "config", "config-aggregator/*", reason);
                }
            }
        }
        // One that is good is enough; where none is known to be, one that was not read may be.
        let rank = |verdict: &Verdict| match verdict.status {
            Status::Pass => 0,
            Status::Unknown => 1,
            Status::Fail | Status::Blocked | Status::NotApplicable => 2,
        };
        let best = judged.into_iter().min_by_key(|(.., verdict)| rank(verdict));
        match best {
            Some((region, aggregator, verdict)) if all_read || rank(&verdict) == 0 => {
                findings.add(region, aggregator.arn.clone(), verdict);
            }
            None if all_read => {
                let region = &inventory.home_region;
                let resource = inventory.arn("config", region, "config-aggregator");
                findings.add(region, resource, without(inventory));
            }
            Some(_) | None => {}
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let region = plan.inventory.region(&finding.region);
        let all = region.map_or(&[][..], |r| r.aggregators.items().unwrap_or_default());
        let meant = all.iter().find(|each| each.arn == finding.resource);
        let (code, reason) = (finding.reason_code.as_str(), finding.reason.clone());
        match (code, meant) {
            ("source-fails", _) => {
                let choices = [
                    "let each account that it asks allow it, in each region",
                    "let its role read the organisation",
                ];
                plan.block(code, reason, &choices);
            }
            ("regions-missing", Some(meant)) if is_own(plan, meant) => widen(finding, plan, meant),
            _ if all.iter().any(|each| each.name == NAME) => {
                let text = format!("delete `{NAME}`, or put it right, and plan again");
                plan.block(code, reason, &[&text]);
            }
            _ => make(finding, plan),
        }
    }
}

/// The aggregator that a plan makes.
const NAME: &str = "stele-aggregator";

/// What the role of an aggregator may do: see which accounts there are, as with the policy of AWS
/// for it (`AWSConfigRoleForOrganizations`).
const ACTIONS: &[&str] = &[
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListAccounts",
    "organizations:ListDelegatedAdministrators",
];

/// Whether an aggregator asks the organisation, or this account alone: more regions are then nobody
/// else's matter.
fn is_own(plan: &Builder<'_>, aggregator: &Aggregator) -> bool {
    aggregator.organization_aggregation_source.is_some()
        || match aggregator.account_aggregation_sources.as_slice() {
            [only] => only.account_ids == [plan.inventory.account.as_str()],
            _ => false,
        }
}

/// Plans that an aggregator takes in all regions.
fn widen(finding: &Finding, plan: &mut Builder<'_>, aggregator: &Aggregator) {
    let name = &aggregator.name;
    let why = format!("aggregator `{name}` takes in all regions");
    let resource = finding.resource.as_str();
    let change = Change::of("config:PutConfigurationAggregator", &finding.region, resource, why)
        .by("ConfigurationAggregatorName", name.as_str())
        .edit(|draft| {
            for member in ["AccountAggregationSources", "OrganizationAggregationSource"] {
                let source = match draft.params.get_mut(member) {
                    Some(Value::Array(all)) => all.first_mut(),
                    other => other,
                };
                if let Some(Value::Object(source)) = source {
                    source.remove("AwsRegions");
                    source.insert("AllAwsRegions".to_owned(), json!(true));
                }
            }
            Ok(())
        });
    plan.change(change);
}

/// Plans one beside those that are there.
fn make(finding: &Finding, plan: &mut Builder<'_>) {
    let (inventory, region) = (plan.inventory, finding.region.as_str());
    let manages = match &inventory.organization {
        Fact::Known(organization) => organization.master_account_id == inventory.account,
        Fact::Absent => false,
        Fact::Unknown(reason) => {
            let choices = ["allow what is named in `errors`, and plan again"];
            return plan.block("unreadable", reason.text.clone(), &choices);
        }
    };
    let arn = inventory.arn("config", region, &format!("config-aggregator/{NAME}"));
    let why = format!("`{NAME}` takes in all regions of what there is");
    let mut change = Change::of("config:PutConfigurationAggregator", region, arn, why)
        .by("ConfigurationAggregatorName", NAME);
    let mut values = json!({"Tags": [{"Key": "stele:managed", "Value": "true"}]});
    if manages {
        let role = role::make(
            plan,
            &Role {
                name: NAME,
                service: "config.amazonaws.com",
                condition: json!({}),
                actions: ACTIONS,
                resource: "*",
                with: None,
            },
        );
        values["OrganizationAggregationSource"] =
            json!({"RoleArn": role.arn, "AllAwsRegions": true});
        change = change.after(role.after).warn(
            "AWS Config gets trusted access to the organisation with it, and sees the accounts \
             and regions where it records",
        );
    } else {
        values["AccountAggregationSources"] =
            json!([{"AccountIds": [inventory.account], "AllAwsRegions": true}]);
    }
    plan.change(change.set(values));
}

/// What is said where there is no aggregator.
fn without(inventory: &Inventory) -> Verdict {
    match &inventory.organization {
        Fact::Known(organization) if organization.master_account_id != inventory.account => {
            let reason = format!("the owners of organisation `{}` decide", organization.id);
            Verdict::not_applicable("owner-decides", reason)
        }
        Fact::Known(_) | Fact::Absent => {
            Verdict::fail("no-aggregator", "no region that was assessed has an aggregator")
        }
        Fact::Unknown(reason) => Verdict::unknown(reason),
    }
}

fn judge(inventory: &Inventory, aggregator: &Aggregator) -> Verdict {
    let name = &aggregator.name;
    if !aggregator.aggregator_filters.is_empty() {
        let reason = format!("aggregator `{name}` keeps some types only");
        return Verdict::fail("filtered", reason);
    }
    let own = |source: &&Source| source.account_ids.contains(&inventory.account);
    let of_account = aggregator.account_aggregation_sources.iter().find(own);
    let source = match (&aggregator.organization_aggregation_source, &inventory.organization) {
        (Some(source), _) => source,
        (None, Fact::Unknown(reason)) => return Verdict::unknown(reason),
        (None, Fact::Known(organization))
            if organization.master_account_id == inventory.account =>
        {
            let reason = format!(
                "aggregator `{name}` takes accounts by their numbers, and misses those that come \
                 to organisation `{}`",
                organization.id
            );
            return Verdict::fail("no-organization", reason);
        }
        (None, Fact::Known(_) | Fact::Absent) => {
            let Some(source) = of_account else {
                let reason = format!("aggregator `{name}` does not take in this account");
                return Verdict::fail("other-accounts", reason);
            };
            source
        }
    };
    let missing: Vec<&str> = inventory
        .regions
        .iter()
        .filter(|region| !source.all_aws_regions && !source.aws_regions.contains(region))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let reason = format!("aggregator `{name}` does not take in {missing}");
        return Verdict::fail("regions-missing", reason).evidence("missing", missing);
    }
    match aggregator.failed.items() {
        Ok([]) => Verdict::pass(format!("aggregator `{name}` takes in all regions")),
        Ok(failed @ [first, ..]) => {
            let (id, region, why) = (&first.source_id, &first.aws_region, &first.last_error_code);
            let count = failed.len();
            let reason = format!(
                "aggregator `{name}` gets nothing from {count} of its sources, as {id} in \
                 {region}: {why}"
            );
            Verdict::fail("source-fails", reason).evidence("LastErrorCode", why.as_str())
        }
        Err(reason) => Verdict::unknown(reason),
    }
}
