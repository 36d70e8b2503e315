#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;

use super::*;

#[test]
fn ids_are_unique_stable_names_and_versions_begin_at_one() {
    let ids: HashSet<_> = ALL.iter().map(|format| format.id()).collect();
    assert_eq!(ids.len(), ALL.len());
    for format in ALL {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(format.id().bytes().all(lower), "{}", format.id());
        assert!(format.version() >= 1 && !format.describe().is_empty());
        assert_eq!(by_id(format.id()).unwrap().id(), format.id());
        assert!(format.fields().iter().all(|field| field.format == format.id()));
    }
    assert!(by_id("").is_none() && by_id("CloudTrail").is_none());
}

#[test]
fn an_unknown_format_is_told_from_a_misspelt_one() {
    for (asked, near) in [
        ("cloudtrial", Some("cloudtrail")),
        ("CloudTrail", Some("cloudtrail")),
        ("vpc-flow", Some("vpcflow")),
        ("appflask", Some("app_flask")),
        ("sysl0g", Some("syslog")),
        ("jsonl", Some("json")),
        ("txt", Some("text")),
        ("nginx", None),
        ("", None),
        ("é", None),
    ] {
        assert_eq!(nearest(asked), near, "{asked}");
    }
    assert_eq!(nearest(&"json".repeat(100_000)), None);
    assert_eq!(
        unknown("nginx"),
        "unknown format `nginx`; there are: cloudtrail, stele_act, stele_finding, vpcflow, \
         app_flask, syslog, json, text"
    );
    assert!(unknown("Jsn").starts_with("unknown format `Jsn`; did you mean `json`?"));
}
