//! CloudTrail records as AWS writes them: who called, what was called, and the text of both.
//!
//! AWS CloudTrail user guide, "CloudTrail record contents" (version 1.11). The order of the
//! members is that of real records.

use serde::Serialize;
use serde_json::{Value, json};

use super::clock;
use super::company::{FRANKFURT, PRODUCTION, Place, VIRGINIA, VPC_ENDPOINT, principal_id};
use super::{Channel, Dice, Entry};

/// `userIdentity`.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "identityProvider")]
    provider: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_issuer: Option<SessionIssuer>,
    attributes: SessionAttributes,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer {
    #[serde(rename = "type")]
    kind: &'static str,
    principal_id: String,
    arn: String,
    account_id: &'static str,
    user_name: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionAttributes {
    creation_date: String,
    mfa_authenticated: &'static str,
}

/// By what a session in the console was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    /// The password alone.
    Password,
    /// A second factor too.
    Second,
}

/// What a session of a role consists of.
pub(super) struct RoleSession<'a> {
    pub(super) account: &'static str,
    pub(super) role: &'a str,
    /// The part of the role's ARN before its name (`aws-reserved/sso.amazonaws.com/…`).
    pub(super) path: &'static str,
    pub(super) session: &'a str,
    pub(super) key: String,
    pub(super) created_micros: i64,
}

impl Identity {
    /// An AWS service that acts for itself.
    pub(super) fn service(name: &'static str) -> Self {
        Self { kind: "AWSService", invoked_by: Some(name), ..Self::default() }
    }

    /// A user of IAM; without a key where the password was used.
    pub(super) fn user(account: &'static str, name: &str, key: Option<&str>) -> Self {
        Self {
            kind: "IAMUser",
            principal_id: Some(principal_id("AIDA", account, name)),
            arn: Some(format!("arn:aws:iam::{account}:user/{name}")),
            account_id: Some(account),
            access_key_id: key.map(str::to_owned),
            user_name: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// The owner of the account.
    pub(super) fn root(account: &'static str) -> Self {
        Self {
            kind: "Root",
            principal_id: Some(account.to_owned()),
            arn: Some(format!("arn:aws:iam::{account}:root")),
            account_id: Some(account),
            access_key_id: Some(String::new()),
            ..Self::default()
        }
    }

    /// A session of a role.
    pub(super) fn role(session: RoleSession<'_>) -> Self {
        let RoleSession { account, role, path, session, key, created_micros } = session;
        let principal = principal_id("AROA", account, role);
        Self {
            kind: "AssumedRole",
            principal_id: Some(format!("{principal}:{session}")),
            arn: Some(format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")),
            account_id: Some(account),
            access_key_id: Some(key),
            session_context: Some(SessionContext {
                session_issuer: Some(SessionIssuer {
                    kind: "Role",
                    principal_id: principal,
                    arn: format!("arn:aws:iam::{account}:role/{path}{role}"),
                    account_id: account,
                    user_name: role.to_owned(),
                }),
                attributes: SessionAttributes {
                    creation_date: clock::rfc3339_seconds(created_micros),
                    mfa_authenticated: "false",
                },
            }),
            ..Self::default()
        }
    }

    /// The identity, in a session that was opened in the console with or without a second factor.
    pub(super) fn in_console(mut self, key: &str, created_micros: i64, factor: Factor) -> Self {
        self.access_key_id = Some(key.to_owned());
        self.session_context = Some(SessionContext {
            session_issuer: None,
            attributes: SessionAttributes {
                creation_date: clock::rfc3339_seconds(created_micros),
                mfa_authenticated: if factor == Factor::Second { "true" } else { "false" },
            },
        });
        self
    }

    /// Somebody whom an outside identity provider vouches for.
    pub(super) fn web_identity(provider: &'static str, subject: &str) -> Self {
        Self {
            kind: "WebIdentityUser",
            principal_id: Some(format!("{provider}:sts.amazonaws.com:{subject}")),
            user_name: Some(subject.to_owned()),
            provider: Some(provider),
            ..Self::default()
        }
    }
}

/// Who calls, and from where.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) identity: Identity,
    /// An address, or the name of a service.
    pub(super) address: String,
    pub(super) user_agent: String,
    pub(super) way: Way,
}

/// How a call reaches AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From one service to another.
    Internal,
    /// Over the internet, by a program.
    Internet,
    /// Through the endpoint inside the network.
    Endpoint,
    /// By the console.
    Console,
}

impl Caller {
    /// An AWS service that acts for itself.
    pub(super) fn service(name: &'static str) -> Self {
        Self {
            identity: Identity::service(name),
            address: name.to_owned(),
            user_agent: name.to_owned(),
            way: Way::Internal,
        }
    }

