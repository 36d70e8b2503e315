//! `stele aws apply`, `rollback` and `journal`: the commands that change AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, bail};
use stele_aws::apply::{self, Apply, Ended, Outcome, Patience, Undone};
use stele_aws::arn;
use stele_aws::journal::{self, Entry, Journal};
use stele_aws::plan::{Action, Plan};
use stele_event::runtime::Clock;

use super::acts::{APPLY, Acts, Deed, ROLLBACK};
use super::session::SessionArguments;
use super::{plan, plan_table};
use crate::{Context, Usage};

/// Do what a plan says. Every step is in a journal first, by which it can go on after a cut, and be
/// undone.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plan.
    plan: PathBuf,
    #[command(flatten)]
    session: SessionArguments,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// The journal; PLAN.journal where it is not given.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Do not put it on record in the store.
    #[arg(long)]
    no_keep: bool,
    /// Only actions for checks, or with calls, of this pattern, and what they come after.
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    only: Vec<String>,
}

/// Undo what an apply did, as its journal has it.
#[derive(Debug, clap::Args)]
pub(super) struct RollbackArguments {
    /// The journal of the apply.
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,
    #[command(flatten)]
    session: SessionArguments,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Do not put it on record in the store.
    #[arg(long)]
    no_keep: bool,
    /// Undo this action though somebody changed the thing since.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    force: Vec<u32>,
}

/// What an apply or a rollback did.
#[derive(Debug, clap::Args)]
pub(super) struct JournalArguments {
    #[command(subcommand)]
    action: JournalAction,
}

#[derive(Debug, clap::Subcommand)]
enum JournalAction {
    /// Show what a journal says was done and undone.
    Show {
        /// The journal.
        journal: PathBuf,
    },
}

pub(super) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let plan = plan::read(&arguments.plan)?;
    let accounts = accounts_of(&plan);
    let session = arguments.session.open_for_changes()?;
    let clock = session.clock.clone();
    let (sessions, by) = session.writing(&accounts).await?;
    let here: Vec<&str> = sessions.keys().map(String::as_str).collect();
    apply::accept(&plan, &here, clock.now_micros())?;
    if plan.actions.is_empty() {
        writeln!(std::io::stderr(), "the plan is empty: there is nothing to do")?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = arguments.journal.unwrap_or_else(|| beside(&arguments.plan));
    let (journal, entries) = Journal::open(&path)?;
    journal::of_plan(&entries, &plan.sha256, &path)?;
    let stages = journal::stages(&entries);
    if stages.values().any(|stage| stage.undone.is_some()) {
        bail!("`{}` was rolled back already; make a plan anew, and apply that", path.display());
    }
    let wanted = chosen(&plan, &arguments.only);
    if wanted.is_empty() {
        let text = format!("--only: no action is for `{}`", arguments.only.join(","));
        return Err(Usage(text).into());
    }
    if !arguments.yes {
        write!(std::io::stderr(), "{}", plan_table::table(&plan))?;
        confirm(&accounts, "apply the plan to")?;
    }
    let acts = Acts {
        store: (!arguments.no_keep).then_some(context),
        act: APPLY,
        by,
        plan_sha256: plan.sha256.clone(),
        began_micros: clock.now_micros(),
    };
    acts.begin(&accounts, wanted.len()).await?;
    let quiet = context.json;
    // Done by an earlier run of this journal, which may not have come to putting it on record.
    let earlier: BTreeSet<u32> =
        stages.iter().filter(|(_, stage)| stage.done == Some(true)).map(|(n, _)| *n).collect();
    let so_far = Mutex::new(BTreeMap::new());
    let told = |ended: &Ended| {
        locked(&so_far).insert(ended.n, (clock.now_micros(), ended.outcome.clone()));
        if let (false, Some(action)) = (quiet, action(&plan, ended.n)) {
            // Nothing can be done about a closed stderr, and the journal has it all.
            let _ = writeln!(std::io::stderr(), "{}", line(action, &ended.outcome));
        }
    };
    let work = Apply {
        plan: &plan,
        sessions: &sessions,
        journal: &journal,
        stages,
        wanted: &|action| wanted.contains(&action.n),
        clock: clock.as_ref(),
        patience: Patience::default(),
        progress: &told,
    };
    let ran = work.run().await;
    let so_far = std::mem::take(&mut *locked(&so_far));
    let deeds: Vec<Deed<'_>> = so_far
        .iter()
        .filter_map(|(n, (at_micros, outcome))| {
            let (outcome, reason) = match outcome {
                Outcome::Already if earlier.contains(n) => ("done", "by an earlier run"),
                outcome => worded(outcome),
            };
            Some(Deed { action: action(&plan, *n)?, at_micros: *at_micros, outcome, reason })
        })
        .collect();
    let ended = match ran {
        Ok(ended) => ended,
        Err(error) => {
            let summary = serde_json::json!({"journal": path, "error": error.to_string()});
            acts.end(&summary, &path, &deeds).await?;
            return Err(error.into());
        }
    };
    let count = |which: fn(&Outcome) -> bool| ended.iter().filter(|e| which(&e.outcome)).count();
    let done = count(|outcome| matches!(outcome, Outcome::Done | Outcome::Already));
    let pending = count(|outcome| *outcome == Outcome::Pending);
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(..)));
    let skipped = ended
        .iter()
        .filter(|each| each.outcome == Outcome::Skipped && wanted.contains(&each.n))
        .count();
    let summary = serde_json::json!({"journal": path, "done": done, "pending": pending,
        "failed": failed, "skipped": skipped});
    acts.end(&summary, &path, &deeds).await?;
    if context.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&summary)?)?;
    } else {
        writeln!(
            std::io::stdout(),
            "{done} done, {pending} still being settled by AWS, {failed} failed, {skipped} not \
             tried because of that; journal: {}",
            path.display()
        )?;
    }
    let (file, journal) = (arguments.plan.display(), path.display());
    if failed + skipped > 0 {
        writeln!(
            std::io::stderr(),
            "hint: `stele aws apply {file} --journal {journal}` goes on from here; \
             `stele aws rollback --journal {journal}` undoes what was done"
        )?;
    }
    Ok(ExitCode::from(if failed + skipped > 0 { 4 } else { 0 }))
}

