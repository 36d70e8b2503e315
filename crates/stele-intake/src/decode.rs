//! Undoes compression, within limits. The only place that uses a decoder directly.
//!
//! Damage in the middle (a truncated file, a bad checksum, bytes behind the end) is reported with
//! its offset, and what could be read before it is delivered all the same.

use std::io::{self, Read};

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip, one or more members (RFC 1952).
    Gzip,
    /// Zstandard, one or more frames (RFC 8878).
    Zstd,
}

impl Encoding {
    /// By the first bytes of a file.
    pub fn by_magic(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Identity,
        }
    }

    /// By the value of a `Content-Encoding` header; `None` where it is not one that is read.
    pub fn by_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// How much may come out.
#[derive(Debug, Clone, Copy)]
pub struct DecodeLimits {
    /// So many bytes at the most.
    pub decoded_bytes_max: u64,
    /// So many times the bytes that went in, once that is over [`RATIO_FREE_BYTES`].
    pub ratio_max: u64,
}

/// Below this size the ratio is not looked at: short texts compress as they like.
pub const RATIO_FREE_BYTES: u64 = 1 << 20;

/// Why decoding stopped early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are damaged.
    #[error(
        "damaged after {decoded_bytes} decoded bytes (of {encoded_bytes} bytes given): {reason}"
    )]
    Damaged {
        /// What was read before.
        decoded_bytes: u64,
        /// How much there was.
        encoded_bytes: u64,
        /// The decoder's words.
        reason: String,
    },
    /// More would come out than is allowed.
    #[error("more than {bytes_max} bytes come out of {encoded_bytes}: over the limit `{limit}`")]
    TooLarge {
        /// The limit in force.
        bytes_max: u64,
        /// How much there was.
        encoded_bytes: u64,
        /// Its name in the configuration.
        limit: &'static str,
    },
}

/// What came out, and whether that was all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Why there are no more, where there should be.
    pub damage: Option<DecodeError>,
}

/// Decodes a whole body in memory.
pub fn decode_all(encoding: Encoding, encoded: &[u8], limits: DecodeLimits) -> Decoded {
    let encoded_bytes = encoded.len() as u64;
    let by_ratio = encoded_bytes.saturating_mul(limits.ratio_max).max(RATIO_FREE_BYTES);
    let (bytes_max, limit) =
        if by_ratio < limits.decoded_bytes_max && encoding != Encoding::Identity {
            (by_ratio, "intake.ratio_max")
        } else {
            (limits.decoded_bytes_max, "intake.decoded_bytes_max")
        };
    let mut bytes = Vec::new();
    let read = match reader(encoding, encoded) {
        Ok(reader) => reader.take(bytes_max + 1).read_to_end(&mut bytes).map(drop),
        Err(error) => Err(error),
    };
    let damage = if bytes.len() as u64 > bytes_max {
        bytes.truncate(bytes_max as usize);
        Some(DecodeError::TooLarge { bytes_max, encoded_bytes, limit })
    } else {
        read.err().map(|error| DecodeError::Damaged {
            decoded_bytes: bytes.len() as u64,
            encoded_bytes,
            reason: error.to_string(),
        })
    };
    Decoded { bytes, damage }
}

/// A reader of decoded bytes, in constant memory. A limit is the caller's to keep.
#[expect(clippy::disallowed_methods, reason = "this is the one place that decodes")]
pub fn reader<'a>(encoding: Encoding, encoded: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match encoding {
        Encoding::Identity => Box::new(encoded),
        Encoding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(encoded)),
        Encoding::Zstd => Box::new(zstd::stream::read::Decoder::new(encoded)?),
    })
}

#[cfg(test)]
mod tests;
