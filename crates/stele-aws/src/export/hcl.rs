//! HCL as `terraform fmt` would have it: two spaces, equal signs of neighbours below each other.
//!
//! A tree is written here and not by `hcl-rs`, which cannot align and puts a policy into one line;
//! tests read what is written with `hcl-rs` and compare.

use std::fmt::Write as _;

use serde_json::Number;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Bool(bool),
    Number(Number),
    /// A text with references in it.
    Text(Vec<Part>),
    /// A reference, `aws_s3_bucket.logs.id`.
    Reference(String),
    List(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    Call(&'static str, Box<Expression>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Plain(String),
    Reference(String),
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Block {
    pub(super) comment: String,
    pub(super) kind: String,
    pub(super) labels: Vec<String>,
    pub(super) items: Vec<Item>,
}

/// What is in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Attribute(String, Expression),
    Block(Block),
}

impl Block {
    /// A block with labels.
    pub(super) fn new(kind: &str, labels: &[&str]) -> Self {
        Self {
            kind: kind.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// With an attribute.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: Expression) -> Self {
        self.items.push(Item::Attribute(name.to_owned(), value));
        self
    }

    /// With a block in it.
    #[must_use]
    pub(super) fn within(mut self, block: Self) -> Self {
        self.items.push(Item::Block(block));
        self
    }
}

impl Expression {
    /// A text without references.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Part::Plain(text.into())])
    }
}

/// Writes a file.
pub(super) fn write(head: &str, blocks: &[Block]) -> String {
    let mut out = String::new();
    for line in head.lines() {
        let _ = writeln!(out, "# {line}");
    }
    for block in blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        write_block(block, 0, &mut out);
    }
    out
}

fn write_block(block: &Block, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for line in block.comment.lines() {
        let _ = writeln!(out, "{pad}# {line}");
    }
    let _ = write!(out, "{pad}{}", block.kind);
    for label in &block.labels {
        let _ = write!(out, " {}", quoted(label));
    }
    if block.items.is_empty() {
        out.push_str(" {}\n");
        return;
    }
    out.push_str(" {\n");
    // Attributes first: a block among them would break their alignment.
    let attributes: Vec<(String, &Expression)> = block
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Attribute(name, value) => Some((name.clone(), value)),
            Item::Block(_) => None,
        })
        .collect();
    write_pairs(&attributes, depth + 1, out);
    let blocks = block.items.iter().filter_map(|item| match item {
        Item::Block(block) => Some(block),
        Item::Attribute(..) => None,
    });
    for (index, inner) in blocks.enumerate() {
        if index > 0 || !attributes.is_empty() {
            out.push('\n');
        }
        write_block(inner, depth + 1, out);
    }
    out.push_str(&pad);
    out.push_str("}\n");
}

/// Names and values, the equal signs of neighbours of one line each below each other.
fn write_pairs(pairs: &[(String, &Expression)], depth: usize, out: &mut String) {
    let texts: Vec<String> = pairs.iter().map(|(_, value)| expression(value, depth)).collect();
    let is_line = |index: usize| texts.get(index).is_some_and(|text| !text.contains('\n'));
    let mut index = 0;
    while index < pairs.len() {
        let mut end = index + 1;
        let mut width = pairs[index].0.chars().count();
        while is_line(index) && is_line(end) {
            width = width.max(pairs[end].0.chars().count());
            end += 1;
        }
        for ((name, _), text) in pairs[index..end].iter().zip(&texts[index..end]) {
            let space = " ".repeat(width - name.chars().count());
            let _ = writeln!(out, "{}{name}{space} = {text}", "  ".repeat(depth));
        }
        index = end;
    }
}

/// An expression; what takes several lines goes on at a depth.
fn expression(value: &Expression, depth: usize) -> String {
    match value {
        Expression::Bool(value) => value.to_string(),
        Expression::Number(number) => number.to_string(),
        Expression::Reference(name) => name.clone(),
        Expression::Text(parts) => match parts.as_slice() {
            [Part::Reference(name)] => name.clone(),
            parts => {
                let inner: String = parts
                    .iter()
                    .map(|part| match part {
                        Part::Plain(text) => escaped(text),
                        Part::Reference(name) => format!("${{{name}}}"),
                    })
                    .collect();
                format!("\"{inner}\"")
            }
        },
        Expression::List(items) => list(items, depth),
        Expression::Object(members) if members.is_empty() => "{}".to_owned(),
        Expression::Object(members) => {
            let pairs: Vec<(String, &Expression)> =
                members.iter().map(|(name, value)| (key(name), value)).collect();
            let mut out = "{\n".to_owned();
            write_pairs(&pairs, depth + 1, &mut out);
            out.push_str(&"  ".repeat(depth));
            out.push('}');
            out
        }
        Expression::Call(name, argument) => format!("{name}({})", expression(argument, depth)),
    }
}

/// A list: in one line where it is short.
fn list(items: &[Expression], depth: usize) -> String {
    const CHARS_MAX: usize = 80;
    let texts: Vec<String> = items.iter().map(|item| expression(item, depth + 1)).collect();
    let line = format!("[{}]", texts.join(", "));
    if !line.contains('\n') && line.chars().count() <= CHARS_MAX {
        return line;
    }
    let pad = "  ".repeat(depth + 1);
    let mut out = "[\n".to_owned();
    for text in texts {
        let _ = writeln!(out, "{pad}{text},");
    }
    out.push_str(&"  ".repeat(depth));
    out.push(']');
    out
}

/// A key of an object: in quotes if it is no name.
fn key(name: &str) -> String {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    // These are values, not names.
    let value = ["true", "false", "null", "for"].contains(&name);
    if begins && !value && name.chars().all(word) { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// A text within quotes, where `${` and `%{` would begin something.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_terraform_fmt_would_have_it() {
        let text = |text: &str| Expression::text(text);
        let object = Expression::Object(vec![
            ("Version".to_owned(), text("1")),
            ("aws:Source".to_owned(), Expression::List(vec![text("a"), text("b")])),
            ("Many".to_owned(), Expression::List(vec![text(&"x".repeat(80)), text("y")])),
        ]);
        let name = Part::Reference("aws_x.y.id".to_owned());
        let parts = vec![Part::Plain("a ${b} \"".to_owned()), name];
        let block = Block::new("resource", &["a_b", "c"])
            .with("bucket", Expression::Reference("aws_x.y.id".to_owned()))
            .with("on", Expression::Bool(true))
            .with("policy", Expression::Call("jsonencode", Box::new(object)))
            .with("text", Expression::Text(parts))
            .within(Block::new("lifecycle", &[]).with("x", Expression::List(Vec::new())))
            .within(Block::new("empty", &[]));
        let expected = r#"# head

resource "a_b" "c" {
  bucket = aws_x.y.id
  on     = true
  policy = jsonencode({
    Version      = "1"
    "aws:Source" = ["a", "b"]
    Many = [
      "XX",
      "y",
    ]
  })
  text = "a $${b} \"${aws_x.y.id}"

  lifecycle {
    x = []
  }

  empty {}
}
"#
        .replace("XX", &"x".repeat(80));
        assert_eq!(write("head", &[block]), expected);
    }
}
