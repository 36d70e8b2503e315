//! Rows: by somebody who writes a file of the table again and has no key, and by the writer.

use stele_verify::lake::Kind;

use super::{Done, Unclassed, compactor, files, largest, writer};
use crate::Error;
use crate::lake::maker::Maker;
use crate::lake::rows::{Row, parquet, record_batch};

pub(super) fn edited(raw: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(raw).replace("192.0.2", "192.0.3").into_bytes()
}

/// Writes the largest file again with other rows, as somebody without the key would.
fn rewrite(maker: &Maker, change: impl FnOnce(&mut Vec<Row>)) -> Done {
    let path = largest(maker)?;
    let mut rows = maker.files[&maker.largest()?].clone();
    if rows.len() < 8 {
        return Err(Error::Lacks("file with enough rows"));
    }
    change(&mut rows);
    // In row groups of another size, so that the file has another length whatever was done.
    maker.write(&path, &parquet(&record_batch(&rows)?, 7)?)
}

pub(super) const BY_SOMEBODY: &[Unclassed] = &[
    files("an event edited by somebody", Kind::FileSize, |maker| {
        rewrite(maker, |rows| rows[3].raw = b"{}".to_vec())
    }),
    files("columns edited by somebody", Kind::FileSize, |maker| {
        rewrite(maker, |rows| rows[3].columns_of = Some(b"{}".to_vec()))
    }),
    files("an event removed by somebody", Kind::FileSize, |maker| {
        rewrite(maker, |rows| drop(rows.remove(3)))
    }),
    files("an event added by somebody", Kind::FileSize, |maker| {
        rewrite(maker, |rows| rows.push(Row { pos: 9_998, ..rows[3].clone() }))
    }),
    files("events exchanged by somebody", Kind::FileSize, |maker| {
        rewrite(maker, |rows| (rows[3].pos, rows[4].pos) = (rows[4].pos, rows[3].pos))
    }),
];

pub(super) const BY_THE_WRITER: &[Unclassed] = &[
    compactor("a byte of an event", Kind::BatchRoot, |rows| rows[3].raw = edited(&rows[3].raw)),
    compactor("a byte of an event, not its columns", Kind::ColumnDiffers, |rows| {
        let row = &mut rows[3];
        row.columns_of = Some(row.raw.clone());
        row.raw = edited(&row.raw);
    }),
    compactor("columns, not the event", Kind::ColumnDiffers, |rows| {
        rows[3].columns_of = Some(edited(&rows[3].raw));
    }),
    compactor("the event's time set back", Kind::ColumnDiffers, |rows| {
        if let Some(row) = rows.iter_mut().find(|row| row.delivered.format == "cloudtrail") {
            let text = String::from_utf8_lossy(&row.raw);
            let text = text.replace("2026-07-22T07", "2026-07-21T07");
            row.columns_of = Some(text.into_bytes());
        }
    }),
    compactor("the source's name", Kind::ColumnDiffers, |rows| {
        "else".clone_into(&mut rows[3].delivered.source);
    }),
    compactor("the header that a line is read by", Kind::ColumnDiffers, |rows| {
        if let Some(row) = rows.iter_mut().find(|row| row.delivered.format == "vpcflow") {
            let header = &mut row.delivered.header;
            *header = header.replace("srcaddr dstaddr", "dstaddr srcaddr");
        }
    }),
    compactor("positions exchanged", Kind::BatchRoot, |rows| {
        (rows[5].pos, rows[6].pos) = (rows[6].pos, rows[5].pos);
    }),
    compactor("batches exchanged", Kind::BatchRoot, |rows| {
        let place = (rows[0].batch, rows[0].pos);
        if let Some(other) = rows.iter().position(|row| row.batch != place.0) {
            (rows[0].batch, rows[0].pos) = (rows[other].batch, rows[other].pos);
            (rows[other].batch, rows[other].pos) = place;
        }
    }),
    writer("a row moved to where one was dropped", Kind::RowPosition, |maker| {
        let dropped = *maker.dropped.first().ok_or(Error::Lacks("dropped duplicate"))?;
        maker.compact_wrongly(|rows| (rows[5].batch, rows[5].pos) = (dropped.0, dropped.1 as i32))
    }),
    compactor("a position that there is not", Kind::RowPosition, |rows| {
        rows.push(Row { pos: 9_999, ..rows[5].clone() });
    }),
    compactor("a position below nothing", Kind::RowAddress, |rows| rows[5].pos = -1),
    compactor("a batch that there is not", Kind::RowForeign, |rows| {
        rows.push(Row { batch: 17, ..rows[5].clone() });
    }),
    compactor("a batch that is still to come", Kind::RowForeign, |rows| {
        // Long ago: what is new may be in a batch that is not recorded yet.
        let received = rows[5].received - 86_400_000_000;
        rows.push(Row { batch: rows[5].batch + 500, received, ..rows[5].clone() });
    }),
    writer("a batch of a moment ago", Kind::RowUnrecorded, |maker| {
        let received = maker.now;
        maker.compact_wrongly(|rows| {
            rows.push(Row { batch: rows[5].batch + 500, received, ..rows[5].clone() });
        })
    }),
    compactor("the time of receipt", Kind::RowTime, |rows| rows[5].received += 1),
    compactor("the day of receipt", Kind::RowPartition, |rows| {
        rows[5].received += 86_400_000_000;
    }),
];
