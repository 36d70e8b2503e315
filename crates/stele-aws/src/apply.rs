//! Apply: does what a plan says, each action by its journal; the one part that changes AWS.
//!
//! For each action: its state is read and must be what the plan expects; intent and state go to the
//! journal; the call is made; the state is read back. What differs, or is refused, stops the
//! actions that come after it, and no others. Nothing is computed anew: parameters are the plan's,
//! with references to what earlier actions made.

mod rollback;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use stele_event::runtime::Clock;

pub use rollback::{Undone, rollback};

use crate::call::{Aws, Call, CallError, Failure};
use crate::caller::{CallLog, Caller, at};
use crate::fact::Fact;
use crate::journal::{Entry, JournalError, Record, Stage};
use crate::operation;
use crate::plan::reference::{self, Of, Reference};
use crate::plan::setting::{self, Params, Setting, same};
use crate::plan::{Action, Plan};

/// Actions that are done at once.
const AT_ONCE: usize = 8;
/// A plan is good for so long.
const HOURS_MAX: i64 = 24;

/// How long AWS is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A known refusal after a new role or policy is tried again for so long.
    pub refusal_ms: u64,
    /// A state that is not there yet is read again for so long.
    pub settle_ms: u64,
    /// Between two tries.
    pub pause_ms: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { refusal_ms: 60_000, settle_ms: 15_000, pause_ms: 2_000 }
    }
}

/// Sessions by account.
pub type Sessions = BTreeMap<String, Box<dyn Aws>>;

/// Why a plan is not applied at all.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The plan may not be used.
    #[error("{0}")]
    Plan(String),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done and read back.
    Done,
    /// It was so already.
    Already,
    /// AWS took it and is still settling it.
    Pending,
    /// It was refused, or the thing was changed since: code and text.
    Failed(String, String),
    /// What it comes after failed.
    Skipped,
}

/// An action's end, for whoever watches.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The action's number.
    pub n: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// Whether a plan may be applied now.
///
/// # Errors
/// It was edited, is too old, or is for other accounts.
pub fn accept(plan: &Plan, accounts: &[&str], now_micros: i64) -> Result<(), ApplyError> {
    let refuse = |text: String| Err(ApplyError::Plan(text));
    if plan.schema != crate::plan::SCHEMA {
        return refuse(format!("this is `{}`, not a plan of this version", plan.schema));
    }
    if plan.sha256 != plan.hash() {
        return refuse(
            "the plan was changed after it was made: its hash differs; make it anew with other \
             options"
                .to_owned(),
        );
    }
    let now = DateTime::from_timestamp_micros(now_micros).unwrap_or_default();
    let made = DateTime::parse_from_rfc3339(&plan.made_at).unwrap_or_default();
    let age = now.signed_duration_since(made);
    if age > TimeDelta::hours(HOURS_MAX) || age < TimeDelta::minutes(-10) {
        return refuse(format!(
            "the plan was made at {} and is good for {HOURS_MAX} hours; make it anew",
            plan.made_at
        ));
    }
    let others: Vec<&str> = plan
        .actions
        .iter()
        .map(|action| action.account.as_str())
        .filter(|account| !accounts.contains(account))
        .collect();
    if let Some(other) = others.first() {
        let here = accounts.join(", ");
        return refuse(format!(
            "the plan is for account {other}, and these credentials are for {here}"
        ));
    }
    Ok(())
}

/// What an apply works with.
pub struct Apply<'a> {
    /// The plan; [`accept`] must have taken it.
    pub plan: &'a Plan,
    /// A session for each of its accounts.
    pub sessions: &'a Sessions,
    /// Where each step is written down.
    pub journal: &'a dyn Record,
    /// What earlier runs wrote down.
    pub stages: BTreeMap<u32, Stage>,
    /// Which actions; all others are left out.
    pub wanted: &'a (dyn Fn(&Action) -> bool + Sync),
    /// The time.
    pub clock: &'a dyn Clock,
    /// How long AWS is waited for.
    pub patience: Patience,
    /// Told of each action as it ends.
    pub progress: &'a (dyn Fn(&Ended) + Sync),
}

