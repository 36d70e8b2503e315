//! Anchors: what was noted of an object when it was first seen, kept where AWS's keys do not reach.
//!
//! A signature says that AWS wrote a file, not that it is the file that was there. Whoever noted
//! key, hash and signature at delivery sees an object that is gone or that was written again, even
//! by the signer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What was noted of one object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Anchor {
    /// The bucket, where it was noted.
    pub bucket: Option<String>,
    /// The key.
    pub key: String,
    /// The SHA-256 of the uncompressed content, in hexadecimal digits.
    pub sha256: String,
    /// The signature of a digest, from its metadata.
    pub signature: Option<String>,
}

/// Anchors by key.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    by_key: BTreeMap<String, Vec<Anchor>>,
}

impl Anchors {
    /// Reads a JSON list of anchors, or one after another (as in a file of JSON lines).
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut anchors = Self::default();
        for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let document = document.map_err(|error| error.to_string())?;
            let list = if document.is_array() { document } else { Value::Array(vec![document]) };
            let list: Vec<Anchor> =
                serde_json::from_value(list).map_err(|error| format!("no anchor: {error}"))?;
            for anchor in list {
                anchors.by_key.entry(anchor.key.clone()).or_default().push(anchor);
            }
        }
        Ok(anchors)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Anchor> {
        self.by_key.values().flatten()
    }

    /// What of an object is not as it was noted; `None` where all is, or nothing was.
    pub(crate) fn difference(
        &self,
        bucket: &str,
        key: &str,
        sha256: &str,
        signature: Option<&str>,
    ) -> Option<&'static str> {
        let same_bucket = |anchor: &&Anchor| anchor.bucket.as_deref().is_none_or(|b| b == bucket);
        for anchor in self.by_key.get(key)?.iter().filter(same_bucket) {
            if !anchor.sha256.eq_ignore_ascii_case(sha256) {
                return Some("its content is not what was first seen");
            }
            if let (Some(noted), Some(found)) = (&anchor.signature, signature)
                && !noted.eq_ignore_ascii_case(found)
            {
                return Some("its signature is not what was first seen");
            }
        }
        None
    }
}
