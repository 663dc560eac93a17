#!/usr/bin/env python3
"""Malformed, ambiguous and oversized HTTP on RP_C, as raw bytes, plain and in TLS.

usage: http_input.py PLAIN TLS AUTHORITY NODE CLIENT PID
"""
import random
import sys

from hostile import (GROWTH_KIB, case, descriptors, dial, memory_kib, read_answer, read_to_end, send_all, start_request,
                     start_status, tls_context, wait_until)

PLAIN, TLS, AUTHORITY, NODE, CLIENT, PID = sys.argv[1:]
CONTEXT = tls_context(AUTHORITY)
START = start_request(NODE, CLIENT)
AUTHORIZATION = START.split(b"\r\n")[3]
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def request(*fields, line="GET / HTTP/1.1", host=True, body=b""):
    lines = [line.encode() if isinstance(line, str) else line]
    lines += [b"Host: " + NODE.encode()] if host else []
    lines += [field.encode("latin-1") if isinstance(field, str) else field for field in fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def digest(text):
    return request("Authorization: Digest " + text)


def with_username(name):
    return digest(f'username="{name}", realm="{NODE}", nonce="", uri="/", response=""')


CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"
# what, bytes, the statuses that fit, whether the connection must end after it
REQUESTS = [
    # one message that two parsers could read differently
    ("Content-Length with Transfer-Encoding", request("Content-Length: 5", "Transfer-Encoding: chunked", AUTHORIZATION,
                                                      body=CHUNKED + SMUGGLED), {400}, True),
    ("Transfer-Encoding with Content-Length", request("Transfer-Encoding: chunked", "Content-Length: 5", AUTHORIZATION,
                                                      body=CHUNKED + SMUGGLED), {400}, True),
    ("with a Content-Length of 0", request("Transfer-Encoding: chunked", "Content-Length: 0", body=CHUNKED + SMUGGLED),
     {400}, True),
    ("two lengths", request("Content-Length: 5", "Content-Length: 6", body=b"hello" + SMUGGLED), {400}, True),
    ("a length twice", request("Content-Length: 5", "Content-Length: 5", body=b"hello" + SMUGGLED), {400}, True),
    ("a list of lengths", request("Content-Length: 5, 5", body=b"hello" + SMUGGLED), {400}, True),
    ("a length with a sign", request("Content-Length: +5", body=b"hello" + SMUGGLED), {400}, True),
    ("a negative one", request("Content-Length: -5", body=SMUGGLED), {400}, True),
    ("a hexadecimal one", request("Content-Length: 0x5", body=b"hello" + SMUGGLED), {400}, True),
    ("one past 64 bits", request("Content-Length: 18446744073709551621", body=b"hello"), {400, 413}, True),
    ("an unknown Transfer-Encoding", request("Transfer-Encoding: gzip", body=SMUGGLED), {400, 501}, True),
    ("chunked, but not last", request("Transfer-Encoding: chunked, identity", body=CHUNKED + SMUGGLED), {400, 501}, True),
    ("nearly chunked", request("Transfer-Encoding: xchunked", body=CHUNKED + SMUGGLED), {400, 501}, True),
    ("a chunk size that is none", request("Transfer-Encoding: chunked", body=b"xyz\r\nhello\r\n"), {400}, True),
    ("a chunk size past 64 bits", request("Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nhello"), {400, 413}, True),
    ("a chunk longer than its size", request("Transfer-Encoding: chunked", body=b"2\r\nhello\r\n0\r\n\r\n"), {400}, True),
    # lines and fields
    ("bare line feeds", START.replace(b"\r\n", b"\n"), {400}, True),
    ("a bare carriage return in a value", request(b"X: a\rGET /smuggled HTTP/1.1"), {400}, True),
    ("a zero byte in a value", request(b"X: a\0b"), {400}, True),
    ("a zero byte in the target", request(line=b"GET /\0 HTTP/1.1"), {400}, True),
    ("a folded line", request("X: a", " b"), {400}, True),
    ("a space before the colon", request("Content-Length : 5", body=b"hello"), {400}, True),
    ("a field without a name", request(": x"), {400}, True),
    ("no Host", request(AUTHORIZATION, host=False), {400}, True),
    ("two Hosts", request("Host: other.example"), {400}, True),
    ("a target that names another host", request(line="GET http://other.example/ HTTP/1.1"), {400, 421}, None),
    ("a method that is none", request(line=b"G\x01T / HTTP/1.1"), {400}, True),
    ("no method", request(line=" / HTTP/1.1"), {400}, True),
    ("a version to come", request(line="GET / HTTP/3.0"), {400, 505}, True),
    ("a version that is none", request(line="GET / HTTP/1.x"), {400, 505}, True),
    ("HTTP/2's first words", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 501, 505}, True),
    ("CONNECT", request(line="CONNECT other.example:443 HTTP/1.1"), {400, 405, 501}, True),
    # sizes
    ("a head of 9 KiB", request(*[f"X-{n}: {'x' * 900}" for n in range(10)], AUTHORIZATION), {431}, True),
    ("a field of 9 KiB", request("X: " + "x" * 9000), {431}, True),
    ("a target of 9 KiB", request(line="GET /" + "x" * 9000 + " HTTP/1.1"), {414, 431}, True),
    ("a request line without an end", b"GET /" + b"x" * 100000, {414, 431}, True),
    ("65 fields", request(*[f"X-{n}: y" for n in range(65)]), {431}, True),
    ("a body of 17 KiB", request("Content-Length: 17408", body=b"x" * 17408), {413}, True),
    ("announced, and never sent", request("Content-Length: 4000000000"), {413}, True),
    ("the same in chunks", request("Transfer-Encoding: chunked", body=b"1000\r\n" + b"x" * 4096 + b"\r\n"
                                   + b"4000\r\n" + b"x" * 16384 + b"\r\n0\r\n\r\n"), {413}, True),
    # what is asked for
    ("another path", request(AUTHORIZATION, line="GET /other HTTP/1.1"), {404}, None),
    ("a path that climbs", request(AUTHORIZATION, line="GET /../../etc/passwd HTTP/1.1"), {400, 404}, None),
    ("another method", request(AUTHORIZATION, "Content-Length: 0", line="POST / HTTP/1.1"), {405}, None),
    ("a query that is not in the digest", request(AUTHORIZATION, line="GET /?app=app.example HTTP/1.1"), {400}, None),
    # Authorization
    ("no Authorization", request(), {400}, None),
    ("an empty one", request("Authorization:"), {400}, None),
    ("another scheme", request("Authorization: Basic YWxpY2U6c2VjcmV0"), {400}, None),
    ("two of them", request(AUTHORIZATION, AUTHORIZATION), {400}, None),
    ("no username", digest(f'realm="{NODE}", nonce="", uri="/", response=""'), {400}, None),
    ("a username twice", digest(f'username="a@b.c", username="{CLIENT}", realm="{NODE}", nonce="", uri="/", response=""'),
     {400}, None),
    ("an empty username", with_username(""), {400}, None),
    ("a username of 300 bytes", with_username("1" * 300 + "@realm.example"), {400}, None),
    ("a username that is not ASCII", with_username("\xe9\xff@realm.example"), {400}, None),
    ("a username with a quote undone", with_username('a\\"b@realm.example'), {400, 401}, None),
    ("a quote that never ends", digest('username="' + CLIENT), {400}, None),
    ("a backslash at the end", digest('username="' + CLIENT + "\\"), {400}, None),
    ("another realm", digest(f'username="{CLIENT}", realm="other.example", nonce="", uri="/", response=""'), {400}, None),
    ("another uri", digest(f'username="{CLIENT}", realm="{NODE}", nonce="", uri="/x", response=""'), {400}, None),
    ("a nonce that nobody gave", digest(f'username="{CLIENT}", realm="{NODE}", nonce="AAAA", uri="/", '
                                        f'response="{"0" * 32}", qop=auth-int, nc=00000001, cnonce="x", algorithm=AKAv1-MD5'),
     {400}, None),
    ("a nonce of 4 KiB", digest(f'username="{CLIENT}", realm="{NODE}", nonce="{"A" * 4096}", uri="/", response=""'), {400}, None),
    ("a thousand parameters", digest(", ".join(f'p{n}="x"' for n in range(800))), {400}, None),
    ("commas only", digest("," * 7000), {400}, None),
]


