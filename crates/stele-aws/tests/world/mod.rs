//! A world that plans are applied to: a recording, changed as AWS would change by a plan's actions.
//!
//! It knows the calls of trails, buckets, groups, roles, keys, flow logs and query logs, and what
//! AWS settles by itself after them: a writer that is let in delivers. With it a test can ask what
//! holds of every plan: what it was for is good afterwards, and a second plan has nothing to do.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, reason = "shared by two tests")]

use serde_json::{Map, Value, json};
use stele_aws::call::{Aws as _, Call};
use stele_aws::operation;
use stele_aws::plan::{Action, Plan};
use stele_aws::replay::Replay;

/// 2026-11-24T10:00:00Z, when everything was read.
const NOW_S: i64 = 1_795_514_400;

/// Calls that this world knows.
pub(crate) const KNOWN: &[&str] = &[
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
    "config:PutConfigurationAggregator",
    "ec2:CreateFlowLogs",
    "ec2:DeleteFlowLogs",
    "guardduty:CreateDetector",
    "guardduty:UpdateDetector",
    "elbv2:ModifyLoadBalancerAttributes",
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "kms:CreateAlias",
    "kms:CreateKey",
    "kms:PutKeyPolicy",
    "lambda:UpdateFunctionConfiguration",
    "logs:AssociateKmsKey",
    "logs:CreateLogGroup",
    "logs:PutDataProtectionPolicy",
    "logs:PutLogGroupDeletionProtection",
    "logs:PutResourcePolicy",
    "logs:PutRetentionPolicy",
    "organizations:EnableAWSServiceAccess",
    "route53:CreateQueryLoggingConfig",
    "route53resolver:AssociateResolverQueryLogConfig",
    "route53resolver:CreateResolverQueryLogConfig",
    "s3:CreateBucket",
    "s3:PutBucketLifecycleConfiguration",
    "s3:PutBucketLogging",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutPublicAccessBlock",
    "securityhub:EnableSecurityHub",
];

/// The recording after all actions of a plan; none where it has calls that are not known.
pub(crate) fn after(recording: &str, plan: &Plan) -> Option<String> {
    let account = plan.actions.first().map_or("", |action| action.account.as_str()).to_owned();
    let mut world = World { recording: recording.to_owned(), account, made: Map::new() };
    for action in &plan.actions {
        if !KNOWN.contains(&action.call.as_str()) {
            return None;
        }
        world.apply(action);
    }
    Some(world.recording)
}

struct World {
    recording: String,
    account: String,
    /// What `${n.Path}` stands for.
    made: Map<String, Value>,
}

