//! The functions that questions need and SQL lacks. All are also there in SQL.
//!
//! `has_token(raw, 'word')`, `has_pattern(text, 'a*b')`, `raw_get(raw, 'a.b.c')`,
//! `ip_in(ip, '203.0.113.0/24')`.

use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::cast::{as_binary_view_array, as_string_view_array};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Every function, for a session.
pub fn all() -> Vec<ScalarUDF> {
    vec![has_token(), has_pattern(), raw_get(), ip_in()]
}

/// `has_token(raw, text)`: the text stands in the record, ASCII case aside, and neither begins nor
/// ends inside a token. A token is a run of ASCII letters, digits, `_` and bytes from 0x80 on.
pub fn has_token() -> ScalarUDF {
    ScalarUDF::from(BytesFunction::new("has_token", Test::Token))
}

/// `has_pattern(text, pattern)`: the whole text fits the pattern, ASCII case aside; `*` is any
/// run of bytes, `?` is one.
pub fn has_pattern() -> ScalarUDF {
    ScalarUDF::from(BytesFunction::new("has_pattern", Test::Pattern))
}

/// `ip_in(ip, network)`: the address lies in the network.
pub fn ip_in() -> ScalarUDF {
    ScalarUDF::from(BytesFunction::new("ip_in", Test::Network))
}

/// `raw_get(raw, path)`: the value at a path of names (and list places) in a JSON record, as text;
/// null where there is none or the record is no JSON.
pub fn raw_get() -> ScalarUDF {
    ScalarUDF::from(BytesFunction::new("raw_get", Test::Path))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Test {
    Token,
    Pattern,
    Network,
    Path,
}

/// A function of bytes and a constant text.
#[derive(Debug, PartialEq, Eq, Hash)]
struct BytesFunction {
    name: &'static str,
    test: Test,
    signature: Signature,
}

impl BytesFunction {
    fn new(name: &'static str, test: Test) -> Self {
        Self { name, test, signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for BytesFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let texts = [
            DataType::Utf8,
            DataType::Utf8View,
            DataType::LargeUtf8,
            DataType::Binary,
            DataType::BinaryView,
            DataType::LargeBinary,
            DataType::Null,
        ];
        if !arguments.iter().all(|kind| texts.contains(kind)) {
            return Err(DataFusionError::Plan(format!("{} takes two texts", self.name)));
        }
        Ok(if self.test == Test::Path { DataType::Utf8 } else { DataType::Boolean })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ColumnarValue::Scalar(pattern) = &arguments.args[1] else {
            return Err(DataFusionError::Plan(format!(
                "the second value of {} is a constant",
                self.name
            )));
        };
        let Some(Some(pattern)) = pattern.try_as_str() else {
            let null = if self.test == Test::Path {
                ScalarValue::Utf8(None)
            } else {
                ScalarValue::Boolean(None)
            };
            return Ok(ColumnarValue::Scalar(null));
        };
        let values = arguments.args[0].to_array(arguments.number_rows)?;
        Ok(ColumnarValue::Array(self.evaluate(&values, pattern)?))
    }
}

impl BytesFunction {
    fn evaluate(&self, values: &ArrayRef, pattern: &str) -> Result<ArrayRef> {
        match self.test {
            Test::Token => {
                let finder = TokenFinder::new(pattern);
                test(values, |bytes| finder.found_in(bytes))
            }
            Test::Pattern => {
                let pattern = Pattern::new(pattern);
                test(values, |bytes| pattern.fits(bytes))
            }
            Test::Network => {
                let (network, bits) = parse_network(pattern).ok_or_else(|| {
                    DataFusionError::Plan(format!(
                        "`{pattern}` is no network such as 203.0.113.0/24"
                    ))
                })?;
                test(values, |bytes| {
                    let ip = std::str::from_utf8(bytes).ok().and_then(|t| t.parse().ok());
                    ip.is_some_and(|ip| in_network(ip, network, bits))
                })
            }
            Test::Path => {
                let path: Vec<&str> = pattern.split('.').collect();
                let views = as_bytes(values)?;
                let views = as_binary_view_array(&views)?;
                let found: StringArray = views
                    .iter()
                    .map(|bytes| bytes.and_then(|bytes| json_at(bytes, &path)))
                    .collect();
                Ok(Arc::new(found))
            }
        }
    }
}

fn as_bytes(values: &ArrayRef) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::BinaryView => Ok(values.clone()),
        // The layouts are the same; text is looked at as bytes.
        DataType::Utf8View => Ok(Arc::new(as_string_view_array(values)?.clone().to_binary_view())),
        DataType::Utf8 | DataType::LargeUtf8 => as_bytes(&cast(values, &DataType::Utf8View)?),
        _ => Ok(cast(values, &DataType::BinaryView)?),
    }
}

