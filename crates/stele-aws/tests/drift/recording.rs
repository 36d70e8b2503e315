//! A recording that can be edited: what somebody changes in an account, as AWS tells of it
//! afterwards.

use serde_json::Value;
use stele_aws::replay::Replay;

/// Answers, each with its call; what stands first counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording(Vec<(String, Answer)>);

/// A value, or a code with which AWS refuses.
#[derive(Debug, Clone)]
enum Answer {
    Value(Value),
    Refusal(String),
}

/// A change of one answer.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    call: String,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Whole(Answer),
    Set(String, Value),
    Add(String, Value),
    Gone(String),
}

impl Answer {
    fn parse(text: &str) -> Self {
        match text.trim().strip_prefix('!') {
            Some(code) => Self::Refusal(code.to_owned()),
            None => Self::Value(json(text)),
        }
    }

    /// As AWS sends it: policies of buckets are text in it.
    fn shown(&self) -> String {
        match self {
            Self::Refusal(code) => format!("!{code}"),
            Self::Value(value) => {
                let mut value = value.clone();
                if let Some(policy) = value.get_mut("Policy").filter(|policy| policy.is_object()) {
                    *policy = Value::String(policy.to_string());
                }
                value.to_string()
            }
        }
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

impl Edit {
    pub(crate) fn parse(line: &str) -> Self {
        let (call, what) = if let Some((call, rest)) = line.split_once(" :: ") {
            let what = if let Some(path) = rest.strip_suffix(" gone") {
                What::Gone(path.to_owned())
            } else if let Some((path, value)) = rest.split_once(" + ") {
                What::Add(path.to_owned(), json(value))
            } else {
                let (path, value) = rest.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
                What::Set(path.to_owned(), json(value))
            };
            (call, what)
        } else {
            let (call, answer) = line.split_once(" => ").unwrap_or_else(|| panic!("{line}"));
            (call, What::Whole(Answer::parse(answer)))
        };
        Self { call: call.to_owned(), what }
    }

    /// Whether this one and another cannot both be made, or what comes of it depends on which is
    /// made first.
    pub(crate) fn clashes(&self, other: &Self) -> bool {
        let path = |edit: &Self| match &edit.what {
            What::Whole(_) => String::new(),
            // Several may be added.
            What::Add(path, _) => format!("{path}+"),
            What::Set(path, _) | What::Gone(path) => path.clone(),
        };
        let (one, two) = (path(self), path(other));
        self.call == other.call
            && (one.starts_with(&two) || two.starts_with(&one))
            && !(one.ends_with('+') && two.ends_with('+'))
    }
}

impl Recording {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(|line| {
            let (call, answer) = line.split_once(" => ").unwrap_or_else(|| panic!("{line}"));
            (call.to_owned(), Answer::parse(answer))
        });
        Self(lines.collect())
    }

    /// The calls that are answered.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(call, _)| call.as_str())
    }

    /// The same account after some changes.
    pub(crate) fn after<'a>(&self, edits: impl IntoIterator<Item = &'a Edit>) -> Self {
        let mut changed = self.clone();
        for edit in edits {
            changed.edit(edit);
        }
        changed
    }

    /// The same account, where a call is refused.
    pub(crate) fn refusing(&self, call: &str) -> Self {
        let mut changed = self.clone();
        changed.0.insert(0, (call.to_owned(), Answer::Refusal("AccessDenied".to_owned())));
        changed
    }

    fn edit(&mut self, edit: &Edit) {
        let call = edit.call.as_str();
        let path = match &edit.what {
            What::Whole(answer) => return self.0.insert(0, (call.to_owned(), answer.clone())),
            What::Set(path, _) | What::Add(path, _) | What::Gone(path) => path,
        };
        let there = self.0.iter_mut().find(|(of, _)| of == call);
        let Some((_, Answer::Value(answer))) = there else { panic!("no answer to {call}") };
        let steps: Vec<Step<'_>> = steps(path);
        let (last, before) = steps.split_last().unwrap();
        let parent = before.iter().fold(answer, |value, step| step.within(value));
        match &edit.what {
            What::Set(_, value) => *last.within(parent) = value.clone(),
            What::Add(_, value) => {
                last.within(parent).as_array_mut().unwrap().push(value.clone());
            }
            What::Gone(_) => last.take_from(parent),
            What::Whole(_) => {}
        }
    }

    pub(crate) fn replay(&self) -> Replay {
        let lines = self.0.iter().map(|(call, answer)| format!("{call} => {}\n", answer.shown()));
        Replay::parse(&lines.collect::<String>()).unwrap()
    }
}

/// A part of a path.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    /// The element that has this among its values.
    Element(&'a str),
}

/// `a.b[c].d`; what stands in brackets may have dots.
fn steps(path: &str) -> Vec<Step<'_>> {
    let (mut steps, mut rest) = (Vec::new(), path);
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (text, after) = inside.split_once(']').unwrap_or_else(|| panic!("{path}"));
            steps.push(Step::Element(text));
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Step::Member(&rest[..end]));
            rest = &rest[end..];
        }
    }
    steps
}

impl Step<'_> {
    fn within(self, value: &mut Value) -> &mut Value {
        match self {
            Self::Member(name) => &mut value[name],
            Self::Element(text) => {
                let index = self.place(value).unwrap_or_else(|| panic!("no `{text}` in {value}"));
                &mut value[index]
            }
        }
    }

    fn place(self, value: &Value) -> Option<usize> {
        let Self::Element(text) = self else { return None };
        let has = |each: &Value| {
            each.as_object().is_some_and(|object| object.values().any(|value| *value == *text))
        };
        value.as_array()?.iter().position(has)
    }

    fn take_from(self, value: &mut Value) {
        match self {
            Self::Member(name) => {
                let gone = value.as_object_mut().and_then(|object| object.remove(name));
                assert!(gone.is_some(), "no `{name}` in {value}");
            }
            Self::Element(text) => {
                let index = self.place(value).unwrap_or_else(|| panic!("no `{text}` in {value}"));
                value.as_array_mut().unwrap().remove(index);
            }
        }
    }
}
