//! The one thing in the demonstration that should not be there.
//!
//! About seventy minutes before the end somebody at [`FIRST_ADDRESS`] scans the bastion, guesses a
//! password, reads a key that lies about, asks AWS what it may do, makes a user of its own, tries
//! in vain to switch the logs off, and copies the database. From [`SECOND_ADDRESS`] the new user
//! logs in, fetches the customers' records from S3 and reads more of them in the shop.
//! `docs/tutorial.md` follows these steps; the counts in it are tested.

use serde_json::{Value, json};

use super::application::{self, Session};
use super::clock::{MINUTE, SECOND, rfc3339_seconds};
use super::cloudtrail::{Call, Caller, Factor, Identity, Way, entry};
use super::company::{
    BASTION, DATABASE, FRANKFURT, PRODUCTION, SENSITIVE_BUCKET, SHOP, principal_id, session_key,
};
use super::random::Random;
use super::sshd::Machine;
use super::vpcflow::{Flow, Verdict, client, pair, server};
use super::{Demo, Dice, Entry};

/// The address that breaks in.
pub(super) const FIRST_ADDRESS: &str = "203.0.113.77";
/// The address that carries on with the new user.
pub(super) const SECOND_ADDRESS: &str = "203.0.113.78";
/// The user of IAM whose key lies on the bastion.
pub(super) const LEAKED_USER: &str = "svc-deploy";
/// That key.
pub(super) const LEAKED_KEY: &str = "AKIAKQ7DEPLOYEXAMPLE";
/// The user of IAM that the intruder makes.
pub(super) const BACKDOOR_USER: &str = "backup-sync";
/// The key of that user.
pub(super) const BACKDOOR_KEY: &str = "AKIAKQ7BACKUPEXAMPLE";
/// The account in the shop whose password the intruder finds in a secret.
pub(super) const SHOP_USER: &str = "report.export";

/// Ports knocked at.
pub(super) const PORTS_SCANNED: u64 = 24;
/// Objects fetched from the customers' records.
pub(super) const OBJECTS_FETCHED: u64 = 148;
/// Customers' records read in the shop.
pub(super) const RECORDS_READ: u64 = 23;

const CONNECTIONS: u64 = 36;
const SESSION_PORT: u64 = 51_180;
const TOOL: &str = "aws-cli/2.22.4 md/awscrt#0.23.4 ua/2.0 os/linux#6.11.2 md/arch#x86_64";

/// Everything that the intruder leaves in the logs.
pub(super) fn entries(demo: &Demo, out: &mut Vec<Entry>) {
    let mut dice = demo.dice("intrusion", 0);
    let before = |minutes: i64| demo.end_micros - minutes * MINUTE;
    scan(&mut dice, before(69), out);
    guess_passwords(&mut dice, before(68), out);
    come_in(before(62) + 30 * SECOND, before(44), out);
    copy_database(before(57), out);
    look_around(&mut dice, before(58), out);
    take_root(&mut dice, before(54), out);
    use_console(&mut dice, before(50), out);
    fetch_objects(&mut dice, before(47), out);
    read_records(&mut dice, demo.seed, before(42), out);
}

fn scan(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    for knock in 0..PORTS_SCANNED {
        let flow = Flow {
            host: &BASTION,
            from: client(&mut dice.choice, FIRST_ADDRESS),
            to: server(BASTION.address, 21 + 97 * knock + u64::from(knock > 0)),
            protocol: 6,
            packets: 1,
            bytes: 44,
            verdict: Verdict::Reject,
        };
        out.push(flow.entry(start + knock as i64 * 2 * SECOND));
    }
}

/// Six passwords a connection, as many as `sshd` allows (`MaxAuthTries`).
fn guess_passwords(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    const NAMES: [(&str, &str); 6] = [
        ("invalid user ", "admin"),
        ("", "root"),
        ("invalid user ", "ec2-user"),
        ("invalid user ", "ubuntu"),
        ("", "deploy"),
        ("invalid user ", "jenkins"),
    ];
    let machine = Machine { host: &BASTION };
    for connection in 0..CONNECTIONS {
        let last = connection + 1 == CONNECTIONS;
        let (unknown, name) =
            if last { NAMES[4] } else { NAMES[connection as usize % NAMES.len()] };
        let begun = start + connection as i64 * 9 * SECOND;
        let port = if last { SESSION_PORT } else { 50_000 + connection * 31 };
        let process = 61_000 + connection * 3;
        let end = format!("{FIRST_ADDRESS} port {port}");
        if !unknown.is_empty() {
            let message = format!("Invalid user {name} from {end}");
            out.push(machine.auth(begun, "sshd", process, &message));
        }
        for attempt in 1..=if last { 2 } else { 6 } {
            let message = format!("Failed password for {unknown}{name} from {end} ssh2");
            out.push(machine.auth(begun + attempt * SECOND, "sshd", process, &message));
        }
        if !last {
            let message = format!(
                "error: maximum authentication attempts exceeded for {unknown}{name} \
                 from {end} ssh2 [preauth]"
            );
            out.push(machine.auth(begun + 7 * SECOND, "sshd", process, &message));
        }
        let (from, to) = (server(FIRST_ADDRESS, port), server(BASTION.address, 22));
        let bytes = 3_100 + dice.choice.below(400);
        pair(&BASTION, from, to, (bytes, bytes + 900), begun + 20 * SECOND, out);
    }
}

