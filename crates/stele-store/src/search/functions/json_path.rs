//! Takes one value out of a JSON record, without building what lies beside it.
//!
//! A path is names with dots between them (`requestParameters.bucketName`); a number takes an
//! element of an array by its place, from 0 on (`resources.0.ARN` or `resources[0].ARN`); a
//! backslash makes a dot or bracket part of a name. A name that stands twice in an object counts
//! with its last value, as for most readers of JSON. A record that is not wholly JSON has no
//! values.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A path, and what helps to skip the records that lack it.
#[derive(Debug)]
pub(crate) struct JsonPath {
    names: Vec<String>,
    /// The names in quotes that need no escape, the last first: it is the rarest.
    quoted: Vec<memmem::Finder<'static>>,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// Where it is empty, or a bracket holds no number.
    pub(crate) fn parse(path: &str) -> Result<Self, String> {
        let mut names = vec![String::new()];
        let mut chars = path.chars();
        while let Some(c) = chars.next() {
            // There is always a name: the vector begins with one and only grows.
            let Some(name) = names.last_mut() else { break };
            match c {
                '.' => names.push(String::new()),
                '\\' => name.extend(chars.next()),
                '[' => {
                    let place: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    if place.is_empty() || !place.bytes().all(|b| b.is_ascii_digit()) {
                        return Err(format!("`[{place}]` is no place in an array"));
                    }
                    names.push(place);
                }
                _ => name.push(c),
            }
        }
        if path.is_empty() {
            return Err("the path is empty".to_owned());
        }
        let plain = |name: &&String| {
            let is_place = name.bytes().all(|b| b.is_ascii_digit());
            !is_place && name.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\')
        };
        let finder =
            |name: &String| memmem::Finder::new(format!("\"{name}\"").as_bytes()).into_owned();
        let quoted = names.iter().rev().filter(plain).map(finder).collect();
        Ok(Self { names, quoted })
    }

    /// The value at the path: a string without quotes and escapes, anything else as it is written;
    /// none where there is no value, or `null`.
    pub(crate) fn value<'r>(&self, record: &'r [u8]) -> Option<Cow<'r, str>> {
        // A name may also be written with escapes, so a backslash anywhere forbids the shortcut.
        let lacks_one = self.quoted.iter().any(|name| name.find(record).is_none());
        if lacks_one && memchr(b'\\', record).is_none() {
            return None;
        }
        let mut deserializer = serde_json::Deserializer::from_slice(record);
        let value = At(&self.names).deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        let value = value?.get();
        let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
            return (value != "null").then_some(Cow::Borrowed(value));
        };
        if memchr(b'\\', inner.as_bytes()).is_none() {
            return Some(Cow::Borrowed(inner));
        }
        // A lone surrogate has no text; then the string is shown as it is written.
        Some(serde_json::from_str(value).map_or(Cow::Borrowed(inner), Cow::Owned))
    }
}

/// Walks along the names.
struct At<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return serde::Deserialize::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(IsName(&self.0[0]))? {
            if is_it {
                found = map.next_value_seed(At(&self.0[1..]))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let place = self.0[0].parse::<usize>().ok();
        let mut found = None;
        for at in 0_usize.. {
            if Some(at) == place {
                let Some(value) = elements.next_element_seed(At(&self.0[1..]))? else { break };
                found = value;
            } else if elements.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Compares a key without keeping it.
struct IsName<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}
