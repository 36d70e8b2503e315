//! Questions over HTTP.

use std::pin::pin;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use stele_event::{COLUMNS, Column, RowView, ocsf};
use stele_store::search::time;
use stele_store::{RowBatch, SearchRequest};

use super::rows::{RowFormat, attachment, rows};
use super::{Problem, Shared};
use crate::node::Node;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
pub(super) struct SearchParameters {
    /// The query, in the search syntax; everything where it is empty.
    #[serde(default)]
    q: String,
    /// Event times from here on: `2h`, `today`, `2026-11-24T10:00:00Z`.
    since: Option<String>,
    /// Event times before this.
    until: Option<String>,
    /// The zone of times that are written without one: `UTC` (also where it is not given) or
    /// `+01:00`.
    tz: Option<String>,
    /// At most so many rows; 1,000 where it is not given.
    limit: Option<usize>,
    /// By event time, `desc` (newest first) or `asc`.
    order: Option<String>,
    /// The columns wanted, with commas between; all where it is not given.
    columns: Option<String>,
    /// `ndjson`, `csv`, `parquet` or `ocsf`.
    format: Option<String>,
    /// Histogram: the width of a bar, such as `1h`.
    step: Option<String>,
    /// Facets: the column to count.
    field: Option<String>,
}

impl SearchParameters {
    fn request(&self, node: &Node, now_micros: i64) -> Result<SearchRequest, Problem> {
        let wrong =
            |error: time::TimeError| Problem::bad_request("time_invalid", error.to_string());
        let zone_offset_seconds = self.tz.as_deref().map_or(Ok(0), time::zone).map_err(wrong)?;
        let time = |text: &Option<String>| {
            text.as_deref()
                .map(|text| time::instant(text, now_micros, zone_offset_seconds))
                .transpose()
                .map_err(wrong)
        };
        let ascending = match self.order.as_deref() {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(other) => {
                let detail = format!("order is `asc` or `desc`, not `{other}`");
                return Err(Problem::bad_request("order_invalid", detail));
            }
        };
        Ok(SearchRequest {
            query: self.q.clone(),
            since_micros: time(&self.since)?,
            until_micros: time(&self.until)?,
            limit: Some(self.limit.unwrap_or(1_000).min(node.config().query.rows_max)),
            ascending,
            columns: self
                .columns
                .iter()
                .flat_map(|names| names.split(','))
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            zone_offset_seconds,
        })
    }
}

