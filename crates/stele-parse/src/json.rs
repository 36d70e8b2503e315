//! Records that are JSON objects: one after another, in an array, or in a wrapper such as
//! `{"Records":[…]}`.
//!
//! Bytes flow in as they arrive, in whatever pieces; the spans of the records flow out, the same
//! whatever the pieces are. Only the structure is looked at: whether a record is valid JSON is for
//! its mapping to say. White space, commas, the brackets of an array and the rest of a wrapper are
//! separators; every other byte is inside a span, or in the tail of a record that was cut.
//!
//! Text that begins no JSON value is taken line by line, and so is what a line holds after a
//! record: nothing that stands inside a line of text may pass for a record. A record that was torn
//! (see [`walk`]) ends where the next line begins with a brace. However often that happens, no
//! byte is gone over more than a few times.

mod envelope;
mod walk;

use memchr::{memchr, memmem};

use crate::format::{Span, Splitter};
use envelope::{Member, array_begins, member};
use walk::{Rules, Scan, Walk, walk};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Splits a stream into JSON records; see the module.
#[derive(Debug)]
pub struct JsonSplitter {
    record_bytes_max: usize,
    /// The name of a wrapper's array, with its quotes.
    wrapper_key: Option<Vec<u8>>,
    at_beginning: bool,
    place: Place,
    /// How far the value at the beginning of the next buffer has been walked.
    scan: Scan,
    /// Inside the tail of a record that was reported cut.
    tail: Option<Tail>,
    /// Up to this offset in the buffer, every line that begins with a brace begins a record: a
    /// record that was walked through so far turned out to be torn.
    torn_until: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between records at the top.
    Top,
    /// Between the elements of an array at the top.
    Array,
    /// Between the elements of a wrapper's array.
    Wrapped,
    /// Between the members of a wrapper that follow its array.
    WrapperEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Of a JSON value.
    Value(Scan),
    /// Of text, up to the end of its line.
    Line,
    /// Of text that stands in an array.
    Element,
}

/// What became of the bytes at an offset.
enum Step {
    /// They are done with, up to this offset.
    Next(usize),
    /// More are needed.
    Wait,
}

impl JsonSplitter {
    /// A splitter that cuts records longer than `record_bytes_max` and, where a key is given,
    /// takes the records of an object's array of that name out of it.
    pub fn new(record_bytes_max: usize, wrapper_key: Option<&'static str>) -> Self {
        Self {
            record_bytes_max: record_bytes_max.max(1),
            wrapper_key: wrapper_key.map(|key| format!("\"{key}\"").into_bytes()),
            at_beginning: true,
            place: Place::Top,
            scan: Scan::default(),
            tail: None,
            torn_until: 0,
        }
    }
}

impl Splitter for JsonSplitter {
    fn split(&mut self, buffer: &[u8], at_end: bool, spans: &mut Vec<Span>) -> usize {
        let reported = spans.len();
        let mut at = 0;
        if self.at_beginning {
            match byte_order_mark(buffer, at_end) {
                Some(mark) => at = mark,
                None => return 0,
            }
            self.at_beginning = buffer.is_empty();
        }
        let consumed = loop {
            if let Some(tail) = self.tail.take() {
                let start = at;
                at = self.skip(tail, buffer, at);
                // A record that was cut in this very call is known to be longer.
                if let Some(cut) = spans.get_mut(reported..).and_then(<[Span]>::last_mut)
                    && let Some(bytes) = &mut cut.original_bytes
                {
                    *bytes += (at - start) as u64;
                }
            }
            at += separators(&buffer[at..]);
            if at == buffer.len() {
                break at;
            }
            match self.step(buffer, at, at_end, spans) {
                Step::Next(next) => at = next,
                Step::Wait => break at,
            }
        };
        self.torn_until = self.torn_until.saturating_sub(consumed);
        consumed
    }
}

impl JsonSplitter {
    fn step(&mut self, buffer: &[u8], at: usize, at_end: bool, spans: &mut Vec<Span>) -> Step {
        match (self.place, buffer[at]) {
            (Place::WrapperEnd, _) => self.wrapper_end(buffer, at, at_end),
            (Place::Array, b']') => {
                self.place = Place::Top;
                Step::Next(at + 1)
            }
            (Place::Wrapped, b']') => {
                self.place = Place::WrapperEnd;
                Step::Next(at + 1)
            }
            (Place::Array | Place::Wrapped, b'{' | b'[' | b'"') | (Place::Top, b'{') => {
                self.value(buffer, at, at_end, spans)
            }
            (Place::Top, b'[') => match array_begins(&buffer[at..], at_end) {
                Some(true) => {
                    self.place = Place::Array;
                    Step::Next(at + 1)
                }
                Some(false) => self.text(buffer, at, at_end, spans),
                None => Step::Wait,
            },
            _ => self.text(buffer, at, at_end, spans),
        }
    }

