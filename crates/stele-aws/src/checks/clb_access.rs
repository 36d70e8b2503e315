//! `lb.clb.access`: classic load balancers log their requests.

use super::balancer::{self, access_log, each_balancer};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::balancer::BalancerKind;
use crate::finding::{Finding, Remedy, Severity};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct ClbAccess;

static META: Meta = Meta {
    id: "lb.clb.access",
    title: "classic load balancers have an access log",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Balancers, Collector::Sinks],
    controls: &["FSBP:ELB.5"],
    passes: "access logs go to S3",
    not_applicable: "",
    why: "Requests as they came from outside, before anything changed them.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "elb:ModifyLoadBalancerAttributes, the access log only",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "storage",
    },
};

impl Check for ClbAccess {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let kinds = [BalancerKind::Classic];
        each_balancer(inventory, &kinds, findings, |_, region, each| access_log(region, each));
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        balancer::log(finding, plan);
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        balancer::stream("clb", finding)
    }
}
