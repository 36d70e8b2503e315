"""What an account looks like, as far as a plan can change it, and how two looks differ.

All of it is read with boto3, so that Stele's own reading is not what it is measured by. Times and ids
that differ from one making to the next are left out.
"""

import json

from botocore.exceptions import ClientError

from account import OTHER, REGION


def answer(call, **parameters):
    """The answer of a call; nothing where AWS says that there is nothing."""
    try:
        found = call(**parameters)
    except ClientError as error:
        if "NoSuch" in error.response["Error"]["Code"] or "Not" in error.response["Error"]["Code"]:
            return {}
        raise
    found.pop("ResponseMetadata", None)
    return found


def look(account, small=False):
    """Everything, by name; or what the small account of the cuts has."""
    seen = {}
    buckets(account, seen)
    trails(account, seen)
    for region in (REGION,) if small else (REGION, OTHER):
        regional(account, region, seen)
    everywhere(account, seen)
    if not small:
        balancers(account, seen)
        databases(account, seen)
        applications(account, seen)
    text = json.dumps(seen, sort_keys=True, default=str)
    for own, name in names(account).items():
        text = text.replace(own, name)
    return json.loads(text)


def names(account):
    """Ids that differ each time, and what the thing is known by."""
    found = {}
    for region in (REGION, OTHER):
        for vpc in answer(account.client("ec2", region).describe_vpcs)["Vpcs"]:
            found[vpc["VpcId"]] = f"vpc-of-{vpc['CidrBlock']}"
        for alias in answer(account.client("kms", region).list_aliases)["Aliases"]:
            if alias.get("TargetKeyId"):
                found[alias["TargetKeyId"]] = f"key-of-{alias['AliasName']}"
    return found


def buckets(account, seen):
    s3 = account.client("s3")
    for bucket in answer(s3.list_buckets)["Buckets"]:
        name = bucket["Name"]
        named = {"Bucket": name}
        block = answer(s3.get_public_access_block, **named)
        seen[f"bucket {name}"] = {
            "policy": answer(s3.get_bucket_policy, **named).get("Policy"),
            "versioning": answer(s3.get_bucket_versioning, **named).get("Status"),
            "logging": answer(s3.get_bucket_logging, **named).get("LoggingEnabled"),
            "lifecycle": answer(s3.get_bucket_lifecycle_configuration, **named).get("Rules"),
            "public": block.get("PublicAccessBlockConfiguration"),
        }


def trails(account, seen):
    cloudtrail = account.client("cloudtrail")
    for trail in answer(cloudtrail.describe_trails)["trailList"]:
        named = {"TrailName": trail["Name"]}
        selectors = answer(cloudtrail.get_event_selectors, **named)
        insights = answer(cloudtrail.get_insight_selectors, **named)
        seen[f"trail {trail['Name']}"] = {
            "settings": {name: value for name, value in trail.items() if value},
            "on": answer(cloudtrail.get_trail_status, Name=trail["Name"])["IsLogging"],
            "basic": selectors.get("EventSelectors") or None,
            "advanced": selectors.get("AdvancedEventSelectors") or None,
            "insights": insights.get("InsightSelectors") or None,
        }