def still_serves():
    return start_status(PLAIN, NODE, CLIENT) == 401


def try_one(address, context, what, data, statuses, ends):
    with dial(address, context, NODE) as sock:
        send_all(sock, data)
        status, head, body = read_answer(sock)
        rest = read_to_end(sock) if ends else b""
    problem = status == 501 or status >= 400 and "application/problem+json" in head
    if not case(what, status in statuses and problem and rest == b"" and still_serves(),
                f"status {status}, {head!r}, {body[:100]!r}, then {rest!r}"):
        return
    if b"smuggled" in body:
        case(what + " is not given back", False, repr(body))


def try_all(name, address, context):
    for what, data, statuses, ends in REQUESTS:
        try_one(address, context, f"{name}: {what}", data, statuses, ends)
    with dial(address, context, NODE) as sock:
        sock.sendall(START + START + b"GARBAGE\r\n\r\n" + START)
        said = read_to_end(sock)
    statuses = [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]
    case(f"{name}: of four at once two are right, the third ends it", statuses == [401, 401, 400], f"{statuses}")


def noise(address, seeds):
    for seed in seeds:
        generator = random.Random(seed)
        with dial(address) as sock:
            sock.settimeout(5)
            send_all(sock, generator.randbytes(generator.randrange(1, 60000)) + b"\r\n\r\n")
            sock.shutdown(2 if seed % 3 == 0 else 1)
            if seed % 3:
                read_to_end(sock)


def cut_and_changed(address, seeds):
    """A right request with some bytes changed, or cut off."""
    for seed in seeds:
        generator = random.Random(seed)
        data = bytearray(START)
        for _ in range(generator.randrange(1, 4)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        with dial(address) as sock:
            send_all(sock, bytes(data[:generator.randrange(len(data) + 1)]))
            sock.shutdown(1)
            if read_to_end(sock) is None:
                return f"seed {seed}: the connection stays open"
    return ""


def main():
    case("a device's request is answered", still_serves(), "no 401")
    open_before = descriptors(PID)
    try_all("plain", PLAIN, None)
    try_all("TLS", TLS, CONTEXT)
    before = memory_kib(PID)
    noise(PLAIN, range(150))
    noise(TLS, range(150, 200))
    case("noise", still_serves(), "no 401")
    why = cut_and_changed(PLAIN, range(1000, 1500))
    case("requests cut and changed", not why and still_serves(), why)
    with dial(TLS) as sock:
        send_all(sock, START)
        said = read_to_end(sock)
    case("plain HTTP where TLS is spoken gets no answer", said is not None and b"HTTP" not in said, repr(said))
    with dial(PLAIN) as sock:
        send_all(sock, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500))
        said = read_to_end(sock)
    case("TLS where plain HTTP is spoken ends", said is not None, "stays open")
    case("no connection is left over", wait_until(lambda: descriptors(PID) <= open_before),
         f"{descriptors(PID)} descriptors, before {open_before}")
    grown = memory_kib(PID) - before
    case("and no memory", grown < GROWTH_KIB, f"{grown} KiB more")
    print(f"# {grown} KiB grown")


main()
