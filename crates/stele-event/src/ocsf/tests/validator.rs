//! The OCSF project's own JSON schemas, as they are for the profiles that a document declares.
//!
//! The schemas beside the repository have the attributes of every profile, and demand those that a
//! profile demands. A document is measured against what remains of them without the attributes
//! that only profiles bring which it does not declare.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Map, Value};

/// Validates documents of any class.
pub(crate) struct Schemas {
    folder: PathBuf,
    compiled: Value,
    validators: HashMap<(i64, Vec<String>), Validator>,
}

impl Schemas {
    /// Those beside the repository, or in `STELE_CORPUS`; says aloud if there are none.
    pub(crate) fn load() -> Option<Self> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
        let root = std::env::var_os("STELE_CORPUS").map_or(beside, PathBuf::from);
        let folder = root.join("ocsf_json_schema_1.8.0");
        let compiled = root.join("ocsf_1.8.0_compiled.json.gz");
        if !folder.is_dir() || !compiled.is_file() {
            eprintln!("skipped: no OCSF schemas at {}", root.display());
            return None;
        }
        Some(Self { folder, compiled: read(&compiled), validators: HashMap::new() })
    }

    /// What is wrong with a document; empty if nothing is.
    pub(crate) fn errors(&mut self, document: &Map<String, Value>) -> Vec<String> {
        let class_uid = document["class_uid"].as_i64().unwrap();
        let profiles: Vec<String> = match document["metadata"].get("profiles") {
            Some(profiles) => serde_json::from_value(profiles.clone()).unwrap(),
            None => Vec::new(),
        };
        let (folder, compiled) = (&self.folder, &self.compiled);
        let validator = self
            .validators
            .entry((class_uid, profiles.clone()))
            .or_insert_with(|| build(folder, compiled, class_uid, &profiles));
        let document = Value::Object(document.clone());
        let mut errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if has_null(&document) {
            errors.push("holds null".into());
        }
        errors
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[expect(clippy::disallowed_methods, reason = "a file of the corpus, not of a stranger")]
fn read(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn build(folder: &Path, compiled: &Value, class_uid: i64, profiles: &[String]) -> Validator {
    let classes = compiled["classes"].as_object().unwrap();
    let class = classes.values().find(|class| class["uid"] == class_uid).unwrap();
    for profile in profiles {
        assert!(class["profiles"].as_array().unwrap().contains(&profile.as_str().into()));
    }
    let mut schema = read(&folder.join(format!("{}.json.gz", class["name"].as_str().unwrap())));
    without_undeclared(&mut schema, class, profiles);
    let objects = compiled["objects"].as_object().unwrap();
    for (name, definition) in schema["$defs"].as_object_mut().unwrap() {
        // Names of extensions have a slash in them, for which the schemas have a low line.
        let object = objects.iter().find(|(known, _)| known.replace('/', "_") == *name).unwrap().1;
        without_undeclared(definition, object, profiles);
    }
    jsonschema::validator_for(&schema).unwrap()
}

fn without_undeclared(schema: &mut Value, item: &Value, profiles: &[String]) {
    for (name, attribute) in item["attributes"].as_object().unwrap() {
        let needed = attribute.get("profiles").and_then(Value::as_array);
        let is_there = needed.is_none_or(|needed| {
            needed.is_empty() || needed.iter().any(|need| profiles.iter().any(|have| need == have))
        });
        if !is_there {
            schema["properties"].as_object_mut().unwrap().remove(name);
            if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|required| required != name);
            }
        }
    }
}