def regional(account, region, seen):
    logs = account.client("logs", region)
    for group in answer(logs.describe_log_groups)["logGroups"]:
        name = group["logGroupName"]
        filters = answer(logs.describe_subscription_filters, logGroupName=name)
        seen[f"group {region} {name}"] = {
            "days": group.get("retentionInDays"),
            "key": group.get("kmsKeyId"),
            "protected": group.get("deletionProtectionEnabled"),
            "masked": group.get("dataProtectionStatus"),
            "filters": sorted(f["filterName"] for f in filters["subscriptionFilters"]),
        }
    for policy in answer(logs.describe_resource_policies)["resourcePolicies"]:
        seen[f"log policy {region} {policy['policyName']}"] = policy["policyDocument"]
    for each in answer(logs.describe_deliveries)["deliveries"]:
        seen[f"delivery {region} {each['deliverySourceName']}"] = each["deliveryDestinationArn"]
    for each in answer(logs.describe_delivery_sources)["deliverySources"]:
        seen[f"source {region} {each['name']}"] = each["resourceArns"]
    ec2 = account.client("ec2", region)
    for flow in answer(ec2.describe_flow_logs)["FlowLogs"]:
        place = flow.get("LogDestination") or flow.get("LogGroupName")
        seen[f"flow log {region} {flow['ResourceId']} {place}"] = {
            "traffic": flow["TrafficType"],
            "format": flow["LogFormat"],
        }
    resolver = account.client("route53resolver", region)
    configs = answer(resolver.list_resolver_query_log_configs)["ResolverQueryLogConfigs"]
    names = {config["Id"]: config["Name"] for config in configs}
    for config in configs:
        seen[f"query log {region} {config['Name']}"] = config["DestinationArn"]
    answered = answer(resolver.list_resolver_query_log_config_associations)
    for each in answered["ResolverQueryLogConfigAssociations"]:
        seen[f"queries {region} {each['ResourceId']}"] = names[each["ResolverQueryLogConfigId"]]
    config = account.client("config", region)
    seen[f"config {region}"] = {
        "recorders": answer(config.describe_configuration_recorders)["ConfigurationRecorders"],
        "channels": answer(config.describe_delivery_channels)["DeliveryChannels"],
        "on": [
            status["recording"]
            for status in answer(config.describe_configuration_recorder_status)[
                "ConfigurationRecordersStatus"
            ]
        ],
    }
    kms = account.client("kms", region)
    for key in answer(kms.list_keys)["Keys"]:
        shown = answer(kms.describe_key, KeyId=key["KeyId"])["KeyMetadata"]
        if shown["KeyManager"] == "CUSTOMER":
            names = answer(kms.list_aliases, KeyId=key["KeyId"])["Aliases"]
            name = "".join(alias["AliasName"] for alias in names) or key["KeyId"]
            rotates = answer(kms.get_key_rotation_status, KeyId=key["KeyId"])
            seen[f"key {region} {name}"] = {"rotates": rotates["KeyRotationEnabled"]}


def balancers(account, seen):
    elbv2 = account.client("elbv2")
    for balancer in answer(elbv2.describe_load_balancers)["LoadBalancers"]:
        found = answer(
            elbv2.describe_load_balancer_attributes, LoadBalancerArn=balancer["LoadBalancerArn"]
        )
        attributes = {each["Key"]: each["Value"] for each in found["Attributes"]}
        # As AWS shows them before anybody has set them.
        attributes.setdefault("access_logs.s3.enabled", "false")
        attributes.setdefault("connection_logs.s3.enabled", "false")
        seen[f"balancer {balancer['LoadBalancerName']}"] = attributes
    elb = account.client("elb")
    for balancer in answer(elb.describe_load_balancers)["LoadBalancerDescriptions"]:
        name = balancer["LoadBalancerName"]
        found = answer(elb.describe_load_balancer_attributes, LoadBalancerName=name)
        # moto adds to the list of others each time that something is set.
        found["LoadBalancerAttributes"].pop("AdditionalAttributes", None)
        seen[f"classic {name}"] = found["LoadBalancerAttributes"]


def databases(account, seen):
    rds = account.client("rds")
    for database in answer(rds.describe_db_instances)["DBInstances"]:
        exports = sorted(database.get("EnabledCloudwatchLogsExports") or [])
        seen[f"database {database['DBInstanceIdentifier']}"] = exports
    for cluster in answer(rds.describe_db_clusters)["DBClusters"]:
        exports = sorted(cluster.get("EnabledCloudwatchLogsExports") or [])
        seen[f"cluster {cluster['DBClusterIdentifier']}"] = exports
    redshift = account.client("redshift")
    for cluster in answer(redshift.describe_clusters)["Clusters"]:
        name = cluster["ClusterIdentifier"]
        status = answer(redshift.describe_logging_status, ClusterIdentifier=name)
        # Where it went is shown on, and means nothing, when it is off.
        is_on = status.get("LoggingEnabled")
        seen[f"redshift {name}"] = status if is_on else {"LoggingEnabled": False}


