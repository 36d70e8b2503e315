//! The signer as a process of its own: it has the key, and signs what goes on from what it signed.
//!
//! [`Keeper`] has the key and remembers, durably and beside it, the last checkpoint that it signed;
//! [`serve`] answers for it on a Unix socket. Requests come from a server that may be in the hands
//! of somebody else: nothing in them is believed, all of them are limited in length and time, and
//! none can get at the key, a shorter tree, a fork, or a checkpoint of another log.

mod keeper;
mod serve;
#[cfg(test)]
mod tests;

pub use keeper::Keeper;
pub use serve::{ServeLimits, bind, serve};
