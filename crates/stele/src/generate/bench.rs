//! CloudTrail-like events in any number, for benchmarks: as lines, or as the files that AWS writes.
//!
//! What matters here is honesty: a log of constants would compress and index too well. Users,
//! addresses and calls follow Zipf's law, every event has two UUIDs of its own, sessions have keys,
//! objects have names, and AWS's own services speak as well. The tests hold the mean size and the
//! compression ratio to those of real trails. Event `index` depends on the seed and the index
//! alone, so that any part can be made anew. Addresses lie in 198.18.0.0/15 (RFC 2544, set aside
//! for benchmarks) and 10.0.0.0/8.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::bench_calls::{Call, Piece};
use super::bench_names::{AGENTS, CALLING_SERVICES, SERVICES, WORDS};
use super::clock::{SECOND, by_pattern};
use super::random::{Random, mix};

/// The time of the first event: 2026-01-05T00:00:00Z, seconds since the epoch.
const START_SECONDS: u64 = 1_767_571_200;
/// The time between the first event and the last.
const SPAN_SECONDS: u64 = 10 * 86_400;
const USERS: u64 = 20_004;
const ADDRESSES: u64 = 200_000;
const ACCOUNTS: u64 = 12;
const REGIONS: [&str; 4] = ["us-east-1", "eu-central-1", "us-west-2", "ap-southeast-1"];
/// How much is put together before it is written, in bytes.
const CHUNK_BYTES: usize = 1 << 20;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// How many events.
    pub events: u64,
    /// How many bytes before compression.
    pub bytes: u64,
    /// How many files; 0 where it was one stream.
    pub files: u64,
}

/// Whether files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Plain JSON.
    Plain,
    /// JSON in gzip, as AWS delivers it.
    Gzip,
}

/// Writes so many events of that seed, one a line, in the order of time.
pub fn write_ndjson(out: &mut dyn Write, events: u64, seed: u64) -> io::Result<Written> {
    let generator = Events::new(seed, events);
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + 8_192);
    let mut written = Written { events, ..Written::default() };
    for index in 0..events {
        generator.write(index, &mut chunk);
        chunk.push(b'\n');
        if chunk.len() >= CHUNK_BYTES || index + 1 == events {
            out.write_all(&chunk)?;
            written.bytes += chunk.len() as u64;
            chunk.clear();
        }
    }
    Ok(written)
}

/// Writes so many events of that seed under `dir` as the files that AWS delivers: the same layout
/// of keys (AWS CloudTrail user guide, "Finding your CloudTrail log files"), `{"Records":[…]}`
/// with at most `events_per_file` events, each file of one account and region.
pub fn write_trail_files(
    dir: &Path,
    events: u64,
    seed: u64,
    events_per_file: u64,
    packing: Packing,
) -> io::Result<Written> {
    let generator = Events::new(seed, events);
    let events_per_file = events_per_file.max(1);
    let mut written = Written { events, ..Written::default() };
    let mut text = Vec::with_capacity(CHUNK_BYTES);
    for first in (0..events).step_by(events_per_file.try_into().unwrap_or(usize::MAX)) {
        let mut random = Random::stream(seed, "trail file", first);
        let origin = Origin::any(&mut random);
        let last = (first + events_per_file).min(events);
        text.clear();
        text.extend_from_slice(b"{\"Records\":[");
        for index in first..last {
            if index > first {
                text.push(b',');
            }
            generator.write_from(index, Some(origin), &mut text);
        }
        text.extend_from_slice(b"]}");
        let path = dir.join(file_name(origin, generator.seconds(last - 1), &mut random, packing));
        write_file(&path, &text, packing)?;
        written.bytes += text.len() as u64;
        written.files += 1;
    }
    Ok(written)
}

fn file_name(origin: Origin, seconds: u64, random: &mut Random, packing: Packing) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let (account, region) = (account_id(origin.account), REGIONS[origin.region]);
    let micros = seconds as i64 * SECOND;
    let unique: String = (0..16).map(|_| char::from(*random.pick(LETTERS))).collect();
    let day = by_pattern(micros, "%Y/%m/%d");
    let stamp = by_pattern(micros, "%Y%m%dT%H%MZ");
    let extension = if packing == Packing::Gzip { "json.gz" } else { "json" };
    format!(
        "AWSLogs/{account}/CloudTrail/{region}/{day}/\
         {account}_CloudTrail_{region}_{stamp}_{unique}.{extension}"
    )
}

fn write_file(path: &Path, text: &[u8], packing: Packing) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = BufWriter::new(File::create(path)?);
    match packing {
        Packing::Plain => file.write_all(text)?,
        Packing::Gzip => {
            let mut encoder = GzEncoder::new(&mut file, Compression::default());
            encoder.write_all(text)?;
            encoder.finish()?;
        }
    }
    file.flush()
}

