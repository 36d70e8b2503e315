//! What checks of keys share: whether a key can be used.

use crate::fact::{Fact, Unread};
use crate::finding::Verdict;
use crate::inventory::Inventory;

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
