//! The binary from outside. What it finds is tested in `stele-selftest`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use stele_selftest::lake::Folder;

#[test]
fn the_binary_says_it_with_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("data");
    let made = Folder::make(&root).unwrap();
    let data = root.to_str().unwrap();
    let proof = folder.path().join("event.tlog-proof");
    let proof = proof.to_str().unwrap();
    let key = made.keys()[0].to_string();
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
    let tar = folder.path().join("copy");
    let mut builder = tar::Builder::new(std::fs::File::create(&tar).unwrap());
    builder.append_dir_all("backup", &root).unwrap();
    let bytes = builder.into_inner().and_then(|file| file.metadata()).unwrap().len();
    let (code, in_tar, errors) = run(&[tar.to_str().unwrap()]);
    assert_eq!(code, 0, "{in_tar}{errors}");
    assert_eq!(in_tar.replace("file: backup/", "file: "), text);
    std::fs::OpenOptions::new().write(true).open(&tar).unwrap().set_len(bytes / 2).unwrap();
    let (code, cut, errors) = run(&[tar.to_str().unwrap()]);
    assert_eq!(code, 4, "{cut}{errors}");
    assert!(cut.contains("copy-unread") && cut.contains("it is cut short"), "{cut}");
    let (code, _, errors) = run(&["s3://bucket/prefix"]);
    assert_eq!(code, 1);
    assert!(errors.contains("`stele verify` reads from S3"), "{errors}");
    let event = made.an_event().unwrap();
    assert_eq!(run(&["prove", data, "--event", &event, "-o", proof]).0, 0);
    assert_eq!(run(&["proof", proof]).0, 0);
    std::fs::write(format!("{proof}.raw"), b"{}").unwrap();
    assert_eq!(run(&["proof", proof]).0, 3);
    std::fs::remove_file(root.join("lake/_ledger/1/checkpoint")).unwrap();
    assert_eq!(run(&[data]).0, 3);
    let (code, _, errors) = run(&["/no/such/folder"]);
    assert_eq!(code, 1);
    assert!(errors.contains("/no/such/folder"), "{errors}");
}
