//! The functions that questions need and SQL lacks; all of them are also there in SQL.
//!
//! | function | answer |
//! |---|---|
//! | `has_token(value, 'word')` | whether a token is that word, case aside |
//! | `has_phrase(value, 'text')` | whether the text is there, cutting no token, case aside |
//! | `has_pattern(value, 'a*b?')` | whether the whole value fits, case aside |
//! | `has_regex(value, 'a+b')` | whether a part of the value matches |
//! | `ip_in(address, '203.0.113.0/24')` | whether the address lies in the network |
//! | `raw_get(record, 'a.b.0')` | the value at a path into a JSON record, as text |
//!
//! Case is that of ASCII letters. The first argument is text or bytes in any of the engine's types;
//! for the tests also a list of them, of which one must pass. Null in gives null out. The second
//! argument is a constant: it is prepared once and kept for the batches that follow.

mod json_path;
pub(crate) mod network;
pub(crate) mod pattern;
pub(crate) mod phrase;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, OffsetSizeTrait, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use regex::bytes::Regex;

use json_path::JsonPath;
use network::Network;
use phrase::PhraseFinder;

/// How many prepared second arguments a function keeps.
const PREPARED_MAX: usize = 16;

/// Every function, for a session.
pub fn all() -> Vec<ScalarUDF> {
    vec![has_token(), has_phrase(), has_pattern(), has_regex(), ip_in(), raw_get()]
}

/// `has_token(value, word)`; see the module.
pub fn has_token() -> ScalarUDF {
    TextFunction::new(Kind::Token).into()
}

/// `has_phrase(value, text)`; see the module.
pub fn has_phrase() -> ScalarUDF {
    TextFunction::new(Kind::Phrase).into()
}

/// `has_pattern(value, pattern)`; see the module.
pub fn has_pattern() -> ScalarUDF {
    TextFunction::new(Kind::Pattern).into()
}

/// `has_regex(value, expression)`; see the module.
pub fn has_regex() -> ScalarUDF {
    TextFunction::new(Kind::Regex).into()
}

/// `ip_in(address, network)`; see the module.
pub fn ip_in() -> ScalarUDF {
    TextFunction::new(Kind::Network).into()
}

/// `raw_get(record, path)`; see the module.
pub fn raw_get() -> ScalarUDF {
    TextFunction::new(Kind::Path).into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Token,
    Phrase,
    Pattern,
    Regex,
    Network,
    Path,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "has_token",
            Self::Phrase => "has_phrase",
            Self::Pattern => "has_pattern",
            Self::Regex => "has_regex",
            Self::Network => "ip_in",
            Self::Path => "raw_get",
        }
    }

    fn return_type(self) -> DataType {
        if self == Self::Path { DataType::Utf8 } else { DataType::Boolean }
    }

    fn prepare(self, text: &str) -> Result<Prepared, String> {
        Ok(match self {
            Self::Token if !phrase::is_token(text) => {
                return Err(format!(
                    "`{text}` is not one token, `has_phrase` looks for such texts"
                ));
            }
            Self::Token | Self::Phrase => Prepared::Phrase(PhraseFinder::new(text)?),
            Self::Pattern => Prepared::Regex(pattern::glob(text)?),
            Self::Regex => Prepared::Regex(pattern::regex(text)?),
            Self::Network => Prepared::Network(Network::parse(text).ok_or_else(|| {
                format!("`{text}` is no network, which is written `203.0.113.0/24`")
            })?),
            Self::Path => Prepared::Path(JsonPath::parse(text)?),
        })
    }
}

/// Whether the second argument of `raw_get` is a path; the reason where it is none.
pub(crate) fn check_path(path: &str) -> Result<(), String> {
    JsonPath::parse(path).map(|_| ())
}

/// A second argument, ready for use.
#[derive(Debug)]
enum Prepared {
    Phrase(PhraseFinder),
    Regex(Regex),
    Network(Network),
    Path(JsonPath),
}

/// A function of a text and a constant.
#[derive(Debug)]
struct TextFunction {
    kind: Kind,
    signature: Signature,
    /// The last second arguments, newest last.
    prepared: Mutex<Vec<(String, Arc<Prepared>)>>,
}

impl PartialEq for TextFunction {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for TextFunction {}

impl Hash for TextFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
    }
}

