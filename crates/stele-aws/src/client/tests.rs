//! The client against a server that says what the test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::json;
use stele_event::runtime::ManualClock;

use super::*;
use crate::operation;

/// 2026-11-24T10:00:00Z.
const NOW_MICROS: i64 = 1_795_514_400_000_000;

/// Bytes that are all nothing, so that no test waits.
#[derive(Debug)]
struct Nothing;

impl Entropy for Nothing {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// The connection ends instead of an answer.
const SILENCE: u16 = 0;

/// Serves the answers in their order; what was asked comes out of the channel.
fn serve(answers: Vec<(u16, &'static str, &'static str)>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = sync_channel(64);
    std::thread::spawn(move || {
        for (status, headers, body) in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut asked, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                asked.push_str(&line);
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut content = vec![0; length];
            reader.read_exact(&mut content).unwrap();
            asked.push_str(&String::from_utf8_lossy(&content));
            let _ = sender.send(asked);
            if status == SILENCE {
                continue;
            }
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\
                 {headers}\r\n{body}"
            );
        }
    });
    (address, receiver)
}

fn session(url: &str) -> HttpAws {
    let variables = Variables::of(&[
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "very-secret"),
        ("AWS_SESSION_TOKEN", "a-token"),
    ]);
    let limits = Limits { concurrency: 4, timeout_seconds: 60 };
    let clock = Arc::new(ManualClock::at(NOW_MICROS));
    HttpAws::new(clock, Arc::new(Nothing), variables, None, limits).unwrap()
}

async fn ask(aws: &HttpAws, id: &str) -> Result<Value, CallError> {
    ask_for(aws, id, json!({})).await
}

async fn ask_for(aws: &HttpAws, id: &str, params: Value) -> Result<Value, CallError> {
    let operation = operation::find(id).unwrap();
    let params = params.as_object().unwrap().clone();
    aws.call(&Call { operation, region: "eu-west-1".to_owned(), params }).await
}

