#!/usr/bin/env python3
"""Compares what the client of `stele-aws` would send with what botocore would send.

    encode.py --encode target/debug/examples/encode

For every operation of `operations.toml`, samples are made from botocore's models: all parameters of
the row with lists of two and of one element, and only what is required. botocore writes each down
and is stopped before it sends; the example `encode` writes the same. Compared are method, host,
path, query, headers, and the body as what it says: pairs of a form, JSON, XML without the order of
elements of other names. Checksums are computed again.

For each write in `READ_BACK`, botocore's body is also read by our decoder as the answer to the
matching read, and what was read is written again: it must still be what botocore wrote.

At last, hosts and regions of signatures are compared in each partition.

Exit code 1 where something differs; each difference is one line.
"""

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import urllib.parse
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import botocore.config
import botocore.loaders
import botocore.session

TABLE = Path(__file__).resolve().parents[2] / "crates/stele-aws/operations.toml"
REGION = "eu-west-1"
# One region of each partition that the client knows.
REGIONS = [
    "us-east-1",
    "cn-north-1",
    "us-gov-east-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eusc-de-east-1",
]
# Writes whose body is an answer of the read; with the member of the answer, where it is one.
READ_BACK = {
    "s3:PutBucketVersioning": ("s3:GetBucketVersioning", None),
    "s3:PutBucketLogging": ("s3:GetBucketLogging", None),
    "s3:PutBucketLifecycleConfiguration": ("s3:GetBucketLifecycleConfiguration", None),
    "s3:PutBucketTagging": ("s3:GetBucketTagging", None),
    "s3:PutPublicAccessBlock": ("s3:GetPublicAccessBlock", "PublicAccessBlockConfiguration"),
    "s3:PutObjectLockConfiguration": ("s3:GetObjectLockConfiguration", "ObjectLockConfiguration"),
}
# botocore asks for this by path, and S3 takes both.
BY_PATH = "s3:GetBucketLocation"
# Members that name a part of the host, or that AWS's tools change on the way.
PLAIN = {"Bucket": "stele-logs", "AccountId": "111122223333", "HostedZoneId": "Z1", "Id": "Z2"}
# Letters that each protocol has to write in its own way.
ODD = " é&<>\"'%+/=~\r\n;"
DEPTH_MAX = 10


class Stopped(Exception):
    """What botocore was about to send."""

    def __init__(self, request):
        super().__init__("stopped")
        self.request = request


def stop(request, **_):
    raise Stopped(request)


class Loader:
    """botocore's loader, that lets it speak the protocol of the table."""

    def __init__(self, table):
        self.inner = botocore.loaders.create_loader()
        self.table = table

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def load_service_model(self, service, kind, *rest, **named):
        model = self.inner.load_service_model(service, kind, *rest, **named)
        if kind == "service-2" and service in self.table:
            protocol = self.table[service]["protocol"]
            spoken = "json" if protocol.startswith("json") else protocol
            model["metadata"] = model["metadata"] | {"protocol": spoken, "protocols": [spoken]}
        return model


class Theirs:
    """Requests as botocore writes them."""

    def __init__(self, table):
        self.session = botocore.session.Session()
        self.session.register_component("data_loader", Loader(table))
        self.session.set_credentials("AKIDEXAMPLE", "secret")
        self.clients = {}

    def client(self, service, region):
        if (service, region) not in self.clients:
            config = botocore.config.Config(
                parameter_validation=False,
                retries={"max_attempts": 0},
                # The default of old clients is one host for all regions.
                s3={"us_east_1_regional_endpoint": "regional"},
            )
            client = self.session.create_client(service, region_name=region, config=config)
            client.meta.events.register("before-send", stop)
            self.clients[service, region] = client
        return self.clients[service, region]

    def model(self, service, name):
        return self.client(service, REGION).meta.service_model.operation_model(name)

    def request(self, service, name, region, params):
        client = self.client(service, region)
        method = {v: k for k, v in client.meta.method_to_api_mapping.items()}[name]
        try:
            getattr(client, method)(**params)
        except Stopped as stopped:
            return stopped.request
        raise AssertionError(f"{service}:{name} was sent")


