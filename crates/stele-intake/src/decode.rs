//! Undoes compression, within limits. The only place that uses a decoder directly, but for
//! `stele-verify` where it judges CloudTrail's files, of which each is one whole gzip member.
//!
//! Encoded bytes flow in, decoded ones out, either a whole body at once ([`decode_all`]) or as a
//! stream in constant memory ([`DecodedReader`]). Damage (a truncated file, a bad checksum, bytes
//! behind the end) is named with its offsets, and every byte that could be decoded before it is
//! delivered. What would become larger than the limits is stopped, whatever it claims to be.

mod gzip;
mod zstandard;

use std::io::{self, BufRead, BufReader, Read};

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
    /// By the first bytes of a file. Zstandard may begin with a skippable frame, as files made by
    /// `pzstd` do (RFC 8878, section 3.1.2).
    pub fn by_magic(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
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
        "damaged at byte {encoded_offset}, after {decoded_bytes} decoded bytes were read: {reason}"
    )]
    Damaged {
        /// What was decoded before, in bytes; all of it was delivered.
        decoded_bytes: u64,
        /// How far the decoder came in the encoded bytes.
        encoded_offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// More would come out than is allowed.
    #[error("more than {bytes_max} bytes come out of {encoded_bytes}: over the limit `{limit}`")]
    TooLarge {
        /// The limit in force, in decoded bytes.
        bytes_max: u64,
        /// How many encoded bytes there were, as far as that is known.
        encoded_bytes: u64,
        /// Its name in the configuration.
        limit: &'static str,
    },
}

impl DecodeError {
    /// The decode error inside an I/O error of a [`DecodedReader`]; `None` where it was the
    /// encoded bytes that could not be read.
    pub fn within(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

/// What came out, and whether that was all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Why there are no more, where there should be.
    pub damage: Option<DecodeError>,
}

/// Decodes a whole body in memory: at most `decoded_bytes_max` of it.
pub fn decode_all(encoding: Encoding, encoded: &[u8], limits: DecodeLimits) -> Decoded {
    let mut bytes = Vec::new();
    let read = DecodedReader::new(encoding, encoded, Some(encoded.len() as u64), limits)
        .and_then(|mut reader| reader.read_to_end(&mut bytes));
    let damage = read.err().map(|error| match DecodeError::within(&error) {
        Some(error) => error.clone(),
        None => DecodeError::Damaged {
            decoded_bytes: bytes.len() as u64,
            encoded_offset: 0,
            reason: error.to_string(),
        },
    });
    Decoded { bytes, damage }
}

/// A reader of decoded bytes, in constant memory: the encoded buffer and the decoder's window
/// (32 KiB for gzip, at most [`zstandard::WINDOW_BYTES_MAX`] for Zstandard).
///
/// Reading fails with a [`DecodeError`] inside the I/O error, after everything before it was
/// delivered, and fails the same way from then on.
#[derive(Debug)]
pub struct DecodedReader<R: Read> {
    input: Input<R>,
    decoder: Decoder,
    decoded_bytes: u64,
    encoded_total: Option<u64>,
    limits: DecodeLimits,
    failed: Option<DecodeError>,
}

const INPUT_BUFFER_BYTES: usize = 64 << 10;

impl<R: Read> DecodedReader<R> {
    /// A reader over encoded bytes. `encoded_total` is how many there are, where that is known:
    /// the ratio is then taken over all of them, else over those that were read so far.
    pub fn new(
        encoding: Encoding,
        encoded: R,
        encoded_total: Option<u64>,
        limits: DecodeLimits,
    ) -> io::Result<Self> {
        let decoder = match encoding {
            Encoding::Identity => Decoder::Identity,
            Encoding::Gzip => Decoder::Gzip(gzip::Gzip::new()),
            Encoding::Zstd => Decoder::Zstd(zstandard::Zstandard::new()?),
        };
        let buffered = BufReader::with_capacity(INPUT_BUFFER_BYTES, encoded);
        let input = Input { buffered, offset: 0 };
        Ok(Self { input, decoder, decoded_bytes: 0, encoded_total, limits, failed: None })
    }

