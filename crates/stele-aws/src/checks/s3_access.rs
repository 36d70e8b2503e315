//! `s3.access`: buckets have a server access log.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::s3::Bucket;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::sink::access;

/// The check.
pub(super) struct S3Access;

static META: Meta = Meta {
    id: "s3.access",
    title: "every bucket has a server access log",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Buckets, Collector::BucketLogs],
    controls: &["FSBP:S3.9"],
    passes: "the access log goes to another bucket that exists in the same region",
    not_applicable: "the bucket itself takes access logs of others: the end of the chain",
    why: "Who read what, also where no data events are paid for.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketLogging, to the end of the chain (s3:CreateBucket where there is none); \
              cloudtrail:PutEventSelectors where a trail would make a loop of it",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "storage",
    },
};

impl Check for S3Access {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let buckets = match inventory.buckets.items() {
            Ok(buckets) => buckets,
            Err(reason) => return findings.unread(&inventory.home_region, "s3", "", reason),
        };
        for bucket in buckets {
            let arn = inventory.bucket_arn(&bucket.name);
            match &bucket.region {
                Fact::Known(region) if inventory.region(region).is_some() => {
                    let terminal =
                        inventory.is_terminal(&bucket.name, &baseline.sinks.access_bucket);
                    findings.add(region, arn, judge(inventory, bucket, region, terminal));
                }
                Fact::Known(_) | Fact::Absent => {}
                Fact::Unknown(reason) => {
                    findings.add(&inventory.home_region, arn, Verdict::unknown(reason));
                }
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(name) = crate::arn::bucket(&finding.resource) {
            access::log(plan, name, &finding.region, Vec::new());
        }
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let name = crate::arn::bucket(&finding.resource)?;
        let log = inventory.bucket(name)?.logging.known()?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:s3-access:{account}:{region}:{name}/{}", log.target_prefix))
    }
}

fn judge(inventory: &Inventory, bucket: &Bucket, region: &str, terminal: bool) -> Verdict {
    let name = &bucket.name;
    let log = match &bucket.logging {
        Fact::Known(log) => log,
        Fact::Unknown(reason) => return Verdict::unknown(reason),
        Fact::Absent if terminal => {
            return Verdict::not_applicable(
                "terminal",
                format!("`{name}` takes access logs of others"),
            );
        }
        Fact::Absent => {
            return Verdict::fail("no-access-log", format!("`{name}` has no access log"));
        }
    };
    let target = &log.target_bucket;
    if target == name {
        let reason = format!("the access log of `{name}` goes into `{name}`: a loop");
        return Verdict::fail("loop", reason);
    }
    match inventory.bucket(target).map(|target| &target.region) {
        None => {
            Verdict::fail("no-bucket", format!("bucket `{target}` does not exist in the account"))
        }
        Some(Fact::Known(there)) if there != region => Verdict::fail(
            "other-region",
            format!("bucket `{target}` is in {there}, not in {region}"),
        ),
        Some(Fact::Unknown(reason)) => Verdict::unknown(reason),
        Some(_) => Verdict::pass(format!("the access log of `{name}` goes to `{target}`"))
            .evidence("TargetBucket", target.as_str()),
    }
}
