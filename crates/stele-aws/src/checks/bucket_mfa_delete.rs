//! `ct.bucket.mfa-delete`: versions of logs are deleted by two factors, or not at all.

use super::bucket_object_lock::default_retention;
use super::sink::each_sink;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::fact::Fact;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct BucketMfaDelete;

static META: Meta = Meta {
    id: "ct.bucket.mfa-delete",
    title: "logs are deleted with a second factor only",
    severity: Severity::Low,
    default: false,
    source: false,
    reads: &[Collector::Buckets, Collector::BucketLogs, Collector::Sinks, Collector::Writers],
    controls: &["CIS-AWS-5.0:2.1.2", "CCC.AuditLog:CN07"],
    passes: "versioning is enabled and MFA Delete is; or Object Lock has a default retention",
    not_applicable: "",
    why: "A key that was stolen does not suffice to delete a version for good.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: s3:PutBucketVersioning, which only the account's root user may call for \
              this, with its MFA device",
        undo: Undo::None,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for BucketMfaDelete {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_sink(inventory, findings, |name, sink| {
            let lock = default_retention(sink);
            if matches!(lock, Fact::Known(Some(_))) {
                return Verdict::pass(format!("Object Lock keeps files in `{name}`"));
            }
            let mfa = sink.mfa_delete.known().map(String::as_str);
            let kept = sink.versioning.known().map(String::as_str);
            if mfa == Some("Enabled") && kept == Some("Enabled") {
                let reason = format!("versions in `{name}` are deleted with a second factor only");
                return Verdict::pass(reason);
            }
            if let Some(reason) =
                sink.mfa_delete.unread().or_else(|| sink.versioning.unread()).or(lock.unread())
            {
                return Verdict::unknown(reason);
            }
            if mfa == Some("Enabled") {
                // A new file takes the place of the one that has no version.
                let reason = format!(
                    "MFA Delete of `{name}` is on, and versioning is not: files can be overwritten"
                );
                return Verdict::fail("versioning-suspended", reason);
            }
            Verdict::fail(
                "no-mfa-delete",
                format!("versions in `{name}` are deleted by one factor"),
            )
        });
    }
}
