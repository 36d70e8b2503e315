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
use crate::plan::change::{Builder, Change};
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::sink::{self, Writer};
use serde_json::json;

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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        deliver(finding, plan);
        if finding.reason_code == "no-bucket" {
            plan.warn(format!(
                "{}: the legacy log goes on beside the delivery, to nowhere",
                finding.reason
            ));
        }
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        let name = finding.resource.rsplit('/').next().filter(|name| *name != "*")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:cloudfront:{account}:{region}:{name}"))
    }
}

/// The name of the destination that all distributions share.
const DESTINATION: &str = "stele-cloudfront";

/// Plans that the access log of a distribution is delivered to the bucket of the region where
/// CloudFront is at home. AWS takes one source for each distribution, so one that is there is used.
fn deliver(finding: &Finding, plan: &mut Builder<'_>) {
    let inventory = plan.inventory;
    let region = finding.region.as_str();
    let resource = finding.resource.as_str();
    let id = resource.rsplit('/').next().unwrap_or_default();
    let sink = sink::bucket(plan, region);
    let policy = sink::allow(plan, &sink, region, Writer::Delivery, "");
    let deliveries = inventory.region(region).map(|facts| &facts.deliveries);
    let there = deliveries.and_then(|each| each.source_of(resource));
    let (source, mut after) = if let Some(source) = there {
        (source.name.clone(), Vec::new())
    } else {
        let name = format!("stele-{id}");
        let why = format!("`{id}` is a source of access logs");
        let made = Change::of("logs:PutDeliverySource", region, resource, why)
            .by("name", name.as_str())
            .set(json!({"resourceArn": resource, "logType": "ACCESS_LOGS"}));
        (name, vec![plan.change(made)])
    };
    let arn = inventory.arn("logs", region, &format!("delivery-destination:{DESTINATION}"));
    let why = format!("`{}` is a destination of access logs", sink.name);
    let bucket = json!({"destinationResourceArn": inventory.bucket_arn(&sink.name)});
    let made = Change::of("logs:PutDeliveryDestination", region, arn.as_str(), why)
        .by("name", DESTINATION)
        .set(json!({"outputFormat": "json", "deliveryDestinationConfiguration": bucket}))
        .after([policy]);
    after.push(plan.change(made));
    let why = format!("the access log of `{id}` is delivered to `{}`", sink.name);
    let volume = Volume::range(0.01, 2.0, 500.0, "0.01 to 500 GB of access logs a month");
    let delivery = Change::of("logs:CreateDelivery", region, resource, why)
        .by("deliverySourceName", source)
        .set(json!({"deliveryDestinationArn": arn}))
        .after(after)
        .cost("s3-storage-gb", volume.by(Measure::distribution(region, id)));
    plan.change(delivery);
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
