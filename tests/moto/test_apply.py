#!/usr/bin/env python3
"""`stele aws plan`, `apply`, `rollback` and `drift` against the stand-in for AWS, from outside.

    test_apply.py --binary target/debug/stele

What is looked at, in the account of `demo.py`: a plan changes nothing and is what its schema says; an
apply calls what the plan names and nothing else that writes, and leaves nothing to plan; a rollback
brings back what was there before, but for what it says it leaves; what others have set up stays;
costs come from what was counted; drift names what was changed and nothing else; an apply that died at
any byte of its journal is gone on with, or undone; and whatever must be refused is.
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import jsonschema

import drifting
import snapshot
from account import ACCOUNT, OTHER, REGION
from demo import FOREIGN_ADVANCED, FOREIGN_RULE, FOREIGN_STATEMENT, PARTS, Demo
from test_assess import Failed, Stele, expect, made, permission, stand_in

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "docs/schema/stele.aws.plan-1.json"
REGIONS = ("--regions", f"{REGION},{OTHER}")
CUTS = 12
SMALL = ("buckets", "trails", "network", "logs")


class Bench:
    """The stand-in, Stele, and a folder for plans and journals."""

    def __init__(self, stele, url, calls, folder):
        self.stele, self.url, self.calls, self.folder = stele, url, calls, Path(folder)
        self.account = None

    def anew(self, trail="one-region", parts=PARTS):
        """An account as it was made, and no journal."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request) as answer:
            answer.read()
        account = Demo(self.url, trail)
        if self.account:
            account.clients = self.account.clients
        account.fill(parts)
        self.account = account
        file = self.folder / "plan.json"
        journal_of(file).unlink(missing_ok=True)
        return file

    def run(self, *words, code=None, **more):
        return self.stele.run(self.url, *words, code=code, **more)

    def control(self, **rules):
        query = urllib.parse.urlencode(rules, doseq=True)
        with urllib.request.urlopen(f"{self.url}/stele-control?{query}") as answer:
            answer.read()

    def plan(self, file, *words):
        done = self.run("plan", "-o", str(file), *(words or REGIONS))
        expect(done.returncode in (0, 3), f"plan: exit {done.returncode}\n{done.stderr}")
        return json.loads(file.read_text())

    def apply(self, file, *words, code=0):
        return self.run("apply", str(file), "--yes", *words, code=code)

    def rollback(self, file, code=0):
        """What the rollback says that it leaves."""
        journal = journal_of(file)
        self.run("rollback", "--journal", str(journal), "--yes", code=code)
        shown = self.run("journal", "show", "--json", str(journal), code=0)
        entries = [json.loads(line) for line in shown.stdout.splitlines()]
        actions = {e["n"]: e["action"] for e in entries if e["kind"] == "intent"}
        return [
            (actions[e["n"]]["call"], actions[e["n"]]["resource"])
            for e in entries
            if e["kind"] == "undo" and e["outcome"] == "left"
        ]

    def look(self, small=False):
        return snapshot.look(self.account, small)

    def days(self, group):
        logs = self.account.client("logs")
        found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        return found[0].get("retentionInDays")

    def drift(self, file, code):
        done = self.run("drift", "--baseline", str(file), "--format", "json", code=code)
        return json.loads(done.stdout)


def journal_of(file):
    return file.with_name(file.name + ".journal")


def writes(calls):
    reads = ("Get", "List", "Describe")
    return [c["call"] for c in made(calls) if not c["call"].split(":")[1].startswith(reads)]


def same(one, other, what, left=()):
    differ = snapshot.differences(one, other, left)
    expect(not differ, f"{what}:\n  " + "\n  ".join(differ))


