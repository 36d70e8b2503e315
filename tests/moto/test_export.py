#!/usr/bin/env python3
"""What `stele aws export` writes, as others read it.

    test_export.py

The files are those below `crates/stele-aws/tests/export`, which the crate's tests compare with what
is made. Looked at are: YAML as PyYAML reads it; templates by cfn-lint, and executed on the stand-in
for AWS by `stack.py`; the commands on the page with the rest, by botocore's models; Terraform's
files by `terraform fmt`, where it is there.
"""

import contextlib
import copy
import json
import re
import shutil
import subprocess
import sys
import tempfile
import types
import urllib.request
from pathlib import Path

import boto3
import botocore.session
import yaml
from botocore import xform_name

from account import ACCOUNT, REGION
from stack import Stack
from template import StackError
from test_assess import Failed, expect, stand_in

HERE = Path(__file__).resolve().parent
EXPORT = HERE.parents[1] / "crates/stele-aws/tests/export"
TEMPLATES = sorted(EXPORT.glob("*/*.yaml"), key=str)
TEMPLATES = [path for path in TEMPLATES if path.parent.name != "yaml"]

# What the function in a template calls and the stand-in has nothing for: what is sent is looked at.
ELSEWHERE = {
    "elb": {"ModifyLoadBalancerAttributes"},
    "elbv2": {"ModifyLoadBalancerAttributes"},
    "rds": {"ModifyDBInstance", "ModifyDBCluster"},
    "redshift": {"EnableLogging"},
    "apigateway": {"UpdateStage"},
    "apigatewayv2": {"UpdateStage"},
    "eks": {"UpdateClusterConfig"},
    "lambda": {"UpdateFunctionConfiguration"},
    "route53": {"CreateQueryLoggingConfig"},
    "route53resolver": {"AssociateResolverQueryLogConfig"},
}


def load(path):
    return yaml.safe_load(path.read_text())


def yaml_is_read_as_it_was_meant():
    meant = json.loads((EXPORT / "yaml/hard.json").read_text())
    read = load(EXPORT / "yaml/hard.yaml")
    for name, value in meant["map"].items():
        expect(read["map"].get(name) == value, f"{name!r} is read as {read['map'].get(name)!r}")
    expect(read == meant, "the hard texts are read as something else")


def templates_are_linted():
    lint = Path(sys.executable).with_name("cfn-lint")
    for path in TEMPLATES:
        done = run([lint, "--regions", REGION, "--", path])
        expect(done.returncode == 0, f"{path.name}:\n{done.stdout}{done.stderr}")
        expect(path.stat().st_size <= 51_200, f"{path.name} is too large")
    # That it finds something at all.
    template = load(TEMPLATES[0])
    next(iter(template["Resources"].values()))["Properties"]["Nonsense"] = 1
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(template, file)
        file.flush()
        done = run([lint, "--", file.name])
        expect(
            "E3002" in done.stdout, f"cfn-lint does not see a property that there is not: {done}"
        )


@contextlib.contextmanager
def account():
    """An account without anything, in a stand-in that all tests share."""
    if not SHARED:
        folder = STACK.enter_context(tempfile.TemporaryDirectory())
        SHARED.append(STACK.enter_context(stand_in(folder))[0])
    url = SHARED[0]
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).read()
    yield url


SHARED, STACK = [], contextlib.ExitStack()


