#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

#[test]
fn addresses_are_strict_and_canonical() {
    let cases: &[(&str, Option<&str>)] = &[
        ("203.0.113.7", Some("203.0.113.7")),
        ("2001:DB8:0:0::1", Some("2001:db8::1")),
        ("::ffff:203.0.113.7", Some("203.0.113.7")),
        ("::1", Some("::1")),
        ("253.252.51.07", None),
        ("203.0.113.256", None),
        ("203.0.113", None),
        ("203.0.113.7:80", None),
        ("fe80::1%eth0", None),
        ("[::1]", None),
        (" 203.0.113.7", None),
        ("AWS Internal", None),
        ("ec2.amazonaws.com", None),
        ("", None),
    ];
    for (value, expected) in cases {
        assert_eq!(ip(value).as_deref(), *expected, "{value}");
    }
}

#[test]
fn times_are_read_or_refused() {
    let cases: &[(&str, Option<i64>)] = &[
        ("1970-01-01T00:00:00Z", Some(0)),
        ("2026-11-24T10:20:30Z", Some(1_795_515_630_000_000)),
        ("2026-11-24T10:20:30.5Z", Some(1_795_515_630_500_000)),
        ("2026-11-24T10:20:30.123456789Z", Some(1_795_515_630_123_456)),
        ("2026-11-24T12:20:30+02:00", Some(1_795_515_630_000_000)),
        ("2016-12-31T23:59:60Z", Some(1_483_228_799_000_000)),
        ("1969-12-31T23:59:59.9Z", Some(-100_000)),
        ("2026-11-24T10:20:61Z", None),
        ("2026-11-24T10:20:99Z", None),
        ("2026-11-31T10:20:30Z", None),
        ("2026-11-24T24:20:30Z", None),
        ("2026-11-24T10:20:30.Z", None),
        ("2026-11-24T10:20:30.1234567890Z", None),
        ("2026-11-24T10:20:30", None),
        ("2026-11-24T10:20:3é.5Z", None),
        ("é026-11-24T10:20:30.5Z", None),
        ("", None),
    ];
    for (value, expected) in cases {
        assert_eq!(rfc3339_micros(value), *expected, "{value}");
    }
    assert_eq!(naive_iso_micros("1970-01-01 02:00:00.5", 7_200), Some(500_000));
    assert_eq!(naive_iso_micros("1970-01-01T02:00:00Z", 0), None);
    assert_eq!(epoch_seconds_micros("1795515630"), Some(1_795_515_630_000_000));
    assert_eq!(epoch_seconds_micros("9223372036854775807"), None);
    for value in [1_795_515_630.0, 1_795_515_630e3, 1_795_515_630e6, 1_795_515_630e9] {
        assert_eq!(epoch_micros(value), Some(1_795_515_630_000_000), "{value}");
    }
    assert_eq!(epoch_micros(f64::NAN), None);
}

proptest! {
    #[test]
    fn the_fast_path_agrees_with_the_library(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?Z") {
        let library = DateTime::parse_from_rfc3339(&text).ok().map(|t| t.timestamp_micros());
        prop_assert_eq!(rfc3339_micros(&text), library);
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,30}") {
        let _ = (ip(&text), rfc3339_micros(&text), naive_iso_micros(&text, 0), not_dash(&text));
    }
}
