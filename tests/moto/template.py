"""A CloudFormation template on its way into an account: parameters, conditions, references, order.

moto's own CloudFormation skips most types of logging. This is small and strict: a type, a property,
a function or a condition that it does not know is an error; a resource is made when all that it
refers to or depends on is there, and otherwise as late or as early as is unkind (the last of those
that could be made comes first); a trail, a flow log, a channel and a query log are refused where
AWS would refuse them: no bucket, no permission for the service, no permission on the key. How each
type is made stands in `stack.py`.
"""

import json
import re
import types

import boto3
from botocore.exceptions import ClientError


class StackError(Exception):
    pass


def need(condition, text):
    if not condition:
        raise StackError(text)


def patterns(value):
    return [value] if isinstance(value, str) else list(value or [])


def fits(pattern, text):
    return (
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None
    )


def lets(policy, service, action, resource, account):
    """Whether a policy lets a service do something, in the name of the account."""
    for statement in policy.get("Statement", []):
        principal = statement.get("Principal", {})
        services = patterns(principal.get("Service")) if isinstance(principal, dict) else []
        if statement["Effect"] != "Allow" or service not in services:
            continue
        source = statement.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount")
        if source is not None and account not in patterns(source):
            continue
        if any(fits(each, action) for each in patterns(statement["Action"])) and any(
            fits(each, resource) for each in patterns(statement["Resource"])
        ):
            return True
    return False


