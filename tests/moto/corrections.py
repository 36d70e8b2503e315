"""What AWS does when it is written to, and moto does not.

`apply()` changes moto's own classes before its server starts, so that what a plan writes is read
back as AWS would show it, and can be taken back. Each correction says what AWS does. Answers that
only have to read otherwise are put right in `serve.py`.
"""

import json
import re

from moto.apigateway.models import Stage as RestStage
from moto.apigatewayv2 import urls as apigatewayv2_urls
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.awslambda.models import LambdaFunction
from moto.cloudtrail.models import Trail
from moto.elbv2.exceptions import InvalidConfigurationRequest
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.flow_logs import FlowLogsBackend
from moto.ec2.responses.flow_logs import FlowLogs as FlowLogsResponse
from moto.eks.models import EKSBackend
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer
from moto.iam.models import SERVICE_NAME_CONVERSION
from moto.logs.exceptions import InvalidParameterException
from moto.logs.exceptions import ResourceNotFoundException as NoGroup
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse
from moto.rds.models import DBInstance, RDSBackend
from moto.redshift.models import RedshiftBackend
from moto.route53.models import Route53Backend
from moto.route53resolver.exceptions import ResourceInUseException as InUse
from moto.route53resolver.exceptions import ResourceNotFoundException as NoQueryLog
from moto.route53resolver.responses import Route53ResolverResponse
from moto.s3.models import FakeBucket, s3_backends
from moto.wafv2.models import FakeLoggingConfiguration

CORRECTIONS = []


def correction(function):
    CORRECTIONS.append(function)
    return function


def apply():
    """Makes all corrections, once."""
    while CORRECTIONS:
        CORRECTIONS.pop(0)()


# --- CloudTrail --------------------------------------------------------------------------------


@correction
def event_selectors():
    """A trail keeps one kind of selectors: the one that was put last replaces the other. Empty lists
    lead back to the selector that every trail begins with (`serve.py` shows it)."""

    def put(self, event_selectors, advanced_event_selectors):
        self.event_selectors = event_selectors or []
        self.advanced_event_selectors = advanced_event_selectors or []

    Trail.put_event_selectors = put


@correction
def insight_selectors():
    """The list replaces what was there; an empty one turns Insights off."""

    def put(self, insight_selectors):
        self.insight_selectors = list(insight_selectors or [])

    Trail.put_insight_selectors = put


@correction
def trail_values_taken_away():
    """An empty text takes the group, its role, the key or the prefix of a trail away. What is not set
    is not shown."""
    update, shown = Trail.update, Trail.description
    names = ("s3_key_prefix", "cw_log_group_arn", "cw_role_arn", "kms_key_id")

    def taken_away(self, *arguments, **named):
        update(self, *arguments, **named)
        for name in names:
            if getattr(self, name) == "":
                setattr(self, name, None)

    def without_nulls(self, *arguments, **named):
        found = shown(self, *arguments, **named)
        return {name: value for name, value in found.items() if value is not None}

    Trail.update, Trail.description = taken_away, without_nulls


# --- EC2 ---------------------------------------------------------------------------------------


class Place(str):
    """The ARN of a folder of a bucket, of which moto is to see the bucket alone when it looks it up."""

    def split(self, *arguments):
        parts = str.split(self, *arguments)
        return [*parts[:-1], parts[-1].partition("/")[0]] if len(parts) == 6 else parts


@correction
def destinations_of_flow_logs():
    """The destination may be a folder of a bucket, or the ARN of a log group, whose name is shown then;
    and what the call says of files (DestinationOptions) is shown again."""
    create, answer = FlowLogsBackend.create_flow_logs, FlowLogsResponse.create_flow_logs

    def below(self, **named):
        place = named.get("log_destination")
        if place and named.get("log_destination_type") == "s3":
            named["log_destination"] = Place(place)
        elif place and not named.get("log_group_name"):
            named["log_group_name"] = place.partition(":log-group:")[2].removesuffix(":*")
        made, unsuccessful = create(self, **named)
        for log in made:
            log.destination_options = getattr(self, "destination_options", None)
        return made, unsuccessful

    def with_options(self):
        self.ec2_backend.destination_options = self._get_param("DestinationOptions")
        return answer(self)

    FlowLogsBackend.create_flow_logs = below
    FlowLogsResponse.create_flow_logs = with_options


