//! What `sshd` says about who came in (OpenSSH, `auth.c`, `auth_log`, and `session.c`).

use stele_event::{Column, RowWriter};

use crate::values;

/// Adds what the message says; a message that says nothing of interest adds nothing.
pub(super) fn map(message: &str, row: &mut RowWriter<'_>) {
    // "message repeated 5 times: [ Failed password for ... ]"
    let message = message
        .strip_prefix("message repeated ")
        .and_then(|rest| rest.split_once(" times: [ "))
        .map_or(message, |(_, inner)| inner.strip_suffix(']').unwrap_or(inner).trim_end());
    if let Some(rest) = message.strip_prefix("Accepted ") {
        login(rest, 1, row);
    } else if let Some(rest) = message.strip_prefix("Failed ") {
        login(rest, 2, row);
    } else if let Some(rest) = message.strip_prefix("Invalid user ") {
        authentication(1, 2, row);
        row.set_text(Column::StatusDetail, "invalid user");
        origin(rest, row);
    } else if let Some(rest) = message.strip_prefix("Disconnected from user ") {
        authentication(2, 1, row);
        // "NAME ADDRESS port N": from the right, for the name may hold anything.
        let mut words = rest.rsplitn(4, ' ');
        let (port, _, ip, name) = (words.next(), words.next(), words.next(), words.next());
        row.set_text_opt(Column::UserName, name);
        endpoint(ip, port, row);
    }
}

/// "METHOD for [invalid user ]NAME from ADDRESS port N ssh2[: KEY]".
fn login(rest: &str, status: i32, row: &mut RowWriter<'_>) {
    let Some((method, rest)) = rest.split_once(" for ") else { return };
    authentication(1, status, row);
    row.set_text(Column::StatusCode, method);
    let rest = match rest.strip_prefix("invalid user ") {
        Some(rest) => {
            row.set_text(Column::StatusDetail, "invalid user");
            rest
        }
        None => rest,
    };
    let line = rest.rsplit_once(" ssh2").map_or(rest, |(line, _)| line);
    origin(line, row);
}

/// "NAME from ADDRESS port N", read from the right.
fn origin(line: &str, row: &mut RowWriter<'_>) {
    let Some((name, from)) = line.rsplit_once(" from ") else { return };
    row.set_text(Column::UserName, name);
    let mut words = from.split(' ');
    let ip = words.next();
    let port = words.next().filter(|w| *w == "port").and_then(|_| words.next());
    endpoint(ip, port, row);
}

fn endpoint(ip: Option<&str>, port: Option<&str>, row: &mut RowWriter<'_>) {
    if let Some(ip) = ip.and_then(values::ip) {
        row.set_text(Column::SrcIp, &ip);
    }
    if let Some(port) = port.and_then(|p| p.parse().ok()) {
        row.set_int32(Column::SrcPort, port);
    }
}

/// OCSF 3002 Authentication: activity 1 logon, 2 logoff.
fn authentication(activity: i32, status: i32, row: &mut RowWriter<'_>) {
    row.set_int32(Column::ClassUid, 3002);
    row.set_int32(Column::ActivityId, activity);
    row.set_int32(Column::StatusId, status);
    row.set_text(Column::Service, "sshd");
    let operation = if activity == 2 { "logout" } else { "login" };
    row.set_text(Column::Operation, operation);
    row.set_int32(Column::SeverityId, if status == 2 { 2 } else { 1 });
}
