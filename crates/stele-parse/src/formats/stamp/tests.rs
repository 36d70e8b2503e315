#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use stele_event::EventBatch;

use super::*;

/// 2026-11-24T10:00:00Z.
const TEN: i64 = 1_795_514_400_000_000;
const HOUR: i64 = 3_600 * SECOND;

#[track_caller]
fn check_iso(text: &str, expected: Option<(Stamp, &str)>) {
    let found = iso(text).map(|(stamp, length)| (stamp, &text[length..]));
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn iso_in_its_many_forms() {
    use Stamp::{Exact, NoZone};
    for (text, stamp, rest) in [
        ("2026-11-24T10:00:00Z", Exact(TEN), ""),
        ("2026-11-24T10:00:00.25Z x", Exact(TEN + 250_000), " x"),
        ("2026-11-24T11:00:00+01:00 x", Exact(TEN), " x"),
        ("2026-11-24T11:00:00+0100] x", Exact(TEN), "] x"),
        ("2026-11-24 04:30:00.000001-0530 x", Exact(TEN + 1), " x"),
        ("2026-11-24 12:00:00+02 x", Exact(TEN), " x"),
        ("2026-11-24 10:00:00 UTC [7] x", Exact(TEN), " [7] x"),
        ("2026-11-24 09:00:00 -0100 x", Exact(TEN), " x"),
        ("2026-11-24 10:00:00,125 INFO x", NoZone(TEN + 125_000), " INFO x"),
        ("2026-11-24T10:00:00.1234567890: x", NoZone(TEN + 123_456), ": x"),
        ("2026/11/24 10:00:00 [error] x", NoZone(TEN), " [error] x"),
        ("2026-11-24 10:00:00 - x", NoZone(TEN), " - x"),
        ("2026-11-24 10:00:00 -12 x", NoZone(TEN), " -12 x"),
        ("2026-11-24 10:00:00 UTCx", NoZone(TEN), " UTCx"),
        ("2026-11-24 10:00:60", NoZone(TEN + 59 * SECOND), ""),
    ] {
        check_iso(text, Some((stamp, rest)));
    }
    for text in [
        "",
        "2026-11-24",
        "2026-11-24T10:00",
        "2026-13-24T10:00:00Z",
        "2026-02-29T10:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11/24T10:00:00Z",
        "24-11-2026 10:00:00",
        "2026-11-24T10:00:00a",
        "2026-11-24T10:00:00é",
        "2026-11-24_10:00:00",
    ] {
        check_iso(text, None);
    }
}

#[test]
fn rfc_3164_with_and_without_a_year() {
    let yearless =
        |micros_of_day| Stamp::NoYear { month: 11, day: 2, micros_of_day, is_utc: false };
    for (text, stamp, rest) in [
        ("Nov  2 10:00:00 host", yearless(10 * HOUR), " host"),
        ("Nov 2 10:00:00.5: x", yearless(10 * HOUR + 500_000), ": x"),
        ("Nov 02 10:00:00", yearless(10 * HOUR), ""),
        ("Nov 24 2026 10:00:00 host", Stamp::NoZone(TEN), " host"),
        ("2026 Nov 24 10:00:00 UTC", Stamp::NoZone(TEN), " UTC"),
    ] {
        let found = bsd(text).map(|(stamp, length)| (stamp, &text[length..]));
        assert_eq!(found, Some((stamp, rest)), "{text:?}");
    }
    for text in
        ["Nov 31 10:00:00 x", "Nov 2 1:00:00 x", "nov 2 10:00:00 x", "Nov 2 10:00:00x", "Növ"]
    {
        assert_eq!(bsd(text), None, "{text:?}");
    }
}

#[test]
fn the_year_is_the_last_that_is_not_in_the_future() {
    let micros = |text: &str| iso(text).map(|(stamp, _)| stamp);
    for (received, text, expected) in [
        ("2026-11-24T10:00:00Z", "Nov 24 09:00:00", "2026-11-24T08:00:00Z"),
        ("2026-11-24T10:00:00Z", "Nov 25 09:00:00", "2026-11-25T08:00:00Z"),
        ("2026-11-24T10:00:00Z", "Nov 26 09:00:00", "2025-11-26T08:00:00Z"),
        ("2027-01-01T00:00:01Z", "Dec 31 23:59:59", "2026-12-31T22:59:59Z"),
        ("2026-12-31T23:59:00Z", "Jan  1 00:30:00", "2026-12-31T23:30:00Z"),
        ("2026-11-24T10:00:00Z", "Feb 29 12:00:00", "2024-02-29T11:00:00Z"),
        ("1903-11-24T10:00:00Z", "Feb 29 12:00:00", "1896-02-29T11:00:00Z"),
    ] {
        let Some(Stamp::Exact(received_micros)) = micros(received) else { panic!("{received}") };
        let clock = Clock { received_micros, zone_offset_seconds: 3_600 };
        let mut batch = EventBatch::new();
        let mut row = batch.row();
        clock.set(bsd(text).unwrap().0, &mut row);
        assert_eq!(row.int(Column::Time).map(Stamp::Exact), micros(expected), "{received} {text}");
        assert_eq!(row.text(Column::TimeQuality), Some("year-guessed"));
    }
}

proptest! {
    #[test]
    fn nothing_panics(
        text in prop_oneof![
            "\\PC{0,12}",
            "(20[0-9]{2} )?Nov [ 0-9]{1,4} [0-9:.é ]{0,12}",
            "2026-1[0-9]-[0-3][0-9][T ][0-9:.,+é Z-]{0,24}",
        ],
        received_micros in any::<i64>(),
        zone_offset_seconds in any::<i32>(),
    ) {
        let clock = Clock { received_micros, zone_offset_seconds };
        for (stamp, length) in [iso(&text), bsd(&text)].into_iter().flatten() {
            prop_assert!(text.is_char_boundary(length));
            clock.set(stamp, &mut EventBatch::new().row());
        }
    }
}
