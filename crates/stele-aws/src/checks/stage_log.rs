//! Logs of stages that a plan switches on: their groups, their formats, and who may write.
//!
//! REST and WebSocket APIs write by a role that is set once for the account and region; HTTP APIs
//! write by a policy of log groups.

use serde_json::{Value, json};

use crate::fact::Fact;
use crate::plan::change::{Builder, Change, Handle};
use crate::plan::cost::Volume;
use crate::plan::role::{self, Role};
use crate::plan::sink;

/// A request to a REST API (API Gateway guide, "Set up CloudWatch logging", as its console has it).
const REST: &str = r#"{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","caller":"$context.identity.caller","user":"$context.identity.user","requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","status":"$context.status","protocol":"$context.protocol","responseLength":"$context.responseLength"}"#;

/// A request to an HTTP API.
const HTTP: &str = r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","routeKey":"$context.routeKey","status":"$context.status","protocol":"$context.protocol","responseLength":"$context.responseLength"}"#;

/// A message over a WebSocket.
const WEBSOCKET: &str = r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","caller":"$context.identity.caller","user":"$context.identity.user","requestTime":"$context.requestTime","eventType":"$context.eventType","routeKey":"$context.routeKey","status":"$context.status","connectionId":"$context.connectionId"}"#;

/// What an API is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// REST.
    Rest,
    /// HTTP.
    Http,
    /// WebSocket.
    WebSocket,
}

/// How much a stage will log.
pub(super) const VOLUME: Volume =
    Volume::range(0.01, 2.0, 500.0, "0.01 to 500 GB of requests and errors a month");

/// Where a stage's access log goes, and in which form.
pub(super) struct AccessLog {
    /// The ARN of its group.
    pub(super) group: String,
    /// The form.
    pub(super) format: &'static str,
    /// What must have been done before.
    pub(super) after: Vec<Handle>,
}

/// Plans the group of a stage's access log.
pub(super) fn access_log(
    plan: &mut Builder<'_>,
    region: &str,
    kind: Kind,
    (api, stage): (&str, &str),
) -> AccessLog {
    // The name of the default stage has a character that names of groups have not.
    let name = format!("/aws/apigateway/{api}/{}", stage.trim_start_matches('$'));
    let mut after = vec![sink::group(plan, region, &name)];
    if kind == Kind::Http {
        let service = "delivery.logs.amazonaws.com";
        after = vec![sink::allow_groups(plan, region, service, "/aws/apigateway/*", after)];
    }
    let format = match kind {
        Kind::Rest => REST,
        Kind::Http => HTTP,
        Kind::WebSocket => WEBSOCKET,
    };
    let group = plan.inventory.arn("logs", region, &format!("log-group:{name}"));
    AccessLog { group, format, after }
}

/// The actions of AWS's own policy for this, AmazonAPIGatewayPushToCloudWatchLogs; API Gateway
/// refuses a role that may do less.
const ACTIONS: [&str; 7] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "logs:GetLogEvents",
    "logs:FilterLogEvents",
];

/// Plans the role by which API Gateway writes logs in a region, if none is set; what must have been
/// done before a stage can log. None where it is not known, which is said then.
pub(super) fn account_role(plan: &mut Builder<'_>, region: &str) -> Option<Vec<Handle>> {
    let inventory = plan.inventory;
    match inventory.region(region).map(|facts| &facts.gateway_role) {
        Some(Fact::Known(_)) => return Some(Vec::new()),
        Some(Fact::Absent) => {}
        Some(Fact::Unknown(reason)) => {
            let text = format!("the role of API Gateway cannot be read: {}", reason.text);
            plan.block("unreadable", text, &["allow what is named in `errors`, and plan again"]);
            return None;
        }
        None => return None,
    }
    let groups = format!("arn:{}:logs:*:{}:*", inventory.partition, inventory.account);
    let wanted = Role {
        name: "stele-apigateway",
        service: "apigateway.amazonaws.com",
        condition: Value::Null,
        actions: &ACTIONS,
        resource: &groups,
        with: None,
    };
    let role = role::make(plan, &wanted);
    let why = format!("API Gateway writes logs in {region} by a role");
    let account = format!("arn:{}:apigateway:{region}::/account", inventory.partition);
    let set = json!([{"op": "replace", "path": "/cloudwatchRoleArn", "value": role.arn}]);
    let change = Change::of("apigateway:UpdateAccount", region, account, why)
        .set(json!({"patchOperations": set}))
        .after(role.after);
    Some(vec![plan.change(change)])
}