    fn arn(&self) -> &str {
        self.identity.arn.as_deref().unwrap_or("an unknown principal")
    }
}

/// A resource that a call touches.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Resource {
    #[serde(rename = "accountId", skip_serializing_if = "Option::is_none")]
    account: Option<&'static str>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "ARN")]
    arn: String,
}

/// What is called, and how it ends.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// `kms` of `kms.amazonaws.com`.
    service: &'static str,
    name: &'static str,
    read_only: bool,
    data: bool,
    request: Value,
    response: Value,
    additional: Option<Value>,
    resources: Vec<Resource>,
    error: Option<&'static str>,
    message: Option<String>,
    /// The name of the host as the client wrote it, where it is not the service's usual one.
    host: Option<String>,
}

impl Call {
    /// A call that only reads.
    pub(super) fn read(service: &'static str, name: &'static str, request: Value) -> Self {
        Self {
            service,
            name,
            read_only: true,
            data: false,
            request,
            response: Value::Null,
            additional: None,
            resources: Vec::new(),
            error: None,
            message: None,
            host: None,
        }
    }

    /// A call that changes something.
    pub(super) fn write(
        service: &'static str,
        name: &'static str,
        request: Value,
        response: Value,
    ) -> Self {
        Self { read_only: false, response, ..Self::read(service, name, request) }
    }

    /// A call about an object on S3 (a data event).
    pub(super) fn object(dice: &mut Dice, name: &'static str, bucket: &str, key: &str) -> Self {
        let bytes = 2_000 + dice.choice.below(400_000);
        let read_only = name != "PutObject" && name != "DeleteObject";
        let (into, out) = if read_only { (0, bytes) } else { (bytes, 0) };
        let host = format!("{bucket}.s3.{FRANKFURT}.amazonaws.com");
        let request = json!({ "bucketName": bucket, "Host": host, "key": key });
        let mut call = Self::read("s3", name, request);
        call.read_only = read_only;
        call.data = true;
        call.additional = Some(s3_transfer(dice, into, out));
        call.resources = vec![
            Resource {
                account: None,
                kind: "AWS::S3::Object",
                arn: format!("arn:aws:s3:::{bucket}/{key}"),
            },
            Resource {
                account: Some(PRODUCTION),
                kind: "AWS::S3::Bucket",
                arn: format!("arn:aws:s3:::{bucket}"),
            },
        ];
        call.host = Some(host);
        call
    }

    /// A call about a bucket.
    pub(super) fn bucket(dice: &mut Dice, name: &'static str, bucket: &str) -> Self {
        let host = format!("{bucket}.s3.{FRANKFURT}.amazonaws.com");
        let mut call = Self::read("s3", name, json!({ "bucketName": bucket, "Host": host }));
        call.additional = Some(s3_transfer(dice, 0, 480));
        call.host = Some(host);
        call.on(PRODUCTION, "AWS::S3::Bucket", format!("arn:aws:s3:::{bucket}"))
    }

    /// A login to the console.
    pub(super) fn console_login(outcome: &str, factor: Factor) -> Self {
        let mut call =
            Self::write("signin", "ConsoleLogin", Value::Null, json!({ "ConsoleLogin": outcome }));
        call.additional = Some(json!({
            "LoginTo": "https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true",
            "MobileVersion": "No",
            "MFAUsed": if factor == Factor::Second { "Yes" } else { "No" },
        }));
        call.host = Some("signin.aws.amazon.com".to_owned());
        if outcome == "Failure" {
            call.message = Some("Failed authentication".to_owned());
        }
        call
    }

    /// The call, on that resource too.
    pub(super) fn on(mut self, account: &'static str, kind: &'static str, arn: String) -> Self {
        self.resources.push(Resource { account: Some(account), kind, arn });
        self
    }

