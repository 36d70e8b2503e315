//! XML answers as JSON values; `xml/write.rs` makes bodies of such values.
//!
//! XML does not say what is a list, so the table of operations does: `lists` names elements whose
//! children are one, `repeats` those that are one by repetition. Elements whose children are all
//! `member` or `item` are lists in every query protocol. Leaves stay text. Attributes are left out,
//! but for `xsi:type`, without which S3 takes no grant back.

mod write;

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::encoding::Decoder;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

pub(crate) use write::write;

const DEPTH_MAX: usize = 64;
/// The one attribute that is kept, as a member of this name.
const TYPE: &str = "xsi:type";

/// How to read names that XML leaves open.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape<'a> {
    pub(crate) lists: &'a [String],
    pub(crate) repeats: &'a [String],
    /// EC2 writes the first letter of a member small.
    pub(crate) capitals: bool,
}

/// The root element: its name and what it holds.
///
/// # Errors
/// The bytes are no well-formed XML, or too deep.
pub(crate) fn parse(bytes: &[u8], shape: Shape<'_>) -> Result<(String, Value), String> {
    let mut reader = Reader::from_reader(bytes);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("no XML: {error}"))?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return Err(format!("XML deeper than {DEPTH_MAX}"));
                }
                open.push(Element::new(&start, reader.decoder(), shape)?);
            }
            Event::Empty(start) => {
                let element = Element::new(&start, reader.decoder(), shape)?;
                if let Some(root) = close(&mut open, element, shape) {
                    return Ok(root);
                }
            }
            Event::End(_) => {
                let element = open.pop().ok_or("XML ends what it did not begin")?;
                if let Some(root) = close(&mut open, element, shape) {
                    return Ok(root);
                }
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|error| error.to_string())?;
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|error| error.to_string())?;
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| error.to_string())?;
                let character = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character,
                    _ => predefined(&name).ok_or_else(|| format!("unknown entity `{name}`"))?,
                };
                if let Some(element) = open.last_mut() {
                    element.text.push(character);
                }
            }
            Event::Eof => return Err("XML breaks off".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// An element that is being read.
#[derive(Debug)]
struct Element {
    name: String,
    /// The attribute `xsi:type`.
    kind: Option<String>,
    text: String,
    children: Vec<(String, Value)>,
}

impl Element {
    fn new(start: &BytesStart<'_>, decoder: Decoder, shape: Shape<'_>) -> Result<Self, String> {
        let mut name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        let kind = start.try_get_attribute(TYPE).map_err(|error| error.to_string())?;
        let kind = kind.map(|kind| kind.decode_and_unescape_value(decoder)).transpose();
        let kind = kind.map_err(|error| error.to_string())?.map(Cow::into_owned);
        if shape.capitals && name != "item" {
            let first = name.chars().next().map(|first| first.to_ascii_uppercase());
            name = first.into_iter().chain(name.chars().skip(1)).collect();
        }
        Ok(Self { name, kind, text: String::new(), children: Vec::new() })
    }

    fn value(self, shape: Shape<'_>) -> (String, Value) {
        let listed = shape.lists.contains(&self.name)
            || (!self.children.is_empty()
                && self.children.iter().all(|(name, _)| name == "member" || name == "item"));
        let value = if listed {
            Value::Array(self.children.into_iter().map(|(_, value)| value).collect())
        } else if self.children.is_empty() {
            Value::String(self.text)
        } else {
            let mut members = object(self.children, shape);
            if let Some(kind) = self.kind {
                members.insert(TYPE.to_owned(), Value::String(kind));
            }
            Value::Object(members)
        };
        (self.name, value)
    }
}

fn object(children: Vec<(String, Value)>, shape: Shape<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    let mut repeated: Vec<String> = Vec::new();
    for (name, value) in children {
        match object.get_mut(&name) {
            None if shape.repeats.contains(&name) => {
                repeated.push(name.clone());
                object.insert(name, Value::Array(vec![value]));
            }
            None => {
                object.insert(name, value);
            }
            Some(Value::Array(values)) if repeated.contains(&name) => values.push(value),
            Some(there) => {
                let first = there.take();
                *there = Value::Array(vec![first, value]);
                repeated.push(name);
            }
        }
    }
    object
}

/// Hands a finished element to the one around it, or returns it where it is the root.
fn close(open: &mut [Element], element: Element, shape: Shape<'_>) -> Option<(String, Value)> {
    let (name, value) = element.value(shape);
    match open.last_mut() {
        Some(parent) => {
            parent.children.push((name, value));
            None
        }
        None => Some((name, value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str, lists: &[&str], repeats: &[&str], capitals: bool) -> Result<Value, String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (lists, repeats): (Vec<String>, Vec<String>) = (owned(lists), owned(repeats));
        let shape = Shape { lists: &lists, repeats: &repeats, capitals };
        parse(text.as_bytes(), shape).map(|(_, value)| value)
    }

    #[test]
    fn answers_become_values() {
        let ec2 = "<R><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet><a/></R>";
        let expected = json!({"VpcSet": [{"VpcId": "vpc-1"}], "A": ""});
        assert_eq!(read(ec2, &[], &[], true), Ok(expected));
        let s3 = "<?xml version='1.0'?><L><Buckets><Bucket><Name>a&amp;b&#33;</Name></Bucket>\
                  </Buckets><Rule><ID>1</ID></Rule></L>";
        let expected = json!({"Buckets": [{"Name": "a&b!"}], "Rule": [{"ID": "1"}]});
        assert_eq!(read(s3, &["Buckets"], &["Rule"], false), Ok(expected));
        assert_eq!(read("<L><Buckets/></L>", &["Buckets"], &[], false), Ok(json!({"Buckets": []})));
        assert_eq!(
            read("<L><a>1</a><a>2</a><a>3</a></L>", &[], &[], false),
            Ok(json!({"a": ["1", "2", "3"]}))
        );
        let grant = "<G><Grantee xmlns:xsi='u' xsi:type='A&amp;B'><ID>1</ID></Grantee></G>";
        let expected = json!({"Grantee": {"ID": "1", "xsi:type": "A&B"}});
        assert_eq!(read(grant, &[], &[], false), Ok(expected));
    }

    #[test]
    fn what_breaks_off_is_an_error() {
        for text in ["", "<a>", "<a><b></a>", "<html><p>500</html>", "<a>&evil;</a>", "{}"] {
            assert!(read(text, &[], &[], false).is_err(), "{text}");
        }
    }
}
