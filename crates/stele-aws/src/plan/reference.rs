//! References in the parameters of actions, to what other actions make.
//!
//! `${3.Id}` is the `Id` in the state that action 3 led to; `${#3.Id}` the same of a change that
//! has no number yet; `${self.Id}`, in what undoes an action, is of the action itself. Whatever
//! else stands between `${` and `}`, as fields of flow logs do, is text.

use std::fmt;

use serde_json::Value;

use super::change::Handle;
use super::setting::Params;

/// Whose state a reference is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// That of a change, by its place in the builder.
    Change(usize),
    /// That of an action, by its number.
    Action(u32),
    /// That of the action that is undone.
    Own,
}

/// A reference to a value in a state, by its dotted path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) of: Of,
    pub(crate) path: &'a str,
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Plain(&'a str),
    Reference(Reference<'a>),
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path;
        match self.of {
            Of::Change(place) => write!(formatter, "${{#{place}.{path}}}"),
            Of::Action(n) => write!(formatter, "${{{n}.{path}}}"),
            Of::Own => write!(formatter, "${{self.{path}}}"),
        }
    }
}

impl<'a> Reference<'a> {
    fn parse(inside: &'a str) -> Option<Self> {
        let (whose, path) = inside.split_once('.')?;
        let of = match whose.strip_prefix('#') {
            Some(place) => Of::Change(place.parse().ok()?),
            None if whose == "self" => Of::Own,
            None => Of::Action(whose.parse().ok()?),
        };
        Some(Self { of, path })
    }
}

impl Handle {
    /// A reference to something in the state that a change leads to.
    pub fn reference(self, path: &str) -> String {
        Reference { of: Of::Change(self.0), path }.to_string()
    }
}

/// The parts of a text, in order; plain ones may be empty.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut all = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        at = start + 2;
        let Some(length) = text[at..].find('}') else { break };
        let Some(reference) = Reference::parse(&text[at..at + length]) else { continue };
        at += length + 1;
        all.extend([Part::Plain(&text[plain..start]), Part::Reference(reference)]);
        plain = at;
    }
    all.push(Part::Plain(&text[plain..]));
    all
}

/// A text with other texts for its references; one that there is nothing for stays.
pub(crate) fn replaced(text: &str, by: &dyn Fn(Reference<'_>) -> Option<String>) -> String {
    let text_of = |part| match part {
        Part::Plain(text) => text.to_owned(),
        Part::Reference(reference) => by(reference).unwrap_or_else(|| reference.to_string()),
    };
    parts(text).into_iter().map(text_of).collect()
}

/// The same anywhere in parameters.
pub(crate) fn replace(params: &mut Params, by: &dyn Fn(Reference<'_>) -> Option<String>) {
    params.values_mut().for_each(|value| replace_in(value, by));
}

fn replace_in(value: &mut Value, by: &dyn Fn(Reference<'_>) -> Option<String>) {
    match value {
        Value::String(text) if text.contains("${") => *text = replaced(text, by),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_in(item, by)),
        Value::Object(members) => replace(members, by),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether parameters have a reference of a kind.
pub(crate) fn any(params: &Params, is: &dyn Fn(Of) -> bool) -> bool {
    params.values().any(|value| any_in(value, is))
}

fn any_in(value: &Value, is: &dyn Fn(Of) -> bool) -> bool {
    match value {
        Value::String(text) => {
            let mut parts = parts(text).into_iter();
            parts.any(|part| matches!(part, Part::Reference(reference) if is(reference.of)))
        }
        Value::Array(items) => items.iter().any(|item| any_in(item, is)),
        Value::Object(members) => any(members, is),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_told_from_fields_of_flow_logs() {
        for text in ["${version} ${account-id}", "${", "${3", "${3}", "${x.y}", "${#.y}", ""] {
            assert_eq!(parts(text), [Part::Plain(text)]);
        }
        let text = "a/${3.Key.Id}/${version}${#7.Arn}${self.Id}é";
        let found: Vec<Reference<'_>> = parts(text)
            .into_iter()
            .filter_map(|part| match part {
                Part::Plain(_) => None,
                Part::Reference(reference) => Some(reference),
            })
            .collect();
        let of = |of, path| Reference { of, path };
        let expected = [of(Of::Action(3), "Key.Id"), of(Of::Change(7), "Arn"), of(Of::Own, "Id")];
        assert_eq!(found, expected);
        assert_eq!(replaced(text, &|_| None), text);
        assert_eq!(Handle(7).reference("Arn"), "${#7.Arn}");
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let mut params = Params::new();
        params.insert("a".to_owned(), json!([{"b": "x${1.Id}y${2.Id}z${self.Id}"}]));
        let of_first = |reference: Reference<'_>| {
            (reference.of == Of::Action(1)).then(|| "${1.Id}${2.Id}".to_owned())
        };
        replace(&mut params, &of_first);
        assert_eq!(params["a"][0]["b"], "x${1.Id}${2.Id}y${2.Id}z${self.Id}");
        assert!(any(&params, &|of| of == Of::Own));
        assert!(!any(&params, &|of| matches!(of, Of::Change(_))));
    }
}
