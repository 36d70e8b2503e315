//! What one call needs: its action on its resource, and what AWS asks for beside it (service
//! authorization reference).

use serde_json::{Value, json};

use crate::arn;
use crate::operation;
use crate::plan::reference;
use crate::plan::setting::Params;

/// Actions on resources, under a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) action: String,
    pub(super) resources: Vec<String>,
    /// Null where there is none.
    pub(super) condition: Value,
}

/// A call in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) call: &'a str,
    pub(super) params: &'a Params,
    /// The ARN that the plan has for the subject.
    pub(super) resource: &'a str,
    pub(super) partition: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
}

impl Asked<'_> {
    /// All that the call needs.
    pub(super) fn grants(&self) -> Vec<Grant> {
        let Some(operation) = operation::find(self.call) else { return Vec::new() };
        if operation.row.unsigned {
            return Vec::new();
        }
        let resources = self.resources();
        let condition = match (self.call, self.params.get("ServicePrincipal")) {
            ("organizations:EnableAWSServiceAccess", Some(service)) => trusting(service),
            _ => Value::Null,
        };
        let mut all = vec![self.grant(&operation.permission, resources, condition)];
        self.tags(&mut all);
        self.beside(&mut all);
        self.roles(&mut all);
        all
    }

    fn grant(&self, action: &str, resources: Vec<String>, condition: Value) -> Grant {
        let everything = resources.iter().any(|resource| resource == "*");
        let global = ["iam:", "route53:", "cloudfront:", "s3:", "organizations:"];
        let regional = !global.iter().any(|prefix| action.starts_with(prefix));
        let condition = match condition {
            // What cannot be narrowed to a resource is narrowed to a region.
            Value::Null if everything && regional => {
                json!({"StringEquals": {"aws:RequestedRegion": self.region}})
            }
            condition => condition,
        };
        let resources = if everything { vec!["*".to_owned()] } else { resources };
        Grant { action: action.to_owned(), resources, condition }
    }

    /// A parameter as text; what is not known yet is anything.
    fn param(&self, name: &str) -> String {
        let text = self.params.get(name).and_then(Value::as_str).unwrap_or("*");
        unknown_as_star(text)
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.account)
    }

    fn arn_or(&self, name: &str, service: &str, kind: &str) -> String {
        let value = self.param(name);
        if value.starts_with("arn:") { value } else { self.arn(service, &format!("{kind}{value}")) }
    }

    fn group(&self, name: &str) -> Vec<String> {
        let value = self.param(name);
        let group = crate::arn::log_group(&value).unwrap_or(&value).to_owned();
        let arn = self.arn("logs", &format!("log-group:{group}"));
        // Some actions are asked of the group, some of what is in it.
        vec![format!("{arn}:*"), arn]
    }

    fn role(&self) -> Vec<String> {
        let name = self.param("RoleName");
        // The roles that AWS keeps lie below a path of their own.
        let path = if name.starts_with("AWSServiceRole") { "aws-service-role/*/" } else { "" };
        vec![format!("arn:{}:iam::{}:role/{path}{name}", self.partition, self.account)]
    }

    /// The resources that the call's own action can be narrowed to.
    fn resources(&self) -> Vec<String> {
        let any = || vec!["*".to_owned()];
        let (service, name) = self.call.split_once(':').unwrap_or(("", self.call));
        match (service, name) {
            ("s3", "ListBuckets")
            | ("cloudtrail", "DescribeTrails" | "ListTrails")
            | ("kms", "CreateKey" | "ListAliases") => any(),
            ("s3", _) => vec![format!("arn:{}:s3:::{}", self.partition, self.param("Bucket"))],
            ("cloudtrail", _) => {
                let name = if self.params.contains_key("TrailName") { "TrailName" } else { "Name" };
                vec![self.arn_or(name, "cloudtrail", "trail/")]
            }
            ("kms", "CreateAlias") => vec![
                self.arn("kms", &self.param("AliasName")),
                self.arn_or("TargetKeyId", "kms", "key/"),
            ],
            ("kms", _) => vec![self.arn_or("KeyId", "kms", "key/")],
            ("iam", "CreateServiceLinkedRole") => vec![format!(
                "arn:{}:iam::{}:role/aws-service-role/{}/*",
                self.partition,
                self.account,
                self.param("AWSServiceName")
            )],
            ("iam", _) => self.role(),
            ("logs", "PutDeliverySource" | "GetDeliverySource" | "DeleteDeliverySource") => {
                vec![self.arn("logs", &format!("delivery-source:{}", self.param("name")))]
            }
            (
                "logs",
                "PutDeliveryDestination" | "GetDeliveryDestination" | "DeleteDeliveryDestination",
            ) => vec![self.arn("logs", &format!("delivery-destination:{}", self.param("name")))],
            ("logs", "CreateDelivery") => vec![
                self.arn("logs", "delivery:*"),
                self.arn("logs", &format!("delivery-source:{}", self.param("deliverySourceName"))),
                self.arn_or("deliveryDestinationArn", "logs", "delivery-destination:"),
            ],
            ("logs", "GetDelivery" | "DeleteDelivery") => vec![self.arn("logs", "delivery:*")],
            ("logs", _) if self.params.contains_key("logGroupName") => self.group("logGroupName"),
            ("logs", _) if self.params.contains_key("logGroupIdentifier") => {
                self.group("logGroupIdentifier")
            }
            ("ec2", "CreateFlowLogs") => {
                let flow_logs = self.arn("ec2", "vpc-flow-log/*");
                if self.resource.starts_with("arn:") {
                    vec![self.resource.to_owned(), flow_logs]
                } else {
                    any()
                }
            }
            ("ec2", "DeleteFlowLogs") => vec![self.arn("ec2", "vpc-flow-log/*")],
            ("route53", "CreateQueryLoggingConfig") => {
                let id = self.param("HostedZoneId");
                let id = id.rsplit('/').next().unwrap_or_default();
                vec![format!("arn:{}:route53:::hostedzone/{id}", self.partition)]
            }
            ("route53resolver", name) if !name.starts_with("List") => {
                vec![self.arn("route53resolver", "resolver-query-log-config/*")]
            }
            ("elbv2", "ModifyLoadBalancerAttributes") => vec![self.param("LoadBalancerArn")],
            ("elb", "ModifyLoadBalancerAttributes") => {
                let name = self.param("LoadBalancerName");
                vec![self.arn("elasticloadbalancing", &format!("loadbalancer/{name}"))]
            }
            ("rds", "ModifyDBInstance") => {
                vec![self.arn("rds", &format!("db:{}", self.param("DBInstanceIdentifier")))]
            }
            ("rds", "ModifyDBCluster") => {
                vec![self.arn("rds", &format!("cluster:{}", self.param("DBClusterIdentifier")))]
            }
            ("redshift", "EnableLogging" | "DisableLogging" | "DescribeLoggingStatus") => {
                vec![self.arn("redshift", &format!("cluster:{}", self.param("ClusterIdentifier")))]
            }
            ("wafv2", "PutLoggingConfiguration") => {
                let acl = &self.params["LoggingConfiguration"]["ResourceArn"];
                vec![unknown_as_star(acl.as_str().unwrap_or("*"))]
            }
            ("wafv2", "GetLoggingConfiguration" | "DeleteLoggingConfiguration") => {
                vec![self.param("ResourceArn")]
            }
            ("apigateway", "UpdateAccount" | "GetAccount") => vec![self.api("/account")],
            ("apigateway", "UpdateStage" | "GetStage") => vec![self.api(&format!(
                "/restapis/{}/stages/{}",
                self.param("restApiId"),
                self.param("stageName")
            ))],
            ("apigatewayv2", "UpdateStage" | "GetStage" | "DeleteAccessLogSettings") => {
                let (id, stage) = (self.param("ApiId"), self.param("StageName"));
                let below =
                    if name == "DeleteAccessLogSettings" { "/accesslogsettings" } else { "" };
                vec![self.api(&format!("/apis/{id}/stages/{stage}{below}"))]
            }
            ("eks", "UpdateClusterConfig" | "DescribeCluster") => {
                vec![self.arn("eks", &format!("cluster/{}", self.param("name")))]
            }
            ("lambda", "UpdateFunctionConfiguration" | "GetFunctionConfiguration") => {
                vec![self.arn_or("FunctionName", "lambda", "function:")]
            }
            ("ssm", "CreateAssociation") => vec![
                format!(
                    "arn:{}:ssm:{}:*:document/{}",
                    self.partition,
                    self.region,
                    self.param("Name")
                ),
                self.arn("ec2", "instance/*"),
                self.arn("ssm", "managed-instance/*"),
                self.arn("ssm", "association/*"),
            ],
            ("config", "PutConfigurationAggregator" | "DeleteConfigurationAggregator") => {
                vec![self.arn("config", "config-aggregator/*")]
            }
            ("securityhub", "EnableSecurityHub" | "DisableSecurityHub" | "DescribeHub") => {
                vec![self.arn("securityhub", "hub/default")]
            }
            ("guardduty", "GetDetector" | "UpdateDetector" | "DeleteDetector") => {
                vec![self.arn("guardduty", &format!("detector/{}", self.param("DetectorId")))]
            }
            _ => any(),
        }
    }

    fn api(&self, path: &str) -> String {
        format!("arn:{}:apigateway:{}::{path}", self.partition, self.region)
    }

    /// Tagging on creation is an action of its own.
    fn tags(&self, all: &mut Vec<Grant>) {
        let names = ["Tags", "tags", "TagsList", "TagSpecifications"];
        if !names.iter().any(|name| self.params.contains_key(*name)) {
            return;
        }
        let action = match self.call {
            "kms:CreateKey" => "kms:TagResource",
            "iam:CreateRole" => "iam:TagRole",
            "logs:CreateLogGroup"
            | "logs:CreateDelivery"
            | "logs:PutDeliverySource"
            | "logs:PutDeliveryDestination" => "logs:TagResource",
            "cloudtrail:CreateTrail" => "cloudtrail:AddTags",
            "ec2:CreateFlowLogs" => {
                let on_creation = json!({"StringEquals": {"ec2:CreateAction": "CreateFlowLogs"}});
                let logs = vec![self.arn("ec2", "vpc-flow-log/*")];
                all.push(self.grant("ec2:CreateTags", logs, on_creation));
                return;
            }
            "route53resolver:CreateResolverQueryLogConfig" => "route53resolver:TagResource",
            "config:PutConfigurationRecorder" | "config:PutConfigurationAggregator" => {
                "config:TagResource"
            }
            "guardduty:CreateDetector" => "guardduty:TagResource",
            "securityhub:EnableSecurityHub" => "securityhub:TagResource",
            "ssm:CreateAssociation" => "ssm:AddTagsToResource",
            _ => return,
        };
        all.push(self.grant(action, self.resources(), Value::Null));
    }

    /// What AWS asks for beside the call's own action.
    fn beside(&self, all: &mut Vec<Grant>) {
        // Where a service writes by way of CloudWatch Logs' deliveries, these are asked for, and
        // they know no resource.
        let delivers: &[&str] = match self.call {
            "ec2:CreateFlowLogs" | "wafv2:PutLoggingConfiguration" => {
                &["logs:CreateLogDelivery", "logs:DeleteLogDelivery"]
            }
            "ec2:DeleteFlowLogs" | "wafv2:DeleteLoggingConfiguration" => {
                &["logs:DeleteLogDelivery"]
            }
            "route53resolver:CreateResolverQueryLogConfig" => {
                &["logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:ListLogDeliveries"]
            }
            "apigatewayv2:UpdateStage" => &[
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:UpdateLogDelivery",
            ],
            "apigatewayv2:DeleteAccessLogSettings"
            | "route53resolver:DeleteResolverQueryLogConfig" => &["logs:DeleteLogDelivery"],
            _ => &[],
        };
        let asks = ["wafv2:PutLoggingConfiguration", "apigatewayv2:UpdateStage"];
        let resolver = self.call == "route53resolver:CreateResolverQueryLogConfig";
        let reads: &[&str] = if asks.contains(&self.call) || resolver {
            &["logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy"]
        } else {
            &[]
        };
        for action in delivers.iter().chain(reads) {
            all.push(self.grant(action, vec!["*".to_owned()], Value::Null));
        }
        if self.call == "route53resolver:AssociateResolverQueryLogConfig" {
            all.push(self.grant("ec2:DescribeVpcs", vec!["*".to_owned()], Value::Null));
        }
        if self.call == "logs:PutDeliverySource" {
            let source = self.param("resourceArn");
            let service = arn::service(&source);
            if !service.is_empty() {
                let action = format!("{service}:AllowVendedLogDeliveryForResource");
                all.push(self.grant(&action, vec![source.clone()], Value::Null));
            }
        }
        self.organization(all);
        if self.call == "guardduty:CreateDetector" {
            // Malware protection is switched on with it, by a role of its own (GuardDuty user
            // guide, "Service-linked role permissions for Malware Protection").
            let service = "malware-protection.guardduty.amazonaws.com";
            let role = format!(
                "arn:{}:iam::{}:role/aws-service-role/{service}/*",
                self.partition, self.account
            );
            let only = json!({"StringEquals": {"iam:AWSServiceName": service}});
            all.push(self.grant("iam:CreateServiceLinkedRole", vec![role.clone()], only));
            all.push(self.grant("iam:GetRole", vec![role], Value::Null));
        }
        let linked = match self.call {
            "guardduty:CreateDetector" => "guardduty.amazonaws.com",
            "organizations:EnableAWSServiceAccess" => &self.param("ServicePrincipal"),
            "securityhub:EnableSecurityHub" => "securityhub.amazonaws.com",
            _ => return,
        };
        let roles = format!(
            "arn:{}:iam::{}:role/aws-service-role/{linked}/*",
            self.partition, self.account
        );
        let service = json!({"StringEquals": {"iam:AWSServiceName": linked}});
        all.push(self.grant("iam:CreateServiceLinkedRole", vec![roles], service));
    }

    /// What is about the whole organisation looks at it.
    fn organization(&self, all: &mut Vec<Grant>) {
        let any = || vec!["*".to_owned()];
        let is_true = |name: &str| self.params.get(name) == Some(&Value::Bool(true));
        let trail = ["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail"].contains(&self.call);
        if trail && is_true("IsOrganizationTrail") {
            for action in [
                "organizations:DescribeOrganization",
                "organizations:ListAWSServiceAccessForOrganization",
                "organizations:ListAccounts",
            ] {
                all.push(self.grant(action, any(), Value::Null));
            }
        }
        let aggregates = self.params.contains_key("OrganizationAggregationSource");
        if self.call == "config:PutConfigurationAggregator" && aggregates {
            for action in
                ["organizations:DescribeOrganization", "organizations:ListDelegatedAdministrators"]
            {
                all.push(self.grant(action, any(), Value::Null));
            }
            let config = trusting(&json!("config.amazonaws.com"));
            all.push(self.grant("organizations:EnableAWSServiceAccess", any(), config));
        }
    }

    /// A role that is given to a service must be allowed to be given to it.
    fn roles(&self, all: &mut Vec<Grant>) {
        let (service, role) = match self.call {
            "cloudtrail:CreateTrail" | "cloudtrail:UpdateTrail" => {
                ("cloudtrail.amazonaws.com", self.params.get("CloudWatchLogsRoleArn"))
            }
            "ec2:CreateFlowLogs" => {
                ("vpc-flow-logs.amazonaws.com", self.params.get("DeliverLogsPermissionArn"))
            }
            "config:PutConfigurationRecorder" => {
                let recorder = self.params.get("ConfigurationRecorder");
                ("config.amazonaws.com", recorder.and_then(|recorder| recorder.get("roleARN")))
            }
            "config:PutConfigurationAggregator" => {
                let source = self.params.get("OrganizationAggregationSource");
                ("config.amazonaws.com", source.and_then(|source| source.get("RoleArn")))
            }
            "logs:PutSubscriptionFilter" => ("logs.amazonaws.com", self.params.get("roleArn")),
            "apigateway:UpdateAccount" => {
                let patch = self.params.get("patchOperations").and_then(|all| all.get(0));
                ("apigateway.amazonaws.com", patch.and_then(|patch| patch.get("value")))
            }
            _ => return,
        };
        let Some(role) = role.and_then(Value::as_str).filter(|role| !role.is_empty()) else {
            return;
        };
        let role = match unknown_as_star(role) {
            star if star == "*" => {
                format!("arn:{}:iam::{}:role/stele-*", self.partition, self.account)
            }
            role => role,
        };
        let to = json!({"StringEquals": {"iam:PassedToService": service}});
        all.push(self.grant("iam:PassRole", vec![role], to));
    }
}

/// The condition that an organisation is opened to one service.
fn trusting(service: &Value) -> Value {
    json!({"StringEquals": {"organizations:ServicePrincipal": service}})
}

/// A text with `*` where the plan does not know yet.
fn unknown_as_star(text: &str) -> String {
    reference::replaced(text, &|_| Some("*".to_owned()))
}
