//! The signature of one digest: where it was kept, by which key, and whether it is right.

use chrono::{DateTime, TimeDelta};

use super::digest::{Digest, from_hex, hex};
use super::finding::Kind;
use super::metadata::{ObjectMetadata, metadata_of};
use super::names::{ChainId, Time};
use super::walked::{Entry, Wrong};
use super::{Context, KEY_SLACK};

/// The only algorithm that AWS signs digests with.
pub(crate) const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

/// The signature that later digests hold of this one.
pub(crate) struct Held<'a> {
    /// Of a digest that stands.
    pub(crate) trusted: Option<&'a str>,
    /// Of any: a signature proves itself.
    pub(crate) any: Option<&'a str>,
}

/// What a signature is checked against.
pub(crate) struct Signing<'a> {
    pub(crate) ctx: &'a Context<'a>,
    pub(crate) id: &'a ChainId,
    /// The whole interval.
    pub(crate) window: (Time, Time),
}

impl Signing<'_> {
    /// Reports what is wrong with the signature, or that there is none to check.
    pub(crate) fn check(&self, entry: &Entry, digest: &Digest, held: &Held<'_>, wrong: &mut Wrong) {
        let bucket = entry.bucket.as_deref().unwrap_or(&digest.form.digest_s3_bucket);
        let (objects, map) = (self.ctx.input.objects, self.ctx.input.metadata);
        let (metadata, readable) = match metadata_of(objects, map, Some(bucket), &entry.key) {
            Ok(metadata) => (metadata, true),
            Err(error) => {
                wrong.push((Kind::Unreadable, format!("the metadata saved beside it: {error}")));
                (None, false)
            }
        };
        let made = metadata.as_ref().and_then(|metadata| self.metadata(metadata, wrong));
        let saved = metadata.as_ref().and_then(|metadata| metadata.signature.as_deref());
        if let (Some(saved), Some(claimed)) = (saved, held.trusted)
            && !saved.eq_ignore_ascii_case(claimed)
        {
            wrong.push((Kind::ChainSignature, "its own is another".to_owned()));
        }
        let signature = saved.or(held.trusted).or(held.any);
        let anchored = self.ctx.input.anchors.difference(
            &digest.form.digest_s3_bucket,
            &entry.key,
            &hex(&digest.sha256),
            signature,
        );
        wrong.extend(anchored.map(|difference| (Kind::AnchorDiffers, difference.to_owned())));
        match signature {
            Some(signature) => self.verify(digest, signature, made, wrong),
            // What is there and of no use has been reported.
            None if metadata.is_some() || !readable => {}
            None => wrong.push((Kind::SignatureMissing, String::new())),
        }
    }

    /// Looks at the metadata, and gives the time at which a backfill digest was made.
    fn metadata(&self, metadata: &ObjectMetadata, wrong: &mut Wrong) -> Option<Time> {
        if metadata.signature.is_none() {
            wrong.push((Kind::MetadataStripped, String::new()));
        }
        let algorithm = metadata.algorithm.as_deref().unwrap_or("none");
        if algorithm != SIGNATURE_ALGORITHM {
            let detail = format!("its metadata says that it is signed by `{algorithm}`");
            wrong.push((Kind::DigestAlgorithm, detail));
        }
        if !self.id.backfill {
            return None;
        }
        let text = metadata.backfill_time.as_deref();
        let time = text.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        if time.is_none() {
            let detail = text.map_or(String::new(), |text| format!("`{text}` is no time"));
            wrong.push((Kind::BackfillTime, detail));
        }
        time.map(|time| time.to_utc())
    }

    fn verify(&self, digest: &Digest, signature: &str, made: Option<Time>, wrong: &mut Wrong) {
        let fingerprint = &digest.form.digest_public_key_fingerprint;
        let Some(key) = self.ctx.input.keys.get(fingerprint) else {
            wrong.push((Kind::KeyUnknown, format!("fingerprint {fingerprint}")));
            return;
        };
        let in_use = |(from, to): (Time, Time)| key.in_use(from, to);
        let slack = TimeDelta::hours(1);
        if let Some(made) = made {
            if !in_use((made - slack, made + slack)) {
                wrong.push((Kind::KeyWindow, format!("fingerprint {fingerprint}")));
            }
        } else if !self.id.backfill && !in_use((digest.start, digest.end + KEY_SLACK)) {
            let (from, to) = self.window;
            let kind =
                if in_use((from, to + KEY_SLACK)) { Kind::KeyPeriod } else { Kind::KeyWindow };
            wrong.push((kind, format!("fingerprint {fingerprint}")));
        }
        let signed = digest.string_to_sign();
        match from_hex(signature).map(|bytes| key.verifies(signed.as_bytes(), &bytes)) {
            Some(Ok(true)) => {}
            Some(Ok(false)) => wrong.push((Kind::DigestSignature, String::new())),
            Some(Err(reason)) => {
                wrong.push((Kind::KeyUnusable, format!("fingerprint {fingerprint}: {reason}")));
            }
            None => {
                let detail = "the signature is not hexadecimal digits".to_owned();
                wrong.push((Kind::DigestSignature, detail));
            }
        }
    }
}
