//! Makes the set of known events again from the table, where the set was lost.
//!
//! The set is a cache beside the lake: a folder that was deleted, damaged or left out of a backup
//! must not make Stele store events twice. Rows are read once, in no order, before the intake
//! starts; nothing is kept in memory but the set's own entries.

use std::pin::pin;
use std::time::Duration;

use futures::TryStreamExt;
use stele_event::{Column, RowView};
use stele_intake::once::{Address, OnceError, OnceSet};
use stele_store::{Caller, QueryLimits, Store};

use super::NodeError;

/// As long as it takes.
const A_YEAR: Duration = Duration::from_hours(365 * 24);

/// Enters the events of the table that have an id of their own and were received within the window.
///
/// # Errors
/// Where the table cannot be read or the set not be written. The next start tries again.
pub(super) async fn rebuild(
    store: &Store,
    once: &mut OnceSet,
    now_micros: i64,
) -> Result<u64, NodeError> {
    let since_micros = now_micros - once.window_micros();
    let sql = format!(
        "SELECT dataset, source_type, event_uid, raw, \"_batch\", \"_pos\" FROM events \
         WHERE event_uid IS NOT NULL AND parse_status <> 'failed' \
         AND day >= to_char(to_timestamp_micros({since_micros}), '%Y-%m-%d')"
    );
    let limits = QueryLimits { timeout: A_YEAR, rows_max: usize::MAX };
    let caller = Caller { name: "rebuild".to_owned(), limits };
    let stream = store.sql(&sql, &[], &caller).await?;
    let mut batches = pin!(stream.batches());
    let mut events = 0;
    while let Some(batch) = batches.try_next().await? {
        for index in 0..batch.rows() {
            let dataset = batch.value(index, 0);
            let row = batch.row(index);
            let place = row.int(Column::Batch).zip(row.int(Column::Pos));
            let (Some(dataset), Some(format), Some(uid), Some((batch, pos))) =
                (dataset.as_str(), row.text(Column::SourceType), row.text(Column::EventUid), place)
            else {
                continue;
            };
            let address = Address { batch, pos: pos as i32 };
            let raw = row.bytes(Column::Raw).unwrap_or_default();
            once.rebuild_insert(dataset, format, uid, raw, address, now_micros).map_err(failed)?;
            events += 1;
        }
    }
    once.rebuild_finish(now_micros).map_err(failed)?;
    Ok(events)
}

fn failed(error: OnceError) -> NodeError {
    NodeError::Known(error)
}
