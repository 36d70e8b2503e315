//! What PAM's modules say through the program that asked them (Linux-PAM, `pam_unix/support.c` and
//! `pam_unix_sess.c`): `pam_unix(SERVICE:TYPE): ...`.
//!
//! Only `su` and `sudo` get a class: there the user is another afterwards. Sessions of `cron` are
//! no logins, and `sshd` says more about its own.

use serde_json::json;
use stele_event::{Column, RowWriter};

use crate::values;

/// Adds what a message of PAM says about a switch of users, or about who failed to log in.
pub(super) fn map(message: &str, row: &mut RowWriter<'_>) {
    let Some(said) = said(message) else { return };
    set_columns(message, row);
    let switches = matches!(said.service, "su" | "su-l" | "sudo" | "sudo-i");
    if let Some(opened) = opened(said.text).filter(|_| switches) {
        set_class(Activity::AccountSwitch, 1, row);
        set_switch(opened.by, opened.user, row);
    } else if closed(said.text).is_some() && switches {
        set_class(Activity::Logoff, 1, row);
    } else if let Some(failure) = failure(said.text) {
        let activity = if switches { Activity::AccountSwitch } else { Activity::Logon };
        set_class(activity, 2, row);
        row.set_text(Column::StatusDetail, "authentication failure");
        if switches {
            set_switch(failure.remote_user, failure.user, row);
        }
    } else {
        return;
    }
    row.set_text(Column::Service, said.service);
}

/// Fills the columns for which a message has a value, without giving it a class.
pub(super) fn set_columns(message: &str, row: &mut RowWriter<'_>) {
    let text = said(message).map_or(message, |said| said.text);
    let failure = failure(text);
    let user = opened(text).map(|opened| opened.user).or_else(|| closed(text));
    let user = user.or(failure.as_ref().map(|failure| failure.user));
    row.set_text_opt(Column::UserName, user.filter(|user| !user.is_empty()));
    let host = failure.map_or("", |failure| failure.host);
    match values::ip(host) {
        Some(ip) => row.set_text(Column::SrcIp, &ip),
        None if host.is_empty() => {}
        None => row.set_text(Column::SrcName, host),
    }
}

/// Who wants to be another user, and which.
fn set_switch(from: &str, to: &str, row: &mut RowWriter<'_>) {
    if !from.is_empty() {
        row.set_text(Column::UserName, from);
    }
    if !to.is_empty() {
        row.set_text(Column::Attrs, &json!({ "user.name": to }).to_string());
    }
}

struct Said<'a> {
    service: &'a str,
    text: &'a str,
}

/// `pam_MODULE(SERVICE:TYPE): TEXT`.
fn said(message: &str) -> Option<Said<'_>> {
    let (module, text) = message.strip_prefix("pam_")?.split_once("): ")?;
    let (_, place) = module.split_once('(')?;
    let (service, _) = place.split_once(':')?;
    (!module.contains(' ')).then_some(Said { service, text })
}

struct Opened<'a> {
    user: &'a str,
    by: &'a str,
}

/// `session opened for user NAME[(uid=N)] by [NAME](uid=N)`.
fn opened(text: &str) -> Option<Opened<'_>> {
    let rest = text.strip_prefix("session opened for user ")?;
    let (user, by) = rest.split_once(" by ")?;
    Some(Opened { user: without_uid(user), by: without_uid(by) })
}

fn without_uid(user: &str) -> &str {
    user.rsplit_once("(uid=").map_or(user, |(name, _)| name)
}

/// `session closed for user NAME`.
fn closed(text: &str) -> Option<&str> {
    text.strip_prefix("session closed for user ")
}

struct Failure<'a> {
    user: &'a str,
    remote_user: &'a str,
    host: &'a str,
}

/// `...authentication failure[s]; logname=... ruser=NAME rhost=HOST  user=NAME`, of which each may
/// be empty, and the last missing.
fn failure(text: &str) -> Option<Failure<'_>> {
    let (what, fields) = text.split_once("; logname=")?;
    if !what.contains("authentication failure") {
        return None;
    }
    // The names before the last are of this system, or of a host, and hold no blanks.
    let (fields, user) = fields.split_once(" user=").unwrap_or((fields, ""));
    let (fields, host) = fields.rsplit_once(" rhost=")?;
    let (_, remote_user) = fields.rsplit_once(" ruser=")?;
    Some(Failure { user: user.trim(), remote_user: remote_user.trim(), host: host.trim() })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Activity {
    Logon = 1,
    Logoff = 2,
    AccountSwitch = 7,
}

/// OCSF 3002 Authentication.
fn set_class(activity: Activity, status: i32, row: &mut RowWriter<'_>) {
    row.set_int32(Column::ClassUid, 3002);
    row.set_int32(Column::ActivityId, activity as i32);
    row.set_int32(Column::StatusId, status);
    row.set_int32(Column::SeverityId, if status == 2 { 2 } else { 1 });
    let operation = match activity {
        Activity::Logon => "login",
        Activity::Logoff => "logout",
        Activity::AccountSwitch => "switch_user",
    };
    row.set_text(Column::Operation, operation);
}
