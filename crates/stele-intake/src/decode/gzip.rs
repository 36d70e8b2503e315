//! gzip members, one after the other (RFC 1952), by the inflate function itself.
//!
//! The ready-made readers lose what was decoded in the same call in which they meet damage; this
//! one delivers it. Zero bytes behind the last member are padding, as `gzip -d` has it (blocks of
//! a tape or of a preallocated file); any others are damage.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use super::{Input, Step};

/// The window of RFC 1951 is 32 KiB.
const WINDOW_BITS: u8 = 15;

#[derive(Debug)]
pub(super) struct Gzip {
    inflate: Decompress,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Beginning,
    InMember,
    BehindMember,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { inflate: Decompress::new_gzip(WINDOW_BITS), place: Place::Beginning }
    }

    pub(super) fn step<R: Read>(
        &mut self,
        input: &mut Input<R>,
        out: &mut [u8],
    ) -> io::Result<Step> {
        loop {
            let bytes = input.peek()?;
            if bytes.is_empty() && self.place != Place::InMember {
                return Ok(Step::default());
            }
            if self.place == Place::BehindMember {
                let padding = bytes.iter().take_while(|byte| **byte == 0).count();
                if padding > 0 {
                    input.consume(padding);
                    continue;
                }
                if bytes[0] != 0x1f {
                    return Ok(Step::damaged(0, "bytes that are not gzip follow its end"));
                }
                self.inflate = Decompress::new_gzip(WINDOW_BITS);
            }
            self.place = Place::InMember;
            let at_end = bytes.is_empty();
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let result = self.inflate.decompress(bytes, out, FlushDecompress::None);
            let taken = (self.inflate.total_in() - before_in) as usize;
            let given = (self.inflate.total_out() - before_out) as usize;
            input.consume(taken);
            match result {
                Ok(Status::StreamEnd) => self.place = Place::BehindMember,
                Ok(Status::Ok | Status::BufError) if at_end && given == 0 => {
                    return Ok(Step::damaged(0, "it ends in the middle of a gzip member"));
                }
                Ok(Status::Ok | Status::BufError) => {}
                Err(error) => return Ok(Step::damaged(given, error.to_string())),
            }
            if given > 0 {
                return Ok(Step { bytes: given, damage: None });
            }
        }
    }
}
