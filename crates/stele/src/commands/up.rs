//! `stele up`: a server on this machine.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use stele_server::{Node, Submission, api};

use crate::Context;
use crate::generate::{BACKLOG_HOURS, Delivery, Demo, TUTORIAL_SEED};
use crate::target::RUN_FILE;

/// Start a server on this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The address to listen on [default: 127.0.0.1:7800; variable: STELE_LISTEN]. Others than
    /// loopback need TLS and credentials, which come later.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Also feed the logs of a small made-up company, with one intrusion in them.
    #[arg(long)]
    demo: bool,
}

impl Arguments {
    /// The address, where one was given.
    pub(crate) fn listen(&self) -> Option<&String> {
        self.listen.as_ref()
    }
}

pub(crate) async fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let listen: SocketAddr = context.settings.listen.parse()?;
    if !listen.ip().is_loopback() {
        bail!(
            "{listen} is not a loopback address; without TLS and credentials Stele only listens on \
             loopback (put a proxy that has both in front, or use 127.0.0.1)"
        );
    }
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}; choose another with --listen"))?;
    let address = format!("http://{}", listener.local_addr()?);
    let mut config = context.settings.node();
    config.settings = context.settings.each().map(|(s, v, _)| (s.name.to_owned(), v)).collect();
    let (data, body_bytes_max) = (config.data.clone(), config.body_bytes_max);
    let node = Arc::new(Node::open(config).await?);
    let run_file = data.join(RUN_FILE);
    let run = serde_json::json!({"address": address, "process": std::process::id()});
    std::fs::write(&run_file, run.to_string())?;
    let replayed = node.replayed();
    let mut output = std::io::stderr();
    writeln!(output, "Stele listens on {address}, data in {}", data.display())?;
    if replayed.rows > 0 {
        writeln!(output, "{} events came back from the write-ahead log", replayed.rows)?;
    }
    if let Some(key) = node.ledger().announced_keys().last() {
        writeln!(output, "verifier key: {key}")?;
    }
    writeln!(
        output,
        "open it:      {address}/\n\
         send a log:   curl --data-binary '{{\"message\":\"hello\"}}' '{address}/api/v1/ingest?source=me'\n\
         find it:      stele search hello\n\
         stop:         Ctrl-C"
    )?;
    let background = tokio::spawn({
        let node = node.clone();
        async move { node.run().await }
    });
    let demo = arguments.demo.then(|| tokio::spawn(feed(node.clone())));
    let router = api::router(node.clone(), body_bytes_max);
    api::serve(listener, router, stopped()).await?;
    background.abort();
    let _ = background.await;
    if let Some(demo) = demo {
        demo.abort();
    }
    node.close().await?;
    let _ = std::fs::remove_file(run_file);
    Ok(ExitCode::SUCCESS)
}

/// Is ready when somebody asks the process to end.
pub(crate) async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}

/// Feeds the demo: its past once for each data folder, then what happens now.
async fn feed(node: Arc<Node>) {
    let mark = node.config().data.join("demo");
    let mut demo = Demo::new(TUTORIAL_SEED, node.now_micros(), BACKLOG_HOURS);
    if !mark.exists() {
        for delivery in demo.backlog() {
            deliver(&node, delivery).await;
        }
        let _ = std::fs::write(&mark, "the demo's past is in this folder\n");
        let mut output = std::io::stderr();
        let _ = writeln!(output, "the demo is loaded; docs/tutorial.md tells what to look for");
    }
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for delivery in demo.live(node.now_micros()) {
            deliver(&node, delivery).await;
        }
    }
}

async fn deliver(node: &Arc<Node>, delivery: Delivery) {
    let node = node.clone();
    let submission = Submission {
        body: Bytes::from(delivery.payload),
        format: Some(delivery.format.to_owned()),
        source: Some(delivery.source),
        ..Submission::default()
    };
    let stored = tokio::task::spawn_blocking(move || node.ingest(submission)).await;
    if let Ok(Err(error)) = stored {
        tracing::warn!(%error, "a delivery of the demo was not taken");
    }
}
