//! A running `stele up`, and a command line beside it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary under test.
pub(crate) fn stele(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stele"));
    command.arg("--data").arg(data).arg("--json").env_remove("STELE_SERVER");
    command
}

/// Runs a command to its end.
pub(crate) fn run(data: &Path, words: &[&str]) -> Output {
    stele(data).args(words).output().unwrap()
}

/// Runs a command that must succeed; its stdout, one JSON value a line.
pub(crate) fn rows(data: &Path, words: &[&str]) -> Vec<Value> {
    let output = run(data, words);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The single number that a question is answered with.
pub(crate) fn count(data: &Path, sql: &str) -> i64 {
    rows(data, &["sql", sql])[0].as_object().unwrap().values().next().unwrap().as_i64().unwrap()
}

/// A server; killed when dropped.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same, with more flags.
    pub(crate) fn start_with(data: &Path, flags: &[&str]) -> Self {
        Self::start_in(data, flags, &[])
    }

    /// The same, with settings in variables.
    pub(crate) fn start_in(data: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let _ = std::fs::remove_file(data.join("run.json"));
        let process = stele(data)
            .args(["up", "--listen", "127.0.0.1:0"])
            .args(flags)
            .envs(variables.iter().copied())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { process, address: String::new() };
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            assert!(Instant::now() < deadline, "the server does not start");
            assert_eq!(server.process.try_wait().unwrap(), None, "the server ended");
            let run = std::fs::read_to_string(data.join("run.json")).unwrap_or_default();
            if let Ok(run) = serde_json::from_str::<Value>(&run) {
                let address = run["address"].as_str().unwrap();
                address.strip_prefix("http://").unwrap().clone_into(&mut server.address);
                if TcpStream::connect(&server.address).is_ok() {
                    return server;
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it listens: address and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request; the status and the body.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> (u16, String) {
        let headers = format!("Host: {}\r\n{headers}", self.address);
        let (head, body) = self.exchange(method, &format!("/api/v1/{path}"), &headers, body);
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// Sends a request with these headers and no others; the head of the answer and its body.
    pub(crate) fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses early may have closed its side already.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        (head, answer.get(end + 4..).unwrap_or_default().to_vec())
    }

    /// Ingests a body that must be taken; the answer.
    pub(crate) fn ingest(&self, path: &str, body: &[u8]) -> Value {
        let (status, answer) = self.request("POST", path, "", body);
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Gets a JSON value.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, answer) = self.request("GET", path, "", b"");
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Asks the server to end, and waits until it has.
    pub(crate) fn stop(mut self) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").arg(&process).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }

    /// Kills the server as a power cut would.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
