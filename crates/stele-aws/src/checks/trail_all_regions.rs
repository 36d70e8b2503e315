//! `ct.trail.all-regions`: each region is covered by a trail that is logging.

use super::trail_delivery;
use super::trail_target::{self, Target};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use serde_json::json;

/// The check.
pub(super) struct TrailAllRegions;

/// Its id, for the findings that follow from it.
pub(super) const ID: &str = "ct.trail.all-regions";

static META: Meta = Meta {
    id: ID,
    title: "every region is recorded by a trail that is logging",
    severity: Severity::Critical,
    default: true,
    source: true,
    reads: &[Collector::Trails],
    controls: &["CIS-AWS-5.0:3.1", "FSBP:CloudTrail.1", "CCC.AuditLog:CN02", "CCC.Logging:CN01"],
    passes: "a trail that is logging covers the region: a multi-region trail with global events, \
             of the account or its organisation, or a trail at home there",
    not_applicable: "",
    why: "Without it, nobody can say afterwards who did what. Attackers choose regions that are \
          not watched.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:UpdateTrail and cloudtrail:StartLogging on a trail that can be widened, \
              with s3:PutBucketPolicy where its bucket does not let it in; \
              cloudtrail:CreateTrail, with a bucket (s3:CreateBucket), only if there is none",
        undo: Undo::Partly,
        cloudformation: &["CloudTrail::Trail"],
        terraform: &["cloudtrail"],
        cost: "the first copy of management events is free, each further one is paid per event",
    },
};

impl Check for TrailAllRegions {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let trails = match inventory.trails_in(region) {
                Fact::Known(trails) => trails,
                Fact::Absent => Vec::new(),
                Fact::Unknown(reason) => {
                    findings.unread(name, "cloudtrail", "trail/*", &reason);
                    continue;
                }
            };
            let (resource, verdict) = judge(inventory, name, &trails);
            findings.add(name, resource, verdict);
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(target) = trail_target::target(plan, &finding.region)
            && !target.is_new
        {
            record(plan, &target, &finding.region);
        }
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let trail = inventory.trails.get(&finding.resource)?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:cloudtrail:{account}:{region}:{}", trail.row.name))
    }
}

/// Lets a trail that is there record a region.
pub(super) fn record(plan: &mut Builder<'_>, target: &Target, region: &str) {
    let inventory = plan.inventory;
    let name = target.short_name().to_owned();
    let trail = inventory.trails.get(&target.arn);
    if !trail.is_some_and(|trail| trail.covers(region)) {
        let all = json!({"IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true});
        let mut change = target.update(all, format!("trail `{name}` records all regions"));
        for other in inventory.trails.values().filter(|other| other.row.arn != target.arn) {
            let row = &other.row;
            change = change.warn(format!(
                "trail `{}` records {} already; AWS charges for the second copy of management \
                 events while both do",
                row.name, row.home_region
            ));
        }
        plan.change(change);
    }
    let Some(trail) = trail.filter(|trail| trail.is_logging() != Fact::Known(true)) else {
        return;
    };
    // One that stood still may not be let in by its bucket any more.
    let first = trail_delivery::let_in_where_refused(plan, trail);
    trail_target::start(plan, target, first);
}

/// The trail that is meant where a region is spoken of, and what is said of it.
pub(super) fn judge(inventory: &Inventory, region: &str, trails: &[&Trail]) -> (String, Verdict) {
    let covering: Vec<&&Trail> = trails.iter().filter(|trail| trail.covers(region)).collect();
    let logging = covering.iter().find(|trail| trail.is_logging() == Fact::Known(true));
    if let Some(trail) = logging {
        let reason = format!("trail `{}` records it", trail.row.name);
        return (trail.row.arn.clone(), Verdict::pass(reason).evidence("IsLogging", true));
    }
    let unread = covering.iter().find_map(|trail| Some((trail, trail.status.unread()?.clone())));
    if let Some((trail, reason)) = unread {
        return (trail.row.arn.clone(), Verdict::unknown(&reason));
    }
    if let Some(trail) = covering.first() {
        let reason = format!("trail `{}` covers it and is not logging", trail.row.name);
        let verdict = Verdict::fail("not-logging", reason).evidence("IsLogging", false);
        return (trail.row.arn.clone(), verdict);
    }
    // The nearest one that could: the account's own before others'.
    let own = trails.iter().find(|trail| trail.owner() == inventory.account);
    if let Some(trail) = own.or_else(|| trails.first()) {
        let row = &trail.row;
        let reason = format!("trail `{}` records {} alone", row.name, row.home_region);
        let verdict = Verdict::fail("not-covered", reason)
            .evidence("IsMultiRegionTrail", row.is_multi_region_trail)
            .evidence("IncludeGlobalServiceEvents", row.include_global_service_events);
        return (row.arn.clone(), verdict);
    }
    let nameless = inventory.arn("cloudtrail", region, "trail");
    (nameless, Verdict::fail("no-trail", format!("no trail records {region}")))
}