def regions(*enabled):
    """An account has the regions that it asked for; moto's have all."""
    everywhere = RegionsAndZonesBackend.describe_regions

    def some(self, region_names=None):
        return [region for region in everywhere(self, region_names) if region.name in enabled]

    RegionsAndZonesBackend.describe_regions = some


# --- S3 ----------------------------------------------------------------------------------------


@correction
def policies_for_everybody():
    """A statement may be for everybody, `"Principal": "*"`; it does not stop an access log."""
    may_write = FakeBucket._log_permissions_enabled_policy

    class OfServices:
        def __init__(self, bucket):
            policy = json.loads(bucket.policy.decode()) if bucket.policy else {"Statement": []}
            for_services = [
                each for each in policy["Statement"] if isinstance(each.get("Principal"), dict)
            ]
            self.policy = json.dumps({**policy, "Statement": for_services}).encode()
            self.partition, self.name = bucket.partition, bucket.name

    def allowed(target_bucket, target_prefix):
        return may_write(OfServices(target_bucket), target_prefix)

    FakeBucket._log_permissions_enabled_policy = staticmethod(allowed)


# --- CloudWatch Logs ---------------------------------------------------------------------------


def group(self):
    """The group that a call names by whatever member."""
    names = ("logGroupName", "logGroupIdentifier", "resourceIdentifier")
    name = next((self._get_param(name) for name in names if self._get_param(name)), "")
    found = self.logs_backend.groups.get(name.split(":log-group:")[-1].removesuffix(":*"))
    if found is None:
        raise NoGroup()
    return found


@correction
def protection_of_log_groups():
    """A group has a policy that masks, and one that is protected is not deleted."""

    def get(self):
        found = group(self)
        answer = {"logGroupIdentifier": found.name}
        if getattr(found, "masking", None):
            answer["policyDocument"] = found.masking
        return json.dumps(answer)

    def put(self):
        found = group(self)
        found.masking = self._get_param("policyDocument")
        return json.dumps({"logGroupIdentifier": found.name, "policyDocument": found.masking})

    def delete(self):
        group(self).masking = None
        return "{}"

    def protect(self):
        group(self).is_protected = self._get_param("deletionProtectionEnabled")
        return "{}"

    describe, deletion = LogGroup.to_describe_dict, LogsBackend.delete_log_group

    def described(self):
        found = describe(self)
        if getattr(self, "masking", None):
            found["dataProtectionStatus"] = "ACTIVATED"
        found["deletionProtectionEnabled"] = bool(getattr(self, "is_protected", False))
        return found

    def unless_protected(self, log_group_name):
        found = self.groups.get(log_group_name)
        if getattr(found, "is_protected", False):
            raise InvalidParameterException(msg="the log group has deletion protection")
        return deletion(self, log_group_name)

    LogsResponse.get_data_protection_policy = get
    LogsResponse.put_data_protection_policy = put
    LogsResponse.delete_data_protection_policy = delete
    LogsResponse.put_log_group_deletion_protection = protect
    LogGroup.to_describe_dict = described
    LogsBackend.delete_log_group = unless_protected


@correction
def keys_of_log_groups():
    """AssociateKmsKey and DisassociateKmsKey set and take away the key of a group."""

    def associate(self):
        group(self).kms_key_id = self._get_param("kmsKeyId")
        return "{}"

    def disassociate(self):
        group(self).kms_key_id = None
        return "{}"

    LogsResponse.associate_kms_key = associate
    LogsResponse.disassociate_kms_key = disassociate


@correction
def deliveries_of_load_balancers():
    """Load balancers, web ACLs and Route 53 may be sources of deliveries too."""
    put = LogsBackend.put_delivery_source
    others = ("elasticloadbalancing", "wafv2", "route53resolver", "vpc-lattice", "bedrock-agentcore")

    def wider(self, name, resource_arn, log_type, tags):
        service = resource_arn.split(":")[2]
        if service not in others:
            return put(self, name, resource_arn, log_type, tags)
        # moto looks at the service and at the type alone.
        source = put(
            self, name, resource_arn.replace(f":{service}:", ":cloudfront:", 1), "ACCESS_LOGS", tags
        )
        source.resource_arns = [resource_arn]
        source.log_type, source.service = log_type, service
        return source

    LogsBackend.put_delivery_source = wider


# --- Route 53 Resolver -------------------------------------------------------------------------


