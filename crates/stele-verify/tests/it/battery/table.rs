//! Rows, files, and the table's log.

use std::fs;

use stele_ledger::record::Reason;
use stele_verify::lake::Kind;

use super::How::{Files, Options, Writer};
use super::{Case, change, erase, expire, largest};
use crate::maker::{Maker, sent};
use crate::parquet_file::{Row, parquet, record_batch};

/// A compactor that does this to the rows, and logs its file honestly.
macro_rules! compactor {
    ($change:expr) => {
        Writer(|maker| {
            let change: fn(&mut Vec<Row>) = $change;
            maker.compact(change);
        })
    };
}

fn edited(raw: &[u8]) -> Vec<u8> {
    String::from_utf8(raw.to_vec()).unwrap().replace("192.0.2", "192.0.3").into_bytes()
}

/// Writes the largest file again with other rows, as somebody without the key would.
fn rewrite(maker: &Maker, change: impl FnOnce(&mut Vec<Row>)) {
    let path = largest(maker);
    let mut rows = maker.files[path.trim_start_matches("lake/events/")].clone();
    change(&mut rows);
    maker.write(&path, &parquet(&record_batch(&rows), 1 << 20));
}

fn newest_commit(maker: &Maker) -> String {
    format!("lake/events/_delta_log/{:020}.json", maker.version - 1)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = rows();
    cases.extend(files());
    cases.extend(commits());
    cases.extend(log());
    cases
}

fn rows() -> Vec<Case> {
    vec![
        Case(
            "a byte of an event",
            Kind::BatchRoot,
            compactor!(|rows| {
                rows[3].raw = edited(&rows[3].raw);
            }),
        ),
        Case(
            "a byte of an event, not its columns",
            Kind::ColumnDiffers,
            compactor!(|rows| {
                let row = &mut rows[3];
                row.columns_of = Some(row.raw.clone());
                row.raw = edited(&row.raw);
            }),
        ),
        Case(
            "columns, not the event",
            Kind::ColumnDiffers,
            compactor!(|rows| {
                rows[3].columns_of = Some(edited(&rows[3].raw));
            }),
        ),
        Case(
            "the event's time set back",
            Kind::ColumnDiffers,
            compactor!(|rows| {
                let text = String::from_utf8(rows[3].raw.clone()).unwrap();
                rows[3].columns_of =
                    Some(text.replace("2026-07-22T07", "2026-07-21T07").into_bytes());
            }),
        ),
        Case(
            "the source's name",
            Kind::ColumnDiffers,
            compactor!(|rows| {
                "else".clone_into(&mut rows[3].source);
            }),
        ),
        Case(
            "the header that a line is read by",
            Kind::ColumnDiffers,
            compactor!(|rows| {
                let row = rows.iter_mut().find(|row| row.format == "vpcflow").unwrap();
                row.header = String::from_utf8(row.header.clone())
                    .unwrap()
                    .replace("srcaddr dstaddr", "dstaddr srcaddr")
                    .into_bytes();
            }),
        ),
        Case("a row left out", Kind::RowMissing, compactor!(|rows| drop(rows.remove(5)))),
        Case("a row left out, counted", Kind::CommitRows, compactor!(|rows| drop(rows.remove(5)))),
        Case(
            "a batch left out",
            Kind::RowMissing,
            compactor!(|rows| {
                let batch = rows[0].batch;
                rows.retain(|row| row.batch != batch);
            }),
        ),
        Case("a row twice", Kind::RowTwice, compactor!(|rows| rows.push(rows[5].clone()))),
        Case(
            "one row in place of another",
            Kind::RowTwice,
            compactor!(|rows| {
                rows[5] = rows[6].clone();
            }),
        ),
        Case(
            "positions swapped",
            Kind::BatchRoot,
            compactor!(|rows| {
                (rows[5].pos, rows[6].pos) = (rows[6].pos, rows[5].pos);
            }),
        ),
        Case(
            "batches swapped",
            Kind::BatchRoot,
            compactor!(|rows| {
                let other = rows.iter().position(|row| row.batch != rows[0].batch).unwrap();
                let place = (rows[0].batch, rows[0].pos);
                (rows[0].batch, rows[0].pos) = (rows[other].batch, rows[other].pos);
                (rows[other].batch, rows[other].pos) = place;
            }),
        ),
        Case(
            "a row moved to where one was dropped",
            Kind::RowPosition,
            compactor!(|rows| {
                (rows[5].batch, rows[5].pos) = (rows[0].batch + 1, 2);
            }),
        ),
        Case(
            "a position that there is not",
            Kind::RowPosition,
            compactor!(|rows| {
                let row = Row { pos: 9_999, ..rows[5].clone() };
                rows.push(row);
            }),
        ),
        Case(
            "a batch that there is not",
            Kind::RowForeign,
            compactor!(|rows| {
                let row = Row { batch: 17, ..rows[5].clone() };
                rows.push(row);
            }),
        ),
        Case(
            "a batch that is still to come",
            Kind::RowForeign,
            compactor!(|rows| {
                let row = Row { batch: rows[5].batch + 500, ..rows[5].clone() };
                rows.push(row);
            }),
        ),
        Case(
            "a batch of a moment ago",
            Kind::RowUnrecorded,
            Writer(|maker| {
                let now = maker.now;
                maker.compact(|rows| {
                    let row = Row { batch: rows[5].batch + 500, received: now, ..rows[5].clone() };
                    rows.push(row);
                });
            }),
        ),
        Case("a position below nothing", Kind::RowAddress, compactor!(|rows| rows[5].pos = -1)),
        Case("the time of receipt", Kind::RowTime, compactor!(|rows| rows[5].received += 1)),
        Case(
            "the day of receipt",
            Kind::RowPartition,
            compactor!(|rows| {
                rows[5].received += 86_400_000_000;
            }),
        ),
        Case(
            "an erased event that stays",
            Kind::RowErased,
            Writer(|maker| {
                erase(maker, |_, _| {});
            }),
        ),
        Case(
            "another event erased with it",
            Kind::RowMissing,
            Writer(|maker| {
                erase(maker, |rows, gone| {
                    rows.retain(|row| !gone(row));
                    rows.remove(0);
                });
            }),
        ),
        Case(
            "an expired batch that stays",
            Kind::RowExpired,
            Writer(|maker| {
                expire(maker, |_, _| {});
            }),
        ),
        Case(
            "a column that every row needs",
            Kind::FileSchema,
            Writer(|maker| {
                maker.tweak.drop_column = Some("raw");
                maker.compact(|_| {});
            }),
        ),
        Case(
            "a column that is left out",
            Kind::ColumnDiffers,
            Writer(|maker| {
                maker.tweak.drop_column = Some("src_ip");
                maker.compact(|_| {});
            }),
        ),
    ]
}

