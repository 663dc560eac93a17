# SPDX-License-Identifier: Apache-2.0
"""CBOR (RFC 8949) by somebody else's hand: what CoAP's tests send and read.

usage: cbor.py show FILE      prints it as JSON
       cbor.py make [JSON]    writes the JSON as CBOR to standard output
"""
import json
import struct
import sys


def head(major, n):
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError("too large")


def make(value):
    if value is None or isinstance(value, bool):
        return bytes([{None: 0xf6, True: 0xf5, False: 0xf4}[value]])
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, str):
        data = value.encode()
        return head(3, len(data)) + data
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(make, value))
    return head(5, len(value)) + b"".join(make(k) + make(v) for k, v in value.items())


def read(data, at):
    major, low = data[at] >> 5, data[at] & 31
    at += 1
    n = low
    if 24 <= low <= 27:
        size = 1 << low - 24
        if major == 7 and size > 1:
            return struct.unpack(">" + {2: "e", 4: "f", 8: "d"}[size], data[at:at + size])[0], at + size
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major == 7:
        return {20: False, 21: True, 22: None}[n], at
    if major in (0, 1):
        return (n if major == 0 else -1 - n), at
    if major in (2, 3):
        return (data[at:at + n] if major == 2 else data[at:at + n].decode()), at + n
    items = []
    for _ in range(n if major == 4 else 2 * n):
        item, at = read(data, at)
        items.append(item)
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at


if sys.argv[1] == "make":
    sys.stdout.buffer.write(make(json.loads(sys.argv[2] if len(sys.argv) > 2 else sys.stdin.read())))
else:
    content = open(sys.argv[2], "rb").read()
    document, end = read(content, 0)
    if end != len(content):
        sys.exit("bytes behind its end")
    print(json.dumps(document))
