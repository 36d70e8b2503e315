//! Which column each field of a record goes to. Values stand as the record has them, but for
//! addresses and times.

use serde_json::{Map, Value};
use stele_event::{Column, RowWriter};

use super::class::{ACCOUNT_CHANGE, AUTHENTICATION, class_of};
use super::lenient::Text;
use super::record::Record;
use crate::values;

/// Fills every column but the time.
pub(super) fn fill(record: &Record<'_>, row: &mut RowWriter<'_>) {
    let (class, activity) = class_of(record);
    row.set_int32(Column::ClassUid, class);
    row.set_int32(Column::ActivityId, activity);
    for (column, field) in [
        (Column::EventUid, &record.event_id),
        (Column::Operation, &record.event_name),
        (Column::Service, &record.event_source),
        (Column::Region, &record.region),
        (Column::UserAgent, &record.user_agent),
        (Column::RequestUid, &record.request_id),
        (Column::CorrelationUid, &record.shared_event_id),
        (Column::DstName, &record.tls.host),
        (Column::StatusCode, &record.error_code),
        (Column::StatusDetail, &record.error_message),
    ] {
        row.set_text_opt(column, field.get());
    }
    let account = record.recipient_account.get().or(record.identity.account_id.get());
    row.set_text_opt(Column::AccountUid, account);
    if let Some(origin) = record.source_ip.get() {
        match values::ip_text(origin) {
            Some(ip) => row.set_text(Column::SrcIp, &ip),
            None => row.set_text(Column::SrcName, origin),
        }
    }
    match record.read_only.get() {
        Some("true") => row.set_bool(Column::IsReadOnly, true),
        Some("false") => row.set_bool(Column::IsReadOnly, false),
        _ => {}
    }
    if record.category.is("Data") {
        row.set_bool(Column::DataAccess, true);
    }
    let mut arns = record.resources.list.iter().filter_map(|r| r.arn.get()).peekable();
    if let Some(first) = arns.peek() {
        row.set_text(Column::ResourceUid, first);
        row.set_list(Column::ResourceUids, arns);
    }
    fill_actor(record, row);
    if record.is_insight() {
        fill_insight(record, row);
    } else {
        fill_outcome(record, class, row);
    }
    if class == ACCOUNT_CHANGE {
        fill_target(record, row);
    }
}

fn fill_actor(record: &Record<'_>, row: &mut RowWriter<'_>) {
    let identity = &record.identity;
    for (column, field) in [
        (Column::UserName, &identity.user_name),
        (Column::UserUid, &identity.arn),
        (Column::UserUidAlt, &identity.principal_id),
        (Column::UserType, &identity.kind),
        (Column::CredentialUid, &identity.access_key_id),
        (Column::SessionIssuer, &identity.session.issuer.arn),
        (Column::InvokedBy, &identity.invoked_by),
        (Column::UserAccountUid, &identity.account_id),
    ] {
        row.set_text_opt(column, field.get());
    }
    // Sessions have it as text, sign-in events in their own way.
    if let Some(mfa) = identity.session.attributes.mfa.get() {
        row.set_bool(Column::IsMfa, mfa == "true");
    } else if is_sign_in(record)
        && let Some(used) = record.additional.text_at("MFAUsed")
    {
        row.set_bool(Column::IsMfa, used.is("Yes"));
    }
}

fn is_sign_in(record: &Record<'_>) -> bool {
    record.event_source.is("signin.amazonaws.com")
}

fn fill_outcome(record: &Record<'_>, class: i32, row: &mut RowWriter<'_>) {
    let failed = record.error_code.get().is_some()
        || record.error_message.get().is_some()
        || (is_sign_in(record) && sign_in_failed(record));
    row.set_int32(Column::StatusId, if failed { 2 } else { 1 });
    row.set_int32(Column::SeverityId, if failed && class == AUTHENTICATION { 2 } else { 1 });
}

/// Sign-in events say `Success` or `Failure` under the name of the event, and an errorCode is
/// absent either way (user guide, "AWS Management Console sign-in events").
fn sign_in_failed(record: &Record<'_>) -> bool {
    let name = record.event_name.get().unwrap_or_default();
    [record.response, record.service_event].into_iter().any(|answer| {
        [name, "ConsoleLogin"]
            .iter()
            .any(|name| answer.text_at(name).is_some_and(|said| said.is("Failure")))
    })
}

/// The account that was changed, which OCSF wants in `user`; the actor may be another.
fn fill_target(record: &Record<'_>, row: &mut RowWriter<'_>) {
    let named = ["userName", "roleName"].iter().find_map(|name| record.request.text_at(name));
    if let Some(name) = named.as_ref().and_then(Text::get).or(record.identity.user_name.get()) {
        set_attrs(row, [("user.name", name)]);
    }
}

/// An Insight event is about a call and is none: the columns of calls stay empty.
fn fill_insight(record: &Record<'_>, row: &mut RowWriter<'_>) {
    let insight = &record.insight;
    let title = insight.kind.get().unwrap_or_default();
    let uid = record.shared_event_id.get().or(record.event_id.get()).unwrap_or_default();
    let operation = insight.event_name.get().unwrap_or_default();
    let service = insight.event_source.get().unwrap_or_default();
    let state = insight.state.get().unwrap_or_default();
    row.set_text(Column::Message, &format!("{title} {state}: {operation} of {service}"));
    row.set_int32(Column::SeverityId, if insight.state.is("End") { 1 } else { 3 });
    set_attrs(
        row,
        [
            ("finding_info.uid", uid),
            ("finding_info.title", title),
            ("evidences[0].api.operation", operation),
            ("evidences[0].api.service.name", service),
        ],
    );
}

fn set_attrs<'v>(row: &mut RowWriter<'_>, attrs: impl IntoIterator<Item = (&'v str, &'v str)>) {
    let attrs: Map<String, Value> = attrs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(path, value)| (path.to_owned(), Value::from(value)))
        .collect();
    row.set_text(Column::Attrs, &Value::Object(attrs).to_string());
}
