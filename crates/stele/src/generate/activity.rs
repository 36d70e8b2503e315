//! An ordinary day in the accounts: what AWS's own services, the company's services, its
//! continuous integration and its people call. None of it touches the intruder's addresses.

use serde_json::{Value, json};

use super::clock::{HOUR, MINUTE, SECOND, by_pattern, rfc3339_seconds};
use super::cloudtrail::{Call, Caller, Factor, Identity, RoleSession, Way, entry};
use super::company::{
    BASTION_PUBLIC, CI_ADDRESS, FRANKFURT, PEOPLE, PLACES, PRODUCTION, Person, Place,
    SENSITIVE_BUCKET, SERVICE_ROLES, SHOP, STAGING, ServiceRole, TRAIL_BUCKET, office_address,
    session_key,
};
use super::intrusion::{LEAKED_KEY, LEAKED_USER};
use super::random::Random;
use super::{Demo, Dice, Entry};

/// What people look at: role, service, call, parameters.
const LOOKS: [(&str, &str, &str, &str); 30] = [
    ("", "ec2", "DescribeInstances", r#"{"maxResults":1000,"instancesSet":{},"filterSet":{}}"#),
    ("", "ec2", "DescribeVolumes", r#"{"maxResults":500,"volumeSet":{},"filterSet":{}}"#),
    ("", "ec2", "DescribeSecurityGroups", r#"{"maxResults":1000,"securityGroupSet":{}}"#),
    ("", "ec2", "DescribeSubnets", r#"{"subnetSet":{},"filterSet":{}}"#),
    ("", "ec2", "DescribeFlowLogs", r#"{"DescribeFlowLogsRequest":{"MaxResults":100}}"#),
    ("", "ecs", "DescribeServices", r#"{"cluster":"shop","services":["shop-web"]}"#),
    ("", "ecs", "ListTasks", r#"{"cluster":"shop","maxResults":100}"#),
    ("", "ecs", "DescribeTasks", r#"{"cluster":"shop","include":["TAGS"]}"#),
    ("", "logs", "DescribeLogGroups", r#"{"limit":50}"#),
    ("", "logs", "FilterLogEvents", r#"{"logGroupName":"/ecs/shop-web","limit":10000}"#),
    ("", "monitoring", "DescribeAlarms", r#"{"maxRecords":100}"#),
    ("", "cloudformation", "DescribeStacks", r#"{"stackName":"shop-production"}"#),
    ("", "s3", "ListBuckets", r#"{"Host":"s3.eu-central-1.amazonaws.com"}"#),
    ("", "lambda", "ListFunctions20150331", r#"{"maxItems":50}"#),
    ("", "rds", "DescribeDBInstances", r#"{"dBInstanceIdentifier":"shop-db-1"}"#),
    (
        "",
        "elasticloadbalancing",
        "DescribeTargetHealth",
        concat!(
            r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-central-1:111122223333:"#,
            r#"targetgroup/shop-web/6d0ecf831eec9f09"}"#
        ),
    ),
    ("", "health", "DescribeEventAggregates", r#"{"aggregateField":"eventTypeCategory"}"#),
    ("", "tagging", "GetResources", r#"{"resourcesPerPage":50}"#),
    ("Administrator", "iam", "ListUsers", r#"{"maxItems":100}"#),
    ("Administrator", "iam", "ListRoles", r#"{"maxItems":100}"#),
    ("Administrator", "iam", "GetAccountSummary", "null"),
    ("Administrator", "cloudtrail", "DescribeTrails", r#"{"trailNameList":[]}"#),
    ("Administrator", "cloudtrail", "GetTrailStatus", r#"{"name":"kq-organization"}"#),
    ("Administrator", "organizations", "DescribeOrganization", "null"),
    ("Auditor", "iam", "GetCredentialReport", "null"),
    ("Auditor", "cloudtrail", "LookupEvents", r#"{"maxResults":50}"#),
    ("Auditor", "config", "DescribeComplianceByConfigRule", "null"),
    ("Billing", "ce", "GetCostAndUsage", r#"{"granularity":"DAILY","metrics":["UnblendedCost"]}"#),
    (
        "Analyst",
        "athena",
        "StartQueryExecution",
        r#"{"queryString":"***OMITTED***","workGroup":"analytics"}"#,
    ),
    ("Analyst", "glue", "GetTables", r#"{"databaseName":"shop"}"#),
];

const BROWSERS: [&str; 3] = [
    concat!(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 ",
        "(KHTML, like Gecko) Version/18.6 Safari/605.1.15"
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    concat!(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 ",
        "(KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
    ),
];

const COMMAND_LINE: &str =
    "aws-cli/2.31.13 md/awscrt#0.27.6 ua/2.1 os/macos#25.0.0 md/arch#arm64 lang/python#3.13.7";

/// Everything that happens before the end.
pub(super) fn backlog(demo: &Demo, out: &mut Vec<Entry>) {
    let mut dice = demo.dice("activity", 0);
    let (start, end) = (demo.start_micros, demo.end_micros);
    let hours = ((end - start) / HOUR) as u64;
    for _ in 0..330 * hours {
        let at = dice.choice.between(start, end);
        service_call(&mut dice, at, out);
    }
    for _ in 0..500 * hours {
        let at = dice.choice.between(start, end);
        role_call(&mut dice, at, start, out);
    }
    for _ in 0..6 * hours {
        let at = dice.choice.between(start, end - 25 * MINUTE);
        person_session(&mut dice, at, out);
    }
    let mut at = start + 7 * MINUTE;
    while at < end - 12 * MINUTE {
        deployment(&mut dice, at, out);
        at += dice.choice.between(35 * MINUTE, 75 * MINUTE);
    }
    // The key that will leak is used twice an hour, always from the bastion.
    let mut at = start + 4 * MINUTE;
    while at < end - MINUTE {
        artefact_copy(&mut dice, at, out);
        at += 30 * MINUTE;
    }
    owner_session(&mut dice, start + 50 * MINUTE, out);
}

/// What is logged in one second, now and then nothing.
pub(super) fn tick(dice: &mut Dice, at_micros: i64, out: &mut Vec<Entry>) {
    if !dice.choice.percent(40) {
        return;
    }
    // CloudTrail is never there at once.
    let at = at_micros - dice.choice.between(40 * SECOND, 200 * SECOND);
    for _ in 0..=dice.choice.below(3) {
        match dice.choice.below(10) {
            0..4 => service_call(dice, at, out),
            4..9 => role_call(dice, at, at - HOUR, out),
            _ => {
                let visit = Visit::new(dice, at - 10 * MINUTE);
                look(dice, at, &visit, out);
            }
        }
    }
}

fn place(dice: &mut Dice) -> Place {
    PLACES[dice.choice.weighted(&PLACES.map(|(_, weight)| weight))].0
}

/// A call of one AWS service to another.
fn service_call(dice: &mut Dice, at: i64, out: &mut Vec<Entry>) {
    let place = place(dice);
    let Place { account, region } = place;
    let (name, call) = match dice.choice.below(10) {
        0..3 => {
            let (service, role) = *dice.choice.pick(&[
                ("ecs-tasks.amazonaws.com", "shop-web"),
                ("lambda.amazonaws.com", "image-resize"),
                ("ec2.amazonaws.com", "glaze-renderer"),
                ("scheduler.amazonaws.com", "nightly-backup"),
            ]);
            (service, assume_role(dice, at, account, role))
        }
        3..5 => ("cloudtrail.amazonaws.com", Call::bucket(dice, "GetBucketAcl", TRAIL_BUCKET)),
        5..7 => {
            let day = by_pattern(at, "%Y/%m/%d");
            let stamp = by_pattern(at, "%Y%m%dT%H%MZ");
            let key = format!(
                "AWSLogs/{account}/CloudTrail/{region}/{day}/\
                 {account}_CloudTrail_{region}_{stamp}_{}.json.gz",
                dice.id.base32(16)
            );
            ("cloudtrail.amazonaws.com", Call::object(dice, "PutObject", TRAIL_BUCKET, &key))
        }
        7 => {
            let key =
                format!("arn:aws:kms:{region}:{account}:key/6b1f2c0e-49d7-4a8e-b0c3-1d5e7f90a2b4");
            let request = json!({
                "keyId": key,
                "keySpec": "AES_256",
                "encryptionContext": { "aws:s3:arn": format!("arn:aws:s3:::{TRAIL_BUCKET}") },
            });
            let call = Call::read("kms", "GenerateDataKey", request);
            ("cloudtrail.amazonaws.com", call.on(account, "AWS::KMS::Key", key))
        }
        8 => {
            let stream = json!({
                "logGroupName": "/ecs/shop-web",
                "logStreamName": format!("ecs/shop-web/{}", dice.id.hex(32)),
            });
            (
                "delivery.logs.amazonaws.com",
                Call::write("logs", "CreateLogStream", stream, Value::Null),
            )
        }
        _ => {
            let request = json!({ "describeRegionsRequest": "" });
            ("config.amazonaws.com", Call::read("ec2", "DescribeRegions", request))
        }
    };
    let caller = Caller::service(name);
    out.push(entry(dice, at, place, &caller, &call));
}

fn assume_role(dice: &mut Dice, at: i64, account: &'static str, role: &str) -> Call {
    let arn = format!("arn:aws:iam::{account}:role/{role}");
    let session = dice.id.hex(32);
    let response = json!({
        "credentials": {
            "accessKeyId": session_key(&mut dice.id),
            "sessionToken": dice.id.base64(120),
            "expiration": by_pattern(at + HOUR, "%b %e, %Y, %I:%M:%S %p"),
        },
        "assumedRoleUser": {
            "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
        },
    });
    let request = json!({ "roleArn": arn, "roleSessionName": session });
    let call = Call::write("sts", "AssumeRole", request, response).reading();
    call.on(account, "AWS::IAM::Role", arn)
}

/// A call of one of the company's services.
fn role_call(dice: &mut Dice, at: i64, since: i64, out: &mut Vec<Entry>) {
    let role = &SERVICE_ROLES[dice.choice.weighted(&[50, 30, 14, 6])];
    let caller = role_caller(role, at, since);
    let account = PRODUCTION;
    let call = match dice.choice.below(100) {
        0..40 => {
            let key = object_key(dice, role);
            Call::object(dice, "GetObject", role.bucket, &key)
        }
        40..58 => {
            let key = object_key(dice, role);
            Call::object(dice, "PutObject", role.bucket, &key)
        }
        // Receipts are the only ordinary business with the customers' records.
        58..61 => {
            let key = format!("receipts/{}.pdf", 400_000 + dice.choice.below(90_000));
            Call::object(dice, "PutObject", SENSITIVE_BUCKET, &key)
        }
        61..74 => {
            let key = format!(
                "arn:aws:kms:{FRANKFURT}:{account}:key/0d4c71b2-86fe-4f5a-93ab-5ce2d7a01f68"
            );
            let request = json!({
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "encryptionContext": { "aws:s3:arn": format!("arn:aws:s3:::{}", role.bucket) },
            });
            Call::read("kms", "Decrypt", request).on(account, "AWS::KMS::Key", key)
        }
        74..82 => {
            Call::read("secretsmanager", "GetSecretValue", json!({ "secretId": role.secret }))
        }
        82..90 => {
            let names =
                json!({ "names": [format!("/{}/config", role.role)], "withDecryption": true });
            Call::read("ssm", "GetParameters", names)
        }
        90..96 => {
            let request = json!({
                "instanceId": "i-0c41aa97be5d20f61",
                "agentVersion": "3.3.3050.0",
                "agentStatus": "Active",
                "platformType": "Linux",
                "iPAddress": role.address,
            });
            Call::write("ssm", "UpdateInstanceInformation", request, Value::Null)
        }
        96..98 => {
            let key = object_key(dice, role);
            let call = Call::object(dice, "GetObject", role.bucket, &key);
            call.failed("NoSuchKey", "The specified key does not exist.")
        }
        _ => {
            let request =
                json!({ "queueUrl": "https://sqs.eu-central-1.amazonaws.com/111122223333/orders" });
            Call::read("sqs", "GetQueueAttributes", request).denied(&caller)
        }
    };
    out.push(entry(dice, at, SHOP, &caller, &call));
}

fn role_caller(role: &ServiceRole, at: i64, since: i64) -> Caller {
    // A session lasts an hour: all calls in it have the same key.
    let hour = (at - since).div_euclid(HOUR);
    let mut session = Random::stream(since as u64, role.role, hour as u64);
    Caller {
        identity: Identity::role(RoleSession {
            account: PRODUCTION,
            role: role.role,
            path: "",
            session: role.session,
            key: session_key(&mut session),
            created_micros: since + hour * HOUR,
        }),
        address: role.address.to_owned(),
        user_agent: role.user_agent.to_owned(),
        way: Way::Endpoint,
    }
}

fn object_key(dice: &mut Dice, role: &ServiceRole) -> String {
    let number = dice.choice.below(3_000);
    match role.role {
        "shop-web" => {
            format!("tiles/{number:04}/{}.webp", dice.choice.pick(&["small", "large", "room"]))
        }
        "order-worker" => format!("orders/{}/order-{}.json", number % 97, 600_000 + number),
        "glaze-renderer" => format!("renders/glaze-{:03}/frame-{number:05}.exr", number % 211),
        _ => format!("base/wal/{:08X}{:016X}.lz4", number % 5, number),
    }
}

/// Somebody at the console or the command line.
struct Visit {
    person: &'static Person,
    account: &'static str,
    caller: Caller,
}

impl Visit {
    fn new(dice: &mut Dice, created_micros: i64) -> Self {
        let person = dice.choice.pick(&PEOPLE);
        let account = if dice.choice.percent(70) { PRODUCTION } else { STAGING };
        let address = if dice.choice.percent(55) {
            office_address(&mut dice.choice)
        } else {
            person.home.to_owned()
        };
        let console = dice.choice.percent(65);
        let browser = *dice.choice.pick(&BROWSERS);
        let key = session_key(&mut dice.id);
        let identity = if has_own_user(person) {
            Identity::user(account, person.name, None).in_console(
                &key,
                created_micros,
                Factor::Second,
            )
        } else {
            Identity::role(RoleSession {
                account,
                role: &format!("AWSReservedSSO_{}_9f31c0aa52be7d14", person.role),
                path: "aws-reserved/sso.amazonaws.com/eu-central-1/",
                session: &format!("{}@example.com", person.name),
                key,
                created_micros,
            })
        };
        let (user_agent, way) =
            if console { (browser, Way::Console) } else { (COMMAND_LINE, Way::Internet) };
        let caller = Caller { identity, address, user_agent: user_agent.to_owned(), way };
        Self { person, account, caller }
    }

    fn place(&self) -> Place {
        Place { account: self.account, region: FRANKFURT }
    }
}

/// The auditor and the book-keeper come from outside the single sign-on.
fn has_own_user(person: &Person) -> bool {
    matches!(person.role, "Auditor" | "Billing")
}

fn person_session(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    let visit = Visit::new(dice, start);
    if visit.caller.way == Way::Console {
        let mut caller = visit.caller.clone();
        if has_own_user(visit.person) {
            caller.identity = Identity::user(visit.account, visit.person.name, None);
            if dice.choice.percent(30) {
                let call = Call::console_login("Failure", Factor::Second);
                out.push(entry(dice, start - 20 * SECOND, visit.place(), &caller, &call));
            }
        }
        let call = Call::console_login("Success", Factor::Second);
        out.push(entry(dice, start, visit.place(), &caller, &call));
    }
    let mut at = start;
    for _ in 0..12 + dice.choice.below(25) {
        at += dice.choice.between(2 * SECOND, 60 * SECOND);
        look(dice, at, &visit, out);
    }
    if visit.person.role == "Developer" && dice.choice.percent(35) {
        let tags = json!({
            "resourcesSet": { "items": [{ "resourceId": "i-05d9f82b7c1e6a304" }] },
            "tagSet": { "items": [{ "key": "owner", "value": visit.person.name }] },
        });
        let call = Call::write("ec2", "CreateTags", tags, json!({ "_return": true }));
        out.push(entry(dice, at + SECOND, visit.place(), &visit.caller, &call));
    }
}

fn look(dice: &mut Dice, at: i64, visit: &Visit, out: &mut Vec<Entry>) {
    let (role, service, name, request) = *dice.choice.pick(&LOOKS);
    let call = Call::read(service, name, serde_json::from_str(request).unwrap_or_default());
    let allowed =
        role.is_empty() || role == visit.person.role || visit.person.role == "Administrator";
    // People seldom ask for what they may not see.
    if !allowed && dice.choice.percent(70) {
        return;
    }
    let call = if allowed { call } else { call.denied(&visit.caller) };
    out.push(entry(dice, at, visit.place(), &visit.caller, &call));
}

/// The owner of the account looks at the bills once.
fn owner_session(dice: &mut Dice, at: i64, out: &mut Vec<Entry>) {
    let place = Place { account: PRODUCTION, region: FRANKFURT };
    let key = session_key(&mut dice.id);
    let mut caller = Caller {
        identity: Identity::root(PRODUCTION),
        address: "198.51.100.10".to_owned(),
        user_agent: BROWSERS[0].to_owned(),
        way: Way::Console,
    };
    let call = Call::console_login("Success", Factor::Second);
    out.push(entry(dice, at, place, &caller, &call));
    caller.identity = Identity::root(PRODUCTION).in_console(&key, at, Factor::Second);
    for (step, name) in
        ["GetAccountSummary", "ListMFADevices", "GetAccountSummary"].iter().enumerate()
    {
        let call = Call::read("iam", name, Value::Null);
        out.push(entry(dice, at + (step as i64 + 1) * 9 * SECOND, place, &caller, &call));
    }
}

/// The continuous integration builds and rolls out.
fn deployment(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    let account = if dice.choice.percent(45) { PRODUCTION } else { STAGING };
    let place = Place { account, region: FRANKFURT };
    let run = format!("run-{}", 18_000 + dice.choice.below(900));
    let user_agent = "aws-actions/configure-aws-credentials ua/2.1 lang/js md/nodejs#20.19.5";
    let vouched = Caller {
        identity: Identity::web_identity(
            "token.ci.example.com",
            "repo:kiln-quarry/shop:ref:refs/heads/main",
        ),
        address: CI_ADDRESS.to_owned(),
        user_agent: user_agent.to_owned(),
        way: Way::Internet,
    };
    let call = assume_role(dice, start, account, "ci-deploy").named("AssumeRoleWithWebIdentity");
    out.push(entry(dice, start, place, &vouched, &call));
    let identity = Identity::role(RoleSession {
        account,
        role: "ci-deploy",
        path: "",
        session: &run,
        key: session_key(&mut dice.id),
        created_micros: start,
    });
    let caller = Caller { identity, ..vouched };
    let tag = dice.choice.hex(12);
    let image = json!({ "registryId": account, "repositoryName": "shop-web", "imageTag": tag });
    let family = json!({ "family": "shop-web", "cpu": "1024", "memory": "2048" });
    let service = json!({ "cluster": "shop", "service": "shop-web", "forceNewDeployment": false });
    let progress = json!({ "cluster": "shop", "services": ["shop-web"] });
    let stack = json!({ "stackName": "shop-production" });
    let started = json!({ "service": { "status": "ACTIVE", "createdAt": rfc3339_seconds(start) } });
    let calls = [
        Call::read("sts", "GetCallerIdentity", Value::Null),
        Call::read("ecr", "GetAuthorizationToken", Value::Null),
        Call::read("ecr", "BatchCheckLayerAvailability", image.clone()),
        Call::write("ecr", "InitiateLayerUpload", image.clone(), Value::Null),
        Call::write("ecr", "CompleteLayerUpload", image.clone(), Value::Null),
        Call::write("ecr", "PutImage", image, Value::Null),
        Call::read("cloudformation", "DescribeStacks", stack),
        Call::write("ecs", "RegisterTaskDefinition", family, Value::Null),
        Call::write("ecs", "UpdateService", service, started),
        Call::read("ecs", "DescribeServices", progress.clone()),
        Call::read("ecs", "DescribeServices", progress.clone()),
        Call::read("ecs", "DescribeServices", progress),
    ];
    let mut at = start;
    for call in calls {
        at += dice.choice.between(2 * SECOND, 40 * SECOND);
        out.push(entry(dice, at, place, &caller, &call));
    }
}

/// A job on the bastion copies a release with the key of `svc-deploy`.
fn artefact_copy(dice: &mut Dice, start: i64, out: &mut Vec<Entry>) {
    let caller = Caller {
        identity: Identity::user(PRODUCTION, LEAKED_USER, Some(LEAKED_KEY)),
        address: BASTION_PUBLIC.to_owned(),
        user_agent: "aws-cli/1.40.22 md/Botocore#1.38.23 ua/2.1 os/linux#6.1.0 lang/python#3.11.2"
            .to_owned(),
        way: Way::Internet,
    };
    let release = format!("releases/shop-{}.tar.zst", 2_000 + dice.choice.below(40));
    let calls = [
        Call::bucket(dice, "GetBucketLocation", "kq-releases"),
        Call::object(dice, "HeadObject", "kq-releases", &release),
        Call::object(dice, "GetObject", "kq-releases", &release),
    ];
    for (step, call) in calls.iter().enumerate() {
        out.push(entry(dice, start + step as i64 * 2 * SECOND, SHOP, &caller, call));
    }
}
