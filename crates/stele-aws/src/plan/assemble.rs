//! From what checks ask for to actions: the state of each setting is read, edits are run on it,
//! what is settled already falls away, the rest is put in order.

mod states;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{Builder, Change, Draft, Handle, Refusal, Wanted, blocked};
use super::cost::Cost;
use super::metrics;
use super::reference::{self, Of, Reference};
use super::setting::{self, Params, Setting};
use super::volumes::{Metric, Volumes};
use super::{Action, Allowances, Blocked, Plan, PlanScope, SCHEMA};
use crate::assess::{Assessed, Report, ReportError};
use crate::baseline::Baseline;
use crate::call::Aws;
use crate::caller::{CallLog, at};
use crate::checks;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Status};

/// What one account needs.
#[derive(Debug, Default)]
pub struct Part {
    actions: Vec<Action>,
    blocked: Vec<Blocked>,
    warnings: Vec<String>,
    errors: Vec<ReportError>,
    complete: bool,
}

/// Whether a plan looks at a finding: it is wrong now, for a reason of its own, and nobody answers
/// for it.
fn counts(finding: &Finding, all: &BTreeSet<String>) -> bool {
    let wrong = matches!(finding.status, Status::Fail | Status::Blocked);
    // What follows from another finding goes with it; what follows from there being nothing yet is
    // part of making it. What is for a person is said, where nothing else says it.
    let is_said = |cause: &String| finding.fix != Some(Remedy::Blocked) || all.contains(cause);
    let follows = finding.cause.as_ref().is_some_and(is_said) && !finding.missing;
    wrong && !finding.pending && finding.exception.is_none() && !follows
}

/// Plans for an account.
pub async fn account(
    aws: &dyn Aws,
    assessed: &Assessed,
    baseline: &Baseline,
    allowances: &Allowances,
    wanted: &(dyn Fn(&Finding) -> bool + Sync),
) -> Part {
    let mut builder = Builder::new(&assessed.inventory, baseline, allowances);
    builder.checks = assessed.checks.iter().copied().collect();
    let all = assessed.findings.iter().map(|each| format!("{}|{}", each.id, each.resource));
    let all: BTreeSet<String> = all.collect();
    let counted = assessed.findings.iter().filter(|finding| counts(finding, &all));
    for finding in counted.filter(|finding| wanted(finding)) {
        let Some(check) = checks::find(finding.id) else { continue };
        builder.begin(finding);
        check.fix(finding, &mut builder);
    }
    let log = CallLog::default();
    let counted = metrics::read(aws, measured(&builder), assessed.inventory.now_micros);
    // Side by side: neither needs the other.
    let (states, counted) = futures::join!(states::read(aws, &log, &builder), counted);
    let mut part = build(&assessed.inventory.account, builder, &states, &counted.volumes);
    part.warnings.extend(counted.warnings);
    let failed = log.errors();
    part.complete &= failed.is_empty();
    part.errors.extend(failed.iter().map(|e| ReportError::new(&assessed.inventory.account, e)));
    part
}

/// The metrics that count what is priced. What turns out to be settled is among it: that is known
/// only when the states are read, at the same time.
fn measured(builder: &Builder<'_>) -> BTreeSet<Metric> {
    let changes = builder.wanted.iter().flat_map(|wanted| &wanted.changes);
    let measures =
        changes.flat_map(|(_, change)| change.usages()).filter_map(|usage| usage.measure.as_ref());
    measures.flat_map(|measure| measure.metrics.iter().cloned()).collect()
}

/// One setting after its edits.
enum Outcome {
    /// An action, by its place in the list.
    Action(usize),
    /// Nothing to do: the state is what is wanted.
    Settled(Value),
    /// No finding is left that wants it.
    Dropped,
}

/// How each setting came out, by its place in the builder.
type Outcomes = BTreeMap<usize, Outcome>;

