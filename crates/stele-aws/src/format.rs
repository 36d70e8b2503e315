//! Reports in the forms of others, for what already takes findings.
//!
//! In flows a [`crate::assess::Report`], out flow values; nothing is asked, decided or written
//! here. The report's own forms are its JSON and what the command line makes of it.
//!
//! - [`asff`] is what Security Hub imports;
//! - [`ocsf`] is what a lake of OCSF events takes, this one's included.

pub mod asff;
pub mod ocsf;
mod resource;
