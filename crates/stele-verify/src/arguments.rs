//! The command line of the verifier, for its own binary and for the command that wraps it.
//!
//! [`Command::run`] does what was asked for and writes to the writers that it is given: data to
//! the first, everything else to the second. It gives the exit code: 0 verified, 1 it could not
//! begin, 3 a difference, 4 incomplete.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use clap::{Args, Parser, Subcommand};
use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::VerifierKey;

use crate::cloudtrail::{self, FolderOptions};
use crate::lake::{self, Depth, Options, Place, Progress, Wanted};
use crate::objects::BucketFolder;

/// Verifies offline what lies in a folder against what was signed.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Command {
    /// Something else than a data folder.
    #[command(subcommand)]
    pub other: Option<Other>,
    /// A data folder.
    #[command(flatten)]
    pub lake: Option<LakeArguments>,
    /// The report as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What can be verified beside a data folder, and what is made for it.
#[derive(Debug, Subcommand)]
pub enum Other {
    /// Verifies the proof of one event.
    Proof(ProofArguments),
    /// Makes the proof of one event: FILE, and its bytes in FILE.raw.
    Prove(ProveArguments),
    /// Verifies the digests that CloudTrail delivers beside its logs.
    Cloudtrail(CloudTrailArguments),
}

/// Whom to believe.
#[derive(Debug, Args)]
pub struct TrustArguments {
    /// A verifier key of the log, or a file with such keys, one a line.
    #[arg(long = "key", value_name = "VKEY|FILE", required = true)]
    pub keys: Vec<String>,
    /// Who must have witnessed it.
    #[command(flatten)]
    pub witnesses: WitnessArguments,
}

/// Who must have witnessed a checkpoint.
#[derive(Debug, Clone, Args)]
pub struct WitnessArguments {
    /// A verifier key of a witness, or a file with such keys.
    #[arg(long = "witness", value_name = "VKEY|FILE")]
    pub witnesses: Vec<String>,
    /// How many of the witnesses must have signed; all where it is not given.
    #[arg(long, value_name = "N")]
    pub witnesses_needed: Option<usize>,
}

/// A data folder to verify.
// A group of arguments that takes others in has no members by itself, and then it is never there.
#[derive(Debug, Args)]
#[group(args = ["folder"])]
pub struct LakeArguments {
    /// The data folder, or the lake folder alone; or a tar of either, plain or compressed with gzip
    /// or Zstandard.
    #[arg(value_name = "FOLDER|TAR")]
    pub folder: PathBuf,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: TrustArguments,
    /// How much of it, against what.
    #[command(flatten)]
    pub how: HowArguments,
    /// The report as JSON; told by whoever runs it.
    #[arg(skip)]
    pub json: bool,
}

/// How a data folder is verified.
#[derive(Debug, Args)]
pub struct HowArguments {
    /// Read no rows: only the ledger, and which files there are.
    #[arg(long, conflicts_with = "deep")]
    pub quick: bool,
    /// Derive the columns of every row again, not only of some.
    #[arg(long)]
    pub deep: bool,
    /// An older checkpoint: what was there then is not read again.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
    /// A folder with checkpoints that were kept elsewhere.
    #[arg(long, value_name = "DIR")]
    pub anchors: Option<PathBuf>,
    /// How old the newest witnessed checkpoint may be at the end of the ledger, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub witness_lag: u32,
    /// On so many threads; as many as there are processors where it is not given.
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

/// A proof to verify.
#[derive(Debug, Args)]
pub struct ProofArguments {
    /// The proof.
    #[arg(value_name = "FILE")]
    pub proof: PathBuf,
    /// The bytes of the event; FILE.raw where it is not given.
    #[arg(long, value_name = "FILE")]
    pub raw: Option<PathBuf>,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: TrustArguments,
}

/// A proof to make.
#[derive(Debug, Args)]
pub struct ProveArguments {
    /// The data folder.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// The event: its address, or the id that its source gave it.
    #[arg(long, value_name = "ADDRESS|ID")]
    pub event: String,
    /// Where the proof goes; the bytes of the event go to FILE.raw.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: TrustArguments,
}

/// CloudTrail digests to verify.
#[derive(Debug, Args)]
pub struct CloudTrailArguments {
    /// The folder, laid out as the bucket is.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// The file of public keys.
    #[arg(long, value_name = "FILE")]
    pub keys: PathBuf,
    /// Where there are several buckets: which folder is which, BUCKET[/PREFIX]=FOLDER.
    #[arg(long = "bucket", value_name = "BUCKET=FOLDER", value_parser = BucketFolder::parse)]
    pub buckets: Vec<BucketFolder>,
    /// Metadata of all objects in one file.
    #[arg(long, value_name = "FILE")]
    pub metadata: Option<PathBuf>,
    /// What was noted when files were first seen.
    #[arg(long, value_name = "FILE")]
    pub anchors: Option<PathBuf>,
    /// Everything from this time on must be covered.
    #[arg(long, value_name = "TIME", value_parser = cloudtrail::time_from)]
    pub start: Option<cloudtrail::Time>,
    /// Everything up to this time must be covered.
    #[arg(long, value_name = "TIME", value_parser = cloudtrail::time_from)]
    pub end: Option<cloudtrail::Time>,
    /// The report as JSON; told by whoever runs it.
    #[arg(skip)]
    pub json: bool,
}

/// Where a command writes.
pub struct Output<'a> {
    /// Data: the report.
    pub data: &'a mut dyn Write,
    /// Everything else; shared, because progress comes from several threads.
    pub rest: &'a Mutex<dyn Write + Send>,
}

