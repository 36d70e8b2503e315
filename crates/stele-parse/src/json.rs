//! Records that are JSON objects: one after another, in an array, or in a wrapper such as
//! `{"Records":[…]}`.
//!
//! Only the structure is looked at (brackets outside strings); whether a record is valid JSON is
//! for its mapping to say. White space, commas, the brackets of an array and the rest of a wrapper
//! are separators; every other byte is inside a span. Nesting is counted, not recursed into. A
//! record that is torn by a line break inside a string, or that never ends, is given up at its
//! first line break, so that one torn line does not swallow those that follow.

use memchr::{memchr, memchr3};

use crate::format::{Span, Splitter};

/// Splits a stream into JSON records; see the module.
#[derive(Debug)]
pub struct JsonSplitter {
    record_bytes_max: usize,
    wrapper_key: Option<&'static str>,
    place: Place,
    /// How far the record at the start of the next buffer has been scanned.
    scan: Scan,
    skipping: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between records at the top.
    Top,
    /// Between the elements of an array at the top, or of a wrapper's.
    Array { wrapped: bool },
    /// In what follows the array inside a wrapper.
    WrapperTail,
}

/// The state of a walk through one value.
#[derive(Debug, Clone, Copy, Default)]
struct Scan {
    /// Bytes of the value already walked.
    done: usize,
    depth: usize,
    in_string: bool,
}

enum Walk {
    /// The value ends here (offset after its last byte).
    End(usize),
    /// The buffer ends first.
    More(Scan),
    /// A line break inside a string, at this offset: no JSON value goes on from here.
    Torn(usize),
}

impl JsonSplitter {
    /// A splitter that cuts records longer than `record_bytes_max` and, where a key is given,
    /// takes the records of an object's array of that name out of it.
    pub fn new(record_bytes_max: usize, wrapper_key: Option<&'static str>) -> Self {
        Self {
            record_bytes_max: record_bytes_max.max(1),
            wrapper_key,
            place: Place::Top,
            scan: Scan::default(),
            skipping: false,
        }
    }
}

impl Splitter for JsonSplitter {
    fn split(&mut self, buffer: &[u8], at_end: bool, spans: &mut Vec<Span>) -> usize {
        let mut at = 0;
        if self.skipping {
            match self.skip(buffer, at_end) {
                Some(end) => at = end,
                None => return buffer.len(),
            }
        }
        loop {
            at += self.separators(&buffer[at..]);
            let Some(&byte) = buffer.get(at) else { return at };
            let step = match (self.place, byte) {
                (Place::WrapperTail, _) => self.wrapper_tail(buffer, at, at_end),
                (Place::Top, b'[') => {
                    self.place = Place::Array { wrapped: false };
                    Some(at + 1)
                }
                (Place::Array { wrapped }, b']') => {
                    self.place = if wrapped { Place::WrapperTail } else { Place::Top };
                    Some(at + 1)
                }
                (Place::Top, b'{') => self.object_or_wrapper(buffer, at, at_end, spans),
                (Place::Array { .. }, b'{' | b'[') => self.record(buffer, at, at_end, spans),
                _ => self.garbage(buffer, at, at_end, spans),
            };
            match step {
                Some(next) => at = next,
                None => return if self.skipping { buffer.len() } else { at },
            }
        }
    }
}

