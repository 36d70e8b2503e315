//! What the checks of load balancers share.

use crate::check::{Findings, regions};
use crate::collect::balancer::{Balancer, BalancerKind};
use crate::fact::Fact;
use crate::finding::{Finding, Verdict};
use crate::inventory::{Inventory, Region};

/// Judges each load balancer of some kinds.
pub(super) fn each_balancer(
    inventory: &Inventory,
    kinds: &[BalancerKind],
    findings: &mut Findings<'_>,
    judge: impl Fn(&str, &Region, &Balancer) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        let balancers = match region.balancers.items() {
            Ok(balancers) => balancers,
            Err(reason) => {
                findings.unread(name, "elasticloadbalancing", "loadbalancer/*", reason);
                continue;
            }
        };
        for balancer in balancers.iter().filter(|balancer| kinds.contains(&balancer.kind)) {
            findings.add(name, balancer.arn.clone(), judge(name, region, balancer));
        }
    }
}

/// Whether requests are logged: to S3, or by a delivery of CloudWatch.
pub(super) fn access_log(region: &Region, balancer: &Balancer) -> Verdict {
    let name = &balancer.name;
    let to_s3 = balancer.logs_to_s3();
    if to_s3 == Fact::Known(true) {
        let bucket = balancer.bucket().map_or("", |(bucket, _)| bucket);
        return Verdict::pass(format!("`{name}` logs to bucket `{bucket}`"));
    }
    let delivered = match balancer.kind {
        BalancerKind::Classic => Fact::Known(false),
        _ => region.deliveries.of(&balancer.arn),
    };
    match (to_s3, delivered) {
        (_, Fact::Known(true)) => Verdict::pass(format!("the log of `{name}` is delivered")),
        (Fact::Unknown(reason), _) | (_, Fact::Unknown(reason)) => Verdict::unknown(&reason),
        _ => Verdict::fail("no-access-log", format!("`{name}` has no access log")),
    }
}

/// The stream of a load balancer.
pub(super) fn stream(kind: &str, finding: &Finding) -> Option<String> {
    let name = finding.resource.split_once("loadbalancer/")?.1;
    let Finding { account, region, .. } = finding;
    (name != "*").then(|| format!("aws:{kind}:{account}:{region}:{name}"))
}
