//! Public keys from a file, and the check of a signature.
//!
//! The file is what `aws cloudtrail list-public-keys` prints, one such document after another, a
//! list of such keys, or PEM (`RSA PUBLIC KEY` or `PUBLIC KEY`). A key is found by its
//! fingerprint, the MD5 of its DER; AWS hands out PKCS#1 and, in one documented case, SPKI.
//! A key that cannot be used is kept with the reason, and named where a digest asks for it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use md5::{Digest as _, Md5};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::digest::hex;
use super::names::Time;

/// The shortest modulus that is accepted, as `ring` has it.
const MODULUS_BITS_MIN: usize = 2048;

/// Public keys by fingerprint.
#[derive(Debug, Clone, Default)]
pub struct PublicKeys {
    keys: BTreeMap<String, Key>,
}

/// A key, and when it was in use as far as the file says so.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pkcs1: Result<Vec<u8>, String>,
    pub(crate) valid_from: Option<Time>,
    pub(crate) valid_to: Option<Time>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    value: String,
    fingerprint: Option<String>,
    validity_start_time: Option<Value>,
    validity_end_time: Option<Value>,
}

impl PublicKeys {
    /// Reads the text of a file of keys.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Self::default();
        if text.contains("-----BEGIN") {
            keys.add_pem(text)?;
        } else {
            for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
                keys.add_document(document.map_err(|error| format!("neither JSON: {error}"))?)?;
            }
        }
        if keys.keys.is_empty() { Err("there is no key in it".to_owned()) } else { Ok(keys) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn get(&self, fingerprint: &str) -> Option<&Key> {
        self.keys.get(&fingerprint.to_ascii_lowercase())
    }

    fn add_document(&mut self, document: Value) -> Result<(), String> {
        let list = match document {
            Value::Object(mut fields) => match fields.remove("PublicKeyList") {
                Some(list) => list,
                None => Value::Array(vec![Value::Object(fields)]),
            },
            other => other,
        };
        let listed: Vec<Listed> = serde_json::from_value(list)
            .map_err(|error| format!("not what `aws cloudtrail list-public-keys` says: {error}"))?;
        for key in listed {
            self.add_listed(&key)?;
        }
        Ok(())
    }

    fn add_listed(&mut self, listed: &Listed) -> Result<(), String> {
        let valid_from = listed.validity_start_time.as_ref().map(moment).transpose()?;
        let valid_to = listed.validity_end_time.as_ref().map(moment).transpose()?;
        let der = match STANDARD.decode(listed.value.trim()) {
            Ok(der) => der,
            Err(error) => {
                let fingerprint = listed.fingerprint.as_deref().ok_or("a key is not base64")?;
                let pkcs1 = Err(format!("its value is not base64: {error}"));
                self.put(fingerprint, Key { pkcs1, valid_from, valid_to });
                return Ok(());
            }
        };
        let names = fingerprints(&der);
        let pkcs1 = pkcs1_of(&der);
        if let Some(stated) = &listed.fingerprint
            && !names.contains(&stated.to_ascii_lowercase())
        {
            let pkcs1 = Err("the fingerprint is not the MD5 of the key beside it".to_owned());
            self.put(stated, Key { pkcs1, valid_from, valid_to });
            return Ok(());
        }
        for name in names {
            self.put(&name, Key { pkcs1: pkcs1.clone(), valid_from, valid_to });
        }
        Ok(())
    }

    fn add_pem(&mut self, text: &str) -> Result<(), String> {
        for block in text.split("-----BEGIN ").skip(1) {
            let (label, rest) = block.split_once("-----").ok_or("a PEM block has no end")?;
            if !matches!(label, "PUBLIC KEY" | "RSA PUBLIC KEY") {
                return Err(format!("a PEM block is a `{label}`, not a public key"));
            }
            let (body, _) = rest.split_once("-----END ").ok_or("a PEM block has no end")?;
            let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            let der = STANDARD
                .decode(body)
                .map_err(|error| format!("a PEM block is damaged: {error}"))?;
            let pkcs1 = pkcs1_of(&der);
            for name in fingerprints(&der) {
                let key = Key { pkcs1: pkcs1.clone(), valid_from: None, valid_to: None };
                self.put(&name, key);
            }
        }
        Ok(())
    }

    /// A key that can be used is not displaced by one that cannot.
    fn put(&mut self, fingerprint: &str, key: Key) {
        let fingerprint = fingerprint.to_ascii_lowercase();
        let has = self.keys.get(&fingerprint).is_some_and(|key| key.pkcs1.is_ok());
        if !has || key.pkcs1.is_ok() {
            self.keys.insert(fingerprint, key);
        }
    }
}

