#!/usr/bin/env python3
"""`stele aws assess` against the stand-in for AWS, from outside.

    test_assess.py --binary target/debug/stele

What is looked at: findings of an account that has some of everything; that nothing is called but
reads, and nothing that the printed policy does not allow; that a refused call makes the result
incomplete and nothing pass that did not; that throttling is waited out; bad input; that only what
has a tag is judged where one is named; that Security Hub takes what is written for it.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

import tomllib

from account import ACCOUNT, OTHER, REGION, Account

HERE = Path(__file__).resolve().parent
TABLE = tomllib.loads((HERE.parents[1] / "crates/stele-aws/operations.toml").read_text())


class Failed(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Failed(text)


@contextlib.contextmanager
def stand_in(folder, *options):
    calls = Path(folder) / "calls.ndjson"
    calls.unlink(missing_ok=True)
    command = [sys.executable, str(HERE / "serve.py"), "--calls", str(calls), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = process.stdout.readline().strip().rpartition(" ")[2]
        expect(url.startswith("http"), "the stand-in does not start")
        yield url, calls
    finally:
        process.terminate()
        process.wait()


class Stele:
    def __init__(self, binary):
        self.binary = binary

    def run(self, url, *words, code=None, variables=None):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            **(variables or {}),
        }
        done = subprocess.run(
            [self.binary, "aws", *words],
            env=environment,
            cwd=tempfile.gettempdir(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        if code is not None:
            shown = f"{words}: exit {done.returncode}, wanted {code}\n{done.stderr}"
            expect(done.returncode == code, shown)
        return done

    def assess(self, url, *words, code=None):
        regions = f"{REGION},{OTHER}"
        done = self.run(url, "assess", "--format", "json", "--regions", regions, *words, code=code)
        return json.loads(done.stdout)


def by_key(report):
    return {(f["id"], f["region"], f["resource"]): f for f in report["findings"]}


def passing(report):
    return {key for key, finding in by_key(report).items() if finding["status"] == "PASS"}


def of(report, check, ending):
    found = [f for f in report["findings"] if f["id"] == check and f["resource"].endswith(ending)]
    expect(len(found) == 1, f"{check} {ending}: {len(found)} findings")
    return found[0]


def made(calls):
    return [json.loads(line) for line in calls.read_text().splitlines()]


def permission(call):
    service, name = call.split(":")
    row = TABLE[service]["operations"][name]
    return row.get("permission", f"{TABLE[service].get('permission', service)}:{name}")


def findings(stele, folder):
    with stand_in(folder) as (url, calls):
        account = Account(url)
        account.fill()
        calls.write_text("")
        report = stele.assess(url, code=3)
        expect(report["complete"], f"not complete: {report['errors']}")
        for check, ending, status, code in [
            ("ct.trail.validation", "trail/audit", "FAIL", "no-validation"),
            ("ct.trail.delivery", "trail/audit", "PASS", "ok"),
            ("ct.data.s3-read", ":shop-data", "FAIL", "not-recorded"),
            ("ct.data.s3-read", ":trail-logs", "NOT_APPLICABLE", "log-sink"),
            ("ct.bucket.versioning", ":trail-logs", "PASS", "ok"),
            ("vpc.flow.coverage", account.vpc, "PASS", "ok"),
            ("vpc.flow.delivery", account.vpc, "FAIL", "not-allowed"),
            ("dns.resolver.coverage", account.vpc, "FAIL", "no-query-log"),
            ("log.group.retention", ":/app/kept", "PASS", "ok"),
            ("log.group.retention", ":/app/for-ever", "FAIL", "never-expires"),
            ("db.rds.audit-export", "db:orders", "PASS", "ok"),
            ("db.rds.audit-export", "db:people", "FAIL", "not-exported"),
            ("ct.data.dynamodb", "table/carts", "FAIL", "not-recorded"),
        ]:
            found = of(report, check, ending)
            shown = (found["status"], found["reason_code"])
            expect(shown == (status, code), f"{check} {ending}: {shown} {found['reason']}")
        recorded = {f["region"] for f in report["findings"] if f["id"] == "cfg.recorder.on"}
        expect(recorded == {REGION, OTHER}, f"recorders of {recorded}")
        expect(report["scope"]["accounts"] == [ACCOUNT], report["scope"])
        allowed = json.loads(stele.run(url, "policy", "--for", "assess", code=0).stdout)
        actions = {a for statement in allowed["Statement"] for a in statement["Action"]}
        for call in {call["call"] for call in made(calls)}:
            verb = call.split(":")[1]
            expect(verb.startswith(("Get", "List", "Describe")), f"assess called {call}")
            if call != "sts:GetCallerIdentity":
                expect(permission(call) in actions, f"{call} is not in the printed policy")
        kinds = sorted({call["call"] for call in made(calls)})
        refusals(stele, url, kinds)
        return report, kinds


def refusals(stele, url, calls):
    """Each call refused in turn: nothing passes that did not, and the result says what is missing."""
    words = ("assess", "--format", "json", "--regions", REGION)
    before = passing(json.loads(stele.run(url, *words, code=3).stdout))
    for call in calls:
        refuse(url, call)
        if call == "sts:GetCallerIdentity":
            stele.run(url, *words, code=1)
            continue
        partial = json.loads(stele.run(url, *words, code=4).stdout)
        new = {key[0] for key in passing(partial) - before}
        expect(not new, f"without {call} these pass: {new}")
        expect(any(e["call"] == call for e in partial["errors"]), f"{call} is not in errors")
    refuse(url)


def refuse(url, *calls):
    query = urllib.parse.urlencode([("refuse", call) for call in calls])
    with urllib.request.urlopen(f"{url}/stele-control?{query}") as answer:
        answer.read()


def throttling(stele, folder):
    with stand_in(folder, "--throttle", "cloudtrail:DescribeTrails=3") as (url, _):
        account = Account(url)
        account.buckets()
        account.trails()
        report = stele.assess(url, "--checks", "ct.trail.validation", code=3)
        expect(report["complete"], "throttling is waited out")


def tagged(stele, folder):
    """With `--tag` only what has the tag is judged, and nothing is where tags cannot be read."""
    tag = {"team": "shop"}
    with stand_in(folder) as (url, calls):
        account = Account(url)
        account.fill()
        pairs = [{"Key": key, "Value": value} for key, value in tag.items()]
        account.client("s3").put_bucket_tagging(Bucket="shop-data", Tagging={"TagSet": pairs})
        account.client("ec2").create_tags(Resources=[account.vpc], Tags=pairs)
        account.client("logs").tag_log_group(logGroupName="/app/for-ever", tags=tag)
        calls.write_text("")
        whole = by_key(stele.assess(url, code=3))
        asked = "resourcegroupstaggingapi:GetResources"
        expect(asked not in {c["call"] for c in made(calls)}, "tags are read though none is named")
        report = stele.assess(url, "--tag", "team=shop", code=3)
        expect(report["scope"]["tags"] == ["team=shop"], report["scope"])
        regions = sorted(c["region"] for c in made(calls) if c["call"] == asked)
        expect(regions == [OTHER, REGION], f"tags are asked for in {regions}")
        for check, ending in [
            ("s3.access", ":shop-data"),
            ("ct.data.s3-read", ":shop-data"),
            ("vpc.flow.coverage", account.vpc),
            ("log.group.retention", ":/app/for-ever"),
            ("ct.trail.all-regions", "trail/audit"),
            ("cfg.recorder.on", ""),
            ("cen.loop", ""),
        ]:
            found = [f for f in report["findings"] if f["id"] == check]
            found = [f for f in found if f["resource"].endswith(ending)]
            for finding in found:
                before = whole[finding["id"], finding["region"], finding["resource"]]
                expect(finding == before, f"{check} {ending}: {finding}")
            expect(found, f"no {check} {ending}")
        for check, ending in [
            ("s3.access", ":flow-logs"),
            ("log.group.retention", ":/app/kept"),
            ("ct.trail.validation", "trail/audit"),
            ("db.rds.audit-export", "db:people"),
            ("ct.data.dynamodb", "table/carts"),
        ]:
            found = of(report, check, ending)
            shown = (found["status"], found["reason_code"])
            expect(shown == ("NOT_APPLICABLE", "out-of-tag-scope"), f"{check} {ending}: {shown}")
        refuse(url, asked)
        partial = stele.assess(url, "--tag", "team=shop", code=4)
        found = of(partial, "vpc.flow.coverage", account.vpc)
        expect((found["status"], found["reason_code"]) == ("UNKNOWN", "denied"), found)
        refuse(url)
        words = ("assess", "--regions", REGION, "--format")
        hub = account.client("securityhub")
        hub.enable_security_hub()
        findings = json.loads(stele.run(url, *words, "asff", code=3).stdout)
        for start in range(0, len(findings), 100):
            answer = hub.batch_import_findings(Findings=findings[start : start + 100])
            expect(answer["FailedCount"] == 0, answer)
        lines = stele.run(url, *words, "ocsf", code=3).stdout.splitlines()
        uids = {json.loads(line)["metadata"]["uid"] for line in lines}
        expect(len(uids) == len(lines) == len(findings), f"{len(uids)} of {len(findings)} in OCSF")


def bad_input(stele, folder):
    with stand_in(folder) as (url, _):
        for words, text, code in [
            (("assess", "--checks", "ct.trial.*"), "no check", 2),
            (("assess", "--assume-role", "audit"), "--accounts", 2),
            (("assess", "--accounts", "111122223333"), "--assume-role", 2),
            (("assess", "--baseline", "/nonexistent.toml"), "cannot read", 1),
            (("assess", "--tag", "a=1", "--tag", "a=2"), "no resource has both", 2),
            (("checks", "show", "ct.trail.validaton"), "ct.trail.validation", 2),
            (("policy", "--for", "apply"), "--plan", 2),
        ]:
            done = stele.run(url, *words, code=code)
            expect(text in done.stderr, f"{words}: {done.stderr}")
    done = stele.run("http://127.0.0.1:1", "assess", code=1)
    expect("whose credentials" in done.stderr, done.stderr)
    done = stele.run("", "assess", code=1, variables={
        "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true",
    })
    expect("no credentials" in done.stderr, done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    stele = Stele(str(Path(options.binary).resolve()))
    with tempfile.TemporaryDirectory() as folder:
        try:
            report, calls = findings(stele, folder)
            throttling(stele, folder)
            tagged(stele, folder)
            bad_input(stele, folder)
        except Failed as failed:
            print(f"failed: {failed}", file=sys.stderr)
            return 1
    summary = ", ".join(f"{count} {name}" for name, count in report["summary"].items())
    print(f"stele aws assess: {len(calls)} kinds of calls, {summary}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
