//! Proofs of single events: made from a folder, checked without it.

use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::Signer;
use stele_verify::lake::{ProveError, Wanted, prove, verify_proof};

use crate::lake::standard::standard;

fn address(text: &str) -> Wanted {
    let wanted = Wanted::parse(text);
    assert!(matches!(wanted, Wanted::Address { .. }), "{text}");
    wanted
}

#[test]
fn every_event_of_a_folder_can_be_proven_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    let mut rows: Vec<_> = maker.files.values().flatten().collect();
    rows.truncate(12);
    for row in rows {
        let wanted = address(&format!("{}-{}", row.batch, row.pos));
        let proof = prove(folder.path(), &wanted, &maker.options()).unwrap();
        assert_eq!(proof.raw, row.raw);
        let policy = WitnessPolicy::default();
        let proven = verify_proof(proof.text.as_bytes(), &proof.raw, &maker.keys, &policy).unwrap();
        assert_eq!((proven.batch.batch, proven.position as i32), (row.batch, row.pos));
        verify_proof(proof.text.as_bytes(), b"{}", &maker.keys, &policy).unwrap_err();
        let other = vec![maker.other_signer().unwrap().key().clone()];
        verify_proof(proof.text.as_bytes(), &proof.raw, &other, &policy).unwrap_err();
    }
}

#[test]
fn events_that_are_only_in_the_log_and_events_by_their_own_id() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    let number = maker.next_batch - 1;
    let proof = prove(folder.path(), &address(&format!("{number}-7")), &maker.options()).unwrap();
    assert!(proof.raw.starts_with(b"2 1234"), "a flow");
    let row =
        maker.files.values().flatten().find(|row| row.delivered.format == "cloudtrail").unwrap();
    let event: serde_json::Value = serde_json::from_slice(&row.raw).unwrap();
    let id = Wanted::parse(event["eventID"].as_str().unwrap());
    let by_id = prove(folder.path(), &id, &maker.options()).unwrap();
    assert_eq!((by_id.batch, by_id.position), (row.batch, row.pos as u32));
    for (text, reason) in [
        (format!("{number}-99"), "stores no event"),
        ("17-0".to_owned(), "no checkpoint covers"),
        ("no such id".to_owned(), "there is no event"),
    ] {
        let error = prove(folder.path(), &Wanted::parse(&text), &maker.options()).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    maker.erase(|rows, gone| rows.retain(|row| !gone(row))).unwrap();
    maker.publish().unwrap();
    let first = (1_i64 << 40) + 1;
    let erased = prove(folder.path(), &address(&format!("{first}-3")), &maker.options());
    assert!(matches!(erased, Err(ProveError::NotProvable { .. })), "{erased:?}");
    prove(folder.path(), &address(&format!("{first}-2")), &maker.options()).unwrap();
}
