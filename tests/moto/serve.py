#!/usr/bin/env python3
"""A stand-in for AWS: moto's server, corrected where it differs from AWS, with every call on record.

    serve.py [--port N] [--demo | --crowd] [--calls FILE] [--refuse CALL[=CODE]]... [--throttle CALL=N]...

It prints one line, `listening on http://127.0.0.1:PORT`, when it can be asked. CALL is
`service:Operation` as in `crates/stele-aws/operations.toml`, or a pattern of them. `--refuse` denies
a call (or answers with CODE), `--throttle` answers the first N of them with a throttling error.
`--calls` writes each call as a line of JSON: call, region, status. While it runs,
`/stele-control?refuse=CALL` refuses other calls instead, and `/stele-control?hold=CALL` answers a
call only when it is not held any more. `--demo` fills the account of `demo.py` first, which has two regions, `--crowd` that of
`crowd.py`, which has one.

Each correction below says what AWS does: they are of answers, and of what nobody can write. What
moto does otherwise when it is written to stands in `corrections.py`.
"""

import argparse
import contextlib
import fnmatch
import io
import json
import logging
import re
import sys
import threading
import time
from pathlib import Path

import corrections
import tomllib
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

TABLE = Path(__file__).resolve().parents[2] / "crates/stele-aws/operations.toml"


class Names:
    """Which operation a request is, by the table of operations."""

    def __init__(self):
        table = tomllib.loads(TABLE.read_text())
        self.targets, self.queries, self.paths = {}, {}, []
        for key, service in table.items():
            for name, row in service["operations"].items():
                protocol = service["protocol"]
                if protocol.startswith("json"):
                    self.targets[f"{service['target']}.{name}"] = f"{key}:{name}"
                elif protocol in ("query", "ec2"):
                    self.queries[(name, service["version"])] = f"{key}:{name}"
                else:
                    path, _, query = row["path"].partition("?")
                    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))
                    signing = service.get("signing", service.get("endpoint", key))
                    row = (signing, row["method"], re.compile(pattern + "/?$"), query, f"{key}:{name}")
                    self.paths.append(row)
        # Paths with a fixed query before those without.
        self.paths.sort(key=lambda path: not path[3])

    def of(self, request):
        target = request.headers.get("X-Amz-Target")
        if target:
            return self.targets.get(target, f"unknown:{target.rsplit('.', 1)[-1]}")
        action = request.form.get("Action")
        if action:
            version = request.form.get("Version", "")
            return self.queries.get((action, version), f"unknown:{action}")
        signing, _ = scope(request)
        for service, method, pattern, query, name in self.paths:
            if service == signing and method == request.method and pattern.match(request.path):
                if not query or query in request.args:
                    return name
        return f"{signing}:{request.method} {request.path}"


def scope(request):
    """The service and the region that the request was signed for."""
    found = re.search(
        r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", request.headers.get("Authorization", "")
    )
    return (found.group(2), found.group(1)) if found else ("", "us-east-1")


def refusal(name, code, status=400):
    """An error in the protocol of the call."""
    service = name.split(":")[0]
    if service in ("ec2",):
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>as told</Message></Error></Errors></Response>"
        return Response(body, status=status, mimetype="text/xml")
    if service in ("sts", "elbv2", "elb", "rds", "redshift", "iam", "cloudwatch", "cloudformation"):
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>as told</Message></Error></ErrorResponse>"
        return Response(body, status=status, mimetype="text/xml")
    if service in ("s3", "s3control", "route53", "cloudfront"):
        body = f"<Error><Code>{code}</Code><Message>as told</Message></Error>"
        return Response(body, status=status, mimetype="text/xml")
    body = json.dumps({"__type": code, "message": "as told"})
    return Response(body, status=status, mimetype="application/json")


# --- What AWS does and moto does not ---------------------------------------------------------

DEFAULT_SELECTOR = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


def default_selectors(answer):
    """A trail that nobody gave selectors records all management events."""
    if not answer.get("EventSelectors") and not answer.get("AdvancedEventSelectors"):
        answer["EventSelectors"] = [DEFAULT_SELECTOR]
    return answer


def log_attributes(body):
    """ELB shows the attributes of access logs before anybody has set them."""
    if b"access_logs.s3.enabled" in body:
        return body
    member = (
        b"<member><Key>access_logs.s3.enabled</Key><Value>false</Value></member>"
        b"<member><Key>access_logs.s3.bucket</Key><Value/></member>"
        b"<member><Key>access_logs.s3.prefix</Key><Value/></member>"
    )
    return body.replace(b"</Attributes>", member + b"</Attributes>")


