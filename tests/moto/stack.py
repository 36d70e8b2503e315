#!/usr/bin/env python3
"""Executes a CloudFormation template as plain calls on a stand-in for AWS.

    stack.py TEMPLATE --endpoint URL [--region R] [--parameter NAME=VALUE]...

Here is how each type of resource is made. What a template means is in `template.py`.
"""

import argparse
import json
import sys
import types

import yaml

from template import Stack, kind, lets, need, patterns, some, tags


@kind(
    "AWS::S3::Bucket",
    "BucketName",
    "Tags",
    "VersioningConfiguration",
    "LoggingConfiguration",
    "LifecycleConfiguration",
    "PublicAccessBlockConfiguration",
    "ObjectLockConfiguration",
    "ObjectLockEnabled",
    "NotificationConfiguration",
)
def bucket(stack, properties, name):
    s3, bucket = stack.client("s3"), properties["BucketName"]
    params = {"Bucket": bucket}
    if stack.region != "us-east-1":
        params["CreateBucketConfiguration"] = {"LocationConstraint": stack.region}
    if properties.get("ObjectLockEnabled"):
        params["ObjectLockEnabledForBucket"] = True
    s3.create_bucket(**params)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": properties["Tags"]})
    if "VersioningConfiguration" in properties:
        s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration=properties["VersioningConfiguration"]
        )
    if "PublicAccessBlockConfiguration" in properties:
        block = properties["PublicAccessBlockConfiguration"]
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    if "ObjectLockConfiguration" in properties:
        need(properties.get("ObjectLockEnabled"), f"{name} locks objects and does not say so")
        lock = properties["ObjectLockConfiguration"]
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)
    if "LoggingConfiguration" in properties:
        log = properties["LoggingConfiguration"]
        target, prefix = log["DestinationBucketName"], log["LogFilePrefix"]
        stack.bucket_lets(target, "logging.s3.amazonaws.com", name, f"{prefix}x", look=False)
        enabled = {"TargetBucket": target, "TargetPrefix": prefix}
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": enabled})
    if "LifecycleConfiguration" in properties:
        rules = [rule(each) for each in properties["LifecycleConfiguration"]["Rules"]]
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": rules}
        )
    if "NotificationConfiguration" in properties:
        queues = []
        for each in properties["NotificationConfiguration"]["QueueConfigurations"]:
            may_send(stack, each["Queue"], bucket, name)
            queues.append({"QueueArn": each["Queue"], "Events": [each["Event"]]})
        told = {"QueueConfigurations": queues}
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told)
    return {"Ref": bucket, "Arn": f"arn:aws:s3:::{bucket}"}


