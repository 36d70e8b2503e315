//! `stele selftest`: whether this binary, on this machine, notices what it promises to notice.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use stele_selftest::{Class, Judged, Purpose, cloudtrail, lake};

use crate::Context;
use crate::selftest::{history, worker};

/// Test the proof itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: SelftestCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SelftestCommand {
    /// Make a lake in a temporary folder, tamper with copies of it in every way that is known, and
    /// live through random histories in which nothing is tampered with.
    ///
    /// Exit code 0: everything was found and called by its name, and nothing was raised over what
    /// is in order. 3: not so.
    Tamper(Tamper),
    /// The server that a history kills.
    #[command(hide = true)]
    Worker,
}

#[derive(Debug, clap::Args)]
struct Tamper {
    /// How many random histories: ingest, duplicates, flush, compaction, change of the key,
    /// restart, kill -9 at any moment.
    #[arg(long, default_value_t = 50, value_name = "N")]
    histories: u64,
    /// The same seed gives the same histories.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Work in this folder, which must be empty or not there, and keep in it the lake and
    /// everything that did not come out as it must.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// So many at a time; the number of processors where it is not given.
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Tell of every case what was expected and found.
    #[arg(long)]
    verbose: bool,
}

pub(crate) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        SelftestCommand::Worker => {
            worker::work(PathBuf::from(&context.settings.data)).await?;
            Ok(ExitCode::SUCCESS)
        }
        SelftestCommand::Tamper(arguments) => {
            let result = tokio::task::block_in_place(|| tamper(&arguments))?;
            let mut output = std::io::stdout().lock();
            if context.json {
                writeln!(output, "{}", serde_json::to_string(&result)?)?;
            } else {
                result.write(&mut output, arguments.verbose)?;
            }
            Ok(if result.as_expected { ExitCode::SUCCESS } else { ExitCode::from(3) })
        }
    }
}

/// A history in which something was raised.
#[derive(Debug, Serialize)]
struct Raised {
    number: u64,
    what: String,
}

/// Everything that came of it.
#[derive(Debug, Serialize)]
struct Tampered {
    as_expected: bool,
    seed: u64,
    /// How many kinds of findings were expected somewhere, and found there.
    kinds: usize,
    classes: BTreeMap<&'static str, Count>,
    limits: Count,
    benign: Count,
    histories: Count,
    lived: history::Done,
    seconds_battery: f64,
    seconds_histories: f64,
    raised: Vec<Raised>,
    cases: Vec<Judged>,
}

/// How many came out as they must.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Count {
    as_expected: u64,
    total: u64,
}

impl Count {
    fn of<'a>(cases: impl Iterator<Item = &'a Judged>) -> Self {
        cases.fold(Self::default(), |count, case| Self {
            as_expected: count.as_expected + u64::from(case.as_expected),
            total: count.total + 1,
        })
    }
}

fn tamper(arguments: &Tamper) -> anyhow::Result<Tampered> {
    let (_temporary, folder) = working_folder(arguments.keep.as_deref())?;
    let is_kept = arguments.keep.is_some();
    let jobs = arguments.jobs.or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.map_or(1, std::num::NonZeroUsize::get);
    let begun = Instant::now();
    let cases = battery(&folder, jobs, is_kept)?;
    let seconds_battery = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let numbers: Vec<u64> = (0..arguments.histories).collect();
    let lives = each(&numbers, jobs, "histories", |number| {
        let folder = folder.join(format!("history-{number}"));
        let lived = std::fs::create_dir_all(&folder)
            .map_err(Into::into)
            .and_then(|()| history::live(&folder, arguments.seed, *number));
        if lived.is_ok() || !is_kept {
            let _ = std::fs::remove_dir_all(&folder);
        }
        lived
    });
    let seconds_histories = begun.elapsed().as_secs_f64();
    let (mut lived, mut raised) = (history::Done::default(), Vec::new());
    for (number, life) in (0..).zip(lives) {
        match life {
            Ok(done) => lived.add(done),
            Err(error) => raised.push(Raised { number, what: format!("{error:#}") }),
        }
    }
    let of = |purpose| cases.iter().filter(move |case| case.purpose == purpose);
    let mut classes = BTreeMap::new();
    for class in Class::ALL {
        let inside = of(Purpose::Tampered).filter(|case| case.class == *class);
        classes.insert(class.name(), Count::of(inside));
    }
    let kinds: std::collections::BTreeSet<_> = of(Purpose::Tampered)
        .filter(|case| case.as_expected)
        .flat_map(|case| case.expected.iter())
        .collect();
    Ok(Tampered {
        as_expected: raised.is_empty() && cases.iter().all(|case| case.as_expected),
        seed: arguments.seed,
        kinds: kinds.len(),
        classes,
        limits: Count::of(of(Purpose::Limit)),
        benign: Count::of(of(Purpose::Benign)),
        histories: Count {
            as_expected: arguments.histories - raised.len() as u64,
            total: arguments.histories,
        },
        lived,
        seconds_battery,
        seconds_histories,
        raised,
        cases,
    })
}