const SLOW_DOWN: (u16, &str, &str) = (400, "", r#"{"__type":"ThrottlingException"}"#);
const GOOD: (u16, &str, &str) = (200, "", r#"{"trailList":[]}"#);

#[tokio::test]
async fn throttling_and_faults_are_tried_again_and_calls_are_signed() {
    let (url, asked) = serve(vec![SLOW_DOWN, (500, "", "<html>oh</html>"), SLOW_DOWN, GOOD]);
    let aws = session(&url);
    assert_eq!(ask(&aws, "cloudtrail:DescribeTrails").await, Ok(json!({"trailList": []})));
    assert_eq!(aws.requests(), 4);
    let request = asked.recv().unwrap().to_lowercase();
    assert!(request.contains("authorization: aws4-hmac-sha256 credential=akidexample/20261124/"));
    assert!(request.contains("x-amz-security-token: a-token"), "{request}");
    assert!(!request.contains("very-secret"));
    assert!(!format!("{aws:?}").contains("very-secret"));
}

#[tokio::test]
async fn attempts_end() {
    let (url, _asked) = serve(vec![SLOW_DOWN; 9]);
    let error = ask(&session(&url), "cloudtrail:DescribeTrails").await.unwrap_err();
    assert_eq!((error.failure, error.attempts), (Failure::Throttled, 8));
    let (url, _asked) = serve(vec![(502, "", "<html>bad gateway</html>"); 9]);
    let error = ask(&session(&url), "cloudtrail:DescribeTrails").await.unwrap_err();
    assert_eq!(
        (error.failure, error.code.as_str(), error.attempts),
        (Failure::Other, "http-502", 8)
    );
}

#[tokio::test]
async fn denied_is_not_tried_again() {
    let denied = (400, "", r#"{"__type":"AccessDeniedException","message":"no"}"#);
    let (url, _asked) = serve(vec![denied, GOOD]);
    let error = ask(&session(&url), "cloudtrail:DescribeTrails").await.unwrap_err();
    assert_eq!((error.failure, error.attempts), (Failure::Denied, 1));
    assert_eq!(error.hint(), "allow cloudtrail:DescribeTrails");
}

#[tokio::test]
async fn a_page_that_breaks_off_is_no_answer() {
    let (url, _asked) = serve(vec![(200, "", r#"{"trailList":["#); 5]);
    let error = ask(&session(&url), "cloudtrail:DescribeTrails").await.unwrap_err();
    assert_eq!((error.code.as_str(), error.attempts), ("broken-answer", 3));
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_once() {
    let date = "date: Tue, 24 Nov 2026 10:10:00 GMT\r\n";
    let skewed = (403, date, r#"{"__type":"InvalidSignatureException","message":"expired"}"#);
    let (url, asked) = serve(vec![skewed, GOOD]);
    assert!(ask(&session(&url), "cloudtrail:DescribeTrails").await.is_ok());
    assert!(asked.recv().unwrap().contains("x-amz-date: 20261124T100000Z"));
    assert!(asked.recv().unwrap().contains("x-amz-date: 20261124T101000Z"));
    // The same code with the right time is a wrong key.
    let (url, _asked) = serve(vec![skewed, skewed, GOOD]);
    let error = ask(&session(&url), "cloudtrail:DescribeTrails").await.unwrap_err();
    assert_eq!(error.failure, Failure::Denied);
}

#[tokio::test]
async fn roles_are_taken_on_once() {
    let granted = (
        200,
        "",
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
         <SecretAccessKey>role-secret</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>2026-11-24T11:00:00Z</Expiration></Credentials></AssumeRoleResult>\
         </AssumeRoleResponse>",
    );
    let (url, asked) = serve(vec![granted, GOOD, GOOD]);
    let role = Role {
        arn: "arn:aws:iam::444455556666:role/audit".to_owned(),
        external_id: Some("x-1".to_owned()),
        session_name: "stele".to_owned(),
    };
    let aws = session(&url).with_role(role);
    assert!(ask(&aws, "cloudtrail:DescribeTrails").await.is_ok());
    assert!(ask(&aws, "cloudtrail:DescribeTrails").await.is_ok());
    assert!(asked.recv().unwrap().contains("Action=AssumeRole&Version=2011-06-15&ExternalId=x-1"));
    assert!(asked.recv().unwrap().contains("Credential=ASIAROLE/"));
}

#[tokio::test]
async fn nobody_there_is_a_timeout() {
    let error = ask(&session("http://127.0.0.1:1"), "cloudtrail:DescribeTrails").await.unwrap_err();
    assert_eq!((error.failure, error.attempts), (Failure::Timeout, 3));
}

#[tokio::test]
async fn a_session_reads_until_it_is_told_to_write() {
    let (url, asked) = serve(vec![(200, "", "{}"); 2]);
    let aws = session(&url);
    let role = Role {
        arn: "arn:aws:iam::444455556666:role/audit".to_owned(),
        external_id: None,
        session_name: "stele".to_owned(),
    };
    let writing = aws.clone().allowing_writes();
    // Every operation, so that no row slips through; a role taken on reads only as well.
    for session in [&aws, &aws.with_role(role.clone()), &writing.with_role(role)] {
        for operation in operation::all().filter(|operation| !operation.reads()) {
            let error = ask(session, &operation.id()).await.unwrap_err();
            let found = (error.code.as_str(), error.failure, error.hint());
            assert_eq!(found, ("read-only", Failure::Other, String::new()), "{error}");
        }
    }
    assert_eq!(aws.requests(), 0);
    assert!(asked.try_recv().is_err(), "nothing reaches AWS, not even for the role");
    assert_eq!(ask(&writing, "cloudtrail:StartLogging").await, Ok(json!({})));
    assert_eq!(ask(&aws, "cloudtrail:StartLogging").await.unwrap_err().code, "read-only");
    assert_eq!(aws.requests(), 1);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let silence = (SILENCE, "", "");
    let gateway = (502, "", "<html>bad gateway</html>");
    let fault = (500, "", r#"{"__type":"InternalFailure"}"#);
    let broken = (200, "", "{\"a\":");
    for unclear in [silence, gateway, fault, broken] {
        let once = [SLOW_DOWN, unclear, (200, "", "{}")];
        // Throttling is waited for, the unclear answer is the last.
        let (url, asked) = serve(once.to_vec());
        let aws = session(&url).allowing_writes();
        let error = ask(&aws, "cloudtrail:CreateTrail").await.unwrap_err();
        assert_eq!((error.attempts, asked.try_iter().count()), (2, 2), "{error}");
        // What may be done twice is done again.
        let (url, asked) = serve(once.to_vec());
        let aws = session(&url).allowing_writes();
        assert_eq!(ask(&aws, "cloudtrail:StartLogging").await, Ok(json!({})), "{unclear:?}");
        assert_eq!(asked.try_iter().count(), 3);
        // As what AWS knows again by its token.
        let (url, asked) = serve(once.to_vec());
        let aws = session(&url).allowing_writes();
        let params = json!({"Name": "n", "CreatorRequestId": "t-1"});
        let answer = ask_for(&aws, "route53resolver:CreateResolverQueryLogConfig", params).await;
        assert_eq!(answer, Ok(json!({})), "{unclear:?}");
        assert_eq!(asked.try_iter().count(), 3);
    }
}

#[tokio::test]
async fn what_was_not_sent_is_sent_again() {
    let aws = session("http://127.0.0.1:1").allowing_writes();
    let error = ask(&aws, "cloudtrail:CreateTrail").await.unwrap_err();
    assert_eq!((error.failure, error.attempts), (Failure::Timeout, 3));
    let (url, _asked) =
        serve(vec![(503, "", r#"{"__type":"ServiceUnavailableException"}"#), (200, "", "{}")]);
    let aws = session(&url).allowing_writes();
    assert_eq!(ask(&aws, "cloudtrail:CreateTrail").await, Ok(json!({})));
}