def applications(account, seen):
    rest = account.client("apigateway")
    seen["api account"] = answer(rest.get_account).get("cloudwatchRoleArn") or None
    for api in answer(rest.get_rest_apis)["items"]:
        for stage in answer(rest.get_stages, restApiId=api["id"])["item"]:
            methods = stage.get("methodSettings") or {}
            seen[f"stage {api['name']} {stage['stageName']}"] = {
                "access": stage.get("accessLogSettings") or None,
                "levels": {key: each.get("loggingLevel") for key, each in methods.items()},
            }
    http = account.client("apigatewayv2")
    for api in answer(http.get_apis)["Items"]:
        for stage in answer(http.get_stages, ApiId=api["ApiId"])["Items"]:
            name = f"http stage {api['Name']} {stage['StageName']}"
            seen[name] = stage.get("AccessLogSettings") or None
    eks = account.client("eks")
    for name in answer(eks.list_clusters)["clusters"]:
        logging = answer(eks.describe_cluster, name=name)["cluster"]["logging"]["clusterLogging"]
        on = [kind for setup in logging if setup["enabled"] for kind in setup["types"]]
        seen[f"eks {name}"] = sorted(on)
    waf = account.client("wafv2")
    for acl in answer(waf.list_logging_configurations, Scope="REGIONAL")["LoggingConfigurations"]:
        seen[f"acl {acl['ResourceArn']}"] = acl


def everywhere(account, seen):
    route53 = account.client("route53")
    for config in answer(route53.list_query_logging_configs)["QueryLoggingConfigs"]:
        seen[f"zone {config['HostedZoneId']}"] = config["CloudWatchLogsLogGroupArn"]
    iam = account.client("iam")
    for role in answer(iam.list_roles)["Roles"]:
        policies = answer(iam.list_role_policies, RoleName=role["RoleName"])
        seen[f"role {role['RoleName']}"] = policies["PolicyNames"]


def differences(before, after, left=()):
    """What differs, in words; `left` are (call, resource) that a rollback said it leaves."""
    said = []
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if was == now or (was is None and may_be_new(name, left)):
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            for part in sorted({*was, *now}):
                if was.get(part) != now.get(part) and not may_differ(name, part, was, now, left):
                    said.append(f"{name}: {part}: {was.get(part)} -> {now.get(part)}")
        else:
            said.append(f"{name}: {was} -> {now}")
    return said


def may_be_new(name, left):
    kind, _, rest = name.partition(" ")
    calls = {
        "bucket": "s3:CreateBucket",
        "key": "kms:CreateKey",
        "role": "iam:CreateServiceLinkedRole",
        "group": "logs:CreateLogGroup",
    }
    own = rest.split(" ")[-1] if kind in ("bucket", "group") else ""
    return any(call == calls.get(kind) and resource.endswith(own) for call, resource in left)


def may_differ(name, part, was, now, left):
    own = name.split(" ")[-1]
    if part == "versioning" and not was.get(part) and now.get(part) == "Suspended":
        return ("s3:PutBucketVersioning", f"arn:aws:s3:::{own}") in left
    log, _, member = part.partition(".s3.")
    if log in ("access_logs", "connection_logs") and member in ("bucket", "prefix"):
        said = "elbv2:ModifyLoadBalancerAttributes"
        off = now.get(f"{log}.s3.enabled") == "false"
        return off and any(call == said and f"/{own}/" in resource for call, resource in left)
    return False
