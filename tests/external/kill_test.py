"""Kills Stele with kill -9 while clients send to it: nothing acknowledged may be lost, and
nothing may be visible twice.

    python3 tests/external/kill_test.py --binary target/debug/stele --rounds 200 --seed 7

Clients post two kinds of batches. CloudTrail records carry an id of their own (eventID): a batch
that was not acknowledged is sent again, the same bytes, until it is, and each record must then be
visible exactly once, whether or not an earlier try had reached the disk. JSON records have no such
id: a batch that was not acknowledged is not sent again, and each of its records may be visible
once or not at all.

The server is killed at a random moment, sometimes with a flush or a compaction under way, and
started again on the same data. What is left of its ledger each time must verify, and at the end
everything. Standard library only. Exit code 0: nothing lost, nothing doubled, all verified.
"""

import argparse
import collections
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from stele_server import BadStatus, Client, Server, ServerDied

CLIENTS = 4
BATCH_RECORDS_MAX = 80
UPTIME_SECONDS_MIN = 0.05
UPTIME_SECONDS_MAX = 3.0
PAUSE_SECONDS_MAX = 0.03
RETRY_PAUSE_SECONDS = 0.05
LAST_RETRIES_SECONDS_MAX = 60.0
# An id is the value of a column, so that it can be asked for without taking the record apart.
ID_COLUMNS = {"json": "request_uid", "cloudtrail": "event_uid"}
IDS = (
    "SELECT {column} AS id, count(*) AS n FROM events WHERE source = 'kill'"
    " AND source_type = '{kind}' AND user_name = '{client}' GROUP BY {column}"
)
COUNTS = (
    "SELECT source_type, count(*) AS n, count(DISTINCT CASE WHEN source_type = 'cloudtrail'"
    " THEN event_uid ELSE request_uid END) AS distinct_n"
    " FROM events WHERE source = 'kill' GROUP BY source_type"
)


