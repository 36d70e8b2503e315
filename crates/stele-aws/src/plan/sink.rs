//! Where logs go: buckets and groups that a plan writes to, and who is let in.
//!
//! A bucket that is made is what the checks of buckets want: versions kept, its own access log in a
//! terminal bucket. What is there already is used, and only what is missing is added.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::change::{Builder, Change, Handle};
use super::cost::Volume;
use super::document;
pub use super::groups::{allow_groups, group};
use super::settings::s3;
use crate::arn;
use crate::baseline::Baseline;
use crate::fact::Fact;

pub mod access;
pub mod key;

pub use key::key;
pub(super) use key::key_for;

/// A bucket that something is to be written to.
#[derive(Debug, Clone)]
pub struct Sink {
    /// Its name.
    pub name: String,
    /// What must have been done before it takes anything.
    pub after: Vec<Handle>,
}

/// Who writes into a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// CloudTrail, for trails of the account.
    CloudTrail,
    /// CloudTrail, for a trail of the organisation.
    Organization,
    /// AWS Config.
    Config,
    /// What AWS vends: flow logs, Resolver, network load balancers, CloudFront's standard logs,
    /// WAF.
    Delivery,
    /// Application and classic load balancers.
    LoadBalancer,
    /// S3 itself, its access logs.
    AccessLog,
    /// Redshift.
    Redshift,
}

/// The bucket for logs of a region: the one that the policy names, made where it is not there.
pub fn bucket(plan: &mut Builder<'_>, region: &str) -> Sink {
    let name = name_of(plan, &plan.baseline.sinks.bucket, region);
    named(plan, &name, region)
}

/// A bucket by its name, with versions and an access log; made in a region where it is not there.
pub fn named(plan: &mut Builder<'_>, name: &str, region: &str) -> Sink {
    let region = region_of(plan, name, region);
    let made = make(plan, name, &region);
    let mut after = made.clone();
    // Another access log that is there already is as good, and so is the end of the chain; one that
    // was not read may be there.
    let bucket = plan.inventory.bucket(name);
    let lacks_log = bucket.is_none_or(|bucket| bucket.logging == Fact::Absent);
    if lacks_log && !plan.inventory.is_terminal(name, &plan.baseline.sinks.access_bucket) {
        after.extend(access::log(plan, name, &region, made.clone()));
    }
    after.push(versions(plan, name, &region, made));
    Sink { name: name.to_owned(), after }
}

/// The bucket for access logs of a region, which has none itself.
pub fn terminal(plan: &mut Builder<'_>, region: &str) -> Sink {
    let name = terminal_name(plan, region);
    let made = make(plan, &name, region);
    let versioned = versions(plan, &name, region, made.clone());
    let mut after = made;
    after.push(versioned);
    let sink = Sink { name, after };
    let policy = allow(plan, &sink, region, Writer::AccessLog, "");
    Sink { after: vec![policy], ..sink }
}

/// The name of the bucket for access logs of a region: the one that the policy names, or, where it
/// names none and ours is not there, one that takes access logs already.
pub fn terminal_name(plan: &Builder<'_>, region: &str) -> String {
    let name = name_of(plan, &plan.baseline.sinks.access_bucket, region);
    let ours = Baseline::default().sinks.access_bucket;
    if plan.baseline.sinks.access_bucket != ours || plan.inventory.bucket(&name).is_some() {
        return name;
    }
    plan.takers().get(region).map_or(name, Clone::clone)
}

/// Whether the policy leaves it to us where the logs of a region go, and our bucket is not there.
pub fn is_free(plan: &Builder<'_>, region: &str) -> bool {
    let pattern = &plan.baseline.sinks.bucket;
    let name = name_of(plan, pattern, region);
    *pattern == Baseline::default().sinks.bucket && plan.inventory.bucket(&name).is_none()
}

/// The name of the bucket for logs of a region.
pub fn bucket_name(plan: &Builder<'_>, region: &str) -> String {
    name_of(plan, &plan.baseline.sinks.bucket, region)
}

fn name_of(plan: &Builder<'_>, pattern: &str, region: &str) -> String {
    pattern.replace("{account}", &plan.inventory.account).replace("{region}", region)
}

/// Where a bucket is, or would be made.
pub fn region_of(plan: &Builder<'_>, name: &str, otherwise: &str) -> String {
    let there = plan.inventory.bucket(name).and_then(|bucket| bucket.region.known());
    there.map_or_else(|| otherwise.to_owned(), Clone::clone)
}

fn make(plan: &mut Builder<'_>, name: &str, region: &str) -> Vec<Handle> {
    if plan.inventory.bucket(name).is_some() {
        return Vec::new();
    }
    let arn = plan.inventory.bucket_arn(name);
    let why = format!("`{name}` takes the logs of {region}");
    let params = match region {
        "us-east-1" => json!({}),
        region => json!({"CreateBucketConfiguration": {"LocationConstraint": region}}),
    };
    let change = Change::of("s3:CreateBucket", region, arn, why).by("Bucket", name).set(params);
    let mut made = vec![plan.change(change)];
    if plan.wants("ct.bucket.tls") {
        refuse_http(plan, name, region, made.first().copied());
    }
    if plan.baseline.retention.buckets.max_days.is_some() {
        let all = BTreeSet::from([String::new()]);
        made.push(access::end(plan, name, region, &all, made.clone()));
    }
    made
}

