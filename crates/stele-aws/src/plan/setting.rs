//! What can be set in AWS: one row for each call that a plan may name.
//!
//! A setting knows how its state is read, when a state is the one that a call asks for, and which
//! calls lead back. `assemble` compares with it, `apply` checks and verifies with it, `rollback`
//! goes back by it; so all three see the same. Rows are pure but for [`Setting::state`], which
//! reads.

use serde_json::{Map, Value, json};

use super::Undo;
use super::document;
use super::settings;
pub(crate) use super::settings::ec2::flow_log_type;
use crate::caller::{Caller, at};
use crate::fact::Fact;
use crate::operation;

/// The parameters of a call.
pub type Params = Map<String, Value>;

/// A row.
#[derive(Debug)]
pub struct Setting {
    /// The call that sets it.
    pub call: &'static str,
    /// The call that reads it.
    pub read: &'static str,
    /// Parameters of the reading call, and which of the writing call they are.
    pub by: &'static [(&'static str, &'static str)],
    /// The state in the answer (a list for calls that list); null where there is none.
    pub find: fn(&Value, &Params) -> Value,
    /// What the parameters are before any edit, beside those that name the subject.
    pub start: fn(&Value, &mut Params),
    /// Whether a state is what the parameters ask for.
    pub settled: fn(&Value, &Params) -> bool,
    /// The calls that lead back to a state.
    pub undo: fn(&Value, &Params) -> Vec<Undo>,
    /// What undoing leaves; empty where that is nothing.
    pub leaves: &'static str,
    /// The call that lists what would go with the thing; then it is left unless it is empty.
    pub contents: &'static str,
}

/// The row of a call.
pub fn find(call: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.call == call)
}

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    settings::ALL.iter().flat_map(|of_service| of_service.iter())
}

impl Setting {
    /// Reads the state that a call with these parameters would change.
    pub async fn state(&self, caller: Caller<'_>, params: &Params) -> Fact<Value> {
        self.answer(caller, self.asked(params)).await.map(|answer| self.found(&answer, params))
    }

    /// What the reading call is asked for the subject of a writing one.
    pub fn asked(&self, params: &Params) -> Params {
        let mut asked = Map::new();
        for (read, write) in self.by {
            let value = match write.strip_prefix('=') {
                Some(fixed) => Value::String(fixed.to_owned()),
                None => at(&Value::Object(params.clone()), write).cloned().unwrap_or_default(),
            };
            asked.insert((*read).to_owned(), value);
        }
        asked
    }

    /// The answer of the reading call; null where AWS says that there is no such thing.
    pub async fn answer(&self, caller: Caller<'_>, asked: Params) -> Fact<Value> {
        let lists = operation::find(self.read).is_some_and(|read| !read.row.items.is_empty());
        let answer = if lists {
            caller.list_with(self.read, asked).await.map(Value::Array)
        } else {
            caller.get_with(self.read, asked).await
        };
        match answer {
            Fact::Absent => Fact::Known(Value::Null),
            answer => answer,
        }
    }

    /// The state in an answer.
    pub fn found(&self, answer: &Value, params: &Params) -> Value {
        if answer.is_null() { Value::Null } else { (self.find)(answer, params) }
    }
}

/// `start`: nothing.
pub(crate) fn nothing(_: &Value, _: &mut Params) {}

/// `settled`: it exists.
pub(crate) fn exists(state: &Value, _: &Params) -> bool {
    !state.is_null()
}

/// `undo`: nothing; the row says what stays.
pub(crate) fn stays(_: &Value, _: &Params) -> Vec<Undo> {
    Vec::new()
}

/// `settled`: each parameter that the state can hold is in it.
pub(crate) fn holds(state: &Value, params: &Params) -> bool {
    let Value::Object(state) = state else { return false };
    params.iter().all(|(name, value)| state.get(name).is_none_or(|now| same(now, value)))
        && params.keys().any(|name| state.contains_key(name))
}

/// Whether two values are the same, where AWS writes booleans and numbers as text in XML.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    };
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let names = || one.keys().chain(other.keys());
            let of = |all: &Params, name: &String| all.get(name).cloned().unwrap_or_default();
            names().all(|name| same(&of(one, name), &of(other, name)))
        }
        _ => plain(one).is_some_and(|one| Some(one) == plain(other)),
    }
}

/// Whether a state has all that is wanted; what AWS says beside it counts for nothing, and lists
/// may be in another order.
pub(crate) fn covers(state: &Value, wanted: &Value) -> bool {
    match (state, wanted) {
        (Value::Object(state), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| covers(state.get(name).unwrap_or(&Value::Null), value)),
        (Value::Null, Value::Array(items)) => items.is_empty(),
        (Value::Array(_), Value::Array(_)) => same_set(state, wanted),
        _ => same(state, wanted),
    }
}

