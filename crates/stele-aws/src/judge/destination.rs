//! Whether a destination exists and takes what is written to it: one function for all checks.

use super::policy::{Access, Request, evaluate};
use crate::collect::s3::Standing;
use crate::fact::{Fact, Unread};
use crate::inventory::Inventory;

/// Who writes what, where.
#[derive(Debug, Clone)]
pub struct Writer<'a> {
    /// Principals by which the writer is known, each `Service:…` or `AWS:…`.
    pub principals: &'a [&'a str],
    /// The key of a file as it would be written.
    pub key: String,
    /// The ARN of the thing that is logged, where AWS sends it along.
    pub source_arn: Option<&'a str>,
}

/// What can be said about a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    /// It takes what is written; perhaps with advice.
    Takes(Option<String>),
    /// It does not: code and reason.
    Refuses(&'static str, String),
    /// It cannot be said.
    Unread(Unread),
}

/// Judges a bucket.
pub fn bucket(inventory: &Inventory, name: &str, writer: &Writer<'_>) -> Taking {
    let Some(sink) = inventory.sinks.get(name) else {
        return Taking::Unread(Unread::not_read());
    };
    match &sink.standing {
        Fact::Known(Standing::Own) => {}
        Fact::Known(Standing::Foreign) => {
            let text = format!("bucket `{name}` belongs to an account that is not assessed");
            return Taking::Unread(Unread::out_of_scope(text));
        }
        Fact::Absent => {
            return Taking::Refuses("no-bucket", format!("there is no bucket `{name}`"));
        }
        Fact::Unknown(reason) => return Taking::Unread(reason.clone()),
    }
    let policy = match &sink.policy {
        Fact::Known(policy) => policy.clone(),
        Fact::Absent => serde_json::Value::Null,
        Fact::Unknown(reason) => return Taking::Unread(reason.clone()),
    };
    let mut context = vec![
        ("s3:x-amz-acl", "bucket-owner-full-control"),
        ("aws:securetransport", "true"),
        ("aws:sourceaccount", inventory.account.as_str()),
        ("aws:principalisawsservice", "true"),
    ];
    if let Some(arn) = writer.source_arn {
        context.push(("aws:sourcearn", arn));
    }
    let resource = format!("arn:{}:s3:::{name}/{}", inventory.partition, writer.key);
    let request = Request {
        principals: writer.principals,
        action: "s3:PutObject",
        resource: &resource,
        context: &context,
    };
    let who = writer.principals.first().and_then(|who| who.split_once(':')).map_or("", |w| w.1);
    match evaluate(&policy, &request) {
        Access::Allowed { guarded: true } => Taking::Takes(None),
        Access::Allowed { guarded: false } => Taking::Takes(Some(format!(
            "the policy of `{name}` lets {who} write for any account; \
             `aws:SourceAccount` would narrow it"
        ))),
        Access::Denied(statement) => Taking::Refuses(
            "denied",
            format!("the policy of bucket `{name}` denies {who} to write (statement {statement})"),
        ),
        Access::NotAllowed => Taking::Refuses(
            "not-allowed",
            format!("the policy of bucket `{name}` does not let {who} write `{}`", writer.key),
        ),
        Access::Unclear(condition) => Taking::Unread(Unread::failed(format!(
            "whether the policy of bucket `{name}` lets {who} write depends on `{condition}`"
        ))),
    }
}

/// Judges whether a log group exists in a region.
pub fn group(inventory: &Inventory, region: &str, name: &str) -> Taking {
    let Some(region_facts) = inventory.region(region) else {
        let text = format!("region {region} is not assessed");
        return Taking::Unread(Unread::out_of_scope(text));
    };
    match region_facts.groups.items() {
        Err(reason) => Taking::Unread(reason.clone()),
        Ok(groups) if groups.iter().any(|group| group.log_group_name == name) => {
            Taking::Takes(None)
        }
        Ok(_) => Taking::Refuses("no-group", format!("there is no log group `{name}`")),
    }
}

/// Judges a log group by its ARN, which may be another account's.
pub fn group_arn(inventory: &Inventory, arn: &str) -> Taking {
    if crate::arn::account(arn) != inventory.account {
        let text = format!("log group `{arn}` belongs to an account that is not assessed");
        return Taking::Unread(Unread::out_of_scope(text));
    }
    match crate::arn::log_group(arn) {
        Some(name) => group(inventory, crate::arn::region(arn), name),
        None => Taking::Unread(Unread::failed(format!("`{arn}` is no log group"))),
    }
}
