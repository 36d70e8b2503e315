//! Collectors: each reads one part of an account, once for the account and region, for all checks.
//!
//! A check names the collectors that it needs; from those come the calls that are made and the IAM
//! policy that allows them. Two collectors follow others: what guards a bucket is read only of
//! buckets that some log is written to, and keys only where a log is encrypted with them.

pub mod application;
pub mod audit;
pub mod balancer;
pub mod config;
pub mod database;
pub mod dns;
pub mod guard;
pub mod logs;
mod run;
pub mod s3;
pub mod systems;
pub mod tags;
pub mod trail;
pub mod vpc;

use std::collections::BTreeSet;

pub use run::{Scope, collect};

/// A part of an account that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collector {
    /// Who we are, and the organisation.
    Account,
    /// Trails and what they do.
    Trails,
    /// The list of buckets.
    Buckets,
    /// Access logs of all buckets.
    BucketLogs,
    /// What guards the buckets that logs are written to, as far as the writers were read.
    Sinks,
    /// All that writes logs to buckets, so that every sink is known.
    Writers,
    /// VPCs and flow logs.
    Network,
    /// Resolver query logs.
    Resolver,
    /// Hosted zones.
    Zones,
    /// AWS Config.
    Config,
    /// Load balancers.
    Balancers,
    /// RDS and relatives.
    Databases,
    /// Redshift.
    Warehouses,
    /// DynamoDB.
    Tables,
    /// Log groups.
    Groups,
    /// Subscription filters of each group.
    Filters,
    /// Subscriptions of the whole account.
    AccountPolicies,
    /// Who may write to groups.
    ResourcePolicies,
    /// Logs that AWS delivers.
    Deliveries,
    /// Lambda.
    Functions,
    /// EKS.
    Kubernetes,
    /// WAF.
    Firewalls,
    /// API Gateway: REST, and the role by which it writes.
    RestApis,
    /// API Gateway: HTTP and WebSocket, and the role by which the latter writes.
    HttpApis,
    /// CloudFront.
    Distributions,
    /// Keys that logs are encrypted with.
    Keys,
    /// How those keys rotate.
    KeyRotation,
    /// Transit gateways.
    Gateways,
    /// What engines of databases are told about auditing.
    DatabaseAudit,
    /// Aggregators of AWS Config.
    Aggregators,
    /// Managed nodes.
    Nodes,
    /// What is kept on managed nodes.
    Associations,
    /// Instances of EC2.
    Instances,
    /// GuardDuty.
    Detectors,
    /// Security Hub.
    Hub,
    /// What has the tags that were asked for.
    Tags,
}

