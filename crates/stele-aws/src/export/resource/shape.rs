//! From parameters to properties, as a table says.

use serde_json::{Number, Value};

use super::{Fixed, How, Prop};
use crate::export::node::Node;

/// Puts the properties of parameters into a list of them.
///
/// # Errors
/// A parameter has no word, or its value cannot be said; what is given back names it.
pub(in crate::export) fn apply(
    params: &Node,
    props: &[Prop],
    ignored: &[&str],
    into: &mut Vec<(String, Node)>,
) -> Result<(), String> {
    if let Some(name) = unknown(params, "", props, ignored) {
        return Err(name);
    }
    for prop in props {
        let Some(value) = at(params, prop.from) else { continue };
        let failed = || prop.from.to_owned();
        let name = match prop.how {
            How::SetWhere(_, param, names) => {
                let given = at(params, param).and_then(Node::plain).unwrap_or_default();
                let found = names.iter().find(|(value, _)| *value == given).ok_or_else(failed)?;
                found.1
            }
            _ => prop.to,
        };
        let value = say(value, prop.how).ok_or_else(failed)?;
        if !is_empty(&value) {
            put(into, name, value);
        }
    }
    Ok(())
}

/// The first parameter that no row of the table speaks of.
fn unknown(params: &Node, path: &str, props: &[Prop], ignored: &[&str]) -> Option<String> {
    let Node::Map(members) = params else { return None };
    members.iter().find_map(|(name, value)| {
        let name = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let by_others = |prop: &Prop| match prop.how {
            How::SetWhere(_, param, _) => param == name,
            _ => false,
        };
        let known = ignored.contains(&name.as_str())
            || props.iter().any(|prop| prop.from == name || by_others(prop));
        if known {
            return None;
        }
        let below = format!("{name}.");
        let part = props.iter().any(|prop| prop.from.starts_with(&below))
            || ignored.iter().any(|each| each.starts_with(&below));
        if part { unknown(value, &name, props, ignored) } else { Some(name) }
    })
}

/// The value at a dotted path.
pub(in crate::export) fn at<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(node, |node, name| node.get(name))
}

fn is_empty(value: &Node) -> bool {
    match value {
        Node::Null => true,
        Node::List(items) => items.is_empty(),
        Node::Text(_) => value.plain().is_some_and(|text| text.is_empty()),
        _ => false,
    }
}

/// Sets a property at a dotted path.
pub(in crate::export) fn put(into: &mut Vec<(String, Node)>, path: &str, value: Node) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let index = into.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
        into.push((first.to_owned(), Node::Map(Vec::new())));
        into.len() - 1
    });
    match (rest, &mut into[index].1) {
        (None, place) => *place = value,
        (Some(rest), Node::Map(members)) => put(members, rest, value),
        (Some(rest), place) => {
            let mut members = Vec::new();
            put(&mut members, rest, value);
            *place = Node::Map(members);
        }
    }
}

/// Sets a property; members of structures are put together.
pub(in crate::export) fn merge(into: &mut Vec<(String, Node)>, name: String, value: Node) {
    match (into.iter_mut().find(|(each, _)| *each == name), value) {
        (Some((_, Node::Map(members))), Node::Map(more)) => {
            for (name, value) in more {
                merge(members, name, value);
            }
        }
        (Some((_, place)), value) => *place = value,
        (None, value) => into.push((name, value)),
    }
}

/// A value that a property has by itself.
pub(in crate::export) fn fixed(value: Fixed) -> Node {
    match value {
        Fixed::Bool(value) => Node::Bool(value),
        Fixed::Managed => Node::List(vec![tag("stele:managed", Node::text("true"))]),
        Fixed::ManagedMap => Node::Map(vec![("stele:managed".to_owned(), Node::text("true"))]),
    }
}

fn tag(key: &str, value: Node) -> Node {
    Node::Map(vec![("Key".to_owned(), Node::text(key)), ("Value".to_owned(), value)])
}

fn say(value: &Node, how: How) -> Option<Node> {
    Some(match how {
        How::Same => value.clone(),
        How::Number => number(value),
        How::Document => Node::Document(Box::new(document(value)?)),
        How::TextDocument => Node::TextDocument(Box::new(document(value)?)),
        How::Tags => Node::List(tags(value)?.into_iter().map(|(k, v)| tag(&k, v)).collect()),
        How::TagMap => Node::Map(tags(value)?),
        How::Capital => renamed(value, &capital),
        How::Blocks => blocks(value),
        How::As(function) => function(value),
        How::By(function) => function(value)?,
        How::Set(base, about) | How::SetWhere((base, about), ..) => {
            Node::Set { base, about, value: Box::new(value.clone()) }
        }
    })
}

