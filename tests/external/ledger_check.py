"""Verifies a ledger's folder, written from crates/stele-ledger/README.md and the C2SP pages alone.

    python3 tests/external/ledger_check.py LEDGER --origin NAME --key VKEY \\
        [--proof FILE --raw FILE]

It knows nothing of the Rust code and needs the standard library only. It reads `checkpoint`, every
entry and every tile of that size. Exit code 0: verified; 3: a difference; 4: a file is missing.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import struct
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def expect(holds, what):
    """Ends the check where something does not hold."""
    if not holds:
        print(f"differs: {what}")
        sys.exit(3)


def sha256(*parts):
    """SHA-256 over the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text, what):
    """Standard base64 with padding, in the one form that encodes its bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    expect(base64.b64encode(data).decode() == text, what)
    return data


def add(p, q):
    """Adds two points of edwards25519 in extended coordinates (RFC 8032, section 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    """A multiple of a point."""
    result = (0, 1, 1, 0)
    for bit in bin(number)[2:]:
        result = add(result, result)
        result = add(result, point) if bit == "1" else result
    return result


def decompress(data):
    """The point that 32 bytes stand for, or None (RFC 8032, section 5.1.3)."""
    y, sign = int.from_bytes(data, "little") & (2**255 - 1), data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P != 0 or (x == 0 and sign == 1):
        return None
    x = x if x & 1 == sign else P - x
    return (x, y, 1, x * y % P)


def ed25519_verifies(public, message, signature):
    """RFC 8032, section 5.1.7."""
    base = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    if len(signature) != 64:
        return False
    r, a = decompress(signature[:32]), decompress(public)
    s = int.from_bytes(signature[32:], "little")
    if r is None or a is None or s >= L:
        return False
    challenge = hashlib.sha512(signature[:32] + public + message).digest()
    left, right = times(s, base), add(r, times(int.from_bytes(challenge, "little") % L, a))
    same = lambda i: (left[i] * right[2] - right[i] * left[2]) % P == 0
    return same(0) and same(1)


def open_checkpoint(data, name, origin, vkey):
    """Verifies a checkpoint with the log's key; gives size and root."""
    text, _, lines = data.decode("utf-8", "replace").rpartition("\n\n")
    text += "\n"
    key_name, key_id, key = vkey.split("+", 2)
    key = unbase64(key, "the verifier key")
    expect(sha256(f"{key_name}\n".encode(), key)[:4].hex() == key_id, "the id of the verifier key")
    expect(key[:1] == b"\x01", "the algorithm of the verifier key")
    signed = False
    expect(lines.endswith("\n"), f"{name}: its signature lines")
    for line in lines[:-1].split("\n"):
        expect(line.startswith("\u2014 ") and line.count(" ") == 2, f"{name}: a signature line")
        signer, signature = line[2:].split(" ")
        signature = unbase64(signature, f"{name}: a signature")
        if signer == key_name and signature[:4].hex() == key_id:
            verifies = ed25519_verifies(key[1:], text.encode(), signature[4:])
            expect(verifies, f"{name}: the signature of {key_name}")
            signed = True
    expect(signed, f"{name}: no signature of {key_name}")
    lines = text.split("\n")
    expect(len(lines) >= 4 and lines[0] == origin, f"{name}: its origin")
    return int(lines[1]), unbase64(lines[2], f"{name}: its root")


def root_of(hashes):
    """The Merkle tree hash of RFC 6962, section 2.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01", root_of(hashes[:half]), root_of(hashes[half:]))


def root_from_path(leaf, index, size, path):
    """The root that a leaf's path leads to: from the leaf up, by RFC 6962's recursion."""
    if size == 1:
        return leaf if not path else None
    half = 1 << (size - 1).bit_length() - 1
    if not path or index >= size:
        return None
    into_left = index < half
    rest = (index, half) if into_left else (index - half, size - half)
    below = root_from_path(leaf, *rest, path[:-1])
    pair = (below, path[-1]) if into_left else (path[-1], below)
    return below and sha256(b"\x01", *pair)


def read_tile(folder, kind, index, width):
    """A tile's path and bytes; where a partial one is gone, those of the full one."""
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    full = f"tile/{kind}/" + "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    path = full if width == 256 else f"{full}.p/{width}"
    for candidate in (path, full):
        if (folder / candidate).is_file():
            return candidate, (folder / candidate).read_bytes()
    print(f"missing: {path}")
    sys.exit(4)


def widths(count):
    """The widths of the tiles that hold so many hashes."""
    return [256] * (count // 256) + ([count % 256] if count % 256 else [])


def check_tree(folder, size, root):
    """Recomputes the whole tree from the entries and compares every tile; gives all entries."""
    entries, suspect = [], "checkpoint: its root is not that of the entries"
    for index, width in enumerate(widths(size)):
        path, data = read_tile(folder, "entries", index, width)
        at, found = 0, []
        while at < len(data):
            (length,) = struct.unpack_from(">H", data.ljust(at + 2, b"\0"), at)
            found.append(data[at + 2 : at + 2 + length])
            at += 2 + length
        expect(at == len(data) and len(found) >= width, f"{path}: its entries")
        hashes = b"".join(sha256(b"\0", entry) for entry in found[:width])
        if hashes != read_tile(folder, 0, index, width)[1][: 32 * width]:
            suspect = f"{path}: an entry"
        entries += found[:width]
    level, hashes = 0, [sha256(b"\0", entry) for entry in entries]
    expect(root_of(hashes) == root, suspect)
    while hashes:
        for index, width in enumerate(widths(len(hashes))):
            path, data = read_tile(folder, level, index, width)
            wanted = b"".join(hashes[256 * index : 256 * index + width])
            whole = len(data) == 32 * (width if ".p/" in path else 256)
            expect(whole and data[: len(wanted)] == wanted, f"{path}: its hashes")
        full = range(len(hashes) // 256)
        level, hashes = level + 1, [root_of(hashes[256 * i : 256 * i + 256]) for i in full]
    return entries


def batch_entry(extra, raw):
    """The entry of the batch that an event's extra data and bytes lead to (README, event proof)."""
    at = 17

    def number():
        nonlocal at
        value = shift = 0
        while True:
            value |= (extra[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if extra[at - 1] < 128:
                return value

    def take(count):
        nonlocal at
        at += count
        return extra[at - count : at]

    if extra[0] != 1:
        raise ValueError
    position, at_micros, batch = number(), number(), number()
    dataset, n = take(number()).decode(), number()
    dropped = [number() for _ in range(number())]
    receipts = {"n": number(), "sha256": take(32).hex()}
    path = [extra[i : i + 32] for i in range(at, len(extra), 32)]
    gone, end = [], 0
    for gap, length in zip(dropped[::2], dropped[1::2]):
        gone += range(end + gap, end + gap + length)
        end += gap + length
    stored = n - len(gone)
    leaf = sha256(b"\0", extra[1:17], raw)
    index = position - sum(one < position for one in gone)
    root = root_from_path(leaf, index, stored, path)
    if root is None or position in gone:
        raise ValueError
    record = {
        "v": 1, "t": "batch", "at": at_micros, "batch": batch, "dataset": dataset, "n": n,
        "stored": stored, "dropped": dropped, "root": root.hex(), "receipts": receipts,
    }
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()


def check_proof(data, name, raw, origin, vkey):
    """Verifies a tlog-proof file of an event."""
    head, _, note = data.decode("utf-8", "replace").partition("\n\n")
    lines = head.split("\n")
    expect(lines[0] == "c2sp.org/tlog-proof@v1", f"{name}: its first line")
    expect(lines[1].startswith("extra ") and lines[2].startswith("index "), f"{name}: its head")
    size, root = open_checkpoint(note.encode(), name, origin, vkey)
    path = [unbase64(line, f"{name}: a hash") for line in lines[3:]]
    try:
        entry = batch_entry(unbase64(lines[1][6:], f"{name}: its extra data"), raw)
        found = root_from_path(sha256(b"\0", entry), int(lines[2][6:]), size, path)
    except (IndexError, ValueError):
        found = None
    expect(found == root, f"{name}: the event does not lead to the root")


def main():
    """Checks what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--origin", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--proof", type=pathlib.Path)
    parser.add_argument("--raw", type=pathlib.Path)
    arguments = parser.parse_args()
    trust = (arguments.origin, arguments.key)
    checkpoint = (arguments.folder / "checkpoint").read_bytes()
    size, root = open_checkpoint(checkpoint, "checkpoint", *trust)
    entries = check_tree(arguments.folder, size, root)
    if arguments.proof:
        name = arguments.proof.name
        check_proof(arguments.proof.read_bytes(), name, arguments.raw.read_bytes(), *trust)
    print(f"verified: {len(entries)} entries, root {root.hex()}")


if __name__ == "__main__":
    main()
