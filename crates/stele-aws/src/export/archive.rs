//! The policy of a bucket in an archive account, for those who keep it: not part of any stack of
//! the accounts that write to it.

use serde_json::{Value, json};

/// A bucket in another account that several accounts write their logs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The bucket.
    pub bucket: String,
    /// The accounts whose logs it takes.
    pub accounts: Vec<String>,
    /// The organisation's id, `o-…`, for an organisation trail; empty where there is none.
    pub organization: String,
}

/// Who may write into an archive: CloudTrail, AWS Config and AWS's log delivery, for the accounts
/// named and no others; and nobody without TLS.
pub fn archive_policy(archive: &Archive) -> Value {
    let Archive { partition, bucket, accounts, organization } = archive;
    let arn = format!("arn:{partition}:s3:::{bucket}");
    let mut below: Vec<String> =
        accounts.iter().map(|account| format!("{arn}/AWSLogs/{account}/*")).collect();
    if !organization.is_empty() {
        below.push(format!("{arn}/AWSLogs/{organization}/*"));
    }
    let services =
        ["cloudtrail.amazonaws.com", "config.amazonaws.com", "delivery.logs.amazonaws.com"];
    let from = json!({"aws:SourceAccount": accounts});
    let owned = json!({"aws:SourceAccount": accounts, "s3:x-amz-acl": "bucket-owner-full-control"});
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "SteleLogArchiveLook", "Effect": "Allow", "Principal": {"Service": services},
            "Action": ["s3:GetBucketAcl", "s3:ListBucket"], "Resource": arn,
            "Condition": {"StringEquals": from}},
        {"Sid": "SteleLogArchiveWrite", "Effect": "Allow", "Principal": {"Service": services},
            "Action": "s3:PutObject", "Resource": below,
            "Condition": {"StringEquals": owned}},
        {"Sid": "SteleLogArchiveTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]})
}