impl Apply<'_> {
    /// Does what is left to do.
    ///
    /// # Errors
    /// The journal cannot be written: nothing more is done then.
    pub async fn run(&self) -> Result<Vec<Ended>, ApplyError> {
        let accounts: BTreeSet<String> =
            self.plan.actions.iter().map(|action| action.account.clone()).collect();
        self.journal.append(&Entry::Header {
            schema: crate::journal::SCHEMA.to_owned(),
            plan_sha256: self.plan.sha256.clone(),
            accounts: accounts.into_iter().collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time: time(self.clock),
        })?;
        let ended = self.all().await?;
        let whole = ended
            .values()
            .all(|outcome| matches!(outcome, Outcome::Done | Outcome::Already | Outcome::Pending));
        let outcome = if whole { "applied" } else { "partly" }.to_owned();
        self.journal.append(&Entry::End { outcome, time: time(self.clock) })?;
        Ok(ended.into_iter().map(|(n, outcome)| Ended { n, outcome }).collect())
    }

    /// Each action as soon as those that it comes after have ended. Where the journal fails, what
    /// has begun comes to its end, and nothing else begins.
    async fn all(&self) -> Result<BTreeMap<u32, Outcome>, ApplyError> {
        let mut left: BTreeMap<u32, usize> = BTreeMap::new();
        let mut followers: BTreeMap<u32, Vec<&Action>> = BTreeMap::new();
        let mut ready: BTreeMap<u32, &Action> = BTreeMap::new();
        for action in &self.plan.actions {
            left.insert(action.n, action.after.len());
            for n in &action.after {
                followers.entry(*n).or_default().push(action);
            }
            if action.after.is_empty() {
                ready.insert(action.n, action);
            }
        }
        let mut ended: BTreeMap<u32, Outcome> = BTreeMap::new();
        let mut states: BTreeMap<u32, Value> = BTreeMap::new();
        let mut running = FuturesUnordered::new();
        let mut broken = None;
        loop {
            while broken.is_none() && running.len() < AT_ONCE {
                let Some((_, action)) = ready.pop_first() else { break };
                let stopped = |n: &u32| matches!(ended[n], Outcome::Failed(..) | Outcome::Skipped);
                let is_stopped = action.after.iter().any(stopped);
                running.push(self.step(action, replaced(action, &states), is_stopped));
            }
            let (n, outcome, state) = match running.next().await {
                Some(Ok(step)) => step,
                Some(Err(error)) => {
                    broken.get_or_insert(error);
                    continue;
                }
                None => break,
            };
            (self.progress)(&Ended { n, outcome: outcome.clone() });
            ended.insert(n, outcome);
            states.insert(n, state);
            for action in followers.remove(&n).unwrap_or_default() {
                let open = left.entry(action.n).or_default();
                *open = open.saturating_sub(1);
                if *open == 0 {
                    ready.insert(action.n, action);
                }
            }
        }
        broken.map_or(Ok(ended), Err)
    }

    /// One action, as far as it comes: its outcome, and the state that others may refer to.
    /// `replaced` is the same action with what earlier ones made.
    async fn step(
        &self,
        action: &Action,
        replaced: Option<Action>,
        is_stopped: bool,
    ) -> Result<(u32, Outcome, Value), ApplyError> {
        let n = action.n;
        let stage = self.stages.get(&n).cloned().unwrap_or_default();
        if let (Some(_), Some(state)) = (stage.done, &stage.verified) {
            return Ok((n, Outcome::Already, state.clone()));
        }
        if is_stopped || !(self.wanted)(action) {
            return Ok((n, Outcome::Skipped, Value::Null));
        }
        let (outcome, state) = match self.attempt(action, replaced, &stage).await? {
            Ok(good) => good,
            Err((code, message)) => {
                let (code, message) = (code.clone(), message.clone());
                self.journal.append(&Entry::Failed {
                    n,
                    code: code.clone(),
                    message: message.clone(),
                })?;
                (Outcome::Failed(code, message), Value::Null)
            }
        };
        Ok((n, outcome, state))
    }

    /// The outer error is the journal's, the inner one the action's.
    async fn attempt(
        &self,
        action: &Action,
        replaced: Option<Action>,
        stage: &Stage,
    ) -> Result<Result<(Outcome, Value), (String, String)>, ApplyError> {
        let failed = |code: &str, text: String| Ok(Err((code.to_owned(), text)));
        let Some(setting) = setting::find(&action.call) else {
            return failed("unknown-call", format!("{} is none that a plan may name", action.call));
        };
        let Some(aws) = self.sessions.get(&action.account) else {
            return failed("no-session", format!("no session for account {}", action.account));
        };
        let Some(action) = replaced else {
            return failed("no-reference", "what it refers to was not made".to_owned());
        };
        let subject = Subject { aws: aws.as_ref(), setting, action: &action };
        let before = match subject.state().await {
            // Made by the run that was cut, and known by AWS's answer alone: a key without a name
            // yet.
            Ok(state) if state.is_null() && stage.done.is_some() => {
                (setting.find)(&stage.answer, &action.params)
            }
            Ok(state) => state,
            Err(text) => return failed("unreadable", text),
        };
        let begun = stage.action.is_some() && stage.before.is_some();
        let settled = (setting.settled)(&before, &action.params);
        let expected = if begun { stage.before.clone() } else { action.expect.clone() };
        if settled {
            // Done by the run that was cut, or by somebody else, or in the time between.
            let made = begun && expected.as_ref().is_some_and(|was| !same(was, &before));
            if !begun {
                self.intend(&action, &before)?;
            }
            self.finish(&action, made, Value::Null, &before, true)?;
            return Ok(Ok((Outcome::Already, before)));
        }
        if expected.as_ref().is_some_and(|expected| !same(expected, &before)) {
            return failed(
                "changed-since",
                format!("`{}` was changed since the plan was made; plan again", action.resource),
            );
        }
        if !begun {
            self.intend(&action, &before)?;
        }
        let answer = match self.call(&subject).await {
            Ok(answer) => answer,
            Err(error) => {
                // It may have been done all the same.
                let after = subject.state().await.unwrap_or_default();
                let unclear = matches!(error.failure, Failure::Timeout | Failure::Other);
                if !(unclear && (setting.settled)(&after, &action.params)) {
                    return failed(&error.code, error.to_string());
                }
                Value::Null
            }
        };
        self.journal.append(&Entry::Done { n: action.n, made: true, answer: answer.clone() })?;
        let (state, settled) = self.read_back(&subject, &answer).await;
        self.journal.append(&Entry::Verified { n: action.n, state: state.clone(), settled })?;
        let outcome = if settled { Outcome::Done } else { Outcome::Pending };
        Ok(Ok((outcome, state)))
    }

    fn intend(&self, action: &Action, before: &Value) -> Result<(), JournalError> {
        let (n, action) = (action.n, Box::new(action.clone()));
        self.journal.append(&Entry::Intent { n, action })?;
        self.journal.append(&Entry::Before { n, state: before.clone() })
    }

    fn finish(
        &self,
        action: &Action,
        made: bool,
        answer: Value,
        state: &Value,
        settled: bool,
    ) -> Result<(), JournalError> {
        let n = action.n;
        self.journal.append(&Entry::Done { n, made, answer })?;
        self.journal.append(&Entry::Verified { n, state: state.clone(), settled })
    }

    /// Makes the call; refusals that go away by waiting are waited for.
    async fn call(&self, subject: &Subject<'_>) -> Result<Value, CallError> {
        let began = self.clock.now_millis();
        loop {
            let error = match subject.call(&subject.action.call, &subject.action.params).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let waited = self.clock.now_millis() - began;
            let patience = i64::try_from(self.patience.refusal_ms).unwrap_or(i64::MAX);
            if !settles_by_itself(&error) || waited >= patience {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(self.patience.pause_ms)).await;
        }
    }

    async fn read_back(&self, subject: &Subject<'_>, answer: &Value) -> (Value, bool) {
        let Subject { setting, action, .. } = subject;
        let began = self.clock.now_millis();
        loop {
            let mut state = subject.state().await.unwrap_or_default();
            if state.is_null() {
                state = (setting.find)(answer, &action.params);
            }
            if (setting.settled)(&state, &action.params) {
                return (state, true);
            }
            let waited = self.clock.now_millis() - began;
            if waited >= i64::try_from(self.patience.settle_ms).unwrap_or(i64::MAX) {
                return (state, false);
            }
            tokio::time::sleep(Duration::from_millis(self.patience.pause_ms)).await;
        }
    }
}

