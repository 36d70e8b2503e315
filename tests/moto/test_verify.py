#!/usr/bin/env python3
"""`stele verify` over copies of a data folder: in tars, and in a bucket of the stand-in for AWS.

    test_verify.py --binary target/debug/stele

What is looked at: a copy is verified as the folder is, with every flag, and the report is the same
but for the names, which are those in the copy; a byte that was changed and a file that is gone are
found and named; what is cut short, refused or hostile is never called verified; nothing is left in
the temporary folder. `stele-verify`, beside the binary, reads tars and no S3.
"""

import argparse
import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import boto3

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "external"))
from stele_server import Server  # noqa: E402

from test_assess import REGION, Failed, expect, made, refuse, stand_in  # noqa: E402

BUCKET = "copies"
EVENTS = 1_500


class Stele:
    """The binaries, with a temporary folder of their own in which nothing may stay."""

    def __init__(self, binary, folder):
        self.binary = binary
        self.small = str(Path(binary).with_name("stele-verify"))
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.url = None

    def run(self, *words, code=None, program=None, variables=None):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "TMPDIR": str(self.temporary),
            "STELE_WAL_SEGMENT_BYTES": "1048576",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **({"AWS_ENDPOINT_URL": self.url} if self.url else {}),
            **(variables or {}),
        }
        command = [program or self.binary, *map(str, words)]
        done = subprocess.run(
            command, env=environment, cwd=self.temporary, capture_output=True, text=True, timeout=300
        )
        if code is not None:
            shown = f"{words}: exit {done.returncode}, wanted {code}\n{done.stdout}{done.stderr}"
            expect(done.returncode == code, shown)
        left = sorted(path.name for path in self.temporary.iterdir())
        expect(not left, f"{words}: left in the temporary folder: {left}")
        return done

    def verify(self, place, *flags, code, program=None):
        words = ["verify"] if program is None else []
        done = self.run(*words, place, "--json", *flags, code=code, program=program)
        return json.loads(done.stdout)


class Copy:
    """A data folder that is copied."""

    def __init__(self, data, folder):
        self.data, self.folder = data, folder
        self.key = data / "keys" / "ledger.keys"
        self.files = {}
        for path in sorted(data.rglob("*")):
            if path.is_file():
                self.files[path.relative_to(data).as_posix()] = path.read_bytes()

    def a_parquet_file(self):
        return next(name for name in self.files if name.endswith(".parquet"))

    def changed(self):
        """The files, one bit of a Parquet file changed; and which file that is."""
        name = self.a_parquet_file()
        middle = len(self.files[name]) // 2
        contents = bytearray(self.files[name])
        contents[middle] ^= 1
        return {**self.files, name: bytes(contents)}, name