    /// A JSON value, or a wrapper.
    fn value(&mut self, buffer: &[u8], at: usize, at_end: bool, spans: &mut Vec<Span>) -> Step {
        let bytes = &buffer[at..];
        let piece = self.torn_piece(buffer, at);
        let length = piece.unwrap_or(bytes.len()).min(self.record_bytes_max);
        let top = self.place == Place::Top;
        let rules = Rules {
            wrapper_key: self.wrapper_key.as_deref().filter(|_| top),
            lines: top,
            more: !at_end && piece.is_none() && length < self.record_bytes_max,
        };
        match walk(&bytes[..length], std::mem::take(&mut self.scan), rules) {
            Walk::End(end) => {
                spans.push(Span { start: at, end: at + end, original_bytes: None });
                Step::Next(at + end)
            }
            Walk::Wrapped(inside) => {
                self.place = Place::Wrapped;
                Step::Next(at + inside)
            }
            Walk::Torn(end) => self.torn(buffer, at, at + end, spans),
            Walk::More(_) if piece == Some(length) => self.torn(buffer, at, at + length, spans),
            Walk::More(scan) if bytes.len() > length => {
                self.cut(at, Tail::Value(scan.at_start()), spans)
            }
            Walk::More(_) if at_end => self.torn(buffer, at, buffer.len(), spans),
            Walk::More(scan) => {
                self.scan = scan;
                Step::Wait
            }
        }
    }

    /// Where the next record begins, counted from `at`, in bytes that a torn record went through.
    fn torn_piece(&self, buffer: &[u8], at: usize) -> Option<usize> {
        let torn = buffer.get(at..self.torn_until)?;
        memmem::find(torn, b"\n{").map(|line_end| line_end + 1)
    }

    /// Reports a torn record that was walked from `at` to `end`. Where a line in between begins
    /// with a brace, the next record is taken to begin there.
    fn torn(&mut self, buffer: &[u8], at: usize, end: usize, spans: &mut Vec<Span>) -> Step {
        self.torn_until = self.torn_until.max(end);
        self.place = Place::Top;
        let next = self.torn_piece(buffer, at).map_or(end, |piece| at + piece);
        let length = buffer[at..next].trim_ascii_end().len();
        spans.push(Span { start: at, end: at + length, original_bytes: None });
        Step::Next(next)
    }

    /// Bytes that begin no record: up to the end of the line, or inside an array the next element.
    fn text(&mut self, buffer: &[u8], at: usize, at_end: bool, spans: &mut Vec<Span>) -> Step {
        let bytes = &buffer[at..];
        // The end itself may stand right behind the longest record.
        let window = &bytes[..bytes.len().min(self.record_bytes_max + 1)];
        let line = matches!(self.place, Place::Top | Place::WrapperEnd);
        // The first byte belongs to the text, whatever it is.
        let end = if line { line_end(&window[1..]) } else { element_end(&window[1..]) };
        let length = match end {
            Some(end) => end + 1,
            None if bytes.len() > self.record_bytes_max => {
                return self.cut(at, if line { Tail::Line } else { Tail::Element }, spans);
            }
            None if at_end => bytes.len(),
            None => return Step::Wait,
        };
        let end = at + bytes[..length].trim_ascii_end().len().max(1);
        spans.push(Span { start: at, end, original_bytes: None });
        Step::Next(at + length)
    }

    fn cut(&mut self, at: usize, tail: Tail, spans: &mut Vec<Span>) -> Step {
        let original_bytes = Some(self.record_bytes_max as u64);
        let end = at + self.record_bytes_max;
        spans.push(Span { start: at, end, original_bytes });
        self.tail = Some(tail);
        Step::Next(end)
    }

    /// Goes through the tail of a record that was cut, and returns where it ends in the buffer.
    fn skip(&mut self, tail: Tail, buffer: &[u8], at: usize) -> usize {
        let bytes = &buffer[at..];
        let end = match tail {
            Tail::Line => line_end(bytes),
            Tail::Element => element_end(bytes),
            Tail::Value(scan) => {
                let lines = self.place == Place::Top;
                match walk(bytes, scan, Rules { wrapper_key: None, lines, more: true }) {
                    Walk::End(end) | Walk::Wrapped(end) => Some(end),
                    Walk::Torn(end) => {
                        self.place = Place::Top;
                        Some(end)
                    }
                    Walk::More(scan) => {
                        self.tail = Some(Tail::Value(scan.at_start()));
                        return buffer.len();
                    }
                }
            }
        };
        if end.is_none() {
            self.tail = Some(tail);
        }
        end.map_or(buffer.len(), |end| at + end)
    }

    /// In a wrapper, behind its array. What fits nowhere there is no part of it.
    fn wrapper_end(&mut self, buffer: &[u8], at: usize, at_end: bool) -> Step {
        let key = self.wrapper_key.as_deref().unwrap_or_default();
        let found = match buffer[at] {
            b'"' => member(&buffer[at..], key, at_end),
            b'}' => {
                self.place = Place::Top;
                return Step::Next(at + 1);
            }
            _ => Member::No,
        };
        match found {
            Member::End(end) => Step::Next(at + end),
            Member::Records(inside) => {
                self.place = Place::Wrapped;
                Step::Next(at + inside)
            }
            Member::More => Step::Wait,
            Member::No => {
                self.place = Place::Top;
                Step::Next(at)
            }
        }
    }
}

/// How many bytes of separators these bytes begin with.
fn separators(bytes: &[u8]) -> usize {
    let between = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
    bytes.iter().take_while(between).count()
}

/// The length of the mark that a stream begins with; `None` where more bytes are needed to tell.
fn byte_order_mark(bytes: &[u8], at_end: bool) -> Option<usize> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        return Some(BYTE_ORDER_MARK.len());
    }
    let begun = !bytes.is_empty() && BYTE_ORDER_MARK.starts_with(bytes);
    if begun && !at_end { None } else { Some(0) }
}

fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr(b'\n', bytes)
}

fn element_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b',' | b']' | b'{' | b'[' | b'}' | b'\n'))
}

#[cfg(test)]
mod tests;
