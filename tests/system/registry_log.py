"""Reads the whole log of a registry over its Unix socket: registry_log.py SOCKET [--old CHECKPOINT...] [--enrolled FILE].

Its tree is made anew from all leaves (RFC 9162 2.1.1); roots of checkpoints that were kept must be those of its beginnings;
events have places without gaps and fit their leaves; each party that was acknowledged in FILE is in it, once.
"""
import base64
import hashlib
import http.client
import json
import socket
import sys


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


connection = Connection("registry", timeout=20)


def get(path):
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status} {text}")
    return text


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(hashes):
    """Level by level: what has no right neighbour goes up as it is, which is RFC 9162's split at the largest power of two."""
    while len(hashes) > 1:
        pairs = [sha(b"\1", hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(hashes) & ~1:]
    return hashes[0] if hashes else sha()


def checkpoint(text):
    _, size, hashed = text.decode().split("\n")[:3]
    return int(size), base64.b64decode(hashed)


def tile_path(index):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def read_leaves(size):
    leaves = []
    while len(leaves) < size:
        width = min(256, size - len(leaves))
        rest = get("/log/tile/entries/" + tile_path(len(leaves) // 256) + (f".p/{width}" if width < 256 else ""))
        while rest:
            length = int.from_bytes(rest[:2], "big")
            leaves.append(rest[2:2 + length])
            rest = rest[2 + length:]
    return leaves


def read_events():
    events, after = [], ""
    while True:
        page = json.loads(get("/v1/events?limit=500" + after))
        events += page["items"]
        if "next" not in page:
            return events
        after = "&after=" + page["next"]


old, enrolled = [], None
arguments = sys.argv[2:]
while arguments:
    option, value = arguments.pop(0), arguments.pop(0)
    if option == "--old":
        old.append(value)
    else:
        enrolled = value

size, told = checkpoint(get("/log/checkpoint"))
leaves = read_leaves(size)
hashes = [sha(b"\0", leaf) for leaf in leaves]
if root(hashes) != told:
    sys.exit("the checkpoint has another root than the leaves")
for path in old:
    with open(path, "rb") as file:
        before, told = checkpoint(file.read())
    if before > size or root(hashes[:before]) != told:
        sys.exit(f"{path}: the log did not begin like this")

events = read_events()[:size]
times = {}
for place, (event, leaf) in enumerate(zip(events, leaves)):
    leaf = json.loads(leaf)
    if event["seq"] != place or any(event[name] != leaf[name] for name in ("kind", "time", "registry")):
        sys.exit(f"event {place} is not its leaf: {event} {leaf}")
    if event["time"] < times.get(event["registry"], 0):
        sys.exit(f"event {place}: time went back")
    times[event["registry"]] = event["time"]
if enrolled:
    logged = [e["subject"] for e in events if e["kind"] == "enquirer_enrolled"]
    with open(enrolled, encoding="ascii") as file:
        wanted = [line.split()[1] for line in file if line.startswith(("201 ", "202 "))]
    lost = {"party:" + party for party in wanted} - set(logged)
    if lost or len(set(logged)) != len(logged) or not wanted:
        sys.exit(f"{len(lost)} of {len(wanted)} acknowledged parties are not in the log, e.g. {sorted(lost)[:1]}")
    print(f"{len(wanted)} acknowledged, {len(logged)} in the log, ", end="")
print(f"{size} events")