fn come_in(start: i64, end: i64, out: &mut Vec<Entry>) {
    let machine = Machine { host: &BASTION };
    let process = 61_000 + (CONNECTIONS - 1) * 3;
    let from = format!("{FIRST_ADDRESS} port {SESSION_PORT}");
    let steps = [
        (0, "sshd", format!("Accepted password for deploy from {from} ssh2")),
        (0, "sshd", session_note("opened for user deploy(uid=1004) by deploy(uid=0)")),
        (1, "systemd-logind", "New session 4181 of user deploy.".to_owned()),
        (48, "sudo", sudo("/usr/bin/cat /root/.aws/credentials")),
        (270, "sudo", sudo("/usr/bin/pg_dump -h 10.20.3.31 -Fc -f /tmp/.shop.dump shop")),
    ];
    for (seconds, program, message) in steps {
        out.push(machine.auth(start + seconds * SECOND, program, process, &message));
    }
    out.push(machine.auth(end, "sshd", process, &format!("Disconnected from user deploy {from}")));
    out.push(machine.auth(end, "sshd", process, &session_note("closed for user deploy")));
}

fn session_note(rest: &str) -> String {
    format!("pam_unix(sshd:session): session {rest}")
}

fn sudo(command: &str) -> String {
    format!("  deploy : TTY=pts/2 ; PWD=/home/deploy ; USER=root ; COMMAND={command}")
}

/// The dump goes from the database to the bastion and out through the SSH session.
fn copy_database(start: i64, out: &mut Vec<Entry>) {
    for minute in 0..6 {
        let at = start + minute * MINUTE;
        let (from, to) = (server(DATABASE.address, 5_432), server(BASTION.address, 41_902));
        out.push(Flow::tcp(&BASTION, from, to, 458_129_844).entry(at));
    }
    for minute in 1..9 {
        let at = start + minute * MINUTE;
        let (outside, inside) = (server(FIRST_ADDRESS, SESSION_PORT), server(BASTION.address, 22));
        pair(&BASTION, outside, inside, (1_912_660, 343_597_383), at, out);
    }
}

fn leaked() -> Caller {
    Caller {
        identity: Identity::user(PRODUCTION, LEAKED_USER, Some(LEAKED_KEY)),
        address: FIRST_ADDRESS.to_owned(),
        user_agent: TOOL.to_owned(),
        way: Way::Internet,
    }
}

/// Two questions that are answered, nine that are not, one that is.
fn look_around(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    let caller = leaked();
    let denied = [
        Call::read("iam", "GetAccountAuthorizationDetails", Value::Null),
        Call::read("iam", "ListUsers", Value::Null),
        Call::read("organizations", "DescribeOrganization", Value::Null),
        Call::read("secretsmanager", "ListSecrets", json!({ "maxResults": 100 })),
        Call::read("ssm", "DescribeParameters", json!({ "maxResults": 50 })),
        Call::read("kms", "ListKeys", json!({ "limit": 1_000 })),
        Call::read("lambda", "ListFunctions20150331", json!({ "maxItems": 50 })),
        Call::read("rds", "DescribeDBSnapshots", json!({ "maxRecords": 100 })),
        Call::read("guardduty", "ListDetectors", json!({ "maxResults": "50" })),
    ];
    let buckets = json!({ "Host": "s3.eu-central-1.amazonaws.com" });
    let instances = json!({ "maxResults": 1_000, "instancesSet": {}, "filterSet": {} });
    let mut calls = vec![
        Call::read("sts", "GetCallerIdentity", Value::Null),
        Call::read("s3", "ListBuckets", buckets),
    ];
    calls.extend(denied.into_iter().map(|call| call.denied(&caller)));
    calls.push(Call::read("ec2", "DescribeInstances", instances));
    for (step, call) in calls.iter().enumerate() {
        let at = start + step as i64 * 13 * SECOND;
        out.push(entry(dice, at, SHOP, &caller, call));
    }
}