def tar_of(files, prefix=""):
    """A tar of these files, with entries for their folders as `tar` makes them."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.GNU_FORMAT) as tar:
        folders = set()
        for name, contents in files.items():
            for parent in reversed(Path(prefix + name).parents[:-1]):
                if parent not in folders:
                    folders.add(parent)
                    entry = tarfile.TarInfo(parent.as_posix())
                    entry.type = tarfile.DIRTYPE
                    tar.addfile(entry)
            entry = tarfile.TarInfo(prefix + name)
            entry.size = len(contents)
            tar.addfile(entry, io.BytesIO(contents))
    return output.getvalue()


def zstandard(contents):
    """One frame of blocks that are stored as they are, or are one byte again and again."""
    block = 128 << 10
    frame = [b"\x28\xb5\x2f\xfd", b"\x00", bytes([7 << 3])]
    for begin in range(0, len(contents), block):
        part = contents[begin : begin + block]
        last = begin + block >= len(contents)
        same = part == part[:1] * len(part)
        header = int(last) | (int(same) << 1) | (len(part) << 3)
        frame += [header.to_bytes(3, "little"), part[:1] if same else part]
    return b"".join(frame)


class Bucket:
    def __init__(self, url):
        self.client = boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.client.create_bucket(Bucket=BUCKET)

    def put(self, files, prefix=""):
        for name, contents in files.items():
            self.client.put_object(Bucket=BUCKET, Key=prefix + name, Body=contents)

    def remove(self, name):
        self.client.delete_object(Bucket=BUCKET, Key=name)


def make(stele, folder):
    """A folder with files of the table, and events that are only in the write-ahead log."""
    data = folder / "data"
    for number in range(2):
        lines = [json.dumps({"file": number, "event": n}) for n in range(EVENTS // 3)]
        source = folder / f"{number}.ndjson"
        source.write_text("\n".join(lines) + "\n")
        stele.run("--data", data, "import", source, code=0)
    os.environ["STELE_WAL_SEGMENT_BYTES"] = "1048576"
    server = Server(stele.binary, str(data), str(folder / "log"))
    server.start()
    try:
        lines = [json.dumps({"file": 2, "event": n}) for n in range(EVENTS // 3)]
        server.client.request("POST", "/api/v1/ingest/json", "\n".join(lines).encode())
        # The batch closes after a second, and a second later its record is signed.
        deadline = time.monotonic() + 30
        while True:
            time.sleep(0.5)
            report = json.loads(stele.run("verify", data, "--json").stdout)
            if report["outcome"] == "verified" and report["verified"]["events"] == EVENTS:
                break
            expect(time.monotonic() < deadline, f"the events do not come on record: {report}")
        server.kill()
    finally:
        server.stop()
    return Copy(data, folder)


def without_names(report, prefix):
    """The report, the names in it as they are in the folder."""
    for finding in report["findings"]:
        if "object" in finding:
            expect(finding["object"].startswith(prefix), f"{finding} is not below `{prefix}`")
            finding["object"] = finding["object"][len(prefix) :]
    report["findings"].sort(key=json.dumps)
    return report


def compare_all(stele, copy, places, program=None):
    """Every copy gives the report of the folder, with every flag."""
    archive = sorted(
        (int(name.rsplit("/", 1)[1]), name) for name in copy.files if "_ledger/1/archive/" in name
    )
    older = copy.data / archive[len(archive) // 2][1]
    anchors = copy.folder / "anchors"
    anchors.mkdir(exist_ok=True)
    (anchors / "one").write_bytes(older.read_bytes())
    # A witness that has signed nothing: signed-note, "Verifier keys".
    point = b"\x04" + bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    number = hashlib.sha256(b"nobody\n" + point).digest()[:4].hex()
    nobody = f"nobody+{number}+{base64.b64encode(point).decode()}"
    seen = {}
    for flags, code in [
        ((), 0),
        (("--quick",), 0),
        (("--deep", "--threads", "1"), 0),
        (("--since", older), 0),
        (("--anchors", anchors), 0),
        (("--witness", nobody), 3),
    ]:
        report = stele.verify(copy.data, "--key", copy.key, *flags, code=code)
        wanted = without_names(report, "")
        seen[flags] = wanted
        for place, prefix in places:
            report = stele.verify(place, "--key", copy.key, *flags, code=code, program=program)
            same = without_names(report, prefix) == wanted
            expect(same, f"{place} {flags}: {report}\nthe folder: {wanted}")
    whole = seen[()]["verified"]
    expect(whole["events"] == EVENTS, f"{whole}")
    expect(whole["rows"] + whole["rows_in_log"] == EVENTS and whole["rows_in_log"] > 0, f"{whole}")
    expect(seen[("--quick",)]["verified"]["rows"] == 0, "--quick reads rows")
    return whole


def found(report, kind, name):
    names = [one.get("object") for one in report["findings"] if one["kind"] == kind]
    expect(name in names, f"`{kind}` of `{name}` is not among {report['findings']}")


def tars(stele, copy, folder):
    def path(name, contents):
        (folder / name).write_bytes(contents)
        return folder / name

    dotted, deep = tar_of(copy.files, "./"), tar_of(copy.files, "var/lib/stele/")
    backup = tar_of(copy.files, "backup/")
    places = [
        (path("plain.tar", dotted), ""),
        (path("packed.tar.gz", gzip.compress(backup, 6)), "backup/"),
        # Its name says nothing.
        (path("packed.bin", zstandard(deep)), "var/lib/stele/"),
    ]
    compare_all(stele, copy, places)
    compare_all(stele, copy, places[1:2], program=stele.small)
    # What `tar` itself makes, of files with holes and of the lake folder alone.
    sparse, lake = folder / "sparse.tar.gz", folder / "lake.tar"
    subprocess.run(["tar", "-C", copy.data, "-czSf", sparse, "."], check=True)
    subprocess.run(["tar", "-C", copy.data, "-cf", lake, "lake"], check=True)
    report = stele.verify(sparse, "--key", copy.key, code=0)
    expect(report["verified"]["events"] == EVENTS, f"{report}")
    report = stele.verify(lake, "--key", copy.key, code=4)
    expect(set(report["counts"]) - {"stopped", "crash-gap"} == {"row-not-here"}, report["counts"])
    # Without a key that of the copy itself is taken, aloud.
    done = stele.run("verify", places[1][0], code=0)
    expect("taken from the folder itself" in done.stderr, done.stderr)
    keyless = {name: text for name, text in copy.files.items() if not name.startswith("keys/")}
    done = stele.run("verify", path("keyless.tar", tar_of(keyless)), code=1)
    expect("--key" in done.stderr, done.stderr)
    changed, name = copy.changed()
    report = stele.verify(
        path("changed.tar.gz", gzip.compress(tar_of(changed, "backup/"), 1)), code=3
    )
    found(report, "file-hash", f"backup/{name}")
    flipped = bytearray(backup)
    flipped[backup.index(copy.files[name]) + len(copy.files[name]) // 2] ^= 1
    report = stele.verify(path("flipped.tar", flipped), code=3)
    found(report, "file-hash", f"backup/{name}")
    for gone, kind in [
        (name, "file-missing"),
        ("lake/_ledger/1/checkpoint", "checkpoint-missing"),
        ("lake/_ledger/1/seeds/000", "seed-missing"),
    ]:
        rest = {one: text for one, text in copy.files.items() if one != gone}
        report = stele.verify(path("gone.tar", tar_of(rest, "backup/")), code=3)
        found(report, kind, f"backup/{gone}")
    cut_short(stele, copy, path, backup)
    hostile(stele, copy, path)


def cut_short(stele, copy, path, whole):
    packed, frame = gzip.compress(whole, 6), zstandard(whole)
    for name, contents in [
        ("cut.tar.gz", packed[: len(packed) // 2]),
        ("tail.tar.gz", packed[:-4]),
        ("cut.tar", whole[: len(whole) // 2]),
        ("cut.tar.zst", frame[: len(frame) // 2]),
        ("damaged.tar.gz", packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]),
    ]:
        cut = path(name, contents)
        for flags in [(), ("--key", copy.key), ("--key", copy.key, "--quick")]:
            report = stele.verify(cut, *flags, code=4)
            expect(report["outcome"] == "incomplete", f"{report}")
            found(report, "copy-unread", str(cut))
        done = stele.run("verify", cut, "--key", copy.key, code=4)
        expect("copy-unread" in done.stdout and "\nverified" not in done.stdout, done.stdout)
        done = stele.run(cut, "--key", copy.key, code=4, program=stele.small)
        expect("incomplete" in done.stdout, done.stdout)


def hostile(stele, copy, path):
    def with_entry(**what):
        output = io.BytesIO(tar_of(copy.files))
        with tarfile.open(fileobj=output, mode="a") as tar:
            entry = tarfile.TarInfo(what["name"])
            entry.type = what.get("type", tarfile.REGTYPE)
            entry.linkname = what.get("linkname", "")
            tar.addfile(entry)
        return output.getvalue()

    for what, text in [
        ({"name": "../outside"}, "leads out of its folder"),
        ({"name": "lake/../../outside"}, "leads out of its folder"),
        ({"name": "/tmp/outside"}, "absolute path"),
        ({"name": "lake/x", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "a link"),
        ({"name": "lake/x", "type": tarfile.LNKTYPE, "linkname": "keys/ledger.key"}, "a link"),
        ({"name": "lake/x", "type": tarfile.FIFOTYPE}, "no file"),
        ({"name": copy.a_parquet_file()}, "there twice"),
    ]:
        for program in (None, stele.small):
            words = ["verify"] if program is None else []
            tar = path("hostile.tar", with_entry(**what))
            done = stele.run(*words, tar, "--key", copy.key, code=1, program=program)
            expect(text in done.stderr and what["name"] in done.stderr, done.stderr)
    for name, contents, text in [
        ("text", b"a text", "neither a folder nor a tar"),
        ("empty.tar", tar_of({}), "holds no data folder"),
        ("other.tar", tar_of({"a/b": b""}), "holds no data folder"),
        ("two.tar", tar_of({f"{n}/lake/_ledger/1/checkpoint": b"" for n in "ab"}), "several"),
    ]:
        done = stele.run("verify", path(name, contents), "--key", copy.key, code=1)
        expect(text in done.stderr and name in done.stderr, done.stderr)


def buckets(stele, copy, folder):
    with stand_in(folder) as (url, calls):
        stele.url = url
        bucket = Bucket(url)
        url = f"s3://{BUCKET}"
        deep = "of/host-1/"
        bucket.put(copy.files, deep)
        # Tools put these where they want a folder to be seen.
        bucket.put({"lake/events/": b"", "lake/events/dataset=main/": b""}, deep)
        calls.write_text("")
        whole = compare_all(stele, copy, [(f"{url}/{deep}", deep), (f"{url}/of/host-1", deep)])
        asked = made(calls)
        expect(all(call["call"].startswith("s3:GET ") for call in asked), "only reads are asked")
        gets_nothing_needless(stele, copy, f"{url}/{deep}", calls)
        report = stele.verify(f"{url}/{deep}lake", "--key", copy.key, code=4)
        expect("row-not-here" in report["counts"], report["counts"])
        done = stele.run("verify", f"{url}/{deep}", code=0)
        expect("taken from the folder itself" in done.stderr, done.stderr)
        not_there(stele, copy, url)
        refused(stele, copy, f"{url}/{deep}", deep)

        changed, name = copy.changed()
        bucket.put({name: changed[name]}, deep)
        report = stele.verify(f"{url}/{deep}", "--key", copy.key, code=3)
        found(report, "file-hash", deep + name)
        bucket.remove(deep + name)
        report = stele.verify(f"{url}/{deep}", "--key", copy.key, code=3)
        found(report, "file-missing", deep + name)
        bucket.put({name: copy.files[name]}, deep)
        segments = [one for one in copy.files if one.startswith("wal/") and one.endswith(".seg")]
        for gone, kind in [
            ("lake/_ledger/1/checkpoint", "checkpoint-missing"),
            ("lake/events/_delta_log/00000000000000000001.json", "commit-file-missing"),
            (segments[-1], "row-missing"),
        ]:
            bucket.remove(deep + gone)
            report = stele.verify(f"{url}/{deep}", "--key", copy.key, code=3)
            expect(kind in report["counts"], f"{gone}: {report['counts']}")
            bucket.put({gone: copy.files[gone]}, deep)
        # At the top of a bucket names are those of the folder.
        bucket.put(copy.files)
        compare_all(stele, copy, [(url, "")])
        done = stele.run(url, "--key", copy.key, code=1, program=stele.small)
        expect("`stele verify` reads from S3" in done.stderr, done.stderr)
        stele.url = None
        return whole


def gets_nothing_needless(stele, copy, url, calls):
    """Each file of the table is fetched once, and none where no row is read."""
    parquet = [name for name in copy.files if name.endswith(".parquet")]
    for flags, wanted in [((), len(parquet)), (("--quick",), 0)]:
        calls.write_text("")
        stele.verify(url, "--key", copy.key, *flags, code=0)
        paths = [call["call"] for call in made(calls)]
        count = sum(path.endswith(".parquet") for path in paths)
        expect(count == wanted, f"{flags}: {count} files of the table were fetched, not {wanted}")
        secret = [path for path in paths if "/keys/" in path or "/once/" in path]
        expect(not secret, f"{flags}: {secret} were fetched")


def not_there(stele, copy, url):
    for place, text in [
        (f"{url}/no/such", "there is no data folder"),
        (f"{url}/of", "there is no data folder"),
        ("s3://no-such-bucket/x", "NoSuchBucket"),
        ("s3://", "names no bucket"),
    ]:
        done = stele.run("verify", place, "--key", copy.key, code=1)
        expect(text in done.stderr, f"{place}: {done.stderr}")
    done = stele.run(
        "verify", f"{url}/of", "--key", copy.key, code=1,
        variables={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
    )
    expect("no credentials" in done.stderr, done.stderr)


def refused(stele, copy, place, prefix):
    """What may not be read is named, and nothing is called gone."""
    segment = next(n for n in copy.files if n.startswith("wal/") and n.endswith(".seg"))
    bundle = next(name for name in copy.files if "/tile/entries/" in name)
    for name in [
        copy.a_parquet_file(),
        "lake/_ledger/1/checkpoint",
        "lake/_ledger/1/seeds/000",
        "lake/events/_delta_log/00000000000000000001.json",
        bundle,
        segment,
    ]:
        # Behind `=` the stand-in expects the code of the refusal.
        refuse(stele.url, f"s3:GET /{BUCKET}/{prefix}{name}".replace("=", "?"))
        report = stele.verify(place, "--key", copy.key, code=4)
        found(report, "unreadable", prefix + name)
        detail = next(f["detail"] for f in report["findings"] if f["kind"] == "unreadable")
        expect("403" in detail or "denied" in detail.lower(), detail)
    refuse(stele.url, f"s3:GET /{BUCKET}")
    done = stele.run("verify", place, "--key", copy.key, code=1)
    expect("AccessDenied" in done.stderr, done.stderr)
    refuse(stele.url)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(BrokenPipeError):
        folder = Path(folder)
        stele = Stele(str(Path(options.binary).resolve()), folder)
        try:
            copy = make(stele, folder)
            tars(stele, copy, folder)
            whole = buckets(stele, copy, folder)
        except Failed as failed:
            print(f"failed: {failed}", file=sys.stderr)
            return 1
    shown = f"{whole['rows']} in files, {whole['rows_in_log']} in the write-ahead log"
    print(f"stele verify: copies in tars and in S3, {EVENTS} events: {shown}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