/// What an action is about.
struct Subject<'a> {
    aws: &'a dyn Aws,
    setting: &'static Setting,
    action: &'a Action,
}

impl Subject<'_> {
    async fn state(&self) -> Result<Value, String> {
        let log = CallLog::default();
        let caller = Caller::new(self.aws, &log, &self.action.region);
        match self.setting.state(caller, &self.action.params).await {
            Fact::Known(state) => Ok(state),
            Fact::Absent => Ok(Value::Null),
            Fact::Unknown(reason) => Err(reason.text),
        }
    }

    async fn call(&self, id: &str, params: &Params) -> Result<Value, CallError> {
        let region = self.action.region.clone();
        let Some(operation) = operation::find(id) else {
            return Err(CallError {
                call: id.to_owned(),
                region,
                failure: Failure::Other,
                code: "unknown-call".to_owned(),
                message: "it is not in the table".to_owned(),
                attempts: 0,
            });
        };
        let call = Call { operation, region, params: params.clone() };
        let answer = self.aws.call(&call).await?;
        match unsuccessful(&answer) {
            Some((code, text)) => Err(CallError::new(&call, Failure::Other, &code, text)),
            None => Ok(answer),
        }
    }
}

/// EC2 answers 200 to a call that did nothing, and says so inside.
fn unsuccessful(answer: &Value) -> Option<(String, String)> {
    let list = answer.get("Unsuccessful").or_else(|| answer.get("UnsuccessfulSet"))?;
    let error = &list.as_array()?.first()?["Error"];
    let text = |name: &str| error[name].as_str().unwrap_or("unsuccessful").to_owned();
    Some((text("Code"), text("Message")))
}

