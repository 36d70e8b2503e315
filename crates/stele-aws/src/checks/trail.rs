//! What the checks of `ct.trail.*` share: which trails are looked at.

use super::trail_all_regions;
use crate::check::{Findings, regions};
use crate::collect::trail::Trail;
use crate::fact::{Fact, Unread};
use crate::finding::Verdict;
use crate::inventory::{Inventory, Region};
use crate::judge::selectors::{Coverage, Question, Selector, coverage};

/// A day.
pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// Sources that CloudTrail lets one leave out of management events.
pub(super) const EXCLUDABLE: &[(&str, &str)] =
    &[("eventSource", "kms.amazonaws.com"), ("eventSource", "rdsdata.amazonaws.com")];

/// The trails that record a region, as far as is known.
pub(super) struct Active<'a> {
    /// All that the region sees.
    pub(super) seen: Vec<&'a Trail>,
    /// What those record that are logging.
    selectors: Vec<&'a Selector>,
    /// What those would record that cover the region and are stopped.
    stopped: Vec<&'a Selector>,
    /// Whether one is logging.
    logging: bool,
    /// Why it is not known of all of them what they record.
    pub(super) unread: Option<Unread>,
}

impl<'a> Active<'a> {
    /// Judges each region by its trails, as the nearest of them; what cannot be read is told. Where
    /// none is logging, `stopped` says what that means for the trail that it is told of.
    pub(super) fn each_region(
        inventory: &'a Inventory,
        findings: &mut Findings<'_>,
        stopped: impl Fn(&Self, String, &str) -> Verdict,
        judge: impl Fn(&Self, &str) -> Verdict,
    ) {
        for (name, region) in regions(inventory) {
            let active = match Self::of(inventory, region, name) {
                Ok(active) => active,
                Err(reason) => {
                    findings.unread(name, "cloudtrail", "trail/*", &reason);
                    continue;
                }
            };
            let (resource, _) = trail_all_regions::judge(inventory, name, &active.seen);
            let verdict = if active.is_stopped() {
                stopped(&active, format!("no trail that covers {name} is logging"), &resource)
            } else {
                judge(&active, name)
            };
            findings.add(name, resource, verdict);
        }
    }

    /// Those of a region.
    ///
    /// # Errors
    /// The list could not be read.
    pub(super) fn of(
        inventory: &'a Inventory,
        region: &'a Region,
        name: &str,
    ) -> Result<Self, Unread> {
        let seen = match inventory.trails_in(region) {
            Fact::Known(seen) => seen,
            Fact::Absent => Vec::new(),
            Fact::Unknown(reason) => return Err(reason),
        };
        let (mut selectors, mut stopped) = (Vec::new(), Vec::new());
        let (mut logging, mut unread) = (false, None);
        for trail in seen.iter().filter(|trail| trail.covers(name)) {
            match (trail.is_logging(), trail.selectors.items()) {
                (Fact::Unknown(reason), _) => unread = Some(reason),
                (Fact::Known(true), Ok(all)) => {
                    logging = true;
                    selectors.extend(all);
                }
                (Fact::Known(true), Err(reason)) => {
                    logging = true;
                    unread = Some(reason.clone());
                }
                (_, all) => stopped.extend(all.unwrap_or_default()),
            }
        }
        Ok(Self { seen, selectors, stopped, logging, unread })
    }

    /// Whether it is known that none is logging.
    pub(super) fn is_stopped(&self) -> bool {
        !self.logging && self.unread.is_none()
    }

    /// How much of the events in question they record together.
    pub(super) fn coverage(&self, question: &Question<'_>) -> Coverage {
        coverage(&self.selectors, question)
    }

    /// Whether there is no trail that could record anything.
    pub(super) fn covers_nothing(&self) -> bool {
        self.selectors.is_empty() && self.stopped.is_empty()
    }

    /// Whether those that are logging select any data events.
    pub(super) fn selects_data(&self) -> bool {
        let rules = self.selectors.iter().flat_map(|selector| &selector.field_selectors);
        let mut of_data = rules.filter(|rule| rule.field == "eventCategory");
        of_data.any(|rule| rule.equals.iter().any(|category| category == "Data"))
    }

    /// Whether the events would be recorded, were the stopped trails logging.
    pub(super) fn would_cover(&self, question: &Question<'_>) -> bool {
        let all: Vec<&Selector> = self.selectors.iter().chain(&self.stopped).copied().collect();
        coverage(&all, question) == Coverage::All
    }
}

/// Judges each trail once, in its home region. Regions without any trail fail, because of that.
pub(super) fn each_trail(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&Trail) -> Verdict,
) {
    for trail in inventory.trails.values() {
        findings.add(&trail.row.home_region, trail.row.arn.clone(), judge(trail));
    }
    without_trails(inventory, findings, |region, resource| {
        Verdict::fail("no-trail", format!("no trail records {region}"))
            .cause(trail_all_regions::ID, resource)
            .missing()
    });
}

/// As [`each_trail`], for what does not apply where there is no trail.
pub(super) fn each_trail_if_any(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&Trail) -> Verdict,
) {
    for trail in inventory.trails.values() {
        findings.add(&trail.row.home_region, trail.row.arn.clone(), judge(trail));
    }
    without_trails(inventory, findings, |region, _| {
        Verdict::not_applicable("no-trail", format!("{region} has no trail"))
    });
}

/// The home region says what is missing, once for the account; others say what was not read.
fn without_trails(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    verdict: impl Fn(&str, &str) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        if let Err(reason) = region.trails.items() {
            findings.unread(name, "cloudtrail", "trail/*", reason);
        }
    }
    let all_read = regions(inventory).all(|(_, region)| region.trails.items().is_ok());
    if inventory.trails.is_empty() && all_read {
        let region = &inventory.home_region;
        let resource = inventory.arn("cloudtrail", region, "trail");
        let verdict = verdict(region, &resource);
        findings.add(region, resource, verdict);
    }
}