impl Command {
    /// Does what was asked for; gives the exit code.
    ///
    /// # Errors
    /// Text for people, where it could not begin.
    pub fn run(self, output: &mut Output<'_>) -> Result<u8, String> {
        let json = self.json;
        match (self.other, self.lake) {
            (Some(Other::Proof(arguments)), _) => arguments.run(output),
            (Some(Other::Prove(arguments)), _) => arguments.run(output),
            (Some(Other::Cloudtrail(arguments)), _) => {
                CloudTrailArguments { json, ..arguments }.run(output)
            }
            (None, Some(arguments)) => LakeArguments { json, ..arguments }.run(output),
            (None, None) => Err("no folder was named".to_owned()),
        }
    }
}

impl TrustArguments {
    /// The keys of the log.
    pub fn keys(&self) -> Result<Vec<VerifierKey>, String> {
        keys(&self.keys)
    }

    /// Who must have witnessed a checkpoint.
    pub fn policy(&self) -> Result<WitnessPolicy, String> {
        let witnesses = keys(&self.witnesses.witnesses)?;
        let needed = self.witnesses.witnesses_needed.unwrap_or(witnesses.len());
        WitnessPolicy::new(witnesses, needed).map_err(|error| error.to_string())
    }
}

fn keys(texts: &[String]) -> Result<Vec<VerifierKey>, String> {
    let mut keys = Vec::new();
    for text in texts {
        // A key holds two `+`; a file may too, but then it does not parse as a key.
        if let Ok(key) = text.parse() {
            keys.push(key);
            continue;
        }
        let file = std::fs::read_to_string(text)
            .map_err(|error| format!("`{text}` is neither a verifier key nor a file: {error}"))?;
        for line in file.lines().map(str::trim).filter(|line| !line.is_empty()) {
            keys.push(line.parse().map_err(|error| format!("in `{text}`: {error}"))?);
        }
    }
    Ok(keys)
}

fn write_report<R: serde::Serialize + std::fmt::Display>(
    output: &mut Output<'_>,
    report: &R,
    json: bool,
) -> Result<(), String> {
    if json {
        let json = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
        return wrote(writeln!(output.data, "{json}"));
    }
    wrote(write!(output.data, "{report}"))
}

fn wrote(result: io::Result<()>) -> Result<(), String> {
    result.map_err(|error| format!("cannot write the report: {error}"))
}

impl LakeArguments {
    /// Opens the folder or the tar, verifies it and writes the report.
    pub fn run(&self, output: &mut Output<'_>) -> Result<u8, String> {
        let folder = self.folder.display().to_string();
        if folder.starts_with("s3://") {
            return Err(format!(
                "cannot read `{folder}`: this program knows no network\nhint: `stele verify` reads \
                 from S3; or copy it to a folder"
            ));
        }
        self.run_at(&open(&self.folder, output.rest)?, output)
    }