fn files() -> Vec<Case> {
    vec![
        Case(
            "deleted",
            Kind::FileMissing,
            Files(|maker| {
                fs::remove_file(maker.path(&largest(maker))).unwrap();
            }),
        ),
        Case(
            "cut",
            Kind::FileSize,
            Files(|maker| {
                change(&maker.path(&largest(maker)), |bytes| bytes.truncate(bytes.len() / 2));
            }),
        ),
        Case("emptied", Kind::FileSize, Files(|maker| maker.write(&largest(maker), b""))),
        Case(
            "longer",
            Kind::FileSize,
            Files(|maker| {
                change(&maker.path(&largest(maker)), |bytes| bytes.push(0));
            }),
        ),
        Case(
            "a bit in its data",
            Kind::FileHash,
            Files(|maker| {
                change(&maker.path(&largest(maker)), |bytes| bytes[100] ^= 1);
            }),
        ),
        Case(
            "a bit in its footer",
            Kind::FileHash,
            Files(|maker| {
                change(&maker.path(&largest(maker)), |bytes| {
                    *bytes.iter_mut().nth_back(60).unwrap() ^= 1;
                });
            }),
        ),
        Case(
            "swapped",
            Kind::FileSize,
            Files(|maker| {
                let mut paths = maker.files.keys().map(|path| maker.path("lake/events").join(path));
                let (a, b) = (paths.next().unwrap(), paths.next().unwrap());
                let kept = fs::read(&a).unwrap();
                fs::copy(&b, &a).unwrap();
                fs::write(&b, kept).unwrap();
            }),
        ),
        Case(
            "an older one in its place",
            Kind::FileSize,
            Files(|maker| {
                let older = maker.path("lake/events/dataset=main/day=2026-07-22/part-0001.parquet");
                fs::copy(older, maker.path(&largest(maker))).unwrap();
            }),
        ),
        Case(
            "renamed",
            Kind::FileUnlogged,
            Files(|maker| {
                let path = maker.path(&largest(maker));
                fs::rename(&path, path.with_file_name("part-x.parquet")).unwrap();
            }),
        ),
        Case(
            "one more",
            Kind::FileUnlogged,
            Files(|maker| {
                let path = maker.path(&largest(maker));
                fs::copy(&path, path.with_file_name("part-x.parquet")).unwrap();
            }),
        ),
        Case(
            "one more in the table's log",
            Kind::FileUnlogged,
            Files(|maker| {
                maker.write("lake/events/_delta_log/_sidecars.json", b"{}");
            }),
        ),
        Case(
            "one more under a hidden name",
            Kind::FileUnlogged,
            Files(|maker| {
                maker.write("lake/events/.hidden/x.parquet", b"PAR1");
            }),
        ),
        Case(
            "written again",
            Kind::FileSize,
            Files(|maker| {
                let path = largest(maker);
                let rows = &maker.files[path.trim_start_matches("lake/events/")];
                maker.write(&path, &parquet(&record_batch(rows), 7));
            }),
        ),
        Case(
            "an event edited by somebody",
            Kind::FileSize,
            Files(|maker| {
                rewrite(maker, |rows| rows[3].raw = b"{}".to_vec());
            }),
        ),
        Case(
            "an event removed by somebody",
            Kind::FileSize,
            Files(|maker| {
                rewrite(maker, |rows| drop(rows.remove(3)));
            }),
        ),
        Case(
            "events of a file that is gone",
            Kind::RowUnread,
            Files(|maker| {
                fs::remove_file(maker.path(&largest(maker))).unwrap();
            }),
        ),
        Case(
            "another number of rows recorded",
            Kind::FileRows,
            Writer(|maker| {
                maker.tweak.rows =
                    Some(maker.files.values().map(Vec::len).sum::<usize>() as u64 + 1);
                maker.compact(|_| {});
            }),
        ),
        Case(
            "no Parquet at all, and recorded",
            Kind::FileForm,
            Writer(|maker| {
                maker.tweak.parquet = Some(|_| b"PAR1 nothing PAR1".to_vec());
                maker.compact(|_| {});
            }),
        ),
        Case(
            "damaged before it was recorded",
            Kind::FileForm,
            Writer(|maker| {
                maker.tweak.parquet = Some(|mut bytes| {
                    bytes[4..400].fill(0xff);
                    bytes
                });
                maker.compact(|_| {});
            }),
        ),
        Case(
            "in the folder of another dataset",
            Kind::RowPartition,
            Writer(|maker| {
                maker.tweak.dataset = Some("other");
                maker.compact(|_| {});
            }),
        ),
        Case(
            "in the folder of another day",
            Kind::RowPartition,
            Writer(|maker| {
                maker.tweak.day = Some("2026-07-21");
                maker.compact(|_| {});
            }),
        ),
        Case(
            "a path out of the folder",
            Kind::FileMissing,
            Writer(|maker| {
                maker.tweak.dataset = Some("../../../x");
                maker.compact(|_| {});
            }),
        ),
    ]
}

