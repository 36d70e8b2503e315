//! What AWS will charge: prices from `prices.json`, volumes from whoever asks for the change.
//!
//! Prices are data with a date and a source, not code. A volume that is not known is a wide range,
//! and its basis says so.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// The price list.
#[derive(Debug, Deserialize)]
pub struct Prices {
    /// When it was written down, as `2026-11-28`.
    pub as_of: String,
    /// The region that it holds for; others differ by some ten per cent.
    pub region: String,
    /// Where it was read.
    pub source: String,
    /// Each thing that is charged for.
    pub items: BTreeMap<String, Item>,
}

/// Something that is charged for.
#[derive(Debug, Deserialize)]
pub struct Item {
    /// Dollars for one unit.
    pub usd: f64,
    /// What the unit is.
    pub unit: String,
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

impl Cost {
    /// What a volume of something costs. An item without a price is said to be so.
    pub fn of(item: &str, volume: Volume) -> Self {
        let Some(price) = prices().items.get(item) else {
            return Self { basis: format!("no price for {item}"), ..Self::default() };
        };
        let usd = |units: f64| units * price.usd;
        Self {
            low: usd(volume.low),
            expected: usd(volume.expected),
            high: usd(volume.high),
            basis: format!("{} at ${} per {}", volume.basis, price.usd, price.unit),
        }
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

/// Cents are what is meant; more digits would be noise.
fn rounded(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_list_is_well_formed() {
        let prices = prices();
        assert_eq!(prices.as_of.len(), "2026-11-28".len());
        assert!(!prices.source.is_empty() && !prices.region.is_empty());
        for (name, item) in &prices.items {
            assert!(item.usd > 0.0 && !item.unit.is_empty(), "{name}");
        }
    }

    #[test]
    fn costs_are_volumes_at_prices_and_say_what_they_are_of() {
        let volume = Volume::range(1.0, 10.0, 100.0, "1 to 100 GB");
        let cost = Cost::of("vended-s3-gb", volume);
        assert!((cost.expected - 10.0 * prices().items["vended-s3-gb"].usd).abs() < 0.01);
        let twice = cost.plus(&cost);
        assert!((twice.high - 2.0 * cost.high).abs() < 0.01);
        assert_eq!(twice.basis, cost.basis, "the same basis stands once");
    }
}
