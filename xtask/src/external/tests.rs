#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::ImportSummary;

#[test]
fn the_summary_is_the_last_line_and_failed_records_are_rows_too() {
    let stdout = "{\"file\":\"a.json\"}\n{\"accepted\":7,\"duplicate\":2,\"failed\":1,\"x\":0}\n\n";
    let summary = ImportSummary::read(stdout).unwrap();
    assert_eq!((summary.stored(), summary.duplicate), (8, 2));
}

#[test]
fn an_import_that_says_nothing_or_nonsense_is_an_error() {
    assert!(ImportSummary::read("\n").is_err());
    let error = ImportSummary::read("done").unwrap_err();
    assert!(error.to_string().contains("cannot read the summary `done`"), "{error:#}");
}
