//! The tutorial tells the truth: every command on the page is run against the demo, and what the
//! page says right after it is compared with the answer.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::Server;

/// A command of the page, and the paragraph or table that follows it.
struct Step<'a> {
    command: &'a str,
    after: Vec<&'a str>,
}

fn steps(page: &str) -> Vec<Step<'_>> {
    let mut lines = page.lines().peekable();
    let mut steps = Vec::new();
    while let Some(line) = lines.next() {
        if line != "```sh" {
            continue;
        }
        let command = lines.next().unwrap();
        assert_eq!(lines.next(), Some("```"), "one command in a block: {command}");
        lines.next();
        let after = std::iter::from_fn(|| lines.next_if(|line| !line.is_empty())).collect();
        steps.push(Step { command, after });
    }
    steps
}

/// What the page promises of an answer.
#[derive(Debug)]
enum Promise<'a> {
    /// So many rows.
    Rows(usize),
    /// These columns, with a value or a least value in each row.
    Table(Vec<&'a str>, Vec<Vec<&'a str>>),
    Nothing,
}

fn promise<'a>(after: &[&'a str]) -> Promise<'a> {
    let first = after.first().copied().unwrap_or_default();
    if first.starts_with('|') {
        let cells = |line: &'a str| -> Vec<&'a str> {
            line.trim_matches('|').split('|').map(str::trim).collect()
        };
        return Promise::Table(cells(first), after[2..].iter().map(|line| cells(line)).collect());
    }
    let mut words = first.split([' ', '.', ':', ',']);
    let number = match words.next() {
        Some("One") => Some(1),
        word => word.and_then(|word| word.parse().ok()),
    };
    match (number, words.next()) {
        (Some(rows), Some("event" | "events" | "rows")) => Promise::Rows(rows),
        _ => Promise::Nothing,
    }
}

/// Whether a cell says what the value is. `at least` in it or in its column makes it a least one.
fn holds(cell: &str, column: &str, value: &Value) -> bool {
    let number = cell.split(' ').next().and_then(|cell| cell.parse::<i64>().ok());
    match (number, value.as_i64()) {
        (Some(least), Some(found)) if cell.contains("at least") || column.contains("at least") => {
            found >= least
        }
        (Some(number), Some(found)) => found == number,
        _ => value.as_str() == Some(cell),
    }
}

fn answer(command: &str, address: &str, data: &Path) -> Vec<Value> {
    let bin = Path::new(env!("CARGO_BIN_EXE_stele")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &command.replace("127.0.0.1:7800", address)])
        .envs([("PATH", path.as_str()), ("STELE_DATA", data.to_str().unwrap())])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_command_of_the_tutorial_gives_what_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start_with(data, &["--demo"]);
    let deadline = Instant::now() + Duration::from_mins(2);
    while !data.join("demo").exists() {
        assert!(Instant::now() < deadline, "the demo is not loaded");
        std::thread::sleep(Duration::from_millis(100));
    }
    let page = include_str!("../../../../docs/tutorial.md");
    let mut compared = 0;
    for Step { command, after } in steps(page) {
        if command == "stele up --demo" || command == "stele tail" {
            continue;
        }
        let rows = answer(command, server.address(), data);
        match promise(&after) {
            Promise::Nothing => continue,
            Promise::Rows(wanted) => assert_eq!(rows.len(), wanted, "{command}"),
            Promise::Table(columns, wanted) => {
                assert_eq!(rows.len(), wanted.len(), "{command}: {rows:#?}");
                for (row, cells) in rows.iter().zip(wanted) {
                    for (column, cell) in columns.iter().zip(cells) {
                        let name = column.split(',').next().unwrap();
                        if let Some(value) = row.get(name) {
                            assert!(holds(cell, column, value), "{command}: {cell} is {value}");
                            compared += 1;
                        }
                    }
                }
            }
        }
        compared += 1;
    }
    assert!(compared > 60, "only {compared} things were compared");
}
