//! The shop's own log: one JSON object a line, as the Flask example of AWS's guidance writes it.
//!
//! AWS Well-Architected SEC04-BP01, "Application logging with structured format". Times have no
//! zone and spaces stand after commas and colons, for Python's `isoformat` and `json.dumps` do so.

use serde_json::{Value, json};

use super::clock::{HOUR, SECOND, naive_iso};
use super::company::{PEOPLE, STRANGERS, customer_address, office_address};
use super::random::Random;
use super::{Channel, Demo, Dice, Entry};

const CUSTOMERS: u64 = 160;

const DEVICES: [&str; 4] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/141.0.0.0 Mobile",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
];

/// Somebody who uses the shop.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) user: String,
    pub(super) id: String,
    pub(super) address: String,
    pub(super) user_agent: String,
}

/// A request, and what the shop notes of it before it answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) status: u64,
}

/// The lines of one request share a correlation id.
pub(super) struct Journal<'a> {
    session: &'a Session,
    correlation: String,
    at_micros: i64,
}

impl<'a> Journal<'a> {
    pub(super) fn new(dice: &mut Dice, session: &'a Session, at_micros: i64) -> Self {
        Self { session, correlation: dice.id.uuid(), at_micros }
    }

    /// One line of somebody who is known.
    pub(super) fn line(&mut self, kind: &str, message: &str, more: &[(&str, Value)]) -> Entry {
        let (user, id) = (json!(self.session.user), json!(self.session.id));
        self.write(kind, message, [user, id], more)
    }

    /// One line of somebody who is not known (yet).
    pub(super) fn anonymous(&mut self, kind: &str, message: &str, more: &[(&str, Value)]) -> Entry {
        self.write(kind, message, [Value::Null, Value::Null], more)
    }

    /// The line about the request itself, last of all.
    pub(super) fn request(&mut self, dice: &mut Dice, request: Request<'_>) -> Entry {
        let Request { method, path, status } = request;
        let message = format!("{method} {path}");
        // Hundredths of a millisecond, written as text: no floating point, no rounding.
        let duration = 40 + dice.choice.below(1_900);
        let duration: Value = serde_json::from_str(&format!("0.{duration:05}")).unwrap_or_default();
        let asked = if method == "POST" { json!(30 + dice.choice.below(40)) } else { Value::Null };
        let more = [
            ("status_code", json!(status)),
            ("duration_seconds", duration),
            ("request_size", asked),
            ("response_size", json!(25 + dice.choice.below(60_000))),
        ];
        if status == 401 {
            self.anonymous("http_request", &message, &more)
        } else {
            self.line("http_request", &message, &more)
        }
    }

    fn write(
        &mut self,
        kind: &str,
        message: &str,
        [user, session]: [Value; 2],
        more: &[(&str, Value)],
    ) -> Entry {
        self.at_micros += 180;
        let members = [
            ("timestamp", json!(naive_iso(self.at_micros))),
            ("event_type", json!(kind)),
            ("message", json!(message)),
            ("correlation_id", json!(self.correlation)),
            ("user_id", user),
            ("session_id", session),
            ("source_ip", json!(self.session.address)),
            ("user_agent", json!(self.session.user_agent)),
        ];
        let members: Vec<String> = members
            .iter()
            .chain(more)
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
        let text = format!("{{{}}}", members.join(", "));
        Entry { at_micros: self.at_micros, channel: Channel::Shop, text }
    }
}

/// A login that succeeds.
pub(super) fn login(dice: &mut Dice, session: &Session, at: i64, out: &mut Vec<Entry>) {
    let mut journal = Journal::new(dice, session, at);
    let user = ("username", json!(session.user));
    let attempt = [user.clone(), ("success", json!(false))];
    out.push(journal.anonymous("authentication_attempt", "User login attempt", &attempt));
    out.push(journal.line("authentication_success", "User successfully authenticated", &[user]));
    out.push(journal.request(dice, Request { method: "POST", path: "/login", status: 200 }));
}

/// A look at a customer's record.
pub(super) fn customer_record(
    dice: &mut Dice,
    session: &Session,
    number: u64,
    at: i64,
    out: &mut Vec<Entry>,
) {
    let mut journal = Journal::new(dice, session, at);
    let path = format!("/admin/customers/{number}");
    let more = [
        ("endpoint", json!(path)),
        ("data_type", json!("customer_record")),
        ("record_id", json!(number)),
    ];
    out.push(journal.line("data_access", "Sensitive data accessed", &more));
    out.push(journal.request(dice, Request { method: "GET", path: &path, status: 200 }));
}

