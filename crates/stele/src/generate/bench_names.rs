//! The services and calls that [`super::bench`] draws from: sixty services, five calls each, the
//! commoner first. The names are those of AWS's APIs as CloudTrail writes them.

/// A service and its calls.
pub(super) type ServiceCalls = (&'static str, [&'static str; 5]);

/// Every service.
#[rustfmt::skip]
pub(super) const SERVICES: [ServiceCalls; 60] = [
    ("s3", ["GetObject", "PutObject", "HeadObject", "ListObjects", "DeleteObject"]),
    ("ec2", [
        "DescribeInstances", "DescribeNetworkInterfaces", "CreateNetworkInterface",
        "DescribeVolumes", "RunInstances",
    ]),
    ("kms", ["Decrypt", "GenerateDataKey", "Encrypt", "CreateGrant", "DescribeKey"]),
    ("logs", [
        "CreateLogStream", "PutRetentionPolicy", "DescribeLogGroups",
        "DescribeLogStreams", "FilterLogEvents",
    ]),
    ("dynamodb", ["GetItem", "PutItem", "Query", "UpdateItem", "DescribeTable"]),
    ("lambda", [
        "Invoke", "GetFunction20150331v2", "ListFunctions20150331",
        "UpdateFunctionCode20150331v2", "CreateFunction20150331",
    ]),
    ("ssm", [
        "UpdateInstanceInformation", "GetParameters", "GetParameter",
        "DescribeParameters", "SendCommand",
    ]),
    ("secretsmanager", [
        "GetSecretValue", "DescribeSecret", "ListSecrets", "PutSecretValue", "RotateSecret",
    ]),
    ("sts", [
        "AssumeRole", "GetCallerIdentity", "AssumeRoleWithWebIdentity", "GetSessionToken",
        "GetFederationToken",
    ]),
    ("iam", ["ListRoles", "GetRole", "CreateRole", "AttachRolePolicy", "ListAttachedRolePolicies"]),
    ("ecr", [
        "GetAuthorizationToken", "BatchGetImage", "GetDownloadUrlForLayer", "PutImage",
        "DescribeRepositories",
    ]),
    ("ecs", [
        "DescribeServices", "RegisterTaskDefinition", "UpdateService", "ListTasks", "DescribeTasks",
    ]),
    ("sqs", [
        "CreateQueue", "GetQueueAttributes", "ListQueues", "PurgeQueue", "SetQueueAttributes",
    ]),
    ("sns", ["CreateTopic", "GetTopicAttributes", "ListTopics", "Subscribe", "SetTopicAttributes"]),
    ("monitoring", [
        "DescribeAlarms", "PutMetricAlarm", "GetDashboard", "DeleteAlarms", "ListDashboards",
    ]),
    ("cloudformation", [
        "DescribeStacks", "CreateChangeSet", "ExecuteChangeSet", "ListStacks",
        "DescribeStackEvents",
    ]),
    ("rds", [
        "DescribeDBInstances", "DescribeDBClusters", "CreateDBSnapshot",
        "ModifyDBInstance", "DescribeDBSnapshots",
    ]),
    ("elasticloadbalancing", [
        "DescribeLoadBalancers", "DescribeTargetHealth", "RegisterTargets",
        "DeregisterTargets", "DescribeListeners",
    ]),
    ("autoscaling", [
        "DescribeAutoScalingGroups", "SetDesiredCapacity", "CompleteLifecycleAction",
        "DescribePolicies", "TerminateInstanceInAutoScalingGroup",
    ]),
    ("cloudtrail", [
        "DescribeTrails", "GetTrailStatus", "LookupEvents", "ListTrails", "GetEventSelectors",
    ]),
    ("config", [
        "PutEvaluations", "DescribeConfigRules", "PutConfigurationRecorder",
        "BatchGetResourceConfig", "DescribeComplianceByConfigRule",
    ]),
    ("eks", [
        "DescribeCluster", "ListClusters", "DescribeNodegroup", "ListNodegroups",
        "AccessKubernetesApi",
    ]),
    ("route53", [
        "ListHostedZones", "ChangeResourceRecordSets", "ListResourceRecordSets",
        "GetChange", "GetHostedZone",
    ]),
    ("cloudfront", [
        "ListDistributions", "CreateInvalidation", "GetDistributionConfig",
        "UpdateDistribution", "GetDistribution",
    ]),
    ("apigateway", ["GetRestApis", "CreateDeployment", "GetStages", "UpdateStage", "GetResources"]),
    ("states", [
        "StartExecution", "DescribeExecution", "ListExecutions", "DescribeStateMachine",
        "StopExecution",
    ]),
    ("glue", ["GetTable", "GetTables", "GetPartitions", "StartJobRun", "BatchCreatePartition"]),
    ("athena", [
        "StartQueryExecution", "GetQueryExecution", "GetQueryResults", "ListWorkGroups",
        "StopQueryExecution",
    ]),
    ("kinesis", [
        "DescribeStreamSummary", "ListShards", "GetShardIterator", "CreateStream", "DescribeStream",
    ]),
    ("firehose", [
        "DescribeDeliveryStream", "ListDeliveryStreams", "CreateDeliveryStream",
        "UpdateDestination", "TagDeliveryStream",
    ]),
    ("events", ["PutRule", "PutTargets", "DescribeRule", "ListRules", "ListTargetsByRule"]),
    ("signin", ["ConsoleLogin", "SwitchRole", "CheckMfa", "ExitRole", "GetSigninToken"]),
    ("organizations", [
        "DescribeOrganization", "ListAccounts", "DescribeAccount", "ListPolicies", "ListParents",
    ]),
    ("guardduty", ["ListDetectors", "GetDetector", "GetFindings", "ListFindings", "ListMembers"]),
    ("securityhub", [
        "GetFindings", "BatchImportFindings", "DescribeHub", "GetEnabledStandards",
        "BatchUpdateFindings",
    ]),
    ("wafv2", [
        "ListWebACLs", "GetWebACL", "UpdateWebACL", "GetWebACLForResource",
        "ListResourcesForWebACL",
    ]),
    ("acm", [
        "ListCertificates", "DescribeCertificate", "RequestCertificate", "GetCertificate",
        "AddTagsToCertificate",
    ]),
    ("backup", [
        "StartBackupJob", "DescribeBackupJob", "ListRecoveryPointsByBackupVault",
        "ListBackupVaults", "DescribeBackupVault",
    ]),
    ("batch", [
        "SubmitJob", "DescribeJobs", "ListJobs", "TerminateJob", "DescribeComputeEnvironments",
    ]),
    ("codebuild", [
        "BatchGetBuilds", "StartBuild", "ListBuildsForProject", "BatchGetProjects", "StopBuild",
    ]),
    ("codepipeline", [
        "GetPipelineState", "StartPipelineExecution", "ListPipelines", "GetPipeline",
        "PutJobSuccessResult",
    ]),
    ("cognito-idp", [
        "InitiateAuth", "AdminGetUser", "ListUsers", "DescribeUserPool", "AdminInitiateAuth",
    ]),
    ("elasticache", [
        "DescribeCacheClusters", "DescribeReplicationGroups", "CreateSnapshot",
        "ModifyReplicationGroup", "DescribeEvents",
    ]),
    ("elasticfilesystem", [
        "DescribeFileSystems", "DescribeMountTargets", "CreateAccessPoint",
        "NewClientConnection", "DescribeAccessPoints",
    ]),
    ("es", [
        "DescribeDomain", "ListDomainNames", "UpdateDomainConfig", "DescribeDomains", "ESHttpPost",
    ]),
    ("redshift", [
        "DescribeClusters", "GetClusterCredentials", "ResumeCluster", "PauseCluster",
        "DescribeLoggingStatus",
    ]),
    ("sagemaker", [
        "DescribeTrainingJob", "CreateTrainingJob", "ListEndpoints", "InvokeEndpoint",
        "DescribeEndpoint",
    ]),
    ("bedrock", [
        "InvokeModel", "Converse", "ListFoundationModels", "GetFoundationModel",
        "InvokeModelWithResponseStream",
    ]),
    ("servicediscovery", [
        "DiscoverInstances", "RegisterInstance", "GetInstancesHealthStatus",
        "ListServices", "DeregisterInstance",
    ]),
    ("servicecatalog", [
        "SearchProducts", "ProvisionProduct", "DescribeProduct", "ListPortfolios", "DescribeRecord",
    ]),
    ("support", [
        "DescribeTrustedAdvisorChecks", "RefreshTrustedAdvisorCheck", "DescribeCases",
        "DescribeSeverityLevels", "DescribeTrustedAdvisorCheckResult",
    ]),
    ("tagging", ["GetResources", "TagResources", "GetTagKeys", "GetTagValues", "UntagResources"]),
    ("xray", [
        "GetTraceSummaries", "PutTraceSegments", "GetSamplingRules", "GetSamplingTargets",
        "GetServiceGraph",
    ]),
    ("health", [
        "DescribeEvents", "DescribeEventAggregates", "DescribeEventDetails",
        "DescribeAffectedEntities", "DescribeEventTypes",
    ]),
    ("ce", [
        "GetCostAndUsage", "GetCostForecast", "GetDimensionValues", "GetTags",
        "GetReservationUtilization",
    ]),
    ("access-analyzer", [
        "ListAnalyzers", "ListFindings", "ValidatePolicy", "GetFinding", "ListArchiveRules",
    ]),
    ("inspector2", [
        "ListFindings", "BatchGetAccountStatus", "ListCoverage", "GetMember", "ListMembers",
    ]),
    ("macie2", [
        "GetMacieSession", "DescribeBuckets", "ListFindings", "GetFindings",
        "ListClassificationJobs",
    ]),
    ("sso", [
        "ListInstances", "ListPermissionSets", "DescribePermissionSet",
        "CreateAccountAssignment", "Federate",
    ]),
    ("transfer", [
        "DescribeServer", "ListUsers", "ImportSshPublicKey", "StartFileTransfer", "DescribeUser",
    ]),
];

