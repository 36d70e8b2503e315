//! Zstandard frames, one after the other (RFC 8878).
//!
//! A call that fails loses what it decoded before. So the decoder is given one block at a time,
//! without the header of the next, and nothing new before all that it has was taken.

use std::io::{self, Read};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::{Input, Step};

/// The largest window, in bytes; what the `zstd` tool accepts unless told otherwise. Memory is
/// only taken as far as the content fills it.
pub(super) const WINDOW_BYTES_MAX: u32 = 1 << 27;

/// A frame begins with at least so many bytes.
const FRAME_HEADER_BYTES_MIN: usize = 5;
/// What it asks for behind a block includes the header of the next one.
const BLOCK_HEADER_BYTES: usize = 3;

pub(super) struct Zstandard {
    decoder: Decoder<'static>,
    /// How many bytes it asks for.
    wanted: usize,
    /// It may hold decoded bytes for which there was no room.
    holds: bool,
    in_frame: bool,
    frames: u64,
}

impl std::fmt::Debug for Zstandard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zstandard").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Zstandard {
    pub(super) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_BYTES_MAX.ilog2()))?;
        let wanted = FRAME_HEADER_BYTES_MIN;
        Ok(Self { decoder, wanted, holds: false, in_frame: false, frames: 0 })
    }

    pub(super) fn step<R: Read>(
        &mut self,
        input: &mut Input<R>,
        out: &mut [u8],
    ) -> io::Result<Step> {
        loop {
            let bytes = if self.holds { &[] } else { input.peek()? };
            if bytes.is_empty() && !self.holds {
                return Ok(if self.in_frame {
                    Step::damaged(0, "it ends in the middle of a Zstandard frame")
                } else {
                    Step::default()
                });
            }
            let portion = match self.wanted {
                wanted if wanted > BLOCK_HEADER_BYTES => wanted - BLOCK_HEADER_BYTES,
                wanted => wanted,
            };
            let mut source = InBuffer::around(&bytes[..bytes.len().min(portion)]);
            let mut target = OutBuffer::around(out);
            let wanted = match self.decoder.run(&mut source, &mut target) {
                Ok(wanted) => wanted,
                Err(_) if !self.in_frame && self.frames > 0 => {
                    let reason = "bytes that are not Zstandard follow its end";
                    return Ok(Step::damaged(0, reason));
                }
                Err(error) => return Ok(Step::damaged(target.pos(), error.to_string())),
            };
            let (taken, given) = (source.pos(), target.pos());
            self.holds = given == out.len() && wanted > 0;
            self.in_frame = wanted > 0;
            self.frames += u64::from(wanted == 0);
            self.wanted = if wanted == 0 { FRAME_HEADER_BYTES_MIN } else { wanted };
            input.consume(taken);
            if given > 0 {
                return Ok(Step { bytes: given, damage: None });
            }
        }
    }
}
