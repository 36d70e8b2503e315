//! VPC Flow Logs as they lie on S3: a header, then one line for each flow and minute.
//!
//! Amazon VPC user guide, "Flow log records": the default fields of version 2 and three of later
//! versions. A flow is logged with the interface's own address, never with its public one.

use super::clock::{HOUR, MINUTE, SECOND};
use super::company::{
    BASTION, DATABASE, HOSTS, Host, STAGING, STRANGERS, customer_address, office_address,
};
use super::random::Random;
use super::{Channel, Demo, Dice, Entry};

/// The first line of each file.
pub(super) const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
                                 protocol packets bytes start end action log-status vpc-id \
                                 instance-id flow-direction";

const TCP: u8 = 6;
const UDP: u8 = 17;

/// One end of a flow.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) address: String,
    pub(super) port: u64,
}

/// What passed an interface in a minute.
#[derive(Debug, Clone)]
pub(super) struct Flow<'a> {
    /// The machine whose interface saw it.
    pub(super) host: &'a Host,
    pub(super) from: End,
    pub(super) to: End,
    pub(super) protocol: u8,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) verdict: Verdict,
}

/// What the security group made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    Reject,
}

impl<'a> Flow<'a> {
    /// A TCP flow that was let through.
    pub(super) fn tcp(host: &'a Host, from: End, to: End, bytes: u64) -> Self {
        let packets = bytes / 1_150 + 4;
        Self { host, from, to, protocol: TCP, packets, bytes, verdict: Verdict::Accept }
    }

    /// The line, as an entry of the account's flow log. The minute ends at `end_micros`.
    pub(super) fn entry(&self, end_micros: i64) -> Entry {
        let Self { host, from, to, protocol, packets, bytes, verdict } = self;
        let action = if *verdict == Verdict::Accept { "ACCEPT" } else { "REJECT" };
        let direction = if from.address == host.address { "egress" } else { "ingress" };
        let end = end_micros.div_euclid(SECOND);
        let text = format!(
            "5 {} {} {} {} {} {} {protocol} {packets} {bytes} {} {end} {action} OK {} {} \
             {direction}",
            host.account,
            host.interface,
            from.address,
            to.address,
            from.port,
            to.port,
            end - 59,
            host.vpc,
            host.instance,
        );
        Entry { at_micros: end_micros, channel: Channel::Flow(host.account), text }
    }
}

/// One end of a flow at an ephemeral port.
pub(super) fn client(random: &mut Random, address: &str) -> End {
    End { address: address.to_owned(), port: 32_768 + random.below(28_000) }
}

/// One end of a flow at a service's port.
pub(super) fn server(address: &str, port: u64) -> End {
    End { address: address.to_owned(), port }
}

/// Everything that happens before the end.
pub(super) fn backlog(demo: &Demo, out: &mut Vec<Entry>) {
    let mut dice = demo.dice("vpcflow", 0);
    let hours = ((demo.end_micros - demo.start_micros) / HOUR) as u64;
    for _ in 0..430 * hours {
        let at = dice.choice.between(demo.start_micros + MINUTE, demo.end_micros);
        flow(&mut dice, at, out);
    }
    for _ in 0..6 * hours {
        let at = dice.choice.between(demo.start_micros + MINUTE, demo.end_micros);
        silence(&mut dice, at, out);
    }
}

/// What is logged in a few seconds.
pub(super) fn tick(dice: &mut Dice, at_micros: i64, out: &mut Vec<Entry>) {
    for _ in 0..=dice.choice.below(2) {
        flow(dice, at_micros - 20 * SECOND, out);
    }
}

/// A minute in which an interface saw nothing.
fn silence(dice: &mut Dice, at: i64, out: &mut Vec<Entry>) {
    let host = dice.choice.pick(&HOSTS);
    let end = at.div_euclid(SECOND);
    let text = format!(
        "5 {} {} - - - - - - - {} {end} - NODATA {} {} -",
        host.account,
        host.interface,
        end - 59,
        host.vpc,
        host.instance,
    );
    out.push(Entry { at_micros: at, channel: Channel::Flow(host.account), text });
}

fn flow(dice: &mut Dice, at: i64, out: &mut Vec<Entry>) {
    let random = &mut dice.choice;
    match random.below(100) {
        0..38 => {
            let web = &HOSTS[1 + random.below(2) as usize];
            let customer = customer_address(random);
            let customer = client(random, &customer);
            let (asked, sent) = (900 + random.below(6_000), 9_000 + random.below(900_000));
            pair(web, customer, server(web.address, 443), (asked, sent), at, out);
        }
        38..60 => {
            let host = &HOSTS[1 + random.below(3) as usize];
            let (asked, sent) = (2_000 + random.below(40_000), 4_000 + random.below(300_000));
            let from = client(random, host.address);
            let database = server(DATABASE.address, 5_432);
            pair(&DATABASE, from, database, (asked, sent), at, out);
        }
        60..72 => {
            let host = &HOSTS[1 + random.below(4) as usize];
            let endpoint = server("10.20.9.5", 443);
            let bytes = 6_000 + random.below(2_000_000);
            let from = client(random, host.address);
            out.push(Flow::tcp(host, from, endpoint, bytes).entry(at));
        }
        72..80 => {
            let host = random.pick(&HOSTS);
            let resolver = if host.account == STAGING { "10.30.0.2" } else { "10.20.0.2" };
            let packets = 1 + random.below(9);
            let flow = Flow {
                host,
                from: client(random, host.address),
                to: server(resolver, 53),
                protocol: UDP,
                packets,
                bytes: packets * (60 + random.below(60)),
                verdict: Verdict::Accept,
            };
            out.push(flow.entry(at));
        }
        80..86 => {
            let stranger = *random.pick(&STRANGERS);
            let stranger = client(random, stranger);
            let bytes = 1_800 + random.below(2_600);
            let ssh = server(BASTION.address, 22);
            pair(&BASTION, stranger, ssh, (bytes, bytes + 700), at, out);
        }
        86..97 => refused(random, at, out),
        _ => {
            let office = office_address(random);
            let from = client(random, &office);
            let ssh = server(BASTION.address, 22);
            let (typed, shown) = (3_000 + random.below(30_000), 5_000 + random.below(240_000));
            pair(&BASTION, from, ssh, (typed, shown), at, out);
        }
    }
}

/// A stranger knocks at a closed port.
fn refused(random: &mut Random, at: i64, out: &mut Vec<Entry>) {
    let host = random.pick(&HOSTS[..3]);
    let port = *random.pick(&[23, 80, 445, 1433, 2375, 3306, 3389, 5432, 5900, 6379, 8080, 9200]);
    let stranger = *random.pick(&STRANGERS);
    let flow = Flow {
        host,
        from: client(random, stranger),
        to: server(host.address, port),
        protocol: TCP,
        packets: 1,
        bytes: 40 + 4 * random.below(6),
        verdict: Verdict::Reject,
    };
    out.push(flow.entry(at));
}

/// Both directions of one connection, as the interface of `host` sees them.
pub(super) fn pair(
    host: &Host,
    from: End,
    to: End,
    (asked, answered): (u64, u64),
    at: i64,
    out: &mut Vec<Entry>,
) {
    out.push(Flow::tcp(host, from.clone(), to.clone(), asked).entry(at));
    out.push(Flow::tcp(host, to, from, answered).entry(at));
}