/// The places so that each comes behind all that it comes after; otherwise as they were asked for.
fn in_order(afters: &[Vec<Handle>]) -> Vec<usize> {
    fn visit(
        index: usize,
        afters: &[Vec<Handle>],
        seen: &mut BTreeSet<usize>,
        to: &mut Vec<usize>,
    ) {
        if !seen.insert(index) {
            return;
        }
        for after in afters.get(index).into_iter().flatten() {
            visit(after.0, afters, seen, to);
        }
        to.push(index);
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for index in 0..afters.len() {
        visit(index, afters, &mut seen, &mut order);
    }
    order
}

fn build(account: &str, builder: Builder<'_>, states: &[Fact<Value>], volumes: &Volumes) -> Part {
    let Builder { findings, wanted, blocked: by_hand, warnings, .. } = builder;
    let mut part = Part { blocked: by_hand, warnings, complete: true, ..Part::default() };
    let mut refused: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut outcomes = Outcomes::new();
    let afters: Vec<Vec<Handle>> = wanted
        .iter()
        .map(|wanted| {
            let after = wanted.changes.iter().flat_map(|(_, change)| change.after.clone());
            after.collect::<BTreeSet<Handle>>().into_iter().collect()
        })
        .collect();
    let made = made(&wanted, states);
    let mut wanted: BTreeMap<usize, Wanted> = wanted.into_iter().enumerate().collect();
    for index in in_order(&afters) {
        let (Some(wanted), Some(state)) = (wanted.remove(&index), states.get(index)) else {
            continue;
        };
        let (mut changes, lost): (Vec<_>, Vec<_>) =
            wanted.changes.into_iter().partition(|(finding, change)| {
                !change.after.iter().any(|handle| refused.contains(&(*finding, handle.0)))
            });
        refused.extend(lost.iter().map(|(finding, _)| (*finding, index)));
        let asked = changes.len();
        changes.retain(|(_, change)| change.with.is_none_or(|handle| made.contains(&handle)));
        if changes.is_empty() && asked > 0 {
            // What it would belong to is there, and nothing waits for it.
            outcomes.insert(index, Outcome::Settled(Value::Null));
            continue;
        }
        let state = match state {
            Fact::Known(state) => state.clone(),
            Fact::Absent => Value::Null,
            Fact::Unknown(reason) => {
                part.complete = false;
                for (finding, change) in &changes {
                    refused.insert((*finding, index));
                    let text = format!("`{}` cannot be read: {}", change.resource, reason.text);
                    let choices =
                        vec!["allow what is named in `errors`, and plan again".to_owned()];
                    part.blocked.push(blocked(&findings[*finding], "unreadable", text, choices));
                }
                outcomes.insert(index, Outcome::Dropped);
                continue;
            }
        };
        let merged = merge(changes, state, |finding, refusal| {
            refused.insert((finding, index));
            let Refusal { code, reason, choices } = refusal;
            part.blocked.push(blocked(&findings[finding], code, reason, choices));
        });
        let Some(merged) = merged else {
            outcomes.insert(index, Outcome::Dropped);
            continue;
        };
        if (merged.setting.settled)(&merged.state, &merged.params) {
            outcomes.insert(index, Outcome::Settled(merged.state));
            continue;
        }
        outcomes.insert(index, Outcome::Action(part.actions.len()));
        let number = part.actions.len() + 1;
        let mut action = merged.action(account, &findings, number, volumes);
        action.after = numbers(&afters[index], &afters, &outcomes);
        resolve(&mut action, &outcomes);
        part.actions.push(action);
    }
    part.blocked.sort();
    part.blocked.dedup();
    part
}

/// The settings that others are wanted with and that are not there yet, by what names their
/// subject.
fn made(wanted: &[Wanted], states: &[Fact<Value>]) -> BTreeSet<Handle> {
    /// What is made along with something else is made where that is.
    fn is_made(handle: Handle, wanted: &[Wanted], states: &[Fact<Value>]) -> bool {
        let changes = &wanted[handle.0].changes;
        let Some((_, first)) = changes.first() else { return false };
        let Some(setting) = setting::find(first.call) else { return false };
        let is_missing = match &states[handle.0] {
            Fact::Known(state) => !(setting.settled)(state, &first.by),
            Fact::Absent => true,
            Fact::Unknown(_) => false,
        };
        let mut with = changes.iter().map(|(_, change)| change.with);
        is_missing && with.any(|with| with.is_none_or(|other| is_made(other, wanted, states)))
    }
    let changes = wanted.iter().flat_map(|wanted| &wanted.changes);
    let asked: BTreeSet<Handle> = changes.filter_map(|(_, change)| change.with).collect();
    asked.into_iter().filter(|handle| is_made(*handle, wanted, states)).collect()
}

/// The numbers of the actions behind handles; what is settled passes on what it came after.
fn numbers(handles: &[Handle], afters: &[Vec<Handle>], outcomes: &Outcomes) -> Vec<u32> {
    let mut found = BTreeSet::new();
    let mut todo = handles.to_vec();
    while let Some(Handle(index)) = todo.pop() {
        match outcomes.get(&index) {
            Some(Outcome::Action(place)) => {
                found.insert(u32::try_from(place + 1).unwrap_or(u32::MAX));
            }
            Some(Outcome::Settled(_)) => todo.extend(afters[index].iter().copied()),
            Some(Outcome::Dropped) | None => {}
        }
    }
    found.into_iter().collect()
}

/// Edits put together.
struct Merged {
    setting: &'static Setting,
    changes: Vec<(usize, Change)>,
    params: Params,
    state: Value,
    before: Value,
    expect: bool,
}

fn merge(
    changes: Vec<(usize, Change)>,
    state: Value,
    mut refuse: impl FnMut(usize, Refusal),
) -> Option<Merged> {
    let (_, first) = changes.first()?;
    let setting = setting::find(first.call)?;
    let fresh = changes.iter().find_map(|(_, change)| change.fresh.clone());
    let before = state.clone();
    let (state, expect) = match fresh {
        Some(fresh) if state.is_null() => (fresh, false),
        _ => (state, true),
    };
    let mut params = first.by.clone();
    (setting.start)(&state, &mut params);
    let mut draft = Draft { params, state: state.clone() };
    let mut kept = Vec::new();
    for (finding, change) in changes {
        let so_far = draft.params.clone();
        match (change.edit)(&mut draft) {
            Ok(()) => kept.push((finding, change)),
            Err(refusal) => {
                draft.params = so_far;
                refuse(finding, refusal);
            }
        }
    }
    let params = draft.params;
    (!kept.is_empty()).then_some(Merged { setting, changes: kept, params, state, before, expect })
}

impl Merged {
    fn action(
        self,
        account: &str,
        findings: &[Finding],
        number: usize,
        volumes: &Volumes,
    ) -> Action {
        let Self { setting, changes, params, state, before, expect } = self;
        let once = changes.iter().map(|(_, change)| Cost::of(&change.cost_once, volumes));
        let once = once.max_by(|a, b| a.high.total_cmp(&b.high)).unwrap_or_default();
        let each = changes.iter().flat_map(|(_, change)| &change.costs);
        let cost = once.plus(&Cost::of(each, volumes));
        let (mut served, mut warnings) = (Vec::new(), Vec::new());
        for (finding, change) in &changes {
            let finding = &findings[*finding];
            served.push(format!("{}|{}", finding.id, finding.resource));
            warnings.extend(change.warnings.iter().cloned());
        }
        let mut seen = BTreeSet::new();
        served.retain(|each| seen.insert(each.clone()));
        warnings.sort();
        warnings.dedup();
        let first = &changes[0].1;
        let why = {
            let mut reasons: Vec<&str> = Vec::new();
            for (_, change) in &changes {
                if !reasons.contains(&change.why.as_str()) {
                    reasons.push(&change.why);
                }
            }
            reasons.join("; ")
        };
        Action {
            n: u32::try_from(number).unwrap_or(u32::MAX),
            after: Vec::new(),
            call: setting.call.to_owned(),
            account: account.to_owned(),
            region: first.region.clone(),
            resource: first.resource.clone(),
            why,
            finding: findings[changes[0].0].id.to_owned(),
            findings: served,
            // What belongs to something that the plan makes goes back to how it was made.
            undo: (setting.undo)(&state, &params),
            params,
            expect: expect.then(|| before.clone()),
            before,
            reversible: setting.leaves.is_empty(),
            leaves: setting.leaves.to_owned(),
            monthly_cost_usd: cost,
            warnings,
        }
    }
}

/// Replaces references to changes: by a number where there is an action, by the value where not.
fn resolve(action: &mut Action, outcomes: &Outcomes) {
    let resolved = |Reference { of, path }: Reference<'_>| {
        let Of::Change(place) = of else { return None };
        match outcomes.get(&place)? {
            Outcome::Action(place) => {
                let of = Of::Action(u32::try_from(place + 1).unwrap_or(u32::MAX));
                Some(Reference { of, path }.to_string())
            }
            Outcome::Settled(state) => {
                Some(at(state, path).and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            Outcome::Dropped => None,
        }
    };
    for params in all_params(action) {
        reference::replace(params, &resolved);
    }
}

/// The parameters of an action and of what undoes it.
fn all_params(action: &mut Action) -> impl Iterator<Item = &mut Params> {
    let undo = action.undo.iter_mut().map(|undo| &mut undo.params);
    std::iter::once(&mut action.params).chain(undo)
}

/// Puts the parts of accounts together.
pub fn join(parts: Vec<Part>, report: &Report) -> Plan {
    let scope = PlanScope {
        accounts: report.scope.accounts.clone(),
        regions: report.scope.regions.clone(),
        partition: report.scope.partition.clone(),
        tags: report.scope.tags.clone(),
    };
    // A report can always be written.
    let assess = serde_json::to_vec(report).unwrap_or_default();
    let mut plan = Plan {
        schema: SCHEMA.to_owned(),
        made_at: report.assessed_at.clone(),
        complete: report.complete,
        scope,
        assess_sha256: super::hex_sha256(&assess),
        actions: Vec::new(),
        blocked: Vec::new(),
        monthly_cost_usd: Cost::default(),
        permissions: Vec::new(),
        warnings: Vec::new(),
        errors: report.errors.clone(),
        sha256: String::new(),
    };
    for part in parts {
        let offset = u32::try_from(plan.actions.len()).unwrap_or(u32::MAX);
        plan.actions.extend(part.actions.into_iter().map(|action| shifted(action, offset)));
        plan.blocked.extend(part.blocked);
        // What is said of the policy is the same for every account.
        for warning in part.warnings {
            if !plan.warnings.contains(&warning) {
                plan.warnings.push(warning);
            }
        }
        plan.errors.extend(part.errors);
        plan.complete &= part.complete;
    }
    let sum = plan.actions.iter().fold(Cost::default(), |sum, action| {
        let Cost { low, expected, high, .. } = action.monthly_cost_usd;
        sum.plus(&Cost { low, expected, high, basis: String::new() })
    });
    let prices = super::cost::prices();
    let basis = format!("prices of {} in {}", prices.as_of, prices.region);
    plan.monthly_cost_usd = Cost { basis, ..sum.in_cents() };
    for action in &mut plan.actions {
        action.monthly_cost_usd = action.monthly_cost_usd.in_cents();
    }
    plan.permissions = crate::iam::plan_permissions(&plan);
    plan.sha256 = plan.hash();
    plan
}

/// The same action with a higher number.
fn shifted(mut action: Action, offset: u32) -> Action {
    if offset == 0 {
        return action;
    }
    action.n += offset;
    action.after.iter_mut().for_each(|n| *n += offset);
    let shifted = |Reference { of, path }: Reference<'_>| {
        let Of::Action(n) = of else { return None };
        Some(Reference { of: Of::Action(n + offset), path }.to_string())
    };
    for params in all_params(&mut action) {
        reference::replace(params, &shifted);
    }
    action
}

#[cfg(test)]
mod tests;
