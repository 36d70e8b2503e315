//! Keeping results: each run of `assess` becomes events of the lake, so that it can be searched,
//! compared over time and proven like any other record.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use stele_aws::assess::Report;
use stele_intake::import::{self, ImportOptions};
use stele_parse::formats;

use crate::Context;
use crate::commands::import::store;
use crate::target::Target;

/// Who delivered the events.
const SOURCE: &str = "stele:aws:assess";

/// Stores a report, where there is a store: a server that was named, or a data folder that is
/// there. Returns how many findings were stored, or nothing where there is no store.
pub(super) async fn keep(context: &Context, report: &Report) -> anyhow::Result<Option<u64>> {
    let is_there = context.server.is_some() || Path::new(&context.settings.data).is_dir();
    if !is_there || report.findings.is_empty() {
        return Ok(None);
    }
    let target = Target::open(context).await?;
    let mut file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    for line in lines(report)? {
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    let path = file.path().display().to_string();
    let files = import::plan(&[path]).map_err(anyhow::Error::msg)?;
    let options = ImportOptions {
        format: formats::by_id("stele_finding"),
        dataset: "main".to_owned(),
        source: Some(SOURCE.to_owned()),
        record_bytes_max: 1 << 20,
        zone_offset_seconds: 0,
        workers: 1,
    };
    let (summary, refused) = store(target, files, options).await?;
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(Some(summary.accepted)),
    }
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
