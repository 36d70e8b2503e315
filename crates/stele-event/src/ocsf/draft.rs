//! A document in the making: values are put at paths of the OCSF schema, and only what the schema
//! allows is kept.
//!
//! In flow values, each with its origin; out flows the finished object, and which origins are in
//! it. A value that has no place, or whose object turns out incomplete, is not in it: whoever put
//! it there asks [`Draft::finish`] and keeps it elsewhere. The draft never invents a value, but
//! for captions of numbers and 0 ("Unknown") where the schema demands a number.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::generated::PROFILES;
use super::schema::{Attribute, Class, Holder, Kind, caption};
use super::values;

/// Paths longer than this have no place.
const PATH_SEGMENTS_MAX: usize = 16;

/// OCSF's number for "another, named in the attribute beside it".
const OTHER: i64 = 99;

/// The bit of the profile `cloud`.
pub(super) const CLOUD: u8 = 1;

/// A profile that may be declared, by its bit.
fn profile_bit(name: &str) -> u8 {
    PROFILES.iter().position(|profile| *profile == name).map_or(0, |bit| 1 << bit)
}

/// Whether a number can say that nothing is known: 0 is "Unknown" wherever OCSF has it.
fn has_unknown(attribute: &Attribute) -> bool {
    !attribute.is_list && attribute.allowed_numbers().is_some_and(|n| caption(n, 0).is_some())
}

/// Whether an attribute is put into the finished document by [`super::derive`].
fn is_reserved(holder: Holder, name: &str) -> bool {
    match holder {
        Holder::Class(_) => matches!(name, "raw_data" | "raw_data_size" | "unmapped"),
        Holder::Object(shape) => shape.name == "metadata" && name == "profiles",
    }
}

/// A document in the making.
#[derive(Debug)]
pub(super) struct Draft<O> {
    root: Fields<O>,
    /// The profiles that may be declared, one bit each.
    available: u8,
}

