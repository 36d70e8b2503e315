//! The commands, one file each.

pub(crate) mod aws;
pub(crate) mod config;
pub(crate) mod fields;
pub(crate) mod gen_logs;
pub(crate) mod import;
pub(crate) mod ledger;
pub(crate) mod reference;
pub(crate) mod search;
pub(crate) mod selftest;
pub(crate) mod signer;
pub(crate) mod sql;
pub(crate) mod store;
pub(crate) mod tail;
pub(crate) mod up;
pub(crate) mod verify;