class Sample:
    """Parameters, as botocore takes them."""

    def __init__(self, protocol, elements):
        self.protocol = protocol
        self.elements = elements
        self.count = 0

    def value(self, shape, name, location=None, depth=0):
        self.count += 1
        kind = shape.type_name
        if kind == "structure":
            if depth > DEPTH_MAX:
                return {}
            members = shape.members.items()
            return {n: self.value(s, n, None, depth + 1) for n, s in members}
        if kind == "list":
            if depth > DEPTH_MAX:
                return []
            return [
                self.value(shape.member, name, location, depth + 1) for _ in range(self.elements)
            ]
        if kind == "map":
            value = [self.value(shape.value, name, None, depth + 1) for _ in range(2)]
            # Keys that look like members must stay as they are.
            return {"Enable": value[0], "a key " + ODD: value[1]}
        if kind == "boolean":
            return self.count % 2 == 0
        if kind in ("integer", "long"):
            return self.count
        if kind in ("float", "double"):
            return self.count + 0.5
        if kind == "timestamp":
            by_number = self.protocol in ("json-1.0", "json-1.1", "rest-json")
            return 1_795_514_400 if by_number else "2026-11-24T10:00:00Z"
        if kind != "string":
            raise AssertionError(f"no sample of a {kind}")
        if name in PLAIN:
            return PLAIN[name]
        if shape.enum:
            return shape.enum[self.count % len(shape.enum)]
        # botocore does not escape the end of a line in every XML body; a reader then changes it.
        odd = ODD.replace("\r", "") if self.protocol == "rest-xml" else ODD
        return f"{name}-{self.count}" + ("" if location == "header" else odd)


def samples(service, row, model):
    """Named samples of an operation: in botocore's names."""
    shape = model.input_shape
    members = shape.members if shape else {}
    token = row.get("next_in", row.get("next"))
    names = set(row.get("params", [])) | set(row.get("query", {})) | set(row.get("header", {}))
    names |= set(re.findall(r"{(\w+)}", row.get("path", "") + row.get("host_prefix", "")))
    names |= {name for name in (token, row.get("body"), row.get("client_token")) if name}
    needed = set(shape.required_members if shape else []) | {row.get("client_token")}
    for title, elements, wanted in (
        ("all, lists of two", 2, names),
        ("all, lists of one", 1, names),
        ("all, empty lists", 0, names),
        ("what is required", 1, names & needed),
    ):
        sample = Sample(service["protocol"], elements)
        params = {
            name: sample.value(members[name], name, members[name].serialization.get("location"))
            for name in members
            if name in wanted
        }
        yield title, row.get("fixed", {}) | params


def ours(service, row, model, params):
    """The same by our convention: below its name an XML body is written by names on the wire."""
    if service["protocol"] != "rest-xml":
        return params
    members = model.input_shape.members if model.input_shape else {}
    body = {name for name in params if "location" not in members[name].serialization}
    return {
        name: on_wire(members[name], value) if name in body else value
        for name, value in params.items()
    }


def on_wire(shape, value):
    if shape.type_name == "structure":
        return {
            shape.members[name].serialization.get("name", name): on_wire(shape.members[name], inner)
            for name, inner in value.items()
        }
    if shape.type_name == "list":
        return [on_wire(shape.member, inner) for inner in value]
    return value


def tree(element):
    """An element without the order of those of other names."""
    children = {}
    for child in element:
        children.setdefault(child.tag, []).append(tree(child))
    text = "" if children else (element.text or "")
    return (element.tag, sorted(element.attrib.items()), text, sorted(children.items()))


def meaning(protocol, body):
    """A body as what it says."""
    text = body.decode() if isinstance(body, bytes) else (body or "")
    if protocol in ("query", "ec2"):
        return pairs(text)
    if protocol in ("json-1.0", "json-1.1", "rest-json"):
        return json.loads(text) if text else None
    if text.startswith("<"):
        return tree(ElementTree.fromstring(text))
    return text


def pairs(text):
    found = urllib.parse.parse_qsl(text, keep_blank_values=True)
    assert len(dict(found)) == len(found), text
    return dict(found)


def header_value(value):
    return value.decode() if isinstance(value, bytes) else str(value)


