//! Who changed it: the CloudTrail events in the store that name what has drifted.
//!
//! An event counts when it is of the account, not a mere read, since the earlier result, and names
//! the resource (its ARN, or its id in quotes), or something that the earlier result had read about
//! it.

use std::path::Path;

use anyhow::Context as _;
use chrono::DateTime;
use serde_json::{Map, Value};
use stele_aws::drift::{Drift, Earlier, Entry, Past, Who};

use crate::Context;
use crate::answer::Question;
use crate::target::Target;

/// Events that are looked through.
const EVENTS_MAX: usize = 50_000;
/// Events that are named for one entry, the newest first.
const SHOWN_MAX: usize = 3;

/// Fills in who made the changes, where the store holds the events. Without a store nothing is
/// said.
///
/// # Errors
/// The store is there and cannot be asked.
pub(super) async fn fill(
    context: &Context,
    before: &Earlier,
    drift: &mut Drift,
) -> anyhow::Result<()> {
    let is_there = context.server.is_some() || Path::new(&context.settings.data).is_dir();
    if !is_there || drift.drift.is_empty() {
        return Ok(());
    }
    // It goes into the question, and comes from a file.
    let since = DateTime::parse_from_rfc3339(&before.assessed_at)
        .context("the earlier result does not say when it was made")?
        .to_rfc3339();
    let sql = format!(
        "select event_uid, time, user_name, user_uid, operation, account_uid, raw from events \
         where source_type = 'cloudtrail' and time >= '{since}' \
         and coalesce(is_read_only, false) = false order by time desc limit {EVENTS_MAX}"
    );
    let target = Target::existing(context).await?;
    let rows = async { target.ask(Question::Sql(sql)).await?.rows().await }.await;
    target.close().await?;
    let rows = rows?;
    for entry in &mut drift.drift {
        let names = names(before, entry);
        let found = rows.iter().filter(|row| {
            let account = text(row, "account_uid");
            let raw = text(row, "raw");
            (account.is_empty() || account == entry.account)
                && names.iter().any(|name| raw.contains(name.as_str()))
        });
        entry.who = found.take(SHOWN_MAX).map(who).collect();
    }
    Ok(())
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn who(row: &Map<String, Value>) -> Who {
    let actor = match text(row, "user_uid") {
        "" => text(row, "user_name"),
        uid => uid,
    };
    Who {
        event_id: text(row, "event_uid").to_owned(),
        time: text(row, "time").to_owned(),
        actor: actor.to_owned(),
        operation: text(row, "operation").to_owned(),
    }
}

/// How an event would name what has changed: as JSON texts.
fn names(before: &Earlier, entry: &Entry) -> Vec<String> {
    let mut resources = vec![entry.resource.clone()];
    // A trail that is gone is named by the findings that went with it.
    resources.extend(entry.consequences.iter().map(|each| each.resource.clone()));
    let mut names = Vec::new();
    for resource in &resources {
        let last = resource.rsplit([':', '/']).next().unwrap_or(resource);
        names.push(format!("{resource}\""));
        // A word like `trail` would be in every event.
        if last.len() > 5 || last.contains('-') {
            names.push(format!("\"{last}\""));
        }
    }
    let same = |past: &&Past| past.account == entry.account && past.resource == entry.resource;
    let past = before.findings.iter().filter(same);
    for value in past.flat_map(|past| past.evidence.values()) {
        let ids = value.as_str().unwrap_or_default().split(", ");
        names.extend(
            ids.filter(|id| id.contains('-') && id.len() > 5).map(|id| format!("\"{id}\"")),
        );
    }
    names
}
