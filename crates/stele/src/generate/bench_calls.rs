//! The shape of each call that [`super::bench`] writes: what its parameters are called, of what
//! kind they are, and how many different values each takes.

use super::bench_names::{CONSTANTS, MEMBERS, SERVICES};
use super::random::{Random, hash, mix};

/// A part of a call's parameters.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(String),
    Account,
    Region,
    Number(u64),
    /// The hexadecimal part of a resource's id, one of so many kinds for each account.
    Id {
        pool: u64,
        kinds: u64,
    },
    /// A name in words, one of so many kinds.
    Name {
        pool: u64,
        kinds: u64,
    },
    Uuid,
    Hex(usize),
    Secret(usize),
    /// The beginning or end of something that comes again in `resources`.
    Mark,
}

/// What all events of one call share.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) head: String,
    pub(super) action: String,
    pub(super) request: Vec<Piece>,
    pub(super) response: Vec<Piece>,
    pub(super) access: String,
    pub(super) kind: String,
    pub(super) host: String,
    /// About an object on S3.
    pub(super) object: bool,
    /// Never done by a service.
    pub(super) of_people: bool,
}

impl Call {
    /// What the events of that call look like, whatever the seed.
    pub(super) fn new(service: &str, name: &str) -> Self {
        let mut random = Random::new(hash(service) ^ mix(hash(name)));
        let reads =
            ["Get", "List", "Describe", "Head", "Lookup", "Batch", "Query", "Search", "Decrypt"];
        let read_only = reads.iter().any(|verb| name.starts_with(verb));
        let object = service == "s3";
        let (request, response) = match (service, name) {
            ("s3", _) => (object_request(), vec![Piece::Text("null".into())]),
            ("sts", _) if name.starts_with("AssumeRole") => assume_role(),
            _ => {
                let request = members(&mut random, 4);
                let null = vec![Piece::Text("null".into())];
                let response = if read_only { null } else { members(&mut random, 3) };
                (request, response)
            }
        };
        let (event, management) =
            (if service == "signin" { "AwsConsoleSignIn" } else { "AwsApiCall" }, !object);
        Self {
            head: format!(
                r#"","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":""#
            ),
            action: format!("{service}:{name}"),
            request,
            response,
            access: format!(r#"","readOnly":{read_only}"#),
            kind: format!(
                r#","eventType":"{event}","managementEvent":{management},"recipientAccountId":""#
            ),
            host: format!("{service}."),
            object,
            of_people: matches!(service, "signin" | "sso" | "support" | "ce"),
        }
    }
}

fn object_request() -> Vec<Piece> {
    let bucket = Piece::Name { pool: hash("bucket"), kinds: 300 };
    vec![
        Piece::Text(r#"{"bucketName":""#.into()),
        Piece::Mark,
        bucket,
        Piece::Mark,
        Piece::Text(r#"","Host":"s3."#.into()),
        Piece::Region,
        Piece::Text(r#".amazonaws.com","key":""#.into()),
        Piece::Mark,
        Piece::Text("data/".into()),
        Piece::Name { pool: hash("folder"), kinds: 2_000 },
        Piece::Text("/part-".into()),
        Piece::Number(10_000),
        Piece::Text("-".into()),
        Piece::Uuid,
        Piece::Text(".snappy.parquet".into()),
        Piece::Mark,
        Piece::Text(r#"","x-amz-acl":"bucket-owner-full-control"}"#.into()),
    ]
}

fn assume_role() -> (Vec<Piece>, Vec<Piece>) {
    let role = Piece::Name { pool: hash("assumed"), kinds: 400 };
    let request = vec![
        Piece::Text(r#"{"roleArn":"arn:aws:iam::"#.into()),
        Piece::Account,
        Piece::Text(":role/".into()),
        role,
        Piece::Text(r#"","roleSessionName":""#.into()),
        Piece::Hex(32),
        Piece::Text(r#"","durationSeconds":3600}"#.into()),
    ];
    let response = vec![
        Piece::Text(r#"{"credentials":{"accessKeyId":"ASIA"#.into()),
        Piece::Hex(16),
        Piece::Text(r#"","sessionToken":""#.into()),
        Piece::Secret(380),
        Piece::Text(r#""}}"#.into()),
    ];
    (request, response)
}

/// So many parameters, of the kinds that their names promise.
fn members(random: &mut Random, count: usize) -> Vec<Piece> {
    let first = random.below(MEMBERS.len() as u64) as usize;
    let mut pieces = Vec::new();
    let mut opening = "{";
    for step in 0..count + random.below(3) as usize {
        // Seven and the number of members have no common factor: none comes twice.
        let member = MEMBERS[(first + 7 * step) % MEMBERS.len()];
        let pool = random.word();
        let mut text = |text: String| pieces.push(Piece::Text(text));
        if member.ends_with("Id") {
            text(format!(r#"{opening}"{member}":"{}-0"#, &member[..3]));
            pieces.extend([Piece::Id { pool, kinds: 36 }, Piece::Text("\"".into())]);
        } else if member.ends_with("Arn") {
            text(format!(r#"{opening}"{member}":"arn:aws:{}:"#, random.pick(&SERVICES).0));
            pieces.extend([Piece::Region, Piece::Text(":".into()), Piece::Account]);
            pieces.extend([Piece::Text(":resource/".into()), Piece::Name { pool, kinds: 36 }]);
            pieces.push(Piece::Text("\"".into()));
        } else if member.ends_with("Name") {
            text(format!(r#"{opening}"{member}":""#));
            pieces.extend([Piece::Name { pool, kinds: 48 }, Piece::Text("\"".into())]);
        } else if random.percent(20) {
            text(format!(r#"{opening}"{member}Count":"#));
            pieces.push(Piece::Number(500));
        } else if random.percent(8) {
            text(format!(r#"{opening}"{member}Token":""#));
            pieces.extend([Piece::Uuid, Piece::Text("\"".into())]);
        } else {
            text(format!(r#"{opening}"{member}":"{}""#, random.pick(&CONSTANTS)));
        }
        opening = ",";
    }
    pieces.push(Piece::Text("}".into()));
    pieces
}
