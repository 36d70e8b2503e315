#!/usr/bin/env python3
"""Compares `crates/stele-aws/operations.toml` with botocore's models of AWS's services.

A misspelt name in the table would show only when AWS refuses the call. What is compared: that the
operation exists, protocol and version, target, endpoint and signing name, the end of the variable
`AWS_ENDPOINT_URL_…`, method and path, each parameter and where it goes, required parameters, where
the list of a page and the next token are, XML elements that are lists, and the paginator.

Exit code 1 where something differs; each difference is one line.
"""

import sys
import tomllib
from pathlib import Path

import botocore
import botocore.exceptions
import botocore.loaders

TABLE = Path(__file__).resolve().parents[2] / "crates/stele-aws/operations.toml"
PROTOCOLS = {"json-1.0": "json", "json-1.1": "json"}


class Differences:
    def __init__(self):
        self.lines = []
        self.what = ""

    def expect(self, found, wanted, of):
        if found != wanted:
            self.lines.append(f"{self.what}: {of} is {found!r}, in the model {wanted!r}")

    def say(self, text):
        self.lines.append(f"{self.what}: {text}")


def main():
    loader = botocore.loaders.create_loader()
    table = tomllib.loads(TABLE.read_text())
    differences = Differences()
    count = 0
    for key, service in table.items():
        model = loader.load_service_model(key, "service-2")
        try:
            paginators = loader.load_service_model(key, "paginators-1")["pagination"]
        except botocore.exceptions.UnknownServiceError:
            paginators = {}
        differences.what = key
        check_service(key, service, model["metadata"], differences)
        for name, row in service["operations"].items():
            count += 1
            differences.what = f"{key}:{name}"
            operation = model["operations"].get(name)
            if operation is None:
                differences.say("there is no such operation")
                continue
            Row(service["protocol"], row, model, operation, differences).check()
            check_paginator(row, paginators.get(name), differences)
    for line in differences.lines:
        print(line)
    verdict = "agree" if not differences.lines else f"differ in {len(differences.lines)} places"
    print(
        f"{count} operations of {len(table)} services and botocore {botocore.__version__} {verdict}",
        file=sys.stderr,
    )
    return 1 if differences.lines else 0


def check_service(key, service, metadata, differences):
    protocol = PROTOCOLS.get(service["protocol"], service["protocol"])
    if protocol not in metadata.get("protocols", [metadata["protocol"]]):
        differences.expect(protocol, metadata["protocol"], "the protocol")
    if protocol == "json":
        wanted = f"json-{metadata['jsonVersion']}"
        differences.expect(service["protocol"], wanted, "the protocol")
        differences.expect(service.get("target", ""), metadata["targetPrefix"], "the target")
    if protocol in ("query", "ec2"):
        differences.expect(service.get("version", ""), metadata["apiVersion"], "the version")
    endpoint = service.get("endpoint", key)
    differences.expect(endpoint, metadata["endpointPrefix"], "the endpoint")
    wanted = metadata.get("signingName", metadata["endpointPrefix"])
    differences.expect(service.get("signing", endpoint), wanted, "the signing name")
    wanted = metadata["serviceId"].replace(" ", "_").upper()
    differences.expect(service.get("variable", key.upper()), wanted, "the variable")


