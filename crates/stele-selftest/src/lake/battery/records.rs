//! Records that contradict each other, signed by the writer or by whoever has its key.

use stele_ledger::hash::Hash;
use stele_ledger::record::{Act, Beat, Deed, Parts, Record};
use stele_verify::lake::Kind;

use super::{Unclassed, options, writer};
use crate::lake::standard::sent;

pub(super) const CASES: &[Unclassed] = &[
    writer("a time before the last", Kind::TimeBackwards, |maker| {
        maker.now -= 60_000_000;
        maker.batch(&[], &[])?;
        Ok(())
    }),
    writer("events of a source left out", Kind::SequenceGap, |maker| {
        maker.tweak.first = maker.next_of.get("trail").map(|next| next + 1);
        maker.batch(&sent(4, 0)[..1], &[])?;
        maker.flush()
    }),
    writer("events of a source counted twice", Kind::SequenceOverlap, |maker| {
        maker.tweak.first = maker.next_of.get("trail").map(|next| next - 1);
        maker.batch(&sent(4, 0)[..1], &[])?;
        maker.flush()
    }),
    writer("a batch twice", Kind::BatchTwice, |maker| {
        maker.next_batch -= 1;
        maker.batch(&[], &[])?;
        Ok(())
    }),
    writer("a dropped event that was none", Kind::BatchSums, |maker| {
        maker.tweak.duplicates = Some(1);
        maker.batch(&sent(4, 0)[..1], &[])?;
        maker.flush()
    }),
    writer("a receipt left out", Kind::PartsDiffer, |maker| {
        maker.batch(&sent(4, 0)[..1], &[])?;
        let batch = maker.entries.pop();
        maker.entries.pop();
        maker.entries.extend(batch);
        maker.flush()
    }),
    writer("other receipts", Kind::PartsDiffer, |maker| {
        maker.tweak.parts = Some(Parts::default());
        maker.batch(&sent(4, 0)[..1], &[])?;
        maker.flush()
    }),
    writer("receipts without their batch", Kind::PartsDiffer, |maker| {
        maker.batch(&sent(4, 0)[..1], &[])?;
        maker.entries.pop();
        maker.memory.clear();
        Ok(())
    }),
    writer("a root that is none of its events", Kind::BatchRoot, |maker| {
        maker.tweak.root = Some(Hash::of(b"x"));
        maker.batch(&sent(4, 0)[..1], &[])?;
        maker.flush()
    }),
    writer("a batch without its events", Kind::RowMissing, |maker| {
        maker.batch(&sent(4, 0)[..1], &[])?;
        maker.memory.clear();
        Ok(())
    }),
    writer("a record in another form", Kind::RecordForm, |maker| {
        maker.entries.push(b"{\"v\":1,\"t\":\"beat\", \"at\":1}".to_vec());
        Ok(())
    }),
    writer("a record of a newer version", Kind::RecordNewer, |maker| {
        maker.entries.push(b"{\"v\":2,\"t\":\"beat\"}".to_vec());
        Ok(())
    }),
    writer("a sign of life left out", Kind::BeatGap, |maker| {
        maker.beats += 1;
        maker.beat()
    }),
    writer("silence in a run", Kind::Silence, |maker| {
        maker.tick(90);
        maker.beat()
    }),
    writer("a sign of life after the stop", Kind::RunOrder, |maker| {
        maker.stop()?;
        maker.beat()
    }),
    writer("a run that starts twice", Kind::RunOrder, |maker| maker.start(&maker.run.clone())),
    writer("a sign of another run", Kind::RunOrder, |maker| {
        let beat = Beat {
            at_micros: maker.now,
            run: "rx".to_owned(),
            beat: 2,
            events: 0,
            sequence: 0,
            backlog_bytes: 0,
            version: 0,
        };
        maker.record(&Record::Beat(beat))
    }),
    options("an end before its time", Kind::SilentAtEnd, |maker, options| {
        options.until_micros = Some(maker.now + 600_000_000);
        Ok(())
    }),
    writer("a crash", Kind::CrashGap, |maker| {
        maker.tick(5);
        maker.start("r3")
    }),
    writer("a key that is none", Kind::RecordForm, |maker| {
        let deed = Deed::Key { key: "x".to_owned(), replaces: None };
        maker.record(&Record::Act(Act { at_micros: maker.now, by: "x".to_owned(), deed }))
    }),
];
