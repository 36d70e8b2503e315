//! `ct.bucket.private`: buckets of logs are closed to the public.

use super::sink::{self as sinks, each_sink};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::public::{Openness, openness};
use crate::plan::change::{Builder, Change};
use crate::plan::sink;
use serde_json::json;

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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let Some(name) = sinks::name(finding) else { return };
        let on = json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true,
            "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true}});
        // S3 takes no public policy any more then: what the plan adds to the policy comes first.
        let policy = plan.inventory.sinks.get(name).map(|sink| &sink.policy);
        let written = matches!(policy, Some(Fact::Known(_)))
            .then(|| sink::whole_policy(plan, name, &finding.region));
        let why = format!("what opens `{name}` to the public is without effect");
        let change =
            Change::of("s3:PutPublicAccessBlock", &finding.region, finding.resource.as_str(), why);
        plan.change(change.by("Bucket", name).set(on).after(written).warn(format!(
            "who reads `{name}` as one of the public is shut out; the statement or grant \
                     stays, and while it does S3 refuses changes of the policy that leave it in"
        )));
    }
}
