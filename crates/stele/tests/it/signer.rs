//! The signer as a process of its own: the server works with it, without it, and not against it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::ledger::{text, verify};
use crate::server::{Server, rows, stele};

/// A signer; killed when dropped.
struct Signer {
    process: Child,
    setting: String,
}

impl Signer {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("signer.sock");
        let _ = std::fs::remove_file(&socket);
        let process = command(folder).stderr(Stdio::null()).spawn().unwrap();
        wait("the signer starts", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        Self { process, setting: format!("unix:{}", socket.display()) }
    }

    fn server(&self, data: &Path) -> Server {
        Server::start_in(data, &[], &[("STELE_LEDGER_SIGNER", &self.setting)])
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stele"));
    command.arg("signer").arg("--key").arg(folder.join("ledger.key"));
    command.arg("--socket").arg(folder.join("signer.sock"));
    command
}

/// Waits until something is so.
pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !is_so() {
        assert!(Instant::now() < deadline, "not in two minutes: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A folder of the signer's, and one of the data.
fn places() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (signer, data) = (folder.path().join("signer"), folder.path().join("data"));
    std::fs::create_dir(&signer).unwrap();
    (folder, signer, data)
}

/// The number of entries of a record, by what stands in it.
fn recorded(server: &Server) -> u64 {
    server.get("ledger/entries?limit=0")["size"].as_u64().unwrap()
}

/// Ingests one event and waits until its batch is on record.
fn record(server: &Server, number: u32) {
    let before = recorded(server);
    server.ingest("ingest/json?source=s", format!("{{\"n\":{number}}}\n").as_bytes());
    wait("the batch is on record", || {
        let entries = server.get(&format!("ledger/entries?first={before}"));
        let found = entries["entries"].as_array().unwrap();
        found.iter().any(|entry| entry["record"]["t"] == "batch")
    });
}

#[test]
fn a_server_without_the_key_is_signed_for_and_goes_on_while_the_signer_is_away() {
    let (_folder, keys, data) = places();
    let signer = Signer::start(&keys);
    let second = command(&keys).output().unwrap();
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && error.contains("another `stele signer` has it"), "{error}");
    let server = signer.server(&data);
    record(&server, 1);
    assert!(!data.join("keys/ledger.key").exists());
    let key = text(keys.join("ledger.keys")).trim().to_owned();
    assert_eq!(text(data.join("keys/ledger.keys")).trim(), key);
    assert!(text(data.join("README.md")).contains("The key that signs the ledger is not here"));
    assert_eq!(server.get("health"), serde_json::json!({"status": "ok"}));
    // The signer goes away. Senders do not notice; operators do.
    drop(signer);
    let size = recorded(&server);
    server.ingest("ingest/json?source=s", b"{\"n\":2}\n");
    wait("health tells it", || server.get("health")["status"] == "degraded");
    let status = server.get("status");
    let signing = &status["ledger"]["signer"];
    assert_eq!(
        (&signing["signs"], &signing["refuses"]),
        (&Value::Bool(false), &Value::Bool(false))
    );
    assert!(signing["reason"].as_str().unwrap().contains("no answer from the signer"), "{status}");
    assert!(status["ledger"]["waiting_entries"].as_u64().unwrap() > 0, "{status}");
    server.ingest("ingest/json?source=s", b"{\"n\":3}\n");
    assert_eq!(server.request("POST", "admin/flush", "", b"").0, 200);
    assert_eq!(server.request("POST", "admin/compact", "", b"").0, 200);
    // Whoever verifies now is told why it is incomplete, and finds nothing wrong.
    let (code, report) = verify(&data, &key, &["--deep"]);
    assert!(code == 4 && report["counts"]["signer-away"] == 1, "{report:#}");
    assert_eq!(report["verified"]["events"], 1, "{report:#}");
    let (code, answer) = server.request("POST", "admin/rotate-key", "", b"");
    assert!(code == 503 && answer.contains("signer_away"), "{code} {answer}");
    assert_eq!(recorded(&server), size);
    assert_eq!(crate::server::count(&data, "SELECT count(*) FROM events"), 3);
    // It comes back, and everything comes on record without a restart; then the key changes.
    let signer = Signer::start(&keys);
    wait("it is signed again", || server.get("health")["status"] == "ok");
    record(&server, 4);
    let changed = &rows(&data, &["ledger", "rotate-key"])[0];
    assert_ne!(changed["key"], key);
    record(&server, 5);
    server.stop();
    drop(signer);
    let (code, report) = verify(&data, &key, &["--deep"]);
    assert_eq!((code, &report["verified"]["events"]), (0, &Value::from(5)), "{report:#}");
    let listed = text(keys.join("ledger.keys"));
    assert_eq!(listed.lines().last(), changed["key"].as_str());
}

#[test]
fn after_kills_of_both_and_without_its_signer_a_server_starts_and_loses_nothing() {
    let (_folder, keys, data) = places();
    let up = |setting: &str| {
        let mut command = stele(&data);
        command.args(["import", "-"]).env("STELE_LEDGER_SIGNER", setting);
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let setting = format!("unix:{}", keys.join("signer.sock").display());
    let (is_up, error) = up(&setting);
    assert!(!is_up && error.contains("no answer from the signer at"), "{error}");
    let mut events = 0;
    for round in 0..4_u32 {
        let signer = Signer::start(&keys);
        let server = signer.server(&data);
        for number in 0..20 {
            let body = format!("{{\"n\":{}}}\n", round * 100 + number);
            server.ingest("ingest/json?source=s", body.as_bytes());
            events += 1;
        }
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_millis(u64::from(round) * 300));
        }
        server.kill();
        drop(signer);
    }
    let signer = Signer::start(&keys);
    let (is_up, error) = up(&setting);
    assert!(is_up, "{error}");
    drop(signer);
    // It begins, serves and ends without the signer, too.
    let (is_up, error) = up(&setting);
    assert!(is_up && error.contains("not on record yet"), "{error}");
    let key = text(keys.join("ledger.keys")).trim().to_owned();
    let (code, report) = verify(&data, &key, &[]);
    assert!(code == 4 && report["counts"]["signer-away"] == 1, "{report:#}");
    let signer = Signer::start(&keys);
    assert!(up(&setting).0);
    drop(signer);
    let (code, report) = verify(&data, &key, &[]);
    assert_eq!((code, &report["verified"]["events"]), (0, &Value::from(events)), "{report:#}");
}

