//! Questions and their answers, the same whether a server gives them or the data folder.
//!
//! Lines of text flow out as they come. An answer that breaks off is an error, never a short
//! answer.

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Map, Value};
use stele_event::ocsf;
use stele_server::Node;
use stele_store::SearchRequest;
use stele_store::render::RowStream;
use stele_store::search::time;

use crate::target::{Remote, Target};

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// In the search syntax.
    Search(Search),
    /// In SQL.
    Sql(String),
}

/// A question in the search syntax.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    pub(crate) query: String,
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    /// The zone of times that are written without one.
    pub(crate) zone: String,
    pub(crate) limit: usize,
    pub(crate) oldest_first: bool,
    pub(crate) columns: Vec<String>,
    /// The rows are wanted as OCSF documents.
    pub(crate) is_ocsf: bool,
}

/// An answer.
pub(crate) struct Answer {
    /// The columns, in their order.
    pub(crate) names: Vec<String>,
    /// Text of whole lines, each a JSON object.
    pub(crate) text: BoxStream<'static, anyhow::Result<String>>,
}

impl Answer {
    /// Every row.
    pub(crate) async fn rows(self) -> anyhow::Result<Vec<Map<String, Value>>> {
        let mut rows = Vec::new();
        let mut text = self.text;
        while let Some(lines) = text.try_next().await? {
            for line in lines.lines() {
                rows.push(serde_json::from_str(line)?);
            }
        }
        Ok(rows)
    }
}

impl Target {
    /// Asks.
    ///
    /// # Errors
    /// What is wrong with the question, or why it cannot be answered.
    pub(crate) async fn ask(&self, question: Question) -> anyhow::Result<Answer> {
        match self {
            Self::Remote(server) => server.ask(question).await,
            Self::Local(node) => local(node, question).await,
        }
    }

    /// Closes the folder, where it was opened.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Remote(_) => Ok(()),
            Self::Local(node) => Ok(node.close().await?),
        }
    }
}

async fn local(node: &Node, question: Question) -> anyhow::Result<Answer> {
    let anonymous = node.anonymous();
    let answer = |stream: RowStream, is_ocsf: bool| {
        let names = stream.names();
        let text = stream.batches().map(move |batch| {
            let batch = batch?;
            Ok(if is_ocsf { batch.lines(|row| ocsf::document(row)) } else { batch.ndjson() })
        });
        Answer { names, text: text.boxed() }
    };
    match question {
        Question::Sql(sql) => {
            Ok(answer(node.store().sql(&sql, node.fields(), &anonymous).await?, false))
        }
        Question::Search(search) => {
            let now = node.now_micros();
            let zone_offset_seconds = time::zone(&search.zone)?;
            let at = |text: Option<String>| {
                text.map(|text| time::instant(&text, now, zone_offset_seconds)).transpose()
            };
            let request = SearchRequest {
                query: search.query,
                since_micros: at(search.since)?,
                until_micros: at(search.until)?,
                limit: Some(search.limit),
                ascending: search.oldest_first,
                columns: search.columns,
                zone_offset_seconds,
            };
            let stream = node.store().search(&request, node.fields(), now, &anonymous).await?;
            Ok(answer(stream, search.is_ocsf))
        }
    }
}

impl Remote {
    async fn ask(&self, question: Question) -> anyhow::Result<Answer> {
        let request = match question {
            Question::Sql(sql) => {
                self.client.post(self.url("sql")).json(&serde_json::json!({"sql": sql}))
            }
            Question::Search(search) => {
                let mut query = vec![
                    ("q", search.query),
                    ("limit", search.limit.to_string()),
                    ("columns", search.columns.join(",")),
                    ("order", if search.oldest_first { "asc" } else { "desc" }.to_owned()),
                    ("format", if search.is_ocsf { "ocsf" } else { "ndjson" }.to_owned()),
                ];
                query.push(("tz", search.zone));
                query.extend(search.since.map(|since| ("since", since)));
                query.extend(search.until.map(|until| ("until", until)));
                self.client.get(self.url("search")).query(&query)
            }
        };
        let response = self.send(request).await?;
        let names = response.headers().get("stele-columns");
        let names = names.and_then(|names| serde_json::from_slice(names.as_bytes()).ok());
        let body = response.bytes_stream().map_err(anyhow::Error::from).boxed();
        let text = futures::stream::try_unfold(Lines { body, held: Vec::new() }, Lines::next);
        Ok(Answer { names: names.unwrap_or_default(), text: text.boxed() })
    }
}

/// A body on its way in. The last line is held back until the body goes on or ends: where it breaks
/// off, that line is the server's reason.
struct Lines {
    body: BoxStream<'static, anyhow::Result<bytes::Bytes>>,
    held: Vec<u8>,
}

impl Lines {
    async fn next(mut self) -> anyhow::Result<Option<(String, Self)>> {
        loop {
            match self.body.next().await {
                Some(Ok(part)) => {
                    self.held.extend_from_slice(&part);
                    let whole = self.held.strip_suffix(b"\n").unwrap_or(&self.held);
                    if let Some(end) = whole.iter().rposition(|byte| *byte == b'\n') {
                        let rest = self.held.split_off(end + 1);
                        let lines = std::mem::replace(&mut self.held, rest);
                        return Ok(Some((String::from_utf8(lines)?, self)));
                    }
                }
                Some(Err(error)) => {
                    let reason: Value = serde_json::from_slice(&self.held).unwrap_or_default();
                    return Err(match reason["error"].as_str() {
                        Some(reason) => anyhow::anyhow!("{reason}"),
                        None => error.context("the server went away in the middle of the answer"),
                    });
                }
                None if self.held.is_empty() => return Ok(None),
                None => {
                    let lines = std::mem::take(&mut self.held);
                    return Ok(Some((String::from_utf8(lines)?, self)));
                }
            }
        }
    }
}