    /// How many bytes may have come out by now, and the limit that says so.
    fn bytes_max(&self) -> (u64, &'static str) {
        let by_ratio = match self.decoder {
            Decoder::Identity => u64::MAX,
            _ => self
                .encoded_total
                .unwrap_or(self.input.offset)
                .saturating_mul(self.limits.ratio_max)
                .max(RATIO_FREE_BYTES),
        };
        if by_ratio < self.limits.decoded_bytes_max {
            (by_ratio, "intake.ratio_max")
        } else {
            (self.limits.decoded_bytes_max, "intake.decoded_bytes_max")
        }
    }

    fn step(&mut self, out: &mut [u8]) -> io::Result<Step> {
        let step = match &mut self.decoder {
            Decoder::Identity => {
                let bytes = self.input.peek()?;
                let length = bytes.len().min(out.len());
                out[..length].copy_from_slice(&bytes[..length]);
                self.input.consume(length);
                Step { bytes: length, damage: None }
            }
            Decoder::Gzip(gzip) => gzip.step(&mut self.input, out)?,
            Decoder::Zstd(zstandard) => zstandard.step(&mut self.input, out)?,
        };
        Ok(step)
    }

    fn fail(&mut self, error: DecodeError) -> io::Error {
        self.failed = Some(error.clone());
        io::Error::other(error)
    }
}

impl<R: Read> Read for DecodedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(io::Error::other(error.clone()));
        }
        if out.is_empty() {
            return Ok(0);
        }
        let (bytes_max, limit) = self.bytes_max();
        let room = bytes_max.saturating_sub(self.decoded_bytes);
        let mut beyond = [0];
        let full = room == 0;
        let target = if full {
            // Only whether there is more is of interest.
            &mut beyond[..]
        } else {
            let length = usize::try_from(room).unwrap_or(usize::MAX).min(out.len());
            &mut out[..length]
        };
        let step = self.step(target)?;
        // The encoded bytes that this step took may have raised the ratio's limit by a little: so
        // close to it, it counts as met.
        if full && step.bytes > 0 {
            let encoded_bytes = self.encoded_total.unwrap_or(self.input.offset);
            return Err(self.fail(DecodeError::TooLarge { bytes_max, encoded_bytes, limit }));
        }
        self.decoded_bytes += step.bytes as u64;
        if let Some(reason) = step.damage {
            let (decoded_bytes, encoded_offset) = (self.decoded_bytes, self.input.offset);
            let error = self.fail(DecodeError::Damaged { decoded_bytes, encoded_offset, reason });
            if step.bytes == 0 {
                return Err(error);
            }
        }
        Ok(step.bytes)
    }
}

#[derive(Debug)]
enum Decoder {
    Identity,
    Gzip(gzip::Gzip),
    Zstd(zstandard::Zstandard),
}

/// What one step of a decoder gave: nothing and no damage is the end.
#[derive(Debug, Default)]
struct Step {
    bytes: usize,
    damage: Option<String>,
}

impl Step {
    fn damaged(bytes: usize, reason: impl Into<String>) -> Self {
        Self { bytes, damage: Some(reason.into()) }
    }
}

/// The encoded bytes, and how many of them the decoder has taken.
#[derive(Debug)]
struct Input<R: Read> {
    buffered: BufReader<R>,
    offset: u64,
}

impl<R: Read> Input<R> {
    /// The next bytes; none at the end.
    fn peek(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.buffered.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                // Asked again because a borrow that is returned lives through the whole loop.
                Ok(_) => return self.buffered.fill_buf(),
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.buffered.consume(bytes);
        self.offset += bytes as u64;
    }
}

#[cfg(test)]
mod tests;
