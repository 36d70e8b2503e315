//! Turns a memtable into files: sorted by time, one partition a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::interleave;
use arrow::record_batch::RecordBatch;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::chunk::{Chunk, Partition};
use crate::error::StoreError;
use crate::memtable::Memtable;
use crate::parquet_file::{FileWriter, schema_of};
use crate::schema::file_schema;
use crate::table::LakeFile;

/// Rows that are sorted and encoded at a time.
const SLICE_ROWS: usize = 8_192;

/// Encodes the rows of a memtable, off the async threads.
pub(crate) async fn encode(
    memtable: Arc<Memtable>,
    now_millis: i64,
) -> Result<Vec<(LakeFile, Vec<u8>)>, StoreError> {
    tokio::task::spawn_blocking(move || {
        let mut partitions: BTreeMap<Partition, Vec<&Chunk>> = BTreeMap::new();
        for chunk in &memtable.chunks {
            partitions.entry(chunk.partition.clone()).or_default().push(chunk);
        }
        partitions
            .into_iter()
            .map(|(partition, chunks)| encode_partition(&partition, &chunks, now_millis))
            .collect()
    })
    .await
    .map_err(StoreError::encode("write a memtable"))?
}

/// Writes the bytes of new files.
pub(crate) async fn put(
    store: &Arc<dyn ObjectStore>,
    files: Vec<(LakeFile, Vec<u8>)>,
) -> Result<(), StoreError> {
    for (file, bytes) in files {
        let path = Path::from(file.path.as_str());
        store.put(&path, bytes.into()).await.map_err(StoreError::object("write", &path))?;
    }
    Ok(())
}

/// A new file's path below the table.
pub(crate) fn new_path(partition: &Partition) -> String {
    let (dataset, day) = (&partition.dataset, &partition.day);
    format!("dataset={dataset}/day={day}/part-{}.parquet", uuid::Uuid::new_v4())
}

fn encode_partition(
    partition: &Partition,
    chunks: &[&Chunk],
    now_millis: i64,
) -> Result<(LakeFile, Vec<u8>), StoreError> {
    let order = sorted_rows(chunks);
    // A column of the file comes from all chunks; where one lacks it, from nulls.
    let full = file_schema();
    let columns: Vec<Option<Vec<ArrayRef>>> = (0..full.fields().len())
        .map(|index| {
            chunks.iter().any(|c| c.columns[index].is_some()).then(|| {
                let missing = |c: &&Chunk| new_null_array(full.field(index).data_type(), c.rows);
                chunks
                    .iter()
                    .map(|c| c.columns[index].clone().unwrap_or_else(|| missing(c)))
                    .collect()
            })
        })
        .collect();
    let present: Vec<Option<ArrayRef>> =
        columns.iter().map(|c| c.as_ref().map(|parts| parts[0].clone())).collect();
    let mut writer = FileWriter::new(schema_of(&present), order.len())?;
    for slice in order.chunks(SLICE_ROWS) {
        let arrays = columns
            .iter()
            .flatten()
            .map(|parts| {
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                interleave(&parts, slice)
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(StoreError::encode("sort rows"))?;
        let rows = RecordBatch::try_new(writer.schema().clone(), arrays)
            .map_err(StoreError::encode("sort rows"))?;
        writer.write(&rows)?;
    }
    let (bytes, summary) = writer.finish()?;
    let file = LakeFile {
        path: new_path(partition),
        partition: partition.clone(),
        summary,
        modified_millis: now_millis,
    };
    Ok((file, bytes))
}

/// Every row as (chunk, row), by time, batch and position.
fn sorted_rows(chunks: &[&Chunk]) -> Vec<(usize, usize)> {
    let mut keys = Vec::with_capacity(chunks.iter().map(|chunk| chunk.rows).sum());
    for (index, chunk) in chunks.iter().enumerate() {
        keys.extend((0..chunk.rows).map(|row| (chunk.sort_key(row), index as u32, row as u32)));
    }
    keys.sort_unstable();
    keys.into_iter().map(|(_, chunk, row)| (chunk as usize, row as usize)).collect()
}