    /// The call under another name.
    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The call, marked as one that only reads although it has an answer.
    pub(super) fn reading(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// The call, refused for want of a permission.
    pub(super) fn denied(self, caller: &Caller) -> Self {
        let action = format!("{}:{}", self.service, self.name);
        let reason = format!("because no identity-based policy allows the {action} action");
        self.denied_because(caller, &reason)
    }

    /// The call, refused for a reason stated.
    pub(super) fn denied_because(mut self, caller: &Caller, reason: &str) -> Self {
        let action = format!("{}:{}", self.service, self.name);
        let resource = self.resources.first().map_or("*", |resource| &resource.arn);
        let arn = caller.arn();
        let message = format!(
            "User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}"
        );
        let code =
            if self.service == "ec2" { "Client.UnauthorizedOperation" } else { "AccessDenied" };
        self.error = Some(code);
        self.message = Some(message);
        self.response = Value::Null;
        self
    }

    /// The call, failed in another way.
    pub(super) fn failed(mut self, code: &'static str, message: &str) -> Self {
        self.error = Some(code);
        self.message = Some(message.to_owned());
        self.response = Value::Null;
        self
    }
}

fn s3_transfer(dice: &mut Dice, into: u64, out: u64) -> Value {
    json!({
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": into,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": format!("{}=", dice.id.base64(75)),
        "bytesTransferredOut": out,
    })
}

/// A whole record.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    user_identity: &'a Identity,
    event_time: String,
    event_source: String,
    event_name: &'static str,
    aws_region: &'static str,
    #[serde(rename = "sourceIPAddress")]
    source_address: &'a str,
    user_agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: &'a Value,
    response_elements: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<&'a Value>,
    #[serde(rename = "requestID", skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(rename = "eventID")]
    event_id: String,
    read_only: bool,
    #[serde(skip_serializing_if = "<[Resource]>::is_empty")]
    resources: &'a [Resource],
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: &'static str,
    #[serde(rename = "sharedEventID", skip_serializing_if = "Option::is_none")]
    shared_event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_endpoint_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_endpoint_account_id: Option<&'static str>,
    event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_details: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_credential_from_console: Option<&'static str>,
}

/// The place in whose trail a call is logged: global services log in one region only.
fn logged_in(place: Place, service: &str) -> Place {
    match service {
        "iam" | "organizations" | "route53" | "cloudfront" | "signin" => {
            Place { region: VIRGINIA, ..place }
        }
        _ => place,
    }
}

/// A call as an entry of the trail in which it is logged.
pub(super) fn entry(
    dice: &mut Dice,
    at_micros: i64,
    place: Place,
    caller: &Caller,
    call: &Call,
) -> Entry {
    let place = logged_in(place, call.service);
    let text = record(dice, at_micros, place, caller, call);
    Entry { at_micros, channel: Channel::Trail(place), text }
}

/// The record of a call, as one line of JSON.
fn record(dice: &mut Dice, at_micros: i64, place: Place, caller: &Caller, call: &Call) -> String {
    let sign_in = call.service == "signin";
    let way = caller.way;
    let request_id = if call.service == "s3" { dice.id.base32(16) } else { dice.id.uuid() };
    let tls_details = (way != Way::Internal).then(|| {
        let usual = || format!("{}.{}.amazonaws.com", call.service, place.region);
        json!({
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": call.host.clone().unwrap_or_else(usual),
        })
    });
    let endpoint = way == Way::Endpoint;
    let record = Record {
        event_version: "1.11",
        user_identity: &caller.identity,
        event_time: clock::rfc3339_seconds(at_micros),
        event_source: format!("{}.amazonaws.com", call.service),
        event_name: call.name,
        aws_region: place.region,
        source_address: &caller.address,
        user_agent: &caller.user_agent,
        error_code: call.error,
        error_message: call.message.as_deref(),
        request_parameters: &call.request,
        response_elements: &call.response,
        additional_event_data: call.additional.as_ref(),
        request_id: (!sign_in).then_some(request_id),
        event_id: dice.id.uuid(),
        read_only: call.read_only,
        resources: &call.resources,
        event_type: if sign_in { "AwsConsoleSignIn" } else { "AwsApiCall" },
        management_event: !call.data,
        recipient_account_id: place.account,
        shared_event_id: (way == Way::Internal && !call.resources.is_empty())
            .then(|| dice.id.uuid()),
        vpc_endpoint_id: endpoint.then_some(VPC_ENDPOINT),
        vpc_endpoint_account_id: endpoint.then_some(PRODUCTION),
        event_category: if call.data { "Data" } else { "Management" },
        tls_details,
        session_credential_from_console: (way == Way::Console && !sign_in).then_some("true"),
    };
    text_of(&record)
}

/// JSON of a value of ours; these have text keys and no cycles, so nothing in them can fail.
fn text_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
