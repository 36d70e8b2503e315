//! A bucket in memory, and the means to change it as an attacker, or as AWS, could.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::GzEncoder;
use md5::Md5;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stele_intake::decode::{DecodeLimits, Encoding, decode_all};

use stele_verify::cloudtrail::{
    Anchors, Input, Kind, MetadataMap, Options, PublicKeys, Report, SIDECAR, Time, verify,
};
use stele_verify::objects::{Object, Objects, Problem};

pub(crate) const BUCKET: &str = "example-trail";

/// Objects by bucket and key.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) objects: BTreeMap<(String, String), Vec<u8>>,
    /// Whether the verifier is told which bucket is which.
    pub(crate) named: bool,
    pub(crate) keys: String,
    pub(crate) metadata: MetadataMap,
    pub(crate) anchors: String,
}

impl Objects for World {
    fn list(&self) -> Vec<Object> {
        let object = |(bucket, key): &(String, String)| Object {
            bucket: self.named.then(|| bucket.clone()),
            key: key.clone(),
        };
        self.objects.keys().map(object).collect()
    }

    fn problems(&self) -> &[Problem] {
        &[]
    }

    fn open(&self, bucket: Option<&str>, key: &str) -> io::Result<Box<dyn Read + '_>> {
        let (named, usual) = (self.named, BUCKET.to_owned());
        if let Some(bytes) = self.objects.get(&(usual, key.to_owned())).filter(|_| !named) {
            return Ok(Box::new(&bytes[..]));
        }
        let fits = |(has, name): &(String, String)| {
            name == key && (!self.named || bucket.is_none_or(|wanted| wanted == has))
        };
        let found = self.objects.iter().find(|(name, _)| fits(name));
        let (_, bytes) = found.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(&bytes[..]))
    }

    fn holds_bucket(&self, bucket: &str) -> bool {
        !self.named || self.objects.keys().any(|(has, _)| has == bucket)
    }
}

impl World {
    pub(crate) fn verify(&self, options: &Options) -> Report {
        let keys = PublicKeys::parse(&self.keys).unwrap();
        let anchors = Anchors::parse(&self.anchors).unwrap();
        let input =
            Input { objects: self, keys: &keys, metadata: &self.metadata, anchors: &anchors };
        verify(input, options, &mut |_| {}).unwrap()
    }

    /// The keys of one kind that lie in a region, in order of time.
    fn keys_in(&self, kind: &str, region: &str) -> Vec<String> {
        let part = format!("/{kind}/{region}/");
        let keys = self.objects.keys().map(|(_, key)| key);
        let mut keys: Vec<String> =
            keys.filter(|key| key.contains(&part) && !key.ends_with(SIDECAR)).cloned().collect();
        let name = |key: &String| key.rsplit('/').next().map(str::to_owned);
        keys.sort_by_key(name);
        keys
    }

    pub(crate) fn digests(&self, region: &str) -> Vec<String> {
        let mut keys = self.keys_in("CloudTrail-Digest", region);
        keys.retain(|key| !key.contains("_backfill"));
        keys
    }

    pub(crate) fn backfills(&self, region: &str) -> Vec<String> {
        let mut keys = self.keys_in("CloudTrail-Digest", region);
        keys.retain(|key| key.contains("_backfill"));
        keys
    }

    pub(crate) fn logs(&self, region: &str) -> Vec<String> {
        self.keys_in("CloudTrail", region)
    }

