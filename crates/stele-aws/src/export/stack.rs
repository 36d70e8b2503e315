//! From the actions of an account to resources and what remains.
//!
//! ```text
//! actions ─> rows of the table ─> resources (with parts folded in, dependencies, names)
//!                             └─> remaining: calls that no file can say, with the reason
//! ```
//!
//! A resource is never in a circle with others, never waits for a command that waits for the file,
//! and never holds a parameter that was not understood: whatever would, remains.

use std::collections::{BTreeMap, BTreeSet};

use super::node::{Node, Piece};
use super::resource::{self, Kind, Part, Row, Say, apply};
use super::{custom, names, switch};
use crate::arn;
use crate::plan::Action;

mod order;
mod refer;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A template.
    CloudFormation,
    /// A template, with a function for what it cannot say.
    WithFunction,
    /// Terraform.
    Terraform,
}

impl Dialect {
    fn of(self, row: &'static Row) -> &'static Say {
        match self {
            Self::CloudFormation | Self::WithFunction => &row.cloudformation,
            Self::Terraform => &row.terraform,
        }
    }
}

/// A resource of a file.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) kind: &'static Kind,
    pub(super) region: String,
    /// The actions that it stands for; the first makes it.
    pub(super) actions: Vec<u32>,
    pub(super) props: Vec<(String, Node)>,
    /// What must be there before.
    pub(super) after: BTreeSet<usize>,
    /// Its name in AWS, where the plan gives it one.
    pub(super) name: String,
    /// Its name in the file.
    pub(super) id: String,
    /// Which parts of the whole need it.
    pub(super) switches: BTreeSet<&'static str>,
    pub(super) why: Vec<String>,
    /// What Terraform imports it by, where it is there already.
    pub(super) import: String,
}

/// A call that is left to a command.
#[derive(Debug, Clone)]
pub(super) struct Remaining {
    pub(super) action: u32,
    pub(super) reason: String,
    /// Whether something in the file waits for it.
    pub(super) first: bool,
}

/// What an account's actions become.
#[derive(Debug)]
pub(super) struct Stack<'a> {
    pub(super) dialect: Dialect,
    pub(super) actions: BTreeMap<u32, &'a Action>,
    pub(super) resources: Vec<Resource>,
    pub(super) remaining: Vec<Remaining>,
    /// The resource that an action became, or became a part of.
    made: BTreeMap<u32, usize>,
    /// Makers by call, region and subject.
    makers: BTreeMap<(String, String, String), usize>,
}

/// Makes the stack of actions of one account.
pub(super) fn build<'a>(actions: &[&'a Action], dialect: Dialect) -> Stack<'a> {
    let mut forced = Forced::new();
    // Each round takes at least one action out, or takes it from the function as well.
    loop {
        let mut stack = Stack::attempt(actions, dialect, &forced);
        let misplaced = stack.misplaced();
        if misplaced.is_empty() {
            stack.finish();
            return stack;
        }
        for (n, reason) in misplaced {
            let by_hand = forced.contains_key(&n);
            forced.insert(n, Out { reason, by_hand });
        }
    }
}

/// Why an action may not be in the file.
#[derive(Debug)]
struct Out {
    reason: String,
    /// Not even by a function.
    by_hand: bool,
}

type Forced = BTreeMap<u32, Out>;

