#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Mutex;

use super::*;

/// Remembers what it was given, and refuses after so many pieces.
#[derive(Default)]
struct Target {
    records: Mutex<Vec<Vec<u8>>>,
    progress: Mutex<HashMap<String, ImportProgress>>,
    pieces_left: Mutex<Option<usize>>,
}

impl ImportTarget for Target {
    fn progress(&self, content_sha256: &str) -> Result<ImportProgress, IntakeError> {
        Ok(lock(&self.progress).get(content_sha256).copied().unwrap_or_default())
    }

    fn append(&self, piece: &Payload) -> Result<Answer, IntakeError> {
        if let Some(left) = lock(&self.pieces_left).as_mut() {
            if *left == 0 {
                return Err(IntakeError::Stopping);
            }
            *left -= 1;
        }
        assert!(piece.bytes.len() < 6 << 20, "memory is bounded");
        let mut records = lock(&self.records);
        records.extend(piece.spans.iter().map(|s| piece.bytes[s.start..s.end].to_vec()));
        if let Some(origin) = &piece.receipt.origin {
            let known = ImportProgress { bytes_done: origin.end, finished: origin.last };
            lock(&self.progress).insert(origin.content_sha256.clone(), known);
        }
        Ok(Answer { accepted: piece.spans.len() as u64, ..Answer::default() })
    }

    fn now_micros(&self) -> i64 {
        1
    }
}

fn options() -> ImportOptions {
    let dataset = "main".to_owned();
    ImportOptions { dataset, record_bytes_max: 1 << 20, workers: 2, ..ImportOptions::default() }
}

fn import(target: &Target, path: &std::path::Path) -> (ImportSummary, Option<IntakeError>) {
    let files = plan(&[path.display().to_string()]).unwrap();
    run(&files, target, &options(), &|_| {})
}

#[test]
fn an_import_interrupted_after_any_piece_goes_on_without_loss_or_repetition() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> =
        (0..45_000).map(|n| format!("{{\"n\":{n},\"pad\":\"{n:0>200}\"}}")).collect();
    std::fs::write(folder.path().join("a.ndjson"), lines.join("\n")).unwrap();
    for pieces in 0..6 {
        let target = Target::default();
        *lock(&target.pieces_left) = Some(pieces);
        let (_, refused) = import(&target, folder.path());
        assert!(refused.is_some(), "after {pieces} pieces");
        *lock(&target.pieces_left) = None;
        let (summary, refused) = import(&target, folder.path());
        assert!(refused.is_none());
        assert_eq!(summary.files, 1);
        let records = lock(&target.records);
        assert_eq!(records.len(), lines.len(), "after {pieces} pieces");
        assert!(records.iter().zip(&lines).all(|(r, l)| r == l.as_bytes()));
        drop(records);
        let (again, _) = import(&target, folder.path());
        assert_eq!((again.files_known, again.records), (1, 0));
    }
}

#[test]
fn a_line_of_many_megabytes_is_cut_and_the_next_one_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("first\n{}\nlast\n", "x".repeat(48 << 20));
    std::fs::write(folder.path().join("long.log"), text).unwrap();
    let target = Target::default();
    let (summary, _) = import(&target, folder.path());
    assert_eq!(summary.records, 3);
    let records = lock(&target.records);
    assert_eq!(records[0], b"first");
    assert_eq!(records[1].len(), 1 << 20);
    assert_eq!(records[2], b"last");
}

#[test]
fn what_is_no_log_or_damaged_is_named_and_the_rest_is_read() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("page.html", b"<!DOCTYPE html><html></html>");
    put("empty.log", b"");
    put("good.log", b"one line\n");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"kept one\nkept two\n").unwrap();
    let gzip = gzip.finish().unwrap();
    put("cut.log.gz", &gzip[..gzip.len() - 6]);
    let target = Target::default();
    let (summary, refused) = import(&target, folder.path());
    assert!(refused.is_none());
    assert_eq!(summary.not_logs.len(), 2);
    assert_eq!(summary.damaged.len(), 1, "{summary:?}");
    assert_eq!(summary.records, 3);
    assert!(plan(&["/no/such/file".to_owned()]).unwrap_err().contains("/no/such/file"));
}
