//! The other end of a worker: starts the process, gives it orders, and kills it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::worker::{Limits, Order};

/// A worker that gives no answer for so long hangs.
const ANSWER_SECONDS_MAX: u64 = 120;
/// So many lines of a worker may wait; it is asked one thing at a time.
const ANSWERS_MAX: usize = 64;

/// A worker at work; killed when it is dropped.
pub(crate) struct Working {
    process: Child,
    orders: ChildStdin,
    answers: Receiver<String>,
    /// What it told beside its answers.
    log: std::path::PathBuf,
}

impl Working {
    /// Starts a worker over the data folder `data` below a folder, and waits until it is open.
    pub(crate) fn start(folder: &Path, limits: Limits) -> anyhow::Result<Self> {
        let mut working = Self::spawn(folder)?;
        working.order(&Order::Open(limits))?;
        Ok(working)
    }

    /// Starts a worker that has not opened anything yet.
    pub(crate) fn spawn(folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join("worker.log");
        let errors = File::options().append(true).create(true).open(&log)?;
        let mut command = Command::new(std::env::current_exe()?);
        // Nothing that is set for another server is meant for this one.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
            command.env_remove(name);
        }
        let mut process = command
            .current_dir(folder)
            .args(["--data", "data", "selftest", "worker"])
            .env("STELE_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .context("cannot start a process of this program")?;
        let orders = process.stdin.take().context("the worker has no stdin")?;
        let output = process.stdout.take().context("the worker has no stdout")?;
        let (send, answers) = sync_channel(ANSWERS_MAX);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { process, orders, answers, log })
    }

    /// Gives an order, and does not wait for the answer.
    pub(crate) fn tell(&mut self, order: &Order) -> anyhow::Result<()> {
        writeln!(self.orders, "{}", serde_json::to_string(order)?)?;
        Ok(self.orders.flush()?)
    }

    /// Gives an order, and waits for the answer.
    pub(crate) fn order(&mut self, order: &Order) -> anyhow::Result<Value> {
        if let Err(error) = self.tell(order) {
            bail!("the worker takes no order: {error}; {}", self.last_words());
        }
        match self.answers.recv_timeout(Duration::from_secs(ANSWER_SECONDS_MAX)) {
            Ok(line) => Ok(serde_json::from_str(&line)?),
            Err(RecvTimeoutError::Timeout) => {
                bail!("no answer in {ANSWER_SECONDS_MAX} s to {order:?}")
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the worker ended over {order:?}: {}", self.last_words())
            }
        }
    }

    /// Ends it in good order.
    pub(crate) fn close(mut self) -> anyhow::Result<()> {
        self.order(&Order::Close)?;
        let status = self.process.wait()?;
        if !status.success() {
            bail!("the worker ended with {status}: {}", self.last_words());
        }
        Ok(())
    }

    /// Kills it, as `kill -9` does. An answer that it gave before counts: gives the last one.
    pub(crate) fn kill(mut self) -> anyhow::Result<Option<Value>> {
        self.process.kill()?;
        self.process.wait()?;
        let mut last = None;
        // Ends when the pipe does, which the process has left.
        while let Ok(line) = self.answers.recv() {
            last = serde_json::from_str(&line).ok();
        }
        Ok(last)
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().rev().take(3).collect::<Vec<_>>().join(" / ")
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_ours(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with("STELE_")
}