    /// The logs that a digest names.
    pub(crate) fn logs_of(&self, digest: &str) -> Vec<String> {
        let json = self.json(digest);
        let logs = json["logFiles"].as_array().unwrap();
        logs.iter().map(|log| log["s3Object"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn bucket_of(&self, key: &str) -> String {
        if self.objects.contains_key(&(BUCKET.to_owned(), key.to_owned())) {
            return BUCKET.to_owned();
        }
        let found = self.objects.keys().find(|(_, name)| name == key);
        found.map_or(BUCKET.to_owned(), |(bucket, _)| bucket.clone())
    }

    pub(crate) fn get(&self, key: &str) -> &Vec<u8> {
        &self.objects[&(self.bucket_of(key), key.to_owned())]
    }

    pub(crate) fn set(&mut self, key: &str, bytes: Vec<u8>) {
        self.objects.insert((self.bucket_of(key), key.to_owned()), bytes);
    }

    /// Writes the metadata of an object into the same bucket.
    pub(crate) fn set_metadata(&mut self, key: &str, head: Vec<u8>) {
        self.objects.insert((self.bucket_of(key), format!("{key}{SIDECAR}")), head);
    }

    /// Takes an object away, and its metadata with it.
    pub(crate) fn take(&mut self, key: &str) -> Vec<u8> {
        let bucket = self.bucket_of(key);
        self.objects.remove(&(bucket.clone(), format!("{key}{SIDECAR}")));
        self.objects.remove(&(bucket, key.to_owned())).unwrap()
    }

    /// Takes digests away, with the logs that they name.
    pub(crate) fn take_with_logs(&mut self, digests: &[String]) {
        for digest in digests {
            for log in self.logs_of(digest) {
                self.take(&log);
            }
            self.take(digest);
        }
    }

    /// Moves an object, and its metadata with it.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let metadata = self.objects.get(&(self.bucket_of(from), format!("{from}{SIDECAR}")));
        if let Some(metadata) = metadata.cloned() {
            self.set_metadata(to, metadata);
        }
        let bytes = self.take(from);
        self.set(to, bytes);
    }

    pub(crate) fn json(&self, key: &str) -> Value {
        serde_json::from_slice(&unpacked(self.get(key))).unwrap()
    }

    /// Changes the JSON of a digest, as somebody can who cannot sign.
    pub(crate) fn edit(&mut self, key: &str, change: impl FnOnce(&mut Value)) {
        let mut json = self.json(key);
        change(&mut json);
        self.set(key, packed(json.to_string().as_bytes()));
    }

    /// Signs a digest as it lies there, and writes its metadata.
    pub(crate) fn sign(&mut self, key: &str, signer: &Signer) -> String {
        let signature = signer.sign(&string_to_sign(&unpacked(self.get(key))));
        let mut metadata = json!({
            "signature": signature,
            "signature-algorithm": "SHA256withRSA",
        });
        if key.contains("_backfill") {
            metadata["backfill-generation-timestamp"] = json!("2026-01-03T12:00:00Z");
        }
        let head = json!({ "ContentLength": 1, "Metadata": metadata });
        self.set_metadata(key, head.to_string().into_bytes());
        signature
    }

    pub(crate) fn edit_metadata(&mut self, key: &str, change: impl FnOnce(&mut Value)) {
        let name = format!("{key}{SIDECAR}");
        let mut head: Value = serde_json::from_slice(self.get(&name)).unwrap();
        change(&mut head["Metadata"]);
        self.set(&name, head.to_string().into_bytes());
    }

    /// Notes what an object is now.
    pub(crate) fn anchor(&mut self, key: &str) {
        let sha256 = hex(&Sha256::digest(unpacked(self.get(key))));
        let name = (self.bucket_of(key), format!("{key}{SIDECAR}"));
        let head: Option<Value> =
            self.objects.get(&name).map(|head| serde_json::from_slice(head).unwrap());
        let signature = head.map(|head| head["Metadata"]["signature"].clone());
        let anchor = json!({ "key": key, "sha256": sha256, "signature": signature });
        self.anchors.push_str(&anchor.to_string());
        self.anchors.push('\n');
    }
}

/// A key pair that plays AWS, or somebody else.
pub(crate) struct Signer(RsaKeyPair);

impl Signer {
    fn from_pem(pem: &str) -> Self {
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        Self(RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap())
    }

    pub(crate) fn pkcs1(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    pub(crate) fn fingerprint(&self) -> String {
        hex(&Md5::digest(self.pkcs1()))
    }

    fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        self.0.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
        hex(&signature)
    }

    /// As `aws cloudtrail list-public-keys` prints it.
    pub(crate) fn listed(&self, from: &str, to: &str) -> Value {
        json!({
            "Value": STANDARD.encode(self.pkcs1()),
            "ValidityStartTime": from,
            "ValidityEndTime": to,
            "Fingerprint": self.fingerprint(),
        })
    }
}

/// The key of the chains.
pub(crate) fn aws() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| Signer::from_pem(include_str!("test-key-signer.pem")))
}

/// A key that AWS does not have, or a second one of AWS.
pub(crate) fn stranger() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| Signer::from_pem(include_str!("test-key-stranger.pem")))
}

pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let limits = DecodeLimits { decoded_bytes_max: 64 << 20, ratio_max: 10_000 };
    decode_all(Encoding::Gzip, bytes, limits).bytes
}

/// What AWS signs of a digest, written by the documents and not by the verifier's own code.
fn string_to_sign(digest: &[u8]) -> String {
    let json: Value = serde_json::from_slice(digest).unwrap();
    let text = |name: &str| json[name].as_str().unwrap_or("null").to_owned();
    let [end, bucket, key, before] =
        ["digestEndTime", "digestS3Bucket", "digestS3Object", "previousDigestSignature"].map(text);
    format!("{end}\n{bucket}/{key}\n{}\n{before}", hex(&Sha256::digest(digest)))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn shown(time: Time) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The names of what was found, notes left out, for messages.
pub(crate) fn grave(report: &Report) -> Vec<&'static str> {
    let noted = |name: &str| {
        Kind::ALL.iter().any(|kind| {
            kind.name() == name && kind.severity() == stele_verify::cloudtrail::Severity::Note
        })
    };
    report.counts.keys().copied().filter(|name| !noted(name)).collect()
}