class Ready:
    """An account with what the plan has found."""

    def __init__(self, url):
        self.url = url
        session = boto3.Session("test", "test", region_name=REGION)

        def client(service, region=REGION):
            return session.client(service, endpoint_url=url, region_name=region)

        def vpc(region):
            return client("ec2", region).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

        client("logs").create_log_group(logGroupName="/app/web")
        for bucket in ("old-logs", "web-data"):
            client("s3").create_bucket(Bucket=bucket)
        client("cloudtrail").create_trail(Name="old", S3BucketName="old-logs")
        acl = client("wafv2").create_web_acl(
            Name="front",
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            VisibilityConfig={
                "SampledRequestsEnabled": False,
                "CloudWatchMetricsEnabled": False,
                "MetricName": "x",
            },
        )["Summary"]["ARN"]
        origin = {
            "Id": "a",
            "DomainName": "a.example",
            "CustomOriginConfig": {
                "HTTPPort": 80,
                "HTTPSPort": 443,
                "OriginProtocolPolicy": "https-only",
            },
        }
        distribution = client("cloudfront").create_distribution(
            DistributionConfig={
                "CallerReference": "a",
                "Comment": "",
                "Enabled": True,
                "Origins": {"Quantity": 1, "Items": [origin]},
                "DefaultCacheBehavior": {
                    "TargetOriginId": "a",
                    "ViewerProtocolPolicy": "https-only",
                },
            }
        )["Distribution"]["ARN"]
        one, two = vpc(REGION), vpc(REGION)
        self.parameters = {
            "FlowLogOfVpc0a1": one,
            "FlowLogOfVpc0a2": two,
            "ResolverLogOf": one,
            "WebAcl": acl,
            "DeliveryOf": distribution,
        }
        one, two = vpc("eu-west-1"), vpc("eu-west-1")
        self.elsewhere = {"FlowLogOfVpc0e1": one, "FlowLogOfVpc0e2": two, "ResolverLogOf": one}
        # What the commands do that come before the stack of the region.
        there = client("s3", "eu-west-1")
        place = {"LocationConstraint": "eu-west-1"}
        there.create_bucket(Bucket="old-flow", CreateBucketConfiguration=place)
        page = (EXPORT / "cloudformation/stele-logging.remaining.md").read_text()
        first = page.partition("## Before")[2].partition("## After")[0]
        params = json.loads(re.search(r"<<'JSON'\n(.*?)\nJSON\n", first, re.DOTALL).group(1))
        policy = params["Policy"].replace("111122223333", ACCOUNT)
        there.put_bucket_policy(Bucket="old-flow", Policy=policy)


