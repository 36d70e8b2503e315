#![allow(clippy::unwrap_used)]

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

/// 2026-11-24T10:30:15.5Z.
const NOW: i64 = 1_795_516_215_500_000;

fn at(rfc3339: &str) -> i64 {
    DateTime::parse_from_rfc3339(rfc3339).unwrap().timestamp_micros()
}

#[test]
fn times_are_read_as_people_write_them() {
    assert_eq!(NOW, at("2026-11-24T10:30:15.5Z"));
    for (text, start, end) in [
        ("now", "2026-11-24T10:30:15.5Z", "2026-11-24T10:30:15.500001Z"),
        ("2h", "2026-11-24T08:30:15.5Z", "2026-11-24T08:30:15.500001Z"),
        (" now-1d ", "2026-11-23T10:30:15.5Z", "2026-11-23T10:30:15.500001Z"),
        ("now+90s", "2026-11-24T10:31:45.5Z", "2026-11-24T10:31:45.500001Z"),
        ("2w", "2026-11-10T10:30:15.5Z", "2026-11-10T10:30:15.500001Z"),
        ("today", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
        ("yesterday", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
        ("2026-11-24", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
        ("2026-11-24 10:00", "2026-11-24T10:00:00Z", "2026-11-24T10:01:00Z"),
        ("2026-11-24T10:00:07", "2026-11-24T10:00:07Z", "2026-11-24T10:00:08Z"),
        ("2026-11-24T10:00:07Z", "2026-11-24T10:00:07Z", "2026-11-24T10:00:08Z"),
        ("2026-11-24t10:00:07.25z", "2026-11-24T10:00:07.25Z", "2026-11-24T10:00:07.26Z"),
        (
            "2026-11-24T10:00:07.123456789Z",
            "2026-11-24T10:00:07.123456Z",
            "2026-11-24T10:00:07.123457Z",
        ),
        ("2026-11-24T10:00:00+02:00", "2026-11-24T08:00:00Z", "2026-11-24T08:00:01Z"),
        ("2026-11-24 10:00 -0530", "2026-11-24T15:30:00Z", "2026-11-24T15:31:00Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"),
        ("1969-12-31", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("1795516215", "2026-11-24T10:30:15Z", "2026-11-24T10:30:16Z"),
        ("1795516215500", "2026-11-24T10:30:15.5Z", "2026-11-24T10:30:15.501Z"),
        ("1795516215500000", "2026-11-24T10:30:15.5Z", "2026-11-24T10:30:15.500001Z"),
        ("1795516215500000999", "2026-11-24T10:30:15.5Z", "2026-11-24T10:30:15.500001Z"),
    ] {
        assert_eq!(interval(text, NOW, 0), Ok(at(start)..at(end)), "{text}");
        assert_eq!(instant(text, NOW, 0), Ok(at(start)), "{text}");
    }
}

#[test]
fn times_without_a_zone_are_in_the_zone_given() {
    let east = 14 * 3_600;
    for (text, start) in [
        ("today", "2026-11-25T00:00:00+14:00"),
        ("yesterday", "2026-11-24T00:00:00+14:00"),
        ("2026-11-24", "2026-11-24T00:00:00+14:00"),
        ("2026-11-24 10:00", "2026-11-24T10:00:00+14:00"),
        ("2026-11-24 10:00Z", "2026-11-24T10:00:00Z"),
        ("2h", "2026-11-24T08:30:15.5Z"),
    ] {
        assert_eq!(instant(text, NOW, east), Ok(at(start)), "{text}");
    }
}

#[test]
fn what_is_no_time_says_why() {
    for (text, expected) in [
        ("soon", "`soon` is no time; write `2h` (that long ago)"),
        ("", "`` is no time"),
        ("2026", "`2026` is no time"),
        ("-2h", "`-2h` is no time"),
        ("h", "`h` is no time"),
        ("1.5h", "`1.5h` is no time"),
        ("99999999999999w", "`99999999999999w` is no time"),
        ("now-", "`now-` is no time"),
        ("2026-02-30", "`2026-02-30` is no time: there is no such day"),
        ("2026-1-1", "`2026-1-1` is no time: the date is not written as year-month-day"),
        ("2026-11-24T", "`2026-11-24T` is no time: the time of day is written `10:00`"),
        ("2026-11-24 25:00", "`2026-11-24 25:00` is no time: there is no such time of day"),
        ("2026-11-24 10", "`2026-11-24 10` is no time: the time of day is written"),
        ("2026-11-24T10:00:00+1", "`2026-11-24T10:00:00+1` is no time: the zone is written"),
        ("2026-11-24Z", "`2026-11-24Z` is no time: the time of day is missing"),
        ("2026-11-24é", "`2026-11-24é` is no time"),
    ] {
        let error = instant(text, NOW, 0).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
        assert_eq!(parse(text, NOW), Err(error));
    }
}

proptest! {
    #[test]
    fn any_text_is_a_time_or_a_mistake(
        text in "[-+0-9TZhmsdw:. now]{0,24}|\\PC{0,24}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].{0,12}",
        now in any::<i64>(),
        zone in any::<i32>(),
    ) {
        if let Ok(interval) = interval(&text, now, zone) {
            prop_assert!(interval.start <= interval.end);
        }
        let _ = span_micros(&text);
    }

    #[test]
    fn a_moment_is_read_back(micros in 0_i64..4_102_444_800_000_000) {
        let text = DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339();
        prop_assert_eq!(instant(&text, 0, 0), Ok(micros));
        prop_assert!(interval(&text, 0, 0).unwrap().contains(&micros));
    }
}
