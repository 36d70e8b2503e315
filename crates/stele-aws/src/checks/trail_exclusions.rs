//! `ct.trail.exclusions`: no source of management events is left out.

use super::trail::{Active, EXCLUDABLE};
use super::trail_target;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::selectors::{Coverage, Question, Selector, coverage};
use crate::plan::Allowance;
use crate::plan::change::Builder;
use crate::plan::cost::Volume;
use crate::plan::selectors::Wish;
use serde_json::Value;

/// The check.
pub(super) struct TrailExclusions;

static META: Meta = Meta {
    id: "ct.trail.exclusions",
    title: "KMS and RDS Data API events are recorded",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Trails],
    controls: &[],
    passes: "events of KMS and of the RDS Data API are not excluded from what is recorded",
    not_applicable: "no trail is logging",
    why: "They are left out to save money; with them goes who decrypted what.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand, for it was done on purpose and the cost can be large: remove the exclusion \
              from the selectors",
        undo: Undo::None,
        cloudformation: &[],
        terraform: &[],
        cost: "can be large",
    },
};

impl Check for TrailExclusions {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let stopped =
            |_: &Active<'_>, reason, _: &str| Verdict::not_applicable("not-logging", reason);
        Active::each_region(inventory, findings, stopped, |active, _| {
            let excluded: Vec<&str> = EXCLUDABLE
                .iter()
                .map(|(_, source)| *source)
                .filter(|source| {
                    ["true", "false"].iter().any(|read| excludes(active, source, read))
                })
                .collect();
            match (excluded.as_slice(), &active.unread) {
                (_, Some(reason)) => Verdict::unknown(reason),
                ([], None) => Verdict::pass("no source of management events is left out"),
                (excluded, None) => {
                    let list = excluded.join(", ");
                    let reason = format!("events of {list} are left out, which somebody chose");
                    Verdict::fail("deliberate", reason).evidence("excluded", list)
                }
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if !plan.allows(Allowance::RemoveExclusion) {
            let choices = ["plan with `--allow remove-exclusion`", "answer for it by an exception"];
            return plan.block("deliberate", finding.reason.clone(), &choices);
        }
        let Some(target) = trail_target::target(plan, &finding.region) else { return };
        let inventory = plan.inventory;
        let mut trails = vec![target];
        // Where no trail records all of them, each leaves out a part.
        if !inventory.trails.get(&trails[0].arn).is_some_and(records_all) {
            let others = inventory.trails.values().filter(|trail| {
                trail.covers(&finding.region)
                    && trail.row.arn != trails[0].arn
                    && trail.is_logging() == Fact::Known(true)
                    && trail.owner() == inventory.account
            });
            let others: Vec<String> = others.map(|trail| trail.row.arn.clone()).collect();
            trails.extend(others.iter().filter_map(|arn| trail_target::by_arn(plan, arn)));
        }
        let excluded = finding.evidence.get("excluded").and_then(Value::as_str).unwrap_or_default();
        for (_, source) in EXCLUDABLE.iter().filter(|(_, source)| excluded.contains(source)) {
            for target in &trails {
                let why = format!("trail `{}` records events of {source}", target.short_name());
                let text = "further management events, up to 10 million";
                let volume = Volume::range(0.0, 5.0, 100.0, text);
                let change = target.record(Wish::Source(source), why);
                plan.change(change.cost("cloudtrail-extra-copy", volume));
            }
        }
    }
}

/// Whether a trail records management events in both directions, but for those left out on purpose.
fn records_all(trail: &Trail) -> bool {
    let selectors: Vec<&Selector> = trail.selectors.items().unwrap_or_default().iter().collect();
    ["true", "false"].iter().all(|read_only| {
        let fixed = [("eventCategory", "Management"), ("readOnly", *read_only)];
        let question = Question { fixed: &fixed, arn_prefix: None, except: EXCLUDABLE };
        coverage(&selectors, &question) == Coverage::All
    })
}

/// Whether events of a source are missing where others of the same direction are recorded.
fn excludes(active: &Active<'_>, source: &str, read_only: &str) -> bool {
    let fixed = [("eventCategory", "Management"), ("readOnly", read_only)];
    let of_source = [fixed[0], fixed[1], ("eventSource", source)];
    let all = Question { fixed: &fixed, arn_prefix: None, except: EXCLUDABLE };
    let one = Question { fixed: &of_source, arn_prefix: None, except: &[] };
    active.coverage(&all) == Coverage::All && active.coverage(&one) != Coverage::All
}
