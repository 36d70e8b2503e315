//! Putting applies, rollbacks and exceptions on record: each is an act in the ledger, and what was
//! done with each action is an event of the dataset `audit`.
//!
//! Where there is no store, nothing is put on record, and nothing is said of it. A store that
//! cannot take it is a warning: whether logging is turned on must not hang on it.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use stele_aws::assess::Report;
use stele_aws::plan::{Action, hex_sha256};
use stele_intake::import::{self, ImportOptions};
use stele_parse::format::Format;
use stele_parse::formats;
use stele_server::api::{ActBody, DETAIL_BYTES_MAX};

use crate::Context;
use crate::commands::import::store;
use crate::target::Target;

/// The two acts.
pub(super) const APPLY: &str = "apply";
pub(super) const ROLLBACK: &str = "rollback";
/// Events of what was done with logs and their sources.
const AUDIT: &str = "audit";
/// A server that does not answer is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// An apply or a rollback that is put on record.
pub(super) struct Acts<'a> {
    /// Where the store is; without it, nothing is put on record.
    pub(super) store: Option<&'a Context>,
    /// [`APPLY`] or [`ROLLBACK`].
    pub(super) act: &'static str,
    /// Who does it, as an ARN.
    pub(super) by: String,
    /// The hash of the plan.
    pub(super) plan_sha256: String,
    /// When it began, in microseconds since the epoch.
    pub(super) began_micros: i64,
}

/// What became of one action.
pub(super) struct Deed<'a> {
    pub(super) action: &'a Action,
    /// When, in microseconds since the epoch.
    pub(super) at_micros: i64,
    pub(super) outcome: &'a str,
    pub(super) reason: &'a str,
}

impl Acts<'_> {
    /// Says in the ledger that it begins.
    pub(super) async fn begin(&self, accounts: &[String], actions: usize) -> anyhow::Result<()> {
        let detail = json!({"state": "begins", "run": self.run(), "plan_sha256": self.plan_sha256,
            "accounts": accounts, "actions": actions});
        self.put(&detail, Vec::new()).await
    }

    /// Says how it ended, with what became of each action.
    pub(super) async fn end(
        &self,
        summary: &Value,
        journal: &Path,
        deeds: &[Deed<'_>],
    ) -> anyhow::Result<()> {
        let bytes = std::fs::read(journal)
            .with_context(|| format!("cannot read `{}`", journal.display()))?;
        let detail = json!({"state": "ended", "run": self.run(), "plan_sha256": self.plan_sha256,
            "journal_sha256": hex_sha256(&bytes), "outcome": summary});
        let lines = deeds.iter().map(|deed| self.line(deed).to_string()).collect();
        self.put(&detail, lines).await
    }

    /// What joins the acts and events of this one.
    fn run(&self) -> String {
        let text = format!("{} {} {}", self.act, self.plan_sha256, self.began_micros);
        hex_sha256(text.as_bytes())[..16].to_owned()
    }

    fn line(&self, deed: &Deed<'_>) -> Value {
        let Action { n, account, region, call, resource, why, finding, undo, .. } = deed.action;
        // What is undone is undone by other calls than it was done by.
        let (call, why) = match undo.last().filter(|_| self.act == ROLLBACK) {
            Some(undo) => (&undo.call, format!("undo: {why}")),
            None => (call, why.clone()),
        };
        let time = DateTime::from_timestamp_micros(deed.at_micros).unwrap_or_default();
        json!({"schema": formats::stele_act::SCHEMA, "run": self.run(), "n": n,
            "time": time.to_rfc3339_opts(SecondsFormat::Millis, true), "act": self.act,
            "by": self.by, "plan_sha256": self.plan_sha256, "check": finding, "account": account,
            "region": region, "call": call, "resource": resource, "why": why,
            "outcome": deed.outcome, "reason": deed.reason})
    }

    async fn put(&self, detail: &Value, events: Vec<String>) -> anyhow::Result<()> {
        let Some(context) = self.store.filter(|context| is_there(context)) else { return Ok(()) };
        let kind = format!("aws-{}", self.act);
        let act = ActBody { by: self.by.clone(), kind, detail: detail.to_string() };
        let put = async {
            let target = Target::open(context).await?;
            let entry = put(&target, &act).await?;
            let source = format!("stele:aws:{}", self.act);
            keep(target, &formats::stele_act::SteleAct, AUDIT, &source, events).await?;
            anyhow::Ok(entry)
        };
        match put.await {
            Ok(entry) => {
                writeln!(std::io::stderr(), "on record: entry {entry} of the ledger")?;
            }
            Err(error) => {
                writeln!(std::io::stderr(), "warning: this is not on record: {error:#}")?;
            }
        }
        Ok(())
    }
}

/// Says in the ledger which findings somebody answers for. Nothing where there are none.
pub(super) async fn exceptions(
    target: &Target,
    by: &str,
    report: &Report,
) -> anyhow::Result<Option<u64>> {
    let excepted: Vec<Value> = report
        .findings
        .iter()
        .filter_map(|finding| {
            let exception = finding.exception.as_ref()?;
            Some(json!({"check": finding.id, "account": finding.account, "region": finding.region,
                "resource": finding.resource, "exception": exception}))
        })
        .collect();
    if excepted.is_empty() {
        return Ok(None);
    }
    let all = hex_sha256(&serde_json::to_vec(&excepted)?);
    // As many are named as an act may hold; the hash is of all.
    let mut named = excepted.len();
    let detail = loop {
        let detail = json!({"findings": excepted.len(), "sha256": all, "named": excepted[..named],
            "at": report.assessed_at});
        let text = detail.to_string();
        if text.len() <= DETAIL_BYTES_MAX || named == 0 {
            break text;
        }
        named /= 2;
    };
    let kind = "aws-exceptions".to_owned();
    put(target, &ActBody { by: by.to_owned(), kind, detail }).await.map(Some)
}

/// Whether there is a store: a server that was named, or a data folder that is there.
pub(super) fn is_there(context: &Context) -> bool {
    context.server.is_some() || Path::new(&context.settings.data).is_dir()
}

/// Stores lines as events. Returns how many were stored; the target is closed.
pub(super) async fn keep(
    target: Target,
    format: &'static dyn Format,
    dataset: &str,
    source: &str,
    lines: Vec<String>,
) -> anyhow::Result<u64> {
    let mut file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    for line in &lines {
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    let path = file.path().display().to_string();
    let files = if lines.is_empty() {
        Vec::new()
    } else {
        import::plan(&[path]).map_err(anyhow::Error::msg)?
    };
    let options = ImportOptions {
        format: Some(format),
        dataset: dataset.to_owned(),
        source: Some(source.to_owned()),
        record_bytes_max: 1 << 20,
        zone_offset_seconds: 0,
        workers: 1,
    };
    let (summary, refused) = store(target, files, options).await?;
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(summary.accepted),
    }
}

async fn put(target: &Target, act: &ActBody) -> anyhow::Result<u64> {
    match target {
        Target::Local(node) => Ok(act.put(node)?),
        Target::Remote(server) => {
            let request = server.client.post(server.url("acts")).timeout(PATIENCE).json(act);
            let answer: Value = server.send(request).await?.json().await?;
            answer["entry"].as_u64().context("the server does not say which entry it is")
        }
    }
}
