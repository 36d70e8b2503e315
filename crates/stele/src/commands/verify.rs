//! `stele verify` and `stele prove`: the offline verifier (`stele-verify`) over the data folder.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::bail;
use stele_verify::arguments::{
    CloudTrailArguments, HowArguments, LakeArguments, Output, ProofArguments, ProveArguments,
    TrustArguments, WitnessArguments,
};

use crate::Context;

/// Verify that nothing in a data folder was changed, removed, reordered or back-dated.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    /// The data folder, or the lake folder alone; `--data` where it is not given.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
    /// Verify the proof of one event instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folder", "quick", "deep", "since"])]
    proof: Option<PathBuf>,
    /// The bytes of the proof's event; FILE.raw where it is not given.
    #[arg(long, value_name = "FILE", requires = "proof")]
    raw: Option<PathBuf>,
    #[command(flatten)]
    how: HowArguments,
}

#[derive(Debug, clap::Subcommand)]
enum Other {
    /// Verify the digests that CloudTrail delivers beside its logs.
    Cloudtrail(CloudTrailArguments),
}

/// Whom to believe.
#[derive(Debug, clap::Args)]
struct Trust {
    /// A verifier key of the ledger, or a file with such keys. Without it, those that lie in the
    /// folder itself are taken: then whoever could change the keys could change everything.
    #[arg(long = "key", value_name = "VKEY|FILE")]
    keys: Vec<String>,
    #[command(flatten)]
    witnesses: WitnessArguments,
}

/// Make the proof of one event: a file, and the event's bytes beside it.
#[derive(Debug, clap::Args)]
pub(crate) struct Prove {
    /// The event: its address `<_batch>-<_pos>`, or the id that its source gave it.
    #[arg(long, value_name = "ADDRESS|ID")]
    event: String,
    /// Where the proof goes; the bytes of the event go to FILE.raw.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    trust: Trust,
}

pub(crate) fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let data = Path::new(&context.settings.data);
    let json = context.json;
    if let Some(Other::Cloudtrail(arguments)) = arguments.other {
        return told(|output| CloudTrailArguments { json, ..arguments }.run(output));
    }
    if let Some(proof) = arguments.proof {
        let trust = arguments.trust.of(data)?;
        return told(|output| ProofArguments { proof, raw: arguments.raw, trust }.run(output));
    }
    let folder = arguments.folder.unwrap_or_else(|| data.to_owned());
    if !folder.is_dir() {
        bail!("there is no folder `{}`; name another, or give `--data`", folder.display());
    }
    let trust = arguments.trust.of(&folder)?;
    let lake = LakeArguments { folder, trust, how: arguments.how, json };
    told(|output| lake.run(output))
}

pub(crate) fn prove(context: &Context, arguments: Prove) -> anyhow::Result<ExitCode> {
    let folder = PathBuf::from(&context.settings.data);
    let trust = arguments.trust.of(&folder)?;
    let Prove { event, output, .. } = arguments;
    told(|to| ProveArguments { folder, event, output, trust }.run(to))
}

impl Trust {
    fn of(&self, folder: &Path) -> anyhow::Result<TrustArguments> {
        let mut keys = self.keys.clone();
        if keys.is_empty() {
            let found = folder.join("keys").join("ledger.keys");
            if !found.is_file() {
                bail!("whom to believe? give the verifier key of the ledger with `--key`");
            }
            tracing::warn!(
                "the verifier key is taken from the folder itself; give the one that you kept \
                 elsewhere with --key"
            );
            keys.push(found.display().to_string());
        }
        Ok(TrustArguments { keys, witnesses: self.witnesses.clone() })
    }
}

fn told(work: impl FnOnce(&mut Output<'_>) -> Result<u8, String>) -> anyhow::Result<ExitCode> {
    let rest = Mutex::new(io::stderr());
    let mut output = Output { data: &mut io::stdout(), rest: &rest };
    match work(&mut output) {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(error) => bail!("{error}"),
    }
}