def may_send(stack, queue, bucket, name):
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName=queue.split(":")[-1])["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    policy = json.loads(found.get("Policy", "{}"))
    allowed = lets(policy, "s3.amazonaws.com", "sqs:SendMessage", queue, stack.account)
    sources = [
        source
        for statement in policy.get("Statement", [])
        for source in patterns(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    ]
    need(allowed and f"arn:aws:s3:::{bucket}" in sources, f"{name}: S3 may not write to {queue}")


def rule(given):
    """A rule of a lifecycle as the API has it."""
    known = {
        "Id",
        "Status",
        "Prefix",
        "ExpirationInDays",
        "NoncurrentVersionExpiration",
        "Transitions",
    }
    need(set(given) <= known, f"rule: {set(given) - known}")
    made = {
        "ID": given["Id"],
        "Status": given["Status"],
        "Filter": {"Prefix": given.get("Prefix", "")},
    }
    if "ExpirationInDays" in given:
        made["Expiration"] = {"Days": given["ExpirationInDays"]}
    if "NoncurrentVersionExpiration" in given:
        made["NoncurrentVersionExpiration"] = given["NoncurrentVersionExpiration"]
    if "Transitions" in given:
        made["Transitions"] = [
            {"Days": each["TransitionInDays"], "StorageClass": each["StorageClass"]}
            for each in given["Transitions"]
        ]
    return made


@kind("AWS::S3::BucketPolicy", "Bucket", "PolicyDocument")
def bucket_policy(stack, properties, name):
    policy = json.dumps(properties["PolicyDocument"])
    stack.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
    return {"Ref": name}


@kind("AWS::KMS::Key", "Description", "KeyPolicy", "Tags", "EnableKeyRotation")
def key(stack, properties, name):
    kms = stack.client("kms")
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
    policy = json.dumps(properties["KeyPolicy"])
    made = kms.create_key(Description=properties["Description"], Policy=policy, Tags=tags)
    made = made["KeyMetadata"]
    if properties.get("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return {"Ref": made["KeyId"], "Arn": made["Arn"]}


@kind("AWS::KMS::Alias", "AliasName", "TargetKeyId")
def alias(stack, properties, name):
    stack.client("kms").create_alias(**properties)
    return {"Ref": properties["AliasName"]}


@kind("AWS::IAM::Role", "RoleName", "AssumeRolePolicyDocument", "Tags", "Policies")
def role(stack, properties, name):
    iam, role = stack.client("iam"), properties.get(
        "RoleName", f"{stack.name}-{name}-{stack.region}"
    )
    trust = json.dumps(properties["AssumeRolePolicyDocument"])
    tags = properties.get("Tags", [])
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust, Tags=tags)["Role"]
    for policy in properties.get("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=role, PolicyName=policy["PolicyName"], PolicyDocument=document)
    return {"Ref": role, "Arn": made["Arn"]}


@kind("AWS::IAM::RolePolicy", "RoleName", "PolicyName", "PolicyDocument")
def role_policy(stack, properties, name):
    document = json.dumps(properties["PolicyDocument"])
    stack.client("iam").put_role_policy(**{**properties, "PolicyDocument": document})
    return {"Ref": name}


@kind("AWS::IAM::ServiceLinkedRole", "AWSServiceName")
def linked_role(stack, properties, name):
    made = stack.client("iam").create_service_linked_role(**properties)["Role"]
    return {"Ref": made["RoleName"], "RoleName": made["RoleName"]}


@kind(
    "AWS::Logs::LogGroup",
    "LogGroupName",
    "RetentionInDays",
    "KmsKeyId",
    "Tags",
    "DeletionProtectionEnabled",
    "DataProtectionPolicy",
)
def group(stack, properties, name):
    logs, group = stack.client("logs"), properties["LogGroupName"]
    if "KmsKeyId" in properties:
        stack.key_lets(properties["KmsKeyId"], f"logs.{stack.region}.amazonaws.com", name)
    params = some(properties, kmsKeyId="KmsKeyId")
    logs.create_log_group(logGroupName=group, tags=tags(properties) or {"x": "y"}, **params)
    if "RetentionInDays" in properties:
        days = properties["RetentionInDays"]
        logs.put_retention_policy(logGroupName=group, retentionInDays=days)
    if "DeletionProtectionEnabled" in properties:
        on = properties["DeletionProtectionEnabled"]
        stack.checked(
            "logs",
            "put_log_group_deletion_protection",
            logGroupIdentifier=group,
            deletionProtectionEnabled=on,
        )
    if "DataProtectionPolicy" in properties:
        policy = json.dumps(properties["DataProtectionPolicy"])
        stack.checked(
            "logs", "put_data_protection_policy", logGroupIdentifier=group, policyDocument=policy
        )
    arn = f"arn:aws:logs:{stack.region}:{stack.account}:log-group:{group}:*"
    return {"Ref": group, "Arn": arn}


@kind("AWS::Logs::ResourcePolicy", "PolicyName", "PolicyDocument")
def group_policy(stack, properties, name):
    text = properties["PolicyDocument"]
    json.loads(text)
    stack.client("logs").put_resource_policy(
        policyName=properties["PolicyName"], policyDocument=text
    )
    return {"Ref": properties["PolicyName"]}


@kind(
    "AWS::Logs::SubscriptionFilter", "LogGroupName", "FilterName", "FilterPattern", "DestinationArn"
)
def subscription(stack, properties, name):
    # The stand-in wants the destination to be of its own account.
    stack.group_is_there(f":log-group:{properties['LogGroupName']}", name)
    stack.checked(
        "logs",
        "put_subscription_filter",
        logGroupName=properties["LogGroupName"],
        filterName=properties["FilterName"],
        filterPattern=properties["FilterPattern"],
        destinationArn=properties["DestinationArn"],
    )
    return {"Ref": properties["FilterName"]}


@kind(
    "AWS::Logs::AccountPolicy",
    "PolicyName",
    "PolicyType",
    "PolicyDocument",
    "Scope",
    "SelectionCriteria",
)
def account_policy(stack, properties, name):
    json.loads(properties["PolicyDocument"])
    stack.checked(
        "logs",
        "put_account_policy",
        **some(
            properties,
            policyName="PolicyName",
            policyType="PolicyType",
            policyDocument="PolicyDocument",
            scope="Scope",
            selectionCriteria="SelectionCriteria",
        ),
    )
    return {"Ref": name}


@kind("AWS::Logs::DeliverySource", "Name", "ResourceArn", "LogType")
def source(stack, properties, name):
    made = stack.client("logs").put_delivery_source(
        **some(properties, name="Name", resourceArn="ResourceArn", logType="LogType")
    )
    return {"Ref": properties["Name"], "Arn": made["deliverySource"]["arn"]}


@kind("AWS::Logs::DeliveryDestination", "Name", "OutputFormat", "DestinationResourceArn")
def destination(stack, properties, name):
    arn = properties["DestinationResourceArn"]
    stack.destination_takes(arn, "delivery.logs.amazonaws.com", name)
    made = stack.client("logs").put_delivery_destination(
        deliveryDestinationConfiguration={"destinationResourceArn": arn},
        **some(properties, name="Name", outputFormat="OutputFormat"),
    )
    return {"Ref": properties["Name"], "Arn": made["deliveryDestination"]["arn"]}


@kind(
    "AWS::Logs::Delivery",
    "DeliverySourceName",
    "DeliveryDestinationArn",
    "S3SuffixPath",
    "S3EnableHiveCompatiblePath",
)
def delivery(stack, properties, name):
    made = stack.client("logs").create_delivery(
        deliverySourceName=properties["DeliverySourceName"],
        deliveryDestinationArn=properties["DeliveryDestinationArn"],
        s3DeliveryConfiguration=some(
            properties,
            suffixPath="S3SuffixPath",
            enableHiveCompatiblePath="S3EnableHiveCompatiblePath",
        ),
    )
    return {"Ref": made["delivery"]["id"]}


@kind(
    "AWS::CloudTrail::Trail",
    "TrailName",
    "S3BucketName",
    "S3KeyPrefix",
    "IsLogging",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "EnableLogFileValidation",
    "Tags",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "KMSKeyId",
    "EventSelectors",
    "AdvancedEventSelectors",
    "InsightSelectors",
)
def trail(stack, properties, name):
    cloudtrail, trail = stack.client("cloudtrail"), properties["TrailName"]
    service = "cloudtrail.amazonaws.com"
    prefix = properties.get("S3KeyPrefix", "")
    key = f"{prefix}/AWSLogs/{{account}}/x" if prefix else "AWSLogs/{account}/x"
    stack.bucket_lets(properties["S3BucketName"], service, name, key)
    if "KMSKeyId" in properties:
        stack.key_lets(properties["KMSKeyId"], service, name)
    if "CloudWatchLogsLogGroupArn" in properties:
        stack.group_is_there(properties["CloudWatchLogsLogGroupArn"], name)
        stack.role_lets(properties["CloudWatchLogsRoleArn"], service, name)
    made = cloudtrail.create_trail(
        **some(
            properties,
            Name="TrailName",
            S3BucketName="S3BucketName",
            S3KeyPrefix="S3KeyPrefix",
            IncludeGlobalServiceEvents="IncludeGlobalServiceEvents",
            IsMultiRegionTrail="IsMultiRegionTrail",
            EnableLogFileValidation="EnableLogFileValidation",
            TagsList="Tags",
            KmsKeyId="KMSKeyId",
            CloudWatchLogsLogGroupArn="CloudWatchLogsLogGroupArn",
            CloudWatchLogsRoleArn="CloudWatchLogsRoleArn",
        )
    )
    need(("EventSelectors" in properties) + ("AdvancedEventSelectors" in properties) <= 1, name)
    for selectors in ("EventSelectors", "AdvancedEventSelectors"):
        if selectors in properties:
            cloudtrail.put_event_selectors(TrailName=trail, **{selectors: properties[selectors]})
    if "InsightSelectors" in properties:
        insights = properties["InsightSelectors"]
        cloudtrail.put_insight_selectors(TrailName=trail, InsightSelectors=insights)
    if properties["IsLogging"]:
        cloudtrail.start_logging(Name=trail)
    return {"Ref": trail, "Arn": made["TrailARN"]}


@kind(
    "AWS::EC2::FlowLog",
    "ResourceId",
    "ResourceType",
    "TrafficType",
    "LogDestinationType",
    "LogDestination",
    "LogFormat",
    "DeliverLogsPermissionArn",
    "MaxAggregationInterval",
    "DestinationOptions",
    "Tags",
)
def flow_log(stack, properties, name):
    stack.destination_takes(properties["LogDestination"], "delivery.logs.amazonaws.com", name)
    if "DeliverLogsPermissionArn" in properties:
        stack.role_lets(properties["DeliverLogsPermissionArn"], "vpc-flow-logs.amazonaws.com", name)
    made = stack.client("ec2").create_flow_logs(
        ResourceIds=[properties["ResourceId"]],
        TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": properties["Tags"]}],
        **some(
            properties,
            **{
                each: each
                for each in (
                    "ResourceType",
                    "TrafficType",
                    "LogDestinationType",
                    "LogDestination",
                    "LogFormat",
                    "DeliverLogsPermissionArn",
                    "MaxAggregationInterval",
                    "DestinationOptions",
                )
            },
        ),
    )
    need(not made.get("Unsuccessful"), f"{name}: {made.get('Unsuccessful')}")
    return {"Ref": made["FlowLogIds"][0], "Id": made["FlowLogIds"][0]}


@kind("AWS::Route53Resolver::ResolverQueryLoggingConfig", "Name", "DestinationArn")
def query_log(stack, properties, name):
    stack.destination_takes(properties["DestinationArn"], "delivery.logs.amazonaws.com", name)
    made = stack.client("route53resolver").create_resolver_query_log_config(
        CreatorRequestId=name, **properties
    )["ResolverQueryLogConfig"]
    return {"Ref": made["Id"], "Id": made["Id"], "Arn": made["Arn"]}


@kind(
    "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
    "ResolverQueryLogConfigId",
    "ResourceId",
)
def query_log_of(stack, properties, name):
    made = stack.client("route53resolver").associate_resolver_query_log_config(**properties)
    return {"Ref": made["ResolverQueryLogConfigAssociation"]["Id"]}


@kind("AWS::Config::ConfigurationRecorder", "Name", "RoleARN", "RecordingGroup", "RecordingMode")
def recorder(stack, properties, name):
    def lower(value):
        if isinstance(value, dict):
            return {key[0].lower() + key[1:]: lower(member) for key, member in value.items()}
        return value

    stack.client("config").put_configuration_recorder(
        ConfigurationRecorder={
            "name": properties["Name"],
            "roleARN": properties["RoleARN"],
            "recordingGroup": lower(properties["RecordingGroup"]),
        }
    )
    start_recorder(stack)
    return {"Ref": properties["Name"]}


@kind("AWS::Config::DeliveryChannel", "Name", "S3BucketName", "S3KeyPrefix")
def channel(stack, properties, name):
    stack.bucket_lets(properties["S3BucketName"], "config.amazonaws.com", name)
    # AWS waits for the recorder; here the channel is kept until it comes.
    stack.channel = {"name": properties["Name"], "s3BucketName": properties["S3BucketName"]}
    start_recorder(stack)
    return {"Ref": properties["Name"]}


def start_recorder(stack):
    """A recorder starts when there is a channel as well, in whatever order they come."""
    config = stack.client("config")
    recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
    if recorders and getattr(stack, "channel", None):
        config.put_delivery_channel(DeliveryChannel=stack.channel)
        config.start_configuration_recorder(ConfigurationRecorderName=recorders[0]["name"])


@kind(
    "AWS::Config::ConfigurationAggregator",
    "ConfigurationAggregatorName",
    "AccountAggregationSources",
)
def aggregator(stack, properties, name):
    stack.client("config").put_configuration_aggregator(**properties)
    return {"Ref": properties["ConfigurationAggregatorName"]}


@kind(
    "AWS::WAFv2::LoggingConfiguration",
    "ResourceArn",
    "LogDestinationConfigs",
    "RedactedFields",
    "LoggingFilter",
)
def waf_log(stack, properties, name):
    for arn in properties["LogDestinationConfigs"]:
        stack.group_is_there(arn, name)
    stack.client("wafv2").put_logging_configuration(LoggingConfiguration=properties)
    return {"Ref": properties["ResourceArn"]}


@kind("AWS::ApiGateway::Account", "CloudWatchRoleArn")
def api_account(stack, properties, name):
    role = properties["CloudWatchRoleArn"]
    stack.client("iam").get_role(RoleName=role.split("/")[-1])
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    stack.client("apigateway").update_account(patchOperations=[patch])
    return {"Ref": name}


@kind(
    "AWS::SSM::Association",
    "Name",
    "AssociationName",
    "Parameters",
    "Targets",
    "ScheduleExpression",
)
def association(stack, properties, name):
    stack.checked("ssm", "create_association", **properties)
    return {"Ref": name}


@kind("AWS::GuardDuty::Detector", "Enable", "FindingPublishingFrequency")
def detector(stack, properties, name):
    return {"Ref": stack.client("guardduty").create_detector(**properties)["DetectorId"]}


@kind("AWS::SecurityHub::Hub", "EnableDefaultStandards")
def hub(stack, properties, name):
    stack.client("securityhub").enable_security_hub(**properties)
    return {"Ref": name}


@kind(
    "AWS::SQS::Queue",
    "QueueName",
    "MessageRetentionPeriod",
    "VisibilityTimeout",
    "SqsManagedSseEnabled",
)
def queue(stack, properties, name):
    sqs = stack.client("sqs")
    attributes = {
        key: str(value).lower() for key, value in properties.items() if key != "QueueName"
    }
    url = sqs.create_queue(QueueName=properties["QueueName"], Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return {"Ref": url, "QueueUrl": url, "Arn": found["QueueArn"]}


@kind("AWS::SQS::QueuePolicy", "Queues", "PolicyDocument")
def queue_policy(stack, properties, name):
    attributes = {"Policy": json.dumps(properties["PolicyDocument"])}
    for url in properties["Queues"]:
        stack.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return {"Ref": name}


@kind(
    "AWS::Lambda::Function",
    "Description",
    "Runtime",
    "Handler",
    "Role",
    "Timeout",
    "LoggingConfig",
    "Code",
)
def function(stack, properties, name):
    code = properties["Code"]["ZipFile"]
    need(len(code) <= 4096, f"{name}: {len(code)} characters of code")
    stack.function = code
    arn = f"arn:aws:lambda:{stack.region}:{stack.account}:function:{name}"
    return {"Ref": name, "Arn": arn}


@kind("Custom::SteleCall", "ServiceToken", "Service", "Operation", "Params", "Answer")
def custom(stack, properties, name):
    """Runs the template's own function, with what CloudFormation would hand it."""
    event = {"ResourceProperties": properties, "LogicalResourceId": name, "RequestType": "Create"}
    status, data, reason = run_function(stack, event)
    need(status == "SUCCESS", f"{name}: {reason}")
    event["RequestType"] = "Delete"
    calls = len(stack.calls)
    need(run_function(stack, event)[0] == "SUCCESS", f"{name} cannot be deleted")
    need(len(stack.calls) == calls, f"deleting {name} calls something")
    return {"Ref": name, **data}


def run_function(stack, event):
    answers = []

    def send(event, context, status, data, physical, noEcho=False, reason=None):
        answers.append((status, data, reason))

    def client(service):
        made = stack.client(service)
        made.meta.events.register(
            "before-call", lambda model, **_: stack.called(service, model.name)
        )
        return made

    response = types.ModuleType("cfnresponse")
    response.SUCCESS, response.FAILED, response.send = "SUCCESS", "FAILED", send
    fake = types.ModuleType("boto3")
    fake.client = client
    kept = {name: sys.modules.get(name) for name in ("boto3", "cfnresponse")}
    sys.modules.update({"boto3": fake, "cfnresponse": response})
    try:
        scope = {}
        exec(compile(stack.function, "template", "exec"), scope)  # the template's own code
        scope["handler"](event, None)
    finally:
        for name, module in kept.items():
            sys.modules.pop(name)
            if module:
                sys.modules[name] = module
    need(len(answers) == 1, f"the function answers {len(answers)} times")
    return answers[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("template")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    with open(options.template) as file:
        template = yaml.safe_load(file)
    parameters = dict(each.partition("=")[::2] for each in options.parameter)
    stack = Stack(template, options.endpoint, options.region, parameters).deploy()
    print(f"{len(stack.order)} resources made, {len(stack.skipped)} not wanted")


if __name__ == "__main__":
    sys.exit(main())
