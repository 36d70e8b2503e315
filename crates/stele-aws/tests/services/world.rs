//! A small made-up AWS: what is written is kept, and what AWS would refuse is refused.
//!
//! Everything is a JSON value below `kind/name`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use stele_aws::call::{Aws, Call, CallError, Failure};

/// The account.
pub(crate) const ACCOUNT: &str = "111122223333";
/// Its one region.
pub(crate) const REGION: &str = "us-east-1";

type Params = Map<String, Value>;
type Answer = Result<Value, &'static str>;

/// What there is.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct World(pub(crate) BTreeMap<String, Value>);

/// An account that answers from a world.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    pub(crate) world: Mutex<World>,
    pub(crate) writes: Mutex<Vec<String>>,
}

#[async_trait]
impl Aws for Fake {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        let id = call.operation.id();
        if !call.operation.reads() {
            self.writes.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        }
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.answer(&id, &call.params).map_err(|code| {
            CallError::new(call, Failure::of(code, 400), code, "the made-up account says so")
        })
    }
}

fn text(params: &Params, name: &str) -> String {
    params.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn short(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

impl World {
    pub(crate) fn put(&mut self, kind: &str, name: &str, value: Value) {
        self.0.insert(format!("{kind}/{name}"), value);
    }

    fn get(&self, kind: &str, name: &str) -> Option<Value> {
        self.0.get(&format!("{kind}/{name}")).cloned()
    }

    fn remove(&mut self, kind: &str, name: &str) -> Option<Value> {
        self.0.remove(&format!("{kind}/{name}"))
    }

    fn all(&self, kind: &str) -> Vec<Value> {
        let prefix = format!("{kind}/");
        self.0.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(_, v)| v.clone()).collect()
    }

    /// Takes away what is there, or says that it is not.
    fn delete(&mut self, kind: &str, name: &str) -> Answer {
        self.remove(kind, name).map(|_| json!({})).ok_or("ResourceNotFoundException")
    }

    fn answer(&mut self, id: &str, params: &Params) -> Answer {
        let (service, name) = id.split_once(':').unwrap();
        match service {
            "s3" => self.s3(name, params),
            "iam" => self.iam(name, params),
            "kms" => self.kms(name, params),
            "config" => self.config(name, params),
            "elbv2" | "elb" => self.balancers(service, name, params),
            "rds" => self.rds(name, params),
            "redshift" => self.redshift(name, params),
            "wafv2" => self.wafv2(name, params),
            "apigateway" | "apigatewayv2" => self.gateway(service, name, params),
            "eks" => self.eks(name, params),
            "lambda" => self.lambda(name, params),
            "guardduty" | "securityhub" => self.guards(name, params),
            "organizations" if name == "DescribeOrganization" => {
                self.get("organization", "").ok_or("AWSOrganizationsNotInUseException")
            }
            "cloudfront" if name == "ListDistributions" => {
                Ok(json!({"DistributionList": {"Items": self.all("distribution")}}))
            }
            "cloudfront" => Ok(json!({"DistributionConfig": {"Logging": {"Enabled": "false"}}})),
            "logs" => self.logs(name, params),
            _ if name.starts_with("Get") => Err("NotFound"),
            _ => Ok(json!({})),
        }
    }

    fn s3(&mut self, name: &str, params: &Params) -> Answer {
        let bucket = text(params, "Bucket");
        match name {
            "ListBuckets" => return Ok(json!({"Buckets": self.all("bucket")})),
            "CreateBucket" => {
                self.put("bucket", &bucket, json!({"Name": bucket, "BucketRegion": REGION}));
                return Ok(json!({}));
            }
            _ => {}
        }
        self.get("bucket", &bucket).ok_or("NoSuchBucket")?;
        Ok(match name {
            "GetBucketLocation" => json!({}),
            "GetBucketVersioning" | "GetBucketLogging" => {
                self.get(&name[3..], &bucket).unwrap_or_else(|| json!({}))
            }
            "GetBucketPolicy" => self.get("BucketPolicy", &bucket).ok_or("NoSuchBucketPolicy")?,
            "PutBucketPolicy" => {
                self.put("BucketPolicy", &bucket, json!({"Policy": params["Policy"]}));
                json!({})
            }
            "DeleteBucketPolicy" => self.delete("BucketPolicy", &bucket)?,
            "PutBucketVersioning" => {
                let wanted = params["VersioningConfiguration"].clone();
                self.put("BucketVersioning", &bucket, wanted);
                json!({})
            }
            "PutBucketLogging" => {
                self.put("BucketLogging", &bucket, params["BucketLoggingStatus"].clone());
                json!({})
            }
            _ => return Err("NoSuchConfiguration"),
        })
    }

    /// Whether the policy of a bucket names a service.
    fn lets_in(&self, bucket: &Value, service: &str) -> Result<(), &'static str> {
        let bucket = bucket.as_str().unwrap_or_default();
        self.get("bucket", bucket).ok_or("NoSuchBucket")?;
        let policy = self.get("BucketPolicy", bucket).unwrap_or_default().to_string();
        if policy.contains(service) { Ok(()) } else { Err("InsufficientS3BucketPolicyFault") }
    }

    fn iam(&mut self, name: &str, params: &Params) -> Answer {
        let role = text(params, "RoleName");
        let policy = format!("{role}.{}", text(params, "PolicyName"));
        let arn = |name: &str| {
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
            json!({"RoleName": name, "Arn": arn})
        };
        Ok(match name {
            "GetRole" => json!({"Role": self.get("role", &role).ok_or("NoSuchEntity")?}),
            "CreateRole" => {
                self.put("role", &role, arn(&role));
                json!({})
            }
            "CreateServiceLinkedRole" => {
                let name = "AWSServiceRoleForConfig";
                if self.get("role", name).is_some() {
                    return Err("InvalidInput");
                }
                self.put("role", name, arn(name));
                json!({})
            }
            "DeleteRole" if !self.all(&format!("role-policy/{role}.")).is_empty() => {
                return Err("DeleteConflict");
            }
            "DeleteRole" => self.delete("role", &role)?,
            "GetRolePolicy" => self.get("role-policy", &policy).ok_or("NoSuchEntity")?,
            "PutRolePolicy" => {
                self.get("role", &role).ok_or("NoSuchEntity")?;
                let document = json!({"PolicyDocument": params["PolicyDocument"]});
                self.put("role-policy", &policy, document);
                json!({})
            }
            "DeleteRolePolicy" => self.delete("role-policy", &policy)?,
            _ => return Err("InvalidAction"),
        })
    }

    fn kms(&mut self, name: &str, params: &Params) -> Answer {
        Ok(match name {
            "ListAliases" => json!({"Aliases": self.all("alias")}),
            "CreateKey" => {
                let id = format!("key-{}", self.all("key").len());
                let arn = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}");
                let key = json!({"KeyId": id, "Arn": arn, "KeyState": "Enabled"});
                self.put("key", &id, key.clone());
                json!({"KeyMetadata": key})
            }
            "CreateAlias" => {
                let key = text(params, "TargetKeyId");
                self.get("key", &key).ok_or("NotFoundException")?;
                let alias = text(params, "AliasName");
                self.put("alias", &alias, json!({"AliasName": alias, "TargetKeyId": key}));
                json!({})
            }
            "DescribeKey" => {
                let id = text(params, "KeyId");
                json!({"KeyMetadata": self.get("key", short(&id)).ok_or("NotFoundException")?})
            }
            _ => return Err("InvalidAction"),
        })
    }

    fn config(&mut self, name: &str, params: &Params) -> Answer {
        let recorder = self.get("recorder", "").is_some();
        let recording = self.get("recording", "").unwrap_or_default() == true;
        Ok(match name {
            "DescribeConfigurationRecorders" => {
                json!({"ConfigurationRecorders": self.all("recorder")})
            }
            "DescribeConfigurationRecorderStatus" if recorder => {
                json!({"ConfigurationRecordersStatus": [{"name": "default", "recording": recording,
                    "lastStatus": "PENDING"}]})
            }
            "DescribeDeliveryChannels" => json!({"DeliveryChannels": self.all("channel")}),
            "PutConfigurationRecorder" => {
                let mut wanted = params["ConfigurationRecorder"].clone();
                let role = wanted["roleARN"].as_str().unwrap_or_default().to_owned();
                self.get("role", short(&role)).ok_or("InvalidRoleException")?;
                let group = &mut wanted["recordingGroup"];
                let strategy = group["recordingStrategy"]["useOnly"].as_str().unwrap_or_default();
                let all = strategy == "ALL_SUPPORTED_RESOURCE_TYPES";
                let lists = group.get("resourceTypes").or(group.get("exclusionByResourceTypes"));
                if all != (group["allSupported"] == true) || all != lists.is_none() {
                    return Err("InvalidRecordingGroupException");
                }
                // AWS writes out what is not in force.
                let empty = [
                    ("resourceTypes", json!([])),
                    ("exclusionByResourceTypes", json!({"resourceTypes": []})),
                ];
                for (name, list) in empty {
                    if group.get(name).is_none() {
                        group[name] = list;
                    }
                }
                self.put("recorder", "", wanted);
                json!({})
            }
            "DescribeConfigurationAggregators" => {
                json!({"ConfigurationAggregators": self.all("aggregator")})
            }
            "PutConfigurationAggregator" => {
                let name = text(params, "ConfigurationAggregatorName");
                let mut wanted = params.clone();
                wanted.remove("Tags");
                if let Some(source) = wanted.get("OrganizationAggregationSource") {
                    let role = text(source.as_object().unwrap(), "RoleArn");
                    self.get("role", short(&role)).ok_or("InvalidRoleException")?;
                }
                let arn = format!("arn:aws:config:{REGION}:{ACCOUNT}:config-aggregator/{name}");
                wanted.insert("ConfigurationAggregatorArn".to_owned(), json!(arn));
                self.put("aggregator", &name, Value::Object(wanted));
                json!({})
            }
            "DeleteConfigurationAggregator" => {
                self.delete("aggregator", &text(params, "ConfigurationAggregatorName"))?
            }
            "DeleteConfigurationRecorder" => {
                self.remove("recording", "");
                self.delete("recorder", "")?
            }
            "PutDeliveryChannel" if !recorder => {
                return Err("NoAvailableConfigurationRecorderException");
            }
            "PutDeliveryChannel" => {
                let wanted = params["DeliveryChannel"].clone();
                self.lets_in(&wanted["s3BucketName"], "config.amazonaws.com")?;
                self.put("channel", "", wanted);
                json!({})
            }
            "DeleteDeliveryChannel" if recording => {
                return Err("LastDeliveryChannelDeleteFailedException");
            }
            "DeleteDeliveryChannel" => self.delete("channel", "")?,
            "StartConfigurationRecorder" if self.get("channel", "").is_none() => {
                return Err("NoAvailableDeliveryChannelException");
            }
            "StartConfigurationRecorder" | "StopConfigurationRecorder" => {
                self.remove("recording", "");
                if name == "StartConfigurationRecorder" {
                    self.put("recording", "", json!(true));
                }
                json!({})
            }
            _ => json!({}),
        })
    }

    fn balancers(&mut self, service: &str, name: &str, params: &Params) -> Answer {
        let id = format!("{}{}", text(params, "LoadBalancerArn"), text(params, "LoadBalancerName"));
        let kind = format!("{service}-attributes");
        Ok(match (service, name) {
            ("elbv2", "DescribeLoadBalancers") => json!({"LoadBalancers": self.all("elbv2")}),
            ("elb", "DescribeLoadBalancers") => {
                json!({"LoadBalancerDescriptions": self.all("elb")})
            }
            ("elbv2", "DescribeListeners") => json!({"Listeners": [{"Protocol": "TLS"}]}),
            (_, "DescribeLoadBalancerAttributes") => {
                self.get(&kind, &id).ok_or("LoadBalancerNotFound")?
            }
            ("elbv2", _) => {
                let mut now = self.get(&kind, &id).ok_or("LoadBalancerNotFound")?;
                for wanted in params["Attributes"].as_array().unwrap() {
                    if wanted["Key"] == "access_logs.s3.bucket" && wanted["Value"] == "" {
                        return Err("ValidationError");
                    }
                    let all = now["Attributes"].as_array_mut().unwrap();
                    all.retain(|each| each["Key"] != wanted["Key"]);
                    all.push(wanted.clone());
                    all.sort_by_key(|each| each["Key"].to_string());
                }
                let all = now["Attributes"].as_array().unwrap();
                let value =
                    |key: &str| &all.iter().find(|each| each["Key"] == key).unwrap()["Value"];
                let service = if id.contains("/net/") { "delivery.logs." } else { "logdelivery." };
                for log in ["access_logs", "connection_logs"] {
                    let on = format!("{log}.s3.enabled");
                    if all.iter().any(|each| each["Key"] == on && each["Value"] == "true") {
                        self.lets_in(value(&format!("{log}.s3.bucket")), service)?;
                    }
                }
                self.put(&kind, &id, now);
                json!({})
            }
            _ => {
                let mut now = self.get(&kind, &id).ok_or("LoadBalancerNotFound")?;
                let wanted = &params["LoadBalancerAttributes"]["AccessLog"];
                if wanted["Enabled"] == true || wanted["Enabled"] == "true" {
                    self.lets_in(&wanted["S3BucketName"], "logdelivery.")?;
                }
                let written = wanted.as_object().unwrap().iter().map(|(name, value)| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    (name.clone(), Value::String(value))
                });
                now["LoadBalancerAttributes"]["AccessLog"] = Value::Object(written.collect());
                self.put(&kind, &id, now);
                json!({})
            }
        })
    }

    fn rds(&mut self, name: &str, params: &Params) -> Answer {
        let (kind, by) = if name.contains("Instance") {
            ("db", "DBInstanceIdentifier")
        } else {
            ("cluster", "DBClusterIdentifier")
        };
        let id = text(params, by);
        if name.starts_with("Describe") {
            let mut all = self.all(kind);
            all.retain(|each| id.is_empty() || each[by] == id.as_str());
            return Ok(
                json!({format!("DB{}s", if kind == "db" { "Instance" } else { "Cluster" }): all}),
            );
        }
        let mut database = self.get(kind, &id).ok_or("DBInstanceNotFound")?;
        let wanted = &params["CloudwatchLogsExportConfiguration"];
        let list = |name: &str| wanted[name].as_array().cloned().unwrap_or_default();
        let exports = database["EnabledCloudwatchLogsExports"].as_array_mut().unwrap();
        exports.extend(list("EnableLogTypes"));
        exports.retain(|log| !list("DisableLogTypes").contains(log));
        self.put(kind, &id, database);
        Ok(json!({}))
    }

    fn redshift(&mut self, name: &str, params: &Params) -> Answer {
        let id = text(params, "ClusterIdentifier");
        Ok(match name {
            "DescribeClusters" => json!({"Clusters": self.all("warehouse")}),
            "DescribeLoggingStatus" => {
                self.get("warehouse-log", &id).unwrap_or_else(|| json!({"LoggingEnabled": "false"}))
            }
            "EnableLogging" => {
                self.lets_in(&params["BucketName"], "redshift.amazonaws.com")?;
                let mut log = params.clone();
                log.remove("ClusterIdentifier");
                log.insert("LoggingEnabled".to_owned(), json!("true"));
                self.put("warehouse-log", &id, Value::Object(log));
                json!({})
            }
            _ => self.delete("warehouse-log", &id)?,
        })
    }

    fn lambda(&mut self, name: &str, params: &Params) -> Answer {
        if name == "ListFunctions" {
            return Ok(json!({"Functions": self.all("function")}));
        }
        let id = text(params, "FunctionName");
        let mut function = self.get("function", &id).ok_or("ResourceNotFoundException")?;
        if name == "UpdateFunctionConfiguration" {
            let mut log = params["LoggingConfig"].clone();
            if log["LogFormat"] == "JSON" {
                for level in ["ApplicationLogLevel", "SystemLogLevel"] {
                    if log[level].is_null() {
                        log[level] = json!("INFO");
                    }
                }
            } else if !log["ApplicationLogLevel"].is_null() {
                return Err("InvalidParameterValueException");
            }
            function["LoggingConfig"] = log;
            self.put("function", &id, function.clone());
        }
        Ok(function)
    }

    fn guards(&mut self, name: &str, params: &Params) -> Answer {
        let id = text(params, "DetectorId");
        Ok(match name {
            "ListDetectors" => {
                let keys = self.0.keys().filter_map(|key| key.strip_prefix("detector/"));
                json!({"detectorIds": keys.collect::<Vec<&str>>()})
            }
            "GetDetector" => self.get("detector", &id).ok_or("BadRequestException")?,
            "CreateDetector" => {
                self.put("detector", "made", json!({"status": "ENABLED"}));
                json!({"detectorId": "made"})
            }
            "UpdateDetector" => {
                self.get("detector", &id).ok_or("BadRequestException")?;
                let status = if params["Enable"] == true { "ENABLED" } else { "DISABLED" };
                self.put("detector", &id, json!({"status": status}));
                json!({})
            }
            "DescribeHub" => self.get("hub", "").ok_or("InvalidAccessException")?,
            "EnableSecurityHub" => {
                let arn = format!("arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default");
                self.put("hub", "", json!({"HubArn": arn}));
                json!({})
            }
            "DisableSecurityHub" => self.delete("hub", "")?,
            _ => return Err("InvalidAction"),
        })
    }

    fn wafv2(&mut self, name: &str, params: &Params) -> Answer {
        let regional = params.get("Scope").is_none_or(|scope| scope == "REGIONAL");
        Ok(match name {
            "ListWebACLs" if regional => json!({"WebACLs": self.all("acl")}),
            "ListLoggingConfigurations" if regional => {
                json!({"LoggingConfigurations": self.all("acl-log")})
            }
            "ListWebACLs" | "ListLoggingConfigurations" => json!({}),
            "GetLoggingConfiguration" => {
                let log = self.get("acl-log", &text(params, "ResourceArn"));
                json!({"LoggingConfiguration": log.ok_or("WAFNonexistentItemException")?})
            }
            "PutLoggingConfiguration" => {
                let mut log = params["LoggingConfiguration"].clone();
                let to = log["LogDestinationConfigs"][0].as_str().unwrap_or_default().to_owned();
                self.get("group", short(&to)).ok_or("WAFLogDestinationPermissionIssueException")?;
                log["ManagedByFirewallManager"] = json!(false);
                let acl = log["ResourceArn"].as_str().unwrap().to_owned();
                self.put("acl-log", &acl, log);
                json!({})
            }
            _ => self.delete("acl-log", &text(params, "ResourceArn"))?,
        })
    }

    fn gateway(&mut self, service: &str, name: &str, params: &Params) -> Answer {
        let rest = service == "apigateway";
        let stage = format!("{}{}", text(params, "stageName"), text(params, "StageName"));
        Ok(match name {
            "GetRestApis" => json!({"item": [{"id": "r1"}]}),
            "GetApis" => json!({"items": [{"apiId": "h1", "protocolType": "HTTP"}]}),
            "GetStages" if rest => json!({"item": self.all("apigateway")}),
            "GetStages" => json!({"items": self.all("apigatewayv2")}),
            "GetStage" => self.get(service, &stage).ok_or("NotFoundException")?,
            "GetAccount" => self
                .get("gateway-role", "")
                .map_or_else(|| json!({}), |role| json!({"cloudwatchRoleArn": role})),
            "UpdateAccount" => {
                let role = params["patchOperations"][0]["value"].as_str().unwrap_or_default();
                self.remove("gateway-role", "");
                if !role.is_empty() {
                    self.get("role", short(role)).ok_or("BadRequestException")?;
                    self.put("gateway-role", "", json!(role));
                }
                json!({})
            }
            "UpdateStage" if rest => {
                self.get("gateway-role", "").ok_or("BadRequestException")?;
                let mut now = self.get(service, &stage).ok_or("NotFoundException")?;
                for patch in params["patchOperations"].as_array().unwrap() {
                    patched(&mut now, patch);
                }
                self.put(service, &stage, now);
                json!({})
            }
            "UpdateStage" | "DeleteAccessLogSettings" => {
                let mut now = self.get(service, &stage).ok_or("NotFoundException")?;
                now.as_object_mut().unwrap().remove("accessLogSettings");
                if let Some(log) = params.get("AccessLogSettings") {
                    now["accessLogSettings"] =
                        json!({"destinationArn": log["DestinationArn"], "format": log["Format"]});
                }
                self.put(service, &stage, now);
                json!({})
            }
            _ => json!({}),
        })
    }

    fn eks(&mut self, name: &str, params: &Params) -> Answer {
        let id = text(params, "name");
        if name == "ListClusters" {
            let names = self.all("kubernetes").iter().map(|each| each["name"].clone()).collect();
            return Ok(json!({"clusters": Value::Array(names)}));
        }
        let mut cluster = self.get("kubernetes", &id).ok_or("ResourceNotFoundException")?;
        if name == "DescribeCluster" {
            return Ok(json!({"cluster": cluster}));
        }
        for setup in params["logging"]["clusterLogging"].as_array().unwrap() {
            let on = setup["enabled"] == true;
            for kind in setup["types"].as_array().unwrap() {
                for each in cluster["logging"]["clusterLogging"].as_array_mut().unwrap() {
                    let is_on = each["enabled"] == true;
                    let types = each["types"].as_array_mut().unwrap();
                    types.retain(|other| other != kind);
                    if is_on == on {
                        types.push(kind.clone());
                        types.sort_by_key(Value::to_string);
                    }
                }
            }
        }
        self.put("kubernetes", &id, cluster);
        Ok(json!({}))
    }

    fn logs(&mut self, name: &str, params: &Params) -> Answer {
        let group = text(params, "logGroupName");
        let named = text(params, "name");
        Ok(match name {
            "DescribeLogGroups" => {
                let prefix = text(params, "logGroupNamePrefix");
                let mut all = self.all("group");
                all.retain(|each| each["logGroupName"].as_str().unwrap().starts_with(&prefix));
                json!({"logGroups": all})
            }
            "CreateLogGroup" => {
                let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*");
                if self.get("group", &group).is_some() {
                    return Err("ResourceAlreadyExistsException");
                }
                self.put(
                    "group",
                    &group,
                    json!({"logGroupName": group, "arn": arn,
                    "creationTime": 0}),
                );
                json!({})
            }
            "DeleteLogGroup" => {
                let found = self.get("group", &group).unwrap_or_default();
                if found["deletionProtectionEnabled"] == true {
                    return Err("OperationAbortedException");
                }
                self.delete("group", &group)?
            }
            "PutLogGroupDeletionProtection" => {
                let id = text(params, "logGroupIdentifier");
                let on = params["deletionProtectionEnabled"] == true;
                let mut wanted = Params::new();
                if on {
                    wanted.insert("deletionProtectionEnabled".to_owned(), json!(true));
                }
                self.of_group(&id, "deletionProtectionEnabled", &wanted)?
            }
            "GetDataProtectionPolicy" => {
                let id = text(params, "logGroupIdentifier");
                self.get("group", &id).ok_or("ResourceNotFoundException")?;
                self.get("data-protection", &id).unwrap_or_else(|| json!({}))
            }
            "PutDataProtectionPolicy" | "DeleteDataProtectionPolicy" => {
                let id = text(params, "logGroupIdentifier");
                let mut wanted = Params::new();
                if name == "PutDataProtectionPolicy" {
                    wanted.insert("dataProtectionStatus".to_owned(), json!("ACTIVATED"));
                    self.put("data-protection", &id, json!(params));
                } else {
                    self.delete("data-protection", &id)?;
                }
                self.of_group(&id, "dataProtectionStatus", &wanted)?
            }
            "PutRetentionPolicy" | "DeleteRetentionPolicy" => {
                self.of_group(&group, "retentionInDays", params)?
            }
            "AssociateKmsKey" | "DisassociateKmsKey" => {
                self.of_group(&group, "kmsKeyId", params)?
            }
            "DescribeSubscriptionFilters" => {
                self.get("group", &group).ok_or("ResourceNotFoundException")?;
                json!({"subscriptionFilters": self.all(&format!("filter/{group}"))})
            }
            "PutSubscriptionFilter" => {
                self.get("group", &group).ok_or("ResourceNotFoundException")?;
                let mut filter = params.clone();
                filter.remove("logGroupName");
                let name = format!("{group}/{}", text(params, "filterName"));
                self.put("filter", &name, Value::Object(filter));
                json!({})
            }
            "DeleteSubscriptionFilter" => {
                self.delete("filter", &format!("{group}/{}", text(params, "filterName")))?
            }
            "DescribeResourcePolicies" => json!({"resourcePolicies": self.all("logs-policy")}),
            "PutResourcePolicy" => {
                self.put("logs-policy", &text(params, "policyName"), json!(params));
                json!({})
            }
            "DeleteResourcePolicy" => self.delete("logs-policy", &text(params, "policyName"))?,
            "DescribeDeliverySources" => json!({"deliverySources": self.all("source")}),
            "GetDeliverySource" => {
                let source = self.get("source", &named).ok_or("ResourceNotFoundException")?;
                json!({"deliverySource": source})
            }
            "PutDeliverySource" => {
                let arns = json!([params["resourceArn"]]);
                if self.all("source").iter().any(|other| other["resourceArns"] == arns) {
                    return Err("ConflictException");
                }
                self.put(
                    "source",
                    &named,
                    json!({"name": named, "resourceArns": arns,
                    "logType": params["logType"], "service": "cloudfront"}),
                );
                json!({})
            }
            "DeleteDeliverySource" => {
                let used = |each: &Value| each["deliverySourceName"] == named.as_str();
                if self.all("delivery").iter().any(used) {
                    return Err("ConflictException");
                }
                self.delete("source", &named)?
            }
            "GetDeliveryDestination" => {
                let to = self.get("destination", &named).ok_or("ResourceNotFoundException")?;
                json!({"deliveryDestination": to})
            }
            "PutDeliveryDestination" => {
                let to = &params["deliveryDestinationConfiguration"]["destinationResourceArn"];
                self.lets_in(&json!(short(to.as_str().unwrap())), "delivery.logs.")?;
                self.put("destination", &named, json!(params));
                json!({})
            }
            "DeleteDeliveryDestination" => self.delete("destination", &named)?,
            "DescribeDeliveries" => json!({"deliveries": self.all("delivery")}),
            "CreateDelivery" => {
                let source = text(params, "deliverySourceName");
                self.get("source", &source).ok_or("ResourceNotFoundException")?;
                let to = text(params, "deliveryDestinationArn");
                self.get("destination", short(&to)).ok_or("ResourceNotFoundException")?;
                let mut delivery = params.clone();
                delivery.insert("id".to_owned(), json!(format!("id-{source}")));
                self.put("delivery", &format!("id-{source}"), Value::Object(delivery));
                json!({})
            }
            "DeleteDelivery" => self.delete("delivery", &text(params, "id"))?,
            _ => json!({}),
        })
    }

    /// Sets a member of a group, or takes it away.
    fn of_group(&mut self, name: &str, member: &str, params: &Params) -> Answer {
        let mut group = self.get("group", name).ok_or("ResourceNotFoundException")?;
        group.as_object_mut().unwrap().remove(member);
        if let Some(value) = params.get(member) {
            group[member] = value.clone();
        }
        self.put("group", name, group);
        Ok(json!({}))
    }
}

/// A stage of a REST API after a patch.
fn patched(stage: &mut Value, patch: &Value) {
    let path = patch["path"].as_str().unwrap();
    let is_removed = patch["op"] == "remove";
    if path == "/accessLogSettings" && is_removed {
        stage.as_object_mut().unwrap().remove("accessLogSettings");
    } else if let Some(member) = path.strip_prefix("/accessLogSettings/") {
        stage["accessLogSettings"][member] = patch["value"].clone();
    } else if let Some(method) = path.strip_suffix("/logging/loglevel") {
        stage["methodSettings"][&method[1..]]["loggingLevel"] = patch["value"].clone();
    } else if is_removed {
        stage["methodSettings"].as_object_mut().unwrap().remove(&path[1..]);
    }
}
