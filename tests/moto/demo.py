"""The account of `cargo xtask aws-demo` and of `test_apply.py`: some of everything that AWS logs, most
of it off, and beside it settings of others that nobody may touch.

A part that moto cannot make is an error, so that the account is the same everywhere.
"""

import datetime
import io
import json
import zipfile

from account import ACCOUNT, OTHER, REGION, Account

# What others have set up, which must be there, byte by byte, after an apply and after a rollback.
FOREIGN_STATEMENT = {
    "Sid": "OnlyTls",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::audit-logs", "arn:aws:s3:::audit-logs/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
FOREIGN_RULE = {
    "ID": "uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": "uploads/"},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
FOREIGN_SELECTOR = {
    "ReadWriteType": "WriteOnly",
    "IncludeManagementEvents": True,
    "DataResources": [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::shop-invoices/paid/"]},
    ],
    "ExcludeManagementEventSources": [],
}
PARTS = (
    "buckets",
    "trails",
    "network",
    "logs",
    "config",
    "balancers",
    "databases",
    "applications",
    "zones",
)
FOREIGN_ADVANCED = [
    {
        "Name": "management",
        "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
    },
    {
        "Name": "who reads the topics",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::SNS::Topic"]},
        ],
    },
]


class Demo(Account):
    """`trail` is `one-region` (the only one, at home) or `stopped` (for all regions, and stopped)."""

    def __init__(self, url, trail="one-region"):
        super().__init__(url)
        self.trail = trail

    def fill(self, parts=PARTS):
        for part in parts:
            getattr(self, part)()

    def buckets(self):
        s3 = self.client("s3")
        for name in ("audit-logs", "shop-images", "shop-invoices", "config-history"):
            s3.create_bucket(Bucket=name)
        self.client("s3", OTHER).create_bucket(
            Bucket="shop-images-eu", CreateBucketConfiguration={"LocationConstraint": OTHER}
        )
        # CloudTrail may look at the bucket, and write nothing into it.
        look = {
            "Sid": "Look",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:GetBucketAcl",
            "Resource": "arn:aws:s3:::audit-logs",
        }
        policy = {"Version": "2012-10-17", "Id": "theirs", "Statement": [FOREIGN_STATEMENT, look]}
        s3.put_bucket_policy(Bucket="audit-logs", Policy=json.dumps(policy))
        rules = {"Rules": [FOREIGN_RULE]}
        s3.put_bucket_lifecycle_configuration(Bucket="audit-logs", LifecycleConfiguration=rules)

    def trails(self):
        cloudtrail = self.client("cloudtrail")
        everywhere = self.trail == "stopped"
        cloudtrail.create_trail(
            Name="audit", S3BucketName="audit-logs", IsMultiRegionTrail=everywhere
        )
        if everywhere:
            cloudtrail.put_event_selectors(
                TrailName="audit", AdvancedEventSelectors=FOREIGN_ADVANCED
            )
            cloudtrail.start_logging(Name="audit")
            cloudtrail.stop_logging(Name="audit")
        else:
            cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[FOREIGN_SELECTOR])
            cloudtrail.start_logging(Name="audit")

    def counted(self, namespace, metric, dimensions, each_day, region=REGION):
        """What CloudWatch counted: a value for each of the days before today."""
        dimensions = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        midnight = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0)
        data = [
            {
                "MetricName": metric,
                "Dimensions": dimensions,
                "Timestamp": midnight - datetime.timedelta(days=before, hours=-12),
                "Value": value,
            }
            for before, value in enumerate(each_day, start=1)
        ]
        client = self.client("cloudwatch", region)
        client.put_metric_data(Namespace=namespace, MetricData=data)

    def network(self):
        ec2 = self.client("ec2")
        self.vpcs = []
        for block in ("10.1", "10.2"):
            vpc = ec2.create_vpc(CidrBlock=f"{block}.0.0/16")["Vpc"]["VpcId"]
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"{block}.1.0/24")
            self.vpcs.append(vpc)
        # Rejected traffic alone, into a bucket that takes it from nobody.
        ec2.create_flow_logs(
            ResourceIds=[self.vpcs[0]],
            ResourceType="VPC",
            TrafficType="REJECT",
            LogDestinationType="s3",
            LogDestination="arn:aws:s3:::audit-logs/flow",
        )

    def logs(self):
        logs = self.client("logs")
        for name, days in [("/app/shop", 30), ("/app/kept", 365), ("/app/for-ever", None)]:
            logs.create_log_group(logGroupName=name)
            if days:
                logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        self.client("logs", OTHER).create_log_group(logGroupName="/app/eu")

    def config(self):
        config = self.client("config")
        config.put_configuration_recorder(
            ConfigurationRecorder={
                "name": "default",
                "roleARN": f"arn:aws:iam::{ACCOUNT}:role/config",
                "recordingGroup": {
                    "allSupported": False,
                    "includeGlobalResourceTypes": False,
                    "resourceTypes": ["AWS::EC2::Instance"],
                },
            }
        )
        config.put_delivery_channel(
            DeliveryChannel={"name": "default", "s3BucketName": "config-history"}
        )

    def balancers(self):
        ec2, elbv2 = self.client("ec2"), self.client("elbv2")
        standard = [{"Name": "default-for-az", "Values": ["true"]}]
        subnets = ec2.describe_subnets(Filters=standard)["Subnets"]
        ids = [subnet["SubnetId"] for subnet in subnets[:2]]
        elbv2.create_load_balancer(Name="shop", Subnets=ids)
        network = elbv2.create_load_balancer(Name="wire", Subnets=ids, Type="network")
        arn = network["LoadBalancers"][0]["LoadBalancerArn"]
        group = elbv2.create_target_group(
            Name="wire", Protocol="TCP", Port=443, VpcId=subnets[0]["VpcId"]
        )
        certificate = self.client("acm").request_certificate(DomainName="shop.example")
        elbv2.create_listener(
            LoadBalancerArn=arn,
            Protocol="TLS",
            Port=443,
            Certificates=[{"CertificateArn": certificate["CertificateArn"]}],
            DefaultActions=[
                {"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}
            ],
        )
        self.client("elb").create_load_balancer(
            LoadBalancerName="classic",
            Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080}],
            AvailabilityZones=[f"{REGION}a"],
        )

    def databases(self):
        super().databases()
        rds = self.client("rds")
        rds.create_db_cluster(
            DBClusterIdentifier="ledger",
            Engine="aurora-mysql",
            MasterUsername="root",
            MasterUserPassword="not-a-secret",
            EnableCloudwatchLogsExports=["error"],
        )
        self.client("redshift").create_cluster(
            ClusterIdentifier="reports",
            NodeType="ra3.large",
            MasterUsername="root",
            MasterUserPassword="Not-a-secret-1",
            DBName="reports",
        )

    def applications(self):
        self.functions()
        self.stages()
        self.client("eks").create_cluster(
            name="shop",
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/eks",
            resourcesVpcConfig={"subnetIds": []},
            logging={"clusterLogging": [{"types": ["scheduler"], "enabled": True}]},
        )
        self.client("wafv2").create_web_acl(
            Name="shop",
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            VisibilityConfig={
                "SampledRequestsEnabled": True,
                "CloudWatchMetricsEnabled": True,
                "MetricName": "shop",
            },
        )
        self.client("cloudfront").create_distribution(
            DistributionConfig={
                "CallerReference": "shop",
                "Comment": "images of the shop",
                "Enabled": True,
                "Origins": {
                    "Quantity": 1,
                    "Items": [
                        {
                            "Id": "images",
                            "DomainName": "shop-images.s3.amazonaws.com",
                            "S3OriginConfig": {"OriginAccessIdentity": ""},
                        }
                    ],
                },
                "DefaultCacheBehavior": {
                    "TargetOriginId": "images",
                    "ViewerProtocolPolicy": "https-only",
                    "MinTTL": 0,
                    "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                },
            }
        )

    def functions(self):
        role = self.client("iam").create_role(
            RoleName="shop-function", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"})
        )
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("main.py", "def handler(event, context):\n    return event\n")
        self.client("lambda").create_function(
            FunctionName="checkout",
            Runtime="python3.12",
            Role=role["Role"]["Arn"],
            Handler="main.handler",
            Code={"ZipFile": code.getvalue()},
        )

    def stages(self):
        rest = self.client("apigateway")
        api = rest.create_rest_api(name="shop")["id"]
        root = rest.get_resources(restApiId=api)["items"][0]["id"]
        method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
        rest.put_method(**method, authorizationType="NONE")
        rest.put_integration(**method, type="HTTP", integrationHttpMethod="GET", uri="https://x.example")
        rest.create_deployment(restApiId=api, stageName="live")
        http = self.client("apigatewayv2")
        api = http.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
        http.create_stage(ApiId=api, StageName="live")

    def zones(self):
        self.client("route53").create_hosted_zone(Name="shop.example", CallerReference="shop")