class Traced(Stack):
    """A stack whose function's calls are on record; some are answered here."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.calls = []

    def called(self, service, operation):
        self.calls.append(f"{service}:{operation}")
        if operation in ELSEWHERE.get(service, ()):
            answer = {"QueryLoggingConfig": {"Id": "x"}} if service == "route53" else {}
            return types.SimpleNamespace(status_code=200), answer
        return None


def deploy(url, template, parameters=None, region=REGION):
    known = {n: v for n, v in (parameters or {}).items() if n in template["Parameters"]}
    return Traced(template, url, region, known).deploy()


def templates_can_be_executed():
    for kind in ("cloudformation", "function"):
        with account() as url:
            ready = Ready(url)
            stack = deploy(url, load(EXPORT / kind / "stele-logging.yaml"), ready.parameters)
            expect(not stack.skipped, f"{kind}: not made: {stack.skipped}")
            made_as_planned(stack)
            region = "eu-west-1"
            path = EXPORT / kind / f"stele-logging.{region}.yaml"
            deploy(url, load(path), ready.elsewhere, region)
            deploy(url, load(EXPORT / kind / "stele-logging.us-west-2.yaml"), None, "us-west-2")
            recorders_record(stack, [REGION, region, "us-west-2"])
            if kind == "function":
                expect("cloudtrail:UpdateTrail" in stack.calls, f"the function calls {stack.calls}")
                files_are_told_of(stack)


def a_stackset_can_be_executed():
    with account() as url:
        ready = Ready(url)
        folder = EXPORT / "stackset"
        stack = deploy(url, load(folder / "stele-logging.yaml"), ready.parameters)
        for region in ("eu-west-1", "us-west-2"):
            deploy(url, load(folder / "stele-logging.regional.yaml"), None, region)
        deploy(url, load(folder / "stele-logging.eu-west-1.yaml"), ready.elsewhere, "eu-west-1")
        recorders_record(stack, [REGION, "eu-west-1", "us-west-2"])


def made_as_planned(stack):
    trail = stack.client("cloudtrail").get_trail(Name="stele-audit")["Trail"]
    expect(trail["IsMultiRegionTrail"] and trail["LogFileValidationEnabled"], f"{trail}")
    status = stack.client("cloudtrail").get_trail_status(Name="stele-audit")
    expect(status["IsLogging"], "the trail does not record")
    selectors = stack.client("cloudtrail").get_event_selectors(TrailName="stele-audit")
    text = json.dumps(selectors["AdvancedEventSelectors"])
    left_out = f"arn:aws:s3:::stele-logs-{stack.account}-{stack.region}/"
    expect(left_out in text, f"the trail records its own bucket: {text}")
    bucket = f"stele-logs-{stack.account}-{stack.region}"
    versions = stack.client("s3").get_bucket_versioning(Bucket=bucket)
    expect(versions["Status"] == "Enabled", "the bucket keeps no versions")
    key = stack.made["SteleLogsKey"]["Ref"]
    rotates = stack.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    expect(rotates, "the key does not rotate")
    expect(trail["KmsKeyId"].endswith(key), "the trail is encrypted with another key")
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix="aws-waf")["logGroups"]
    expect(groups[0]["retentionInDays"] == 365, f"{groups}")


def recorders_record(stack, regions):
    for region in regions:
        config = boto3.Session("test", "test", region_name=region).client(
            "config", endpoint_url=stack.endpoint
        )
        status = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        expect(status and status[0]["recording"], f"no recorder records in {region}")


def files_are_told_of(stack):
    bucket = f"stele-logs-{stack.account}-{stack.region}"
    told = stack.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    expect(told["QueueConfigurations"][0]["QueueArn"].endswith(":stele-logs"), f"{told}")


def parts_can_be_left_out():
    with account() as url:
        template = load(EXPORT / "cloudformation/stele-logging.yaml")
        switches = [name for name in template["Parameters"] if name.startswith("With")]
        off = {name: "false" for name in switches}
        stack = deploy(url, template, off)
        expect(not stack.order, f"made although nothing is wanted: {stack.order}")
    for one in switches:
        with account() as url:
            ready = Ready(url)
            stack = deploy(url, template, {**ready.parameters, **off, one: "true"})
            expect(stack.order, f"nothing is made with {one}")
            expect(stack.skipped, f"all is made with {one} alone")


def what_aws_would_refuse_is_refused():
    whole = load(EXPORT / "cloudformation/stele-logging.yaml")

    def refused(change, text, parameters=None):
        template = copy.deepcopy(whole)
        change(template["Resources"])
        with account() as url:
            ready = Ready(url)
            try:
                deploy(url, template, {**ready.parameters, **(parameters or {})})
            except (StackError, KeyError) as error:
                expect(text in str(error), f"refused for another reason: {error}")
                return
            raise Failed(f"not refused: {text}")

    def without(service):
        def change(resources):
            document = resources["SteleLogsPolicy"]["Properties"]["PolicyDocument"]
            document["Statement"] = [
                each for each in document["Statement"] if each["Principal"]["Service"] != service
            ]

        return change

    trail, only = "SteleAuditTrail", {}
    refused(without("cloudtrail.amazonaws.com"), "cloudtrail.amazonaws.com may not", only)
    refused(without("config.amazonaws.com"), "config.amazonaws.com may not", only)
    refused(without("delivery.logs.amazonaws.com"), "delivery.logs.amazonaws.com may not", only)

    def no_key(resources):
        statements = resources["SteleLogsKey"]["Properties"]["KeyPolicy"]["Statement"]
        statements[:] = [each for each in statements if each["Sid"] != "SteleLogCloudTrail"]

    refused(no_key, f"{trail}: cloudtrail.amazonaws.com may not use key")
    # What only an order keeps apart: the policy before the trail.
    refused(lambda resources: resources[trail].pop("DependsOn"), trail)
    refused(lambda resources: resources["Vpc0a1FlowLog"].pop("DependsOn"), "Vpc0a1FlowLog")
    refused(
        lambda resources: resources[trail].update(Type="AWS::CloudTrail::Trial"), "unknown type"
    )
    refused(lambda resources: resources[trail]["Properties"].update(X=1), "unknown properties")
    refused(lambda resources: resources["SteleLogsBucket"].pop("DeletionPolicy"), "not be kept")
    refused(lambda resources: resources["SteleLogsPolicy"].update(DependsOn=[trail]), "in a circle")


def commands_are_aws():
    """Each command names an operation that there is, with parameters that it takes."""
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    names = {"s3api": "s3", "configservice": "config"}
    looked_at = 0
    for path in sorted(EXPORT.glob("*/*remaining.md")):
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
            found = re.search(
                r"aws (\S+) (\S+) --region (\S+) --cli-input-json file:///dev/stdin", block
            )
            expect(found, f"{path.name}: no command in\n{block}")
            service, operation, region = found.groups()
            text = re.search(r"<<'JSON'.*?\n(.*?)\nJSON\n", block, re.DOTALL).group(1)
            client = session.create_client(names.get(service, service), region_name=region)
            names_of = client.meta.method_to_api_mapping
            methods = {xform_name(api, "-"): name for name, api in names_of.items()}
            expect(operation in methods, f"{path.name}: no `aws {service} {operation}`")
            answer = types.SimpleNamespace(status_code=200), {}
            client.meta.events.register("before-call", lambda answer=answer, **_: answer)
            getattr(client, methods[operation])(**json.loads(text))
            looked_at += 1
    expect(looked_at > 30, f"{looked_at} commands")


# Notes what it is called with, and gives back an id: that which it is given, or a new one.
SHOWS = """#!/bin/sh
echo "$1 $2" >> "$SEEN"
python3 -c '
import json, sys
print(json.load(sys.stdin).get("ResolverQueryLogConfigId", "id-7"))
' | tee -a "$SEEN.values"
"""


def the_shell_reads_the_commands():
    """The commands as a shell runs them, with an `aws` that shows what it is given."""
    with tempfile.TemporaryDirectory() as folder:
        tool = Path(folder) / "aws"
        tool.write_text(SHOWS)
        tool.chmod(0o755)
        page = (EXPORT / "cloudformation/stele-logging.remaining.md").read_text()
        blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
        seen = Path(folder) / "seen"
        environment = {"PATH": f"{folder}:/usr/bin:/bin", "SEEN": str(seen)}
        # One after the other in one shell: what one gives, another takes.
        for block in ["\n".join(blocks)]:
            command = ["bash", "-euo", "pipefail", "-c", block]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            expect(done.returncode == 0 and not done.stderr, f"{done.stderr}\n{block}")
        expect(len(seen.read_text().splitlines()) == len(blocks), seen.read_text())
        values = (Path(folder) / "seen.values").read_text().split()
        expect(values[-1] == "id-7" and "@" not in "".join(values), f"{values}")


def run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def terraform_formats_the_files_so():
    terraform = shutil.which("terraform") or shutil.which("tofu")
    if not terraform:
        print("  skipped: terraform is not installed", flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in (EXPORT / "terraform").glob("*.tf"):
            shutil.copy(path, folder)
        done = run([terraform, "fmt", "-check", "-diff", folder])
        expect(done.returncode == 0, done.stdout + done.stderr)
        done = run([terraform, f"-chdir={folder}", "init", "-backend=false", "-input=false"])
        if done.returncode != 0:
            print("  skipped: terraform validate, for there is no provider to be had", flush=True)
            return
        done = run([terraform, f"-chdir={folder}", "validate"])
        expect(done.returncode == 0, done.stdout + done.stderr)


TESTS = [
    yaml_is_read_as_it_was_meant,
    commands_are_aws,
    the_shell_reads_the_commands,
    terraform_formats_the_files_so,
    templates_are_linted,
    templates_can_be_executed,
    a_stackset_can_be_executed,
    parts_can_be_left_out,
    what_aws_would_refuse_is_refused,
]


def main():
    with STACK:
        return all_of_them()


def all_of_them():
    failed = 0
    for test in TESTS:
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok    {name}", flush=True)
        except (Failed, StackError) as error:
            failed += 1
            print(f"FAIL  {name}: {error}", flush=True)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