def whole_round(bench, trail, parts=PARTS):
    """Assess, plan, apply, plan, rollback; the plan has a fix for most of what is wrong."""
    file = bench.anew(trail, parts)
    before = bench.look()
    bench.calls.write_text("")
    report = bench.stele.assess(bench.url, code=3)
    expect(report["complete"], f"not complete: {report['errors']}")
    plan = bench.plan(file)
    expect(not writes(bench.calls), f"a plan writes: {writes(bench.calls)}")
    jsonschema.validate(plan, json.loads(SCHEMA.read_text()))
    found = {f"{f['id']}|{f['resource']}" for f in report["findings"] if f["status"] == "FAIL"}
    named = {key for action in plan["actions"] for key in action["findings"]}
    expect(len(plan["actions"]) >= 5 * len(parts), f"{len(plan['actions'])} actions")
    expect(named <= found, f"a plan for what is right: {sorted(named - found)}")
    bench.calls.write_text("")
    bench.apply(file)
    did, planned = sorted(writes(bench.calls)), sorted(a["call"] for a in plan["actions"])
    expect(did == planned, f"planned {planned}, called {did}")
    allowed(bench, "apply", file)
    after = bench.look()
    foreign(after, trail)
    again = bench.plan(bench.folder / "again.json")
    rest = [f"{a['call']} {a['resource']}" for a in again["actions"]]
    expect(not rest, f"after an apply there is still to do: {rest}")
    good = bench.stele.assess(bench.url)
    still = {f"{f['id']}|{f['resource']}" for f in good["findings"] if f["status"] != "PASS"}
    expect(not named & still, f"applied, and not better: {sorted(named & still)}")
    bench.apply(file)
    same(after, bench.look(), "an apply of what is applied changed something")
    bench.calls.write_text("")
    left = bench.rollback(file)
    allowed(bench, "rollback", file)
    same(before, bench.look(), "not as before", left)
    done = bench.apply(file, code=1)
    expect("rolled back already" in done.stderr, done.stderr)
    return plan


def strict(bench):
    """The policy that wants all checks: there and back too, but for what only a person can do."""
    file = bench.anew()
    policy = bench.folder / "strict.toml"
    policy.write_text('version = 1\npresets = ["strict"]\n')
    wanted = (*REGIONS, "--baseline", str(policy))
    before = bench.look()
    plan = bench.plan(file, *wanted)
    expect(plan["complete"], f"not complete: {plan['errors']}")
    bench.calls.write_text("")
    bench.apply(file)
    allowed(bench, "apply", file)
    again = bench.plan(bench.folder / "again.json", *wanted)
    rest = [f"{a['call']} {a['resource']}" for a in again["actions"]]
    expect(not rest, f"strict, and after an apply there is still to do: {rest}")
    blocked = {(b["finding"], b["resource"]) for b in plan["blocked"]}
    # A bucket that a plan makes is without what only the root user, or `--allow`, can give it.
    by_person = ("ct.bucket.mfa-delete", "ct.bucket.object-lock")
    new = {(b["finding"], b["resource"]) for b in again["blocked"]} - blocked
    new = [each for each in new if each[0] not in by_person]
    expect(not new, f"an apply makes what only a person can put right: {sorted(new)}")
    bench.calls.write_text("")
    left = bench.rollback(file)
    allowed(bench, "rollback", file)
    same(before, bench.look(), "strict, and not as before", left)
    return len(plan["actions"])


def allowed(bench, command, file=None):
    """What was called is in the policy that is printed for it."""
    named = ("--plan", str(file)) if file else ()
    done = bench.run("policy", "--for", command, *named, code=0)
    # Where one policy would be too long for IAM, there are several.
    text, statements = done.stdout.strip(), []
    while text:
        policy, end = json.JSONDecoder().raw_decode(text)
        statements += policy["Statement"]
        text = text[end:].strip()
    allow = {a for s in statements if s["Effect"] == "Allow" for a in listed(s["Action"])}
    called = {call["call"] for call in made(bench.calls)} - {"sts:GetCallerIdentity"}
    missing = sorted(call for call in called if permission(call) not in allow)
    expect(not missing, f"the policy for {command} does not allow {missing}")


