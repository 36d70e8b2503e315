//! `ct.trail.org`: the organisation's trail records the account.

use super::{trail_all_regions, trail_delivery, trail_target};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Status, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking};
use crate::plan::change::{Builder, Change, Handle};
use crate::plan::cost::Volume;
use serde_json::json;

/// The check.
pub(super) struct TrailOrganization;

static META: Meta = Meta {
    id: "ct.trail.org",
    title: "every region is recorded by the organisation's trail",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[Collector::Trails, Collector::Sinks, Collector::Account],
    controls: &["CCC.Logging:CN01"],
    passes: "a trail of the organisation that is logging covers the region",
    not_applicable: "the account is in no organisation",
    why: "Who takes an account over can stop its own trail, and not that of the organisation.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:UpdateTrail and cloudtrail:StartLogging, in the account that owns the \
              trail; in the one that manages the organisation a trail becomes its trail, with \
              organizations:EnableAWSServiceAccess and s3:PutBucketPolicy where they lack, and \
              cloudtrail:CreateTrail if there is none; in other accounts by hand",
        undo: Undo::Partly,
        cloudformation: &["CloudTrail::Trail"],
        terraform: &["cloudtrail"],
        cost: "the first copy of management events is free, each further one is paid per event",
    },
};

impl Check for TrailOrganization {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let seen = match inventory.trails_in(region) {
                Fact::Known(seen) => seen,
                Fact::Absent => Vec::new(),
                Fact::Unknown(reason) => {
                    findings.unread(name, "cloudtrail", "trail/*", &reason);
                    continue;
                }
            };
            let of_organization: Vec<&Trail> =
                seen.iter().copied().filter(|trail| trail.row.is_organization_trail).collect();
            if of_organization.is_empty() {
                // The one that could become the organisation's.
                let (resource, _) = trail_all_regions::judge(inventory, name, &seen);
                findings.add(name, resource, without(inventory));
            } else {
                let (resource, verdict) =
                    trail_all_regions::judge(inventory, name, &of_organization);
                let owner = crate::arn::account(&resource) == inventory.account;
                let helpless = verdict.status == Status::Fail && !owner;
                findings.add(name, resource, if helpless { verdict.by_hand() } else { verdict });
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let (code, reason) = (finding.reason_code.as_str(), finding.reason.clone());
        if finding.fix == Some(Remedy::Blocked) {
            let choices = ["ask the account that manages the organisation to put its trail right"];
            return plan.block(code, reason, &choices);
        }
        if code == "no-organization-trail" {
            return widen(finding, plan);
        }
        if let Some(target) = trail_target::by_arn(plan, &finding.resource) {
            trail_all_regions::record(plan, &target, &finding.region);
        }
    }
}

/// Plans that a trail of the account becomes the organisation's: for all regions the same one.
fn widen(finding: &Finding, plan: &mut Builder<'_>) {
    let inventory = plan.inventory;
    let home = inventory.home_region.clone();
    let Some(target) = trail_target::target(plan, &home) else { return };
    let trail = inventory.trails.get(&target.arn);
    if trail.is_some_and(has_a_role_of_others) {
        return plan.block(
            "log-role",
            "the role by which the trail writes to its log group may not be allowed to write the \
             streams of other accounts, and AWS would refuse the whole change",
            &["let it write streams whose names begin with the organisation's id, and make the \
               trail the organisation's by hand"],
        );
    }
    let policy = match trail {
        Some(trail) => match let_in(finding, plan, trail) {
            Ok(policy) => policy,
            Err(Blocked) => return,
        },
        None => trail_target::let_organization_in(plan),
    };
    let service = "cloudtrail.amazonaws.com";
    let organization = inventory.organization.known().map_or("", |each| each.id.as_str());
    let arn = format!(
        "arn:{}:organizations::{}:organization/{organization}",
        inventory.partition, inventory.account
    );
    let why = format!("CloudTrail may work in all accounts of organisation `{organization}`");
    let trusted = plan.change(
        Change::of("organizations:EnableAWSServiceAccess", &home, arn, why)
            .by("ServicePrincipal", service)
            .warn("AWS makes a role for CloudTrail in all accounts of the organisation"),
    );
    let mut values = json!({"IsOrganizationTrail": true});
    let everywhere =
        |trail: &Trail| trail.row.is_multi_region_trail && trail.row.include_global_service_events;
    if trail.is_some_and(|trail| !everywhere(trail)) {
        values["IsMultiRegionTrail"] = json!(true);
        values["IncludeGlobalServiceEvents"] = json!(true);
    }
    let name = target.short_name().to_owned();
    let why = format!("trail `{name}` records all accounts of organisation `{organization}`");
    let mut change = target
        .update(values, why)
        .after(policy)
        .after([trusted])
        .warn("where accounts have trails of their own, AWS charges for the second copy")
        .cost_once("cloudtrail-extra-copy", COPIES);
    let wants = |kind: &str| plan.wants(&format!("ct.data.{kind}"));
    if trail.is_some_and(selects_data) || DATA.iter().any(|kind| wants(kind)) {
        change = change
            .warn(
                "what it records of data events it records in all accounts of the organisation, \
                 paid per event",
            )
            .cost_once("cloudtrail-data-events", MEMBERS);
    }
    plan.change(change);
    if trail.is_some_and(|trail| trail.is_logging() != Fact::Known(true)) {
        trail_target::start(plan, &target, policy);
    }
}

