//! Where logs go: buckets and groups that a plan writes to, and who is let in.
//!
//! A bucket that is made is what the checks of buckets want: versions kept, its own access log in a
//! terminal bucket. What is there already is used, and only what is missing is added.

use serde_json::{Value, json};

use super::change::{Builder, Change, Handle};
pub use super::groups::{allow_groups, group};
use super::settings::s3;
use crate::fact::Fact;

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
    /// CloudTrail.
    CloudTrail,
    /// AWS Config.
    Config,
    /// What AWS vends: flow logs, Resolver, network load balancers, CloudFront's standard logs, WAF.
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
    let access = terminal(plan, region);
    let name = name_of(plan, &plan.baseline.sinks.bucket, region);
    let made = make(plan, &name, region);
    let arn = plan.inventory.bucket_arn(&name);
    let log = json!({"BucketLoggingStatus": {"LoggingEnabled":
        {"TargetBucket": access.name, "TargetPrefix": format!("{name}/")}}});
    let mut first = made.clone();
    first.extend(access.after);
    // Another access log that is there already is as good.
    let has_log = plan.inventory.bucket(&name).is_some_and(|b| matches!(b.logging, Fact::Known(_)));
    let mut after = made.clone();
    if !has_log {
        let why = format!("who reads the logs in `{name}` is on record");
        let change = Change::of("s3:PutBucketLogging", region, arn, why);
        after.push(plan.change(change.by("Bucket", name.as_str()).set(log).after(first)));
    }
    after.push(versioned(plan, &name, region, made));
    Sink { name, after }
}

/// The bucket for access logs of a region, which has none itself.
pub fn terminal(plan: &mut Builder<'_>, region: &str) -> Sink {
    let name = name_of(plan, &plan.baseline.sinks.access_bucket, region);
    let made = make(plan, &name, region);
    let versioned = versioned(plan, &name, region, made.clone());
    let mut after = made;
    after.push(versioned);
    let sink = Sink { name, after };
    let policy = allow(plan, &sink, region, Writer::AccessLog, "");
    Sink { after: vec![policy], ..sink }
}

/// The name of the bucket for logs of a region.
pub fn bucket_name(plan: &Builder<'_>, region: &str) -> String {
    name_of(plan, &plan.baseline.sinks.bucket, region)
}

fn name_of(plan: &Builder<'_>, pattern: &str, region: &str) -> String {
    pattern.replace("{account}", &plan.inventory.account).replace("{region}", region)
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
    vec![plan.change(change)]
}

fn versioned(plan: &mut Builder<'_>, name: &str, region: &str, after: Vec<Handle>) -> Handle {
    let arn = plan.inventory.bucket_arn(name);
    let change = Change::of(
        "s3:PutBucketVersioning",
        region,
        arn,
        format!("what is overwritten or deleted in `{name}` can be had back"),
    );
    let on = json!({"VersioningConfiguration": {"Status": "Enabled"}});
    plan.change(change.by("Bucket", name).set(on).after(after))
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
    let change = Change::of("s3:PutBucketPolicy", region, arn, why).by("Bucket", name.as_str());
    let change = change.edit(move |draft| s3::allow(&mut draft.params, &statements));
    plan.change(change.after(sink.after.iter().copied()))
}

