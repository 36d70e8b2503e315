//! `stele signer`: the ledger's key in a process of its own.
//!
//! The server appends, the signer signs, and neither can do the other's work: whoever takes over
//! the server gets no key, and no signature under another past.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use stele_intake::signer::{Keeper, ServeLimits, bind, serve};
use stele_intake::system::SystemEntropy;

use super::up::stopped;

/// Keep the ledger's key in a process of its own, and sign for a server.
///
/// Run it as a user of its own, whose group the server's user belongs to. It signs only what goes
/// on from what it has signed before, and remembers that beside the key.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file of the key; one is drawn where there is none.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The socket to answer on, for its owner and its group (mode 0660).
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// The number of a user who may ask; everybody whom the socket's mode lets in where none is
    /// given.
    #[arg(long = "allow-user", value_name = "UID")]
    users: Vec<u32>,
}

/// A data folder has one writer yet.
const WRITER: i64 = 1;

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { key, socket, users } = arguments;
    let keeper = Keeper::open(&key, WRITER, Arc::new(SystemEntropy))?;
    let listener =
        bind(&socket).with_context(|| format!("cannot make the socket `{}`", socket.display()))?;
    let mut output = std::io::stderr();
    writeln!(output, "Stele signs on unix:{}", socket.display())?;
    writeln!(output, "verifier key: {}", keeper.key())?;
    if let Some(last) = keeper.last() {
        writeln!(output, "signed last: a log of {} entries", last.size)?;
    }
    let limits = ServeLimits { users, ..ServeLimits::default() };
    tokio::select! {
        () = serve(listener, keeper, limits) => {}
        () = stopped() => {}
    }
    let _ = std::fs::remove_file(&socket);
    Ok(ExitCode::SUCCESS)
}
