//! How often and how fast: what is tried again, how long to wait, how many at once.
//!
//! Up to eight attempts for throttling and faults of the other side, with full jitter. Denied is
//! never tried again. Where nobody knows whether AWS did what it was asked (no answer, half of one,
//! a fault), only what may be done twice is tried again ([`Call::repeatable`]). The number of calls
//! in flight per service and region grows by one with each round of answers and halves when AWS
//! throttles.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stele_event::runtime::Entropy;
use tokio::sync::Notify;

use crate::call::{Call, Failure};

/// AWS's own default of three gives up too early where many calls are made at once.
pub(crate) const ATTEMPTS_MAX: u32 = 8;
/// No answer in time, or nobody there: waiting longer seldom helps.
pub(crate) const SILENT_ATTEMPTS_MAX: u32 = 3;
const WAIT_FIRST_MS: u64 = 100;
const WAIT_MAX_MS: u64 = 10_000;

/// Codes of a fault by which AWS says that it did not begin.
const NOT_BEGUN: &[&str] = &["ServiceUnavailable", "ServiceUnavailableException", "Unavailable"];

/// Whether and how an attempt that failed is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    No,
    /// AWS answered, and may answer better later.
    Waiting,
    /// AWS did not answer.
    Silent,
}

impl Again {
    /// How many attempts there are.
    pub(crate) fn attempts_max(self) -> u32 {
        match self {
            Self::No => 0,
            Self::Waiting => ATTEMPTS_MAX,
            Self::Silent => SILENT_ATTEMPTS_MAX,
        }
    }

    /// After AWS refused.
    pub(crate) fn after_refusal(call: &Call, failure: Failure, code: &str, status: u16) -> Self {
        match failure {
            // What is throttled was not begun.
            Failure::Throttled => Self::Waiting,
            Failure::Unsupported | Failure::Denied | Failure::NotFound => Self::No,
            Failure::Timeout | Failure::Other if status < 500 => Self::No,
            Failure::Timeout | Failure::Other => {
                let begun = status != 503 || !NOT_BEGUN.contains(&code);
                if begun && !call.repeatable() { Self::No } else { Self::Waiting }
            }
        }
    }

    /// Where there is no answer that can be read: `sent` is whether AWS can have got the request.
    pub(crate) fn after_silence(call: &Call, sent: bool) -> Self {
        if sent && !call.repeatable() { Self::No } else { Self::Silent }
    }
}

/// How long to wait before the attempt after this one: between nothing and twice as much each time.
pub(crate) fn wait(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let most = WAIT_FIRST_MS.saturating_mul(1 << attempt.min(16)).min(WAIT_MAX_MS);
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    Duration::from_millis(u64::from_le_bytes(bytes) % (most + 1))
}

/// Limits of the calls in flight, one for each service and region.
#[derive(Debug)]
pub(crate) struct Paces {
    at_most: f64,
    paces: Mutex<HashMap<(String, String), Arc<Pace>>>,
}

/// One limit.
#[derive(Debug)]
pub(crate) struct Pace {
    at_most: f64,
    state: Mutex<PaceState>,
    freed: Notify,
}

#[derive(Debug)]
struct PaceState {
    limit: f64,
    in_flight: f64,
}

/// A call in flight.
#[derive(Debug)]
pub(crate) struct Place(Arc<Pace>);

impl Paces {
    pub(crate) fn new(at_most: usize) -> Self {
        Self { at_most: at_most.max(1) as f64, paces: Mutex::new(HashMap::new()) }
    }

    pub(crate) fn of(&self, service: &str, region: &str) -> Arc<Pace> {
        let key = (service.to_owned(), region.to_owned());
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = paces.entry(key).or_insert_with(|| Arc::new(Pace::new(self.at_most)));
        Arc::clone(pace)
    }
}

impl Pace {
    fn new(at_most: f64) -> Self {
        let state = Mutex::new(PaceState { limit: at_most, in_flight: 0.0 });
        Self { at_most, state, freed: Notify::new() }
    }

    /// Waits for a place.
    pub(crate) async fn place(self: &Arc<Self>) -> Place {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if state.in_flight + 1.0 <= state.limit.max(1.0) {
                    state.in_flight += 1.0;
                    return Place(Arc::clone(self));
                }
            }
            freed.await;
        }
    }

    /// AWS answered.
    pub(crate) fn faster(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit = (state.limit + 1.0 / state.limit.max(1.0)).min(self.at_most);
    }

    /// AWS throttled.
    pub(crate) fn slower(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit = (state.limit / 2.0).max(1.0);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_flight -= 1.0;
        drop(state);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use stele_event::runtime::SeededEntropy;

    use super::*;
    use crate::operation;

    #[test]
    fn what_may_have_been_done_is_not_done_again() {
        let call = |id: &str| Call {
            operation: operation::find(id).unwrap(),
            region: "eu-west-1".to_owned(),
            params: serde_json::Map::new(),
        };
        let read = call("cloudtrail:DescribeTrails");
        let twice = call("cloudtrail:StartLogging");
        let once = call("cloudtrail:CreateTrail");
        for (code, status, of_others, of_once) in [
            ("ThrottlingException", 400, Again::Waiting, Again::Waiting),
            ("http-429", 429, Again::Waiting, Again::Waiting),
            ("SlowDown", 503, Again::Waiting, Again::Waiting),
            ("ServiceUnavailable", 503, Again::Waiting, Again::Waiting),
            ("ServiceUnavailable", 500, Again::Waiting, Again::No),
            ("http-503", 503, Again::Waiting, Again::No),
            ("http-502", 502, Again::Waiting, Again::No),
            ("InternalFailure", 500, Again::Waiting, Again::No),
            ("ValidationException", 400, Again::No, Again::No),
            ("AccessDenied", 403, Again::No, Again::No),
            ("NoSuchBucket", 404, Again::No, Again::No),
            ("NotImplemented", 501, Again::No, Again::No),
        ] {
            let failure = Failure::of(code, status);
            let after = |call| Again::after_refusal(call, failure, code, status);
            let found = (after(&read), after(&twice), after(&once));
            assert_eq!(found, (of_others, of_others, of_once), "{code} {status}");
        }
        for (sent, of_once) in [(true, Again::No), (false, Again::Silent)] {
            let after = |call| Again::after_silence(call, sent);
            let found = (after(&read), after(&twice), after(&once));
            assert_eq!(found, (Again::Silent, Again::Silent, of_once), "{sent}");
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let entropy = SeededEntropy::new(7);
        for attempt in 1..40 {
            let most = (WAIT_FIRST_MS << attempt.min(16)).min(WAIT_MAX_MS);
            assert!(wait(attempt, &entropy) <= Duration::from_millis(most));
        }
    }

    #[test]
    fn throttling_halves_and_answers_grow() {
        let paces = Paces::new(8);
        let pace = paces.of("ec2", "eu-west-1");
        let limit = || pace.state.lock().unwrap().limit;
        pace.slower();
        assert!((limit() - 4.0).abs() < 0.01);
        for _ in 0..20 {
            pace.slower();
        }
        assert!((limit() - 1.0).abs() < 0.01, "one call is always allowed");
        for _ in 0..200 {
            pace.faster();
        }
        assert!((limit() - 8.0).abs() < 0.01, "never more than was asked for");
    }
}