/// Names of parameters.
#[rustfmt::skip]
pub(super) const MEMBERS: [&str; 40] = [
    "instanceId", "clusterName", "launchType", "resourceArn", "storageClass", "groupName",
    "encryption", "tableName", "algorithm", "queueName", "topicArn", "platform", "stackName",
    "architecture", "taskDefinition", "subnetId", "scheme", "volumeType", "vpcId", "billingMode",
    "snapshotId", "order", "keyName", "stageName", "status", "databaseName", "protocol",
    "domainName", "accessPolicy", "targetGroupArn", "format", "pipelineName", "deployment",
    "projectName", "visibility", "secretId", "addressType", "endpointName", "jobQueue",
    "networkMode",
];

/// Values that mean the same in every account.
#[rustfmt::skip]
pub(super) const CONSTANTS: [&str; 24] = [
    "default", "AES_256", "SYMMETRIC_DEFAULT", "STANDARD", "ACTIVE", "ENABLED", "production",
    "FARGATE", "HTTPS", "internal", "application", "gp3", "arm64", "x86_64", "IPV4", "JSON",
    "NONE", "PAY_PER_REQUEST", "Latest", "aws:kms", "bucket-owner-full-control", "ROLLING",
    "us-east-1", "DESCENDING",
];

/// Words that names are made of.
#[rustfmt::skip]
pub(super) const WORDS: [&str; 32] = [
    "orders", "payments", "catalog", "search", "session", "report", "invoice", "customer",
    "billing", "media", "thumbnail", "ingest", "export", "metrics", "gateway", "backend",
    "frontend", "worker", "scheduler", "cache", "archive", "staging", "shipping", "inventory",
    "pricing", "notify", "audit", "identity", "profile", "recommend", "stream", "batch",
];

