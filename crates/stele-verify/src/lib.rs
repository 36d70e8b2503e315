//! The offline verifier: what lies in a folder, against what somebody signed.
//!
//! It knows no server, no query engine and no network, and it asks no clock: what it reads comes
//! through [`objects::Objects`], the time is an argument, and the same bytes give the same report.
//! So it can run on the machine of somebody who trusts neither the server nor its operator.
//!
//! [`lake`] verifies a data folder of Stele against its ledger, and makes proofs of single events;
//! the folder may lie in a tar, or wherever whoever calls it can fetch files from.
//! [`cloudtrail`] judges the digest chains that AWS CloudTrail delivers beside its logs.
//! [`verdict`] is what both say in the end.
//! [`arguments`] is the command line of both, for this crate's own binary and for `stele`.

pub mod arguments;
pub mod cloudtrail;
pub mod lake;
pub mod objects;
pub mod room;
pub mod verdict;
