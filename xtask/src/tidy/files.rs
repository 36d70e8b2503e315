//! Files: how long they and their lines are, how they begin, what they are called.

use super::Finding;
use super::architecture::{Architecture, PATH};
use super::tree::{CI_SCRIPT, SourceFile, Tree};

const LINES_MAX: usize = 800;
const COLUMNS_MAX: usize = 100;
/// What takes more is a program and belongs into xtask.
const SHELL_LINES_MAX: usize = 20;
const LENGTH_RULES_FOR: &[&str] = &[".rs", ".py", ".ts", ".svelte", ".css"];
/// Names that say nothing, so that everything ends up there.
const GRAB_BAGS: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "misc", "manager", "shared"];

pub(super) fn check(tree: &Tree, architecture: &Architecture, findings: &mut Vec<Finding>) {
    if !architecture.long_files.present {
        findings.push(Finding::new(PATH, 1, "has no fenced block under a heading `Long files`"));
    }
    for file in &tree.files {
        length(file, architecture, findings);
        if file.ends_with(".rs") {
            wide_lines(file, findings);
            grab_bags(file, findings);
            essay(file, findings);
        }
        if file.ends_with(".sh") || file.path == CI_SCRIPT {
            shell(file, findings);
        }
    }
    for (number, path) in &architecture.long_files.lines {
        let long = tree.text(path).is_some_and(|text| text.lines().count() > LINES_MAX);
        if !long {
            let message = format!("`{path}` needs no exception: it is short, or gone");
            findings.push(Finding::new(PATH, *number, message));
        }
    }
}

fn length(file: &SourceFile, architecture: &Architecture, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    let ruled = LENGTH_RULES_FOR.iter().any(|ending| file.ends_with(ending));
    if !ruled || lines <= LINES_MAX || file.is_generated() {
        return;
    }
    if !architecture.long_files.lines.iter().any(|(_, path)| *path == file.path) {
        let message = format!("{lines} lines; more than {LINES_MAX} need a place in {PATH}");
        findings.push(Finding::new(&file.path, 1, message));
    }
}

fn wide_lines(file: &SourceFile, findings: &mut Vec<Finding>) {
    if file.is_generated() {
        return;
    }
    for (number, line) in file.lines() {
        let columns = line.chars().count();
        // rustfmt breaks no text and nobody breaks an address.
        if columns > COLUMNS_MAX && !line.contains('"') && !line.contains("://") {
            let message = format!("{columns} columns; {COLUMNS_MAX} is the limit");
            findings.push(Finding::new(&file.path, number, message));
        }
    }
}

fn grab_bags(file: &SourceFile, findings: &mut Vec<Finding>) {
    for (number, line) in file.lines() {
        let words: Vec<&str> =
            line.trim().trim_end_matches([';', '{']).split_whitespace().collect();
        if let [.., "mod", name] = words[..]
            && GRAB_BAGS.contains(&name)
        {
            let message = format!("a module `{name}` says nothing: name it after what it is for");
            findings.push(Finding::new(&file.path, number, message));
        }
    }
}

/// Every module says first what it is for.
fn essay(file: &SourceFile, findings: &mut Vec<Finding>) {
    let is_test = file.path.contains("/tests/") || file.ends_with("tests.rs");
    if is_test || file.is_generated() {
        return;
    }
    let mut lines = file.text.lines().skip_while(|line| line.starts_with("#!") || line.is_empty());
    if !lines.next().is_some_and(|line| line.starts_with("//!")) {
        let message = "begins with no `//!` lines: what is it for, what flows in and out?";
        findings.push(Finding::new(&file.path, 1, message));
    }
}

fn shell(file: &SourceFile, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    if lines > SHELL_LINES_MAX {
        let message =
            format!("{lines} lines of shell; more than {SHELL_LINES_MAX} belong in xtask");
        findings.push(Finding::new(&file.path, 1, message));
    }
    if !file.executable {
        let message = format!("cannot be run: `chmod +x {}`", file.path);
        findings.push(Finding::new(&file.path, 1, message));
    }
}
