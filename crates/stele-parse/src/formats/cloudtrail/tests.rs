#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::needless_pass_by_value
)]

use std::io::Read;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};
use stele_event::{BatchRow, EventBatch, Kind, RowView};

use super::*;
use crate::driver::{Delivery, map_records};

fn parse(input: &[u8]) -> EventBatch {
    let mut splitter = CloudTrail.splitter(1 << 20);
    let mut spans = Vec::new();
    assert_eq!(splitter.split(input, true, &mut spans), input.len());
    let delivery = Delivery {
        received_micros: 1_790_000_000_000_000,
        zone_offset_seconds: 0,
        source: None,
        path: None,
        header: b"",
    };
    let mut batch = EventBatch::new();
    map_records(&CloudTrail, input, &spans, &delivery, &mut batch);
    batch
}

/// A column's value as text.
fn shown(row: &BatchRow<'_>, column: Column) -> Option<String> {
    match column.spec().kind {
        Kind::Text => row.text(column).map(str::to_owned),
        Kind::Int32 | Kind::Int64 | Kind::Time => row.int(column).map(|n| n.to_string()),
        Kind::Bool => row.flag(column).map(|flag| flag.to_string()),
        Kind::TextList => row.list(column).map(|list| list.join("|")),
        Kind::Bytes => row.bytes(column).map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Maps a record and compares the columns named; `-` is none.
#[track_caller]
fn check(record: &Value, expected: &str) {
    let batch = parse(record.to_string().as_bytes());
    assert_eq!(batch.rows(), 1, "{record}");
    let row = batch.get(0);
    for pair in expected.split("; ") {
        let (name, value) = pair.split_once('=').unwrap();
        let column = Column::by_name(name).unwrap();
        let found = shown(&row, column);
        assert_eq!(found.as_deref().unwrap_or("-"), value, "{name} of {record}");
    }
}

/// A call, with some members in place of the usual ones.
fn call(service: &str, name: &str, changes: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROA1:alice", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/admin/alice", "accessKeyId": "ASIA1",
            "sessionContext": {
                "sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/admin", "userName": "admin"},
                "attributes": {"creationDate": "2026-11-24T09:00:00Z", "mfaAuthenticated": "true"},
            },
        },
        "eventTime": "2026-11-24T10:20:30Z",
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "2001:DB8::7",
        "userAgent": "aws-cli/2.15",
        "requestParameters": {"bucketName": "logs"},
        "responseElements": null,
        "requestID": "R1",
        "eventID": "E1",
        "readOnly": true,
        "resources": [{"ARN": "arn:aws:s3:::logs/a", "type": "AWS::S3::Object"}, {"type": "x"},
            {"ARN": "arn:aws:s3:::logs"}],
        "eventType": "AwsApiCall",
        "recipientAccountId": "444455556666",
        "sharedEventID": "S1",
        "eventCategory": "Data",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "clientProvidedHostHeader": "logs.s3.amazonaws.com"},
    });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

#[test]
fn a_call_fills_its_columns() {
    check(
        &call("s3", "GetObject", json!({})),
        "parse_status=ok; event_uid=E1; time=1795515630000000; class_uid=6003; category_uid=6; activity_id=2; \
         type_uid=600302; severity_id=1; status_id=1; status_code=-; account_uid=444455556666; \
         region=eu-central-1; user_name=-; user_type=AssumedRole; user_uid_alt=AROA1:alice; \
         user_uid=arn:aws:sts::111122223333:assumed-role/admin/alice; credential_uid=ASIA1; \
         is_mfa=true; \
         session_issuer=arn:aws:iam::111122223333:role/admin; user_account_uid=111122223333; \
         operation=GetObject; \
         service=s3.amazonaws.com; request_uid=R1; correlation_uid=S1; is_read_only=true; \
         data_access=true; \
         src_ip=2001:db8::7; src_name=-; user_agent=aws-cli/2.15; dst_name=logs.s3.amazonaws.com; \
         resource_uid=arn:aws:s3:::logs/a; resource_uids=arn:aws:s3:::logs/a|arn:aws:s3:::logs; \
         unmapped=-; attrs=-; message=-",
    );
    check(
        &call(
            "ec2",
            "RunInstances",
            json!({
                "errorCode": "Client.UnauthorizedOperation", "errorMessage": "no", "readOnly": false,
                "sourceIPAddress": "autoscaling.amazonaws.com", "eventCategory": "Management",
                "userIdentity": {"type": "Root", "invokedBy": "autoscaling.amazonaws.com", "accountId": "1"},
                "recipientAccountId": null, "resources": null,
            }),
        ),
        "parse_status=ok; activity_id=1; status_id=2; status_code=Client.UnauthorizedOperation; status_detail=no; \
         is_read_only=false; data_access=-; src_ip=-; src_name=autoscaling.amazonaws.com; \
         user_type=Root; \
         user_name=-; invoked_by=autoscaling.amazonaws.com; account_uid=1; resource_uid=-; is_mfa=-",
    );
    for origin in ["253.252.51.07", "AWS Internal", "192.0.2.1:80"] {
        let changes = json!({"sourceIPAddress": origin});
        check(&call("s3", "PutObject", changes), &format!("src_ip=-; src_name={origin}"));
    }
}

