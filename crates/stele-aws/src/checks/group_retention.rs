//! `log.group.retention`: events stay in their group as long as is wanted.

use super::group::{each_group, is_managed};
use super::trail::DAY_MICROS;
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::Allowance;
use crate::plan::change::{Builder, Change};
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::sink;
use serde_json::{Value, json};

/// The check.
pub(super) struct GroupRetention;

static META: Meta = Meta {
    id: "log.group.retention",
    title: "log groups keep events long enough and not for ever",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Groups],
    controls: &["PCI-4.0.1:10.5.1", "CCC.Logging:CN02"],
    passes: "the retention is at least min_days and at most max_days; never expiring fails when \
             there is a maximum",
    not_applicable: "the group is managed by AWS, or of the class DELIVERY",
    why: "What goes too early cannot be looked at; what never goes is paid for and must be \
          answered for.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:PutRetentionPolicy, upwards; shortening only by consent",
        undo: Undo::Exact,
        cloudformation: &["Logs::LogGroup"],
        terraform: &["cloudwatch_log_group"],
        cost: "storage",
    },
};

impl Check for GroupRetention {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_group(inventory, findings, |_, group| {
            let name = &group.log_group_name;
            if is_managed(group) {
                return Verdict::not_applicable("managed", format!("`{name}` is managed by AWS"));
            }
            if group.log_group_class == "DELIVERY" {
                return Verdict::not_applicable(
                    "delivery-class",
                    format!("`{name}` only passes events on"),
                );
            }
            let days = baseline.days_of_group(name);
            let verdict = match (group.retention_in_days, days.max_days) {
                (None, None) => Verdict::pass(format!("events stay in `{name}` for ever")),
                (None, Some(most)) => {
                    let reason =
                        format!("events stay in `{name}` for ever, wanted are {most} days at most");
                    Verdict::fail("never-expires", reason)
                }
                (Some(now), _) if now < days.min_days => {
                    let reason = format!(
                        "events stay in `{name}` for {now} days, wanted are {}",
                        days.min_days
                    );
                    Verdict::fail("too-short", reason)
                }
                (Some(now), Some(most)) if now > most => {
                    let reason = format!(
                        "events stay in `{name}` for {now} days, wanted are {most} at most"
                    );
                    Verdict::fail("too-long", reason).by_hand()
                }
                (Some(now), _) => Verdict::pass(format!("events stay in `{name}` for {now} days")),
            };
            verdict.evidence("retentionInDays", group.retention_in_days)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let Some(name) = arn::log_group(&finding.resource) else { return };
        let days = plan.baseline.days_of_group(name);
        let shortens = finding.reason_code != "too-short";
        let is_young = || {
            let region = plan.inventory.region(&finding.region)?;
            let groups = region.groups.items().ok()?;
            let group = groups.iter().find(|group| group.log_group_name == name)?;
            // Events may be two weeks older than the group (PutLogEvents).
            let oldest = group.creation_time? - 14 * DAY_MICROS;
            Some(plan.inventory.now_micros - oldest < days.max_days? * DAY_MICROS)
        };
        let goes = shortens && (finding.reason_code == "too-long" || is_young() != Some(true));
        if goes && !plan.allows(Allowance::Shorten) {
            let choices = [
                "plan with `--allow shorten`, after what is older was put into the archive",
                "set a higher `max_days` in the policy",
            ];
            let reason = format!("{}: events would go that are there now", finding.reason);
            return plan.block("would-delete", reason, &choices);
        }
        let wanted = match days.max_days {
            Some(most) if shortens => sink::offered_at_most(most),
            _ => sink::offered(days.min_days),
        };
        let why = format!("events stay in `{name}` for {wanted} days");
        let volume = Volume::range(0.0, 1.0, 100.0, "0 to 100 GB that stay longer");
        let mut change =
            Change::of("logs:PutRetentionPolicy", &finding.region, finding.resource.as_str(), why)
                .by("logGroupName", name)
                .set(json!({"retentionInDays": wanted}));
        if !shortens {
            let now = finding.evidence.get("retentionInDays").and_then(Value::as_i64);
            let more = i32::try_from(wanted - now.unwrap_or(0)).unwrap_or(0);
            let kept = Measure::group_kept(&finding.region, name, more);
            change = change.cost("cloudwatch-storage-gb", volume.by(kept));
        }
        plan.change(change);
    }
}
