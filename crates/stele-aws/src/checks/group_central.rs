//! `log.group.central`: groups are forwarded to the central target.

use super::group::{each_group, is_managed};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::logs::{AccountPolicy, Filter, Group};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::inventory::Region;
use crate::plan::change::Builder;
use crate::plan::forward;
use serde_json::Value;

/// The check.
pub(super) struct GroupCentral;

static META: Meta = Meta {
    id: "log.group.central",
    title: "log groups are forwarded to the central target",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Groups, Collector::Filters, Collector::AccountPolicies],
    controls: &["CCC.Logging:CN01"],
    passes: "a subscription of the group or of the account passes all events to sinks.central",
    not_applicable: "no central target is set and a filter slot is free; or the group is managed \
                     by AWS",
    why: "Logs that stay where they arise go with what they are about.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:PutSubscriptionFilter, with a role where the target is a stream; where both \
              slots are taken, by hand",
        undo: Undo::Exact,
        cloudformation: &["Logs::SubscriptionFilter", "Logs::AccountPolicy"],
        terraform: &["cloudwatch_log_subscription_filter", "cloudwatch_log_account_policy"],
        cost: "ingest at the target",
    },
};

impl Check for GroupCentral {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let central = baseline.sinks.central.as_deref();
        each_group(inventory, findings, |region, group| judge(central, region, group));
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let Some(name) = crate::arn::log_group(&finding.resource) else { return };
        if finding.reason_code == "slots-full" {
            let choices = [
                "take one of the two filters away, and plan again",
                "let the target of one of them pass the events on to the central target",
                "forward all groups by a subscription policy of the account, which takes no slot",
            ];
            return plan.block("slots-full", finding.reason.clone(), &choices);
        }
        let inventory = plan.inventory;
        let Some(target) = plan.baseline.sinks.central.clone() else { return };
        if let Some(refusal) = forward::refusal(plan, &finding.region, name, &target) {
            return plan.refuse(refusal);
        }
        let groups = inventory.region(&finding.region).and_then(|facts| facts.groups.known());
        let group = groups.and_then(|all| all.iter().find(|group| group.log_group_name == name));
        let filters = group.map_or(&[][..], |group| group.filters.items().unwrap_or_default());
        let now = filters.iter().find(|filter| filter.destination_arn == target);
        let filter = now.map_or(forward::FILTER, |filter| filter.filter_name.as_str());
        forward::group(plan, &finding.region, name, (filter, &target), None);
    }
}

/// AWS lets a group have so many subscription filters.
const SLOTS: usize = 2;

fn judge(central: Option<&str>, region: &Region, group: &Group) -> Verdict {
    let name = &group.log_group_name;
    if is_managed(group) {
        return Verdict::not_applicable("managed", format!("`{name}` is managed by AWS"));
    }
    let filters = match group.filters.items() {
        Ok(filters) => filters,
        Err(reason) => return Verdict::unknown(reason),
    };
    let reaches = |filter: &&Filter| Some(filter.destination_arn.as_str()) == central;
    let passes = |filter: &&Filter| filter.filter_pattern.trim().is_empty();
    if let Some(filter) = filters.iter().filter(reaches).find(passes) {
        return Verdict::pass(format!("filter `{}` passes all events on", filter.filter_name));
    }
    if let Some(filter) = filters.iter().find(reaches) {
        let reason = format!("filter `{}` passes only some events on", filter.filter_name);
        return Verdict::fail("filtered", reason)
            .evidence("filterPattern", filter.filter_pattern.as_str());
    }
    let full = filters.len() >= SLOTS;
    let Some(central) = central else {
        return if full {
            slots_full(name, filters)
        } else {
            Verdict::not_applicable("no-central", "no central target is set, and a slot is free")
        };
    };
    match region.account_policies.items() {
        Ok(policies) if policies.iter().any(|policy| passes_all(policy, central)) => {
            Verdict::pass("a subscription of the account passes all events on")
        }
        Err(reason) => Verdict::unknown(reason),
        Ok(_) if full => slots_full(name, filters),
        Ok(_) => {
            Verdict::fail("not-forwarded", format!("`{name}` is not forwarded to `{central}`"))
        }
    }
}

fn slots_full(name: &str, filters: &[Filter]) -> Verdict {
    let names: Vec<&str> = filters.iter().map(|filter| filter.filter_name.as_str()).collect();
    let names = names.join("` and `");
    Verdict::blocked("slots-full", format!("both filters of `{name}` are taken: `{names}`"))
}

fn passes_all(policy: &AccountPolicy, central: &str) -> bool {
    let document: Value = serde_json::from_str(&policy.policy_document).unwrap_or_default();
    let pattern = document["FilterPattern"].as_str().unwrap_or_default();
    document["DestinationArn"].as_str() == Some(central)
        && pattern.trim().is_empty()
        && policy.selection_criteria.trim().is_empty()
}