#[test]
fn classes_and_outcomes_follow_the_call() {
    let nothing = json!({});
    let cases = [
        (
            "signin",
            "ConsoleLogin",
            json!({"responseElements": {"ConsoleLogin": "Success"}, "userIdentity": {"type": "IAMUser", "userName": "bob"}, "additionalEventData": {"MFAUsed": "Yes"}}),
            "class_uid=3002; activity_id=1; status_id=1; severity_id=1; is_mfa=true; user_name=bob; status_code=-",
        ),
        (
            "signin",
            "ConsoleLogin",
            json!({"responseElements": {"ConsoleLogin": "Failure"}, "userIdentity": {}, "additionalEventData": {"MFAUsed": "No"}}),
            "class_uid=3002; activity_id=1; status_id=2; severity_id=2; is_mfa=false",
        ),
        (
            "signin",
            "PasswordUpdated",
            json!({"responseElements": {"PasswordUpdated": "Failure"}}),
            "class_uid=3001; activity_id=3; status_id=2",
        ),
        (
            "signin",
            "CredentialChallenge",
            json!({"serviceEventDetails": {"CredentialChallenge": "Failure"}}),
            "class_uid=3002; activity_id=99; status_id=2",
        ),
        ("signin", "SwitchRole", nothing.clone(), "class_uid=3002; activity_id=7; status_id=1"),
        ("sts", "AssumeRoleWithWebIdentity", nothing.clone(), "class_uid=3002; activity_id=1"),
        (
            "sts",
            "GetSessionToken",
            json!({"errorCode": "AccessDenied"}),
            "class_uid=3002; status_id=2; severity_id=2",
        ),
        ("sts", "GetCallerIdentity", nothing.clone(), "class_uid=6003; activity_id=2"),
        (
            "iam",
            "CreateUser",
            json!({"requestParameters": {"userName": "eve"}}),
            "class_uid=3001; activity_id=1; attrs={\"user.name\":\"eve\"}",
        ),
        (
            "iam",
            "AttachRolePolicy",
            json!({"requestParameters": {"roleName": "admin"}}),
            "class_uid=3001; activity_id=7; attrs={\"user.name\":\"admin\"}",
        ),
        (
            "iam",
            "ChangePassword",
            json!({"requestParameters": null, "userIdentity": {"userName": "bob"}}),
            "class_uid=3001; activity_id=3; attrs={\"user.name\":\"bob\"}",
        ),
        ("iam", "DeactivateMFADevice", nothing.clone(), "class_uid=3001; activity_id=11; attrs=-"),
        ("iam", "ListUsers", nothing.clone(), "class_uid=6003; activity_id=2"),
        ("cloudtrail", "StopLogging", nothing.clone(), "class_uid=6003; activity_id=3"),
        ("ec2", "DeleteVolume", nothing.clone(), "activity_id=4"),
        ("ec2", "AuthorizeSecurityGroupIngress", nothing.clone(), "activity_id=3"),
        ("kms", "Decrypt", nothing, "activity_id=99"),
    ];
    for (service, name, changes, expected) in cases {
        check(&call(service, name, changes), expected);
    }
}

