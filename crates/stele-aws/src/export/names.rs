//! Names in files: logical ids and labels, the same for the same plan.

use std::collections::BTreeSet;

use super::resource::snake;
use super::stack::{Dialect, Stack};
use crate::arn;
use crate::plan::Action;

/// CloudFormation's limit for a logical id is 255; this is for people.
const CHARS_MAX: usize = 80;

/// What a name in the file is made of: the name in AWS, or that of what is logged, without account
/// and region, so that the files of regions are alike.
pub(super) fn base(action: &Action, subject: Option<&str>, name: &str) -> String {
    let text = match (subject, name) {
        (Some(subject), _) => subject,
        (None, "") => arn::log_group(&action.resource).unwrap_or_else(|| {
            let last = action.resource.rsplit(':').next().unwrap_or_default();
            // A web ACL has its id behind its name.
            let last = match last.split_once("/webacl/") {
                Some((_, acl)) => acl.split('/').next().unwrap_or(acl),
                None => last,
            };
            last.rsplit('/').find(|part| !part.is_empty() && *part != "*").unwrap_or_default()
        }),
        (None, name) => name,
    };
    let text = text.strip_prefix("alias/").unwrap_or(text);
    text.replace(&action.account, "").replace(&action.region, "")
}

/// `stele-logs` as `SteleLogs`.
pub(super) fn camel(text: &str) -> String {
    let mut out = String::new();
    let mut begins = true;
    for letter in text.chars() {
        if !letter.is_ascii_alphanumeric() {
            begins = true;
        } else if begins {
            out.extend(letter.to_uppercase());
            begins = false;
        } else {
            out.push(letter);
        }
    }
    out.chars().take(CHARS_MAX).collect()
}

/// `stele-logs` as `stele_logs`.
pub(super) fn label(text: &str) -> String {
    let words: Vec<String> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(snake)
        .collect();
    let label: String = words.join("_").chars().take(CHARS_MAX).collect();
    if label.starts_with(|letter: char| letter.is_ascii_digit()) || label.is_empty() {
        format!("r_{label}")
    } else {
        label
    }
}

/// Gives each resource of a stack its name.
pub(super) fn unique(stack: &mut Stack<'_>) {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let regions: BTreeSet<String> = stack.resources.iter().map(|r| r.region.clone()).collect();
    for resource in &mut stack.resources {
        let (space, base) = match stack.dialect {
            Dialect::CloudFormation | Dialect::WithFunction => {
                let base = camel(&resource.id);
                let word = resource.kind.word;
                let whole = if base.ends_with(word) { base } else { format!("{base}{word}") };
                let letter = whole.starts_with(|first: char| first.is_ascii_alphabetic());
                (resource.region.clone(), if letter { whole } else { format!("The{whole}") })
            }
            Dialect::Terraform => {
                let base = label(&resource.id);
                let base = match regions.len() {
                    0 | 1 => base,
                    _ => format!("{base}_{}", label(&resource.region)),
                };
                (resource.kind.of.to_owned(), base)
            }
        };
        let mut id = base.clone();
        let mut number = 2;
        while !seen.insert((space.clone(), id.clone())) {
            id = match stack.dialect {
                Dialect::Terraform => format!("{base}_{number}"),
                Dialect::CloudFormation | Dialect::WithFunction => format!("{base}{number}"),
            };
            number += 1;
        }
        resource.id = id;
    }
}
