"""Changes behind Stele's back: how each is made and put back, and the one finding that must name it."""

import dataclasses
from collections.abc import Callable

from account import ACCOUNT, OTHER, REGION


@dataclasses.dataclass
class Change:
    """`root` is the check that must say so, `at` how its resource ends."""

    name: str
    root: str
    at: str
    make: Callable[[], None]
    mend: Callable[[], None]


def changes(account):
    cloudtrail, logs, rds = (account.client(name) for name in ("cloudtrail", "logs", "rds"))
    s3 = account.client("s3")
    sink = f"stele-logs-{ACCOUNT}-{REGION}"
    policy = s3.get_bucket_policy(Bucket=sink)["Policy"]

    def versioning(status):
        setup = {"Status": status}
        return lambda: s3.put_bucket_versioning(Bucket=sink, VersioningConfiguration=setup)

    def days(group, count):
        return lambda: logs.put_retention_policy(logGroupName=group, retentionInDays=count)

    def export(what):
        change = {f"{what}LogTypes": ["audit"]}
        return lambda: rds.modify_db_instance(
            DBInstanceIdentifier="orders", CloudwatchLogsExportConfiguration=change
        )

    def insights(kinds):
        chosen = [{"InsightType": kind} for kind in kinds]
        return lambda: cloudtrail.put_insight_selectors(
            TrailName="audit", InsightSelectors=chosen
        )

    return [
        Change(
            "the trail was stopped",
            "ct.trail.all-regions",
            "trail/audit",
            lambda: cloudtrail.stop_logging(Name="audit"),
            lambda: cloudtrail.start_logging(Name="audit"),
        ),
        flow_log_deleted(account),
        Change(
            "a group keeps less",
            "log.group.retention",
            ":/app/shop",
            days("/app/shop", 7),
            days("/app/shop", 365),
        ),
        Change(
            "a bucket forgets what is overwritten",
            "ct.bucket.versioning",
            f":{sink}",
            versioning("Suspended"),
            versioning("Enabled"),
        ),
        Change(
            "a database exports no audit log",
            "db.rds.audit-export",
            "db:orders",
            export("Disable"),
            export("Enable"),
        ),
        Change(
            "nobody looks for unusual calls",
            "ct.trail.insights",
            "trail/audit",
            insights([]),
            insights(["ApiCallRateInsight"]),
        ),
        Change(
            "a bucket takes flow logs no more",
            "vpc.flow.delivery",
            "",
            lambda: s3.delete_bucket_policy(Bucket=sink),
            lambda: s3.put_bucket_policy(Bucket=sink, Policy=policy),
        ),
    ]


def flow_log_deleted(account):
    ec2 = account.client("ec2", OTHER)
    found = ec2.describe_flow_logs()["FlowLogs"][0]
    current = {"id": found["FlowLogId"]}

    def delete():
        ec2.delete_flow_logs(FlowLogIds=[current["id"]])

    def create():
        made = ec2.create_flow_logs(
            ResourceIds=[found["ResourceId"]],
            ResourceType="VPC",
            TrafficType=found["TrafficType"],
            LogDestinationType=found["LogDestinationType"],
            LogDestination=found["LogDestination"],
            LogFormat=found["LogFormat"],
            MaxAggregationInterval=found["MaxAggregationInterval"],
        )
        current["id"] = made["FlowLogIds"][0]

    at = found["ResourceId"]
    return Change("a flow log was deleted", "vpc.flow.coverage", at, delete, create)


def judge(found, made, expect):
    """Each change is a root, and no root is anything else."""
    roots = [(entry["id"], entry["resource"]) for entry in found["drift"]]
    shown = "\n  ".join(f"{e['id']} {e['region']} {e['resource']}: {e['reason']}" for e in found["drift"])
    for change in made:
        hits = [r for r in roots if r[0] == change.root and r[1].endswith(change.at)]
        expect(len(hits) == 1, f"{change.name}: {change.root} is named {len(hits)} times\n  {shown}")
    others = [
        root
        for root in roots
        if not any(root[0] == change.root and root[1].endswith(change.at) for change in made)
    ]
    names = ", ".join(change.name for change in made)
    expect(not others, f"{names}: {others} are named as well\n  {shown}")