/// A user of the intruder's own; then the logs should fall silent, and do not.
fn take_root(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    let caller = leaked();
    let user = json!({ "userName": BACKDOOR_USER });
    let created = rfc3339_seconds(start);
    let made = json!({ "user": {
        "path": "/",
        "userName": BACKDOOR_USER,
        "userId": principal_id("AIDA", PRODUCTION, BACKDOOR_USER),
        "arn": format!("arn:aws:iam::{PRODUCTION}:user/{BACKDOOR_USER}"),
        "createDate": created,
    }});
    let policy = json!({
        "userName": BACKDOOR_USER,
        "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    });
    let key = json!({ "accessKey": {
        "userName": BACKDOOR_USER,
        "accessKeyId": BACKDOOR_KEY,
        "status": "Active",
        "createDate": created,
    }});
    let profile = json!({ "userName": BACKDOOR_USER, "passwordResetRequired": false });
    let trail = format!("arn:aws:cloudtrail:{FRANKFURT}:{PRODUCTION}:trail/kq-organization");
    let flow_log = json!({ "content": "fl-0b92d4e61fa7c3850", "tag": 1 });
    let flow_logs = json!({ "DeleteFlowLogsRequest": { "FlowLogId": flow_log } });
    let barred = "with an explicit deny in a service control policy";
    let stop = Call::write("cloudtrail", "StopLogging", json!({ "name": trail }), Value::Null)
        .on(PRODUCTION, "AWS::CloudTrail::Trail", trail)
        .denied_because(&caller, barred);
    let delete = Call::write("ec2", "DeleteFlowLogs", flow_logs, Value::Null)
        .denied_because(&caller, barred);
    let calls = [
        Call::write("iam", "CreateUser", user.clone(), made),
        Call::write("iam", "AttachUserPolicy", policy, Value::Null),
        Call::write("iam", "CreateAccessKey", user, key),
        Call::write(
            "iam",
            "CreateLoginProfile",
            profile.clone(),
            json!({ "loginProfile": profile }),
        ),
        stop,
        delete,
    ];
    for (step, call) in calls.iter().enumerate() {
        let at = start + step as i64 * 21 * SECOND;
        out.push(entry(dice, at, SHOP, &caller, call));
    }
}

/// The new user logs in with the password alone, looks round, and finds a password in a secret.
fn use_console(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    let mut caller = Caller {
        identity: Identity::user(PRODUCTION, BACKDOOR_USER, None),
        address: SECOND_ADDRESS.to_owned(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
            .to_owned(),
        way: Way::Console,
    };
    let login = Call::console_login("Success", Factor::Password);
    out.push(entry(dice, start, SHOP, &caller, &login));
    let key = session_key(&mut dice.id);
    caller.identity = caller.identity.in_console(&key, start, Factor::Password);
    let calls = [
        Call::read("s3", "ListBuckets", json!({ "Host": "s3.eu-central-1.amazonaws.com" })),
        Call::read("ec2", "DescribeInstances", json!({ "maxResults": 1_000, "instancesSet": {} })),
        Call::read("rds", "DescribeDBInstances", Value::Null),
        Call::read("secretsmanager", "ListSecrets", json!({ "maxResults": 100 })),
        Call::read("secretsmanager", "GetSecretValue", json!({ "secretId": "shop/admin-portal" })),
    ];
    for (step, call) in calls.iter().enumerate() {
        let at = start + (step as i64 + 1) * 17 * SECOND;
        out.push(entry(dice, at, SHOP, &caller, call));
    }
}

fn fetch_objects(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    let caller = Caller {
        identity: Identity::user(PRODUCTION, BACKDOOR_USER, Some(BACKDOOR_KEY)),
        address: SECOND_ADDRESS.to_owned(),
        user_agent: format!("{TOOL} command/s3.sync"),
        way: Way::Internet,
    };
    let list = Call::bucket(dice, "ListObjects", SENSITIVE_BUCKET);
    out.push(entry(dice, start, SHOP, &caller, &list));
    for number in 0..OBJECTS_FETCHED {
        let folder = ["exports", "invoices", "payouts"][number as usize % 3];
        let key = format!("{folder}/customers-part-{number:04}.csv.gz");
        let call = Call::object(dice, "GetObject", SENSITIVE_BUCKET, &key);
        // Four at a time, as `aws s3 sync` does; all within four minutes.
        let at = start + 3 * SECOND + (number / 4) as i64 * 6 * SECOND;
        out.push(entry(dice, at, SHOP, &caller, &call));
    }
}

fn read_records(dice: &mut Dice, seed: u64, start: i64, out: &mut Vec<Entry>) {
    let session = Session {
        user: SHOP_USER.to_owned(),
        id: Random::stream(seed, "intruder", 0).uuid(),
        address: SECOND_ADDRESS.to_owned(),
        user_agent: "curl/8.11.0".to_owned(),
    };
    application::login(dice, &session, start, out);
    for record in 0..RECORDS_READ {
        let at = start + (record as i64 + 2) * 3 * SECOND;
        application::customer_record(dice, &session, 10_001 + record, at, out);
    }
}
