//! What the checks of `ct.bucket.*` share: the buckets that logs are written to.

use crate::check::Findings;
use crate::collect::s3::{Sink, Standing};
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Verdict};
use crate::inventory::Inventory;

/// The name of the bucket that a finding is about.
pub(super) fn name(finding: &Finding) -> Option<&str> {
    crate::arn::bucket(&finding.resource)
}

/// Judges each bucket of the account that some log is written to.
pub(super) fn each_sink(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&str, &Sink) -> Verdict,
) {
    for (name, sink) in &inventory.sinks {
        let region = inventory.bucket(name).and_then(|bucket| bucket.region.known().cloned());
        let region = region.unwrap_or_else(|| inventory.home_region.clone());
        let verdict = match &sink.standing {
            Fact::Known(Standing::Own) => judge(name, sink),
            Fact::Known(Standing::Foreign) => {
                let text = format!("bucket `{name}` belongs to an account that is not assessed");
                Verdict::unknown(&Unread::out_of_scope(text))
            }
            // That it does not exist is said of whatever writes to it.
            Fact::Absent => continue,
            Fact::Unknown(reason) => Verdict::unknown(reason),
        };
        findings.add(&region, inventory.bucket_arn(name), verdict);
    }
    if let Err(reason) = inventory.buckets.items() {
        findings.unread(&inventory.home_region, "s3", "", reason);
    }
}
