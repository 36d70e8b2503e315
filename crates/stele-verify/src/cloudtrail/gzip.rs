//! One gzip member and nothing else (RFC 1952), in constant memory and up to a limit.
//!
//! AWS delivers each file as exactly one member. A second member, bytes behind the end, a checksum
//! that is wrong or cut off: readers differ in what they make of these, so that a hash over what
//! one of them reads proves nothing to another. Here they are damage.

use std::io::{self, BufRead, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status};
use sha2::{Digest, Sha256};

/// The window of RFC 1951 is 32 KiB.
const WINDOW_BITS: u8 = 15;
const BUFFER_BYTES: usize = 64 << 10;

/// Why a file could not be unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GzipError {
    /// It is not one whole gzip member.
    #[error("{0}")]
    Damaged(String),
    /// More comes out than is allowed.
    #[error("more than {0} bytes come out of it")]
    TooLarge(u64),
}

impl GzipError {
    /// The gzip error inside an I/O error; `None` where it was the file that could not be read.
    pub(crate) fn within(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }

    fn damaged(reason: impl Into<String>) -> io::Error {
        io::Error::other(Self::Damaged(reason.into()))
    }
}

/// The bytes inside a file of one gzip member.
pub(crate) struct Member<R> {
    encoded: BufReader<R>,
    inflate: Decompress,
    decoded_bytes: u64,
    bytes_max: u64,
    ended: bool,
}

impl<R: Read> Member<R> {
    /// A reader of at most `bytes_max` decoded bytes.
    pub(crate) fn new(encoded: R, bytes_max: u64) -> Self {
        Self {
            encoded: BufReader::with_capacity(BUFFER_BYTES, encoded),
            inflate: Decompress::new_gzip(WINDOW_BITS),
            decoded_bytes: 0,
            bytes_max,
            ended: false,
        }
    }

    fn step(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.encoded.fill_buf()?;
        let at_end = bytes.is_empty();
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(bytes, out, FlushDecompress::None)
            .map_err(|error| GzipError::damaged(format!("not valid gzip: {error}")))?;
        let taken = (self.inflate.total_in() - before_in) as usize;
        let given = (self.inflate.total_out() - before_out) as usize;
        self.encoded.consume(taken);
        match status {
            Status::StreamEnd => {
                self.ended = true;
                if !self.encoded.fill_buf()?.is_empty() {
                    return Err(GzipError::damaged("bytes follow the end of the gzip member"));
                }
            }
            Status::Ok | Status::BufError if at_end && given == 0 => {
                return Err(GzipError::damaged("it ends in the middle of the gzip member"));
            }
            Status::Ok | Status::BufError => {}
        }
        Ok(given)
    }
}

impl<R: Read> Read for Member<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            let given = match self.step(out) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                given => given?,
            };
            self.decoded_bytes += given as u64;
            if self.decoded_bytes > self.bytes_max {
                return Err(io::Error::other(GzipError::TooLarge(self.bytes_max)));
            }
            if given > 0 {
                return Ok(given);
            }
        }
        Ok(0)
    }
}

/// The SHA-256 of all that a reader gives.
pub(crate) fn sha256_of(mut reader: impl Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(length) => hash.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
