//! `cdn.cloudfront`: distributions log their requests.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::client::Partition;
use crate::collect::Collector;
use crate::collect::application::Distribution;
use crate::collect::s3::Standing;
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct CloudFront;

static META: Meta = Meta {
    id: "cdn.cloudfront",
    title: "CloudFront distributions have an access log",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Distributions, Collector::Deliveries, Collector::Sinks],
    controls: &["FSBP:CloudFront.5"],
    passes: "the legacy log is on and its bucket exists, or a delivery of CloudWatch is set up",
    not_applicable: "",
    why: "Requests at the edge are not seen by what is behind it.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:PutDeliverySource, logs:PutDeliveryDestination, logs:CreateDelivery in \
              us-east-1",
        undo: Undo::Exact,
        cloudformation: &["Logs::DeliverySource", "Logs::DeliveryDestination", "Logs::Delivery"],
        terraform: &[],
        cost: "storage",
    },
};

impl Check for CloudFront {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let region = Partition::of_region(&inventory.home_region).global_region;
        let distributions = match inventory.distributions.items() {
            Ok(distributions) => distributions,
            Err(reason) => {
                let arn = format!(
                    "arn:{}:cloudfront::{}:distribution/*",
                    inventory.partition, inventory.account
                );
                return findings.add(region, arn, Verdict::unknown(reason));
            }
        };
        for each in distributions {
            findings.add(region, each.arn.clone(), judge(inventory, region, each));
        }
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        let name = finding.resource.rsplit('/').next().filter(|name| *name != "*")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:cloudfront:{account}:{region}:{name}"))
    }
}

fn judge(inventory: &Inventory, region: &str, each: &Distribution) -> Verdict {
    let id = &each.id;
    let delivered = match inventory.region(region) {
        Some(facts) => facts.deliveries.of(&each.arn),
        None => Fact::Unknown(Unread::out_of_scope(format!("region {region} is not assessed"))),
    };
    if delivered == Fact::Known(true) {
        return Verdict::pass(format!("the log of `{id}` is delivered"));
    }
    let host = match &each.bucket {
        Fact::Known(host) => host.as_str(),
        Fact::Absent => "",
        Fact::Unknown(reason) => return Verdict::unknown(reason),
    };
    if host.is_empty() {
        return match delivered {
            Fact::Unknown(reason) => Verdict::unknown(&reason),
            _ => Verdict::fail("no-access-log", format!("`{id}` has no access log")),
        };
    }
    let bucket = host.split(".s3").next().unwrap_or(host);
    match inventory.sinks.get(bucket).map(|sink| &sink.standing) {
        Some(Fact::Known(Standing::Own)) => Verdict::pass(format!("`{id}` logs to `{bucket}`")),
        Some(Fact::Known(Standing::Foreign)) => Verdict::unknown(&Unread::out_of_scope(format!(
            "bucket `{bucket}` belongs to an account that is not assessed"
        ))),
        Some(Fact::Absent) => Verdict::fail("no-bucket", format!("there is no bucket `{bucket}`")),
        Some(Fact::Unknown(reason)) => Verdict::unknown(reason),
        None => Verdict::unknown(&Unread::not_read()),
    }
}
