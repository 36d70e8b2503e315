//! Plan: what would be changed to put findings right, each with what is there now, what it costs
//! and how it is undone.
//!
//! ```text
//! findings ─> Check::fix ─> Builder (changes, by setting) ─> assemble ─> Plan ─> apply, export
//!                           pure                     reads what is there, merges
//! ```
//!
//! - [`change`] is what a check asks for: a setting and an edit of it. Edits of one setting by
//!   several findings are one action.
//! - [`setting`] is the table of what can be set: the call, how its state is read, when it is
//!   there, how it is undone.
//! - [`assemble`] reads the state of each setting, runs the edits and puts the actions in order.
//! - [`document`], [`selectors`] and [`sink`] merge policies, event selectors and buckets without
//!   loss; [`role`] makes roles of
//!   services, [`groups`] makes log groups, [`forward`] passes them on.
//! - `reference` is how parameters name what other actions make.
//! - [`cost`] says what AWS will charge: [`measure`] names the metrics that count it, `metrics` reads
//!   them, [`volumes`] makes months of their days.
//!
//! Nothing here writes to AWS: what a plan names is only called by `apply`. The JSON is a public
//! contract; `docs/schema/stele.aws.plan-1.json` is generated from these types.

pub mod assemble;
pub mod change;
pub mod cost;
pub mod document;
pub mod forward;
pub mod groups;
pub mod measure;
mod metrics;
pub(crate) mod reference;
pub mod role;
pub mod selectors;
pub mod setting;
pub(crate) mod settings;
pub mod sink;
pub mod volumes;

use std::collections::BTreeSet;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::assess::ReportError;
pub use cost::Cost;

/// The name and version of a plan's form.
pub const SCHEMA: &str = "stele.aws.plan/1";

/// What would be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `stele.aws.plan/1`.
    pub schema: String,
    /// When the account was read, as RFC 3339; a plan is good for a day.
    pub made_at: String,
    /// Whether everything that was needed could be read.
    pub complete: bool,
    /// What was looked at.
    pub scope: PlanScope,
    /// SHA-256 of the assessment that it is made from, in hex.
    pub assess_sha256: String,
    /// What would be called, in an order that works.
    pub actions: Vec<Action>,
    /// What only a person can put right, or allow.
    pub blocked: Vec<Blocked>,
    /// What it all would cost in a month.
    pub monthly_cost_usd: Cost,
    /// The permissions that `apply` needs for the writes.
    pub permissions: Vec<String>,
    /// What somebody should know before.
    pub warnings: Vec<String>,
    /// Calls that failed.
    pub errors: Vec<ReportError>,
    /// SHA-256 of all the rest, in hex: an edited plan is refused.
    pub sha256: String,
}

/// What a plan is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanScope {
    /// Accounts.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// As in ARNs.
    pub partition: String,
    /// The tags that a resource had to have, each as `key=value` or `key`; not there where all
    /// count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// One call that changes something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its number, from 1.
    pub n: u32,
    /// The actions that must have been done.
    pub after: Vec<u32>,
    /// `service:Operation`.
    pub call: String,
    /// Whose account.
    pub account: String,
    /// Where it is called.
    pub region: String,
    /// What is changed.
    pub resource: String,
    /// What for, in a sentence.
    pub why: String,
    /// The check that asked first.
    pub finding: String,
    /// All findings that it serves, as `id|resource`.
    pub findings: Vec<String>,
    /// The parameters, by AWS's names. `${3.Id}` is the `Id` in the state that action 3 led to.
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
    /// The state before; null where there is nothing.
    #[schema(value_type = Object, nullable)]
    pub before: Value,
    /// What the state must still be when it is applied; left out for what the plan itself makes.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "present")]
    #[schema(value_type = Object, nullable, required = false)]
    pub expect: Option<Value>,
    /// The calls that restore the state before; `${n.…}` as in `params`.
    pub undo: Vec<Undo>,
    /// Whether undoing it leaves nothing.
    pub reversible: bool,
    /// What undoing it leaves; empty where that is nothing.
    pub leaves: String,
    /// What it costs in a month.
    pub monthly_cost_usd: Cost,
    /// What somebody should know before.
    pub warnings: Vec<String>,
}

/// A call that undoes another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// `service:Operation`.
    pub call: String,
    /// Its parameters.
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

/// Something that is wrong and that no action of the plan puts right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Blocked {
    /// The check.
    pub finding: String,
    /// Whose account.
    pub account: String,
    /// Where.
    pub region: String,
    /// What.
    pub resource: String,
    /// Why, in a word that does not change.
    pub reason_code: String,
    /// Why, in a sentence.
    pub reason: String,
    /// What a person can do.
    pub choices: Vec<String>,
}

/// What somebody allows a plan to do that it would not do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowance {
    /// Events may go earlier than they would now.
    Shorten,
    /// What can never be undone.
    Irreversible,
    /// What cannot be changed may be made anew and the old be removed.
    Replace,
    /// What was left out of a trail on purpose may be recorded.
    RemoveExclusion,
}

impl Allowance {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shorten => "shorten",
            Self::Irreversible => "irreversible",
            Self::Replace => "replace",
            Self::RemoveExclusion => "remove-exclusion",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Shorten, Self::Irreversible, Self::Replace, Self::RemoveExclusion];
        all.into_iter().find(|each| each.word() == word)
    }
}

/// All allowances of a run.
pub type Allowances = BTreeSet<Allowance>;

impl Plan {
    /// The hash of everything but the hash itself.
    pub fn hash(&self) -> String {
        // A structure of texts, numbers and lists can always be written.
        let hash = |plan: &Self| hex_sha256(&serde_json::to_vec(plan).unwrap_or_default());
        if self.sha256.is_empty() {
            return hash(self);
        }
        hash(&Self { sha256: String::new(), ..self.clone() })
    }

    /// What it would cost and what of it most, where that is expected to be more dollars a month
    /// than somebody wants to spend.
    pub fn over_budget(&self, budget_usd: f64) -> Option<String> {
        const NAMED: usize = 3;
        let Cost { low, expected, high, .. } = self.monthly_cost_usd;
        if expected <= budget_usd {
            return None;
        }
        let cost = |action: &&Action| action.monthly_cost_usd.expected;
        let mut dearest: Vec<&Action> =
            self.actions.iter().filter(|action| cost(action) > 0.0).collect();
        dearest.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
        let named: Vec<String> = dearest
            .iter()
            .take(NAMED)
            .map(|action| format!("${:.2} for {}, {}", cost(action), action.resource, action.why))
            .collect();
        Some(format!(
            "the plan is expected to cost ${expected:.2} a month (${low:.2} to ${high:.2}), more \
             than the budget of ${budget_usd:.2}; most of it: {}",
            named.join("; ")
        ))
    }

    /// 0, or 3 when something is blocked, or 4 when not everything could be read.
    pub fn exit_code(&self) -> u8 {
        match (self.complete, self.blocked.is_empty()) {
            (false, _) => 4,
            (true, false) => 3,
            (true, true) => 0,
        }
    }
}

/// SHA-256 in hex.
pub fn hex_sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Eight digits of it: what tells names apart that a text is too long for, or has other letters.
pub(crate) fn short_hash(text: &str) -> String {
    let mut hash = hex_sha256(text.as_bytes());
    hash.truncate(8);
    hash
}

/// `null` is a state, and something else than none given.
mod present {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    #[expect(clippy::ref_option, reason = "serde gives it so")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Value>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Value>, D::Error> {
        Value::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests;
