//! Delta's own checkpoints: lists of the table's files that readers begin with.
//!
//! They are made from the commits and nobody signs them. But whoever changes one hides files from
//! every reader that trusts it, or shows it others; so the files that it lists are compared with
//! what the commits come to (Delta protocol, "Checkpoints").

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::{Array, AsArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::Context;
use super::commits::{LiveFile, decoded};
use super::finding::{Finding, Findings, Kind};
use super::footer;
use super::place::Held;

/// A checkpoint is not longer than this, in bytes; it is the table's list of files.
const CHECKPOINT_BYTES_MAX: u64 = 1 << 30;

/// Compares the checkpoint of a version, if there is one.
pub(super) fn check(
    ctx: &Context<'_>,
    findings: &Findings,
    version: u64,
    live: &BTreeMap<String, LiveFile>,
) {
    let name = ctx.place.table(&format!("_delta_log/{version:020}.checkpoint.parquet"));
    let bytes = match ctx.place.length(&name) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return,
        Err(_) => u64::MAX,
    };
    ctx.advance(bytes.min(CHECKPOINT_BYTES_MAX));
    let find = |detail: String| {
        findings.find(Finding::new(Kind::DeltaCheckpoint).object(&name).detail(detail));
    };
    if bytes > CHECKPOINT_BYTES_MAX {
        return find(format!("it is longer than {CHECKPOINT_BYTES_MAX} bytes"));
    }
    let held = match ctx.place.hold(&name) {
        Ok(held) => held,
        // Readers make it and may delete it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            let finding = Finding::new(Kind::Unreadable).object(&name);
            return findings.find(finding.detail(error.to_string()));
        }
    };
    let listed = catch_unwind(AssertUnwindSafe(|| listed(&held)));
    match listed.unwrap_or_else(|_| Err("it cannot be read".to_owned())) {
        Ok(listed) => {
            let live: BTreeSet<String> = live.keys().map(|path| decoded(path)).collect();
            for hidden in live.difference(&listed) {
                find(format!("it leaves out `{hidden}`"));
            }
            for added in listed.difference(&live) {
                find(format!("it lists `{added}`"));
            }
        }
        Err(error) => find(error),
    }
}

/// The files that a checkpoint lists.
fn listed(held: &Held) -> Result<BTreeSet<String>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut file = held.open().map_err(|error| text(&error))?;
    footer::check(&mut file)?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error| text(&error))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["add.path"]);
    let reader = builder.with_projection(mask).build().map_err(|error| text(&error))?;
    let mut paths = BTreeSet::new();
    for rows in reader {
        let rows = rows.map_err(|error| text(&error))?;
        let add = rows.column_by_name("add").and_then(|add| add.as_struct_opt());
        let add = add.ok_or("it has no column `add`")?;
        let path = add.column_by_name("path").and_then(|path| path.as_string_opt::<i32>());
        let path = path.ok_or("it has no column `add.path`")?;
        let listed = (0..add.len()).filter(|row| add.is_valid(*row) && path.is_valid(*row));
        paths.extend(listed.map(|row| decoded(path.value(row))));
    }
    Ok(paths)
}