class Row:
    """One operation against its model."""

    def __init__(self, protocol, row, model, operation, differences):
        self.protocol = protocol
        self.row = row
        self.shapes = model["shapes"]
        self.operation = operation
        self.differences = differences
        self.input = self.shapes.get(operation.get("input", {}).get("shape"), {})
        self.output = self.shapes.get(operation.get("output", {}).get("shape"), {})

    def check(self):
        self.check_http()
        self.check_parameters()
        payload = self.output.get("payload", "")
        members = self.output.get("members", {})
        if not payload and self.protocol == "rest-xml" and list(members) == [self.row.get("payload")]:
            # The root element is the only member, and its text the value (GetBucketLocation).
            payload = self.row["payload"]
        self.differences.expect(self.row.get("payload", payload), payload, "the payload")
        if "items" in self.row:
            self.resolve(self.row["items"], "list")
            self.resolve(self.row.get("next_out", self.row.get("next")), "token")
        for name in self.row.get("lists", []) + self.row.get("repeats", []):
            if not any(name in wire_lists(shape) for shape in self.reachable()):
                self.differences.say(f"no list is called `{name}`")
        self.check_lists_are_named()

    def check_http(self):
        http = self.operation["http"]
        if not self.protocol.startswith("rest"):
            return
        self.differences.expect(self.row["method"], http["method"], "the method")
        path = http["requestUri"].replace("+}", "}")
        for member, shape in self.input.get("members", {}).items():
            if shape.get("location") == "uri":
                path = path.replace("{" + shape["locationName"] + "}", "{" + member + "}")
        self.differences.expect(self.row["path"], path, "the path")
        prefix = self.operation.get("endpoint", {}).get("hostPrefix", "")
        self.differences.expect(self.row.get("host_prefix", ""), prefix, "the host prefix")

    def check_parameters(self):
        row, members = self.row, self.input.get("members", {})
        sent = set(row.get("params", [])) | set(row.get("fixed", {}))
        sent |= set(row.get("query", {})) | set(row.get("header", {}))
        token = row.get("next_in", row.get("next"))
        if token:
            sent.add(token)
        for name in sorted(sent):
            if name not in members:
                self.differences.say(f"there is no parameter `{name}`")
        for where, location in (("query", "querystring"), ("header", "header")):
            for name, wire in row.get(where, {}).items():
                member = members.get(name, {})
                found = (location, wire)
                wanted = (member.get("location"), member.get("locationName"))
                self.differences.expect(found, wanted, f"the place of `{name}`")
        if self.protocol.startswith("rest"):
            for name in sent:
                placed = members.get(name, {}).get("location")
                if placed == "querystring" and name not in row.get("query", {}):
                    self.differences.say(f"`{name}` goes into the query")
        for name in self.input.get("required", []):
            if name not in sent and "{" + name + "}" not in row.get("path", ""):
                self.differences.say(f"`{name}` is required")

    def wire(self, member, shape):
        name = shape.get("locationName", member)
        target = self.shapes[shape["shape"]]
        if self.protocol in ("query", "rest-xml") and target.get("flattened"):
            name = target["member"].get("locationName", name)
        return name[0].upper() + name[1:] if self.protocol == "ec2" else name

    def resolve(self, path, what):
        shape = self.output
        for part in path.split("."):
            members = {self.wire(m, s): s for m, s in shape.get("members", {}).items()}
            if part not in members:
                self.differences.say(f"the answer holds no {what} `{path}`: {sorted(members)}")
                return
            shape = self.shapes[members[part]["shape"]]

    def reachable(self):
        seen, todo = set(), [self.operation.get("output", {}).get("shape")]
        while todo:
            name = todo.pop()
            if name is None or name in seen:
                continue
            seen.add(name)
            shape = self.shapes[name]
            yield shape
            todo += [member["shape"] for member in shape.get("members", {}).values()]
            todo += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]

    def check_lists_are_named(self):
        """An XML list whose elements are not `member` or `item` must be named in the table."""
        if self.protocol not in ("query", "ec2", "rest-xml") or "items" not in self.row:
            return
        member = self.row["items"].split(".")[-1]
        for shape in self.reachable():
            for name, inner in shape.get("members", {}).items():
                target = self.shapes[inner["shape"]]
                if target["type"] != "list" or self.wire(name, inner) != member:
                    continue
                element = target["member"].get("locationName", "member")
                named = member in self.row.get("lists", []) + self.row.get("repeats", [])
                if element not in ("member", "item") and not named:
                    self.differences.say(f"`{member}` holds `{element}`: name it in `lists`")


def wire_lists(shape):
    for name, member in shape.get("members", {}).items():
        yield member.get("locationName", name)


def check_paginator(row, paginator, differences):
    """Where botocore pages, so does the table, with the same tokens."""
    if paginator is None or "items" not in row and not row.get("next_in", row.get("next")):
        if paginator is not None:
            differences.say("botocore reads pages, the table does not")
        return
    token = row.get("next_in", row.get("next"))
    differences.expect(token, paginator["input_token"], "the paginator's token")


if __name__ == "__main__":
    sys.exit(main())
