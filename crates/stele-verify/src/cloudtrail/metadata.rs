//! Signatures: they are in the metadata of an object, which a copied file has lost.
//!
//! So the metadata is saved beside the files: what `aws s3api head-object` prints as
//! `<file>.metadata.json`, or one JSON map from key (or `s3://bucket/key`) to the same.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde_json::{Map, Value};

use crate::objects::Objects;

/// What a sidecar's name has more than the name of its object.
pub const SIDECAR: &str = ".metadata.json";
const SIDECAR_BYTES_MAX: u64 = 64 << 10;
const PREFIX: &str = "x-amz-meta-";

/// The metadata of a digest, as far as it matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ObjectMetadata {
    pub(crate) signature: Option<String>,
    pub(crate) algorithm: Option<String>,
    pub(crate) backfill_time: Option<String>,
}

/// Metadata of many objects, from one file.
#[derive(Debug, Clone, Default)]
pub struct MetadataMap {
    by_name: BTreeMap<String, ObjectMetadata>,
}

impl MetadataMap {
    /// Reads a JSON map from `KEY` or `s3://BUCKET/KEY` to what `head-object` prints.
    pub fn parse(text: &str) -> Result<Self, String> {
        let objects: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("not a JSON map: {error}"))?;
        let read = |(name, value): (String, Value)| match ObjectMetadata::of(&value) {
            Some(metadata) => Ok((name, metadata)),
            None => Err(format!("`{name}` has no metadata in the form of `head-object`")),
        };
        Ok(Self { by_name: objects.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    fn get(&self, bucket: Option<&str>, key: &str) -> Option<&ObjectMetadata> {
        let full = bucket.and_then(|bucket| self.by_name.get(&format!("s3://{bucket}/{key}")));
        full.or_else(|| self.by_name.get(key))
    }
}

impl ObjectMetadata {
    /// Takes what `head-object` prints, or only its `Metadata`, or headers by their full names.
    fn of(value: &Value) -> Option<Self> {
        let fields = value.as_object()?;
        let fields = fields.get("Metadata").map_or(Some(fields), Value::as_object)?;
        let mut metadata = Self::default();
        for (name, value) in fields {
            let name = name.to_ascii_lowercase();
            let value = value.as_str().map(str::to_owned);
            match name.strip_prefix(PREFIX).unwrap_or(&name) {
                "signature" => metadata.signature = value,
                "signature-algorithm" => metadata.algorithm = value,
                "backfill-generation-timestamp" => metadata.backfill_time = value,
                _ => {}
            }
        }
        Some(metadata)
    }
}

/// The metadata that was saved of an object; `None` where none was.
pub(crate) fn metadata_of(
    objects: &dyn Objects,
    map: &MetadataMap,
    bucket: Option<&str>,
    key: &str,
) -> io::Result<Option<ObjectMetadata>> {
    if let Some(metadata) = map.get(bucket, key) {
        return Ok(Some(metadata.clone()));
    }
    let file = match objects.open(bucket, &format!("{key}{SIDECAR}")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let value: Value = serde_json::from_reader(file.take(SIDECAR_BYTES_MAX))?;
    match ObjectMetadata::of(&value) {
        Some(metadata) => Ok(Some(metadata)),
        None => Err(io::Error::other("it is not what `head-object` prints")),
    }
}
