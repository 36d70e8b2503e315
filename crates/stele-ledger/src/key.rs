//! Keys of signed notes (C2SP signed-note), and who signs with them.

use std::fmt;
use std::str::FromStr;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::Error;
use crate::hash::{Hash, decode_base64, encode_base64};

/// Length of an Ed25519 signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Algorithm {
    /// The text of a note, with Ed25519.
    Ed25519 = 0x01,
    /// A checkpoint and the time, with Ed25519: what a witness says (C2SP tlog-cosignature).
    CosignatureV1 = 0x04,
}

/// A key that verifies. `Display` and `FromStr` are its vkey: `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    public: [u8; 32],
}

impl VerifierKey {
    /// A key with a name. Names are not empty and hold neither spaces nor `+`.
    pub fn new(name: &str, algorithm: Algorithm, public: [u8; 32]) -> Result<Self, Error> {
        if is_key_name(name) {
            return Ok(Self { name: name.to_owned(), algorithm, public });
        }
        Err(Error::malformed("key name", format!("`{}`", name.escape_debug())))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The Ed25519 public key.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The number by which signature lines name it:
    /// SHA-256(name ‖ newline ‖ algorithm ‖ public key), its first four bytes.
    pub fn id(&self) -> u32 {
        let bytes = [self.name.as_bytes(), &[b'\n', self.algorithm as u8], &self.public].concat();
        let [a, b, c, d, ..] = Hash::of(&bytes).0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// Whether a plain Ed25519 signature over a message is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public).verify(message, signature).is_ok()
    }
}

/// Names are not empty and hold neither Unicode spaces nor `+`, nor what a note must not hold.
pub(crate) fn is_key_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && !name.contains(forbidden)
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm as u8][..], &self.public].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), encode_base64(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, id, algorithm, public) = split_key("verifier key", text)?;
        let key = Self::new(name, algorithm, public)?;
        if format!("{:08x}", key.id()) == id {
            return Ok(key);
        }
        Err(Error::malformed("verifier key", format!("the id of `{name}` is {:08x}", key.id())))
    }
}

fn split_key<'a>(
    what: &'static str,
    text: &'a str,
) -> Result<(&'a str, &'a str, Algorithm, [u8; 32]), Error> {
    let wrong = || Error::malformed(what, "it is written name+id+base64");
    // Base64 may hold a `+`, names may not: split from the left.
    let (name, rest) = text.split_once('+').ok_or_else(wrong)?;
    let (id, key) = rest.split_once('+').ok_or_else(wrong)?;
    let key = decode_base64(key).ok_or_else(wrong)?;
    let (algorithm, key) = key.split_first().ok_or_else(wrong)?;
    let algorithm = match algorithm {
        0x01 => Algorithm::Ed25519,
        0x04 => Algorithm::CosignatureV1,
        other => {
            let found = format!("{other:#04x}");
            return Err(Error::Unsupported { what: "signature algorithm", found });
        }
    };
    Ok((name, id, algorithm, key.try_into().map_err(|_| wrong())?))
}

/// Signs for one key: in this process, in another one, or in hardware.
pub trait Signer: Send + Sync {
    /// The key that verifies what it signs.
    fn key(&self) -> &VerifierKey;

    /// The plain Ed25519 signature over a message.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Error>;
}

/// A signer that holds its key in memory.
#[derive(Debug)]
pub struct Ed25519Signer {
    key: VerifierKey,
    pair: Ed25519KeyPair,
}

const SECRET_PREFIX: &str = "PRIVATE+KEY+";

impl Ed25519Signer {
    /// The signer of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| Error::malformed("signer key", "not an Ed25519 seed"))?;
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_| Error::malformed("signer key", "not an Ed25519 key"))?;
        Ok(Self { key: VerifierKey::new(name, algorithm, public)?, pair })
    }

    /// What the key file of a seed says, in the form of Go's `note` package:
    /// `PRIVATE+KEY+name+id+base64`. It is a secret.
    pub fn secret_text(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<String, Error> {
        let signer = Self::from_seed(name, algorithm, seed)?;
        let secret = encode_base64(&[&[algorithm as u8][..], seed].concat());
        Ok(format!("{SECRET_PREFIX}{name}+{:08x}+{secret}", signer.key.id()))
    }

    /// Reads what [`Ed25519Signer::secret_text`] wrote.
    pub fn from_secret_text(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix(SECRET_PREFIX);
        let rest = rest.ok_or_else(|| Error::malformed("signer key", "it is not a private key"))?;
        let (name, id, algorithm, seed) = split_key("signer key", rest)?;
        let signer = Self::from_seed(name, algorithm, &seed)?;
        if format!("{:08x}", signer.key.id()) == id {
            return Ok(signer);
        }
        Err(Error::malformed("signer key", format!("the id is not that of `{name}`")))
    }
}

impl Signer for Ed25519Signer {
    fn key(&self) -> &VerifierKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Error> {
        let signature = self.pair.sign(message);
        signature.as_ref().try_into().map_err(|_| Error::Signer {
            name: self.key.name.clone(),
            reason: "the signature has not 64 bytes".to_owned(),
        })
    }
}
