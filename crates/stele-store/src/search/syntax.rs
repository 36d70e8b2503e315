//! From the text of a query to its terms.
//!
//! Terms side by side must all hold, as with `AND`; `OR`, `NOT` (or `-`) and parentheses do what
//! they say, and `NOT` binds closer than `AND`, which binds closer than `OR`. Any text is taken:
//! the answer is a tree or the place of a mistake, never a panic.

use std::ops::Range;

use super::SearchError;
pub use super::lexer::Text;
use super::lexer::{Cursor, Ending};

/// The longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 16 << 10;
/// How deep parentheses and negations may stand in each other. Twice as many overflow the stack of
/// 2 MiB that the planner has, in an unoptimised build.
pub const QUERY_DEPTH_MAX: usize = 32;

/// A query, as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// All must hold.
    And(Vec<Node>),
    /// One must hold.
    Or(Vec<Node>),
    /// It must not hold.
    Not(Box<Node>),
    /// A word, phrase or pattern of the raw record.
    Words(Text),
    /// A field and what it must be.
    Field(Name, Test),
}

/// The name of a field, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, without the colon.
    pub text: String,
    /// Its place in the query, in bytes.
    pub span: Range<usize>,
}

/// What a field must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// There is a value (`field:*`).
    Exists,
    /// It is this value, or fits this pattern.
    Is(Text),
    /// It compares so with this value.
    Compare(Comparison, Text),
    /// It lies between these; `None` is an open end (`[10 TO *]`).
    Between(Option<Bound>, Option<Bound>),
    /// It contains a match of this regular expression.
    Matches(Text),
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The value.
    pub value: Text,
    /// Whether the value itself is in the range.
    pub included: bool,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Reads a query; `None` where it is empty.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(query: &str) -> Result<Option<Node>, SearchError> {
    if query.len() > QUERY_BYTES_MAX {
        let message = format!(
            "the query has {} bytes, which is over the limit of {QUERY_BYTES_MAX}",
            query.len()
        );
        return Err(SearchError::new(message, 0..0));
    }
    let mut parser = Parser { cursor: Cursor::new(query), depth: 0 };
    parser.cursor.skip_spaces();
    if parser.cursor.peek().is_none() {
        return Ok(None);
    }
    let node = parser.alternatives(None)?;
    // Only a closing parenthesis stops the walk before the end.
    match parser.cursor.peek() {
        None => Ok(Some(node)),
        Some(_) => Err(SearchError::new("this parenthesis closes nothing", parser.cursor.here())
            .hint("put a text with parentheses in double quotes")),
    }
}

struct Parser<'q> {
    cursor: Cursor<'q>,
    depth: usize,
}

/// The field whose values are read, inside of `field:(…)`; none outside.
type Within<'a> = Option<&'a Name>;