def empty(**members):
    return lambda request: Response(json.dumps(members), mimetype="application/json")


# Calls that moto does not know. AWS answers that there is nothing.
MISSING = {
    # Deliveries that nobody has reported on; AWS lists a status for each channel.
    "config:DescribeDeliveryChannelStatus": empty(DeliveryChannelsStatus=[]),
    # None of an aggregator's sources failed.
    "config:DescribeConfigurationAggregatorSourcesStatus": empty(AggregatedSourceStatusList=[]),
    "logs:DescribeAccountPolicies": empty(accountPolicies=[]),
    # Systems Manager knows machines only once an agent of theirs has come to it.
    "ssm:DescribeInstanceInformation": empty(InstanceInformationList=[]),
}
CORRECTED_JSON = {"cloudtrail:GetEventSelectors": default_selectors}
CORRECTED_BODY = {
    "elbv2:DescribeLoadBalancerAttributes": log_attributes,
    # AWS answers with nothing, moto with what it was sent.
    "s3:PutBucketPolicy": lambda body: b"",
}


def insights_not_enabled(name, response):
    """AWS answers with an error where Insights were never on; moto answers with an empty list."""
    if name == "cloudtrail:GetInsightSelectors" and response.status_code == 200:
        if not json.loads(response.get_data() or b"{}").get("InsightSelectors"):
            return refusal(name, "InsightNotEnabledException")
    return response


# ---------------------------------------------------------------------------------------------


class Server:
    def __init__(self, options):
        corrections.apply()
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.names = Names()
        self.refused = [rule.partition("=")[::2] for rule in options.refuse]
        self.throttled = {call: int(n) for call, _, n in (r.partition("=") for r in options.throttle)}
        self.calls = open(options.calls, "a", buffering=1) if options.calls else None
        self.lock = threading.Lock()
        self.held = []

    def __call__(self, environ, start_response):
        request = Request(environ)
        # Read before the body is used up: moto reads the stream again.
        body = request.get_data(cache=True, parse_form_data=False)
        if request.path.startswith("/moto-api"):
            return self.moto(environ, start_response)
        if request.path == "/stele-control":
            with self.lock:
                self.refused = [rule.partition("=")[::2] for rule in request.args.getlist("refuse")]
                self.held = request.args.getlist("hold")
            return Response("ok")(environ, start_response)
        form = Request({**environ, "wsgi.input": _stream(body)})
        name = self.names.of(form)
        while any(fnmatch.fnmatchcase(name, pattern) for pattern in self.held):
            time.sleep(0.01)
        response = self.told(name) or self.answer(name, environ, body)
        if self.calls:
            service, region = scope(request)
            line = {"call": name, "region": region, "status": response.status_code}
            with self.lock:
                self.calls.write(json.dumps(line) + "\n")
        return response(environ, start_response)

    def told(self, name):
        for pattern, code in self.refused:
            if fnmatch.fnmatchcase(name, pattern):
                return refusal(name, code or "AccessDenied", 403)
        with self.lock:
            for pattern, left in self.throttled.items():
                if fnmatch.fnmatchcase(name, pattern) and left > 0:
                    self.throttled[pattern] = left - 1
                    return refusal(name, "Throttling")
        return None

    def answer(self, name, environ, body):
        if name in MISSING:
            return MISSING[name](Request(environ))
        environ = {**environ, "wsgi.input": _stream(body)}
        response = Response.from_app(self.moto, environ)
        if response.status_code == 200 and name in CORRECTED_JSON:
            answer = CORRECTED_JSON[name](json.loads(response.get_data()))
            response.set_data(json.dumps(answer))
        if response.status_code == 200 and name in CORRECTED_BODY:
            response.set_data(CORRECTED_BODY[name](response.get_data()))
        return insights_not_enabled(name, response)


def _stream(body):
    return io.BytesIO(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--crowd", action="store_true")
    parser.add_argument("--calls")
    parser.add_argument("--refuse", action="append", default=[], metavar="CALL[=CODE]")
    parser.add_argument("--throttle", action="append", default=[], metavar="CALL=N")
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", options.port, Server(options), threaded=True)
    url = f"http://127.0.0.1:{server.port}"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    if options.demo:
        from demo import OTHER, REGION, Demo

        corrections.regions(REGION, OTHER)
        Demo(url).fill()
    if options.crowd:
        from account import REGION
        from crowd import Crowd

        corrections.regions(REGION)
        Crowd(url).fill()
    print(f"listening on {url}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        serving.join()


if __name__ == "__main__":
    sys.exit(main())
