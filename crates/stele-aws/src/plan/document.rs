//! Policy documents: statements are added, and all else stays as it is.
//!
//! Own statements are known by their `Sid`, which begins with `SteleLog`; one with the same `Sid`
//! is replaced, others are never touched.

use serde_json::{Value, json};

use super::change::Refusal;
use super::short_hash;

/// The beginning of the names of our statements.
pub const OWN: &str = "SteleLog";

/// Bytes of a bucket's policy (S3 user guide, "Bucket policy limits": 20 KB).
pub const BUCKET_POLICY_BYTES_MAX: usize = 20 * 1024;

/// Bytes of a policy of log groups (CloudWatch Logs quotas: 5120 characters).
pub const LOG_POLICY_BYTES_MAX: usize = 5120;

/// Bytes of the policy of a key (KMS quotas: 32 KB).
pub const KEY_POLICY_BYTES_MAX: usize = 32 * 1024;

/// A text as a part of a `Sid`, which has letters and digits only: where those do not say it all,
/// eight digits of its hash tell it from others.
pub fn sid_part(text: &str) -> String {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    if letters == text { letters } else { format!("{letters}{}", short_hash(text)) }
}

/// Adds statements to a policy; an empty text is an empty policy.
///
/// # Errors
/// The policy is no JSON, or would be too long for AWS.
pub fn with_statements(
    text: &str,
    statements: &[Value],
    bytes_max: usize,
) -> Result<String, Refusal> {
    // Many findings ask for the same; what stands there word for word need not be read again.
    let says = |statement: &Value| text.contains(&statement.to_string());
    if !statements.is_empty() && statements.iter().all(says) {
        return Ok(text.to_owned());
    }
    let mut policy = if text.is_empty() {
        json!({"Version": "2012-10-17", "Statement": []})
    } else {
        serde_json::from_str(text).map_err(|error| Refusal {
            code: "unreadable",
            reason: format!("the policy that is there is no JSON: {error}"),
            choices: vec!["put the policy right by hand, and plan again".to_owned()],
        })?
    };
    let mut all = match policy.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(Value::Object(one)) => vec![Value::Object(one.clone())],
        _ => Vec::new(),
    };
    for statement in statements {
        match all.iter_mut().find(|other| other["Sid"] == statement["Sid"]) {
            Some(same) => *same = statement.clone(),
            None => all.push(statement.clone()),
        }
    }
    policy["Statement"] = Value::Array(all);
    let text = policy.to_string();
    if text.len() > bytes_max {
        return Err(Refusal {
            code: "policy-full",
            reason: format!(
                "with the statements that are needed the policy would have {} bytes; AWS takes \
                 {bytes_max}",
                text.len()
            ),
            choices: vec![
                "put statements of the policy together by hand, and plan again".to_owned(),
                "let the log go to a destination of its own".to_owned(),
            ],
        });
    }
    Ok(text)
}

/// Whether two texts are the same policy.
pub fn same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || parsed(one).is_some_and(|one| Some(one) == parsed(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_added_and_all_else_stays() {
        let foreign = json!({"Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        let own = json!({"Sid": "SteleLogTrail", "Effect": "Allow", "Action": "s3:PutObject"});
        for there in [
            json!({"Version": "2008-10-17", "Id": "x", "Statement": [foreign]}),
            json!({"Version": "2008-10-17", "Id": "x", "Statement": foreign}),
        ] {
            let text =
                with_statements(&there.to_string(), std::slice::from_ref(&own), 20_480).unwrap();
            let merged: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(merged["Version"], "2008-10-17");
            assert_eq!(merged["Id"], "x");
            assert_eq!(merged["Statement"], json!([foreign, own]));
            // Once more changes nothing.
            assert_eq!(with_statements(&text, std::slice::from_ref(&own), 20_480).unwrap(), text);
        }
        let new = with_statements("", std::slice::from_ref(&own), 20_480).unwrap();
        assert!(same(&new, &json!({"Statement": [own], "Version": "2012-10-17"}).to_string()));
    }

    #[test]
    fn places_with_the_same_letters_have_statements_of_their_own() {
        assert_eq!(sid_part("logs"), "logs");
        assert_eq!(sid_part(""), "");
        let parts = ["ab", "a/b", "a-b", "/a/b"].map(sid_part);
        for (place, part) in parts.iter().enumerate() {
            assert!(part.chars().all(|letter| letter.is_ascii_alphanumeric()), "{part}");
            assert!(!parts[..place].contains(part), "{part}");
        }
    }

    #[test]
    fn a_policy_that_would_be_too_long_is_refused() {
        let long = json!({"Version": "2012-10-17", "Statement": [{"Sid": "x".repeat(20_430)}]});
        let refused = with_statements(&long.to_string(), &[json!({"Sid": "SteleLog1"})], 20_480);
        assert_eq!(refused.unwrap_err().code, "policy-full");
        assert_eq!(with_statements("{", &[], 20_480).unwrap_err().code, "unreadable");
    }
}
