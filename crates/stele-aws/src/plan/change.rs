//! What checks ask for: changes, gathered by setting.
//!
//! A check's `fix` gets a [`Builder`] and says what it wants; it reads facts only, and calls
//! nothing. What several findings want of one setting becomes one change with several edits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::cost::Usage;
use super::setting::Params;
use super::sink::access;
use super::{Allowance, Allowances, Blocked};
use crate::baseline::Baseline;
use crate::check::Meta;
use crate::checks;
use crate::finding::Finding;
use crate::inventory::{Inventory, LogPlaces};

/// What an edit changes: the parameters of the call, with the state in sight.
#[derive(Debug)]
pub struct Draft {
    /// The parameters so far.
    pub params: Params,
    /// What is there now; null where nothing is.
    pub state: Value,
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In a word that does not change.
    pub code: &'static str,
    /// In a sentence.
    pub reason: String,
    /// What a person can do.
    pub choices: Vec<String>,
}

type Edit = Box<dyn Fn(&mut Draft) -> Result<(), Refusal> + Send + Sync>;

/// A change's place in the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle(pub(super) usize);

/// A change that a check asks for.
pub struct Change {
    pub(super) call: &'static str,
    pub(super) region: String,
    pub(super) resource: String,
    pub(super) by: Params,
    pub(super) edit: Edit,
    pub(super) after: Vec<Handle>,
    pub(super) with: Option<Handle>,
    pub(super) fresh: Option<Value>,
    pub(super) costs: Vec<(String, Usage)>,
    pub(super) cost_once: Option<(String, Usage)>,
    pub(super) why: String,
    pub(super) warnings: Vec<String>,
}

impl fmt::Debug for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.call, self.region, self.resource)
    }
}

impl Change {
    /// A call about a resource, called in a region, for a reason.
    pub fn of(
        call: &'static str,
        region: &str,
        resource: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self {
            call,
            region: region.to_owned(),
            resource: resource.into(),
            by: Map::new(),
            edit: Box::new(|_| Ok(())),
            after: Vec::new(),
            with: None,
            fresh: None,
            costs: Vec::new(),
            cost_once: None,
            why: why.into(),
            warnings: Vec::new(),
        }
    }

    /// A parameter that names the subject. All that have the same are one change.
    #[must_use]
    pub fn by(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.by.insert(name.to_owned(), value.into());
        self
    }

    /// How the parameters come to be.
    #[must_use]
    pub fn edit(
        mut self,
        edit: impl Fn(&mut Draft) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.edit = Box::new(edit);
        self
    }

    /// Parameters with given values.
    #[must_use]
    pub fn set(self, values: Value) -> Self {
        self.edit(move |draft| {
            if let Value::Object(values) = &values {
                draft.params.extend(values.clone());
            }
            Ok(())
        })
    }

    /// What must have been done before.
    #[must_use]
    pub fn after(mut self, handles: impl IntoIterator<Item = Handle>) -> Self {
        self.after.extend(handles);
        self
    }

    /// It is wanted only where another change makes something: what was there before is left alone.
    #[must_use]
    pub fn with(mut self, made: impl Into<Option<Handle>>) -> Self {
        self.with = made.into();
        self
    }

    /// The subject is made by the plan itself; this is the state that it will have then.
    #[must_use]
    pub fn fresh(mut self, state: Value) -> Self {
        self.fresh = Some(state);
        self
    }

    /// What it costs.
    #[must_use]
    pub fn cost(mut self, item: &str, usage: impl Into<Usage>) -> Self {
        self.costs.push((item.to_owned(), usage.into()));
        self
    }

    /// What it costs, however many ask for it.
    #[must_use]
    pub fn cost_once(mut self, item: &str, usage: impl Into<Usage>) -> Self {
        self.cost_once = Some((item.to_owned(), usage.into()));
        self
    }

    /// What it is priced by.
    pub(super) fn usages(&self) -> impl Iterator<Item = &Usage> {
        self.costs.iter().chain(&self.cost_once).map(|(_, usage)| usage)
    }

    /// What somebody should know.
    #[must_use]
    pub fn warn(mut self, text: impl Into<String>) -> Self {
        self.warnings.push(text.into());
        self
    }
}

