#![allow(clippy::unwrap_used, clippy::expect_used)]

use anyhow::anyhow;

use super::{Kind, Outcome, Steps, TestCounts};

fn check(output: &str, passed: u64, failed: u64, skipped: u64) {
    let mut counts = TestCounts::default();
    output.lines().for_each(|line| counts.read_line(line));
    assert_eq!(counts, TestCounts { passed, failed, skipped }, "{output}");
}

#[test]
fn the_closing_lines_of_test_runners_are_counted() {
    check("     Summary [   1.214s] 4 tests run: 4 passed, 2 skipped", 4, 0, 2);
    check(
        "\u{1b}[32;1m     Summary\u{1b}[0m [   1.2s] \u{1b}[1m4\u{1b}[0m tests run: \
        \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m1\u{1b}[0m failed, 0 skipped",
        3,
        1,
        0,
    );
    check("     Summary [   0.030s] 1 test run: 1 passed, 0 skipped", 1, 0, 0);
    check(
        "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
         test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        15,
        2,
        1,
    );
    check("Ran 7 tests in 0.3s\n\nOK", 7, 0, 0);
    check("the server said: 5 passed, 1 failed\nRan out of space", 0, 0, 0);
}

#[test]
fn a_failing_step_is_named_and_ends_the_run() {
    let mut steps = Steps::default();
    steps.run("first", Kind::Check, || Ok(Outcome::Done)).unwrap();
    steps.run("second", Kind::Test, || Ok(Outcome::Skipped("no tool".to_owned()))).unwrap();
    let error = steps.run("third", Kind::Build, || Err(anyhow!("it broke"))).unwrap_err();
    assert_eq!(format!("{error:#}"), "the step `third` failed: it broke");
    assert_eq!(steps.skipped, ["second: no tool"]);
    assert_eq!(steps.done.len(), 3);
}
