"""An account with some of everything: what is on, what is off, and what is on without effect."""

import json

import boto3

ACCOUNT = "123456789012"
REGION = "us-east-1"
OTHER = "eu-west-1"


class Account:
    def __init__(self, url):
        self.url = url
        self.clients = {}

    def client(self, service, region=REGION):
        # Making one takes longer than most calls.
        if (service, region) not in self.clients:
            self.clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self.clients[service, region]

    def fill(self):
        self.buckets()
        self.trails()
        self.network()
        self.logs()
        self.config()
        self.balancers()
        self.databases()

    def buckets(self):
        s3 = self.client("s3")
        for name in ("trail-logs", "flow-logs", "shop-data"):
            s3.create_bucket(Bucket=name)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Trail",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudtrail.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::trail-logs/AWSLogs/{ACCOUNT}/*",
                }
            ],
        }
        s3.put_bucket_policy(Bucket="trail-logs", Policy=json.dumps(policy))
        s3.put_bucket_versioning(
            Bucket="trail-logs", VersioningConfiguration={"Status": "Enabled"}
        )

    def trails(self):
        trail = self.client("cloudtrail")
        trail.create_trail(Name="audit", S3BucketName="trail-logs", IsMultiRegionTrail=True)
        trail.start_logging(Name="audit")

    def network(self):
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")
        # On, and without effect: nobody may write into the bucket.
        ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="s3",
            LogDestination="arn:aws:s3:::flow-logs",
        )
        self.vpc = vpc

    def logs(self):
        logs = self.client("logs")
        logs.create_log_group(logGroupName="/app/kept")
        logs.put_retention_policy(logGroupName="/app/kept", retentionInDays=365)
        logs.create_log_group(logGroupName="/app/for-ever")

    def config(self):
        config = self.client("config", OTHER)
        self.client("s3").create_bucket(Bucket="config-logs")
        config.put_configuration_recorder(
            ConfigurationRecorder={
                "name": "default",
                "roleARN": f"arn:aws:iam::{ACCOUNT}:role/config",
                "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
            }
        )
        config.put_delivery_channel(
            DeliveryChannel={"name": "default", "s3BucketName": "config-logs"}
        )
        config.start_configuration_recorder(ConfigurationRecorderName="default")

    def balancers(self):
        ec2 = self.client("ec2")
        subnets = ec2.describe_subnets(
            Filters=[{"Name": "default-for-az", "Values": ["true"]}]
        )["Subnets"]
        self.client("elbv2").create_load_balancer(
            Name="shop", Subnets=[subnet["SubnetId"] for subnet in subnets[:2]]
        )

    def databases(self):
        rds = self.client("rds")
        common = {
            "DBInstanceClass": "db.t3.micro",
            "AllocatedStorage": 20,
            "MasterUsername": "root",
            "MasterUserPassword": "not-a-secret",
        }
        rds.create_db_instance(
            DBInstanceIdentifier="orders",
            Engine="mysql",
            EnableCloudwatchLogsExports=["audit"],
            **common,
        )
        # An export list that is not empty, and without what was done by whom.
        rds.create_db_instance(
            DBInstanceIdentifier="people",
            Engine="mysql",
            EnableCloudwatchLogsExports=["error"],
            **common,
        )
        self.client("dynamodb").create_table(
            TableName="carts",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