pub(super) async fn rollback(
    context: &Context,
    arguments: RollbackArguments,
) -> anyhow::Result<ExitCode> {
    // What is not there is not made.
    journal::read(&arguments.journal)?;
    let (journal, entries) = Journal::open(&arguments.journal)?;
    let stages = journal::stages(&entries);
    let mut accounts: Vec<String> =
        stages.values().filter_map(|stage| Some(stage.action.as_ref()?.account.clone())).collect();
    accounts.sort();
    accounts.dedup();
    if accounts.is_empty() {
        writeln!(std::io::stderr(), "nothing was done by `{}`", arguments.journal.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let session = arguments.session.open_for_changes()?;
    let clock = session.clock.clone();
    let (sessions, by) = session.writing(&accounts).await?;
    if let Some(other) = accounts.iter().find(|account| !sessions.contains_key(*account)) {
        let here: Vec<&str> = sessions.keys().map(String::as_str).collect();
        bail!(
            "the journal is of account {other}, and these credentials are for {}",
            here.join(", ")
        );
    }
    if !arguments.yes {
        for stage in stages.values().rev().filter(|stage| stage.done == Some(true)) {
            if let Some(action) = &stage.action {
                writeln!(std::io::stderr(), "{:>3}. undo: {}", action.n, action.why)?;
            }
        }
        confirm(&accounts, "undo this in")?;
    }
    let acts = Acts {
        store: (!arguments.no_keep).then_some(context),
        act: ROLLBACK,
        by,
        plan_sha256: journal::plan_of(&entries).unwrap_or_default().to_owned(),
        began_micros: clock.now_micros(),
    };
    let to_undo = stages.values().filter(|stage| stage.done == Some(true)).count();
    acts.begin(&accounts, to_undo).await?;
    let quiet = context.json;
    let so_far = Mutex::new(BTreeMap::new());
    let told = |undone: &Undone| {
        locked(&so_far).insert(undone.n, (clock.now_micros(), undone.clone()));
        if !quiet {
            let reason = if undone.reason.is_empty() {
                String::new()
            } else {
                format!(": {}", undone.reason)
            };
            let text = format!("{:>3}. {} {}{reason}", undone.n, undone.outcome, undone.what);
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    };
    let ran = apply::rollback(
        &stages,
        &sessions,
        &journal,
        clock.as_ref(),
        &arguments.force,
        Patience::default(),
        &told,
    )
    .await;
    let so_far = std::mem::take(&mut *locked(&so_far));
    let deeds: Vec<Deed<'_>> = so_far
        .iter()
        .filter_map(|(n, (at_micros, undone))| {
            let action = stages.get(n)?.action.as_ref()?;
            let (outcome, reason) = (undone.outcome, undone.reason.as_str());
            Some(Deed { action, at_micros: *at_micros, outcome, reason })
        })
        .collect();
    let all = match ran {
        Ok(all) => all,
        Err(error) => {
            let summary = serde_json::json!({"error": error.to_string()});
            acts.end(&summary, &arguments.journal, &deeds).await?;
            return Err(error.into());
        }
    };
    let count = |outcome: &str| all.iter().filter(|each| each.outcome == outcome).count();
    let (restored, left) = (count("restored"), count("left"));
    let (changed, failed) = (count("changed-since"), count("failed"));
    let summary = serde_json::json!({"restored": restored, "left": left,
        "changed_since": changed, "failed": failed});
    acts.end(&summary, &arguments.journal, &deeds).await?;
    if context.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&summary)?)?;
    } else {
        writeln!(
            std::io::stdout(),
            "{restored} restored, {left} left, {changed} changed by others since, {failed} failed"
        )?;
    }
    Ok(ExitCode::from(if changed + failed > 0 { 4 } else { 0 }))
}

