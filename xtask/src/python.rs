//! Python and pinned packages: other people's readers of the lake, and a stand-in for AWS.
//!
//! Each list of packages has an environment of its own below the target folder, which is installed
//! only when the list changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::steps::Outcome;
use crate::workspace::{self, Workspace};

/// A list of packages, in a folder of the scripts that need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packages {
    /// Readers of the lake.
    Readers,
    /// moto and botocore.
    Moto,
}

impl Packages {
    fn scripts(self) -> &'static str {
        match self {
            Self::Readers => "tests/external",
            Self::Moto => "tests/moto",
        }
    }

    fn environment(self) -> &'static str {
        match self {
            Self::Readers => "xtask-python",
            Self::Moto => "xtask-python-moto",
        }
    }
}

/// What there is of Python.
#[derive(Debug, Clone)]
pub(crate) enum Python {
    /// The interpreter, with all packages.
    Complete(PathBuf),
    /// An interpreter without the packages, and why.
    Bare(PathBuf, String),
    /// Nothing, and why.
    Missing(String),
}

impl Python {
    /// Finds Python and installs the packages.
    ///
    /// # Errors
    /// In CI, where something is missing; elsewhere that is said in the value.
    pub(crate) fn prepare(workspace: &Workspace, packages: Packages) -> anyhow::Result<Self> {
        let found = Self::find(workspace, packages)?;
        match &found {
            Self::Bare(_, reason) | Self::Missing(reason) if workspace::in_ci() => {
                bail!("{reason}; in CI nothing is skipped: install python3 and python3-venv")
            }
            _ => Ok(found),
        }
    }

    fn find(workspace: &Workspace, packages: Packages) -> anyhow::Result<Self> {
        let system = PathBuf::from("python3");
        if !succeeds(Command::new(&system).arg("--version")) {
            return Ok(Self::Missing("python3 is not installed".to_owned()));
        }
        let list = workspace.root.join(packages.scripts()).join("requirements.txt");
        let wanted = fs::read_to_string(&list)
            .with_context(|| format!("cannot read `{}`", list.display()))?;
        let folder = workspace.target.join(packages.environment());
        let interpreter = folder.join("bin").join("python");
        let marker = folder.join("installed.txt");
        if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted)
            && succeeds(Command::new(&interpreter).arg("--version"))
        {
            return Ok(Self::Complete(interpreter));
        }
        match install(&system, &folder, &interpreter, &list) {
            Ok(()) => {
                fs::write(&marker, wanted)?;
                Ok(Self::Complete(interpreter))
            }
            Err(error) => Ok(Self::Bare(system, format!("{error:#}"))),
        }
    }

    /// How the step that prepared it ended.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Complete(_) => Outcome::Done,
            Self::Bare(_, reason) | Self::Missing(reason) => Outcome::Skipped(reason.clone()),
        }
    }

    /// A command that runs a script of `tests/` that needs the packages.
    ///
    /// # Errors
    /// The reason why there is none, for a step to skip itself with.
    pub(crate) fn script(&self, workspace: &Workspace, name: &str) -> Result<Command, Outcome> {
        match self {
            Self::Complete(interpreter) => Ok(script(workspace, interpreter, name)),
            Self::Bare(_, reason) | Self::Missing(reason) => Err(Outcome::Skipped(reason.clone())),
        }
    }

    /// A command that runs a script which needs nothing but Python.
    ///
    /// # Errors
    /// The reason why there is none, for a step to skip itself with.
    pub(crate) fn bare_script(
        &self,
        workspace: &Workspace,
        name: &str,
    ) -> Result<Command, Outcome> {
        match self {
            Self::Complete(interpreter) | Self::Bare(interpreter, _) => {
                Ok(script(workspace, interpreter, name))
            }
            Self::Missing(reason) => Err(Outcome::Skipped(reason.clone())),
        }
    }
}

fn script(workspace: &Workspace, interpreter: &Path, name: &str) -> Command {
    let mut command = Command::new(interpreter);
    command
        .current_dir(&workspace.root)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(workspace.root.join("tests").join(name));
    command
}

fn install(system: &Path, folder: &Path, interpreter: &Path, list: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let environment = workspace::run(Command::new(system).args(["-m", "venv"]).arg(folder));
    environment.context("cannot make a Python environment (Debian: `apt install python3-venv`)")?;
    let mut command = Command::new(interpreter);
    command
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary", ":all:", "--requirement"])
        .arg(list);
    workspace::run(&mut command).context("cannot install the Python packages")
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
