//! Made-up logs, for the demonstration (`stele up --demo`) and for benchmarks (`stele gen`).
//!
//! [`Demo`] is the life of a small company over some hours, in four formats, with one intrusion
//! hidden in it; `docs/tutorial.md` finds it. [`bench`] writes any number of CloudTrail-like
//! events fast. A seed and a time go in, bytes come out: nothing here reads a clock, draws real
//! random numbers or does I/O of its own. The same arguments always give the same bytes.

pub mod bench;
pub mod clock;
pub mod random;

mod activity;
mod application;
mod bench_calls;
mod bench_names;
mod cloudtrail;
mod company;
mod intrusion;
mod sshd;
#[cfg(test)]
mod tests;
mod vpcflow;

use clock::{MINUTE, SECOND};
use company::Place;
use random::Random;

/// The seed for which `docs/tutorial.md` gives its figures.
pub const TUTORIAL_SEED: u64 = 7_800;
/// How long the demonstration goes back, in hours, unless told otherwise.
pub const BACKLOG_HOURS: u32 = 6;
/// The shortest past in which the intrusion has room, in hours.
pub const BACKLOG_HOURS_MIN: u32 = 2;
/// The longest past, in hours; it is made in memory, about 4 MB an hour.
pub const BACKLOG_HOURS_MAX: u32 = 72;
/// How much of a pause [`Demo::live`] makes up for, in seconds; what lies further back is left out.
pub const LIVE_CATCH_UP_SECONDS_MAX: i64 = 300;

/// How long a file collects before it is delivered.
const FILE_MICROS: i64 = 5 * MINUTE;

/// One payload, as a collector would hand it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When it arrives, microseconds since the epoch.
    pub at_micros: i64,
    /// The format's id: `cloudtrail`, `vpcflow`, `app_flask` or `syslog`.
    pub format: &'static str,
    /// Who delivers it.
    pub source: String,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// The company's logs, up to a moment and from then on; see the module.
///
/// What happens follows from the seed alone, and so do all counts. The times, and the ids of
/// events, sessions and requests, follow from the seed and the end: two demonstrations that ended
/// at different times never share an event id.
#[derive(Debug, Clone)]
pub struct Demo {
    seed: u64,
    start_micros: i64,
    end_micros: i64,
    /// Up to when [`Demo::live`] has answered.
    live_micros: i64,
}

impl Demo {
    /// The logs of the `hours` that end at `end_micros` (microseconds since the epoch, rounded
    /// down to a second). Hours outside the limits are brought inside them.
    pub fn new(seed: u64, end_micros: i64, hours: u32) -> Self {
        let end_micros = end_micros - end_micros.rem_euclid(SECOND);
        let hours = hours.clamp(BACKLOG_HOURS_MIN, BACKLOG_HOURS_MAX);
        let start_micros = end_micros - i64::from(hours) * clock::HOUR;
        Self { seed, start_micros, end_micros, live_micros: end_micros }
    }

    /// Everything that was delivered up to the end, in the order of delivery.
    pub fn backlog(&self) -> Vec<Delivery> {
        let mut entries = Vec::new();
        activity::backlog(self, &mut entries);
        vpcflow::backlog(self, &mut entries);
        application::backlog(self, &mut entries);
        sshd::backlog(self, &mut entries);
        intrusion::entries(self, &mut entries);
        let mut deliveries = pack(self, entries);
        deliveries.sort_by_key(|delivery| delivery.at_micros);
        deliveries
    }

    /// What is delivered between the last call (at first: the end of the backlog) and `now_micros`,
    /// a few events for each second; see [`LIVE_CATCH_UP_SECONDS_MAX`]. Short of the limit, it does
    /// not matter in how many steps the time is walked.
    pub fn live(&mut self, now_micros: i64) -> Vec<Delivery> {
        let oldest = now_micros - LIVE_CATCH_UP_SECONDS_MAX * SECOND;
        if self.live_micros < oldest {
            self.live_micros = oldest - (oldest - self.end_micros).rem_euclid(SECOND);
        }
        let mut deliveries = Vec::new();
        while self.live_micros + SECOND <= now_micros {
            self.tick(&mut deliveries);
            self.live_micros += SECOND;
        }
        deliveries
    }

