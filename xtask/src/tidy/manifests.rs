//! Manifests: versions stand in one place, and every crate takes the lints of the workspace.

use toml::{Table, Value};

use super::Finding;
use super::tree::Tree;

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files.iter().filter(|file| file.ends_with("/Cargo.toml")) {
        match file.text.parse::<Table>() {
            Ok(manifest) => check_manifest(&file.path, &manifest, findings),
            Err(error) => findings.push(Finding::new(&file.path, 1, format!("no TOML: {error}"))),
        }
    }
}

fn check_manifest(path: &str, manifest: &Table, findings: &mut Vec<Finding>) {
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    if lints.and_then(Value::as_bool) != Some(true) {
        let message = "does not take the lints of the workspace (`[lints] workspace = true`)";
        findings.push(Finding::new(path, 1, message));
    }
    for kind in KINDS {
        let Some(dependencies) = manifest.get(*kind).and_then(Value::as_table) else {
            continue;
        };
        for (name, dependency) in dependencies {
            let from_workspace = dependency.get("workspace").and_then(Value::as_bool);
            if from_workspace != Some(true) {
                let message = format!(
                    "`{name}` has a version of its own: put it into [workspace.dependencies]"
                );
                findings.push(Finding::new(path, 1, message));
            }
        }
    }
}