impl Writer {
    /// The name by which policies know it.
    pub fn service(self, region: &str) -> String {
        match self {
            Self::CloudTrail => "cloudtrail.amazonaws.com".to_owned(),
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
    let principal = json!({"Service": writer.service(region)});
    let from_here = json!({"aws:SourceAccount": account});
    let owned = json!({"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"});
    // One name for each place: a second prefix is a second statement.
    let place: String = prefix.chars().filter(char::is_ascii_alphanumeric).collect();
    let sid = |what: &str| format!("SteleLog{}{what}{place}", writer.word());
    let below = match prefix.trim_end_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let logs = format!("{arn}/{below}AWSLogs/{account}/*");
    let write = |resource: &str, condition: &Value| {
        json!({"Sid": sid("Write"), "Effect": "Allow", "Principal": principal,
            "Action": "s3:PutObject", "Resource": resource,
            "Condition": {"StringEquals": condition}})
    };
    let look = |actions: Value| {
        json!({"Sid": format!("SteleLog{}Look", writer.word()), "Effect": "Allow",
            "Principal": principal, "Action": actions, "Resource": arn,
            "Condition": {"StringEquals": from_here}})
    };
    match writer {
        Writer::CloudTrail | Writer::Delivery => {
            vec![look(json!("s3:GetBucketAcl")), write(&logs, &owned)]
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

/// A role that one service takes on to write to log groups.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its ARN, or what it will be.
    pub arn: String,
    /// What must have been done before it is of use.
    pub after: Vec<Handle>,
}

/// A role by which a service writes to a log group; one for each service and group.
pub fn role(plan: &mut Builder<'_>, name: &str, service: &str, group_arn: &str) -> Given {
    let inventory = plan.inventory;
    let arn = format!("arn:{}:iam::{}:role/{name}", inventory.partition, inventory.account);
    let region = inventory.home_region.clone();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": service}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": inventory.account}}}]});
    let made = plan.change(
        Change::of("iam:CreateRole", &region, arn.as_str(), format!("{service} writes by a role"))
            .by("RoleName", name)
            .set(json!({"AssumeRolePolicyDocument": trust.to_string(),
                "Tags": [{"Key": "stele:managed", "Value": "true"}]})),
    );
    let allowed = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        "Resource": group_arn}]});
    let place: String = group_arn
        .rsplit("log-group:")
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let why = format!("`{name}` may write to the log group, and nothing else");
    let policy = plan.change(
        Change::of("iam:PutRolePolicy", &region, arn.as_str(), why)
            .by("RoleName", name)
            .by("PolicyName", format!("stele-write-{place}"))
            .set(json!({"PolicyDocument": allowed.to_string()}))
            .after([made]),
    );
    Given { arn, after: vec![made, policy] }
}

/// The key that logs of a region are encrypted with: the one that the policy names, or a new one.
pub fn key(plan: &mut Builder<'_>, region: &str) -> Given {
    key_for(plan, region, None)
}

/// The same, wanted only where another change makes what it is for.
pub(super) fn key_for(plan: &mut Builder<'_>, region: &str, with: Option<Handle>) -> Given {
    let named = plan.baseline.sinks.kms_key.clone();
    if named.starts_with("arn:") {
        return Given { arn: named, after: Vec::new() };
    }
    let alias = if named.is_empty() { "alias/stele-logs".to_owned() } else { named };
    let inventory = plan.inventory;
    let resource = inventory.arn("kms", region, &alias);
    let made = plan.change(
        Change::of("kms:CreateKey", region, resource.as_str(), "logs have a key of their own")
            // The description is the alias: by it the key is found again.
            .by("Description", alias.as_str())
            .set(json!({"Policy": key_policy(plan, region).to_string(),
                "Tags": [{"TagKey": "stele:managed", "TagValue": "true"}]}))
            .with(with)
            .cost_once("kms-key", super::cost::Volume::exactly(1.0, "one key")),
    );
    let named = plan.change(
        Change::of("kms:CreateAlias", region, resource, "the key has a name")
            .by("AliasName", alias)
            .set(json!({"TargetKeyId": made.reference("KeyId")}))
            .with(with)
            .after([made]),
    );
    let arn = inventory.arn("kms", region, &format!("key/{}", named.reference("TargetKeyId")));
    Given { arn, after: vec![made, named] }
}

/// Who may use a key of logs: the account by its own policies, CloudTrail and CloudWatch Logs to
/// encrypt (CloudTrail user guide, "Configure KMS key policies"; CloudWatch Logs user guide,
/// "Encrypt log data").
fn key_policy(plan: &Builder<'_>, region: &str) -> Value {
    let (account, partition) = (&plan.inventory.account, &plan.inventory.partition);
    let trails = format!("arn:{partition}:cloudtrail:*:{account}:trail/*");
    let groups = format!("arn:{partition}:logs:{region}:{account}:log-group:*");
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "SteleLogAccount", "Effect": "Allow",
            "Principal": {"AWS": format!("arn:{partition}:iam::{account}:root")},
            "Action": "kms:*", "Resource": "*"},
        {"Sid": "SteleLogCloudTrail", "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account},
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}}},
        {"Sid": "SteleLogGroups", "Effect": "Allow",
            "Principal": {"Service": format!("logs.{region}.amazonaws.com")},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                "kms:Describe*"], "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}},
    ]})
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