fn test(values: &ArrayRef, holds: impl Fn(&[u8]) -> bool) -> Result<ArrayRef> {
    let views = as_bytes(values)?;
    let views = as_binary_view_array(&views)?;
    let found: BooleanArray = views.iter().map(|bytes| bytes.map(&holds)).collect();
    Ok(Arc::new(found))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Finds a text at token boundaries, ASCII case aside.
struct TokenFinder {
    text: Vec<u8>,
    /// The byte of the text that is looked for first, in both cases, and its place.
    anchor: (usize, u8, u8),
}

impl TokenFinder {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase().into_bytes();
        // Rare bytes first: punctuation and digits stand in fewer places than letters.
        let rank = |byte: u8| match byte {
            b'e' | b't' | b'a' | b'i' | b'n' | b's' | b'r' | b'"' | b':' | b' ' | b'o' => 3,
            b'0'..=b'9' | b'a'..=b'z' => 2,
            b'A'..=b'Z' | b'.' | b'-' | b'/' => 1,
            _ => 0,
        };
        let at = (0..text.len()).min_by_key(|at| rank(text[*at])).unwrap_or(0);
        let byte = text.get(at).copied().unwrap_or(0);
        Self { anchor: (at, byte, byte.to_ascii_uppercase()), text }
    }

    fn found_in(&self, bytes: &[u8]) -> bool {
        let length = self.text.len();
        if length == 0 {
            return true;
        }
        let (offset, lower, upper) = self.anchor;
        let starts_in_token = is_token_byte(self.text[0]);
        let ends_in_token = is_token_byte(self.text[length - 1]);
        memchr::memchr2_iter(lower, upper, bytes).any(|hit| {
            let Some(start) = hit.checked_sub(offset) else { return false };
            let Some(candidate) = bytes.get(start..start + length) else { return false };
            let left_free = !starts_in_token || start == 0 || !is_token_byte(bytes[start - 1]);
            let right_free = !ends_in_token
                || bytes.get(start + length).is_none_or(|byte| !is_token_byte(*byte));
            left_free && right_free && candidate.eq_ignore_ascii_case(&self.text)
        })
    }
}

/// A pattern with `*` and `?`.
struct Pattern {
    parts: Vec<Vec<u8>>,
}

impl Pattern {
    fn new(pattern: &str) -> Self {
        let parts = pattern.split('*').map(|part| part.to_ascii_lowercase().into_bytes()).collect();
        Self { parts }
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        let (first, rest) = match &self.parts[..] {
            [only] => return bytes.len() == only.len() && part_at(bytes, 0, only),
            [first, rest @ ..] => (first, rest),
            [] => return true,
        };
        if !part_at(bytes, 0, first) {
            return false;
        }
        let mut at = first.len();
        let (last, middle) = match rest {
            [middle @ .., last] => (last, middle),
            [] => return true,
        };
        for part in middle {
            match find_part(bytes, at, part) {
                Some(found) => at = found + part.len(),
                None => return false,
            }
        }
        bytes.len() >= at + last.len() && part_at(bytes, bytes.len() - last.len(), last)
    }
}

fn part_at(bytes: &[u8], at: usize, part: &[u8]) -> bool {
    bytes.get(at..at + part.len()).is_some_and(|candidate| {
        candidate.iter().zip(part).all(|(b, p)| *p == b'?' || b.to_ascii_lowercase() == *p)
    })
}

fn find_part(bytes: &[u8], from: usize, part: &[u8]) -> Option<usize> {
    let Some(first) = part.first().filter(|byte| **byte != b'?') else {
        return (from..=bytes.len().checked_sub(part.len())?).find(|at| part_at(bytes, *at, part));
    };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), bytes.get(from..)?)
        .map(|hit| from + hit)
        .find(|at| part_at(bytes, *at, part))
}

/// A network in CIDR form: its address and how many bits count.
pub fn parse_network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some((address, bits))
}

fn in_network(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let shift = 32 - u32::from(bits);
            u32::from(ip).checked_shr(shift) == u32::from(network).checked_shr(shift)
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let shift = 128 - u32::from(bits);
            u128::from(ip).checked_shr(shift) == u128::from(network).checked_shr(shift)
        }
        _ => false,
    }
}

/// The value at a path, as text. A name that stands twice counts with its last value.
fn json_at(bytes: &[u8], path: &[&str]) -> Option<String> {
    // Most records do not have the last name at all.
    let name = path.last()?;
    if name.parse::<usize>().is_err() && memmem::find(bytes, name.as_bytes()).is_none() {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = At(path).deserialize(&mut deserializer).ok()??;
    match value.get().as_bytes().first()? {
        b'"' => serde_json::from_str(value.get()).ok(),
        b'n' => None,
        _ => Some(value.get().to_owned()),
    }
}

/// Walks to a path without building what lies beside it.
struct At<'p>(&'p [&'p str]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Self::Value, D::Error> {
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

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.0[0] {
                found = map.next_value_seed(At(&self.0[1..]))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut seq: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut left = self.0[0].parse::<usize>().unwrap_or(usize::MAX);
        let mut found = None;
        loop {
            let more = if left == 0 {
                let value = seq.next_element_seed(At(&self.0[1..]))?;
                let more = value.is_some();
                found = value.flatten();
                more
            } else {
                seq.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(found);
            }
            left = left.wrapping_sub(1);
        }
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
}
