//! Records that are lines.
//!
//! A record ends at LF, CR LF, NUL (some senders end frames so) or at the end of the stream. These
//! terminators, and empty lines, are separators; every other byte is inside a span.

use memchr::memchr2;

use crate::format::{Span, Splitter};

/// Splits a stream into lines; see the module.
#[derive(Debug)]
pub struct LineSplitter {
    record_bytes_max: usize,
    /// Inside the tail of a line that was already reported, cut.
    skipping: bool,
}

impl LineSplitter {
    /// A splitter that cuts lines longer than this.
    pub fn new(record_bytes_max: usize) -> Self {
        Self { record_bytes_max: record_bytes_max.max(1), skipping: false }
    }
}

impl Splitter for LineSplitter {
    fn split(&mut self, buffer: &[u8], at_end: bool, spans: &mut Vec<Span>) -> usize {
        let mut start = 0;
        while let Some(length) = memchr2(b'\n', 0, &buffer[start..]) {
            self.line(buffer, start, start + length, spans);
            start += length + 1;
        }
        let rest = buffer.len() - start;
        if at_end {
            self.line(buffer, start, buffer.len(), spans);
            return buffer.len();
        }
        if self.skipping {
            return buffer.len();
        }
        if rest > self.record_bytes_max {
            let end = start + self.record_bytes_max;
            spans.push(Span { start, end, original_bytes: Some(rest as u64) });
            self.skipping = true;
            return buffer.len();
        }
        start
    }
}

impl LineSplitter {
    fn line(&mut self, buffer: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
        if std::mem::take(&mut self.skipping) {
            return;
        }
        let end = if end > start && buffer[end - 1] == b'\r' { end - 1 } else { end };
        if end == start {
            return;
        }
        let length = end - start;
        let cut = length > self.record_bytes_max;
        let end = if cut { start + self.record_bytes_max } else { end };
        spans.push(Span { start, end, original_bytes: cut.then_some(length as u64) });
    }
}
