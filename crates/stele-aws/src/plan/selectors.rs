//! Event selectors of a trail, widened without loss.
//!
//! The state is the answer to `GetEventSelectors`. Selectors stay basic as long as basic ones can
//! say what is wanted; where not (some buckets must be left out), they become the advanced ones
//! that record the same, and ours are added.

use serde_json::{Map, Value, json};

use super::change::{Draft, Refusal};
use super::setting::items;

/// The most values in all advanced selectors of a trail (CloudTrail quotas).
const VALUES_MAX: usize = 500;

/// Sources that CloudTrail lets one leave out of management events.
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// What a trail is to record as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Management events, reads and writes.
    Management,
    /// Management events of a source that was left out.
    Source(&'static str),
    /// Data events of all resources of a kind, but for ARNs that begin so.
    All {
        /// CloudTrail's type, as `AWS::S3::Object`.
        kind: &'static str,
        /// `true` for reads, `false` for writes, none for both.
        read_only: Option<bool>,
        /// Beginnings of ARNs that are left out.
        but: Vec<String>,
    },
    /// Data events of one resource: its ARN, or with `/` at the end all below it.
    One {
        /// CloudTrail's type.
        kind: &'static str,
        /// `true` for reads, `false` for writes, none for both.
        read_only: Option<bool>,
        /// The ARN.
        arn: String,
    },
    /// No data events of resources whose ARN begins so.
    Without {
        /// CloudTrail's type.
        kind: &'static str,
        /// The beginning of the ARNs.
        below: String,
    },
}

/// Parameters of `PutEventSelectors` as the state has them.
pub fn start(state: &Value, params: &mut Map<String, Value>) {
    let filled = |name: &str| state[name].as_array().is_some_and(|all| !all.is_empty());
    let name =
        if filled("AdvancedEventSelectors") { "AdvancedEventSelectors" } else { "EventSelectors" };
    params.insert(name.to_owned(), state.get(name).cloned().unwrap_or_else(|| json!([])));
}

/// Makes a wish come true.
///
/// # Errors
/// CloudTrail takes no more values, or nothing would be recorded any more.
pub fn widen(draft: &mut Draft, wish: &Wish) -> Result<(), Refusal> {
    if let Some(basic) = draft.params.get("EventSelectors").and_then(Value::as_array) {
        if let Some(wider) = basic_with(basic, wish) {
            let manages = |one: &Value| one["IncludeManagementEvents"].as_bool().unwrap_or(true);
            if !wider.iter().any(|one| manages(one) || !resources(one).is_empty()) {
                return Err(nothing_left());
            }
            draft.params.insert("EventSelectors".to_owned(), Value::Array(wider));
            return Ok(());
        }
        let advanced = basic.iter().flat_map(advanced).collect();
        draft.params.remove("EventSelectors");
        draft.params.insert("AdvancedEventSelectors".to_owned(), Value::Array(advanced));
    }
    let mut all = match draft.params.get("AdvancedEventSelectors") {
        Some(Value::Array(all)) => all.clone(),
        _ => Vec::new(),
    };
    advanced_with(&mut all, wish);
    if all.is_empty() {
        return Err(nothing_left());
    }
    let values: usize = all.iter().map(count).sum();
    if values > VALUES_MAX {
        return Err(Refusal {
            code: "selectors-full",
            reason: format!(
                "the selectors of the trail would hold {values} values; CloudTrail takes {VALUES_MAX}"
            ),
            choices: vec![
                "record all resources of the kind (cloudtrail.data_events in the policy)"
                    .to_owned(),
                "make a second trail for data events".to_owned(),
            ],
        });
    }
    draft.params.insert("AdvancedEventSelectors".to_owned(), Value::Array(all));
    Ok(())
}

/// CloudTrail takes no trail that records nothing.
fn nothing_left() -> Refusal {
    Refusal {
        code: "nothing-left",
        reason: "the trail records nothing else".to_owned(),
        choices: vec![
            "stop the trail".to_owned(),
            "let the trail write to another bucket".to_owned(),
        ],
    }
}

