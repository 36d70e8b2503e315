//! Words: promises without an issue, code that is not done, and words that say nothing.

use super::Finding;
use super::tree::{SourceFile, Tree};

/// Words and what to write instead. Whole words, in any case.
const BANNED: &[(&str, &str)] = &[
    ("blacklist", "deny list"),
    ("whitelist", "allow list"),
    ("utilize", "use"),
    ("utilise", "use"),
    ("leverage", "use"),
    ("seamless", "what happens"),
    ("seamlessly", "what happens"),
    ("blazing", "the number"),
    ("obviously", "nothing"),
    ("world-class", "nothing"),
    ("cutting-edge", "nothing"),
    ("lorem", "real text"),
];

/// Code that must not be left behind, and why.
const BANNED_CODE: &[(&str, &str)] = &[
    (concat!("todo", "!("), "is a panic: do it, or return an error"),
    (concat!("unimplemented", "!("), "is a panic: do it, or return an error"),
    (concat!("#[ign", "ore"), "hides a test: assert what it does today and say why"),
    (concat!("allow(dead", "_code)"), "hides what nobody uses: delete it"),
];

const PROMISES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// This file has to name the words.
const ITSELF: &str = "xtask/src/tidy/words.rs";

pub(super) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files.iter().filter(|file| file.path != ITSELF && !file.is_generated()) {
        promises(file, findings);
        banned(file, findings);
        if file.ends_with(".rs") {
            banned_code(file, findings);
        }
    }
}

fn promises(file: &SourceFile, findings: &mut Vec<Finding>) {
    for (number, line) in file.lines() {
        for word in PROMISES {
            if words_of(line).any(|w| w == *word) && !names_an_issue(line) {
                let message = format!("{word} without an issue (`#123`): file one, or do it");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
}

/// Whether a `#` with digits stands in the line.
fn names_an_issue(line: &str) -> bool {
    line.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn banned(file: &SourceFile, findings: &mut Vec<Finding>) {
    for (number, line) in file.lines() {
        for word in words_of(line) {
            let found = BANNED.iter().find(|(banned, _)| word.eq_ignore_ascii_case(banned));
            if let Some((banned, instead)) = found {
                let message = format!("`{banned}`: say {instead} instead");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
}

fn banned_code(file: &SourceFile, findings: &mut Vec<Finding>) {
    for (number, line) in file.lines() {
        for (code, why) in BANNED_CODE {
            if line.contains(code) {
                findings.push(Finding::new(&file.path, number, format!("`{code}` {why}")));
            }
        }
    }
}

fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')
}
