"""A `stele up` under the control of a test: started, asked over HTTP, killed.

Standard library only. Nothing here knows what a test is about.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
import urllib.parse

START_SECONDS_MAX = 60.0
REQUEST_SECONDS_MAX = 60.0


class ServerDied(Exception):
    """The server ended although nobody killed it, or never became healthy."""


class BadStatus(Exception):
    """The server answered, but not with 200."""

    def __init__(self, status, body):
        super().__init__(f"status {status}: {body[:300].decode('utf-8', 'replace')}")
        self.status = status


def free_port():
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    """Requests to one server, a connection each: a killed server leaves no half-used one."""

    def __init__(self, port, timeout_seconds=REQUEST_SECONDS_MAX):
        self.port = port
        self.timeout_seconds = timeout_seconds

    def request(self, method, path, body=None, content_type="application/json"):
        """Returns the body of a 200. Raises BadStatus, OSError or HTTPException otherwise."""
        timeout = self.timeout_seconds
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {"Content-Type": content_type} if body is not None else {}
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise BadStatus(response.status, content)
        return content

    def sql(self, sql):
        """The rows of an SQL query, as dictionaries."""
        return rows_of(self.request("POST", "/api/v1/sql", json.dumps({"sql": sql}).encode()))

    def search(self, query, **parameters):
        """The rows of a search, as dictionaries."""
        parameters = {name: value for name, value in parameters.items() if value is not None}
        path = "/api/v1/search?" + urllib.parse.urlencode({"q": query, **parameters})
        return rows_of(self.request("GET", path))

    def healthy(self):
        """Whether the server says that it is up."""
        try:
            Client(self.port, timeout_seconds=2.0).request("GET", "/api/v1/health")
            return True
        except (BadStatus, OSError, http.client.HTTPException):
            return False


def rows_of(ndjson):
    """The objects of an NDJSON text. A row that is an error is raised as one."""
    rows = [json.loads(line) for line in ndjson.splitlines() if line.strip()]
    for row in rows:
        if set(row) == {"error"}:
            raise BadStatus(200, json.dumps(row).encode())
    return rows


class Server:
    """One data folder and the process that serves it, restarted as often as asked."""

    def __init__(self, binary, data, log_path):
        self.binary = os.path.abspath(binary)
        self.data = os.path.abspath(data)
        self.log_path = log_path
        self.port = free_port()
        self.client = Client(self.port)
        self.process = None

    def start(self):
        """Starts the process and waits until it is healthy; the seconds that it took."""
        command = [self.binary, "up", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"]
        started = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        while not self.client.healthy():
            if self.process.poll() is not None:
                code = self.process.returncode
                raise ServerDied(f"ended at its start with {code}\n{self.log_tail()}")
            if time.monotonic() - started > START_SECONDS_MAX:
                raise ServerDied(f"not healthy after {START_SECONDS_MAX:.0f} s\n{self.log_tail()}")
            time.sleep(0.02)
        return time.monotonic() - started

    def kill(self):
        """kill -9. Raises where there was nothing left to kill."""
        if self.process.poll() is not None:
            raise ServerDied(f"ended by itself with {self.process.returncode}\n{self.log_tail()}")
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Ends the process in whatever state it is."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log_tail(self, lines_max=30):
        """The last lines that the server wrote."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                return "".join(log.readlines()[-lines_max:])
        except OSError:
            return ""
