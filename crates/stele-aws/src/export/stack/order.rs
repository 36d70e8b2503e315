//! What may not be in a file, though it could be said: it would wait for what waits for it.

use std::collections::BTreeSet;

use super::{Dialect, Resource, Stack};
use crate::export::node::Piece;
use crate::plan::Action;
use crate::plan::reference::{self, Of};

impl Stack<'_> {
    /// Actions that are in the file and may not be: they wait for a command that waits for the
    /// file, or need what the file does not know.
    pub(super) fn misplaced(&self) -> Vec<(u32, String)> {
        let mut found = Vec::new();
        for resource in &self.resources {
            for n in &resource.actions {
                let Some(action) = self.actions.get(n) else { continue };
                if let Some(before) = self.sandwich(action) {
                    let reason =
                        format!("it comes after action {before}, which is left to a command");
                    found.push((*n, reason));
                }
            }
            for piece in resource.props.iter().flat_map(|(_, node)| node.references()) {
                let Piece::Made(n, path) = piece else { continue };
                let of = resource.actions.last().copied().unwrap_or_default();
                let blame = self.who_refers(resource, n).unwrap_or(of);
                match self.attribute(n, &path) {
                    Some((index, _)) if self.same_file(index, &resource.region) => {}
                    Some(_) => {
                        found.push((blame, "it needs what is made in another region".to_owned()));
                    }
                    None => {
                        found.push((blame, format!("it needs `{path}` of what action {n} makes")));
                    }
                }
            }
        }
        found
    }

    /// Which action of a resource refers to another.
    fn who_refers(&self, resource: &Resource, to: u32) -> Option<u32> {
        resource.actions.iter().copied().find(|n| {
            let params = self.actions.get(n).map(|action| &action.params);
            params.is_some_and(|params| reference::any(params, &|of| of == Of::Action(to)))
        })
    }

    pub(super) fn same_file(&self, index: usize, region: &str) -> bool {
        self.dialect == Dialect::Terraform || self.resources[index].region == region
    }

    /// A remaining action that an action comes after and that needs the file itself.
    fn sandwich(&self, action: &Action) -> Option<u32> {
        self.remaining_before(action).into_iter().find(|n| {
            let needs = self.actions.get(n).map(|one| self.edges(one, usize::MAX, &[]));
            needs.is_some_and(|needs| {
                needs.iter().any(|index| self.same_file(*index, &action.region))
            })
        })
    }

    /// The actions that remain and that an action comes after, before any that is in the file.
    pub(super) fn remaining_before(&self, action: &Action) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        let mut todo = action.after.clone();
        while let Some(n) = todo.pop() {
            let Some(before) = self.actions.get(&n) else { continue };
            if !self.made.contains_key(&n) && found.insert(n) {
                todo.extend(before.after.iter().copied());
            }
        }
        found
    }
}
