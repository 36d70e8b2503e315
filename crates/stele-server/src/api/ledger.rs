//! The ledger over HTTP: the checkpoint and the tiles as C2SP tlog-tiles serves them, so that
//! outside tools can follow the log, and its entries for people.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use stele_verify::lake::{ProveError, Wanted};

use super::query::event_at;
use super::rows::attachment;
use super::{Problem, Shared};

/// A tile never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const ENTRIES_MAX: u64 = 1_000;
/// So many seconds a proof waits for the checkpoint that it needs.
const SEAL_WAITS_MAX: u32 = 4;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Which {
    /// Whether the newest is asked for, signed by witnesses or not.
    newest: Option<bool>,
}

/// The signed checkpoint of the log (C2SP tlog-checkpoint): the newest that enough witnesses have
/// signed, or the first that they were asked for; the newest of all where none has to sign.
#[utoipa::path(
    get,
    path = "/api/v1/ledger/checkpoint",
    params(Which),
    responses((status = 200, description = "a signed note", content_type = "text/plain"))
)]
pub(super) async fn checkpoint(
    State(node): Shared,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let ledger = node.ledger();
    let sealed = if which.newest == Some(true) { ledger.checkpoint() } else { ledger.published() };
    let sealed = sealed.ok_or_else(|| Problem::not_found("nothing was signed yet"))?;
    let headers =
        [(header::CACHE_CONTROL, "no-cache"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((headers, sealed.note).into_response())
}

/// A tile or a bundle of entries (C2SP tlog-tiles).
#[utoipa::path(
    get,
    path = "/api/v1/ledger/tile/{path}",
    params(("path" = String, Path, description = "`0/x001/234`, `entries/x001/234.p/7`")),
    responses(
        (status = 200, description = "its bytes", content_type = "application/octet-stream"),
        (status = 404, description = "there is none", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn tile(
    State(node): Shared,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found(format!("there is no tile `{path}`"));
    let tile = format!("tile/{path}").parse().map_err(|_| missing())?;
    let found = tokio::task::block_in_place(|| node.ledger().tile(&tile))
        .map_err(crate::node::NodeError::from)?;
    let bytes = found.ok_or_else(missing)?;
    Ok(([(header::CACHE_CONTROL, IMMUTABLE)], bytes).into_response())
}

/// The proof of one event (C2SP tlog-proof), as `stele prove` writes it; `stele verify --proof`
/// checks it anywhere.
#[utoipa::path(
    get,
    path = "/api/v1/events/{address}/proof",
    params(("address" = String, Path, description = "`<_batch>-<_pos>`, or the id that its source gave it")),
    responses(
        (status = 200, description = "the proof; the bytes of the event are at `…/raw`", content_type = "text/plain"),
        (status = 404, description = "there is no such event", body = super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "it cannot be proven, or not yet", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn proof(
    State(node): Shared,
    Path(address): Path<String>,
) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&address);
    if matches!(wanted, Wanted::Address { .. }) {
        event_at(&node, &address).await?;
    }
    let mut made = node.prove(wanted.clone()).await?;
    for _ in 0..SEAL_WAITS_MAX {
        // It was acknowledged a moment ago: its batch is still open, or the next seal covers it.
        if !matches!(made, Err(ProveError::NotSealed { .. })) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        made = node.prove(wanted.clone()).await?;
    }
    let proof = made.map_err(|error| {
        let detail = error.to_string();
        match error {
            ProveError::NotFound(_) => Problem::not_found(detail),
            ProveError::Several { .. } => Problem::conflict("event_ambiguous", detail),
            ProveError::NotSealed { .. } => Problem::conflict("not_sealed", detail),
            ProveError::NotProvable { .. } => Problem::conflict("not_provable", detail),
            ProveError::Folder(_) | ProveError::Ledger(_) => {
                tracing::error!(%detail, "a proof cannot be made");
                Problem::internal("ledger_failed", detail)
            }
        }
    })?;
    let name = format!("event-{}-{}.tlog-proof", proof.batch, proof.position);
    Ok(attachment("text/plain; charset=utf-8", &name, proof.text.into_bytes()))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Range {
    /// The first entry, from 0; without it, the last ones are given.
    first: Option<u64>,
    /// How many at the most, up to 1,000.
    limit: Option<u64>,
}

/// Entries of the ledger that a checkpoint covers.
#[utoipa::path(
    get,
    path = "/api/v1/ledger/entries",
    params(Range),
    responses((status = 200, description = "`size` of the ledger, and `entries` with `index` and `record`"))
)]
pub(super) async fn entries(
    State(node): Shared,
    Query(range): Query<Range>,
) -> Result<Json<Value>, Problem> {
    let answer = tokio::task::block_in_place(|| listed(node.ledger(), range.first, range.limit));
    Ok(Json(answer.map_err(crate::node::NodeError::from)?))
}

/// Entries as JSON: those from `first`, or the last ones.
///
/// # Errors
/// Where the ledger cannot be read.
pub fn listed(
    ledger: &stele_intake::ledger::Ledger,
    first: Option<u64>,
    limit: Option<u64>,
) -> Result<Value, stele_intake::ledger::LedgerError> {
    let size = ledger.checkpoint().map_or(0, |sealed| sealed.size);
    let limit = limit.unwrap_or(100).min(ENTRIES_MAX);
    let first = first.unwrap_or_else(|| size.saturating_sub(limit));
    let entries = ledger.entries(first, limit)?;
    let entries: Vec<Value> = (first..)
        .zip(entries)
        .map(|(index, entry)| {
            let record: Value = serde_json::from_slice(&entry).unwrap_or(Value::Null);
            json!({"index": index, "record": record})
        })
        .collect();
    Ok(json!({"size": size, "entries": entries}))
}

/// Draws a new key: the old one announces it, and it signs from then on.
#[utoipa::path(
    post,
    path = "/api/v1/admin/rotate-key",
    responses((status = 200, description = "`key`, the new verifier key, and `size`, the entries under the announcement"))
)]
pub(super) async fn rotate(State(node): Shared) -> Result<Json<Value>, Problem> {
    let (key, sealed) = tokio::task::block_in_place(|| node.rotate_key())?;
    Ok(Json(json!({"key": key, "size": sealed.size})))
}
