//! What the tests of the store share: rows, and what is found of them.

use arrow::array::{ArrayRef, AsArray};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use stele_event::{Column, EventBatch};

use crate::error::StoreError;
use crate::lake::fault::FaultStore;
use crate::store::{Rows, Store, StoreConfig};
use crate::{Caller, QueryLimits};

/// The name under which tests write.
pub(crate) const WRITER: &str = "writer-1";
/// 2026-11-24T10:30:00Z.
pub(crate) const NOW_MILLIS: i64 = 1_795_516_200_000;
/// A day.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

/// Rows named by numbers; `sequence` gives them their place, and from 4 on the next day of receipt.
pub(crate) fn rows(sequence: u64, ids: std::ops::Range<u64>) -> Rows {
    let mut events = EventBatch::new();
    let received_micros = NOW_MILLIS * 1_000 + i64::from(sequence >= 4) * DAY_MICROS;
    for id in ids {
        let mut row = events.row();
        row.set_text(Column::EventUid, &format!("e{id:05}"));
        row.set_time(Column::Time, NOW_MILLIS * 1_000 - (id as i64 * 7_919) % 1_000_000);
        row.set_time(Column::IngestTime, received_micros);
        row.set_bytes(Column::Raw, format!("{{\"n\":{id}}}").as_bytes());
        row.finish();
    }
    stored(events, sequence, received_micros)
}

/// Events as they come out of the write-ahead log.
pub(crate) fn stored(events: EventBatch, sequence: u64, received_micros: i64) -> Rows {
    Rows {
        dataset: "main".into(),
        received_micros,
        events,
        batch: (1 << 40) + sequence as i64,
        first_pos: 0,
        keep: None,
    }
}

/// Who asks in tests.
pub(crate) fn caller() -> Caller {
    Caller { name: "test".to_owned(), limits: QueryLimits::default() }
}

/// The ids that the present view has, sorted; one that is there twice stands there twice. They are
/// read here and not by the query engine, which takes its time.
pub(crate) async fn ids(store: &Store) -> Vec<String> {
    let view = store.view();
    let mut arrays: Vec<ArrayRef> =
        view.chunks().filter_map(|c| c.columns[Column::EventUid as usize].clone()).collect();
    for file in view.files.iter() {
        let path = Path::from(file.path.as_str());
        let bytes = store.engine.store().get(&path).await.unwrap().bytes().await.unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        arrays
            .extend(reader.map(|rows| rows.unwrap().column_by_name("event_uid").unwrap().clone()));
    }
    let texts = arrays.iter().flat_map(|array| array.as_string::<i32>().iter().flatten());
    let mut ids: Vec<String> = texts.map(str::to_owned).collect();
    ids.sort_unstable();
    ids
}

/// A runtime for a test that waits.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A store over faulty storage, with settings that let small files be joined.
pub(crate) async fn open(storage: &FaultStore) -> Result<Store, StoreError> {
    let config = StoreConfig { retired_grace_ms: 1_000, ..StoreConfig::default() };
    Store::open(storage.lake(), WRITER, config, NOW_MILLIS).await
}