fn commits() -> Vec<Case> {
    vec![
        Case(
            "its file deleted",
            Kind::CommitFileMissing,
            Files(|maker| {
                fs::remove_file(maker.path(&newest_commit(maker))).unwrap();
            }),
        ),
        Case(
            "its file edited",
            Kind::CommitFileDiffers,
            Files(|maker| {
                change(&maker.path(&newest_commit(maker)), |bytes| bytes.push(b'\n'));
            }),
        ),
        Case(
            "its file emptied",
            Kind::CommitFileDiffers,
            Files(|maker| {
                maker.write(&newest_commit(maker), b"");
            }),
        ),
        Case(
            "one more by somebody",
            Kind::CommitUnlogged,
            Files(|maker| {
                let name = format!("lake/events/_delta_log/{:020}.json", maker.version);
                let path = largest(maker);
                let path = path.trim_start_matches("lake/events/");
                let text = serde_json::json!({"remove": {"path": path}}).to_string();
                maker.write(&name, text.as_bytes());
            }),
        ),
        Case(
            "it hides a file from readers",
            Kind::CommitContent,
            Writer(|maker| {
                maker.tweak.delta = Some(|text| {
                    let lines = text.lines().filter(|line| !line.starts_with("{\"add\""));
                    lines.collect::<Vec<_>>().join("\n")
                });
                maker.compact(|_| {});
            }),
        ),
        Case(
            "it shows a file to readers only",
            Kind::CommitContent,
            Writer(|maker| {
                maker.tweak.delta =
                    Some(|text| text + "{\"add\":{\"path\":\"x.parquet\",\"size\":1}}\n");
                maker.compact(|_| {});
            }),
        ),
        Case(
            "it removes a file for readers only",
            Kind::CommitContent,
            Writer(|maker| {
                maker.tweak.delta = Some(|text| text + "{\"remove\":{\"path\":\"x.parquet\"}}\n");
                maker.compact(|_| {});
            }),
        ),
        Case(
            "it tells readers another size",
            Kind::CommitContent,
            Writer(|maker| {
                maker.tweak.delta = Some(|text| text.replace("\"size\":", "\"size\":1"));
                maker.compact(|_| {});
            }),
        ),
        Case(
            "a checkpoint for readers that hides a file",
            Kind::DeltaCheckpoint,
            Files(|maker| drop(maker.delta_checkpoint(&[]))),
        ),
        Case(
            "a checkpoint for readers that shows a file",
            Kind::DeltaCheckpoint,
            Files(|maker| {
                let mut paths: Vec<&str> = maker.files.keys().map(String::as_str).collect();
                paths.push("x.parquet");
                maker.delta_checkpoint(&paths);
            }),
        ),
        Case(
            "a checkpoint for readers that is damaged",
            Kind::DeltaCheckpoint,
            Files(|maker| {
                let path = maker.delta_checkpoint(&[]);
                change(&maker.path(&path), |bytes| bytes.truncate(99));
            }),
        ),
        Case(
            "a version left out",
            Kind::VersionGap,
            Writer(|maker| {
                maker.tweak.version = Some(maker.version + 1);
                maker.commit(Reason::Schema, &[], &[]);
            }),
        ),
        Case(
            "a version again",
            Kind::VersionGap,
            Writer(|maker| {
                maker.version -= 1;
                maker.compact(|_| {});
            }),
        ),
        Case(
            "it covers less",
            Kind::CoversBackwards,
            Writer(|maker| {
                maker.covers -= 1;
                maker.compact(|_| {});
            }),
        ),
        Case(
            "it removes what is not there",
            Kind::CommitReplay,
            Writer(|maker| {
                maker.commit(Reason::Compact, &["x.parquet".to_owned()], &[]);
            }),
        ),
        Case(
            "it adds what is there",
            Kind::CommitReplay,
            Writer(|maker| {
                let file = maker.facts.values().next_back().unwrap().clone();
                maker.commit(Reason::Flush, &[], &[stele_ledger::record::FileChange::Add(file)]);
            }),
        ),
        Case(
            "a flush that removes",
            Kind::CommitReason,
            Writer(|maker| {
                maker.tweak.reason = Some(Reason::Flush);
                maker.compact(|_| {});
            }),
        ),
        Case(
            "an expiry that adds",
            Kind::CommitReason,
            Writer(|maker| {
                maker.tweak.reason = Some(Reason::Expire);
                maker.compact(|_| {});
            }),
        ),
        Case(
            "a change of columns that removes",
            Kind::CommitReason,
            Writer(|maker| {
                let path = maker.files.keys().next().unwrap().clone();
                maker.commit(Reason::Schema, &[path], &[]);
            }),
        ),
        Case(
            "files left out of its list",
            Kind::PartsDiffer,
            Writer(|maker| {
                maker.tweak.parts = Some(stele_ledger::record::Parts::default());
                maker.commit(Reason::Schema, &[], &[]);
                let last = maker.entries.pop().unwrap();
                let files = stele_ledger::record::Files {
                    at_micros: maker.now,
                    table: "events".to_owned(),
                    version: maker.version,
                    part: 0,
                    changes: Vec::new(),
                };
                maker.record(&stele_ledger::record::Record::Files(files));
                maker.entries.push(last);
            }),
        ),
    ]
}