def listed(actions):
    return [actions] if isinstance(actions, str) else actions


def foreign(after, trail):
    """What others have set up stands as they wrote it."""
    policy = json.loads(after["bucket audit-logs"]["policy"])
    expect(FOREIGN_STATEMENT in policy["Statement"], f"their statement is not in {policy}")
    expect(policy["Id"] == "theirs", f"the name of their policy is gone: {policy}")
    rules = after["bucket audit-logs"]["lifecycle"]
    expect(FOREIGN_RULE in rules, f"their rule is not in {rules}")
    for name, theirs in [("cluster ledger", "error"), ("eks shop", "scheduler")]:
        expect(theirs in after.get(name, [theirs]), f"{name}: {after.get(name)}")
    if trail == "stopped":
        selectors = after["trail audit"]["advanced"]
        for own in FOREIGN_ADVANCED:
            expect(own in selectors, f"their selector {own['Name']} is not in {selectors}")
    old = [name for name in after if name.endswith("audit-logs/flow")]
    expect(len(old) == 1, f"their flow log: {old}")


def counted(bench):
    """Costs of what CloudWatch counts are computed from that, and assumed where nobody may read it."""
    file = bench.anew()
    bench.calls.write_text("")
    assumed = costs(bench.plan(file))
    metrics = [call for call in made(bench.calls) if call["call"] == "cloudwatch:GetMetricData"]
    allowed(bench, "plan")
    balancer = bench.account.client("elbv2").describe_load_balancers(Names=["shop"])
    balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    _, _, name = balancer.partition(":loadbalancer/")
    days = [1_000_000] * 12 + [500_000, 2_500_000]
    of_balancer = {"LoadBalancer": name}
    bench.account.counted("AWS/ApplicationELB", "RequestCount", of_balancer, days)
    plan = bench.plan(file)
    priced = costs(plan)
    low, _, high, basis = priced[balancer]
    expect("assumed: no datapoint of `RequestCount`" in assumed[balancer][3], assumed[balancer])
    told = "32.14 million a month (15 million to 75 million) by `RequestCount` of 14 days"
    expect(basis.startswith(told), basis)
    before_low, _, before_high, _ = assumed[balancer]
    expect(before_low <= low and high < before_high, f"{assumed[balancer]} became {priced[balancer]}")
    # A region has few calls, however much is counted there.
    expect(0 < len(metrics) <= 2 * len({call["region"] for call in metrics}), metrics)
    bench.control(refuse="cloudwatch:GetMetricData")
    refused = bench.plan(file)
    bench.control()
    warned = [text for text in refused["warnings"] if "allow cloudwatch:GetMetricData" in text]
    expect(len(warned) == 1, f"one warning: {refused['warnings']}")
    expect(refused["complete"] and not refused["errors"], f"not complete: {refused['errors']}")
    expect(costs(refused)[balancer][:3] == assumed[balancer][:3], costs(refused)[balancer])
    calls = [[action["call"] for action in each["actions"]] for each in (plan, refused)]
    expect(calls[0] == calls[1], "another plan without metrics")
    file.unlink()
    done = bench.run("plan", "-o", str(file), "--budget", "0.01", *REGIONS, code=1)
    expect("more than the budget of $0.01; most of it: $" in done.stderr, done.stderr)
    expect(not file.exists(), "a plan that is too dear was written")
    return len(metrics)


def costs(plan):
    """By resource, of what costs something."""
    costs = {}
    for action in plan["actions"]:
        cost = action["monthly_cost_usd"]
        if cost["basis"]:
            costs[action["resource"]] = tuple(cost[k] for k in ("low", "expected", "high", "basis"))
    return costs