/// The folder to work in; it goes with the guard, where there is one.
fn working_folder(keep: Option<&Path>) -> anyhow::Result<(Option<tempfile::TempDir>, PathBuf)> {
    let Some(folder) = keep else {
        let folder = tempfile::Builder::new().prefix("stele-selftest-").tempdir();
        let folder = folder.context("cannot make a temporary folder; name one with `--keep`")?;
        let path = folder.path().to_owned();
        return Ok((Some(folder), path));
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    if std::fs::read_dir(folder)?.next().is_some() {
        bail!("the folder `{}` is not empty; name another with `--keep`", folder.display());
    }
    Ok((None, folder.canonicalize()?))
}

fn battery(folder: &Path, jobs: usize, is_kept: bool) -> anyhow::Result<Vec<Judged>> {
    let server = folder.join("lake");
    std::fs::create_dir_all(&server)?;
    let sound =
        crate::selftest::lake::make(&server).context("cannot make a lake to tamper with")?;
    let copies = folder.join("copies");
    std::fs::create_dir_all(&copies)?;
    let cases: Vec<_> = lake::battery().into_iter().enumerate().collect();
    let mut judged = each(&cases, jobs, "lake", |(number, case)| {
        let own = copies.join(number.to_string());
        // What a case puts beside its copy is below its own folder too.
        let judged = match std::fs::create_dir_all(&own) {
            Ok(()) => lake::judge(case, &sound, &own.join("data")),
            Err(error) => Judged { trouble: Some(error.to_string()), ..missed(case) },
        };
        if judged.as_expected || !is_kept {
            let _ = std::fs::remove_dir_all(&own);
        }
        judged
    });
    judged.extend(each(&cloudtrail::battery(), jobs, "cloudtrail", cloudtrail::judge));
    Ok(judged)
}

fn missed(case: &lake::Case) -> Judged {
    Judged {
        class: case.class(),
        name: case.name(),
        purpose: Purpose::Tampered,
        expected: Vec::new(),
        found: Vec::new(),
        as_expected: false,
        trouble: None,
    }
}

/// Does the same with each, several at a time; the results are in the order of the items.
fn each<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    what: &'static str,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let bar = ProgressBar::new(items.len() as u64);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{msg:10} {bar:30} {pos}/{len} {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(what);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            scope.spawn(|| {
                while let Some((at, item)) = at_next(&next, items) {
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn at_next<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    items.get(at).map(|item| (at, item))
}

impl Tampered {
    fn write(&self, output: &mut impl Write, is_verbose: bool) -> std::io::Result<()> {
        let row = |output: &mut dyn Write, name: &str, count: Count, words: &str| {
            let Count { as_expected, total } = count;
            writeln!(output, "{name:<11}{as_expected:>5} of {total:<5}{words}")
        };
        for class in Class::ALL {
            let count = self.classes[class.name()];
            row(output, class.name(), count, "caught, and called by its name")?;
        }
        row(output, "limits", self.limits, "not noticed, as the documents say")?;
        row(output, "benign", self.benign, "in order, and nothing raised")?;
        row(output, "histories", self.histories, "in order, and nothing raised")?;
        let lived = &self.lived;
        writeln!(
            output,
            "\n{} kinds of findings. The histories: {} steps, {} events, {} duplicates, {} \
             compactions, {} changes of the key, {} stops, {} kills ({} at work), {} \
             verifications.\nSeed {}; {:.0} s for the cases, {:.0} s for the histories.",
            self.kinds,
            lived.steps,
            lived.events,
            lived.duplicates,
            lived.compactions,
            lived.key_changes,
            lived.stops,
            lived.kills,
            lived.kills_at_work,
            lived.verifications,
            self.seed,
            self.seconds_battery,
            self.seconds_histories,
        )?;
        if is_verbose {
            writeln!(output)?;
        }
        for case in self.cases.iter().filter(|case| is_verbose || !case.as_expected) {
            let word = if case.as_expected { "ok" } else { "MISSED" };
            let or_nothing = |kinds: &[&str]| {
                if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") }
            };
            let (expected, found) = (or_nothing(&case.expected), or_nothing(&case.found));
            write!(output, "{word} {}: {}: expected {expected}", case.class.name(), case.name)?;
            match &case.trouble {
                Some(trouble) => writeln!(output, ", could not be done: {trouble}")?,
                None => writeln!(output, ", found {found}")?,
            }
        }
        for Raised { number, what } in &self.raised {
            writeln!(output, "RAISED in history {number}: {what}")?;
        }
        let last = if self.as_expected {
            "everything was caught, and nothing was raised"
        } else {
            "NOT everything was caught, or something was raised"
        };
        writeln!(output, "\n{last}")
    }
}
