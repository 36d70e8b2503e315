//! Keeping results: each run of `assess` becomes events of the lake, so that it can be searched,
//! compared over time and proven like any other record.

use anyhow::Context as _;
use serde_json::{Value, json};
use stele_aws::assess::Report;
use stele_parse::formats;

use super::acts;
use crate::Context;
use crate::target::Target;

/// Who delivered the events.
const SOURCE: &str = "stele:aws:assess";
const DATASET: &str = "main";

/// Stores a report, where there is a store, and puts on record what somebody answers for. Returns
/// how many findings were stored, or nothing where there is no store.
pub(super) async fn keep(context: &Context, report: &Report) -> anyhow::Result<Option<u64>> {
    if !acts::is_there(context) || report.findings.is_empty() {
        return Ok(None);
    }
    let lines = lines(report)?;
    let target = Target::open(context).await?;
    let excepted = acts::exceptions(&target, &report.scope.asked_by, report).await;
    let format = &formats::stele_finding::SteleFinding;
    let kept = acts::keep(target, format, DATASET, SOURCE, lines).await?;
    // The findings are kept, whatever came of the act.
    excepted.context("the findings are kept, but their exceptions are not on record")?;
    Ok(Some(kept))
}

/// The findings, each with what it needs to stand alone.
fn lines(report: &Report) -> anyhow::Result<Vec<String>> {
    let run = report.run_id()?;
    let findings = report.findings.iter().map(|finding| {
        let Value::Object(members) = serde_json::to_value(finding)? else {
            anyhow::bail!("a finding is an object");
        };
        let mut line = serde_json::Map::new();
        line.insert("schema".to_owned(), json!(formats::stele_finding::SCHEMA));
        line.insert("run".to_owned(), json!(run));
        line.insert("assessed_at".to_owned(), json!(report.assessed_at));
        line.extend(members);
        Ok(Value::Object(line).to_string())
    });
    findings.collect()
}