impl ScalarUDFImpl for TextFunction {
    fn name(&self) -> &str {
        self.kind.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.kind.return_type())
    }

    /// Also refuses what cannot be answered, so that a mistake shows before any row is read.
    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let [value, constant] = arguments.arg_fields else {
            return Err(self.refusal("it takes a value and a constant text"));
        };
        let is_list = matches!(value.data_type(), DataType::List(_) | DataType::LargeList(_));
        if !is_text(value.data_type()) || is_list && self.kind == Kind::Path {
            return Err(self.refusal(&format!("it takes text or bytes, not {}", value.data_type())));
        }
        if !is_text(constant.data_type()) {
            return Err(self.refusal("its second argument is a text"));
        }
        if let Some(Some(constant)) = arguments.scalar_arguments.get(1)
            && let Some(Some(text)) = constant.try_as_str()
        {
            self.prepare(text)?;
        }
        Ok(Arc::new(Field::new(self.name(), self.kind.return_type(), true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, ColumnarValue::Scalar(constant)] = &arguments.args[..] else {
            return Err(self.refusal("its second argument is a constant"));
        };
        let Some(Some(text)) = constant.try_as_str() else {
            let null = ScalarValue::try_from(&self.kind.return_type())?;
            return Ok(ColumnarValue::Scalar(null));
        };
        let prepared = self.prepare(text)?;
        match value {
            ColumnarValue::Array(values) => evaluate(&prepared, values).map(ColumnarValue::Array),
            ColumnarValue::Scalar(value) => {
                let answer = evaluate(&prepared, &value.to_array()?)?;
                ScalarValue::try_from_array(&answer, 0).map(ColumnarValue::Scalar)
            }
        }
    }
}

impl TextFunction {
    fn new(kind: Kind) -> Self {
        let signature = Signature::any(2, Volatility::Immutable);
        Self { kind, signature, prepared: Mutex::default() }
    }

    fn refusal(&self, reason: &str) -> DataFusionError {
        DataFusionError::Plan(format!("{}: {reason}", self.name()))
    }

    fn prepare(&self, text: &str) -> Result<Arc<Prepared>> {
        // What is behind the lock is whole at any time, so a panic elsewhere does not spoil it.
        let mut kept = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, prepared)) = kept.iter().find(|(known, _)| known == text) {
            return Ok(prepared.clone());
        }
        let prepared = Arc::new(self.kind.prepare(text).map_err(|reason| self.refusal(&reason))?);
        if kept.len() == PREPARED_MAX {
            kept.remove(0);
        }
        kept.push((text.to_owned(), prepared.clone()));
        Ok(prepared)
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::Null => true,
        DataType::Dictionary(_, value) => is_text(value),
        DataType::List(item) | DataType::LargeList(item) => is_text(item.data_type()),
        _ => false,
    }
}

fn evaluate(prepared: &Prepared, values: &ArrayRef) -> Result<ArrayRef> {
    Ok(match prepared {
        Prepared::Phrase(finder) => Arc::new(test(values, &|bytes| finder.is_in(bytes))?),
        Prepared::Regex(regex) => Arc::new(test(values, &|bytes| regex.is_match(bytes))?),
        Prepared::Network(network) => Arc::new(test(values, &|ip| network.contains_text(ip))?),
        Prepared::Path(path) => {
            let mut found = StringBuilder::with_capacity(values.len(), values.len() * 8);
            for_each(values, |record| match record.and_then(|record| path.value(record)) {
                Some(value) => found.append_value(value),
                None => found.append_null(),
            })?;
            Arc::new(found.finish())
        }
    })
}

fn test(values: &dyn Array, holds: &dyn Fn(&[u8]) -> bool) -> Result<BooleanArray> {
    match values.data_type() {
        DataType::List(_) => test_lists::<i32>(values, holds),
        DataType::LargeList(_) => test_lists::<i64>(values, holds),
        _ => {
            let mut answers = Vec::with_capacity(values.len());
            for_each(values, |bytes| answers.push(bytes.is_some_and(holds)))?;
            Ok(BooleanArray::new(answers.into(), values.logical_nulls()))
        }
    }
}

/// Whether one item of each list passes.
fn test_lists<O: OffsetSizeTrait>(
    values: &dyn Array,
    holds: &dyn Fn(&[u8]) -> bool,
) -> Result<BooleanArray> {
    let lists = values.as_list::<O>();
    let items = test(lists.values(), holds)?;
    let passes = |at: usize| items.is_valid(at) && items.value(at);
    let answers: Vec<bool> = lists
        .offsets()
        .windows(2)
        .map(|ends| (ends[0].as_usize()..ends[1].as_usize()).any(passes))
        .collect();
    Ok(BooleanArray::new(answers.into(), lists.nulls().cloned()))
}

/// Hands over each value as bytes.
fn for_each(values: &dyn Array, mut visit: impl FnMut(Option<&[u8]>)) -> Result<()> {
    match values.data_type() {
        DataType::BinaryView => values.as_binary_view().iter().for_each(visit),
        DataType::Binary => values.as_binary::<i32>().iter().for_each(visit),
        DataType::LargeBinary => values.as_binary::<i64>().iter().for_each(visit),
        DataType::Utf8View => {
            values.as_string_view().iter().for_each(|text| visit(text.map(str::as_bytes)));
        }
        DataType::Utf8 => {
            values.as_string::<i32>().iter().for_each(|text| visit(text.map(str::as_bytes)));
        }
        DataType::LargeUtf8 => {
            values.as_string::<i64>().iter().for_each(|text| visit(text.map(str::as_bytes)));
        }
        DataType::Dictionary(_, kind) if !matches!(**kind, DataType::Dictionary(..)) => {
            return for_each(&cast(values, kind)?, visit);
        }
        _ => return for_each(&cast(values, &DataType::Utf8View)?, visit),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