impl<'a> Stack<'a> {
    fn attempt(actions: &[&'a Action], dialect: Dialect, forced: &Forced) -> Self {
        let mut stack = Self {
            dialect,
            actions: actions.iter().map(|action| (action.n, *action)).collect(),
            resources: Vec::new(),
            remaining: Vec::new(),
            made: BTreeMap::new(),
            makers: BTreeMap::new(),
        };
        if dialect == Dialect::Terraform {
            stack.adopt(actions, forced);
        }
        for action in actions {
            let out = forced.get(&action.n);
            let outcome = match out {
                Some(out) => Err(out.reason.clone()),
                None => stack.say(action),
            };
            let Err(reason) = outcome else { continue };
            let by_hand = out.is_some_and(|out| out.by_hand);
            if dialect == Dialect::WithFunction && !by_hand {
                stack.push(&custom::KIND, action, custom::props(action), &Node::Map(Vec::new()));
                continue;
            }
            stack.remaining.push(Remaining { action: action.n, reason, first: false });
        }
        stack
    }

    /// Takes on what is there and has a type of its own, where the plan says all that is needed.
    fn adopt(&mut self, actions: &[&'a Action], forced: &Forced) {
        for action in actions.iter().filter(|action| !forced.contains_key(&action.n)) {
            let Some(row) = resource::find(&action.call) else { continue };
            let Say::Part(part) = self.dialect.of(row) else { continue };
            let Some(kind) = part.adopt else { continue };
            let subject = text_at(action, part.by.0);
            let is_made = actions.iter().any(|other| {
                part.into.contains(&other.call.as_str())
                    && other.region == action.region
                    && text_at(other, part.by.1) == subject
            });
            let key = (part.into[0].to_owned(), action.region.clone(), subject);
            // A group that never expires has no state: nothing is known of it, and nothing needs
            // to be.
            let known = action.before.is_object() || kind.of == LOG_GROUP;
            if is_made || !known || self.makers.contains_key(&key) {
                continue;
            }
            // What is there and what is set, by the same names.
            let mut whole = action.before.as_object().cloned().unwrap_or_default();
            whole.extend(action.params.clone());
            let params = Node::map_of(&whole);
            let mut props = Vec::new();
            if apply(&params, kind.props, &[], &mut props).is_err() {
                continue;
            }
            let index = self.push(kind, action, props, &params);
            self.makers.insert(key, index);
        }
    }

    /// Puts an action into the file.
    fn say(&mut self, action: &'a Action) -> Result<(), String> {
        let row = resource::find(&action.call)
            .ok_or_else(|| format!("the export does not know `{}`", action.call))?;
        match self.dialect.of(row) {
            Say::Never(reason) => Err((*reason).to_owned()),
            Say::Own(kind) => self.own(kind, action),
            Say::Part(part) => self.part(part, action),
        }
    }

    fn own(&mut self, kind: &'static Kind, action: &'a Action) -> Result<(), String> {
        let is_there = !action.before.is_null();
        if is_there && self.dialect != Dialect::Terraform {
            return Err("there is one already, which CloudFormation does not own".to_owned());
        }
        if is_there && kind.import.is_empty() {
            return Err("there is one already, which Terraform cannot take on".to_owned());
        }
        let params = Node::map_of(&action.params);
        let each: Vec<Node> = match (kind.each, params.get(kind.each)) {
            ("", _) | (_, None) => vec![params],
            (name, Some(Node::List(items))) => {
                items.iter().map(|item| with(&params, name, item)).collect()
            }
            (name, Some(_)) => return Err(no_word(name)),
        };
        let mut made = Vec::new();
        for params in each {
            let mut props = Vec::new();
            apply(&params, kind.props, kind.ignored, &mut props).map_err(|name| no_word(&name))?;
            made.push((params, props));
        }
        for (params, props) in made {
            let index = self.push(kind, action, props, &params);
            if is_there {
                self.resources[index].import = filled(kind.import, &params);
            }
            let path = subject_path(&action.call, self.dialect);
            let subject = path.map(|path| text_at(action, path)).unwrap_or_default();
            if !subject.is_empty() {
                let key = (action.call.clone(), action.region.clone(), subject);
                self.makers.insert(key, index);
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &'static Part, action: &'a Action) -> Result<(), String> {
        let index = self.maker(part, action).ok_or_else(|| part.otherwise.to_owned())?;
        let kind = self.resources[index].kind;
        let mut set = Vec::new();
        apply(&Node::map_of(&action.params), part.props, part.ignored, &mut set)
            .map_err(|name| no_word(&name))?;
        for (name, value) in part.fixed {
            resource::put(&mut set, name, resource::fixed(*value));
        }
        let mut edges = self.edges(action, index, kind.apart);
        // What waits for the resource itself can only wait for a part of it that says nothing of
        // it: such a part may be there from the beginning.
        let circle: Vec<usize> =
            edges.iter().copied().filter(|edge| self.reaches(*edge, index)).collect();
        if circle.iter().any(|edge| self.speaks_of(&set, *edge)) {
            return Err("with it the file would go in a circle".to_owned());
        }
        edges.retain(|edge| !circle.contains(edge));
        let mut props = self.resources[index].props.clone();
        for (name, value) in set {
            resource::merge(&mut props, name, value);
        }
        let resource = &mut self.resources[index];
        resource.props = props;
        resource.after.extend(edges);
        if !resource.actions.contains(&action.n) {
            resource.actions.push(action.n);
            resource.why.push(action.why.clone());
            resource.switches.extend(switch::of(action));
        }
        self.made.insert(action.n, index);
        Ok(())
    }

    fn push(
        &mut self,
        kind: &'static Kind,
        action: &'a Action,
        mut props: Vec<(String, Node)>,
        params: &Node,
    ) -> usize {
        for (name, value) in kind.fixed {
            if !props.iter().any(|(each, _)| each == name) {
                resource::put(&mut props, name, resource::fixed(*value));
            }
        }
        let name = match kind.name {
            "" => String::new(),
            path => resource::at(params, path).and_then(Node::plain).unwrap_or_default(),
        };
        let name = name.rsplit_once(":trail/").map_or(name.clone(), |(_, name)| name.to_owned());
        let subject = params.get(kind.each).and_then(Node::plain).filter(|_| !kind.each.is_empty());
        let index = self.resources.len();
        let after = self.edges(action, index, kind.apart);
        let import = match self.dialect {
            Dialect::Terraform if !kind.leave.is_empty() => filled(kind.import, params),
            _ => String::new(),
        };
        self.resources.push(Resource {
            kind,
            region: action.region.clone(),
            actions: vec![action.n],
            props,
            after,
            id: names::base(action, subject.as_deref(), &name),
            name,
            switches: switch::of(action).collect(),
            why: vec![action.why.clone()],
            import,
        });
        self.made.entry(action.n).or_insert(index);
        index
    }

    /// Whether properties refer to a resource, or name it.
    fn speaks_of(&self, props: &[(String, Node)], other: usize) -> bool {
        let name = &self.resources[other].name;
        props.iter().any(|(_, node)| {
            let refers = node.references().iter().any(|piece| match piece {
                Piece::Made(n, path) => {
                    self.attribute(*n, path).is_some_and(|(index, _)| index == other)
                }
                _ => false,
            });
            refers || (!name.is_empty() && node.json().to_string().contains(name.as_str()))
        })
    }

    /// The resource that a part belongs to.
    fn maker(&self, part: &Part, action: &Action) -> Option<usize> {
        let given = action.params.get(part.by.0).map(Node::of)?;
        if let Some(n) = self.origin(&given) {
            let index = *self.made.get(&n)?;
            let call = &self.actions.get(&n)?.call;
            return part.into.contains(&call.as_str()).then_some(index);
        }
        let subject = given.plain()?;
        let names = [Some(subject.as_str()), arn::log_group(&subject)];
        part.into.iter().find_map(|call| {
            names.iter().flatten().find_map(|name| {
                let key = ((*call).to_owned(), action.region.clone(), (*name).to_owned());
                self.makers.get(&key).copied()
            })
        })
    }

    /// The action that makes what a value refers to; a name for it is followed to what it names.
    fn origin(&self, value: &Node) -> Option<u32> {
        let Node::Text(pieces) = value else { return None };
        let (n, path) = pieces.iter().find_map(|piece| match piece {
            Piece::Made(n, path) => Some((*n, path)),
            _ => None,
        })?;
        let action = self.actions.get(&n)?;
        match action.params.get(path.as_str()) {
            Some(named) => self.origin(&Node::of(named)).or(Some(n)),
            None => Some(n),
        }
    }

    /// The resources that an action of a resource comes after, also through what remains.
    fn edges(&self, action: &Action, of: usize, apart: &[&str]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut todo = action.after.clone();
        while let Some(n) = todo.pop() {
            if !seen.insert(n) {
                continue;
            }
            let Some(before) = self.actions.get(&n) else { continue };
            match self.made.get(&n) {
                Some(index) if *index == of => {}
                Some(index) => {
                    let made_by = self.resources[*index].actions[0];
                    let call = self.actions.get(&made_by).map_or("", |a| a.call.as_str());
                    if !apart.contains(&call) {
                        found.insert(*index);
                    }
                }
                None => todo.extend(before.after.iter().copied()),
            }
        }
        found
    }

    /// Whether one resource waits for another.
    pub(super) fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = vec![from];
        while let Some(index) = todo.pop() {
            if index == to {
                return true;
            }
            if seen.insert(index) {
                todo.extend(self.resources[index].after.iter().copied());
            }
        }
        false
    }

    /// Resources among some that one waits for and does not refer to, without those that others
    /// wait for already.
    pub(super) fn waits_for(&self, index: usize, among: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let resource = &self.resources[index];
        let referred: BTreeSet<usize> = resource
            .props
            .iter()
            .flat_map(|(_, node)| node.references())
            .filter_map(|piece| match piece {
                Piece::Name(other, _) | Piece::Of(other, _) => Some(other),
                Piece::Made(n, path) => self.attribute(n, &path).map(|(other, _)| other),
                _ => None,
            })
            .collect();
        let all = resource.after.union(&referred).copied();
        let all: Vec<usize> = all.filter(|other| among(*other)).collect();
        let is_implied =
            |other: &usize| all.iter().any(|via| via != other && self.reaches(*via, *other));
        let waits = all.iter().filter(|other| !is_implied(other) && !referred.contains(other));
        waits.copied().collect()
    }

    /// Where a value that an action makes is read: the resource and its attribute.
    pub(super) fn attribute(&self, n: u32, path: &str) -> Option<(usize, &'static str)> {
        let action = self.actions.get(&n)?;
        let index = *self.made.get(&n)?;
        let kind = self.resources[index].kind;
        if kind.of == custom::KIND.of {
            return custom::answer(&action.call, path).map(|_| (index, "Value"));
        }
        let found = kind.made.iter().find(|(known, ..)| *known == path);
        if let Some((_, attribute, _)) = found {
            return Some((index, attribute));
        }
        // What the action was given is what its state has.
        let Node::Text(pieces) = Node::of(action.params.get(path)?) else { return None };
        let [Piece::Made(n, path)] = pieces.as_slice() else { return None };
        self.attribute(*n, path)
    }
}

const LOG_GROUP: &str = "aws_cloudwatch_log_group";

fn no_word(name: &str) -> String {
    format!("`{name}` cannot be said as it is in the plan")
}

/// The same parameters with another value of one.
fn with(params: &Node, name: &str, value: &Node) -> Node {
    let Node::Map(members) = params else { return params.clone() };
    let mut members = members.clone();
    for member in &mut members {
        if member.0 == name {
            member.1 = value.clone();
        }
    }
    Node::Map(members)
}

/// A text among the parameters of an action.
fn text_at(action: &Action, path: &str) -> String {
    let value = path
        .split('.')
        .try_fold(None, |so_far: Option<&serde_json::Value>, name| match so_far {
            None => action.params.get(name).map(Some),
            Some(value) => value.get(name).map(Some),
        })
        .flatten();
    value.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// A pattern with parameters in braces, filled.
fn filled(pattern: &str, params: &Node) -> String {
    let (mut out, mut rest) = (String::new(), pattern);
    while let Some((before, after)) = rest.split_once('{') {
        let (path, behind) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&resource::at(params, path).and_then(Node::plain).unwrap_or_default());
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// By which parameter parts name what a call makes.
fn subject_path(call: &str, dialect: Dialect) -> Option<&'static str> {
    resource::rows().find_map(|row| match dialect.of(row) {
        Say::Part(part) if part.into.contains(&call) => Some(part.by.1),
        _ => None,
    })
}
