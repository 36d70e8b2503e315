//! What runs on AWS and can log: functions, clusters, firewalls, APIs, distributions, keys.

use serde::Deserialize;
use serde_json::Value;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::inventory::Stages;

/// A function of Lambda.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Function {
    /// Its name.
    pub function_name: String,
    /// Its ARN.
    pub function_arn: String,
    /// Where it logs to.
    pub logging_config: FunctionLogging,
}

/// Where a function logs to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FunctionLogging {
    /// The group; `/aws/lambda/<name>` where it is empty.
    pub log_group: String,
    /// `JSON` or `Text`.
    pub log_format: String,
}

impl Function {
    /// The group that it logs to.
    pub fn group(&self) -> String {
        if self.logging_config.log_group.is_empty() {
            format!("/aws/lambda/{}", self.function_name)
        } else {
            self.logging_config.log_group.clone()
        }
    }
}

/// A Kubernetes cluster.
#[derive(Debug, Clone)]
pub struct KubernetesCluster {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub row: Fact<KubernetesRow>,
}

/// As `DescribeCluster` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct KubernetesRow {
    /// `ACTIVE`, `UPDATING`, …
    pub status: String,
    /// What it logs.
    pub logging: KubernetesLogging,
}

impl KubernetesRow {
    /// The types that are on.
    pub fn enabled(&self) -> Vec<String> {
        let on = self.logging.cluster_logging.iter().filter(|each| each.enabled);
        on.flat_map(|each| each.types.clone()).collect()
    }
}

/// What a cluster logs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubernetesLogging {
    /// Types that are on or off.
    pub cluster_logging: Vec<KubernetesTypes>,
}

/// Types of logs, on or off.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct KubernetesTypes {
    /// The types.
    pub types: Vec<String>,
    /// Whether they are on.
    pub enabled: bool,
}

/// Firewalls for the web.
#[derive(Debug, Clone, Default)]
pub struct Firewalls {
    /// Web ACLs.
    pub acls: Fact<Vec<Acl>>,
    /// Their logging configurations.
    pub logging: Fact<Vec<AclLogging>>,
}

/// A web ACL.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Acl {
    /// Its name.
    #[serde(rename = "Name")]
    pub name: String,
    /// Its ARN.
    #[serde(rename = "ARN")]
    pub arn: String,
}

/// What a web ACL logs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AclLogging {
    /// The web ACL.
    pub resource_arn: String,
    /// Where to.
    pub log_destination_configs: Vec<String>,
    /// What passes.
    pub logging_filter: Value,
}

/// A stage of an API.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    /// The API.
    pub api: String,
    /// What the API is called (REST only).
    pub api_name: String,
    /// `WEBSOCKET`, `HTTP`; empty for REST.
    pub protocol: String,
    /// Its name.
    pub name: String,
    /// Where the access log goes; empty where it goes nowhere.
    pub access_log: String,
    /// The level of the execution log of each method that sets one (REST only).
    pub levels: Vec<(String, String)>,
}

/// A distribution of CloudFront.
#[derive(Debug, Clone, Default)]
pub struct Distribution {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The legacy log's bucket (as a host); empty where it is off.
    pub bucket: Fact<String>,
}

