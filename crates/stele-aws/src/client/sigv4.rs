//! Signature Version 4, as AWS documents it ("Signature Version 4 signing process").
//!
//! A request goes in with everything that is to be signed, the `Authorization` header comes out.
//! Nothing here reads a clock. Tested with cases of AWS's own suite.

use std::fmt::Write as _;

use ring::{digest, hmac};

use super::credentials::Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is signed.
#[derive(Debug)]
pub(crate) struct ToSign<'a> {
    /// Upper case.
    pub(crate) method: &'a str,
    /// The path as it is sent, each segment percent-encoded once.
    pub(crate) path: &'a str,
    /// Names and values of the query, not encoded.
    pub(crate) query: &'a [(String, String)],
    /// Lower-case names and values, `host` and `x-amz-date` among them.
    pub(crate) headers: &'a [(String, String)],
    /// SHA-256 of the body in hex.
    pub(crate) body_sha256: &'a str,
}

/// For whom, where and when.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// `20150830T123600Z`.
    pub(crate) date: &'a str,
    /// Every service but S3 encodes the path a second time.
    pub(crate) encode_path: bool,
}

/// The value of the `Authorization` header.
pub(crate) fn authorization(to_sign: &ToSign<'_>, scope: &Scope<'_>, by: &Credentials) -> String {
    let day = scope.date.get(..8).unwrap_or(scope.date);
    let scope_text = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let (canonical, signed_headers) = canonical_request(to_sign, scope.encode_path);
    let canonical_sha256 = sha256_hex(canonical.as_bytes());
    let text = format!("{ALGORITHM}\n{}\n{scope_text}\n{canonical_sha256}", scope.date);
    let mut key = hmac_sha256(format!("AWS4{}", by.secret.reveal()).as_bytes(), day);
    for part in [scope.region, scope.service, "aws4_request"] {
        key = hmac_sha256(key.as_ref(), part);
    }
    let signature = hex(hmac_sha256(key.as_ref(), &text).as_ref());
    format!(
        "{ALGORITHM} Credential={}/{scope_text}, SignedHeaders={signed_headers}, \
         Signature={signature}",
        by.access_key
    )
}

fn canonical_request(to_sign: &ToSign<'_>, encode_path: bool) -> (String, String) {
    let path = if encode_path { encode(to_sign.path, "/") } else { to_sign.path.to_owned() };
    let mut query: Vec<(String, String)> =
        to_sign.query.iter().map(|(name, value)| (encode(name, ""), encode(value, ""))).collect();
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers: Vec<(&str, String)> = to_sign
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str(), value.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect();
    headers.sort();
    let signed: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let signed = signed.join(";");
    let mut text = format!("{}\n{path}\n{}\n", to_sign.method, query.join("&"));
    for (name, value) in &headers {
        let _ = writeln!(text, "{name}:{value}");
    }
    let _ = write!(text, "\n{signed}\n{}", to_sign.body_sha256);
    (text, signed)
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Percent-encodes all but RFC 3986's unreserved characters and those of `kept`.
pub(crate) fn encode(text: &str, kept: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain || kept.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests;
