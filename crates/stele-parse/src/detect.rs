//! Chooses the format of a payload: what the formats themselves say of it, the surest first. Also
//! tells files that are no logs, so that an import of a folder can name them and leave them out.

use std::fmt;

use crate::format::{Confidence, Format, Hint};
use crate::formats;

/// How much of a payload is looked at, in bytes.
pub const HEAD_BYTES: usize = 64 << 10;

/// How much is looked at to tell whether it is a log at all, in bytes.
const LOOK_BYTES: usize = 8 << 10;

/// The choice.
#[derive(Clone, Copy)]
pub struct Detection {
    /// The format.
    pub format: &'static dyn Format,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Chooses by the hint and the first bytes. There is always an answer: plain text at the least.
/// Of formats that are equally sure, the earlier in [`formats::ALL`] is taken.
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

/// Why a file is no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotALog {
    /// It holds nothing but white space.
    Empty,
    /// It is an HTML document.
    WebPage,
    /// It is JavaScript.
    Script,
    /// It is text of two bytes a character.
    Utf16,
    /// It is of a known binary kind, or full of bytes that no text has.
    Binary,
}

impl NotALog {
    /// The reason, to go on with after the file's name.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Empty => "it is empty",
            Self::WebPage => "it is a web page",
            Self::Script => "it is JavaScript",
            Self::Utf16 => "it is UTF-16 text; convert it to UTF-8",
            Self::Binary => "it is binary data",
        }
    }
}

impl fmt::Display for NotALog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for NotALog {}

/// Tells by a file's first bytes, already decompressed, whether it can be a log. In doubt it can:
/// a file that is left out by mistake is worse than one that turns out to hold nothing of interest.
///
/// # Errors
/// The reason, where it cannot be one.
pub fn looks_like_log(head: &[u8]) -> Result<(), NotALog> {
    let head = &head[..head.len().min(LOOK_BYTES)];
    if is_utf16(head) {
        return Err(NotALog::Utf16);
    }
    if MAGIC_NUMBERS.iter().any(|magic| head.starts_with(magic)) {
        return Err(NotALog::Binary);
    }
    // A log that was cut off while its writer went on begins with NULs, often for a long way.
    let begin = head.iter().position(|byte| *byte != 0).unwrap_or(head.len());
    let content = &head[begin..];
    if content.is_empty() && begin > 0 {
        return if begin < LOOK_BYTES { Err(NotALog::Binary) } else { Ok(()) };
    }
    let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).trim_ascii_start();
    if text.is_empty() {
        return Err(NotALog::Empty);
    }
    // Some senders end records with NUL, and some loggers colour them with ESC.
    let is_control = |byte: &&u8| **byte < 9 || (14..32).contains(*byte) && **byte != 27;
    if content.iter().filter(is_control).count() * 20 > content.len() {
        return Err(NotALog::Binary);
    }
    let begins =
        |with: &[u8]| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    if begins(b"<!doctype html") || begins(b"<html") {
        return Err(NotALog::WebPage);
    }
    if is_script(text) { Err(NotALog::Script) } else { Ok(()) }
}

/// As [`looks_like_log`], with the reason in words.
pub fn not_a_log(head: &[u8]) -> Option<&'static str> {
    looks_like_log(head).err().map(NotALog::reason)
}

/// What files begin with that nobody logs in. Compressed ones are decoded before they come here.
const MAGIC_NUMBERS: &[&[u8]] = &[
    b"\x7fELF",
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF-",
    b"PK\x03\x04",
    b"PAR1",
    b"Obj\x01",
    b"ElfFile\0",
    b"SQLite format 3\0",
    b"\xd4\xc3\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
    b"LPKSHHRH",
];

/// By its mark, or by every other byte of the beginning being NUL.
fn is_utf16(head: &[u8]) -> bool {
    const CHARACTERS_MIN: usize = 8;
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    let pairs = head[..head.len().min(512)].chunks_exact(2);
    let all = |place: usize| {
        pairs
            .clone()
            .all(|pair| pair[place] == 0 && pair[1 - place].is_ascii() && pair[1 - place] != 0)
    };
    pairs.len() >= CHARACTERS_MIN && (all(0) || all(1))
}

/// Whether text begins as a script does and has several of its words; each alone may be logged.
fn is_script(text: &[u8]) -> bool {
    const BEGINNINGS: &[&[u8]] = &[
        b"//",
        b"/*",
        b"'use strict'",
        b"\"use strict\"",
        b"(function",
        b"!function",
        b"function ",
        b"const ",
        b"let ",
        b"var ",
        b"import ",
        b"export ",
    ];
    const WORDS: &[&[u8]] =
        &[b"function", b"const ", b"var ", b"let ", b"return ", b"document.", b"=> {", b");\n"];
    let has = |word: &&&[u8]| memchr::memmem::find(text, word).is_some();
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
        && WORDS.iter().filter(has).count() >= 3
}

#[cfg(test)]
mod tests;
