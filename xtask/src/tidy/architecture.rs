//! What ARCHITECTURE.md lays down for machines: fenced blocks under a heading.
//!
//! The rules read the same lines that people read, so that the two cannot drift apart.

use std::collections::BTreeSet;

use super::tree::Tree;

/// Where it is written.
pub(super) const PATH: &str = "ARCHITECTURE.md";

/// The blocks. A heading that is not there gives an empty block without a line.
#[derive(Debug, Default)]
pub(super) struct Architecture {
    /// "Allowed edges": `from -> to, to`, one crate a line.
    pub(super) edges: Block,
    /// "Walled-in dependencies": `crate -> dependency, dependency` that no other crate may name.
    pub(super) walls: Block,
    /// "Long files": paths of files that may be longer than the rule says.
    pub(super) long_files: Block,
}

/// The lines of a block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Whether the heading and its block are there.
    pub(super) present: bool,
    /// Line numbers and texts, blank lines left out.
    pub(super) lines: Vec<(usize, String)>,
}

impl Architecture {
    pub(super) fn read(tree: &Tree) -> Self {
        let text = tree.text(PATH).unwrap_or_default();
        Self {
            edges: block(text, "Allowed edges"),
            walls: block(text, "Walled-in dependencies"),
            long_files: block(text, "Long files"),
        }
    }
}

impl Block {
    /// The pairs of a block of `from -> to, to` lines, with their line numbers.
    pub(super) fn pairs(&self) -> BTreeSet<(String, String, usize)> {
        let mut pairs = BTreeSet::new();
        for (number, line) in &self.lines {
            let Some((from, to)) = line.split_once("->") else {
                continue;
            };
            for to in to.split(',').map(str::trim).filter(|to| !to.is_empty()) {
                pairs.insert((from.trim().to_owned(), to.to_owned(), *number));
            }
        }
        pairs
    }
}

/// The first fenced block after the heading of that name.
fn block(text: &str, heading: &str) -> Block {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let found = lines.any(|(_, line)| line.starts_with('#') && line.contains(heading));
    if !found {
        return Block::default();
    }
    let mut lines = lines.skip_while(|(_, line)| !line.starts_with("```"));
    if lines.next().is_none() {
        return Block::default();
    }
    let lines = lines
        .take_while(|(_, line)| !line.starts_with("```"))
        .map(|(number, line)| (number, line.trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    Block { present: true, lines }
}
