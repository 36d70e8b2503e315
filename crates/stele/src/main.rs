//! `stele`: the command line.
//!
//! One command is one file in [`commands`]; this file reads the words and says how it ended. Data
//! goes to stdout, everything else to stderr. Exit codes: 0 ok, 1 error, 2 usage, 3 not verified,
//! 4 partial.

mod answer;
mod commands;
pub mod generate;
mod selftest;
mod settings;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use settings::{Flag, Settings};

/// Security logs in, kept and provable: collect, store, search.
#[derive(Debug, Parser)]
#[command(name = "stele", version, about, propagate_version = true)]
struct Cli {
    /// The data folder [default: ./stele-data; variable: STELE_DATA].
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// The address of a running server, to use instead of the data folder.
    #[arg(long, global = true, env = "STELE_SERVER", hide_env_values = true, value_name = "URL")]
    server: Option<String>,
    /// The configuration file; `./stele.toml` is read where it is there.
    #[arg(long, global = true, env = "STELE_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON: one object a row, or one summary object.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a server on this machine.
    Up(commands::up::Arguments),
    /// Store the logs in files, folders, patterns, or (`-`) standard input.
    Import(commands::import::Arguments),
    /// Find events.
    Search(commands::search::Arguments),
    /// Ask in SQL, over the table `events`.
    Sql(commands::sql::Arguments),
    /// Show events as they arrive.
    Tail(commands::tail::Arguments),
    /// The fields that a query may name.
    Fields,
    /// Look at the store and tidy it up.
    Store(commands::store::Arguments),
    /// Verify that nothing in a data folder was changed, removed, reordered or back-dated.
    Verify(Box<commands::verify::Arguments>),
    /// Make the proof of one event: a file, and the event's bytes beside it.
    Prove(commands::verify::Prove),
    /// Test the proof itself: tamper with a lake in every way that is known.
    Selftest(commands::selftest::Arguments),
    /// Look at the ledger, or change its key.
    Ledger(commands::ledger::Arguments),
    /// Keep the ledger's key in a process of its own, and sign for a server.
    Signer(commands::signer::Arguments),
    /// See what an AWS account logs, where it lands, and what is off.
    Aws(commands::aws::Arguments),
    /// Show the configuration, or check a file.
    Config(commands::config::Arguments),
    /// Make up logs, for trials and benchmarks.
    Gen(commands::gen_logs::Arguments),
    /// Print the description of the HTTP interface (OpenAPI 3.1).
    #[command(hide = true)]
    Openapi,
    /// Print the help of every command as a page.
    #[command(hide = true)]
    HelpMarkdown,
    /// Print the table of the settings as a page.
    #[command(hide = true)]
    ConfigMarkdown,
}

/// The stack of a thread that may plan a query, in bytes; only what is used takes memory.
const STACK_BYTES: usize = 64 << 20;

/// What every command needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    settings: Settings,
    server: Option<String>,
    json: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let level =
        std::env::var("STELE_LOG").unwrap_or_else(|_| "stele=info,stele_server=info,warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let settings = match cli.settings() {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    let context = Context { settings, server: cli.server, json: cli.json };
    // Queries are planned by recursion; a deep one must not end the process.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::anyhow!("cannot start: {error}")),
    };
    // The main thread has the system's stack, so the work is done on one of our own.
    let result = std::thread::scope(|scope| {
        let work = || runtime.block_on(run(&context, cli.command));
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => {
                Err(anyhow::anyhow!("the command ended unexpectedly; that is a fault of Stele"))
            }
            Err(error) => Err(error.into()),
        }
    });
    // A query that still runs must not hold the process up.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

impl Cli {
    /// The settings that are in force.
    fn settings(&self) -> anyhow::Result<Settings> {
        // The signer has a user of its own, and nothing to do with the server's settings.
        let needs_none = match &self.command {
            Command::Config(arguments) => arguments.is_check(),
            Command::Signer(_) => true,
            _ => false,
        };
        if needs_none {
            return Ok(Settings::default());
        }
        let mut flags = Vec::new();
        let mut flag = |setting, name, value: Option<&String>| {
            if let Some(value) = value.cloned() {
                flags.push(Flag { setting, name, value });
            }
        };
        flag("data", "--data", self.data.as_ref());
        if let Command::Up(arguments) = &self.command {
            flag("listen", "--listen", arguments.listen());
        }
        settings::load(self.config.as_deref(), |name| std::env::var(name).ok(), &flags)
    }
}

async fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Up(arguments) => commands::up::run(context, arguments).await,
        Command::Import(arguments) => commands::import::run(context, arguments).await,
        Command::Search(arguments) => commands::search::run(context, arguments).await,
        Command::Sql(arguments) => commands::sql::run(context, arguments).await,
        Command::Tail(arguments) => commands::tail::run(context, &arguments).await,
        Command::Fields => commands::fields::run(context),
        Command::Store(arguments) => commands::store::run(context, &arguments).await,
        Command::Verify(arguments) => commands::verify::run(context, *arguments),
        Command::Prove(arguments) => commands::verify::prove(context, arguments),
        Command::Selftest(arguments) => commands::selftest::run(context, arguments).await,
        Command::Ledger(arguments) => commands::ledger::run(context, &arguments).await,
        Command::Signer(arguments) => commands::signer::run(arguments).await,
        Command::Aws(arguments) => commands::aws::run(context, arguments).await,
        Command::Config(arguments) => commands::config::run(context, &arguments),
        Command::ConfigMarkdown => commands::reference::config_markdown(),
        Command::Openapi => commands::reference::openapi(),
        Command::HelpMarkdown => commands::reference::help_markdown(Cli::command()),
        Command::Gen(arguments) => commands::gen_logs::run(context, &arguments),
    }
}

/// The exit code of a command that was misspelt, as clap has it.
const USAGE: u8 = 2;

/// What was asked for does not fit together, or names nothing: nothing was tried.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

#[expect(clippy::print_stderr, reason = "this is where the command line speaks")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {}", told(error));
    let of_aws = error.downcast_ref::<stele_aws::run::RunError>();
    let is_usage = error.is::<Usage>()
        || of_aws.is_some_and(|error| matches!(error, stele_aws::run::RunError::Options(_)));
    if is_usage { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
}

/// The error and its causes, but for those that the text before them has told already.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.extend([": ", &cause]);
        }
    }
    text
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