fn account_id(account: u64) -> u64 {
    555_500_001_200 + account * 37
}

/// In whose trail an event stands.
#[derive(Debug, Clone, Copy)]
struct Origin {
    account: u64,
    region: usize,
}

impl Origin {
    fn any(random: &mut Random) -> Self {
        // The first account and region have most of the traffic.
        let account = random.below(ACCOUNTS).min(random.below(ACCOUNTS));
        Self { account, region: random.weighted(&[50, 30, 13, 7]) }
    }
}

/// The events of a seed.
#[derive(Debug)]
pub struct Events {
    seed: u64,
    total: u64,
    users: Vec<User>,
    calls: Vec<Call>,
    agents: Vec<String>,
    user_ranks: Zipf,
    address_ranks: Zipf,
    call_ranks: Zipf,
}

impl Events {
    /// The events of that seed; `events` is how many there are in the ten days that they span.
    pub fn new(seed: u64, events: u64) -> Self {
        let mut random = Random::stream(seed, "calls", 0);
        let mut calls: Vec<Call> = (0..5)
            .flat_map(|place| SERVICES.iter().map(move |(service, names)| (*service, names[place])))
            .map(|(service, name)| Call::new(service, name))
            .collect();
        // The head of the list stays: it is what busy accounts do most.
        random.shuffle(&mut calls[24..]);
        Self {
            seed,
            total: events.max(1),
            users: (0..USERS).map(|rank| User::new(seed, rank)).collect(),
            calls,
            agents: agents(&mut random),
            user_ranks: Zipf::new(USERS),
            address_ranks: Zipf::new(ADDRESSES),
            call_ranks: Zipf::new(5 * SERVICES.len() as u64),
        }
    }

    /// Appends the event of that index, without a line end.
    pub fn write(&self, index: u64, out: &mut Vec<u8>) {
        self.write_from(index, None, out);
    }

    fn seconds(&self, index: u64) -> u64 {
        START_SECONDS
            + (u128::from(index) * u128::from(SPAN_SECONDS) / u128::from(self.total)) as u64
    }

    fn write_from(&self, index: u64, origin: Option<Origin>, out: &mut Vec<u8>) {
        let mut random = Random::new(mix(self.seed) ^ mix(index));
        let rank = self.user_ranks.draw(&mut random);
        let region = random.weighted(&[50, 30, 13, 7]);
        let (rank, origin) = match origin {
            // A user has one account, the remainder of its rank.
            Some(origin) => (rank - rank % ACCOUNTS + origin.account, origin),
            None => (rank, Origin { account: rank % ACCOUNTS, region }),
        };
        let call = &self.calls[self.call_ranks.draw(&mut random) as usize];
        let seconds = self.seconds(index);
        let mut event = Event { generator: self, random, seconds, origin, marks: Vec::new(), out };
        let service = (event.random.percent(22) && !call.of_people)
            .then(|| *event.random.pick(&CALLING_SERVICES));
        match service {
            Some(service) => event.service_identity(service),
            None => event.user_identity(&self.users[rank as usize]),
        }
        event.head(call);
        event.sender(service, rank);
        event.body(call);
        event.tail(call, service.is_some());
    }
}

/// One event in the making.
struct Event<'a> {
    generator: &'a Events,
    random: Random,
    seconds: u64,
    origin: Origin,
    /// Where bucket and key begin and end in `out`, for a call about an object.
    marks: Vec<usize>,
    out: &'a mut Vec<u8>,
}

impl Event<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn service_identity(&mut self, service: &str) {
        self.text(r#"{"eventVersion":"1.11","userIdentity":{"type":"AWSService","invokedBy":""#);
        self.text(service);
        self.text("\"}");
    }

