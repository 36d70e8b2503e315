//! A digest file: its JSON, and the string that AWS signed over it.

use std::io::{self, Read};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};

use super::finding::Kind;
use super::gzip::{GzipError, Member};
use super::names::Time;

/// A digest as it was read. Nothing in it is proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) form: Form,
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) previous: Option<Previous>,
    /// Over the uncompressed bytes.
    pub(crate) sha256: [u8; 32],
}

/// What a digest says about the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) hash: String,
    pub(crate) algorithm: Option<String>,
    pub(crate) signature: String,
}

/// The JSON. What aws-cli wants to be there has to be there; a name that stands twice is refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Form {
    pub(crate) aws_account_id: Option<String>,
    pub(crate) digest_start_time: String,
    pub(crate) digest_end_time: String,
    pub(crate) digest_s3_bucket: String,
    pub(crate) digest_s3_object: String,
    pub(crate) digest_public_key_fingerprint: String,
    pub(crate) digest_signature_algorithm: Option<String>,
    previous_digest_s3_bucket: Option<String>,
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    #[serde(deserialize_with = "null_or_there")]
    previous_digest_signature: Option<String>,
    #[serde(deserialize_with = "null_or_there")]
    pub(crate) log_files: Option<Vec<LogEntry>>,
}

/// What a digest says about a log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntry {
    pub(crate) s3_bucket: String,
    pub(crate) s3_object: String,
    pub(crate) hash_value: String,
    pub(crate) hash_algorithm: Option<String>,
}

/// May be null, but not left out.
fn null_or_there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Why a digest could not be read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) kind: Kind,
    pub(crate) reason: String,
}

impl Unread {
    fn new(kind: Kind, reason: &impl ToString) -> Self {
        Self { kind, reason: reason.to_string() }
    }

    /// Sorts an I/O error: damage, too large, or not read.
    pub(crate) fn of(error: &io::Error, damaged: Kind, too_large: Kind) -> Self {
        match GzipError::within(error) {
            Some(error @ GzipError::Damaged(_)) => Self::new(damaged, error),
            Some(error @ GzipError::TooLarge(_)) => Self::new(too_large, error),
            None => Self::new(Kind::Unreadable, error),
        }
    }
}

impl Digest {
    /// Unpacks and reads a digest of at most `bytes_max` bytes.
    pub(crate) fn read(file: impl Read, bytes_max: u64) -> Result<Self, Unread> {
        let mut bytes = Vec::new();
        Member::new(file, bytes_max)
            .read_to_end(&mut bytes)
            .map_err(|error| Unread::of(&error, Kind::DigestGzip, Kind::DigestTooLarge))?;
        Self::parse(&bytes).map_err(|reason| Unread::new(Kind::DigestJson, &reason))
    }

    /// Reads the uncompressed bytes of a digest.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let form: Form = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let start = time(&form.digest_start_time)?;
        let end = time(&form.digest_end_time)?;
        let previous = form.previous()?;
        Ok(Self { form, start, end, previous, sha256: Sha256::digest(bytes).into() })
    }

    /// The logs it names.
    pub(crate) fn logs(&self) -> &[LogEntry] {
        self.form.log_files.as_deref().unwrap_or_default()
    }

    /// What AWS signed: the time and the names as they stand in the JSON, the hash of all of it,
    /// and the signature before, `null` where there is none. No line ends behind the last.
    pub(crate) fn string_to_sign(&self) -> String {
        let form = &self.form;
        string_to_sign(
            &form.digest_end_time,
            &format!("{}/{}", form.digest_s3_bucket, form.digest_s3_object),
            &self.sha256,
            form.previous_digest_signature.as_deref(),
        )
    }
}

pub(crate) fn string_to_sign(
    end_time: &str,
    place: &str,
    sha256: &[u8; 32],
    previous_signature: Option<&str>,
) -> String {
    let previous = previous_signature.unwrap_or("null");
    format!("{end_time}\n{place}\n{}\n{previous}", hex(sha256))
}

impl Form {
    /// All of it, or nothing.
    fn previous(&self) -> Result<Option<Previous>, String> {
        match (
            &self.previous_digest_s3_bucket,
            &self.previous_digest_s3_object,
            &self.previous_digest_hash_value,
            &self.previous_digest_signature,
        ) {
            (None, None, None, None) => Ok(None),
            (Some(bucket), Some(key), Some(hash), Some(signature)) => Ok(Some(Previous {
                bucket: bucket.clone(),
                key: key.clone(),
                hash: hash.clone(),
                algorithm: self.previous_digest_hash_algorithm.clone(),
                signature: signature.clone(),
            })),
            _ => Err("only a part of what it should say about the digest before it".to_owned()),
        }
    }
}

fn time(text: &str) -> Result<Time, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|error| format!("`{text}` is no time: {error}"))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of hexadecimal digits, `None` where there is anything else.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