/// A number, also where XML has written it as text.
pub(super) fn number(value: &Node) -> Node {
    let parsed = value.plain().and_then(|text| text.parse::<i64>().ok());
    parsed.map_or_else(|| value.clone(), |number| Node::Number(Number::from(number)))
}

/// Text that is JSON, as a structure.
fn document(value: &Node) -> Option<Node> {
    let text = value.plain()?;
    serde_json::from_str::<Value>(&text).ok().map(|value| Node::of(&value))
}

/// Tags in whatever form: a map, or a list with keys and values.
fn tags(value: &Node) -> Option<Vec<(String, Node)>> {
    match value {
        Node::Map(members) => Some(members.clone()),
        Node::List(items) => items
            .iter()
            .map(|item| {
                let one = |names: [&str; 3]| names.iter().find_map(|name| item.get(name));
                let key = one(["Key", "TagKey", "key"])?.plain()?;
                Some((key, one(["Value", "TagValue", "value"])?.clone()))
            })
            .collect(),
        _ => None,
    }
}

/// Changes the names of all members, however deep.
pub(super) fn renamed(value: &Node, name: &dyn Fn(&str) -> String) -> Node {
    match value {
        Node::Map(members) => {
            Node::Map(members.iter().map(|(k, v)| (name(k), renamed(v, name))).collect())
        }
        Node::List(items) => Node::List(items.iter().map(|item| renamed(item, name)).collect()),
        other => other.clone(),
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Names as Terraform has them; the name of a list of structures is that of one of them.
pub(super) fn blocks(value: &Node) -> Node {
    match value {
        Node::Map(members) => Node::Map(
            members
                .iter()
                .filter(|(_, value)| !is_empty(value))
                .map(|(name, value)| {
                    let name = snake(name);
                    let many = matches!(value, Node::List(items)
                        if items.iter().any(|item| matches!(item, Node::Map(_))));
                    let name = match name.strip_suffix('s') {
                        Some(one) if many => one.to_owned(),
                        _ => name,
                    };
                    (name, blocks(value))
                })
                .collect(),
        ),
        Node::List(items) => Node::List(items.iter().map(blocks).collect()),
        other => other.clone(),
    }
}

/// `RecordingGroup` and `roleARN` as `recording_group` and `role_arn`.
pub(in crate::export) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        if letter.is_uppercase() {
            let before = index.checked_sub(1).map(|at| letters[at]);
            let after_small = before.is_some_and(|one| one.is_lowercase() || one.is_ascii_digit());
            let starts = before.is_some_and(char::is_uppercase)
                && letters.get(index + 1).is_some_and(|next| next.is_lowercase());
            if after_small || starts {
                out.push('_');
            }
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{how, same};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parameter_without_a_word_is_named() {
        let props = [same("A", "a"), same("B.C", "b.c"), how("D", "d", How::Number)];
        let of = |value: Value| {
            let mut into = Vec::new();
            apply(&Node::of(&value), &props, &["E"], &mut into).map(|()| Node::Map(into).json())
        };
        let all = json!({"A": "x", "B": {"C": [1]}, "D": "3", "E": 0});
        assert_eq!(of(all), Ok(json!({"a": "x", "b": {"c": [1]}, "d": 3})));
        assert_eq!(of(json!({"A": 1, "X": 1})), Err("X".to_owned()));
        assert_eq!(of(json!({"B": {"C": 1, "X": 1}})), Err("B.X".to_owned()));
        assert_eq!(of(json!({"A": "", "B": {"C": []}})), Ok(json!({})));
    }

    #[test]
    fn names_are_terraforms() {
        for (name, expected) in [
            ("RecordingGroup", "recording_group"),
            ("roleARN", "role_arn"),
            ("s3BucketName", "s3_bucket_name"),
            ("ID", "id"),
            ("IsMultiRegionTrail", "is_multi_region_trail"),
        ] {
            assert_eq!(snake(name), expected);
        }
        let rules = json!({"Filters": [{"Conditions": [{"ActionCondition": {"Action": "BLOCK"}}]}],
            "resourceTypes": ["x"]});
        assert_eq!(
            blocks(&Node::of(&rules)).json(),
            json!({"filter": [{"condition": [{"action_condition": {"action": "BLOCK"}}]}],
                "resource_types": ["x"]})
        );
    }
}
