//! What AWS will charge: prices from `prices.json`, volumes from CloudWatch's metrics where there
//! are datapoints, else from whoever asks for the change.
//!
//! Prices are data with a date and a source, not code. A volume that is not known is a wide range,
//! and its basis says so. Nothing here asks AWS: the volumes come in as a table.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::measure::Measure;
use super::volumes::{Monthly, Reading, Volumes, WINDOW_DAYS};

const PRICES: &str = include_str!("../../prices.json");

/// A sum of dollars a month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// At least.
    pub low: f64,
    /// Likely.
    pub expected: f64,
    /// At most, as far as can be said.
    pub high: f64,
    /// What it is computed from; empty where nothing is charged.
    pub basis: String,
}

/// How much of something there will be in a month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume {
    /// At least.
    pub low: f64,
    /// Likely.
    pub expected: f64,
    /// At most.
    pub high: f64,
    /// Where these numbers come from.
    pub basis: &'static str,
}

/// What is charged for: how much there will be of it if nobody counted, and how it is counted.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Where nothing was counted.
    pub assumed: Volume,
    /// What counts it, where something does.
    pub measure: Option<Measure>,
}

/// The price list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When it was written down, as `2026-11-28`.
    pub as_of: String,
    /// The region that it holds for; others differ by some ten per cent.
    pub region: String,
    /// What somebody should know of all of them.
    pub note: String,
    /// Each thing that is charged for.
    pub items: BTreeMap<String, Item>,
}

/// Something that is charged for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Dollars for one unit.
    pub usd: f64,
    /// What the unit is.
    pub unit: String,
    /// The address where it was read, or `recalled`.
    pub source: String,
    /// When it was read there; empty where it is recalled.
    #[serde(default)]
    pub looked_up: String,
}

/// The price list that is compiled in.
pub fn prices() -> &'static Prices {
    static PARSED: OnceLock<Prices> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "the list is compiled in, and a test reads it")]
    PARSED.get_or_init(|| serde_json::from_str(PRICES).expect("prices.json is well formed"))
}

impl Volume {
    /// So much, within a range.
    pub const fn range(low: f64, expected: f64, high: f64, basis: &'static str) -> Self {
        Self { low, expected, high, basis }
    }

    /// Exactly so much.
    pub const fn exactly(units: f64, basis: &'static str) -> Self {
        Self { low: units, expected: units, high: units, basis }
    }
}

impl From<Volume> for Usage {
    fn from(assumed: Volume) -> Self {
        Self { assumed, measure: None }
    }
}

impl Volume {
    /// The same, but counted where CloudWatch does.
    pub fn by(self, measure: impl Into<Option<Measure>>) -> Usage {
        Usage { assumed: self, measure: measure.into() }
    }
}

/// Usages that are priced in one sentence.
struct Group<'a> {
    item: &'a str,
    usage: &'a Usage,
    reading: Reading,
    count: u32,
}

impl Cost {
    /// What usages of items cost. Those of the same kind are one part of the basis.
    pub fn of<'a>(
        usages: impl IntoIterator<Item = &'a (String, Usage)>,
        volumes: &Volumes,
    ) -> Self {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut places = BTreeMap::new();
        for (item, usage) in usages {
            let reading = match &usage.measure {
                Some(measure) => volumes.monthly(&measure.metrics),
                None => Reading::Nothing,
            };
            let kind = match reading {
                Reading::Counted(_) => "counted",
                Reading::Nothing => "nothing",
                Reading::Unread => "unread",
            };
            let of = usage.measure.as_ref().map(|measure| (measure.name, measure.each.words));
            let place = *places
                .entry((item.as_str(), usage.assumed.basis, of, kind))
                .or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => {
                    group.count += 1;
                    if let (Reading::Counted(all), Reading::Counted(one)) =
                        (&mut group.reading, reading)
                    {
                        *all = all.plus(one);
                    }
                }
                None => groups.push(Group { item, usage, reading, count: 1 }),
            }
        }
        groups.iter().fold(Self::default(), |sum, group| sum.plus(&group.cost()))
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut basis = self.basis.clone();
        if !other.basis.is_empty() && !basis.split("; ").any(|part| part == other.basis) {
            if !basis.is_empty() {
                basis.push_str("; ");
            }
            basis.push_str(&other.basis);
        }
        Self {
            low: self.low + other.low,
            expected: self.expected + other.expected,
            high: self.high + other.high,
            basis,
        }
    }

    /// The same in whole cents: what is shown. Sums are made of what is not rounded yet.
    #[must_use]
    pub fn in_cents(&self) -> Self {
        Self {
            low: rounded(self.low),
            expected: rounded(self.expected),
            high: rounded(self.high),
            basis: self.basis.clone(),
        }
    }
}

impl Group<'_> {
    fn cost(&self) -> Cost {
        let Some(price) = prices().items.get(self.item) else {
            return Cost { basis: format!("no price for {}", self.item), ..Cost::default() };
        };
        let Volume { low, expected, high, .. } = self.volume();
        Cost {
            low: low * price.usd,
            expected: expected * price.usd,
            high: high * price.usd,
            basis: format!("{} at ${} per {}", self.words(), price.usd, price.unit),
        }
    }

    /// Units of the item.
    fn volume(&self) -> Volume {
        let assumed = self.usage.assumed;
        if let (Reading::Counted(monthly), Some(measure)) = (&self.reading, &self.usage.measure) {
            let each = measure.each;
            return Volume {
                low: monthly.low * each.low,
                expected: monthly.expected * each.expected,
                high: monthly.high * each.high,
                basis: assumed.basis,
            };
        }
        let count = f64::from(self.count);
        Volume {
            low: assumed.low * count,
            expected: assumed.expected * count,
            high: assumed.high * count,
            basis: assumed.basis,
        }
    }

    fn assumed(&self) -> String {
        match self.count {
            0 | 1 => "assumed".to_owned(),
            count => format!("assumed for {count}"),
        }
    }

    /// Where the units come from.
    fn words(&self) -> String {
        let assumed = self.usage.assumed.basis;
        let Some(measure) = &self.usage.measure else { return assumed.to_owned() };
        let (name, each) = (measure.name, measure.each.words);
        match &self.reading {
            Reading::Counted(Monthly { low, expected, high, days }) => {
                let amount = |amount| measure.amount(amount);
                let together = match self.count {
                    0 | 1 => String::new(),
                    count => format!(", {count} together"),
                };
                format!(
                    "{} a month ({} to {}) by {name} of {days} day{}{together}, {each},",
                    amount(*expected),
                    amount(*low),
                    amount(*high),
                    if *days == 1 { "" } else { "s" },
                )
            }
            Reading::Nothing => {
                let why = format!("no datapoint of {name} in {WINDOW_DAYS} days");
                format!("{assumed}, {}: {why},", self.assumed())
            }
            Reading::Unread => format!("{assumed}, {}: {name} could not be read,", self.assumed()),
        }
    }
}

/// Cents are what is meant; more digits would be noise.
fn rounded(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests;
