//! AWS CloudTrail: management, data and Insight events, as `{"Records":[…]}`, as an array, one a
//! line, alone, or inside an EventBridge event.
//!
//! AWS CloudTrail user guide, "CloudTrail record contents". Records come in no order, to the
//! second, and up to twice with the same `eventID`. `sourceIPAddress` is often a service's name.

mod record;

use stele_event::{Column, RowWriter, SourceField};

use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::json::JsonSplitter;
use crate::values;
use record::Event;

/// The format; see the module.
#[derive(Debug)]
pub struct CloudTrail;

const ID: &str = "cloudtrail";

impl Format for CloudTrail {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "AWS CloudTrail records (management, data, Insight; also inside EventBridge events)"
    }

    fn detect(&self, hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let path = hint.path.unwrap_or_default();
        if path.contains("CloudTrail-Digest") {
            return Confidence(0);
        }
        let begins = head.trim_ascii_start().first();
        if !matches!(begins, Some(b'{' | b'[')) {
            return Confidence(0);
        }
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        let named = has(b"\"eventName\"") && has(b"\"eventSource\"");
        let insight = has(b"\"insightDetails\"") && has(b"\"eventVersion\"");
        let keyed = path.contains("/CloudTrail/") || path.contains("_CloudTrail_");
        Confidence(match (named && has(b"\"eventVersion\"") || insight, named, keyed) {
            (true, ..) => 95,
            (_, true, _) => 70,
            (_, _, true) if has(b"\"Records\"") => 60,
            _ => 0,
        })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(JsonSplitter::new(record_bytes_max, Some("Records")))
    }

    fn mapper(&self, _context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(CloudTrailMapper)
    }

    fn fields(&self) -> &'static [SourceField] {
        FIELDS
    }
}

const fn field(name: &'static str, column: Column, lossless: bool) -> SourceField {
    SourceField { format: ID, name, column, lossless }
}

static FIELDS: &[SourceField] = &[
    field("eventName", Column::Operation, true),
    field("eventSource", Column::Service, true),
    field("eventID", Column::EventUid, true),
    field("eventTime", Column::Time, false),
    field("awsRegion", Column::Region, true),
    field("sourceIPAddress", Column::SrcIp, false),
    field("userAgent", Column::UserAgent, true),
    field("errorCode", Column::StatusCode, false),
    field("errorMessage", Column::StatusDetail, true),
    field("requestID", Column::RequestUid, true),
    field("readOnly", Column::IsReadOnly, false),
    field("recipientAccountId", Column::AccountUid, false),
    field("sharedEventID", Column::CorrelationUid, true),
    field("userIdentity.type", Column::UserType, true),
    field("userIdentity.userName", Column::UserName, false),
    field("userIdentity.arn", Column::UserUid, true),
    field("userIdentity.principalId", Column::UserUidAlt, true),
    field("userIdentity.accountId", Column::UserAccountUid, true),
    field("userIdentity.accessKeyId", Column::CredentialUid, true),
    field("userIdentity.invokedBy", Column::InvokedBy, true),
];

struct CloudTrailMapper;

impl Mapper for CloudTrailMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let text = match std::str::from_utf8(record) {
            Ok(text) => text,
            Err(error) => {
                return Mapped::Failed(format!("not UTF-8 at byte {}", error.valid_up_to()));
            }
        };
        let mut event: Event<'_> = match serde_json::from_str(text) {
            Ok(event) => event,
            Err(error) => return Mapped::Failed(format!("not JSON: {error}")),
        };
        if let Some(detail) = event.detail.take() {
            event = detail;
        }
        let insight = event.insight.insight_type.get().is_some();
        let named = event.event_name.get().is_some() && event.event_source.get().is_some();
        if !named && !insight {
            return Mapped::Failed("no CloudTrail record: eventName or eventSource is missing".into());
        }
        fill(&event, row);
        match event.event_time.get().map(values::rfc3339_micros) {
            Some(Some(micros)) => {
                row.set_time(Column::Time, micros);
                Mapped::Ok
            }
            Some(None) => Mapped::Partial(format!(
                "eventTime `{}` is no RFC 3339 time",
                event.event_time.get().unwrap_or_default()
            )),
            None => Mapped::Partial("eventTime is missing".into()),
        }
    }
}

fn fill(event: &Event<'_>, row: &mut RowWriter<'_>) {
    let source = event.event_source.get().or(event.insight.event_source.get());
    let name = event.event_name.get().or(event.insight.event_name.get());
    let class = class_of(event, source.unwrap_or_default(), name.unwrap_or_default());
    row.set_int32(Column::ClassUid, class.0);
    row.set_int32(Column::ActivityId, class.1);
    row.set_text_opt(Column::EventUid, event.event_id.get());
    row.set_text_opt(Column::Operation, name);
    row.set_text_opt(Column::Service, source);
    row.set_text_opt(Column::Region, event.aws_region.get());
    row.set_text_opt(Column::UserAgent, event.user_agent.get());
    row.set_text_opt(Column::RequestUid, event.request_id.get());
    row.set_text_opt(Column::CorrelationUid, event.shared_event_id.get());
    row.set_text_opt(Column::DstName, event.tls.host.get());
    let account = event.recipient_account.get().or(event.identity.account_id.get());
    row.set_text_opt(Column::AccountUid, account);
    if let Some(origin) = event.source_ip.get() {
        match values::ip(origin) {
            Some(ip) => row.set_text(Column::SrcIp, &ip),
            None => row.set_text(Column::SrcName, origin),
        }
    }
    if let Some(read_only) = event.read_only.get() {
        row.set_bool(Column::IsReadOnly, read_only == "true");
    }
    if event.event_category.get() == Some("Data") {
        row.set_bool(Column::DataAccess, true);
    }
    fill_identity(event, row);
    fill_outcome(event, row);
    let mut arns = event.resources.0.iter().filter_map(|r| r.arn.get()).peekable();
    if let Some(first) = arns.peek() {
        row.set_text(Column::ResourceUid, first);
        row.set_list(Column::ResourceUids, arns);
    }
}

