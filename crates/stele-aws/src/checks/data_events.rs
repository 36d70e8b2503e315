//! What the checks of data events share.

use super::trail::Active;
use super::{trail_all_regions, trail_target};
use crate::baseline::{Which, Word};
use crate::fact::Unread;
use crate::finding::{Finding, Verdict};
use crate::inventory::Inventory;
use crate::judge::selectors::{Coverage, Question};
use crate::plan::change::Builder;
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::selectors::Wish;

/// Data events of something.
pub(super) struct Wanted<'a> {
    /// For people: `object writes of bucket `x``.
    pub(super) what: String,
    /// CloudTrail's type, as `AWS::S3::Object`.
    pub(super) kind: &'a str,
    /// One resource, or with `/` at the end all below it.
    pub(super) arn: &'a str,
    /// `true` for reads, `false` for writes.
    pub(super) directions: &'a [&'a str],
}

/// Judges whether they are recorded, by the trails of a region.
pub(super) fn judge(inventory: &Inventory, region: &str, wanted: &Wanted<'_>) -> Verdict {
    let Some(facts) = inventory.region(region) else {
        let text = format!("region {region} is not assessed");
        return Verdict::unknown(&Unread::out_of_scope(text));
    };
    let active = match Active::of(inventory, facts, region) {
        Ok(active) => active,
        Err(reason) => return Verdict::unknown(&reason),
    };
    let below = wanted.arn.ends_with('/').then_some(wanted.arn);
    let mut missed = None;
    let mut stopped_only = true;
    for read_only in wanted.directions {
        let mut fixed = vec![
            ("eventCategory", "Data"),
            ("resources.type", wanted.kind),
            ("readOnly", *read_only),
        ];
        if below.is_none() {
            fixed.push(("resources.ARN", wanted.arn));
        }
        let question = Question { fixed: &fixed, arn_prefix: below, except: &[] };
        let found = active.coverage(&question);
        if found != Coverage::All {
            stopped_only &= active.would_cover(&question);
            missed = Some(found);
        }
    }
    let what = &wanted.what;
    let Some(missed) = missed else {
        return Verdict::pass(format!("{what} are recorded"));
    };
    if let Some(reason) = &active.unread {
        return Verdict::unknown(reason);
    }
    if stopped_only {
        let (trail, _) = trail_all_regions::judge(inventory, region, &active.seen);
        return Verdict::fail(
            "not-logging",
            format!("{what} are selected by a trail that is stopped"),
        )
        .cause(trail_all_regions::ID, &trail);
    }
    let (trail, _) = trail_all_regions::judge(inventory, region, &active.seen);
    if active.covers_nothing() && active.is_stopped() {
        let reason = format!("{what} are not recorded: no trail covers {region}");
        return Verdict::fail("no-trail", reason).cause(trail_all_regions::ID, &trail).missing();
    }
    let verdict = not_all(missed, what).evidence("TrailARN", trail);
    // Nothing of this resource alone: the trails select no data events any more.
    if active.selects_data() { verdict } else { verdict.evidence("DataEvents", "none") }
}

/// What is said where not all of something is recorded.
fn not_all(missed: Coverage, what: &str) -> Verdict {
    match missed {
        Coverage::TooComplex => Verdict::unknown(&Unread::failed(
            "the selectors can tell apart more kinds of events than are looked at",
        )),
        Coverage::Part(Some((field, value))) => {
            let reason = format!("not all {what} are recorded: not where {field} is `{value}`");
            Verdict::fail("partly-recorded", reason)
        }
        Coverage::Part(None) => {
            Verdict::fail("partly-recorded", format!("not all {what} are recorded"))
        }
        Coverage::Nothing | Coverage::All => {
            Verdict::fail("not-recorded", format!("{what} are not recorded"))
        }
    }
}

/// Data events of one resource: it differs by orders of magnitude.
pub(super) const PER_RESOURCE: Volume = Volume::range(
    0.1,
    10.0,
    1_000.0,
    "10,000 to 100 million events a month for a bucket, table or function",
);

/// Whether a plan records all resources of a kind at once: where the policy names none, and no tag
/// does.
pub(super) fn records_all(plan: &Builder<'_>, key: &str) -> bool {
    let wanted = plan.baseline.cloudtrail.data_events.get(key);
    wanted == Some(&Which::Word(Word::All)) && plan.inventory.tags.is_empty()
}

/// Plans the recording of a kind of resources: of all, or of this one where some are named.
pub(super) fn record(finding: &Finding, plan: &mut Builder<'_>, key: &str, kind: &'static str) {
    let Some(target) = trail_target::target(plan, &finding.region) else { return };
    let (wish, which) = if records_all(plan, key) {
        (Wish::All { kind, read_only: None, but: Vec::new() }, format!("all {kind}"))
    } else {
        let arn = finding.resource.clone();
        (Wish::One { kind, read_only: None, arn: arn.clone() }, format!("`{arn}`"))
    };
    let why = format!("trail `{}` records data events of {which}", target.short_name());
    let events = PER_RESOURCE.by(Measure::data_events(&finding.region, &finding.resource));
    plan.change(target.record(wish, why).cost("cloudtrail-data-events", events));
}
