//! AWS logging posture: what an account logs, where it lands, and whether it may land there.
//!
//! ```text
//! operations.toml ─> client ─> caller ─> collect ─> inventory ─> checks ─> assess (report)
//!                    (AWS)     (facts)               baseline ──┘
//! ```
//!
//! - [`operation`] is the table of all that can be asked; [`client`] asks it, signed;
//!   [`replay`] answers from a recording instead.
//! - [`caller`] makes [`fact`]s of answers: known, absent, unknown. [`collect`] reads an account
//!   into an [`inventory`], each call once for the account and region.
//! - [`checks`] judge by effect, with the help of [`judge`]; they are pure. [`check`] is what one
//!   is, [`finding`] what it says, [`baseline`] what is wanted.
//! - [`assess`] judges an account and makes the report, [`tags`] narrow what is judged; [`run`]
//!   goes over accounts and regions;
//!   [`iam`] makes the policy that it needs, [`schema`] describes the report's JSON.
//! - [`plan`] says what would put findings right; [`apply`] does it, by its [`journal`], and undoes
//!   it; [`drift`] compares with an earlier report. [`export`] writes a plan down for
//!   CloudFormation and Terraform, [`format`] a report as Security Hub and OCSF have it.
//!
//! Nothing but [`apply`] writes to AWS. The crate knows no store and no engine.

pub mod apply;
pub mod arn;
pub mod assess;
pub mod baseline;
pub mod call;
pub mod caller;
pub mod check;
pub mod checks;
pub mod client;
pub mod collect;
pub mod drift;
pub mod export;
pub mod fact;
pub mod finding;
pub mod format;
pub mod iam;
pub mod inventory;
pub mod journal;
pub mod judge;
mod lenient;
pub mod operation;
pub mod plan;
pub mod replay;
pub mod run;
pub mod schema;
pub mod tags;
pub mod variables;
