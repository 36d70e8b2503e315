//! Values of a plan's parameters on their way into a file: what is text there may be a reference,
//! an account or a region here.
//!
//! Members are kept in order: how `serde_json` is built must not change what is written.

use serde_json::{Map, Number, Value};

use crate::plan::reference::{self, Of, Part, Reference};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Vec<Piece>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// A document that AWS takes as text: a policy. CloudFormation takes the structure.
    Document(Box<Node>),
    /// A document that CloudFormation takes as text as well.
    TextDocument(Box<Node>),
    /// A value that whoever uses the file may want to set.
    Set {
        base: &'static str,
        about: &'static str,
        value: Box<Node>,
    },
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Plain(String),
    /// A name of a resource of the stack, and how it reads.
    Name(usize, String),
    /// An attribute of a resource of the stack.
    Of(usize, &'static str),
    /// A value that is known when an action has been done.
    Made(u32, String),
    /// The account's id.
    Account(String),
    /// The region that the file is for.
    Region(String),
    /// `aws`, `aws-cn`.
    Partition(String),
}

impl Node {
    /// A value of a plan.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(pieces(text)),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(members) => Self::map_of(members),
        }
    }

    /// The members of an object: those of a policy as people read them, others by name.
    pub(super) fn map_of(members: &Map<String, Value>) -> Self {
        const POLICY: [&str; 9] = [
            "Version",
            "Sid",
            "Effect",
            "Principal",
            "Action",
            "NotAction",
            "Resource",
            "Condition",
            "Statement",
        ];
        let place =
            |name: &str| POLICY.iter().position(|known| *known == name).unwrap_or(usize::MAX);
        let mut all: Vec<(String, Self)> =
            members.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect();
        all.sort_by(|(one, _), (other, _)| place(one).cmp(&place(other)).then(one.cmp(other)));
        Self::Map(all)
    }

    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Piece::Plain(text.into())])
    }

    /// A member of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => {
                members.iter().find(|(each, _)| each == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The value as it reads in the plan.
    pub(super) fn plain(&self) -> Option<String> {
        match self {
            Self::Text(pieces) => Some(pieces.iter().map(Piece::plain).collect()),
            Self::Set { value, .. } => value.plain(),
            _ => None,
        }
    }

    /// The value as AWS takes it, as JSON: what is not known yet is written as `${n.path}`.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(pieces) => Value::String(pieces.iter().map(Piece::plain).collect()),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Map(members) => {
                Value::Object(members.iter().map(|(k, v)| (k.clone(), v.json())).collect())
            }
            Self::Document(inner) | Self::TextDocument(inner) => {
                Value::String(inner.json_text().iter().map(Piece::plain).collect())
            }
            Self::Set { value, .. } => value.json(),
        }
    }

    /// The value written as JSON, with its references in it.
    pub(super) fn json_text(&self) -> Vec<Piece> {
        let mut out = Vec::new();
        self.write_json(&mut out);
        join(out)
    }

    fn write_json(&self, out: &mut Vec<Piece>) {
        let plain = |text: &str| Piece::Plain(text.to_owned());
        match self {
            Self::Text(pieces) => {
                out.push(plain("\""));
                out.extend(pieces.iter().map(|piece| match piece {
                    Piece::Plain(text) => {
                        let quoted = Value::String(text.clone()).to_string();
                        Piece::Plain(quoted[1..quoted.len() - 1].to_owned())
                    }
                    other => other.clone(),
                }));
                out.push(plain("\""));
            }
            Self::List(items) => {
                out.push(plain("["));
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(plain(","));
                    }
                    item.write_json(out);
                }
                out.push(plain("]"));
            }
            Self::Map(members) => {
                out.push(plain("{"));
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    out.push(Piece::Plain(format!("{comma}{}:", Value::String(name.clone()))));
                    value.write_json(out);
                }
                out.push(plain("}"));
            }
            Self::Set { value, .. } => value.write_json(out),
            Self::Document(_) | Self::TextDocument(_) => {
                // A document within a document is text.
                out.push(Piece::Plain(self.json().to_string()));
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {
                out.push(Piece::Plain(self.json().to_string()));
            }
        }
    }

    /// Changes every text in it.
    pub(super) fn each_text(&mut self, change: &mut dyn FnMut(&mut Vec<Piece>)) {
        match self {
            Self::Text(pieces) => change(pieces),
            Self::List(items) => items.iter_mut().for_each(|item| item.each_text(change)),
            Self::Map(members) => {
                for (_, member) in members {
                    member.each_text(change);
                }
            }
            Self::Document(inner) | Self::TextDocument(inner) | Self::Set { value: inner, .. } => {
                inner.each_text(change);
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }

    /// Looks at every value that somebody may set.
    pub(super) fn each_set(&self, look: &mut dyn FnMut(&'static str, &'static str, &Self)) {
        match self {
            Self::Set { base, about, value } if value.references().is_empty() => {
                look(base, about, value);
            }
            Self::Set { value, .. } | Self::Document(value) | Self::TextDocument(value) => {
                value.each_set(look);
            }
            Self::List(items) => items.iter().for_each(|item| item.each_set(look)),
            Self::Map(members) => members.iter().for_each(|(_, value)| value.each_set(look)),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => {}
        }
    }

    /// A value that can be set, as text.
    pub(super) fn setting(&self) -> String {
        self.plain().unwrap_or_else(|| self.json().to_string())
    }

    /// Whether it names a thing that the plan has found, and that others do not have.
    pub(super) fn names_found(&self) -> bool {
        let mut found = false;
        self.each_set(&mut |_, _, value| {
            found |= value.plain().is_some_and(|text| !text.is_empty());
        });
        found
    }

    /// What it refers to, in the order of the text.
    pub(super) fn references(&self) -> Vec<Piece> {
        let mut found = Vec::new();
        let mut copy = self.clone();
        copy.each_text(&mut |pieces| {
            found.extend(pieces.iter().filter(|piece| piece.refers()).cloned());
        });
        found
    }
}

impl Piece {
    /// How it reads in the plan.
    pub(super) fn plain(&self) -> String {
        match self {
            Self::Plain(text)
            | Self::Name(_, text)
            | Self::Account(text)
            | Self::Region(text)
            | Self::Partition(text) => text.clone(),
            Self::Made(n, path) => Reference { of: Of::Action(*n), path }.to_string(),
            Self::Of(_, attribute) => (*attribute).to_owned(),
        }
    }

    /// Whether it names something of the stack.
    pub(super) fn refers(&self) -> bool {
        matches!(self, Self::Name(..) | Self::Made(..) | Self::Of(..))
    }
}

/// A text with the plan's references as pieces.
fn pieces(text: &str) -> Vec<Piece> {
    let piece = |part| match part {
        Part::Plain(text) => Piece::Plain(text.to_owned()),
        Part::Reference(Reference { of: Of::Action(n), path }) => Piece::Made(n, path.to_owned()),
        Part::Reference(other) => Piece::Plain(other.to_string()),
    };
    join(reference::parts(text).into_iter().map(piece).collect())
}

/// Puts neighbours that are plain together, and drops what is empty; an empty text stays one piece.
pub(super) fn join(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Plain(before)), Piece::Plain(text)) => before.push_str(&text),
            (_, Piece::Plain(text)) if text.is_empty() => {}
            (_, piece) => joined.push(piece),
        }
    }
    if joined.is_empty() {
        joined.push(Piece::Plain(String::new()));
    }
    joined
}

