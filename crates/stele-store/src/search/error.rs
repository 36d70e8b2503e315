//! A mistake in a query: what is wrong, what to do about it, and the place in the text.

use std::fmt;
use std::ops::Range;

/// How many characters of a long query are shown on either side of a mistake.
const SHOWN_CHARS_AROUND: usize = 60;
/// How many characters are underlined at the most.
const UNDERLINED_CHARS_MAX: usize = 80;

/// A mistake in a query. Its [`Display`](fmt::Display) is the message, the query with a mark under
/// the place, and the hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where, in bytes of the query.
    pub span: Range<usize>,
    query: Box<str>,
}

impl SearchError {
    pub(crate) fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), hint: None, span, query: Box::default() }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Remembers the query, so that the mistake can be shown in it.
    pub(crate) fn within(self, query: &str) -> Self {
        Self { query: query.into(), ..self }
    }

    /// The message, the query with a mark under the place, and the hint.
    pub fn explain(&self, query: &str) -> String {
        let mut text = self.message.clone();
        if !query.is_empty() {
            let (line, start, width) = marked_line(query, &self.span);
            let mark = [" ".repeat(start), "^".repeat(width)].concat();
            text.extend(["\n  ", &line, "\n  ", &mark]);
        }
        if let Some(hint) = &self.hint {
            text.push_str("\nhint: ");
            text.push_str(hint);
        }
        text
    }
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(&self.query))
    }
}

impl std::error::Error for SearchError {}

/// The part of the query around a place, on one line; where the mark begins in it and its width,
/// both in characters.
fn marked_line(query: &str, span: &Range<usize>) -> (String, usize, usize) {
    let chars_before =
        |offset: usize| query.char_indices().take_while(|(at, _)| *at < offset).count();
    let (start, end) = (chars_before(span.start), chars_before(span.end));
    let width = end.saturating_sub(start).clamp(1, UNDERLINED_CHARS_MAX);
    let first = start.saturating_sub(SHOWN_CHARS_AROUND);
    let shown = (start - first) + width + SHOWN_CHARS_AROUND;
    let mut rest = query.chars().skip(first);
    let mut line = String::from(if first > 0 { "…" } else { "" });
    line.extend(rest.by_ref().take(shown).map(|c| if c.is_control() { ' ' } else { c }));
    if rest.next().is_some() {
        line.push('…');
    }
    (line, start - first + usize::from(first > 0), width)
}
