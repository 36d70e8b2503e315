//! Calls as facts: pages joined, refusals told apart, every failure kept for the report.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::call::{Aws, Call, CallError, Failure};
use crate::fact::{Fact, Unread};
use crate::operation;

/// Pages of one list; more is a token that leads in a circle.
const PAGES_MAX: usize = 10_000;

/// What was asked in a run, and what failed.
#[derive(Debug, Default)]
pub struct CallLog {
    calls: AtomicU64,
    errors: Mutex<Vec<CallError>>,
}

impl CallLog {
    /// How many calls were made, pages counted each.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// What failed.
    pub fn errors(&self) -> Vec<CallError> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failed(&self, error: CallError) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }
}

/// Makes the calls of one region.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    aws: &'a dyn Aws,
    log: &'a CallLog,
    region: &'a str,
    quiet: bool,
}

impl<'a> Caller<'a> {
    /// For a region.
    pub fn new(aws: &'a dyn Aws, log: &'a CallLog, region: &'a str) -> Self {
        Self { aws, log, region, quiet: false }
    }

    /// The same for another region.
    #[must_use]
    pub fn at<'b>(&self, region: &'b str) -> Caller<'b>
    where
        'a: 'b,
    {
        Caller { aws: self.aws, log: self.log, region, quiet: self.quiet }
    }

    /// The same, for questions about strangers' things: a refusal is an answer, and no failure.
    #[must_use]
    pub(crate) fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// One answer to parameters of any shape.
    pub async fn get_with(&self, id: &str, params: Map<String, Value>) -> Fact<Value> {
        match self.page(id, params).await {
            Ok(value) => Fact::Known(value),
            Err(refused) => refused.fact(),
        }
    }

    /// One answer, read as a type. "Not found" is [`Fact::Absent`].
    pub async fn get<T: DeserializeOwned>(&self, id: &str, params: &[(&str, &str)]) -> Fact<T> {
        match self.page(id, object(params)).await {
            Ok(value) => self.read(id, value),
            Err(refused) => refused.fact(),
        }
    }

    /// A member of one answer, by its dotted path; absent where the answer lacks it.
    pub async fn member<T: DeserializeOwned>(
        &self,
        id: &str,
        params: &[(&str, &str)],
        path: &str,
    ) -> Fact<T> {
        match self.page(id, object(params)).await {
            Ok(value) => match at(&value, path) {
                None | Some(Value::Null) => Fact::Absent,
                Some(Value::String(text)) if text.is_empty() => Fact::Absent,
                Some(found) => self.read(id, found.clone()),
            },
            Err(refused) => refused.fact(),
        }
    }

    /// All elements of a list, over all pages.
    pub async fn list<T: DeserializeOwned>(
        &self,
        id: &str,
        params: &[(&str, &str)],
    ) -> Fact<Vec<T>> {
        self.list_with(id, object(params)).await
    }

    /// The same with parameters of any shape.
    pub async fn list_with<T: DeserializeOwned>(
        &self,
        id: &str,
        mut params: Map<String, Value>,
    ) -> Fact<Vec<T>> {
        let Some(operation) = operation::find(id) else {
            return Fact::Unknown(Unread::failed(format!("{id} is not in the table")));
        };
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let value = match self.page(id, params.clone()).await {
                Ok(value) => value,
                Err(refused) => return refused.fact(),
            };
            match at(&value, &operation.row.items) {
                Some(Value::Array(items)) => all.extend(items.iter().cloned()),
                None | Some(Value::Null) => {}
                Some(Value::String(text)) if text.trim().is_empty() => {}
                Some(_) => return self.unreadable(id, "its list is none"),
            }
            let next = at(&value, operation.next_out()).and_then(Value::as_str).unwrap_or_default();
            let token = operation.next_in();
            if next.is_empty() {
                return self.read(id, Value::Array(all));
            }
            if params.get(token).and_then(Value::as_str) == Some(next) {
                return self.unreadable(id, "its next page is the same page");
            }
            params.insert(token.to_owned(), Value::String(next.to_owned()));
        }
        self.unreadable(id, "it has no last page")
    }

    async fn page(&self, id: &str, params: Map<String, Value>) -> Result<Value, Refused> {
        let Some(operation) = operation::find(id) else {
            return Err(Refused::Unread(Unread::failed(format!("{id} is not in the table"))));
        };
        self.log.calls.fetch_add(1, Ordering::Relaxed);
        let call = Call { operation, region: self.region.to_owned(), params };
        match self.aws.call(&call).await {
            Ok(value) => Ok(value),
            Err(error) if error.failure == Failure::NotFound => Err(Refused::Absent),
            Err(error) => {
                let unread = Unread::from(&error);
                let elsewhere = ["PermanentRedirect", "AuthorizationHeaderMalformed"];
                let refused =
                    error.failure == Failure::Denied || elsewhere.contains(&error.code.as_str());
                if !(self.quiet && refused) {
                    self.log.failed(error);
                }
                Err(Refused::Unread(unread))
            }
        }
    }

    fn read<T: DeserializeOwned>(&self, id: &str, value: Value) -> Fact<T> {
        match serde_json::from_value(value) {
            Ok(value) => Fact::Known(value),
            Err(error) => self.unreadable(id, &error.to_string()),
        }
    }

    fn unreadable<T>(&self, id: &str, why: &str) -> Fact<T> {
        let text = format!("the answer to {id} cannot be read: {why}");
        self.log.failed(CallError {
            call: id.to_owned(),
            region: self.region.to_owned(),
            failure: Failure::Other,
            code: "broken-answer".to_owned(),
            message: text.clone(),
            attempts: 1,
        });
        Fact::Unknown(Unread::failed(text))
    }
}

/// A call without an answer.
enum Refused {
    Absent,
    Unread(Unread),
}

impl Refused {
    fn fact<T>(self) -> Fact<T> {
        match self {
            Self::Absent => Fact::Absent,
            Self::Unread(unread) => Fact::Unknown(unread),
        }
    }
}

fn object(params: &[(&str, &str)]) -> Map<String, Value> {
    params
        .iter()
        .map(|(name, value)| {
            let value = match *value {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                text => Value::String(text.to_owned()),
            };
            ((*name).to_owned(), value)
        })
        .collect()
}

/// The value at a dotted path.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| value.get(part))
}
