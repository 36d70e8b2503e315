//! Random histories of a server that does what it should, with kills at any moment. Whatever comes
//! of it, nothing may be raised.
//!
//! The same seed gives the same steps and limits; at which instruction a kill strikes is up to the
//! machine. Every history ends with a start, which is the repair, a stop, and a verification: all
//! must be verified, by the first key alone. After each kill the folder is verified as it lies
//! there: nothing may differ, though what was committed in the last moment may still wait for its
//! record, which is `incomplete` and called so.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Serialize;
use stele_verify::lake::{Depth, Kind, Options, Outcome, Report, Severity, verify};

use super::lake::{calls, conflicts, flows, notes};
use super::worker::{Body, Limits, Order, Stored};
use super::working::Working;
use crate::generate::random::Random;

/// What histories did, altogether.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Done {
    /// Steps.
    pub(crate) steps: u64,
    /// Kills.
    pub(crate) kills: u64,
    /// Kills while an order was being done.
    pub(crate) kills_at_work: u64,
    /// Stops in good order.
    pub(crate) stops: u64,
    /// Compactions.
    pub(crate) compactions: u64,
    /// Changes of the key.
    pub(crate) key_changes: u64,
    /// Events that were acknowledged as stored.
    pub(crate) events: u64,
    /// Events that were known already.
    pub(crate) duplicates: u64,
    /// Verifications.
    pub(crate) verifications: u64,
}

impl Done {
    /// Adds up.
    pub(crate) fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.kills += other.kills;
        self.kills_at_work += other.kills_at_work;
        self.stops += other.stops;
        self.compactions += other.compactions;
        self.key_changes += other.key_changes;
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.verifications += other.verifications;
    }
}

/// What is done next.
#[derive(Debug, Clone)]
enum Step {
    Order(Order),
    /// Kill it while it does something, after so many microseconds; or while it idles.
    Kill {
        at: Option<Order>,
        after_micros: u64,
    },
    /// Kill it, and once more so many microseconds into the next start.
    KillStart {
        after_micros: u64,
    },
    /// Stop it in good order.
    Stop,
    Pause {
        millis: u64,
    },
}

/// Lives through the history of a number; what it says where something is raised names the step.
pub(crate) fn live(folder: &Path, seed: u64, number: u64) -> anyhow::Result<Done> {
    let mut random = Random::stream(seed, "selftest history", number);
    let limits = limits(&mut random);
    let mut next = [0; 3];
    let count = 4 + random.below(12);
    let steps: Vec<Step> = (0..count).map(|_| step(&mut random, &mut next)).collect();
    let mut life =
        Life { folder, limits, done: Done::default(), sent: 0, working: None, opened: false };
    for (at, step) in steps.iter().enumerate() {
        life.take(step).with_context(|| format!("step {} of {count}, {}", at + 1, told(step)))?;
    }
    life.stop().context("at the end")?;
    Ok(life.done)
}

fn limits(random: &mut Random) -> Limits {
    Limits {
        batch_events_max: *random.pick(&[5, 40, 10_000]),
        batch_age_max_ms: *random.pick(&[1, 30, 1_000]),
        segment_bytes: *random.pick(&[16 << 10, 1 << 20]),
        memtable_bytes_max: *random.pick(&[32 << 10, 96 << 20]),
        compact_files_min: *random.pick(&[2, 8]),
        retired_grace_ms: *random.pick(&[0, 3_600_000]),
    }
}

fn step(random: &mut Random, next: &mut [u64; 3]) -> Step {
    match random.weighted(&[44, 10, 12, 6, 8, 12, 4, 4]) {
        0 => Step::Order(Order::Ingest(body(random, next))),
        1 => Step::Order(Order::Flush),
        2 => Step::Order(Order::Compact),
        3 => Step::Order(Order::RotateKey),
        4 => Step::Stop,
        5 => {
            let at = match random.weighted(&[30, 30, 12, 12, 6, 10]) {
                0 => None,
                1 => Some(Order::Ingest(body(random, next))),
                2 => Some(Order::Flush),
                3 => Some(Order::Compact),
                4 => Some(Order::RotateKey),
                _ => Some(Order::Close),
            };
            Step::Kill { at, after_micros: random.below(60_000) }
        }
        6 => Step::KillStart { after_micros: random.below(400_000) },
        _ => Step::Pause { millis: random.below(400) },
    }
}

/// A body of new events, of events that were sent before, or of both.
fn body(random: &mut Random, next: &mut [u64; 3]) -> Body {
    let which = random.weighted(&[50, 30, 20]);
    let first = if random.percent(25) { random.below(next[which] + 1) } else { next[which] };
    let numbers = first..first + 1 + random.below(30);
    next[which] = next[which].max(numbers.end);
    match which {
        0 if random.percent(15) => conflicts(numbers),
        0 => calls(numbers),
        1 => flows(numbers),
        _ => notes(numbers),
    }
}

