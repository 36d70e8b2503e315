//! Days that were made up, and what they come to.

use super::*;

const NOW_MICROS: i64 = 1_795_514_400_000_000;

fn metric(name: &'static str) -> Metric {
    Metric {
        region: "r".to_owned(),
        namespace: "AWS/X",
        name,
        statistic: Statistic::Sum,
        dimensions: vec![("Name", "x".to_owned())],
    }
}

/// Days before the window's end, each with a value.
fn read(name: &'static str, days: &[(i64, f64)], volumes: &mut Volumes) {
    let end = volumes.window.end;
    for (before, value) in days {
        volumes.add(&metric(name), end - before, *value);
    }
}

/// What days come to: low, expected, high and how many.
#[track_caller]
fn check(days: &[(i64, f64)], expected: Option<(f64, f64, f64, usize)>) {
    let mut volumes = Volumes::of(Window::before(NOW_MICROS));
    read("a", days, &mut volumes);
    let found = match volumes.monthly(&[metric("a")]) {
        Reading::Counted(Monthly { low, expected, high, days }) => {
            Some((low.round(), expected.round(), high.round(), days))
        }
        Reading::Nothing => None,
        Reading::Unread => panic!("it was read"),
    };
    assert_eq!(found, expected, "{days:?}");
}

#[test]
fn the_window_is_of_whole_days() {
    let window = Window::before(NOW_MICROS);
    assert_eq!(window.end - window.first, WINDOW_DAYS);
    let midnight = Window::start_micros(window.end);
    assert!(midnight <= NOW_MICROS && NOW_MICROS - midnight < DAY_MICROS);
    assert_eq!(Window::before(midnight), window, "midnight itself begins a day that is not over");
    assert_eq!(Window::before(midnight - 1).end, window.end - 1);
    assert_eq!(Window::day(midnight - 1), window.end - 1);
}

#[test]
fn days_come_to_their_mean_least_and_greatest() {
    let even: Vec<(i64, f64)> = (1..=14).map(|day| (day, 10.0)).collect();
    check(&even, Some((300.0, 300.0, 300.0, 14)));
    let mut odd = even.clone();
    odd[3].1 = 2.0;
    odd[9].1 = 46.0;
    check(&odd, Some((60.0, 360.0, 1380.0, 14)));
}

#[test]
fn gaps_are_days_of_nothing_but_for_those_before_the_first() {
    // Eight days ago it began, and then there was a day with nothing.
    let days: Vec<(i64, f64)> = [8, 7, 6, 5, 4, 3, 1].map(|day| (day, 8.0)).to_vec();
    check(&days, Some((0.0, 210.0, 240.0, 8)));
    // Nothing since: what is counted are the days since it was last seen.
    check(&[(10, 10.0)], Some((0.0, 30.0, 300.0, 10)));
}

#[test]
fn a_thing_of_two_days_has_a_wider_range() {
    check(&[(2, 10.0), (1, 30.0)], Some((150.0, 600.0, 1800.0, 2)));
}

#[test]
fn what_is_outside_of_the_window_or_no_amount_does_not_count() {
    check(&[], None);
    check(&[(0, 5.0), (15, 5.0)], None);
    check(&[(1, f64::NAN), (2, -1.0), (3, f64::INFINITY)], None);
    check(&[(7, 0.0)], Some((0.0, 0.0, 0.0, 7)));
}

#[test]
fn metrics_are_added_up_by_day() {
    let mut volumes = Volumes::of(Window::before(NOW_MICROS));
    read("a", &[(2, 10.0), (1, 10.0)], &mut volumes);
    read("b", &[(1, 20.0)], &mut volumes);
    // A page may repeat a day's rest.
    read("b", &[(1, 20.0)], &mut volumes);
    let both = [metric("a"), metric("b"), metric("none")];
    let expected = Monthly { low: 150.0, expected: 900.0, high: 3000.0, days: 2 };
    assert_eq!(volumes.monthly(&both), Reading::Counted(expected));
    assert_eq!(volumes.monthly(&[metric("none")]), Reading::Nothing);
    volumes.not_read(&metric("b"));
    assert_eq!(volumes.monthly(&both), Reading::Unread, "half of it would be no answer");
    assert_eq!(volumes.monthly(&[]), Reading::Nothing);
}