    /// Verifies what lies at a place and writes the report.
    pub fn run_at(&self, place: &Place, output: &mut Output<'_>) -> Result<u8, String> {
        let mut options = Options::new(self.trust.keys()?);
        options.witnesses = self.trust.policy()?;
        options.witness_lag_micros_max = i64::from(self.how.witness_lag) * 1_000_000;
        options.since.clone_from(&self.how.since);
        options.anchors.clone_from(&self.how.anchors);
        if self.how.quick {
            options.depth = Depth::Quick;
        } else if self.how.deep {
            options.depth = Depth::Deep;
        }
        options.threads = self.how.threads.unwrap_or(options.threads);
        let shown = AtomicU64::new(0);
        let report = lake::verify_place(place, &options, &|progress| {
            show(&shown, "", progress, output.rest);
        });
        let report = report.map_err(|error| error.to_string())?;
        write_report(output, &report, self.json)?;
        Ok(report.outcome.exit_code())
    }
}

/// Opens a folder or a tar, and says how far it is unpacked.
pub fn open(path: &Path, rest: &Mutex<dyn Write + Send>) -> Result<Place, String> {
    let shown = AtomicU64::new(0);
    let place = Place::open(path, &|progress| show(&shown, "unpacked: ", progress, rest));
    place.map_err(|error| error.to_string())
}

/// Says how far it is, once for each percent.
fn show(shown: &AtomicU64, what: &str, progress: Progress, rest: &Mutex<dyn Write + Send>) {
    let percent = progress.bytes_done.saturating_mul(100) / progress.bytes_total.max(1);
    if shown.fetch_max(percent, Relaxed) < percent
        && let Ok(mut rest) = rest.lock()
    {
        // Whoever does not want to see it is not a reason to stop.
        let _ = writeln!(rest, "{what}{percent} % of {} bytes", progress.bytes_total);
    }
}

impl ProofArguments {
    /// Verifies the proof and says what it proves.
    pub fn run(&self, output: &mut Output<'_>) -> Result<u8, String> {
        let read = |path: &Path| {
            std::fs::read(path)
                .map_err(|error| format!("cannot read `{}`: {error}", path.display()))
        };
        let raw = self.raw.clone().unwrap_or_else(|| beside(&self.proof));
        let (text, raw) = (read(&self.proof)?, read(&raw)?);
        let (keys, policy) = (self.trust.keys()?, self.trust.policy()?);
        match lake::verify_proof(&text, &raw, &keys, &policy) {
            Ok(event) => {
                let (batch, position) = (event.batch.batch, event.position);
                let (dataset, size) = (&event.batch.dataset, event.checkpoint.head.size);
                let text = format!(
                    "verified: event {batch}-{position} of dataset `{dataset}`, acknowledged \
                     before {}, stands in entry {} of {size} of `{}`",
                    lake::shown(event.batch.at_micros),
                    event.index,
                    event.checkpoint.origin,
                );
                wrote(writeln!(output.data, "{text}"))?;
                Ok(0)
            }
            Err(error) => {
                let path = self.proof.display();
                wrote(writeln!(output.data, "NOT verified: `{path}`: {error}"))?;
                Ok(3)
            }
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".raw");
    PathBuf::from(name)
}

impl ProveArguments {
    /// Makes the proof and writes both files.
    pub fn run(&self, output: &mut Output<'_>) -> Result<u8, String> {
        let mut options = Options::new(self.trust.keys()?);
        options.witnesses = self.trust.policy()?;
        let proof = lake::prove(&self.folder, &Wanted::parse(&self.event), &options);
        let proof = proof.map_err(|error| error.to_string())?;
        let raw = beside(&self.output);
        for (path, bytes) in [(&self.output, proof.text.as_bytes()), (&raw, &proof.raw)] {
            std::fs::write(path, bytes)
                .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        }
        let (batch, position) = (proof.batch, proof.position);
        wrote(writeln!(output.data, "event {batch}-{position}: {}", self.output.display()))?;
        Ok(0)
    }
}

impl CloudTrailArguments {
    /// Verifies the digests and writes the report.
    pub fn run(&self, output: &mut Output<'_>) -> Result<u8, String> {
        let files = FolderOptions {
            folder: self.folder.clone(),
            buckets: self.buckets.clone(),
            keys: self.keys.clone(),
            metadata: self.metadata.clone(),
            anchors: self.anchors.clone(),
            options: cloudtrail::Options {
                start: self.start,
                end: self.end,
                ..cloudtrail::Options::default()
            },
        };
        let report = cloudtrail::verify_folder(&files, &mut |_| {});
        let report = report.map_err(|error| error.to_string())?;
        write_report(output, &report, self.json)?;
        Ok(report.outcome.exit_code())
    }
}
