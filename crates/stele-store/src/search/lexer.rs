//! The words of the search syntax: what stands at a place of the query, one piece at a time.
//!
//! What a character means depends on where it stands (`:` ends a field's name but is part of an
//! ARN; `[` opens a range after `field:` but is text elsewhere), so the parser asks for the piece
//! that it can use and the cursor answers whether it is there. Every offset is that of a character.

use std::ops::Range;

use super::SearchError;

/// A text of the query and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text, without quotes and escapes.
    pub text: String,
    /// The same as a pattern for `has_pattern`, where it holds a wildcard (`*` or `?`, not quoted
    /// and not escaped).
    pub pattern: Option<String>,
    /// Whether it stood in double quotes.
    pub quoted: bool,
    /// Its place in the query, in bytes.
    pub span: Range<usize>,
}

/// Where an unquoted text ends, besides white space, parentheses and quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nowhere else.
    Term,
    /// At the bracket that closes a range.
    Range,
}

/// A place in a query.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'q> {
    query: &'q str,
    at: usize,
}

impl<'q> Cursor<'q> {
    pub(super) fn new(query: &'q str) -> Self {
        Self { query, at: 0 }
    }

    /// The offset in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The place of what was read since `start`.
    pub(super) fn since(&self, start: usize) -> Range<usize> {
        start..self.at
    }

    /// The place of the next character, empty at the end.
    pub(super) fn here(&self) -> Range<usize> {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    pub(super) fn rest(&self) -> &'q str {
        &self.query[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a sign, whatever follows it.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let there = self.rest().starts_with(sign);
        self.at += if there { sign.len() } else { 0 };
        there
    }

    /// Whether a keyword stands here, alone.
    pub(super) fn at_keyword(&self, word: &str) -> bool {
        self.rest().strip_prefix(word).is_some_and(|after| ends_term(after, Ending::Term))
    }

    /// Takes a keyword that stands alone.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
        let there = self.at_keyword(word);
        self.at += if there { word.len() } else { 0 };
        there
    }

    /// Takes the name and the colon of `name:value`, and answers with the name and its place.
    ///
    /// A name begins with a letter, `_` or `@`; it goes on with those, digits, `.`, `-`, `$`,
    /// list places (`[0]`, `[]`) and, after a backslash, any character. What looks like it but is
    /// one of the usual texts with a colon is none: a URL (`http://…`), an ARN (`arn:aws:…`), an
    /// address of IP version 6, a name with two colons (`std::io`).
    pub(super) fn field_name(&mut self) -> Option<(String, Range<usize>)> {
        let rest = self.rest();
        let length = name_length(rest)?;
        let (name, after) = (&rest[..length], rest[length..].strip_prefix(':')?);
        let usual_text = after.starts_with("//")
            || after.starts_with(':') && !is_ip_v6(after)
            || name == "arn" && after.starts_with("aws")
            || is_ip_v6(rest);
        if usual_text {
            return None;
        }
        let span = self.at..self.at + length;
        self.at += length + 1;
        Some((name.to_owned(), span))
    }

    /// Takes `/…/`, and answers with what stands between the slashes.
    ///
    /// The next slash that is not escaped must end the value; else the first slash begins a path
    /// such as `/etc/passwd`. A slash inside is written `\/`.
    pub(super) fn regex(&mut self) -> Option<Text> {
        let inside = self.rest().strip_prefix('/')?;
        if inside.starts_with(char::is_whitespace) {
            return None;
        }
        let mut escaped = false;
        let end = inside.char_indices().find_map(|(at, c)| {
            let closes = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            closes.then_some(at)
        })?;
        if end == 0 || !ends_term(&inside[end + 1..], Ending::Term) {
            return None;
        }
        let start = self.at;
        self.at += end + 2;
        let text = inside[..end].replace("\\/", "/");
        Some(Text { text, pattern: None, quoted: true, span: self.since(start) })
    }

    /// Takes a text in double quotes, where one begins here. In it `\"` and `\\` stand for `"` and
    /// `\`; any other backslash is itself.
    pub(super) fn quoted(&mut self) -> Result<Option<Text>, SearchError> {
        let Some(inside) = self.rest().strip_prefix('"') else { return Ok(None) };
        let start = self.at;
        let mut text = String::new();
        let mut chars = inside.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match (c, chars.peek()) {
                ('\\', Some((_, next @ ('"' | '\\')))) => {
                    text.push(*next);
                    chars.next();
                }
                ('"', _) => {
                    self.at += at + 2;
                    let span = self.since(start);
                    return Ok(Some(Text { text, pattern: None, quoted: true, span }));
                }
                _ => text.push(c),
            }
        }
        Err(SearchError::new("this quote is never closed", start..start + 1)
            .hint("a quote inside of quotes is written `\\\"`"))
    }

    /// Takes a text without quotes; `None` where none begins here.
    pub(super) fn bare(&mut self, ending: Ending) -> Option<Text> {
        let start = self.at;
        let (mut text, mut pattern, mut wild) = (String::new(), String::new(), false);
        loop {
            let mut chars = self.rest().chars();
            let Some(c) = chars.next() else { break };
            let escaped = chars.next().filter(|next| c == '\\' && is_sign(*next));
            if escaped.is_none() && ends_term(self.rest(), ending) {
                break;
            }
            self.at += c.len_utf8() + escaped.map_or(0, char::len_utf8);
            let literal = escaped.unwrap_or(c);
            text.push(literal);
            match (c, literal) {
                ('*' | '?', _) => wild = true,
                (_, '*' | '?' | '\\') => pattern.push('\\'),
                _ => {}
            }
            pattern.push(literal);
        }
        let pattern = wild.then_some(pattern);
        (self.at > start).then(|| Text { text, pattern, quoted: false, span: self.since(start) })
    }
}

/// Whether an unquoted text ends where `rest` begins.
fn ends_term(rest: &str, ending: Ending) -> bool {
    rest.chars().next().is_none_or(|c| {
        c.is_whitespace()
            || matches!(c, '(' | ')' | '"')
            || ending == Ending::Range && matches!(c, ']' | '}')
    })
}

/// Characters that a backslash makes ordinary; before any other it is itself (`C:\temp`).
fn is_sign(c: char) -> bool {
    c.is_whitespace() || c.is_ascii_punctuation() && !matches!(c, '_' | '.' | ',' | '%' | '$' | '#')
}

/// The length of the name that `text` begins with.
fn name_length(text: &str) -> Option<usize> {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        let c = rest.chars().next()?;
        length += match c {
            '_' | '@' => 1,
            _ if c.is_alphabetic() => c.len_utf8(),
            '\\' => 1 + rest[1..].chars().next()?.len_utf8(),
            _ if length == 0 => return None,
            '.' | '-' | '$' => 1,
            _ if c.is_numeric() => c.len_utf8(),
            '[' => {
                let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                if rest.as_bytes().get(1 + digits) != Some(&b']') {
                    return Some(length);
                }
                2 + digits
            }
            _ => return Some(length),
        };
    }
}

fn is_ip_v6(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_hexdigit() && !matches!(c, ':' | '.'));
    text[..end.unwrap_or(text.len())].parse::<std::net::Ipv6Addr>().is_ok()
}
