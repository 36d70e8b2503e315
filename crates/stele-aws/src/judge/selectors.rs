//! What a set of CloudTrail's event selectors records, judged by fields.
//!
//! Basic selectors are read as the advanced ones that record the same. Whether the union of many
//! selectors records *all* of something is decided, not guessed: from the values that the
//! selectors name, one event of each kind that they can tell apart is made up, and each must be
//! recorded by one of them. What they cannot tell apart they treat alike.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::fact::{Fact, Unread};

/// Kinds of events that are looked at; more cannot come from selectors that AWS accepts in
/// practice, and is not decided.
const KINDS_MAX: usize = 100_000;
/// A text that stands in no selector.
const FRESH: &str = "\u{1}";

/// An advanced event selector: records what all its rules let through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Selector {
    /// What it asks of each field.
    pub field_selectors: Vec<FieldRule>,
}

/// What is asked of a field: one of the first three, none of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FieldRule {
    /// As `eventCategory`, `resources.ARN`.
    pub field: String,
    /// One of these,
    pub equals: Vec<String>,
    /// or something that begins so,
    pub starts_with: Vec<String>,
    /// or ends so;
    pub ends_with: Vec<String>,
    /// none of these,
    pub not_equals: Vec<String>,
    /// nothing that begins so,
    pub not_starts_with: Vec<String>,
    /// or ends so.
    pub not_ends_with: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Basic {
    read_write_type: String,
    include_management_events: Option<bool>,
    data_resources: Vec<DataResource>,
    exclude_management_event_sources: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DataResource {
    #[serde(rename = "Type")]
    kind: String,
    values: Vec<String>,
}

/// How much of something is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Everything.
    All,
    /// Nothing.
    Nothing,
    /// Something is, and this is not: field and value, where it is a value that stands somewhere.
    Part(Option<(String, String)>),
    /// Too many kinds to look at.
    TooComplex,
}

impl Selector {
    /// Reads the answer to `GetEventSelectors`.
    pub fn read(answer: &Value) -> Fact<Vec<Self>> {
        let read = || -> Result<Vec<Self>, serde_json::Error> {
            let advanced = &answer["AdvancedEventSelectors"];
            if advanced.as_array().is_some_and(|all| !all.is_empty()) {
                return serde_json::from_value(advanced.clone());
            }
            let basic = match &answer["EventSelectors"] {
                Value::Null => Vec::new(),
                basic => serde_json::from_value::<Vec<Basic>>(basic.clone())?,
            };
            Ok(basic.iter().flat_map(Basic::advanced).collect())
        };
        match read() {
            Ok(selectors) => Fact::Known(selectors),
            Err(error) => {
                Fact::Unknown(Unread::failed(format!("event selectors cannot be read: {error}")))
            }
        }
    }

    fn records(&self, event: &BTreeMap<&str, String>) -> bool {
        self.field_selectors
            .iter()
            .all(|rule| event.get(rule.field.as_str()).is_none_or(|value| rule.lets(value)))
    }
}

impl FieldRule {
    fn is(field: &str, value: &str) -> Self {
        Self { field: field.to_owned(), equals: vec![value.to_owned()], ..Self::default() }
    }

    fn lets(&self, value: &str) -> bool {
        let wanted = self.equals.len() + self.starts_with.len() + self.ends_with.len();
        let positive = wanted == 0
            || self.equals.iter().any(|each| each == value)
            || self.starts_with.iter().any(|each| value.starts_with(each.as_str()))
            || self.ends_with.iter().any(|each| value.ends_with(each.as_str()));
        positive
            && !self.not_equals.iter().any(|each| each == value)
            && !self.not_starts_with.iter().any(|each| value.starts_with(each.as_str()))
            && !self.not_ends_with.iter().any(|each| value.ends_with(each.as_str()))
    }
}

impl Basic {
    /// The advanced selectors that record the same, one to one.
    fn advanced(&self) -> Vec<Selector> {
        let read_only = match self.read_write_type.as_str() {
            "ReadOnly" => Some(FieldRule::is("readOnly", "true")),
            "WriteOnly" => Some(FieldRule::is("readOnly", "false")),
            _ => None,
        };
        let mut all = Vec::new();
        if self.include_management_events.unwrap_or(true) {
            let mut rules = vec![FieldRule::is("eventCategory", "Management")];
            rules.extend(read_only.clone());
            if !self.exclude_management_event_sources.is_empty() {
                rules.push(FieldRule {
                    field: "eventSource".to_owned(),
                    not_equals: self.exclude_management_event_sources.clone(),
                    ..FieldRule::default()
                });
            }
            all.push(Selector { field_selectors: rules });
        }
        for resource in &self.data_resources {
            let mut rules = vec![
                FieldRule::is("eventCategory", "Data"),
                FieldRule::is("resources.type", &resource.kind),
            ];
            rules.extend(read_only.clone());
            let mut arns = FieldRule { field: "resources.ARN".to_owned(), ..FieldRule::default() };
            for value in &resource.values {
                // `arn:aws:s3` and `arn:aws:lambda` mean all; a bucket ends with `/`.
                let all_of_service = value.split(':').filter(|part| !part.is_empty()).count() <= 3;
                if all_of_service || resource.kind == "AWS::S3::Object" {
                    arns.starts_with.push(value.clone());
                } else {
                    arns.equals.push(value.clone());
                }
            }
            rules.push(arns);
            if !resource.values.is_empty() {
                all.push(Selector { field_selectors: rules });
            }
        }
        all
    }
}

