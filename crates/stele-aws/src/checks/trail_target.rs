//! The trail that a plan changes for a region: one that is there, widened if need be, or a new one.
//!
//! A second paid copy of management events is never made: where a trail can cover a region it is
//! widened, and where another account's trail does, its owner decides.

use serde_json::{Value, json};

use crate::baseline::CloudTrail;
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change, Handle};
use crate::plan::cost::Volume;
use crate::plan::selectors::{Wish, widen};
use crate::plan::sink::{self, Sink, Writer};

/// A trail that a plan may change.
pub(super) struct Target {
    /// What `Name` is in its calls: the ARN, or the name of one that is made.
    pub(super) name: String,
    /// Its ARN.
    pub(super) arn: String,
    /// Where it is changed.
    pub(super) region: String,
    /// What makes it, if the plan does.
    pub(super) after: Vec<Handle>,
    /// Whether the plan makes it.
    pub(super) is_new: bool,
}

/// What is there for a region.
pub(super) enum Choice<'a> {
    /// A trail of the account.
    Own(&'a Trail),
    /// Only trails of others cover it.
    Others(&'a Trail),
    /// None.
    Nothing,
}

/// The trail to change for a region. An own one that covers it and is logging comes first; then it
/// is another's, if one covers it; then an own one that is stopped, and one that can be widened:
/// that of the home region before others.
pub(super) fn choose<'a>(inventory: &'a Inventory, region: &str) -> Choice<'a> {
    let own = || inventory.trails.values().filter(|trail| trail.owner() == inventory.account);
    let logging = |trail: &&Trail| trail.is_logging() == Fact::Known(true);
    let covering = own().filter(|trail| trail.covers(region));
    if let Some(trail) = covering.clone().find(logging) {
        return Choice::Own(trail);
    }
    let others = inventory.trails.values().filter(|trail| trail.owner() != inventory.account);
    let others = others.filter(|trail| trail.covers(region));
    if let Some(trail) = others.clone().find(logging) {
        return Choice::Others(trail);
    }
    if let Some(trail) = covering.clone().next() {
        return Choice::Own(trail);
    }
    if let Some(trail) = others.clone().next() {
        return Choice::Others(trail);
    }
    let at_home = own().find(|trail| trail.row.home_region == inventory.home_region);
    match at_home.or_else(|| own().next()) {
        Some(trail) => Choice::Own(trail),
        None => Choice::Nothing,
    }
}

/// The trail to change for a region; says so where only its owner can.
pub(super) fn target(plan: &mut Builder<'_>, region: &str) -> Option<Target> {
    let inventory = plan.inventory;
    match choose(inventory, region) {
        Choice::Own(trail) => Some(of(trail)),
        Choice::Others(trail) => {
            owner_decides(plan, trail);
            None
        }
        Choice::Nothing if is_for_the_organization(plan) => {
            plan.block(
                "organization-trail",
                "the trail of the organisation is to record this account too, and one of its own \
                 would be a second paid copy",
                &[
                    "apply the plan of the account that manages the organisation, and plan again",
                    "leave out the organisation's trail (`--skip ct.trail.org`), and plan one of \
                     the account's own",
                ],
            );
            None
        }
        Choice::Nothing => Some(make(plan)),
    }
}

/// Whether the policy wants the trail of an organisation that another account manages.
fn is_for_the_organization(plan: &Builder<'_>) -> bool {
    let organization = plan.inventory.organization.known();
    let is_member =
        organization.is_some_and(|each| each.master_account_id != plan.inventory.account);
    is_member && plan.wants("ct.trail.org")
}

/// A trail by its ARN, if it is the account's.
pub(super) fn by_arn(plan: &mut Builder<'_>, arn: &str) -> Option<Target> {
    let inventory = plan.inventory;
    match inventory.trails.get(arn) {
        Some(trail) if trail.owner() == inventory.account => Some(of(trail)),
        Some(trail) => {
            owner_decides(plan, trail);
            None
        }
        // The nameless one of a region without any.
        None => target(plan, &inventory.home_region),
    }
}

fn of(trail: &Trail) -> Target {
    Target {
        name: trail.row.arn.clone(),
        arn: trail.row.arn.clone(),
        region: trail.row.home_region.clone(),
        after: Vec::new(),
        is_new: false,
    }
}

pub(super) fn owner_decides(plan: &mut Builder<'_>, trail: &Trail) {
    let reason = format!("trail `{}` belongs to account {}", trail.row.name, trail.owner());
    plan.block("owner-decides", reason, &["ask the owner of the trail to change it"]);
}

