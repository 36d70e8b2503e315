//! `dns.resolver.coverage`: what the resolver is asked in each VPC is logged.

use super::network::each_vpc;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct ResolverCoverage;

static META: Meta = Meta {
    id: "dns.resolver.coverage",
    title: "DNS queries of every VPC are logged",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Network, Collector::Resolver],
    controls: &[],
    passes: "a query log configuration, of the account or shared with it, is active on the VPC",
    not_applicable: "tags put it out of scope (scope.exclude_tags)",
    why: "Programs that call home ask for a name first; data leaves in names as well.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "route53resolver:CreateResolverQueryLogConfig, \
              route53resolver:AssociateResolverQueryLogConfig",
        undo: Undo::Exact,
        cloudformation: &[
            "Route53Resolver::ResolverQueryLoggingConfig",
            "Route53Resolver::ResolverQueryLoggingConfigAssociation",
        ],
        terraform: &[
            "route53_resolver_query_log_config",
            "route53_resolver_query_log_config_association",
        ],
        cost: "vended logs per GB",
    },
};

impl Check for ResolverCoverage {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_vpc(inventory, baseline, findings, |_, region, vpc| {
            let all = match region.resolver.associations.items() {
                Ok(all) => all,
                Err(reason) => return Verdict::unknown(reason),
            };
            let here = || all.iter().filter(|each| each.resource_id == vpc.vpc_id);
            if let Some(active) = here().find(|each| each.status == "ACTIVE") {
                let id = active.resolver_query_log_config_id.as_str();
                return Verdict::pass(format!("configuration `{id}` is active on it"))
                    .evidence("ResolverQueryLogConfigId", id);
            }
            match here().next() {
                None => Verdict::fail("no-query-log", "its DNS queries are not logged"),
                Some(each) if each.status == "CREATING" => {
                    Verdict::fail("creating", "AWS is setting the query log up").pending()
                }
                Some(each) => {
                    let reason =
                        format!("its query log is {}: {}", each.status, each.error_message);
                    Verdict::fail("not-active", reason).evidence("Status", each.status.as_str())
                }
            }
        });
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let id = finding.resource.rsplit('/').next()?;
        let all = inventory.region(&finding.region)?.resolver.associations.items().ok()?;
        let active = all.iter().find(|each| each.resource_id == id && each.status == "ACTIVE")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:resolver:{account}:{region}:{}", active.resolver_query_log_config_id))
    }
}
