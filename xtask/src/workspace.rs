//! Where the checkout, the build output and the corpus of real logs are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// The places that the tools work in.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The root of the checkout.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// The crates of the workspace and whom each of them names.
    pub(crate) crates: Vec<CrateEdges>,
    cargo: OsString,
}

/// A crate of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct CrateEdges {
    /// Its name.
    pub(crate) name: String,
    /// The crates that it depends on in any way, those for tests and build scripts included.
    pub(crate) dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

impl Workspace {
    /// Finds the workspace that this program was started for.
    pub(crate) fn find() -> anyhow::Result<Self> {
        // Asked at run time first: a shared target folder may hold a binary that another checkout
        // built.
        let manifest_folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_folder
            .parent()
            .with_context(|| format!("`{}` has no parent folder", manifest_folder.display()))?
            .to_owned();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(&cargo);
        command.current_dir(&root).args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ]);
        let metadata: Metadata = serde_json::from_str(&stdout_of(&mut command)?)
            .context("cannot read what `cargo metadata` says")?;
        let crates = metadata
            .packages
            .into_iter()
            .map(|package| CrateEdges {
                name: package.name,
                dependencies: package.dependencies.into_iter().map(|d| d.name).collect(),
            })
            .collect();
        Ok(Self { root, target: metadata.target_directory, crates, cargo })
    }

    /// A cargo command in the root of the checkout.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cargo);
        command.current_dir(&self.root).args(arguments);
        // What `cargo run` told this program about itself. Build scripts of some crates (`ring`)
        // watch these, and would build again all that stands on them.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The `stele` binary of a profile's folder, `debug` or `release`.
    pub(crate) fn binary(&self, profile_folder: &str) -> PathBuf {
        self.target.join(profile_folder).join("stele")
    }

    /// An example of a profile's folder.
    pub(crate) fn example(&self, profile_folder: &str, name: &str) -> PathBuf {
        self.target.join(profile_folder).join("examples").join(name)
    }

    /// The corpus of real logs, where there is one: `STELE_CORPUS`, or beside the checkout.
    pub(crate) fn corpus(&self) -> Option<PathBuf> {
        let folder = match std::env::var_os("STELE_CORPUS") {
            Some(folder) => PathBuf::from(folder),
            None => self.root.parent()?.join("shared").join("corpus"),
        };
        folder.is_dir().then_some(folder)
    }
}

/// Whether this runs in CI, where nothing may be skipped for want of a tool.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Runs a command, its output going to the terminal.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(())
}

/// Runs a command and returns what it wrote to stdout; its stderr goes to the terminal.
pub(crate) fn stdout_of(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{}: not UTF-8", shown(command)))
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    format!("`{}`", words.join(" "))
}
