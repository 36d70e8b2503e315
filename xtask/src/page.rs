//! `cargo xtask ui`: the web page, made from `ui/` with Node.js into `ui/dist`, from where the
//! build of the server takes it.
//!
//! Packages are installed when `package-lock.json` changes, and the page is made again when one of
//! its sources is newer than it. Without Node.js the server is built without its page, and says
//! so; in CI nothing is left out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};

use crate::arguments::Arguments;
use crate::steps::{Outcome, TestCounts, run_tests};
use crate::workspace::{self, Workspace};

/// What the page is made from, in `ui/`.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "scripts",
    "index.html",
    "package-lock.json",
    "svelte.config.js",
    "vite.config.ts",
];
/// The oldest Node.js that can make it, as in `engines` of `ui/package.json`.
const NODE_MIN: (u32, u32) = (20, 19);

/// The command.
pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> anyhow::Result<()> {
    arguments.finish()?;
    match Page::find(workspace)? {
        Ok(page) => page.make(),
        Err(reason) => bail!("{reason}"),
    }
}

/// Makes the page where it is missing or stale, or says why it cannot.
///
/// # Errors
/// In CI where it cannot be made, and everywhere where making it fails.
pub(crate) fn ensure_made(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let page = match Page::find(workspace)? {
        Ok(page) => page,
        Err(reason) if workspace::in_ci() => bail!("{reason}; in CI nothing is skipped"),
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    if !page.is_current()? {
        page.make()?;
    }
    Ok(Outcome::Done)
}

/// Writes the types of the interface that the page is written against, where Node.js is.
pub(crate) fn generate(workspace: &Workspace) -> anyhow::Result<()> {
    match Page::find(workspace)? {
        Ok(page) => {
            page.install()?;
            workspace::run(&mut page.npm(&["run", "--silent", "api"]))
        }
        Err(reason) => {
            eprintln!("skipped: the page's types of the interface: {reason}");
            Ok(())
        }
    }
}

/// Types, and the unit tests of the page.
pub(crate) fn check(workspace: &Workspace, counts: &mut TestCounts) -> anyhow::Result<Outcome> {
    let page = match Page::find(workspace)? {
        Ok(page) => page,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    workspace::run(&mut page.npm(&["run", "--silent", "check"]))?;
    run_tests(&mut page.npm(&["test", "--silent"]), counts)?;
    Ok(Outcome::Done)
}

/// The folder `ui`, on a machine that has Node.js.
struct Page {
    folder: PathBuf,
}

impl Page {
    /// Looks for Node.js; the inner error says what is missing.
    fn find(workspace: &Workspace) -> anyhow::Result<Result<Self, String>> {
        let folder = workspace.root.join("ui");
        let (major, minor) = NODE_MIN;
        let wanted = format!("Node.js {major}.{minor} or later with npm");
        let version = Command::new("node").arg("--version").stdin(Stdio::null()).output();
        let Ok(version) = version else {
            return Ok(Err(format!("the web page needs {wanted}, which is not installed")));
        };
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
        let (Some(Ok(found_major)), Some(Ok(found_minor))) = (numbers.next(), numbers.next())
        else {
            bail!("`node --version` says `{version}`");
        };
        if (found_major, found_minor) < NODE_MIN {
            return Ok(Err(format!("the web page needs {wanted}, and this is {version}")));
        }
        if Command::new("npm").arg("--version").stdin(Stdio::null()).output().is_err() {
            return Ok(Err(format!("the web page needs {wanted}, and npm is not installed")));
        }
        Ok(Ok(Self { folder }))
    }

    fn npm(&self, words: &[&str]) -> Command {
        let mut command = Command::new("npm");
        command.current_dir(&self.folder).args(words).stdin(Stdio::null());
        command
    }

    /// Whether `dist` is newer than everything it is made from.
    fn is_current(&self) -> anyhow::Result<bool> {
        let Ok(made) = modified(&self.folder.join("dist/index.html")) else { return Ok(false) };
        for source in SOURCES {
            if newest(&self.folder.join(source))? > made {
                return Ok(false);
            }
        }
        self.is_installed()
    }

    /// Whether the packages are those of the lock file.
    fn is_installed(&self) -> anyhow::Result<bool> {
        let lock = modified(&self.folder.join("package-lock.json"))?;
        let installed = modified(&self.folder.join("node_modules/.package-lock.json"));
        Ok(installed.is_ok_and(|installed| installed >= lock))
    }

    /// Installs the packages where they are missing or others.
    fn install(&self) -> anyhow::Result<()> {
        if self.is_installed()? {
            return Ok(());
        }
        let mut install = self.npm(&["ci", "--no-audit", "--no-fund", "--loglevel", "error"]);
        workspace::run(&mut install).context("cannot install the packages of the page")
    }

    fn make(&self) -> anyhow::Result<()> {
        self.install()?;
        workspace::run(&mut self.npm(&["run", "--silent", "build"]))?;
        ensure!(self.is_current()?, "the page was made, and is still older than its sources");
        Ok(())
    }
}

fn modified(path: &Path) -> anyhow::Result<SystemTime> {
    let found = fs::metadata(path).and_then(|about| about.modified());
    found.with_context(|| format!("cannot look at `{}`", path.display()))
}

/// When the newest file of a folder changed, or the file itself.
fn newest(path: &Path) -> anyhow::Result<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let mut newest = SystemTime::UNIX_EPOCH;
    let entries =
        fs::read_dir(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    for entry in entries {
        newest = newest.max(self::newest(&entry?.path())?);
    }
    Ok(newest)
}
