//! A running `stele up` for the time of a bench.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::http;

const START_TIMEOUT: Duration = Duration::from_mins(1);

/// The server; it is killed when this goes.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts it on a free port of loopback and waits until it is healthy.
    pub(super) fn start(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let child = Command::new(binary)
            .arg("up")
            .arg("--data")
            .arg(data)
            .args(["--listen", &address])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start `stele up`")?;
        let mut server = Self { child, address };
        let started = Instant::now();
        while http::get(&server.address, "/api/v1/health").is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("`stele up` ended by itself: {status}");
            }
            if started.elapsed() > START_TIMEOUT {
                bail!("`stele up` is not healthy after {} s", START_TIMEOUT.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks for a path; the body.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        http::get(&self.address, path)
    }

    /// Asks in SQL; the body, an object a line.
    pub(super) fn sql(&self, sql: &str) -> anyhow::Result<Vec<u8>> {
        let body = serde_json::json!({ "sql": sql }).to_string();
        http::post_json(&self.address, "/api/v1/sql", &body)
    }

    /// Asks in SQL; the first row.
    pub(super) fn first_row(&self, sql: &str) -> anyhow::Result<Value> {
        let body = self.sql(sql)?;
        let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice(line).with_context(|| format!("`{sql}` gives no row"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