fn log() -> Vec<Case> {
    vec![
        Case(
            "the write-ahead log deleted",
            Kind::RowMissing,
            Files(|maker| {
                fs::remove_dir_all(maker.path("wal")).unwrap();
            }),
        ),
        Case(
            "damage in the write-ahead log",
            Kind::WalDamaged,
            Writer(|maker| {
                maker.batch(&sent(9, 9), &[]);
                maker.memory_to_log();
                let mut logs: Vec<_> =
                    fs::read_dir(maker.path("wal")).unwrap().map(|e| e.unwrap().path()).collect();
                logs.sort();
                let first = logs.iter().find(|path| path.extension().is_some_and(|e| e == "seg"));
                change(first.unwrap(), |bytes| bytes[100] ^= 1);
            }),
        ),
        Case(
            "an event edited in the write-ahead log",
            Kind::BatchRoot,
            Options(|maker, _| {
                maker.batch(&sent(5, 0), &[]);
                maker.memory[2].raw = b"{}".to_vec();
                maker.memory_to_log();
                maker.publish();
            }),
        ),
        Case(
            "another seed in the write-ahead log",
            Kind::SeedDiffers,
            Options(|maker, _| {
                maker.batch(&sent(5, 0), &[]);
                maker.other_seed();
                maker.memory_to_log();
                maker.same_seed();
                maker.publish();
            }),
        ),
    ]
}
