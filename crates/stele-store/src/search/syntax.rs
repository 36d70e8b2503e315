//! From the text of a query to its terms.
//!
//! Terms side by side must all hold; `OR`, `NOT` (or `-`) and parentheses do what they say. The
//! parser takes any text: it answers with terms or with the place of a mistake, never otherwise.

use std::ops::Range;

use super::SearchError;

/// The longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 16 << 10;
/// How deep parentheses may stand in each other.
const DEPTH_MAX: usize = 64;

/// A query, as a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// All must hold.
    And(Vec<Node>),
    /// One must hold.
    Or(Vec<Node>),
    /// It must not hold.
    Not(Box<Node>),
    /// A word or phrase of the raw record.
    Word(Text),
    /// A field and what it must be.
    Field {
        /// The name, as typed.
        name: String,
        /// Its place in the query.
        name_span: Range<usize>,
        /// What it must be.
        test: Test,
    },
}

/// A text and how it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The text, without quotes.
    pub text: String,
    /// Whether it stood in quotes: then `*` and `?` are themselves.
    pub quoted: bool,
    /// Its place in the query.
    pub span: Range<usize>,
}

/// What a field must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// There is a value (`field:*`).
    Exists,
    /// It is this, or one of these where the type has a shorthand.
    Is(Text),
    /// It compares so with this.
    Compare(Comparison, Text),
    /// It lies between these, both included.
    Between(Text, Text),
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
pub fn parse(query: &str) -> Result<Option<Node>, SearchError> {
    if query.len() > QUERY_BYTES_MAX {
        let message = format!("the query is longer than {QUERY_BYTES_MAX} bytes");
        return Err(SearchError::new(message, 0..1));
    }
    let mut parser = Parser { query, at: 0, depth: 0 };
    parser.spaces();
    if parser.rest().is_empty() {
        return Ok(None);
    }
    let node = parser.alternatives()?;
    match parser.rest() {
        "" => Ok(Some(node)),
        _ => {
            let at = parser.at;
            Err(SearchError::new("this parenthesis closes nothing", at..at + 1))
        }
    }
}

struct Parser<'a> {
    query: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.query[self.at..]
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a keyword that stands alone.
    fn keyword(&mut self, word: &str) -> bool {
        let Some(after) = self.rest().strip_prefix(word) else { return false };
        let alone = after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c == '(');
        if alone {
            self.at += word.len();
            self.spaces();
        }
        alone
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn alternatives(&mut self) -> Result<Node, SearchError> {
        let mut nodes = vec![self.conjunction()?];
        while self.keyword("OR") {
            nodes.push(self.conjunction()?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Or(nodes) })
    }

    fn conjunction(&mut self) -> Result<Node, SearchError> {
        let mut nodes = Vec::new();
        loop {
            self.spaces();
            let begins_or = self.rest().strip_prefix("OR").is_some_and(|after| {
                after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c == '(')
            });
            if self.rest().is_empty() || self.rest().starts_with(')') || begins_or {
                break;
            }
            if !nodes.is_empty() {
                self.keyword("AND");
            }
            nodes.push(self.negation()?);
        }
        match nodes.len() {
            0 => {
                let at = self.at.min(self.query.len());
                Err(SearchError::new("a term is missing here", at..at)
                    .hint("put the words `AND`, `OR`, `NOT` in quotes to search for them"))
            }
            1 => Ok(nodes.remove(0)),
            _ => Ok(Node::And(nodes)),
        }
    }

    fn negation(&mut self) -> Result<Node, SearchError> {
        let dash =
            self.rest().starts_with('-') && !self.rest()[1..].starts_with(char::is_whitespace);
        let negated = (dash && self.rest().len() > 1 && self.take("-")) || self.keyword("NOT");
        if !negated {
            return self.primary();
        }
        self.deeper()?;
        let node = self.negation()?;
        self.depth -= 1;
        Ok(Node::Not(Box::new(node)))
    }

    fn deeper(&mut self) -> Result<(), SearchError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} levels stand in each other");
            return Err(SearchError::new(message, self.at..self.at));
        }
        Ok(())
    }

    fn primary(&mut self) -> Result<Node, SearchError> {
        let start = self.at;
        if self.take("(") {
            self.deeper()?;
            let node = self.alternatives()?;
            self.spaces();
            if !self.take(")") {
                return Err(SearchError::new("this parenthesis is never closed", start..start + 1));
            }
            self.depth -= 1;
            return Ok(node);
        }
        let Some(colon) = self.field_name() else { return Ok(Node::Word(self.value()?)) };
        let name_span = start..start + colon;
        let name = self.query[name_span.clone()].to_owned();
        self.at = start + colon + 1;
        self.field(&name, &name_span)
    }

    /// The length of a field's name, where a name and a colon come next.
    fn field_name(&self) -> Option<usize> {
        let length = self
            .rest()
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-')))?;
        (length > 0 && self.rest()[length..].starts_with(':')).then_some(length)
    }

    fn field(&mut self, name: &str, name_span: &Range<usize>) -> Result<Node, SearchError> {
        let field =
            |test| Node::Field { name: name.to_owned(), name_span: name_span.clone(), test };
        if self.take("(") {
            self.deeper()?;
            let mut nodes = Vec::new();
            loop {
                self.spaces();
                if self.take(")") {
                    break;
                }
                if !nodes.is_empty() {
                    self.keyword("OR");
                }
                nodes.push(field(self.test()?));
            }
            self.depth -= 1;
            if nodes.is_empty() {
                return Err(SearchError::new(
                    "no value stands in the parentheses",
                    self.at - 1..self.at,
                ));
            }
            return Ok(Node::Or(nodes));
        }
        Ok(field(self.test()?))
    }

    fn test(&mut self) -> Result<Test, SearchError> {
        for (token, comparison) in [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.take(token) {
                return Ok(Test::Compare(comparison, self.value()?));
            }
        }
        let start = self.at;
        if self.take("[") {
            self.spaces();
            let low = self.value()?;
            self.spaces();
            if !self.keyword("TO") {
                return Err(SearchError::new("`TO` is missing in this range", start..self.at)
                    .hint("a range is written `field:[low TO high]`"));
            }
            let high = self.value()?;
            self.spaces();
            if !self.take("]") {
                return Err(SearchError::new("this range is never closed", start..start + 1));
            }
            return Ok(Test::Between(low, high));
        }
        let value = self.value()?;
        Ok(if value.text == "*" && !value.quoted { Test::Exists } else { Test::Is(value) })
    }

    fn value(&mut self) -> Result<Text, SearchError> {
        let start = self.at;
        if self.take("\"") {
            let mut text = String::new();
            let mut escaped = false;
            for (offset, c) in self.rest().char_indices() {
                match c {
                    _ if escaped => {
                        text.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => {
                        self.at += offset + 1;
                        return Ok(Text { text, quoted: true, span: start..self.at });
                    }
                    _ => text.push(c),
                }
            }
            return Err(SearchError::new("this quote is never closed", start..start + 1));
        }
        let end = self
            .rest()
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ']' | '"'))
            .unwrap_or(self.rest().len());
        if end == 0 {
            return Err(SearchError::new("a value is missing here", start..start)
                .hint("put values with spaces, quotes or parentheses in double quotes"));
        }
        self.at += end;
        Ok(Text {
            text: self.query[start..self.at].to_owned(),
            quoted: false,
            span: start..self.at,
        })
    }
}
