//! Rollback: what a journal says was done is undone, backwards, as it was before.
//!
//! What somebody changed since is not overwritten. What cannot be taken back (a bucket that may
//! hold logs, a key) is left and said. An error does not stop the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use stele_event::runtime::Clock;

use super::{ApplyError, Patience, Sessions, Subject, is_open, made, time};
use crate::caller::{CallLog, Caller, at};
use crate::fact::Fact;
use crate::journal::{Entry, JournalError, Record, Stage};
use crate::plan::Action;
use crate::plan::reference::{self, Of};
use crate::plan::setting::{self, Params, same};

/// How undoing an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The action's number.
    pub n: u32,
    /// Its call and what it changed, for people.
    pub what: String,
    /// `restored`, `left`, `changed-since` or `failed`.
    pub outcome: &'static str,
    /// What there is to say; empty where there is nothing.
    pub reason: String,
}

/// Undoes what a journal says was done. `force` names actions that are undone though somebody
/// changed the thing since.
///
/// # Errors
/// The journal cannot be written.
pub async fn rollback(
    stages: &BTreeMap<u32, Stage>,
    sessions: &Sessions,
    journal: &dyn Record,
    clock: &dyn Clock,
    force: &[u32],
    patience: Patience,
    progress: &(dyn Fn(&Undone) + Sync),
) -> Result<Vec<Undone>, ApplyError> {
    let mut all = Vec::new();
    for (n, stage) in stages.iter().rev() {
        let Some(action) = &stage.action else { continue };
        let over = stage.undone.as_deref().is_some_and(|how| how == "restored" || how == "left");
        if over || stage.done == Some(false) {
            continue;
        }
        let Some((outcome, reason)) =
            one(action, stage, stages, sessions, journal, force, patience).await?
        else {
            continue;
        };
        let what = format!("{} {}", action.call, action.resource);
        let undone = Undone { n: *n, what, outcome, reason };
        journal.append(&said(*n, "", &Map::new(), outcome, &undone.reason))?;
        progress(&undone);
        all.push(undone);
    }
    let whole = all.iter().all(|each| matches!(each.outcome, "restored" | "left"));
    let outcome = if whole { "rolled-back" } else { "partly-rolled-back" }.to_owned();
    journal.append(&Entry::End { outcome, time: time(clock) })?;
    Ok(all)
}

/// Undoes one action; nothing where it was never done.
async fn one(
    action: &Action,
    stage: &Stage,
    stages: &BTreeMap<u32, Stage>,
    sessions: &Sessions,
    journal: &dyn Record,
    force: &[u32],
    patience: Patience,
) -> Result<Option<(&'static str, String)>, JournalError> {
    let ended = |outcome, reason: String| Ok(Some((outcome, reason)));
    let Some(setting) = setting::find(&action.call) else {
        return ended("failed", format!("{} is not known", action.call));
    };
    let Some(aws) = sessions.get(&action.account) else {
        return ended("failed", format!("no session for account {}", action.account));
    };
    let subject = Subject { aws: aws.as_ref(), setting, action };
    let now = match subject.state().await {
        Ok(now) => now,
        Err(text) => return ended("failed", text),
    };
    let before = stage.before.clone().unwrap_or_default();
    if stage.done.is_none() && !(setting.settled)(&now, &action.params) {
        // It was meant and never done.
        return Ok(None);
    }
    if same(&now, &before) && !before.is_null() {
        return ended("restored", "it is as it was before".to_owned());
    }
    if action.undo.is_empty() {
        return ended("left", action.leaves.clone());
    }
    if now.is_null() && before.is_null() {
        return ended("restored", "it is gone already".to_owned());
    }
    let after = stage.verified.clone().unwrap_or_else(|| now.clone());
    let touched = !same(&now, &after);
    if touched && !force.contains(&action.n) {
        return ended(
            "changed-since",
            format!(
                "`{}` was changed since, which is not overwritten; --force {} does",
                action.resource, action.n
            ),
        );
    }
    let holds = !setting.contents.is_empty();
    if holds && holds_something(&subject).await {
        return ended("left", action.leaves.clone());
    }
    for undo in &action.undo {
        let params = restored(&undo.params, &now, stages);
        if is_open(&params) {
            return ended("failed", "what its undoing refers to is not known".to_owned());
        }
        journal.append(&said(action.n, &undo.call, &params, "begun", ""))?;
        if let Err(error) = subject.call(&undo.call, &params).await {
            return ended("failed", error.to_string());
        }
    }
    // What was empty is gone whole.
    if !action.leaves.is_empty() && !holds {
        return ended("left", action.leaves.clone());
    }
    if is_back(&subject, &before, patience).await {
        return ended("restored", String::new());
    }
    ended("failed", "AWS took the call, and it is not as it was before".to_owned())
}

/// Whether the state before is there again; AWS may take a moment.
async fn is_back(subject: &Subject<'_>, before: &Value, patience: Patience) -> bool {
    let mut waited_ms = 0;
    loop {
        if subject.state().await.is_ok_and(|now| same(&now, before)) {
            return true;
        }
        if waited_ms >= patience.settle_ms {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(patience.pause_ms)).await;
        waited_ms += patience.pause_ms.max(1);
    }
}

/// Whether something would go with it; where that cannot be read, it may.
async fn holds_something(subject: &Subject<'_>) -> bool {
    let log = CallLog::default();
    let caller = Caller::new(subject.aws, &log, &subject.action.region);
    let name = subject.action.params.get("logGroupName").cloned().unwrap_or_default();
    let asked = Map::from_iter([("logGroupName".to_owned(), name)]);
    match caller.list_with::<Value>(subject.setting.contents, asked).await {
        Fact::Known(streams) => {
            streams.iter().any(|stream| stream.get("lastIngestionTime").is_some())
        }
        Fact::Absent => false,
        Fact::Unknown(_) => true,
    }
}

/// Parameters of an undoing call, with what AWS made put in.
pub(super) fn restored(params: &Params, now: &Value, stages: &BTreeMap<u32, Stage>) -> Params {
    let mut params = params.clone();
    reference::replace(&mut params, &|reference| match reference.of {
        Of::Own => at(now, reference.path).and_then(Value::as_str).map(str::to_owned),
        Of::Change(_) | Of::Action(_) => {
            made(reference, |n| stages.get(&n).and_then(|stage| stage.verified.as_ref()))
        }
    });
    params
}

fn said(n: u32, call: &str, params: &Params, outcome: &str, reason: &str) -> Entry {
    Entry::Undo {
        n,
        call: call.to_owned(),
        params: params.clone(),
        outcome: outcome.to_owned(),
        reason: reason.to_owned(),
    }
}
