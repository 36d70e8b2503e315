//! What the machines say in syslog, above all `sshd`: some in the form of RFC 3164, one in that of
//! RFC 5424.
//!
//! The words are OpenSSH's (`auth.c`, `auth_log`; `session.c`). Strangers try passwords all day,
//! one of them much more than the others; none of these ever gets in.

use super::clock::{HOUR, MINUTE, SECOND, rfc3164, rfc3339_micros};
use super::company::{Host, PEOPLE, SSH_HOSTS, STRANGERS, office_address};
use super::random::Random;
use super::{Channel, Demo, Dice, Entry};

/// The priority of `authpriv.info` (RFC 5424, section 6.2.1): 10 * 8 + 6.
const AUTHPRIV_INFO: u32 = 86;
/// The priority of `cron.info`: 9 * 8 + 6.
const CRON_INFO: u32 = 78;

/// The stranger who is loudest.
const LOUDEST: &str = "203.0.113.201";

const NAMES_TRIED: [&str; 16] = [
    "admin",
    "test",
    "oracle",
    "ubuntu",
    "user",
    "postgres",
    "ftpuser",
    "git",
    "pi",
    "guest",
    "minecraft",
    "hadoop",
    "es",
    "jenkins",
    "ansible",
    "support",
];

/// Writes the lines of one machine.
pub(super) struct Machine<'a> {
    pub(super) host: &'a Host,
}

impl Machine<'_> {
    /// A line about who comes and goes.
    pub(super) fn auth(&self, at: i64, program: &str, process: u64, message: &str) -> Entry {
        self.line(at, AUTHPRIV_INFO, program, process, message)
    }

    fn line(&self, at: i64, priority: u32, program: &str, process: u64, message: &str) -> Entry {
        let name = self.host.name;
        let text = if name == "git-1" {
            let stamp = rfc3339_micros(at);
            format!(
                "<{priority}>1 {stamp} {name}.staging.example.com {program} {process} - - {message}"
            )
        } else {
            format!("<{priority}>{} {name} {program}[{process}]: {message}", rfc3164(at))
        };
        Entry { at_micros: at, channel: Channel::Host(name), text }
    }
}

/// Everything that happens before the end.
pub(super) fn backlog(demo: &Demo, out: &mut Vec<Entry>) {
    let mut dice = demo.dice("sshd", 0);
    let (start, end) = (demo.start_micros, demo.end_micros - MINUTE);
    let hours = ((demo.end_micros - demo.start_micros) / HOUR) as u64;
    for _ in 0..100 * hours {
        let at = dice.choice.between(start, end);
        guess(&mut dice, at, out);
    }
    for _ in 0..5 * hours {
        let at = dice.choice.between(start, end - 30 * MINUTE);
        visit(&mut dice, at, out);
    }
    for host in SSH_HOSTS {
        let mut at = start + dice.choice.between(0, 10 * MINUTE);
        while at < end {
            cron(&mut dice, host, at, out);
            at += 10 * MINUTE;
        }
    }
}

/// What is logged in one second, mostly nothing.
pub(super) fn tick(dice: &mut Dice, at_micros: i64, out: &mut Vec<Entry>) {
    let at = at_micros + dice.choice.between(0, SECOND);
    match dice.choice.below(100) {
        0..14 => guess(dice, at, out),
        14..16 => cron(dice, SSH_HOSTS[1], at, out),
        _ => {}
    }
}

/// A stranger tries a password.
fn guess(dice: &mut Dice, at: i64, out: &mut Vec<Entry>) {
    let random = &mut dice.choice;
    let address = if random.percent(50) { LOUDEST } else { random.pick(&STRANGERS) };
    let place = if address == LOUDEST { 0 } else { random.weighted(&[70, 5, 25]) };
    let machine = Machine { host: SSH_HOSTS[place] };
    let (process, port) = (20_000 + random.below(40_000), 32_768 + random.below(28_000));
    let end = format!("{address} port {port}");
    let mut say = |after: i64, message: &str| {
        out.push(machine.auth(at + after * SECOND / 10, "sshd", process, message));
    };
    if random.percent(35) {
        say(0, &format!("Failed password for root from {end} ssh2"));
        say(3, &format!("Connection closed by authenticating user root {end} [preauth]"));
    } else {
        let name = *random.pick(&NAMES_TRIED);
        say(0, &format!("Invalid user {name} from {end}"));
        say(12, &format!("Failed password for invalid user {name} from {end} ssh2"));
        say(14, &format!("Connection closed by invalid user {name} {end} [preauth]"));
    }
}

/// One of the staff comes in with a key, now and then after a slip, and leaves again.
fn visit(dice: &mut Dice, at: i64, out: &mut Vec<Entry>) {
    let random = &mut dice.choice;
    let developers: Vec<_> = PEOPLE.iter().filter(|person| person.role == "Developer").collect();
    let person = random.pick(&developers);
    let name = person.name;
    let machine = Machine { host: SSH_HOSTS[random.weighted(&[80, 0, 20])] };
    let process = 20_000 + random.below(40_000);
    let home = random.percent(40);
    let address = if home { person.home.to_owned() } else { office_address(random) };
    let end = format!("{address} port {}", 32_768 + random.below(28_000));
    let print = Random::stream(0, name, 1).base64(43);
    let slip = random.percent(20);
    let stay = random.between(2 * MINUTE, 28 * MINUTE);
    let mut say = |after: i64, message: &str| {
        out.push(machine.auth(at + after, "sshd", process, message));
    };
    if slip {
        say(-9 * SECOND, &format!("Failed password for {name} from {end} ssh2"));
    }
    say(0, &format!("Accepted publickey for {name} from {end} ssh2: ED25519 SHA256:{print}"));
    say(
        SECOND / 10,
        &format!(
            "pam_unix(sshd:session): session opened for user {name}(uid=1007) by {name}(uid=0)"
        ),
    );
    say(stay, &format!("Received disconnect from {end}:11: disconnected by user"));
    say(stay, &format!("Disconnected from user {name} {end}"));
    say(stay + SECOND / 10, &format!("pam_unix(sshd:session): session closed for user {name}"));
}

fn cron(dice: &mut Dice, host: &Host, at: i64, out: &mut Vec<Entry>) {
    let process = 20_000 + dice.choice.below(40_000);
    let machine = Machine { host };
    let opened = "pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)";
    out.push(machine.line(at, AUTHPRIV_INFO, "CRON", process, opened));
    let command = "(root) CMD (/usr/local/sbin/rotate-certificates --check)";
    out.push(machine.line(at, CRON_INFO, "CRON", process + 1, command));
    let closed = "pam_unix(cron:session): session closed for user root";
    out.push(machine.line(at + SECOND, AUTHPRIV_INFO, "CRON", process, closed));
}
