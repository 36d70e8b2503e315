//! What one query may use: its time and its rows. (Its memory is the engine's business.)
//!
//! An answer that reaches a limit ends with an error that names the setting, never like a short
//! answer that is whole.

use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::time::Instant;

use crate::error::StoreError;
use crate::render::RowBatch;

/// What one query may use.
#[derive(Debug, Clone, Copy)]
pub struct QueryLimits {
    /// How long it may run.
    pub timeout: Duration,
    /// How many rows it may return.
    pub rows_max: usize,
}

/// What comes next in a limited answer.
enum Next {
    Rows,
    TooMany,
    End,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_mins(1), rows_max: 1_000_000 }
    }
}

impl QueryLimits {
    /// Waits for a whole answer, at most as long as a query may take.
    ///
    /// # Errors
    /// What the query ends with, or [`StoreError::Limit`].
    pub async fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(self.timeout, answer).await.unwrap_or_else(|_| Err(self.too_long()))
    }

    /// The same rows, with an error at the end where a limit is reached. The time runs from now.
    pub fn apply(
        self,
        batches: impl Stream<Item = Result<RowBatch, StoreError>> + Send + 'static,
    ) -> impl Stream<Item = Result<RowBatch, StoreError>> + Send + 'static {
        let deadline = Instant::now() + self.timeout;
        let start = (Box::pin(batches), self.rows_max, Next::Rows);
        futures::stream::unfold(start, move |(mut batches, left, next)| async move {
            match next {
                Next::Rows => {}
                Next::TooMany => return Some((Err(self.too_many()), (batches, 0, Next::End))),
                Next::End => return None,
            }
            match tokio::time::timeout_at(deadline, batches.next()).await {
                Err(_) => Some((Err(self.too_long()), (batches, left, Next::End))),
                Ok(None) => None,
                Ok(Some(Ok(rows))) if rows.rows() > left => {
                    Some((Ok(rows.first(left)), (batches, 0, Next::TooMany)))
                }
                Ok(Some(Ok(rows))) => {
                    let left = left - rows.rows();
                    Some((Ok(rows), (batches, left, Next::Rows)))
                }
                Ok(Some(Err(error))) => Some((Err(error), (batches, left, Next::End))),
            }
        })
    }

    fn too_long(&self) -> StoreError {
        let limit = format!("{} s", self.timeout.as_secs());
        StoreError::Limit { limit, setting: "query.timeout_s" }
    }

    fn too_many(&self) -> StoreError {
        let limit = format!("{} rows", self.rows_max);
        StoreError::Limit { limit, setting: "query.rows_max" }
    }
}
