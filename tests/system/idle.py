#!/usr/bin/env python3
"""Holds many idle connections to RP_C: half of them new, half after a request; some in TLS.

usage: idle.py PLAIN TLS AUTHORITY NODE PID COUNT IN_TLS READY-FILE
Writes READY-FILE when all are there, holds them until standard input ends, and says what each costs.
"""
import os
import pathlib
import resource
import socket
import sys

from hostile import case, descriptors, dial, memory_kib, split, tls_context, wait_until

PLAIN, TLS, AUTHORITY, NODE, PID, COUNT, IN_TLS, READY = sys.argv[1:]
COUNT, IN_TLS = int(COUNT), int(IN_TLS)
REQUEST = f"GET /idle HTTP/1.1\r\nHost: {NODE}\r\n\r\n".encode()


def is_open(sock):
    sock.setblocking(False)
    try:
        return bool(sock.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False


def read_404(sock):
    sock.settimeout(20)
    return sock.recv(65536).startswith(b"HTTP/1.1 404")


def open_plain():
    socks = []
    for number in range(COUNT):
        # each fourth thousand from an address of its own, so that ports do not run out
        sock = socket.create_connection(split(PLAIN), timeout=20, source_address=(f"127.0.{number // 4000 + 1}.9", 0))
        socks.append(sock)
        if number % 2:
            sock.sendall(REQUEST)
    answered = sum(read_404(sock) for sock in socks[1::2])
    case(f"{COUNT} connections, half of them served once", answered == COUNT // 2, f"{answered} answers")
    return socks


def open_tls():
    context = tls_context(AUTHORITY)
    socks = []
    for _ in range(IN_TLS):
        sock = dial(TLS, context, NODE)
        sock.sendall(REQUEST)
        read_404(sock)
        socks.append(sock)
    return socks


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before, start = descriptors(PID), memory_kib(PID)
    plain = open_plain()
    case("all are held", wait_until(lambda: descriptors(PID) >= before + COUNT), f"{descriptors(PID)} descriptors")
    with_plain = memory_kib(PID)
    secure = open_tls()
    with_tls = memory_kib(PID)
    print(f"# {(with_plain - start) / COUNT:.2f} KiB a plain connection, {(with_tls - with_plain) / IN_TLS:.1f} KiB one in TLS")
    case("a plain one costs less than 4 KiB", with_plain - start < 4 * COUNT)
    # AddressSanitizer keeps what a handshake has freed
    kib = 1024 if os.environ.get("SYMBOLON_SANITIZED") else 64
    case(f"one in TLS less than {kib} KiB", with_tls - with_plain < kib * IN_TLS)
    pathlib.Path(READY).touch()
    sys.stdin.read()
    still = sum(map(is_open, plain))
    case("none was dropped meanwhile", still == COUNT, f"{still} are left")
    for sock in plain + secure:
        sock.close()
    case("nothing is left of them", wait_until(lambda: descriptors(PID) <= before), f"{descriptors(PID)}, before {before}")


main()
