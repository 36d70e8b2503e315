//! Rows and bytes on their way to a client: in which form, with which headers, and how an answer
//! breaks off.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use stele_event::ocsf;
use stele_store::render::RowStream;

use super::Problem;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFormat {
    Ndjson,
    Csv,
    /// One file, for other tools.
    Parquet,
    /// OCSF documents, one a line; needs every column.
    Ocsf,
}

impl RowFormat {
    const ALL: [Self; 4] = [Self::Ndjson, Self::Csv, Self::Parquet, Self::Ocsf];

    fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Ocsf => "ocsf",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson | Self::Ocsf => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The format of this name; NDJSON where none is given.
    pub(super) fn by_name(name: Option<&str>) -> Result<Self, Problem> {
        let Some(name) = name else { return Ok(Self::Ndjson) };
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            Problem::bad_request(
                "format_unknown",
                format!("format is `ndjson`, `csv`, `parquet` or `ocsf`, not `{name}`"),
            )
        })
    }
}

/// The header that names the columns, in their order, as a JSON array.
const COLUMNS_NAME: HeaderName = HeaderName::from_static("stele-columns");
/// The header that says what the answer costs, as a JSON object: `files` that may be read, their
/// `bytes`, and `files_total`.
const COST_NAME: HeaderName = HeaderName::from_static("stele-cost");

/// Streams rows. A failure in the middle is a last row `{"error":…}`, after which the answer breaks
/// off without its proper end: it never looks like a short answer that is whole. A Parquet file
/// just lacks its end.
pub(super) fn rows(stream: RowStream, format: RowFormat) -> Response {
    let cost = stream.cost();
    let cost = json!({"files": cost.files, "bytes": cost.bytes, "files_total": cost.files_total});
    let header_of = |value: Value| {
        HeaderValue::from_bytes(value.to_string().as_bytes())
            .unwrap_or_else(|_| HeaderValue::from_static("null"))
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (COLUMNS_NAME, header_of(json!(stream.names()))),
        (COST_NAME, header_of(cost)),
    ];
    let body = match format {
        RowFormat::Parquet => Body::from_stream(stream.parquet().map_err(io::Error::other)),
        _ => Body::from_stream(lines(stream, format)),
    };
    (headers, body).into_response()
}

fn lines(
    stream: RowStream,
    format: RowFormat,
) -> impl Stream<Item = Result<String, io::Error>> + Send {
    let mut first = true;
    stream.batches().flat_map(move |batch| {
        let header = std::mem::take(&mut first);
        let (text, end) = match (batch, format) {
            (Ok(batch), RowFormat::Csv) => (batch.csv(header), None),
            (Ok(batch), RowFormat::Ocsf) => (batch.lines(|row| ocsf::document(row)), None),
            (Ok(batch), _) => (batch.ndjson(), None),
            (Err(error), _) => {
                let text = error.to_string();
                (format!("{}\n", json!({"error": text})), Some(io::Error::other(text)))
            }
        };
        let end = futures::stream::iter(end).then(|error| async {
            // The last row leaves before the connection is cut.
            tokio::time::sleep(Duration::from_millis(50)).await;
            Err(error)
        });
        futures::stream::iter([Ok(text)]).chain(end)
    })
}

/// Bytes that a browser is to keep, not to show. The name is one that was checked.
pub(super) fn attachment(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let place = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, place.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}
