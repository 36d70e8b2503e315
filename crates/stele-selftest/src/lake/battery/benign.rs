//! What is in order, and must not be called otherwise.

use std::sync::Arc;

use stele_ledger::key::Signer;
use stele_ledger::record::Deed;
use stele_verify::lake::Depth;

use super::How::{Files, Options, Writer};
use super::past::anchor;
use super::{Expected, How, Unclassed, checkpoint};
use crate::Class;
use crate::lake::maker::Maker;
use crate::lake::standard::sent;

const fn benign(name: &'static str, how: How) -> Unclassed {
    (name, Expected::Nothing, how)
}

pub(super) const CASES: &[(Class, Unclassed)] = &[
    (Class::File, benign("in another place", Files(|_| Ok(())))),
    (
        Class::File,
        benign(
            "not a row read",
            Options(|_, options| {
                options.depth = Depth::Quick;
                Ok(())
            }),
        ),
    ),
    (
        Class::File,
        benign(
            "what can be made again is gone",
            Files(|maker: &Maker| {
                for name in ["lake/_ledger/1/writer-state.json", "wal/readers.json", "README.md"] {
                    if maker.path(name).exists() {
                        std::fs::remove_file(maker.path(name))?;
                    }
                }
                Ok(())
            }),
        ),
    ),
    (
        Class::Table,
        benign(
            "a checkpoint for readers that lists the files",
            Files(|maker| {
                let paths: Vec<&str> = maker.files.keys().map(String::as_str).collect();
                maker.delta_checkpoint(&paths)?;
                Ok(())
            }),
        ),
    ),
    (
        Class::Log,
        benign(
            "more in the write-ahead log",
            Writer(|maker| {
                maker.batch(&sent(5, 9), &[3])?;
                maker.memory_to_log()
            }),
        ),
    ),
    (
        Class::Compactor,
        benign(
            "more events, and a compaction",
            Writer(|maker| {
                maker.batch(&sent(5, 9), &[3])?;
                maker.flush()?;
                maker.compact()
            }),
        ),
    ),
    (
        Class::Ledger,
        benign(
            "a crash, and a start",
            Writer(|maker| {
                maker.tick(300);
                maker.start("r3")
            }),
        ),
    ),
    (
        Class::Ledger,
        benign(
            "a stop, and a start",
            Writer(|maker| {
                maker.stop()?;
                maker.tick(300);
                maker.start("r3")
            }),
        ),
    ),
    (
        Class::Ledger,
        benign(
            "sources numbered anew",
            Writer(|maker| {
                maker.act(Deed::Renumber {})?;
                maker.next_of.clear();
                maker.batch(&sent(5, 5), &[])?;
                maker.flush()
            }),
        ),
    ),
    (
        Class::Keys,
        benign(
            "another key that this one announced",
            Options(|maker, _| {
                let next = maker.other_signer()?;
                let replaces = Some(maker.signer.key().to_string());
                maker.act(Deed::Key { key: next.key().to_string(), replaces })?;
                maker.publish()?;
                maker.archive()?;
                maker.signer = Arc::new(next);
                maker.batch(&sent(2, 1), &[])?;
                maker.flush()?;
                maker.publish()
            }),
        ),
    ),
    (
        Class::Checkpoint,
        benign(
            "a witness has signed, and is asked",
            Options(|maker, options| {
                checkpoint::ask(options)?;
                checkpoint::sign(maker)
            }),
        ),
    ),
    (
        Class::Rollback,
        benign(
            "a checkpoint is kept, and more has come",
            Options(|maker, options| {
                anchor(maker, options)?;
                maker.batch(&sent(2, 1), &[])?;
                maker.flush()?;
                maker.publish()
            }),
        ),
    ),
    (
        Class::Rollback,
        benign(
            "only what is newer is read",
            Options(|maker, options| {
                anchor(maker, options)?;
                options.since = options.anchors.take().map(|folder| folder.join("a"));
                maker.batch(&sent(2, 1), &[])?;
                maker.flush()?;
                maker.publish()
            }),
        ),
    ),
    (
        Class::Policy,
        benign(
            "erased and expired by the rules",
            Writer(|maker| {
                maker.erase(|rows, gone| rows.retain(|row| !gone(row)))?;
                maker.expire(|rows, gone| rows.retain(|row| !gone(row)))?;
                maker.compact()
            }),
        ),
    ),
];
