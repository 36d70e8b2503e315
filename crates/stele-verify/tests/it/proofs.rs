//! Proofs of single events: made from a folder, checked without it.

use std::process::Command;

use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::{Signer, VerifierKey};
use stele_verify::lake::{ProveError, Wanted, prove, verify_proof};

use crate::maker::{Maker, options, other_signer, sent, signer, standard};

fn keys() -> Vec<VerifierKey> {
    vec![signer().key().clone()]
}

fn address(text: &str) -> Wanted {
    let wanted = Wanted::parse(text);
    assert!(matches!(wanted, Wanted::Address { .. }), "{text}");
    wanted
}

#[test]
fn every_event_of_a_folder_can_be_proven_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path());
    let mut rows: Vec<_> = maker.files.values().flatten().collect();
    rows.truncate(12);
    for row in rows {
        let wanted = address(&format!("{}-{}", row.batch, row.pos));
        let proof = prove(folder.path(), &wanted, &options()).unwrap();
        assert_eq!(proof.raw, row.raw);
        let policy = WitnessPolicy::default();
        let proven = verify_proof(proof.text.as_bytes(), &proof.raw, &keys(), &policy).unwrap();
        assert_eq!((proven.batch.batch, proven.position as i32), (row.batch, row.pos));
        verify_proof(proof.text.as_bytes(), b"{}", &keys(), &policy).unwrap_err();
        let other = vec![other_signer().key().clone()];
        verify_proof(proof.text.as_bytes(), &proof.raw, &other, &policy).unwrap_err();
    }
}

#[test]
fn events_that_are_only_in_the_log_and_events_by_their_own_id() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path());
    let number = maker.next_batch - 1;
    let proof = prove(folder.path(), &address(&format!("{number}-7")), &options()).unwrap();
    assert!(proof.raw.starts_with(b"2 1234"), "a flow");
    let row = maker.files.values().flatten().find(|row| row.format == "cloudtrail").unwrap();
    let event: serde_json::Value = serde_json::from_slice(&row.raw).unwrap();
    let id = Wanted::parse(event["eventID"].as_str().unwrap());
    let by_id = prove(folder.path(), &id, &options()).unwrap();
    assert_eq!((by_id.batch, by_id.position), (row.batch, row.pos as u32));
    for (text, reason) in [
        (format!("{number}-99"), "stores no event"),
        ("17-0".to_owned(), "no checkpoint covers"),
        ("no such id".to_owned(), "there is no event"),
    ] {
        let error = prove(folder.path(), &Wanted::parse(&text), &options()).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    crate::battery::erase(&mut maker, |rows, gone| rows.retain(|row| !gone(row)));
    maker.publish();
    let first = (1_i64 << 40) + 1;
    let erased = prove(folder.path(), &address(&format!("{first}-3")), &options());
    assert!(matches!(erased, Err(ProveError::NotProvable { .. })), "{erased:?}");
    prove(folder.path(), &address(&format!("{first}-2")), &options()).unwrap();
}

#[test]
fn the_binary_says_it_with_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(&folder.path().join("data"));
    let number = maker.batch(&sent(3, 0), &[]);
    maker.flush();
    maker.publish();
    let data = maker.root.to_str().unwrap();
    let proof = folder.path().join("event.tlog-proof");
    let proof = proof.to_str().unwrap();
    let key = signer().key().to_string();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_stele-verify"))
            .args(arguments)
            .args(["--key", &key])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text, errors)
    };
    let (code, text, errors) = run(&[data]);
    assert_eq!(code, 0, "{text}{errors}");
    let readme = format!("{data}/README.md");
    let by_file = Command::new(env!("CARGO_BIN_EXE_stele-verify"))
        .args([data, "--json", "--deep", "--key", &readme])
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&by_file.stdout).unwrap();
    assert_eq!(
        (json["outcome"].as_str(), json["depth"].as_str()),
        (Some("verified"), Some("deep"))
    );
    let event = format!("{number}-1");
    assert_eq!(run(&["prove", data, "--event", &event, "-o", proof]).0, 0);
    assert_eq!(run(&["proof", proof]).0, 0);
    std::fs::write(format!("{proof}.raw"), b"{}").unwrap();
    assert_eq!(run(&["proof", proof]).0, 3);
    std::fs::remove_file(maker.ledger("checkpoint")).unwrap();
    assert_eq!(run(&[data]).0, 3);
    let (code, _, errors) = run(&["/no/such/folder"]);
    assert_eq!(code, 1);
    assert!(errors.contains("/no/such/folder"), "{errors}");
}
