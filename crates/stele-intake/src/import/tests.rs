#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use stele_parse::formats;

use super::stream::PIECE_BYTES;
use super::*;

/// Remembers what it was given, as a lake does, and refuses after so many pieces.
#[derive(Default)]
struct Target {
    /// By path.
    records: Mutex<HashMap<String, Vec<Vec<u8>>>>,
    progress: Mutex<HashMap<String, ImportProgress>>,
    pieces_left: Mutex<Option<usize>>,
    pieces: Mutex<Vec<(usize, usize)>>,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
}

impl Target {
    fn of(&self, name: &str) -> Vec<Vec<u8>> {
        let records = lock(&self.records);
        let found = records.iter().find(|(path, _)| path.ends_with(name));
        found.map(|(_, records)| records.clone()).unwrap_or_default()
    }
}

impl ImportTarget for Target {
    fn progress(&self, content_sha256: &str) -> Result<ImportProgress, IntakeError> {
        Ok(lock(&self.progress).get(content_sha256).copied().unwrap_or_default())
    }

    /// What begins with `duplicate`, `failed` or `conflict` counts so.
    fn append(&self, piece: &Payload) -> Result<Answer, IntakeError> {
        if let Some(left) = lock(&self.pieces_left).as_mut() {
            *left = left.checked_sub(1).ok_or(IntakeError::Stopping)?;
        }
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once_max.fetch_max(now, Ordering::SeqCst);
        lock(&self.pieces).push((piece.bytes.len(), piece.spans.len()));
        let origin = piece.receipt.origin.as_ref().unwrap();
        let mut progress = lock(&self.progress);
        let known = progress.entry(origin.content_sha256.clone()).or_default();
        assert!(!known.finished, "nothing comes behind the last piece");
        assert!(origin.start >= known.bytes_done && origin.end >= origin.start, "in order");
        *known = ImportProgress { bytes_done: origin.end, finished: origin.last };
        drop(progress);
        let mut answer = Answer::default();
        let mut records = lock(&self.records);
        let of_file = records.entry(piece.receipt.path.clone().unwrap()).or_default();
        for span in &piece.spans {
            let record = &piece.bytes[span.start..span.end];
            match record.split(|byte| *byte == b' ').next() {
                Some(b"duplicate") => answer.duplicate += 1,
                Some(b"failed") => answer.failed += 1,
                first => {
                    answer.accepted += 1;
                    answer.conflict += u64::from(first == Some(b"conflict"));
                }
            }
            of_file.push(record.to_vec());
        }
        drop(records);
        std::thread::yield_now();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        Ok(answer)
    }

    fn now_micros(&self) -> i64 {
        1
    }
}

fn import_as(
    target: &Target,
    path: &Path,
    format: Option<&str>,
) -> (ImportSummary, Option<IntakeError>) {
    let files = plan(&[path.display().to_string()]).unwrap();
    let format = format.map(|id| formats::by_id(id).unwrap());
    let options = ImportOptions { format, ..ImportOptions::default() };
    let (summary, refused) = run(&files, target, &options, &|_| {});
    assert_eq!(summary.accepted + summary.duplicate + summary.failed, summary.records);
    (summary, refused)
}

fn import(target: &Target, path: &Path) -> ImportSummary {
    let (summary, refused) = import_as(target, path, None);
    assert!(refused.is_none(), "{refused:?}");
    summary
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

#[test]
fn an_import_interrupted_after_any_piece_goes_on_without_loss_or_repetition() {
    let lines: Vec<String> =
        (0..45_000).map(|n| format!("{{\"n\":{n},\"pad\":\"{n:0>200}\"}}")).collect();
    let text = lines.join("\n") + "\n";
    for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
        let folder = Folder::new();
        folder.put("a.ndjson", bytes);
        let whole = Target::default();
        import(&whole, folder.path());
        let pieces = lock(&whole.pieces).len();
        assert!(pieces > 4, "{pieces}");
        for interrupted in 0..pieces {
            let target = Target::default();
            *lock(&target.pieces_left) = Some(interrupted);
            let (summary, refused) = import_as(&target, folder.path(), None);
            assert!(refused.is_some(), "after {interrupted} pieces");
            let first = summary.records;
            assert_eq!(summary.files, 0, "it was not read to its end");
            *lock(&target.pieces_left) = None;
            let summary = import(&target, folder.path());
            assert_eq!((summary.files, first + summary.records), (1, 45_000));
            let records = target.of("a.ndjson");
            assert_eq!(records.len(), lines.len(), "after {interrupted} pieces");
            assert!(records.iter().zip(&lines).all(|(r, l)| r == l.as_bytes()));
            let again = import(&target, folder.path());
            assert_eq!((again.files_known, again.files, again.records), (1, 0, 0));
        }
    }
}

