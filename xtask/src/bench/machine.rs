//! What a measurement was made on.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::workspace;

/// The machine.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    cpu: String,
    cores: usize,
    memory_gib: f64,
    kernel: String,
    rustc: String,
    commit: String,
}

impl Machine {
    /// Asks the machine; what it does not say is "unknown".
    pub(super) fn describe() -> anyhow::Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = value_of(&read("/proc/cpuinfo"), "model name");
        let memory = value_of(&read("/proc/meminfo"), "MemTotal");
        let memory_kib: f64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        let commit =
            workspace::stdout_of(Command::new("git").args(["describe", "--always", "--dirty"]));
        Ok(Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: (memory_kib / f64::from(1 << 20) * 10.0).round() / 10.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: workspace::stdout_of(Command::new("rustc").arg("--version"))?.trim().to_owned(),
            commit: commit.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned()),
        })
    }

    /// The machine in one line.
    pub(super) fn sentence(&self) -> String {
        format!(
            "{}, {} cores, {} GiB, Linux {}, {}, commit {}",
            self.cpu, self.cores, self.memory_gib, self.kernel, self.rustc, self.commit
        )
    }
}

/// The value of the first `name : value` line.
fn value_of(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
    value.unwrap_or("unknown").to_owned()
}
