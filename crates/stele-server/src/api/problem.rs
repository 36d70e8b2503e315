//! Errors as clients see them: problem details (RFC 9457) with a stable `code`.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use stele_intake::pipeline::IntakeError;
use stele_store::StoreError;

use crate::node::NodeError;

const KIND: &str = "application/problem+json";

/// An error on its way to a client.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

/// An error as it is sent (`application/problem+json`, RFC 9457).
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct ProblemBody {
    /// A URI that stands for the kind of error.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The kind of error; does not change between versions.
    code: String,
    /// What happened, and what to do.
    detail: String,
}

impl Problem {
    /// The request is wrong; `detail` says how.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, detail: detail.into() }
    }

    /// Whoever asks may not.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, code, detail: detail.into() }
    }

    /// What is there does not allow it.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, code, detail: detail.into() }
    }

    /// The server failed.
    pub fn internal(code: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code, detail: detail.into() }
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not_found", detail: detail.into() }
    }
}

/// The longest text of the framework that is taken over, in bytes.
const DETAIL_BYTES_MAX: usize = 4 << 10;

/// Gives the refusals of the framework (no such path, a body over the limit, a parameter that
/// cannot be read) the form of all others.
pub(super) async fn of_the_framework(
    State(body_bytes_max): State<usize>,
    request: Request,
    next: Next,
) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    let status = response.status();
    let is_ours = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == KIND);
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => ("not_found", format!("there is nothing at `{asked}`")),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("method_not_allowed", format!("`{asked}` is not answered; see docs/openapi.json"))
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!(
                "the body is over the limit of {body_bytes_max} bytes \
                 (`request.body_bytes_max`); nothing was stored: send it in parts, or import it \
                 with `stele import`"
            );
            ("body_too_large", detail)
        }
        _ => {
            let body = axum::body::to_bytes(response.into_body(), DETAIL_BYTES_MAX).await;
            let detail = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
            ("request_invalid", detail)
        }
    };
    Problem { status, code, detail }.into_response()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::Query(_) => Self::bad_request("query_invalid", detail),
            StoreError::Limit { .. } => {
                Self { status: StatusCode::UNPROCESSABLE_ENTITY, code: "query_limit", detail }
            }
            _ => {
                tracing::error!(%detail, "a request failed");
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, code: "store_failed", detail }
            }
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let detail = error.to_string();
        match error {
            IntakeError::Refused(_) => Self::bad_request("refused", detail),
            IntakeError::Busy(_) | IntakeError::Stopping => {
                Self { status: StatusCode::SERVICE_UNAVAILABLE, code: "busy", detail }
            }
        }
    }
}

impl From<NodeError> for Problem {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Store(error) => error.into(),
            NodeError::Intake(error) => error.into(),
            NodeError::Ledger(error) if error.is_signer_away() => {
                let (status, detail) = (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
                Self { status, code: "signer_away", detail }
            }
            other => {
                let detail = other.to_string();
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, code: "node_failed", detail }
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: format!("https://stele.invalid/problems/{}", self.code),
            title: self.status.canonical_reason().unwrap_or("error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(KIND));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