/// A key of KMS.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Key {
    /// Its ARN.
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable`.
    pub key_state: String,
    /// `AWS` or `CUSTOMER`.
    pub key_manager: String,
    /// `AWS_KMS`, or where its material comes from otherwise.
    pub origin: String,
    /// How it rotates; asked where a check wants to know and AWS rotates such keys.
    #[serde(skip)]
    pub rotation: Fact<Rotation>,
}

/// How a key rotates.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Rotation {
    /// Whether it does by itself.
    pub key_rotation_enabled: bool,
    /// Every so many days.
    pub rotation_period_in_days: Option<i64>,
}

impl Key {
    /// Whether rotation is its owner's matter, and can be asked about: of keys that AWS manages it
    /// is not, and of those whose material comes from elsewhere AWS refuses the question.
    pub fn can_rotate(&self) -> bool {
        self.key_manager != "AWS" && ["", "AWS_KMS"].contains(&self.origin.as_str())
    }
}

pub(super) async fn functions(caller: Caller<'_>) -> Fact<Vec<Function>> {
    caller.list("lambda:ListFunctions", &[]).await
}

pub(super) async fn clusters(caller: Caller<'_>) -> Fact<Vec<KubernetesCluster>> {
    let names: Vec<String> = match caller.list("eks:ListClusters", &[]).await {
        Fact::Known(names) => names,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = names.into_iter().map(|name| async move {
        let row = caller.member("eks:DescribeCluster", &[("name", name.as_str())], "cluster").await;
        KubernetesCluster { name, row }
    });
    Fact::Known(futures::future::join_all(asked).await)
}

pub(super) async fn firewalls(caller: Caller<'_>, scope: &str) -> Firewalls {
    let scope = [("Scope", scope)];
    let (acls, logging) = futures::join!(
        caller.list("wafv2:ListWebACLs", &scope),
        caller.list("wafv2:ListLoggingConfigurations", &scope),
    );
    Firewalls { acls, logging }
}

/// Stages of REST APIs, by API; a list that cannot be read is the API's own.
pub(super) async fn rest_stages(caller: Caller<'_>) -> Fact<Vec<(String, Fact<Vec<Stage>>)>> {
    let apis: Vec<Value> = match caller.list("apigateway:GetRestApis", &[]).await {
        Fact::Known(apis) => apis,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = apis.into_iter().map(|api| async move {
        let id = api["id"].as_str().unwrap_or_default().to_owned();
        let named = [("restApiId", id.as_str())];
        let stages: Fact<Vec<Value>> = caller.member("apigateway:GetStages", &named, "item").await;
        let name = api["name"].as_str().unwrap_or_default();
        let stages =
            stages.map(|all| all.iter().map(|stage| rest_stage(&id, name, stage)).collect());
        (id, stages)
    });
    Fact::Known(futures::future::join_all(asked).await)
}

fn rest_stage(api: &str, api_name: &str, stage: &Value) -> Stage {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let settings = stage["methodSettings"].as_object().cloned().unwrap_or_default();
    Stage {
        api: api.to_owned(),
        api_name: api_name.to_owned(),
        protocol: String::new(),
        name: text(&stage["stageName"]),
        access_log: text(&stage["accessLogSettings"]["destinationArn"]),
        levels: settings
            .iter()
            .map(|(path, each)| (path.clone(), text(&each["loggingLevel"])))
            .collect(),
    }
}

/// Stages of HTTP and WebSocket APIs, by API.
pub(super) async fn http_stages(caller: Caller<'_>) -> Fact<Vec<(String, Fact<Vec<Stage>>)>> {
    let apis: Vec<Value> = match caller.list("apigatewayv2:GetApis", &[]).await {
        Fact::Known(apis) => apis,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = apis.into_iter().map(|api| async move {
        let id = api["apiId"].as_str().unwrap_or_default().to_owned();
        let protocol = api["protocolType"].as_str().unwrap_or_default().to_owned();
        let named = [("ApiId", id.as_str())];
        let stages: Fact<Vec<Value>> = caller.list("apigatewayv2:GetStages", &named).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let stages = stages.map(|all| {
            let read = |stage: &Value| Stage {
                api: id.clone(),
                api_name: String::new(),
                protocol: protocol.clone(),
                name: text(&stage["stageName"]),
                access_log: text(&stage["accessLogSettings"]["destinationArn"]),
                levels: Vec::new(),
            };
            all.iter().map(read).collect()
        });
        (id, stages)
    });
    Fact::Known(futures::future::join_all(asked).await)
}

/// The role by which API Gateway writes logs, asked only where an API uses it.
pub(super) async fn gateway_role(caller: Caller<'_>, rest: &Stages, http: &Stages) -> Fact<String> {
    let any = |apis: &Stages, which: fn(&Stage) -> bool| {
        let stages = apis.items().unwrap_or_default().iter();
        let mut stages = stages.flat_map(|(_, stages)| stages.items().unwrap_or_default());
        stages.any(which)
    };
    if !any(rest, |_| true) && !any(http, |stage| stage.protocol == "WEBSOCKET") {
        return Fact::Absent;
    }
    caller.member("apigateway:GetAccount", &[], "cloudwatchRoleArn").await
}

pub(super) async fn distributions(caller: Caller<'_>) -> Fact<Vec<Distribution>> {
    let all: Vec<Value> = match caller.list("cloudfront:ListDistributions", &[]).await {
        Fact::Known(all) => all,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = all.into_iter().map(|row| async move {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let (id, arn) = (text("Id"), text("ARN"));
        let logging: Fact<Value> =
            caller.get("cloudfront:GetDistributionConfig", &[("Id", id.as_str())]).await;
        let bucket = logging.map(|config| {
            let logging = &config["DistributionConfig"]["Logging"];
            let on = logging["Enabled"].as_str() == Some("true") || logging["Enabled"] == true;
            if on {
                logging["Bucket"].as_str().unwrap_or_default().to_owned()
            } else {
                String::new()
            }
        });
        Distribution { id, arn, bucket }
    });
    Fact::Known(futures::future::join_all(asked).await)
}

pub(super) async fn key(caller: Caller<'_>, id: &str) -> Fact<Key> {
    caller.member("kms:DescribeKey", &[("KeyId", id)], "KeyMetadata").await
}

pub(super) async fn rotation(caller: Caller<'_>, key: &mut Key) {
    if key.can_rotate() && key.key_state == "Enabled" {
        let named = [("KeyId", key.arn.as_str())];
        key.rotation = caller.get("kms:GetKeyRotationStatus", &named).await;
    }
}