/// What members record twice.
const COPIES: Volume =
    Volume::range(0.0, 0.0, 100.0, "0 to 10,000,000 events that members record already");

/// Kinds of data events.
const DATA: [&str; 4] = ["s3-read", "s3-write", "lambda", "dynamodb"];

/// Data events of all members.
const MEMBERS: Volume = Volume::range(
    10_000.0,
    10_000_000.0,
    10_000_000_000.0,
    "10,000 to 10,000 million data events in all accounts of the organisation, assumed",
);

fn selects_data(trail: &Trail) -> bool {
    let selectors = trail.selectors.items().unwrap_or_default().iter();
    let mut fields = selectors.flat_map(|selector| &selector.field_selectors);
    fields.any(|rule| rule.field == "eventCategory" && rule.equals.iter().any(|is| is == "Data"))
}

/// Whether a trail writes to a log group by a role that no plan has made.
fn has_a_role_of_others(trail: &Trail) -> bool {
    let role = trail.row.cloud_watch_logs_role_arn.as_deref().unwrap_or_default();
    !role.is_empty() && !role.ends_with(":role/stele-cloudtrail")
}

/// It was said why nothing is planned.
struct Blocked;

/// Lets CloudTrail write the files of the whole organisation into the bucket of a trail.
fn let_in(
    finding: &Finding,
    plan: &mut Builder<'_>,
    trail: &Trail,
) -> Result<Option<Handle>, Blocked> {
    let inventory = plan.inventory;
    let mut wide = trail.clone();
    wide.row.is_organization_trail = true;
    let bucket = &wide.row.bucket;
    let judged = destination::bucket(inventory, bucket, &trail_delivery::writer(inventory, &wide));
    if let Taking::Takes(_) = judged {
        return Ok(None);
    }
    if let Taking::Unread(_) = judged {
        let reason = format!("{}, and bucket `{bucket}` cannot be looked at", finding.reason);
        let choices = [
            "let the policy of the bucket, in its own account, take the files of all accounts, \
             and make the trail the organisation's by hand",
            "let the trail write to a bucket of this account",
        ];
        plan.block("foreign-bucket", reason, &choices);
        return Err(Blocked);
    }
    trail_delivery::let_in_where_refused(plan, &wide).map(Some).ok_or(Blocked)
}

/// What is said where no trail of an organisation is seen.
fn without(inventory: &Inventory) -> Verdict {
    match &inventory.organization {
        Fact::Absent => {
            Verdict::not_applicable("no-organization", "the account is in no organisation")
        }
        Fact::Unknown(reason) => Verdict::unknown(reason),
        Fact::Known(organization) => {
            let id = &organization.id;
            let reason = format!("organisation `{id}` has no trail that records this account");
            let verdict = Verdict::fail("no-organization-trail", reason);
            let manages = organization.master_account_id == inventory.account;
            if manages { verdict } else { verdict.by_hand() }
        }
    }
}