def drift(bench):
    """One change at a time, and all at once; each is put back before the next."""
    file = bench.anew()
    bench.plan(file)
    bench.apply(file)
    baseline = bench.folder / "good.json"
    bench.run("assess", "--format", "json", "-o", str(baseline), *REGIONS)
    found = bench.drift(baseline, 0)
    expect(not found["drift"] and found["complete"], f"drift at once: {found['drift']}")
    changes = drifting.changes(bench.account)
    for change in changes:
        change.make()
        drifting.judge(bench.drift(baseline, 3), [change], expect)
        change.mend()
    expect(not bench.drift(baseline, 0)["drift"], "put back, and still drift")
    for change in changes:
        change.make()
    drifting.judge(bench.drift(baseline, 3), changes, expect)
    for change in changes:
        change.mend()
    bench.control(refuse="cloudtrail:GetTrailStatus")
    found = bench.drift(baseline, 4)
    bench.control()
    expect(not found["drift"] and found["unreadable"], f"unreadable is no drift: {found['drift']}")
    return len(changes)


def cuts(bench):
    """The process dies while it writes byte N of the journal; then it goes on, or is rolled back."""
    file = bench.anew(parts=SMALL)
    before = bench.look(small=True)
    bench.plan(file, "--regions", REGION)
    bench.apply(file)
    whole, size = bench.look(small=True), journal_of(file).stat().st_size
    unnamed = 0
    for step in range(CUTS):
        at = 1 + size * step // CUTS
        bench.anew(parts=SMALL)
        bench.plan(file, "--regions", REGION)
        words = [bench.stele.binary, "aws", "apply", str(file), "--yes"]
        died = subprocess.run(
            words,
            env=environment(bench.url),
            capture_output=True,
            preexec_fn=lambda at=at: small_files(at),
        )
        expect(died.returncode < 0, f"cut at {at}: exit {died.returncode}\n{died.stderr}")
        expect(journal_of(file).stat().st_size <= at, f"the journal is longer than {at}")
        if step % 2 == 0:
            bench.apply(file)
            now, extra = named(bench.look(small=True))
            same(whole, now, f"cut at byte {at}, gone on")
        if step % 4:
            left = bench.rollback(file)
            now, extra = named(bench.look(small=True))
            same(before, now, f"cut at byte {at}, rolled back", left)
        expect(extra <= 1, f"cut at byte {at}: {extra} keys without a name")
        unnamed += extra
    return unnamed


def named(seen):
    """Without keys that have no name, and how many those are: a key gets its name by a second call, and
    what is cut between the two cannot be known again."""
    lost = [name for name in seen if name.startswith("key ") and "alias/" not in name]
    return {name: value for name, value in seen.items() if name not in lost}, len(lost)


def small_files(size):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def environment(url):
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
    }


def refused(bench):
    """Nothing is done for who may not, or with what is not a plan any more."""
    file = bench.anew()
    plan = bench.plan(file)
    bench.calls.write_text("")
    done = bench.run("apply", str(file), code=1)
    expect("--yes" in done.stderr, f"nobody to ask: {done.stderr}")
    edited = bench.folder / "edited.json"
    for name, change, word in [
        ("params", lambda p: p["actions"][0]["params"].update(Name="other"), "hash"),
        ("age", lambda p: p.update(made_at="2020-01-01T00:00:00Z"), "hash"),
        ("schema", lambda p: p.update(schema="stele.aws.plan/9"), "plan"),
    ]:
        other = json.loads(json.dumps(plan))
        change(other)
        edited.write_text(json.dumps(other))
        done = bench.apply(edited, code=1)
        expect(word in done.stderr, f"{name}: {done.stderr}")
    role = bench.account.client("sts").assume_role(
        RoleArn="arn:aws:iam::111122223333:role/other", RoleSessionName="other"
    )["Credentials"]
    elsewhere = {
        "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
        "AWS_SESSION_TOKEN": role["SessionToken"],
    }
    done = bench.run("apply", str(file), "--yes", code=1, variables=elsewhere)
    expect("111122223333" in done.stderr and ACCOUNT in done.stderr, done.stderr)
    # What a file says is not said otherwise by a flag that nobody heeds.
    for flag in (REGIONS, ("--accounts", ACCOUNT), ("--org",)):
        done = bench.apply(file, *flag, code=2)
        expect("leave out --regions" in done.stderr, f"{flag}: {done.stderr}")
    result = bench.folder / "result.json"
    bench.run("assess", *REGIONS, "--format", "json", "-o", str(result), code=3)
    for words in (("drift", "--baseline", str(result)), ("plan", "--from", str(result))):
        done = bench.run(*words, "--regions", OTHER, code=2)
        expect("leave out --regions" in done.stderr, f"{words}: {done.stderr}")
    wrote = [call for call in writes(bench.calls) if not call.startswith("sts:")]
    expect(not wrote, f"refused, and wrote {wrote}")
    # That a plan older than a day is refused is tested where the clock can be set, in the crate.