impl JsonSplitter {
    fn separators(&self, bytes: &[u8]) -> usize {
        let between = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b',');
        // A byte order mark is no content.
        let mark = usize::from(bytes.starts_with(b"\xef\xbb\xbf")) * 3;
        mark + bytes[mark..].iter().take_while(|b| between(b)).count()
    }

    fn object_or_wrapper(
        &mut self,
        buffer: &[u8],
        at: usize,
        at_end: bool,
        spans: &mut Vec<Span>,
    ) -> Option<usize> {
        if let Some(key) = self.wrapper_key
            && self.scan.done == 0
        {
            match wrapper(&buffer[at..], key) {
                Wrapper::Yes(inside) => {
                    self.place = Place::Array { wrapped: true };
                    return Some(at + inside);
                }
                Wrapper::More if !at_end && buffer.len() - at <= self.record_bytes_max => {
                    return None;
                }
                Wrapper::More | Wrapper::No => {}
            }
        }
        self.record(buffer, at, at_end, spans)
    }

    fn record(
        &mut self,
        buffer: &[u8],
        at: usize,
        at_end: bool,
        spans: &mut Vec<Span>,
    ) -> Option<usize> {
        let scan = std::mem::take(&mut self.scan);
        match walk(&buffer[at..], scan) {
            Walk::End(length) => {
                self.report(at, length, spans);
                Some(at + length)
            }
            Walk::Torn(length) => {
                self.report(at, trimmed(&buffer[at..at + length]), spans);
                Some(at + length)
            }
            Walk::More(scan) => {
                let rest = buffer.len() - at;
                if !at_end && rest <= self.record_bytes_max {
                    self.scan = scan;
                    return None;
                }
                // It never ends, or is too long: give it up at a line break if there is one.
                let line = memchr(b'\n', &buffer[at..]).filter(|_| self.place == Place::Top);
                if let Some(line) = line {
                    self.report(at, trimmed(&buffer[at..at + line]), spans);
                    return Some(at + line);
                }
                self.report(at, rest, spans);
                if at_end {
                    return Some(buffer.len());
                }
                self.skipping = true;
                self.scan = Scan { done: 0, ..scan };
                None
            }
        }
    }

    /// Bytes that begin no record: up to the next line, or inside an array the next element.
    fn garbage(
        &mut self,
        buffer: &[u8],
        at: usize,
        at_end: bool,
        spans: &mut Vec<Span>,
    ) -> Option<usize> {
        let rest = &buffer[at..];
        let end = match self.place {
            Place::Array { .. } if rest[0] == b'"' => match walk(rest, Scan::default()) {
                Walk::End(end) | Walk::Torn(end) => Some(end),
                Walk::More(_) => None,
            },
            Place::Array { .. } => {
                let element = memchr3(b',', b']', b'\n', &rest[1..]);
                element.map(|end| end + 1)
            }
            _ => memchr(b'\n', rest),
        };
        let length = match end {
            Some(end) => end,
            None if at_end => rest.len(),
            None if rest.len() > self.record_bytes_max => {
                self.report(at, rest.len(), spans);
                self.skipping = true;
                self.scan = Scan::default();
                return None;
            }
            None => return None,
        };
        self.report(at, trimmed(&rest[..length]).max(1), spans);
        Some(at + length)
    }

    fn report(&self, start: usize, length: usize, spans: &mut Vec<Span>) {
        let cut = length > self.record_bytes_max;
        let end = start + length.min(self.record_bytes_max);
        spans.push(Span { start, end, original_bytes: cut.then_some(length as u64) });
    }

    /// Goes through the tail of a record that was reported cut; where it ends, if it does.
    fn skip(&mut self, buffer: &[u8], at_end: bool) -> Option<usize> {
        let scan = std::mem::take(&mut self.scan);
        if scan.depth == 0 {
            let end = memchr(b'\n', buffer);
            self.skipping = end.is_none() && !at_end;
            return end;
        }
        match walk(buffer, scan) {
            Walk::End(end) | Walk::Torn(end) => {
                self.skipping = false;
                Some(end)
            }
            Walk::More(scan) => {
                self.scan = Scan { done: 0, ..scan };
                None
            }
        }
    }

    fn wrapper_tail(&mut self, buffer: &[u8], at: usize, at_end: bool) -> Option<usize> {
        let scan = Scan { depth: 1, ..Scan::default() };
        match walk(&buffer[at..], scan) {
            Walk::End(end) | Walk::Torn(end) => {
                self.place = Place::Top;
                Some(at + end)
            }
            Walk::More(_) if at_end => Some(buffer.len()),
            Walk::More(_) if buffer.len() - at > self.record_bytes_max => {
                self.place = Place::Top;
                Some(at)
            }
            Walk::More(_) => None,
        }
    }
}

/// The length without trailing white space.
fn trimmed(bytes: &[u8]) -> usize {
    bytes.trim_ascii_end().len()
}

/// Walks through one value that begins with a bracket or a quote, or goes on from a state.
fn walk(bytes: &[u8], mut scan: Scan) -> Walk {
    let mut at = scan.done;
    let mut done = bytes.len();
    loop {
        if scan.in_string {
            let Some(next) = memchr3(b'"', b'\\', b'\n', &bytes[at..]) else { break };
            at += next;
            match bytes[at] {
                b'\n' => return Walk::Torn(at),
                b'\\' if at + 1 >= bytes.len() => {
                    // Looked at again together with what follows it.
                    done = at;
                    break;
                }
                b'\\' => at += 2,
                _ => {
                    at += 1;
                    scan.in_string = false;
                    if scan.depth == 0 {
                        return Walk::End(at);
                    }
                }
            }
            continue;
        }
        let Some(&byte) = bytes.get(at) else { break };
        at += 1;
        match byte {
            b'"' => scan.in_string = true,
            b'{' | b'[' => scan.depth += 1,
            b'}' | b']' => {
                scan.depth = scan.depth.saturating_sub(1);
                if scan.depth == 0 {
                    return Walk::End(at);
                }
            }
            _ => {}
        }
    }
    Walk::More(Scan { done, ..scan })
}

enum Wrapper {
    /// The array's elements begin at this offset.
    Yes(usize),
    No,
    More,
}

/// Whether an object has an array of that name among its members.
fn wrapper(bytes: &[u8], key: &str) -> Wrapper {
    let mut at = 1;
    loop {
        let spaces = bytes[at..].iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
        at += spaces;
        match bytes.get(at) {
            None => return Wrapper::More,
            Some(b'"') => {}
            Some(_) => return Wrapper::No,
        }
        let name_start = at + 1;
        match walk(&bytes[at..], Scan::default()) {
            Walk::End(end) => at += end,
            Walk::More(_) => return Wrapper::More,
            Walk::Torn(_) => return Wrapper::No,
        }
        let name = &bytes[name_start..at - 1];
        at += bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        match bytes.get(at) {
            None => return Wrapper::More,
            Some(b':') => at += 1,
            Some(_) => return Wrapper::No,
        }
        at += bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        match bytes.get(at) {
            None => return Wrapper::More,
            Some(b'[') if name == key.as_bytes() => return Wrapper::Yes(at + 1),
            Some(b'{' | b'[' | b'"') => match walk(&bytes[at..], Scan::default()) {
                Walk::End(end) => at += end,
                Walk::More(_) => return Wrapper::More,
                Walk::Torn(_) => return Wrapper::No,
            },
            Some(_) => match memchr3(b',', b'}', b'\n', &bytes[at..]) {
                None => return Wrapper::More,
                Some(end) => at += end,
            },
        }
    }
}