impl Key {
    /// Whether the signature is this key's, over this message; an error where it cannot be used.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> Result<bool, &str> {
        let key = self.pkcs1.as_ref().map_err(String::as_str)?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        Ok(key.verify(message, signature).is_ok())
    }

    /// Whether it was in use at some time of the interval, as far as that is known.
    pub(crate) fn in_use(&self, from: Time, to: Time) -> bool {
        self.valid_from.is_none_or(|start| start <= to)
            && self.valid_to.is_none_or(|end| end >= from)
    }
}

/// A time as the AWS CLI prints it: RFC 3339, or seconds since 1970.
fn moment(value: &Value) -> Result<Time, String> {
    let time = match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
        Value::Number(seconds) => {
            seconds.as_f64().and_then(|seconds| DateTime::from_timestamp(seconds as i64, 0))
        }
        _ => None,
    };
    time.ok_or_else(|| format!("a key is valid from or to `{value}`, which is no time"))
}

/// Every name that the key may be called by: the MD5 of what was given, and of what is inside.
fn fingerprints(der: &[u8]) -> Vec<String> {
    let mut names = vec![hex(&Md5::digest(der))];
    if let Some(inner) = within_spki(der) {
        names.push(hex(&Md5::digest(inner)));
    }
    names
}

/// The PKCS#1 form of a key in either form, if it is one that can be used.
fn pkcs1_of(der: &[u8]) -> Result<Vec<u8>, String> {
    let pkcs1 = within_spki(der).unwrap_or(der);
    let modulus = modulus_of(pkcs1).ok_or("it is neither PKCS#1 nor SPKI of an RSA key")?;
    let significant: Vec<u8> = modulus.iter().copied().skip_while(|byte| *byte == 0).collect();
    let bits =
        significant.len() * 8 - significant.first().map_or(0, |b| b.leading_zeros() as usize);
    if bits < MODULUS_BITS_MIN {
        return Err(format!("it has {bits} bits; {MODULUS_BITS_MIN} are the least"));
    }
    Ok(pkcs1.to_vec())
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017, A.1.1).
fn modulus_of(pkcs1: &[u8]) -> Option<&[u8]> {
    let (body, rest) = element(pkcs1, 0x30)?;
    let (modulus, exponent) = element(body, 0x02)?;
    let (_, end) = element(exponent, 0x02)?;
    (rest.is_empty() && end.is_empty()).then_some(modulus)
}

/// `SEQUENCE { SEQUENCE { OID rsaEncryption, NULL }, BIT STRING { RSAPublicKey } }` (RFC 5280).
fn within_spki(der: &[u8]) -> Option<&[u8]> {
    const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let (body, _) = element(der, 0x30)?;
    let (algorithm, key) = element(body, 0x30)?;
    let (oid, _) = element(algorithm, 0x06)?;
    let (bits, _) = element(key, 0x03)?;
    match bits {
        [0, key @ ..] if oid == RSA_ENCRYPTION => Some(key),
        _ => None,
    }
}

/// The content of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, der) = der.split_first()?;
    let (&first, der) = der.split_first()?;
    let (length, der) = match first {
        0..=0x7f => (usize::from(first), der),
        0x81 | 0x82 => {
            let (digits, der) = der.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), der)
        }
        _ => return None,
    };
    (found == tag).then(|| der.split_at_checked(length)).flatten()
}
