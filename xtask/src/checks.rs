//! `cargo xtask test`: everything that CI checks, in the order in which a mistake is cheapest to
//! find. The first step that fails ends the run with a plain sentence.

use anyhow::ensure;

use crate::arguments::Arguments;
use crate::aws;
use crate::external::{self, Readers};
use crate::generate::{self, Mode};
use crate::page;
use crate::python::{Packages, Python};
use crate::steps::{Kind, Outcome, Steps, TestCounts, run_tests};
use crate::tidy;
use crate::workspace::{self, Workspace};

/// Runs all steps.
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> anyhow::Result<()> {
    let kill_rounds = arguments.number("--kill-rounds", external::KILL_ROUNDS)?;
    arguments.finish()?;
    let mut steps = Steps::default();
    let mut counts = TestCounts::default();
    let outcome = all(workspace, kill_rounds, &mut steps, &mut counts);
    steps.summarise();
    println!(
        "tests: {} passed, {} failed, {} skipped",
        counts.passed, counts.failed, counts.skipped
    );
    outcome
}

fn all(
    workspace: &Workspace,
    kill_rounds: u32,
    steps: &mut Steps,
    counts: &mut TestCounts,
) -> anyhow::Result<()> {
    let cargo =
        |words: &[&str]| workspace::run(&mut workspace.cargo(words)).map(|()| Outcome::Done);
    steps.run("fetch: every crate, at the version that Cargo.lock names", Kind::Build, || {
        cargo(&["fetch", "--locked", "--target", &tidy::host_target()?])
    })?;
    steps.run("format: cargo fmt", Kind::Check, || cargo(&["fmt", "--all", "--check"]))?;
    steps.run("tidy: the project's own rules", Kind::Check, || {
        tidy::check(workspace).map(|()| Outcome::Done)
    })?;
    steps.run("advisories: cargo-deny", Kind::Check, || deny(workspace))?;
    steps.run("page: made with Node.js", Kind::Build, || page::ensure_made(workspace))?;
    steps.run("page: types and unit tests", Kind::Test, || page::check(workspace, counts))?;
    steps.run("clippy: no warnings", Kind::Check, || {
        cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"])
    })?;
    steps.run("build: the tests and the binary", Kind::Build, || {
        // As `cargo test --no-run` does it, and the binary of `stele` in the same go.
        cargo(&["build", "--locked", "--workspace", "--tests", "--bins"])
    })?;
    steps.run("tests", Kind::Test, || rust_tests(workspace, counts))?;
    steps.run("generated files are current", Kind::Check, || {
        generate::check(workspace, Mode::Check)
    })?;
    let mut python = None;
    steps.run("python: the pinned readers", Kind::Build, || {
        let found = Python::prepare(workspace, Packages::Readers)?;
        let outcome = found.outcome();
        python = Some(found);
        Ok(outcome)
    })?;
    let python = python.unwrap_or(Python::Missing(String::new()));
    steps.run("external: tests of the external checks", Kind::Test, || {
        external::unit_tests(workspace, &python, counts)
    })?;
    steps.run("aws: operations and requests agree with botocore's", Kind::Check, || {
        aws::models(workspace)
    })?;
    steps.run("aws: assess against a stand-in, each call refused in turn", Kind::Test, || {
        aws::assess(workspace)
    })?;
    steps.run(
        "aws: plans applied, cut and rolled back, and drift, likewise",
        Kind::Test,
        || aws::apply(workspace),
    )?;
    steps.run("aws: exported templates are linted and executed", Kind::Test, || {
        aws::export(workspace)
    })?;
    steps.run("aws: findings are kept and proven, and drift names who", Kind::Test, || {
        aws::kept(workspace)
    })?;
    steps.run("aws: copies in tars and in S3 are verified as the folder is", Kind::Test, || {
        aws::verify(workspace)
    })?;
    let mut readers = None;
    steps.run("external: import a lake for other readers", Kind::Test, || {
        external::make_lake(workspace, &python, &mut readers)
    })?;
    for reader in Readers::ALL {
        steps.run(reader.title(), Kind::Test, || {
            external::read_lake(workspace, &python, readers.as_ref(), reader)
        })?;
    }
    steps.run("external: nothing is lost or doubled by kill -9", Kind::Test, || {
        external::kill_test(workspace, &python, kill_rounds)
    })
}

fn rust_tests(workspace: &Workspace, counts: &mut TestCounts) -> anyhow::Result<Outcome> {
    let nextest = workspace
        .cargo(&["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    let mut command = if nextest {
        workspace.cargo(&["nextest", "run", "--locked", "--workspace", "--no-fail-fast"])
    } else {
        workspace.cargo(&["test", "--locked", "--workspace", "--no-fail-fast"])
    };
    let before = counts.passed;
    run_tests(&mut command, counts)?;
    ensure!(counts.passed > before, "no test ran; see what the test runner says above");
    Ok(Outcome::Done)
}

/// Known vulnerabilities need cargo-deny and its database; licences are tidy's business too.
fn deny(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let installed = workspace
        .cargo(&["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !installed {
        let reason = "cargo-deny is not installed (licences were checked by tidy)";
        return Ok(Outcome::Skipped(reason.to_owned()));
    }
    workspace::run(&mut workspace.cargo(&["deny", "--locked", "check"]))?;
    Ok(Outcome::Done)
}
