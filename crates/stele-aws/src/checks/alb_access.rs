//! `lb.alb.access`: application load balancers log their requests.

use super::balancer::{self, access_log, each_balancer};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::balancer::BalancerKind;
use crate::finding::{Finding, Remedy, Severity};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct AlbAccess;

static META: Meta = Meta {
    id: "lb.alb.access",
    title: "application load balancers have an access log",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Balancers, Collector::Deliveries, Collector::Sinks],
    controls: &["FSBP:ELB.5"],
    passes: "access logs go to S3, or a delivery of CloudWatch is set up",
    not_applicable: "",
    why: "Requests as they came from outside, before anything changed them.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "elbv2:ModifyLoadBalancerAttributes, the attributes of the access log only",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "storage; the name of the bucket stays in attributes that named none",
    },
};

impl Check for AlbAccess {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let kinds = [BalancerKind::Application];
        each_balancer(inventory, &kinds, findings, |_, region, each| access_log(region, each));
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        balancer::log(finding, plan);
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        balancer::stream("alb", finding)
    }
}
