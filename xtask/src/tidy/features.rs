//! One build for everything: what `cargo xtask up` compiles is what the tests link.
//!
//! Where a test dependency switches on a feature of a crate that the product uses too, cargo
//! builds that crate, and everything above it, twice: for this project that is ten minutes. The
//! cure is to ask for the same feature in `crates/stele/Cargo.toml`.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::workspace::{Workspace, stdout_of};

const MANIFEST: &str = "crates/stele/Cargo.toml";

pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let tree = |selection: &[&str]| {
        let mut command = workspace.cargo(&["tree", "--format", "{p}\t{f}", "--prefix", "none"]);
        stdout_of(command.args(selection))
    };
    let product = tree(&["--package", "stele", "--edges", "normal,build"])?;
    let tests = tree(&["--workspace", "--edges", "normal,build,dev"])?;
    let mut findings = Vec::new();
    compare(&product, &tests, &mut findings);
    Ok(findings)
}

/// Compares two listings of `crate version<tab>features`.
pub(super) fn compare(product: &str, tests: &str, findings: &mut Vec<Finding>) {
    let (product, tests) = (features(product), features(tests));
    for (name, builds) in &product {
        let Some(wanted) = tests.get(name) else {
            continue;
        };
        // A crate has two sets where both the product and a macro or a build script use it.
        let has: BTreeSet<&str> = builds.iter().flat_map(|features| features.split(',')).collect();
        let wanted = wanted.iter().flat_map(|features| features.split(','));
        let more: BTreeSet<&str> = wanted.filter(|feature| !has.contains(feature)).collect();
        if !more.is_empty() {
            let message = format!(
                "the tests build `{name}` with `{}` more than the product does, so that it is \
                 built twice with all that needs it: ask for that here too",
                more.into_iter().collect::<Vec<_>>().join(",")
            );
            findings.push(Finding::new(MANIFEST, 1, message));
        }
    }
}

fn features(listing: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut by_crate: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in listing.lines() {
        let line = line.trim_end().trim_end_matches(" (*)");
        if let Some((name, features)) = line.split_once('\t') {
            by_crate.entry(name).or_default().insert(features.trim());
        }
    }
    by_crate
}
