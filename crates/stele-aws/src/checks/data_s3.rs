//! What `ct.data.s3-read` and `ct.data.s3-write` share: the buckets, and those left aside.

use super::data_events::{Wanted, judge};
use crate::baseline::Baseline;
use crate::check::Findings;
use crate::fact::Fact;
use crate::finding::Verdict;
use crate::inventory::Inventory;

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
    let sinks = inventory.sink_names();
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
        } else if sinks.contains(name) {
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