/// Programs that call.
#[rustfmt::skip]
pub(super) const AGENTS: [&str; 16] = [
    "Boto3/1.40.{} md/Botocore#1.40.{} ua/2.1 os/linux#6.1.155 md/arch#x86_64 lang/python#3.12.11",
    "aws-sdk-go-v2/1.39.{} os/linux lang/go#1.25.1 md/GOOS#linux md/GOARCH#arm64 api/s3#1.88.{}",
    "aws-sdk-java/2.33.{} md/io#sync md/http#Apache ua/2.1 os/Linux#5.10.240 lang/java#21.0.{}",
    "aws-cli/2.31.{} md/awscrt#0.27.{} ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.{} terraform-provider-aws/6.14.{} aws-sdk-go-v2/1.39.2",
    "aws-sdk-js/3.896.{} ua/2.1 os/linux#5.10.240 lang/js md/nodejs#22.19.{} api/dynamodb#3.896.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.{}.{} Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.{} Safari/{}",
    "aws-sdk-rust/1.3.{} os/linux lang/rust/1.90.{} exec-env/AWS_ECS_FARGATE",
    "Boto3/1.38.{} md/Botocore#1.38.{} exec-env/AWS_Lambda_python3.13 lang/python#3.13.5",
    "[aws-sdk-java/1.12.{} Linux/5.10.{}-242.855.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.16]",
    "amazon-ssm-agent/3.3.{} aws-sdk-go/1.55.{} (go1.24.6; linux; amd64)",
    "aws-cli/1.42.{} md/Botocore#1.40.{} ua/2.1 os/linux#4.14.355 lang/python#3.9.23 cfg/retry",
    "S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.{} Linux/5.10.{}-246.983.amzn2int.x86_64",
    "eks-node-agent/1.2.{} aws-sdk-go-v2/1.38.{} os/linux lang/go#1.24.6 md/GOARCH#amd64",
    "fluent-bit/4.0.{} aws-sdk-cpp/1.11.{} Linux/6.1.155 x86_64 GCC/14.2.1",
];

/// Services that call others.
#[rustfmt::skip]
pub(super) const CALLING_SERVICES: [&str; 10] = [
    "cloudtrail.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com",
    "config.amazonaws.com", "autoscaling.amazonaws.com", "ec2.amazonaws.com",
    "delivery.logs.amazonaws.com", "backup.amazonaws.com", "eks.amazonaws.com",
    "guardduty.amazonaws.com",
];
