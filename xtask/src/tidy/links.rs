//! Documents: links lead somewhere, paths that are named exist, commands are real, and the book
//! has every page.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::{SourceFile, Tree};
use crate::COMMANDS;

const SUMMARY: &str = "docs/SUMMARY.md";
/// A word in backticks that begins so is taken for a path from the root.
const ROOTS: &[&str] = &[
    ".cargo/",
    ".ci/",
    "benches/",
    "changelog.d/",
    "crates/",
    "deploy/",
    "docs/",
    "fuzz/",
    "libs/",
    "rules/",
    "testdata/",
    "tests/",
    "ui/",
    "xtask/",
];

pub(super) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files.iter().filter(|file| is_document(file)) {
        for (number, line) in prose(&file.text) {
            links(tree, file, number, line, findings);
            paths(tree, file, number, line, findings);
        }
        for (number, line) in file.lines() {
            commands(file, number, line, findings);
        }
    }
    summary(tree, findings);
}

fn is_document(file: &SourceFile) -> bool {
    file.ends_with(".md") && (!file.path.contains('/') || file.path.starts_with("docs/"))
}

/// The lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

fn links(tree: &Tree, file: &SourceFile, number: usize, line: &str, findings: &mut Vec<Finding>) {
    for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = if path.is_empty() { file.path.clone() } else { resolve(&file.path, path) };
        if !tree.paths.contains(&path) {
            let message = format!("the link `{target}` leads nowhere");
            findings.push(Finding::new(&file.path, number, message));
        } else if !anchor.is_empty()
            && let Some(text) = tree.text(&path)
            && !anchors(text).contains(anchor)
        {
            let message = format!("`{path}` has no heading `#{anchor}`");
            findings.push(Finding::new(&file.path, number, message));
        }
    }
}

/// A link's path, from the root.
fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchors that a renderer makes of the headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

fn paths(tree: &Tree, file: &SourceFile, number: usize, line: &str, findings: &mut Vec<Finding>) {
    for named in line.split('`').skip(1).step_by(2) {
        if !ROOTS.iter().any(|root| named.starts_with(root)) || named.contains(' ') {
            continue;
        }
        // A place holder (`docs/decisions/<number>.md`) is checked up to its folder.
        let certain = match named.find(['<', '*', '{', '…']) {
            Some(end) => named[..end].rsplit_once('/').map_or("", |(folder, _)| folder),
            None => named.split(':').next().unwrap_or_default(),
        };
        if !tree.paths.contains(certain.trim_end_matches('/')) {
            let message = format!("there is no `{named}`");
            findings.push(Finding::new(&file.path, number, message));
        }
    }
}

fn commands(file: &SourceFile, number: usize, line: &str, findings: &mut Vec<Finding>) {
    for rest in line.split("cargo xtask ").skip(1) {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(rest.len());
        let command = &rest[..end];
        if !command.is_empty() && !COMMANDS.contains(&command) {
            let message = format!("there is no `cargo xtask {command}`");
            findings.push(Finding::new(&file.path, number, message));
        }
    }
}

/// Every page of the book is in its table of contents.
fn summary(tree: &Tree, findings: &mut Vec<Finding>) {
    let Some(contents) = tree.text(SUMMARY) else {
        return findings.push(Finding::new(SUMMARY, 1, "is missing: the book has no contents"));
    };
    let listed: BTreeSet<String> = contents
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|link| resolve(SUMMARY, link))
        .collect();
    for file in &tree.files {
        let page = file.path.starts_with("docs/") && file.ends_with(".md") && file.path != SUMMARY;
        if page && !listed.contains(&file.path) {
            let message = format!("is not in `{SUMMARY}`, so nobody finds it");
            findings.push(Finding::new(&file.path, 1, message));
        }
    }
}