@correction
def query_logs_taken_away():
    """DisassociateResolverQueryLogConfig and DeleteResolverQueryLogConfig; a configuration that is
    associated cannot be deleted."""

    def disassociate(self):
        backend = self.route53resolver_backend
        config = self._get_param("ResolverQueryLogConfigId")
        resource = self._get_param("ResourceId")
        for association in list(backend.resolver_query_log_config_associations.values()):
            if (association.resolver_query_log_config_id, association.resource_id) == (
                config,
                resource,
            ):
                del backend.resolver_query_log_config_associations[association.id]
                backend.resolver_query_log_configs[config].association_count -= 1
                shown = {**association.description(), "Status": "DELETING"}
                return json.dumps({"ResolverQueryLogConfigAssociation": shown})
        raise NoQueryLog(f"'{config}' is not associated with '{resource}'")

    def delete(self):
        backend = self.route53resolver_backend
        config = backend.get_resolver_query_log_config(
            self._get_param("ResolverQueryLogConfigId")
        )
        if config.association_count:
            raise InUse(f"'{config.id}' is associated with VPCs")
        del backend.resolver_query_log_configs[config.id]
        shown = {**config.description(), "Status": "DELETING"}
        return json.dumps({"ResolverQueryLogConfig": shown})

    Route53ResolverResponse.disassociate_resolver_query_log_config = disassociate
    Route53ResolverResponse.delete_resolver_query_log_config = delete


@correction
def query_logs_of_zones():
    """The ARN of the group may be given with what stands for its streams at its end, or without."""
    create = Route53Backend.create_query_logging_config

    def either(self, hosted_zone_id, log_group_arn):
        made = create(self, hosted_zone_id, f"{log_group_arn.removesuffix(':*')}:*")
        made.cloud_watch_logs_log_group_arn = log_group_arn
        return made

    Route53Backend.create_query_logging_config = either


# --- Databases ---------------------------------------------------------------------------------


def exports(now, change):
    """The list after a change: nothing stands twice, and what is not there may be taken away."""
    change = change or {}
    off = change.get("DisableLogTypes") or []
    return sorted({*(now or []), *(change.get("EnableLogTypes") or [])} - set(off))


@correction
def exports_of_instances():
    """Types that are exported already may be enabled again, and those that are not disabled."""
    update = DBInstance.update

    def merged(self, cloudwatch_logs_export_configuration=None, **others):
        update(self, **others)
        if cloudwatch_logs_export_configuration:
            now = self.enabled_cloudwatch_logs_exports
            change = cloudwatch_logs_export_configuration
            self.enabled_cloudwatch_logs_exports = exports(now, change)

    DBInstance.update = merged


@correction
def exports_of_clusters():
    """ModifyDBCluster changes the exported logs by CloudwatchLogsExportConfiguration."""
    modify = RDSBackend.modify_db_cluster

    def merged(self, kwargs):
        change = kwargs.pop("cloudwatch_logs_export_configuration", None)
        cluster = self.clusters[kwargs["db_cluster_identifier"]]
        if change:
            now = cluster.enabled_cloudwatch_logs_exports
            cluster.enabled_cloudwatch_logs_exports = exports(now, change)
        return modify(self, kwargs)

    RDSBackend.modify_db_cluster = merged


@correction
def logging_of_redshift():
    """What is not set is not shown; and where a log is off, that is all that is shown. A log that was
    just turned on has not failed yet."""
    status = RedshiftBackend.describe_logging_status

    def shown(self, cluster_identifier):
        found = status(self, cluster_identifier)
        if found["LoggingEnabled"] != "true":
            return {"LoggingEnabled": "false"}
        return {
            name: value
            for name, value in found.items()
            if value not in (None, "", []) and name != "LastFailureTime"
        }

    RedshiftBackend.describe_logging_status = shown


# --- Load balancers ----------------------------------------------------------------------------


@correction
def attributes_of_load_balancers():
    """An access log that is on needs a bucket that is there; an empty name of a bucket is refused."""
    modify = ELBv2Backend.modify_load_balancer_attributes

    def checked(self, arn, attrs):
        bucket = attrs.get("access_logs.s3.bucket")
        if bucket == "":
            raise InvalidConfigurationRequest("the bucket's name must not be empty")
        if attrs.get("access_logs.s3.enabled") == "true":
            now = self.load_balancers[arn].attrs if arn in self.load_balancers else {}
            bucket = bucket or now.get("access_logs.s3.bucket")
            if bucket not in s3_backends[self.account_id][self.partition].buckets:
                raise InvalidConfigurationRequest(f"Access Denied for bucket: {bucket}")
        return modify(self, arn, attrs)

    ELBv2Backend.modify_load_balancer_attributes = checked
    FakeLoadBalancer.VALID_ATTRS = FakeLoadBalancer.VALID_ATTRS | {
        "health_check_logs.s3.bucket",
        "health_check_logs.s3.prefix",
    }