/// Basic selectors with the wish, where they can say it.
fn basic_with(basic: &[Value], wish: &Wish) -> Option<Vec<Value>> {
    let mut all = basic.to_vec();
    let manages = |one: &Value| one["IncludeManagementEvents"].as_bool().unwrap_or(true);
    match wish {
        Wish::Management => {
            // Widening the direction would widen the data events of the selector too.
            match all.iter_mut().find(|one| manages(one)) {
                Some(one) if resources(one).is_empty() => one["ReadWriteType"] = json!("All"),
                Some(_) => return None,
                None => all.push(json!({"ReadWriteType": "All", "IncludeManagementEvents": true,
                    "DataResources": [], "ExcludeManagementEventSources": []})),
            }
            Some(all)
        }
        Wish::Source(source) => {
            for one in &mut all {
                if let Some(Value::Array(left_out)) = one.get_mut("ExcludeManagementEventSources") {
                    left_out.retain(|each| each != source);
                }
            }
            Some(all)
        }
        Wish::All { kind, read_only, but } if but.is_empty() => {
            let value = match *kind {
                "AWS::S3::Object" => "arn:aws:s3",
                "AWS::Lambda::Function" => "arn:aws:lambda",
                "AWS::DynamoDB::Table" => "arn:aws:dynamodb",
                _ => return None,
            };
            let mut all = add_resource(&mut all, kind, *read_only, value)?;
            // What takes all in stands alone.
            for one in &mut all {
                let Some(Value::Array(resources)) = one.get_mut("DataResources") else { continue };
                let of_kind = resources.iter_mut().filter(|resource| resource["Type"] == *kind);
                for resource in
                    of_kind.filter(|one| texts(&one["Values"]).iter().any(|v| v == value))
                {
                    resource["Values"] = json!([value]);
                }
            }
            Some(all)
        }
        Wish::One { kind, read_only, arn } => add_resource(&mut all, kind, *read_only, arn),
        Wish::Without { kind, below } => basic_without(all, kind, below),
        Wish::All { .. } => None,
    }
}

/// Adds a data resource to a basic selector of the same direction.
fn add_resource(
    all: &mut [Value],
    kind: &str,
    read_only: Option<bool>,
    value: &str,
) -> Option<Vec<Value>> {
    // Data resources take the direction of their selector; only one for both is free of side
    // effects.
    let one = all.iter_mut().find(|one| one["ReadWriteType"].as_str().unwrap_or("All") == "All")?;
    if read_only.is_some() {
        return None;
    }
    let mut resources = resources(one);
    match resources.iter_mut().find(|resource| resource["Type"] == kind) {
        Some(same) => {
            let mut values = same["Values"].as_array().cloned().unwrap_or_default();
            if !values.iter().any(|each| each == value) {
                values.push(json!(value));
            }
            same["Values"] = Value::Array(values);
        }
        None => resources.push(json!({"Type": kind, "Values": [value]})),
    }
    one["DataResources"] = Value::Array(resources);
    Some(all.to_vec())
}

/// Takes away what is named for itself; where a wider value takes it in, basic selectors cannot
/// say.
fn basic_without(mut all: Vec<Value>, kind: &str, below: &str) -> Option<Vec<Value>> {
    for one in &mut all {
        let mut resources = resources(one);
        for resource in resources.iter_mut().filter(|resource| resource["Type"] == kind) {
            let mut values = texts(&resource["Values"]);
            if values.iter().any(|value| value.len() < below.len() && below.starts_with(value)) {
                return None;
            }
            values.retain(|value| !value.starts_with(below));
            resource["Values"] = json!(values);
        }
        resources.retain(|resource| resource["Type"] != kind || resource["Values"] != json!([]));
        one["DataResources"] = Value::Array(resources);
    }
    Some(all)
}

fn resources(basic: &Value) -> Vec<Value> {
    basic["DataResources"].as_array().cloned().unwrap_or_default()
}

