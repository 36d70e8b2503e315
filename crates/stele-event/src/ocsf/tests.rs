#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod validator;
mod validity;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::schema::{Holder, Kind as Shape};
use super::*;
use crate::batch::{EventBatch, RowWriter};
use crate::columns::{COLUMNS, Column, Kind};
use validator::Schemas;

/// The document of a row that is filled by texts: `column=value`, numbers and flags as such.
fn document_of(cells: &[(Column, Value)]) -> Map<String, Value> {
    let mut batch = EventBatch::new();
    let mut row = batch.row();
    for (column, value) in cells {
        set(&mut row, *column, value);
    }
    row.finish();
    document(&batch.get(0))
}

fn set(row: &mut RowWriter<'_>, column: Column, value: &Value) {
    match column.spec().kind {
        Kind::Text => row.set_text(column, value.as_str().unwrap()),
        Kind::TextList => {
            row.set_list(column, value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()));
        }
        Kind::Int64 => row.set_int64(column, value.as_i64().unwrap()),
        Kind::Int32 => row.set_int32(column, value.as_i64().unwrap() as i32),
        Kind::Time => row.set_time(column, value.as_i64().unwrap()),
        Kind::Bool => row.set_bool(column, value.as_bool().unwrap()),
        Kind::Bytes => row.set_bytes(column, value.as_str().unwrap().as_bytes()),
    }
}

/// Checks that the document of a row holds all that is expected (members that are not named may be
/// anything), and that it is valid.
fn check(cells: &[(Column, Value)], expected: &Value) -> Map<String, Value> {
    let document = document_of(cells);
    assert_holds(&Value::Object(document.clone()), expected, "");
    if let Some(mut schemas) = Schemas::load() {
        let errors = schemas.errors(&document);
        assert!(errors.is_empty(), "{errors:#?} in {}", Value::Object(document));
    }
    document
}

fn assert_holds(found: &Value, expected: &Value, at: &str) {
    if let (Value::Object(found), Value::Object(expected)) = (found, expected) {
        for (name, value) in expected {
            let inner = found.get(name).unwrap_or(&Value::Null);
            assert_holds(inner, value, &format!("{at}.{name}"));
        }
    } else {
        assert_eq!(found, expected, "at {at}");
    }
}

const TIME: i64 = 1_700_000_000_123_000;

#[test]
fn a_call_has_every_column_where_the_schema_wants_it() {
    let document = check(
        &[
            (Column::ClassUid, 6003.into()),
            (Column::CategoryUid, 6.into()),
            (Column::ActivityId, 2.into()),
            (Column::TypeUid, 600_302.into()),
            (Column::SeverityId, 1.into()),
            (Column::StatusId, 2.into()),
            (Column::StatusCode, "AccessDenied".into()),
            (Column::Time, TIME.into()),
            (Column::SourceType, "cloudtrail".into()),
            (Column::EventUid, "e-1".into()),
            (Column::AccountUid, "001122334455".into()),
            (Column::Region, "eu-central-1".into()),
            (Column::Operation, "GetObject".into()),
            (Column::Service, "s3.amazonaws.com".into()),
            (Column::RequestUid, "r-1".into()),
            (Column::UserName, "alice".into()),
            (Column::UserUid, "arn:aws:iam::001122334455:user/alice".into()),
            (Column::IsMfa, true.into()),
            (Column::SrcIp, "192.0.2.1".into()),
            (Column::UserAgent, "aws-cli".into()),
            (Column::ResourceUid, "arn:aws:s3:::b".into()),
            (Column::ResourceUids, json!(["arn:aws:s3:::b", "arn:aws:s3:::c"])),
            (Column::DataAccess, true.into()),
            (Column::Raw, "{\"a\":1}".into()),
        ],
        &json!({
            "class_uid": 6003, "class_name": "API Activity", "category_uid": 6,
            "category_name": "Application Activity", "activity_id": 2, "activity_name": "Read",
            "type_uid": 600_302, "type_name": "API Activity: Read",
            "severity_id": 1, "severity": "Informational", "status_id": 2, "status": "Failure",
            "status_code": "AccessDenied", "time": TIME / 1_000,
            "cloud": {"provider": "AWS", "account": {"uid": "001122334455"}, "region": "eu-central-1"},
            "api": {
                "operation": "GetObject", "service": {"name": "s3.amazonaws.com"},
                "request": {"uid": "r-1"},
            },
            "actor": {
                "user": {"name": "alice", "uid": "arn:aws:iam::001122334455:user/alice"},
                "session": {"is_mfa": true},
            },
            "src_endpoint": {"ip": "192.0.2.1"}, "http_request": {"user_agent": "aws-cli"},
            "resources": [{"uid": "arn:aws:s3:::b"}, {"uid": "arn:aws:s3:::c"}],
            "metadata": {
                "uid": "e-1", "version": "1.8.0", "profiles": ["cloud"], "log_format": "cloudtrail",
                "product": {"name": "CloudTrail", "vendor_name": "AWS"},
            },
            "unmapped": {"data_access": true}, "raw_data": "{\"a\":1}", "raw_data_size": 7,
        }),
    );
    assert_eq!(document["unmapped"], json!({"data_access": true}), "and nothing else");
}

