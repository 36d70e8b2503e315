//! Patterns with `*` and `?`, and regular expressions, over bytes.

use regex::bytes::{Regex, RegexBuilder};

/// How much memory a compiled expression may take, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A pattern as a regular expression: `*` is any run of bytes, `?` is one character (or one byte
/// that begins none), a backslash makes the next of `*`, `?` and `\` ordinary. The whole value
/// must fit, ASCII case aside.
///
/// # Errors
/// Where the pattern is too long.
pub(crate) fn glob(pattern: &str) -> Result<Regex, String> {
    const ONE_CHARACTER: &str = r"(?:[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]{0,3})";
    let mut parts: Vec<String> = vec![String::new()];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        // There is always a part: the vector begins with one and only grows.
        let Some(part) = parts.last_mut() else { break };
        match c {
            '*' => parts.push(String::new()),
            '?' => part.push_str(ONE_CHARACTER),
            '\\' => {
                let next = chars.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\');
                part.push_str(&literal(next.encode_utf8(&mut [0; 4])));
            }
            _ => part.push_str(&literal(c.encode_utf8(&mut [0; 4]))),
        }
    }
    let open = |part: Option<&String>| parts.len() > 1 && part.is_some_and(String::is_empty);
    // A star at an end is an end left open: the engine then looks for the rest anywhere.
    let begin = if open(parts.first()) { "" } else { r"\A" };
    let end = if open(parts.last()) { "" } else { r"\z" };
    let inner: Vec<&str> =
        parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    RegexBuilder::new(&format!("{begin}{}{end}", inner.join(".*")))
        .unicode(false)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|_| "the pattern is too long".to_owned())
}

/// A regular expression as people write it: it may match anywhere in the value.
///
/// # Errors
/// Where it is none, or too big.
pub(crate) fn regex(expression: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(expression).size_limit(COMPILED_BYTES_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too big".to_owned(),
        // The parser's message shows the place on several lines; the last names the fault.
        error => {
            let message = error.to_string();
            let fault = message.lines().last().unwrap_or_default().trim();
            let fault = fault.strip_prefix("error: ").unwrap_or(fault);
            format!("this is no regular expression: {fault}")
        }
    })
}

/// An expression that matches just these bytes, for an engine without Unicode.
pub(super) fn literal(text: &str) -> String {
    use std::fmt::Write;
    let mut escaped = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        // Writing to a string cannot fail.
        let _ = match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => write!(escaped, "{}", byte as char),
            _ => write!(escaped, "\\x{byte:02x}"),
        };
    }
    escaped
}