/// The advanced selectors that record what a basic one does.
fn advanced(basic: &Value) -> Vec<Value> {
    let direction = match basic["ReadWriteType"].as_str() {
        Some("ReadOnly") => Some(rule("readOnly", "Equals", &["true"])),
        Some("WriteOnly") => Some(rule("readOnly", "Equals", &["false"])),
        _ => None,
    };
    let mut all = Vec::new();
    if basic["IncludeManagementEvents"].as_bool().unwrap_or(true) {
        let mut rules = vec![rule("eventCategory", "Equals", &["Management"])];
        rules.extend(direction.clone());
        let left_out = texts(&basic["ExcludeManagementEventSources"]);
        if !left_out.is_empty() {
            let left_out: Vec<&str> = left_out.iter().map(String::as_str).collect();
            rules.push(rule("eventSource", "NotEquals", &left_out));
        }
        all.push(selector("Management events", rules));
    }
    for resource in resources(basic) {
        let kind = resource["Type"].as_str().unwrap_or_default();
        let mut rules = vec![
            rule("eventCategory", "Equals", &["Data"]),
            rule("resources.type", "Equals", &[kind]),
        ];
        rules.extend(direction.clone());
        let values = texts(&resource["Values"]);
        let whole = |value: &String| value.split(':').filter(|part| !part.is_empty()).count() <= 3;
        if !values.iter().any(whole) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let how = if kind == "AWS::S3::Object" { "StartsWith" } else { "Equals" };
            rules.push(rule("resources.ARN", how, &values));
        }
        if !values.is_empty() {
            all.push(selector(&format!("{kind} as before"), rules));
        }
    }
    all
}

fn advanced_with(all: &mut Vec<Value>, wish: &Wish) {
    match wish {
        Wish::Management => {
            let name = "Stele: management events";
            let rules = vec![rule("eventCategory", "Equals", &["Management"])];
            // One that records a part of them is widened: management events stand in one selector.
            // What somebody left out to save money stays out: `ct.trail.exclusions` speaks of it.
            match all.iter_mut().find(|one| is(one, "eventCategory", "Management")) {
                Some(one) => {
                    keep_excludable(one);
                    drop_rules(one, |field| field != "eventCategory" && field != "eventSource");
                }
                None => put(all, selector(name, rules)),
            }
        }
        Wish::Source(source) => {
            for one in all.iter_mut().filter(|one| is(one, "eventCategory", "Management")) {
                let rules = one["FieldSelectors"].as_array().cloned().unwrap_or_default();
                let kept = rules.into_iter().filter_map(|mut rule| {
                    if rule["Field"] == "eventSource" {
                        let mut left_out = texts(&rule["NotEquals"]);
                        left_out.retain(|each| each != source);
                        if left_out.is_empty() {
                            return None;
                        }
                        rule["NotEquals"] = json!(left_out);
                    }
                    Some(rule)
                });
                one["FieldSelectors"] = Value::Array(kept.collect());
            }
        }
        Wish::All { kind, read_only, but } => {
            let mut rules = data_rules(kind, *read_only);
            if !but.is_empty() {
                let but: Vec<&str> = but.iter().map(String::as_str).collect();
                rules.push(rule("resources.ARN", "NotStartsWith", &but));
            }
            put(all, selector(&name(kind, *read_only, "all"), rules));
        }
        Wish::One { kind, read_only, arn } => {
            let how = if arn.ends_with('/') { "StartsWith" } else { "Equals" };
            let name = name(kind, *read_only, "chosen");
            if let Some(one) = all.iter_mut().find(|one| one["Name"] == name.as_str()) {
                add_value(one, "resources.ARN", how, arn);
            } else {
                let mut rules = data_rules(kind, *read_only);
                rules.push(rule("resources.ARN", how, &[arn]));
                put(all, selector(&name, rules));
            }
        }
        Wish::Without { kind, below } => {
            all.retain_mut(|one| !is(one, "resources.type", kind) || leave_out(one, below));
        }
    }
}

