//! How much there is of something: what CloudWatch counted day by day, and what that comes to in a
//! month.
//!
//! Metrics go in as names, a table of daily values comes back from [`super::metrics`]; this file
//! asks nobody. What was not counted stays unknown: nothing here guesses.

use std::collections::{BTreeMap, BTreeSet};

/// Whole days that are looked at, up to the last midnight (UTC).
pub const WINDOW_DAYS: i64 = 14;
/// Days of a month, for costs.
const MONTH_DAYS: f64 = 30.0;
/// With fewer days than this, the range is widened.
const DAYS_ENOUGH: usize = 7;
const DAY_MICROS: i64 = 86_400_000_000;

/// How values of a metric are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// Added up.
    Sum,
    /// How many there are, whatever they are.
    SampleCount,
}

impl Statistic {
    /// AWS's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::SampleCount => "SampleCount",
        }
    }
}

/// Something that CloudWatch counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Where it is counted.
    pub region: String,
    /// As `AWS/Lambda`.
    pub namespace: &'static str,
    /// As `Invocations`.
    pub name: &'static str,
    /// How its values are put together.
    pub statistic: Statistic,
    /// Of what: all dimensions that it has, or CloudWatch finds nothing.
    pub dimensions: Vec<(&'static str, String)>,
}

/// The days that are looked at, counted from 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub first: i64,
    /// The one after the last: it is not over yet.
    pub end: i64,
}

impl Window {
    /// The whole days before a time, in microseconds since 1970.
    pub fn before(now_micros: i64) -> Self {
        let end = now_micros.div_euclid(DAY_MICROS);
        Self { first: end - WINDOW_DAYS, end }
    }

    /// The day of a time.
    pub fn day(micros: i64) -> i64 {
        micros.div_euclid(DAY_MICROS)
    }

    /// When a day begins, in microseconds since 1970.
    pub fn start_micros(day: i64) -> i64 {
        day.saturating_mul(DAY_MICROS)
    }
}

/// What was counted, by metric and day.
#[derive(Debug, Clone, Default)]
pub struct Volumes {
    window: Window,
    days: BTreeMap<Metric, BTreeMap<i64, f64>>,
    unread: BTreeSet<Metric>,
}

/// What is known of some metrics together.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// They were counted.
    Counted(Monthly),
    /// CloudWatch has no datapoint.
    Nothing,
    /// CloudWatch could not be asked.
    Unread,
}

/// What days come to in a month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Monthly {
    /// If every day were like the least.
    pub low: f64,
    /// If every day were like the mean.
    pub expected: f64,
    /// If every day were like the greatest.
    pub high: f64,
    /// From how many days.
    pub days: usize,
}

impl Volumes {
    /// A table of nothing, for some days.
    pub fn of(window: Window) -> Self {
        Self { window, ..Self::default() }
    }

    /// Writes down what a day counted. Parts of a day that come apart are added up.
    pub fn add(&mut self, metric: &Metric, day: i64, value: f64) {
        let counts = value.is_finite() && value >= 0.0;
        if counts && (self.window.first..self.window.end).contains(&day) {
            *self.days.entry(metric.clone()).or_default().entry(day).or_default() += value;
        }
    }

    /// Writes down that a metric could not be read.
    pub fn not_read(&mut self, metric: &Metric) {
        self.unread.insert(metric.clone());
    }

    /// What metrics come to together.
    ///
    /// CloudWatch has no datapoint where nothing happened, and none before a thing was there. So
    /// days count from the first that has one; later gaps are days of nothing.
    pub fn monthly(&self, metrics: &[Metric]) -> Reading {
        if metrics.iter().any(|metric| self.unread.contains(metric)) {
            return Reading::Unread;
        }
        let known = || metrics.iter().filter_map(|metric| self.days.get(metric));
        let Some(first) = known().filter_map(|days| days.keys().next()).min() else {
            return Reading::Nothing;
        };
        let value = |day| known().filter_map(|days| days.get(&day)).sum::<f64>();
        let days: Vec<f64> = (*first..self.window.end).map(value).collect();
        Reading::Counted(Monthly::of(&days))
    }
}

impl Monthly {
    /// From the values of days in a row, of which there must be one. The least and the greatest of
    /// a few days say little: then half the least and twice the greatest are the range.
    fn of(days: &[f64]) -> Self {
        let least = days.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = days.iter().copied().fold(0.0, f64::max);
        let count = u32::try_from(days.len()).map_or(f64::INFINITY, f64::from);
        let (narrower, wider) = if days.len() < DAYS_ENOUGH { (0.5, 2.0) } else { (1.0, 1.0) };
        Self {
            low: least * narrower * MONTH_DAYS,
            expected: days.iter().sum::<f64>() / count * MONTH_DAYS,
            high: greatest * wider * MONTH_DAYS,
            days: days.len(),
        }
    }

    /// Of two things together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            expected: self.expected + other.expected,
            high: self.high + other.high,
            days: self.days.max(other.days),
        }
    }
}

#[cfg(test)]
mod tests;