/// Everything that happens before the end.
pub(super) fn backlog(demo: &Demo, out: &mut Vec<Entry>) {
    let mut dice = demo.dice("application", 0);
    let hours = ((demo.end_micros - demo.start_micros) / HOUR) as u64;
    for _ in 0..290 * hours {
        let at = dice.choice.between(demo.start_micros, demo.end_micros - SECOND);
        action(&mut dice, demo.seed, at, out);
    }
}

/// What is logged in one second.
pub(super) fn tick(dice: &mut Dice, seed: u64, at_micros: i64, out: &mut Vec<Entry>) {
    if dice.choice.percent(60) {
        let at = at_micros + dice.choice.between(0, SECOND / 2);
        action(dice, seed, at, out);
    }
}

fn action(dice: &mut Dice, seed: u64, at: i64, out: &mut Vec<Entry>) {
    match dice.choice.below(100) {
        0..14 => {
            let customer = customer(dice, seed);
            login(dice, &customer, at, out);
        }
        14..20 => failed_login(dice, seed, at, out),
        20..82 => {
            let customer = customer(dice, seed);
            let number = dice.choice.below(3_000);
            let path = match dice.choice.below(4) {
                0 => "/".to_owned(),
                1 => format!("/tiles/{number:04}"),
                2 => "/basket".to_owned(),
                _ => format!(
                    "/search?glaze={}",
                    dice.choice.pick(&["celadon", "oxblood", "tenmoku"])
                ),
            };
            let status = if dice.choice.percent(3) { 404 } else { 200 };
            let mut journal = Journal::new(dice, &customer, at);
            out.push(journal.request(dice, Request { method: "GET", path: &path, status }));
        }
        82..90 => {
            let customer = customer(dice, seed);
            let mut journal = Journal::new(dice, &customer, at);
            let more = [("endpoint", json!("/account/orders")), ("data_type", json!("orders"))];
            out.push(journal.line("data_access", "Sensitive data accessed", &more));
            let request = Request { method: "GET", path: "/account/orders", status: 200 };
            out.push(journal.request(dice, request));
        }
        90..95 => {
            let staff = staff(dice, "Support");
            let number = 10_000 + dice.choice.below(4_000);
            customer_record(dice, &staff, number, at, out);
        }
        95..99 => uninvited(dice, at, out),
        _ => {
            let staff = staff(dice, "Administrator");
            let mut journal = Journal::new(dice, &staff, at);
            let more = [("setting", json!("shipping.flat_rate")), ("old_value", json!("6.90"))];
            out.push(journal.line("configuration_change", "Configuration changed", &more));
            let request = Request { method: "POST", path: "/admin/settings", status: 200 };
            out.push(journal.request(dice, request));
        }
    }
}

fn failed_login(dice: &mut Dice, seed: u64, at: i64, out: &mut Vec<Entry>) {
    let customer = customer(dice, seed);
    let mut journal = Journal::new(dice, &customer, at);
    let user = ("username", json!(customer.user));
    let attempt = [user.clone(), ("success", json!(false))];
    out.push(journal.anonymous("authentication_attempt", "User login attempt", &attempt));
    let failure = [user, ("failure_reason", json!("invalid_credentials"))];
    out.push(journal.anonymous("authentication_failure", "User authentication failed", &failure));
    out.push(journal.request(dice, Request { method: "POST", path: "/login", status: 401 }));
}

/// A stranger asks for what only the staff may see.
fn uninvited(dice: &mut Dice, at: i64, out: &mut Vec<Entry>) {
    let stranger = Session {
        user: String::new(),
        id: String::new(),
        address: (*dice.choice.pick(&STRANGERS)).to_owned(),
        user_agent: "python-requests/2.32.5".to_owned(),
    };
    let path = *dice.choice.pick(&["/admin", "/admin/customers", "/.env", "/api/export"]);
    let mut journal = Journal::new(dice, &stranger, at);
    let message = "Attempt to access sensitive data without authentication";
    let more = [("endpoint", json!(path))];
    out.push(journal.anonymous("unauthorized_access_attempt", message, &more));
    out.push(journal.request(dice, Request { method: "GET", path, status: 401 }));
}

fn customer(dice: &mut Dice, seed: u64) -> Session {
    let number = dice.choice.below(CUSTOMERS);
    let mut own = Random::stream(seed, "customer", number);
    Session {
        user: format!("customer-{number:04}"),
        id: own.uuid(),
        address: customer_address(&mut own),
        user_agent: (*own.pick(&DEVICES)).to_owned(),
    }
}

fn staff(dice: &mut Dice, role: &str) -> Session {
    let people: Vec<_> = PEOPLE.iter().filter(|person| person.role == role).collect();
    let person = dice.choice.pick(&people);
    let mut own = Random::stream(0, person.name, 0);
    Session {
        user: person.name.to_owned(),
        id: own.uuid(),
        address: office_address(&mut own),
        user_agent: DEVICES[3].to_owned(),
    }
}
