//! S3: the account's buckets, and for those that logs are written to, what guards them.

use serde::Deserialize;
use serde_json::Value;

use crate::caller::Caller;
use crate::fact::{Fact, Unread, UnreadCode};
use crate::lenient;

/// A bucket of the account.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: Fact<String>,
    /// When it was made, in microseconds; nothing in it is older.
    pub created_micros: Option<i64>,
    /// Where its server access log goes; absent where there is none.
    pub logging: Fact<Logging>,
}

/// A server access log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Logging {
    /// The bucket that it goes to.
    pub target_bucket: String,
    /// And below what.
    pub target_prefix: String,
}

/// A bucket that some log is written to.
#[derive(Debug, Clone, Default)]
pub struct Sink {
    /// Whose it is.
    pub standing: Fact<Standing>,
    /// Its policy.
    pub policy: Fact<Value>,
    /// Whom its list of grants names: groups by address, others left out.
    pub grants: Fact<Vec<Grant>>,
    /// What is kept from the public.
    pub block: Fact<Block>,
    /// `Enabled` or `Suspended`; absent where it never was.
    pub versioning: Fact<String>,
    /// Whether old versions go only with a second factor: `Enabled`; absent where it never was.
    pub mfa_delete: Fact<String>,
    /// Object Lock.
    pub lock: Fact<Lock>,
    /// The encryption that a file gets by itself.
    pub encryption: Fact<Encryption>,
    /// Rules that move and remove files.
    pub lifecycle: Fact<Vec<Rule>>,
}

/// Whose a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The account's own.
    Own,
    /// Another account's.
    Foreign,
}

/// A grant of a bucket's ACL.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Grant {
    /// To whom.
    pub grantee: Grantee,
    /// What.
    pub permission: String,
}

/// Who may do something by ACL.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Grantee {
    /// The address of a group.
    #[serde(rename = "URI")]
    pub uri: String,
}

/// A public access block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Block {
    /// Public grants have no effect.
    #[serde(deserialize_with = "lenient::boolean")]
    pub ignore_public_acls: bool,
    /// Public policies have no effect.
    #[serde(deserialize_with = "lenient::boolean")]
    pub restrict_public_buckets: bool,
}

/// An Object Lock configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Lock {
    /// `Enabled`.
    pub object_lock_enabled: String,
    /// What a new file gets by itself.
    pub rule: Option<LockRule>,
}

/// The rule of an Object Lock.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LockRule {
    /// What a new file gets by itself.
    pub default_retention: Retention,
}

/// A default retention.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: String,
    /// So many days.
    #[serde(deserialize_with = "lenient::number")]
    pub days: Option<i64>,
    /// Or so many years.
    #[serde(deserialize_with = "lenient::number")]
    pub years: Option<i64>,
}

/// Default encryption.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    #[serde(rename = "SSEAlgorithm")]
    pub algorithm: String,
    /// The key of KMS.
    #[serde(rename = "KMSMasterKeyID")]
    pub key: Option<String>,
}

/// A lifecycle rule, as far as it removes files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Rule {
    /// Its name.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// What it is about, in the old form.
    pub prefix: String,
    /// What it is about.
    pub filter: Value,
    /// When files go.
    pub expiration: Option<Expiration>,
    /// When old versions go.
    pub noncurrent_version_expiration: Option<Expiration>,
}

/// When something goes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Expiration {
    /// After so many days.
    #[serde(deserialize_with = "lenient::number")]
    pub days: Option<i64>,
    /// On this day.
    pub date: Option<String>,
    /// Or so many days after it was replaced.
    #[serde(deserialize_with = "lenient::number")]
    pub noncurrent_days: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Listed {
    name: String,
    bucket_region: Option<String>,
    #[serde(deserialize_with = "lenient::time")]
    creation_date: Option<i64>,
}

