//! Prices that are dated, and costs of what was counted, of what was not, and of both together.

use super::*;
use crate::plan::volumes::{Metric, Statistic, Window};

const NOW_MICROS: i64 = 1_795_514_400_000_000;
const EVENTS: Volume = Volume::range(0.1, 10.0, 1000.0, "10,000 to 100 million events");

#[test]
fn the_price_list_is_well_formed() {
    let prices = prices();
    assert_eq!(prices.as_of.len(), "2026-11-28".len());
    assert!(!prices.note.is_empty() && !prices.region.is_empty());
    for (name, item) in &prices.items {
        assert!(item.usd > 0.0 && !item.unit.is_empty(), "{name}");
        // A figure was read somewhere on a day, or it is said that nobody looked.
        let read =
            item.source.starts_with("https://") && item.looked_up.len() == "2026-11-28".len();
        let recalled = item.source == "recalled" && item.looked_up.is_empty();
        assert!(read != recalled && (read || recalled), "{name}");
    }
}

fn function(name: &str) -> Measure {
    Measure::data_events("r", &format!("arn:aws:lambda:r:1:function:{name}")).unwrap()
}

fn usage(usage: impl Into<Usage>) -> (String, Usage) {
    ("cloudtrail-data-events".to_owned(), usage.into())
}

/// Every day of the window so many invocations of a function.
fn daily(volumes: &mut Volumes, name: &str, value: f64) {
    let window = Window::before(NOW_MICROS);
    for day in window.first..window.end {
        volumes.add(&function(name).metrics[0], day, value);
    }
}

/// In cents, and the basis.
fn cents(cost: &Cost) -> ([f64; 3], &str) {
    let cents = [cost.low, cost.expected, cost.high].map(|usd| (usd * 100.0).round());
    (cents, cost.basis.as_str())
}

#[test]
fn what_nobody_counts_costs_what_is_assumed() {
    let cost = Cost::of(&[usage(EVENTS)], &Volumes::default());
    let basis = "10,000 to 100 million events at $0.1 per 100,000 data events";
    assert_eq!(cents(&cost), ([1.0, 100.0, 10_000.0], basis));
    let twice = Cost::of(&[usage(EVENTS), usage(EVENTS)], &Volumes::default());
    assert_eq!(cents(&twice), ([2.0, 200.0, 20_000.0], basis), "the same basis stands once");
    assert_eq!(cents(&cost.plus(&cost)), cents(&twice));
    let none = Cost::of(&[("x".to_owned(), EVENTS.into())], &Volumes::default());
    assert_eq!(cents(&none), ([0.0, 0.0, 0.0], "no price for x"));
}

#[test]
fn what_is_counted_costs_what_it_comes_to() {
    let mut volumes = Volumes::of(Window::before(NOW_MICROS));
    daily(&mut volumes, "pay", 100_000.0);
    let cost = Cost::of(&[usage(EVENTS.by(function("pay")))], &volumes);
    assert_eq!(
        cents(&cost),
        (
            [300.0, 300.0, 300.0],
            "3 million a month (3 million to 3 million) by `Invocations` of 14 days, an event each, \
             at $0.1 per 100,000 data events"
        )
    );
}

#[test]
fn without_datapoints_it_is_assumed_and_said() {
    let volumes = Volumes::of(Window::before(NOW_MICROS));
    let cost = Cost::of(&[usage(EVENTS.by(function("pay")))], &volumes);
    assert_eq!(
        cents(&cost),
        (
            [1.0, 100.0, 10_000.0],
            "10,000 to 100 million events, assumed: no datapoint of `Invocations` in 14 days, at \
             $0.1 per 100,000 data events"
        )
    );
    let mut volumes = volumes;
    volumes.not_read(&function("pay").metrics[0]);
    let cost = Cost::of(&[usage(EVENTS.by(function("pay")))], &volumes);
    assert!(cost.basis.contains("assumed: `Invocations` could not be read, at"), "{}", cost.basis);
    assert_eq!(cents(&cost).0.to_vec(), [1.0, 100.0, 10_000.0]);
}

#[test]
fn many_of_a_kind_are_one_sentence() {
    let mut volumes = Volumes::of(Window::before(NOW_MICROS));
    daily(&mut volumes, "pay", 100_000.0);
    daily(&mut volumes, "ship", 50_000.0);
    let usages: Vec<(String, Usage)> = ["pay", "ship", "idle", "new", "gone"]
        .iter()
        .map(|name| usage(EVENTS.by(function(name))))
        .collect();
    let cost = Cost::of(&usages, &volumes);
    assert_eq!(
        cents(&cost),
        (
            [453.0, 750.0, 30_450.0],
            "4.5 million a month (4.5 million to 4.5 million) by `Invocations` of 14 days, 2 \
             together, an event each, at $0.1 per 100,000 data events; 10,000 to 100 million \
             events, assumed for 3: no datapoint of `Invocations` in 14 days, at $0.1 per 100,000 \
             data events"
        )
    );
}

#[test]
fn bytes_are_priced_by_the_gb() {
    let mut volumes = Volumes::of(Window::before(NOW_MICROS));
    let window = Window::before(NOW_MICROS);
    let measure = Measure::group_passed_on("r", "/shop");
    for (place, day) in (window.first..window.end).enumerate() {
        volumes.add(&measure.metrics[0], day, if place % 2 == 0 { 1e9 } else { 3e9 });
    }
    let volume = Volume::range(0.0, 1.0, 100.0, "0 to 100 GB");
    let cost = Cost::of(&[("firehose-gb".to_owned(), volume.by(measure))], &volumes);
    assert_eq!(
        cents(&cost),
        (
            [7.0, 35.0, 261.0],
            "60 GB a month (30 GB to 90 GB) by `IncomingBytes` of 14 days, passed on in 8 to 100 \
             percent of the bytes, at $0.029 per GB taken by Firehose"
        )
    );
}

#[test]
fn a_day_is_not_called_days() {
    let mut volumes = Volumes::of(Window::before(NOW_MICROS));
    let metric = Metric {
        region: "r".to_owned(),
        namespace: "AWS/Lambda",
        name: "Invocations",
        statistic: Statistic::Sum,
        dimensions: vec![("FunctionName", "new".to_owned())],
    };
    volumes.add(&metric, Window::before(NOW_MICROS).end - 1, 10.0);
    let cost = Cost::of(&[usage(EVENTS.by(function("new")))], &volumes);
    let expected = "300 a month (150 to 600) by `Invocations` of 1 day, an event each, at";
    assert!(cost.basis.starts_with(expected), "{}", cost.basis);
}
