//! Signed notes (C2SP signed-note) and timestamped cosignatures of them (C2SP tlog-cosignature).

use std::fmt;

use crate::Error;
use crate::hash::{decode_base64, encode_base64};
use crate::key::{Algorithm, Signer, VerifierKey, is_key_name};

/// A note is at most this long, in bytes.
pub const NOTE_BYTES_MAX: usize = 1 << 20;
/// A note has at most this many signatures.
pub const SIGNATURES_MAX: usize = 100;

/// One signature line: `— name base64(id ‖ signature)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: String,
    /// The number of the key.
    pub id: u32,
    /// What the key's algorithm made.
    pub bytes: Vec<u8>,
}

/// A text with signatures under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, with the newline that ends it.
    pub text: String,
    /// The signatures, of known and unknown keys.
    pub signatures: Vec<NoteSignature>,
}

/// A signature that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'k> {
    /// By which key.
    pub key: &'k VerifierKey,
    /// When it was made, in seconds since the epoch, if it is a cosignature.
    pub time_seconds: Option<u64>,
}

impl Note {
    /// Reads a note. Nothing in it is to be believed before [`Note::verify`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::malformed("note", reason);
        if bytes.len() > NOTE_BYTES_MAX {
            let (bytes, bytes_max) = (bytes.len(), NOTE_BYTES_MAX);
            return Err(Error::TooLong { what: "a note", bytes, bytes_max });
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
        if whole.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(wrong("it holds control characters"));
        }
        let split = whole.rfind("\n\n").ok_or_else(|| wrong("no empty line before signatures"))?;
        let (text, signatures) = (&whole[..=split], &whole[split + 2..]);
        Ok(Self { text: text.to_owned(), signatures: parse_signatures(signatures)? })
    }

    /// Verifies the signatures of the keys that are known; others are not looked at.
    ///
    /// # Errors
    /// Where no known key has signed, or a known key is named and its signature is wrong.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, Error> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            let known =
                |key: &&VerifierKey| key.name() == signature.name && key.id() == signature.id;
            for key in keys.iter().filter(known) {
                let time_seconds = check(key, &self.text, &signature.bytes)?;
                if verified.iter().all(|before| before.key != key) {
                    verified.push(Verified { key, time_seconds });
                }
            }
        }
        if verified.is_empty() { Err(Error::Unsigned { keys: keys.len() }) } else { Ok(verified) }
    }

    /// Signs the text, and adds the signature to the note. A key for cosignatures says that the
    /// text was seen at a time, in seconds since the epoch; other keys do not use it.
    pub fn sign(&mut self, signer: &dyn Signer, time_seconds: u64) -> Result<(), Error> {
        let key = signer.key();
        let bytes = match key.algorithm() {
            Algorithm::Ed25519 => signer.sign(self.text.as_bytes())?.to_vec(),
            Algorithm::CosignatureV1 => {
                let signature = signer.sign(&cosigned_message(time_seconds, &self.text))?;
                [&time_seconds.to_be_bytes()[..], &signature].concat()
            }
        };
        // What a signer elsewhere gives is checked before anybody else sees it.
        if check(key, &self.text, &bytes).is_err() {
            let reason = "it gave a signature that its key does not verify".to_owned();
            return Err(Error::Signer { name: key.name().to_owned(), reason });
        }
        let name = key.name().to_owned();
        self.signatures.push(NoteSignature { name, id: key.id(), bytes });
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.text, SignatureLines(&self.signatures))
    }
}

/// Shows signature lines as they stand in a note.
pub(crate) struct SignatureLines<'a>(pub(crate) &'a [NoteSignature]);

impl fmt::Display for SignatureLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|signature| {
            let bytes = [&signature.id.to_be_bytes()[..], &signature.bytes].concat();
            writeln!(f, "\u{2014} {} {}", signature.name, encode_base64(&bytes))
        })
    }
}

/// Reads one or more signature lines.
pub(crate) fn parse_signatures(lines: &str) -> Result<Vec<NoteSignature>, Error> {
    let wrong = |reason: &str| Error::malformed("signature", reason);
    let lines = lines.strip_suffix('\n').ok_or_else(|| wrong("no newline at the end"))?;
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == SIGNATURES_MAX {
            return Err(wrong("too many of them"));
        }
        let line = line.strip_prefix("\u{2014} ").ok_or_else(|| wrong("no dash before it"))?;
        let (name, base64) = line.split_once(' ').ok_or_else(|| wrong("no key name"))?;
        let bytes = decode_base64(base64).ok_or_else(|| wrong("it is not base64"))?;
        let (id, bytes) = bytes.split_first_chunk().ok_or_else(|| wrong("it is too short"))?;
        if !is_key_name(name) || bytes.is_empty() {
            return Err(wrong("no key name, or nothing behind the key's number"));
        }
        let (name, id) = (name.to_owned(), u32::from_be_bytes(*id));
        signatures.push(NoteSignature { name, id, bytes: bytes.to_vec() });
    }
    Ok(signatures)
}

/// What a witness signs: that it saw the text at a time.
fn cosigned_message(time_seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_seconds}\n{text}").into_bytes()
}

/// Checks a signature; gives the time of a cosignature.
fn check(key: &VerifierKey, text: &str, bytes: &[u8]) -> Result<Option<u64>, Error> {
    let wrong = || Error::BadSignature { name: key.name().to_owned() };
    let (time, signature, message) = match key.algorithm() {
        Algorithm::Ed25519 => (None, bytes, text.as_bytes().to_vec()),
        Algorithm::CosignatureV1 => {
            let (time, signature) = bytes.split_first_chunk().ok_or_else(wrong)?;
            let time = u64::from_be_bytes(*time);
            (Some(time), signature, cosigned_message(time, text))
        }
    };
    let time_sound = time.is_none_or(|time| i64::try_from(time).is_ok());
    if time_sound && key.verifies(&message, signature) { Ok(time) } else { Err(wrong()) }
}
