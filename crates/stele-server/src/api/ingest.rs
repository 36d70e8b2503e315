//! The way in over HTTP: bodies of records, and pieces of imported files.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use stele_intake::decode::Encoding;
use stele_intake::import::ImportTarget;
use stele_intake::once::ImportProgress;
use stele_intake::pipeline::Answer;
use stele_intake::wal::record::{self, Record};

use super::{Problem, Shared};
use crate::node::Submission;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
pub(super) struct Target {
    /// Who delivers.
    source: Option<String>,
    /// The dataset; `main` where there is none.
    dataset: Option<String>,
}

/// Stores records; the format is found out.
#[utoipa::path(
    post,
    path = "/api/v1/ingest",
    params(Target),
    request_body(description = "records, also gzip or zstd", content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "durable and searchable: accepted, duplicate, failed (stored raw), conflict, errors"),
        (status = 400, description = "can never be taken", body = super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "try again after Retry-After", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn any(
    state: Shared,
    query: Query<Target>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    ingest(state, None, query.0, &headers, body).await
}

/// Stores records of a format.
#[utoipa::path(
    post,
    path = "/api/v1/ingest/{format}",
    params(("format" = String, Path, description = "cloudtrail, vpcflow, app_flask, syslog, json, text"), Target),
    request_body(description = "records, also gzip or zstd", content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "durable and searchable: accepted, duplicate, failed (stored raw), conflict, errors"),
        (status = 400, description = "can never be taken", body = super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "try again after Retry-After", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn of_format(
    state: Shared,
    Path(format): Path<String>,
    query: Query<Target>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    ingest(state, Some(format), query.0, &headers, body).await
}

async fn ingest(
    State(node): Shared,
    format: Option<String>,
    target: Target,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let encoding = match text(header::CONTENT_ENCODING) {
        None => None,
        Some(name) => Some(Encoding::by_name(name).ok_or_else(|| {
            let detail =
                format!("content-encoding `{name}` is not read; send gzip, zstd or identity");
            Problem::bad_request("encoding_unknown", detail)
        })?),
    };
    let submission = Submission {
        body,
        encoding,
        format,
        source: target.source,
        peer: None,
        dataset: target.dataset,
        content_type: text(header::CONTENT_TYPE).map(str::to_owned),
    };
    let (answer, damage) = blocking(move || node.ingest(submission)).await??;
    let mut body = json!(answer);
    if let Some(damage) = damage {
        if answer.records() == 0 {
            let detail = format!("{damage}; nothing of the body could be read or stored");
            return Err(Problem::bad_request("body_damaged", detail));
        }
        body["damage"] = damage.to_string().into();
    }
    Ok(Json(body))
}

/// How far the import of a content has come.
#[utoipa::path(
    get,
    path = "/api/v1/import/{content_sha256}",
    params(("content_sha256" = String, Path, description = "SHA-256 of the file, in hexadecimal")),
    responses((status = 200, description = "bytes_done and finished"))
)]
pub(super) async fn progress(
    State(node): Shared,
    Path(content_sha256): Path<String>,
) -> Result<Json<ImportProgress>, Problem> {
    Ok(Json(blocking(move || node.progress(&content_sha256)).await??))
}

/// A piece of a file, as `stele import` cuts it; the body is a record of the write-ahead log.
#[utoipa::path(
    post,
    path = "/api/v1/import",
    request_body(description = "a record of the write-ahead log", content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "durable and searchable: accepted, duplicate, failed (stored raw), conflict, errors"),
        (status = 400, description = "can never be taken", body = super::problem::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "try again after Retry-After", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn import(State(node): Shared, body: Bytes) -> Result<Json<Answer>, Problem> {
    let Ok(Record::Append(_, mut payload)) = record::decode(&body) else {
        return Err(Problem::bad_request("piece_invalid", "the body is no piece of an import"));
    };
    payload.receipt.received_micros = node.now_micros();
    Ok(Json(blocking(move || node.append(&payload)).await??))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| crate::node::NodeError::Task(error.to_string()).into())
}
