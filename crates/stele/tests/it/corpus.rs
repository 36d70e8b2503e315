//! The known counts of a real CloudTrail corpus, through the binary.

use std::path::{Path, PathBuf};

use crate::server::{count, rows, run};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("STELE_CORPUS").map_or(beside, PathBuf::from);
    let folder = root.join("open/cloudtrail");
    if !folder.is_dir() {
        eprintln!("skipped: no corpus at {}", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn an_import_is_exact_and_a_second_one_adds_nothing_even_after_compaction() {
    let Some(corpus) = corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let parts: Vec<String> = ["sans504", "stratus", "traildiscover", "umccr"]
        .iter()
        .map(|part| corpus.join(part).display().to_string())
        .collect();
    let mut words = vec!["import", "--format", "cloudtrail"];
    words.extend(parts.iter().map(String::as_str));
    let first = &rows(data, &words)[0];
    assert_eq!(first["records"], 15_614);
    assert_eq!(first["accepted"], 12_425);
    assert_eq!(first["duplicate"], 3_189);
    assert_eq!(first["failed"], 0);
    assert_eq!(first["conflict"], 1);
    let not_logs = first["not_logs"].as_array().unwrap();
    assert!(not_logs[0]["path"].as_str().unwrap().ends_with("index.html"));
    assert!(not_logs[1]["path"].as_str().unwrap().ends_with("script.js"));
    assert_eq!(not_logs.len(), 2);
    let check = || {
        assert_eq!(count(data, "SELECT count(*) FROM events"), 12_425);
        assert_eq!(count(data, "SELECT count(DISTINCT event_uid) FROM events"), 12_423);
        assert_eq!(count(data, "SELECT count(*) FROM events WHERE id_conflict"), 1);
        assert_eq!(count(data, "SELECT count(*) FROM events WHERE event_uid IS NULL"), 1);
    };
    check();
    for round in 0..2 {
        let again = &rows(data, &words)[0];
        assert_eq!(again["records"], 0, "round {round}");
        assert_eq!(run(data, &["store", "compact"]).status.code(), Some(0));
        check();
    }
    // The same records in files of other bytes: known by their own ids.
    let copy = tempfile::tempdir().unwrap();
    let source = corpus.join("umccr/examples");
    for entry in std::fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let mut text = std::fs::read(&path).unwrap();
        text.push(b'\n');
        std::fs::write(copy.path().join(path.file_name().unwrap()), text).unwrap();
    }
    let copied = copy.path().display().to_string();
    let again = &rows(data, &["import", "--format", "cloudtrail", &copied])[0];
    assert!(again["duplicate"].as_i64().unwrap() > 0);
    let without_id = again["accepted"].as_i64().unwrap();
    assert!(without_id <= 1, "{again}");
    assert_eq!(count(data, "SELECT count(*) FROM events"), 12_425 + without_id);
}
