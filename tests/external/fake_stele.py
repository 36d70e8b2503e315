#!/usr/bin/env python3
"""Stands in for `stele up` in the tests of kill_test.py: a small server over SQLite.

By `FAKE_FAULT` it is honest (unset), forgets what it acknowledged (`lose`), or stores a record
twice (`double`), so that the test can be seen to fail.
"""

import http.server
import json
import os
import sqlite3
import sys
import threading
import urllib.parse

FAULT = os.environ.get("FAKE_FAULT", "")
FAULT_EVERY_BATCHES = 3


class Store:
    """The rows, in a file that survives kill -9."""

    def __init__(self, data):
        os.makedirs(data, exist_ok=True)
        self.lock = threading.Lock()
        self.batches = 0
        self.db = sqlite3.connect(os.path.join(data, "rows.db"), check_same_thread=False)
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS events"
            " (source, source_type, user_name, request_uid, event_uid)"
        )
        self.db.execute("CREATE INDEX IF NOT EXISTS ids ON events (event_uid)")

    def ingest(self, kind, source, body):
        with self.lock, self.db:
            self.batches += 1
            fault = FAULT if self.batches % FAULT_EVERY_BATCHES == 0 else ""
            if fault == "lose":
                return
            for row in rows_of(kind, source, body):
                seen = "SELECT 1 FROM events WHERE event_uid = ?"
                if row[4] and self.db.execute(seen, (row[4],)).fetchone():
                    continue
                copies = 2 if fault == "double" else 1
                self.db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", [row] * copies)

    def sql(self, sql):
        with self.lock:
            cursor = self.db.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, values)) for values in cursor.fetchall()]


def rows_of(kind, source, body):
    """The rows of a batch."""
    if kind == "json":
        for line in body.splitlines():
            record = json.loads(line)
            yield (source, kind, record["user"], record["request_id"], None)
    else:
        for record in json.loads(body)["Records"]:
            user = record["userIdentity"]["userName"]
            yield (source, kind, user, record["requestID"], record["eventID"])


class Handler(http.server.BaseHTTPRequestHandler):
    """The few paths that the test asks for."""

    store = None

    def do_GET(self):
        self.answer(200 if self.path == "/api/v1/health" else 404, b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/api/v1/ingest/"):
            source = urllib.parse.parse_qs(url.query)["source"][0]
            self.store.ingest(url.path.rsplit("/", 1)[1], source, body)
            self.answer(200, b'{"failed": 0}')
        elif url.path == "/api/v1/sql":
            rows = self.store.sql(json.loads(body)["sql"])
            self.answer(200, "".join(json.dumps(row) + "\n" for row in rows).encode())
        elif url.path.startswith("/api/v1/admin/"):
            self.answer(200, b"{}")
        else:
            self.answer(404, b"{}")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    words = sys.argv[1:]
    assert words[0] == "up", words
    Handler.store = Store(words[words.index("--data") + 1])
    host, port = words[words.index("--listen") + 1].rsplit(":", 1)
    http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
