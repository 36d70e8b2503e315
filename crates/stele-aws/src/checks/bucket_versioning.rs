//! `ct.bucket.versioning`: buckets of logs keep what is overwritten.

use super::sink::{self as sinks, each_sink};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::sink;

/// The check.
pub(super) struct BucketVersioning;

static META: Meta = Meta {
    id: "ct.bucket.versioning",
    title: "buckets of logs keep versions",
    severity: Severity::Medium,
    default: true,
    source: false,
    reads: &[Collector::Buckets, Collector::BucketLogs, Collector::Sinks, Collector::Writers],
    controls: &[],
    passes: "versioning is enabled, or Object Lock is",
    not_applicable: "",
    why: "A file that is overwritten or deleted is still there as an older version.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketVersioning",
        undo: Undo::Partly,
        cloudformation: &["S3::Bucket"],
        terraform: &["s3_bucket_versioning"],
        cost: "old versions; versioning can be suspended, not removed",
    },
};

impl Check for BucketVersioning {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_sink(inventory, findings, |name, sink| {
            let locked =
                sink.lock.known().is_some_and(|lock| lock.object_lock_enabled == "Enabled");
            let state = sink.versioning.known().map(String::as_str);
            if state == Some("Enabled") || locked {
                return Verdict::pass(format!("`{name}` keeps versions"));
            }
            if let Some(reason) = sink.versioning.unread().or_else(|| sink.lock.unread()) {
                return Verdict::unknown(reason);
            }
            Verdict::fail("no-versions", format!("`{name}` does not keep what is overwritten"))
                .evidence("Status", state.unwrap_or("never enabled"))
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(name) = sinks::name(finding) {
            sink::versions(plan, name, &finding.region, Vec::new());
        }
    }
}
