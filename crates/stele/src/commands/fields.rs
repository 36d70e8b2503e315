//! `stele fields`: what a query may name.

use std::io::Write;
use std::process::ExitCode;

use stele_event::COLUMNS;
use stele_parse::formats;

use crate::Context;

pub(crate) fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    for spec in COLUMNS {
        if context.json {
            let line =
                serde_json::json!({"name": spec.name, "ocsf": spec.ocsf, "description": spec.doc});
            writeln!(output, "{line}")?;
        } else {
            writeln!(output, "{:<18} {:<30} {}", spec.name, spec.ocsf, spec.doc)?;
        }
    }
    for field in formats::fields() {
        if context.json {
            let column = field.column.name();
            let line =
                serde_json::json!({"name": field.name, "format": field.format, "column": column});
            writeln!(output, "{line}")?;
        } else {
            writeln!(output, "{:<28} {:<20} in {}", field.name, field.column.name(), field.format)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