/// A trail of all regions, with digests, in the home region.
fn make(plan: &mut Builder<'_>) -> Target {
    let region = plan.inventory.home_region.clone();
    let wanted = plan.baseline.cloudtrail.clone();
    let (name, prefix) = (wanted.name.as_str(), wanted.prefix.as_str());
    let (bucket, after) = place(plan, &wanted, &region);
    let arn = plan.inventory.arn("cloudtrail", &region, &format!("trail/{name}"));
    let mut settings = json!({"S3BucketName": bucket, "IsMultiRegionTrail": true,
        "IncludeGlobalServiceEvents": true, "EnableLogFileValidation": true,
        "TagsList": [{"Key": "stele:managed", "Value": "true"}]});
    if !prefix.is_empty() {
        settings["S3KeyPrefix"] = json!(prefix);
    }
    let why = format!("no trail can be widened: `{name}` records all regions");
    let change = Change::of("cloudtrail:CreateTrail", &region, arn.as_str(), why)
        .by("Name", name)
        .set(settings)
        .after(after)
        .cost_once(
            "s3-storage-gb",
            Volume::range(0.1, 2.0, 20.0, "0.1 to 20 GB of events a month, 2 expected"),
        );
    let made = plan.change(change);
    let name = wanted.name;
    let target = Target { name, arn, region, after: vec![made], is_new: true };
    start(plan, &target, None);
    target
}

/// The bucket of a trail that is made, and what must have been done before.
fn place(plan: &mut Builder<'_>, wanted: &CloudTrail, region: &str) -> (String, Vec<Handle>) {
    if is_in_archive(plan) {
        let archive = plan.baseline.sinks.archive_account.as_deref().unwrap_or_default();
        plan.warn(format!(
            "bucket `{}` is not one of the account's: its policy, in account {archive}, must let \
             CloudTrail write for account {}",
            wanted.bucket, plan.inventory.account
        ));
        return (wanted.bucket.clone(), Vec::new());
    }
    let sink = own_place(plan, wanted, region);
    let policy = sink::allow(plan, &sink, region, Writer::CloudTrail, &wanted.prefix);
    (sink.name, vec![policy])
}

fn own_place(plan: &mut Builder<'_>, wanted: &CloudTrail, region: &str) -> Sink {
    match wanted.bucket.as_str() {
        "" => sink::bucket(plan, region),
        bucket => sink::named(plan, bucket, region),
    }
}

/// Lets a trail that is made write for the organisation as well; nothing where its bucket is
/// another account's.
pub(super) fn let_organization_in(plan: &mut Builder<'_>) -> Option<Handle> {
    if is_in_archive(plan) {
        return None;
    }
    let region = plan.inventory.home_region.clone();
    let wanted = plan.baseline.cloudtrail.clone();
    let sink = own_place(plan, &wanted, &region);
    Some(sink::allow(plan, &sink, &region, Writer::Organization, &wanted.prefix))
}

/// Whether a trail that is made writes to a bucket of the account of the archive.
pub(super) fn is_in_archive(plan: &Builder<'_>) -> bool {
    let bucket = plan.baseline.cloudtrail.bucket.as_str();
    let archive = plan.baseline.sinks.archive_account.as_deref();
    let elsewhere = archive.is_some_and(|archive| archive != plan.inventory.account);
    elsewhere && !bucket.is_empty() && plan.inventory.bucket(bucket).is_none()
}

/// Lets a trail record.
pub(super) fn start(plan: &mut Builder<'_>, target: &Target, after: Option<Handle>) -> Handle {
    let why = format!("trail `{}` records", target.short_name());
    plan.change(
        target
            .changed("cloudtrail:StartLogging", "Name", why)
            .after(after)
            .fresh_of(target, || json!({"IsLogging": false})),
    )
}

impl Target {
    /// Its name for people.
    pub(super) fn short_name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.name)
    }

    fn changed(&self, call: &'static str, by: &str, why: String) -> Change {
        Change::of(call, &self.region, self.arn.as_str(), why)
            .by(by, self.name.as_str())
            .after(self.after.iter().copied())
    }

    /// Changes settings of it.
    pub(super) fn update(&self, values: Value, why: String) -> Change {
        let bucket = json!({"IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true,
            "IsOrganizationTrail": false, "EnableLogFileValidation": true, "KmsKeyId": "",
            "CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""});
        self.changed("cloudtrail:UpdateTrail", "Name", why).set(values).fresh_of(self, || bucket)
    }

    /// Lets it record more. What a new trail records by itself is all management events.
    pub(super) fn record(&self, wish: Wish, why: String) -> Change {
        self.changed("cloudtrail:PutEventSelectors", "TrailName", why)
            .edit(move |draft| widen(draft, &wish))
            .fresh_of(self, || {
                json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
                    "DataResources": [], "ExcludeManagementEventSources": []}]})
            })
    }

    /// Lets it look for kinds of Insights.
    pub(super) fn insights(&self, kinds: &[String], why: String) -> Change {
        let kinds = kinds.to_vec();
        self.changed("cloudtrail:PutInsightSelectors", "TrailName", why)
            .edit(move |draft| {
                let list = draft.params.entry("InsightSelectors").or_insert_with(|| json!([]));
                let Value::Array(all) = list else { return Ok(()) };
                for kind in &kinds {
                    if !all.iter().any(|one| one["InsightType"] == kind.as_str()) {
                        all.push(json!({"InsightType": kind}));
                    }
                }
                Ok(())
            })
            .fresh_of(self, || json!({"InsightSelectors": []}))
    }
}

impl Change {
    /// The state of what belongs to a trail that the plan makes.
    fn fresh_of(self, target: &Target, state: impl FnOnce() -> Value) -> Self {
        if target.is_new { self.fresh(state()) } else { self }
    }
}
