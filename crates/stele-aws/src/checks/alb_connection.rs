//! `lb.alb.connection`: application load balancers log their connections.

use super::balancer::{self, each_balancer};
use super::balancer_destination::{put_right, takes};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::balancer::{Balancer, BalancerKind};
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::{Inventory, Region};
use crate::plan::change::Builder;

/// The check.
pub(super) struct AlbConnection;

static META: Meta = Meta {
    id: "lb.alb.connection",
    title: "application load balancers log connections",
    severity: Severity::Low,
    default: false,
    source: true,
    reads: &[Collector::Balancers, Collector::Deliveries, Collector::Sinks],
    controls: &[],
    passes: "connection logs go to a bucket that takes them, or a delivery of CloudWatch is set up",
    not_applicable: "",
    why: "Clients that never come to ask anything, and what they offered for TLS, are in no access \
          log.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "elbv2:ModifyLoadBalancerAttributes, the attributes of the log of connections only; \
              s3:PutBucketPolicy where its bucket does not let it in",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "storage; the name of the bucket stays in attributes that named none",
    },
};

impl Check for AlbConnection {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let kinds = [BalancerKind::Application];
        each_balancer(inventory, &kinds, findings, |name, region, each| {
            judge(inventory, name, region, each)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let Some(balancer) = balancer::of(inventory, finding) else { return };
        match balancer.connection_bucket() {
            Some(place) => put_right(finding, plan, balancer, place),
            None => balancer::log_connections(finding, plan),
        }
    }
}

fn judge(inventory: &Inventory, name: &str, region: &Region, balancer: &Balancer) -> Verdict {
    let delivered = region.deliveries.of_types(&balancer.arn, &["ALB_CONNECTION_LOGS"]);
    if delivered == Fact::Known(true) {
        return Verdict::pass(format!(
            "the log of connections of `{}` is delivered",
            balancer.name
        ));
    }
    if let Some(place) = balancer.connection_bucket() {
        return takes(inventory, name, balancer, place);
    }
    if let Some(reason) = balancer.attributes.unread().or_else(|| delivered.unread()) {
        return Verdict::unknown(reason);
    }
    Verdict::fail("no-connection-log", format!("`{}` has no log of connections", balancer.name))
}
