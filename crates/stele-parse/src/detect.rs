//! Chooses the format of a payload: what the formats themselves say of it, the surest first.

use crate::format::{Confidence, Format, Hint};
use crate::formats;

/// How much of a payload is looked at, in bytes.
pub const HEAD_BYTES: usize = 64 << 10;

/// The choice.
#[derive(Clone, Copy)]
pub struct Detection {
    /// The format.
    pub format: &'static dyn Format,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Chooses by the hint and the first bytes. There is always an answer: plain text at the least.
pub fn detect(hint: &Hint<'_>, payload: &[u8]) -> Detection {
    let head = &payload[..payload.len().min(HEAD_BYTES)];
    let mut best = Detection { format: &formats::text::Text, confidence: Confidence(0) };
    for format in formats::ALL {
        let confidence = format.detect(hint, head);
        if confidence > best.confidence {
            best = Detection { format: *format, confidence };
        }
    }
    best
}

/// Why a file is no log: for imports of whole folders, which name such files and leave them out.
pub fn not_a_log(head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(8 << 10)];
    let text = head.trim_ascii_start();
    let begins =
        |with: &[u8]| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    if text.is_empty() {
        Some("it is empty")
    } else if begins(b"<!doctype html") || begins(b"<html") {
        Some("it is a web page")
    } else if head.iter().filter(|b| **b < 9 || (14..32).contains(*b) && **b != 27).count() * 20
        > head.len()
    {
        Some("it is binary data")
    } else {
        None
    }
}
