//! `dns.resolver.coverage`: what the resolver is asked in each VPC is logged.

use super::network::{each_vpc, vpc_of};
use super::resolver_destination::taking;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::Taking;
use crate::plan::change::{Builder, Change, Handle};
use crate::plan::cost::Volume;
use crate::plan::sink::{self, Writer};
use serde_json::json;

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
        how: "route53resolver:AssociateResolverQueryLogConfig with a configuration that works; \
              where there is none, route53resolver:CreateResolverQueryLogConfig to a bucket \
              (s3:CreateBucket, s3:PutBucketPolicy)",
        undo: Undo::Partly,
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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let Some((region, vpc)) = vpc_of(inventory, finding) else { return };
        let on_it: Vec<&str> = region
            .resolver
            .associations
            .items()
            .unwrap_or_default()
            .iter()
            .filter(|each| each.resource_id == vpc.vpc_id)
            .map(|each| each.resolver_query_log_config_id.as_str())
            .collect();
        // One that is there and works is used before another is made; those that are on the VPC are
        // the ones that do not work.
        let configs = region.resolver.configs.items().unwrap_or_default();
        let good = configs.iter().find(|config| {
            let takes = taking(inventory, &finding.region, region, &config.id, &vpc.vpc_id);
            config.status == "CREATED"
                && !on_it.contains(&config.id.as_str())
                && !matches!(takes, Taking::Refuses(..))
        });
        if let Some(config) = good {
            associate(finding, plan, &vpc.vpc_id, &config.id, Vec::new());
            return;
        }
        let own = configs
            .iter()
            .find(|config| config.name == NAME && config.owner_id == inventory.account)
            .filter(|config| on_it.contains(&config.id.as_str()));
        if own.is_some() {
            let choices = [
                "take the association away, and plan again",
                "mend what the configuration sends to, which dns.resolver.destination speaks of",
            ];
            return plan.block("not-active", finding.reason.clone(), &choices);
        }
        let made = make(finding, plan);
        associate(finding, plan, &vpc.vpc_id, &made.reference("Id"), vec![made]);
    }

    fn stream(&self, inventory: &Inventory, finding: &Finding) -> Option<String> {
        let id = finding.resource.rsplit('/').next()?;
        let all = inventory.region(&finding.region)?.resolver.associations.items().ok()?;
        let active = all.iter().find(|each| each.resource_id == id && each.status == "ACTIVE")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:resolver:{account}:{region}:{}", active.resolver_query_log_config_id))
    }
}

/// The name of a configuration that a plan makes.
const NAME: &str = "stele-resolver";

/// A configuration that writes to the bucket of its region.
fn make(finding: &Finding, plan: &mut Builder<'_>) -> Handle {
    let region = finding.region.as_str();
    let bucket = sink::bucket(plan, region);
    let policy = sink::allow(plan, &bucket, region, Writer::Delivery, "");
    let arn = plan.inventory.bucket_arn(&bucket.name);
    let resource =
        plan.inventory.arn("route53resolver", region, &format!("resolver-query-log-config/{NAME}"));
    let why = format!("DNS queries of VPCs in {region} go to `{}`", bucket.name);
    plan.change(
        Change::of("route53resolver:CreateResolverQueryLogConfig", region, resource, why)
            .by("Name", NAME)
            .by("DestinationArn", arn)
            .set(json!({"Tags": [{"Key": "stele:managed", "Value": "true"}]}))
            .after([policy]),
    )
}

fn associate(
    finding: &Finding,
    plan: &mut Builder<'_>,
    vpc: &str,
    config: &str,
    after: Vec<Handle>,
) {
    let why = format!("DNS queries of `{vpc}` are logged");
    let resource = finding.resource.as_str();
    let call = "route53resolver:AssociateResolverQueryLogConfig";
    let volume = Volume::range(0.01, 1.0, 50.0, "0.01 to 50 GB of DNS queries a month");
    plan.change(
        Change::of(call, &finding.region, resource, why)
            .by("ResolverQueryLogConfigId", config)
            .by("ResourceId", vpc)
            .after(after)
            .cost("vended-s3-gb", volume),
    );
}