fn told(step: &Step) -> String {
    let order = |order: &Order| match order {
        Order::Ingest(body) => format!("{} lines of {}", body.text.lines().count(), body.format),
        other => format!("{other:?}"),
    };
    match step {
        Step::Order(one) => order(one),
        Step::Kill { at: None, .. } => "a kill".to_owned(),
        Step::Kill { at: Some(one), after_micros } => {
            format!("a kill {after_micros} µs into {}", order(one))
        }
        Step::KillStart { after_micros } => format!("a kill {after_micros} µs into a start"),
        Step::Stop => "a stop".to_owned(),
        Step::Pause { millis } => format!("a pause of {millis} ms"),
    }
}

struct Life<'a> {
    folder: &'a Path,
    limits: Limits,
    done: Done,
    /// Events in bodies that may have been stored.
    sent: u64,
    working: Option<Working>,
    /// Whether the folder was ever open: before, it may be half made.
    opened: bool,
}

impl Life<'_> {
    fn working(&mut self) -> anyhow::Result<&mut Working> {
        let working = match self.working.take() {
            Some(working) => working,
            None => Working::start(self.folder, self.limits)?,
        };
        self.opened = true;
        Ok(self.working.insert(working))
    }

    fn take(&mut self, step: &Step) -> anyhow::Result<()> {
        self.done.steps += 1;
        match step {
            Step::Order(order) => {
                self.sending(order);
                let answer = self.working()?.order(order)?;
                self.answered(order, answer)?;
            }
            Step::Stop => self.stop()?,
            Step::Pause { millis } => {
                self.working()?;
                std::thread::sleep(Duration::from_millis(*millis));
            }
            Step::Kill { at, after_micros } => {
                self.working()?;
                let Some(mut working) = self.working.take() else { return Ok(()) };
                if let Some(order) = at {
                    self.sending(order);
                    self.done.kills_at_work += 1;
                    working.tell(order)?;
                }
                std::thread::sleep(Duration::from_micros(*after_micros));
                let answer = working.kill()?;
                self.done.kills += 1;
                if let (Some(order), Some(answer)) = (at, answer) {
                    self.answered(order, answer)?;
                }
                self.verify_killed()?;
            }
            Step::KillStart { after_micros } => {
                if let Some(working) = self.working.take() {
                    working.kill()?;
                    self.done.kills += 1;
                }
                let mut working = Working::spawn(self.folder)?;
                working.tell(&Order::Open(self.limits))?;
                std::thread::sleep(Duration::from_micros(*after_micros));
                working.kill()?;
                self.done.kills += 1;
                self.done.kills_at_work += 1;
                if self.opened {
                    self.verify_killed()?;
                }
            }
        }
        Ok(())
    }

    fn sending(&mut self, order: &Order) {
        if let Order::Ingest(body) = order {
            self.sent += body.text.lines().count() as u64;
        }
    }

    fn answered(&mut self, order: &Order, answer: serde_json::Value) -> anyhow::Result<()> {
        match order {
            Order::Ingest(_) => {
                let Stored { stored, duplicates } = serde_json::from_value(answer)?;
                self.done.events += stored;
                self.done.duplicates += duplicates;
            }
            Order::Compact => self.done.compactions += 1,
            Order::RotateKey => self.done.key_changes += 1,
            Order::Open(_) | Order::Flush | Order::Await { .. } | Order::Close => {}
        }
        Ok(())
    }

    /// Nothing may be raised over what lies there, but that a commit or the batch of its rows waits
    /// for its record.
    fn verify_killed(&mut self) -> anyhow::Result<()> {
        const WAITS: [Kind; 2] = [Kind::CommitPending, Kind::RowUnrecorded];
        let report = self.verify(Depth::Sampled { one_in: 4 })?;
        let waits = |kind: &Kind| kind.severity() == Severity::Note || WAITS.contains(kind);
        if !report.counts.keys().all(waits) {
            bail!("something is raised after the kill:\n{report}");
        }
        Ok(())
    }

    /// A start, which repairs what a kill has left; a stop; and nothing may be raised.
    fn stop(&mut self) -> anyhow::Result<()> {
        self.working()?;
        if let Some(working) = self.working.take() {
            working.close()?;
        }
        self.done.stops += 1;
        let report = self.verify(Depth::Deep)?;
        let raised = report.counts.keys().any(|kind| kind.severity() > Severity::Note);
        if raised || report.outcome != Outcome::Verified {
            bail!("something is raised:\n{report}");
        }
        let (rows, acknowledged) = (report.verified.rows, self.done.events);
        let rows = rows + report.verified.rows_in_log;
        if rows < acknowledged || rows > self.sent {
            let sent = self.sent;
            bail!("{acknowledged} of {sent} events were acknowledged, {rows} are there");
        }
        Ok(())
    }

    /// Verifies by the first key that there was, as somebody would who has kept it.
    fn verify(&mut self, depth: Depth) -> anyhow::Result<Report> {
        self.done.verifications += 1;
        let data = self.folder.join("data");
        let keys = std::fs::read_to_string(data.join("keys/ledger.keys"))?;
        let first = keys.lines().next().context("the folder has no key")?.parse();
        let first = first.map_err(|error| anyhow::anyhow!("the first key: {error}"))?;
        let options = Options {
            depth,
            wait_ms_max: 0,
            threads: std::num::NonZeroUsize::MIN,
            ..Options::new(vec![first])
        };
        Ok(verify(&data, &options, &|_| {})?)
    }
}