impl Collector {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Trails => "trails",
            Self::Buckets => "buckets",
            Self::BucketLogs => "bucket-logs",
            Self::Sinks => "sinks",
            Self::Writers => "writers",
            Self::Network => "network",
            Self::Resolver => "resolver",
            Self::Zones => "zones",
            Self::Config => "config",
            Self::Balancers => "balancers",
            Self::Databases => "databases",
            Self::Warehouses => "warehouses",
            Self::Tables => "tables",
            Self::Groups => "groups",
            Self::Filters => "filters",
            Self::AccountPolicies => "account-policies",
            Self::ResourcePolicies => "resource-policies",
            Self::Deliveries => "deliveries",
            Self::Functions => "functions",
            Self::Kubernetes => "kubernetes",
            Self::Firewalls => "firewalls",
            Self::RestApis => "rest-apis",
            Self::HttpApis => "http-apis",
            Self::Distributions => "distributions",
            Self::Keys => "keys",
            Self::KeyRotation => "key-rotation",
            Self::Gateways => "gateways",
            Self::DatabaseAudit => "database-audit",
            Self::Aggregators => "aggregators",
            Self::Nodes => "nodes",
            Self::Associations => "associations",
            Self::Instances => "instances",
            Self::Detectors => "detectors",
            Self::Hub => "hub",
            Self::Tags => "tags",
        }
    }

    /// The calls that it makes; it makes no others.
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["organizations:DescribeOrganization"],
            Self::Trails => &[
                "cloudtrail:DescribeTrails",
                "cloudtrail:GetTrailStatus",
                "cloudtrail:GetEventSelectors",
                "cloudtrail:GetInsightSelectors",
            ],
            Self::Buckets => &["s3:ListBuckets", "s3:GetBucketLocation"],
            Self::BucketLogs => &["s3:GetBucketLogging"],
            Self::Sinks => &[
                "s3:GetBucketLocation",
                "s3:GetBucketPolicy",
                "s3:GetBucketAcl",
                "s3:GetPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetObjectLockConfiguration",
                "s3:GetBucketEncryption",
                "s3:GetBucketLifecycleConfiguration",
                "s3control:GetPublicAccessBlock",
            ],
            Self::Writers => &[],
            Self::Network => &[
                "ec2:DescribeVpcs",
                "ec2:DescribeSubnets",
                "ec2:DescribeFlowLogs",
                "ec2:DescribeNetworkInterfaces",
            ],
            Self::Resolver => &[
                "route53resolver:ListResolverQueryLogConfigs",
                "route53resolver:ListResolverQueryLogConfigAssociations",
            ],
            Self::Zones => &["route53:ListHostedZones", "route53:ListQueryLoggingConfigs"],
            Self::Config => &[
                "config:DescribeConfigurationRecorders",
                "config:DescribeConfigurationRecorderStatus",
                "config:DescribeDeliveryChannels",
                "config:DescribeDeliveryChannelStatus",
            ],
            Self::Balancers => &[
                "elbv2:DescribeLoadBalancers",
                "elbv2:DescribeLoadBalancerAttributes",
                "elbv2:DescribeListeners",
                "elb:DescribeLoadBalancers",
                "elb:DescribeLoadBalancerAttributes",
            ],
            Self::Databases => &["rds:DescribeDBInstances", "rds:DescribeDBClusters"],
            Self::Warehouses => &["redshift:DescribeClusters", "redshift:DescribeLoggingStatus"],
            Self::Tables => &["dynamodb:ListTables"],
            Self::Groups => &["logs:DescribeLogGroups"],
            Self::Filters => &["logs:DescribeSubscriptionFilters"],
            Self::AccountPolicies => &["logs:DescribeAccountPolicies"],
            Self::ResourcePolicies => &["logs:DescribeResourcePolicies"],
            Self::Deliveries => &["logs:DescribeDeliverySources", "logs:DescribeDeliveries"],
            Self::Functions => &["lambda:ListFunctions"],
            Self::Kubernetes => &["eks:ListClusters", "eks:DescribeCluster"],
            Self::Firewalls => &["wafv2:ListWebACLs", "wafv2:ListLoggingConfigurations"],
            Self::RestApis => {
                &["apigateway:GetRestApis", "apigateway:GetStages", "apigateway:GetAccount"]
            }
            Self::HttpApis => {
                &["apigatewayv2:GetApis", "apigatewayv2:GetStages", "apigateway:GetAccount"]
            }
            Self::Distributions => {
                &["cloudfront:ListDistributions", "cloudfront:GetDistributionConfig"]
            }
            Self::Keys => &["kms:DescribeKey"],
            Self::KeyRotation => &["kms:GetKeyRotationStatus"],
            Self::Gateways => {
                &["ec2:DescribeTransitGateways", "ec2:DescribeTransitGatewayAttachments"]
            }
            Self::DatabaseAudit => &[
                "rds:DescribeOptionGroups",
                "rds:DescribeDBParameters",
                "rds:DescribeDBClusterParameters",
            ],
            Self::Aggregators => &[
                "config:DescribeConfigurationAggregators",
                "config:DescribeConfigurationAggregatorSourcesStatus",
            ],
            Self::Nodes => &["ssm:DescribeInstanceInformation"],
            Self::Associations => &[
                "ssm:ListAssociations",
                "ssm:DescribeAssociation",
                "ssm:DescribeInstanceAssociationsStatus",
            ],
            Self::Instances => &["ec2:DescribeInstances"],
            Self::Detectors => &["guardduty:ListDetectors", "guardduty:GetDetector"],
            Self::Hub => &["securityhub:DescribeHub"],
            Self::Tags => &["resourcegroupstaggingapi:GetResources"],
        }
    }

    /// What must be read for it to know what to read.
    fn needs(self) -> &'static [Self] {
        match self {
            Self::BucketLogs | Self::Sinks => &[Self::Buckets],
            Self::Filters => &[Self::Groups],
            Self::KeyRotation => &[Self::Keys],
            Self::Gateways => &[Self::Network],
            Self::DatabaseAudit => &[Self::Databases],
            Self::Associations => &[Self::Nodes],
            Self::Writers => &[
                Self::Trails,
                Self::BucketLogs,
                Self::Network,
                Self::Resolver,
                Self::Config,
                Self::Balancers,
                Self::Warehouses,
                Self::Firewalls,
                Self::Distributions,
            ],
            _ => &[],
        }
    }

    /// These collectors and all that they need.
    pub fn closure(wanted: impl IntoIterator<Item = Self>) -> BTreeSet<Self> {
        let mut all = BTreeSet::new();
        let mut todo: Vec<Self> = wanted.into_iter().collect();
        while let Some(next) = todo.pop() {
            if all.insert(next) {
                todo.extend(next.needs());
            }
        }
        all
    }
}