#[test]
fn a_flow_is_no_call_and_what_saw_it_stands_on_its_side() {
    let flow = [
        (Column::ClassUid, 4001.into()),
        (Column::ActivityId, 5.into()),
        (Column::Time, TIME.into()),
        (Column::TimeEnd, (TIME + 60_000_000).into()),
        (Column::SourceType, "vpcflow".into()),
        (Column::Operation, "REJECT".into()),
        (Column::ActionId, 2.into()),
        (Column::DispositionId, 2.into()),
        (Column::SrcIp, "2001:DB8::1".into()),
        (Column::SrcPort, 0.into()),
        (Column::DstIp, "10.0.0.1".into()),
        (Column::InterfaceUid, "eni-1".into()),
        (Column::ProtocolNum, 6.into()),
        (Column::Bytes, 40.into()),
        (Column::Attrs, r#"{"src_endpoint.intermediate_ips":["10.0.0.2"]}"#.into()),
        (Column::Unmapped, r#"{"tcp-flags":"18"}"#.into()),
    ];
    let mut expected = json!({
        "activity_name": "Refuse", "start_time": TIME / 1_000, "end_time": TIME / 1_000 + 60_000,
        "action_id": 2, "action": "Denied", "disposition": "Blocked",
        "src_endpoint": {
            "ip": "2001:db8::1", "port": 0, "interface_uid": "eni-1",
            "intermediate_ips": ["10.0.0.2"],
        },
        "dst_endpoint": {"ip": "10.0.0.1"}, "traffic": {"bytes": 40},
        "connection_info": {"protocol_num": 6, "direction_id": 0, "direction": "Unknown"},
        "metadata": {"profiles": ["cloud", "security_control"]},
        "unmapped": {"tcp-flags": "18", "operation": "REJECT"},
    });
    assert!(!check(&flow, &expected).contains_key("api"));
    let inbound = [&flow[..], &[(Column::DirectionId, 1.into())]].concat();
    expected["connection_info"] = json!({"direction_id": 1, "direction": "Inbound"});
    expected["src_endpoint"].as_object_mut().unwrap().remove("interface_uid");
    expected["dst_endpoint"] = json!({"interface_uid": "eni-1"});
    check(&inbound, &expected);
}

#[test]
fn who_logs_in_is_the_actor_unless_the_record_names_another() {
    let login = [
        (Column::ClassUid, 3002.into()),
        (Column::ActivityId, 1.into()),
        (Column::Time, TIME.into()),
        (Column::SourceType, "syslog".into()),
        (Column::ProcessName, "sshd".into()),
        (Column::Service, "sshd".into()),
        (Column::UserName, "root\" x".into()),
        (Column::HostName, "web-1.example.com.".into()),
        (Column::Operation, "login".into()),
    ];
    let document = check(
        &login,
        &json!({
            "user": {"name": "root\" x"}, "actor": {"user": {"name": "root\" x"}},
            "service": {"name": "sshd"},
            "device": {"hostname": "web-1.example.com", "type_id": 0, "type": "Unknown"},
            "metadata": {"product": {"name": "sshd"}, "profiles": ["host"]},
            "unmapped": {"operation": "login"},
        }),
    );
    assert!(!document.contains_key("cloud") && !document.contains_key("api"));
    let switched = [&login[..], &[(Column::Attrs, r#"{"user.name":"db"}"#.into())]].concat();
    check(&switched, &json!({"user": {"name": "db"}, "actor": {"user": {"name": "root\" x"}}}));
}

#[test]
fn a_row_that_lacks_what_its_class_demands_becomes_a_base_event_that_says_everything() {
    let mut expected = json!({
        "class_uid": 0, "type_uid": 99, "activity_id": 99, "activity_name": "Read",
        "unmapped": {"class_uid": 6003, "activity_id": 2, "src_ip": "192.0.2.1"},
    });
    let mut call = vec![
        (Column::ClassUid, 6003.into()),
        (Column::ActivityId, 2.into()),
        (Column::Time, TIME.into()),
        (Column::SourceType, "json".into()),
        (Column::SrcIp, "192.0.2.1".into()),
        (Column::UserName, "alice".into()),
    ];
    check(&call, &expected);
    call.push((Column::Operation, "read".into()));
    check(&call, &json!({"class_uid": 6003, "api": {"operation": "read"}}));
    // Neither an address nor a name: from where is not known.
    call[4].1 = "".into();
    expected["unmapped"] = json!({"operation": "read", "src_ip": ""});
    check(&call, &expected);
    check(
        &[(Column::ClassUid, 4711.into()), (Column::ActivityId, 7.into())],
        &json!({
            "class_uid": 0, "activity_name": "7", "time": 0, "severity_id": 0,
            "metadata": {"product": {"name": "unknown"}},
            "unmapped": {"class_uid": 4711, "activity_id": 7},
        }),
    );
}

#[test]
fn values_that_the_schema_refuses_are_kept_beside_it() {
    check(
        &[
            (Column::ClassUid, 4002.into()),
            (Column::ActivityId, 12.into()),
            (Column::Time, (TIME + 7).into()),
            (Column::ObservedTime, i64::MAX.into()),
            (Column::SourceType, "text".into()),
            (Column::SeverityId, 42.into()),
            (Column::StatusId, (-1).into()),
            (Column::HttpMethod, "PROPFIND".into()),
            (Column::UrlHost, "no host name".into()),
            (Column::UserAgent, "x".into()),
            (Column::SrcIp, "10.0.0.256".into()),
            (Column::SrcPort, 65_536.into()),
            (Column::TraceUid, "t-1".into()),
            (Column::HostName, "10.1.1.1".into()),
        ],
        &json!({
            "activity_id": 99, "activity_name": "12", "time_dt": "2023-11-14T22:13:20.123007Z",
            "severity_id": 99, "severity": "42", "status_id": 99, "status": "-1",
            "http_request": {"user_agent": "x", "http_method": null, "url": null},
            "src_endpoint": {"name": "10.0.0.256", "port": null}, "trace": {"uid": "t-1"},
            "device": {"ip": "10.1.1.1"},
            "metadata": {"profiles": ["datetime", "host", "trace"]},
            "unmapped": {
                "activity_id": 12, "http_method": "PROPFIND", "url_host": "no host name",
                "src_port": 65_536, "observed_time": i64::MAX,
            },
        }),
    );
}

#[test]
fn attrs_go_where_the_schema_has_them_and_nobody_can_hide_a_column() {
    check(
        &[
            (Column::ClassUid, 2004.into()),
            (Column::ActivityId, 1.into()),
            (Column::Time, TIME.into()),
            (Column::SourceType, "cloudtrail".into()),
            (Column::SrcIp, "192.0.2.1".into()),
            (Column::Tenant, "t".into()),
            (
                Column::Attrs,
                json!({
                    "finding_info": {"uid": "f-1", "title": "t", "nothing": 1},
                    "evidences[0].api.operation": "RunInstances",
                    "evidences[4294967295].src_endpoint.ip": "192.0.2.7",
                    "evidences[1].src_endpoint.port": 1,
                    "metadata.profiles": ["trace"],
                    "metadata.tenant_uid": "another",
                    "class_uid": 1, "raw_data": "forged", "time": null,
                    "no.such.path": {"a": null, "b": [null, 2]},
                })
                .to_string()
                .into(),
            ),
            (
                Column::Unmapped,
                json!({"src_ip": "forged", "unmapped.src_ip": 1, "nested": {"null": null}})
                    .to_string()
                    .into(),
            ),
        ],
        &json!({
            "class_uid": 2004, "finding_info": {"uid": "f-1", "title": "t"},
            "evidences": [
                {"api": {"operation": "RunInstances"}}, {"src_endpoint": {"ip": "192.0.2.7"}},
            ],
            "metadata": {"tenant_uid": "t", "profiles": ["cloud"]},
            "unmapped": {
                "finding_info": {"uid": "f-1", "title": "t", "nothing": 1},
                "evidences[1].src_endpoint.port": 1, "metadata.tenant_uid": "another",
                "metadata.profiles": ["trace"], "class_uid": 1, "raw_data": "forged",
                "no.such.path": {"b": [2]}, "src_ip": "192.0.2.1",
                "unmapped.unmapped.src_ip": "forged", "unmapped.src_ip": 1, "nested": {},
            },
        }),
    );
    for text in ["[1]", "{", "", "\"x\""] {
        check(
            &[(Column::Attrs, text.into()), (Column::Unmapped, text.into())],
            &json!({"unmapped": {"attrs": text, "unmapped": text}}),
        );
    }
}

#[test]
fn every_path_in_the_table_of_columns_is_one_of_the_schema() {
    for spec in COLUMNS.iter().filter(|spec| !spec.ocsf.is_empty()) {
        let is_there = |class: &'static Class| {
            let mut holder = Holder::Class(class);
            let mut names = spec.ocsf.split('.').peekable();
            while let Some(name) = names.next() {
                let name = name.split('[').next().unwrap();
                let Some(attribute) = holder.attribute(name) else { return false };
                match attribute.kind {
                    Shape::Object(number) => holder = Holder::object(number),
                    _ => return names.peek().is_none(),
                }
            }
            false
        };
        assert!(classes().iter().any(is_there), "{}: {}", spec.name, spec.ocsf);
    }
}

#[test]
fn captions_are_the_schemas() {
    assert_eq!(class_caption(3002), Some("Authentication"));
    assert_eq!(activity_caption(3002, 7), Some("Account Switch"));
    assert_eq!(severity_caption(6), Some("Fatal"));
    assert_eq!(status_caption(6003, 2), Some("Failure"));
    assert_eq!(status_caption(2004, 2), Some("In Progress"));
    assert_eq!(action_caption(1), Some("Allowed"));
    assert_eq!(disposition_caption(2), Some("Blocked"));
    assert_eq!((class_caption(1), activity_caption(0, 5)), (None, None));
    let uids: BTreeSet<_> = classes().iter().map(|class| class.uid).collect();
    assert_eq!(uids.len(), classes().len());
    assert!(classes().iter().all(|class| class.required.contains(&"metadata")));
}
