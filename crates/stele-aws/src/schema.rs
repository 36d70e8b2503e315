//! The JSON Schemas of reports, plans and drift, made from the types that are written.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::assess::Report;
use crate::drift::Drift;
use crate::plan::Plan;

/// The schema of `stele.aws.assess/1`, as JSON Schema 2020-12.
///
/// # Errors
/// A type cannot be described; a test sees to it that all can.
pub fn assess() -> Result<Value, serde_json::Error> {
    of::<Report>(crate::assess::SCHEMA, &[])
}

/// The schema of `stele.aws.plan/1`.
///
/// # Errors
/// As [`assess`].
pub fn plan() -> Result<Value, serde_json::Error> {
    of::<Plan>(crate::plan::SCHEMA, &["expect", "tags"])
}

/// The schema of `stele.aws.drift/1`.
///
/// # Errors
/// As [`assess`].
pub fn drift() -> Result<Value, serde_json::Error> {
    of::<Drift>(crate::drift::SCHEMA, &[])
}

/// The schema of a type; `optional` members may be left out.
fn of<T: ToSchema>(title: &str, optional: &[&str]) -> Result<Value, serde_json::Error> {
    let closed = |value| closed(value, optional);
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let mut definitions = Map::new();
    for (name, part) in parts {
        definitions.insert(name, closed(serde_json::to_value(part)?));
    }
    let Value::Object(report) = closed(serde_json::to_value(T::schema())?) else {
        return Ok(Value::Null);
    };
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    schema.extend(report);
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Ok(Value::Object(schema))
}

/// References in the form of JSON Schema, and objects that hold nothing else than they say.
fn closed(value: Value, optional: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            let is_struct = members.contains_key("properties");
            let mut members: Map<String, Value> =
                members.into_iter().map(|(name, value)| (name, closed(value, optional))).collect();
            if is_struct {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
                // Every member is always written, null where there is nothing.
                let names = members["properties"].as_object().map(|all| {
                    all.keys()
                        .filter(|name| !optional.contains(&name.as_str()))
                        .map(|name| Value::String(name.clone()))
                        .collect::<Vec<Value>>()
                });
                members.insert("required".to_owned(), Value::Array(names.unwrap_or_default()));
            }
            Value::Object(members)
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| closed(item, optional)).collect())
        }
        Value::String(text) => Value::String(text.replace("#/components/schemas/", "#/$defs/")),
        other => other,
    }
}
