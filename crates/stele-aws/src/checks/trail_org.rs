//! `ct.trail.org`: the organisation's trail records the account.

use super::trail_all_regions;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::finding::{Remedy, Severity, Status, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct TrailOrganization;

static META: Meta = Meta {
    id: "ct.trail.org",
    title: "every region is recorded by the organisation's trail",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[Collector::Trails, Collector::Account],
    controls: &["CCC.Logging:CN01"],
    passes: "a trail of the organisation that is logging covers the region",
    not_applicable: "the account is in no organisation",
    why: "Who takes an account over can stop its own trail, and not that of the organisation.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: cloudtrail:UpdateTrail and cloudtrail:StartLogging by the account that owns the \
              trail; in other accounts by hand",
        undo: Undo::None,
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
