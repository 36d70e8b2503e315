//! `ct.bucket.object-lock`: logs cannot be deleted before their time.

use super::sink::each_sink;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::s3::Sink;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Status, Verdict};
use crate::inventory::Inventory;
use crate::plan::Allowance;
use crate::plan::change::{Builder, Change};
use serde_json::{Value, json};

/// The check.
pub(super) struct BucketObjectLock;

static META: Meta = Meta {
    id: "ct.bucket.object-lock",
    title: "buckets of logs lock each file for as long as logs are wanted",
    severity: Severity::High,
    default: false,
    source: false,
    reads: &[Collector::Buckets, Collector::BucketLogs, Collector::Sinks, Collector::Writers],
    controls: &["CCC.AuditLog:CN08", "CCC.Logging:CN03", "PCI-4.0.1:10.3.4"],
    passes: "Object Lock has a default retention of at least retention.buckets.min_days; Object \
             Lock without one locks nothing that a service writes",
    not_applicable: "",
    why: "Who has every permission still cannot take the traces away.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand, or with `--allow irreversible`, for it cannot be undone: \
              s3:PutObjectLockConfiguration. A bucket that AWS Config or server access logs write \
              to cannot have it: give CloudTrail a bucket of its own",
        undo: Undo::Never,
        cloudformation: &[],
        terraform: &["s3_bucket_object_lock_configuration"],
        cost: "storage of what cannot be deleted",
    },
};

impl Check for BucketObjectLock {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let wanted = baseline.retention.buckets.min_days;
        each_sink(inventory, findings, |name, sink| {
            let days = match default_retention(sink) {
                Fact::Known(days) => days,
                Fact::Absent => None,
                Fact::Unknown(reason) => return Verdict::unknown(&reason),
            };
            match days {
                Some((days, mode)) if days >= wanted => {
                    let reason = format!("files in `{name}` are locked for {days} days ({mode})");
                    Verdict::pass(reason).evidence("Mode", mode)
                }
                Some((days, mode)) => {
                    let reason = format!(
                        "files in `{name}` are locked for {days} days, wanted are {wanted}"
                    );
                    Verdict::fail("too-short", reason).evidence("Mode", mode)
                }
                None => unlocked(inventory, name, sink),
            }
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let wrong = finding.status == Status::Fail;
        if !(wrong && plan.allows(Allowance::Irreversible)) {
            return plan.by_hand(&META);
        }
        let name = finding.resource.rsplit(':').next().unwrap_or_default();
        let days = plan.baseline.retention.buckets.min_days;
        // What is locked for governance can still be lifted by whoever has that permission.
        let mode = finding.evidence.get("Mode").and_then(Value::as_str).unwrap_or("GOVERNANCE");
        let lock = json!({"ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": mode, "Days": days}}});
        let why = format!("files in `{name}` are locked for {days} days");
        let resource = finding.resource.as_str();
        let on = json!({"VersioningConfiguration": {"Status": "Enabled"}});
        let versions = format!("`{name}` keeps versions, which a lock needs");
        let versioned = plan.change(
            Change::of("s3:PutBucketVersioning", &finding.region, resource, versions)
                .by("Bucket", name)
                .set(on),
        );
        plan.change(
            Change::of("s3:PutObjectLockConfiguration", &finding.region, resource, why)
                .by("Bucket", name)
                .set(json!({"ObjectLockConfiguration": lock}))
                .after([versioned])
                .warn("Object Lock cannot be taken off a bucket again"),
        );
    }
}

/// Days and mode of what a new file gets by itself; absent where Object Lock is off.
pub(super) fn default_retention(sink: &Sink) -> Fact<Option<(i64, String)>> {
    sink.lock.clone().map(|lock| {
        let on = lock.object_lock_enabled == "Enabled";
        let retention = lock.rule.filter(|_| on)?.default_retention;
        // AWS names one of the two; no days is how others say that it is years.
        let of_years = retention.years.map(|years| years.saturating_mul(365));
        Some((retention.days.filter(|days| *days > 0).or(of_years)?, retention.mode))
    })
}

fn unlocked(inventory: &Inventory, name: &str, sink: &Sink) -> Verdict {
    if let Some(writer) = incompatible(inventory, name) {
        let reason = format!(
            "{writer} to `{name}`, and AWS does not deliver those into a bucket with a default \
             retention; give CloudTrail a bucket of its own"
        );
        return Verdict::blocked("shared-bucket", reason);
    }
    let enabled = sink.lock.known().is_some_and(|lock| lock.object_lock_enabled == "Enabled");
    if enabled {
        let reason = format!("Object Lock of `{name}` has no default retention: it locks nothing");
        Verdict::fail("no-default-retention", reason)
    } else {
        Verdict::fail("no-lock", format!("`{name}` has no Object Lock"))
    }
}

/// Who writes to a bucket and could not if files were locked by default: AWS Config (developer
/// guide, "Managing the Delivery Channel") and server access logs (S3 user guide, "Enabling Amazon
/// S3 server access logging").
fn incompatible(inventory: &Inventory, name: &str) -> Option<&'static str> {
    let mut regions = inventory.by_region.values();
    let config = regions.any(|region| {
        let channels = region.config.channels.items().unwrap_or_default();
        channels.iter().any(|channel| channel.bucket == name)
    });
    let logged =
        inventory.buckets.items().unwrap_or_default().iter().any(|other| {
            other.logging.known().is_some_and(|logging| logging.target_bucket == name)
        });
    match (config, logged) {
        (true, _) => Some("AWS Config delivers"),
        (false, true) => Some("server access logs go"),
        (false, false) => None,
    }
}
