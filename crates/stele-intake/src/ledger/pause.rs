//! When a signer is asked again that is away or refuses: soon at first, then less often. Nothing
//! is lost meanwhile: what is acknowledged stays in the write-ahead log.

use stele_ledger::Error;

use super::LedgerError;

/// It is asked so often at the least, in µs.
const PAUSE_MICROS_MAX: i64 = 30_000_000;

/// Since when there is no signature, and when to ask next.
#[derive(Debug, Default)]
pub(super) struct Pause {
    failures: u32,
    since_micros: i64,
    asked_micros: i64,
    reason: Option<(bool, String)>,
}

/// How it stands with the signature.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SignerStatus {
    /// `file`, or where the signer is reached.
    pub place: String,
    /// Whether it signs.
    pub signs: bool,
    /// Whether it is there and will not sign: then asking again does not help.
    pub refuses: bool,
    /// Since when it does not, in µs since the epoch.
    pub since_micros: Option<i64>,
    /// Why not.
    pub reason: Option<String>,
}

impl Pause {
    /// Lets a call through when it is time to ask.
    pub(super) fn check(&self, now_micros: i64, origin: &str) -> Result<(), LedgerError> {
        let Some((refuses, reason)) = &self.reason else { return Ok(()) };
        let pause = PAUSE_MICROS_MAX.min(1_000_000 << self.failures.min(6));
        // A clock that was put back must not hold it up for ever.
        if (now_micros - self.asked_micros).abs() >= pause {
            return Ok(());
        }
        let (name, reason) = (origin.to_owned(), reason.clone());
        Err(LedgerError::Signer(match refuses {
            true => Error::SignerRefused { name, reason },
            false => Error::Signer { name, reason },
        }))
    }

    /// Notes how it went.
    pub(super) fn note<T>(
        &mut self,
        now_micros: i64,
        result: Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let (refuses, reason) = match &result {
            Err(LedgerError::Signer(Error::Signer { reason, .. })) => (false, reason),
            Err(LedgerError::Signer(Error::SignerRefused { reason, .. })) => (true, reason),
            _ => {
                *self = Self::default();
                return result;
            }
        };
        if self.reason.is_none() {
            self.since_micros = now_micros;
        }
        self.failures += 1;
        self.asked_micros = now_micros;
        self.reason = Some((refuses, reason.clone()));
        result
    }

    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.as_ref().map(|(_, reason)| &reason[..])
    }

    pub(super) fn status(&self, place: String) -> SignerStatus {
        let refuses = self.reason.as_ref().is_some_and(|(refuses, _)| *refuses);
        SignerStatus {
            place,
            signs: self.reason.is_none(),
            refuses,
            since_micros: self.reason.as_ref().map(|_| self.since_micros),
            reason: self.reason().map(str::to_owned),
        }
    }
}
