#!/usr/bin/env python3
"""Compares `crates/stele-aws/operations.toml` with botocore's models of AWS's services.

A misspelt name in the table would show only when AWS refuses the call. What is compared: that the
operation exists, protocol and version, target, endpoint and signing name, the end of the variable
`AWS_ENDPOINT_URL_…`, method and path, each parameter and where it goes, required parameters, where
the list of a page and the next token are, XML elements that are lists, and the paginator; of what
is sent, the body and its root and namespace, the names of members and of the elements of lists,
whether S3 asks for a checksum, and the client's token.

And the findings that `stele aws assess --format asff` writes, as the tests of `stele-aws` keep them,
with what `securityhub:BatchImportFindings` takes: members and their types, what is required, lengths
of lists, values of enumerations, texts that may not be empty.

Exit code 1 where something differs; each difference is one line.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

import botocore
import botocore.exceptions
import botocore.loaders
import botocore.model
import botocore.validate

TABLE = Path(__file__).resolve().parents[2] / "crates/stele-aws/operations.toml"
FINDINGS = TABLE.parent / "tests/formats/asff.json"
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
            Row(service, row, model, operation, differences).check()
            check_paginator(row, paginators.get(name), differences)
    differences.what = "asff"
    findings = check_findings(loader, differences)
    for line in differences.lines:
        print(line)
    verdict = "agree" if not differences.lines else f"differ in {len(differences.lines)} places"
    print(
        f"{count} operations of {len(table)} services, {findings} findings and botocore {botocore.__version__} {verdict}",
        file=sys.stderr,
    )
    return 1 if differences.lines else 0


def check_findings(loader, differences):
    """Whether Security Hub would take the findings, as far as its model says."""
    model = botocore.model.ServiceModel(loader.load_service_model("securityhub", "service-2"))
    shape = model.operation_model("BatchImportFindings").input_shape
    findings = json.loads(FINDINGS.read_text())
    errors = botocore.validate.ParamValidator().validate({"Findings": findings}, shape)
    if errors.has_errors():
        differences.say(errors.generate_report())
    else:
        check_texts({"Findings": findings}, shape, "", differences)
    kinds = set(model.shape_for("ResourceDetails").members) | {"AwsAccount"}
    for resource in (resource for finding in findings for resource in finding["Resources"]):
        if resource["Type"] not in kinds:
            differences.say(f"there is no type `{resource['Type']}` of resources")
    return len(findings)


def check_texts(value, shape, path, differences):
    """Enumerations and patterns, which botocore leaves to the service."""
    if shape.type_name == "structure":
        for name, member in value.items():
            check_texts(member, shape.members[name], f"{path}.{name}", differences)
    elif shape.type_name == "list":
        for item in value:
            check_texts(item, shape.member, path, differences)
    elif shape.type_name == "map":
        for key, item in value.items():
            check_texts(key, shape.key, path, differences)
            check_texts(item, shape.value, path, differences)
    elif shape.type_name == "string":
        pattern = shape.metadata.get("pattern", "")
        if shape.enum and value not in shape.enum or not re.search(pattern, value):
            differences.say(f"`{value}` cannot stand at `{path}`")


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

    def __init__(self, service, row, model, operation, differences):
        self.service = service
        self.protocol = service["protocol"]
        self.row = row
        self.shapes = model["shapes"]
        self.operation = operation
        self.differences = differences
        self.input = self.shapes.get(operation.get("input", {}).get("shape"), {})
        self.output = self.shapes.get(operation.get("output", {}).get("shape"), {})

    def check(self):
        self.check_http()
        self.check_parameters()
        self.check_body()
        self.check_again()
        self.check_answer()
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

    def sent(self):
        """All parameters that may be sent, but those of the path."""
        row = self.row
        sent = set(row.get("params", [])) | set(row.get("fixed", {}))
        sent |= set(row.get("query", {})) | set(row.get("header", {}))
        named = [row.get("next_in", row.get("next")), row.get("body"), row.get("client_token")]
        return sent | {name for name in named if name}

    def check_parameters(self):
        row, members = self.row, self.input.get("members", {})
        sent = self.sent()
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
                if placed == "header" and name not in row.get("header", {}):
                    self.differences.say(f"`{name}` goes into a header")
        for name in self.input.get("required", []):
            if name not in sent and "{" + name + "}" not in row.get("path", ""):
                self.differences.say(f"`{name}` is required")

    def check_body(self):
        """What the encoder is told of the body: where it is, and what its parts are called."""
        row, expect = self.row, self.differences.expect
        members = self.input.get("members", {})
        payload = self.input.get("payload", "")
        expect(row.get("body", ""), payload, "the body")
        whole = members.get(payload, {})
        raw = bool(payload) and self.shapes[whole["shape"]]["type"] in ("string", "blob")
        expect(row.get("raw", False), raw, "whether the body is raw")
        checksum = self.operation.get("httpChecksum", {}).get("requestChecksumRequired", False)
        expect(row.get("checksum", False), checksum, "whether there is a checksum")
        placed = [name for name in self.sent() if "location" not in members.get(name, {})]
        found = Names(self)
        if self.protocol == "rest-xml":
            # Below its own name a body is written as answers are read: by names on the wire.
            root, space = (whole or self.operation.get("input", {})), {}
            if (payload and not raw) or (not payload and placed):
                space = root.get("xmlNamespace") or {}
                space = space if isinstance(space, str) else space.get("uri", "")
                expect(row.get("root", payload), root.get("locationName"), "the root")
                expect(self.service.get("namespace", ""), space, "the namespace")
            elif "root" in row:
                self.differences.say("there is no XML body, and so no root")
            if payload and not raw:
                found.walk(whole["shape"], "")
            elif not payload:
                found.members(self.input, "", placed)
            found.names = {}
        elif self.input:
            found.members(self.input, "", placed)
        expect(row.get("names", {}), found.names, "the names")
        expect(row.get("elements", {}), found.elements, "the elements")

    def check_again(self):
        """What is said of making a write twice fits the model."""
        members = self.input.get("members", {})
        tokens = [name for name, member in members.items() if member.get("idempotencyToken")]
        token = self.row.get("client_token")
        for name in tokens:
            self.differences.expect(token, name, "the client's token")
        words = members.get(token, {}).get("documentation", "").lower()
        if token in members and token not in tokens and not re.search("idempoten|retry", words):
            self.differences.say(f"`{token}` is no token by the model's words")

    def check_answer(self):
        """Members that come as headers, and those that IAM writes percent-encoded."""
        members = self.output.get("members", {})
        wanted = {
            name: member["locationName"]
            for name, member in members.items()
            if member.get("location") == "header" and name in self.row.get("answer_header", {})
        }
        found = self.row.get("answer_header", {})
        self.differences.expect(found, wanted, "the headers of the answer")
        escaped = set()
        if self.differences.what.startswith("iam:"):
            for shape in self.reachable():
                for name, member in shape.get("members", {}).items():
                    if member["shape"] == "policyDocumentType":
                        escaped.add(name)
        self.differences.expect(set(self.row.get("escaped", [])), escaped, "what is escaped")

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


class Names:
    """What the parts of a body are called on the wire, where an encoder cannot know it."""

    def __init__(self, row):
        self.row = row
        self.names = {}
        self.elements = {}
        self.lists = {}

    def members(self, shape, path, only=None):
        for name, member in shape.get("members", {}).items():
            if only is not None and name not in only:
                continue
            inner = f"{path}.{name}" if path else name
            target = self.row.shapes[member["shape"]]
            wire = self.wire(name, member)
            if wire != name:
                self.names[inner] = wire
            if member.get("xmlAttribute") and wire != "xsi:type":
                self.row.differences.say(f"`{inner}` is an attribute")
            if target["type"] == "list":
                flat = member.get("flattened") or target.get("flattened")
                self.element(wire if self.row.protocol == "rest-xml" else name, target, flat)
            self.walk(member["shape"], inner)

    def walk(self, name, path):
        shape = self.row.shapes[name]
        if path.count(".") > 12:
            return
        if shape["type"] == "structure":
            self.members(shape, path)
        elif shape["type"] == "list":
            self.walk(shape["member"]["shape"], path)
        elif shape["type"] == "map":
            if self.row.protocol in ("query", "ec2", "rest-xml"):
                self.row.differences.say(f"`{path}` is a map, which the encoder cannot write")
            below = Names(self.row)
            below.walk(shape["value"]["shape"], path)
            if below.names:
                self.row.differences.say(f"names below the map `{path}` differ on the wire")
        elif shape["type"] == "blob":
            self.row.differences.say(f"`{path}` is a blob, which the encoder cannot write")

    def wire(self, name, member):
        if self.row.protocol == "ec2":
            wire = member.get("queryName") or member.get("locationName") or name
            return wire if "queryName" in member else wire[0].upper() + wire[1:]
        return member.get("locationName", name)

    def element(self, name, target, flat):
        """The lists whose elements are called otherwise than the encoder would call them."""
        element = target["member"].get("locationName")
        if self.row.protocol == "query":
            if flat:
                self.row.differences.say(f"`{name}` is flat, which the encoder cannot write")
            usual, element = "member", element or "member"
        elif self.row.protocol == "rest-xml" and not flat:
            usual, element = None, element or "member"
        else:
            usual = element = None
        known = self.lists.setdefault(name, element)
        if known != element:
            self.row.differences.say(f"two lists are called `{name}`, with other elements")
        if element != usual:
            self.elements[name] = element


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
