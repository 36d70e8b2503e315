//! `ct.trail.delivery`: files of trails arrive in their bucket.

use super::repair::{self, Place};
use super::trail::{DAY_MICROS, each_trail_if_any};
use super::trail_all_regions;
use super::trail_target;
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking, Writer};
use crate::plan::change::{Builder, Handle};
use crate::plan::sink::Writer as SinkWriter;

/// The check.
pub(super) struct TrailDelivery;

static META: Meta = Meta {
    id: "ct.trail.delivery",
    title: "trails deliver to their bucket",
    severity: Severity::Critical,
    default: true,
    source: false,
    reads: &[Collector::Trails, Collector::Sinks, Collector::Account],
    controls: &["CCC.AuditLog:CN05"],
    passes: "AWS reports no error of files or digests, and a delivery in the last 24 hours; while \
             it reports none yet, the bucket exists and lets CloudTrail write",
    not_applicable: "the region has no trail",
    why: "A trail that may not write logs nothing, and only its status says so.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketPolicy, merged into the policy that is there; s3:CreateBucket where the \
              bucket is gone",
        undo: Undo::Partly,
        cloudformation: &["S3::BucketPolicy"],
        terraform: &["s3_bucket_policy"],
        cost: "",
    },
};

impl Check for TrailDelivery {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_trail_if_any(inventory, findings, |trail| judge(inventory, trail));
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let Some(trail) = inventory.trails.get(&finding.resource) else { return };
        if trail.owner() != inventory.account {
            return trail_target::owner_decides(plan, trail);
        }
        let silent = ["stale", "never-delivered", "gone"];
        if silent.contains(&finding.reason_code.as_str()) {
            let choices = [
                "look whether the account has any events: AWS reports no error",
                "stop and start the trail",
            ];
            return plan.block(&finding.reason_code, finding.reason.clone(), &choices);
        }
        match destination::bucket(inventory, &trail.row.bucket, &writer(inventory, trail)) {
            Taking::Refuses(code, reason) => {
                let_in(plan, trail, code, &reason);
            }
            Taking::Takes(_) => {
                let choices = [
                    "let the policy of the key that is used there allow CloudTrail",
                    "look for a policy of the organisation that keeps CloudTrail out",
                ];
                let reason = format!("{}, and its policy lets it in", finding.reason);
                plan.block(&finding.reason_code, reason, &choices);
            }
            Taking::Unread(_) => {
                let choices = [
                    "let the trail write to a bucket of this account",
                    "add the statement to the policy in the bucket's own account",
                ];
                let reason = format!("{}, and its policy cannot be looked at", finding.reason);
                plan.block("foreign-bucket", reason, &choices);
            }
        }
    }
}

/// Lets CloudTrail write into the bucket of a trail, as far as it is known that it may not.
pub(super) fn let_in_where_refused(plan: &mut Builder<'_>, trail: &Trail) -> Option<Handle> {
    let inventory = plan.inventory;
    match destination::bucket(inventory, &trail.row.bucket, &writer(inventory, trail)) {
        Taking::Refuses(code, reason) => let_in(plan, trail, code, &reason),
        Taking::Takes(_) | Taking::Unread(_) => None,
    }
}

fn let_in(plan: &mut Builder<'_>, trail: &Trail, code: &str, reason: &str) -> Option<Handle> {
    let row = &trail.row;
    let writer =
        if row.is_organization_trail { SinkWriter::Organization } else { SinkWriter::CloudTrail };
    let place = Place { bucket: &row.bucket, prefix: &row.prefix, writer };
    repair::bucket(plan, &place, &row.home_region, (code, reason))
}

fn judge(inventory: &Inventory, trail: &Trail) -> Verdict {
    let row = &trail.row;
    let name = &row.name;
    let status = match &trail.status {
        Fact::Known(status) => status,
        Fact::Unknown(reason) => return Verdict::unknown(reason),
        Fact::Absent => return Verdict::fail("gone", format!("trail `{name}` does not exist")),
    };
    let errors = [
        ("delivery-error", "files", "LatestDeliveryError", &status.latest_delivery_error),
        (
            "digest-error",
            "digests",
            "LatestDigestDeliveryError",
            &status.latest_digest_delivery_error,
        ),
    ];
    for (code, what, field, error) in errors {
        if let Some(error) = error.as_deref().filter(|error| !error.is_empty()) {
            let bucket = &row.bucket;
            let reason = format!("CloudTrail cannot write {what} to bucket `{bucket}`: {error}");
            return Verdict::fail(code, reason).evidence(field, error);
        }
    }
    if !status.is_logging {
        return Verdict::fail("not-logging", format!("trail `{name}` is not logging"))
            .cause(trail_all_regions::ID, &row.arn);
    }
    let since = |time: i64| inventory.now_micros - time;
    if let Some(time) = status.latest_delivery_time {
        let hours = since(time) / (DAY_MICROS / 24);
        if since(time) > DAY_MICROS {
            let reason = format!("trail `{name}` delivered nothing for {hours} hours");
            return Verdict::fail("stale", reason).evidence("hours", hours);
        }
        return Verdict::pass(format!("trail `{name}` delivers")).evidence("hours", hours);
    }
    if status.start_logging_time.is_some_and(|time| since(time) > DAY_MICROS) {
        let reason = format!("trail `{name}` has logged for a day and delivered nothing");
        return Verdict::fail("never-delivered", reason);
    }
    // Where its files go depends on the organisation's id.
    if let Some(reason) = inventory.organization.unread().filter(|_| row.is_organization_trail) {
        return Verdict::unknown(reason);
    }
    match destination::bucket(inventory, &row.bucket, &writer(inventory, trail)) {
        Taking::Takes(advice) => {
            let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
            let reason = format!("nothing delivered yet, and `{}` takes it{advice}", row.bucket);
            Verdict::pass(reason)
        }
        Taking::Refuses(code, reason) => Verdict::fail(code, reason),
        Taking::Unread(reason) => Verdict::unknown(&reason),
    }
}

/// Who writes for a trail, and what.
pub(super) fn writer<'a>(inventory: &Inventory, trail: &'a Trail) -> Writer<'a> {
    let prefix = arn::folder(&trail.row.prefix);
    // A trail of an organisation writes below the organisation's id.
    let organization = match inventory.organization.known() {
        Some(organization) if trail.row.is_organization_trail => format!("{}/", organization.id),
        _ => String::new(),
    };
    let account = &inventory.account;
    Writer {
        principals: &["Service:cloudtrail.amazonaws.com"],
        key: format!("{prefix}AWSLogs/{organization}{account}/CloudTrail/x"),
        source_arn: Some(&trail.row.arn),
    }
}
