//! Answers from a recording: the other implementation of [`Aws`].
//!
//! A recording is text, so that a test can be read like a letter from AWS:
//!
//! ```text
//! # Calls of every region, unless `@region` says which.
//! cloudtrail:DescribeTrails => {"trailList": []}
//! cloudtrail:GetTrailStatus @eu-west-1 Name=arn:… => {"IsLogging": true}
//! s3:GetBucketPolicy Bucket=logs => !AccessDenied
//! ```
//!
//! An answer may go over several lines. What is not recorded is an empty list, or, for calls that
//! get one thing, "not found".

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::call::{Aws, Call, CallError, Failure};
use crate::operation;

/// A recording.
#[derive(Debug, Default)]
pub struct Replay {
    entries: Vec<Entry>,
    denied: Option<String>,
    made: Mutex<BTreeMap<String, u32>>,
}

#[derive(Debug)]
struct Entry {
    id: String,
    region: Option<String>,
    params: Vec<(String, String)>,
    answer: Result<Value, String>,
}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    /// A line is not understood, or a call is not in the table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut entries: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            match line.split_once(" => ") {
                Some((call, answer)) if !line.starts_with([' ', '\t']) => {
                    entries.push((call.trim().to_owned(), answer.to_owned()));
                }
                _ => match entries.last_mut() {
                    Some((_, answer)) => {
                        answer.push('\n');
                        answer.push_str(line);
                    }
                    None if line.trim().is_empty() => {}
                    None => return Err(format!("`{line}` belongs to no call")),
                },
            }
        }
        let entries: Result<Vec<Entry>, String> =
            entries.iter().map(|(call, answer)| Entry::parse(call, answer)).collect();
        Ok(Self { entries: entries?, ..Self::default() })
    }

    /// The same recording, but this call is denied.
    #[must_use]
    pub fn denying(mut self, id: &str) -> Self {
        self.denied = Some(id.to_owned());
        self
    }

    /// Every call that was made, with its region and parameters, and how often.
    pub fn made(&self) -> BTreeMap<String, u32> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Entry {
    fn parse(call: &str, answer: &str) -> Result<Self, String> {
        let mut words = call.split_whitespace();
        let id = words.next().unwrap_or_default().to_owned();
        let operation = operation::find(&id).ok_or_else(|| format!("no operation `{id}`"))?;
        let mut entry = Self { id, region: None, params: Vec::new(), answer: Err(String::new()) };
        for word in words {
            if let Some(region) = word.strip_prefix('@') {
                entry.region = Some(region.to_owned());
            } else if let Some((name, value)) = word.split_once('=') {
                if !operation.takes(name) {
                    return Err(format!("`{name}` is no parameter of {}", entry.id));
                }
                entry.params.push((name.to_owned(), value.to_owned()));
            } else {
                return Err(format!("`{word}` in `{call}` is not understood"));
            }
        }
        entry.answer = match answer.trim().strip_prefix('!') {
            Some(code) => Err(code.trim().to_owned()),
            None => Ok(serde_json::from_str(answer).map_err(|error| format!("{call}: {error}"))?),
        };
        Ok(entry)
    }

    fn answers(&self, call: &Call) -> bool {
        let given = |name: &str| call.params.get(name).map(plain);
        self.id == call.operation.id()
            && self.region.as_ref().is_none_or(|region| *region == call.region)
            && self.params.iter().all(|(name, value)| given(name).as_ref() == Some(value))
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[async_trait]
impl Aws for Replay {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        let id = call.operation.id();
        let params: Vec<String> =
            call.params.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
        let made = format!("{id} @{} {}", call.region, params.join(" "));
        *self.made.lock().unwrap_or_else(PoisonError::into_inner).entry(made).or_default() += 1;
        if let Some(unknown) = call.params.keys().find(|name| !call.operation.takes(name)) {
            return Err(CallError::new(call, Failure::Other, "request", unknown.clone()));
        }
        if self.denied.as_deref() == Some(id.as_str()) {
            return Err(CallError::new(call, Failure::Denied, "AccessDenied", "recorded"));
        }
        match self.entries.iter().find(|entry| entry.answers(call)) {
            Some(Entry { answer: Ok(value), .. }) => Ok(value.clone()),
            Some(Entry { answer: Err(code), .. }) => {
                Err(CallError::new(call, Failure::of(code, 400), code, "recorded"))
            }
            None if call.operation.name.starts_with("Get")
                && call.operation.row.items.is_empty() =>
            {
                Err(CallError::new(call, Failure::NotFound, "NotFound", "not recorded"))
            }
            None => Ok(Value::Object(Map::new())),
        }
    }
}