class Ledger:
    """What the clients know: which ids were acknowledged, and which were sent at all."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {"json": set(), "cloudtrail": set()}
        self.sent = {"json": set(), "cloudtrail": set()}
        self.acknowledged_batches = 0
        self.refused_batches = 0
        self.repeated_batches = 0
        self.faults = []

    def note_sent(self, kind, ids):
        with self.lock:
            self.sent[kind].update(ids)

    def note_acknowledged(self, kind, ids):
        with self.lock:
            self.acknowledged[kind].update(ids)
            self.acknowledged_batches += 1

    def acknowledged_now(self):
        """How many ids of each kind are acknowledged at this moment."""
        with self.lock:
            return {kind: len(ids) for kind, ids in self.acknowledged.items()}


def json_batch(rng, client, first, count):
    """NDJSON records, and their ids. `request_id` and `user` find their way into columns."""
    ids, lines = [], []
    for n in range(first, first + count):
        ids.append(f"json-{client}-{n}")
        record = {"id": n, "client": client, "request_id": ids[-1], "user": f"client-{client}"}
        record["pad"] = "x" * rng.randrange(0, 600)
        lines.append(json.dumps(record))
    return ids, ("\n".join(lines) + "\n").encode()


def cloudtrail_batch(rng, client, first, count):
    """A CloudTrail delivery, and the eventIDs in it."""
    ids, records = [], []
    for n in range(first, first + count):
        ids.append(f"{client:08x}-0000-4000-8000-{n:012x}")
        second = n % 60
        records.append({
            "eventVersion": "1.09",
            "eventTime": f"2025-03-01T12:{n // 60 % 60:02d}:{second:02d}Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": rng.choice(["GetObject", "PutObject", "ListObjects", "DeleteObject"]),
            "awsRegion": "eu-central-1",
            "sourceIPAddress": f"203.0.113.{n % 250}",
            "userAgent": "kill-test/1",
            "userIdentity": {"type": "IAMUser", "userName": f"client-{client}"},
            "requestParameters": {"key": "k" * rng.randrange(0, 400)},
            "requestID": f"request-{client}-{n}",
            "eventID": ids[-1],
            "recipientAccountId": "111122223333",
        })
    return ids, json.dumps({"Records": records}).encode()


class Sender(threading.Thread):
    """A client: sends batches one after another until it is told to stop."""

    def __init__(self, number, port, seed, ledger, stopping):
        super().__init__(name=f"client-{number}", daemon=True)
        self.number = number
        self.port = port
        self.rng = random.Random(f"{seed}/{number}")
        self.ledger = ledger
        self.stopping = stopping
        self.next_id = 0

    def run(self):
        try:
            while not self.stopping.is_set():
                self.send_one_batch()
                time.sleep(self.rng.uniform(0, PAUSE_SECONDS_MAX))
        except Exception as error:  # a client that dies unseen would make the test pass for nothing
            self.ledger.faults.append(f"{self.name} died: {error!r}")

    def send_one_batch(self):
        count = self.rng.randint(1, BATCH_RECORDS_MAX)
        first, self.next_id = self.next_id, self.next_id + count
        if self.rng.random() < 0.5:
            ids, body = json_batch(self.rng, self.number, first, count)
            self.ledger.note_sent("json", ids)
            path = "/api/v1/ingest/json?source=kill"
            if self.post(path, body, "application/x-ndjson"):
                self.ledger.note_acknowledged("json", ids)
            else:
                time.sleep(RETRY_PAUSE_SECONDS)
            return
        ids, body = cloudtrail_batch(self.rng, self.number, first, count)
        self.ledger.note_sent("cloudtrail", ids)
        # Goes on after `stopping`: at the end every such batch is acknowledged.
        give_up = None
        while not self.post("/api/v1/ingest/cloudtrail?source=kill", body, "application/json"):
            self.ledger.repeated_batches += 1
            if self.stopping.is_set():
                give_up = give_up or time.monotonic() + LAST_RETRIES_SECONDS_MAX
                if time.monotonic() > give_up:
                    self.ledger.faults.append(f"{self.name}: a batch is refused again and again")
                    return
            time.sleep(RETRY_PAUSE_SECONDS)
        self.ledger.note_acknowledged("cloudtrail", ids)

    def post(self, path, body, content_type):
        """Whether the batch was acknowledged."""
        try:
            client = Client(self.port, timeout_seconds=30.0)
            answer = client.request("POST", path, body, content_type)
        except BadStatus as error:
            self.ledger.refused_batches += 1
            if error.status not in (429, 503):
                self.ledger.faults.append(f"{path}: {error}")
            return False
        except (OSError, http.client.HTTPException):
            return False
        failed = json.loads(answer).get("failed", 0)
        if failed:
            self.ledger.faults.append(f"{path}: {failed} records were not understood")
        return True


def disturb(rng, port):
    """Sometimes a flush or a compaction is under way when the server dies."""
    path = rng.choice([None, None, "/api/v1/admin/flush", "/api/v1/admin/compact"])
    if path is None:
        return None

    def ask():
        try:
            Client(port).request("POST", path, b"")
        except (BadStatus, OSError, http.client.HTTPException):
            pass  # it is killed on purpose

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return path


def quick_check(client, ledger):
    """After a restart: as many as were acknowledged before it, and none twice. Faults as texts."""
    acknowledged = ledger.acknowledged_now()
    faults = []
    rows = {row["source_type"]: row for row in client.sql(COUNTS)}
    for kind, at_least in acknowledged.items():
        row = rows.get(kind, {"n": 0, "distinct_n": 0})
        if row["n"] != row["distinct_n"]:
            faults.append(f"{kind}: {row['n']} rows but {row['distinct_n']} ids")
        if row["distinct_n"] < at_least:
            faults.append(f"{kind}: {at_least} acknowledged but {row['distinct_n']} visible")
    return faults


def check_ledger(data):
    """What `ledger_check.py` says of the ledger as the killed process left it. Faults as texts."""
    with open(os.path.join(data, "keys", "ledger.keys"), encoding="utf-8") as file:
        key = file.read().split()[0]
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger_check.py")
    folder = os.path.join(data, "lake", "_ledger", "1")
    command = [sys.executable, script, folder, "--origin", key.split("+")[0], "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return [f"the ledger: {done.stdout.strip()} {done.stderr.strip()}"]


def verify(binary, data):
    """What `stele verify` says of the folder at the end. Faults as texts."""
    key = os.path.join(data, "keys", "ledger.keys")
    command = [os.path.abspath(binary), "verify", data, "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    found = [line for line in done.stdout.splitlines() if not line.startswith("note")]
    return [f"stele verify: {done.returncode}: {done.stderr[-200:]} {found[-20:]}"]


class Verdict:
    """What the final check found."""

    def __init__(self):
        self.lost = []
        self.doubled = []
        self.unknown = []


def compare(acknowledged, sent, visible):
    """Compares ids with how often each is visible."""
    verdict = Verdict()
    verdict.lost = sorted(acknowledged - visible.keys())
    verdict.doubled = sorted(key for key, n in visible.items() if n > 1)
    verdict.unknown = sorted(key for key in visible if key not in sent)
    return verdict


def final_check(client, ledger):
    """Asks for every id there is."""
    total = Verdict()
    for kind, column in ID_COLUMNS.items():
        visible = collections.Counter()
        for number in range(CLIENTS):
            sql = IDS.format(kind=kind, column=column, client=f"client-{number}")
            for row in client.sql(sql):
                visible[str(row.get("id"))] += row["n"]
        found = compare(ledger.acknowledged[kind], ledger.sent[kind], visible)
        total.lost += found.lost
        total.doubled += found.doubled
        total.unknown += found.unknown
    everything = client.sql("SELECT count(*) AS n FROM events")[0]["n"]
    of_ours = client.sql("SELECT count(*) AS n FROM events WHERE source = 'kill'")[0]["n"]
    if everything != of_ours:
        ledger.faults.append(f"{everything - of_ours} rows that no client sent")
    return total


def play(server, arguments, ledger, say):
    """Kills and restarts the server so often, with clients sending all the time."""
    rng = random.Random(arguments.seed)
    stopping = threading.Event()
    server.start()
    senders = [Sender(n, server.port, arguments.seed, ledger, stopping) for n in range(CLIENTS)]
    for sender in senders:
        sender.start()
    try:
        for number in range(1, arguments.rounds + 1):
            uptime = rng.uniform(UPTIME_SECONDS_MIN, arguments.uptime_max)
            disturbance_at = uptime * rng.uniform(0.3, 1.0)
            time.sleep(disturbance_at)
            disturbance = disturb(rng, server.port)
            time.sleep(uptime - disturbance_at)
            server.kill()
            faults = [] if arguments.without_ledger else check_ledger(server.data)
            started_in = server.start()
            faults += quick_check(server.client, ledger)
            ledger.faults += [f"round {number}: {fault}" for fault in faults]
            counts = ledger.acknowledged_now()
            say(
                f"round {number}: killed after {uptime:.2f} s"
                f"{' during ' + disturbance if disturbance else ''}, back in {started_in:.2f} s, "
                f"{sum(counts.values())} events acknowledged so far"
                + "".join(f"\n  FAULT {fault}" for fault in faults)
            )
    finally:
        stopping.set()
    for sender in senders:
        sender.join(timeout=LAST_RETRIES_SECONDS_MAX + 60)
        if sender.is_alive():
            ledger.faults.append(f"{sender.name} does not end")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--binary", required=True, help="the stele binary")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--uptime-max", type=float, default=UPTIME_SECONDS_MAX, metavar="SECONDS")
    parser.add_argument(
        "--without-ledger", action="store_true", help="the server under test keeps no ledger"
    )
    parser.add_argument("--data", help="data folder (default: a new one, deleted on success)")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="stele-kill-")
    data = arguments.data or os.path.join(folder, "data")
    server = Server(arguments.binary, data, os.path.join(folder, "server.log"))
    ledger = Ledger()
    verdict = Verdict()

    def say(text):
        print(text, flush=True)

    try:
        play(server, arguments, ledger, say)
        verdict = final_check(server.client, ledger)
        # Once more from a stop in peace: what was flushed must be the same rows.
        server.stop()
        server.start()
        after_stop = final_check(server.client, ledger)
        verdict.lost += after_stop.lost
        verdict.doubled += after_stop.doubled
        verdict.unknown += after_stop.unknown
    except (ServerDied, BadStatus, OSError, http.client.HTTPException) as error:
        ledger.faults.append(f"{type(error).__name__}: {error}")
    finally:
        server.stop()
    if not arguments.without_ledger:
        ledger.faults += verify(arguments.binary, data)
    counts = ledger.acknowledged_now()
    say(
        f"rounds {arguments.rounds}, batches acknowledged {ledger.acknowledged_batches}, "
        f"repeated {ledger.repeated_batches}, refused {ledger.refused_batches}; "
        f"events acknowledged {sum(counts.values())} (cloudtrail {counts['cloudtrail']}, "
        f"json {counts['json']}); lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, "
        f"unknown {len(verdict.unknown)}"
    )
    for name, ids in vars(verdict).items():
        if ids:
            say(f"{name}: {', '.join(ids[:10])}{' ...' if len(ids) > 10 else ''}")
    for fault in ledger.faults[:20]:
        say(f"FAULT {fault}")
    nothing_sent = min(counts.values()) == 0
    if nothing_sent:
        say("FAULT a kind of batch was never acknowledged, so the test shows nothing")
    if verdict.lost or verdict.doubled or verdict.unknown or ledger.faults or nothing_sent:
        say(f"failed; data and log are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
