//! Acts: what somebody did outside this server and wants on record in its ledger, such as a change
//! of an AWS account. The ledger holds their words; it does not vouch for them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Problem, Shared};
use crate::node::{Node, NodeError};

/// Longer details are refused; an entry of the ledger has 65,535 bytes at the most.
pub const DETAIL_BYTES_MAX: usize = 16 << 10;
const NAME_CHARS_MAX: usize = 256;

/// An act.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActBody {
    /// Who did it, up to 256 characters; what the server does by itself is of `stele`.
    pub by: String,
    /// What kind of act: lower-case words joined by `-`.
    pub kind: String,
    /// What exactly, up to 16 KiB.
    pub detail: String,
}

/// Why an act does not come on record.
#[derive(Debug, thiserror::Error)]
pub enum ActRefused {
    /// It is not written as an act is.
    #[error("{0}")]
    Invalid(String),
    /// The ledger does not take it.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl ActBody {
    fn check(&self) -> Result<(), String> {
        let is_name = |text: &str| {
            !text.trim().is_empty()
                && text.chars().count() <= NAME_CHARS_MAX
                && !text.chars().any(char::is_control)
        };
        if !is_name(&self.by) {
            return Err(format!(
                "`by` says who did it, in 1 to {NAME_CHARS_MAX} characters of one line"
            ));
        }
        if self.by.trim().eq_ignore_ascii_case("stele") {
            return Err("`by` is not `stele`: that is the server itself".to_owned());
        }
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !is_name(&self.kind) || !self.kind.chars().all(is_word) {
            return Err(format!(
                "`kind` is `{:.40}`; it is lower-case words joined by `-`",
                self.kind
            ));
        }
        if self.detail.len() > DETAIL_BYTES_MAX {
            let bytes = self.detail.len();
            return Err(format!("`detail` has {bytes} bytes; the limit is {DETAIL_BYTES_MAX}"));
        }
        Ok(())
    }

    /// Puts it on record; gives the number of its entry.
    ///
    /// # Errors
    /// It is not written as an act is, or the ledger cannot take it.
    pub fn put(&self, node: &Node) -> Result<u64, ActRefused> {
        self.check().map_err(ActRefused::Invalid)?;
        let put = node.ledger().act_of(&self.by, &self.kind, &self.detail);
        Ok(put.map_err(NodeError::from)?)
    }
}

/// Puts an act on record. It is signed with the next checkpoint, within a second.
#[utoipa::path(
    post,
    path = "/api/v1/acts",
    request_body = ActBody,
    responses((status = 202, description = "`entry`, the number of the ledger's entry"))
)]
pub(super) async fn put(
    State(node): Shared,
    Json(act): Json<ActBody>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    match act.put(&node) {
        Ok(entry) => Ok((StatusCode::ACCEPTED, Json(json!({"entry": entry})))),
        Err(ActRefused::Invalid(detail)) => Err(Problem::bad_request("act_invalid", detail)),
        Err(ActRefused::Node(error)) => Err(error.into()),
    }
}
