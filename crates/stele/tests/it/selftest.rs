//! The product's own test, through the binary: a lake of the real node, every case, and a few
//! histories with real kills.

use serde_json::Value;

use crate::server::{Server, run};

#[test]
fn everything_is_caught_on_a_lake_of_the_server_and_nothing_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["selftest", "tamper", "--histories", "4", "--seed", "7"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let result: Value = serde_json::from_slice(&output.stdout).expect(&errors);
    let cases = result["cases"].as_array().unwrap();
    let wrong: Vec<_> = cases.iter().filter(|case| case["as_expected"] != true).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(result["raised"], Value::Array(Vec::new()));
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let tampered = cases.iter().filter(|case| case["purpose"] == "tampered").count();
    assert!(tampered >= 250 && result["kinds"].as_u64() >= Some(60), "{tampered}");
    assert_eq!(result["histories"]["total"], 4);
    assert!(result["lived"]["events"].as_u64() > Some(0), "{}", result["lived"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it works elsewhere");
}

#[test]
fn a_folder_to_keep_it_in_must_be_empty() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "").unwrap();
    let keep = folder.path().to_str().unwrap();
    let output = run(folder.path(), &["selftest", "tamper", "--histories", "0", "--keep", keep]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not empty"));
}

/// Found by a history: the flush that was asked for and the clock's own met over one version of the
/// table, and one of them failed.
#[test]
fn flushes_at_the_same_time_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for number in 0..8 {
                    let line = format!("{{\"writer\":{writer},\"number\":{number}}}\n");
                    server.ingest("ingest/json", line.as_bytes());
                    let (status, answer) = server.request("POST", "admin/flush", "", b"");
                    assert_eq!(status, 200, "{answer}");
                }
            });
        }
    });
}
