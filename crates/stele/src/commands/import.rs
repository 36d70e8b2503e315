//! `stele import`: logs from files.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stele_intake::import::{
    self, ImportOptions, ImportSummary, ImportTarget, PlannedFile, Progress,
};
use stele_intake::pipeline::IntakeError;
use stele_parse::formats;

use crate::Context;
use crate::target::Target;

/// Store the logs in files, folders or patterns. A second run adds nothing; one that was
/// interrupted goes on where it stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files, folders, patterns, or `-` for standard input.
    #[arg(required = true)]
    paths: Vec<String>,
    /// The format; found out for each file where it is not given.
    #[arg(long)]
    format: Option<String>,
    /// The dataset.
    #[arg(long, default_value = "main")]
    dataset: String,
    /// Who delivered it; the path where it is not given.
    #[arg(long)]
    source: Option<String>,
}

pub(crate) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let format = match &arguments.format {
        None => None,
        Some(id) => match formats::by_id(id) {
            Some(format) => Some(format),
            None => bail!("{}", formats::unknown(id)),
        },
    };
    let files = import::plan(&arguments.paths).map_err(anyhow::Error::msg)?;
    let options = ImportOptions {
        format,
        dataset: arguments.dataset,
        source: arguments.source,
        record_bytes_max: 1 << 20,
        zone_offset_seconds: 0,
        workers: 4,
    };
    let target = Target::open(context).await?;
    let (summary, refused) = store(target, files, options).await?;
    report(context, &summary)?;
    match refused {
        Some(error) => Err(error.into()),
        None if summary.damaged.is_empty() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::from(4)),
    }
}

/// Stores files; what was refused comes back beside what was done.
pub(crate) async fn store(
    target: Target,
    files: Vec<PlannedFile>,
    options: ImportOptions,
) -> anyhow::Result<(ImportSummary, Option<IntakeError>)> {
    Ok(match target {
        Target::Remote(server) => {
            tokio::task::spawn_blocking(move || import_files(&files, &server, &options)).await?
        }
        Target::Local(node) => {
            let node = std::sync::Arc::new(*node);
            let (worker, background) = (node.clone(), node.clone());
            let tend = tokio::spawn(async move { background.run().await });
            let done =
                tokio::task::spawn_blocking(move || import_files(&files, &*worker, &options)).await;
            tend.abort();
            let _ = tend.await;
            node.close().await?;
            done?
        }
    })
}

fn import_files(
    files: &[PlannedFile],
    target: &dyn ImportTarget,
    options: &ImportOptions,
) -> (ImportSummary, Option<IntakeError>) {
    let total = files.iter().map(|file| file.bytes).sum();
    let bar = ProgressBar::new(total);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg} {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let records = std::sync::atomic::AtomicU64::new(0);
    let result = import::run(files, target, options, &|progress| match progress {
        Progress::File(bytes) => bar.inc(bytes),
        Progress::Records(more) => {
            let before = records.fetch_add(more, std::sync::atomic::Ordering::Relaxed);
            bar.set_message(format!("{} records", before + more));
        }
    });
    bar.finish_and_clear();
    result
}

fn report(context: &Context, summary: &ImportSummary) -> anyhow::Result<()> {
    if context.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(summary)?)?;
        return Ok(());
    }
    let mut output = std::io::stdout().lock();
    writeln!(
        output,
        "{} records read from {} files: {} stored, {} known already, {} not understood (stored raw)",
        summary.records, summary.files, summary.accepted, summary.duplicate, summary.failed,
    )?;
    if summary.conflict > 0 {
        writeln!(
            output,
            "{} of the stored have a known id over other bytes (id_conflict)",
            summary.conflict
        )?;
    }
    if summary.files_known > 0 {
        writeln!(output, "{} files were imported before", summary.files_known)?;
    }
    for note in &summary.not_logs {
        writeln!(output, "no log: {}: {}", note.path, note.reason)?;
    }
    for note in &summary.damaged {
        writeln!(output, "damaged: {}: {}", note.path, note.reason)?;
    }
    Ok(())
}
