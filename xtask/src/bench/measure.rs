//! What a process took: time, processor seconds and memory, as Linux counts them in `/proc`.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::workspace;

/// proc(5): times in `/proc/<pid>/stat` are in ticks, and `USER_HZ` is 100 on every Linux that
/// Rust has a standard library for, except Alpha and IA-64.
const TICKS_PER_SECOND: f64 = 100.0;
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// What a process took.
#[derive(Debug, Default, Clone)]
pub(super) struct Usage {
    /// From its start to its end.
    pub(super) wall_seconds: f64,
    /// User and system time of it and its children.
    pub(super) cpu_seconds: f64,
    /// The most memory it had resident at once (looked at every 10 ms).
    pub(super) peak_resident_bytes: u64,
    /// What it wrote to stdout.
    pub(super) stdout: String,
}

/// Runs a command to its end and says what it took.
pub(super) fn run(command: &mut Command) -> anyhow::Result<Usage> {
    run_to(command, &[0])
}

/// The same for a command that ends with one of these codes when all went well.
pub(super) fn run_to(command: &mut Command, codes: &[i32]) -> anyhow::Result<Usage> {
    let shown = workspace::shown(command);
    let cpu_before = children_cpu_seconds()?;
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let mut output = child.stdout.take().context("no stdout")?;
    let reader = thread::spawn(move || {
        let mut stdout = String::new();
        output.read_to_string(&mut stdout).map(|_| stdout)
    });
    let (wall_seconds, peak_resident_bytes) = wait(&mut child, started, &shown, codes)?;
    let stdout = reader.join().map_err(|_| anyhow::anyhow!("the reader died"))??;
    let cpu_seconds = children_cpu_seconds()? - cpu_before;
    Ok(Usage { wall_seconds, cpu_seconds, peak_resident_bytes, stdout })
}

fn wait(
    child: &mut Child,
    started: Instant,
    shown: &str,
    codes: &[i32],
) -> anyhow::Result<(f64, u64)> {
    let mut peak = 0;
    loop {
        peak = peak_resident_bytes(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait()? {
            let well = status.code().is_some_and(|code| codes.contains(&code));
            ensure!(well, "{shown} failed: {status}");
            return Ok((started.elapsed().as_secs_f64(), peak));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// The most memory that a process had resident so far.
pub(super) fn peak_resident_bytes(pid: u32) -> Option<u64> {
    status_bytes(pid, "VmHWM:")
}

/// The memory that a process has resident now.
pub(super) fn resident_bytes(pid: u32) -> Option<u64> {
    status_bytes(pid, "VmRSS:")
}

fn status_bytes(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1_024)
}

/// Processor time of all children that were waited for, in seconds.
fn children_cpu_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("benches need Linux's /proc")?;
    // proc(5): fields 16 and 17, cutime and cstime.
    ticks(&stat, 16, 17).context("cannot read /proc/self/stat")
}

/// Processor time that a running process took so far, in seconds.
pub(super) fn process_cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // proc(5): fields 14 and 15, utime and stime.
    ticks(&stat, 14, 15).with_context(|| format!("cannot read /proc/{pid}/stat"))
}

/// The sum of two fields of a stat line, numbered from 1 as in proc(5), in seconds.
pub(super) fn ticks(stat: &str, first: usize, second: usize) -> Option<f64> {
    // Field 2 is the name in parentheses, which may itself hold spaces and parentheses.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some((field(first)? + field(second)?) / TICKS_PER_SECOND)
}