/// The buckets of the account with their regions.
pub(super) async fn buckets(caller: Caller<'_>) -> Fact<Vec<Bucket>> {
    let listed: Fact<Vec<Listed>> = caller.list("s3:ListBuckets", &[]).await;
    let listed = match listed {
        Fact::Known(listed) => listed,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = listed.into_iter().map(|bucket| async move {
        let region = match bucket.bucket_region {
            Some(region) => Fact::Known(region),
            None => location(caller, &bucket.name).await,
        };
        let (name, created_micros) = (bucket.name, bucket.creation_date);
        Bucket { name, region, created_micros, logging: Fact::default() }
    });
    let mut all = futures::future::join_all(asked).await;
    all.sort_by(|one: &Bucket, other| one.name.cmp(&other.name));
    Fact::Known(all)
}

/// Where a bucket is. AWS says nothing for us-east-1 and `EU` for the oldest of eu-west-1.
async fn location(caller: Caller<'_>, name: &str) -> Fact<String> {
    let answer: Fact<Value> = caller.get("s3:GetBucketLocation", &[("Bucket", name)]).await;
    answer.map(|value| match value["LocationConstraint"].as_str().unwrap_or_default() {
        "" => "us-east-1".to_owned(),
        "EU" => "eu-west-1".to_owned(),
        region => region.to_owned(),
    })
}

/// Where the access log of a bucket goes.
pub(super) async fn logging(caller: Caller<'_>, bucket: &mut Bucket) {
    let region = match &bucket.region {
        Fact::Known(region) => region.clone(),
        Fact::Absent => return bucket.logging = Fact::Absent,
        Fact::Unknown(reason) => return bucket.logging = Fact::Unknown(reason.clone()),
    };
    let named = [("Bucket", bucket.name.as_str())];
    bucket.logging =
        caller.at(&region).member("s3:GetBucketLogging", &named, "LoggingEnabled").await;
}

/// What guards a bucket that logs are written to.
pub(super) async fn sink(caller: Caller<'_>, name: &str, own: Fact<Option<String>>) -> Sink {
    let region = match own {
        Fact::Known(Some(region)) => region,
        Fact::Known(None) | Fact::Absent => return stranger(caller, name).await,
        Fact::Unknown(reason) => return unread(&reason),
    };
    let caller = caller.at(&region);
    let named = [("Bucket", name)];
    let text = caller.member::<String>("s3:GetBucketPolicy", &named, "Policy");
    let grants = caller.member("s3:GetBucketAcl", &named, "AccessControlList");
    let block = caller.member("s3:GetPublicAccessBlock", &named, "PublicAccessBlockConfiguration");
    let versioning = caller.get::<Value>("s3:GetBucketVersioning", &named);
    let lock = caller.member("s3:GetObjectLockConfiguration", &named, "ObjectLockConfiguration");
    let encryption = caller.member::<Vec<Value>>(
        "s3:GetBucketEncryption",
        &named,
        "ServerSideEncryptionConfiguration.Rule",
    );
    let lifecycle = caller.member("s3:GetBucketLifecycleConfiguration", &named, "Rule");
    let (text, grants, block, versioning, lock, encryption, lifecycle) =
        futures::join!(text, grants, block, versioning, lock, encryption, lifecycle);
    let policy = match text {
        Fact::Known(text) => match serde_json::from_str(&text) {
            Ok(policy) => Fact::Known(policy),
            Err(error) => Fact::Unknown(Unread::failed(format!("policy of `{name}`: {error}"))),
        },
        Fact::Absent => Fact::Absent,
        Fact::Unknown(reason) => Fact::Unknown(reason),
    };
    let encryption = encryption.map(|rules| {
        let rule = rules.first().map(|rule| &rule["ApplyServerSideEncryptionByDefault"]);
        rule.and_then(|rule| serde_json::from_value(rule.clone()).ok()).unwrap_or_default()
    });
    let (versioning, mfa_delete) = (word(&versioning, "Status"), word(&versioning, "MfaDelete"));
    let standing = Fact::Known(Standing::Own);
    Sink { standing, policy, grants, block, versioning, mfa_delete, lock, encryption, lifecycle }
}

/// A word in an answer; absent where it lacks it.
fn word(answer: &Fact<Value>, name: &str) -> Fact<String> {
    match answer {
        Fact::Known(value) => match value[name].as_str() {
            Some(word) if !word.is_empty() => Fact::Known(word.to_owned()),
            _ => Fact::Absent,
        },
        Fact::Absent => Fact::Absent,
        Fact::Unknown(reason) => Fact::Unknown(reason.clone()),
    }
}

/// A bucket that is not in the account's list: another's, or nobody's.
async fn stranger(caller: Caller<'_>, name: &str) -> Sink {
    let text = format!("bucket `{name}` is not one of the account's");
    let reason = Unread::out_of_scope(text);
    let standing =
        match caller.quiet().get::<Value>("s3:GetBucketLocation", &[("Bucket", name)]).await {
            Fact::Absent => Fact::Absent,
            Fact::Known(_) => Fact::Known(Standing::Foreign),
            // S3 says where else a bucket is only if there is one.
            Fact::Unknown(unread)
                if unread.text.ends_with("PermanentRedirect")
                    || unread.text.ends_with("AuthorizationHeaderMalformed") =>
            {
                Fact::Known(Standing::Foreign)
            }
            // Refused: by its owner, or because we may not ask. It is not ours, in any case.
            Fact::Unknown(unread) if unread.code == UnreadCode::Denied => {
                Fact::Unknown(reason.clone())
            }
            Fact::Unknown(unread) => Fact::Unknown(unread),
        };
    Sink { standing, ..unread(&reason) }
}

fn unread(reason: &Unread) -> Sink {
    Sink {
        standing: Fact::Unknown(reason.clone()),
        policy: Fact::Unknown(reason.clone()),
        grants: Fact::Unknown(reason.clone()),
        block: Fact::Unknown(reason.clone()),
        versioning: Fact::Unknown(reason.clone()),
        mfa_delete: Fact::Unknown(reason.clone()),
        lock: Fact::Unknown(reason.clone()),
        encryption: Fact::Unknown(reason.clone()),
        lifecycle: Fact::Unknown(reason.clone()),
    }
}
