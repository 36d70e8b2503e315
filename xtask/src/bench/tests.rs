#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::process::Command;

use super::http::{encoded, read_response};
use super::ingest::apply_commit;
use super::measure::{self, ticks};
use super::median;
use super::query::phrase_of;

#[test]
fn answers_are_read_with_a_length_in_chunks_and_to_the_end() {
    for (answer, status, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokxx", 200, "ok"),
        ("HTTP/1.1 503 Busy\r\ncontent-length:0\r\n\r\n", 503, ""),
        ("HTTP/1.1 200 OK\r\n\r\nall of it", 200, "all of it"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nB;x=1\r\nhello world\r\n0\r\n\r\n",
            200,
            "abchello world",
        ),
    ] {
        let read = read_response(answer.as_bytes()).unwrap();
        assert_eq!(read, (status, body.as_bytes().to_vec()), "{answer:?}");
    }
}

#[test]
fn an_answer_that_ends_early_is_an_error_and_never_a_shorter_answer() {
    let whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let last_chunk = whole.len() - "0\r\n\r\n".len();
    for end in 0..=last_chunk {
        assert!(read_response(&whole.as_bytes()[..end]).is_err(), "{:?}", &whole[..end]);
    }
    assert!(read_response(&b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"[..]).is_err());
    assert!(read_response(&b"SSH-2.0-OpenSSH\r\n"[..]).is_err());
}

#[test]
fn a_query_is_encoded_for_a_url() {
    assert_eq!(encoded("a:\"b c\" -d~ä"), "a%3A%22b%20c%22%20-d~%C3%A4");
}

#[test]
fn the_size_of_a_table_follows_its_log() {
    let mut files = BTreeMap::new();
    let first = "{\"protocol\":{}}\n{\"add\":{\"path\":\"a\",\"size\":7}}\n{\"add\":{\"path\":\"b\",\"size\":5}}\n";
    apply_commit(first, &mut files).unwrap();
    let second = "{\"remove\":{\"path\":\"a\"}}\n{\"add\":{\"path\":\"c\",\"size\":4}}\n";
    apply_commit(second, &mut files).unwrap();
    assert_eq!(files.values().sum::<u64>(), 9);
    assert!(apply_commit("{", &mut files).is_err());
}

#[test]
fn processor_time_is_read_behind_the_name() {
    let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 30 20 21";
    assert_eq!(ticks(stat, 14, 15), Some(2.0));
    assert_eq!(ticks(stat, 16, 17), Some(0.5));
    assert_eq!(ticks("7 (a) S 1", 14, 15), None);
}

#[test]
fn a_command_is_measured() {
    let usage = measure::run(Command::new("sh").args(["-c", "echo out; exit 0"])).unwrap();
    assert_eq!(usage.stdout, "out\n");
    assert!(usage.wall_seconds > 0.0);
    let error = measure::run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
    assert!(error.to_string().contains("exit status: 3"), "{error:#}");
}

#[test]
fn the_middle_is_found() {
    assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
    assert!(median(Vec::new()).abs() < 1e-9);
}

#[test]
fn a_phrase_needs_no_escape() {
    assert_eq!(phrase_of("User: arn \"x\" y"), "User: arn");
    assert_eq!(phrase_of("is not authorized to perform"), "is not authorized");
}