impl Parser<'_> {
    fn alternatives(&mut self, within: Within<'_>) -> Result<Node, SearchError> {
        let mut nodes = vec![self.conjunction(within)?];
        while self.cursor.keyword("OR") {
            nodes.push(self.conjunction(within)?);
        }
        Ok(one_or(nodes, Node::Or))
    }

    fn conjunction(&mut self, within: Within<'_>) -> Result<Node, SearchError> {
        let mut nodes = vec![self.negation(within)?];
        loop {
            self.cursor.skip_spaces();
            if matches!(self.cursor.peek(), None | Some(')')) || self.cursor.at_keyword("OR") {
                return Ok(one_or(nodes, Node::And));
            }
            let joined = self.cursor.keyword("AND");
            if let (Some(name), false) = (within, joined) {
                return Err(SearchError::new(
                    "`OR` or `AND` is missing between these values",
                    self.cursor.here(),
                )
                .hint(format!("write `{}:(a OR b)`", name.text)));
            }
            nodes.push(self.negation(within)?);
        }
    }

    fn negation(&mut self, within: Within<'_>) -> Result<Node, SearchError> {
        self.cursor.skip_spaces();
        let start = self.cursor.at();
        if !self.cursor.take("-") && !self.cursor.keyword("NOT") {
            return self.primary(within);
        }
        if self.cursor.rest().starts_with(char::is_whitespace) && self.cursor.at() == start + 1 {
            return Err(SearchError::new("this `-` stands alone", start..start + 1)
                .hint("write it before a term without a space, or in double quotes"));
        }
        self.deeper(start)?;
        let node = self.negation(within)?;
        self.depth -= 1;
        Ok(Node::Not(Box::new(node)))
    }

    fn primary(&mut self, within: Within<'_>) -> Result<Node, SearchError> {
        let start = self.cursor.at();
        if self.cursor.take("(") {
            return self.group(start, within);
        }
        for keyword in ["AND", "OR"] {
            if self.cursor.at_keyword(keyword) {
                let place = start..start + keyword.len();
                return Err(SearchError::new(
                    format!("a term is missing before `{keyword}`"),
                    place,
                )
                .hint("put the word in double quotes to search for it"));
            }
        }
        if let Some(name) = within {
            return Ok(Node::Field(name.clone(), self.test(name)?));
        }
        if let Some((text, span)) = self.cursor.field_name() {
            return self.field(&Name { text, span });
        }
        let words = self.text(Ending::Term)?.ok_or_else(|| self.missing("a term"))?;
        if words.text.trim().is_empty() {
            return Err(SearchError::new("there is nothing in these quotes", words.span));
        }
        Ok(Node::Words(words))
    }

    /// What follows an opening parenthesis.
    fn group(&mut self, start: usize, within: Within<'_>) -> Result<Node, SearchError> {
        self.deeper(start)?;
        self.cursor.skip_spaces();
        if self.cursor.peek() == Some(')') {
            let place = start..self.cursor.here().end;
            return Err(SearchError::new("there is nothing in these parentheses", place));
        }
        let node = self.alternatives(within)?;
        if !self.cursor.take(")") {
            return Err(SearchError::new("this parenthesis is never closed", start..start + 1));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn field(&mut self, name: &Name) -> Result<Node, SearchError> {
        let start = self.cursor.at();
        if self.cursor.take("(") {
            return self.group(start, Some(name));
        }
        Ok(Node::Field(name.clone(), self.test(name)?))
    }

    fn test(&mut self, name: &Name) -> Result<Test, SearchError> {
        for (sign, comparison) in [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.cursor.take(sign) {
                self.cursor.skip_spaces();
                return Ok(Test::Compare(comparison, self.value(name, Ending::Term)?));
            }
        }
        let start = self.cursor.at();
        for (sign, included) in [("[", true), ("{", false)] {
            if self.cursor.take(sign) {
                return self.range(name, start, included);
            }
        }
        if let Some(regex) = self.cursor.regex() {
            return Ok(Test::Matches(regex));
        }
        let value = self.value(name, Ending::Term)?;
        Ok(if value.pattern.as_deref() == Some("*") { Test::Exists } else { Test::Is(value) })
    }

    /// What follows the opening bracket of a range.
    fn range(&mut self, name: &Name, start: usize, low_in: bool) -> Result<Test, SearchError> {
        let form = format!("a range is written `{}:[low TO high]`", name.text);
        self.cursor.skip_spaces();
        let low = self.value(name, Ending::Range)?;
        self.cursor.skip_spaces();
        if !self.cursor.keyword("TO") {
            let place = self.cursor.here();
            return Err(SearchError::new("`TO` is missing in this range", place).hint(form));
        }
        self.cursor.skip_spaces();
        let high = self.value(name, Ending::Range)?;
        self.cursor.skip_spaces();
        let high_in = self.cursor.take("]");
        if !high_in && !self.cursor.take("}") {
            let place = start..start + 1;
            return Err(SearchError::new("this range is never closed", place).hint(form));
        }
        let bound = |value: Text, included| {
            let open = value.pattern.as_deref() == Some("*");
            (!open).then_some(Bound { value, included })
        };
        Ok(Test::Between(bound(low, low_in), bound(high, high_in)))
    }

    fn value(&mut self, name: &Name, ending: Ending) -> Result<Text, SearchError> {
        if let Some(text) = self.text(ending)? {
            return Ok(text);
        }
        let name = &name.text;
        Err(self
            .missing(&format!("a value for `{name}`"))
            .hint(format!("write `\"{name}:\"` to search for the text itself")))
    }

    fn text(&mut self, ending: Ending) -> Result<Option<Text>, SearchError> {
        if let Some(quoted) = self.cursor.quoted()? {
            return Ok(Some(quoted));
        }
        Ok(self.cursor.bare(ending))
    }

    fn missing(&self, what: &str) -> SearchError {
        SearchError::new(format!("{what} is missing here"), self.cursor.here())
    }

    fn deeper(&mut self, start: usize) -> Result<(), SearchError> {
        self.depth += 1;
        if self.depth > QUERY_DEPTH_MAX {
            let message = format!("more than {QUERY_DEPTH_MAX} levels stand in each other");
            return Err(SearchError::new(message, start..start + 1));
        }
        Ok(())
    }
}

fn one_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { many(nodes) }
}

#[cfg(test)]
mod tests;
