//! What `sshd` says about who came in (OpenSSH, `auth.c`, `auth_log`; `packet.c`; `session.c`).
//!
//! A user's name is the attacker's text, whatever it holds, and so is the comment of a certificate.
//! Lines are read from the end that they cannot reach, and where they reach both ends neither name
//! nor address is taken.

use stele_event::{Column, RowWriter};

use super::pam;
use crate::values;

const LOGON: i32 = 1;
const LOGOFF: i32 = 2;

const SUCCESS: i32 = 1;
const FAILURE: i32 = 2;

/// Adds what the message says; a message that says nothing of interest adds nothing. Returns why
/// something that it says was not taken.
pub(super) fn map(message: &str, row: &mut RowWriter<'_>) -> Option<&'static str> {
    let message = message.trim_end();
    let (message, before_login) = match message.strip_suffix(" [preauth]") {
        Some(message) => (message, true),
        None => (message, false),
    };
    let message = ["error: ", "fatal: "]
        .into_iter()
        .fold(message, |message, level| message.strip_prefix(level).unwrap_or(message));
    if let Some(doubt) = authentication(message, row) {
        return doubt.err();
    }
    if let Some(rest) = message.strip_prefix("Disconnected from user ")
        && !before_login
    {
        set_authentication(LOGOFF, SUCCESS, row);
        set_user_and_peer(peer_at_end(rest), row);
    } else if message.starts_with("pam_") || message.starts_with("PAM ") {
        // `Failed` and `Accepted` tell the same, so these are not counted again.
        pam::set_columns(message, row);
    } else {
        connection(message, row);
    }
    None
}

/// The messages about a login; none where it is another one.
fn authentication(message: &str, row: &mut RowWriter<'_>) -> Option<Result<(), &'static str>> {
    const LOGINS: [(&str, i32); 4] =
        [("Accepted ", SUCCESS), ("Failed ", FAILURE), ("Partial ", 99), ("Postponed ", 99)];
    for (word, status) in LOGINS {
        if let Some(rest) = message.strip_prefix(word) {
            let (method, rest) = rest.split_once(" for ")?;
            if method.contains(' ') {
                return None;
            }
            set_authentication(LOGON, status, row);
            row.set_text(Column::StatusCode, method);
            return Some(login(rest, row));
        }
    }
    if let Some(rest) = message.strip_prefix("maximum authentication attempts exceeded for ") {
        set_authentication(LOGON, FAILURE, row);
        row.set_text(Column::StatusDetail, "maximum authentication attempts exceeded");
        return Some(login(rest, row));
    }
    if let Some(rest) = message.strip_prefix("Invalid user ") {
        set_authentication(LOGON, FAILURE, row);
        row.set_text(Column::StatusDetail, "invalid user");
        set_user_and_peer(peer_at_end(rest).and_then(without_from), row);
        return Some(Ok(()));
    }
    if let Some(rest) = message.strip_prefix("User ")
        && let Some((who, reason)) = rest.rsplit_once(" not allowed because ")
    {
        set_authentication(LOGON, FAILURE, row);
        row.set_text(Column::StatusDetail, reason);
        set_user_and_peer(peer_at_end(who).and_then(without_from), row);
        return Some(Ok(()));
    }
    None
}

/// `[invalid user ]NAME from ADDRESS port N ssh2[: KEY]`.
fn login(rest: &str, row: &mut RowWriter<'_>) -> Result<(), &'static str> {
    let rest = match rest.strip_prefix("invalid user ") {
        Some(rest) => {
            row.set_text(Column::StatusDetail, "invalid user");
            rest
        }
        None => rest,
    };
    const PROTOCOL: &str = " ssh2";
    let mut origins = rest.match_indices(PROTOCOL).filter_map(|(at, _)| {
        let after = &rest[at + PROTOCOL.len()..];
        let ends = after.is_empty() || after.starts_with(": ");
        let origin = peer_at_end(&rest[..at]).and_then(without_from)?;
        (ends && origin.1.port.is_some()).then_some((origin, after))
    });
    let first = origins.next();
    let last = origins.last();
    let origin = match (first, last) {
        (_, Some((origin, after))) if ends_plainly(after) => Some(origin),
        (Some(_), Some(_)) => return Err("it names more than one origin"),
        (Some((origin, _)), None) => Some(origin),
        (None, _) => peer_at_end(rest).and_then(without_from),
    };
    set_user_and_peer(origin, row);
    Ok(())
}

/// Whether what follows the protocol is nothing, or a key without text of anybody's choice: so
/// whatever a name holds, it stands before that.
fn ends_plainly(after: &str) -> bool {
    after.strip_prefix(": ").is_none_or(|key| key.split(' ').count() <= 2)
}

/// What happens to a connection: OCSF 4007 SSH Activity.
fn connection(message: &str, row: &mut RowWriter<'_>) {
    const OPEN: i32 = 1;
    const CLOSE: i32 = 2;
    const RESET: i32 = 3;
    const FAIL: i32 = 4;
    const REFUSE: i32 = 5;
    // The peer comes first, so nothing of its choice stands before it.
    let peer_first = [
        ("Connection from ", OPEN),
        ("Received disconnect from ", CLOSE),
        ("Unable to negotiate with ", FAIL),
        ("Did not receive identification string from ", FAIL),
        ("Timeout before authentication for connection from ", FAIL),
        ("Timeout before authentication for ", FAIL),
        ("banner exchange: Connection from ", FAIL),
        ("ssh_dispatch_run_fatal: Connection from ", FAIL),
    ];
    for (beginning, activity) in peer_first {
        let found = message.strip_prefix(beginning).and_then(peer_at_start);
        if let Some((peer, rest)) = found {
            set_connection(activity, row);
            peer.set(row);
            if let Some(local) = rest.strip_prefix(" on ").filter(|_| activity == OPEN) {
                set_local(local, row);
            } else if !rest.is_empty() {
                let reason = rest.trim_start_matches([':', ' ']);
                row.set_text_opt(Column::StatusDetail, Some(reason).filter(|r| !r.is_empty()));
            }
            return;
        }
    }
    let user_first = [
        ("Connection closed by ", CLOSE),
        ("Connection reset by ", RESET),
        ("Disconnected from ", CLOSE),
    ];
    for (beginning, activity) in user_first {
        if let Some((user, peer)) = message.strip_prefix(beginning).and_then(peer_at_end)
            && (peer.port.is_some() || values::ip(peer.address).is_some())
        {
            set_connection(activity, row);
            let kinds = ["authenticating user ", "invalid user ", "user "];
            let name = kinds.into_iter().find_map(|kind| user.strip_prefix(kind));
            set_user_and_peer(Some((name.unwrap_or_default(), peer)), row);
            return;
        }
    }
    if let Some(rest) = message.strip_prefix("refused connect from ")
        && let Some((_, address)) = rest.strip_suffix(')').and_then(|r| r.rsplit_once('('))
    {
        set_connection(REFUSE, row);
        Peer { address, port: None }.set(row);
    } else if message.starts_with("Bad protocol version identification ")
        && let Some((_, peer)) = peer_at_end(message).and_then(without_from)
    {
        set_connection(FAIL, row);
        peer.set(row);
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
struct Peer<'a> {
    address: &'a str,
    port: Option<i32>,
}

impl Peer<'_> {
    fn set(self, row: &mut RowWriter<'_>) {
        match values::ip(self.address) {
            Some(ip) => row.set_text(Column::SrcIp, &ip),
            None => row.set_text(Column::SrcName, self.address),
        }
        if let Some(port) = self.port {
            row.set_int32(Column::SrcPort, port);
        }
    }
}

/// `... ADDRESS[ port N]`: what stands before the address, and the peer. Before 7.1 the port is
/// missing in some messages; the address is a name where names are asked of DNS.
fn peer_at_end(text: &str) -> Option<(&str, Peer<'_>)> {
    let split = |text| str::rsplit_once(text, ' ').unwrap_or(("", text));
    let with_port = || {
        let (rest, port) = text.rsplit_once(' ')?;
        let (before, address) = split(rest.strip_suffix(" port")?);
        Some((before, Peer { address, port: Some(port_number(port)?) }))
    };
    let (before, peer) = with_port().unwrap_or_else(|| {
        let (before, address) = split(text);
        (before, Peer { address, port: None })
    });
    (!peer.address.is_empty()).then_some((before, peer))
}

/// `ADDRESS[ port N]...`: the peer and what follows it. Old messages have a colon at the address.
fn peer_at_start(text: &str) -> Option<(Peer<'_>, &str)> {
    let end = text.find(' ').unwrap_or(text.len());
    let address = &text[..end];
    let address = match address.strip_suffix(':') {
        Some(address) if values::ip(address).is_some() => address,
        _ => address,
    };
    values::ip(address)?;
    let rest = &text[address.len()..];
    if let Some(after) = rest.strip_prefix(" port ") {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(port) = port_number(&after[..digits]) {
            return Some((Peer { address, port: Some(port) }, &after[digits..]));
        }
    }
    Some((Peer { address, port: None }, rest))
}

/// Takes ` from` off what stands before a peer.
fn without_from<'a>((before, peer): (&'a str, Peer<'a>)) -> Option<(&'a str, Peer<'a>)> {
    let name = if before == "from" { "" } else { before.strip_suffix(" from")? };
    Some((name, peer))
}

fn port_number(text: &str) -> Option<i32> {
    text.parse::<u16>().ok().map(i32::from)
}

fn set_user_and_peer(found: Option<(&str, Peer<'_>)>, row: &mut RowWriter<'_>) {
    let Some((name, peer)) = found else { return };
    if !name.is_empty() {
        row.set_text(Column::UserName, name);
    }
    peer.set(row);
}

/// `ADDRESS port N`, the server's own end.
fn set_local(text: &str, row: &mut RowWriter<'_>) {
    if let Some((local, _)) = peer_at_start(text) {
        row.set_text_opt(Column::DstIp, values::ip(local.address).as_deref());
        if let Some(port) = local.port {
            row.set_int32(Column::DstPort, port);
        }
    }
}

fn set_connection(activity: i32, row: &mut RowWriter<'_>) {
    row.set_int32(Column::ClassUid, 4007);
    row.set_int32(Column::ActivityId, activity);
    row.set_text(Column::Service, "sshd");
    row.set_int32(Column::SeverityId, 1);
    match activity {
        1 => row.set_int32(Column::StatusId, SUCCESS),
        4 | 5 => row.set_int32(Column::StatusId, FAILURE),
        _ => {}
    }
}

/// OCSF 3002 Authentication.
fn set_authentication(activity: i32, status: i32, row: &mut RowWriter<'_>) {
    row.set_int32(Column::ClassUid, 3002);
    row.set_int32(Column::ActivityId, activity);
    row.set_int32(Column::StatusId, status);
    row.set_text(Column::Service, "sshd");
    row.set_text(Column::Operation, if activity == LOGOFF { "logout" } else { "login" });
    row.set_int32(Column::SeverityId, if status == FAILURE { 2 } else { 1 });
}
