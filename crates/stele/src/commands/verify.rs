//! `stele verify` and `stele prove`: the offline verifier (`stele-verify`) over the data folder, or
//! over a copy of it in a tar or in S3 ([`s3`]).

mod s3;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::bail;
use stele_verify::arguments::{
    self, CloudTrailArguments, HowArguments, LakeArguments, Output, ProofArguments, ProveArguments,
    TrustArguments, WitnessArguments,
};
use stele_verify::lake::Place;

use crate::Context;

/// Verify that nothing in a data folder was changed, removed, reordered or back-dated.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    other: Option<Other>,
    /// The data folder, or the lake folder alone; `--data` where it is not given. Or a copy of
    /// either: a tar, plain or compressed with gzip or Zstandard, or `s3://bucket/prefix`.
    #[arg(value_name = "FOLDER|TAR|URL")]
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
    // What is fetched is waited for, on this thread and on those of the verifier.
    tokio::task::block_in_place(|| {
        let place = open(&folder)?;
        let trust = arguments.trust.at(&place)?;
        let lake = LakeArguments { folder, trust, how: arguments.how, json };
        told(|output| lake.run_at(&place, output))
    })
}

fn open(folder: &Path) -> anyhow::Result<Place> {
    if s3::is_url(folder) {
        return s3::open(folder, Arc::new(eprint_line));
    }
    if !folder.exists() {
        bail!("there is no folder `{}`; name another, or give `--data`", folder.display());
    }
    arguments::open(folder, &Mutex::new(io::stderr())).map_err(anyhow::Error::msg)
}

fn eprint_line(text: &str) {
    // Whoever does not want to see it is not a reason to stop.
    let _ = writeln!(io::stderr(), "{text}");
}

pub(crate) fn prove(context: &Context, arguments: Prove) -> anyhow::Result<ExitCode> {
    let folder = PathBuf::from(&context.settings.data);
    let trust = arguments.trust.of(&folder)?;
    let Prove { event, output, .. } = arguments;
    told(|to| ProveArguments { folder, event, output, trust }.run(to))
}

impl Trust {
    /// With the keys in a folder where none were given.
    fn of(&self, folder: &Path) -> anyhow::Result<TrustArguments> {
        self.or_found(|| {
            let found = folder.join("keys").join("ledger.keys");
            Ok(found.is_file().then(|| vec![found.display().to_string()]))
        })
    }

    /// The same for a data folder wherever it lies.
    fn at(&self, place: &Place) -> anyhow::Result<TrustArguments> {
        // Of a tar that cannot be read to its end nothing is believed anyway.
        if place.is_unread() {
            return Ok(TrustArguments {
                keys: self.keys.clone(),
                witnesses: self.witnesses.clone(),
            });
        }
        self.or_found(|| {
            // As text again, but none that would be taken for the name of a file here.
            let found = place.keys()?;
            Ok(found.map(|keys| keys.iter().map(ToString::to_string).collect()))
        })
    }

    fn or_found(
        &self,
        find: impl FnOnce() -> anyhow::Result<Option<Vec<String>>>,
    ) -> anyhow::Result<TrustArguments> {
        let mut keys = self.keys.clone();
        if keys.is_empty() {
            let Some(found) = find()? else {
                bail!("whom to believe? give the verifier key of the ledger with `--key`");
            };
            tracing::warn!(
                "the verifier key is taken from the folder itself; give the one that you kept \
                 elsewhere with --key"
            );
            keys = found;
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
