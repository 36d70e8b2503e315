//! What `stele selftest` is made of: a server that can be killed, the folder that it writes for the
//! battery, and random histories.

pub(crate) mod history;
pub(crate) mod lake;
pub(crate) mod worker;
pub(crate) mod working;