/// Events that match, sorted by event time.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    params(SearchParameters),
    responses(
        (status = 200, description = "rows, as NDJSON, CSV, Parquet or OCSF"),
        (status = 400, description = "the question is wrong; `detail` shows where", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn search(
    State(node): Shared,
    Query(parameters): Query<SearchParameters>,
) -> Result<Response, Problem> {
    let now = node.now_micros();
    let request = parameters.request(&node, now)?;
    let format = RowFormat::by_name(parameters.format.as_deref())?;
    if format == RowFormat::Ocsf && !request.columns.is_empty() {
        let detail = "an OCSF document is made of every column; leave `columns` out";
        return Err(Problem::bad_request("columns_refused", detail));
    }
    let stream = node.store().search(&request, node.fields(), now, &node.anonymous()).await?;
    Ok(rows(stream, format))
}

#[derive(Debug, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
pub(super) struct SqlParameters {
    /// The question; the table is `events`.
    #[serde(alias = "q")]
    sql: String,
    /// `ndjson`, `csv` or `parquet`.
    format: Option<String>,
}

/// Asks in SQL; only reading is possible.
#[utoipa::path(
    post,
    path = "/api/v1/sql",
    request_body = SqlParameters,
    responses(
        (status = 200, description = "rows, as NDJSON, CSV or Parquet"),
        (status = 400, description = "the question is wrong; `detail` shows where", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn sql(
    state: Shared,
    Json(body): Json<SqlParameters>,
) -> Result<Response, Problem> {
    run_sql(state, body).await
}

/// Asks in SQL, for a browser or curl.
#[utoipa::path(
    get,
    path = "/api/v1/sql",
    params(SqlParameters),
    responses(
        (status = 200, description = "rows, as NDJSON, CSV or Parquet"),
        (status = 400, description = "the question is wrong; `detail` shows where", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn sql_get(
    state: Shared,
    query: Query<SqlParameters>,
) -> Result<Response, Problem> {
    run_sql(state, query.0).await
}

async fn run_sql(State(node): Shared, parameters: SqlParameters) -> Result<Response, Problem> {
    let format = RowFormat::by_name(parameters.format.as_deref())?;
    if format == RowFormat::Ocsf {
        let detail = "OCSF documents are made of whole events; ask `/api/v1/search` for them";
        return Err(Problem::bad_request("format_unknown", detail));
    }
    let stream = node.store().sql(&parameters.sql, node.fields(), &node.anonymous()).await?;
    Ok(rows(stream, format))
}

/// Every field that a query may name.
#[utoipa::path(
    get,
    path = "/api/v1/fields",
    responses(
        (status = 200, description = "columns and source fields"),
        (status = 400, description = "the question is wrong; `detail` shows where", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn fields(State(node): Shared) -> Json<Value> {
    let columns = COLUMNS.iter().map(|spec| {
        let kind = format!("{:?}", spec.kind).to_lowercase();
        json!({"name": spec.name, "type": kind, "ocsf": spec.ocsf, "description": spec.doc})
    });
    let sources = node.fields().iter().map(
        |field| json!({"name": field.name, "format": field.format, "column": field.column.name()}),
    );
    Json(json!({
        "columns": columns.collect::<Vec<_>>(),
        "source_fields": sources.collect::<Vec<_>>(),
    }))
}

/// Matching events by time and severity; the counts are exact.
#[utoipa::path(
    get,
    path = "/api/v1/histogram",
    params(SearchParameters),
    responses(
        (status = 200, description = "time, severity_id, count"),
        (status = 400, description = "the question is wrong; `detail` shows where", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn histogram(
    State(node): Shared,
    Query(parameters): Query<SearchParameters>,
) -> Result<Json<Vec<Value>>, Problem> {
    let now = node.now_micros();
    let step = parameters.step.as_deref().unwrap_or("1h");
    let step_micros = time::span_micros(step).filter(|micros| *micros > 0).ok_or_else(|| {
        Problem::bad_request(
            "step_invalid",
            format!("`{step}` is no width; write `5m`, `1h` or `1d`"),
        )
    })?;
    let request = parameters.request(&node, now)?;
    let batches = node
        .store()
        .histogram(&request, step_micros, node.fields(), now, &node.anonymous())
        .await?;
    Ok(Json(objects(&batches).into_iter().map(Value::Object).collect()))
}

/// The values of a column among the matching events, most frequent first; the counts are exact.
#[utoipa::path(
    get,
    path = "/api/v1/facets",
    params(SearchParameters),
    responses(
        (status = 200, description = "value, count"),
        (status = 400, description = "the question is wrong; `detail` shows where", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn facets(
    State(node): Shared,
    Query(parameters): Query<SearchParameters>,
) -> Result<Json<Vec<Value>>, Problem> {
    let now = node.now_micros();
    let field = parameters.field.clone().ok_or_else(|| {
        Problem::bad_request("field_missing", "`field` names the column to count")
    })?;
    let mut request = parameters.request(&node, now)?;
    request.limit = Some(parameters.limit.unwrap_or(20).min(1_000));
    let batches =
        node.store().facets(&request, &field, node.fields(), now, &node.anonymous()).await?;
    Ok(Json(objects(&batches).into_iter().map(Value::Object).collect()))
}

/// One event by its address `<batch>-<pos>`: its columns and its OCSF document.
#[utoipa::path(
    get,
    path = "/api/v1/events/{address}",
    params(("address" = String, Path, description = "`<_batch>-<_pos>`")),
    responses(
        (status = 200, description = "the event and its OCSF document"),
        (status = 400, description = "the question is wrong; `detail` shows where", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn event(
    State(node): Shared,
    Path(address): Path<String>,
) -> Result<Json<Value>, Problem> {
    let rows = event_at(&node, &address).await?;
    let document = ocsf::document(&rows.row(0));
    Ok(Json(json!({"event": rows.object(0), "ocsf": document})))
}

/// The event's bytes, exactly as they were received.
#[utoipa::path(
    get,
    path = "/api/v1/events/{address}/raw",
    params(("address" = String, Path, description = "`<_batch>-<_pos>`")),
    responses(
        (status = 200, description = "its bytes", content_type = "application/octet-stream"),
        (status = 404, description = "there is none", body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn raw(
    State(node): Shared,
    Path(address): Path<String>,
) -> Result<Response, Problem> {
    let rows = event_at(&node, &address).await?;
    let bytes = rows.row(0).bytes(Column::Raw).unwrap_or_default().to_vec();
    Ok(attachment("application/octet-stream", &format!("event-{address}.raw"), bytes))
}

/// An address `<batch>-<pos>`.
pub(super) fn parse_address(address: &str) -> Result<(i64, i32), Problem> {
    let parsed = address
        .split_once('-')
        .and_then(|(batch, pos)| Some((batch.parse::<i64>().ok()?, pos.parse::<i32>().ok()?)))
        .filter(|(batch, pos)| format!("{batch}-{pos}") == address);
    parsed.ok_or_else(|| {
        let detail = format!("`{address}` is no address; it is written `<_batch>-<_pos>`");
        Problem::bad_request("address_invalid", detail)
    })
}

/// The one row at an address.
pub(super) async fn event_at(node: &Node, address: &str) -> Result<RowBatch, Problem> {
    let (batch, pos) = parse_address(address)?;
    let sql = format!("SELECT * FROM events WHERE \"_batch\" = {batch} AND \"_pos\" = {pos}");
    let stream = node.store().sql(&sql, node.fields(), &node.anonymous()).await?;
    let mut stream = pin!(stream.batches());
    while let Some(rows) = stream.next().await {
        let rows = rows?;
        if rows.rows() > 0 {
            return Ok(rows);
        }
    }
    Err(Problem::not_found(format!("there is no event `{address}`")))
}

fn objects(batches: &[RowBatch]) -> Vec<Map<String, Value>> {
    batches.iter().flat_map(|b| (0..b.rows()).map(|row| b.object(row))).collect()
}
