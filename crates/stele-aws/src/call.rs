//! The one way to AWS: a call goes in, an answer or a reason comes out.
//!
//! [`Aws`] has two implementations: [`crate::client::HttpAws`] asks AWS, [`crate::replay::Replay`]
//! answers from a recording. Everything above them cannot tell the difference.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::operation::Operation;

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is asked.
    pub operation: &'static Operation,
    /// The region that is asked.
    pub region: String,
    /// The parameters, by the API's own names.
    pub params: Map<String, Value>,
}

impl Call {
    /// Whether it may be made again when nobody knows whether it was done: a read, a write that
    /// comes to the same when it is made twice, or one with a token by which AWS knows it again.
    pub fn repeatable(&self) -> bool {
        let row = &self.operation.row;
        let token = self.params.get(&row.client_token).and_then(Value::as_str);
        self.operation.reads() || row.idempotent || token.is_some_and(|token| !token.is_empty())
    }
}

/// Answers calls of one account.
#[async_trait]
pub trait Aws: Send + Sync + std::fmt::Debug {
    /// Makes one call, one page of it where there are pages.
    ///
    /// # Errors
    /// What AWS refused, or why it could not be asked.
    async fn call(&self, call: &Call) -> Result<Value, CallError>;
}

/// What a caller can do about a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The permission is missing, or the credentials are not accepted.
    Denied,
    /// Too many requests, to the last attempt.
    Throttled,
    /// The endpoint does not know the call.
    Unsupported,
    /// No answer in time, or nobody there.
    Timeout,
    /// AWS says that there is no such thing; that is a fact more often than a failure.
    NotFound,
    /// AWS refused for another reason, or its answer cannot be read.
    Other,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call} in {region}: {code}: {message}")]
pub struct CallError {
    /// `service:Operation`.
    pub call: String,
    /// Where.
    pub region: String,
    /// What to do about it.
    pub failure: Failure,
    /// AWS's code, as `AccessDeniedException`, or one of ours in lower case.
    pub code: String,
    /// AWS's text, shortened.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// Codes that say that the caller may not.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "AuthorizationError",
    "AuthorizationErrorException",
    "ExpiredToken",
    "ExpiredTokenException",
    "Forbidden",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "SubscriptionRequiredException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Codes that ask to wait.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    "WAFLimitsExceededException",
];

/// Codes of an endpoint that does not know the operation.
const UNSUPPORTED: &[&str] = &[
    "InvalidAction",
    "NotImplemented",
    "UnknownOperation",
    "UnknownOperationException",
    "UnsupportedOperation",
    "UnsupportedOperationException",
];

/// Codes that say that there is none, and do not look like it. `InvalidAccessException` is what
/// Security Hub answers where it is not switched on; what may not be asked is `AccessDenied…`.
const ABSENT: &[&str] = &[
    "AWSOrganizationsNotInUseException",
    "InsightNotEnabledException",
    "InvalidAccessException",
    "WAFNonexistentItemException",
];

impl Failure {
    /// What a code and an HTTP status come to.
    pub fn of(code: &str, status: u16) -> Self {
        let code = code.strip_prefix("Client.").unwrap_or(code);
        if DENIED.contains(&code) {
            return Self::Denied;
        }
        if THROTTLED.contains(&code) || status == 429 {
            return Self::Throttled;
        }
        if UNSUPPORTED.contains(&code) || status == 501 {
            return Self::Unsupported;
        }
        let absent = ["NotFound", "NoSuch", "DoesNotExist"];
        if absent.iter().any(|part| code.contains(part)) || ABSENT.contains(&code) {
            return Self::NotFound;
        }
        match status {
            401 | 403 => Self::Denied,
            _ => Self::Other,
        }
    }
}

impl CallError {
    /// A failure of this call.
    pub fn new(call: &Call, failure: Failure, code: &str, message: impl Into<String>) -> Self {
        const MESSAGE_CHARS_MAX: usize = 300;
        let message: String = message.into();
        Self {
            call: call.operation.id(),
            region: call.region.clone(),
            failure,
            code: code.to_owned(),
            message: message.chars().take(MESSAGE_CHARS_MAX).collect(),
            attempts: 1,
        }
    }

    /// What somebody can do about it, where that is known.
    pub fn hint(&self) -> String {
        let permission = crate::operation::find(&self.call)
            .map_or_else(|| self.call.clone(), |operation| operation.permission.clone());
        match (self.failure, self.code.as_str()) {
            (_, "RequestTimeTooSkewed" | "RequestExpired") => {
                "set the clock of this machine".to_owned()
            }
            (Failure::Denied, code) if code.contains("Expired") => {
                "the credentials have expired; get new ones".to_owned()
            }
            (Failure::Denied, code) if code.contains("Token") || code.contains("AccessKey") => {
                "the credentials are not accepted; look at `aws sts get-caller-identity`".to_owned()
            }
            (Failure::Denied, "OptInRequired" | "SubscriptionRequiredException") => {
                "the region or the service is not switched on for the account".to_owned()
            }
            (Failure::Denied, code) if code != "NoCredentials" => format!("allow {permission}"),
            (Failure::Throttled, _) => "try again later, or with a lower --concurrency".to_owned(),
            (Failure::Unsupported, _) => {
                "the endpoint does not know this call; is it AWS, and the right region?".to_owned()
            }
            (Failure::Timeout, _) => "is the endpoint reachable from here?".to_owned(),
            // The message says it.
            (Failure::Denied | Failure::NotFound | Failure::Other, _) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_made_twice() {
        for (id, params, expected) in [
            ("cloudtrail:DescribeTrails", serde_json::json!({}), true),
            ("cloudtrail:StartLogging", serde_json::json!({"Name": "t"}), true),
            ("cloudtrail:CreateTrail", serde_json::json!({"Name": "t"}), false),
            ("ec2:CreateFlowLogs", serde_json::json!({}), false),
            ("ec2:CreateFlowLogs", serde_json::json!({"ClientToken": ""}), false),
            ("ec2:CreateFlowLogs", serde_json::json!({"ClientToken": "t-1"}), true),
        ] {
            let operation = crate::operation::find(id).unwrap();
            let params = params.as_object().unwrap().clone();
            let call = Call { operation, region: "eu-west-1".to_owned(), params };
            assert_eq!(call.repeatable(), expected, "{id} {:?}", call.params);
        }
    }

    #[test]
    fn codes_come_to_what_can_be_done() {
        for (code, status, expected) in [
            ("AccessDenied", 403, Failure::Denied),
            ("Client.UnauthorizedOperation", 403, Failure::Denied),
            ("http-403", 403, Failure::Denied),
            ("Throttling", 400, Failure::Throttled),
            ("http-429", 429, Failure::Throttled),
            ("InvalidAction", 400, Failure::Unsupported),
            ("NoSuchBucketPolicy", 404, Failure::NotFound),
            ("InsightNotEnabledException", 400, Failure::NotFound),
            ("InvalidAccessException", 401, Failure::NotFound),
            ("WAFNonexistentItemException", 400, Failure::NotFound),
            ("CloudTrailAccessNotEnabledException", 400, Failure::Other),
            ("http-404", 404, Failure::Other),
            ("InternalFailure", 500, Failure::Other),
        ] {
            assert_eq!(Failure::of(code, status), expected, "{code} {status}");
        }
    }
}
