//! Files of the table, in the hands of somebody without the key.

use std::fs;

use stele_verify::lake::Kind;

use super::{Unclassed, change, files, largest};
use crate::Error;
use crate::lake::rows::{parquet, record_batch};

pub(super) const CASES: &[Unclassed] = &[
    files("deleted", Kind::FileMissing, |maker| Ok(fs::remove_file(maker.path(&largest(maker)?))?)),
    files("events of a file that is gone", Kind::RowUnread, |maker| {
        Ok(fs::remove_file(maker.path(&largest(maker)?))?)
    }),
    files("cut", Kind::FileSize, |maker| {
        change(&maker.path(&largest(maker)?), |bytes| bytes.truncate(bytes.len() / 2))
    }),
    files("emptied", Kind::FileSize, |maker| maker.write(&largest(maker)?, b"")),
    files("longer", Kind::FileSize, |maker| {
        change(&maker.path(&largest(maker)?), |bytes| bytes.push(0))
    }),
    files("a bit in its data", Kind::FileHash, |maker| {
        change(&maker.path(&largest(maker)?), |bytes| bytes[100] ^= 1)
    }),
    files("a bit in its footer", Kind::FileHash, |maker| {
        change(&maker.path(&largest(maker)?), |bytes| {
            let at = bytes.len() - 60;
            bytes[at] ^= 1;
        })
    }),
    files("the length of its footer", Kind::FileHash, |maker| {
        change(&maker.path(&largest(maker)?), |bytes| {
            let at = bytes.len() - 8;
            bytes[at..at + 4].fill(0xff);
        })
    }),
    files("its bytes set to zero", Kind::FileHash, |maker| {
        change(&maker.path(&largest(maker)?), |bytes| bytes.fill(0))
    }),
    files("exchanged with another", Kind::FileSize, |maker| {
        let mut paths = maker.files.keys().map(|path| maker.path("lake/events").join(path));
        let (Some(a), Some(b)) = (paths.next(), paths.next()) else {
            return Err(Error::Lacks("second file of the table"));
        };
        let kept = fs::read(&a)?;
        fs::copy(&b, &a)?;
        Ok(fs::write(&b, kept)?)
    }),
    files("an older one in its place", Kind::FileSize, |maker| {
        let mut replaced = maker.facts.keys().filter(|path| !maker.files.contains_key(*path));
        let older = replaced.find_map(|path| fs::read(maker.path("lake/events").join(path)).ok());
        let older = older.ok_or(Error::Lacks("file that a compaction has replaced"))?;
        maker.write(&largest(maker)?, &older)
    }),
    files("renamed", Kind::FileUnlogged, |maker| {
        let path = maker.path(&largest(maker)?);
        Ok(fs::rename(&path, path.with_file_name("part-x.parquet"))?)
    }),
    files("one more", Kind::FileUnlogged, |maker| {
        let path = maker.path(&largest(maker)?);
        fs::copy(&path, path.with_file_name("part-x.parquet"))?;
        Ok(())
    }),
    files("one more in another partition", Kind::FileUnlogged, |maker| {
        let bytes = fs::read(maker.path(&largest(maker)?))?;
        maker.write("lake/events/dataset=main/day=2001-07-21/part-x.parquet", &bytes)
    }),
    files("one more that looks half written", Kind::FileUnlogged, |maker| {
        maker.write("lake/events/x.parquet#77", b"PAR1")
    }),
    files("one more in the table's log", Kind::FileUnlogged, |maker| {
        maker.write("lake/events/_delta_log/_sidecars.json", b"{}")
    }),
    files("one more under a hidden name", Kind::FileUnlogged, |maker| {
        maker.write("lake/events/.hidden/x.parquet", b"PAR1")
    }),
    files("written again with the same rows", Kind::FileSize, |maker| {
        let rows = &maker.files[&maker.largest()?];
        maker.write(&largest(maker)?, &parquet(&record_batch(rows)?, 7)?)
    }),
];