pub(super) fn show(context: &Context, arguments: &JournalArguments) -> anyhow::Result<ExitCode> {
    let JournalAction::Show { journal: path } = &arguments.action;
    let entries = journal::read(path)?;
    let mut output = std::io::stdout().lock();
    for entry in &entries {
        if context.json {
            writeln!(output, "{}", serde_json::to_string(entry)?)?;
            continue;
        }
        match entry {
            Entry::Header { plan_sha256, accounts, time, .. } => {
                let accounts = accounts.join(", ");
                writeln!(output, "{time} apply of plan {plan_sha256} to {accounts}")?;
            }
            Entry::Intent { n, action } => {
                writeln!(output, "{n:>3}. {} ({})", action.why, action.call)?;
            }
            Entry::Before { state, .. } => writeln!(output, "     before: {state}")?,
            Entry::Done { made: true, .. } => writeln!(output, "     done")?,
            Entry::Done { made: false, .. } => writeln!(output, "     it was so already")?,
            Entry::Verified { state, settled, .. } => {
                let how = if *settled { "after" } else { "after, still being settled" };
                writeln!(output, "     {how}: {state}")?;
            }
            Entry::Failed { n, code, message } => {
                writeln!(output, "{n:>3}. failed: {code}: {message}")?;
            }
            Entry::Undo { n, call, outcome, reason, .. } => {
                writeln!(output, "{n:>3}. undo {outcome} {call} {reason}")?;
            }
            Entry::End { outcome, time } => writeln!(output, "{time} {outcome}")?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn beside(plan: &Path) -> PathBuf {
    let mut name = plan.as_os_str().to_owned();
    name.push(".journal");
    PathBuf::from(name)
}

fn accounts_of(plan: &Plan) -> Vec<String> {
    let mut accounts: Vec<String> = plan.actions.iter().map(|a| a.account.clone()).collect();
    accounts.sort();
    accounts.dedup();
    accounts
}

/// The actions of a pattern with all that they come after.
fn chosen(plan: &Plan, only: &[String]) -> Vec<u32> {
    let hit = |action: &Action| {
        only.is_empty()
            || only.iter().any(|pattern| {
                let checks = action.findings.iter().filter_map(|key| key.split('|').next());
                checks.chain([action.call.as_str()]).any(|id| arn::matches(pattern, id))
            })
    };
    let mut todo: Vec<u32> = plan.actions.iter().filter(|a| hit(a)).map(|a| a.n).collect();
    let mut all = Vec::new();
    while let Some(n) = todo.pop() {
        if !all.contains(&n) {
            all.push(n);
            todo.extend(action(plan, n).into_iter().flat_map(|action| action.after.clone()));
        }
    }
    all
}

fn action(plan: &Plan, n: u32) -> Option<&Action> {
    plan.actions.iter().find(|action| action.n == n)
}

/// An outcome in a word, and what there is to say.
fn worded(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Done => ("done", ""),
        Outcome::Already => ("already", ""),
        Outcome::Pending => ("pending", ""),
        Outcome::Failed(_, text) => ("failed", text),
        Outcome::Skipped => ("skipped", ""),
    }
}

/// What was told so far, also where somebody who told panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn line(action: &Action, outcome: &Outcome) -> String {
    let Action { n, why, call, .. } = action;
    match outcome {
        Outcome::Done => format!("{n:>3}. done: {why}"),
        Outcome::Already => format!("{n:>3}. so already: {why}"),
        Outcome::Pending => format!("{n:>3}. taken, and still being settled by AWS: {why}"),
        Outcome::Failed(_, text) => format!("{n:>3}. failed: {call}: {text}"),
        Outcome::Skipped => format!("{n:>3}. not tried: {why}"),
    }
}

/// Asks for the number of each account, typed in full.
fn confirm(accounts: &[String], what: &str) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to ask; `--yes` goes on without");
    }
    for account in accounts {
        let mut stderr = std::io::stderr();
        write!(stderr, "To {what} account {account}, type its number: ")?;
        stderr.flush()?;
        let mut typed = String::new();
        std::io::stdin().lock().read_line(&mut typed).context("cannot read the answer")?;
        if typed.trim() != account {
            bail!("`{}` is not {account}: nothing was done", typed.trim());
        }
    }
    Ok(())
}
