//! Up to where witnesses have signed: in the newest checkpoint, or in one that was kept and fits.
//!
//! Checkpoints are signed each second and witnessed each minute, so that the newest is hardly ever
//! witnessed. A kept one that is, and that the ledger begins with, vouches for its beginning; how
//! old it may be at the end of the ledger is an option.

use serde::Serialize;
use stele_ledger::Error as LedgerError;
use stele_ledger::note::Note;

use super::Context;
use super::finding::{Finding, Kind};
use super::kept::Kept;
use super::report::shown;

/// A checkpoint that enough witnesses have signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// How many entries it covers.
    pub size: u64,
    /// When enough had signed, by their clocks, in seconds since the epoch.
    pub time_seconds: u64,
    /// Who.
    pub witnesses: Vec<String>,
}

/// Looks for the largest witnessed checkpoint, and says what is wrong with it.
pub(super) fn judge<'k>(
    ctx: &Context<'_>,
    (name, size, note): (&str, u64, &Note),
    kept: impl Iterator<Item = &'k Kept>,
    end_micros: i64,
) -> Option<Witnessed> {
    let policy = &ctx.options.witnesses;
    if policy.witnesses().is_empty() {
        return None;
    }
    let mut found: Option<Witnessed> = None;
    let mut most = 0;
    let kept = kept.map(|one| (one.name.as_str(), one.size(), &one.note));
    for (name, size, note) in std::iter::once((name, size, note)).chain(kept) {
        match of_note(ctx, size, note) {
            Ok(one) if found.as_ref().is_none_or(|before| before.size < size) => found = Some(one),
            Ok(_) => {}
            Err(LedgerError::TooFewWitnesses { found, .. }) => most = most.max(found),
            Err(error) => {
                let finding = Finding::new(Kind::WitnessSignature).object(name);
                ctx.findings.find(finding.detail(error.to_string()));
            }
        }
    }
    let needed = policy.needed();
    let find = |kind: Kind, detail: String| {
        ctx.findings.find(Finding::new(kind).object(name).detail(detail));
    };
    match &found {
        _ if needed == 0 => {}
        None if ctx.findings.has(Kind::WitnessSignature) => {}
        None => {
            let error = LedgerError::TooFewWitnesses { found: most, needed };
            find(Kind::WitnessMissing, error.to_string());
        }
        Some(one) if one.size == size => {}
        Some(one) => {
            let micros = i64::try_from(one.time_seconds).unwrap_or(i64::MAX);
            let micros = micros.saturating_mul(1_000_000);
            if end_micros.saturating_sub(micros) > ctx.options.witness_lag_micros_max {
                let (until, end) = (shown(micros), shown(end_micros));
                let size = one.size;
                let detail =
                    format!("witnessed up to entry {size} at {until}; the ledger ends at {end}");
                find(Kind::WitnessBehind, detail);
            }
        }
    }
    found
}

fn of_note(ctx: &Context<'_>, size: u64, note: &Note) -> Result<Witnessed, LedgerError> {
    let policy = &ctx.options.witnesses;
    let signed = policy.check(note)?;
    Ok(Witnessed {
        size,
        time_seconds: policy.witnessed_seconds(note)?.unwrap_or(0),
        // In the order in which they were given, not in that of their answers.
        witnesses: policy
            .witnesses()
            .iter()
            .filter(|key| signed.iter().any(|one| one.key == *key))
            .map(|key| key.name().to_owned())
            .collect(),
    })
}
