//! Where the columns stand in a document, and which products wrote it.
//!
//! Mostly that is the path in the table of columns. Here is what OCSF's classes ask for beyond it:
//! other paths for a column where a class has not that one, and what of an event may truthfully
//! stand for an object that its class requires.

use crate::columns::Column;

/// The paths at which a column's value may stand; the first that takes it gets it.
pub(super) fn paths(column: Column, class_uid: i32, is_inbound: bool) -> &'static [&'static str] {
    // `api` is there for calls; that a packet was accepted is none.
    let is_network = (4_000..5_000).contains(&class_uid);
    match column {
        Column::HostName => &["device.ip", "device.hostname", "device.name"],
        Column::SrcIp => &["src_endpoint.ip", "src_endpoint.name"],
        Column::DstIp => &["dst_endpoint.ip", "dst_endpoint.name"],
        Column::InterfaceUid if is_inbound => {
            &["dst_endpoint.interface_uid", "src_endpoint.interface_uid"]
        }
        Column::VpcUid if is_inbound => &["dst_endpoint.vpc_uid", "src_endpoint.vpc_uid"],
        Column::Operation if is_network => &[],
        Column::Service if is_network => &["dst_endpoint.svc_name"],
        Column::Service => &["api.service.name", "service.name", "app.name"],
        Column::RequestUid if is_network => &["http_request.uid"],
        Column::RequestUid => &["api.request.uid", "http_request.uid"],
        Column::TraceUid => &["trace.uid"],
        Column::Truncated => &["metadata.is_truncated"],
        Column::ProcessName => &["process.name", "app.name"],
        _ if is_put_elsewhere(column) => &[],
        _ => COLUMN_PATHS[column as usize].as_slice(),
    }
}

/// Columns that [`super::derive`] knows by name.
fn is_put_elsewhere(column: Column) -> bool {
    matches!(
        column,
        Column::ClassUid
            | Column::CategoryUid
            | Column::ActivityId
            | Column::TypeUid
            | Column::Time
            | Column::TimeEnd
            | Column::ObservedTime
            | Column::IngestTime
            | Column::ResourceUid
            | Column::ResourceUids
            | Column::Attrs
            | Column::Unmapped
            | Column::Raw
    )
}

/// For each column the path in the table of columns, if it has one.
static COLUMN_PATHS: [OwnPath; crate::columns::COLUMN_COUNT] = own_paths();

#[derive(Clone, Copy)]
struct OwnPath([&'static str; 1]);

impl OwnPath {
    fn as_slice(&self) -> &[&'static str] {
        if self.0[0].is_empty() { &[] } else { &self.0 }
    }
}

const fn own_paths() -> [OwnPath; crate::columns::COLUMN_COUNT] {
    let mut paths = [OwnPath([""]); crate::columns::COLUMN_COUNT];
    let mut index = 0;
    while index < paths.len() {
        paths[index] = OwnPath([crate::columns::COLUMNS[index].ocsf]);
        index += 1;
    }
    paths
}

/// What may truthfully stand for an object that is not filled otherwise.
#[derive(Debug)]
pub(super) struct Fallback {
    /// The classes that it is for; empty for all.
    pub(super) class_uids: &'static [i32],
    /// It is left out if one of these is there already.
    pub(super) unless: &'static [&'static str],
    /// The values that it is made of; each is put if its column has one.
    pub(super) parts: &'static [(&'static str, Column)],
}

const fn fallback(
    class_uids: &'static [i32],
    unless: &'static [&'static str],
    parts: &'static [(&'static str, Column)],
) -> Fallback {
    Fallback { class_uids, unless, parts }
}

/// In the order in which they are tried.
pub(super) static FALLBACKS: &[Fallback] = &[
    // AWS's principal id, where there is neither a name nor an ARN.
    fallback(&[], &["actor.user"], &[("actor.user.uid", Column::UserUidAlt)]),
    // Who logs in is the one who acts, unless the record names somebody else.
    fallback(
        &[3_002],
        &["user"],
        &[
            ("user.name", Column::UserName),
            ("user.uid", Column::UserUid),
            ("user.uid_alt", Column::UserUidAlt),
            ("user.type", Column::UserType),
            ("user.credential_uid", Column::CredentialUid),
            ("user.account.uid", Column::UserAccountUid),
        ],
    ),
    fallback(&[3_002], &["user"], &[("user.uid", Column::UserUidAlt)]),
    fallback(&[3_002], &["user"], &[("user.name", Column::InvokedBy)]),
    fallback(&[3_002], &["is_mfa"], &[("is_mfa", Column::IsMfa)]),
    fallback(&[3_002], &["service"], &[("service.name", Column::Service)]),
    // What is logged into is then the program that wrote the log, whoever delivered it, or the
    // application that the format is named after.
    fallback(&[3_002], LOGIN_TARGET, &[("service.name", Column::ProcessName)]),
    fallback(&[3_002], LOGIN_TARGET, &[("service.name", Column::Source)]),
    fallback(&[3_002], LOGIN_TARGET, &[("service.name", Column::SourceType)]),
    // A change that names no user is at least one of a user of that account.
    fallback(&[3_001], &["user"], &[("user.account.uid", Column::UserAccountUid)]),
    fallback(&[3_001], &["user"], &[("user.account.uid", Column::AccountUid)]),
    fallback(&[3_004], &["entity"], &[("entity.uid", Column::ResourceUid)]),
    // A bucket is OCSF's word for whatever holds data.
    fallback(
        &[6_005],
        &["database", "databucket", "table"],
        &[("databucket.uid", Column::ResourceUid)],
    ),
    // OCSF: "the client application or service that initiated the activity".
    fallback(&[6_003, 6_005], &["actor"], &[("actor.app_name", Column::UserAgent)]),
    fallback(&[6_003, 6_005], &["src_endpoint"], &[("src_endpoint.svc_name", Column::InvokedBy)]),
];

const LOGIN_TARGET: &[&str] = &["service", "dst_endpoint"];

/// A product that writes logs, by the format that they are read as.
#[derive(Debug)]
pub(super) struct Product {
    source_type: &'static str,
    pub(super) name: &'static str,
    pub(super) vendor: &'static str,
    /// The cloud that it is part of; empty where it is of none.
    pub(super) cloud: &'static str,
}

static PRODUCTS: &[Product] = &[
    Product { source_type: "cloudtrail", name: "CloudTrail", vendor: "AWS", cloud: "AWS" },
    Product { source_type: "stele_finding", name: "Stele", vendor: "Stele", cloud: "AWS" },
    Product { source_type: "vpcflow", name: "VPC Flow Logs", vendor: "AWS", cloud: "AWS" },
];

/// The product whose logs are read as this format, if they are always the same one's.
pub(super) fn product(source_type: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.source_type == source_type)
}