#[test]
fn insight_events_are_findings() {
    let insight = |state: &str| {
        json!({
            "eventVersion": "1.07", "eventTime": "2026-11-24T10:20:30Z", "awsRegion": "us-east-1",
            "eventID": "E1", "eventType": "AwsCloudTrailInsight", "recipientAccountId": "1",
            "sharedEventID": "S1", "eventCategory": "Insight",
            "insightDetails": {"state": state, "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
                "insightType": "ApiCallRateInsight",
                "insightContext": {"statistics": {"baseline": {"average": 0.000_088_2}}}},
        })
    };
    check(
        &insight("Start"),
        "parse_status=ok; class_uid=2004; activity_id=1; severity_id=3; status_id=-; operation=-; service=-; \
         correlation_uid=S1; event_uid=E1; message=ApiCallRateInsight Start: RunInstances of \
         ec2.amazonaws.com; \
         attrs={\"evidences[0].api.operation\":\"RunInstances\",\"evidences[0].api.service.name\":\"ec2.amazonaws.com\",\
         \"finding_info.title\":\"ApiCallRateInsight\",\"finding_info.uid\":\"S1\"}",
    );
    check(&insight("End"), "class_uid=2004; activity_id=3; severity_id=1");
}

#[test]
fn an_eventbridge_event_is_the_record_that_it_carries() {
    let event = json!({
        "version": "0", "id": "B1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3",
        "account": "9", "time": "2026-11-24T10:20:31Z", "region": "us-west-1", "resources": ["arn:x"],
        "detail": call("s3", "PutObject", json!({})),
    });
    check(
        &event,
        "parse_status=ok; event_uid=E1; operation=PutObject; region=eu-central-1; account_uid=444455556666; \
        resource_uid=arn:aws:s3:::logs/a; time=1795515630000000",
    );
    let batch = parse(event.to_string().as_bytes());
    assert_eq!(batch.get(0).bytes(Column::Raw), Some(event.to_string().as_bytes()));
    let other = json!({"detail-type": "GuardDuty Finding", "detail": {"id": "1", "detail": call("s3", "x", json!({}))}});
    check(&other, "parse_status=failed; class_uid=0; operation=-");
    // A record's own `detail` is no envelope.
    check(&call("s3", "PutObject", json!({"detail": {"eventName": "x"}})), "operation=PutObject");
}

