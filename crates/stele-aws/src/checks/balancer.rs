//! What the checks of load balancers share: what is said of their access logs, and how these are
//! switched on.

use serde_json::{Value, json};

use crate::check::{Findings, regions};
use crate::collect::balancer::{Balancer, BalancerKind};
use crate::fact::Fact;
use crate::finding::{Finding, Verdict};
use crate::inventory::{Inventory, Region};
use crate::plan::change::{Builder, Change, Draft, Refusal};
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::sink::{self, Sink, Writer};

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

/// The load balancer of a finding.
pub(super) fn of<'a>(inventory: &'a Inventory, finding: &Finding) -> Option<&'a Balancer> {
    let balancers = inventory.region(&finding.region)?.balancers.known()?;
    balancers.iter().find(|balancer| balancer.arn == finding.resource)
}

/// Who writes the access log of a kind.
pub(super) fn writer(kind: BalancerKind) -> Writer {
    match kind {
        BalancerKind::Network => Writer::Delivery,
        BalancerKind::Application | BalancerKind::Classic => Writer::LoadBalancer,
    }
}

/// Plans that a load balancer logs to the bucket of its region, below the prefix that is set.
pub(super) fn log(finding: &Finding, plan: &mut Builder<'_>) {
    let inventory = plan.inventory;
    let Some(balancer) = of(inventory, finding) else { return };
    let (region, name) = (finding.region.as_str(), balancer.name.as_str());
    let Some(sink) = bucket(plan, region, balancer.kind) else { return };
    let prefix = balancer.prefix();
    let policy = sink::allow(plan, &sink, region, writer(balancer.kind), prefix);
    let why = format!("the requests to `{name}` are logged to `{}`", sink.name);
    let change = if balancer.kind == BalancerKind::Classic {
        // Every five minutes: an hour is late for an alarm.
        let log = json!({"Enabled": true, "S3BucketName": sink.name, "S3BucketPrefix": prefix,
            "EmitInterval": 5});
        Change::of("elb:ModifyLoadBalancerAttributes", region, finding.resource.as_str(), why)
            .by("LoadBalancerName", name)
            .set(json!({"LoadBalancerAttributes": {"AccessLog": log}}))
    } else {
        Change::of("elbv2:ModifyLoadBalancerAttributes", region, finding.resource.as_str(), why)
            .by("LoadBalancerArn", finding.resource.as_str())
            .edit(attributes("access_logs", &sink.name))
    };
    let volume = Volume::range(0.01, 2.0, 200.0, "0.01 to 200 GB of access logs a month");
    let requests = Measure::balancer(region, balancer.kind, &balancer.arn);
    plan.change(change.after([policy]).cost("s3-storage-gb", volume.by(requests)));
}

/// Plans that an application load balancer logs its connections, as it logs its requests.
pub(super) fn log_connections(finding: &Finding, plan: &mut Builder<'_>) {
    let inventory = plan.inventory;
    let Some(balancer) = of(inventory, finding) else { return };
    let (region, arn) = (finding.region.as_str(), finding.resource.as_str());
    let Some(sink) = bucket(plan, region, balancer.kind) else { return };
    let (kind, prefix) = (writer(balancer.kind), balancer.connection_prefix());
    let policy = sink::allow(plan, &sink, region, kind, prefix);
    let why = format!("the connections to `{}` are logged to `{}`", balancer.name, sink.name);
    let volume = Volume::range(0.01, 1.0, 100.0, "0.01 to 100 GB of logs of connections a month");
    plan.change(
        Change::of("elbv2:ModifyLoadBalancerAttributes", region, arn, why)
            .by("LoadBalancerArn", arn)
            .edit(attributes("connection_logs", &sink.name))
            .after([policy])
            .cost("s3-storage-gb", volume),
    );
}

/// The bucket of a region for logs of load balancers of a kind; says so where they do not reach it.
fn bucket(plan: &mut Builder<'_>, region: &str, kind: BalancerKind) -> Option<Sink> {
    let bucket = sink::bucket_name(plan, region);
    if kind != BalancerKind::Network && is_keyed(plan.inventory, &bucket) {
        let reason = format!("bucket `{bucket}` encrypts with KMS, which access logs do not reach");
        let choices = [
            "let the bucket encrypt with keys of S3 (SSE-S3) by itself",
            "name another bucket in the policy (sinks.bucket)",
        ];
        plan.block("kms-bucket", reason, &choices);
        return None;
    }
    Some(sink::bucket(plan, region))
}

/// Adds the attributes that switch a log on to those that are sent for another.
fn attributes(
    log: &'static str,
    bucket: &str,
) -> impl Fn(&mut Draft) -> Result<(), Refusal> + Send + Sync + 'static {
    let wanted = [("enabled", "true".to_owned()), ("bucket", bucket.to_owned())];
    move |draft| {
        let list = draft.params.entry("Attributes").or_insert_with(|| json!([]));
        let Value::Array(all) = list else { return Ok(()) };
        for (name, value) in &wanted {
            let attribute = json!({"Key": format!("{log}.s3.{name}"), "Value": value});
            if !all.contains(&attribute) {
                all.push(attribute);
            }
        }
        Ok(())
    }
}

/// Whether a bucket encrypts by itself with a key of KMS, as far as is known.
fn is_keyed(inventory: &Inventory, bucket: &str) -> bool {
    let sink = inventory.sinks.get(bucket);
    let encryption = sink.and_then(|sink| sink.encryption.known());
    encryption.is_some_and(|encryption| encryption.algorithm.starts_with("aws:kms"))
}
