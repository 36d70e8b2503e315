//! Where a command does its work: in the data folder, or at the server that has it.
//!
//! A running server leaves its address in `run.json` in its folder; a command that finds the
//! folder in use talks to that server, otherwise it opens the folder itself.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;
use stele_intake::import::ImportTarget;
use stele_intake::once::ImportProgress;
use stele_intake::pipeline::{Answer, IntakeError};
use stele_intake::wal::record::{Payload, Placement, Prepared};
use stele_server::{Node, NodeError};

use crate::Context;

/// The file in which a running server says where it is.
pub(crate) const RUN_FILE: &str = "run.json";

/// The data folder or a server.
pub(crate) enum Target {
    Local(Box<Node>),
    Remote(Remote),
}

/// A server.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    handle: tokio::runtime::Handle,
}

impl Target {
    /// The same as [`Target::open`], for commands that only look: they make no folder.
    pub(crate) async fn existing(context: &Context) -> anyhow::Result<Self> {
        let data = &context.settings.data;
        if context.server.is_none() && !Path::new(data).is_dir() {
            bail!(
                "there is no data folder `{data}`; `stele up` or `stele import` makes one, and \
                 `--data` or `--server` name another"
            );
        }
        Self::open(context).await
    }

    /// Opens the folder, making it where it is not there, or finds the server that has it.
    pub(crate) async fn open(context: &Context) -> anyhow::Result<Self> {
        if let Some(server) = &context.server {
            return Ok(Self::Remote(Remote::new(server)));
        }
        let config = context.settings.node();
        let data = config.data.clone();
        match Node::open(config).await {
            Ok(node) => Ok(Self::Local(Box::new(node))),
            Err(NodeError::InUse(folder)) => match running(&data) {
                Some(address) => Ok(Self::Remote(Remote::new(&address))),
                None => bail!(
                    "the data folder `{folder}` is in use by another command; wait for it to end"
                ),
            },
            Err(error) => Err(error.into()),
        }
    }
}

fn running(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join(RUN_FILE)).ok()?;
    let run: Value = serde_json::from_str(&text).ok()?;
    Some(run.get("address")?.as_str()?.to_owned())
}

impl Remote {
    fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            client: reqwest::Client::new(),
            handle: tokio::runtime::Handle::current(),
        }
    }

    /// Gets a JSON value.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.send(self.client.get(self.url(path))).await?.json().await?)
    }

    /// Posts nothing, and gets a JSON value.
    pub(crate) async fn post(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.send(self.client.post(self.url(path))).await?.json().await?)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.base)
    }

    pub(crate) async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> anyhow::Result<reqwest::Response> {
        let response = request
            .send()
            .await
            .with_context(|| format!("cannot reach the server at {}", self.base))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        match problem["detail"].as_str() {
            Some(detail) => bail!("{detail}"),
            None => bail!("the server answered {status}: {text:.200}"),
        }
    }

    /// Blocks: imports run on threads of their own.
    fn blocking<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> Result<T, IntakeError> {
        self.handle.block_on(work).map_err(|error| IntakeError::Busy(format!("{error:#}")))
    }
}

impl ImportTarget for Remote {
    fn progress(&self, content_sha256: &str) -> Result<ImportProgress, IntakeError> {
        self.blocking(async {
            let request = self.client.get(self.url(&format!("import/{content_sha256}")));
            Ok(self.send(request).await?.json().await?)
        })
    }

    fn append(&self, piece: &Payload) -> Result<Answer, IntakeError> {
        let placement = Placement { batch: 0, first_pos: 0, salt_seed: None };
        let body = Prepared::new(piece)?.place(&placement);
        self.blocking(async {
            let request = self.client.post(self.url("import")).body(body);
            Ok(self.send(request).await?.json().await?)
        })
    }

    fn now_micros(&self) -> i64 {
        // The server puts its own time in.
        0
    }
}
