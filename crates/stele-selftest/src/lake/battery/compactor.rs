//! A compactor that is wrong: what it writes is signed, and is not what it read.

use stele_verify::lake::Kind;

use super::{Unclassed, compactor, writer};
use crate::Error;
use crate::lake::standard::sent;

pub(super) const CASES: &[Unclassed] = &[
    compactor("a row left out", Kind::RowMissing, |rows| drop(rows.remove(5))),
    compactor("a row left out, counted", Kind::CommitRows, |rows| drop(rows.remove(5))),
    compactor("a batch left out", Kind::RowMissing, |rows| {
        let batch = rows[0].batch;
        rows.retain(|row| row.batch != batch);
    }),
    compactor("every row left out", Kind::RowMissing, |rows| rows.truncate(1)),
    compactor("a row twice", Kind::RowTwice, |rows| rows.push(rows[5].clone())),
    compactor("every row twice", Kind::RowTwice, |rows| rows.extend_from_within(..)),
    compactor("one row in place of another", Kind::RowTwice, |rows| rows[5] = rows[6].clone()),
    compactor("one row in place of another, missed", Kind::RowMissing, |rows| {
        rows[5] = rows[6].clone();
    }),
    compactor("an event cut", Kind::BatchRoot, |rows| {
        let length = rows[5].raw.len();
        rows[5].raw.truncate(length / 2);
    }),
    compactor("an event emptied", Kind::BatchRoot, |rows| rows[5].raw.clear()),
    compactor("a line feed added to an event", Kind::BatchRoot, |rows| rows[5].raw.push(b'\n')),
    compactor("the bytes of two events exchanged", Kind::BatchRoot, |rows| {
        let (before, after) = rows.split_at_mut(6);
        std::mem::swap(&mut before[5].raw, &mut after[0].raw);
    }),
    compactor("the columns of another event", Kind::ColumnDiffers, |rows| {
        rows[5].columns_of = Some(rows[6].raw.clone());
    }),
    writer("an input that is not in its list", Kind::RowTwice, |maker| {
        maker.compact_with_inputs(|inputs| drop(inputs.pop()))
    }),
    writer("an input that is not in its list, counted", Kind::CommitRows, |maker| {
        maker.compact_with_inputs(|inputs| drop(inputs.pop()))
    }),
    writer("an input whose rows it has not written", Kind::RowMissing, |maker| {
        let largest = maker.largest()?;
        let folder = largest.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut others = maker.files.iter().filter(|(path, _)| **path != largest);
        let other = others.find(|(path, _)| path.starts_with(folder));
        let (_, gone) = other.ok_or(Error::Lacks("second file in a partition"))?;
        let gone: Vec<_> = gone.iter().map(|row| (row.batch, row.pos)).collect();
        maker.compact_wrongly(|rows| rows.retain(|row| !gone.contains(&(row.batch, row.pos))))
    }),
    writer("a flush that leaves an event in the log", Kind::RowMissing, |maker| {
        maker.batch(&sent(5, 0)[..1], &[])?;
        maker.memory_to_log()?;
        maker.memory = maker.in_log.clone();
        maker.memory.pop();
        maker.covers += 1_000;
        maker.flush()
    }),
    writer("it covers what the table does not hold", Kind::RowMissing, |maker| {
        maker.covers += 1_000;
        maker.compact()
    }),
    writer("an input twice", Kind::CommitReplay, |maker| {
        maker.compact_with_inputs(|inputs| inputs.extend_from_within(..1))
    }),
    writer("a column that every row needs", Kind::FileSchema, |maker| {
        maker.tweak.drop_column = Some("raw");
        maker.compact()
    }),
    writer("a column that is left out", Kind::ColumnDiffers, |maker| {
        maker.tweak.drop_column = Some("src_ip");
        maker.compact()
    }),
    writer("another number of rows recorded", Kind::FileRows, |maker| {
        maker.tweak.rows = Some(1 + maker.files.values().map(Vec::len).sum::<usize>() as u64);
        maker.compact()
    }),
    writer("no Parquet at all, and recorded", Kind::FileForm, |maker| {
        maker.tweak.parquet = Some(|_| b"PAR1 nothing PAR1".to_vec());
        maker.compact()
    }),
    writer("damaged before it was recorded", Kind::FileForm, |maker| {
        maker.tweak.parquet = Some(|mut bytes| {
            bytes[4..400].fill(0xff);
            bytes
        });
        maker.compact()
    }),
    writer("in the folder of another dataset", Kind::RowPartition, |maker| {
        maker.tweak.dataset = Some("elsewhere");
        maker.compact()
    }),
    writer("in the folder of another day", Kind::RowPartition, |maker| {
        maker.tweak.day = Some("2001-07-21");
        maker.compact()
    }),
    writer("a path out of the folder", Kind::FileMissing, |maker| {
        maker.tweak.dataset = Some("../../../x");
        maker.compact()
    }),
];