#[test]
fn a_copy_and_another_server_cannot_make_it_sign_a_fork() {
    let (folder, keys, data) = places();
    let signer = Signer::start(&keys);
    let server = signer.server(&data);
    record(&server, 1);
    server.stop();
    let copy = folder.path().join("copy");
    let copied = Command::new("cp").arg("-a").arg(&data).arg(&copy).status().unwrap();
    assert!(copied.success());
    let server = signer.server(&data);
    record(&server, 2);
    for (data, part) in [(&copy, "was put back"), (&folder.path().join("new"), "was put back")] {
        let mut command = stele(data);
        command.args(["import", "-"]).env("STELE_LEDGER_SIGNER", &signer.setting);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(part), "{error}");
    }
    record(&server, 3);
    server.stop();
    let key = text(keys.join("ledger.keys")).trim().to_owned();
    assert_eq!(verify(&data, &key, &[]).0, 0);
}

#[test]
fn a_ledger_takes_its_key_along_to_the_signer() {
    let (_folder, keys, data) = places();
    let server = Server::start(&data);
    record(&server, 1);
    server.stop();
    let stranger = Signer::start(&keys);
    let mut command = stele(&data);
    command.args(["store", "status"]).env("STELE_LEDGER_SIGNER", &stranger.setting);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("a ledger takes its key along"), "{error}");
    drop(stranger);
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::create_dir(&keys).unwrap();
    std::fs::rename(data.join("keys/ledger.key"), keys.join("ledger.key")).unwrap();
    let output = stele(&data).args(["store", "status"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("it is gone"), "without the key none is drawn: {error}");
    let signer = Signer::start(&keys);
    let server = signer.server(&data);
    record(&server, 2);
    server.stop();
    let key = text(data.join("keys/ledger.keys")).trim().to_owned();
    assert_eq!(verify(&data, &key, &[]).0, 0);
}
