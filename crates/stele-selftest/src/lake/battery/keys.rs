//! Whoever has another key than the ledger's, and whoever has stolen it.

use stele_ledger::key::Signer;
use stele_ledger::record::{Deed, Record};
use stele_verify::lake::Kind;

use super::How::Writer;
use super::past::{anchor, forget};
use super::{Done, Expected, Unclassed, checkpoint, files, options};
use crate::Error;
use crate::lake::maker::Maker;

/// Another past: the last act is dated a moment later. Nothing is written yet.
pub(super) fn rewrite_past(maker: &mut Maker) -> Done {
    for entry in maker.entries.iter_mut().rev() {
        if let Record::Act(mut act) = Record::decode(entry)? {
            act.at_micros += 1;
            *entry = Record::Act(act).encode()?;
            return Ok(());
        }
    }
    Err(Error::Lacks("act in its ledger"))
}

/// Another past, signed with the ledger's key, and every checkpoint in the folder with it.
pub(super) fn rewritten(maker: &mut Maker) -> Done {
    forget(maker)?;
    rewrite_past(maker)?;
    maker.publish_all()
}

fn by_another_key(maker: &Maker, change: fn(&mut Maker) -> Done) -> Done {
    let mut forger = maker.clone();
    forget(maker)?;
    change(&mut forger)?;
    let other = maker.other_signer()?;
    forger.publish_all_by(&other)
}

/// The last one is the limit, as the documents say it: whoever has the key and every copy of the
/// checkpoint can write another past. Witnesses and anchors are against that.
pub(super) const CASES: &[Unclassed] = &[
    files("all signed with another key", Kind::CheckpointUnsigned, |maker| {
        by_another_key(maker, |_| Ok(()))
    }),
    files("the past rewritten and signed with another key", Kind::CheckpointUnsigned, |maker| {
        by_another_key(maker, rewrite_past)
    }),
    files("another key that announces itself", Kind::CheckpointUnsigned, |maker| {
        by_another_key(maker, |forger| {
            let key = forger.other_signer()?.key().to_string();
            let replaces = Some(forger.signer.key().to_string());
            forger.act(Deed::Key { key, replaces })
        })
    }),
    files("the keys in the folder exchanged too", Kind::CheckpointUnsigned, |maker| {
        let key = maker.other_signer()?.key().to_string();
        maker.write("keys/ledger.keys", format!("{key}\n").as_bytes())?;
        maker.write("README.md", key.as_bytes())?;
        by_another_key(maker, rewrite_past)
    }),
    options("stolen, and an anchor is kept elsewhere", Kind::Fork, |maker, options| {
        anchor(maker, options)?;
        rewritten(maker)
    }),
    options("stolen, and a checkpoint is kept by the verifier", Kind::Fork, |maker, options| {
        anchor(maker, options)?;
        options.since = options.anchors.take().map(|folder| folder.join("a"));
        rewritten(maker)
    }),
    options("stolen, and a witness is asked", Kind::WitnessMissing, |maker, options| {
        checkpoint::ask(options)?;
        checkpoint::sign(maker)?;
        rewritten(maker)
    }),
    options(
        "stolen, and a witness signed the past before",
        Kind::WitnessSignature,
        |m, options| {
            checkpoint::ask(options)?;
            checkpoint::sign(m)?;
            let witnessed = std::fs::read_to_string(m.ledger("checkpoint"))?;
            rewritten(m)?;
            let signed = std::fs::read_to_string(m.ledger("checkpoint"))?;
            let line = witnessed.lines().last().unwrap_or_default();
            Ok(std::fs::write(m.ledger("checkpoint"), format!("{signed}{line}\n"))?)
        },
    ),
    ("stolen, with no anchor and no witness", Expected::Limit, Writer(rewritten)),
];