/// Lets a bucket keep versions.
pub fn versions(plan: &mut Builder<'_>, name: &str, region: &str, after: Vec<Handle>) -> Handle {
    let arn = plan.inventory.bucket_arn(name);
    let change = Change::of(
        "s3:PutBucketVersioning",
        region,
        arn,
        format!("what is overwritten or deleted in `{name}` can be had back"),
    );
    let old = Volume::range(0.0, 0.0, 10.0, "0 to 10 GB of old versions: logs are written once");
    let change = change.by("Bucket", name).edit(s3::keep_versions).after(after);
    plan.change(change.cost_once("s3-storage-gb", old))
}

/// Lets a service write into a bucket, below a prefix; merged into the policy that is there.
pub fn allow(
    plan: &mut Builder<'_>,
    sink: &Sink,
    region: &str,
    writer: Writer,
    prefix: &str,
) -> Handle {
    let name = &sink.name;
    let arn = plan.inventory.bucket_arn(name);
    let statements = statements(plan, name, region, writer, prefix);
    let service = writer.service(region);
    let why = format!("{service} may write into `{name}`");
    // A bucket is changed where it is, wherever its writer may be.
    let region = &region_of(plan, name, region);
    let change = Change::of("s3:PutBucketPolicy", region, arn, why).by("Bucket", name.as_str());
    let change = change.edit(move |draft| s3::allow(&mut draft.params, &statements));
    plan.change(change.after(sink.after.iter().copied()))
}

