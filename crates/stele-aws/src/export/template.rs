//! One template: parameters, conditions, resources, outputs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::condition::{condition_name, conditions};
use super::custom;
use super::node::{Node, Piece, replace};
use super::stack::Stack;
use super::yaml::{Doc, Entry};
use super::{Options, PARAMETERS_MAX, command, names, switch};
use crate::plan::Plan;

mod value;

/// What templates are written from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) plan: &'a Plan,
    pub(super) stack: &'a Stack<'a>,
    pub(super) account: &'a str,
    pub(super) options: &'a Options,
}

/// A template in its parts.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) description: String,
    pub(super) metadata: Vec<Entry>,
    pub(super) parameters: Vec<Entry>,
    pub(super) conditions: Vec<Entry>,
    pub(super) resources: Vec<Entry>,
    pub(super) outputs: Vec<Entry>,
}

impl Template {
    /// Whether it makes the same.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.parameters == other.parameters
            && self.conditions == other.conditions
            && self.resources == other.resources
            && self.outputs == other.outputs
    }

    /// A resource by its name.
    pub(super) fn resource(&self, id: &str) -> Option<&Doc> {
        self.resources.iter().find(|entry| entry.name == id).map(|entry| &entry.value)
    }

    /// Writes it as YAML.
    pub(super) fn write(&self, head: &[String]) -> String {
        let mut all = vec![
            entry("AWSTemplateFormatVersion", Doc::text("2010-09-09")),
            entry("Description", Doc::text(self.description.as_str())),
        ];
        let mut metadata = self.metadata.clone();
        metadata.extend(interface(&self.parameters));
        let sections = [
            ("Metadata", &metadata),
            ("Parameters", &self.parameters),
            ("Conditions", &self.conditions),
            ("Resources", &self.resources),
            ("Outputs", &self.outputs),
        ];
        for (name, members) in sections {
            if !members.is_empty() {
                all.push(entry(name, Doc::Map(members.clone())));
            }
        }
        Doc::Map(all).write(head)
    }
}

/// A member without a comment.
pub(super) fn entry(name: impl Into<String>, value: Doc) -> Entry {
    Entry { name: name.into(), value, comment: String::new() }
}

/// `Ref` to something.
pub(super) fn reference(name: &str) -> Doc {
    Doc::map([("Ref", Doc::text(name))])
}

/// `Fn::GetAtt`.
pub(super) fn attribute(id: &str, name: &str) -> Doc {
    Doc::map([("Fn::GetAtt", Doc::List(vec![Doc::text(id), Doc::text(name)]))])
}