def changed_since(bench):
    """Somebody was faster: that branch stops, all others are done."""
    file = bench.anew()
    plan = bench.plan(file)
    bench.account.client("logs").put_retention_policy(
        logGroupName="/app/shop", retentionInDays=90
    )
    bench.apply(file, code=4)
    shown = bench.run("journal", "show", "--json", str(journal_of(file)), code=0)
    entries = [json.loads(line) for line in shown.stdout.splitlines()]
    failed = [(e["n"], e["code"]) for e in entries if e["kind"] == "failed"]
    about = [
        action["n"]
        for action in plan["actions"]
        if action["resource"].endswith(":/app/shop")
        and action["call"] == "logs:PutRetentionPolicy"
    ]
    expect(failed == [(about[0], "changed-since")], f"failed: {failed}, wanted {about}")
    done = {e["n"] for e in entries if e["kind"] == "done"}
    behind = {a["n"] for a in plan["actions"] if a["n"] in about or set(a["after"]) & set(about)}
    expect(done | behind == {a["n"] for a in plan["actions"]}, "the rest was not done")
    days = bench.days("/app/shop")
    expect(days == 90, f"what somebody set was overwritten: {days}")
    # And on the way back: what was changed since is left alone, and said.
    bench.account.client("logs").put_retention_policy(
        logGroupName="/app/for-ever", retentionInDays=7
    )
    bench.rollback(file, code=4)
    days = bench.days("/app/for-ever")
    expect(days == 7, f"a rollback overwrote what somebody set: {days}")


def at_once(bench):
    """A second apply with the same journal is refused while the first runs."""
    file = bench.anew()
    bench.plan(file)
    bench.control(hold="cloudtrail:UpdateTrail")
    words = [bench.stele.binary, "aws", "apply", str(file), "--yes"]
    first = subprocess.Popen(
        words, env=environment(bench.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with contextlib.closing(first.stdout), contextlib.closing(first.stderr):
        deadline = time.monotonic() + 30
        while not (journal_of(file).exists() and journal_of(file).stat().st_size):
            expect(time.monotonic() < deadline, "the first apply does not begin")
            time.sleep(0.02)
        done = bench.apply(file, code=1)
        expect("in use" in done.stderr, done.stderr)
        bench.control()
        first.communicate(timeout=60)
        expect(first.returncode == 0, f"the first apply: exit {first.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    stele = Stele(str(Path(options.binary).resolve()))
    with tempfile.TemporaryDirectory() as folder, stand_in(folder) as (url, calls):
        bench = Bench(stele, url, calls, folder)
        try:
            plan = whole_round(bench, "one-region")
            whole_round(bench, "stopped", SMALL)
            of_strict = strict(bench)
            asked = counted(bench)
            changes = drift(bench)
            refused(bench)
            changed_since(bench)
            at_once(bench)
            unnamed = cuts(bench)
        except Failed as failed:
            print(f"failed: {failed}", file=sys.stderr)
            return 1
    print(
        f"stele aws apply: {len(plan['actions'])} actions there and back, {of_strict} with the policy "
        f"strict, {asked} calls for metrics, "
        f"{changes} changes found, {CUTS} cuts, {unnamed} of them in the making of a key",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
