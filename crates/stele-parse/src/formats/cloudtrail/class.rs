//! Which OCSF class and activity a record is of: the three-way split that Amazon Security Lake
//! makes (API Activity, Authentication, Account Change), and Detection Finding for Insight events.

use super::record::Record;

pub(super) const ACCOUNT_CHANGE: i32 = 3001;
pub(super) const AUTHENTICATION: i32 = 3002;
const API_ACTIVITY: i32 = 6003;
const DETECTION_FINDING: i32 = 2004;
const OTHER: i32 = 99;

/// Class and activity (OCSF 1.8.0).
pub(super) fn class_of(record: &Record<'_>) -> (i32, i32) {
    if record.is_insight() {
        // 1 create, 3 close.
        return (DETECTION_FINDING, if record.insight.state.is("End") { 3 } else { 1 });
    }
    let name = record.event_name.get().unwrap_or_default();
    match record.event_source.get().unwrap_or_default() {
        "signin.amazonaws.com" => sign_in(name),
        "sts.amazonaws.com" if gives_credentials(name) => (AUTHENTICATION, 1),
        "sso.amazonaws.com" if matches!(name, "Authenticate" | "Federate") => (AUTHENTICATION, 1),
        "sso.amazonaws.com" if name == "Logout" => (AUTHENTICATION, 2),
        "iam.amazonaws.com" => match account_change(name) {
            Some(activity) => (ACCOUNT_CHANGE, activity),
            None => (API_ACTIVITY, verb(name)),
        },
        _ => (API_ACTIVITY, verb(name)),
    }
}

fn gives_credentials(name: &str) -> bool {
    name.starts_with("AssumeRole") || matches!(name, "GetFederationToken" | "GetSessionToken")
}

/// Authentication: 1 logon, 2 logoff, 7 account switch. The root user's own password is an
/// Account Change: 3 password change, 4 password reset.
fn sign_in(name: &str) -> (i32, i32) {
    match name {
        "ConsoleLogin" | "UserAuthentication" | "ExternalIdPDirectoryLogin" | "AssumeRole" => {
            (AUTHENTICATION, 1)
        }
        "Logout" => (AUTHENTICATION, 2),
        "SwitchRole" | "ExitRole" | "RenewRole" => (AUTHENTICATION, 7),
        "PasswordUpdated" => (ACCOUNT_CHANGE, 3),
        "PasswordRecoveryCompleted" => (ACCOUNT_CHANGE, 4),
        _ => (AUTHENTICATION, OTHER),
    }
}

/// Account Change: 1 create, 2 enable, 3 password change, 4 password reset, 5 disable, 6 delete,
/// 7 attach policy, 8 detach policy, 10 and 11 second factor on and off. A console password or an
/// access key enables an account, its removal disables it. Groups and managed policies themselves
/// are no accounts.
fn account_change(name: &str) -> Option<i32> {
    Some(match name {
        "CreateUser" | "CreateRole" | "CreateServiceLinkedRole" => 1,
        "CreateLoginProfile" | "CreateAccessKey" => 2,
        "ChangePassword" => 3,
        "UpdateLoginProfile" => 4,
        "DeleteLoginProfile" | "DeleteAccessKey" => 5,
        "DeleteUser" | "DeleteRole" | "DeleteServiceLinkedRole" => 6,
        "AttachUserPolicy"
        | "AttachRolePolicy"
        | "PutUserPolicy"
        | "PutRolePolicy"
        | "PutUserPermissionsBoundary"
        | "PutRolePermissionsBoundary" => 7,
        "DetachUserPolicy"
        | "DetachRolePolicy"
        | "DeleteUserPolicy"
        | "DeleteRolePolicy"
        | "DeleteUserPermissionsBoundary"
        | "DeleteRolePermissionsBoundary" => 8,
        "EnableMFADevice" => 10,
        "DeactivateMFADevice" => 11,
        _ => return None,
    })
}

/// API Activity by the verb that the operation begins with: 1 create, 2 read, 3 update, 4 delete.
fn verb(name: &str) -> i32 {
    VERBS.iter().find(|(verb, _)| name.starts_with(verb)).map_or(OTHER, |(_, activity)| *activity)
}

/// The first that fits counts.
static VERBS: &[(&str, i32)] = &[
    ("Get", 2),
    ("List", 2),
    ("Describe", 2),
    ("Head", 2),
    ("Lookup", 2),
    ("Search", 2),
    ("Scan", 2),
    ("Query", 2),
    ("BatchGet", 2),
    ("Select", 2),
    ("View", 2),
    ("Download", 2),
    ("Create", 1),
    ("Run", 1),
    ("Generate", 1),
    ("Allocate", 1),
    ("Import", 1),
    ("Register", 1),
    ("Issue", 1),
    ("Request", 1),
    ("Copy", 1),
    ("Upload", 1),
    ("Put", 3),
    ("Update", 3),
    ("Modify", 3),
    ("Set", 3),
    ("Attach", 3),
    ("Detach", 3),
    ("Add", 3),
    ("Enable", 3),
    ("Disable", 3),
    ("Start", 3),
    ("Stop", 3),
    ("Reboot", 3),
    ("Change", 3),
    ("Tag", 3),
    ("Untag", 3),
    ("Associate", 3),
    ("Disassociate", 3),
    ("Authorize", 3),
    ("Replace", 3),
    ("Reset", 3),
    ("Restore", 3),
    ("Complete", 3),
    ("Remove", 4),
    ("Delete", 4),
    ("Terminate", 4),
    ("Deregister", 4),
    ("Release", 4),
    ("Purge", 4),
    ("Revoke", 4),
    ("BatchDelete", 4),
    ("Abort", 4),
];