/// Whether two lists hold the same, in whatever order.
pub(crate) fn same_set(one: &Value, other: &Value) -> bool {
    let (one, other) = (items(one), items(other));
    one.len() == other.len() && one.iter().all(|item| other.iter().any(|o| same(item, o)))
}

/// The elements of a list; none where it is none.
pub(crate) fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The element of a list whose member has this value; null where there is none.
pub(crate) fn pick(list: &Value, member: &str, value: &Value) -> Value {
    items(list).iter().find(|item| same(&item[member], value)).cloned().unwrap_or_default()
}

/// The element of a list that has the same members as the parameters; null where there is none.
pub(crate) fn pick_all(list: &Value, members: &[&str], params: &Params) -> Value {
    let param = |name: &str| params.get(name).unwrap_or(&Value::Null);
    let is = |item: &&Value| members.iter().all(|name| same(&item[*name], param(name)));
    items(list).iter().find(is).cloned().unwrap_or_default()
}

/// `find`: a policy, which is a text; null where there is none.
pub(crate) fn policy(answer: &Value, member: &str) -> Value {
    match &answer[member] {
        Value::String(text) if !text.is_empty() => json!({member: text}),
        _ => Value::Null,
    }
}

/// `start`: the policy that is there.
pub(crate) fn policy_start(member: &str, state: &Value, params: &mut Params) {
    let text = state[member].as_str().unwrap_or_default();
    params.insert(member.to_owned(), json!(text));
}

/// `settled`: it is the same policy.
pub(crate) fn same_policy(member: &str, state: &Value, params: &Params) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    document::same(&text(state.get(member)), &text(params.get(member)))
}

/// Some members of an object; null where it is none.
pub(crate) fn only(value: &Value, members: &[&str]) -> Value {
    let Value::Object(all) = value else { return Value::Null };
    let kept = all.iter().filter(|(name, _)| members.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// A call that undoes.
pub(crate) fn undo(call: &str, params: Value) -> Vec<Undo> {
    let Value::Object(params) = params else { return Vec::new() };
    vec![Undo { call: call.to_owned(), params }]
}

/// `undo`: what was there is put back by the same call, and what was not is deleted.
pub(crate) fn put_back(
    before: &Value,
    params: &Params,
    names: &[&str],
    put: &str,
    delete: &str,
) -> Vec<Undo> {
    if before.is_null() {
        undo(delete, named(params, names, json!({})))
    } else {
        undo(put, named(params, names, before.clone()))
    }
}

/// `undo`: what was off is switched off again.
pub(crate) fn off_again(was_on: &Value, params: &Params, name: &str, call: &str) -> Vec<Undo> {
    if same(was_on, &json!(true)) {
        Vec::new()
    } else {
        undo(call, named(params, &[name], json!({})))
    }
}

/// Parameters of an undoing call: those of the doing call that name its subject, and others.
pub(crate) fn named(params: &Params, names: &[&str], others: Value) -> Value {
    let mut all = json!({});
    if let (Value::Object(all), Value::Object(others)) = (&mut all, others) {
        for name in names {
            all.insert((*name).to_owned(), params.get(*name).cloned().unwrap_or_default());
        }
        all.extend(others);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_setting_is_of_calls_in_the_table() {
        let mut seen = BTreeSet::new();
        for setting in all() {
            let write = operation::find(setting.call).unwrap_or_else(|| panic!("{}", setting.call));
            assert!(seen.insert(setting.call), "{} stands twice", setting.call);
            assert!(!write.reads(), "{} writes nothing", setting.call);
            let read = operation::find(setting.read).unwrap_or_else(|| panic!("{}", setting.read));
            assert!(read.reads(), "{} writes", setting.read);
            for (name, from) in setting.by {
                assert!(read.takes(name), "{} has no {name}", setting.read);
                let first = from.split('.').next().unwrap();
                assert!(
                    from.starts_with('=') || write.takes(first),
                    "{} has no {from}",
                    setting.call
                );
            }
        }
    }

    #[test]
    fn what_is_said_beside_what_is_wanted_does_not_count() {
        let state = json!({"a": {"b": "true", "c": 1}, "d": ["x", "y"], "e": 2});
        assert!(covers(&state, &json!({"a": {"b": true}, "d": ["y", "x"]})));
        assert!(covers(&state, &json!({"e": "2", "f": [], "g": ""})));
        assert!(!covers(&state, &json!({"a": {"b": false}})));
        assert!(!covers(&state, &json!({"d": ["x"]})));
        assert!(!covers(&Value::Null, &json!({"a": 1})));
    }

    #[test]
    fn xml_writes_booleans_and_numbers_as_text() {
        assert!(same(&json!({"a": "true", "b": ["1"]}), &json!({"a": true, "b": [1]})));
        assert!(same(&json!({"a": 1}), &json!({"a": 1, "b": null})));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": {}})));
        assert!(!same(&json!([1, 2]), &json!([2, 1])));
        assert!(same_set(&json!([1, 2]), &json!([2, 1])));
    }
}
