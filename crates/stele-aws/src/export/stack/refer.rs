//! When all resources are known: what they call each other, and which parts of the whole need them.

use std::collections::{BTreeMap, BTreeSet};

use super::Stack;
use crate::export::names;
use crate::export::node::{Piece, replace};

impl Stack<'_> {
    /// Lets resources of the same name in different regions have the same switches, so that they
    /// are alike.
    pub(in crate::export) fn align(&mut self, main: &str) {
        let mut all: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for resource in self.resources.iter().filter(|resource| resource.region != main) {
            all.entry(resource.id.clone()).or_default().extend(&resource.switches);
        }
        for resource in self.resources.iter_mut().filter(|resource| resource.region != main) {
            if let Some(switches) = all.get(&resource.id) {
                resource.switches.clone_from(switches);
            }
        }
    }

    /// References by name, accounts and regions, names in the file, switches, what comes first.
    pub(super) fn finish(&mut self) {
        let firsts: BTreeSet<u32> = self
            .resources
            .iter()
            .flat_map(|resource| &resource.actions)
            .filter_map(|n| self.actions.get(n))
            .flat_map(|action| self.remaining_before(action))
            .collect();
        for remaining in &mut self.remaining {
            remaining.first = firsts.contains(&remaining.action);
        }
        for index in 0..self.resources.len() {
            let mut props = std::mem::take(&mut self.resources[index].props);
            for (_, node) in &mut props {
                node.each_text(&mut |pieces| self.refer(index, pieces));
            }
            // What is referred to comes before.
            let made: Vec<usize> = props
                .iter()
                .flat_map(|(_, node)| node.references())
                .filter_map(|piece| match piece {
                    Piece::Made(n, path) => self.attribute(n, &path).map(|(index, _)| index),
                    _ => None,
                })
                .filter(|other| *other != index)
                .collect();
            let resource = &mut self.resources[index];
            resource.props = props;
            resource.after.extend(made);
        }
        // Whoever is needed is needed for all that those need who need it.
        for index in (0..self.resources.len()).rev() {
            let switches = self.resources[index].switches.clone();
            let mut todo: Vec<usize> = self.resources[index].after.iter().copied().collect();
            let mut seen = BTreeSet::new();
            while let Some(before) = todo.pop() {
                if seen.insert(before) {
                    self.resources[before].switches.extend(&switches);
                    todo.extend(self.resources[before].after.iter().copied());
                }
            }
        }
        names::unique(self);
    }

    /// Replaces names of what comes before, the account, the region and the partition in a text.
    fn refer(&self, index: usize, pieces: &mut Vec<Piece>) {
        let resource = &self.resources[index];
        let Some(action) = self.actions.get(&resource.actions[0]) else { return };
        let mut before: Vec<usize> = Vec::new();
        let mut todo: Vec<usize> = resource.after.iter().copied().collect();
        while let Some(other) = todo.pop() {
            if !before.contains(&other) {
                before.push(other);
                todo.extend(self.resources[other].after.iter().copied());
            }
        }
        // The longest first: a name may be the beginning of another.
        before.sort_by_key(|other| std::cmp::Reverse(self.resources[*other].name.len()));
        for other in before {
            let named = &self.resources[other];
            if named.name.is_empty() || !self.same_file(other, &resource.region) {
                continue;
            }
            let name = named.name.clone();
            let within: fn(char) -> bool = if name.starts_with('/') { in_path } else { in_name };
            replace(pieces, &name, within, &|| Piece::Name(other, name.clone()));
        }
        let whole = matches!(pieces.as_slice(), [Piece::Plain(text)] if *text == action.region);
        replace(pieces, &action.account, char::is_alphanumeric, &|| {
            Piece::Account(action.account.clone())
        });
        if !whole {
            replace(pieces, &action.region, char::is_alphanumeric, &|| {
                Piece::Region(action.region.clone())
            });
        }
        let partition = action.resource.split(':').nth(1).unwrap_or("aws");
        let begins = format!("arn:{partition}:");
        for at in (0..pieces.len()).rev() {
            let Piece::Plain(text) = &pieces[at] else { continue };
            let Some(rest) = text.strip_prefix(&begins) else { continue };
            let split = [
                Piece::Plain("arn:".to_owned()),
                Piece::Partition(partition.to_owned()),
                Piece::Plain(format!(":{rest}")),
            ];
            pieces.splice(at..=at, split);
        }
    }
}

fn in_name(letter: char) -> bool {
    letter.is_alphanumeric() || ['-', '_', '.'].contains(&letter)
}

fn in_path(letter: char) -> bool {
    in_name(letter) || letter == '/'
}
