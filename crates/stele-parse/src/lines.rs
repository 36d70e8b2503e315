//! Records that are lines.
//!
//! A record ends at LF, CR LF, NUL (some senders end frames so) or at the end of the stream. These
//! terminators are the separators: LF, NUL, and the one CR that stands right before either of them
//! or before the end. Lines without a byte are no records. Every other byte is inside a span, or in
//! the tail of a line that was cut.

use memchr::memchr2;

use crate::format::{Span, Splitter};

/// Splits a stream into lines; see the module.
#[derive(Debug)]
pub struct LineSplitter {
    record_bytes_max: usize,
    /// Inside the tail of a line that was already reported, cut.
    skipping: bool,
    /// How many bytes of the next buffer are known to hold no terminator.
    searched: usize,
}

impl LineSplitter {
    /// A splitter that cuts lines longer than `record_bytes_max`, but never to nothing.
    pub fn new(record_bytes_max: usize) -> Self {
        Self { record_bytes_max: record_bytes_max.max(1), skipping: false, searched: 0 }
    }
}

impl Splitter for LineSplitter {
    fn split(&mut self, buffer: &[u8], at_end: bool, spans: &mut Vec<Span>) -> usize {
        let mut start = 0;
        let mut from = std::mem::take(&mut self.searched).min(buffer.len());
        while let Some(length) = memchr2(b'\n', 0, &buffer[from..]) {
            let end = from + length;
            self.line(buffer, start, end, spans);
            start = end + 1;
            from = start;
        }
        if at_end {
            self.line(buffer, start, buffer.len(), spans);
            return buffer.len();
        }
        if self.skipping {
            return buffer.len();
        }
        let rest = &buffer[start..];
        // A CR is no part of the line where a terminator follows, so it alone does not cut it.
        let length = rest.len() - usize::from(rest.ends_with(b"\r"));
        if length > self.record_bytes_max {
            let end = start + self.record_bytes_max;
            spans.push(Span { start, end, original_bytes: Some(rest.len() as u64) });
            self.skipping = true;
            return buffer.len();
        }
        self.searched = rest.len();
        start
    }
}

impl LineSplitter {
    /// Reports the line from `start` to its terminator at `end`.
    fn line(&mut self, buffer: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
        if std::mem::take(&mut self.skipping) {
            return;
        }
        let line = &buffer[start..end];
        let length = line.len() - usize::from(line.ends_with(b"\r"));
        if length == 0 {
            return;
        }
        let kept = length.min(self.record_bytes_max);
        let original_bytes = (kept < length).then_some(length as u64);
        spans.push(Span { start, end: start + kept, original_bytes });
    }
}

#[cfg(test)]
mod tests;
