//! The walk through one JSON value by its brackets and strings alone.
//!
//! It goes over each byte once, whatever the pieces in which they come, and counts nesting in place
//! of recursing into it. It does not say whether the value is valid JSON, only where it ends, or
//! where it is plain that it cannot go on.

/// Where a walk stands when the bytes run out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// Bytes of the value already walked.
    pub(super) done: usize,
    depth: usize,
    in_string: bool,
    /// The byte before was a backslash that has not met its partner.
    escaped: bool,
    /// The last byte that was not white space, outside strings.
    last: u8,
    /// The byte before `done`.
    before: u8,
}

impl Scan {
    /// The same walk, in a buffer that begins where it stands.
    pub(super) fn at_start(self) -> Self {
        Self { done: 0, ..self }
    }

    /// Whether the walk is inside a string.
    #[cfg(test)]
    pub(super) fn in_string(self) -> bool {
        self.in_string
    }
}

/// What a walk looks out for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'k> {
    /// Stop where the object walked has a member of this name, quotes included, whose value is an
    /// array.
    pub(super) wrapper_key: Option<&'k [u8]>,
    /// Take every line break in a string for a tear. Otherwise only one before an opening brace.
    pub(super) lines: bool,
    /// More bytes may follow those given.
    pub(super) more: bool,
}

/// How a walk came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// The value ends here (offset after its last byte).
    End(usize),
    /// The bytes end first.
    More(Scan),
    /// At this offset it is plain that the value was torn before.
    Torn(usize),
    /// The elements of the array asked for begin at this offset.
    Wrapped(usize),
}

/// Walks through one value that begins with a bracket or a quote, or goes on from where a walk
/// stood.
///
/// A value counts as torn at a line break in a string, which JSON forbids, and at a brace that
/// begins a line where the value cannot have one: both are what the next record looks like.
pub(super) fn walk(bytes: &[u8], mut scan: Scan, rules: Rules<'_>) -> Walk {
    let mut at = scan.done;
    loop {
        if scan.in_string {
            match string(bytes, at, &mut scan, rules) {
                StringEnd::Closed(next) => at = next,
                StringEnd::Torn(at) => return Walk::Torn(at),
                StringEnd::Open => break,
            }
            if scan.depth == 0 {
                return Walk::End(at);
            }
            if scan.depth == 1
                && let Some(key) = rules.wrapper_key
                && is_key(&bytes[..at], key)
            {
                match array_after(&bytes[at..]) {
                    After::Array(next) => return Walk::Wrapped(at + next),
                    After::Unknown if rules.more => {
                        // The closing quote is looked at again, together with what follows it.
                        let before = bytes[at - 2];
                        return Walk::More(Scan { done: at - 1, in_string: true, before, ..scan });
                    }
                    After::Unknown | After::Other => {}
                }
            }
        }
        // Most strings are followed by another.
        if let [b':' | b',', b'"', ..] = bytes[at..] {
            scan.in_string = true;
            at += 2;
            continue;
        }
        let Some(&byte) = bytes.get(at) else { break };
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'"' => scan.in_string = true,
            b'{' | b'[' => {
                if byte == b'{' && scan.depth > 0 && cannot_open(bytes, at, &scan) {
                    return Walk::Torn(at);
                }
                scan.depth += 1;
            }
            b'}' | b']' => {
                scan.depth = scan.depth.saturating_sub(1);
                if scan.depth == 0 {
                    return Walk::End(at + 1);
                }
            }
            _ => {}
        }
        scan.last = byte;
        at += 1;
    }
    let before = bytes.last().copied().unwrap_or(scan.before);
    Walk::More(Scan { done: bytes.len(), before, ..scan })
}

enum StringEnd {
    /// The offset after the closing quote.
    Closed(usize),
    Torn(usize),
    /// The bytes end first.
    Open,
}

fn string(bytes: &[u8], mut at: usize, scan: &mut Scan, rules: Rules<'_>) -> StringEnd {
    loop {
        if at >= bytes.len() {
            return StringEnd::Open;
        }
        if !rules.lines && bytes[at] == b'{' && before(bytes, at, scan) == b'\n' {
            return StringEnd::Torn(at);
        }
        if std::mem::take(&mut scan.escaped) && bytes[at] != b'\n' {
            at += 1;
            continue;
        }
        let Some(next) = special(&bytes[at..]) else { return StringEnd::Open };
        at += next;
        match bytes[at] {
            b'"' => {
                scan.in_string = false;
                scan.last = b'"';
                return StringEnd::Closed(at + 1);
            }
            b'\\' => scan.escaped = true,
            _ if rules.lines => return StringEnd::Torn(at),
            _ => {}
        }
        at += 1;
    }
}

/// The first quote, backslash or line break; eight bytes at a time, for most strings are short.
fn special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // Sets the high bit of each byte that is zero; above the lowest one it may err.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * u64::from(b'"')))
            | zeros(word ^ (ONES * u64::from(b'\\')))
            | zeros(word ^ (ONES * u64::from(b'\n')));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let tail = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
    Some(words.len() * 8 + tail)
}

/// Whether a brace begins a line at a place where the grammar has none.
fn cannot_open(bytes: &[u8], at: usize, scan: &Scan) -> bool {
    before(bytes, at, scan) == b'\n' && !matches!(scan.last, b'[' | b':' | b',')
}

fn before(bytes: &[u8], at: usize, scan: &Scan) -> u8 {
    if at > 0 { bytes[at - 1] } else { scan.before }
}

/// Whether the string that ends these bytes is this key.
fn is_key(bytes: &[u8], key: &[u8]) -> bool {
    // An escaped quote would be inside a longer string.
    bytes.strip_suffix(key).is_some_and(|rest| rest.last() != Some(&b'\\'))
}

enum After {
    /// The elements begin at this offset.
    Array(usize),
    Other,
    /// The bytes end too early to tell.
    Unknown,
}

/// What follows a key: a colon and an opening bracket, or something else.
fn array_after(bytes: &[u8]) -> After {
    let mut at = 0;
    for wanted in [b':', b'['] {
        at += white_space(&bytes[at..]);
        match bytes.get(at) {
            None => return After::Unknown,
            Some(byte) if *byte == wanted => at += 1,
            Some(_) => return After::Other,
        }
    }
    After::Array(at)
}

/// How many bytes of white space these bytes begin with.
pub(super) fn white_space(bytes: &[u8]) -> usize {
    let white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    bytes.iter().take_while(white).count()
}