/// Lets a bucket refuse whoever comes without TLS; merged into the policy that is there. One that
/// is made only if it is.
pub fn refuse_http(plan: &mut Builder<'_>, name: &str, region: &str, made: Option<Handle>) {
    let arn = plan.inventory.bucket_arn(name);
    let statement = json!({"Sid": "SteleLogTls", "Effect": "Deny", "Principal": "*",
        "Action": "s3:*", "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let why = format!("`{name}` refuses plain HTTP");
    let region = &region_of(plan, name, region);
    let change = Change::of("s3:PutBucketPolicy", region, arn, why)
        .by("Bucket", name)
        .edit(move |draft| s3::allow(&mut draft.params, std::slice::from_ref(&statement)));
    plan.change(change.with(made).after(made));
}

/// The policy of a bucket with all that the plan adds to it, for what must come after that.
pub fn whole_policy(plan: &mut Builder<'_>, name: &str, region: &str) -> Handle {
    let arn = plan.inventory.bucket_arn(name);
    let why = format!("what is added to the policy of `{name}` is added before it is closed");
    plan.change(Change::of("s3:PutBucketPolicy", region, arn, why).by("Bucket", name))
}

impl Writer {
    /// The name by which policies know it.
    pub fn service(self, region: &str) -> String {
        match self {
            Self::CloudTrail | Self::Organization => "cloudtrail.amazonaws.com".to_owned(),
            Self::Config => "config.amazonaws.com".to_owned(),
            Self::Delivery => "delivery.logs.amazonaws.com".to_owned(),
            Self::LoadBalancer => "logdelivery.elasticloadbalancing.amazonaws.com".to_owned(),
            Self::AccessLog => "logging.s3.amazonaws.com".to_owned(),
            // Opt-in regions have a service principal of their own (Redshift guide, "Bucket
            // permissions for audit logging").
            Self::Redshift => match region {
                "af-south-1" | "ap-east-1" | "eu-south-1" | "me-south-1" => {
                    format!("redshift.{region}.amazonaws.com")
                }
                _ => "redshift.amazonaws.com".to_owned(),
            },
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::CloudTrail => "CloudTrail",
            Self::Organization => "Organization",
            Self::Config => "Config",
            Self::Delivery => "Delivery",
            Self::LoadBalancer => "LoadBalancer",
            Self::AccessLog => "Access",
            Self::Redshift => "Redshift",
        }
    }
}

/// What a bucket's policy must say for a writer.
fn statements(
    plan: &Builder<'_>,
    bucket: &str,
    region: &str,
    writer: Writer,
    prefix: &str,
) -> Vec<Value> {
    let account = &plan.inventory.account;
    let arn = plan.inventory.bucket_arn(bucket);
    let service = writer.service(region);
    let from_here = json!({"aws:SourceAccount": account});
    let owned = json!({"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"});
    // One name for each place: a second prefix is a second statement, and so is a second region
    // where the service has a name of its own.
    let own = if service.contains(region) { document::sid_part(region) } else { String::new() };
    let word = format!("{}{own}", writer.word());
    let place = document::sid_part(prefix.trim_end_matches('/'));
    let sid = |what: &str| format!("SteleLog{word}{what}{place}");
    let principal = json!({"Service": service});
    let below = arn::folder(prefix);
    let logs = format!("{arn}/{below}AWSLogs/{account}/*");
    let write = |resource: &str, condition: &Value| {
        json!({"Sid": sid("Write"), "Effect": "Allow", "Principal": principal,
            "Action": "s3:PutObject", "Resource": resource,
            "Condition": {"StringEquals": condition}})
    };
    let look = |actions: Value| {
        json!({"Sid": format!("SteleLog{word}Look"), "Effect": "Allow",
            "Principal": principal, "Action": actions, "Resource": arn,
            "Condition": {"StringEquals": from_here}})
    };
    match writer {
        Writer::CloudTrail | Writer::Delivery => {
            vec![look(json!("s3:GetBucketAcl")), write(&logs, &owned)]
        }
        Writer::Organization => {
            // Files of members lie below the organisation's id; while the trail is made, also below
            // that of the account alone (CloudTrail user guide, "Prepare for creating a trail for
            // your organization").
            let organization = plan.inventory.organization.known();
            let id = organization.map_or("o-*", |organization| organization.id.as_str());
            let members = format!("{arn}/{below}AWSLogs/{id}/*");
            let mut both = write(&logs, &owned);
            both["Resource"] = json!([logs, members]);
            vec![look(json!("s3:GetBucketAcl")), both]
        }
        Writer::Config => {
            vec![look(json!(["s3:GetBucketAcl", "s3:ListBucket"])), write(&logs, &owned)]
        }
        Writer::LoadBalancer => {
            // Its writes carry no ACL, and the account of the load balancer in the key alone.
            vec![json!({"Sid": sid("Write"), "Effect": "Allow", "Principal": principal,
                "Action": "s3:PutObject", "Resource": logs})]
        }
        Writer::AccessLog => vec![write(&format!("{arn}/*"), &from_here)],
        Writer::Redshift => {
            vec![look(json!("s3:GetBucketAcl")), write(&format!("{arn}/{below}*"), &from_here)]
        }
    }
}

/// The largest number of days that CloudWatch Logs offers and that is at most so long.
pub fn offered_at_most(days: i64) -> i64 {
    let all = crate::baseline::RETENTION_DAYS;
    all.iter().rev().copied().find(|each| *each <= days).unwrap_or(1)
}

/// The smallest number of days that CloudWatch Logs offers and that is at least so long.
pub fn offered(days: i64) -> i64 {
    let all = crate::baseline::RETENTION_DAYS;
    all.iter().copied().find(|each| *each >= days).unwrap_or(3653)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::s3::Bucket;
    use crate::inventory::Inventory;

    #[test]
    fn each_writer_and_place_has_a_statement_of_its_own() {
        let (inventory, baseline, allowances) = Default::default();
        let plan = Builder::new(&inventory, &baseline, &allowances);
        let sids = |writer, region: &str, prefix: &str| -> Vec<String> {
            let all = statements(&plan, "b", region, writer, prefix);
            all.iter().map(|each| each["Sid"].as_str().unwrap().to_owned()).collect()
        };
        let place = sids(Writer::Delivery, "us-east-1", "a/b");
        assert_eq!(place, sids(Writer::Delivery, "us-east-1", "a/b/"));
        assert_ne!(place[1], sids(Writer::Delivery, "us-east-1", "ab")[1]);
        let one = sids(Writer::Redshift, "us-east-1", "x");
        assert_eq!(one, sids(Writer::Redshift, "eu-west-1", "x"));
        // Regions where the service has a name of its own.
        let others = ["af-south-1", "eu-south-1"].map(|at| sids(Writer::Redshift, at, "x"));
        assert!(one.iter().all(|sid| !others.concat().contains(sid)));
        assert!(others[0].iter().all(|sid| !others[1].contains(sid)));
    }

    /// Which access logs are planned for a bucket that is there, or seems not to be.
    fn logs(buckets: Fact<Vec<Bucket>>) -> Vec<Option<Handle>> {
        let inventory = Inventory { buckets, ..Inventory::default() };
        let (baseline, allowances) = Default::default();
        let mut plan = Builder::new(&inventory, &baseline, &allowances);
        named(&mut plan, "logs", "us-east-1");
        let changes = plan.wanted.iter().flat_map(|wanted| &wanted.changes);
        let of_logs = changes.filter(|(_, change)| {
            change.call == "s3:PutBucketLogging" && change.by["Bucket"] == "logs"
        });
        of_logs.map(|(_, change)| change.with).collect()
    }

    #[test]
    fn an_access_log_that_was_not_read_is_not_replaced() {
        let bucket = |logging| {
            let region = Fact::Known("us-east-1".to_owned());
            let name = "logs".to_owned();
            Fact::Known(vec![Bucket { name, region, created_micros: None, logging }])
        };
        assert_eq!(logs(bucket(Fact::default())), []);
        assert_eq!(logs(bucket(Fact::Absent)), [None]);
        // Where the list of buckets is not known, it is logged if it is made.
        assert!(logs(Fact::default())[0].is_some());
    }
}