/// Parameters by what they stand for: base and value.
type Settings = BTreeMap<(&'static str, String), String>;

/// A template on its way.
struct Draft<'a, 'w> {
    writer: &'w Writer<'a>,
    members: &'w BTreeSet<usize>,
    settings: Settings,
}

impl Writer<'_> {
    /// What stands at the top of a file.
    pub(super) fn head(&self, place: &str) -> Vec<String> {
        vec![format!(
            "Made by `stele aws export` for account {}, {place}, from the plan {} of {}.",
            self.account,
            &self.plan.sha256.get(..12).unwrap_or(&self.plan.sha256),
            self.plan.made_at
        )]
    }

    /// Whether a resource needs a value that another has only when it is made.
    pub(super) fn refers_by_value(&self, index: usize, other: usize) -> bool {
        let nodes = self.stack.resources[index].props.iter().map(|(_, node)| node);
        nodes.flat_map(Node::references).any(|piece| match piece {
            Piece::Made(n, path) => {
                self.stack.attribute(n, &path).is_some_and(|(found, _)| found == other)
            }
            Piece::Of(found, _) => found == other,
            _ => false,
        })
    }

    /// The template of some resources, all of one region.
    pub(super) fn template(&self, members: &BTreeSet<usize>) -> Template {
        let draft = Draft { writer: self, members, settings: self.settings(members) };
        let mut template = Template {
            description: "What Stele plans for the logs of this account".to_owned(),
            metadata: self.metadata(members),
            parameters: Vec::new(),
            conditions: Vec::new(),
            resources: Vec::new(),
            outputs: Vec::new(),
        };
        let mut wanted: BTreeSet<BTreeSet<&'static str>> = BTreeSet::new();
        let mut calls = BTreeSet::new();
        for index in members {
            let resource = &self.stack.resources[*index];
            wanted.insert(resource.switches.clone());
            if resource.kind.of == custom::KIND.of {
                calls.insert(*index);
            }
            template.resources.push(Entry {
                name: resource.id.clone(),
                value: draft.resource(*index),
                comment: resource.why.join("\n"),
            });
        }
        if !calls.is_empty() {
            let switches: BTreeSet<&'static str> = calls
                .iter()
                .flat_map(|index| self.stack.resources[*index].switches.clone())
                .collect();
            wanted.insert(switches.clone());
            let actions: Vec<u32> = calls
                .iter()
                .flat_map(|index| self.stack.resources[*index].actions.clone())
                .collect();
            let condition = condition_name(&switches);
            let function = custom::function(&draft.portable_policy(&actions), &condition);
            template.resources.splice(0..0, function);
        }
        template.parameters = draft.parameters(&wanted);
        template.conditions = conditions(&wanted);
        template.outputs = draft.outputs();
        template
    }

    fn settings(&self, members: &BTreeSet<usize>) -> Settings {
        let mut found: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for index in members {
            for (_, node) in &self.stack.resources[*index].props {
                node.each_set(&mut |base, _, value| {
                    let values = found.entry(base).or_default();
                    let value = value.setting();
                    if !values.contains(&value) {
                        values.push(value);
                    }
                });
            }
        }
        let mut settings = Settings::new();
        let mut names = BTreeSet::new();
        // Those with one value first: they say most.
        let mut all: Vec<(&'static str, Vec<String>)> = found.into_iter().collect();
        all.sort_by_key(|(_, values)| values.len());
        for (base, values) in all {
            let one = values.len() == 1;
            for value in values {
                if names.len() + switch::ALL.len() >= PARAMETERS_MAX {
                    break;
                }
                let last = value.rsplit(['/', ':']).next().unwrap_or_default();
                let mut name =
                    if one { base.to_owned() } else { format!("{base}{}", names::camel(last)) };
                while !names.insert(name.clone()) {
                    name.push('X');
                }
                settings.insert((base, value), name);
            }
        }
        settings
    }

    fn metadata(&self, members: &BTreeSet<usize>) -> Vec<Entry> {
        let regions: BTreeSet<&str> =
            members.iter().map(|index| self.stack.resources[*index].region.as_str()).collect();
        let remaining: Vec<Doc> = self
            .stack
            .remaining
            .iter()
            .filter_map(|one| {
                let action = self.stack.actions.get(&one.action)?;
                let here = regions.contains(action.region.as_str());
                here.then(|| Doc::text(format!("{}: {}", action.call, action.resource)))
            })
            .collect();
        let mut stele = vec![entry("Plan", Doc::text(self.plan.sha256.as_str()))];
        if !remaining.is_empty() {
            stele.push(entry("NotDoneByThisTemplate", Doc::List(remaining)));
        }
        vec![entry("Stele", Doc::Map(stele))]
    }
}

/// How the console shows parameters: what is wanted, and what the plan has found.
fn interface(parameters: &[Entry]) -> Option<Entry> {
    let is_switch = |name: &str| switch::ALL.iter().any(|switch| switch.name == name);
    let group = |label: &str, switches: bool| {
        let names = parameters.iter().filter(|parameter| is_switch(&parameter.name) == switches);
        let names: Vec<Doc> = names.map(|parameter| Doc::text(parameter.name.as_str())).collect();
        (!names.is_empty()).then(|| {
            Doc::map([
                ("Label", Doc::map([("default", Doc::text(label))])),
                ("Parameters", Doc::List(names)),
            ])
        })
    };
    let groups = [group("What is wanted", true), group("What the plan has found or chosen", false)];
    let groups: Vec<Doc> = groups.into_iter().flatten().collect();
    (!groups.is_empty()).then(|| {
        entry("AWS::CloudFormation::Interface", Doc::map([("ParameterGroups", Doc::List(groups))]))
    })
}

impl Draft<'_, '_> {
    fn resource(&self, index: usize) -> Doc {
        let stack = self.writer.stack;
        let resource = &stack.resources[index];
        let mut members = vec![entry("Type", Doc::text(resource.kind.of))];
        if !resource.switches.is_empty() {
            members.push(entry("Condition", Doc::text(condition_name(&resource.switches))));
        }
        let after = stack.waits_for(index, &|other| self.members.contains(&other));
        let after: BTreeSet<&str> =
            after.into_iter().map(|other| stack.resources[other].id.as_str()).collect();
        let after: Vec<Doc> = after.into_iter().map(Doc::text).collect();
        if !after.is_empty() {
            members.push(entry("DependsOn", Doc::List(after)));
        }
        let is_call = resource.kind.of == custom::KIND.of;
        if resource.kind.keep && !is_call {
            members.push(entry("DeletionPolicy", Doc::text("Retain")));
            members.push(entry("UpdateReplacePolicy", Doc::text("Retain")));
        }
        let mut props: Vec<Entry> =
            resource.props.iter().map(|(name, node)| entry(name, self.node(node))).collect();
        if is_call {
            props.insert(0, entry("ServiceToken", attribute(custom::FUNCTION, "Arn")));
        }
        if !props.is_empty() {
            members.push(entry("Properties", Doc::Map(props)));
        }
        Doc::Map(members)
    }

    fn parameters(&self, wanted: &BTreeSet<BTreeSet<&'static str>>) -> Vec<Entry> {
        let used: BTreeSet<&'static str> = wanted.iter().flatten().copied().collect();
        let mut all: Vec<Entry> = switch::ALL
            .iter()
            .filter(|switch| used.contains(switch.name))
            .map(|switch| {
                entry(
                    switch.name,
                    Doc::map([
                        ("Type", Doc::text("String")),
                        ("Default", Doc::text("true")),
                        ("AllowedValues", Doc::List(vec![Doc::text("true"), Doc::text("false")])),
                        ("Description", Doc::text(switch.about)),
                    ]),
                )
            })
            .collect();
        let mut set: BTreeMap<String, Doc> = BTreeMap::new();
        for index in self.members {
            for (_, node) in &self.writer.stack.resources[*index].props {
                node.each_set(&mut |base, about, value| {
                    let text = value.setting();
                    let Some(name) = self.settings.get(&(base, text.clone())) else { return };
                    let (kind, default) = match value {
                        Node::Number(number) => ("Number", Doc::Number(number.clone())),
                        _ => ("String", Doc::text(text)),
                    };
                    let parameter = Doc::map([
                        ("Type", Doc::text(kind)),
                        ("Default", default),
                        ("Description", Doc::text(about)),
                    ]);
                    set.insert(name.clone(), parameter);
                });
            }
        }
        all.extend(set.into_iter().map(|(name, parameter)| entry(name, parameter)));
        all
    }

    /// What commands and readers need.
    fn outputs(&self) -> Vec<Entry> {
        let stack = self.writer.stack;
        let mut all: BTreeMap<String, Entry> = BTreeMap::new();
        let mut add = |index: usize, name: &'static str, about: &str| {
            let resource = &stack.resources[index];
            let value = if name.is_empty() {
                reference(&resource.id)
            } else {
                attribute(&resource.id, name)
            };
            let mut members = vec![entry("Description", Doc::text(about))];
            if !resource.switches.is_empty() {
                members.push(entry("Condition", Doc::text(condition_name(&resource.switches))));
            }
            members.push(entry("Value", value));
            let output = command::output(stack, index, name);
            all.insert(output.clone(), entry(output, Doc::Map(members)));
        };
        for (index, name) in command::outputs(stack) {
            if self.members.contains(&index) {
                add(index, name, "Needed by a command that remains");
            }
        }
        for index in self.members {
            if stack.resources[*index].kind.of == super::collect::QUEUE.of {
                add(*index, "QueueUrl", "Where Stele reads of new files");
            }
        }
        all.into_values().collect()
    }

    /// What the function may do: the calls, and nothing else.
    fn portable_policy(&self, actions: &[u32]) -> Doc {
        let stack = self.writer.stack;
        let actions: Vec<&crate::plan::Action> =
            actions.iter().filter_map(|n| stack.actions.get(n).copied()).collect();
        let statements = crate::iam::call_statements(&actions);
        let mut node = Node::of(&json!(statements));
        let account = self.writer.account;
        let region = actions.first().map(|action| action.region.clone()).unwrap_or_default();
        node.each_text(&mut |pieces| {
            let whole = matches!(pieces.as_slice(), [Piece::Plain(text)] if *text == region);
            replace(pieces, account, char::is_alphanumeric, &|| Piece::Account(account.to_owned()));
            if !whole {
                replace(pieces, &region, char::is_alphanumeric, &|| Piece::Region(region.clone()));
            }
        });
        self.node(&node)
    }
}
