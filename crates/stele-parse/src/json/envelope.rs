//! What stands around records: the brackets of an array, and the members of a wrapper that follow
//! its array.

use serde::de::IgnoredAny;

use super::walk::{Rules, Scan, Walk, walk, white_space};

/// The longest member of a wrapper that is taken for one, in bytes. What is longer becomes records
/// that nobody understands, so that nothing large is passed over in silence.
pub(super) const MEMBER_BYTES_MAX: usize = 64 << 10;

/// How far a bracket is looked behind to tell an array from other text, in bytes.
const ARRAY_HEAD_BYTES: usize = 256;

/// Whether a bracket at the top begins an array of JSON values, rather than a line such as
/// `[error] disk is full`; `None` where more bytes are needed to tell.
pub(super) fn array_begins(bytes: &[u8], at_end: bool) -> Option<bool> {
    let head = &bytes[1..bytes.len().min(ARRAY_HEAD_BYTES)];
    let complete = at_end || bytes.len() >= ARRAY_HEAD_BYTES;
    let value = &head[white_space(head)..];
    match value.first() {
        None => complete.then_some(false),
        Some(b'{' | b'[' | b']' | b'"') => Some(true),
        Some(_) => {
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b' ' | b'\t' | b'\r' | b'\n');
            let Some(length) = value.iter().position(ends) else {
                return complete.then_some(false);
            };
            if serde_json::from_slice::<IgnoredAny>(&value[..length]).is_err() {
                return Some(false);
            }
            let rest = &value[length..];
            match rest.get(white_space(rest)) {
                None => complete.then_some(false),
                Some(byte) => Some(matches!(byte, b',' | b']')),
            }
        }
    }
}

/// A member of a wrapper, behind its array of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// It ends at this offset.
    End(usize),
    /// It is another array of records, whose elements begin at this offset.
    Records(usize),
    /// More bytes are needed to tell.
    More,
    /// It is no member.
    No,
}

/// Reads a member that begins with the quote of its name. `key` is the name, with its quotes, of
/// the array of records.
pub(super) fn member(bytes: &[u8], key: &[u8], at_end: bool) -> Member {
    let bytes = &bytes[..bytes.len().min(MEMBER_BYTES_MAX)];
    let unfinished =
        if at_end || bytes.len() == MEMBER_BYTES_MAX { Member::No } else { Member::More };
    let rules = Rules { wrapper_key: None, lines: true, more: false };
    let mut at = match walk(bytes, Scan::default(), rules) {
        Walk::End(end) => end,
        Walk::More(_) => return unfinished,
        Walk::Torn(_) | Walk::Wrapped(_) => return Member::No,
    };
    let is_records = &bytes[..at] == key;
    at += white_space(&bytes[at..]);
    match bytes.get(at) {
        None => return unfinished,
        Some(b':') => at += 1,
        Some(_) => return Member::No,
    }
    at += white_space(&bytes[at..]);
    match bytes.get(at) {
        None => unfinished,
        Some(b'[') if is_records => Member::Records(at + 1),
        Some(b'{' | b'[' | b'"') => match walk(&bytes[at..], Scan::default(), rules) {
            Walk::End(end) => Member::End(at + end),
            Walk::More(_) => unfinished,
            Walk::Torn(_) | Walk::Wrapped(_) => Member::No,
        },
        Some(_) => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
            match bytes[at..].iter().position(ends) {
                None => unfinished,
                Some(length) => {
                    let value = serde_json::from_slice::<IgnoredAny>(&bytes[at..at + length]);
                    if value.is_ok() { Member::End(at + length) } else { Member::No }
                }
            }
        }
    }
}