#[test]
fn odd_records_are_understood_as_far_as_they_go() {
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let record = |more: &str| {
        format!(
            r#"{{"eventSource":"s3.amazonaws.com","eventName":"PutObject","eventTime":"2026-11-24T10:20:30Z"{more}}}"#
        )
    };
    let cases: &[(String, &str, &str)] = &[
        (record(""), "ok", "-"),
        (record(&format!(r#","requestParameters":{deep}"#)), "ok", "-"),
        (record(r#","userAgent":null,"userIdentity":null,"resources":null"#), "ok", "-"),
        (record(r#","userAgent":"a","userAgent":"b""#), "ok", "b"),
        (record(r#","userAgent":"b","recipientAccountId":123456789012,"readOnly":"true""#), "ok", "b"),
        (record(r#","requestParameters":"text","responseElements":[],"additionalEventData":7"#), "ok", "-"),
        (record(r#","userAgent":"b","userIdentity":"root""#), "partial", "b"),
        (record(r#","userAgent":"b","userIdentity":{"arn":{"x":1}}"#), "partial", "b"),
        (record(r#","userAgent":{"b":[1]}"#), "partial", "-"),
        (record(r#","userAgent":1.5"#), "partial", "-"),
        (record(r#","userAgent":1e999"#), "partial", "-"),
        (record(r#","resources":{"ARN":"x"},"userAgent":"b""#), "partial", "b"),
        (record(&format!(r#","userAgent":{deep}"#)), "partial", "-"),
        // Half of a surrogate pair, as a cut at 1 KB leaves it.
        (record(r#","userAgent":"b\\\u00e9\ud83d\ude00\ud83d","awsRegion":"x""#), "partial", "b\\é\u{1f600}\u{fffd}"),
        (record(r#","userAgent":"b","eventTime":"yesterday""#), "partial", "b"),
        (r#"{"eventSource":"s3.amazonaws.com","eventName":"PutObject"}"#.into(), "partial", "-"),
        (r#"{"eventVersion":"1.08","eventType":"AwsServiceEvent","eventTime":"2026-11-24T10:20:30Z"}"#.into(), "ok", "-"),
        (record(r#","userAgent":"b" "x":1"#), "failed", "-"),
        (record(",\"userAgent\":\"a\tb\""), "failed", "-"),
        (r#"{"eventName":"PutObject","userAgent":"b"}"#.into(), "failed", "-"),
        (r#"{"eventVersion":"2.0","eventSource":"aws:s3","eventName":"ObjectCreated:Put"}"#.into(), "failed", "-"),
        ("{}".into(), "failed", "-"),
        ("[[{\"eventName\":1}]]".into(), "failed", "-"),
        ("12".into(), "failed", "-"),
        ("{\"a\":".into(), "failed", "-"),
    ];
    for (input, status, agent) in cases {
        let batch = parse(input.as_bytes());
        assert_eq!(batch.rows(), 1, "{input:.200}");
        let row = batch.get(0);
        let found =
            (row.text(Column::ParseStatus).unwrap(), row.text(Column::UserAgent).unwrap_or("-"));
        assert_eq!(found, (*status, *agent), "{input:.200}: {:?}", row.text(Column::ParseError));
        assert_eq!(row.text(Column::ParseError).is_some(), *status != "ok");
        let class = i64::from(*status != "failed") * 6003;
        assert_eq!(row.int(Column::ClassUid), Some(class), "{input:.200}");
    }
    let mut not_text = record(r#","userAgent":"b?","awsRegion":"x""#).into_bytes();
    let at = not_text.iter().position(|byte| *byte == b'?').unwrap();
    not_text[at] = 0xff;
    let batch = parse(&not_text);
    assert_eq!(batch.get(0).text(Column::UserAgent), Some("b\u{fffd}"));
    assert_eq!(batch.get(0).text(Column::ParseStatus), Some("partial"));
    assert_eq!(batch.get(0).bytes(Column::Raw), Some(&not_text[..]));
}

#[test]
fn spans_are_the_objects_alone() {
    let record = call("s3", "GetObject", json!({})).to_string();
    let pretty = serde_json::to_string_pretty(&call("s3", "GetObject", json!({}))).unwrap();
    for input in [
        format!("{{\"Records\":[{record} , {record}]}}\n"),
        format!("{{\"x\":1,\"Records\" : [\n{record},\r\n\t{record}\n], \"y\":null}}"),
        format!("[{record},{record}]"),
        format!("{record}\n{record}\n"),
        format!("\u{feff}{record}{record}"),
    ] {
        let batch = parse(input.as_bytes());
        let raw: Vec<_> =
            (0..batch.rows()).map(|i| batch.get(i).bytes(Column::Raw).unwrap().to_vec()).collect();
        assert_eq!(raw, [record.as_bytes(), record.as_bytes()], "{input:.60}");
    }
    let batch = parse(format!("{pretty}\n\n{pretty}").as_bytes());
    assert_eq!(batch.get(1).bytes(Column::Raw), Some(pretty.as_bytes()));
}

#[test]
fn it_is_told_from_other_json() {
    let record = call("s3", "GetObject", json!({})).to_string();
    let begun = format!("{{\"Records\":[{{\"requestParameters\":\"{}", "x".repeat(100));
    let notification = r#"{"Records":[{"eventVersion":"2.1","eventSource": "aws:s3","eventName":"ObjectCreated:Put"}]}"#;
    let cases: &[(&str, &str, u8)] = &[
        ("", &record, 95),
        ("x.json", &format!("[{record}]"), 95),
        ("AWSLogs/1/CloudTrail/eu/1_CloudTrail_eu_20261124T1020Z_x.json.gz", &begun, 60),
        ("AWSLogs/1/CloudTrail-Insight/eu/x.json.gz", &begun, 60),
        ("AWSLogs/1/CloudTrail-Digest/eu/1_CloudTrail-Digest_eu_x.json.gz", &record, 0),
        ("AWSLogs/1/Config/x.json", &begun, 0),
        ("", r#"{"eventName":"x","eventSource":"y"}"#, 70),
        ("", r#"{"eventVersion":"1.07","insightDetails":{}}"#, 95),
        ("", notification, 0),
        ("", "const x = {\"eventName\":\"x\",\"eventSource\":\"y\",\"eventVersion\":\"1\"}", 0),
        ("", "<html>\"eventName\" \"eventSource\" \"eventVersion\"", 0),
        ("/CloudTrail/x", "", 0),
    ];
    for (path, head, expected) in cases {
        let hint = Hint { path: Some(path), content_type: None };
        assert_eq!(CloudTrail.detect(&hint, head.as_bytes()).0, *expected, "{path} {head:.60}");
    }
}

proptest! {
    #[test]
    fn a_record_cut_anywhere_or_changed_is_one_record(at in 0usize..1_200, byte in any::<u8>()) {
        let whole = call("iam", "CreateUser", json!({"responseElements": {"x": "\u{e9}\n"}})).to_string();
        let at = at % whole.len();
        let mut changed = whole.clone().into_bytes();
        changed[at] = byte;
        for bytes in [&whole.as_bytes()[..at], &changed[..]] {
            let batch = parse(bytes);
            // With another first byte it may be a list, whose commas stand between records.
            let said = |bytes: &[u8]| bytes.iter().filter(|b| !b" \t\r\n,[]".contains(b)).count();
            let raw = |i: usize| said(batch.get(i).bytes(Column::Raw).unwrap());
            let kept: usize = (0..batch.rows()).map(raw).sum();
            prop_assert!(kept + 2 >= said(bytes), "{kept} of {}", said(bytes));
        }
    }
}

fn corpus(part: &str) -> Vec<(String, Vec<u8>)> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("STELE_CORPUS").map_or(beside, PathBuf::from);
    let mut files = Vec::new();
    let mut folders = vec![root.join("open").join(part)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: no corpus at {}", folder.display());
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            if path.extension().is_some_and(|extension| extension == "gz") {
                let mut decoded = Vec::new();
                #[expect(clippy::disallowed_methods, reason = "the test's own files")]
                flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut decoded).unwrap();
                bytes = decoded;
            }
            files.push((path.display().to_string(), bytes));
        }
    }
    files
}

#[test]
fn lossless_columns_hold_what_the_real_records_hold() {
    let mut compared = 0;
    for (path, bytes) in corpus("cloudtrail") {
        if path.contains("panther") || CloudTrail.detect(&Hint::default(), &bytes).0 == 0 {
            continue;
        }
        let batch = parse(&bytes);
        for index in 0..batch.rows() {
            let row = batch.get(index);
            let raw = row.bytes(Column::Raw).unwrap();
            let Ok(mut record) = serde_json::from_slice::<Value>(raw) else {
                assert_eq!(row.text(Column::ParseStatus), Some("failed"), "{path}");
                continue;
            };
            if record["eventName"].is_null() && record["detail"].is_object() {
                record = record["detail"].take();
            }
            if row.text(Column::ParseStatus) == Some("failed") {
                assert!(
                    record["eventName"].is_null() || record["eventSource"].is_null(),
                    "{path}: {record}"
                );
                continue;
            }
            for field in FIELDS.iter().filter(|field| field.lossless) {
                let expected = field.name.split('.').fold(&record, |at, name| &at[name]);
                assert_eq!(row.text(field.column), expected.as_str(), "{path}: {}", field.name);
                compared += 1;
            }
        }
    }
    assert!(compared == 0 || compared > 15_000 * 18, "{compared}");
}

#[test]
fn other_formats_files_are_not_taken_for_it() {
    for part in [
        "s3_sqs_notification",
        "cloudtrail_digest",
        "aws_config",
        "guardduty",
        "securityhub",
        "waf",
        "eventbridge_other",
        "k8s_audit",
    ] {
        for (path, bytes) in corpus(part) {
            // Some folders hold EventBridge events that CloudTrail records are in.
            let taken = CloudTrail.detect(&Hint::default(), &bytes).0 > 0;
            if taken {
                let batch = parse(&bytes);
                assert_eq!(batch.get(0).text(Column::ParseStatus), Some("ok"), "{path}");
                eprintln!("{path}: {:?}", batch.get(0).text(Column::Operation));
            }
        }
    }
}
