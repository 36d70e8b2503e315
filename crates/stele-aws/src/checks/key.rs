//! What checks of keys share: whether a key can be used.

use super::log_key;
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Status, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// Judges the key that something is encrypted with.
pub(super) fn judge(inventory: &Inventory, id: &str, what: &str) -> Verdict {
    match inventory.keys.get(id) {
        None => Verdict::unknown(&Unread::not_read()),
        Some(Fact::Unknown(reason)) => Verdict::unknown(reason),
        Some(Fact::Absent) => {
            Verdict::fail("key-gone", format!("the key of {what}, `{id}`, does not exist"))
                .by_hand()
        }
        Some(Fact::Known(key)) if key.key_state == "Enabled" => {
            Verdict::pass(format!("{what} is encrypted with a key that is enabled"))
                .evidence("KeyState", key.key_state.as_str())
        }
        Some(Fact::Known(key)) => {
            let reason = format!("the key of {what}, `{id}`, is {}", key.key_state);
            Verdict::fail("key-unusable", reason)
                .evidence("KeyState", key.key_state.as_str())
                .by_hand()
        }
    }
}

/// Judges something by the key that it is encrypted with. What is wrong with the key is another
/// finding.
pub(super) fn judge_user(inventory: &Inventory, id: &str, what: &str) -> Verdict {
    let verdict = judge(inventory, id, what);
    if verdict.status == Status::Fail { verdict.cause(log_key::ID, id) } else { verdict }
}

/// Says what a person can do about the key in a finding; who uses it is named.
pub(super) fn by_hand(finding: &Finding, plan: &mut Builder<'_>, id: &str) {
    let users = users(plan.inventory, id);
    let users = if users.is_empty() { "what writes with it".to_owned() } else { users.join(", ") };
    let other =
        format!("give {users} another key; what this one encrypted cannot be read without it");
    let state = finding.evidence.get("KeyState").and_then(serde_json::Value::as_str);
    let first = match state {
        Some("PendingDeletion" | "PendingReplicaDeletion") => {
            "cancel the deletion of the key before it is over, and enable it"
        }
        Some("Disabled") => "enable the key",
        Some("PendingImport") => "import the material of the key again",
        Some("Unavailable") => "connect the key store that holds the key",
        Some(_) => "wait until AWS has finished with the key, and assess again",
        // It is gone.
        None => {
            return plan.block(&finding.reason_code, finding.reason.clone(), &[&other]);
        }
    };
    plan.block(&finding.reason_code, finding.reason.clone(), &[first, &other]);
}

/// What logs with a key.
fn users(inventory: &Inventory, id: &str) -> Vec<String> {
    let is = |key: Option<&str>| key == Some(id);
    let mut users = Vec::new();
    for trail in inventory.trails.values().filter(|trail| is(trail.row.kms_key_id.as_deref())) {
        users.push(format!("trail `{}`", trail.row.name));
    }
    for region in inventory.by_region.values() {
        let groups = region.groups.items().unwrap_or_default().iter();
        let groups = groups.filter(|group| is(group.kms_key_id.as_deref()));
        users.extend(groups.map(|group| format!("log group `{}`", group.log_group_name)));
    }
    for (name, sink) in &inventory.sinks {
        if is(sink.encryption.known().and_then(|encryption| encryption.key.as_deref())) {
            users.push(format!("bucket `{name}`"));
        }
    }
    users
}