/// Refusals that are over when a new role or policy is known everywhere.
fn settles_by_itself(error: &CallError) -> bool {
    const CODES: &[&str] = &[
        "InsufficientS3BucketPolicyException",
        "InsufficientEncryptionPolicyException",
        "InsufficientDeliveryPolicyException",
        "InvalidCloudWatchLogsRoleArnException",
        "InvalidCloudWatchLogsLogGroupArnException",
        // Trusted access is not known everywhere yet; another change of the trail is under way.
        "CloudTrailAccessNotEnabledException",
        "ConflictException",
        "NoSuchBucket",
        "OperationAborted",
    ];
    let assumed = error.message.contains("assume")
        || error.message.contains("Access Denied for LogDestination");
    CODES.contains(&error.code.as_str()) || assumed
}

/// An action with its references replaced; none where something is missing.
fn replaced(action: &Action, states: &BTreeMap<u32, Value>) -> Option<Action> {
    let mut action = action.clone();
    let known = |reference: Reference<'_>| made(reference, |n| states.get(&n));
    reference::replace(&mut action.params, &known);
    for undo in &mut action.undo {
        reference::replace(&mut undo.params, &known);
    }
    (!is_open(&action.params)).then_some(action)
}

/// What a reference to an action stands for.
fn made<'a>(reference: Reference<'_>, state: impl Fn(u32) -> Option<&'a Value>) -> Option<String> {
    let Of::Action(n) = reference.of else { return None };
    at(state(n)?, reference.path)?.as_str().map(str::to_owned)
}

/// Whether parameters have a reference that stands for nothing.
fn is_open(params: &Params) -> bool {
    reference::any(params, &|_| true)
}

fn time(clock: &dyn Clock) -> String {
    let time = DateTime::from_timestamp_micros(clock.now_micros()).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod order;
#[cfg(test)]
mod tests;