/// Replaces a word in the plain pieces of a text, where it stands for itself and is no part of a
/// longer one. `within` are the characters that a longer word would go on with.
pub(super) fn replace(
    pieces: &mut Vec<Piece>,
    word: &str,
    within: fn(char) -> bool,
    by: &dyn Fn() -> Piece,
) {
    let mut all = Vec::new();
    for piece in std::mem::take(pieces) {
        let Piece::Plain(text) = piece else {
            all.push(piece);
            continue;
        };
        let (mut plain, mut at) = (String::new(), 0);
        while let Some(found) = text[at..].find(word) {
            let (start, end) = (at + found, at + found + word.len());
            let before = text[..start].chars().next_back().is_some_and(within);
            let after = text[end..].chars().next().is_some_and(within);
            plain.push_str(&text[at..start]);
            if before || after {
                plain.push_str(word);
            } else {
                all.push(Piece::Plain(std::mem::take(&mut plain)));
                all.push(by());
            }
            at = end;
        }
        plain.push_str(&text[at..]);
        all.push(Piece::Plain(plain));
    }
    *pieces = join(all);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_word_is_replaced_where_it_stands_alone() {
        let of = |text: &str, word: &str| {
            let mut pieces = vec![Piece::Plain(text.to_owned())];
            replace(&mut pieces, word, char::is_alphanumeric, &|| Piece::Region(word.to_owned()));
            pieces.iter().filter(|piece| matches!(piece, Piece::Region(_))).count()
        };
        assert_eq!(of("logs-us-east-1", "us-east-1"), 1);
        assert_eq!(of("us-east-1a us-east-11", "us-east-1"), 0);
        assert_eq!(of("us-east-1 us-east-1", "us-east-1"), 2);
    }

    #[test]
    fn json_is_written_with_its_references() {
        let node = Node::of(&json!({"b": ["x\"${3.Id}", 1, true, null], "a": {}}));
        let text: String = node.json_text().iter().map(Piece::plain).collect();
        assert_eq!(text, r#"{"a":{},"b":["x\"${3.Id}",1,true,null]}"#);
        assert_eq!(node.references(), [Piece::Made(3, "Id".to_owned())]);
    }
}