/// All that findings want of one setting.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Each with the number of the finding.
    pub(super) changes: Vec<(usize, Change)>,
}

/// Gathers changes.
#[derive(Debug)]
pub struct Builder<'a> {
    /// What was read.
    pub inventory: &'a Inventory,
    /// What is wanted.
    pub baseline: &'a Baseline,
    allowances: &'a Allowances,
    /// The checks that were made, whether the policy wants them or somebody named them.
    pub(super) checks: BTreeSet<&'static str>,
    pub(super) findings: Vec<Finding>,
    pub(super) wanted: Vec<Wanted>,
    places: BTreeMap<(String, String, String), usize>,
    log_places: OnceLock<LogPlaces>,
    takers: OnceLock<BTreeMap<String, String>>,
    pub(super) blocked: Vec<Blocked>,
    /// What somebody should know of the whole.
    pub(super) warnings: Vec<String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        baseline: &'a Baseline,
        allowances: &'a Allowances,
    ) -> Self {
        Self {
            inventory,
            baseline,
            allowances,
            checks: BTreeSet::new(),
            findings: Vec::new(),
            wanted: Vec::new(),
            places: BTreeMap::new(),
            log_places: OnceLock::new(),
            takers: OnceLock::new(),
            blocked: Vec::new(),
            warnings: baseline.warnings.clone(),
        }
    }

    /// Begins with a finding; what is asked for next is for it.
    pub(super) fn begin(&mut self, finding: &Finding) {
        self.findings.push(finding.clone());
    }

    /// Asks for a change.
    pub fn change(&mut self, change: Change) -> Handle {
        let subject = Value::Object(change.by.clone()).to_string();
        let place = (change.call.to_owned(), change.region.clone(), subject);
        let finding = self.findings.len().saturating_sub(1);
        let index = *self.places.entry(place).or_insert(self.wanted.len());
        if index == self.wanted.len() {
            self.wanted.push(Wanted { changes: Vec::new() });
        }
        self.wanted[index].changes.push((finding, change));
        Handle(index)
    }

    /// The buckets that logs are written to; many findings ask, and it is found out once.
    pub fn log_places(&self) -> &LogPlaces {
        self.log_places.get_or_init(|| self.inventory.log_places())
    }

    /// Whether a check is wanted, by its id: what a plan makes is to be good for it too.
    pub fn wants(&self, id: &str) -> bool {
        let by_policy = || checks::find(id).is_some_and(|check| self.baseline.wants(check.meta()));
        self.checks.contains(id) || by_policy()
    }

    /// The bucket of each region that takes access logs already; found out once as well.
    pub fn takers(&self) -> &BTreeMap<String, String> {
        self.takers.get_or_init(|| access::taking(self.inventory))
    }

    /// Whether somebody allows something.
    pub fn allows(&self, allowance: Allowance) -> bool {
        self.allowances.contains(&allowance)
    }

    /// Says of the whole plan what somebody should know; once.
    pub fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    /// Says of the finding what its check says that a person can do.
    pub fn by_hand(&mut self, meta: &Meta) {
        let Some(finding) = self.findings.last() else { return };
        let (code, reason) = (finding.reason_code.clone(), finding.reason.clone());
        self.block(&code, reason, &[meta.fix.how]);
    }

    /// Says why the finding cannot be put right.
    pub fn refuse(&mut self, refusal: Refusal) {
        let choices: Vec<&str> = refusal.choices.iter().map(String::as_str).collect();
        self.block(refusal.code, refusal.reason, &choices);
    }

    /// Says that only a person can put the finding right.
    pub fn block(&mut self, code: &str, reason: impl Into<String>, choices: &[&str]) {
        let Some(finding) = self.findings.last() else { return };
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        let blocked = blocked(finding, code, reason.into(), choices);
        self.blocked.push(blocked);
    }
}

/// What only a person can put right.
pub(super) fn blocked(
    finding: &Finding,
    code: &str,
    reason: String,
    choices: Vec<String>,
) -> Blocked {
    Blocked {
        finding: finding.id.to_owned(),
        account: finding.account.clone(),
        region: finding.region.clone(),
        resource: finding.resource.clone(),
        reason_code: code.to_owned(),
        reason,
        choices,
    }
}