impl World {
    /// What a call answers now.
    fn ask(&self, id: &str, region: &str, params: &Value) -> Value {
        let replay = Replay::parse(&self.recording).unwrap();
        let call = Call {
            operation: operation::find(id).unwrap(),
            region: region.to_owned(),
            params: params.as_object().cloned().unwrap(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(replay.call(&call)).unwrap_or_else(|_| json!({}))
    }

    /// What stands first counts.
    fn say(&mut self, call: &str, answer: &Value) {
        self.recording = format!("{call} => {answer}\n{}", self.recording);
    }

    /// Changes the answer of a call that lists.
    fn list(&mut self, id: &str, region: &str, path: &str, edit: impl FnOnce(&mut Vec<Value>)) {
        let mut answer = self.ask(id, region, &json!({}));
        if !answer[path].is_array() {
            answer[path] = json!([]);
        }
        edit(answer[path].as_array_mut().unwrap());
        let at = if region.is_empty() { String::new() } else { format!(" @{region}") };
        self.say(&format!("{id}{at}"), &answer);
    }

    fn resolved(&self, action: &Action) -> Value {
        let mut text = Value::Object(action.params.clone()).to_string();
        for (reference, value) in &self.made {
            text = text.replace(reference.as_str(), value.as_str().unwrap());
        }
        assert!(!text.contains("${1") || text.contains("LogFormat"), "left: {text}");
        serde_json::from_str(&text).unwrap()
    }

    fn apply(&mut self, action: &Action) {
        let params = self.resolved(action);
        let (region, n) = (action.region.as_str(), action.n);
        let (service, operation) = action.call.split_once(':').unwrap();
        match service {
            "s3" => self.bucket(operation, region, &params),
            "cloudtrail" => self.trail(operation, action, &params),
            "logs" => self.group(operation, region, &params),
            "ec2" => self.flow_log(operation, region, n, &params),
            "guardduty" => {
                let made = json!("made");
                let id = params.get("DetectorId").unwrap_or(&made).as_str().unwrap().to_owned();
                self.list("guardduty:ListDetectors", region, "detectorIds", |all| {
                    *all = vec![json!(id)];
                });
                let call = format!("guardduty:GetDetector DetectorId={id}");
                self.say(&call, &json!({"status": "ENABLED"}));
            }
            "config" => {
                let mut made = params.clone();
                let name = made["ConfigurationAggregatorName"].clone();
                made["ConfigurationAggregatorArn"] = json!(action.resource);
                let id = "config:DescribeConfigurationAggregators";
                self.list(id, region, "ConfigurationAggregators", |all| {
                    all.retain(|one| one["ConfigurationAggregatorName"] != name);
                    all.push(made);
                });
            }
            "organizations" => {
                let id = "organizations:ListAWSServiceAccessForOrganization";
                self.list(id, "", "EnabledServicePrincipals", |all| all.push(params));
            }
            "securityhub" => {
                let arn = &action.resource;
                self.say(&format!("securityhub:DescribeHub @{region}"), &json!({"HubArn": arn}));
            }
            "elbv2" | "lambda" => self.setting(service, region, &params),
            "iam" | "kms" => self.identity(operation, region, n, &params),
            _ => self.queries(operation, region, n, &params),
        }
    }

    fn bucket(&mut self, operation: &str, region: &str, params: &Value) {
        let name = params["Bucket"].as_str().unwrap().to_owned();
        let get = |what: &str| format!("s3:Get{what} Bucket={name}");
        match operation {
            "CreateBucket" => {
                let bucket = json!({"Name": name, "BucketRegion": region,
                    "CreationDate": "2026-11-24T10:00:00Z"});
                self.list("s3:ListBuckets", "", "Buckets", |all| all.push(bucket));
                let place = if region == "us-east-1" {
                    json!({})
                } else {
                    json!({"LocationConstraint": region})
                };
                self.say(&get("BucketLocation"), &place);
            }
            "PutBucketPolicy" => {
                self.say(&get("BucketPolicy"), &json!({"Policy": params["Policy"]}));
                self.delivers(&name);
            }
            "PutPublicAccessBlock" => {
                let name = "PublicAccessBlockConfiguration";
                self.say(&get("PublicAccessBlock"), &json!({name: params[name]}));
            }
            "PutBucketVersioning" => {
                self.say(&get("BucketVersioning"), &params["VersioningConfiguration"]);
            }
            "PutBucketLogging" => self.say(&get("BucketLogging"), &params["BucketLoggingStatus"]),
            "PutBucketLifecycleConfiguration" => {
                self.say(&get("BucketLifecycleConfiguration"), &params["LifecycleConfiguration"]);
            }
            other => panic!("{other}"),
        }
    }

    /// Who may write into a bucket now does.
    fn delivers(&mut self, bucket: &str) {
        for region in ["us-east-1", "eu-west-1", "us-west-2"] {
            let arn = format!("arn:aws:s3:::{bucket}");
            self.list("ec2:DescribeFlowLogs", region, "FlowLogSet", |all| {
                for log in all.iter_mut().filter(|log| {
                    log["LogDestination"].as_str().is_some_and(|to| to.starts_with(&arn))
                }) {
                    log["DeliverLogsStatus"] = json!("SUCCESS");
                }
            });
            let (id, path) = ("config:DescribeDeliveryChannels", "DeliveryChannels");
            let channels = self.ask(id, region, &json!({}))[path].clone();
            let here = |one: &Value| one["s3BucketName"] == bucket;
            if channels.as_array().is_some_and(|all| all.iter().any(here)) {
                let id = "config:DescribeDeliveryChannelStatus";
                self.list(id, region, "DeliveryChannelsStatus", |all| {
                    for status in all {
                        status["configHistoryDeliveryInfo"] = json!({"lastStatus": "SUCCESS"});
                    }
                });
            }
            let trails = self.ask("cloudtrail:DescribeTrails", region, &json!({}));
            for trail in trails["trailList"].as_array().into_iter().flatten() {
                if trail["S3BucketName"] == bucket {
                    let arn = trail["TrailARN"].as_str().unwrap();
                    let mut status =
                        self.ask("cloudtrail:GetTrailStatus", region, &json!({"Name": arn}));
                    status["LatestDeliveryError"] = json!(null);
                    status["LatestDigestDeliveryError"] = json!(null);
                    self.say(&format!("cloudtrail:GetTrailStatus Name={arn}"), &status);
                }
            }
        }
    }

    fn trail(&mut self, operation: &str, action: &Action, params: &Value) {
        let (region, arn) = (action.region.as_str(), action.resource.as_str());
        let short = arn.rsplit('/').next().unwrap();
        let names = [arn.to_owned(), short.to_owned()];
        let say = |world: &mut Self, what: &str, by: &str, answer: &Value| {
            for name in &names {
                world.say(&format!("cloudtrail:Get{what} {by}={name}"), answer);
            }
        };
        match operation {
            "CreateTrail" | "UpdateTrail" => {
                let mut trail = self.ask("cloudtrail:GetTrail", region, &json!({"Name": arn}));
                let trail = trail["Trail"].as_object_mut().map(std::mem::take).unwrap_or_default();
                let mut trail = Value::Object(trail);
                for (name, value) in params.as_object().unwrap() {
                    let read = if name == "EnableLogFileValidation" {
                        "LogFileValidationEnabled"
                    } else {
                        name.as_str()
                    };
                    trail[read] = value.clone();
                }
                trail["TrailARN"] = json!(arn);
                trail["Name"] = json!(short);
                if operation == "CreateTrail" {
                    trail["HomeRegion"] = json!(region);
                    say(self, "TrailStatus", "Name", &json!({"IsLogging": false}));
                    let all = json!({"EventSelectors": [{"ReadWriteType": "All",
                        "IncludeManagementEvents": true, "DataResources": [],
                        "ExcludeManagementEventSources": []}]});
                    say(self, "EventSelectors", "TrailName", &all);
                }
                say(self, "Trail", "Name", &json!({"Trail": trail}));
                self.key(region, &params["KmsKeyId"]);
                if params.get("CloudWatchLogsLogGroupArn").is_some() {
                    let mut status =
                        self.ask("cloudtrail:GetTrailStatus", region, &json!({"Name": arn}));
                    status["LatestCloudWatchLogsDeliveryError"] = json!(null);
                    say(self, "TrailStatus", "Name", &status);
                }
                for region in ["us-east-1", "eu-west-1", "us-west-2"] {
                    let shown = trail.clone();
                    self.list("cloudtrail:DescribeTrails", region, "trailList", |all| {
                        all.retain(|one| one["TrailARN"] != arn);
                        all.push(shown);
                    });
                }
            }
            "StartLogging" => {
                let status = json!({"IsLogging": true, "StartLoggingTime": NOW_S});
                say(self, "TrailStatus", "Name", &status);
            }
            "PutEventSelectors" => say(self, "EventSelectors", "TrailName", params),
            "PutInsightSelectors" => say(self, "InsightSelectors", "TrailName", params),
            other => panic!("{other}"),
        }
    }

    /// A key that something is given is there, even where no recording speaks of it.
    fn key(&mut self, region: &str, id: &Value) {
        let Some(id) = id.as_str() else { return };
        if self.ask("kms:DescribeKey", region, &json!({"KeyId": id}))["KeyMetadata"].is_null() {
            let shown = json!({"KeyMetadata": {"Arn": id, "KeyState": "Enabled"}});
            self.say(&format!("kms:DescribeKey KeyId={id}"), &shown);
        }
    }

    fn group(&mut self, operation: &str, region: &str, params: &Value) {
        self.key(region, &params["kmsKeyId"]);
        let (params, here) = (params.clone(), format!("{region}:{}", self.account));
        match operation {
            "CreateLogGroup" => self.list("logs:DescribeLogGroups", region, "logGroups", |all| {
                let name = params["logGroupName"].as_str().unwrap();
                let arn = format!("arn:aws:logs:{here}:log-group:{name}:*");
                all.push(json!({"logGroupName": name, "arn": arn,
                    "creationTime": NOW_S * 1_000}));
            }),
            "PutLogGroupDeletionProtection" | "PutDataProtectionPolicy" => {
                let name = params["logGroupIdentifier"].clone();
                if operation == "PutDataProtectionPolicy" {
                    let call = format!(
                        "logs:GetDataProtectionPolicy logGroupIdentifier={}",
                        name.as_str().unwrap()
                    );
                    self.say(&call, &params);
                }
                self.list("logs:DescribeLogGroups", region, "logGroups", |all| {
                    let group = all.iter_mut().find(|one| one["logGroupName"] == name).unwrap();
                    if operation == "PutDataProtectionPolicy" {
                        group["dataProtectionStatus"] = json!("ACTIVATED");
                    } else {
                        group["deletionProtectionEnabled"] = json!(true);
                    }
                });
            }
            "PutRetentionPolicy" | "AssociateKmsKey" => {
                self.list("logs:DescribeLogGroups", region, "logGroups", |all| {
                    let named = |one: &&mut Value| one["logGroupName"] == params["logGroupName"];
                    let group = all.iter_mut().find(named).unwrap();
                    for (name, value) in params.as_object().unwrap() {
                        group[name] = value.clone();
                    }
                });
            }
            "PutResourcePolicy" => {
                self.list("logs:DescribeResourcePolicies", region, "resourcePolicies", |all| {
                    all.retain(|one| one["policyName"] != params["policyName"]);
                    all.push(params);
                });
            }
            other => panic!("{other}"),
        }
    }

    /// Attributes of a load balancer, or how a function logs.
    fn setting(&mut self, service: &str, region: &str, params: &Value) {
        if service == "elbv2" {
            let by = json!({"LoadBalancerArn": params["LoadBalancerArn"]});
            let id = "elbv2:DescribeLoadBalancerAttributes";
            let mut all =
                self.ask(id, region, &by)["Attributes"].as_array().cloned().unwrap_or_default();
            for wanted in params["Attributes"].as_array().unwrap() {
                all.retain(|one| one["Key"] != wanted["Key"]);
                all.push(wanted.clone());
            }
            let arn = params["LoadBalancerArn"].as_str().unwrap();
            self.say(&format!("{id} LoadBalancerArn={arn}"), &json!({"Attributes": all}));
            return;
        }
        let (name, log) = (params["FunctionName"].clone(), params["LoggingConfig"].clone());
        self.list("lambda:ListFunctions", region, "Functions", |all| {
            let function = all.iter_mut().find(|one| one["FunctionName"] == name).unwrap();
            function["LoggingConfig"] = log;
        });
        let call =
            format!("lambda:GetFunctionConfiguration FunctionName={}", name.as_str().unwrap());
        self.say(&call, params);
    }

    fn flow_log(&mut self, operation: &str, region: &str, n: u32, params: &Value) {
        let params = params.clone();
        self.list("ec2:DescribeFlowLogs", region, "FlowLogSet", |all| match operation {
            "CreateFlowLogs" => {
                let mut log = params;
                log["FlowLogId"] = json!(format!("fl-new-{n}"));
                log["FlowLogStatus"] = json!("ACTIVE");
                log["ResourceId"] = log["ResourceIds"][0].clone();
                all.push(log);
            }
            _ => all.retain(|log| log["FlowLogId"] != params["FlowLogIds"][0]),
        });
    }

    fn identity(&mut self, operation: &str, region: &str, n: u32, params: &Value) {
        let text = |name: &str| params[name].as_str().unwrap_or_default().to_owned();
        match operation {
            "CreateRole" => {
                let arn = format!("arn:aws:iam::{}:role/{}", self.account, text("RoleName"));
                let role = format!("iam:GetRole RoleName={}", text("RoleName"));
                self.say(&role, &json!({"Role": {"Arn": arn}}));
            }
            "PutRolePolicy" => {
                let (role, policy) = (text("RoleName"), text("PolicyName"));
                let call = format!("iam:GetRolePolicy RoleName={role} PolicyName={policy}");
                let shown =
                    json!({"PolicyName": policy, "PolicyDocument": params["PolicyDocument"]});
                self.say(&call, &shown);
            }
            "CreateKey" => {
                let id = format!("made-{n}");
                let arn = format!("arn:aws:kms:{region}:{}:key/{id}", self.account);
                let shown = json!({"KeyMetadata": {"Arn": arn, "KeyState": "Enabled"}});
                self.say(&format!("kms:DescribeKey KeyId={arn}"), &shown);
                self.made.insert(format!("${{{n}.KeyId}}"), json!(id));
            }
            "CreateAlias" => {
                let key = text("TargetKeyId");
                self.made.insert(format!("${{{n}.TargetKeyId}}"), json!(key));
                let alias = params.clone();
                self.list("kms:ListAliases", region, "Aliases", |all| all.push(alias));
            }
            "PutKeyPolicy" => {
                let call = format!("kms:GetKeyPolicy KeyId={}", text("KeyId"));
                self.say(&call, &json!({"Policy": params["Policy"]}));
            }
            other => panic!("{other}"),
        }
    }

    fn queries(&mut self, operation: &str, region: &str, n: u32, params: &Value) {
        let mut one = params.clone();
        let (id, path) = match operation {
            "CreateQueryLoggingConfig" => {
                ("route53:ListQueryLoggingConfigs", "QueryLoggingConfigs")
            }
            "CreateResolverQueryLogConfig" => {
                one["Status"] = json!("CREATED");
                one["OwnerId"] = json!(self.account);
                ("route53resolver:ListResolverQueryLogConfigs", "ResolverQueryLogConfigs")
            }
            _ => {
                one["Status"] = json!("ACTIVE");
                (
                    "route53resolver:ListResolverQueryLogConfigAssociations",
                    "ResolverQueryLogConfigAssociations",
                )
            }
        };
        one["Id"] = json!(format!("made-{n}"));
        self.made.insert(format!("${{{n}.Id}}"), one["Id"].clone());
        let region = if id.starts_with("route53:") { "" } else { region };
        self.list(id, region, path, |all| all.push(one));
    }
}