fn fill_identity(event: &Event<'_>, row: &mut RowWriter<'_>) {
    let identity = &event.identity;
    let issuer = &identity.session.issuer;
    row.set_text_opt(Column::UserName, identity.user_name.get().or(issuer.user_name.get()));
    row.set_text_opt(Column::UserUid, identity.arn.get());
    row.set_text_opt(Column::UserUidAlt, identity.principal_id.get());
    row.set_text_opt(Column::UserType, identity.kind.get());
    row.set_text_opt(Column::UserAccountUid, identity.account_id.get());
    row.set_text_opt(Column::CredentialUid, identity.access_key_id.get());
    row.set_text_opt(Column::InvokedBy, identity.invoked_by.get());
    row.set_text_opt(Column::SessionIssuer, issuer.arn.get());
    let mfa = identity.session.attributes.mfa.get().map(|v| v == "true");
    if let Some(mfa) = mfa.or(event.additional.mfa_used.get().map(|v| v == "Yes")) {
        row.set_bool(Column::IsMfa, mfa);
    }
}

fn fill_outcome(event: &Event<'_>, row: &mut RowWriter<'_>) {
    if event.insight.insight_type.get().is_some() {
        return;
    }
    let login = event.response.console_login.get();
    let failed = event.error_code.get().is_some()
        || event.error_message.get().is_some()
        || login == Some("Failure");
    row.set_int32(Column::StatusId, if failed { 2 } else { 1 });
    row.set_text_opt(Column::StatusCode, event.error_code.get().or(login));
    row.set_text_opt(Column::StatusDetail, event.error_message.get());
    row.set_int32(Column::SeverityId, 1);
}

/// OCSF class and activity: the three-way split that Amazon Security Lake makes (API Activity,
/// Authentication, Account Change), and Detection Finding for Insight events.
fn class_of(event: &Event<'_>, source: &str, name: &str) -> (i32, i32) {
    if event.insight.insight_type.get().is_some() {
        let closed = event.insight.state.get() == Some("End");
        return (2004, if closed { 3 } else { 1 });
    }
    match (source, name) {
        ("signin.amazonaws.com", "ConsoleLogin" | "SwitchRole" | "CheckMfa") => (3002, 1),
        ("signin.amazonaws.com", "ExitRole" | "Logout") => (3002, 2),
        ("sts.amazonaws.com", name)
            if name.starts_with("AssumeRole")
                || name == "GetFederationToken"
                || name == "GetSessionToken" =>
        {
            (3002, 1)
        }
        ("iam.amazonaws.com", name) => match account_change(name) {
            Some(activity) => (3001, activity),
            None => (6003, verb(name)),
        },
        (_, name) => (6003, verb(name)),
    }
}

/// OCSF 1.8.0 Account Change activities.
fn account_change(name: &str) -> Option<i32> {
    Some(match name {
        "CreateUser" => 1,
        "CreateLoginProfile" | "CreateAccessKey" => 2,
        "ChangePassword" => 3,
        "UpdateLoginProfile" => 4,
        "DeleteLoginProfile" | "DeleteAccessKey" => 5,
        "DeleteUser" => 6,
        "AttachUserPolicy" | "AttachRolePolicy" | "PutUserPolicy" | "PutRolePolicy" => 7,
        "DetachUserPolicy" | "DetachRolePolicy" | "DeleteUserPolicy" | "DeleteRolePolicy" => 8,
        "EnableMFADevice" => 10,
        "DeactivateMFADevice" => 11,
        _ => return None,
    })
}

/// OCSF 1.8.0 API Activity by the verb that the operation begins with: 1 create, 2 read,
/// 3 update, 4 delete, 99 other.
fn verb(name: &str) -> i32 {
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| name.starts_with(verb));
    if begins(&["Get", "List", "Describe", "Head", "Lookup", "Search", "Scan", "Query", "BatchGet"]) {
        2
    } else if begins(&["Create", "Run", "Generate", "Allocate", "Import", "Register", "Issue"]) {
        1
    } else if begins(&["Delete", "Terminate", "Remove", "Deregister", "Release", "Purge", "Revoke"]) {
        4
    } else if begins(&[
        "Update", "Modify", "Put", "Set", "Attach", "Detach", "Add", "Enable", "Disable", "Start",
        "Stop", "Change", "Tag", "Untag", "Associate", "Disassociate", "Authorize", "Replace",
        "Reset", "Restore", "Copy",
    ]) {
        3
    } else {
        99
    }
}
