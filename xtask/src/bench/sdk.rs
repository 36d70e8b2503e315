//! `cargo xtask bench sdk`: what our own client of AWS costs to build, beside AWS's SDK.
//!
//! Both are built from nothing, in the dev profile, into a target folder of their own: `stele-aws`
//! whole (client, checks, planner, export), and an empty crate that depends on the SDK's crates for
//! the same services. Downloads are not in the figures.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::machine::Machine;
use super::measure::{self, Usage};
use crate::external::empty_folder;
use crate::workspace::{self, Workspace};

/// Services whose crate has another name than our table of operations.
const NAMES: &[(&str, &str)] = &[
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancingv2"),
    ("logs", "cloudwatchlogs"),
    ("tagging", "resourcegroupstagging"),
];

/// Builds both and prints a table.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.target.join("bench").join("sdk");
    empty_folder(&folder)?;
    let scratch = folder.join("scratch");
    fs::create_dir_all(scratch.join("src"))?;
    fs::write(scratch.join("src").join("lib.rs"), "")?;
    let services = services(workspace)?;
    fs::write(scratch.join("Cargo.toml"), manifest(&services))?;
    let mut fetch = workspace.cargo(&["fetch"]);
    workspace::run(fetch.current_dir(&scratch))?;

    let ours = build(workspace, &folder.join("ours"), &["--package", "stele-aws", "--lib"], None)?;
    let sdk = build(workspace, &folder.join("theirs"), &["--lib"], Some(&scratch))?;
    println!("{}\n", Machine::describe()?.sentence());
    println!("| clean build, dev profile | packages | CPU-seconds | wall |\n|---|---:|---:|---:|");
    for (name, (packages, usage)) in [
        ("stele-aws, all of it".to_owned(), ours),
        (format!("aws-config and the SDK's crates of {} services", services.len()), sdk),
    ] {
        let Usage { cpu_seconds, wall_seconds, .. } = usage;
        println!("| {name} | {packages} | {cpu_seconds:.0} s | {wall_seconds:.0} s |");
    }
    Ok(())
}

/// The services in our table of operations, as the SDK's crates are named.
fn services(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let path = workspace.root.join("crates/stele-aws/operations.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    let table: toml::Table = text.parse()?;
    let named = |key: &String| {
        let other = NAMES.iter().find(|(ours, _)| ours == key);
        format!("aws-sdk-{}", other.map_or(key.as_str(), |(_, theirs)| theirs))
    };
    Ok(table.keys().map(named).collect())
}

fn manifest(services: &[String]) -> String {
    let head = "[package]\nname = \"scratch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [workspace]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n\n\
        [profile.dev.package.\"*\"]\ndebug = false\n\n[dependencies]\n";
    let of_service = |service: &String| {
        let features = "default-features = false, features = [\"rt-tokio\"]";
        format!("{service} = {{ version = \"1\", {features} }}")
    };
    let dependencies: Vec<String> = services.iter().map(of_service).collect();
    format!("{head}aws-config = \"1\"\n{}\n", dependencies.join("\n"))
}

/// Builds into a folder of its own; also says how many packages that compiled.
fn build(
    workspace: &Workspace,
    target: &Path,
    what: &[&str],
    folder: Option<&Path>,
) -> anyhow::Result<(usize, Usage)> {
    let mut command = workspace.cargo(&["build", "--message-format", "json"]);
    command.args(what).env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let usage = measure::run(&mut command)?;
    let compiled = usage.stdout.lines().filter(|line| line.contains("\"compiler-artifact\""));
    // Some packages also have a build script, which is an artifact of its own.
    let mut packages: Vec<&str> = compiled
        .filter_map(|line| line.split("\"package_id\":\"").nth(1)?.split('"').next())
        .collect();
    packages.sort_unstable();
    packages.dedup();
    // It is large, and of no use afterwards.
    fs::remove_dir_all(target)?;
    Ok((packages.len(), usage))
}
