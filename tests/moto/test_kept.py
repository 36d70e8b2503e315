#!/usr/bin/env python3
"""What `stele aws` leaves in the lake and reads from it, against the stand-in for AWS.

    test_kept.py --binary target/debug/stele

What is looked at: each run of `assess` becomes events that are found by class, and proven; a run
without a store makes none; `drift` names who made a change, from the CloudTrail events in the store;
applies, rollbacks and exceptions are acts in the ledger, and each action an event of `audit`.
"""

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from account import ACCOUNT, REGION, Account
from test_assess import Failed, Stele, expect, stand_in

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


class Lake:
    """A data folder, through the same binary."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.data = Path(folder) / "data"

    def run(self, *words, code=0):
        command = [self.binary, "--data", str(self.data), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        expect(done.returncode == code, f"{words}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def rows(self, sql):
        return [json.loads(line) for line in self.run("sql", sql, "--json").splitlines()]


def event(operation, trail, read_only):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "eventVersion": "1.09",
        "userIdentity": {"type": "IAMUser", "arn": ALICE, "userName": "alice", "accountId": ACCOUNT},
        "eventTime": now,
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": operation,
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.9",
        "requestParameters": {"name": trail},
        "responseElements": None,
        "requestID": f"r-{operation}",
        "eventID": f"e-{operation}-{trail[-5:]}",
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
    }


def kept(stele, lake, url, folder):
    words = ("--data", str(lake.data))
    done = stele.run(url, "assess", "--regions", REGION, "--format", "json", *words, code=3)
    report = json.loads(done.stdout)
    expect(not lake.data.exists(), "a folder was made that nobody asked for")
    # Where there is a store, the run is in it.
    first = Path(folder) / "first.json"
    first.write_text('{"message": "hello"}\n')
    lake.run("import", str(first))
    done = stele.run(url, "assess", "--regions", REGION, "--format", "json", *words, code=3)
    report = json.loads(done.stdout)
    count = len(report["findings"])
    expect(f"{count} findings are kept" in done.stderr, done.stderr)
    rows = lake.rows("select count(*) as n from events where class_uid = 2003")
    expect(rows[0]["n"] == count, f"{rows} of {count}")
    bad = [f for f in report["findings"] if f["status"] == "FAIL"]
    rows = lake.rows(
        "select operation, resource_uid, message, status_id from events "
        "where class_uid = 2003 and status_code = 'FAIL'"
    )
    found = {(row["operation"], row["resource_uid"], row["message"]) for row in rows}
    expect(found == {(f["id"], f["resource"], f["reason"]) for f in bad}, "other findings are kept")
    expect({row["status_id"] for row in rows} == {1}, "what fails is a new finding")
    stele.run(url, "assess", "--regions", REGION, "--no-keep", *words, code=3)
    rows = lake.rows("select count(*) as n from events where class_uid = 2003")
    expect(rows[0]["n"] == count, "--no-keep keeps")
    key = next((lake.data / "keys").glob("ledger.keys"))
    lake.run("verify", "--key", str(key))


def who(stele, lake, url, account, folder):
    words = ("--data", str(lake.data))
    good = Path(folder) / "good.json"
    stele.run(url, "assess", "--regions", REGION, "--format", "json", "-o", str(good), *words)
    account.client("cloudtrail").stop_logging(Name="audit")
    trail = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"
    other = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/other"
    events = [
        event("StopLogging", trail, False),
        event("GetTrailStatus", trail, True),
        event("StopLogging", other, False),
    ]
    log = Path(folder) / "trail.json"
    log.write_text(json.dumps({"Records": events}))
    lake.run("import", str(log))
    done = stele.run(url, "drift", "--baseline", str(good), "--format", "json", *words, code=3)
    drift = json.loads(done.stdout)
    expect(len(drift["drift"]) == 1, f"one change, and {[e['id'] for e in drift['drift']]}")
    entry = drift["drift"][0]
    expect(entry["id"] == "ct.trail.all-regions", entry["id"])
    named = [(one["actor"], one["operation"]) for one in entry["who"]]
    expect(named == [(ALICE, "StopLogging")], f"{named}: alice stopped it")
    expect(entry["who"][0]["event_id"] == "e-StopLogging-audit", entry["who"])


def acts(stele, lake, url, folder):
    words = ("--data", str(lake.data))
    policy = Path(folder) / "stele-aws.toml"
    day = (datetime.date.today() + datetime.timedelta(days=90)).isoformat()
    policy.write_text(
        'version = 1\n[[exception]]\ncheck = "s3.access"\nresource = "arn:aws:s3:::shop-data"\n'
        f'reason = "made anew each night"\nowner = "data"\nexpires = {day}\n'
    )
    one_check = ("--regions", REGION, "--checks", "s3.access", *words)
    stele.run(url, "assess", "--baseline", str(policy), *one_check, code=3)
    plan = Path(folder) / "plan.json"
    stele.run(url, "plan", "-o", str(plan), "--include", "ct.trail.*", "--regions", REGION, *words)
    actions = json.loads(plan.read_text())["actions"]
    expect(actions, "there is something to do")
    done = stele.run(url, "apply", str(plan), "--yes", *words)
    expect(done.stderr.count("on record: entry") == 2, done.stderr)
    stele.run(url, "rollback", "--journal", f"{plan}.journal", "--yes", *words)
    log = lake.run("ledger", "log", "--limit", "1000", "--json").splitlines()
    found = [
        (record["by"], record["act"]["other"]["kind"], json.loads(record["act"]["other"]["detail"]))
        for record in (json.loads(line)["record"] for line in log)
        if record["t"] == "act" and "other" in record["act"]
    ]
    kinds = [(kind, detail.get("state")) for _, kind, detail in found]
    wanted = [("aws-exceptions", None)]
    states = ("begins", "ended")
    wanted += [(f"aws-{act}", state) for act in ("apply", "rollback") for state in states]
    expect(kinds == wanted, f"acts: {kinds}")
    by = {by for by, _, _ in found}
    expect(by == {f"arn:aws:sts::{ACCOUNT}:user/moto"}, f"by: {by}")
    expect(found[0][2]["named"][0]["exception"]["owner"] == "data", found[0])
    expect(found[2][2]["outcome"]["done"] == len(actions), f"{found[2]}")
    rows = lake.rows(
        "select service, operation, resource_uid, status_id, user_uid from events "
        "where dataset = 'audit' and source = 'stele:aws:apply'"
    )
    made = sorted((f"{row['service']}:{row['operation']}", row["resource_uid"]) for row in rows)
    expect(made == sorted((a["call"], a["resource"]) for a in actions), f"events: {made}")
    expect({row["status_id"] for row in rows} == {1}, f"{rows}")
    rows = lake.rows(
        "select service, operation from events where source = 'stele:aws:rollback'"
    )
    undone = sorted(f"{row['service']}:{row['operation']}" for row in rows)
    undoing = sorted((a["undo"][-1] if a["undo"] else a)["call"] for a in actions)
    expect(undone == undoing, f"undone by {undone}, and the plan says {undoing}")
    lake.run("verify", "--key", str(next((lake.data / "keys").glob("ledger.keys"))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    binary = str(Path(parser.parse_args().binary).resolve())
    stele = Stele(binary)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(binary, folder)
        with stand_in(folder) as (url, _):
            account = Account(url)
            account.buckets()
            account.trails()
            kept(stele, lake, url, folder)
            who(stele, lake, url, account, folder)
            acts(stele, lake, url, folder)
    print("results are kept, found and proven; drift names who; applies are on record")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as problem:
        print(f"failed: {problem}")
        sys.exit(1)