    fn user_identity(&mut self, user: &User) {
        self.text(r#"{"eventVersion":"1.11","userIdentity":"#);
        self.text(&user.before_key);
        // Sessions last twelve hours, beginning at an hour of the user's own.
        let offset = user.own % 43_200;
        let session = (self.seconds + offset) / 43_200;
        if user.session {
            let mut own = Random::new(user.own ^ session);
            self.text("ASIA");
            own.push_base32(16, self.out);
        } else {
            self.text("AKIA");
            Random::new(user.own).push_base32(16, self.out);
        }
        self.text(&user.after_key);
        if user.session {
            self.time(session * 43_200 - offset + user.own % 977);
            self.text(r#"","mfaAuthenticated":"false"}}"#);
        }
        self.text("}");
    }

    fn head(&mut self, call: &Call) {
        self.text(r#","eventTime":""#);
        self.time(self.seconds);
        self.text(&call.head);
        self.text(REGIONS[self.origin.region]);
        self.text(r#"","sourceIPAddress":""#);
    }

    fn sender(&mut self, service: Option<&str>, rank: u64) {
        if let Some(service) = service {
            self.text(service);
            self.text(r#"","userAgent":""#);
            self.text(service);
            self.text("\"");
            return;
        }
        // Most calls come from where the user always is.
        let address = if self.random.percent(60) {
            mix(rank) % ADDRESSES
        } else {
            self.generator.address_ranks.draw(&mut self.random)
        };
        self.address(address);
        self.text(r#"","userAgent":""#);
        let agent = if self.random.percent(85) {
            mix(rank + 1) % self.generator.agents.len() as u64
        } else {
            self.random.below(self.generator.agents.len() as u64)
        };
        self.text(&self.generator.agents[agent as usize]);
        self.text("\"");
    }

    fn address(&mut self, address: u64) {
        let place = mix(address);
        let octets = if address.is_multiple_of(3) {
            [10, place >> 16 & 255, place >> 8 & 255, place & 255]
        } else {
            [198, 18 + (place >> 16 & 1), place >> 8 & 255, place & 255]
        };
        for (at, octet) in octets.into_iter().enumerate() {
            if at > 0 {
                self.out.push(b'.');
            }
            self.number(octet);
        }
    }

    fn body(&mut self, call: &Call) {
        if self.random.below(1_000) < 35 {
            self.text(concat!(
                r#","errorCode":"AccessDenied","#,
                r#""errorMessage":"User is not authorized to perform: "#
            ));
            self.text(&call.action);
            self.text(r#" because no identity-based policy allows the action""#);
        }
        self.text(r#","requestParameters":"#);
        self.pieces(&call.request);
        self.text(r#","responseElements":"#);
        self.pieces(&call.response);
    }

    /// The object and its bucket, in the words of the request.
    fn resources(&mut self) {
        let [bucket, bucket_end, key, key_end] = self.marks[..] else { return };
        self.text(r#","resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::"#);
        self.out.extend_from_within(bucket..bucket_end);
        self.text("/");
        self.out.extend_from_within(key..key_end);
        self.text(r#""},{"accountId":""#);
        self.number(account_id(self.origin.account));
        self.text(r#"","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::"#);
        self.out.extend_from_within(bucket..bucket_end);
        self.text("\"}]");
    }

    fn tail(&mut self, call: &Call, internal: bool) {
        if call.object {
            self.text(concat!(
                r#","additionalEventData":{"SignatureVersion":"SigV4","#,
                r#""CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"#,
                r#""AuthenticationMethod":"AuthHeader","x-amz-id-2":""#
            ));
            self.random.push_base64(75, self.out);
            self.text(r#"=","bytesTransferredOut":"#);
            let bytes = self.random.word() >> (44 + self.random.below(18));
            self.number(bytes);
            self.text("}");
        }
        self.text(r#","requestID":""#);
        self.random.push_uuid(self.out);
        self.text(r#"","eventID":""#);
        self.random.push_uuid(self.out);
        self.text(&call.access);
        self.resources();
        self.text(&call.kind);
        let account = account_id(self.origin.account);
        self.number(account);
        self.text(r#"","eventCategory":""#);
        self.text(if call.object { "Data\"" } else { "Management\"" });
        if internal {
            self.text(r#","sharedEventID":""#);
            self.random.push_uuid(self.out);
            self.text("\"}");
        } else {
            self.text(concat!(
                r#","tlsDetails":{"tlsVersion":"TLSv1.3","#,
                r#""cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":""#
            ));
            self.text(&call.host);
            self.text(REGIONS[self.origin.region]);
            self.text(r#".amazonaws.com"}}"#);
        }
    }

    fn pieces(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.text(text),
                Piece::Account => self.number(account_id(self.origin.account)),
                Piece::Region => self.text(REGIONS[self.origin.region]),
                Piece::Number(bound) => {
                    let number = self.random.below(*bound);
                    self.number(number);
                }
                Piece::Id { pool, kinds } => {
                    // Cubing favours the front: some resources are used much more than others.
                    let draw = self.random.below(*kinds);
                    let chosen = draw * draw * draw / (kinds * kinds) + self.origin.account * kinds;
                    Random::new(pool ^ chosen).push_hex(17, self.out);
                }
                Piece::Name { pool, kinds } => {
                    let draw = self.random.below(*kinds);
                    let chosen = mix(pool ^ (draw * draw * draw / (kinds * kinds)));
                    self.name(chosen);
                }
                Piece::Uuid => self.random.push_uuid(self.out),
                Piece::Hex(digits) => self.random.push_hex(*digits, self.out),
                Piece::Mark => self.marks.push(self.out.len()),
                Piece::Secret(symbols) => self.random.push_base64(*symbols, self.out),
            }
        }
    }

    fn name(&mut self, number: u64) {
        self.text(WORDS[(number >> 8 & 31) as usize]);
        self.out.push(b'-');
        self.text(WORDS[(number >> 16 & 31) as usize]);
        self.out.push(b'-');
        self.number(number >> 24 & 63);
    }

    fn number(&mut self, number: u64) {
        let mut digits = [0; 20];
        let (mut at, mut left) = (digits.len(), number);
        loop {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.out.extend_from_slice(&digits[at..]);
    }

    /// `2026-01-05T00:00:00Z`. The span lies within one month, so that no calendar is needed.
    fn time(&mut self, seconds: u64) {
        const FIRST_DAY: u64 = 5;
        let since = (seconds + 86_400).saturating_sub(START_SECONDS);
        let (day, second) = (FIRST_DAY - 1 + since / 86_400, since % 86_400);
        self.text("2026-01-");
        for (number, after) in
            [(day, b'T'), (second / 3_600, b':'), (second / 60 % 60, b':'), (second % 60, b'Z')]
        {
            self.out.extend_from_slice(&[
                b'0' + (number / 10) as u8,
                b'0' + (number % 10) as u8,
                after,
            ]);
        }
    }
}

/// Somebody who calls.
#[derive(Debug)]
struct User {
    own: u64,
    /// Whether it acts in a session of a role; else with a key of its own.
    session: bool,
    before_key: String,
    after_key: String,
}

impl User {
    fn new(seed: u64, rank: u64) -> Self {
        let mut random = Random::stream(seed, "user", rank);
        let account = account_id(rank % ACCOUNTS);
        let name = format!("{}.{}{}", random.pick(&WORDS), random.pick(&WORDS), rank);
        let session = !rank.is_multiple_of(4);
        let own = random.word();
        if !session {
            let id = random.base32(17);
            let before_key = [
                format!(r#"{{"type":"IAMUser","principalId":"AIDA{id}","#),
                format!(r#""arn":"arn:aws:iam::{account}:user/{name}","#),
                format!(r#""accountId":"{account}","accessKeyId":""#),
            ]
            .concat();
            return Self {
                own,
                session,
                before_key,
                after_key: format!(r#"","userName":"{name}""#),
            };
        }
        // Many sessions share a role.
        let mut shared =
            Random::stream(seed, "role", random.below(40) * ACCOUNTS + rank % ACCOUNTS);
        let id = shared.base32(17);
        let role = format!("{}-{}-role", shared.pick(&WORDS), shared.pick(&WORDS));
        let before_key = [
            format!(r#"{{"type":"AssumedRole","principalId":"AROA{id}:{name}","#),
            format!(r#""arn":"arn:aws:sts::{account}:assumed-role/{role}/{name}","#),
            format!(r#""accountId":"{account}","accessKeyId":""#),
        ]
        .concat();
        let after_key = [
            r#"","sessionContext":{"sessionIssuer":{"type":"Role","#.to_owned(),
            format!(r#""principalId":"AROA{id}","arn":"arn:aws:iam::{account}:role/{role}","#),
            format!(r#""accountId":"{account}","userName":"{role}"}},"webIdFederationData":{{}},"#),
            r#""attributes":{"creationDate":""#.to_owned(),
        ]
        .concat();
        Self { own, session, before_key, after_key }
    }
}

fn agents(random: &mut Random) -> Vec<String> {
    let mut agents = Vec::new();
    for pattern in AGENTS {
        for _ in 0..12 {
            let filled = pattern.replacen("{}", &random.below(60).to_string(), 1);
            let mut agent = filled.replace("{}", &random.below(90).to_string());
            if agent.contains("ua/2.1") {
                let features = random.pick(&["Z,b,D,E", "E,b,N", "G,n,E", "F,C,b"]);
                agent.push_str(" md/pyimpl#CPython m/");
                agent.push_str(features);
                agent.push_str(" cfg/retry-mode#standard exec-env/AWS_ECS_FARGATE");
            }
            agents.push(agent);
        }
    }
    agents
}

/// Ranks, each as likely as one over its number (Zipf's law with exponent 1).
#[derive(Debug)]
struct Zipf {
    cumulative: Vec<u64>,
}

impl Zipf {
    fn new(ranks: u64) -> Self {
        let mut total = 0;
        let cumulative = (1..=ranks)
            .map(|rank| {
                total += (1_u64 << 40) / rank;
                total
            })
            .collect();
        Self { cumulative }
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let at = random.below(self.cumulative.last().copied().unwrap_or(0));
        self.cumulative.partition_point(|sum| *sum <= at) as u64
    }
}
