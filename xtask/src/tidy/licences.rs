//! Licences: every crate that is linked in must carry one that `deny.toml` allows.
//!
//! The same list is read by cargo-deny, which takes minutes to build; this takes a moment. Known
//! vulnerabilities are not looked up here: only cargo-deny does that.

use std::collections::BTreeSet;

use anyhow::Context;
use serde::Deserialize;

use super::{Finding, host_target};
use crate::workspace::{Workspace, stdout_of};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

#[derive(Deserialize)]
struct DenyFile {
    licenses: Licences,
}

/// The part of `deny.toml` that is read here, in cargo-deny's words.
#[derive(Deserialize, Default)]
pub(super) struct Licences {
    allow: BTreeSet<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: BTreeSet<String>,
}

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let path = workspace.root.join("deny.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let deny: DenyFile = toml::from_str(&text).context("cannot read `deny.toml`")?;
    let mut command = workspace.cargo(&["metadata", "--format-version", "1", "--filter-platform"]);
    let metadata: Metadata = serde_json::from_str(&stdout_of(command.arg(host_target()?))?)?;
    let mut findings = Vec::new();
    for package in metadata.packages {
        let licence = package.license.unwrap_or_default();
        if !deny.licenses.allow_package(&package.name, &licence) {
            let message = format!(
                "the licence of `{} {}`, `{licence}`, is not on the list",
                package.name, package.version
            );
            findings.push(Finding::new("deny.toml", 1, message));
        }
    }
    Ok(findings)
}

impl Licences {
    /// Whether a crate may be used under what it says of itself.
    fn allow_package(&self, name: &str, expression: &str) -> bool {
        let exception = self.exceptions.iter().find(|exception| exception.name == name);
        allows(expression, &|licence| {
            self.allow.contains(licence) || exception.is_some_and(|e| e.allow.contains(licence))
        })
    }
}

/// Whether an SPDX licence expression (SPDX 2.3, annex D) can be met with licences that are
/// allowed. Cargo's older spelling `A/B` means `A OR B`.
fn allows(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words, allowed);
    met == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `a OR b`; `None` where it is no expression.
fn any_of(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut met = all_of(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed)?;
    }
    Some(met)
}

/// `a AND b`, which binds tighter than `OR`.
fn all_of(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut met = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed)?;
    }
    Some(met)
}

/// `a`, `a WITH exception`, or an expression in parentheses.
fn one(words: &mut Words<'_>, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    match words.next()? {
        "(" => {
            let met = any_of(words, allowed)?;
            words.next_if_eq(&")")?;
            Some(met)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        licence if words.next_if_eq(&"WITH").is_some() => {
            Some(allowed(&format!("{licence} WITH {}", words.next()?)))
        }
        licence => Some(allowed(licence)),
    }
}

#[cfg(test)]
mod tests;