    /// The second that begins at `live_micros`.
    fn tick(&self, deliveries: &mut Vec<Delivery>) {
        let at_micros = self.live_micros;
        let tick = ((at_micros - self.end_micros) / SECOND) as u64;
        let mut dice = self.dice("live", tick);
        let mut entries = Vec::new();
        activity::tick(&mut dice, at_micros, &mut entries);
        application::tick(&mut dice, self.seed, at_micros, &mut entries);
        sshd::tick(&mut dice, at_micros, &mut entries);
        if tick.is_multiple_of(5) {
            vpcflow::tick(&mut dice, at_micros, &mut entries);
        }
        for (channel, entries) in by_channel(entries) {
            let lines: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
            deliveries.push(channel.delivery(at_micros + SECOND, &lines));
        }
    }

    fn dice(&self, purpose: &str, index: u64) -> Dice {
        let moment = self.seed ^ random::mix(self.end_micros as u64);
        Dice {
            choice: Random::stream(self.seed, purpose, index),
            id: Random::stream(moment, purpose, index),
        }
    }
}

/// The two sources of chance. Counts may depend on `choice` alone, so that they follow from the
/// seed whatever the time.
#[derive(Debug, Clone)]
struct Dice {
    /// What happens.
    choice: Random,
    /// What it is called: event ids, request ids, session keys.
    id: Random,
}

/// One line or record, when it was written, and into which log.
#[derive(Debug, Clone)]
struct Entry {
    at_micros: i64,
    channel: Channel,
    text: String,
}

/// A log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Channel {
    /// A trail's records of one account and region.
    Trail(Place),
    /// The flow logs of one account.
    Flow(&'static str),
    /// The shop's own log.
    Shop,
    /// A machine's syslog.
    Host(&'static str),
}

impl Channel {
    fn delivery(self, at_micros: i64, lines: &[&str]) -> Delivery {
        let (format, source, payload) = match self {
            Self::Trail(place) => (
                "cloudtrail",
                format!("{}/{}", company::account_name(place.account), place.region),
                format!("{{\"Records\":[{}]}}", lines.join(",")),
            ),
            Self::Flow(account) => (
                "vpcflow",
                format!("{}/flow-logs", company::account_name(account)),
                format!("{}\n{}\n", vpcflow::HEADER, lines.join("\n")),
            ),
            Self::Shop => ("app_flask", "shop".to_owned(), format!("{}\n", lines.join("\n"))),
            Self::Host(name) => ("syslog", name.to_owned(), format!("{}\n", lines.join("\n"))),
        };
        Delivery { at_micros, format, source, payload: payload.into_bytes() }
    }

    /// How long after its end a file arrives. AWS: CloudTrail typically within five minutes.
    fn delay_micros(self, random: &mut Random) -> i64 {
        match self {
            Self::Trail(_) => random.between(30 * SECOND, 180 * SECOND),
            Self::Flow(_) => random.between(20 * SECOND, 90 * SECOND),
            Self::Shop | Self::Host(_) => 2 * SECOND,
        }
    }
}

/// The entries of each log, each in the order of time.
fn by_channel(mut entries: Vec<Entry>) -> Vec<(Channel, Vec<Entry>)> {
    entries.sort_by_key(|entry| (entry.channel, entry.at_micros));
    let mut logs: Vec<(Channel, Vec<Entry>)> = Vec::new();
    for entry in entries {
        match logs.last_mut() {
            Some((channel, log)) if *channel == entry.channel => log.push(entry),
            _ => logs.push((entry.channel, vec![entry])),
        }
    }
    logs
}

/// Files of five minutes each. CloudTrail's hold their records in no order, and one record in
/// sixty comes a second time, with the next file.
fn pack(demo: &Demo, entries: Vec<Entry>) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for (number, (channel, log)) in by_channel(entries).into_iter().enumerate() {
        let mut dice = demo.dice("pack", number as u64);
        let window = |entry: &Entry| (entry.at_micros - demo.start_micros).div_euclid(FILE_MICROS);
        let mut again: Vec<&str> = Vec::new();
        for file in log.chunk_by(|a, b| window(a) == window(b)) {
            let mut lines: Vec<&str> = file.iter().map(|entry| entry.text.as_str()).collect();
            let twice = std::mem::take(&mut again);
            if matches!(channel, Channel::Trail(_)) {
                again = lines.iter().copied().filter(|_| dice.choice.below(60) == 0).collect();
                lines.extend(twice);
                dice.choice.shuffle(&mut lines);
            }
            let closed = demo.start_micros + (window(&file[0]) + 1) * FILE_MICROS;
            let at_micros = closed + channel.delay_micros(&mut dice.choice);
            deliveries.push(channel.delivery(at_micros.min(demo.end_micros), &lines));
        }
        if !again.is_empty() {
            deliveries.push(channel.delivery(demo.end_micros, &again));
        }
    }
    deliveries
}