class Comparison:
    def __init__(self, table, program):
        self.table = table
        self.theirs = Theirs(table)
        self.program = program
        self.lines = []
        self.asked = []

    def ask(self, question, then):
        """Ours is asked for all at once, in `answer`."""
        self.asked.append((question, then))

    def answer(self):
        asked, self.asked = self.asked, []
        text = "".join(json.dumps(question) + "\n" for question, _ in asked)
        run = subprocess.run([self.program], input=text, capture_output=True, text=True, check=True)
        # Not `splitlines`, which ends a line at characters that JSON leaves as they are.
        answers = run.stdout.rstrip("\n").split("\n") if asked else []
        assert len(answers) == len(asked), "each question has one answer"
        for (_, then), line in zip(asked, answers):
            then(json.loads(line))

    def expect(self, what, found, wanted):
        if found != wanted:
            self.lines.append(f"{what}: {found!r}, botocore {wanted!r}")

    def operation(self, key, service, name, row):
        model = self.theirs.model(key, name)
        for title, params in samples(service, row, model):
            given = dict(params)
            if row.get("checksum"):
                given["ChecksumAlgorithm"] = "SHA256"
            theirs = self.theirs.request(key, name, REGION, given)
            mine = ours(service, row, model, params)
            what = f"{key}:{name} ({title})"
            self.write(what, key, name, mine, theirs)
            if f"{key}:{name}" in READ_BACK and row["body"] in params:
                self.read_back(what, key, name, row, mine, theirs)

    def write(self, what, key, name, params, theirs):
        question = {"call": f"{key}:{name}", "region": REGION, "params": params}
        self.ask(question, lambda answer: self.compare(what, key, name, answer, theirs))

    def read_back(self, what, key, name, row, params, theirs):
        """What botocore writes, read as an answer and written again."""
        read, member = READ_BACK[f"{key}:{name}"]

        def then(answer):
            state = answer if member is None else answer.get(member)
            again = params | {row["body"]: state}
            self.write(f"{what}, read back", key, name, again, theirs)

        body = theirs.body.decode() if isinstance(theirs.body, bytes) else theirs.body
        self.ask({"answer_to": read, "body": body}, then)

    def compare(self, what, key, name, answer, theirs):
        if "error" in answer:
            self.lines.append(f"{what}: {answer['error']}")
            return
        row = self.table[key]["operations"][name]
        protocol = self.table[key]["protocol"]
        self.expect(f"{what}: method", answer["method"], theirs.method)
        mine, other = (urllib.parse.urlsplit(url) for url in (answer["url"], theirs.url))
        if f"{key}:{name}" == BY_PATH:
            bucket = PLAIN["Bucket"]
            path = other.path.removeprefix(f"/{bucket}") or "/"
            other = other._replace(netloc=f"{bucket}.{other.netloc}", path=path)
        self.expect(f"{what}: host", mine.netloc, other.netloc)
        self.expect(f"{what}: path", mine.path, other.path)
        self.expect(f"{what}: query", pairs(mine.query), pairs(other.query))
        headers = {name.lower(): header_value(v) for name, v in theirs.headers.items()}
        compared = {name.lower() for name in row.get("header", {}).values()}
        compared |= {"x-amz-target", "x-amz-sdk-checksum-algorithm"}
        if "content-type" in headers:
            compared.add("content-type")
        for header in sorted(compared):
            found = answer["headers"].get(header)
            self.expect(f"{what}: header {header}", found, headers.get(header))
        # Whatever else botocore sends to AWS is about itself, or it is a checksum.
        self.expect(
            f"{what}: checksum",
            answer["headers"].get("x-amz-checksum-sha256"),
            sha256(answer["body"]) if "x-amz-checksum-sha256" in headers else None,
        )
        try:
            bodies = [meaning(protocol, body) for body in (answer["body"], theirs.body)]
        except (ElementTree.ParseError, json.JSONDecodeError) as error:
            self.lines.append(f"{what}: a body cannot be read: {error}: {answer['body']!r}")
            return
        self.expect(f"{what}: body", bodies[0], bodies[1])

    def places(self):
        """Hosts and regions of signatures, for one operation of each service."""
        for key, service in self.table.items():
            for name, row in service["operations"].items():
                if not row.get("unsigned"):
                    break
            model = self.theirs.model(key, name)
            params = dict(samples(service, row, model))["what is required"]
            for region in REGIONS:
                theirs = self.theirs.request(key, name, region, params)
                signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", authorization(theirs))
                place = (urllib.parse.urlsplit(theirs.url).netloc, *signed.groups())
                mine = ours(service, row, model, params)
                question = {"call": f"{key}:{name}", "region": region, "params": mine}
                self.ask(question, self.place(f"{key} in {region}", place))

    def place(self, what, wanted):
        def then(answer):
            host = urllib.parse.urlsplit(answer.get("url", "")).netloc
            found = (host, answer.get("signing_region"), answer.get("signing_name"))
            self.expect(what, found, wanted)

        return then


def sha256(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def authorization(request):
    return header_value(request.headers["Authorization"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encode", required=True, help="the example `encode` of stele-aws, built")
    program = parser.parse_args().encode
    table = tomllib.loads(TABLE.read_text())
    comparison = Comparison(table, program)
    count = 0
    for key, service in table.items():
        for name, row in service["operations"].items():
            count += 1
            comparison.operation(key, service, name, row)
    comparison.places()
    requests = 0
    # What was read back is written in a second round.
    while comparison.asked:
        requests += len(comparison.asked)
        comparison.answer()
    for line in comparison.lines:
        print(line)
    differ = f"differ in {len(comparison.lines)} places"
    verdict = differ if comparison.lines else "are the same"
    print(f"{requests} requests of {count} operations {verdict}", file=sys.stderr)
    return 1 if comparison.lines else 0


if __name__ == "__main__":
    sys.exit(main())