# --- Roles -------------------------------------------------------------------------------------


@correction
def roles_of_services():
    """AWS writes the names of its own roles with capitals; this one is AWSServiceRoleForConfig."""
    SERVICE_NAME_CONVERSION["config"] = "Config"


# --- Applications ------------------------------------------------------------------------------


@correction
def rest_stages():
    """The settings of a method are removed whole by its path."""
    patch = RestStage.apply_operations

    def patched(self, patch_operations):
        for step in patch_operations:
            if step["op"] == "remove":
                self.method_settings.pop(step["path"].removeprefix("/"), None)
        return patch(self, patch_operations)

    RestStage.apply_operations = patched


@correction
def http_stages():
    """UpdateStage changes what it names, and DeleteAccessLogSettings turns the access log off."""

    def stage(self):
        found = re.search(r"/apis/([^/]+)/stages/([^/]+)", self.path)
        return self.apigatewayv2_backend.get_stage(*found.groups())

    def update(self):
        changed = stage(self)
        body = json.loads(self.body or "{}")
        for name, attribute in [
            ("accessLogSettings", "access_log_settings"),
            ("defaultRouteSettings", "default_route_settings"),
            ("description", "description"),
            ("stageVariables", "stage_variables"),
        ]:
            if name in body:
                setattr(changed, attribute, body[name])
        return 200, {}, json.dumps(changed.to_json())

    def off(self):
        stage(self).access_log_settings = None
        return 204, {}, ""

    ApiGatewayV2Response.update_stage = update
    ApiGatewayV2Response.delete_access_log_settings = off
    path = "{0}/v2/apis/(?P<api_id>[^/]+)/stages/(?P<stage_name>[^/]+)/accesslogsettings$"
    apigatewayv2_urls.url_paths[path] = ApiGatewayV2Response.dispatch


@correction
def logging_of_functions():
    """Where a function logs, and how, is kept and shown; the group is `/aws/lambda/NAME` otherwise."""
    create, update, shown = (
        LambdaFunction.__init__,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def made(self, account_id, spec, region, *arguments, **named):
        self.logging_config = spec.get("LoggingConfig") or {}
        create(self, account_id, spec, region, *arguments, **named)

    def updated(self, config_updates):
        self.logging_config = {**self.logging_config, **config_updates.get("LoggingConfig", {})}
        return update(self, config_updates)

    def with_logging(self, on_create=False):
        standard = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        logging = {**standard, **getattr(self, "logging_config", {})}
        return {**shown(self, on_create), "LoggingConfig": logging}

    LambdaFunction.__init__ = made
    LambdaFunction.update_configuration = updated
    LambdaFunction.get_configuration = with_logging


@correction
def logs_of_control_planes():
    """UpdateClusterConfig changes the types that it names, and leaves the others."""
    update = EKSBackend.update_cluster_config
    kinds = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

    def merged(self, name, resources_vpc_config, logging=None, *rest, **named):
        if logging and name in self.clusters:
            on = set()
            now = self.clusters[name].logging or {}
            for setups in (now.get("clusterLogging", []), logging.get("clusterLogging", [])):
                for setup in setups:
                    types = set(setup.get("types", []))
                    on = on | types if setup.get("enabled") else on - types
            setups = [
                {"types": [kind for kind in kinds if kind in on], "enabled": True},
                {"types": [kind for kind in kinds if kind not in on], "enabled": False},
            ]
            logging = {"clusterLogging": [setup for setup in setups if setup["types"]]}
        return update(self, name, resources_vpc_config, logging, *rest, **named)

    EKSBackend.update_cluster_config = merged


@correction
def logs_of_web_acls():
    """What was not given is not shown."""
    shown = FakeLoggingConfiguration.to_dict

    def without_nulls(self):
        return {name: value for name, value in shown(self).items() if value is not None}

    FakeLoggingConfiguration.to_dict = without_nulls
