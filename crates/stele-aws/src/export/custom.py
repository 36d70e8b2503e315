"""Makes one call of AWS for each resource. Deleting a resource undoes nothing."""

import json
import time

import boto3
import cfnresponse
from botocore.exceptions import ClientError

# What AWS answers until a new role, key or policy is known everywhere.
SOON = ("InsufficientS3BucketPolicyException", "InsufficientEncryptionPolicyException",
        "InvalidCloudWatchLogsRoleArnException", "InvalidParameterException",
        "InsufficientDeliveryPolicyException", "InvalidParameterCombination")


def call(properties):
    client = boto3.client(properties["Service"])
    methods = client.meta.method_to_api_mapping
    method = next(name for name, api in methods.items() if api == properties["Operation"])
    for last in (False,) * 6 + (True,):
        try:
            return getattr(client, method)(**json.loads(properties["Params"]))
        except ClientError as error:
            if last or error.response["Error"]["Code"] not in SOON:
                raise
            time.sleep(10)


def value(answer, path):
    for name in path.split("."):
        name, _, index = name.partition("[")
        answer = answer[name]
        if index:
            answer = answer[int(index[:-1])]
    return answer


def handler(event, context):
    properties = event["ResourceProperties"]
    name = event.get("PhysicalResourceId", event["LogicalResourceId"])
    status, data, reason = cfnresponse.SUCCESS, {}, None
    try:
        if event["RequestType"] != "Delete":
            answer = call(properties)
            if "Answer" in properties:
                data["Value"] = value(answer, properties["Answer"])
    except Exception as error:
        print(type(error).__name__, error)
        status, reason = cfnresponse.FAILED, str(error)[:500]
    cfnresponse.send(event, context, status, data, name, reason=reason)
