//! An earlier result of `assess`, read back from its file.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;
use stele_aws::baseline::Baseline;
pub(super) use stele_aws::drift::Earlier;

/// Reads a result. A policy file is none, and is told apart.
pub(super) fn read(file: &Path) -> anyhow::Result<Earlier> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the result `{}`", file.display()))?;
    let shown = file.display();
    let value: Value = match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(_) if Baseline::parse(&text).is_ok() => bail!(
            "`{shown}` is a policy, and this wants an earlier result: `stele aws assess --format \
             json -o FILE` makes one"
        ),
        Err(error) => bail!("`{shown}` is no result of `assess`: {error}"),
    };
    match value["schema"].as_str() {
        Some(stele_aws::assess::SCHEMA) => {}
        Some(other) => bail!("`{shown}` is `{other}`, not a result of `assess`"),
        None => bail!("`{shown}` is no result of `assess`"),
    }
    Earlier::deserialize(value).with_context(|| format!("`{shown}` is not of this version"))
}
