//! What a node says over HTTP.
//!
//! Answers are JSON, or rows as NDJSON or CSV that stream; errors are problem details (RFC 9457)
//! with a stable `code`. A client that goes away ends its query. What is no path of the interface
//! is the web page.

mod acts;
mod guard;
mod ingest;
mod ledger;
mod page;
mod problem;
mod query;
mod rows;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::node::Node;
pub use acts::{ActBody, ActRefused, DETAIL_BYTES_MAX};
pub use ledger::listed;
pub use problem::Problem;

/// The description of the interface; `docs/openapi.json` is made of it.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Stele",
        description = "Security logs in, kept and found again. Errors are problem details \
                       (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0")
    ),
    paths(
        health,
        status,
        flush,
        compact,
        ingest::any,
        ingest::of_format,
        ingest::progress,
        ingest::import,
        query::search,
        query::sql,
        query::sql_get,
        query::fields,
        query::histogram,
        query::facets,
        query::event,
        query::raw,
        ledger::proof,
        ledger::checkpoint,
        ledger::tile,
        ledger::entries,
        ledger::rotate,
        acts::put,
    ),
    components(schemas(problem::ProblemBody, acts::ActBody))
)]
struct Description;

/// The description of the interface as OpenAPI 3.1, in JSON.
///
/// # Errors
/// Where it cannot be written as JSON: a fault of Stele.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&<Description as utoipa::OpenApi>::openapi())
}

/// What every handler has at hand.
pub type Shared = State<Arc<Node>>;

/// The router of a node. `body_bytes_max` bounds a request as it is sent.
pub fn router(node: Arc<Node>, body_bytes_max: usize) -> Router {
    Router::new()
        .route("/api/v1/health", get(health))
        .route("/api/v1/status", get(status))
        .route("/api/v1/ingest", post(ingest::any))
        .route("/api/v1/ingest/{format}", post(ingest::of_format))
        .route("/api/v1/import/{content_sha256}", get(ingest::progress))
        .route("/api/v1/import", post(ingest::import))
        .route("/api/v1/search", get(query::search))
        .route("/api/v1/sql", post(query::sql).get(query::sql_get))
        .route("/api/v1/fields", get(query::fields))
        .route("/api/v1/histogram", get(query::histogram))
        .route("/api/v1/facets", get(query::facets))
        .route("/api/v1/events/{address}", get(query::event))
        .route("/api/v1/events/{address}/raw", get(query::raw))
        .route("/api/v1/events/{address}/proof", get(ledger::proof))
        .route("/api/v1/ledger/checkpoint", get(ledger::checkpoint))
        .route("/api/v1/ledger/tile/{*path}", get(ledger::tile))
        .route("/api/v1/ledger/entries", get(ledger::entries))
        .route("/api/v1/acts", post(acts::put))
        .route("/api/v1/admin/rotate-key", post(ledger::rotate))
        .route("/api/v1/admin/flush", post(flush))
        .route("/api/v1/admin/compact", post(compact))
        .fallback(page::any)
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(from_fn(guard::own_pages_only))
        .layer(from_fn_with_state(body_bytes_max, problem::of_the_framework))
        .with_state(node)
}

/// Answers on a listener until `stopped` is ready; requests under way are answered first.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}

/// Whether the server answers: `status` is `ok`, or `degraded` where it takes events and an
/// operator should look at something; `problems` says at what.
#[utoipa::path(get, path = "/api/v1/health", responses((status = 200, description = "it does")))]
async fn health(State(node): Shared) -> Json<Value> {
    match node.problems() {
        problems if problems.is_empty() => Json(json!({"status": "ok"})),
        problems => Json(json!({"status": "degraded", "problems": problems})),
    }
}

/// Files, rows, bytes, what waits in the write-ahead log, and how it stands with the ledger.
#[utoipa::path(get, path = "/api/v1/status", responses((status = 200, description = "figures")))]
async fn status(State(node): Shared) -> Result<Json<Value>, Problem> {
    Ok(Json(status_of(&node)?))
}

/// The figures of a node, as JSON.
///
/// # Errors
/// Where the intake has ended.
pub fn status_of(node: &Node) -> Result<Value, crate::NodeError> {
    let (store, backlog_bytes) = node.status()?;
    let limits = json!({"rows_max": node.config().query.rows_max});
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "store": store,
        "write_ahead_log_bytes": backlog_bytes,
        "query": limits,
        "ledger": node.ledger_status(),
    }))
}

/// Moves everything that is in memory into the lake.
#[utoipa::path(
    post,
    path = "/api/v1/admin/flush",
    responses((status = 200, description = "the lake holds everything up to this sequence"))
)]
async fn flush(State(node): Shared) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"committed_sequence": node.flush().await?})))
}

/// Moves everything into the lake and joins small files.
#[utoipa::path(
    post,
    path = "/api/v1/admin/compact",
    responses((status = 200, description = "files, rows and bytes before and after"))
)]
async fn compact(State(node): Shared) -> Result<Json<Value>, Problem> {
    node.flush().await?;
    Ok(Json(json!(node.compact(true).await?)))
}
