//! Resource policies: whether a service may do something, decided three-valued.
//!
//! A condition about something that is not known makes a statement unclear, and an unclear
//! statement never decides. What AWS services send with their writes is known (their names, the
//! account they write for, the ACL, TLS).

use serde_json::Value;

use crate::arn;

/// Who asks for what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Principals by which the writer is known, each `Service:…` or `AWS:…`.
    pub principals: &'a [&'a str],
    /// As `s3:PutObject`.
    pub action: &'a str,
    /// The ARN of the object or group.
    pub resource: &'a str,
    /// What is known about the request: keys in lower case.
    pub context: &'a [(&'a str, &'a str)],
}

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A statement allows it and none denies it; whether it names the account it allows it for.
    Allowed {
        /// A condition on the source account or ARN stands in it.
        guarded: bool,
    },
    /// A statement denies it: its name.
    Denied(String),
    /// Nothing allows it.
    NotAllowed,
    /// It depends on something that is not known: the condition.
    Unclear(String),
}

/// A condition's outcome, or a statement's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Three {
    Yes,
    No,
    Maybe(String),
}

/// Evaluates a policy.
pub fn evaluate(policy: &Value, request: &Request<'_>) -> Access {
    let (mut allowed, mut guarded, mut unclear) = (false, false, None);
    let mut maybe_denied = None;
    for statement in statements(policy) {
        let applies = applies(statement, request);
        let denies = statement["Effect"].as_str() == Some("Deny");
        match (denies, applies) {
            (_, Three::No) => {}
            (true, Three::Yes) => return Access::Denied(name(statement)),
            (true, Three::Maybe(why)) => maybe_denied = Some(why),
            (false, Three::Yes) => {
                allowed = true;
                guarded |= is_guarded(statement);
            }
            (false, Three::Maybe(why)) => unclear = Some(why),
        }
    }
    match (allowed, maybe_denied, unclear) {
        (true, None, _) => Access::Allowed { guarded },
        (_, Some(why), _) if allowed => Access::Unclear(why),
        (false, _, Some(why)) => Access::Unclear(why),
        _ => Access::NotAllowed,
    }
}

/// The statements of a policy; a single one may stand without a list.
pub fn statements(policy: &Value) -> &[Value] {
    match &policy["Statement"] {
        Value::Array(statements) => statements,
        Value::Null => &[],
        single => std::slice::from_ref(single),
    }
}

/// The name of a statement, for people.
pub fn name(statement: &Value) -> String {
    statement["Sid"].as_str().unwrap_or("without a Sid").to_owned()
}

/// One text or many.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => vec![text],
        _ => Vec::new(),
    }
}

fn is_guarded(statement: &Value) -> bool {
    let conditions = statement["Condition"].as_object();
    conditions.into_iter().flatten().any(|(_, keys)| {
        keys.as_object().into_iter().flatten().any(|(key, _)| {
            ["aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"]
                .contains(&key.to_lowercase().as_str())
        })
    })
}

fn applies(statement: &Value, request: &Request<'_>) -> Three {
    if !statement["NotPrincipal"].is_null() {
        return Three::Maybe("NotPrincipal".to_owned());
    }
    let principal = &statement["Principal"];
    let named = principal.as_str() == Some("*")
        || principal.as_object().into_iter().flatten().any(|(kind, who)| {
            texts(who).iter().any(|who| {
                *who == "*" || request.principals.contains(&format!("{kind}:{who}").as_str())
            })
        });
    let action = one_of(statement, "Action", request.action, true);
    let resource = one_of(statement, "Resource", request.resource, false);
    if !(named && action && resource) {
        return Three::No;
    }
    let mut outcome = Three::Yes;
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            match condition(operator, key, &texts_of_any(values), request.context) {
                Three::No => return Three::No,
                Three::Maybe(why) => outcome = Three::Maybe(why),
                Three::Yes => {}
            }
        }
    }
    outcome
}

/// Whether `Action` or `NotAction` (or `Resource`) takes a value in.
fn one_of(statement: &Value, field: &str, value: &str, any_case: bool) -> bool {
    let fold = |text: &str| if any_case { text.to_lowercase() } else { text.to_owned() };
    let value = fold(value);
    let hit = |patterns: &Value| {
        texts(patterns).iter().any(|pattern| arn::matches(&fold(pattern), &value))
    };
    let not = &statement[format!("Not{field}")];
    if not.is_null() { hit(&statement[field]) } else { !hit(not) }
}

fn texts_of_any(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        single => vec![text(single)],
    }
}

fn condition(operator: &str, key: &str, values: &[String], context: &[(&str, &str)]) -> Three {
    let lower = key.to_lowercase();
    let unclear = || Three::Maybe(format!("{operator} {key}"));
    let Some((_, known)) = context.iter().find(|(known, _)| *known == lower) else {
        return unclear();
    };
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let plain = |pattern: &String| pattern == known;
    let like = |pattern: &String| arn::matches(pattern, known);
    let folded = |pattern: &String| pattern.eq_ignore_ascii_case(known);
    let hit = match operator {
        "StringEquals" => values.iter().any(plain),
        "StringNotEquals" => !values.iter().any(plain),
        "StringEqualsIgnoreCase" | "Bool" => values.iter().any(folded),
        "StringLike" | "ArnLike" | "ArnEquals" => values.iter().any(like),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !values.iter().any(like),
        "Null" => values.iter().any(|value| value == "false"),
        _ => return unclear(),
    };
    if hit { Three::Yes } else { Three::No }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(statements: &Value) -> Access {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let request = Request {
            principals: &["Service:cloudtrail.amazonaws.com"],
            action: "s3:PutObject",
            resource: "arn:aws:s3:::logs/AWSLogs/1/CloudTrail/x",
            context: &[
                ("s3:x-amz-acl", "bucket-owner-full-control"),
                ("aws:sourceaccount", "1"),
                ("aws:securetransport", "true"),
            ],
        };
        evaluate(&policy, &request)
    }

    fn allow(resource: &str, condition: &Value) -> Value {
        json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": resource, "Condition": condition})
    }

    #[test]
    fn statements_are_put_together_as_iam_does() {
        let all = "arn:aws:s3:::logs/AWSLogs/*";
        let acl = json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}});
        let account = json!({"StringEquals": {"AWS:SourceAccount": ["1", "2"]}});
        let tls = json!({"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        let lock = json!({"Sid": "Lock", "Effect": "Deny", "Principal": "*",
            "NotAction": ["s3:Get*"], "Resource": "*"});
        let key = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}});
        let elsewhere = json!({"StringEquals": {"aws:SourceAccount": "9"}});
        for (statements, expected) in [
            (json!([]), Access::NotAllowed),
            (json!(allow(all, &acl)), Access::Allowed { guarded: false }),
            (json!([allow(all, &account), tls]), Access::Allowed { guarded: true }),
            (json!([allow("arn:aws:s3:::logs/other/*", &acl)]), Access::NotAllowed),
            (json!([allow(all, &elsewhere)]), Access::NotAllowed),
            (json!([allow(all, &acl), lock]), Access::Denied("Lock".to_owned())),
            (
                json!([allow(all, &acl), key]),
                Access::Unclear("StringNotEquals s3:x-amz-server-side-encryption".to_owned()),
            ),
        ] {
            assert_eq!(ask(&statements), expected, "{statements}");
        }
    }
}