class Stack:
    """A template on its way into an account."""

    def __init__(self, template, endpoint, region, parameters=None, name="stele-logging"):
        self.template, self.region, self.name = template, region, name
        self.session = boto3.Session("test", "test", region_name=region)
        self.endpoint = endpoint
        self.account = self.client("sts").get_caller_identity()["Account"]
        self.given = dict(parameters or {})
        self.made, self.order, self.skipped = {}, [], []
        known = {
            "AWSTemplateFormatVersion",
            "Description",
            "Metadata",
            "Parameters",
            "Conditions",
            "Resources",
            "Outputs",
        }
        need(set(template) <= known, f"unknown sections: {set(template) - known}")
        self.parameters = self._parameters()
        self.conditions = {}
        for condition in template.get("Conditions", {}):
            self.condition(condition)

    def client(self, service):
        return self.session.client(service, endpoint_url=self.endpoint, region_name=self.region)

    def _parameters(self):
        values = {}
        for name, parameter in self.template.get("Parameters", {}).items():
            need("Default" in parameter, f"parameter {name} has no default")
            need(parameter.get("Description"), f"parameter {name} has no description")
            need(len(parameter["Description"]) <= 200, f"the description of {name} is too long")
            value = self.given.pop(name, parameter["Default"])
            allowed = parameter.get("AllowedValues")
            need(allowed is None or value in allowed, f"{name} may not be {value!r}")
            if parameter["Type"] == "Number":
                value = int(value)
            else:
                need(parameter["Type"] == "String", f"type {parameter['Type']} of {name}")
            values[name] = value
        need(not self.given, f"no parameters {sorted(self.given)}")
        return values

    def condition(self, name):
        if name not in self.conditions:
            need(name in self.template.get("Conditions", {}), f"no condition {name}")
            self.conditions[name] = self.truth(self.template["Conditions"][name])
        return self.conditions[name]

    def truth(self, value):
        ((function, argument),) = value.items()
        if function == "Condition":
            return self.condition(argument)
        if function == "Fn::Equals":
            one, other = (self.value(each) for each in argument)
            return one == other
        if function == "Fn::Or":
            need(2 <= len(argument) <= 10, "Fn::Or takes two to ten")
            return any([self.truth(each) for each in argument])
        raise StackError(f"unknown function {function} in a condition")

    # --- References ---

    def pseudo(self, name):
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::StackName": self.name,
        }.get(name)

    def ref(self, name):
        if self.pseudo(name) is not None:
            return self.pseudo(name)
        if name in self.parameters:
            return self.parameters[name]
        need(name in self.made, f"{name} is referred to and not there")
        return self.made[name]["Ref"]

    def attribute(self, name, attribute):
        need(name in self.made, f"{name} is referred to and not there")
        need(attribute in self.made[name], f"{name} has no attribute {attribute}")
        return self.made[name][attribute]

    def value(self, value):
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self.ref(argument)
            if function == "Fn::GetAtt":
                return self.attribute(*argument)
            if function == "Fn::Sub":
                need(isinstance(argument, str), "Fn::Sub takes a text here")
                return re.sub(r"\$\{([^}]*)\}", self.substituted, argument)
            need(not function.startswith("Fn::"), f"unknown function {function}")
        return {name: self.value(member) for name, member in value.items()}

    def substituted(self, found):
        name = found.group(1)
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        base, _, attribute = name.partition(".")
        return str(self.attribute(base, attribute) if attribute else self.ref(base))

    def needs(self, value):
        """The resources that a value refers to."""
        found = set()
        if isinstance(value, list):
            for each in value:
                found |= self.needs(each)
        elif isinstance(value, dict):
            for function, argument in value.items():
                if function == "Ref":
                    found.add(argument)
                elif function == "Fn::GetAtt":
                    found.add(argument[0])
                elif function == "Fn::Sub":
                    found |= {
                        name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", argument)
                    }
                else:
                    found |= self.needs(argument)
        return found & set(self.template["Resources"])

    # --- Making ---

    def deploy(self):
        attributes = {
            "Type",
            "Condition",
            "DependsOn",
            "DeletionPolicy",
            "UpdateReplacePolicy",
            "Properties",
        }
        todo = {}
        for name, resource in self.template["Resources"].items():
            need(set(resource) <= attributes, f"{name}: {set(resource) - attributes}")
            need(resource["Type"] in TYPES, f"{name}: unknown type {resource['Type']}")
            after = patterns(resource.get("DependsOn"))
            for other in after:
                need(other in self.template["Resources"], f"{name} depends on {other}")
            if resource["Type"] in KEPT:
                for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                    need(resource.get(policy) == "Retain", f"{name} would not be kept")
            if "Condition" in resource and not self.condition(resource["Condition"]):
                self.skipped.append(name)
                continue
            todo[name] = self.needs(resource.get("Properties", {})) | set(after)
        for name in todo:
            # What is not made cannot be waited for, and may not be referred to.
            for other in self.needs(self.template["Resources"][name].get("Properties", {})):
                need(other in todo, f"{name} refers to {other}, which no condition makes")
            todo[name] &= set(todo)
        while todo:
            ready = [name for name, after in todo.items() if after <= set(self.made)]
            need(ready, f"in a circle: {sorted(todo)}")
            name = ready[-1]
            self.make(name)
            del todo[name]
        for name, output in self.template.get("Outputs", {}).items():
            if "Condition" not in output or self.condition(output["Condition"]):
                self.value(output["Value"])
        return self

    def make(self, name):
        resource = self.template["Resources"][name]
        properties = self.value(resource.get("Properties", {}))
        handler, known = TYPES[resource["Type"]]
        need(set(properties) <= known, f"{name}: unknown properties {set(properties) - known}")
        try:
            self.made[name] = handler(self, properties, name)
        except ClientError as error:
            raise StackError(f"{name}: {error}") from error
        self.order.append(name)

    # --- What AWS looks at before it makes something ---

    def bucket_lets(self, bucket, service, what, key="AWSLogs/{account}/x", look=True):
        try:
            policy = json.loads(self.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        except ClientError as error:
            raise StackError(f"{what}: no policy of bucket {bucket}: {error}") from error
        arn = f"arn:aws:s3:::{bucket}"
        asked = [("s3:PutObject", f"{arn}/{key.format(account=self.account)}")]
        if look:
            asked.append(("s3:GetBucketAcl", arn))
        for action, resource in asked:
            allowed = lets(policy, service, action, resource, self.account)
            need(allowed, f"{what}: {service} may not {action} on {resource}")

    def key_lets(self, key, service, what):
        policy = self.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        allowed = lets(json.loads(policy), service, "kms:GenerateDataKey", "x", self.account)
        need(allowed, f"{what}: {service} may not use key {key}")

    def group_is_there(self, arn, what):
        name = arn.split(":log-group:")[1].removesuffix(":*")
        found = self.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        need(any(each["logGroupName"] == name for each in found), f"{what}: no group {name}")

    def destination_takes(self, arn, service, what):
        if ":s3:::" in arn:
            self.bucket_lets(arn.split(":::")[1].split("/")[0], service, what)
        elif ":log-group:" in arn:
            self.group_is_there(arn, what)
        else:
            raise StackError(f"{what}: what is {arn}?")

    def role_lets(self, arn, service, what):
        role = self.client("iam").get_role(RoleName=arn.rsplit("/")[-1])["Role"]
        trust = role["AssumeRolePolicyDocument"]
        services = [
            s for each in trust["Statement"] for s in patterns(each["Principal"].get("Service"))
        ]
        need(service in services, f"{what}: {service} may not take on {arn}")
        name = role["RoleName"]
        client = self.client("iam")
        need(client.list_role_policies(RoleName=name)["PolicyNames"], f"{what}: {name} may nothing")

    def checked(self, service, operation, **params):
        """A call that the stand-in does not know: what is sent is looked at, and not sent."""
        client = self.client(service)
        client.meta.events.register(
            "before-call", lambda **_: (types.SimpleNamespace(status_code=200), {})
        )
        getattr(client, operation)(**params)


# How types are made; `stack.py` fills it.
TYPES = {}

# What may not go with the stack: it holds logs, or what reads them.
KEPT = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::CloudTrail::Trail"}


def kind(name, *properties):
    def register(function):
        TYPES[name] = (function, set(properties))
        return function

    return register


def some(properties, **names):
    """Parameters of a call, of those properties that are there."""
    return {call: properties[name] for call, name in names.items() if name in properties}


def tags(properties):
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
