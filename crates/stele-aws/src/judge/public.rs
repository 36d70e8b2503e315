//! Whether a bucket is open to the public, by its policy or its grants.

use serde_json::Value;

use super::policy::{name, statements, texts};
use crate::collect::s3::{Block, Grant, Sink};
use crate::fact::{Fact, Unread};

/// Groups that everybody is in, or everybody with any AWS account.
const PUBLIC_GROUPS: &[&str] = &[
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
];

/// Conditions that keep the public out when their values name somebody.
const NARROWING: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// What opens the bucket, if anything does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Openness {
    /// Nothing.
    Closed,
    /// Something would, but the public access block keeps it from having an effect.
    Blocked(String),
    /// This does.
    Open(String),
    /// It cannot be said.
    Unread(Unread),
}

/// Judges a bucket by what was read of it and the block of its account.
pub fn openness(sink: &Sink, account_block: &Fact<Block>) -> Openness {
    let by_policy = match &sink.policy {
        Fact::Known(policy) => Ok(open_statement(policy)),
        Fact::Absent => Ok(None),
        Fact::Unknown(reason) => Err(reason),
    };
    let by_grant = match &sink.grants {
        Fact::Known(grants) => Ok(open_grant(grants)),
        Fact::Absent => Ok(None),
        Fact::Unknown(reason) => Err(reason),
    };
    let policies_blocked = blocked(&sink.block, account_block, |b| b.restrict_public_buckets);
    let grants_blocked = blocked(&sink.block, account_block, |b| b.ignore_public_acls);
    let judged = [(by_policy, policies_blocked), (by_grant, grants_blocked)];
    let (mut shut, mut unread) = (None, None);
    for (opened, blocked) in judged {
        match (opened, blocked) {
            // What is blocked need not be known.
            (Ok(None), _) | (Err(_), Ok(true)) => {}
            (Ok(Some(what)), Ok(true)) => shut = Some(what),
            (Ok(Some(what)), Ok(false)) => return Openness::Open(what),
            (Err(reason), _) => unread = Some(reason.clone()),
            (Ok(Some(_)), Err(reason)) => unread = Some(reason),
        }
    }
    match (unread, shut) {
        (Some(reason), _) => Openness::Unread(reason),
        (None, Some(what)) => Openness::Blocked(what),
        (None, None) => Openness::Closed,
    }
}

fn blocked(
    own: &Fact<Block>,
    account: &Fact<Block>,
    field: impl Fn(&Block) -> bool,
) -> Result<bool, Unread> {
    let on = |fact: &Fact<Block>| fact.known().is_some_and(&field);
    match (on(own) || on(account), own.unread().or_else(|| account.unread())) {
        (true, _) => Ok(true),
        (false, Some(reason)) => Err(reason.clone()),
        (false, None) => Ok(false),
    }
}

fn open_grant(grants: &[Grant]) -> Option<String> {
    let open = grants.iter().find(|grant| PUBLIC_GROUPS.contains(&grant.grantee.uri.as_str()))?;
    let group = open.grantee.uri.rsplit('/').next().unwrap_or_default();
    Some(format!("its ACL grants {} to {group}", open.permission))
}

fn open_statement(policy: &Value) -> Option<String> {
    let open = statements(policy).iter().find(|statement| {
        statement["Effect"].as_str() == Some("Allow")
            && (anybody(&statement["Principal"]) || !statement["NotPrincipal"].is_null())
            && !narrowed(statement)
    })?;
    Some(format!("its policy lets anybody in (statement {})", name(open)))
}

fn anybody(principal: &Value) -> bool {
    principal.as_str() == Some("*") || texts(&principal["AWS"]).contains(&"*")
}

fn narrowed(statement: &Value) -> bool {
    let conditions = statement["Condition"].as_object();
    conditions.into_iter().flatten().any(|(operator, keys)| {
        let operator = operator.rsplit(':').next().unwrap_or(operator);
        let positive = ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];
        positive.contains(&operator)
            && keys.as_object().into_iter().flatten().any(|(key, values)| {
                NARROWING.contains(&key.to_lowercase().as_str())
                    && texts(values).iter().all(|value| !is_everything(value))
            })
    })
}

/// A value that keeps nobody out.
fn is_everything(value: &str) -> bool {
    value.chars().all(|c| "*?".contains(c))
        || ["0.0.0.0/0", "::/0", "0.0.0.0/1"].contains(&value)
        || value.starts_with("arn:aws:*")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(policy: Value, grant: &str, block: &Block) -> Openness {
        let grant = json!([{"Grantee": {"URI": grant}, "Permission": "READ"}]);
        let sink = Sink {
            policy: Fact::Known(policy),
            grants: Fact::Known(serde_json::from_value(grant).unwrap()),
            block: Fact::Known(block.clone()),
            ..Sink::default()
        };
        openness(&sink, &Fact::Absent)
    }

    #[test]
    fn open_is_what_reaches_the_public() {
        let none = Block::default();
        let both = Block { ignore_public_acls: true, restrict_public_buckets: true };
        let allow = |principal: Value, condition: Value| {
            json!({"Statement": {"Sid": "A", "Effect": "Allow", "Principal": principal,
                "Action": "s3:GetObject", "Resource": "*", "Condition": condition}})
        };
        let org = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
        let ip = json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}});
        let closed = allow(json!({"AWS": "arn:aws:iam::1:root"}), json!({}));
        let anybody = allow(json!("*"), json!({}));
        assert_eq!(judge(closed.clone(), "", &none), Openness::Closed);
        assert_eq!(judge(allow(json!({"AWS": "*"}), org), "", &none), Openness::Closed);
        assert!(matches!(judge(anybody.clone(), "", &none), Openness::Open(_)));
        assert!(matches!(judge(allow(json!("*"), ip), "", &none), Openness::Open(_)));
        assert!(matches!(judge(anybody, "", &both), Openness::Blocked(_)));
        assert!(matches!(judge(closed.clone(), PUBLIC_GROUPS[0], &none), Openness::Open(_)));
        assert!(matches!(judge(closed, PUBLIC_GROUPS[1], &both), Openness::Blocked(_)));
    }

    #[test]
    fn what_was_not_read_is_not_guessed() {
        let reason = Unread::failed("x");
        let sink = Sink {
            policy: Fact::Unknown(reason.clone()),
            grants: Fact::Absent,
            block: Fact::Absent,
            ..Sink::default()
        };
        assert_eq!(openness(&sink, &Fact::Absent), Openness::Unread(reason));
        let block = Block { ignore_public_acls: true, restrict_public_buckets: true };
        assert_eq!(openness(&sink, &Fact::Known(block)), Openness::Closed);
    }
}