/// Leaves ARNs that begin so out of a selector; `false` where nothing is left of it.
fn leave_out(selector: &mut Value, below: &str) -> bool {
    let Some(Value::Array(rules)) = selector.get_mut("FieldSelectors") else { return true };
    let of_arn = rules.iter_mut().find(|rule| rule["Field"] == "resources.ARN");
    let mut wider = true;
    if let Some(Value::Object(rule)) = of_arn {
        let wanted = |rule: &Map<String, Value>, how: &str| rule.get(how).map_or(vec![], texts);
        let (mut equals, mut starts) = (wanted(rule, "Equals"), wanted(rule, "StartsWith"));
        let ends = wanted(rule, "EndsWith");
        if !(equals.is_empty() && starts.is_empty() && ends.is_empty()) {
            // CloudTrail takes no selector that wants and refuses the same: what lies within is
            // dropped.
            equals.retain(|value| !value.starts_with(below));
            starts.retain(|value| !value.starts_with(below));
            if equals.is_empty() && starts.is_empty() && ends.is_empty() {
                return false;
            }
            wider = !ends.is_empty() || starts.iter().any(|value| below.starts_with(value));
            for (how, values) in [("Equals", equals), ("StartsWith", starts)] {
                if values.is_empty() {
                    rule.remove(how);
                } else {
                    rule.insert(how.to_owned(), json!(values));
                }
            }
        }
    }
    if wider {
        add_value(selector, "resources.ARN", "NotStartsWith", below);
    }
    true
}

/// Of the sources that management events are not taken from, only those stay that CloudTrail lets
/// one leave out.
fn keep_excludable(selector: &mut Value) {
    let Some(Value::Array(rules)) = selector.get_mut("FieldSelectors") else { return };
    rules.retain_mut(|rule| {
        if rule["Field"] != "eventSource" {
            return true;
        }
        let mut left_out = texts(&rule["NotEquals"]);
        left_out.retain(|source| EXCLUDABLE.contains(&source.as_str()));
        *rule = json!({"Field": "eventSource", "NotEquals": left_out});
        !left_out.is_empty()
    });
}

fn data_rules(kind: &str, read_only: Option<bool>) -> Vec<Value> {
    let mut rules =
        vec![rule("eventCategory", "Equals", &["Data"]), rule("resources.type", "Equals", &[kind])];
    if let Some(read_only) = read_only {
        rules.push(rule("readOnly", "Equals", &[if read_only { "true" } else { "false" }]));
    }
    rules
}

fn name(kind: &str, read_only: Option<bool>, which: &str) -> String {
    let direction = match read_only {
        Some(true) => "reads",
        Some(false) => "writes",
        None => "events",
    };
    format!("Stele: {direction} of {which} {kind}")
}

fn selector(name: &str, rules: Vec<Value>) -> Value {
    Value::Object(Map::from_iter([
        ("Name".to_owned(), json!(name)),
        ("FieldSelectors".to_owned(), Value::Array(rules)),
    ]))
}

fn rule(field: &str, how: &str, values: &[&str]) -> Value {
    json!({"Field": field, how: values})
}

fn is(selector: &Value, field: &str, value: &str) -> bool {
    let rules = items(&selector["FieldSelectors"]);
    rules.iter().any(|rule| {
        rule["Field"] == field && texts(&rule["Equals"]).iter().any(|each| each == value)
    })
}

fn drop_rules(selector: &mut Value, dropped: impl Fn(&str) -> bool) {
    if let Some(Value::Array(rules)) = selector.get_mut("FieldSelectors") {
        rules.retain(|rule| !dropped(rule["Field"].as_str().unwrap_or_default()));
    }
}

/// Replaces the selector of the same name, or adds it.
fn put(all: &mut Vec<Value>, selector: Value) {
    match all.iter_mut().find(|one| one["Name"] == selector["Name"]) {
        Some(same) => *same = selector,
        None => all.push(selector),
    }
}

fn add_value(selector: &mut Value, field: &str, how: &str, value: &str) {
    let Some(Value::Array(rules)) = selector.get_mut("FieldSelectors") else { return };
    match rules.iter_mut().find(|rule| rule["Field"] == field) {
        Some(rule) => {
            let mut values = texts(&rule[how]);
            if !values.iter().any(|each| each == value) {
                values.push(value.to_owned());
            }
            rule[how] = json!(values);
        }
        None => rules.push(rule(field, how, &[value])),
    }
}

fn texts(list: &Value) -> Vec<String> {
    let texts = items(list).iter();
    texts.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The values in a selector, all conditions together.
fn count(selector: &Value) -> usize {
    let rules = items(&selector["FieldSelectors"]);
    let members = rules.iter().filter_map(Value::as_object).flat_map(Map::values);
    members.filter_map(Value::as_array).map(Vec::len).sum()
}

#[cfg(test)]
mod tests;
