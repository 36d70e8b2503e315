//! `ct.trail.insights`: CloudTrail looks for unusual activity.

use super::trail::each_trail;
use super::trail_target;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;

/// The check.
pub(super) struct TrailInsights;

static META: Meta = Meta {
    id: "ct.trail.insights",
    title: "the wanted Insights are on",
    severity: Severity::Low,
    default: true,
    source: false,
    reads: &[Collector::Trails],
    controls: &[],
    passes: "each wanted kind of Insights is on, in this or another trail that is logging",
    not_applicable: "the trail belongs to the organisation, whose owner decides; or the policy \
                     wants none",
    why: "A burst of calls or of errors is seen without a rule for it.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:PutInsightSelectors",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "per event analysed",
    },
};

impl Check for TrailInsights {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let wanted = &baseline.cloudtrail.insights;
        each_trail(inventory, findings, |trail| {
            if wanted.is_empty() {
                return Verdict::not_applicable("policy", "the policy wants none");
            }
            if trail.row.is_organization_trail && trail.owner() != inventory.account {
                let reason = format!("trail `{}` belongs to {}", trail.row.name, trail.owner());
                return Verdict::not_applicable("owner-decides", reason);
            }
            let own = match trail.insights.items() {
                Ok(own) => own,
                Err(reason) => return Verdict::unknown(reason),
            };
            let others = inventory.trails.values().filter(|other| {
                other.is_logging() == Fact::Known(true) && other.owner() == inventory.account
            });
            let all: Vec<&String> = others
                .flat_map(|other| other.insights.items().unwrap_or_default())
                .chain(own)
                .collect();
            let missing: Vec<&str> =
                wanted.iter().filter(|kind| !all.contains(kind)).map(String::as_str).collect();
            if missing.is_empty() {
                Verdict::pass("the wanted Insights are on")
            } else {
                let missing = missing.join(", ");
                let reason = format!("trail `{}` does not look for {missing}", trail.row.name);
                Verdict::fail("insights-off", reason).evidence("missing", missing)
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(target) = trail_target::by_arn(plan, &finding.resource) {
            let wanted = &plan.baseline.cloudtrail.insights;
            let why = format!("trail `{}` looks for {}", target.short_name(), wanted.join(", "));
            let volume = Volume::range(0.1, 10.0, 500.0, "10,000 to 50 million management events");
            let trail = plan.inventory.trails.get(&target.arn).map(|trail| &trail.row);
            let group = trail.and_then(|row| row.cloud_watch_logs_log_group_arn.as_deref());
            let counted = group.and_then(|group| Measure::insights(group, wanted));
            let events = volume.by(counted);
            plan.change(target.insights(wanted, why).cost("cloudtrail-insights", events));
        }
    }
}