#[test]
fn an_import_goes_on_behind_the_last_record_wherever_its_pieces_were_cut() {
    let folder = Folder::new();
    let lines: Vec<String> = (0..1_000).map(|n| format!("line {n}\n")).collect();
    let text = lines.concat();
    folder.put("a.log", &text);
    let target = Target::default();
    import(&target, folder.path());
    let content = lock(&target.progress).keys().next().unwrap().clone();
    // As if a version that cuts otherwise had been interrupted there.
    for (line, _) in text.match_indices('\n').step_by(37) {
        let target = Target::default();
        let done = ImportProgress { bytes_done: line as u64 + 1, finished: false };
        lock(&target.progress).insert(content.clone(), done);
        import(&target, folder.path());
        let rest: Vec<&str> = text[line + 1..].lines().collect();
        let stored = target.of("a.log");
        assert_eq!(stored.len(), rest.len());
        assert!(stored.iter().zip(rest).all(|(a, b)| a == b.as_bytes()));
    }
}

#[test]
fn a_line_of_many_megabytes_is_cut_in_bounded_memory_and_the_next_one_is_read() {
    let folder = Folder::new();
    let path = folder.put("long.log", b"first\n");
    let mut file = std::fs::File::options().append(true).open(&path).unwrap();
    for _ in 0..64 {
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    file.write_all(b"\nlast\n").unwrap();
    let target = Target::default();
    let summary = import(&target, folder.path());
    assert_eq!((summary.records, summary.bytes), (3, (64 << 20) + 12));
    let records = target.of("long.log");
    assert_eq!(records[0], b"first");
    assert_eq!(records[1].len(), 1 << 20);
    assert_eq!(records[2], b"last");
    // A piece is what the buffer held, so its size shows how much was held.
    assert!(lock(&target.pieces).iter().all(|(bytes, _)| *bytes <= PIECE_BYTES));
}

#[test]
fn pieces_are_of_bounded_size_and_hold_only_what_their_records_need() {
    let folder = Folder::new();
    folder.put("short.log", "x\n".repeat(25_000));
    folder.put("long.log", format!("{}\n", "y".repeat(300_000)).repeat(40));
    folder.put("gaps.log", format!("a{}b\n", "\n".repeat(500_000)));
    let target = Target::default();
    let summary = import(&target, folder.path());
    assert_eq!(summary.records, 25_000 + 40 + 2);
    let pieces = lock(&target.pieces);
    assert!(pieces.iter().all(|(bytes, records)| *bytes <= PIECE_BYTES && *records <= 10_000));
    assert!(pieces.contains(&(19_999, 10_000)), "ten thousand short lines: {pieces:?}");
}

#[test]
fn what_is_no_log_or_damaged_is_named_and_the_rest_is_read() {
    let folder = Folder::new();
    let page = "<!DOCTYPE html><html></html>";
    folder.put("page.html", page);
    folder.put("copy/page.html", page);
    folder.put("empty.log", b"");
    folder.put("good.log", b"one line\n");
    let packed = gzip(b"kept one\nkept two\n");
    folder.put("cut.log.gz", &packed[..packed.len() - 6]);
    folder.put("behind.log.gz", [&gzip(b"kept three\n")[..], b"what is this"].concat());
    folder.put("dead.gz", [0x1f, 0x8b, 0xff, 0xff, 0xff]);
    folder.put("frames.zst", zstd::bulk::compress(b"kept four\n", 1).unwrap().repeat(2));
    let target = Target::default();
    let summary = import(&target, folder.path());
    let names = |notes: &[FileNote]| -> Vec<String> {
        notes.iter().map(|note| note.path.rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&summary.not_logs), ["page.html", "empty.log", "page.html"]);
    assert_eq!(names(&summary.damaged), ["behind.log.gz", "cut.log.gz", "dead.gz"]);
    assert!(summary.damaged[1].reason.contains("after 18 decoded bytes"), "{summary:?}");
    assert_eq!((summary.files, summary.records), (2, 6));
    assert_eq!(target.of("cut.log.gz"), [b"kept one", b"kept two"]);
    // What is damaged stays so: it is not read again.
    let again = import(&target, folder.path());
    assert_eq!((again.files_known, again.records), (4, 0));
}

#[test]
fn with_a_format_asked_for_one_record_of_it_is_enough() {
    let folder = Folder::new();
    let flow = "2 123456789010 eni-1 10.0.0.1 10.0.0.2 443 49152 6 10 840 1600000000 1600000060 \
                ACCEPT OK";
    folder.put("mixed.log", format!("not a flow\n{flow}\n"));
    folder.put("none.log", "not a flow\nnor this\n");
    let target = Target::default();
    let (summary, _) = import_as(&target, folder.path(), Some("vpcflow"));
    assert_eq!((summary.files, summary.records), (1, 2));
    assert_eq!(summary.not_logs.len(), 1);
    let reason = &summary.not_logs[0].reason;
    assert!(reason.contains("`vpcflow`") && target.of("none.log").is_empty(), "{reason}");
    // A record that goes beyond what is looked at first is no reason to refuse the file.
    let long = format!("{}\n{flow}\n", "z".repeat(3 << 20));
    let path = folder.put("long.log", long);
    let options = ImportOptions {
        format: formats::by_id("vpcflow"),
        record_bytes_max: 8 << 20,
        ..ImportOptions::default()
    };
    let files = plan(&[path.display().to_string()]).unwrap();
    let (summary, _) = run(&files, &target, &options, &|_| {});
    assert_eq!((summary.records, summary.not_logs.len()), (2, 0));
}

#[test]
fn many_small_files_are_stored_at_the_same_time_each_content_once() {
    let folder = Folder::new();
    for n in 0..600 {
        let kind = ["plain", "duplicate", "failed", "conflict"][n % 4];
        folder.put(&format!("{}/{n}.log", n % 7), format!("{kind} event {n}\n"));
        if n % 10 == 0 {
            folder.put(&format!("copies/{n}.log"), format!("{kind} event {n}\n"));
        }
    }
    let target = Target::default();
    let summary = import(&target, folder.path());
    assert_eq!((summary.files, summary.files_known), (600, 60));
    let counts = (summary.records, summary.accepted, summary.duplicate, summary.failed);
    assert_eq!((counts, summary.conflict), ((600, 300, 150, 150), 150));
    let at_once = target.at_once_max.load(Ordering::SeqCst);
    assert!((2..=4).contains(&at_once), "{at_once} at once");
    let text = serde_json::to_string(&summary).unwrap();
    assert!(text.contains("\"files_known\":60"), "{text}");
}

#[test]
fn one_refused_piece_stops_every_thread() {
    let folder = Folder::new();
    for n in 0..200 {
        folder.put(&format!("{n}.log"), format!("event {n}\n"));
    }
    let target = Target::default();
    *lock(&target.pieces_left) = Some(10);
    let (summary, refused) = import_as(&target, folder.path(), None);
    assert!(matches!(refused, Some(IntakeError::Stopping)));
    assert_eq!((summary.files, summary.records), (10, 10), "and what was stored is counted");
}

#[test]
fn a_source_that_fails_is_finished_by_a_later_import() {
    let folder = Folder::new();
    folder.put("a.log", "one\n");
    let gone = folder.put("gone.log", "two\n");
    let files = plan(&[folder.path().display().to_string()]).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let target = Target::default();
    let (summary, refused) = run(&files, &target, &ImportOptions::default(), &|_| {});
    assert!(refused.is_none());
    assert_eq!((summary.files, summary.damaged.len()), (1, 1));
    assert!(summary.damaged[0].path.ends_with("gone.log"), "{summary:?}");
    folder.put("gone.log", "two\n");
    let summary = import(&target, folder.path());
    assert_eq!((summary.files, summary.files_known), (1, 1));
}

#[test]
fn a_file_that_becomes_too_large_is_stopped_and_stays_unfinished() {
    let folder = Folder::new();
    let line = [&[b'x'; 999][..], b"\n"].concat();
    let bomb = zstd::bulk::compress(&line.repeat(80_000), 9).unwrap();
    assert!(bomb.len() * 1_000 < 40_000 * line.len(), "{}", bomb.len());
    folder.put("bomb.zst", bomb);
    let target = Target::default();
    for round in 0..2 {
        let summary = import(&target, folder.path());
        assert_eq!((summary.files, summary.files_known, summary.damaged.len()), (0, 0, 1));
        let reason = &summary.damaged[0].reason;
        assert!(reason.contains("intake.ratio_max"), "{reason}");
        assert_eq!(summary.records > 0, round == 0, "what was stored is not stored again");
        assert!(target.of("bomb.zst").len() < 40_000);
    }
}

#[test]
fn what_the_machine_cannot_read_is_named_and_the_rest_is_read() {
    let folder = Folder::new();
    let good = folder.put("good.log", "one line\n");
    // A file without anything at its beginning: reading there is an I/O error (proc(5)).
    let files = plan(&["/proc/self/mem".to_owned(), good.display().to_string()]).unwrap();
    let target = Target::default();
    let (summary, refused) = run(&files, &target, &ImportOptions::default(), &|_| {});
    assert!(refused.is_none());
    assert_eq!((summary.files, summary.records, summary.damaged.len()), (1, 1, 1));
    let note = &summary.damaged[0];
    assert_eq!(note.path, "/proc/self/mem");
    assert!(note.reason.contains("at byte 0"), "{note:?}");
}

#[test]
fn a_plan_names_each_file_once_in_order_and_what_is_missing() {
    let folder = Folder::new();
    for name in ["b/2.log", "b/1.log", "a.log", ".hidden/x.log", "b/.x.log", "c.txt"] {
        folder.put(name, b"x\n");
    }
    std::os::unix::fs::symlink(folder.path(), folder.path().join("b/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
    std::os::unix::fs::symlink("../c.txt", folder.path().join("b/link.log")).unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let names = |asked: &[String]| -> Result<Vec<String>, String> {
        let strip = |file: PlannedFile| file.path.strip_prefix(folder.path()).unwrap().to_owned();
        let files = plan(asked)?;
        Ok(files.into_iter().map(|file| strip(file).display().to_string()).collect())
    };
    let all = ["a.log", "b/1.log", "b/2.log", "b/link.log", "c.txt"];
    assert_eq!(names(&[at("")]).unwrap(), all);
    assert_eq!(names(&[at("a.log"), at(""), at("b")]).unwrap(), all);
    assert_eq!(names(&[at("*.log"), at("b/[12].log")]).unwrap(), ["a.log", "b/1.log", "b/2.log"]);
    assert_eq!(names(&[at("b/.x.log")]).unwrap(), ["b/.x.log"], "it was named itself");
    assert_eq!(names(&[at("b/.*.log")]).unwrap(), ["b/.x.log"]);
    let error = names(&[at("b/c/d.log")]).unwrap_err();
    assert!(error.contains("b/c/d.log`") && error.contains("b/c` is not there"), "{error}");
    assert!(names(&[at("*.nothing")]).unwrap_err().contains("leads to no file"));
}
