//! `lb.nlb.access`: network load balancers log TLS connections.

use super::balancer::{self, access_log, each_balancer};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::balancer::BalancerKind;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct NlbAccess;

static META: Meta = Meta {
    id: "lb.nlb.access",
    title: "network load balancers with TLS have an access log",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Balancers, Collector::Deliveries],
    controls: &[],
    passes: "access logs go to S3, or a delivery of CloudWatch is set up",
    not_applicable: "it has no TLS listener, and AWS writes no log of others",
    why: "Connections as they came from outside, with the names that were asked for.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "elbv2:ModifyLoadBalancerAttributes, the attributes of the access log only",
        undo: Undo::Partly,
        cloudformation: &["Logs::DeliverySource", "Logs::DeliveryDestination", "Logs::Delivery"],
        terraform: &[
            "cloudwatch_log_delivery",
            "cloudwatch_log_delivery_source",
            "cloudwatch_log_delivery_destination",
        ],
        cost: "storage; the name of the bucket stays in attributes that named none",
    },
};

impl Check for NlbAccess {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_balancer(inventory, &[BalancerKind::Network], findings, |_, region, each| match each
            .listeners
            .items()
        {
            Err(reason) => Verdict::unknown(reason),
            Ok(protocols) if protocols.iter().any(|protocol| protocol == "TLS") => {
                access_log(region, each)
            }
            Ok(_) => Verdict::not_applicable("no-tls", "without a TLS listener AWS writes no log"),
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        balancer::log(finding, plan);
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        balancer::stream("nlb", finding)
    }
}
