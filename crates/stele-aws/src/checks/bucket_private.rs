//! `ct.bucket.private`: buckets of logs are closed to the public.

use super::sink::each_sink;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::public::{Openness, openness};

/// The check.
pub(super) struct BucketPrivate;

static META: Meta = Meta {
    id: "ct.bucket.private",
    title: "nobody but the account reads buckets of logs",
    severity: Severity::Critical,
    default: true,
    source: false,
    reads: &[Collector::Buckets, Collector::BucketLogs, Collector::Sinks, Collector::Writers],
    controls: &["CIS-AWS-5.0:2.1.4", "FSBP:CloudTrail.6", "CCC.AuditLog:CN10", "CCC.Logging:CN05"],
    passes: "no statement of the policy and no grant reaches the public, or the public access \
             block keeps them from having an effect",
    not_applicable: "",
    why: "Logs name people, addresses and secrets that somebody wrote into a parameter.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutPublicAccessBlock",
        undo: Undo::Exact,
        cloudformation: &["S3::Bucket"],
        terraform: &["s3_bucket_public_access_block"],
        cost: "",
    },
};

impl Check for BucketPrivate {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_sink(inventory, findings, |name, sink| {
            match openness(sink, &inventory.account_block) {
                Openness::Closed => Verdict::pass(format!("nothing opens `{name}` to the public")),
                Openness::Blocked(what) => Verdict::pass(format!(
                    "{what}, which the public access block keeps from having an effect"
                )),
                Openness::Open(what) => {
                    Verdict::fail("public", format!("`{name}` is open to the public: {what}"))
                }
                Openness::Unread(reason) => Verdict::unknown(&reason),
            }
        });
    }
}
