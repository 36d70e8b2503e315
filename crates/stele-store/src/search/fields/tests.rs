#![allow(clippy::unwrap_used)]

use super::*;

const SOURCES: &[SourceField] = &[
    SourceField {
        format: "cloudtrail",
        name: "sourceIPAddress",
        column: Column::SrcIp,
        lossless: false,
    },
    SourceField {
        format: "cloudtrail",
        name: "eventName",
        column: Column::Operation,
        lossless: true,
    },
    SourceField {
        format: "vpcflow",
        name: "account-id",
        column: Column::AccountUid,
        lossless: true,
    },
    SourceField { format: "other", name: "eventName", column: Column::Message, lossless: false },
    SourceField {
        format: "other",
        name: "status_code",
        column: Column::HttpStatus,
        lossless: true,
    },
];

fn meaning(name: &str) -> Result<Meaning, SearchError> {
    resolve(name, &(0..name.len()), SOURCES)
}

#[test]
fn names_are_found_in_their_order() {
    let column = |column| Meaning::Columns(vec![column]);
    let path = |column, path: &str| Meaning::Path(column, path.to_owned());
    for (name, expected) in [
        ("outcome", Meaning::Outcome),
        ("day", Meaning::Partition("day")),
        ("src_ip", column(Column::SrcIp)),
        ("_pos", column(Column::Pos)),
        ("raw", column(Column::Raw)),
        ("user", column(Column::UserName)),
        ("resource", Meaning::Columns(vec![Column::ResourceUid, Column::ResourceUids])),
        ("src_endpoint.ip", column(Column::SrcIp)),
        ("resources[].uid", column(Column::ResourceUids)),
        // A column comes before a source's own name.
        ("status_code", column(Column::StatusCode)),
        ("account-id", Meaning::Source(vec![SOURCES[2]])),
        ("eventName", Meaning::Source(vec![SOURCES[1], SOURCES[3]])),
        ("requestParameters.bucketName", path(Column::Raw, "requestParameters.bucketName")),
        ("raw.sourceIPAddress", path(Column::Raw, "sourceIPAddress")),
        ("raw.raw.x", path(Column::Raw, "raw.x")),
        ("unmapped.tcp-flags", path(Column::Unmapped, "tcp-flags")),
        ("attrs.actor.process.name", path(Column::Attrs, "actor\\.process\\.name")),
        ("attrs.a\\.b", path(Column::Attrs, "a\\.b")),
        ("items[0].id", path(Column::Raw, "items[0].id")),
    ] {
        assert_eq!(meaning(name).unwrap(), expected, "{name}");
    }
}

#[test]
fn unknown_names_come_with_the_nearest() {
    for (name, expected) in [
        ("usr_name", "unknown field `usr_name`\nhint: did you mean `user_name`"),
        ("SRC_IP", "unknown field `SRC_IP`\nhint: did you mean `src_ip`"),
        ("sourceIpAdress", "unknown field `sourceIpAdress`\nhint: did you mean `sourceIPAddress`"),
        ("outcom", "unknown field `outcom`\nhint: did you mean `outcome`"),
        ("zzzzzzzz", "unknown field `zzzzzzzz`\nhint: a field of the raw record is written"),
        ("raw.", "the path after `raw.` is missing"),
        ("a[].b", "`[]` (any element) cannot be asked of a raw record"),
    ] {
        let error = meaning(name).unwrap_err().explain("");
        assert!(error.starts_with(expected), "{name}: {error}");
    }
    let long = "x".repeat(10_000);
    assert!(meaning(&long).is_err());
}

#[test]
fn a_misspelt_path_is_doubted() {
    assert_eq!(
        doubt("src_endpoint.ipp", SOURCES).unwrap(),
        "`src_endpoint.ipp` is looked up in the raw record; there is also `src_endpoint.ip`"
    );
    assert_eq!(doubt("requestParameters.bucketName", SOURCES), None);
}

#[test]
fn no_short_name_hides_another_name() {
    for (index, (short, columns)) in SHORT_NAMES.iter().enumerate() {
        assert_eq!(Column::by_name(short), None, "{short} is a column");
        assert_eq!(Column::by_ocsf_path(short), None, "{short} is an OCSF path");
        assert!(!columns.is_empty());
        assert!(SHORT_NAMES[..index].iter().all(|(other, _)| other < short), "{short}: order");
    }
}
