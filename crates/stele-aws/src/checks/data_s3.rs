//! What `ct.data.s3-read` and `ct.data.s3-write` share: the buckets, and those left aside.

use super::data_events::{Wanted, judge};
use super::{data_events, trail_target};
use crate::arn;
use crate::baseline::Baseline;
use crate::check::Findings;
use crate::fact::Fact;
use crate::finding::{Finding, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::measure::Measure;
use crate::plan::selectors::Wish;

/// Judges every bucket of the assessed regions for one direction.
pub(super) fn each_bucket(
    inventory: &Inventory,
    baseline: &Baseline,
    findings: &mut Findings<'_>,
    (what, read_only): (&str, &str),
) {
    let buckets = match inventory.buckets.items() {
        Ok(buckets) => buckets,
        Err(reason) => return findings.unread(&inventory.home_region, "s3", "", reason),
    };
    let sinks = inventory.log_places();
    for bucket in buckets {
        let name = &bucket.name;
        let arn = inventory.bucket_arn(name);
        let region = match &bucket.region {
            Fact::Known(region) => region,
            Fact::Absent => continue,
            Fact::Unknown(reason) => {
                findings.add(&inventory.home_region, arn, Verdict::unknown(reason));
                continue;
            }
        };
        if inventory.region(region).is_none() {
            continue;
        }
        let verdict = if !baseline.wants_data("s3", &arn) {
            Verdict::not_applicable("policy", "the policy does not want its data events")
        } else if sinks.contains_key(name) {
            let reason = format!("logs are written to `{name}`: recording that would be a loop");
            Verdict::not_applicable("log-sink", reason)
        } else {
            let below = format!("{arn}/");
            let wanted = Wanted {
                what: format!("object {what} of bucket `{name}`"),
                kind: "AWS::S3::Object",
                arn: &below,
                directions: &[read_only],
            };
            judge(inventory, region, &wanted)
        };
        findings.add(region, arn, verdict);
    }
}

/// Plans the recording of a bucket's objects: of all buckets but those that logs are written to, or
/// of this one where some are named.
pub(super) fn record(finding: &Finding, plan: &mut Builder<'_>, read_only: bool) {
    let Some(target) = trail_target::target(plan, &finding.region) else { return };
    let inventory = plan.inventory;
    let name = finding.resource.rsplit(':').next().unwrap_or_default();
    let what = if read_only { "reads" } else { "writes" };
    let kind = "AWS::S3::Object";
    let (wish, which) = if data_events::records_all(plan, "s3") {
        // Buckets that the plan makes are left out by their names.
        let sinks = &plan.baseline.sinks;
        let patterns = [&sinks.bucket, &sinks.access_bucket].map(|pattern| {
            let pattern = pattern.replace("{account}", &inventory.account);
            pattern.split('{').next().unwrap_or_default().to_owned()
        });
        let made = patterns.iter().filter(|start| !start.is_empty());
        let mut but: Vec<String> = plan
            .log_places()
            .keys()
            .map(|sink| format!("{}/", inventory.bucket_arn(sink)))
            .chain(made.map(|start| inventory.bucket_arn(start)))
            .collect();
        but.sort();
        but.dedup();
        (Wish::All { kind, read_only: Some(read_only), but }, "all buckets but those of logs")
    } else {
        let arn = format!("{}/", finding.resource);
        (Wish::One { kind, read_only: Some(read_only), arn }, name)
    };
    let why = format!("trail `{}` records object {what} of {which}", target.short_name());
    let bucket = arn::bucket(&finding.resource).unwrap_or(name);
    let events = Measure::bucket(&finding.region, bucket, read_only);
    let change = target.record(wish, why);
    plan.change(change.cost("cloudtrail-data-events", data_events::PER_RESOURCE.by(events)));
}