/// What is asked about: events with these fields.
#[derive(Debug, Clone, Default)]
pub struct Question<'a> {
    /// Fields whose value is given.
    pub fixed: &'a [(&'a str, &'a str)],
    /// All resources whose ARN begins so.
    pub arn_prefix: Option<&'a str>,
    /// Values that do not matter.
    pub except: &'a [(&'a str, &'a str)],
}

/// How much of the events in question the selectors record together.
pub fn coverage(selectors: &[&Selector], question: &Question<'_>) -> Coverage {
    let given: BTreeMap<&str, String> =
        question.fixed.iter().map(|(field, value)| (*field, (*value).to_owned())).collect();
    let relevant: Vec<&&Selector> =
        selectors.iter().filter(|selector| selector.records(&given)).collect();
    let mut kinds = vec![given];
    for (field, values) in values_to_try(&relevant, question) {
        if kinds.len().saturating_mul(values.len()) > KINDS_MAX {
            return Coverage::TooComplex;
        }
        kinds = kinds
            .iter()
            .flat_map(|kind| {
                values.iter().map(|value| {
                    let mut kind = kind.clone();
                    kind.insert(field, value.clone());
                    kind
                })
            })
            .collect();
    }
    let (recorded, missed): (Vec<_>, Vec<_>) =
        kinds.iter().partition(|kind| relevant.iter().any(|selector| selector.records(kind)));
    if missed.is_empty() {
        return Coverage::All;
    }
    if recorded.is_empty() {
        return Coverage::Nothing;
    }
    let named = missed.iter().flat_map(|kind| kind.iter()).find(|(field, value)| {
        let fixed = question.fixed.iter().any(|(known, _)| known == *field);
        !fixed && !value.contains(FRESH)
    });
    Coverage::Part(named.map(|(field, value)| ((*field).to_owned(), value.clone())))
}

/// Whether any write of an object in a bucket is recorded; `below` is its ARN with a slash.
pub fn records_object_writes(selectors: &[&Selector], below: &str) -> bool {
    let fixed =
        [("eventCategory", "Data"), ("resources.type", "AWS::S3::Object"), ("readOnly", "false")];
    let question = Question { fixed: &fixed, arn_prefix: Some(below), except: &[] };
    coverage(selectors, &question) != Coverage::Nothing
}

/// For each field that the selectors ask about, one value of each kind that they tell apart.
fn values_to_try<'a>(
    selectors: &[&&'a Selector],
    question: &Question<'_>,
) -> BTreeMap<&'a str, BTreeSet<String>> {
    let mut tried: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let rules = || selectors.iter().flat_map(|selector| &selector.field_selectors);
    for rule in rules() {
        if question.fixed.iter().any(|(field, _)| *field == rule.field) {
            continue;
        }
        let base = match question.arn_prefix {
            Some(prefix) if rule.field == "resources.ARN" => prefix,
            _ => "",
        };
        let same_field: Vec<&FieldRule> =
            rules().filter(|other| other.field == rule.field).collect();
        let prefixes: Vec<&String> = same_field
            .iter()
            .flat_map(|rule| rule.starts_with.iter().chain(&rule.not_starts_with))
            .collect();
        let suffixes: Vec<&String> = same_field
            .iter()
            .flat_map(|rule| rule.ends_with.iter().chain(&rule.not_ends_with))
            .collect();
        let values = tried.entry(rule.field.as_str()).or_default();
        values.extend(rule.equals.iter().chain(&rule.not_equals).cloned());
        let fronts = prefixes.iter().map(|prefix| prefix.as_str()).chain([base]);
        for front in fronts {
            values.insert(front.to_owned());
            values.insert(format!("{front}{FRESH}"));
            for suffix in &suffixes {
                values.insert(format!("{front}{suffix}"));
                values.insert(format!("{front}{FRESH}{suffix}"));
            }
        }
        values.retain(|value| {
            let excepted = question.except.iter().any(|(f, v)| *f == rule.field && v == value);
            // Something in the bucket, not the bucket.
            !excepted && value.starts_with(base) && value.len() > base.len()
        });
    }
    tried
}

#[cfg(test)]
mod tests;
