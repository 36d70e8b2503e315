//! Who may know whom: dependencies point one way, and heavy ones stay behind a wall.

use std::collections::BTreeSet;

use super::Finding;
use super::architecture::{Architecture, PATH};
use crate::workspace::CrateEdges;

/// Finds edges between our crates that are not allowed, and crates that name what another one
/// walls in. A line that allows a crate which does not exist is found too.
pub(super) fn check(
    architecture: &Architecture,
    crates: &[CrateEdges],
    findings: &mut Vec<Finding>,
) {
    if !architecture.edges.present {
        findings.push(Finding::new(PATH, 1, "has no fenced block under a heading `Allowed edges`"));
        return;
    }
    let ours: BTreeSet<&str> = crates.iter().map(|c| c.name.as_str()).collect();
    let pairs = architecture.edges.pairs();
    for (from, to, line) in &pairs {
        for name in [from, to] {
            if !ours.contains(name.as_str()) {
                findings.push(Finding::new(PATH, *line, format!("there is no crate `{name}`")));
            }
        }
    }
    let allowed: BTreeSet<(&str, &str)> =
        pairs.iter().map(|(from, to, _)| (from.as_str(), to.as_str())).collect();
    let walls = architecture.walls.pairs();
    for c in crates {
        for dependency in &c.dependencies {
            let edge = (c.name.as_str(), dependency.as_str());
            if ours.contains(dependency.as_str()) && !allowed.contains(&edge) {
                let message = format!(
                    "`{} -> {dependency}` is no edge that `{PATH}` allows: move what is shared \
                     down, or change the table and say why",
                    c.name
                );
                findings.push(Finding::new(&manifest(&c.name), 1, message));
            }
            let owners: Vec<&str> = walls
                .iter()
                .filter(|(_, walled, _)| walled == dependency)
                .map(|(owner, _, _)| owner.as_str())
                .collect();
            if !owners.is_empty() && !owners.contains(&c.name.as_str()) {
                let owners = owners.join("` and `");
                let message = format!("`{dependency}` may be named by `{owners}` alone");
                findings.push(Finding::new(&manifest(&c.name), 1, message));
            }
        }
    }
}

fn manifest(name: &str) -> String {
    match name {
        "xtask" => "xtask/Cargo.toml".to_owned(),
        name => format!("crates/{name}/Cargo.toml"),
    }
}
