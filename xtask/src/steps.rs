//! Named steps with their times, of which the first that fails ends the run.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::workspace;

/// What a step is about; the times of each kind are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Looks at sources.
    Check,
    /// Compiles.
    Build,
    /// Runs what was compiled.
    Test,
}

/// How a step that did not fail ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was done.
    Done,
    /// It could not be done here, for this reason.
    Skipped(String),
}

/// The steps of a run.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Kind, Duration)>,
    skipped: Vec<String>,
}

impl Steps {
    /// Runs a step: says its name before, and how long it took after.
    pub(crate) fn run(
        &mut self,
        name: &str,
        kind: Kind,
        work: impl FnOnce() -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<()> {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let outcome = work();
        let took = started.elapsed();
        self.done.push((name.to_owned(), kind, took));
        match outcome {
            Ok(Outcome::Done) => eprintln!("== {name}: ok in {:.1} s", took.as_secs_f64()),
            Ok(Outcome::Skipped(reason)) => {
                eprintln!("== skipped: {name}: {reason}");
                self.skipped.push(format!("{name}: {reason}"));
            }
            Err(error) => {
                eprintln!("== {name}: failed after {:.1} s", took.as_secs_f64());
                return Err(error.context(format!("the step `{name}` failed")));
            }
        }
        Ok(())
    }

    /// Prints the times, by step and by kind, and what was skipped.
    pub(crate) fn summarise(&self) {
        println!();
        for (name, _, took) in &self.done {
            println!("{:>8.1} s  {name}", took.as_secs_f64());
        }
        for reason in &self.skipped {
            println!("skipped: {reason}");
        }
        println!(
            "checks {:.1} s, build {:.1} s, tests {:.1} s",
            self.seconds(Kind::Check),
            self.seconds(Kind::Build),
            self.seconds(Kind::Test),
        );
    }

    fn seconds(&self, kind: Kind) -> f64 {
        let of_kind = self.done.iter().filter(|(_, k, _)| *k == kind);
        of_kind.fold(0.0, |sum, (_, _, took)| sum + took.as_secs_f64())
    }
}

/// How many tests ran, by what their runner said.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TestCounts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl TestCounts {
    /// Adds up what a line of a test runner says: the closing lines of `cargo test`, of nextest,
    /// of vitest and of Python's unittest. Any other line counts nothing.
    pub(crate) fn read_line(&mut self, line: &str) {
        let plain = without_colours(line);
        let line = plain.trim();
        let nextest = line.starts_with("Summary [") && line.contains(" run: ");
        let vitest = line.starts_with("Tests ") && line.ends_with(')');
        // Indented, it is a test that nextest quotes because it failed.
        if nextest || vitest || plain.starts_with("test result: ") {
            self.passed += number_before(line, " passed");
            self.failed += number_before(line, " failed");
            self.skipped += number_before(line, " skipped") + number_before(line, " ignored");
        } else if let Some(rest) = line.strip_prefix("Ran ")
            && line.contains(" test")
        {
            let digits = rest.split(' ').next().unwrap_or_default();
            self.passed += digits.parse::<u64>().unwrap_or_default();
        }
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let Some(end) = line.find(word) else {
        return 0;
    };
    let digits = line[..end].rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_default()
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            // A colour is `ESC [ digits ; digits m` (ECMA-48, SGR).
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

/// Runs a test runner, passes its output on, and counts its tests.
pub(crate) fn run_tests(command: &mut Command, counts: &mut TestCounts) -> anyhow::Result<()> {
    let shown = workspace::shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let stdout = child.stdout.take().context("no stdout")?;
    let stderr = child.stderr.take().context("no stderr")?;
    let (out, err) = std::thread::scope(|scope| {
        let out = scope.spawn(|| pass_on(stdout, std::io::stdout()));
        let err = pass_on(stderr, std::io::stderr());
        (out.join().unwrap_or_default(), err)
    });
    let status = child.wait()?;
    for seen in [out, err] {
        counts.passed += seen.passed;
        counts.failed += seen.failed;
        counts.skipped += seen.skipped;
    }
    ensure!(status.success(), "{shown} failed: {status}");
    Ok(())
}

fn pass_on(from: impl Read, mut to: impl Write) -> TestCounts {
    let mut counts = TestCounts::default();
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // Where nobody reads the terminal the tests still run to their end.
        let _ = to.write_all(&line);
        counts.read_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    counts
}

#[cfg(test)]
mod tests;