#[derive(Debug)]
struct Fields<O> {
    holder: Holder,
    members: Vec<(&'static Attribute, Node<O>)>,
}

#[derive(Debug)]
enum Node<O> {
    Leaf(Value, Option<O>),
    Object(Fields<O>),
    List(BTreeMap<u32, Node<O>>),
}

/// A finished document.
#[derive(Debug)]
pub(super) struct Finished<O> {
    /// The document without `metadata.profiles`.
    pub(super) members: Map<String, Value>,
    /// The profiles that its attributes need.
    pub(super) profiles: Vec<&'static str>,
    /// The origins of the values in it; one may come several times.
    pub(super) kept: Vec<O>,
    /// The origins of the values that were taken out; one may come several times.
    pub(super) removed: Vec<O>,
}

/// One step of a path: an attribute, and which item of it where it is a list.
type Step = (&'static Attribute, Option<u32>);

impl<O: Copy> Draft<O> {
    /// An empty document of a class. `is_cloud` tells whether `cloud.provider` will be put into
    /// it, without which the profile `cloud` cannot be declared.
    pub(super) fn new(class: &'static Class, is_cloud: bool) -> Self {
        let all = class.profiles.iter().fold(0, |bits, name| bits | profile_bit(name));
        let available = if is_cloud { all } else { all & !CLOUD };
        Self { root: Fields { holder: Holder::Class(class), members: Vec::new() }, available }
    }

    /// Whether there is something at a path, and would still be there in the end.
    pub(super) fn has(&self, path: &str) -> bool {
        let mut fields = &self.root;
        let mut segments = path.split('.').peekable();
        while let Some(name) = segments.next() {
            match fields.get(name) {
                Some(Node::Object(inner)) if segments.peek().is_some() => fields = inner,
                Some(node) => return node.is_complete(),
                None => return false,
            }
        }
        false
    }

    /// Puts a value at a path (`actor.user.name`, `evidences[0].api.operation`), and says whether
    /// all of it has found its place. The value of a path to an object or a list of objects is put
    /// member by member.
    pub(super) fn put(&mut self, path: &str, value: &Value, origin: Option<O>) -> bool {
        let Some(steps) = self.steps(path) else { return false };
        self.put_at(&steps, value, origin)
    }

    fn put_at(&mut self, steps: &[Step], value: &Value, origin: Option<O>) -> bool {
        let Some((attribute, item)) = steps.last().copied() else { return false };
        match (attribute.kind, attribute.is_list && item.is_none(), value) {
            (Kind::Object(number), false, Value::Object(members)) => {
                let mut all = !members.is_empty() && steps.len() < PATH_SEGMENTS_MAX;
                let mut longer = steps.to_vec();
                for (name, value) in members.iter().filter(|_| steps.len() < PATH_SEGMENTS_MAX) {
                    longer.truncate(steps.len());
                    longer.extend(self.step(Holder::object(number), name, None));
                    all &= longer.len() > steps.len() && self.put_at(&longer, value, origin);
                }
                all
            }
            (_, true, Value::Array(items)) => {
                let mut all = !items.is_empty();
                let mut inside = steps.to_vec();
                for (index, value) in items.iter().enumerate() {
                    inside.pop();
                    inside.push((attribute, Some(index as u32)));
                    all &= self.put_at(&inside, value, origin);
                }
                all
            }
            (Kind::Object(_), ..) | (_, true, _) => false,
            (kind, false, value) => {
                let Some(value) = values::fit(kind, value) else { return false };
                let value = self.within_choices(steps, value, origin);
                value.is_some_and(|value| self.insert(steps, value, origin))
            }
        }
    }

    /// The attributes along a path, if the schema has them and their profiles can be declared.
    fn steps(&self, path: &str) -> Option<Vec<Step>> {
        let mut holder = self.root.holder;
        let mut steps = Vec::new();
        let mut segments = path.split('.').peekable();
        while let Some(segment) = segments.next() {
            let (name, item) = match segment.split_once('[') {
                Some((name, index)) => (name, Some(index.strip_suffix(']')?.parse().ok()?)),
                None => (segment, None),
            };
            let (attribute, item) = self.step(holder, name, item)?;
            steps.push((attribute, item));
            if segments.peek().is_some() {
                let Kind::Object(number) = attribute.kind else { return None };
                if attribute.is_list != item.is_some() {
                    return None;
                }
                holder = Holder::object(number);
            }
        }
        (steps.len() <= PATH_SEGMENTS_MAX).then_some(steps)
    }

    fn step(&self, holder: Holder, name: &str, item: Option<u32>) -> Option<Step> {
        let attribute = holder.attribute(name).filter(|_| !is_reserved(holder, name))?;
        let is_allowed = attribute.profiles == 0 || attribute.profiles & self.available != 0;
        (is_allowed && (item.is_none() || attribute.is_list)).then_some((attribute, item))
    }

    /// The value if its attribute may hold it. A number that the schema does not know becomes 99,
    /// "Other", if the attribute beside it is free to hold what it was.
    fn within_choices(&mut self, steps: &[Step], value: Value, origin: Option<O>) -> Option<Value> {
        let ((attribute, item), outer) = steps.split_last()?;
        if let Some(words) = attribute.allowed_words() {
            return words.iter().any(|word| value == *word).then_some(value);
        }
        let Some(numbers) = attribute.allowed_numbers() else { return Some(value) };
        let number = value.as_i64()?;
        if caption(numbers, number).is_some() {
            return Some(value);
        }
        caption(numbers, OTHER)?;
        if item.is_some() || self.leaf_at(steps) {
            return None;
        }
        let holder = match outer.last() {
            None => self.root.holder,
            Some((Attribute { kind: Kind::Object(number), .. }, _)) => Holder::object(*number),
            Some(_) => return None,
        };
        let mut beside = outer.to_vec();
        beside.push(self.step(holder, attribute.sibling, None)?);
        let name = Value::from(number.to_string());
        self.insert(&beside, name, origin).then(|| Value::from(OTHER))
    }

    /// Whether there is a value at a path already.
    fn leaf_at(&self, steps: &[Step]) -> bool {
        let mut fields = &self.root;
        for (attribute, item) in steps {
            let Some(mut node) = fields.get(attribute.name) else { return false };
            if let (Node::List(items), Some(index)) = (node, item) {
                match items.get(index) {
                    Some(item) => node = item,
                    None => return false,
                }
            }
            match node {
                Node::Object(inner) => fields = inner,
                Node::Leaf(..) => return true,
                Node::List(_) => return false,
            }
        }
        true
    }

    /// Puts a value that fits where nothing is yet.
    fn insert(&mut self, steps: &[Step], value: Value, origin: Option<O>) -> bool {
        if self.leaf_at(steps) {
            return false;
        }
        let Some((last, outer)) = steps.split_last() else { return false };
        let mut fields = &mut self.root;
        for step in outer {
            let Kind::Object(number) = step.0.kind else { return false };
            let empty =
                || Node::Object(Fields { holder: Holder::object(number), members: Vec::new() });
            match fields.node(*step, empty) {
                Some(Node::Object(inner)) => fields = inner,
                _ => return false,
            }
        }
        fields.node(*last, || Node::Leaf(value, origin)).is_some()
    }

    /// Ends the document: takes out objects that are incomplete, names numbers for people, and
    /// says what is in it. None if the class itself is incomplete.
    pub(super) fn finish(mut self) -> Option<Finished<O>> {
        let (mut kept, mut removed) = (Vec::new(), Vec::new());
        if !self.root.settle(&mut removed) {
            return None;
        }
        let mut declared = self.available & CLOUD;
        let members = self.root.render(self.available, &mut declared, &mut kept);
        let profiles = PROFILES.iter().enumerate();
        let profiles = profiles.filter(|(bit, _)| declared & (1 << bit) != 0);
        let profiles = profiles.map(|(_, name)| *name).collect();
        Some(Finished { members, profiles, kept, removed })
    }
}

impl<O: Copy> Fields<O> {
    fn get(&self, name: &str) -> Option<&Node<O>> {
        self.members.iter().find(|(attribute, _)| attribute.name == name).map(|(_, node)| node)
    }

    /// The node at a step, made if there is none yet; none if a list stands where a value is
    /// wanted, or the other way round.
    fn node(&mut self, step: Step, make: impl FnOnce() -> Node<O>) -> Option<&mut Node<O>> {
        let (attribute, item) = step;
        let at = self.members.iter().position(|(known, _)| known.name == attribute.name);
        let Some(index) = item else {
            let at = at.unwrap_or_else(|| {
                self.members.push((attribute, make()));
                self.members.len() - 1
            });
            return Some(&mut self.members[at].1);
        };
        let at = at.unwrap_or_else(|| {
            self.members.push((attribute, Node::List(BTreeMap::new())));
            self.members.len() - 1
        });
        match &mut self.members[at].1 {
            Node::List(items) => Some(items.entry(index).or_insert_with(make)),
            _ => None,
        }
    }

    /// Takes out what is incomplete, and says whether this is complete then.
    fn settle(&mut self, removed: &mut Vec<O>) -> bool {
        self.members.retain_mut(|(_, node)| node.settle(removed));
        if self.members.is_empty() {
            return false;
        }
        for attribute in self.holder.required() {
            if self.get(attribute.name).is_none() && has_unknown(attribute) {
                self.members.push((attribute, Node::Leaf(Value::from(0), None)));
            }
        }
        self.satisfies(|name| self.get(name).is_some())
    }

    /// Whether [`Fields::settle`] would say so.
    fn is_complete(&self) -> bool {
        self.members.iter().any(|(_, node)| node.is_complete())
            && self.satisfies(|name| self.get(name).is_some_and(Node::is_complete))
    }

    /// Whether what is there is all that the schema demands.
    fn satisfies(&self, is_there: impl Fn(&str) -> bool) -> bool {
        let (any_of, one_of) = (self.holder.any_of(), self.holder.one_of());
        self.holder.required().all(|attribute| is_there(attribute.name) || has_unknown(attribute))
            && (any_of.is_empty() || any_of.iter().any(|name| is_there(name)))
            && (one_of.is_empty() || one_of.iter().filter(|name| is_there(name)).count() == 1)
    }

    fn render(self, available: u8, declared: &mut u8, kept: &mut Vec<O>) -> Map<String, Value> {
        let mut members = Map::new();
        for (attribute, node) in self.members {
            if attribute.profiles != 0 && attribute.profiles & *declared == 0 {
                let usable = attribute.profiles & available;
                *declared |= usable & usable.wrapping_neg();
            }
            if let (Node::Leaf(value, _), Some(numbers)) = (&node, attribute.allowed_numbers())
                && let Some(name) = value.as_i64().and_then(|number| caption(numbers, number))
                && self
                    .holder
                    .attribute(attribute.sibling)
                    .is_some_and(|a| a.kind == Kind::Text && !a.is_list)
            {
                members.entry(attribute.sibling).or_insert_with(|| name.into());
            }
            // A caption may have been put before the attribute's own value.
            members.insert(attribute.name.to_owned(), node.render(available, declared, kept));
        }
        members
    }
}

impl<O: Copy> Node<O> {
    /// As [`Fields::settle`]; what is incomplete is on the list already when it is taken out.
    fn settle(&mut self, removed: &mut Vec<O>) -> bool {
        let is_complete = match self {
            Self::Leaf(..) => true,
            Self::Object(fields) => fields.settle(removed),
            Self::List(items) => {
                items.retain(|_, item| item.settle(removed));
                !items.is_empty()
            }
        };
        if !is_complete {
            self.collect(removed);
        }
        is_complete
    }

    fn is_complete(&self) -> bool {
        match self {
            Self::Leaf(..) => true,
            Self::Object(fields) => fields.is_complete(),
            Self::List(items) => items.values().any(Self::is_complete),
        }
    }

    fn collect(&self, origins: &mut Vec<O>) {
        match self {
            Self::Leaf(_, origin) => origins.extend(origin),
            Self::Object(fields) => fields.members.iter().for_each(|(_, n)| n.collect(origins)),
            Self::List(items) => items.values().for_each(|item| item.collect(origins)),
        }
    }

    fn render(self, available: u8, declared: &mut u8, kept: &mut Vec<O>) -> Value {
        match self {
            Self::Leaf(value, origin) => {
                kept.extend(origin);
                value
            }
            Self::Object(fields) => fields.render(available, declared, kept).into(),
            Self::List(items) => {
                items.into_values().map(|item| item.render(available, declared, kept)).collect()
            }
        }
    }
}
