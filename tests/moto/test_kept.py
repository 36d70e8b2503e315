#!/usr/bin/env python3
"""What `stele aws` leaves in the lake and reads from it, against the stand-in for AWS.

    test_kept.py --binary target/debug/stele

What is looked at: each run of `assess` becomes events that are found by class, and proven; a run
without a store makes none; `drift` names who made a change, from the CloudTrail events in the store.
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
    print("results are kept, found and proven; drift names who")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as problem:
        print(f"failed: {problem}")
        sys.exit(1)
